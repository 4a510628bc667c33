//! Retention as an operator sees it: plans, sweeps, holds, restriction, interruption.

mod support;

use logveil::keys::MasterKey;
use logveil::lifecycle::retain::holds::Holds;
use logveil::lifecycle::retain::plan::Options;
use logveil::lifecycle::retain::sweep::Sweep;
use logveil::lifecycle::vault::Vault;
use proptest::option;
use proptest::prelude::*;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use support::{logveil, run};

struct Place {
    dir: tempfile::TempDir,
    key: String,
    vault: String,
}

impl Place {
    fn new() -> Place {
        let dir = tempfile::tempdir().unwrap();
        let key = support::key_file(dir.path()).display().to_string();
        let vault = dir.path().join("vault").display().to_string();
        assert_eq!(run(&["keys", "new", &vault], b"").0, 0);
        Place { dir, key, vault }
    }

    fn out(&self) -> PathBuf {
        self.dir.path().join("out")
    }

    fn put(&self, path: &str, text: &str) {
        let path = self.out().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn args<'a>(&'a self, verb: &'a str, out: &'a str, at: &'a str) -> Vec<&'a str> {
        let mut all = vec!["retain", verb, out, "--at", at];
        if verb == "sweep" {
            all.extend(["-k", &self.key, "--vault-key", &self.vault]);
        }
        all
    }

    fn retain(&self, verb: &str, at: &str, more: &[&str]) -> (i32, String) {
        let out = self.out().display().to_string();
        let mut args = self.args(verb, &out, at);
        args.extend(more);
        let (code, text, err) = run(&args, b"");
        (code, String::from_utf8(text).unwrap() + &err)
    }

    fn tree(&self) -> Vec<String> {
        let mut all = Vec::new();
        walk(&self.out(), &mut all);
        let own = |p: &PathBuf| p.components().any(|c| c.as_os_str() == ".logveil");
        let mut all: Vec<_> =
            all.iter().filter(|p| !own(p)).map(|p| p.strip_prefix(self.out()).unwrap().display().to_string()).collect();
        all.sort();
        all
    }
}

fn walk(dir: &Path, out: &mut Vec<PathBuf>) {
    for e in fs::read_dir(dir).into_iter().flatten() {
        let path = e.unwrap().path();
        if path.is_dir() { walk(&path, out) } else { out.push(path) }
    }
}

const HELD: &str = "phone_elfuawes_4mp2htg6vplwjp227frohhbqpm";

#[test]
fn what_is_due_goes_and_nothing_else() {
    let p = Place::new();
    p.put("class=network_log/delete_after=2027-05-23/a/access.log", "one\n");
    p.put("class=network_log/delete_after=2027-05-24/a/access.log", "two\n");
    p.put("class=network_log/restrict_after=2027-02-21/delete_after=2027-06-30/b.log", "three\n");
    p.put("class=security_incident/keep_until=2027-01-01/delete_after=never/c.log", "four\n");
    p.put("class=network_log/hold=case-1/keep_until=2027-01-01/delete_after=never/d.log", "five\n");
    p.put("class=untagged/delete_after=never/e.log", "six\n");
    p.put("class=telemetry/delete_after=soon/f.log", "seven\n");
    p.put("class=telemetry/delete_after=2027-04/g.log", "eight\n");
    let before = p.tree();
    let (code, text) = p.retain("plan", "2027-05-23", &[]);
    assert_eq!(code, 1, "a folder has no readable date: {text}");
    assert!(
        text.contains("delete    class=network_log/delete_after=2027-05-23 since 2027-05-23: 1 files, 4 bytes"),
        "{text}"
    );
    assert!(text.ends_with("2027-05-23: 2 delete, 1 restrict, 1 held, 1 unknown, 3 not due\n"), "{text}");
    assert_eq!(p.tree(), before, "a plan changes nothing");
    let audit = p.dir.path().join("audit.jsonl").display().to_string();
    let (code, text) = p.retain("sweep", "2027-05-23", &["--audit", &audit]);
    assert_eq!(code, 1, "{text}");
    assert_eq!(
        p.tree(),
        [
            "class=network_log/delete_after=2027-05-24/a/access.log",
            "class=network_log/hold=case-1/keep_until=2027-01-01/delete_after=never/d.log",
            "class=security_incident/keep_until=2027-01-01/delete_after=never/c.log",
            "class=telemetry/delete_after=soon/f.log",
            "class=untagged/delete_after=never/e.log",
            "restricted/class=network_log/restrict_after=2027-02-21/delete_after=2027-06-30/b.log.sealed",
        ]
    );
    let report = text.lines().find_map(|l| l.strip_prefix("report ")).unwrap();
    assert_eq!(run(&["retain", "check", report, "-k", &p.key], b"").0, 0);
    let (code, out, _) = run(&["audit", "verify", &audit, "-k", &p.key], b"");
    assert!(code == 0 && String::from_utf8(out).unwrap().contains("1 sweep"));
    let sealed =
        p.out().join("restricted/class=network_log/restrict_after=2027-02-21/delete_after=2027-06-30/b.log.sealed");
    assert!(!fs::read_to_string(&sealed).is_ok_and(|t| t.contains("three")));
    let unseal = [
        "retain",
        "unseal",
        sealed.to_str().unwrap(),
        "--vault-key",
        &p.vault,
        "--reason",
        "audit",
        "--case",
        "c-7",
        "-k",
        &p.key,
    ];
    assert_eq!(run(&unseal, b"").0, 2, "no unsealing off the record");
    let (code, out, err) = run(&[&unseal[..], &["--audit", &audit]].concat(), b"");
    assert_eq!((code, out.as_slice()), (0, &b"three\n"[..]), "{err}");
    let (_, text) = p.retain("sweep", "2027-06-30", &["--ended", "case-1=2027-06-01"]);
    assert_eq!(
        p.tree(),
        [
            "class=security_incident/keep_until=2027-01-01/delete_after=never/c.log",
            "class=telemetry/delete_after=soon/f.log",
            "class=untagged/delete_after=never/e.log"
        ],
        "{text}"
    );
    fs::write(report, fs::read_to_string(report).unwrap().replace("\"files\":1", "\"files\":0")).unwrap();
    assert_eq!(run(&["retain", "check", report, "-k", &p.key], b"").0, 1);
}

#[test]
fn held_records_stay_when_the_others_go() {
    let p = Place::new();
    let text = format!("one\n{HELD} two\nthree\n");
    p.put("class=network_log/delete_after=2027-05-23/x/a.log", &text);
    p.put("loose.log", &format!("{HELD} \"deid=class:network_log;delete_after:2027-05-23\"\nx \"deid=class:network_log;delete_after:2027-05-23\"\ny \"deid=class:network_log;delete_after:2027-05-25\"\n"));
    let list = p.dir.path().join("holds");
    fs::write(&list, format!("{HELD} 2026-01-01 case-9\n")).unwrap();
    let list = format!("hold={}", list.display());
    let (code, out) = p.retain("sweep", "2027-05-24", &["--list", &list]);
    assert_eq!(code, 0, "{out}");
    assert_eq!(p.tree(), ["class=network_log/hold=case-9/delete_after=2027-05-23/x/a.log", "loose.log"]);
    let held =
        fs::read_to_string(p.out().join("class=network_log/hold=case-9/delete_after=2027-05-23/x/a.log")).unwrap();
    assert_eq!(held, format!("{HELD} two\n"));
    let loose = fs::read_to_string(p.out().join("loose.log")).unwrap();
    assert!(loose.contains(HELD) && !loose.contains("x \"") && loose.contains("y \""), "{loose}");
    p.retain("sweep", "2027-06-01", &["--ended", "case-9=2027-05-30"]);
    assert_eq!(p.tree(), Vec::<String>::new());
}

#[test]
fn counts_outlive_their_records() {
    let p = Place::new();
    let tag = "\"deid=found:ip.v4,phone.mobile.cn;lvl:3;class:network_log;delete_after:2027-05-23\"";
    let rare = "\"deid=found:email;lvl:2;class:network_log;delete_after:2027-05-23\"";
    let text = format!("x {tag}\n").repeat(12) + &format!("x {rare}\n");
    p.put("class=network_log/delete_after=2027-05-23/a.log", &text);
    assert_eq!(p.retain("sweep", "2027-06-01", &["--aggregate", "network_log"]).0, 0);
    assert_eq!(p.tree(), ["aggregates/class=network_log/delete_after=2027-05-23.json"]);
    let text = fs::read_to_string(p.out().join(&p.tree()[0])).unwrap();
    assert!(text.contains("\"records\":13") && text.contains("\"ip.v4\":12") && !text.contains("email"), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Whatever stands in a folder of outputs, and whatever day it is.
    #[test]
    fn sweeps_keep_floors_holds_and_ceilings(
        parts in prop::collection::vec((option::of(1u8..29), option::of(1u8..29), option::of(1u8..29), any::<bool>()), 1..12),
        lines in prop::collection::vec((1u8..29, 1u8..29, any::<bool>()), 0..30),
        at in 1u8..29,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let put = |path: &str, text: &str| {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let name = |n: usize, (keep, restrict, delete, held): (Option<u8>, Option<u8>, Option<u8>, bool)| {
            let part = |key: &str, d: Option<u8>| d.map_or(String::new(), |d| format!("/{key}=2027-05-{d:02}"));
            let hold = if held { "/hold=case" } else { "" };
            let last = delete.map_or("never".into(), |d| format!("2027-05-{d:02}"));
            format!("class=c{n}{hold}{}{}/delete_after={last}/f.log", part("keep_until", keep), part("restrict_after", restrict))
        };
        for (n, p) in parts.iter().enumerate() {
            put(&name(n, *p), &format!("{n}\n"));
        }
        let line = |(n, (keep, delete, held)): (usize, &(u8, u8, bool))| {
            let who = if *held { HELD } else { "x" };
            format!("{n} {who} \"deid=class:c;keep_until:2027-05-{keep:02};delete_after:2027-05-{delete:02}\"\n")
        };
        put("loose.log", &lines.iter().enumerate().map(line).collect::<String>());
        let mut holds = Holds::default();
        prop_assert!(holds.hold(HELD, "case"));
        let options = Options { at: format!("2027-05-{at:02}").parse().unwrap(), holds, aggregate: Vec::new() };
        let vault = Vault::new(&MasterKey::from_bytes(&[5; 32], "v").unwrap());
        let mut sweep = Sweep::open(dir.path(), &options, Some(&vault), None).unwrap();
        sweep.run().unwrap();
        sweep.finish().unwrap();
        for (n, p) in parts.iter().enumerate() {
            let (keep, restrict, delete, held) = *p;
            let open = dir.path().join(name(n, *p)).exists();
            let sealed = dir.path().join(format!("restricted/{}.sealed", name(n, *p))).exists();
            let due = delete.is_some_and(|d| at >= d.max(keep.unwrap_or(0)));
            let restricted = restrict.is_some_and(|r| at >= r);
            prop_assert_eq!((open, sealed), match (held, due, restricted) {
                (true, ..) | (false, false, false) => (true, false),
                (_, true, _) => (false, false),
                (_, _, true) => (false, true),
            }, "{}", name(n, *p));
        }
        let left = fs::read_to_string(dir.path().join("loose.log")).unwrap_or_default();
        let stays = |(_, (keep, delete, held)): &(usize, &(u8, u8, bool))| *held || at < *keep.max(delete);
        prop_assert_eq!(left, lines.iter().enumerate().filter(stays).map(line).collect::<String>());
    }
}

/// Outputs with something of everything.
fn fill(p: &Place) {
    for n in 1..=28 {
        for f in ["a.log", "b/c.log"] {
            p.put(
                &format!("class=network_log/delete_after=2027-05-{n:02}/{f}"),
                &format!("{n}\n{HELD} {f}\n").repeat(50),
            );
            p.put(
                &format!("class=transaction/restrict_after=2027-05-{n:02}/delete_after=2030-01-01/{f}"),
                &format!("{n} {f}\n"),
            );
        }
        p.put(
            &format!("class=support/delete_after=2027-05-{n:02}/a.log"),
            &"x \"deid=found:email;lvl:2\"\n".repeat(20),
        );
    }
    p.put(
        "loose.log",
        &"x \"deid=class:a;delete_after:2027-05-02\"\ny \"deid=class:a;delete_after:2027-07-02\"\n".repeat(5000),
    );
}

/// A sweep that is killed at any time is finished by the next one, with the report and the tree of one that was not.
#[test]
fn a_killed_sweep_is_finished_with_the_same_report() {
    let rounds: u32 = std::env::var("LOGVEIL_KILLS").map_or(12, |n| n.parse().unwrap());
    let list = |p: &Place| {
        fs::write(p.dir.path().join("holds"), format!("{HELD} 2026-01-01 case-9\n")).unwrap();
        format!("hold={}", p.dir.path().join("holds").display())
    };
    let vault = Place::new();
    let whole = |kill: Option<std::time::Duration>| {
        let mut p = Place::new();
        p.vault.clone_from(&vault.vault);
        fill(&p);
        let (hold, report) = (list(&p), p.dir.path().join("report"));
        let audit = p.dir.path().join("audit").display().to_string();
        let more = ["--list", &hold, "--aggregate", "support", "--report", report.to_str().unwrap(), "--audit", &audit];
        let out = p.out().display().to_string();
        let mut args = p.args("sweep", &out, "2027-05-20");
        args.extend(more);
        let mut killed = false;
        if let Some(after) = kill {
            let mut child = logveil(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            std::thread::sleep(after);
            killed = child.try_wait().unwrap().is_none();
            let _ = child.kill();
            child.wait().unwrap();
        }
        let mut finished = false;
        if !report.exists() || p.out().join(".logveil/retain.jsonl").exists() {
            let (code, text) = p.retain("sweep", "2027-05-20", &more);
            assert_eq!(code, 0, "{text}");
            finished = text.contains("interrupted");
        }
        let (code, said, _) = run(&["audit", "verify", &audit, "-k", &p.key], b"");
        assert!(code == 0 && String::from_utf8(said).unwrap().contains("1 sweep"));
        (fs::read_to_string(report).unwrap(), p.tree(), killed, finished)
    };
    let started = std::time::Instant::now();
    let (report, tree, ..) = whole(None);
    let took = started.elapsed();
    let (mut killed, mut finished) = (0, 0);
    for n in 0..rounds {
        let after = took.mul_f64(f64::from(n * 37 % rounds) / f64::from(rounds));
        let (r, t, k, f) = whole(Some(after));
        assert!(r == report, "killed after {after:?}: {r}");
        assert_eq!(t, tree, "killed after {after:?}");
        killed += u32::from(k);
        finished += u32::from(f);
    }
    eprintln!("{rounds} sweeps, {killed} killed under way, {finished} finished by the next one");
    assert!(killed > 0, "none of {rounds} was killed under way");
}

/// Outputs as `batch` writes them: tags in records, beside them, and in names of folders.
#[test]
fn outputs_of_batch_are_swept() {
    let p = Place::new();
    let raw = p.dir.path().join("raw");
    fs::create_dir_all(&raw).unwrap();
    let line = |day: &str, n: u32| format!("{day}T08:00:00+08:00 login phone=1380013800{n}\n");
    fs::write(raw.join("old.log"), line("2026-01-10", 1)).unwrap();
    fs::write(raw.join("mixed.log"), line("2026-01-10", 1) + &line("2026-11-20", 2)).unwrap();
    for (dir, tag) in [("a", "inline"), ("b", "manifest"), ("c", "partition")] {
        let to = p.out().join(dir).display().to_string();
        let args = ["batch", raw.to_str().unwrap(), "-o", &to, "--tag", tag, "-k", &p.key, "--progress", "never"];
        assert_eq!(run(&args, b"").0, 0);
    }
    let before = p.tree();
    for dir in ["a", "b", "c"] {
        let to = p.out().join(dir).display().to_string();
        let (code, text, _) = run(&["retain", "sweep", &to, "--at", "2026-07-09", "-k", &p.key], b"");
        assert!(code == 0 && text.starts_with(b"2026-07-09: 2 not due\n"), "{dir}: {}", String::from_utf8_lossy(&text));
    }
    assert_eq!(p.tree(), before);
    let mixed = fs::read(p.out().join("b/mixed.log")).unwrap();
    for dir in ["a", "b", "c"] {
        let to = p.out().join(dir).display().to_string();
        assert_eq!(run(&["retain", "sweep", &to, "--at", "2026-07-10", "-k", &p.key], b"").0, 0);
    }
    let part = "c/class=network_log/keep_until=2027-05-20/delete_after=2027-05-20/mixed.log";
    assert_eq!(p.tree(), ["a/mixed.log", "b/mixed.log", "b/mixed.log.tags.jsonl", part]);
    let left = |f: &str| fs::read_to_string(p.out().join(f)).unwrap();
    assert!(left("a/mixed.log").starts_with("2026-11-20") && left(part).lines().count() == 1);
    // Tags beside a file name places in it: what went is blank, what stays stands where it stood.
    let thinned = left("b/mixed.log").into_bytes();
    let end = mixed.iter().position(|b| *b == b'\n').unwrap();
    assert!(
        thinned.len() == mixed.len() && thinned[end..] == mixed[end..] && thinned[..end].iter().all(|b| *b == b' ')
    );
    let again = run(&["retain", "plan", &p.out().join("b").display().to_string(), "--at", "2026-07-10"], b"");
    assert!(String::from_utf8(again.1).unwrap().ends_with("1 not due\n"));
}

/// Partitions that differ in their floors only, and in folders of several runs, don't mix when a hold keeps their records.
#[test]
fn held_records_of_two_partitions_stay_apart() {
    let p = Place::new();
    for (n, path) in
        ["x/class=a/keep_until=2027-01-01", "x/class=a/keep_until=2027-02-01", "y/class=a/keep_until=2027-01-01"]
            .iter()
            .enumerate()
    {
        p.put(&format!("{path}/delete_after=2027-03-01/a.log"), &format!("{HELD} {n}\nother\n"));
    }
    p.put("restricted/class=a/delete_after=2027-03-01/a.log.sealed", "sealed");
    fs::write(p.dir.path().join("holds"), format!("{HELD} 2026-01-01 case-9\n")).unwrap();
    let list = format!("hold={}", p.dir.path().join("holds").display());
    assert_eq!(p.retain("sweep", "2027-04-01", &["--list", &list]).0, 0);
    let all: Vec<String> = p.tree().iter().map(|f| fs::read_to_string(p.out().join(f)).unwrap()).collect();
    assert_eq!(all, ["sealed".to_string(), format!("{HELD} 0\n"), format!("{HELD} 1\n"), format!("{HELD} 2\n")]);
    assert!(
        p.tree()[1].starts_with("x/class=a/hold=case-9/keep_until=2027-01-01/delete_after=2027-03-01/"),
        "{:?}",
        p.tree()
    );
}
