//! Which stretches of a text stand in escapes, in base64 or in hexadecimal digits, and are shown decoded.

use super::doubled::{Fields, is_doubled};
use super::recognize::keyed::BLANKS;
use super::scan::{Bitmap, Scanner, kind};
use crate::format::armour::{Armour, Decode, LEAST};
use crate::format::base64;
use crate::format::escape::{is_escape, percent, wide};
use crate::format::flat::Flat;
use crate::format::marks::{hash, html, is_captured, separator};
use crate::format::terminal::{ESC, terminal};
use crate::format::view::View;
use crate::model::Carriers;
use std::iter::Peekable;

/// Escapes of one kind that are not shown yet.
struct Heads<'a, F> {
    events: &'a [u32],
    /// Bytes of an escape before the position that its event names.
    before: usize,
    accept: F,
    /// The first escape, or [`NONE`].
    at: usize,
}

/// There is no more escape.
const NONE: usize = usize::MAX;

impl<'a, F: Fn(usize) -> bool> Heads<'a, F> {
    fn new(events: &'a [u32], before: usize, accept: F) -> Self {
        let mut heads = Heads { events, before, accept, at: 0 };
        heads.look();
        heads
    }

    fn look(&mut self) {
        while let [first, rest @ ..] = self.events {
            let at = *first as usize - self.before;
            if (self.accept)(at) {
                self.at = at;
                return;
            }
            self.events = rest;
        }
        self.at = NONE;
    }

    /// Drops escapes before `done`; those are not looked at.
    #[inline(always)]
    fn skip_to(&mut self, done: usize) {
        if self.at >= done {
            return;
        }
        while let [first, rest @ ..] = self.events
            && (*first as usize) < done + self.before
        {
            self.events = rest;
        }
        self.look();
    }
}

/// Shows every stretch with escapes in `view`, in ascending order; `esc` tells whether the text holds that byte, `contents` where its regions
/// begin behind their keys when it is a view itself.
pub fn show(t: &[u8], scan: &Scanner, esc: bool, contents: &[u32], view: &mut View) {
    let of = |k| scan.events.of(k);
    let mut slash = Heads::new(of(kind::BACKSLASH), 0, |p| is_escape(&t[p..]));
    let mut pct = Heads::new(of(kind::PERCENT), 2, |p| is_percent(t, p));
    let mut wides = Heads::new(of(kind::WIDE), 0, |p| is_wide(t, p));
    let mut marks = Heads::new(of(kind::HIGH), 0, |p| is_separator(t, p));
    let mut hashes = Heads::new(of(kind::HASH), 0, |p| is_hash(t, p));
    let mut names = Heads::new(of(kind::NAMED), 0, |p| is_named(t, p));
    let mut fields = Fields::new(t, of(kind::HASH), contents);
    let mut colours = colours(t, esc).peekable();
    let mut looked = 0;
    let runs = of(kind::TOKEN).iter().map(|&p| p as usize);
    let mut runs = runs.filter_map(|p| if p < looked { None } else { run(t, p, &mut looked) }).peekable();
    let mut hexes = hex_runs(t, scan).peekable();
    let stop = |from: usize| {
        let mut i = scan.maps.stops.next(from, t.len());
        while t.get(i) == Some(&b'\'') {
            i = scan.maps.stops.next(i + 1, t.len());
        }
        i
    };
    let percents = |from: usize| {
        let mut i = scan.maps.escapes.next(from, t.len());
        while t.get(i).is_some_and(|b| *b != b'%') {
            i = scan.maps.escapes.next(i + 1, t.len());
        }
        i
    };
    // A run is shown by itself and with the escapes around it: a value may begin before one and end behind the other.
    let (mut done, mut shown) = (0, 0);
    loop {
        slash.skip_to(done);
        pct.skip_to(done);
        wides.skip_to(done);
        marks.skip_to(done);
        hashes.skip_to(done);
        names.skip_to(done);
        fields.skip_to(done);
        skip_to(&mut colours, done);
        shown = done.max(shown);
        while runs.next_if(|r| r.0 < shown).is_some() {}
        let p = slash.at.min(pct.at).min(wides.at.min(marks.at)).min(hashes.at.min(names.at)).min(fields.at);
        let p = colours.peek().map_or(p, |c| p.min(*c));
        while hexes.next_if(|r| r.0 < shown).is_some() {}
        let first = hexes.peek().map_or(p, |r| p.min(r.0));
        if let Some(run) = runs.next_if(|r| r.0 <= first) {
            if view.push_run(t, run, Armour::of_base64) {
                shown = run.1;
            }
            continue;
        }
        if let Some(run) = hexes.next_if(|r| r.0 <= p) {
            if view.push_run(t, run, Armour::of_hex) {
                shown = run.1;
            }
            continue;
        }
        if p == NONE {
            break;
        }
        if terminal(&t[p..]) > 0 {
            let (start, end) = line(t, p, done);
            view.push_context(t, key_before(t, start), start);
            view.push_terminal(t, start, end);
            done = end;
        } else if fields.at == p {
            // What is escaped inside is so in the text that the field holds.
            view.push_doubled(t, p, fields.end);
            done = fields.end;
        } else if slash.at == p || backslash_joins(t, p, slash.at) {
            let start = memchr::memrchr2(b'"', b'\n', &t[done..p]).map_or(done, |i| done + i + 1);
            view.push_context(t, key_before(t, start), start);
            done = view.push_backslash(t, start, stop);
        } else if pct.at == p {
            let (start, end) = groups(t, &scan.maps.terms, token(t, &scan.maps.terms, p, done), done);
            view.push_context(t, key_before(t, start), start);
            view.push_percent(t, (start, end), percents);
            done = end;
        } else if hashes.at == p || names.at == p {
            let (start, end) = stretch(t, p, done);
            view.push_context(t, key_before(t, start), start);
            if names.at == p || reference(t, p) {
                view.push_marked(t, (start, end), b'&', Carriers::HTML, html);
            } else {
                // `&#49;` beside a capture is a reference, not `#49` behind a sign.
                let escape =
                    |v: &[u8], out: &mut [u8; 4]| if reference(t, end - v.len()) { None } else { hash(v, out) };
                view.push_marked(t, (start, end), b'#', Carriers::HASH, escape);
            }
            done = end;
        } else {
            let (start, end) = wide_run(t, p, done);
            view.push_wide(t, start, end);
            done = end;
        }
        done = done.max(p + 1);
    }
}

/// Shows every line with escapes in `view`, in ascending order, decoded until none is left; runs of base64 and of hexadecimal text stand apart. For the
/// last view: escapes nested deeper than the views before must hide nothing that stands beside them.
pub fn flatten(t: &[u8], scan: &Scanner, esc: bool, flat: &mut Flat, view: &mut View) {
    let at = |k| scan.events.of(k).iter().map(|&p| p as usize);
    let slash = at(kind::BACKSLASH).filter(|&p| is_escape(&t[p..]));
    let pct = at(kind::PERCENT).map(|p| p - 2).filter(|&p| is_percent(t, p));
    let wides = at(kind::WIDE).filter(|&p| is_wide(t, p));
    let marks = at(kind::HIGH).filter(|&p| is_separator(t, p));
    let hashes = at(kind::HASH).filter(|&p| is_hash(t, p));
    let names = at(kind::NAMED).filter(|&p| is_named(t, p));
    let fields = at(kind::HASH).filter(|&p| is_doubled(t, p));
    let heads = slash.chain(pct).chain(wides).chain(marks).chain(hashes).chain(names).chain(fields);
    let mut heads: Vec<_> = heads.chain(colours(t, esc)).collect();
    heads.sort_unstable();
    let mut runs = runs_of_text(t, scan).into_iter().peekable();
    let mut heads = heads.into_iter().peekable();
    let mut done = 0;
    loop {
        skip_to(&mut heads, done);
        let p = heads.peek().copied().unwrap_or(t.len());
        if let Some((start, end, decode)) = runs.next_if(|r| r.0 <= p) {
            view.push_run(t, (start, end), decode);
            while runs.next_if(|r| r.0 < end).is_some() {}
        } else if p < t.len() {
            let start = memchr::memrchr(b'\n', &t[done..p]).map_or(done, |i| done + i + 1);
            done = memchr::memchr(b'\n', &t[p..]).map_or(t.len(), |i| p + i);
            flat.push(t, start, done, view);
        } else {
            break;
        }
    }
}

/// All runs of base64 and of hexadecimal text, in ascending order.
fn runs_of_text(t: &[u8], scan: &Scanner) -> Vec<(usize, usize, Decode)> {
    let (mut looked, mut text) = (0, Vec::new());
    let mut is_text = |&(start, end, decode): &(usize, usize, Decode)| {
        text.clear();
        decode(&t[start..end], &mut text).is_some()
    };
    let tokens = scan.events.of(kind::TOKEN).iter().map(|&p| p as usize);
    let base64 = tokens.filter_map(|p| if p < looked { None } else { run(t, p, &mut looked) });
    let base64 = base64.map(|(start, end)| (start, end, Armour::of_base64 as Decode));
    let hex = hex_runs(t, scan).map(|(start, end)| (start, end, Armour::of_hex as Decode));
    let mut all: Vec<_> = base64.chain(hex).filter(|r| is_text(r)).collect();
    all.sort_unstable_by_key(|r| r.0);
    all
}

/// Longest key that is shown with the value behind it.
const KEY: usize = 48;

/// Where the key of a value that begins at `start` begins: `"key":"`, or `key: ` with a blank; `start` when there is none.
fn key_before(t: &[u8], start: usize) -> usize {
    // The key may stand at the end of what is shown already: `msg=a%20b;password: p%40ss`.
    let low = start.saturating_sub(KEY);
    let head = &t[low..start];
    let Some(quoted) = head.strip_suffix(b"\"") else { return bare_key_before(head, low).unwrap_or(start) };
    let Some(key) = quoted.trim_ascii_end().strip_suffix(b":").and_then(|k| k.trim_ascii_end().strip_suffix(b"\""))
    else {
        return start;
    };
    memchr::memrchr2(b'"', b'\n', key).filter(|&i| key[i] == b'"').map_or(start, |i| low + i)
}

/// `Authorization: `, `key = `, `[key] => `: the key is no part of the word that the value is.
fn bare_key_before(head: &[u8], low: usize) -> Option<usize> {
    let blanks = head.iter().rev().take(BLANKS).take_while(|b| matches!(b, b' ' | b'\t')).count();
    let key = Some(&head[..head.len() - blanks]).filter(|_| blanks > 0)?;
    let key = [&b":"[..], b"=", b"=>", b"->"].iter().find_map(|s| key.strip_suffix(*s))?;
    let key = key.strip_suffix(b" ").unwrap_or(key);
    let sign = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'$' | b'[' | b']') || *b >= 0x80;
    let len = key.iter().rev().take_while(|b| sign(b)).count();
    (len > 0).then(|| low + key.len() - len)
}

/// True when a backslash follows in the same quoted text: then one region holds both kinds of escapes.
fn backslash_joins(t: &[u8], p: usize, slash: usize) -> bool {
    t.get(p..slash).is_some_and(|between| memchr::memchr2(b'"', b'\n', between).is_none())
}

fn skip_to(it: &mut Peekable<impl Iterator<Item = usize>>, done: usize) {
    while it.next_if(|&p| p < done).is_some() {}
}

/// An escape that decodes by itself. A region without one would show the text as it was, and hide it from other readers.
fn is_percent(t: &[u8], p: usize) -> bool {
    percent(&t[p..]).is_some_and(|b| !(0x80..0xC0).contains(&b))
}

/// A full-width digit or at sign: text around it is shown in ASCII.
fn is_wide(t: &[u8], p: usize) -> bool {
    matches!(wide(&t[p..]), Some(b'0'..=b'9' | b'@'))
}

/// A dash or blank beyond ASCII between digits.
fn is_separator(t: &[u8], p: usize) -> bool {
    p > 0
        && t[p - 1].is_ascii_digit()
        && separator(&t[p..]).is_some_and(|(_, len)| t.get(p + len).is_some_and(u8::is_ascii_digit))
}

/// `&#64;`, also with its first sign written as `&amp;`.
fn reference(t: &[u8], p: usize) -> bool {
    match p.checked_sub(1).map(|i| t[i]) {
        Some(b'&') => html(&t[p - 1..], &mut [0; 4]).is_some(),
        Some(b';') => t[..p].ends_with(b"amp;"),
        _ => false,
    }
}

/// The end of `&lt;`, `&gt;`, `&amp;`, `&quot;` or `&apos;`.
fn is_named(t: &[u8], p: usize) -> bool {
    let head = &t[..p + 1];
    [&b"&lt;"[..], b"&gt;", b"&amp;", b"&quot;", b"&apos;"].iter().any(|r| head.ends_with(r))
}

/// What an escape begins with whose first sign is a hash.
fn is_hash(t: &[u8], p: usize) -> bool {
    reference(t, p) || capture(t, p) || terminal(&t[p..]) > 0
}

/// `#E4#BD`: HAProxy writes so what is no plain text; other signs behind a hash are numbers and colours. Characters beyond ASCII
/// have two bytes and more.
fn capture(t: &[u8], p: usize) -> bool {
    let mut out = [0; 4];
    let byte = |p: usize| t.get(p..).is_some_and(|v| hash(v, &mut [0; 4]).is_some());
    hash(&t[p..], &mut out).is_some()
        && match out[0] {
            0x80.. => byte(p + 3) || p >= 3 && byte(p - 3),
            b => is_captured(b),
        }
}

/// Where control sequences of terminals begin.
fn colours(t: &[u8], esc: bool) -> impl Iterator<Item = usize> {
    memchr::memchr_iter(ESC, if esc { t } else { b"" }).filter(|&p| terminal(&t[p..]) > 0)
}

/// Bytes that no URL or form holds; bits of the map `terms` are set for all of them.
static ENDS: [bool; 256] = {
    let mut t = [false; 256];
    let mut i = 0;
    while i < 256 {
        t[i] = i <= 0x20 || matches!(i as u8, b'"' | b'\'' | b'<' | b'>');
        i += 1;
    }
    t
};

/// The run of bytes around `p` that a URL or a form may hold.
fn token(t: &[u8], terms: &Bitmap, p: usize, floor: usize) -> (usize, usize) {
    let ends = |i: usize| ENDS[usize::from(t[i])];
    let mut before = terms.last(floor, p);
    while let Some(i) = before.filter(|&i| !ends(i)) {
        before = terms.last(floor, i);
    }
    let mut end = terms.next(p, t.len());
    while end < t.len() && !ends(end) {
        end = terms.next(end + 1, t.len());
    }
    (before.map_or(floor, |i| i + 1), end)
}

/// The run of a token, and the runs beside it whose digits a blank parts from its own: `%20138 0013 800%31`.
fn groups(t: &[u8], terms: &Bitmap, (mut start, mut end): (usize, usize), floor: usize) -> (usize, usize) {
    let parts =
        |i: usize| i > 0 && t[i] == b' ' && t[i - 1].is_ascii_digit() && t.get(i + 1).is_some_and(u8::is_ascii_digit);
    while start > floor + 1 && parts(start - 1) {
        start = token(t, terms, start - 2, floor).0;
    }
    while end < t.len() && parts(end) {
        end = token(t, terms, end + 1, end + 1).1;
    }
    (start, end)
}

/// The text around `p`, up to quotes, tags and line ends: nothing that is looked for runs over these.
fn stretch(t: &[u8], p: usize, floor: usize) -> (usize, usize) {
    let tail = |v: &[u8]| memchr::memchr3(b'\n', b'"', b'<', v).unwrap_or(v.len());
    let head = memchr::memrchr3(b'\n', b'"', b'<', &t[floor..p]).map_or(floor, |i| floor + i + 1);
    // The arrow behind a key ends no tag.
    let start = memchr::memrchr(b'>', &t[head..p]).map(|i| head + i).filter(|&i| i == 0 || t[i - 1] != b'=');
    let start = start.map_or(head, |i| i + 1);
    let end = p + tail(&t[p..]);
    (start, memchr::memchr(b'>', &t[p..end]).map_or(end, |i| p + i))
}

/// The text around the full-width character at `p`, up to quotes or line ends: no number or value may run over its edge, as only
/// the part inside would be seen.
fn wide_run(t: &[u8], p: usize, floor: usize) -> (usize, usize) {
    let start = memchr::memrchr2(b'\n', b'"', &t[floor..p]).map_or(floor, |i| floor + i + 1);
    let end = memchr::memchr2(b'\n', b'"', &t[p..]).map_or(t.len(), |i| p + i);
    (start, end)
}

/// The line around `p`, from `floor` on: a key may stand in one colour and its quoted value in another.
fn line(t: &[u8], p: usize, floor: usize) -> (usize, usize) {
    let start = memchr::memrchr(b'\n', &t[floor..p]).map_or(floor, |i| floor + i + 1);
    (start, memchr::memchr(b'\n', &t[p..]).map_or(t.len(), |i| p + i))
}

/// Letters, digits and `+` before the position of an event of [`kind::TOKEN`].
const TOKEN: usize = 15;

/// Signs that make a run a long one.
const LONG: usize = 1024;

/// The run of base64 signs around the letters and digits that end at `p`, when it may be decoded: a percent sign next to
/// it means that its padding or some of its signs are escaped, and dots make it a web token. What lies before `looked`
/// needs no further look: long runs are looked at once.
fn run(t: &[u8], p: usize, looked: &mut usize) -> Option<(usize, usize)> {
    let low = p.saturating_sub(TOKEN);
    let start = low - t[..low].iter().rev().take_while(|b| b.is_ascii_alphanumeric() || **b == b'+').count();
    let mut end = p + t[p..].iter().take_while(|b| base64::is_sign(**b)).count();
    end += t[end..].iter().take(2).take_while(|b| **b == b'=').count();
    if end - start > LONG {
        *looked = end;
    }
    let (l, r) = (start.checked_sub(1).map_or(b' ', |i| t[i]), t.get(end).copied().unwrap_or(b' '));
    if matches!(l, b'%' | b'.') || r == b'%' || r == b'.' && t[start..].starts_with(b"eyJ") {
        return None;
    }
    // Signs in front belong to the run unless they part words: a path is cut at its last slash.
    let long = start - t[..start].iter().rev().take(LONG).take_while(|b| base64::is_sign(**b)).count();
    let whole = long < start && plausible(&t[long..end]);
    Some((if whole { long } else { start }, end))
}

fn plausible(run: &[u8]) -> bool {
    let mut out = Vec::new();
    let head = run.len().min(24) / 4 * 4;
    base64::decode_text(&run[..head], &mut out).is_some()
}

/// Runs of hexadecimal digits that may be text, in ascending order; some may come twice.
fn hex_runs<'a>(t: &'a [u8], scan: &'a Scanner) -> impl Iterator<Item = (usize, usize)> + 'a {
    // The last digits of a run may be decimal ones.
    let of = |k| scan.events.of(k).iter().filter_map(|&p| hex_run(t, &scan.maps.hex, p as usize)).peekable();
    let (mut hex, mut decimal) = (of(kind::HEXRUN), of(kind::DIGITS));
    std::iter::from_fn(move || match (hex.peek(), decimal.peek()) {
        (Some(a), Some(b)) if b.0 < a.0 => decimal.next(),
        (None, _) => decimal.next(),
        _ => hex.next(),
    })
}

/// The run of hexadecimal digits that ends at `end`, when it stands alone and its first bytes are those of text.
fn hex_run(t: &[u8], hex: &Bitmap, end: usize) -> Option<(usize, usize)> {
    let near = hex.run_before(end);
    let start = end - near - if near < 64 { 0 } else { hexes_before(t, end - near) };
    let left = start.checked_sub(1).map_or(b'\n', |i| t[i]);
    // A number of JSON is none.
    let number = || t[start..end].iter().all(|b| b.is_ascii_digit() || matches!(b, b'e' | b'E'));
    let stands = match left {
        b'=' | b'"' | b'\'' => true,
        b' ' | b'\t' | b'\n' => !number(),
        _ => t[..start].ends_with(b"0x"),
    };
    let right = t.get(end).copied().unwrap_or(b'\n');
    if !stands || !(end - start).is_multiple_of(2) || end - start < LEAST || right.is_ascii_alphanumeric() {
        return None;
    }
    // Most are random: text begins with three letters, or with one beyond ASCII.
    let letter = |i: usize| matches!(t[start + i], b'2'..=b'7');
    let beyond = matches!(t[start] | 0x20, b'c'..=b'f') && matches!(t[start + 2] | 0x20, b'8' | b'9' | b'a' | b'b');
    let text = letter(0) && letter(2) && letter(4) || beyond;
    text.then_some((start, end))
}

/// Hexadecimal digits before `at`.
fn hexes_before(t: &[u8], at: usize) -> usize {
    t[..at].iter().rev().take_while(|b| b.is_ascii_hexdigit()).count()
}
