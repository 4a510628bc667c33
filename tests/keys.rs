//! Keys as a user handles them: sources, rings, rotation, destruction, the bridge.

mod support;

use std::os::unix::fs::PermissionsExt;
use support::{logveil, run};

const LINE: &str = "2026-03-31T23:59:59+08:00 mobile=13800138001\n2026-04-01T00:00:00+08:00 mobile=13800138001\n";

fn filter(args: &[&str], input: &str) -> (i32, String, String) {
    let all: Vec<&str> = ["filter", "--tag", "none"].iter().chain(args).copied().collect();
    let (code, out, err) = run(&all, input.as_bytes());
    (code, String::from_utf8(out).unwrap(), err)
}

/// Key ids of the tokens in a text, in order.
fn kids(text: &str) -> Vec<String> {
    text.split("phone_").skip(1).map(|t| t[..8].to_string()).collect()
}

#[test]
fn a_ring_lives_and_dies() {
    let dir = tempfile::tempdir().unwrap();
    let ring = dir.path().join("ring");
    let ring = ring.to_str().unwrap();
    let keys = |args: &[&str]| {
        let all: Vec<&str> = ["keys"].iter().chain(args).copied().collect();
        let (code, out, err) = run(&all, b"");
        (code, String::from_utf8(out).unwrap(), err)
    };
    let first = keys(&["new", "--ring", "--epoch", "2026Q1", ring]).1.trim().to_string();
    assert_eq!(std::fs::metadata(ring).unwrap().permissions().mode() & 0o777, 0o600);
    let second = keys(&["rotate", ring, "--from", "2026-04-01T00:00:00+08:00"]).1.trim().to_string();
    assert_eq!(std::fs::metadata(ring).unwrap().permissions().mode() & 0o777, 0o600);
    let (code, out, _) = filter(&["-k", ring], LINE);
    assert_eq!((code, kids(&out)), (0, vec![first.clone(), second.clone()]));

    let list = keys(&["list", ring]).1;
    assert!(list.contains(&first) && list.contains("2026Q1") && list.contains("2026-03-31T16:00:00Z"));
    let secret = std::fs::read_to_string(ring).unwrap();
    let secret = secret.split("secret = \"").nth(1).unwrap()[..16].to_string();
    assert!(!list.contains(&secret));

    let (code, out, _) = keys(&["destroy", ring, &first]);
    assert!(code == 2 && out.contains("would be destroyed"));
    assert_eq!(keys(&["destroy", ring, "--all", "--after", "3000", "--yes-irreversible"]).0, 0);
    assert_eq!(kids(&filter(&["-k", ring], LINE).1).len(), 2, "nothing is old enough");
    assert_eq!(keys(&["destroy", ring, &first, "--yes-irreversible"]).0, 0);
    assert!(!std::fs::read_to_string(ring).unwrap().contains(&secret));
    let (code, out, _) = filter(&["-k", ring], LINE);
    assert_eq!((code, kids(&out)), (1, vec![second.clone()]));
    assert!(out.contains("mobile=REDACTED\n2026-04-01"), "{out}");

    assert_eq!(keys(&["state", ring, &second, "verify"]).0, 0);
    assert_eq!(kids(&filter(&["-k", ring], LINE).1).len(), 0);
    let (code, _, err) = keys(&["state", ring, "nobodyyy", "verify"]);
    assert!(code == 78 && err.contains(&second), "{err}");
    let (code, _, err) = keys(&["state", ring, &second, "activ"]);
    assert!(code == 2 && err.contains("active, verify or retired"), "{err}");
    let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["ring"]);
}

#[test]
fn sources_agree_and_fail_with_a_remedy() {
    let dir = tempfile::tempdir().unwrap();
    let file = support::key_file(dir.path());
    let file = file.to_str().unwrap();
    let want = filter(&["-k", file], LINE).1;
    let command = format!("cat {file}");
    assert_eq!(filter(&["--key-command", &command], LINE).1, want);
    let sh = format!("exec \"$0\" filter --tag none --key-fd 7 7< {file}");
    let mut child = std::process::Command::new("/bin/sh")
        .args(["-c", &sh, env!("CARGO_BIN_EXE_logveil")])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), LINE.as_bytes()).unwrap();
    assert_eq!(String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap(), want);
    let mut c = logveil(&["filter", "--tag", "none", "--key-env", "LV_TEST_KEY", "/dev/stdin"]);
    c.env("LV_TEST_KEY", data_encoding::HEXLOWER.encode(&[b'k'; 32]));
    let lines = dir.path().join("lines");
    std::fs::write(&lines, LINE).unwrap();
    let out = c.stdin(std::fs::File::open(&lines).unwrap()).output().unwrap();
    assert_eq!(String::from_utf8(out.stdout).unwrap(), want);
    for (args, want) in [
        (["--key-env", "LV_NO_SUCH_KEY"], "export it"),
        (["--key-fd", "99"], "--key-fd 99"),
        (["--key-command", "exit 3"], "run it by hand"),
        (["--key-command", "echo hunter2"], "keys new"),
    ] {
        let (code, out, err) = filter(&args, LINE);
        assert!(code == 78 && out.is_empty() && err.contains(want) && !err.contains("hunter2"), "{err}");
    }
}

#[test]
fn the_bridge_joins_two_epochs() {
    let dir = tempfile::tempdir().unwrap();
    let (ring, policy) = (dir.path().join("ring"), dir.path().join("p.toml"));
    let (ring, path) = (ring.to_str().unwrap(), policy.to_str().unwrap());
    let text = |kind: &str| {
        let base = logveil::rules::policy_builtin("web-minimal").unwrap();
        let at = base.find("[[clause]]").unwrap();
        format!(
            "{}[[transform]]\nid = \"siv\"\nkind = \"token\"\n[[transform]]\nid = \"hmac\"\nkind = \"pseudonym\"\n\n\
             [[clause]]\nid = \"phones\"\ncategories = [\"basic\"]\napply = \"{kind}\"\nretention = \"access_log\"\n{}",
            &base[..at],
            &base[at..]
        )
    };
    let id = |args: &[&str]| String::from_utf8(run(args, b"").1).unwrap().trim().to_string();
    let old = id(&["keys", "new", "--ring", ring]);
    let new = id(&["keys", "rotate", ring, "--from", "2026-04-01T00:00:00+08:00"]);
    std::fs::write(&policy, text("siv")).unwrap();
    let tokens = filter(&["-p", path, "-k", ring], LINE).1;
    let token = |n: usize, text: &str| text.lines().nth(n).unwrap().split("mobile=").nth(1).unwrap().to_string();
    std::fs::write(&policy, text("hmac")).unwrap();
    let pseudonyms = filter(&["-p", path, "-k", ring], LINE).1;
    let args = ["keys", "bridge", ring, "--from", &old, "--to", &new, "-p", path, "--entity", "phone.mobile.cn"];
    let (code, out, _) = run(&args, format!("{}\n", token(0, &tokens)).as_bytes());
    let want = format!("{} {}\n", token(0, &pseudonyms), token(1, &pseudonyms));
    assert_eq!((code, String::from_utf8(out).unwrap()), (0, want));
    let (code, out, err) = run(&args, token(1, &tokens).as_bytes());
    assert!(code == 1 && out.is_empty() && err.contains("line 1"), "{err}");
}
