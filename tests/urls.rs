//! Parts of URLs go where a policy asks for it: values of parameters that its list does not keep, fragments, segments of
//! paths that are no words. Without the table `[urls]` nothing changes.

mod support;

use logveil::engine::{Engine, EngineConfig, HashKernel, ScanKernel, TagMode};
use logveil::keys::MasterKey;
use logveil::model::Block;
use logveil::policy::{Policy, diff};
use logveil::rules::{Ruleset, policy_builtin};

const ROUTE: &str = r#"
[[transform]]
id = "route"
kind = "generalise"
style = "route"

[[clause]]
id = "paths"
entities = ["browse.path"]
apply = "route"
retention = "access_log"
"#;

/// web-minimal with more stanzas, those of `ROUTE` in front of its clauses.
fn policy(urls: &str) -> Policy {
    let text = policy_builtin("web-minimal").unwrap();
    let clauses = text.find("[[clause]]").unwrap();
    let text = [&text[..clauses], ROUTE, &text[clauses..], "\n", urls].concat();
    logveil::policy::compile("test", &text, &Ruleset::builtin()).unwrap()
}

fn engine(urls: &str) -> Engine {
    let (rules, policy) = (Ruleset::builtin(), policy(urls));
    let key = MasterKey::from_bytes(&[7; 32], "test").unwrap();
    let (scan, hash) = (ScanKernel::detect(), HashKernel::detect());
    Engine::new(EngineConfig { rules, policy, key: key.into(), tag: TagMode::None, scan, hash, ingest: 0 }).unwrap()
}

fn clean(engine: &Engine, text: &str) -> String {
    let mut worker = engine.worker();
    worker.set_format(engine.sniffer(None).look(text.as_bytes()));
    String::from_utf8(worker.rewrite(Block::records(text.as_bytes())).bytes().to_vec()).unwrap()
}

const ASKS: &str = "[urls]\nquery = [\"page\", \"utm_*\"]\nroute = true\n";

/// What a line becomes, in each carrier of URLs.
const LINES: &[(&str, &str)] = &[
    // Request and referrer of a combined log.
    (
        "- - - [23/Nov/2026:10:11:45 +0800] \"GET /item/100012.html?sku=1&page=2&utm_source=a&w=flu+clinic HTTP/1.1\" 200 5 \"https://www.example.com/u/alice9/cart?from=home&page=3#top\" \"curl/8.0\"",
        "- - - [23/Nov/2026:10:11:45 +0800] \"GET /item/{}.html?sku=REDACTED&page=2&utm_source=a&w=REDACTED HTTP/1.1\" 200 5 \"https://www.example.com/u/{}/cart?from=REDACTED&page=3#REDACTED\" \"curl/8.0\"",
    ),
    // JSON, with escapes of its own and without.
    (
        r#"{"url":"https://www.example.com/s?w=flu clinic&page=1","path":"/users/42/orders","n":1}"#,
        r#"{"url":"https://www.example.com/s?w=REDACTED&page=1","path":"/users/{}/orders","n":1}"#,
    ),
    (
        r#"{"uri":"/s?w=flu\u0026page=1\u0026z=\"x\"","referer":"https:\/\/www.example.com\/a?b=c","n":1}"#,
        r#"{"uri":"/s?w=REDACTED\u0026page=1\u0026z=REDACTED","referer":"https:\/\/www.example.com\/a?b=REDACTED","n":1}"#,
    ),
    (r#"{"query_string":"w=flu&page=1","n":1}"#, r#"{"query_string":"w=REDACTED&page=1","n":1}"#),
    (r#"{"msg":"{\"url\":\"/s?w=flu&page=1\",\"n\":1}"}"#, r#"{"msg":"{\"url\":\"/s?w=REDACTED&page=1\",\"n\":1}"}"#),
    // logfmt.
    (
        "level=info path=/s/77?w=flu&page=1 referer=\"https://www.example.com/?a=b c\" status=200",
        "level=info path=/s/{}?w=REDACTED&page=1 referer=\"https://www.example.com/?a=REDACTED\" status=200",
    ),
    // Escapes hide no mark of the URL: the parameter ends where it was written to.
    ("GET /s?w=a%26page%3Dsecret%20x&page=1 HTTP/1.1", "GET /s?w=REDACTED&page=1 HTTP/1.1"),
    ("GET /s?w=%E8%8D%AF&page=%E8%8D%AF HTTP/1.1", "GET /s?w=REDACTED&page=%E8%8D%AF HTTP/1.1"),
    (r#""GET /s?w=\x22flu\x22+b&page=1 HTTP/1.1" 200"#, r#""GET /s?w=REDACTED&page=1 HTTP/1.1" 200"#),
    (r#""GET /s?w=\"flu\"+b&page=1 HTTP/1.1" 200"#, r#""GET /s?w=REDACTED&page=1 HTTP/1.1" 200"#),
    // Identifiers are found in values that are kept, and named as such in those that go.
    (
        "GET /s?page=13800138001&w=tel+13800138001+x HTTP/1.1",
        "GET /s?page=REDACTED&w=REDACTEDREDACTEDREDACTED HTTP/1.1",
    ),
    // Free text, and what is no URL.
    (
        "see https://www.example.com/a?b=c, then (/x?y=z).",
        "see https://www.example.com/a?b=REDACTED, then (/x?y=REDACTED).",
    ),
    ("why? because 1/2 of /etc/x9 is and/or a=b&c=d", "why? because 1/2 of /etc/x9 is and/or a=b&c=d"),
    // Columns.
    (
        "#Fields: date cs-uri-stem cs-uri-query sc-status\nd /u/99 w=flu&page=2 200",
        "#Fields: date cs-uri-stem cs-uri-query sc-status\nd /u/{} w=REDACTED&page=2 200",
    ),
    ("id,url,bytes\n1,https://www.example.com/a?b=c,2", "id,url,bytes\n1,https://www.example.com/a?b=REDACTED,2"),
];

#[test]
fn each_carrier_of_urls() {
    let engine = engine(ASKS);
    let mut wrong = Vec::new();
    for (text, want) in LINES {
        let once = clean(&engine, &format!("{text}\n"));
        if once != format!("{want}\n") {
            wrong.push(format!("\n   {text}\n-> {once}   {want}"));
        }
        let twice = clean(&engine, &once);
        assert_eq!(clean(&engine, &twice), twice, "a third pass changes {once}");
    }
    assert!(wrong.is_empty(), "{}", wrong.concat());
}

#[test]
fn nothing_is_looked_for_without_the_table() {
    let (with, without) = (engine(""), support::engine("web-minimal", TagMode::None));
    for (text, _) in LINES {
        assert_eq!(clean(&with, text), clean(&without, text));
        assert!(!clean(&with, text).contains("{}"));
    }
}

#[test]
fn paths_stay_unless_asked_for() {
    let engine = engine("[urls]\nquery = []\n");
    assert_eq!(clean(&engine, "GET /item/77?page=1 HTTP/1.1\n"), "GET /item/77?page=REDACTED HTTP/1.1\n");
}

/// Longer than a window: the parameter is replaced once.
#[test]
fn a_value_without_an_end() {
    let engine = engine(ASKS);
    let text = format!("GET /s?page=1&w={} HTTP/1.1\n", "flu+".repeat(20_000));
    assert_eq!(clean(&engine, &text), "GET /s?page=1&w=REDACTED HTTP/1.1\n");
}

/// What stays in clear that went before is told as material.
#[test]
fn changes_of_the_table() {
    let changes = |old: &str, new: &str| {
        let all = diff::diff(&policy(old), &policy(new), &Ruleset::builtin());
        all.into_iter().map(|c| (c.clause.is_some(), c.text)).collect::<Vec<_>>()
    };
    let other = "[urls]\nquery = [\"page\", \"q\"]\n";
    assert_eq!(changes(ASKS, ASKS), []);
    assert_eq!(changes("", ASKS), [(false, "parts of URLs are looked for".into())]);
    assert_eq!(changes(ASKS, ""), [(true, "parts of URLs are no longer looked for".into())]);
    assert_eq!(
        changes(ASKS, other),
        [
            (true, "segments of paths are no longer looked for".into()),
            (true, "values of the parameter `q` stay".into()),
            (false, "values of the parameter `utm_*` no longer stay".into()),
        ]
    );
}
