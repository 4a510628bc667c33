//! Secrets hold any sign: what would end another value is part of them where it is escaped, quoted or cut by a window.

mod support;

use logveil::engine::TagMode;
use support::{engine, rewrite, run};

/// Stands at the end of each secret and nowhere else.
const CANARY: &str = "hunter2canary";

/// Signs that end values in one notation or another.
const SIGNS: &str = "& ;,='\"()[]{}<>|/?#\n\t+%\\:@!~";

fn percent(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

#[test]
fn escaped_signs_belong_to_the_value() {
    let engine = engine("jdcloud-2021", TagMode::None);
    let mut worker = engine.worker();
    for sign in SIGNS.chars() {
        for secret in [format!("ab{sign}{CANARY}"), format!("{sign}{CANARY}"), format!("{sign}a{sign}{CANARY}{sign}")] {
            let v = percent(&secret);
            for text in [
                format!(
                    "198.51.100.7 - - [23/Oct/2024:09:21:35 +0800] \"GET /x?u=1&password={v}&z=1 HTTP/1.1\" 200 5\n"
                ),
                format!("POST /x u=1&password={v}\n"),
                format!("Cookie: zz9={v}; tt={CANARY}; b=1\n"),
                format!("{{\"cookie\":\"a=1; zz9={v}; tt={CANARY}\"}}\n"),
                format!("{{\"log\":\"GET /x?password={v}&z=1 x\\n\",\"stream\":\"stdout\"}}\n"),
                format!("{{\"password\":\"{v}\",\"n\":1}}\n"),
                format!("{{password:\"{v}\",n:1}}\n"),
                format!("password: {v}\n"),
                format!("password:  {v}\n"),
                format!("password =  {v}\n"),
                format!("密码：{v}\n"),
                format!("<r><password>{v}</password></r>\n"),
                format!("/r?to=%2Flogin%3Fpassword%3D{}%26x%3D1&z=1\n", percent(&v)),
            ] {
                let out = rewrite(&mut worker, text.as_bytes());
                assert!(
                    memchr::memmem::find(&out, CANARY.as_bytes()).is_none(),
                    "{text}{}",
                    String::from_utf8_lossy(&out)
                );
                assert!(memchr::memmem::find(&out, b"REDACTED").is_some(), "{text}");
            }
        }
    }
}

#[test]
fn what_follows_a_value_stays() {
    let engine = engine("jdcloud-2021", TagMode::None);
    let mut worker = engine.worker();
    for (text, want) in [
        ("GET /x?password=a%26b%20c&z=1&n=a%20b HTTP/1.1\n", "GET /x?password=REDACTED&z=1&n=a%20b HTTP/1.1\n"),
        ("/r?to=%2Fl%3Fpassword%3Dabcd%26x%3D1&z=1\n", "/r?to=%2Fl%3Fpassword%3DREDACTED%26x%3D1&z=1\n"),
        (
            "d=%7B%22password%22%3A%22a%26b%22%2C%22x%22%3A1%7D&z\n",
            "d=%7B%22password%22%3A%22REDACTED%22%2C%22x%22%3A1%7D&z\n",
        ),
        ("Cookie: lang=zh%2DCN; zz9=a%20bcd; theme=dark\n", "Cookie: lang=zh%2DCN; zz9=REDACTED; theme=dark\n"),
    ] {
        let out = rewrite(&mut worker, text.as_bytes());
        assert_eq!(String::from_utf8_lossy(&out), want);
    }
}

#[test]
fn notations_of_keys_and_values() {
    let engine = engine("jdcloud-2021", TagMode::None);
    let mut worker = engine.worker();
    for (text, want) in [
        // Rails, PHP
        (r#"{"user"=>{"password"=>"ab hunter2"}, "x"=>1}"#, r#"{"user"=>{"password"=>"REDACTED"}, "x"=>1}"#),
        (r#"{:password=>"hunter2", :x=>1}"#, r#"{:password=>"REDACTED", :x=>1}"#),
        ("'password' => 'hunter2',", "'password' => 'REDACTED',"),
        (r#"{"order_id"=>13800138000}"#, r#"{"order_id"=>13800138000}"#),
        // Python, SQL
        (r"{'password': 'ab\'hunter2', 'x': 1}", "{'password': 'REDACTED', 'x': 1}"),
        ("SET password = 'ab''hunter2' WHERE id=1", "SET password = 'REDACTED' WHERE id=1"),
        ("password='' x='1'", "password='' x='1'"),
        // Headers and parameters as pairs: HTTP Archive, AWS WAF, GitLab
        (
            r#"[{"name":"Authorization","value":"Bearer hunter2"},{"name":"Host","value":"www"}]"#,
            r#"[{"name":"Authorization","value":"Bearer REDACTED"},{"name":"Host","value":"www"}]"#,
        ),
        (r#"[{"key":"password","value":"hunter2"}]"#, r#"[{"key":"password","value":"REDACTED"}]"#),
        (r#"{"name":"password"},{"value":"on"}"#, r#"{"name":"password"},{"value":"on"}"#),
        ("PGPASSWORD=hunter2 psql", "PGPASSWORD=REDACTED psql"),
    ] {
        let out = rewrite(&mut worker, text.as_bytes());
        assert_eq!(String::from_utf8_lossy(&out), want);
    }
}

#[test]
fn windows_cut_a_secret_anywhere() {
    for unit in ["\\\"", "\\\\\\\"", "x\\\"", "\\\\", "a&b;c,d", "a b)", "    b", "\\u0041", "%22", "%26x"] {
        for pad in 0..4 {
            let v = unit.repeat(300_000 / unit.len()) + CANARY;
            let nested = v.replace('\\', "\\\\").replace('"', "\\\"");
            let p = "p".repeat(pad);
            for text in [
                format!("{{\"a\":\"{p}\",\"password\":\"{v}\"}}\n"),
                format!("{{\"a\":\"{p}\",\"password\": \"  {v}\"}}\n"),
                format!("{{\"a\":\"{p}\",\"token\":\"{v}\"}}\n"),
                format!("{{\"a\":\"{p}\",\"m\":\"{{\\\"password\\\":\\\"{nested}\\\"}}\"}}\n"),
                format!("<a>{p}</a><password>{}</password>\n", v.replace('<', "")),
                format!("a={p} Authorization: Digest username=\"a\", x=\"{v}\"\n"),
            ] {
                let (code, out, message) = run(&["filter", "--tag", "none"], text.as_bytes());
                assert_eq!(code, 0, "{message}");
                assert!(memchr::memmem::find(&out, CANARY.as_bytes()).is_none(), "{unit} {pad} {}", &text[..60]);
            }
        }
    }
}

#[test]
fn elements_of_xml_are_keys() {
    let engine = engine("web-minimal", TagMode::None);
    let mut worker = engine.worker();
    for (text, want) in [
        ("<r><realName>张三</realName><n>1</n></r>", "<r><realName>REDACTED</realName><n>1</n></r>"),
        ("<ns:password>a b]c</ns:password>", "<ns:password>REDACTED</ns:password>"),
        ("<password><![CDATA[a<b]]></password>", "<password><![CDATA[REDACTED]]></password>"),
        ("<mobile><![CDATA[13800138001]]></mobile>", "<mobile><![CDATA[REDACTED]]></mobile>"),
        ("<realName><![CDATA[张三]] </realName>", "<realName><![CDATA[张三]] </realName>"),
        ("<Data Name=\"TargetUserName\">alice</Data>", "<Data Name=\"TargetUserName\">REDACTED</Data>"),
        ("<entry key='imei'>490154203237518</entry>", "<entry key='imei'>REDACTED</entry>"),
        ("<orderId>13800138001</orderId>", "<orderId>13800138001</orderId>"),
        ("<version>10.1.2.3</version>", "<version>10.1.2.3</version>"),
        ("<cookie>a=bcdef; g=h</cookie>", "<cookie>REDACTED</cookie>"),
        ("</password>abcdef<b>x</b>", "</password>abcdef<b>x</b>"),
        ("<a password=\"hunter2\" b='c'/>", "<a password=\"REDACTED\" b='c'/>"),
        (
            "usage: login <username> <password>, or <username> alone",
            "usage: login <username> <password>, or <username> alone",
        ),
        ("<Keywords>0x8020000000000000</Keywords>", "<Keywords>0x8020000000000000</Keywords>"),
        ("$user->password > abcdef", "$user->password > abcdef"),
        (r#"{"m":"<password>a\"b<\/password>\n"}"#, r#"{"m":"<password>REDACTED<\/password>\n"}"#),
    ] {
        let out = rewrite(&mut worker, text.as_bytes());
        assert_eq!(String::from_utf8_lossy(&out), want);
    }
}
