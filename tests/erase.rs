//! Erasure as an operator sees it: what goes, what stays, what nobody can read any more.

mod support;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use support::{logveil, run};

/// The erased subject.
const SUBJECT: &str = "13800138001\n";

/// A place with a key, a vault, a ledger, a policy and an audit log.
struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    /// With the reference policy, its pseudonym transform replaced.
    fn new(transform: &str) -> Place {
        let p = Place { dir: tempfile::tempdir().unwrap() };
        support::key_file(p.dir.path());
        assert_eq!(run(&["keys", "new", &p.at("vault")], b"").0, 0);
        assert_eq!(run(&["ledger", "new", &p.at("ledger")], b"").0, 0);
        let text = logveil::rules::policy_builtin("jdcloud-2021").unwrap();
        let old = "kind = \"pseudonym\"\nalgorithm = \"hmac-sha256\"\n";
        assert!(text.contains(old));
        fs::write(p.at("policy.toml"), text.replacen(old, transform, 1)).unwrap();
        p
    }

    fn at(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }

    /// Options that every verb on subjects takes.
    fn common(&self) -> Vec<String> {
        let (policy, key, ledger) = (self.at("policy.toml"), self.at("key"), self.at("ledger"));
        ["-p", &policy, "-k", &key, "--subjects", &ledger].map(String::from).to_vec()
    }

    fn run(&self, args: &[&str], input: &str) -> (i32, String, String) {
        let common = self.common();
        let all: Vec<&str> = args.iter().copied().chain(common.iter().map(String::as_str)).collect();
        let (code, out, err) = run(&all, input.as_bytes());
        (code, String::from_utf8(out).unwrap(), err)
    }

    /// Outputs of all kinds: tags in records, plain, gzip and Zstandard; by partition; tags beside.
    fn outputs(&self) {
        let raw = self.dir.path().join("raw");
        fs::create_dir_all(&raw).unwrap();
        fs::write(raw.join("app.log"), records(0..400)).unwrap();
        fs::write(raw.join("b.log"), records(400..500)).unwrap();
        let raw = raw.display().to_string();
        for (dir, more) in [
            ("out/plain", &["--compress", "none"][..]),
            ("out/gz", &["--compress", "gz"]),
            ("out/zst", &["--compress", "zst"]),
            ("out/parts", &["--tag", "partition"]),
            ("out/beside", &["--tag", "manifest"]),
        ] {
            let (code, _, err) =
                self.run(&[&["batch", &raw, "-o", &self.at(dir), "--progress", "never"], more].concat(), "");
            assert_eq!(code, 0, "{err}");
        }
    }

    fn trace(&self, dir: &str, subject: &str) -> (i32, String) {
        let (code, out, err) = self.run(&["trace", &self.at(dir)], subject);
        (code, out + &err)
    }

    fn erase(&self, dirs: &[&str], more: &[&str]) -> (i32, String) {
        let (vault, audit, list, report) =
            (self.at("vault"), self.at("audit"), self.at("tombstones"), self.at("report"));
        let dirs: Vec<String> = dirs.iter().map(|d| self.at(d)).collect();
        let mut args =
            vec!["erase", "--case", "c-1", "--ground", "cancellation", "--at", "2026-11-25", "--vault-key", &vault];
        args.extend(["--audit", &audit, "--tombstones", &list, "--report", &report, "--requested-at", "2026-11-23"]);
        args.extend(dirs.iter().map(String::as_str));
        args.extend(more);
        let (code, out, err) = self.run(&args, SUBJECT);
        (code, out + &err)
    }
}

/// Records of ten people: half of them old enough to be past their floor on the day of the erasure.
fn records(range: std::ops::Range<u32>) -> String {
    let line = |n: u32| {
        let day = if n % 20 < 10 { "2026-01-10" } else { "2026-11-20" };
        format!("{{\"time\":\"{day}T08:00:00+08:00\",\"mobile\":\"1380013800{}\",\"n\":{n}}}\n", n % 10)
    };
    range.map(line).collect()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for e in fs::read_dir(from).unwrap() {
        let (path, target) = (e.as_ref().unwrap().path(), to.join(e.unwrap().file_name()));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

fn files(dir: &Path, out: &mut Vec<PathBuf>) {
    for e in fs::read_dir(dir).unwrap() {
        let path = e.unwrap().path();
        if path.is_dir() { files(&path, out) } else { out.push(path) }
    }
    out.sort();
}

/// What files hold, without the program's own.
fn content(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    files(dir, &mut all);
    all.retain(|p| !p.components().any(|c| c.as_os_str() == ".logveil"));
    all.into_iter().map(|p| (p.strip_prefix(dir).unwrap().to_path_buf(), fs::read(&p).unwrap())).collect()
}

#[test]
fn records_go_and_those_inside_their_floor_are_restricted() {
    let p = Place::new("kind = \"pseudonym\"\n");
    p.outputs();
    let (code, text) = p.trace("out", SUBJECT);
    assert!(code == 1 && text.contains("250 records in"), "{text}");
    let other = p.trace("out", "13800138002\n").1;
    let before = content(&p.dir.path().join("out/plain"));

    let (code, text) = p.erase(&["out"], &[]);
    assert!(code == 2 && text.contains("nothing was done") && text.contains("by 2026-11-26"), "{text}");
    assert!(text.contains("out/plain/app.log: 20 records go, 20 are restricted"), "{text}");
    assert_eq!(p.trace("out", SUBJECT).0, 1);
    let (code, text) = p.erase(&["out"], &["--yes-irreversible"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("125 records are gone and 125 restricted"), "{text}");
    let (code, text) = p.trace("out", SUBJECT);
    assert!(code == 0 && text.starts_with("0 records in 0 files"), "{text}");
    assert_eq!(p.trace("out", "13800138002\n").1, other, "nobody else lost a record");

    // Everything else is as it was, byte for byte.
    let after = content(&p.dir.path().join("out/plain"));
    for ((name, old), (_, new)) in before.iter().zip(after.iter().filter(|f| !f.0.starts_with("restricted"))) {
        let stays = |l: &&[u8]| {
            let text = String::from_utf8_lossy(l);
            let n: u32 = text.split("\"n\":").nth(1).unwrap().split(',').next().unwrap().parse().unwrap();
            n % 10 != 1
        };
        let want: Vec<u8> = old.split_inclusive(|b| *b == b'\n').filter(stays).flatten().copied().collect();
        assert!(*new == want, "{}", name.display());
    }

    // Later records of the subject are refused, others pass.
    let list = format!("erasure={}", p.at("tombstones"));
    let line = "{\"time\":\"2026-11-26T08:00:00+08:00\",\"mobile\":\"1380013800N\"}\n";
    let input = line.replace('N', "1") + &line.replace('N', "2");
    let (code, out, err) = p.run(&["filter", "--list", &list], &input);
    assert!(code == 1 && out.lines().filter(|l| l.contains("phone_")).count() == 1, "{out}{err}");

    // What was restricted is there under its key, and goes when its floor is past.
    let sealed = content(&p.dir.path().join("out/restricted"));
    assert!(!sealed.is_empty() && sealed.iter().all(|f| f.0.to_string_lossy().contains("delete_after=2027-05-20")));
    let out = p.at("out");
    let one = p.dir.path().join("out/restricted").join(&sealed[0].0).display().to_string();
    let args = [
        "retain",
        "unseal",
        &one,
        "--vault-key",
        &p.at("vault"),
        "--reason",
        "r",
        "--case",
        "c-1",
        "--audit",
        &p.at("audit"),
    ];
    let (code, text, err) = run(&[&args[..], &["-k", &p.at("key")]].concat(), b"");
    assert!(code == 0 && text.starts_with(b"{\"time\":\"2026-11-20"), "{err}");
    let sweep = ["retain", "sweep", &out, "--at", "2027-05-20", "-k", &p.at("key"), "--audit", &p.at("audit")];
    let (code, _, err) = run(&sweep, b"");
    assert_eq!(code, 0, "{err}");
    assert!(!p.dir.path().join("out/restricted").exists());

    let (code, text, _) = run(&["audit", "verify", &p.at("audit"), "-k", &p.at("key")], b"");
    let text = String::from_utf8(text).unwrap();
    assert!(code == 0 && text.contains("1 erase, 1 sweep, 1 unseal"), "{text}");
    assert_eq!(run(&["retain", "check", &p.at("report"), "-k", &p.at("key")], b"").0, 0);
    for own in ["audit", "ledger", "report", "tombstones"] {
        assert!(
            !fs::read(p.at(own)).unwrap().windows(11).any(|w| w == SUBJECT.trim().as_bytes()),
            "{own} names the subject"
        );
    }
}

/// With keys of subjects nothing needs to be found: copies nobody knows of are unreadable and untraceable.
#[test]
fn shredding_reaches_copies() {
    for transform in ["kind = \"token\"\nper_subject = true\n", "kind = \"pseudonym\"\nper_subject = true\n"] {
        let p = Place::new(transform);
        p.outputs();
        copy(&p.dir.path().join("out"), &p.dir.path().join("copies"));
        for dir in ["out", "copies"] {
            let (code, text) = p.trace(dir, SUBJECT);
            assert!(code == 1 && text.contains("250 records in"), "{text}");
        }
        let other = p.trace("copies", "13800138002\n").1;
        let (code, text) = p.erase(&[], &["--yes-irreversible"]);
        assert!(code == 0 && text.contains("1 keys of the subject are shredded"), "{text}");
        for dir in ["out", "copies"] {
            let (code, text) = p.trace(dir, SUBJECT);
            assert!(code == 0 && text.starts_with("0 records"), "{dir}: {text}");
        }
        assert_eq!(p.trace("copies", "13800138002\n").1, other);
        // The key of the ring makes nothing of the subject again.
        let (code, out, _) = p.run(&["filter"], &records(1..3));
        assert!(code == 1 && out.lines().filter(|l| l.contains("phone_")).count() == 1, "{out}");
        let (code, text, _) = run(&["ledger", "check", &p.at("ledger"), "--at", "2027-01-01"], b"");
        assert_eq!(code, 0, "{}", String::from_utf8_lossy(&text));
    }
}

#[test]
fn reveals_are_on_record_and_end_with_the_subject() {
    let p = Place::new("kind = \"token\"\nper_subject = true\n");
    let (_, out, _) = p.run(&["filter", "--tag", "none"], &records(1..3));
    let token = |n: usize| out.lines().nth(n).unwrap().split('"').find(|w| w.starts_with("phone_")).unwrap();
    let audit = p.at("audit");
    let reveal = |n: usize, more: &[&str]| {
        p.run(&[&["reveal", token(n), "--reason", "fraud", "--case", "c-9"], more].concat(), "")
    };
    let (code, said, err) = reveal(0, &[]);
    assert!(code == 2 && said.is_empty() && err.contains("--audit"), "{err}");
    assert_eq!(reveal(0, &["--audit", &audit]), (0, "13800138001\n".into(), String::new()));
    assert_eq!(p.erase(&[], &["--yes-irreversible"]).0, 0);
    let (code, said, err) = reveal(0, &["--audit", &audit]);
    assert!(code == 1 && said.is_empty() && err.contains("erased"), "{err}");
    assert_eq!(reveal(1, &["--audit", &audit, "--operator", "bob"]).1, "13800138002\n");
    let log = fs::read_to_string(&audit).unwrap();
    assert_eq!(log.matches("\"kind\":\"reveal\"").count(), 3);
    assert!(log.contains("\"by\":\"bob\"") && log.contains("\"reason\":\"fraud\"") && !log.contains("1380013800"));
    // Another key's holder can't, and a lost ledger reveals nothing.
    fs::remove_file(p.at("ledger")).unwrap();
    let (code, said, _) = reveal(1, &["--audit", &audit]);
    assert!(code == 1 && said.is_empty());
    fs::write(p.at("key"), [b'x'; 32]).unwrap();
    let (code, said, err) = reveal(1, &["--audit", &p.at("other")]);
    assert!(code == 1 && said.is_empty() && err.contains("no key of this ring"), "{err}");
}

#[test]
fn a_hold_refuses_and_deadlines_are_watched() {
    let p = Place::new("kind = \"pseudonym\"\n");
    p.outputs();
    let (code, text, err) = p.run(&["ledger", "hold", "--case", "court-7", "--at", "2026-11-01"], SUBJECT);
    assert!(code == 0 && text.contains("court-7"), "{err}");
    let before = content(&p.dir.path().join("out"));
    let (code, text) = p.erase(&["out"], &["--yes-irreversible"]);
    assert!(code == 1 && text.contains("case court-7 holds this subject"), "{text}");
    assert_eq!(content(&p.dir.path().join("out")), before);
    assert_eq!(p.erase(&[], &["--register"]).0, 0);
    let check = |at: &str| run(&["ledger", "check", &p.at("ledger"), "--at", at], b"");
    assert_eq!(check("2026-11-26").0, 0);
    let (code, text, _) = check("2026-11-27");
    assert!(code == 1 && String::from_utf8(text).unwrap().contains("case c-1: its last day is past"));
    let key = p.at("key");
    let (code, _, err) =
        run(&["ledger", "release", &p.at("ledger"), "--case", "court-7", "--at", "2026-11-24", "-k", &key], b"");
    assert_eq!(code, 0, "{err}");
    let (code, text) = p.erase(&["out"], &["--yes-irreversible"]);
    assert_eq!(code, 0, "{text}");
    assert_eq!(check("2026-11-27").0, 0);
    // Without a key for what must be kept nothing begins.
    let q = Place::new("kind = \"pseudonym\"\n");
    q.outputs();
    let args = [
        "erase",
        "--case",
        "c-1",
        "--ground",
        "cancellation",
        "--at",
        "2026-11-25",
        "--yes-irreversible",
        &q.at("out"),
    ];
    let (code, _, err) = q.run(&args, SUBJECT);
    assert!(code == 2 && err.contains("--vault-key"), "{err}");
    assert_eq!(q.trace("out", SUBJECT).0, 1);
}

/// An erasure that is killed at any time is finished by the next one, with the same report and the same outputs.
#[test]
fn a_killed_erasure_is_finished_with_the_same_report() {
    let rounds: u32 = std::env::var("LOGVEIL_KILLS").map_or(10, |n| n.parse().unwrap());
    let p = Place::new("kind = \"pseudonym\"\n");
    p.outputs();
    let state = ["out", "ledger"];
    let keep = p.dir.path().join("keep");
    fs::create_dir_all(&keep).unwrap();
    copy(&p.dir.path().join("out"), &keep.join("out"));
    fs::copy(p.at("ledger"), keep.join("ledger")).unwrap();
    let reset = || {
        for name in [&state[..], &["audit", "audit.head", "report", "tombstones", "ledger-wal", "ledger-shm"]].concat()
        {
            let path = p.dir.path().join(name);
            let _ = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        }
        copy(&keep.join("out"), &p.dir.path().join("out"));
        fs::copy(keep.join("ledger"), p.at("ledger")).unwrap();
    };
    let result = || {
        let (code, text, _) = run(&["audit", "verify", &p.at("audit"), "-k", &p.at("key")], b"");
        assert!(code == 0 && String::from_utf8(text).unwrap().contains("1 erase"));
        assert_eq!(p.trace("out", SUBJECT).0, 0);
        (fs::read_to_string(p.at("report")).unwrap(), content(&p.dir.path().join("out")))
    };
    let started = std::time::Instant::now();
    assert_eq!(p.erase(&["out"], &["--yes-irreversible"]).0, 0);
    let took = started.elapsed();
    let whole = result();
    let mut killed = 0;
    for n in 0..rounds {
        reset();
        let (common, out) = (p.common(), p.at("out"));
        let (vault, audit, list, report) = (p.at("vault"), p.at("audit"), p.at("tombstones"), p.at("report"));
        let mut args =
            vec!["erase", "--case", "c-1", "--ground", "cancellation", "--at", "2026-11-25", "--vault-key", &vault];
        args.extend(["--audit", &audit, "--tombstones", &list, "--report", &report, "--requested-at", "2026-11-23"]);
        args.extend([out.as_str(), "--yes-irreversible"]);
        args.extend(common.iter().map(String::as_str));
        let mut child =
            logveil(&args).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(SUBJECT.as_bytes()).unwrap();
        std::thread::sleep(took.mul_f64(f64::from(n * 37 % rounds) / f64::from(rounds)));
        killed += u32::from(child.try_wait().unwrap().is_none());
        let _ = child.kill();
        child.wait().unwrap();
        let (code, text) = p.erase(&["out"], &["--yes-irreversible"]);
        assert_eq!(code, 0, "{text}");
        let now = result();
        assert!(now.0 == whole.0, "round {n}: {}", now.0);
        let names = |r: &[(PathBuf, Vec<u8>)]| r.iter().map(|f| f.0.clone()).collect::<Vec<_>>();
        assert_eq!(names(&now.1), names(&whole.1), "round {n}");
        assert!(now.1 == whole.1, "round {n}");
    }
    eprintln!("{rounds} erasures, {killed} killed under way");
    assert!(killed > 0, "none of {rounds} was killed under way");
}
