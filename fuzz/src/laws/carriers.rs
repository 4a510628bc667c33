//! Values in the formats of servers, devices and collectors, written as their carriers do: none comes out, whatever else
//! stands in its record and around it.

use super::{rewrite, sniffed};
use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use logveil::engine::Engine;

/// What a record shows a telephone number in.
pub const PHONE: &str = "13800138001";

/// A format: the line that stands first in its stream, and a record. `{}` stands for the value, `~` for any other text.
pub struct Template {
    /// Directives or names of columns; empty where there are none.
    pub header: &'static str,
    /// One record without its line end.
    pub record: &'static str,
    /// Bytes that would end the field of the other text.
    marks: &'static [u8],
}

const fn text(record: &'static str) -> Template {
    Template { header: "", record, marks: b"" }
}

const fn columns(header: &'static str, record: &'static str, marks: &'static [u8]) -> Template {
    Template { header, record, marks }
}

/// A record of each format.
pub const TEMPLATES: &[Template] = &[
    columns("id,mobile,note\n", "7,{},~", b",\""),
    columns("\"id\",\"手机号\",\"note\"\n", "7,\"{}\",\"~\"", b",\""),
    columns("id\tphone\tnote\n", "7\t{}\t~", b"\t"),
    columns("#Version: 1.0\n#Fields: date time cs-uri-query cs(User-Agent) sc-status\n", "d t mobile={} ~ 200", b" "),
    columns("#Version: 1.0\n#Fields: date time cs-uri-stem cs-uri-query cs(Cookie)\n", "d\tt\t/v\tmobile={}\t~", b"\t"),
    columns("#separator \\x09\n#fields\tts\tuid\tmobile\tnote\n", "1795451033.16\tCHhA\t{}\t~", b"\t"),
    text("ts=2026-11-23T10:11:45Z level=info msg=\"~\" mobile={} dur=0.0012s"),
    text(
        "https 2026-11-23T10:11:45.123456Z app/web/50dc 192.0.2.7:2817 192.0.2.9:80 0.086 200 0 57 \"GET https://www.example.com:443/?phone={}&t=1 HTTP/1.1\" \"~\" TLSv1.2",
    ),
    text(
        "79a59d bucket [23/Nov/2026:00:00:38 +0000] - - 3E57 REST.GET.OBJECT photo.jpg \"GET /photo.jpg?mobile={} HTTP/1.1\" 200 - 113 \"-\" \"~\" -",
    ),
    text(
        "Nov 23 10:11:45 host haproxy[14389]: [23/Nov/2026:10:11:45.655] http-in static/srv1 10/0/30 200 2750 - - {~} \"GET /?tel={} HTTP/1.1\"",
    ),
    text(
        "[2026-11-23T10:11:45.123Z] \"GET /api?phone={} HTTP/1.1\" 200 - 0 154 \"-\" \"~\" \"7d4b1c6e-1111-4222-8333-944455556666\" \"www.example.com\"",
    ),
    text(
        "{\"start_time\":\"2026-11-23T10:11:45.123Z\",\"path\":\"/api?phone={}\",\"user_agent\":\"~\",\"bytes_sent\":1}",
    ),
    text(
        "{\"level\":\"info\",\"request\":{\"uri\":\"/?phone={}&n=1\",\"headers\":{\"User-Agent\":[\"~\"]}},\"status\":200}",
    ),
    text("{\"ClientHost\":\"-\",\"RequestPath\":\"/login?mobile={}\",\"request_User-Agent\":\"~\",\"Duration\":13}"),
    text(
        "<134>1 2026-11-23T16:23:53.126093+00:00 host app 4608 ID47 [zoo@32473 note=\"~\" phone=\"{}\"][t tzKnown=\"1\"] end",
    ),
    text(
        "<190>Nov 23 16:18:46 vm nginx: - - - [23/Nov/2026:16:18:46 +0000] \"GET /?phone={} HTTP/1.1\" 200 6 \"-\" \"~\"",
    ),
    text("CEF:0|Example|Gate|1.0|100|login|5|spt=51234 mobile={} msg=~"),
    text("LEEF:2.0|Example|Gate|1.0|4000|^|devTime=1^mobile={}^url=~"),
    text(
        "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"body\":{\"stringValue\":\"~\"},\"attributes\":[{\"key\":\"user.phone\",\"value\":{\"stringValue\":\"{}\"}}]}]}]}]}",
    ),
    text(
        "{\"eventVersion\":\"1.08\",\"userAgent\":\"~\",\"requestParameters\":{\"phoneNumber\":\"{}\"},\"eventTime\":\"2026-11-23T10:11:45Z\"}",
    ),
    text("11-23 10:11:45.123  1234  5678 I Telephony: mobile={} note=~"),
    text("POST /register city=bj&note=~&mobile={}&x=1"),
    text("{\"msg\":\"{\\\"note\\\":\\\"~\\\",\\\"mobile\\\":\\\"{}\\\",\\\"n\\\":1}\"}"),
    text(
        "192.0.2.7 - - [23/Nov/2026:10:11:45 +0800] \"GET /a?note=~ HTTP/1.1\" 200 5 \"https://www.example.com/?mobile={}\" \"curl\"",
    ),
    text("手机号：{}，~"),
];

/// Writes a value as its carrier does.
pub type Writer = fn(&str) -> String;

/// The ways to write a value.
pub const WRITERS: &[(&str, Writer)] = &[
    ("raw", |v| v.into()),
    ("percent", |v| v.bytes().map(|b| format!("%{b:02X}")).collect()),
    ("double percent", |v| v.bytes().map(|b| format!("%25{b:02x}")).collect()),
    ("json", |v| v.chars().map(|c| format!("\\u{:04x}", c as u32)).collect()),
    ("hexadecimal", |v| v.bytes().map(|b| format!("\\x{b:02X}")).collect()),
    ("html", |v| v.chars().map(|c| format!("&#{};", c as u32)).collect()),
    ("html, hexadecimal", |v| v.chars().map(|c| format!("&#x{:X};", c as u32)).collect()),
    ("full width", |v| v.chars().filter_map(|c| char::from_u32(c as u32 + 0xFEE0)).collect()),
    ("hyphens", |v| grouped(v, '\u{2011}')),
    ("minus", |v| grouped(v, '\u{2212}')),
    ("wide blanks", |v| grouped(v, '\u{3000}')),
    ("base64", |v| BASE64.encode(format!("{{\"mobile\":\"{v}\"}}").as_bytes())),
    ("base64 for URLs", |v| BASE64URL_NOPAD.encode(format!("手机号：{v}").as_bytes())),
    ("hexadecimal text", |v| format!("0x{}", HEXLOWER.encode(format!("{{\"mobile\":\"{v}\"}}").as_bytes()))),
    ("HEXADECIMAL TEXT", |v| format!("0x{}", HEXUPPER.encode(format!("手机号：{v}").as_bytes()))),
    ("field of CSV", |v| format!("\"{{\"\"n\"\":1,\"\"mobile\"\":\"\"{v}\"\"}}\"")),
    // HAProxy leaves digits as they are: the word in front is what it escapes.
    ("hash", |v| format!("#E6#89#8B#E6#9C#BA#E5#8F#B7{v}")),
];

fn grouped(v: &str, mark: char) -> String {
    [&v[..3], &v[3..7], &v[7..]].join(mark.encode_utf8(&mut [0; 4]))
}

/// A stream that holds the value of a template, and what must not be left of it.
pub struct Planted {
    /// What the engine reads.
    pub stream: Vec<u8>,
    /// The value, without what else was written with it.
    pub secret: String,
    /// What stands in its record beside it.
    pub beside: Vec<u8>,
}

/// Most bytes of other text in a record.
const OTHER: usize = 256;

/// Plants `writer`'s value into `template` with `other` in its free field, then stands the record before or behind `around`.
pub fn planted(template: &Template, writer: Writer, other: &[u8], around: (&[u8], &[u8])) -> Planted {
    let written = writer(PHONE);
    let free = free(other, template);
    let (before, after) = around;
    let mut record = template.record.replace("{}", &written).into_bytes();
    if let Some(at) = record.iter().position(|b| *b == b'~') {
        record.splice(at..at + 1, free.bytes());
    }
    // Whoever declares columns stands first.
    let parts: [&[u8]; 5] = match template.header {
        "" => [before, b"\n", &record, b"\n", after],
        header => [header.as_bytes(), &record, b"\n", before, after],
    };
    // The word that is written with it stays.
    let secret = if written.ends_with(PHONE) { PHONE.into() } else { written };
    Planted { stream: parts.concat(), secret, beside: free.into_bytes() }
}

/// Text that ends no field of the template.
fn free(other: &[u8], template: &Template) -> String {
    let ends = |c: char| c.is_ascii() && template.marks.contains(&(c as u8));
    let fits = |c: &char| *c >= ' ' && !matches!(c, '"' | '\\' | '\'' | '\u{7F}' | '{' | '}' | '~') && !ends(*c);
    String::from_utf8_lossy(&other[..other.len().min(OTHER)]).chars().filter(fits).collect()
}

/// What `text` chooses is planted; nothing of it comes out.
pub fn nothing_leaks(engine: &Engine, text: &[u8]) {
    let pick = text.iter().fold(text.len(), |n, b| n.wrapping_mul(31).wrapping_add(usize::from(*b))) >> 3;
    let template = &TEMPLATES[pick % TEMPLATES.len()];
    let writer = WRITERS[pick / 64 % WRITERS.len()];
    let cut = pick / 4096 % (text.len() + 1);
    let line = text[cut..].iter().position(|b| *b == b'\n').map_or(text.len(), |n| cut + n + 1);
    let p = planted(template, writer.1, &text[cut..], (&text[..line], &text[line..]));
    let out = rewrite(engine, sniffed(engine, &p.stream), &p.stream);
    assert_gone(&p, &out, text, || format!("{} leaks from {}", writer.0, p.stream.escape_ascii()));
}

/// Neither the value nor two thirds of it are in `out`, unless the text around or beside it holds them, too.
pub fn assert_gone(p: &Planted, out: &[u8], around: &[u8], what: impl Fn() -> String) {
    for part in p.secret.as_bytes().windows(p.secret.len() * 2 / 3) {
        let holds = |v: &[u8]| v.windows(part.len()).any(|w| w == part);
        assert!(!holds(out) || holds(around) || holds(&p.beside), "{}", what());
    }
}

/// Every template with every writer, alone in its stream.
pub fn plants_alone(engine: &Engine) -> Vec<String> {
    let mut leaks = Vec::new();
    for t in TEMPLATES {
        for (name, writer) in WRITERS {
            let p = planted(t, *writer, b"x", (b"", b""));
            let out = rewrite(engine, sniffed(engine, &p.stream), &p.stream);
            let part = &p.secret.as_bytes()[p.secret.len() / 3..];
            if out.windows(part.len()).any(|w| w == part) {
                leaks.push(format!(
                    "{name}: {} -> {}",
                    String::from_utf8_lossy(&p.stream),
                    String::from_utf8_lossy(&out)
                ));
            }
        }
    }
    leaks
}
