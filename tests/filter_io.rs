//! The filter in pipes: flushing, endings, signals, exit codes, memory.

mod support;

use std::io::{Read, Write};
use std::process::Stdio;
use std::time::{Duration, Instant};
use support::{key_file, logveil, run};

fn with_key(dir: &tempfile::TempDir) -> Vec<String> {
    let key = key_file(dir.path()).display().to_string();
    ["filter", "--tag", "none", "-k", &key].map(String::from).to_vec()
}

fn refs(args: &[String]) -> Vec<&str> {
    args.iter().map(String::as_str).collect()
}

#[test]
fn other_bytes_survive() {
    let dir = tempfile::tempdir().unwrap();
    for text in [
        &b""[..],
        b"\n",
        b"no end",
        b"crlf\r\n\r\nlast\r\n",
        b"nul \0 and \xFF\xFE\xC3\x28 bytes\n\n\n",
        b"{\"torn\": \"json\n",
    ] {
        let (code, out, err) = run(&refs(&with_key(&dir)), text);
        assert_eq!((code, &out[..]), (0, text), "{err}");
    }
}

#[test]
fn a_live_pipe_sees_each_line_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let args = with_key(&dir);
    let mut child =
        logveil(&refs(&args)).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    for i in 0..5 {
        stdin.write_all(format!("line {i} mobile=13800138001\nhalf").as_bytes()).unwrap();
        let mut got = Vec::new();
        let mut byte = [0];
        while !got.ends_with(b"\n") {
            stdout.read_exact(&mut byte).unwrap();
            got.push(byte[0]);
        }
        let got = String::from_utf8(got).unwrap();
        assert!(got.contains(&format!("line {i} mobile=phone_")), "{got}");
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_request_to_stop_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let args = with_key(&dir);
    let mut child =
        logveil(&refs(&args)).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    stdin.write_all(b"first\n").unwrap();
    let mut got = [0; 6];
    stdout.read_exact(&mut got).unwrap();
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    stdin.write_all(b"after the signal, no end").unwrap();
    drop(stdin);
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "after the signal, no end");
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_reader_that_leaves_ends_the_run_quietly() {
    let dir = tempfile::tempdir().unwrap();
    let args = with_key(&dir);
    let mut child =
        logveil(&refs(&args)).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().unwrap();
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(20) && stdin.write_all(&[b'a'; 4096]).is_ok() {
        let _ = stdin.write_all(b"\n");
    }
    let out = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&out.stderr), "");
    assert_eq!(out.status.code(), Some(0));
}

#[test]
fn mistakes_have_their_codes_and_say_the_remedy() {
    let dir = tempfile::tempdir().unwrap();
    let mut args = with_key(&dir);
    args.push("/nonexistent/access.log".into());
    let (code, _, err) = run(&refs(&args), b"");
    assert!(code == 74 && err.contains("/nonexistent/access.log"), "{code} {err}");
    let (code, _, err) = run(&["filter", "--policy", "jdcloud-2020"], b"x\n");
    assert!(code == 78 && err.contains("jdcloud-2021"), "{code} {err}");
    let (code, _, err) = run(&["filter", "--format", "combind"], b"x\n");
    assert!(code == 2 && err.contains("combined"), "{code} {err}");
    let open = dir.path().join("open");
    std::fs::write(&open, [b'k'; 32]).unwrap();
    let (code, _, err) = run(&["filter", "-k", open.to_str().unwrap()], b"x\n");
    assert!(code == 78 && err.contains("600"), "{code} {err}");
    assert!(!err.contains("kkkk"));
    assert_eq!(run(&["filter", "--nonsense"], b"").0, 2);
}

#[test]
fn a_layout_names_fields_that_have_no_keys() {
    let dir = tempfile::tempdir().unwrap();
    let rules = dir.path().join("mine.toml");
    std::fs::write(&rules, "[[format]]\nname = \"mine\"\nnginx = '$arg_mobile|$body_bytes_sent|$http_x_device_id'\n")
        .unwrap();
    let mut args = with_key(&dir);
    args.extend(["--rules".into(), rules.display().to_string(), "--stats=json".into()]);
    let text = b"13800138001|13912345678|abcDEF-0123456789\nnothing here\n";
    let (code, out, err) = run(&refs(&args), text);
    let out = String::from_utf8(out).unwrap();
    assert_eq!(code, 0);
    assert!(out.starts_with("phone_") && out.contains("|13912345678|"), "{out}");
    assert!(!out.contains("abcDEF-0123456789"), "{out}");
    let stats: serde_json::Value = serde_json::from_str(err.lines().last().unwrap()).unwrap();
    assert_eq!((&stats["records"], &stats["unparsed"]), (&2.into(), &1.into()));
}

/// Peak resident memory of a run over a record of 40 MB without a newline.
#[test]
#[cfg(target_os = "linux")]
fn memory_does_not_grow_with_a_record() {
    let dir = tempfile::tempdir().unwrap();
    let mut args = with_key(&dir);
    args.extend(["-j".into(), "1".into()]);
    let mut child =
        logveil(&refs(&args)).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let reader = std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()).unwrap());
    for _ in 0..10_000 {
        stdin.write_all(&b"mobile=13800138001 and more ".repeat(150)).unwrap();
    }
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap();
    let kib: u64 = peak.trim().trim_end_matches(" kB").trim().parse().unwrap();
    drop(stdin);
    assert!(child.wait().unwrap().success());
    assert!(reader.join().unwrap() > 40_000_000);
    assert!(kib < 32 << 10, "{kib} KiB");
}

#[test]
fn a_verb_with_a_slip_is_told() {
    let (code, out, err) = run(&["scna", "--stats"], b"");
    assert_eq!((code, out.len()), (2, 0), "{err}");
    assert!(err.contains("no such file, and no command of that name, did you mean `scan`?"), "{err}");
    let (code, _, err) = run(&["missing-access.log"], b"");
    assert!(code != 2 && !err.contains("did you mean"), "{err}");
}
