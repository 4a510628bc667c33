//! Where filters are known to leak: each value raw and in every carrier, on every kind of line.

mod support;

use b64::{STANDARD, URL, decode};
use logveil::engine::TagMode;
use support::{engine, rewrite};

/// A value, and the text that it stands in: `{}` marks its place.
const ROWS: &[(&str, &str)] = &[
    ("13800138000", "{}"),
    ("13800138000", "phone={}"),
    ("13800138000", "手机号{}已绑定"),
    ("18012341234", r#"{"p":"{}"}"#),
    ("13800138000", r#"{"phone":{}}"#),
    ("13800138000", r#"{"msg":"[login] phone {} [ok]"}"#),
    ("+8613800138000", "GET /sms?mobile={}&type=1 HTTP/1.1"),
    ("11010519491231002x", "身份证 {} 已核验"),
    ("632123820927051", "idCard={}"),
    ("820000199408230029", "居住证号：{}"),
    ("830000199201300022", "{}"),
    ("12345678", "台胞证：{}"),
    ("1234567890(B)", "台胞证：{}"),
    ("H12345678", "回乡证{}，"),
    ("203.0.113.77", "{}"),
    ("203.0.113.77", "client: {}:54321, server: x"),
    ("2408:8207:1234:5678::1", "{}"),
    ("2408:8207:1234:5678::1", "[{}]:443"),
    ("490154203237518", "imei={}"),
    ("1FE9A970-EFBB-29E0-0BDD-F5DBBF751AB5", "idfa={}"),
    ("E12345678", "护照{}"),
    ("6205500000000000004", "bankCard={}"),
    ("alice@example.com", "login {} ok"),
    ("d0:50:99:84:a2:a0", "mac={}"),
    ("91110000600037341L", "税务登记 {} 通过"),
    ("京A12345", "车牌{}，"),
    ("G123456(A)", "HKID {} ok"),
    ("A219758834", "身分證字號{}"),
    ("460001234567890", "imsi={}"),
    ("89860070310112094320", "iccid={}"),
    ("王小明", "姓名：{} "),
    ("482913", "验证码{}，5分钟内有效"),
    ("hunter2x", r#"["password","{}"]"#),
    ("hunter2x", r#"[('user', 'x'), ('password', '{}')]"#),
    ("abc.def-1", r#"{"rawHeaders":["Host","x","Authorization","Bearer {}"]}"#),
];

fn clean(text: &str) -> String {
    let engine = engine("web-minimal", TagMode::None);
    String::from_utf8(rewrite(&mut engine.worker(), text.as_bytes())).unwrap()
}

/// Writes a value as its carrier does.
type Writer = fn(&str) -> String;

/// How a value may be written inside its line.
const CARRIERS: &[(&str, Writer)] = &[
    ("raw", |v| v.into()),
    ("percent", |v| v.bytes().map(|b| format!("%{b:02X}")).collect()),
    ("percent, lower case", |v| v.bytes().map(|b| format!("%{b:02x}")).collect()),
    ("double percent", |v| v.bytes().map(|b| format!("%25{b:02X}")).collect()),
    ("json \\u", |v| v.encode_utf16().map(|u| format!("\\u{u:04x}")).collect()),
    ("nginx \\x", |v| v.bytes().map(|b| format!("\\x{b:02X}")).collect()),
    ("html", |v| v.chars().map(|c| format!("&#{};", c as u32)).collect()),
    ("html, hexadecimal", |v| v.chars().map(|c| format!("&#x{:x};", c as u32)).collect()),
    ("full width", |v| v.chars().map(wide).collect()),
];

fn wide(c: char) -> char {
    if c.is_ascii_graphic() { char::from_u32(c as u32 - 0x21 + 0xFF01).unwrap() } else { c }
}

/// Values that cannot be known in a carrier: what it would take is said.
fn impossible(carrier: &str, value: &str) -> bool {
    // Nothing but digits and at signs begins a full-width stretch, and a name has no other width.
    carrier == "full width" && !value.bytes().any(|b| b.is_ascii_digit() || b == b'@')
}

#[test]
fn no_row_leaks_in_any_carrier() {
    let mut leaks = Vec::new();
    for (value, line) in ROWS {
        for (name, write) in CARRIERS {
            let written = write(value);
            let text = line.replace("{}", &written);
            let out = clean(&format!("{text}\n"));
            if out.contains(&written) && !impossible(name, value) {
                leaks.push(format!("{name}: {text} -> {out}"));
            }
        }
    }
    assert_eq!(leaks, Vec::<String>::new());
}

/// How a terminal is told to begin and to end a colour, as it is and as carriers write it.
const COLOURS: &[(&str, &str)] = &[
    ("\x1b[31m", "\x1b[0m"),
    ("\x1b[01;31m\x1b[K", "\x1b[m\x1b[K"),
    ("\x1b[38;5;196m", "\x1b[39m"),
    ("\\u001b[31m", "\\u001b[0m"),
    ("\\x1B[31m", "\\x1B[0m"),
    ("#033[31m", "#033[0m"),
];

#[test]
fn no_row_leaks_in_colours() {
    let mut leaks = Vec::new();
    for (value, line) in ROWS {
        for (on, off) in COLOURS {
            for text in [
                line.replace("{}", &format!("{on}{value}{off}")),
                format!("{on}INFO{off} {line}").replace("{}", value),
                format!("{on}INFO{off}{on}{line}{off}").replace("{}", value),
            ] {
                let out = clean(&format!("{text}\n"));
                if out.contains(value) {
                    leaks.push(format!("{text:?} -> {out:?}"));
                }
            }
        }
    }
    assert_eq!(leaks, Vec::<String>::new());
}

/// Loggers for terminals colour keys, with or without their separator; what is not the value stays to the byte.
#[test]
fn coloured_keys_name_their_values() {
    for (on, off) in COLOURS {
        // In the text of a carrier quotes have escapes, too.
        let quote = if on.starts_with('\\') { "\\\"" } else { "\"" };
        for (front, back) in [
            (format!("{on}INFO{off}[0000] login  {on}password{off}="), ""),
            (format!("12:00 {on}INF{off} login {on}password={off}"), ""),
            (format!("{on}password{off}: {on}"), *off),
            (format!("{on}password{off}={quote}"), quote),
            (format!("{on}password{off}="), off),
        ] {
            let out = clean(&format!("{front}c0rrect-h0rse{back} n=1"));
            assert_eq!(out, format!("{front}REDACTED{back} n=1"));
        }
    }
}

#[test]
fn no_row_leaks_in_base64() {
    for (value, line) in ROWS {
        for json in [false, true] {
            let inner = line.replace("{}", value);
            let inner = if json { format!("{{\"x\":{}}}", serde_json::Value::from(inner)) } else { inner };
            if inner.len() < 11 {
                continue;
            }
            for style in [STANDARD, URL] {
                let run = style(inner.as_bytes());
                let out = clean(&format!("GET /p?data={run} HTTP/1.1\n"));
                assert!(!out.contains(&run), "{inner} in {run} leaks");
                let new = out.trim_start_matches("GET /p?data=").split(' ').next().unwrap();
                let decoded = decode(new).unwrap_or_else(|| panic!("{new} is no base64"));
                let decoded = String::from_utf8(decoded).unwrap();
                assert!(!decoded.contains(value), "{decoded}");
                if json {
                    serde_json::from_str::<serde_json::Value>(&decoded).unwrap();
                }
            }
        }
    }
}

/// The fields of a line of CSV, their quotes written once; nothing for what is none (RFC 4180).
fn csv(line: &str) -> Option<Vec<String>> {
    let (mut fields, mut rest) = (Vec::new(), line);
    loop {
        let mut field = String::new();
        if let Some(mut quoted) = rest.strip_prefix('"') {
            loop {
                let (part, tail) = quoted.split_once('"')?;
                field += part;
                let Some(more) = tail.strip_prefix('"') else {
                    rest = tail;
                    break;
                };
                field.push('"');
                quoted = more;
            }
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            field += &rest[..end];
            rest = &rest[end..];
        }
        fields.push(field);
        match rest.strip_prefix(',') {
            Some(more) => rest = more,
            None => return rest.is_empty().then_some(fields),
        }
    }
}

#[test]
fn no_row_leaks_in_json_in_a_field_of_csv() {
    for (value, line) in ROWS {
        let inner = line.replace("{}", value);
        let row = |json: &str| format!("7,\"{}\",\"say \"\"hi\"\"\"", json.replace('"', "\"\""));
        let string = format!("{{\"n\":1,\"x\":{}}}", serde_json::Value::from(inner.as_str()));
        // What is JSON itself, also as it is.
        let object = Some(inner).filter(|x| serde_json::from_str::<serde_json::Value>(x).is_ok_and(|v| !v.is_number()));
        for json in [Some(string), object].into_iter().flatten() {
            let text = row(&json);
            let out = clean(&format!("{text}\n"));
            assert!(!out.contains(value), "{text} -> {out}");
            assert_eq!(clean(&out), out, "{text}");
            let fields = csv(out.trim_end()).unwrap_or_else(|| panic!("{out} is no CSV"));
            assert_eq!((fields.len(), &fields[0][..], &fields[2][..]), (3, "7", "say \"hi\""), "{out}");
            let new: serde_json::Value = serde_json::from_str(&fields[1]).unwrap_or_else(|e| panic!("{e}: {out}"));
            assert!(!new.to_string().contains(value), "{out}");
            // The line as a string of JSON.
            let out = clean(&format!("{{\"row\":{}}}\n", serde_json::Value::from(text)));
            let outer: serde_json::Value = serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}: {out}"));
            let fields = csv(outer["row"].as_str().unwrap()).unwrap_or_else(|| panic!("{out} is no CSV"));
            assert!(!out.contains(value) && !fields[1].contains(value), "{out}");
            assert!(serde_json::from_str::<serde_json::Value>(&fields[1]).is_ok(), "{out}");
        }
    }
}

#[test]
fn no_row_leaks_in_hexadecimal_digits() {
    for (value, line) in ROWS {
        let inner = line.replace("{}", value);
        for upper in [false, true] {
            let run: String =
                inner.bytes().map(|b| if upper { format!("{b:02X}") } else { format!("{b:02x}") }).collect();
            if inner.len() < 7 {
                continue;
            }
            let out = clean(&format!("type=PROCTITLE proctitle={run} x=1\n"));
            let new = out.strip_prefix("type=PROCTITLE proctitle=").and_then(|o| o.strip_suffix(" x=1\n")).unwrap();
            let pair = |i: usize| u8::from_str_radix(&new[i..i + 2], 16).unwrap();
            let decoded = String::from_utf8((0..new.len()).step_by(2).map(pair).collect()).unwrap();
            assert!(!decoded.contains(value), "{inner}\n{decoded}");
        }
    }
}

#[test]
fn a_secret_that_could_be_decoded_goes_whole() {
    let hex = |v: &str| v.bytes().map(|b| format!("{b:02x}")).collect::<String>();
    let texts = ["hunter2 is no good", "user:c0rrect-h0rse", "{\"mobile\":\"13800138000\"}", "a=1;b=203.0.113.7"];
    for text in texts {
        for run in [STANDARD(text.as_bytes()), URL(text.as_bytes()), hex(text), hex(text).to_uppercase()] {
            for line in [
                "GET /p?password={}&n=1 HTTP/1.1",
                "GET /p?n=1&access_token={} HTTP/1.1",
                "password={} n=1",
                "level=info token={} n=1",
                "api_key: {}",
                "Cookie: session={}; n=1",
                "Authorization: Bearer {}",
                "X-Api-Key: {}",
                "{\"password\":\"{}\",\"n\":1}",
                "{\"x\":\"{\\\"password\\\":\\\"{}\\\"}\"}",
                "tool --password {} -v",
                "mysql -p{} -u root",
                "<password>{}</password>",
            ] {
                let out = clean(&line.replace("{}", &run));
                // Nothing of it is left, but for the sign that pads it.
                let (front, back) = line.split_once("{}").unwrap();
                let rest =
                    out.strip_prefix(front).and_then(|o| o.strip_suffix(back)).unwrap_or_else(|| panic!("{out}"));
                assert!(rest.starts_with("REDACTED") || rest.contains('_'), "{line} with {run}: {out}");
                assert!(!run.as_bytes().windows(8).any(|w| rest.as_bytes().windows(8).any(|r| r == w)), "{out}");
            }
        }
    }
}

/// Base64 of another make than the one under test.
mod b64 {
    fn with(v: &[u8], alphabet: &[u8; 64], pad: bool) -> String {
        let mut out = String::new();
        for c in v.chunks(3) {
            let n = c.iter().fold(0u32, |n, &b| n << 8 | u32::from(b)) << (8 * (3 - c.len()));
            for i in 0..=c.len() {
                out.push(alphabet[(n >> (18 - 6 * i) & 63) as usize] as char);
            }
            if pad {
                out.push_str(&"="[..].repeat(3 - c.len()));
            }
        }
        out
    }
    const STD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const WEB: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    pub const STANDARD: fn(&[u8]) -> String = |v| with(v, STD, true);
    pub const URL: fn(&[u8]) -> String = |v| with(v, WEB, false);
    pub fn decode(text: &str) -> Option<Vec<u8>> {
        let digit =
            |b: u8| STD.iter().position(|&x| x == b).or_else(|| WEB.iter().position(|&x| x == b)).map(|i| i as u32);
        let body = text.trim_end_matches('=').as_bytes();
        let mut out = Vec::new();
        for c in body.chunks(4) {
            let mut n = 0;
            for &b in c {
                n = n << 6 | digit(b)?;
            }
            n <<= 6 * (4 - c.len());
            out.extend(n.to_be_bytes()[1..c.len()].iter());
        }
        Some(out)
    }
}

/// What stands next to values and is none.
#[test]
fn what_is_no_identifier_stays() {
    for text in [
        "Mozilla/5.0 Chrome/120.0.0.0 Safari/537.36",
        "order 99138001380005521",
        "E12345678",
        "H12345678 in stock",
        "f123456(7) and AY987654(A)",
        "京A12345号文件",
        "坐标(1,2)，进度 12:30:45",
        "用户登录成功，客户经理已分配",
        "com.example.TelephonyManagerService started",
        "sha1 9fceb02d0ae598e95dc970b74767f19372d61af8",
        "GET /static/vendor.8f14e45fceea167a5a36dedd4bea2543.js HTTP/1.1",
        "uid=0 gid=1000 euid=0",
        "user=root session opened",
        "ruser= rhost=",
        "验证码错误",
        "color #E4E4E4, issue #2234",
        "{\"uid\":\"CHhAvVGS1DHFjwGM9\"}",
        "name=click {\"name\":\"首页展示\"}",
        "v9.4.2.1 1732345905123 1.3.6.1.4.1.311.21.8",
        "2016-09-28 04:30:31, Info                  CBS    Session: 30546173_4261722401 initialized by client X.",
        "app token=Token{a64f992 ActivityRecord{de9231d u0}}",
        "Bad activity token: android.os.BinderProxy@2bd79ce",
        "<Security UserID=\"S-1-5-18\" />",
    ] {
        assert_eq!(clean(text), text);
    }
}

/// Four numbers that are a version, told by what stands around them in the names of clients and libraries.
const VERSIONS: &[&str] = &[
    "Mozilla/4.0 (compatible; MSIE 4.01; Windows CE; PPC)/7.6.1.82/31/400",
    "Mozilla/4.0+(compatible;+MSIE+4.01;+Windows+CE;+PPC)/7.6.1.82/31/400",
    "Mozilla/5.0 (Linux mipsel; U; HbbTV/1.1.1 (; TOSHIBA; DTV_RL838; 55.4.02.0; t12; ) ; ToshibaTP/1.3.0",
    "Mozilla/5.0 (Linux; U; HbbTV/1.2.1 (+DRM; ACME; X1; 7.0.21.6; 8.1.2.3; ))",
    "Mozilla/5.0 (Linux; U; Android 2.3.3; de-at; HTC/Sensation/1.27.163.1 Build/GRI40) AppleWebKit/533.1",
    "Mozilla/5.0(YAdSDK; 1.9.2.1); (Linux; U)",
    "NetFront/3.5.1 (BREW 5.0.2.1; U; en-us)",
    "Mobile Safari/533.1 baidubrowser/061_3.9.5.2_diordna_084_023/spla_01",
    "InnoDB: Compressed tables use zlib 1.128.3.4",
];

#[test]
fn versions_in_the_names_of_clients_stay() {
    for text in VERSIONS {
        assert_eq!(clean(text), *text);
    }
}

/// Addresses in the same places, where nothing says version.
#[test]
fn addresses_in_the_names_of_clients_go() {
    for text in [
        "Mozilla/5.0 (compatible; bot; +http://203.0.113.77/)",
        "Mozilla/5.0 (compatible; bot; 203.0.113.77)",
        "App/1.0 (iPhone; 203.0.113.77; zh)",
        "App/1.0 (SDK; 10.0.0.77)",
        "App/1.0 (iPhone; zh; de; 203.0.113.77; x)",
        "HbbTV/1.1.1 (; 203.0.113.77; X1; 1.0; )",
        "(HTC; One; 203.0.113.77)",
        "Mozilla/5.0 (Linux; U; proxy/edge/203.0.113.77 x)",
        "Mozilla/5.0 (Linux; U; rack/edge/10.0.0.77 x)",
        "peer HTC/Sensation/203.0.113.77",
        "GET /pool/web/203.0.113.77 HTTP/1.1",
        "call f(x)/203.0.113.77/31",
        "Mozilla/5.0 (Linux) 203.0.113.77",
        "Mozilla/5.0 (Linux; U) /203.0.113.77",
        "dump_042_203.0.113.77_x",
        "/data/042_203.0.113.77_x",
        "ok; 203.0.113.77; 10.0.0.77",
    ] {
        let out = clean(text);
        assert!(!out.contains("0.113.77") && !out.contains("0.0.77"), "{text} -> {out}");
    }
}

/// What differs from those in little is a secret.
#[test]
fn secrets_that_look_like_objects_go() {
    for (text, value) in [
        ("session: 30546173_4261722401", "30546173"),
        ("Info CBS    Session: a30546173_4261722401", "30546173"),
        ("token=Token{a64f992b1c0d4e55", "a64f992b"),
        ("token=alice@2bd79ce", "2bd79ce"),
        ("token=x.y@2bd79ce1", "2bd79ce1"),
        ("{\"token\":\"a.b.C@2bd79ce\"}", "2bd79ce"),
        ("{\"token\":\"correcthorse\"}", "correcthorse"),
        ("{\"session_id\":\"abcdefgh\"}", "abcdefgh"),
        ("token:'correcthorse'", "correcthorse"),
        ("UserID=\"S-1-5-21-397955417-626881126-188441444-1001\"", "626881126"),
    ] {
        let out = clean(text);
        assert!(!out.contains(value), "{text} -> {out}");
    }
}
