//! Values of command lines behind their option: `--password hunter2`, `["--token","..."]`.

use super::extent::extent;
use super::pairs::{self, Pairs};
use super::{Found, Skip, Text, command, keyed, secret, sql};
use crate::detect::scan::kind;

/// Looks behind every dash and pair of dashes before a word, and every five, and behind the brackets of lists.
pub fn run(text: &Text<'_>, found: &mut Found<'_>) {
    let mut skip = Skip::new(text.regions);
    let mut done = 0;
    let mut before = command::Before::default();
    let mut lists = Pairs::default();
    for &p in text.scan.events.of(kind::OPTION) {
        let p = p as usize;
        if matches!(text.at(p), b'"' | b'\'') {
            if !skip.covers(p) && !stated(text, found, p) {
                pairs::run(text, found, &mut lists, p);
            }
            continue;
        }
        // Most of them are words behind a bracket.
        let dash = text.before(p) == b'-';
        if !dash && !matches!(text.at(p), b'V' | b'v') || p < done {
            continue;
        }
        // A region may end between an option and its value (`C:\tools\x --password "..."`).
        let shown = skip.shown(p);
        if shown > 0 && !dash {
            continue;
        }
        done = match text.at(p) {
            b'-' if shown == 0 => secret::private_key(text, found, p + 1),
            b'-' => continue,
            _ if dash => match command::run(text, found, (p, shown), &mut before) {
                Some(end) => end,
                None if text.before(p - 1) == b'-' => option(text, found, (p, shown)),
                None => continue,
            },
            _ => sql::values(text, found, p),
        };
    }
}

/// Takes the strings behind the bracket before the quote at `p`, when a statement or call says what they are; returns whether one does.
fn stated(text: &Text<'_>, found: &mut Found<'_>, p: usize) -> bool {
    text.before(p) == b'(' && (sql::members(text, found, p) || sql::call(text, found, p))
}

/// The value behind the option whose name begins at `start`, unless it begins before `shown`; returns how far the look went.
fn option(text: &Text<'_>, found: &mut Found<'_>, (start, shown): (usize, usize)) -> usize {
    let t = text.bytes;
    if !matches!(text.before(start - 2), b' ' | b'\t' | 0 | b'"' | b'\'' | b'[' | b',' | b'\n' | b'(' | b'`') {
        return start;
    }
    let len = t[start..]
        .iter()
        .take(NAME)
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        .count();
    let end = start + len;
    let sep = t[end..].iter().take(4).take_while(|b| matches!(b, b' ' | b'\t' | 0 | b'"' | b'\'' | b',')).count();
    let mark = &t[end..end + sep];
    let quoted = matches!(text.before(start - 2), b'"' | b'\'');
    let fits = if quoted { mark.contains(&b',') } else { matches!(mark, [b' ' | b'\t' | 0] | [b' ', b'"' | b'\'']) };
    let class = text.registry.class(found.memo.classify(text.registry, t, len, end));
    let fits = fits && end + sep >= shown;
    let Some((entity, shape)) = class.entity.filter(|_| fits && !class.wrapper) else { return end };
    // The opening quote of the value belongs to its extent.
    let from = end + sep - usize::from(matches!(mark.last(), Some(b'"' | b'\'')));
    let (start, to) = extent(text, found, end, from, class);
    let v = &t[start..to];
    let secret = shape.is_secret();
    if v.first().is_none_or(|b| *b == b'-') || secret && !quoted && is_prose(v) {
        return end;
    }
    // `["--token",1234567]`
    let json = quoted && from == start;
    match keyed::accept(text, found, entity, shape, end, (start, to), json) {
        Some((_, _, to)) => to,
        None => end,
    }
}

/// Longest name of an option.
const NAME: usize = 48;

/// Words that follow the name of an option in sentences about it.
pub fn is_prose(v: &[u8]) -> bool {
    const WORDS: [&str; 26] = [
        "is",
        "was",
        "are",
        "be",
        "must",
        "may",
        "can",
        "should",
        "cannot",
        "could",
        "will",
        "flag",
        "option",
        "options",
        "argument",
        "parameter",
        "requires",
        "required",
        "and",
        "or",
        "for",
        "has",
        "not",
        "with",
        "to",
        "in",
    ];
    WORDS.iter().any(|w| w.as_bytes() == v)
}
