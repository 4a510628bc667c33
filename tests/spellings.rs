//! Every identifier in every spelling, carrier and place: the value goes, the bytes around it stay.

mod support;

use logveil::engine::TagMode;
use support::{engine, rewrite};

/// Keys as logs write them, and values under them in every spelling that people and programs use.
const VALUES: &[(&str, &[&str])] = &[
    (
        "clientIp",
        &[
            "203.0.113.77",
            "2001:db8:85a3::8a2e",
            "203.0.113.77:8443",
            "[2001:db8:85a3::8a2e]:443",
            "::ffff:203.0.113.77",
            "10.1.2.3",
            "fe80::1%eth0",
            "192.000.002.001",
        ],
    ),
    ("mac", &["d0:50:99:84:a2:a0", "D0-50-99-84-A2-A0", "d050.9984.a2a0", "d0509984a2a0"]),
    ("email", &["alice.b@example.com", "a+b@mail.example.com.cn"]),
    (
        "mobile",
        &[
            "13800138001",
            "+8613800138001",
            "138-0013-8001",
            "138 0013 8001",
            "+86 138 0013 8001",
            "008613800138001",
            "86-13800138001",
            "(+86)13800138001",
        ],
    ),
    ("tel", &["010-62551234", "(0755)26554321", "01062551234", "+86 755 2655 4321", "+1 202-555-0143", "+85291234567"]),
    (
        "idCard",
        &[
            "11010519491231002X",
            "11010519491231002x",
            "440524188001010014",
            "110105491231002",
            "830000199201300022",
            "911398199012310021",
            "KAZ110090123105",
        ],
    ),
    ("imei", &["490154203237518", "35-209900-176148-1", "3568680000414120", "49015420323751"]),
    ("meid", &["AF0123450ABCDE"]),
    ("imsi", &["460001234567890"]),
    ("iccid", &["89860070310112094320", "8986010110231170983S"]),
    ("androidId", &["fedcba9876543210"]),
    ("oaid", &["1fe9a970-efbb-29e0-0bdd-f5dbbf751ab5", "0123456789abcdef"]),
    ("idfa", &["1FE9A970-EFBB-29E0-0BDD-F5DBBF751AB5"]),
    ("openudid", &["0123456789abcdef0123456789abcdef01234567"]),
    ("imeiMd5", &["83e9158a4fb54c0e1ef0b238639a23ae"]),
    ("bankCard", &["6222021234567890128", "4111 1111 1111 1111", "4111-1111-1111-1111"]),
    ("password", &["hunter2!x"]),
    ("accessToken", &["0123456789abcdef0123456789abcdef"]),
];

fn each(v: &str, f: impl Fn(u8) -> String) -> String {
    v.bytes().map(f).collect()
}

fn percent(v: &str) -> String {
    each(v, |b| match b {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' | b'~' => (b as char).to_string(),
        _ => format!("%{b:02X}"),
    })
}

fn snake(key: &str) -> String {
    key.chars()
        .flat_map(|c| c.is_ascii_uppercase().then_some('_').into_iter().chain([c.to_ascii_lowercase()]))
        .collect()
}

/// Ways to write a value in a URL, in JSON and in a variable that nginx escapes.
fn carriers(v: &str) -> [Vec<String>; 3] {
    let all = each(v, |b| format!("%{b:02X}"));
    let lower = each(v, |b| format!("%{b:02x}"));
    let twice = percent(&percent(v));
    let units = each(v, |b| format!("\\u{b:04x}"));
    [
        vec![percent(v), all.clone(), lower, twice, percent(&all)],
        vec![v.into(), units],
        vec![v.into(), each(v, |b| format!("\\x{b:02X}"))],
    ]
}

/// Records that hold the value, as what stands before it, the value as written, and what stands behind.
fn records(key: &str, value: &str) -> Vec<(String, String, String)> {
    let name = snake(key);
    let [url, json, nginx] = carriers(value);
    let mut out = Vec::new();
    let mut add =
        |before: String, written: &str, after: &str| out.push((before, written.to_string(), after.to_string()));
    for w in &url {
        let rest = "&z=2 HTTP/1.1\" 200 13912345678 \"-\" \"curl/8.5.0\"";
        add(format!("- - - [23/Nov/2026:10:11:45 +0800] \"GET /a?t=1732345905123&{key}="), w, rest);
        add(format!("- \"GET /\" 200 5 \"https://m.example.com/u?{name}="), w, "\" \"curl/8.5.0\"");
        add(format!("Cookie: a=b; {key}="), w, "; c=d");
        add(format!("form {name}="), w, "&ok=1");
        add(format!("body=%7B%22a%22%3A1%2C%22{key}%22%3A%22"), w, "%22%7D&t=1732345905123");
    }
    for w in &json {
        add(format!("{{\"a\":1,\"{key}\":\""), w, "\",\"z\":2}");
        add(format!("{{\"a\":{{\"b\":[{{\"{name}\":[\""), w, "\"]}]}}");
        let inner = w.replace('\\', "\\\\");
        add(format!("{{\"ext\":\"{{\\\"{key}\\\":\\\""), &inner, "\\\"}\"}");
        let deeper = inner.replace('\\', "\\\\");
        add(format!("{{\"ext\":\"{{\\\"e\\\":\\\"{{\\\\\\\"{key}\\\\\\\":\\\\\\\""), &deeper, "\\\\\\\"}\\\"}\"}");
    }
    for w in &nginx {
        add(format!("- body=\"{{\\x22{key}\\x22:\\x22"), w, "\\x22}\" done");
    }
    add(format!("INFO {name}=\""), value, "\" done");
    add(format!("INFO {name}: \""), value, "\" done");
    add(format!("{{'{key}': '"), value, "', 'b': 1}");
    if !value.contains(' ') {
        add(format!("2026-11-23 10:11:45 INFO {name}="), value, " done");
        add(format!("[{key}="), value, "]");
    }
    out
}

#[test]
fn every_spelling_in_every_carrier_goes_and_nothing_else() {
    let engine = engine("jdcloud-2021", TagMode::None);
    let mut worker = engine.worker();
    let (mut wrong, mut done) = (Vec::new(), 0);
    for &(key, values) in VALUES {
        for &value in values {
            for (before, written, after) in records(key, value) {
                let line = format!("{before}{written}{after}");
                let out = String::from_utf8(rewrite(&mut worker, line.as_bytes())).unwrap();
                done += 1;
                let whole = out.starts_with(&before) && out.ends_with(&after);
                let parses = |t: &str| serde_json::from_str::<serde_json::Value>(t).is_ok();
                if out.contains(value) || out.contains(&written) || !whole || parses(&line) && !parses(&out) {
                    wrong.push(format!("{line}\n -> {out}"));
                }
            }
        }
    }
    assert!(done > 1000 && wrong.is_empty(), "{} of {done}:\n{}", wrong.len(), wrong[..wrong.len().min(40)].join("\n"));
}

#[test]
fn words_that_begin_as_units_are_none() {
    let engine = engine("web-minimal", TagMode::None);
    let mut worker = engine.worker();
    for (text, want) in [
        ("call 13800138001 user=5", "call REDACTED user=5"),
        ("call 13800138001 msg=sent", "call REDACTED msg=sent"),
        ("call 13800138001 nsq", "call REDACTED nsq"),
        ("call 13800138001 ms-1", "call REDACTED ms-1"),
        ("took 13800138001 us, 13800138001ms 13800138001B", "took 13800138001 us, 13800138001ms 13800138001B"),
        ("耗时13800138001毫秒", "耗时13800138001毫秒"),
    ] {
        assert_eq!(String::from_utf8_lossy(&rewrite(&mut worker, text.as_bytes())), want);
    }
}

#[test]
fn brackets_schemes_and_names_of_files() {
    let engine = engine("web-minimal", TagMode::None);
    let mut worker = engine.worker();
    for (text, want) in [
        ("[13800138001][13900139001] sent", "[REDACTED][REDACTED] sent"),
        ("[13800138001] sent", "[REDACTED] sent"),
        ("[13800138001, 13900139001]", "[\"REDACTED\", \"REDACTED\"]"),
        ("[[13800138001],[13900139001]]", "[[\"REDACTED\"],[\"REDACTED\"]]"),
        ("{\"a\":[13800138001]}", "{\"a\":[\"REDACTED\"]}"),
        ("weixin://13800138001", "weixin://REDACTED"),
        (
            "/record/13800138001.wav /p/13800138001.5 /v13800138001.2",
            "/record/REDACTED.wav /p/13800138001.5 /v13800138001.2",
        ),
    ] {
        assert_eq!(String::from_utf8_lossy(&rewrite(&mut worker, text.as_bytes())), want);
    }
}

/// What stands in one line with a character reference is shown decoded, however far behind it: no value lies on the edge.
#[test]
fn references_hide_nothing_far_behind_them() {
    let engine = engine("jdcloud-2021", TagMode::None);
    let mut worker = engine.worker();
    let filler = "lorem_ipsum ".repeat(1500);
    for reference in ["&#64;", "&quot;", "#22", "#7B#22"] {
        for (key, value) in [(" tel ", "13800138001"), (" from ", "203.0.113.77"), (" password=", "hunter2xcanary")] {
            for length in [1024, 2048, 4096, 8192, 16384].into_iter().flat_map(|n| (n - 40..n + 8).step_by(3)) {
                let text = format!("m {reference}{}{key}{value} tail {reference} end\n", &filler[..length]);
                let out = rewrite(&mut worker, text.as_bytes());
                let part = |n: usize| memchr::memmem::find(&out, &value.as_bytes()[n..n + 6]).is_some();
                assert!(!(0..value.len() - 5).any(part), "{reference} {length} {value}");
            }
        }
    }
}
