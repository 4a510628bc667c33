//! Policies as a user handles them: verbs, selection, recipients, ledger, lists, regions, tenants.

mod support;

use std::io::{Read, Write};
use std::process::Stdio;
use support::{key_file, logveil, run};

fn text(out: Vec<u8>) -> String {
    String::from_utf8(out).unwrap()
}

const RECORD: &str = "{\"time\":\"2026-11-23T10:11:45+08:00\",\"mobile\":\"13800138001\",\"deviceId\":\"fedcba9876543210\",\
                      \"platform\":\"android\",\"model\":\"SM-G9810\",\"mcc_mnc\":\"46003\",\"ip\":\"203.0.113.9\"}\n";

#[test]
fn verbs_of_policies() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("p.toml");
    let file = path.to_str().unwrap();
    let jd = logveil::rules::policy_builtin("jdcloud-2021").unwrap();
    for name in ["jdcloud-2021", "gdpr-web-2018", "web-minimal"] {
        assert_eq!(run(&["policy", "check", name], b"").0, 0);
        assert!(text(run(&["policy", "show", name], b"").1).contains("phone.mobile.cn"));
    }
    std::fs::write(&path, jd.replace("apply = \"pseudonym\"", "apply = \"psuedonym\"")).unwrap();
    let (code, _, err) = run(&["policy", "check", file], b"");
    assert!(code == 78 && err.contains("did you mean `pseudonym`"), "{err}");
    std::fs::write(&path, jd.replace("\nretention = ", "\nretenton = ").replacen("title = ", "titel = ", 1)).unwrap();
    let (code, _, err) = run(&["policy", "check", file], b"");
    let told = |what: &str| err.matches(what).count();
    assert_eq!((code, told("did you mean `title`?")), (78, 1), "{err}");
    assert_eq!(told("did you mean `retention`?"), jd.matches("\nretention = ").count(), "{err}");

    let rows: serde_json::Value =
        serde_json::from_slice(&run(&["policy", "clauses", "--format", "json"], b"").1).unwrap();
    let rows = rows.as_array().unwrap();
    assert!(rows.iter().all(|r| r["clause"].is_string() && r["rules"].is_array() && r["reason"].is_string()));
    assert_eq!(text(run(&["policy", "clauses"], b"").1).lines().count(), rows.len());

    assert_eq!(run(&["policy", "diff", "jdcloud-2021", "jdcloud-2021"], b"").0, 0);
    std::fs::write(&path, jd.replace("ceiling = \"P90D\"", "ceiling = \"P1Y\"")).unwrap();
    let (code, out, _) = run(&["policy", "diff", "jdcloud-2021", file], b"");
    assert_eq!((code, text(out).as_str()), (1, "material 9.2(1): class `telemetry` may stay longer\n"));
    std::fs::write(&path, jd.replace("ceiling = \"P90D\"", "ceiling = \"P30D\"")).unwrap();
    assert_eq!(run(&["policy", "diff", "jdcloud-2021", file], b"").0, 0, "shorter is not material");

    std::fs::write(&path, jd.replace("\n[select]", "\nmin_confidence = \"checked\"\n\n[select]")).unwrap();
    let (code, out, _) = run(&["policy", "diff", "jdcloud-2021", file], b"");
    assert_eq!((code, text(out).as_str()), (1, "material 9.2(1): min_confidence: `shape` becomes `checked`\n"));

    let schema: serde_json::Value = serde_json::from_slice(&run(&["policy", "schema"], b"").1).unwrap();
    assert!(schema["properties"]["clause"].is_object() && schema["additionalProperties"] == false);

    std::fs::write(&path, jd.replace(" = ", "=")).unwrap();
    assert_eq!(run(&["policy", "fmt", "--check", file], b"").0, 1);
    assert_eq!(run(&["policy", "fmt", file], b"").0, 0);
    assert_eq!(run(&["policy", "fmt", "--check", file], b"").0, 0);
    assert_eq!(run(&["policy", "diff", "jdcloud-2021", file], b"").0, 0);
}

#[test]
fn a_policy_says_how_sure_a_finding_must_be() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("p.toml");
    let web = logveil::rules::policy_builtin("web-minimal").unwrap();
    let with = |least: &str| {
        let head = format!("[policy]\nmin_confidence = \"{least}\"\n");
        std::fs::write(&path, web.replacen("[policy]\n", &head, 1)).unwrap();
        let line = b"call 13800138001, mobile=13800138002, id 11010519491231002X, from 203.0.113.9\n";
        text(run(&["filter", "--tag", "none", "-p", path.to_str().unwrap()], line).1)
    };
    let shown =
        |out: &str| ["13800138001", "13800138002", "11010519491231002X", "203.0.113.9"].map(|v| out.contains(v));
    assert_eq!(shown(&with("shape")), [false; 4]);
    assert_eq!(shown(&with("checked")), [true, false, false, false]);
    assert_eq!(shown(&with("keyed")), [true, false, true, true]);
    let (code, _, err) = run(&["policy", "check", path.to_str().unwrap()], b"");
    assert_eq!((code, err.as_str()), (0, ""), "{err}");
    with("sure");
    assert_eq!(run(&["policy", "check", path.to_str().unwrap()], b"").0, 78);
}

#[test]
fn streams_choose_policies_and_unclaimed_ones_are_denied() {
    let filter = |args: &[&str]| {
        let all: Vec<&str> = ["filter", "--tag", "none"].iter().chain(args).copied().collect();
        run(&all, b"mobile=13800138001\n")
    };
    let (code, out, _) = filter(&["-p", "auto", "--host", "www.jdcloud.com"]);
    assert!(code == 0 && text(out).contains("phone_"));
    for args in [
        &["-p", "auto", "--host", "www.example.com"][..],
        &["-p", "auto"],
        &["-p", "jdcloud-2021", "--host", "shop.market.jdcloud.com"],
    ] {
        let (code, out, err) = filter(args);
        assert!(code == 78 && out.is_empty() && err.contains("nothing passes"), "{args:?} {err}");
    }
    assert_eq!(filter(&["-p", "web-minimal", "--host", "www.example.com"]).0, 0);
}

#[test]
fn recipients_get_their_views_and_the_ledger_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let key = key_file(dir.path());
    let key = key.to_str().unwrap();
    let at = |n: &str| dir.path().join(n).display().to_string();
    let views: Vec<String> = ["huawei-push", "xiaomi-push", "ctcc-login", "cmcc-login", "tencent"]
        .iter()
        .map(|r| format!("--view={r}={}", at(r)))
        .collect();
    let mut args = vec!["filter", "-k", key];
    args.extend(views.iter().map(String::as_str));
    let (code, _, err) = run(&args, RECORD.as_bytes());
    assert!(code == 2 && err.contains("--ledger"), "{err}");
    let ledger = at("ledger");
    args.extend(["--ledger", &ledger]);
    let (code, out, err) = run(&args, RECORD.repeat(3).as_bytes());
    assert_eq!((code, text(out).lines().count()), (0, 3), "{err}");
    let of = |n: &str| std::fs::read_to_string(at(n)).unwrap();
    assert_eq!((of("huawei-push").lines().count(), of("ctcc-login").lines().count()), (3, 3));
    assert_eq!(of("cmcc-login"), "", "another carrier's");
    let first = |n: &str| serde_json::from_str::<serde_json::Value>(of(n).lines().next().unwrap()).unwrap();
    let (hw, mi, ct) = (first("huawei-push"), first("xiaomi-push"), first("ctcc-login"));
    assert_eq!(hw["device.model"], "SM-G9810");
    assert_ne!(hw["device.android_id"], mi["device.android_id"]);
    assert!(hw.get("phone.mobile.cn").is_none() && ct["phone.mobile.cn"].as_str().unwrap().starts_with("phone_"));
    assert!(!hw["_deid"]["found"].to_string().contains("phone"));
    let lines: Vec<serde_json::Value> = of("ledger").lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines.len(), 5);
    let huawei = lines.iter().find(|l| l["recipient"] == "huawei-push").unwrap();
    assert_eq!((&huawei["records"], &huawei["fields"]["device.model"]), (&3.into(), &3.into()));
    assert_eq!(lines.iter().find(|l| l["recipient"] == "cmcc-login").unwrap()["refused"], 3);
    assert!(!of("ledger").contains("13800138001"));
    let (code, _, err) = run(&["filter", "-k", key, "--view=nobody=/tmp/x", "--ledger", &ledger], b"");
    assert!(code == 2 && err.contains("huawei-push"), "{err}");
}

#[test]
fn outputs_abroad_need_consent() {
    let (code, out, err) = run(&["filter", "--sink-region", "SG"], RECORD.as_bytes());
    assert!(code == 78 && out.is_empty() && err.contains("--sink-consent"), "{err}");
    assert_eq!(run(&["filter", "--sink-region", "SG", "--sink-consent", "C-1"], RECORD.as_bytes()).0, 0);
    assert_eq!(run(&["filter", "--sink-region", "CN"], RECORD.as_bytes()).0, 0);
}

#[test]
fn tenants_have_tokens_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let key = key_file(dir.path());
    let of =
        |tenant: &str| text(run(&["filter", "-k", key.to_str().unwrap(), "--tenant", tenant], RECORD.as_bytes()).1);
    assert_eq!(of("a"), of("a"));
    let token = |t: String| t.split("phone_").nth(1).unwrap()[9..35].to_string();
    assert_ne!(token(of("a")), token(of("b")));
}

#[test]
fn lists_are_followed_while_a_stream_runs() {
    let dir = tempfile::tempdir().unwrap();
    let key = key_file(dir.path());
    let list = dir.path().join("hold");
    std::fs::write(&list, "# nobody yet\n").unwrap();
    let spec = format!("hold={}", list.display());
    let args = ["filter", "-k", key.to_str().unwrap(), "--list", &spec];
    let mut child = logveil(&args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut line = || {
        stdin.write_all(RECORD.as_bytes()).unwrap();
        let (mut got, mut byte) = (Vec::new(), [0]);
        while !got.ends_with(b"\n") {
            stdout.read_exact(&mut byte).unwrap();
            got.push(byte[0]);
        }
        text(got)
    };
    let before = line();
    assert!(before.contains("\"state\":\"active\""));
    let token = format!("phone_{}", before.split("phone_").nth(1).unwrap().split('"').next().unwrap());
    std::fs::write(&list, format!("{token} 2026-01-01 case-9\n")).unwrap();
    let held = (0..200).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        line().contains("\"hold\":\"case-9\"")
    });
    assert!(held);
    drop(stdin);
    assert!(child.wait().unwrap().success());
    let (code, _, err) = run(&["filter", "--list", "holds=/x"], b"");
    assert!(code == 2 && err.contains("minors=FILE"), "{err}");
    std::fs::write(&list, "13800138001 2026-01-01 case-9\n").unwrap();
    let (code, _, err) = run(&args, b"");
    assert!(code == 78 && err.contains("hold:1") && !err.contains("1380013"), "{err}");
}
