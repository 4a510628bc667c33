//! Published vectors of the shared data, and what each transform makes of whole records.

mod support;

use logveil::engine::{Engine, EngineConfig, HashKernel, READERS, ScanKernel, TagMode};
use logveil::keys::MasterKey;
use logveil::rules::{Ruleset, policy_builtin};
use logveil::transform::cryptopan::CryptoPan;
use serde_json::Value;

fn vectors(name: &str) -> Vec<Value> {
    let Some(dir) = support::shared() else { return Vec::new() };
    let text = std::fs::read_to_string(dir.join("cases").join(name)).unwrap();
    text.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

fn hex(v: &Value) -> Vec<u8> {
    data_encoding::HEXLOWER_PERMISSIVE.decode(v.as_str().unwrap().as_bytes()).unwrap()
}

#[test]
fn crypto_pan_vectors() {
    for v in vectors("cryptopan_vectors.jsonl") {
        let pan = CryptoPan::new(&hex(&v["params"]["key_hex"]).try_into().unwrap(), &READERS);
        let (plain, want) = (v["text"].as_str().unwrap(), v["expected"].as_str().unwrap());
        assert_eq!(pan.encrypt(plain.parse().unwrap()), want.parse::<std::net::IpAddr>().unwrap(), "{}", v["id"]);
        assert_eq!(pan.decrypt(want.parse().unwrap()), plain.parse::<std::net::IpAddr>().unwrap(), "{}", v["id"]);
    }
}

#[test]
fn ipcrypt_vectors() {
    use ipcrypt_rs::{Ipcrypt, IpcryptNd, IpcryptNdx, IpcryptPfx};
    for v in vectors("ipcrypt_vectors.jsonl") {
        let (p, ip) = (&v["params"], v["text"].as_str().unwrap().parse().unwrap());
        let key = hex(&p["key"]);
        let got = match p["variant"].as_str().unwrap() {
            "ipcrypt-deterministic" => Ipcrypt::new(key.try_into().unwrap()).encrypt_ipaddr(ip).to_string(),
            "ipcrypt-pfx" => IpcryptPfx::new(key.try_into().unwrap()).encrypt_ipaddr(ip).to_string(),
            "ipcrypt-nd" => {
                let tweak = hex(&p["tweak"]).try_into().unwrap();
                let out = IpcryptNd::new(key.try_into().unwrap()).encrypt_ipaddr(ip, Some(tweak));
                data_encoding::HEXLOWER.encode(&out)
            }
            "ipcrypt-ndx" => {
                let tweak = hex(&p["tweak"]).try_into().unwrap();
                let out = IpcryptNdx::new(key.try_into().unwrap()).encrypt_ipaddr(ip, Some(tweak));
                data_encoding::HEXLOWER.encode(&out)
            }
            other => panic!("unknown variant {other}"),
        };
        assert_eq!(got, v["expected"].as_str().unwrap(), "{}", v["id"]);
    }
}

/// The minimal policy with one more transform, applied to one category.
fn with(stanza: &str, categories: &str) -> Engine {
    let rules = Ruleset::builtin();
    let text = policy_builtin("web-minimal").unwrap().to_string();
    let clause = format!(
        "[[transform]]\nid = \"t\"\n{stanza}\n\n[[clause]]\nid = \"first\"\n{categories}\napply = \"t\"\nretention = \"access_log\"\n"
    );
    let at = text.find("[[clause]]").unwrap();
    let text = format!("{}{clause}\n{}", &text[..at], &text[at..]);
    let policy = logveil::policy::compile("p.toml", &text, &rules).unwrap();
    let key = MasterKey::from_bytes(&[7; 32], "test").unwrap();
    let (scan, hash) = (ScanKernel::detect(), HashKernel::detect());
    Engine::new(EngineConfig { rules, policy, key: key.into(), tag: TagMode::None, scan, hash, ingest: 1_795_399_905 })
        .unwrap()
}

fn rewrite(engine: &Engine, text: &str) -> String {
    String::from_utf8(support::rewrite(&mut engine.worker(), text.as_bytes())).unwrap()
}

#[test]
fn each_kind_works_from_its_stanza() {
    let ip = "entities = [\"ip.v4\", \"ip.v6\", \"ip.private\", \"ip.documentation\"]";
    for (stanza, what, text, check) in [
        ("kind = \"crypto-pan\"", ip, "ip=203.0.113.9 x", "ip="),
        ("kind = \"ipcrypt-nd\"", ip, "ip=203.0.113.9 x", "ip="),
        ("kind = \"ipcrypt-ndx\"", ip, "ip=203.0.113.9 x", "ip="),
        (
            "kind = \"pseudonym\"\nalgorithm = \"hmac-sm3\"",
            "categories = [\"basic\"]",
            "mobile=13800138001 x",
            "phone_",
        ),
        ("kind = \"token\"", "categories = [\"basic\"]", "mobile=13800138001 x", "mobile=phone_"),
        ("kind = \"token\"\nsuite = \"sm4\"", "categories = [\"basic\"]", "mobile=13800138001 x", "mobile=phone_"),
        ("kind = \"fpe\"\nstyle = \"phone\"", "categories = [\"basic\"]", "mobile=13800138001 x", "mobile=138"),
        (
            "kind = \"fpe\"\nstyle = \"card\"",
            "categories = [\"property\"]",
            "cardNo=4111111111111111 x",
            "cardNo=411111",
        ),
        (
            "kind = \"fpe\"\nstyle = \"id\"",
            "categories = [\"identity_doc\"]",
            "idCard=11010519491231002X x",
            "idCard=110105194",
        ),
        (
            "kind = \"generalise\"\nstyle = \"geo\"\ndecimals = 1",
            "categories = [\"location\"]",
            "lat=39.908230 x",
            "lat=39.9 x",
        ),
        (
            "kind = \"generalise\"\nstyle = \"age-band\"",
            "categories = [\"identity_doc\"]",
            "2026-11-23 idCard=11010519491231002X x",
            "idCard=70-79 x",
        ),
        ("kind = \"surrogate-name\"", "entities = [\"person.name\"]", "realName=张三 x", "realName="),
    ] {
        let engine = with(stanza, what);
        let out = rewrite(&engine, text);
        assert!(out.contains(check), "{stanza}: {out}");
        for value in ["203.0.113.9", "13800138001", "4111111111111111", "11010519491231002X", "39.908230", "张三"] {
            assert!(!out.contains(value), "{stanza}: {out}");
        }
        assert_eq!(out, rewrite(&engine, text), "{stanza} is no pure function");
        assert!(out.ends_with(" x") && !out.contains("REDACTED"), "{stanza}: {out}");
    }
}

#[test]
fn tokens_pass_a_second_run_unchanged() {
    for (stanza, what) in [
        ("kind = \"token\"", "categories = [\"basic\"]"),
        ("kind = \"ipcrypt-nd\"", "entities = [\"ip.v4\", \"ip.documentation\"]"),
    ] {
        let engine = with(stanza, what);
        let once = rewrite(&engine, "ip=203.0.113.9 mobile=13800138001 mail a.b@example.com\n");
        assert_eq!(rewrite(&engine, &once), once);
    }
}

#[test]
fn wrong_styles_are_refused_with_the_right_ones() {
    let rules = Ruleset::builtin();
    let text = policy_builtin("web-minimal").unwrap();
    for (stanza, want) in [
        ("kind = \"fpe\"\nstyle = \"phon\"", "did you mean `phone`"),
        ("kind = \"generalise\"\nstyle = \"geos\"", "did you mean `geo`"),
        ("kind = \"generalise\"\nstyle = \"time\"\nunit = \"hours\"", "did you mean `hour`"),
        ("kind = \"surrogate\"\nalgorithm = \"hmac-sm3\"", "hmac-sha256 or aes-cmac"),
        ("kind = \"date-shift\"\ndays = 0", "1 to 3650"),
    ] {
        let text = format!("{text}\n[[transform]]\nid = \"t\"\n{stanza}\n");
        let errors = logveil::policy::compile("p.toml", &text, &rules).unwrap_err();
        assert!(errors.iter().any(|e| e.to_string().contains(want)), "{stanza}: {errors:?}");
    }
}
