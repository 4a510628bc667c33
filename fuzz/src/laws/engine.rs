//! The laws of the engine, on any bytes as a block of records.

use super::{Behaviour, behaviour, best, carriers, constant, engine, kinds, rewrite, rewrite_by};
use logveil::engine::{Engine, Explained, Format, HashKernel, ScanKernel, TagMode};
use std::sync::OnceLock;

struct Rig {
    /// Every value becomes the same word.
    constant: Engine,
    /// Pseudonyms and surrogate addresses.
    tokens: Engine,
    /// Shortened addresses.
    minimal: Engine,
    tagged: Engine,
    /// `tokens` on every other machine code that runs here, and with every record counted.
    twins: Vec<Engine>,
}

fn rig() -> &'static Rig {
    static RIG: OnceLock<Rig> = OnceLock::new();
    let none = ("", "");
    let twin = |(scan, hash): (ScanKernel, HashKernel)| engine("jdcloud-2021", none, TagMode::None, scan, hash);
    RIG.get_or_init(|| Rig {
        constant: constant(),
        tokens: best("jdcloud-2021", none, TagMode::None),
        minimal: best("web-minimal", none, TagMode::None),
        tagged: best("jdcloud-2021", none, TagMode::Inline),
        twins: [(ScanKernel::Scalar, HashKernel::Scalar), (ScanKernel::Avx2, HashKernel::Avx2)]
            .into_iter()
            .filter(|(scan, _)| scan.available())
            .map(twin)
            .chain([best("jdcloud-2021", none, TagMode::None).counting_unparsed(true)])
            .collect(),
    })
}

/// Every law.
pub fn check(text: &[u8]) -> Behaviour {
    let rig = rig();
    // Columns have numbers of their own in each engine.
    let of = |e: &Engine| e.sniffer(None).look(text);
    let format = of(&rig.tokens);
    let mut found = rig.constant.worker().explain(text);
    one_a_run(&mut found);
    spans_are_in_order(&found, text);
    let constant = rewrite(&rig.constant, of(&rig.constant), text);
    if found.iter().all(|f| !is_run(f)) {
        only_spans_change(&found, text, &constant);
    }
    let tokens = rewrite(&rig.tokens, format, text);
    let mut kept = rig.tokens.worker().explain(text);
    one_a_run(&mut kept);
    gaps_survive(&kept, text, &tokens);
    // Deeper escapes come to light as those around them go.
    let shallow = found.iter().all(|f| f.carrier != "nested") && !text.windows(3).any(|w| w == b"%25");
    for engine in [&rig.constant, &rig.tokens, &rig.minimal].into_iter().filter(|_| shallow) {
        passes_settle(engine, of(engine), &rewrite(engine, of(engine), text));
    }
    nothing_leaks(&rig.constant, of(&rig.constant), text);
    carriers::nothing_leaks(&rig.constant, text);
    for twin in &rig.twins {
        assert_same(&rewrite(twin, of(twin), text), &tokens, "kernels differ");
    }
    // Directives that follow each other are followed by the sniffer of a stream, not by a format that is given.
    if text.split(|b| *b == b'\n').filter(|l| l.starts_with(b"#Fields:") || l.starts_with(b"#fields\t")).count() < 2 {
        cuts_change_nothing(&rig.tokens, format, text, &tokens);
    }
    tags_only_add(&tokens, &rewrite(&rig.tagged, of(&rig.tagged), text));
    let mut seen = kinds(&found);
    seen.push(behaviour((format_number(format), found.len().min(8))));
    seen
}

fn format_number(format: Format) -> u8 {
    match format {
        Format::Text => 0,
        Format::Known(n) => n + 1,
        Format::Columns(_) => u8::MAX,
    }
}

/// True for a finding inside a run of base64 or of hexadecimal text.
fn is_run(f: &Explained) -> bool {
    matches!(f.carrier, "base64" | "hex")
}

/// All findings inside a run have its span: one stands for them, kept when all are.
fn one_a_run(found: &mut Vec<Explained>) {
    found.dedup_by(|b, a| {
        let one = is_run(b) && a.span == b.span;
        a.kept &= b.kept || !one;
        one
    });
}

fn spans_are_in_order(found: &[Explained], text: &[u8]) {
    let mut at = 0;
    for f in found {
        assert!(f.span.start >= at && f.span.end > f.span.start, "spans overlap or are empty");
        at = f.span.end;
    }
    assert!(at as usize <= text.len(), "a span lies outside");
}

/// With one constant for every value, the output is known to the byte.
fn only_spans_change(found: &[Explained], text: &[u8], out: &[u8]) {
    const WORD: &[u8] = b"REDACTED";
    let (mut at, mut rest) = (0, out);
    for f in found.iter().filter(|f| !f.kept) {
        let gap = &text[at..f.span.start as usize];
        rest = rest.strip_prefix(gap).unwrap_or_else(|| panic!("bytes before a {} change", f.entity));
        // A credential keeps its scheme; a bare JSON value gets quotes, written as the carriers write them: `%2526%252334%253B`.
        let before = if f.entity == "secret.authorization" { f.span.len() } else { 64 };
        let word = rest.windows(WORD.len()).take(before + 1).position(|w| w == WORD);
        let (front, back) = rest.split_at(word.unwrap_or_else(|| panic!("a {} is not replaced", f.entity)));
        rest = &back[WORD.len()..];
        let quotes =
            if f.entity == "secret.authorization" { &front[..usize::from(front.starts_with(b"\""))] } else { front };
        rest = rest.strip_prefix(quotes).expect("quotes come in pairs");
        at = f.span.end as usize;
    }
    assert_same(rest, &text[at..], "bytes behind the last finding change");
}

/// Text between findings stands in the output, in order.
fn gaps_survive(found: &[Explained], text: &[u8], out: &[u8]) {
    let (mut at, mut from) = (0, 0);
    for f in found.iter().filter(|f| !f.kept) {
        let gap = &text[at..f.span.start as usize];
        let here = if gap.is_empty() { Some(0) } else { out[from..].windows(gap.len()).position(|w| w == gap) };
        from += here.expect("text between findings is lost") + gap.len();
        at = f.span.end as usize;
    }
    assert!(out[from..].ends_with(&text[at..]), "text behind the last finding is lost");
}

/// A second pass changes nothing, mostly: text that hid behind what is replaced now (an escape before it, the rest of a torn value)
/// may come to light. Later passes take only what touches text that a pass wrote, as `证` does in `会员号：REDACTED证`: at least a byte each time.
fn passes_settle(engine: &Engine, format: Format, once: &[u8]) {
    let mut last = rewrite(engine, format, once);
    for _ in 0..=once.len() {
        let next = rewrite(engine, format, &last);
        if next == last {
            return;
        }
        let touches = |f: &Explained| {
            let span = &last[f.span.start as usize..f.span.end as usize];
            !f.kept && (is_run(f) || holds_output(span))
        };
        let merges = engine.worker().explain(&last).iter().any(touches);
        assert!(merges, "a late pass changes text\n got {}\nwant {}", next.escape_ascii(), last.escape_ascii());
        last = next;
    }
    panic!("passes do not settle: {}", last.escape_ascii());
}

/// True when a constant, a token, a mask, or a surrogate address or most of one stands in the span.
fn holds_output(span: &[u8]) -> bool {
    span.windows(8).any(|w| w == b"REDACTED")
        || span.windows(2).any(|w| w == b"**")
        || span.windows(4).any(|w| w.eq_ignore_ascii_case(b"fdde") || w.eq_ignore_ascii_case(b"1d00"))
        || span.windows(10).any(|w| w[0] == b'_' && w[9] == b'_')
}

/// Values that must go, whatever stands around them: as written, and what must not survive.
const PLANTS: &[(&str, &str)] = &[
    ("mobile=13800138001", "13800138001"),
    ("phone: 138-0013-8001", "138-0013"),
    ("password=\"correct horse\"", "horse"),
    ("token=c0rrect-h0rse", "h0rse"),
    ("Authorization: Bearer c0rrectH0rse99", "H0rse99"),
    ("imei:490154203237518", "490154203237518"),
    ("id_card=11010519491231002X", "11010519491231002X"),
    ("li.lei@example.com", "li.lei"),
    ("client_ip=198.51.100.23", "198.51.100.23"),
    ("[2001:db8:85a3::8a2e:370:7334]", "85a3"),
    ("d0:50:99:84:a2:a0", "84:a2"),
    ("手机号：13800138001", "13800138001"),
    ("{\"password\":[\"c0rrect-h0rse\",5]}", "h0rse"),
    ("{\"password\": [ 12345 , \"c0rrect-h0rse\" ]}", "h0rse"),
    ("{\"token\":[[70000,\"c0rrect-h0rse\"],true]}", "h0rse"),
    ("(alice) CMD (x)\nNov 23 10:11:45 h CRON[1]: (c0rrect) CMD (x)", "c0rrect"),
    ("{\"log\":\"Nov 23 10:11:45 h CRON[1]: (c0rrect) CMD (x)\\n\"}", "c0rrect"),
    ("{\"MESSAGE\":\"(c0rrect) CMD (x)\",\"SYSLOG_IDENTIFIER\":\"CRON\"}", "c0rrect"),
    ("{\"log\":\"imei=3568680000414120\\n\"}", "0000414120"),
    // In the place of a key.
    ("{\"li.lei@example.com\":{\"n\":1}}", "li.lei"),
    ("{\"198.51.100.23\":1}", "198.51.100.23"),
    ("11010519491231002X=ok", "11010519491231002X"),
];

/// Values whose escapes a view decodes.
const ESCAPED: &[(&str, &str)] = &[
    ("tel 138 0013 8001%2C", "0013 8001"),
    ("mail li.lei%40example.com", "li.lei"),
    ("mobile%3D%2B8613800138001", "13800138001"),
    // Behind a word: a bare number right behind a key of times or counters stays.
    ("no 138%200013%208001", "%200013"),
    ("no %20138 0013 8001%20", "0013 8001"),
    ("no 138 0013 800%31", "0013 800"),
    ("no \x1b[31m13800138001\x1b[0m", "13800138001"),
    ("\x1b[36mpassword\x1b[0m=c0rrect-h0rse", "h0rse"),
    ("\\u001b[36mtoken=\\u001b[0mc0rrect-h0rse", "h0rse"),
];

/// Plants a value into the text between separators; nothing of it comes out.
fn nothing_leaks(engine: &Engine, format: Format, text: &[u8]) {
    let pick = text.iter().fold(text.len(), |n, b| n.wrapping_mul(31).wrapping_add(usize::from(*b)));
    let plants = [PLANTS, ESCAPED].concat();
    let (plant, secret) = plants[pick % plants.len()];
    let mark: &[u8] = [&b" "[..], b"\n", b"\t"][pick / 64 % 3];
    let at = pick / 256 % (text.len() + 1);
    // `13800138001 bytes` is no number of anybody.
    let planted = [&text[..at], mark, plant.as_bytes(), mark, b"; ", &text[at..]].concat();
    let count = |v: &[u8]| v.windows(secret.len()).filter(|w| *w == secret.as_bytes()).count();
    let out = rewrite(engine, format, &planted);
    assert!(count(&out) == 0 || count(text) > 0, "{plant} leaks from {}", planted.escape_ascii());
}

/// At every line end up to the eighth, by fresh workers and by one that has seen other text.
fn cuts_change_nothing(engine: &Engine, format: Format, text: &[u8], whole: &[u8]) {
    let mut worker = engine.worker();
    let lines = text.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(i, _)| i + 1);
    for cut in lines.take(8) {
        let mut parts = rewrite_by(&mut worker, format, &text[..cut]);
        parts.extend(rewrite_by(&mut worker, format, &text[cut..]));
        assert_same(&parts, whole, "a cut changes the output");
    }
}

/// A tagged line is the line with one piece put in.
fn tags_only_add(plain: &[u8], tagged: &[u8]) {
    let lines = |v: &'_ [u8]| v.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>();
    let (plain, tagged) = (lines(plain), lines(tagged));
    assert_eq!(plain.len(), tagged.len(), "tags change the number of lines");
    for (p, t) in plain.iter().zip(tagged) {
        let front = p.iter().zip(&t).take_while(|(a, b)| a == b).count();
        let back = p.iter().rev().zip(t.iter().rev()).take_while(|(a, b)| a == b).count();
        assert!(front + back >= p.len() && t.len() >= p.len(), "a tag changes its line: {}", t.escape_ascii());
    }
}

fn assert_same(got: &[u8], want: &[u8], what: &str) {
    assert!(got == want, "{what}\n got {}\nwant {}", got.escape_ascii(), want.escape_ascii());
}
