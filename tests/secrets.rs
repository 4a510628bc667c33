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
        (r#"{"value":"hunter2","name":"password"}"#, r#"{"value":"REDACTED","name":"password"}"#),
        (r#"{"value":"on"},{"name":"password"}"#, r#"{"value":"on"},{"name":"password"}"#),
        (r#"{"value":["on"],"name":"password"}"#, r#"{"value":["on"],"name":"password"}"#),
        // Spring, .NET, HTML
        (r#"<property name="password" value="hunter2"/>"#, r#"<property name="password" value="REDACTED"/>"#),
        (r#"<add key="password" value="hunter2"/>"#, r#"<add key="password" value="REDACTED"/>"#),
        ("<input value='hunter2' type='password'>", "<input value='REDACTED' type='password'>"),
        (
            r#"<input type="text" value="on"><input type="password">"#,
            r#"<input type="text" value="on"><input type="password">"#,
        ),
        (r#"<li data-name="password" value="on">"#, r#"<li data-name="password" value="on">"#),
        // Strings with a mark in front, and functions
        ("WITH PASSWORD = N'hunter2', x", "WITH PASSWORD = N'REDACTED', x"),
        ("SET password = E'hunter2' WHERE", "SET password = E'REDACTED' WHERE"),
        ("password = @\"hunter2\";", "password = @\"REDACTED\";"),
        ("password=MD5('hunter2')", "password=MD5('REDACTED')"),
        ("ALTER ROLE a PASSWORD 'hunter2x'", "ALTER ROLE a PASSWORD 'REDACTED'"),
        ("create user a valid until 'x' password 'hunter2x'", "create user a valid until 'x' password 'REDACTED'"),
        ("the field password 'policy'", "the field password 'policy'"),
        ("wrong password \"hunter2\" tried", "wrong password \"REDACTED\" tried"),
        (
            "login with password \"deid=pv:p@1#0f1e2d3c4b5a;cls:\"",
            "login with password \"deid=pv:p@1#0f1e2d3c4b5a;cls:\"",
        ),
        // A data source of Go's driver for MySQL, SASL in protocols of mail
        ("open REDACTED:hunt:er2@tcp(db:3306)/shop", "open REDACTED:REDACTED@tcp(db:3306)/shop"),
        ("C: AUTH PLAIN AGFsaWNlAHRyMHViNGRvcg==", "C: AUTH PLAIN REDACTED"),
        ("C: AUTH PLAIN tests of the whole protocol", "C: AUTH PLAIN tests of the whole protocol"),
        ("PsExec.exe \\\\srv -u a -p hunter2 cmd", "PsExec.exe \\\\srv -u a -p REDACTED cmd"),
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

/// Letters and digits that spell nothing, the same each time.
fn noise(n: usize, of: &str) -> String {
    let signs: Vec<char> = of.chars().collect();
    (0..n).map(|i| signs[(i * 7 + i / signs.len() * 3 + 5) % signs.len()]).collect()
}

#[test]
fn keys_of_issuers_go_wherever_they_stand() {
    let engine = engine("jdcloud-2021", TagMode::None);
    let mut worker = engine.worker();
    let any = "aB3dE6gH9jK2mN5pQ8sT1vW4xY7zC0f";
    let (hex, upper) = ("0f1e2d3c4b5a6978", "Q7W3E9R2T5Y8U1P4");
    let keys = [
        ("AKIA", 16, upper),
        ("AIza", 35, any),
        ("GOCSPX-", 28, any),
        ("dop_v1_", 64, hex),
        ("dapi", 32, hex),
        ("ghp_", 36, any),
        ("pypi-", 150, any),
        ("shpat_", 32, hex),
        ("sk-ant-api03-", 95, any),
        ("sk-proj-", 150, any),
        ("sk-", 32, hex),
        ("sk-or-v1-", 64, hex),
        ("SG.aB3dE6gH9jK2mN5pQ8sT1v.", 43, any),
        ("ya29.", 120, any),
        ("hvs.", 24, any),
        ("dp.pt.", 43, any),
        ("NRAK-", 27, upper),
        ("SEC", 64, hex),
        ("AGE-SECRET-KEY-1", 58, upper),
        ("123456789:AA", 33, any),
    ];
    let hooks = [
        "https://hooks.slack.example/services/T0AB1CD2E/B0AB1CD2EF/",
        "https://discord.example/api/webhooks/123456789012345678/",
        "https://open.feishu.example/open-apis/bot/v2/hook/",
        "https://qyapi.example/cgi-bin/webhook/send?key=",
        "https://maker.example/trigger/door/with/key/",
    ];
    let uuid = "0f1e2d3c-4b5a-4978-8697-a5b4c3d2e1f0";
    let tails = [noise(24, any), noise(68, any), uuid.into(), uuid.into(), noise(43, any)];
    let of_hooks = hooks.iter().zip(&tails).map(|(h, k)| (format!("{h}{k}"), k.clone()));
    let of_marks = keys.iter().map(|(mark, n, of)| (format!("{mark}{}", noise(*n, of)), noise(*n, of)));
    for (whole, key) in of_marks.chain(of_hooks) {
        for text in [
            format!("{whole}\n"),
            format!("using {whole}, then\n"),
            format!("GET /x?a={whole}&b=1 HTTP/1.1\n"),
            format!("{{\"msg\":\"sent \\\"{whole}\\\" to it\"}}\n"),
            format!("GET /x?a={} HTTP/1.1\n", percent(&format!("{whole} x"))),
        ] {
            let out = String::from_utf8(rewrite(&mut worker, text.as_bytes())).unwrap();
            assert!(!out.contains(&key) && out.contains("REDACTED"), "{text}{out}");
            assert_eq!(String::from_utf8(rewrite(&mut worker, out.as_bytes())).unwrap(), out, "a second pass");
        }
    }
}

#[test]
fn what_only_looks_like_a_key_stays() {
    let engine = engine("jdcloud-2021", TagMode::None);
    let mut worker = engine.worker();
    for text in [
        "class sk-spinner-double-bounce-of-the-page loaded\n",
        "GET /static/hf_background_of_the_front_page.1x.png HTTP/1.1\n",
        "trace sha256:0f1e2d3c4b5a69780f1e2d3c4b5a69780f1e2d3c4b5a69780f1e2d3c4b5a6978 done\n",
        "at com.example.Foo$1$MethodHandlerWithAVeryLongName.run(Foo.java:12)\n",
        "GET /services/Transport/Buses/abcdefghijklmnopqrstuvwx HTTP/1.1\n",
        "GET /webhooks/42/0f1e2d3c4b5a6978 HTTP/1.1\n",
        "see SG.example.com and npm_config_registry_of_this_whole_company\n",
        "dapper dapi0f1e2d3c and secrets SEC0f1e2d3c4b5a6978\n",
        "id 0f1e2d3c-4b5a-4978-8697-a5b4c3d2e1f0 of /webhook/0f1e2d3c-4b5a-4978-8697-a5b4c3d2e1f0\n",
    ] {
        assert_eq!(String::from_utf8(rewrite(&mut worker, text.as_bytes())).unwrap(), text);
    }
}
