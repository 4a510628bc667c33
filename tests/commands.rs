//! Passwords on command lines behind short options: in the logs of cron, sudo, auditd and shells, and in lists of arguments.

mod support;

use logveil::engine::TagMode;
use support::{engine, rewrite};

/// What is in `«»` must go and nothing else may change.
const COMMANDS: &[&str] = &[
    "(root) CMD (mysqldump -uroot -p«S3cretPw» shop | gzip > /backup/shop.sql.gz)",
    "COMMAND=/usr/bin/mysql -h db -p«S3cretPw» shop",
    "+ mysqldump -uroot -p'«S3cret Pw»' shop > /tmp/x && scp -pr a b",
    "mysql -p«S3,cr]et» shop",
    "[mysqldump, -uroot, -p«S3cretPw», shop]",
    "{\"cmd\":[\"mysql\",\"-uroot\",\"-p«S3cretPw»\"],\"n\":1}",
    "{\"cmd\":\"mysql -uroot -p«S3cretPw» shop\"}",
    "{\"log\":\"+ mysql -uroot -p\\\"«S3cretPw»\\\" shop\\n\",\"stream\":\"stderr\"}",
    "type=EXECVE msg=audit(1700000000.123:42): argc=3 a0=\"mysql\" a1=\"-uroot\" a2=\"-p«S3cretPw»\"",
    "type=EXECVE msg=audit(1700000000.123:42): argc=4 a0=\"redis-cli\" a1=\"-a\" a2=\"«S3cretPw»\" a3=\"ping\"",
    "mysql -u «alice» -p«S3cretPw»",
    "sshpass -p «S3cretPw» ssh -p 2222 root@host",
    "curl -u «alice»:«S3cretPw» https://example.com/api",
    "curl -sku '«alice»:«S3cretPw»' https://example.com/api",
    "curl -u«alice»:«S3cretPw» https://example.com/api",
    "curl --proxy-user «alice»:«S3cretPw» https://example.com/api",
    "['curl', '-u', '«alice»:«S3cretPw»', 'https://example.com']",
    "ldapsearch -x -D \"cn=admin,dc=example\" -w «S3cretPw» -b dc=example",
    "redis-cli -h db -a «S3cretPw» ping",
    "[\"redis-cli\",\"-a\",\"«S3cretPw»\",\"ping\"]",
    "docker login -u «alice» -p «S3cretPw» registry.example.com",
    "mongodump --host db -u admin -p «S3cretPw»",
    "C:\\tools\\sqlcmd.exe -S srv -U sa -P \"«S3cretPw»\" -Q \"select 1\"",
    "C:\\tools\\x.exe --password \"«S3cretPw»\" -Q",
    "sqlplus -S «scott»/«S3cretPw»@//db:1521/x",
    "smbclient //srv/share -U «alice»%«S3cretPw»",
    "lftp -u «alice»,«S3cretPw» sftp://host",
    "openssl rsa -in k.pem -passin pass:«S3cretPw»",
    "keytool -list -keystore k.jks -storepass «S3cretPw»",
    "htpasswd -bc /etc/htpasswd «alice» «S3cretPw»",
    "htpasswd -nb «alice» «S3cretPw»",
    "zip -P «S3cretPw» a.zip f; unzip -l b.zip",
    "7z a -p«S3cretPw» a.7z f",
    "usermod -p '«$6$salt$hash»' root",
    // Nothing to hide.
    "mysql -u root -p shop",
    "mysql -p$MYSQL_PWD shop; mkdir -pv /backup",
    "mysql -p${PW} -u root | tar -pxf -",
    "mysqldump -uroot --all-databases && cp -pr a b",
    "ssh -p 2222 host; mkdir -p /var/log/app; cp -pr a b",
    "docker run -p 8080:80 nginx, docker login is deprecated, use -p with care",
    "ps -u alice -p 1234",
    "redis-cli -a is unsafe, see the manual",
    "curl -u https://example.com",
    "tar -P -u a, http -a b",
    "see http://example.com/mysql/ -p8080",
    "openssl s_client -key k.pem -passin env:PW",
    "[\"mysql\",\"-p\",\"-u\",\"root\"]",
    "a -",
    "mysql -p",
    "curl -u ",
    "curl -u \"",
    "type=EXECVE a0=\"curl\" a1=\"-u\" a2=6162",
];

#[test]
fn options_are_told_by_their_program() {
    let engine = engine("web-minimal", TagMode::None);
    let mut worker = engine.worker();
    let mut wrong = Vec::new();
    for marked in COMMANDS {
        let line = marked.replace(['«', '»'], "");
        let want: String = marked
            .split('«')
            .enumerate()
            .map(|(i, part)| match part.split_once('»') {
                Some((_, rest)) if i > 0 => format!("REDACTED{rest}"),
                _ => part.into(),
            })
            .collect();
        let out = String::from_utf8(rewrite(&mut worker, format!("{line}\n").as_bytes())).unwrap();
        let again = String::from_utf8(rewrite(&mut worker, out.as_bytes())).unwrap();
        if out != format!("{want}\n") || again != out {
            wrong.push(format!("{marked}\n  {out}  {again}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_program_stands_near_its_option() {
    let engine = engine("web-minimal", TagMode::None);
    let mut worker = engine.worker();
    let mut holds =
        |line: String| rewrite(&mut worker, format!("{line}\n").as_bytes()).windows(8).any(|w| w == b"S3cretPw");
    let between = |n: usize| format!("mysql {}-pS3cretPw", "x ".repeat(n));
    assert!(!holds(between(0)) && !holds(between(100)) && holds(between(200)));
    assert!(!holds("mysql -pabc1 -pS3cretPw -pS3cretPw".into()));
    assert!(holds("mysql -pabc1\nx -pS3cretPw".into()));
}
