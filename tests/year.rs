//! A year in twelve months: logs through `filter` and `batch`, a new key each month, another policy in the middle, a
//! cancellation, a hold, sweeps. Then nothing of the erased subject can be found, nothing that is due is left, the audit
//! log is whole, and who has everything but the key learns nothing.

#[path = "support/attack.rs"]
mod attack;
mod support;

use attack::{Targets, guesses, mobile, segments};
use logveil::keys::{Keyring, MasterKey, Subjects};
use logveil::lifecycle::ledger::Ledger;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use support::run;

/// People: the one who cancels, the one whose records are held, others.
const PEOPLE: u32 = 8;
const CANCELS: u32 = 1;
const HELD: u32 = 2;

struct Year {
    dir: tempfile::TempDir,
}

fn phone(person: u32) -> String {
    format!("1380001230{person}")
}

impl Year {
    fn at(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }

    /// Runs a verb that must end with `code`; what it printed.
    fn must(&self, code: i32, args: &[&str], input: &str) -> String {
        let (got, out, err) = run(args, input.as_bytes());
        let out = String::from_utf8(out).unwrap();
        assert_eq!(got, code, "{args:?}: {out}{err}");
        out
    }

    /// The same with policy, keys, ledger and audit log.
    fn with_all(&self, code: i32, args: &[&str], input: &str) -> String {
        let more = [self.at("policy-2.toml"), self.at("ring"), self.at("ledger"), self.at("audit")];
        let more = ["-p", &more[0], "-k", &more[1], "--subjects", &more[2], "--audit", &more[3]];
        self.must(code, &[args, &more[..]].concat(), input)
    }

    fn trace(&self, person: u32, dirs: &[&str]) -> (i32, u64) {
        let dirs: Vec<String> = dirs.iter().map(|d| self.at(d)).collect();
        let more = [self.at("policy-2.toml"), self.at("ring"), self.at("ledger")];
        let mut args = vec!["trace", "-p", &more[0], "-k", &more[1], "--subjects", &more[2]];
        args.extend(dirs.iter().map(String::as_str));
        let (code, out, err) = run(&args, phone(person).as_bytes());
        let out = String::from_utf8(out).unwrap();
        let last = out.lines().last().unwrap_or_else(|| panic!("{err}"));
        (code, last.split(' ').next().unwrap().parse().unwrap())
    }
}

/// Logs of a month: JSON and access log. Who cancelled in September has no later events.
fn logs(month: u32) -> String {
    let mut text = String::new();
    for n in (0..160).filter(|n| month < 10 || n % PEOPLE != CANCELS) {
        let (day, who) = (n % 28 + 1, phone(n % PEOPLE));
        let line = match n % 3 {
            0 => format!("{{\"time\":\"2026-{month:02}-{day:02}T08:00:00+08:00\",\"mobile\":\"{who}\",\"n\":{n}}}"),
            1 => format!("2026-{month:02}-{day:02}T09:00:00+08:00 login phone={who} ok {n}"),
            _ => {
                let name = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
                    [month as usize - 1];
                format!(
                    "192.0.2.{} - - [{day:02}/{name}/2026:10:00:00 +0800] \"GET /?mobile={who} HTTP/1.1\" 200 {n} \"-\" \"curl/8.1\"",
                    n % 7
                )
            }
        };
        text += &(line + "\n");
    }
    text
}

fn files(dir: &Path, out: &mut Vec<PathBuf>) {
    for e in fs::read_dir(dir).into_iter().flatten() {
        let path = e.unwrap().path();
        if path.is_dir() { files(&path, out) } else { out.push(path) }
    }
}

/// Two versions of the reference policy with keys of subjects; the second begins in July and has a domain of its own.
fn policies(y: &Year) {
    let text = logveil::rules::policy_builtin("jdcloud-2021").unwrap();
    let old = "id = \"pseudonym\"\nkind = \"pseudonym\"\nalgorithm = \"hmac-sha256\"\ndomain = \"svc\"\n";
    let new = |domain: &str| {
        let new = format!("id = \"pseudonym\"\nkind = \"pseudonym\"\nper_subject = true\ndomain = \"{domain}\"\n");
        assert!(text.contains(old));
        text.replacen(old, &new, 1)
    };
    fs::write(y.at("policy-1.toml"), new("svc")).unwrap();
    let from = "effective_from = \"2021-03-10\"";
    let second = new("later").replacen(from, "effective_from = \"2026-07-01\"\nsupersedes = [\"policy-1.toml\"]", 1);
    assert!(second.contains("policy-1.toml"));
    fs::write(y.at("policy-2.toml"), second).unwrap();
}

#[test]
fn twelve_months() {
    let y = Year { dir: tempfile::tempdir().unwrap() };
    policies(&y);
    let audit = y.at("audit");
    y.must(0, &["keys", "new", &y.at("vault")], "");
    y.must(0, &["keys", "new", &y.at("auditkey")], "");
    y.must(0, &["ledger", "new", &y.at("ledger")], "");
    y.must(0, &["keys", "new", "--ring", "--epoch", "2026-01", &y.at("ring"), "--audit", &audit], "");
    let mut tokens: HashSet<String> = HashSet::new();
    for month in 1..=12u32 {
        let today = if month < 12 { format!("2026-{:02}-01", month + 1) } else { "2027-01-01".into() };
        if month > 1 {
            let from = format!("2026-{month:02}-01T00:00:00+08:00");
            y.must(
                0,
                &[
                    "keys",
                    "rotate",
                    &y.at("ring"),
                    "--from",
                    &from,
                    "--epoch",
                    &format!("2026-{month:02}"),
                    "--audit",
                    &audit,
                ],
                "",
            );
        }
        let raw = y.dir.path().join(format!("raw/{month:02}"));
        fs::create_dir_all(&raw).unwrap();
        fs::write(raw.join(format!("m{month:02}.log")), logs(month)).unwrap();
        let raw = raw.display().to_string();
        y.with_all(0, &["batch", &raw, "-o", &y.at("out"), "--tag", "partition", "--progress", "never"], "");
        let pack = ["none", "gz", "zst"][month as usize % 3];
        let to = y.at(&format!("copies/{month:02}"));
        y.with_all(0, &["batch", &raw, "-o", &to, "--compress", pack, "--progress", "never"], "");
        let text = y.with_all(0, &["filter", "--tag", "inline"], &logs(month));
        tokens.extend(
            text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .filter(|w| w.starts_with("phone_"))
                .map(String::from),
        );
        fs::write(y.at(&format!("live-{month:02}.log")), &text).unwrap();
        if month == 5 {
            y.with_all(0, &["ledger", "hold", "--case", "court-1", "--at", "2026-05-20"], &phone(HELD));
        }
        if month == 9 {
            let (code, before) = y.trace(CANCELS, &["out", "copies"]);
            assert!(code == 1 && before > 100, "{before}");
            let dry = ["erase", "--case", "cancel-1", "--ground", "cancellation", "--at", "2026-09-28", &y.at("out")];
            y.with_all(2, &dry, &phone(CANCELS));
            let (vault, stones, report) = (y.at("vault"), y.at("tombstones"), y.at("erase.jsonl"));
            let more = ["--yes-irreversible", "--vault-key", &vault, "--tombstones", &stones, "--report", &report];
            let held = ["erase", "--case", "cancel-2", "--ground", "cancellation", "--at", "2026-09-28", &y.at("out")];
            y.with_all(1, &[&held[..], &more[..]].concat(), &phone(HELD));
            y.with_all(0, &[&dry[..], &more[..]].concat(), &phone(CANCELS));
        }
        if month == 10 {
            // Late records of the erased subject come under a key that knows of the erasure.
            let late = y.with_all(1, &["filter", "--tag", "none"], &logs(8));
            let of = |t: &str| t.matches("phone_").count();
            let all = fs::read_to_string(y.at("live-08.log")).unwrap();
            assert_eq!((of(&all), of(&late)), (160, 140));
        }
        if month == 11 {
            y.must(
                0,
                &[
                    "ledger",
                    "release",
                    &y.at("ledger"),
                    "--case",
                    "court-1",
                    "--at",
                    "2026-11-15",
                    "-k",
                    &y.at("ring"),
                    "--audit",
                    &audit,
                ],
                "",
            );
        }
        let (out, ring, ledger, vault) = (y.at("out"), y.at("ring"), y.at("ledger"), y.at("vault"));
        let sweep = [
            "retain",
            "sweep",
            &out,
            "--at",
            &today,
            "-k",
            &ring,
            "--holds",
            &ledger,
            "--vault-key",
            &vault,
            "--audit",
            &audit,
        ];
        y.must(0, &sweep, "");
        if month == 10 {
            // In the middle of the hold nothing of its subject went, and of the others what was due.
            let (_, held) = y.trace(HELD, &["out"]);
            let (_, other) = y.trace(3, &["out"]);
            assert!(held > other, "{held} {other}");
        }
    }

    // Keys whose events are past their retention go, with the salts made under them.
    let kids: Vec<String> =
        Keyring::from_file(Path::new(&y.at("ring"))).unwrap().keys().iter().map(|k| k.kid.clone()).collect();
    for kid in &kids[..3] {
        y.must(0, &["keys", "destroy", &y.at("ring"), kid, "--yes-irreversible", "--audit", &audit], "");
    }
    y.must(0, &["ledger", "prune", &y.at("ledger"), "-k", &y.at("ring"), "--audit", &audit], "");

    // Nothing of the erased subject, anywhere; others are still there.
    assert_eq!(y.trace(CANCELS, &["out", "copies"]), (0, 0));
    for month in 1..=9 {
        assert_eq!(y.trace(CANCELS, &[&format!("live-{month:02}.log")]), (0, 0));
    }
    assert!(y.trace(3, &["out"]).1 > 0 && y.trace(3, &["copies"]).1 > 0);

    // Nothing past a ceiling is left, and nothing before its floor went: six months are there, whole.
    let mut left = Vec::new();
    files(Path::new(&y.at("out")), &mut left);
    let parts: Vec<String> =
        left.iter().map(|p| p.display().to_string()).filter(|p| p.contains("delete_after=")).collect();
    for p in &parts {
        let day = p.split("delete_after=").nth(1).unwrap().split(['/', '.']).next().unwrap();
        assert!(day == "never" || day > "2027-01-01", "{p}");
    }
    assert!(
        parts.iter().any(|p| p.contains("delete_after=2027-01-")) && !parts.iter().any(|p| p.contains("hold=court-1"))
    );
    let records = |month: u32| {
        let name = format!("m{month:02}.log");
        let of = parts.iter().filter(|p| p.ends_with(&name)).map(|p| fs::read_to_string(p).unwrap().lines().count());
        of.sum::<usize>()
    };
    assert_eq!((records(11), records(12), records(6)), (140, 140, 0));

    let said = y.must(0, &["audit", "verify", &audit, "-k", &y.at("ring")], "");
    assert!(
        said.contains("12 sweep") && said.contains("37 run") && said.contains("1 erase") && said.contains("vouch"),
        "{said}"
    );
    assert_eq!(run(&["ledger", "check", &y.at("ledger"), "--at", "2027-01-01"], b"").0, 0);
    brute_force(&y, &tokens);
    for own in ["audit", "ledger", "erase.jsonl", "tombstones"] {
        let bytes = fs::read(y.at(own)).unwrap();
        assert!(!(0..PEOPLE).any(|n| bytes.windows(11).any(|w| w == phone(n).as_bytes())), "{own}");
    }
}

/// Everything but the key: outputs, policies, key ids, the ledger with all its salts.
fn brute_force(y: &Year, tokens: &HashSet<String>) {
    let ledger: Arc<dyn Subjects> = Arc::new(Ledger::open(Path::new(&y.at("ledger"))).unwrap());
    let ring = Keyring::from_file(Path::new(&y.at("ring"))).unwrap().with_subjects(&ledger);
    let mut targets = Targets::new();
    for key in ring.keys().iter().filter(|k| k.key().is_some()) {
        for domain in ["svc", "later"] {
            let keys = key.subject_keys("pseudonym", "phone.mobile.cn", domain).unwrap();
            for person in (0..PEOPLE).filter(|p| *p != CANCELS) {
                let value = format!("+86{}", phone(person)).into_bytes();
                let tag = keys.pseudonym(&value).unwrap();
                let text = String::from_utf8(logveil::transform::pseudonym::base32(&tag).to_vec()).unwrap();
                if tokens.contains(&format!("phone_{}_{text}", key.kid)) {
                    targets.insert(tag, value);
                }
            }
        }
    }
    assert_eq!(targets.len(), 9 * (PEOPLE as usize - 1), "the key recognises everybody in nine months");
    let derivation = attack::Derivation { purpose: "pseudonym-subject", class: "phone.mobile.cn", domain: "svc" };
    let policy = fs::read_to_string(y.at("policy-2.toml")).unwrap();
    let db = rusqlite::Connection::open(y.at("ledger")).unwrap();
    let mut rows = db.prepare("SELECT salt FROM subject").unwrap();
    let salts: Vec<Vec<u8>> = rows.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect();
    assert!(salts.len() >= targets.len());
    let mut keys: Vec<_> = ring.keys().iter().flat_map(|k| guesses(&derivation, &k.kid, &policy)).collect();
    for salt in salts.iter().step_by(7) {
        let raw: [u8; 32] = salt[..].try_into().unwrap();
        keys.push(logveil::transform::lanes::HmacKey::new(&raw));
        keys.push(derivation.key(&MasterKey::from_bytes(&raw, "salt").unwrap()));
    }
    // The numbers that are behind the tokens are among those tried.
    let space = || segments().flat_map(|s| (12_290..12_310).map(move |r| mobile(s, r)));
    assert!(space().any(|v| targets.values().any(|t| t[..] == v[..])));
    assert_eq!(attack::attack(&targets, &keys, space()), Vec::<Vec<u8>>::new());
}
