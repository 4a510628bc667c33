//! Inputs made to be too much: nested encodings, deep JSON, cut escapes, records of megabytes.

mod support;

use data_encoding::{BASE64, HEXLOWER};
use logveil::engine::TagMode;
use support::{engine, rewrite, run};

const PHONE: &str = "13800138001";

/// True when the number stands in the text, in digits.
fn leaks(text: &[u8]) -> bool {
    memchr::memmem::find(text, PHONE.as_bytes()).is_some()
}

#[test]
fn base64_in_base64_ends() {
    let engine = engine("jdcloud-2021", TagMode::Inline);
    let mut worker = engine.worker();
    let mut text = format!("{{\"mobile\":\"{PHONE}\"}}");
    for depth in 1..12 {
        text = BASE64.encode(text.as_bytes());
        let record = format!("{{\"data\":\"{text}\",\"mobile\":\"{PHONE}\",\"n\":{depth}}}\n");
        let out = rewrite(&mut worker, record.as_bytes());
        assert!(!leaks(&out), "depth {depth}");
        let parsed: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(parsed["n"], depth);
        if depth == 1 {
            let inner = BASE64.decode(parsed["data"].as_str().unwrap().as_bytes()).unwrap();
            assert!(!leaks(&inner), "it was opened");
        }
    }
}

#[test]
fn runs_of_base64_of_any_number_and_length() {
    let one = BASE64.encode(format!("mobile={PHONE}&x=1").as_bytes());
    let many = format!("{}\n", vec![one.as_str(); 50_000].join(" "));
    let long = format!("data={}\n", BASE64.encode(format!("mobile={PHONE} ").repeat(200_000).as_bytes()));
    for text in [many, long] {
        let (code, out, _) = run(&["filter", "--tag", "none"], text.as_bytes());
        assert!(matches!(code, 0 | 1), "{code}");
        assert_eq!(out.last(), Some(&b'\n'));
        let decoded = out.split(|b| matches!(b, b' ' | b'=' | b'\n')).filter_map(|run| {
            let whole = run.len() / 4 * 4;
            BASE64.decode(&run[..whole]).ok()
        });
        let left = decoded.filter(|d| leaks(d)).count();
        assert_eq!(left, 0);
    }
}

#[test]
fn json_nested_a_hundred_thousand_deep() {
    const DEPTH: usize = 100_000;
    let inner = format!("{{\"mobile\":\"{PHONE}\",\"bytes\":{PHONE}}}");
    let objects = format!("{}{inner}{}\n", "{\"a\":".repeat(DEPTH), "}".repeat(DEPTH));
    let arrays = format!("{}{inner}{}\n", "[".repeat(DEPTH), "]".repeat(DEPTH));
    let torn = format!("{}{inner}\n", "{\"a\":[".repeat(DEPTH));
    for tag in ["none", "inline"] {
        for text in [&objects, &arrays, &torn] {
            let (code, out, message) = run(&["filter", "--tag", tag], text.as_bytes());
            assert_eq!(code, 0, "{message}");
            let keyed = memchr::memmem::find(&out, format!("\"mobile\":\"{PHONE}").as_bytes());
            assert!(keyed.is_none() && memchr::memmem::find(&out, b"\"mobile\":\"phone_").is_some());
            let counter = format!("\"bytes\":{PHONE}");
            assert!(memchr::memmem::find(&out, counter.as_bytes()).is_some(), "a counter stays");
            let head = DEPTH.min(1000);
            assert_eq!(out[..head], text.as_bytes()[..head]);
        }
    }
}

#[test]
fn escapes_cut_anywhere() {
    let engine = engine("jdcloud-2021", TagMode::None);
    let mut worker = engine.worker();
    let escapes = [
        ("mobile=%31%33%38%30%30%31%33%38%30%30%31&x=%2", "mobile="),
        ("q=%25%33%31%2533800138001 %25", "q="),
        ("{\"mobile\":\"\\u0031\\u0033800138001\",\"b\":\"\\u00", "{\"mobile\":\""),
        ("{\"j\":\"{\\\"mobile\\\":\\\"13800138001\\\"}\\", "{\"j\":\"{\\\"mobile\\\":\\\""),
        ("mobile=\\x31\\x33\\x38\\x30\\x30138001 \\x3", "mobile="),
        ("mobile=&#49;3800138001 &#x", "mobile="),
        ("手机号：１３８００１３８００１ \u{ff11}", "手机号："),
    ];
    for (text, kept) in escapes {
        for cut in 0..=text.len() {
            let out = rewrite(&mut worker, &text.as_bytes()[..cut]);
            assert!(!leaks(&out));
            let kept = &kept.as_bytes()[..kept.len().min(cut)];
            assert!(out.starts_with(kept), "cut at {cut} of {text}: {}", String::from_utf8_lossy(&out));
        }
    }
}

/// Escapes nested deeper than views go, as all that one field may hold.
fn nests() -> Vec<String> {
    vec![
        "&#x26;#x26;#x26;#x26;#x33;".into(),
        format!("&{}#64;", "amp;".repeat(9)),
        format!("&{}#64;", "amp;".repeat(30_000)),
        "&#37;26#37;26#37;2533;".into(),
        "#E4#23E4 #2323E4 &#x23;23E4;".into(),
        r"\u005cu005cu005cu005cu005cu0031".into(),
        format!("{}n", "\\\\".repeat(9)),
        format!("%{}31 &amp;#65285;EF", "25".repeat(9)),
        r"&#38;#65297; %26#38;#37;31 \u0026#x26;#x26;lt;".into(),
    ]
}

#[test]
fn a_nest_hides_nothing_beside_it() {
    let engine = engine("jdcloud-2021", TagMode::None);
    let mut worker = engine.worker();
    let base64 = BASE64.encode(format!("{{\"mobile\":\"{PHONE}\"}}").as_bytes());
    let hex = HEXLOWER.encode(format!("{{\"mobile\":\"{PHONE}\"}}").as_bytes());
    let values = [
        PHONE,
        "&#49;&#51;8&#48;&#48;&#49;&#51;8001",
        "1380013800%31",
        "138%200013%208001",
        "tel 138&#32;0013&#32;8001",
        "mobile%3D%2B8613800138001",
        "&#x26;#x31;3800138001",
        "１３８００１３８００１",
        "138\u{2011}0013\u{2011}8001",
        r"\u0031\u00338\x30\x3013\u00380\x301",
        "li.lei%40example.com",
        &base64,
        &hex,
        r#"{""password"":""hunter2-x""}"#,
    ];
    for nest in nests() {
        for value in values {
            for text in
                [format!("{nest} {value} end"), format!("no {value} {nest}"), format!("{nest} x {value} {nest}\n")]
            {
                let out = rewrite(&mut worker, text.as_bytes());
                let out = String::from_utf8_lossy(&out);
                assert!(!out.contains(value), "{value} leaks beside {}", &nest[..nest.len().min(60)]);
                let kept = if text.starts_with("no ") { "no " } else { &nest[..1] };
                assert!(out.starts_with(kept));
            }
        }
    }
}

#[test]
fn a_value_in_a_nest_goes() {
    let engine = engine("jdcloud-2021", TagMode::None);
    let mut worker = engine.worker();
    let nested = |c: u8, depth: usize| format!("&{}#{c};", "amp;".repeat(depth));
    for depth in [1, 3, 5, 50] {
        let html: String = PHONE.bytes().map(|b| nested(b, depth)).collect();
        let percent: String = PHONE.bytes().map(|b| format!("%{}{b:02x}", "25".repeat(depth))).collect();
        for value in [html, percent] {
            let out = rewrite(&mut worker, format!("mobile={value}&x=1 end\n").as_bytes());
            let out = String::from_utf8_lossy(&out);
            assert!(!out.contains(&value[value.len() / 2..]), "depth {depth}: {out}");
            assert!(out.starts_with("mobile=") && out.ends_with(" end\n"), "depth {depth}: {out}");
        }
    }
}

#[test]
fn nests_of_megabytes() {
    let text = nests()
        .iter()
        .map(|n| n.repeat(1 + (1 << 20) / n.len()))
        .collect::<Vec<_>>()
        .join(&format!(" mobile={PHONE} "));
    for tag in ["none", "inline"] {
        let (code, out, message) = run(&["filter", "--tag", tag], format!("{text}\n").as_bytes());
        assert!(matches!(code, 0 | 1), "{message}");
        assert!(!leaks(&out));
    }
}

#[test]
fn bare_numbers_in_nested_json_of_megabytes() {
    let part = format!(r#"\\\"mobile\\\":{PHONE},"#);
    let text = format!("{{\"a\":\"{{\\\"b\\\":\\\"{{{}\\\\\\\"n\\\\\\\":1}}\\\"}}\"}}\n", part.repeat(100_000));
    let (code, out, message) = run(&["filter", "--tag", "none"], text.as_bytes());
    assert_eq!(code, 0, "{message}");
    assert!(!leaks(&out));
    let field = |text: &str, key: &str| -> serde_json::Value {
        let object: serde_json::Value = serde_json::from_str(text).unwrap();
        object[key].clone()
    };
    let (a, n) = (field(std::str::from_utf8(&out).unwrap(), "a"), "n");
    let b = field(a.as_str().unwrap(), "b");
    assert_eq!(field(b.as_str().unwrap(), n), 1);
}

/// A field of about a megabyte with a number in each KiB.
/// A key in each value of the key before it: none may be read to the end of the line for each.
#[test]
fn keys_in_the_values_of_keys() {
    for unit in
        ["Authorization: Bearer ", "Authorization: Digest ", "\"phone\":[", "\"cookie\":\"", "sn=[imei=", "token: \""]
    {
        let text = format!("{} mobile={PHONE}\n", unit.repeat((1 << 20) / unit.len()));
        let (code, out, message) = run(&["filter", "--tag", "none"], text.as_bytes());
        assert_eq!(code, 0, "{unit}: {message}");
        assert!(!leaks(&out), "{unit}");
    }
}

/// Quotes written twice, in fields that close and in such that don't: none may be looked for from the front of the line for each.
#[test]
fn quotes_written_twice_of_a_megabyte() {
    for (front, unit, back) in [
        ("\"{", "\"\"a\"\":", "}\""),
        ("", "\"\"a\"\":", ""),
        ("1,\"", "\"\"a\"\":1,", ""),
        ("", "\"{\"\"a\"\":1}\",", "x"),
        ("", "a\"\":\"1", ""),
        ("\"", "[\"\"a\",\"", "\""),
        ("", "#\"\"\"a\"\":\"&#49;", ""),
    ] {
        let text = format!("{front}{}{back} mobile={PHONE}\n", unit.repeat((1 << 20) / unit.len()));
        let (code, out, message) = run(&["filter", "--tag", "none"], text.as_bytes());
        assert_eq!(code, 0, "{unit}: {message}");
        assert!(!leaks(&out), "{unit}");
        assert_eq!(out.iter().filter(|b| **b == b'"').count(), text.bytes().filter(|b| *b == b'"').count(), "{unit}");
    }
}

fn field(mark: &str, between: &str) -> String {
    let filler = "lorem-ipsum".repeat(90);
    vec![format!("mobile{mark}{PHONE}{between}f{mark}{filler}"); 1000].join(between)
}

#[test]
fn records_of_ten_megabytes_in_each_format() {
    let ten = |part: &str, between: &str| [part; 10].join(between);
    let query = ten(&field("=", "&"), "&");
    let json = ten(&field("\":\"", "\",\""), "\",\"");
    let pairs = ten(&field("=", " "), " ");
    let agent = "\"-\" \"Mozilla/5.0\"";
    let records = [
        (
            "combined",
            format!("198.51.100.7 - - [23/Oct/2024:09:21:35 +0800] \"GET /?{query} HTTP/1.1\" 200 512 {agent}"),
        ),
        ("auto", format!("{{\"{json}\",\"n\":1}}")),
        ("auto", format!("time=2024-10-23T09:21:35Z level=info {pairs}")),
        ("auto", format!("<34>1 2024-10-23T09:21:35Z host app 7 id [x@1 a=\"1\"] {pairs}")),
        ("text", format!("2024-10-23 09:21:35 用户 {pairs}")),
    ];
    for (format, record) in records {
        assert!(record.len() > 9 << 20);
        let text = format!("{record}\n");
        let (code, out, message) = run(&["filter", "--tag", "none", "--format", format], text.as_bytes());
        assert!(matches!(code, 0 | 1), "{format}: {message}");
        assert!(!leaks(&out), "{format}: {}", &record[..40]);
        assert_eq!(memchr::memmem::find_iter(&out, b"phone_").count(), 10_000, "{format}: {}", &record[..40]);
        assert_eq!(memchr::memmem::find_iter(&out, b"lorem-ipsum").count(), 900_000, "{format}");
    }
}

/// None may be read to its end for each of its elements.
#[test]
fn lists_of_names_of_a_megabyte() {
    let engine = engine("web-minimal", TagMode::None);
    let open =
        ["[\"password\",", "[\"phone\",\"phone\",", "[(\"token\",\"a b\"),", "[{\"user\", \"x\"}, ", "[\"[('\"'["];
    let flat = ["\"phone\",\"phone\",", "\"password\",\"x1\",", "\"cookie\",\"a=b\",", "'user',\"[('\","];
    let texts = open.map(|p| (String::new(), p)).into_iter().chain(flat.map(|p| ("[\"id\",\"1\",".into(), p)));
    for (front, part) in texts {
        let text = format!("{front}{}\nmobile={PHONE}\n", part.repeat((1 << 20) / part.len()));
        let out = rewrite(&mut engine.worker(), text.as_bytes());
        assert!(out.starts_with(&text.as_bytes()[..2]) && out.ends_with(b"\nmobile=REDACTED\n"), "{part}");
    }
}
