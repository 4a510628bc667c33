//! What fuzzing found stays found: every input of `fuzz/regressions` is held against the laws again.

#[path = "../fuzz/src/laws/mod.rs"]
mod laws;

use std::path::Path;

fn replay(name: &str, law: laws::Law) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/regressions").join(name);
    let mut count = 0;
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        println!("{}", path.display());
        law(&std::fs::read(path).unwrap());
        count += 1;
    }
    assert!(count > 0, "no regressions of {name}");
}

#[test]
fn engine() {
    replay("engine", laws::engine::check);
}

#[test]
fn json() {
    replay("json", laws::json::check);
}

#[test]
fn input() {
    replay("input", laws::input::check);
}

/// An escape that decodes to nothing hides no other carrier in its token.
#[test]
fn values_beside_dead_escapes_go() {
    let engine = laws::constant();
    for dead in ["%95x", "%01", "%2", "%zz", "%00%80%BF"] {
        for value in ["138\u{2011}0013\u{2011}8001", "eyJtb2JpbGUiOiIxMzgwMDEzODAwMSJ9", "&#49;3800138001"] {
            let text = format!("note={dead}&mobile={value}&x=1\n");
            let out = laws::rewrite(&engine, laws::sniffed(&engine, text.as_bytes()), text.as_bytes());
            let out = String::from_utf8(out).unwrap();
            assert!(!out.contains(value), "{text} -> {out}");
        }
    }
}

/// What the laws plant goes by itself.
#[test]
fn plants_of_every_format_and_carrier() {
    assert_eq!(laws::carriers::plants_alone(&laws::constant()), Vec::<String>::new());
}

/// The samples keep the laws of layouts and of input, too.
#[test]
fn samples() {
    for name in ["access.log", "telemetry.ndjson", "service-zh.log"] {
        let text = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name)).unwrap();
        laws::engine::check(&text);
        laws::json::check(&text);
        laws::input::check(&text);
        laws::layout::check(&[br#"%h %l %u %t "%r" %>s %b"#, &b"\n"[..], &text].concat());
    }
}

/// Values that leaked once, beside the escapes or marks that hid them.
#[test]
fn values_beside_escapes_go() {
    let engine = laws::constant();
    for (line, secret) in [
        ("tel 138 0013 8001%2C ok", "0013"),
        ("mail li.lei%40example.com C:\\dir", "li.lei"),
        ("path=C:\\new password=\"hunter2\"", "hunter2"),
        ("a%20b&password=\"hunter2\"", "hunter2"),
        ("path=C:\\new user password= \"hunter2\"", "hunter2"),
        ("2026-11-23 10:11:45 INFO [main] c.e.shop.Users - 13800138001 registered", "13800138001"),
        ("x +8> 13800138001", "13800138001"),
        ("no %20138 0013 8001%20", "0013 8001"),
        ("no 138 0013 800%31", "0013 800"),
        ("call at (13800138001)", "13800138001"),
        ("mac #D0-50-99-84-A2-A0# seen", "50-99"),
        ("Authorization: Authorization: Bearer c0rrectH0rse99", "c0rrect"),
        ("authorization=\"c0rrect horse\"", "c0rrect"),
        ("Authorization: \\\"Beare\ttoken=c0rrect-h0rse\tr x", "h0rse"),
        ("密码：１２３中４ tail", "４"),
        ("ip-10-0-0-7.internal 上报 IMEI 490154203237518，重建完成之后的网关是．０", "10-0-0-7"),
        ("password:\"}x,y\" and token:\",z\"", "x,y"),
    ] {
        let out = String::from_utf8(laws::rewrite(&engine, logveil::engine::Format::Text, line.as_bytes())).unwrap();
        assert!(!out.contains(secret), "{out}");
    }
}

/// An apostrophe opens no value that runs on behind its parameter or its string.
#[test]
fn apostrophes_end_with_their_carrier() {
    let engine = laws::constant();
    for (line, secret, kept) in [
        (r#""GET /?token='+or+1=1--&n=7 HTTP/1.1" 200 "it's""#, "or+1", "&n=7 HTTP/1.1\" 200 \"it's\""),
        (r#""GET /?n=7&token='abc HTTP/1.1" 200 5"#, "abc", " HTTP/1.1\" 200 5"),
        (r#""GET /?token='abc'&n=7 HTTP/1.1" 200 5"#, "abc", "'&n=7 HTTP/1.1\" 200 5"),
        (r#""POST /x HTTP/1.1" 401 "password='ab c" 200"#, "ab c", "\" 200"),
        (r#"{"hint":"token:'","n":"don't"}"#, "hint\":\"'", r#","n":"don't"}"#),
        (r#"password='a b&c"d' x"#, "b&c\"d", "' x"),
    ] {
        let out = String::from_utf8(laws::rewrite(&engine, logveil::engine::Format::Text, line.as_bytes())).unwrap();
        assert!(!out.contains(secret) && out.contains(kept), "{out}");
    }
}
