//! Secrets in sentences and on command lines, where no key stands before them, and what only looks like one.

mod support;

use logveil::engine::TagMode;
use support::{engine, rewrite};

/// Each secret stands in `«»`; nothing else may change.
const SENTENCES: &[&str] = &[
    // One-time codes.
    "Your verification code is «482913».",
    "Your verification code is: «482913», valid for 5 minutes",
    "Your Example code is «4829»",
    "Your code: «482913»",
    "{\"sms\":\"Your login code is «482913».\",\"n\":7}",
    "{\"sms\":\"«482913» is your Example verification code\",\"to\":\"x\"}",
    "sms sent: G-«482913» is your Example verification code.",
    "Use «482913» as your login code",
    "Enter «482913» to verify your account",
    "One-time password (OTP) for login is «482913»",
    "OTP is «482913»",
    "OTP «482913» for login",
    "«482913» is the OTP for your order",
    "Your PIN is «4829»",
    "GET /sms?m=Your+verification+code+is+«482913»&n=1",
    "GET /sms?m=Your%20verification%20code%20is%20«482913»&n=1",
    "您的验证码为«482913»，5分钟内有效",
    "您的验证码是 «482913»，请勿泄露",
    "验证码【«482913»】",
    "验证码(«482913»)，5分钟内有效",
    "动态密码为«482913»",
    "【例】«482913»（登录验证码），请勿转发",
    "«482913»是您的验证码",
    "«482913» 是您的登录验证码",
    "«482913»(登录验证码)",
    // Passwords and accounts.
    "用户名为«zhangsan01»，密码为«abc@123456»。",
    "密码是 «abc@123456»",
    // Options of command lines.
    "COMMAND=/usr/bin/mysql --user root --password «hunter2x9» -h db",
    "[\"mysql\",\"--password\",\"«hunter2x9»\",\"-h\",\"db\"]",
    "argv: ['tool', '--api-key', '«k-0123456789abcdef»']",
    "run: tool --token '«k-0123 456789»' --verbose",
    // Private keys in one line.
    "-----BEGIN RSA PRIVATE KEY----- «MIIEowIBAAKCAQEA7bq» -----END RSA PRIVATE KEY-----",
    "{\"x\":\"-----BEGIN PRIVATE KEY-----\\n«MIIEvQIBADANBgkq\\nhkiG9w0BAQEFAASC»\\n-----END PRIVATE KEY-----\\n\",\"n\":1}",
    // Keys with a mark of their issuer.
    "key «AKIAIOSFODNN7EXAMPLE» used",
    "push with «ghp_0a1b2c3d4e5f6g7h8i9j0a1b2c3d4e5f6g7h» ok",
    "id=7 «LTAI4GabcdefGHIJKLMN0123» x",
    // Blanks and tabs between keys and values.
    "password:          «hunter2x9»",
    "Authorization:\tBearer «abcdefghijklmnop»",
    "{\"password\":\t\"«hunter2x9»\"}",
    "{\"password\"\t:\t\"«hunter2x9»\",\"n\":1}",
    "password\t= «hunter2x9»",
    "password =\t«hunter2x9»",
    // What languages write around a value.
    "{'password': b'«hunter2x9»', 'n': 1}",
    "{'password': u'«hunter2x9»'}",
    "User { password: Some(\"«hunter2x9»\"), n: 1 }",
    "{Authorization=[Bearer «abcdef0123456789»], Cookie=[sid=«abcdef0123456789»], password=[«hunter2x9»]}",
    "map[Authorization:[Bearer «abcdef0123456789»] Password:[«hunter2x9»]]",
    "http.Header{\"Authorization\":[]string{\"Bearer «abcdef0123456789»\"}, \"X\":[]string{\"y\"}}",
    "Map(password -> «hunter2x9», n -> 1)",
    // Keys of two words.
    "Account Name:\t\t«zhangsan»",
    "Access Key: «abcdef0123456789»",
    "Session ID: «abcdef0123456789»",
    "phone: «(202) 555-0143» x",
    "phone: «202 555 0143» x",
    "Phone Number: «2025550143»",
    // Signs that a query does not escape.
    "GET /x?u=1&password=«a)b;c,d]e|f}hunter2x9»&z=1 HTTP/1.1",
    "GET /x?password=«ab)hunter2x9» HTTP/1.1",
    "see (http://x.example/?token=«abcdefgh»), then",
    "see (http://x.example/?token=«abcdefgh»). Then",
    "链接(/x?token=«abcdefgh»)已过期",
    "url=/x?token=«abcdefgh», status=200",
    "url=/x?token=«abcdefgh»,status=200",
    // Parts of forms.
    "body=--x\\x0D\\x0AContent-Disposition: form-data; name=\\x22password\\x22\\x0D\\x0A\\x0D\\x0A«hunter2x9»\\x0D\\x0A--x",
    "{\"body\":\"--x\\r\\nContent-Disposition: form-data; name=\\\"password\\\"\\r\\n\\r\\n«hunter2x9»\\r\\n--x--\"}",
    // Elements with attributes, numbers of addresses.
    "<r><wsse:Password Type=\"http://x.example/#PasswordText\">«hunter2x9»</wsse:Password></r>",
    "<password type='plain'>«hunter2x9»</password>",
    "client_ip=«3405803783» n=34",
    "topic /device/«490154203237518»/up payload=ok",
    "GET /api/devices/«550e8400-e29b-41d4-a716-446655440000»/state HTTP/1.1",
    "msg &lt;password&gt;«hunter2x9»&lt;/password&gt; end",
    "{&quot;password&quot;:&quot;«hunter2x9»&quot;,&quot;n&quot;:1}",
    "<d v='{&quot;user_name&quot;:&quot;«zhangsan»&quot;,&quot;password&quot;:&quot;«hunter2x9»&quot;}'/>",
    "dn: uid=«zhangsan»,ou=people,dc=example,dc=com",
    // Accounts in sentences.
    "FATAL:  password authentication failed for user \"«zhangsan»\"",
    "FATAL:  role \"«zhangsan»\" does not exist",
    "FATAL,28000,\"role \"\"«zhangsan»\"\" does not exist\",,,",
    "pam_unix(su:session): session opened for user root(uid=0) by «zhangsan»(uid=1000)",
    "sshd[1]: input_userauth_request: invalid user «zhangsan» [preauth]",
    "ftpd[1]: user «zhangsan»: no such user",
    "AH01617: user «zhangsan»: authentication failure for \"/\": Password Mismatch",
    "AH01618: user «zhangsan» not found: /x",
    "    5 Connect\t«zhangsan»@localhost on db using TCP/IP",
    "root@localhost and git@localhost and x@localhostname",
    "Login failed for user '«123456789»'",
    "user «123456789» logged in",
    "0,FATAL,28P01,\"password authentication failed for user \"\"«zhangsan»\"\"\",,,",
    "Access denied for user '«zhangsan»'@'db.example.com' (using x: YES)",
    "user '«zhangsan»' authenticated and granted access to vhost '/'",
    "{\"msg\":\"user \\\"«zhangsan»\\\" logged in\"}",
    "Group <VPN> User <«li.lei»> assigned to session",
    "authentication of user [«zhangsan»] failed",
    "pam_unix(sshd:session): session opened for user «zhangsan»(uid=1000) by (uid=0)",
    "pam_unix(sshd:session): session closed for user «zhangsan»",
    "systemd-logind[1]: New session 5 of user «zhangsan».",
    "User «zhangsan» logged in",
    "{\"message\":\"User «zhangsan» signed in\"}",
    "passwd[5]: password changed for «zhangsan»",
    "sudo: «zhangsan» : user NOT in sudoers ; TTY=pts/0 ; PWD=/ ; USER=root",
    "dovecot: imap-login: Login: user=<«zhangsan»>, method=PLAIN, session=<«abcdEFGH1234»>",
    "Login: username: «zhangsan»",
    "clone https://«zhangsan»:«hunter2x9»@example.com/ done",
    "https://«user»:«hunter2x9»@example.com/",
    "acct=\"«zhangsan»\" exe=\"/usr/sbin/sshd\"",
    "{\"userId\":\"«zhangsan»\",\"principalName\":\"«lisi»\"}",
    "User «zhangsan» (id 5) signed in from a new device",
    "用户[«zhangsan»]登录成功",
    "用户 «zhangsan» 退出",
    "{\"user\":{\"id\":7,\"roles\":[{\"name\":\"admin\"}],\"name\":\"«zhangsan»\"},\"host\":{\"name\":\"web-1\"}}",
    "==> Parameters: 7(Long), «王小明»(String), 北京(String)",
    "x [[\"Authorization\",\"Bearer «abcdef0123456789»\"],[\"Accept\",\"*/*\"]]",
    "GET /wx?session_key=«abcdEFGH0123456789==»&x=1 HTTP/1.1",
    "GET /login?mobile=x&code=«482913»&t=1795399905008 HTTP/1.1",
    "GET /callback?code=«4%2F0AY0e-g7abcdefGHIJKL»&state=x HTTP/1.1",
    "AccountKey=«abcdEFGH0123456789abcdEFGH0123456789==»;EndpointSuffix=example.net",
    "GET /blob?sv=1&sig=«abcdEFGH0123456789abcdEFGH%3D»&se=1 HTTP/1.1",
    "GET /f?X-Goog-Date=1&Signature=«abcdEFGH0123456789/abcd%2BEFGH%3D» HTTP/1.1",
    "{\"imei\":\"«490154203237518»,«352099001761481»\",\"n\":1}",
    "last user x\npassword changed for «zhangsan»",
    // Columns of SQL.
    "INSERT INTO users (id, `password`, state) VALUES (1,'«hunter2x9»','x'), (2, '«it''s hunter)3»', now())",
    "INSERT INTO t (name, password) VALUES (N'«张三丰»', crypt('«hunter2x9»', 8))",
    "insert into users(password) values('«hunter2x9»')",
    "{\"sql\":\"INSERT INTO t (\\\"user_name\\\",\\\"password\\\") VALUES ('«zhangsan»',\\\"«hunter2x9»\\\")\"}",
];

/// What stays.
const PLAIN: &[&str] = &[
    "error code is 10054",
    "your error code is 10054",
    "login failed with code 10034",
    "login failed: code 10034",
    "exited with 1234 as status code",
    "returned 5000 as result",
    "order 482913 is your latest",
    "zip code is 94103",
    "port is 54321, limit is 4096 to verify",
    "2024年验证码发送量",
    "等待5000，验证码已发送",
    "验证码错误，错误码10034",
    "密码为8-20位字符",
    "密码为MD5加密",
    "密码为空",
    "用户名为空",
    "option --password is required",
    "--token must be set",
    "--token-count 512 --verbose",
    "git commit -m x --author-date 2024 -- --password",
    "-----BEGIN CERTIFICATE----- MIIEowIBAAKCAQEA7bq -----END CERTIFICATE-----",
    "------------------------------",
    "sk-some-very-long-name-of-a-componentwithoutend",
    "AKIAIOSFODNN7EXAMPLES",
    // An empty value of LTSV.
    "host:\tuser:\ttoken:\treferer:-\tua:-",
    "bytes:\t13800138001",
    "INSERT INTO t (name, password) VALUES ($1, ?), (:name, @password), (%s, DEFAULT)",
    "INSERT INTO t (id, state) VALUES (1, 'x')",
    "VALUES (password) are required",
    "Content-Disposition: form-data; name=\"note\"",
    "a->b -> c token-> x",
    "{\"s户名:d\":{\"value\":\"x\"},\"password:b\":{\"value\":\"x\"}}",
    "{\"<password>n\":[\"</\",\"</\"]}",
    "<td class=\"name\">x</td><a href=\"/password\">reset</a>",
    "clientip=5 vip=12345678901",
    "Process ID: 12345 Thread Name: main File Name: a.txt",
    "{\"bytes\":      13800138001}",
    "user agent logged, the user has logged in, User session logged out, for user input",
    "number of user requests. user \"-\" user 'root' cmd user <name> --user=<user> user \"a b c\"",
    "role \"editor\" granted, session opened for user root(uid=0)",
    "uid=0 uid=root user_id=null userId=true",
    "new session 7\nlist of user lisi.",
    "{\"user\":{\"name\":12345678},\"location\":\",\"}",
    "x DHCPACK(br0)\n3c-22 lisi",
    "用户 token 已过期，用户 id 已注销，用户登录失败",
    "GET /x?code=482913&t=1 HTTP/1.1 code=482913 {\"code\":\"ABCDEFGH12345678\"} /x?phone=x code=4829",
    "GET /x?mobile=x&code=200 HTTP/1.1",
    "the bearer of good news 2024, bearer token required",
    "GET /x?sign=0123456789abcdef0123456789abcdef&signature=0123456789abcdef0123456789abcdef HTTP/1.1",
    "{\"signature\":\"MEUCIQabcdEFGH0123456789abcdEFGH\"}",
    "{\"pod\":{\"name\":\"web-7\"},\"user\":{\"agent\":{\"name\":\"curl\"}}}",
    "北京(String), 2024(String)",
];

#[test]
fn sentences_and_command_lines() {
    let engine = engine("jdcloud-2021", TagMode::None);
    let mut worker = engine.worker();
    for sentence in SENTENCES {
        let text = format!("{}\n", sentence.replace(['«', '»'], ""));
        let out = String::from_utf8(rewrite(&mut worker, text.as_bytes())).unwrap();
        let mut rest = &out[..];
        for (i, piece) in format!("{sentence}\n").split(['«', '»']).enumerate() {
            if i % 2 == 1 {
                assert!(!out.contains(piece), "{sentence}\n{out}");
                continue;
            }
            let at = rest.find(piece).unwrap_or_else(|| panic!("{piece:?} is gone: {sentence}\n{out}"));
            let replaced = i == 0
                || matches!(&rest[..at], "REDACTED")
                || ["acct_", "uid_", "phone_", "fdde:", "imei_", "devid_", "张**", "王**"]
                    .iter()
                    .any(|p| rest[..at].starts_with(p));
            assert!(replaced, "{sentence}\n{out}");
            rest = &rest[at + piece.len()..];
        }
    }
}

#[test]
fn a_long_password_is_not_cut_in_two() {
    let engine = engine("jdcloud-2021", TagMode::None);
    let out = rewrite(&mut engine.worker(), format!("密码为{}\n", "x7".repeat(500)).as_bytes());
    assert_eq!(String::from_utf8_lossy(&out), "密码为REDACTED\n");
}

#[test]
fn what_only_looks_like_a_secret_stays() {
    let engine = engine("jdcloud-2021", TagMode::None);
    let mut worker = engine.worker();
    for text in PLAIN {
        let text = format!("{text}\n");
        let out = rewrite(&mut worker, text.as_bytes());
        assert_eq!(String::from_utf8_lossy(&out), text);
    }
}
