//! The audit log: whatever is done to it is found.

mod support;

use logveil::audit::chain::{Log, head_path, verify};
use logveil::keys::{Keyring, MasterKey, State};
use std::fs;
use std::path::{Path, PathBuf};
use support::run;

fn ring(byte: u8) -> Keyring {
    MasterKey::from_bytes(&[byte; 32], "test").unwrap().into()
}

/// A log of seven lines.
fn log(dir: &Path, name: &str, keys: &Keyring) -> PathBuf {
    let path = dir.join(name);
    for n in 0..6 {
        let mut log = Log::open(&path, keys, "2026-11-27T00:00:00Z").unwrap();
        let kind = ["run", "reveal"][n % 2];
        log.append("2026-11-27T00:00:00Z", kind, "alice", serde_json::json!({ "records": n })).unwrap();
    }
    path
}

fn faults(path: &Path, keys: &Keyring) -> Vec<String> {
    verify(path, keys, None).unwrap().faults
}

/// Every way to tamper with a log, and a word of what is said of it.
#[test]
fn tampering_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let keys = ring(1);
    let path = log(dir.path(), "a", &keys);
    let foreign = fs::read_to_string(log(dir.path(), "b", &keys)).unwrap();
    let resigned = fs::read_to_string(log(dir.path(), "c", &ring(2))).unwrap();
    assert_eq!(faults(&path, &keys), Vec::<String>::new());
    let good = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = good.lines().collect();
    let line = |text: &str, n: usize| text.lines().nth(n).unwrap().to_string();
    type Edit = Box<dyn Fn(&mut Vec<String>)>;
    let mut table: Vec<(String, Edit, &str)> = Vec::new();
    for n in 0..lines.len() {
        table.push((
            format!("changed {n}"),
            Box::new(move |l| l[n] = l[n].replace("alice", "alicf").replace("\"log\":\"", "\"log\":\"0")),
            "changed",
        ));
        table.push((format!("dropped {n}"), Box::new(move |l| drop(l.remove(n))), ""));
        table.push((format!("duplicated {n}"), Box::new(move |l| l.insert(n, l[n].clone())), "twice"));
        table.push((
            format!("truncated {n}"),
            Box::new(move |l| l[n] = l[n][..l[n].len() / 2].to_string()),
            "cut short",
        ));
        if n + 1 < lines.len() {
            table.push((format!("reordered {n}"), Box::new(move |l| l.swap(n, n + 1)), "wrong place"));
        }
        if n > 0 {
            let (f, r) = (line(&foreign, n), line(&resigned, n));
            table.push((format!("foreign {n}"), Box::new(move |l| l[n].clone_from(&f)), "of another log"));
            table.push((
                format!("another key {n}"),
                Box::new(move |l| l[n].clone_from(&r)),
                "a key that the ring does not know",
            ));
        }
    }
    table.push(("cut off".into(), Box::new(|l| l.truncate(4)), "ends too early"));
    for (what, edit, says) in table {
        let mut all: Vec<String> = lines.iter().map(|l| l.to_string()).collect();
        edit(&mut all);
        fs::write(&path, all.join("\n") + "\n").unwrap();
        let said = faults(&path, &keys).join("\n");
        assert!(!said.is_empty() && said.contains(says), "{what}: {said}");
    }
    for cut in [1, 20, good.len() / 2] {
        fs::write(&path, &good[..good.len() - cut]).unwrap();
        assert!(!faults(&path, &keys).is_empty(), "cut by {cut} bytes");
    }
    fs::write(&path, &good).unwrap();
    let head = fs::read_to_string(head_path(&path)).unwrap();
    fs::remove_file(head_path(&path)).unwrap();
    assert!(faults(&path, &keys)[0].contains("head is missing"));
    fs::write(head_path(&path), head.replace("\"lines\":7", "\"lines\":5")).unwrap();
    assert!(faults(&path, &keys)[0].contains("not signed"));
    fs::copy(head_path(&dir.path().join("b")), head_path(&path)).unwrap();
    assert!(faults(&path, &keys)[0].contains("another log"));
    fs::write(head_path(&path), head).unwrap();
    assert_eq!(faults(&path, &keys), Vec::<String>::new());
}

/// An older log with its older head is in perfect order: only an anchor kept elsewhere tells.
#[test]
fn an_anchor_finds_a_rollback() {
    let dir = tempfile::tempdir().unwrap();
    let keys = ring(1);
    let path = log(dir.path(), "a", &keys);
    let old = [fs::read(&path).unwrap(), fs::read(head_path(&path)).unwrap()];
    let append = || {
        let mut l = Log::open(&path, &keys, "2026-11-28T00:00:00Z").unwrap();
        l.append("2026-11-28T00:00:00Z", "erase", "alice", serde_json::json!({})).unwrap();
    };
    append();
    let anchor = verify(&path, &keys, None).unwrap().head;
    append();
    assert!(verify(&path, &keys, Some(&anchor)).unwrap().faults.is_empty());
    fs::write(&path, &old[0]).unwrap();
    fs::write(head_path(&path), &old[1]).unwrap();
    assert!(faults(&path, &keys).is_empty());
    assert!(verify(&path, &keys, Some(&anchor)).unwrap().faults[0].contains("anchor"));
}

/// A process may end between the line and the head, or in the middle of a line.
#[test]
fn interrupted_appends_are_taken_over() {
    let dir = tempfile::tempdir().unwrap();
    let keys = ring(1);
    let path = log(dir.path(), "a", &keys);
    let old_head = fs::read(head_path(&path)).unwrap();
    let append = || {
        let mut l = Log::open(&path, &keys, "2026-11-28T00:00:00Z").unwrap();
        l.append("2026-11-28T00:00:00Z", "erase", "alice", serde_json::json!({})).unwrap();
    };
    append();
    fs::write(head_path(&path), &old_head).unwrap();
    let v = verify(&path, &keys, None).unwrap();
    assert!(v.faults.is_empty() && v.notes.len() == 1);
    append();
    assert_eq!(verify(&path, &keys, None).unwrap().lines, 9);
    let text = fs::read(&path).unwrap();
    fs::write(&path, [&text[..], b"{\"n\":9,\"at\":\"2026"].concat()).unwrap();
    append();
    let v = verify(&path, &keys, None).unwrap();
    assert!(v.faults.is_empty() && v.lines == 10, "{:?}", v.faults);
    // A line that nobody signed is not taken over, and a shorter log is not appended to.
    fs::write(&path, [&fs::read(&path).unwrap()[..], b"{}\n"].concat()).unwrap();
    assert!(Log::open(&path, &keys, "2026-11-28T00:00:00Z").is_err());
    fs::write(&path, &text).unwrap();
    assert!(Log::open(&path, &keys, "2026-11-28T00:00:00Z").is_err());
}

#[test]
fn lines_outlive_their_keys() {
    let dir = tempfile::tempdir().unwrap();
    let at = |t: &str| t.parse::<jiff::Timestamp>().unwrap();
    let mut keys = Keyring::new(at("2026-01-01T00:00:00Z"), "1");
    let first = keys.keys()[0].kid.clone();
    let path = log(dir.path(), "a", &keys);
    keys.rotate(at("2026-06-01T00:00:00Z"), at("2026-05-01T00:00:00Z"), "2").unwrap();
    let mut l = Log::open(&path, &keys, "2026-06-01T00:00:00Z").unwrap();
    l.append("2026-06-01T00:00:00Z", "keys", "alice", serde_json::json!({"rotated": 1})).unwrap();
    drop(l);
    keys.destroy(&first);
    assert_eq!(keys.by_kid(&first).unwrap().state, State::Destroyed);
    let v = verify(&path, &keys, None).unwrap();
    assert!(v.faults.is_empty() && v.vouched == 7, "{:?}", v.faults);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("\"records\":3", "\"records\":4", 1)).unwrap();
    assert!(!faults(&path, &keys).is_empty());
}

#[test]
fn the_verb_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let key = support::key_file(dir.path());
    let keys = Keyring::from_file(&key).unwrap();
    let path = log(dir.path(), "a", &keys);
    let verify = || run(&["audit", "verify", path.to_str().unwrap(), "-k", key.to_str().unwrap()], b"");
    let (code, out, _) = verify();
    let out = String::from_utf8(out).unwrap();
    assert!(code == 0 && out.starts_with("ok: 7 lines (1 begin, 3 reveal, 3 run)\nlog "), "{out}");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("\"records\":3", "\"records\":4", 1)).unwrap();
    let (code, out, _) = verify();
    let out = String::from_utf8(out).unwrap();
    assert!(code == 1 && out.contains("line 5: changed"), "{out}");
}
