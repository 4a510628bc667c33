//! JSON that parsed still parses: same members, same order, same spelling of all that nothing was found in.

use super::{Behaviour, behaviour, best, kinds, rewrite};
use logveil::engine::{Engine, TagMode};
use std::sync::OnceLock;

fn engines() -> &'static [Engine; 3] {
    static ENGINES: OnceLock<[Engine; 3]> = OnceLock::new();
    let none = ("", "");
    ENGINES.get_or_init(|| {
        [
            best("jdcloud-2021", none, TagMode::None),
            best("jdcloud-2021", none, TagMode::Inline),
            best("web-minimal", none, TagMode::None),
        ]
    })
}

/// Every line that is JSON; other inputs are first made into JSON.
pub fn check(text: &[u8]) -> Behaviour {
    let made;
    let text = if matches!(text.first(), Some(b'{' | b'[')) {
        text
    } else {
        made = make(text);
        &made
    };
    let mut seen = Vec::new();
    for engine in engines() {
        let format = engine.sniffer(None).look(text);
        let out = rewrite(engine, format, text);
        let lines = text.split(|b| *b == b'\n').zip(out.split(|b| *b == b'\n'));
        for (before, after) in lines {
            // Arrays of plain values get the tag of a line of text.
            let objects = before.starts_with(b"{") || before.starts_with(b"[{") && before.ends_with(b"}]");
            if objects && serde_json::from_slice::<serde_json::Value>(before).is_ok() {
                same_shape(before, after);
                seen.push(behaviour(("parses", tokens(before).len().min(32))));
            }
        }
    }
    seen.extend(kinds(&engines()[0].worker().explain(text)));
    seen
}

fn same_shape(before: &[u8], after: &[u8]) {
    let parsed = serde_json::from_slice::<serde_json::Value>(after);
    assert!(parsed.is_ok(), "no JSON any more: {}", after.escape_ascii());
    let (old, mut new) = (tokens(before), tokens(after));
    untag(&mut new);
    assert_eq!(old.len(), new.len(), "another structure: {}", after.escape_ascii());
    for (o, n) in old.iter().zip(new) {
        let value = !matches!(o[0], b'{' | b'}' | b'[' | b']' | b':' | b',');
        assert!(*o == n || value && n[0] == b'"', "{} became {}", o.escape_ascii(), n.escape_ascii());
    }
}

/// Takes the tag out: the last member or element of the outermost value.
fn untag(tokens: &mut Vec<&[u8]>) {
    let Some(at) = tokens.iter().rposition(|t| *t == b"\"_deid\"") else { return };
    // `,"_deid":` in an object with members, `"_deid":` in an empty one, `,{"_deid":` in an array.
    let from = at - tokens[..at].iter().rev().take_while(|t| matches!(t[..], [b','] | [b'{'])).count().min(2);
    let from = if tokens[from] == b"," { from } else { at };
    let last = tokens.pop();
    tokens.truncate(from);
    tokens.extend(last);
}

/// Marks, strings with their quotes, and everything else that stands between.
fn tokens(v: &[u8]) -> Vec<&[u8]> {
    let (mut all, mut at) = (Vec::new(), 0);
    while at < v.len() {
        let len = match v[at] {
            b' ' | b'\t' | b'\r' => {
                at += 1;
                continue;
            }
            b'"' => 1 + string(&v[at + 1..]),
            b'{' | b'}' | b'[' | b']' | b':' | b',' => 1,
            _ => {
                let stops = |b: &u8| b" \t\r{}[]:,\"".contains(b);
                v[at..].iter().position(stops).unwrap_or(v.len() - at)
            }
        };
        let end = (at + len).min(v.len());
        all.push(&v[at..end]);
        at = end;
    }
    all
}

/// Length of a string's rest, closing quote included.
fn string(v: &[u8]) -> usize {
    let mut i = 0;
    while i < v.len() && v[i] != b'"' {
        i += if v[i] == b'\\' { 2 } else { 1 };
    }
    i + 1
}

/// JSON from any bytes: lines are records, blanks part values, some bytes choose what kind of value follows.
fn make(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for line in text.split(|b| *b == b'\n') {
        let words: Vec<_> = line.split(|b| matches!(b, b' ' | b'&' | b'=')).filter(|w| !w.is_empty()).collect();
        let array = line.len() % 7 == 1;
        out.extend_from_slice(if array { b"[{" } else { b"{" });
        for (i, pair) in words.chunks(2).enumerate() {
            let (key, value) = (pair[0], pair.get(1).unwrap_or(&pair[0]));
            out.extend_from_slice(if i == 0 { b"" } else { b"," });
            out.extend(quoted(key));
            out.extend_from_slice(if key.len() % 5 == 0 { b" : " } else { b":" });
            let (string, any) = (&quoted(value)[..], &bare(value)[..]);
            let parts: &[&[u8]] = match (usize::from(key[0]) + key.len()) % 11 {
                0 => &[b"[", string, b",", any, b"]"],
                1 => &[b"{\"value\":", any, b"}"],
                2 => &[&quoted(string)],
                3 => &[any],
                4 => &[b"[", any, b",1234567,true,", string, b"]"],
                5 => &[b"[ -16.5 , ", any, b" ]"],
                6 => &[b"[[", any, b",", string, b"],[16,", any, b"]]"],
                7 => &[b"[{\"a\":", any, b"},null,", any, b"]"],
                _ => &[string],
            };
            out.extend(parts.concat());
        }
        out.extend_from_slice(if array { b"}]\n" } else { b"}\n" });
    }
    out
}

fn quoted(v: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(v);
    // What is an escape already stays one.
    let as_is = format!("\"{text}\"");
    match serde_json::from_str::<String>(&as_is) {
        Ok(_) => as_is.into_bytes(),
        Err(_) => serde_json::Value::from(text).to_string().into_bytes(),
    }
}

/// A number, word or list as it stands, else a string.
fn bare(v: &[u8]) -> Vec<u8> {
    if serde_json::from_slice::<serde_json::Value>(v).is_ok() { v.to_vec() } else { quoted(v) }
}
