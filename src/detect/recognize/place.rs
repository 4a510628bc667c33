//! Places in running text: `39.909230,116.397428`, `POINT(116.397428 39.909230)` (OGC 06-103r4), `39°54'20"N`.

use super::{Found, Skip, Text};
use crate::detect::keys::Exempt;
use crate::detect::scan::kind;
use crate::model::{Confidence, RuleId, well_known as e};

/// Decimals that place a point within about eleven metres; as many as two columns of measurements seldom have.
const PRECISE: usize = 4;
const SURE: usize = 5;

/// Looks at the second dot of every two decimals.
pub fn run(text: &Text<'_>, found: &mut Found<'_>) {
    let t = text.bytes;
    let mut skip = Skip::new(text.regions);
    for &p in text.scan.events.of(kind::DECIMALS) {
        let p = p as usize;
        let Some(pair) = Pair::around(t, p) else { continue };
        let left = text.left_key(found.memo, pair.start);
        if skip.covers(pair.start) || !matches!(left.class.exempt, Exempt::No | Exempt::Time) {
            continue;
        }
        let quoted = text.before(pair.start) == b'"' && text.at(pair.end) == b'"';
        let measured = !quoted && (text.before(pair.start) == b'[' || matches!(left.mark, b'=' | b':'));
        if pair.is_place(t, measured) {
            let bare = text.is_bare_json(found, pair.start, pair.end);
            // The elements of an array stay two.
            let (first, second) = ((pair.first.start, pair.first.end), (pair.second.start, pair.second.end));
            let spans = if bare { &[first, second][..] } else { &[(pair.start, pair.end)] };
            for &(start, end) in spans {
                found.push(start, end, e::GEO, RuleId::Words, Confidence::Shape).bare_json = bare;
            }
        }
    }
}

/// One decimal number: where it stands, its whole part, and how many decimals it has.
struct Decimal {
    start: usize,
    end: usize,
    whole: u32,
    decimals: usize,
}

impl Decimal {
    /// The number around the dot at `dot`.
    fn around(t: &[u8], dot: usize) -> Option<Decimal> {
        let whole = t[..dot].iter().rev().take(4).take_while(|b| b.is_ascii_digit()).count();
        let decimals = t[dot + 1..].iter().take(20).take_while(|b| b.is_ascii_digit()).count();
        let from = dot - whole;
        // A plus sign behind a word is a blank of a query string.
        let blank = from > 1 && t[from - 1] == b'+' && t[from - 2].is_ascii_alphanumeric();
        let start = from - usize::from(from > 0 && matches!(t[from - 1], b'-' | b'+') && !blank);
        let value = t[from..dot].iter().fold(0, |n, b| 10 * n + u32::from(b - b'0'));
        let fits = (1..=3).contains(&whole) && (PRECISE..=16).contains(&decimals);
        fits.then_some(Decimal { start, end: dot + 1 + decimals, whole: value, decimals })
    }
}

struct Pair {
    start: usize,
    end: usize,
    first: Decimal,
    second: Decimal,
    /// A blank alone stands between.
    blank: bool,
}

impl Pair {
    /// The two numbers around the dot of the second one.
    fn around(t: &[u8], dot: usize) -> Option<Pair> {
        let second = Decimal::around(t, dot)?;
        let gap = t[..second.start].iter().rev().take(2).take_while(|b| matches!(b, b',' | b' ')).count();
        let end = second.start - gap;
        let comma = t[end..second.start].contains(&b',');
        let decimals = t[..end].iter().rev().take(20).take_while(|b| b.is_ascii_digit()).count();
        let first = Decimal::around(t, end.checked_sub(decimals + 1).filter(|&i| t[i] == b'.')?)?;
        (gap > 0 && first.end == end).then_some(Pair {
            start: first.start,
            end: second.end,
            first,
            second,
            blank: !comma,
        })
    }

    /// True for a latitude and a longitude, in either order, that stand alone and are precise enough; `measured` where other
    /// measurements stand as well: in arrays, and behind keys that say nothing.
    fn is_place(&self, t: &[u8], measured: bool) -> bool {
        let (a, b) = (self.first.whole, self.second.whole);
        let ranges = a < 90 && b < 180 || a < 180 && b < 90;
        let china = |lat, lon| (3..54).contains(&lat) && (73..136).contains(&lon);
        let (decimals, china) = (self.first.decimals.min(self.second.decimals), china(a, b) || china(b, a));
        let sure = if measured { china && decimals > SURE } else { china || decimals >= SURE && a.max(b) >= 2 };
        // A third number makes it a row of measurements.
        let alone = !goes_on(&t[self.end..]) && !comes_from(&t[..self.start]);
        ranges && if self.blank { is_shape(&t[..self.start]) } else { sure && alone }
    }
}

/// True when another decimal number, or more of the same word, follows.
fn goes_on(v: &[u8]) -> bool {
    let decimal = |v: &[u8]| {
        let v = v.strip_prefix(b" ").unwrap_or(v);
        let v = v.strip_prefix(b"-").unwrap_or(v);
        let n = v.iter().take(8).take_while(|b| b.is_ascii_digit()).count();
        n > 0 && v.get(n) == Some(&b'.')
    };
    match v {
        [b',', rest @ ..] if decimal(rest) => true,
        [b'.', b'0'..=b'9', ..] => true,
        [b, ..] => b.is_ascii_alphanumeric() || matches!(b, b'_' | b'%'),
        [] => false,
    }
}

/// True when a number or a word stands before, without more than a comma between.
fn comes_from(v: &[u8]) -> bool {
    match v {
        [.., b'0'..=b'9', b','] | [.., b'0'..=b'9', b',', b' '] => true,
        [.., b] => b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_'),
        [] => false,
    }
}

/// Well-known text writes the coordinates of a point behind the name of its shape.
fn is_shape(v: &[u8]) -> bool {
    const SHAPES: [&[u8]; 4] = [b"point(", b"point (", b"linestring(", b"polygon(("];
    SHAPES.iter().any(|s| v.len() >= s.len() && v[v.len() - s.len()..].eq_ignore_ascii_case(s))
}

/// `39°54'20.5"N` around the degree sign at `p` (ISO 6709 annex D).
pub fn degrees(text: &Text<'_>, found: &mut Found<'_>, p: usize) {
    let t = text.bytes;
    let whole = t[..p].iter().rev().take(4).take_while(|b| b.is_ascii_digit() || **b == b'.').count();
    let mut i = p + "°".len();
    let mut parts = 0;
    for marks in [["'", "′", "’"], ["\"", "″", "”"]] {
        i += usize::from(text.at(i) == b' ');
        let n = t[i..].iter().take(10).take_while(|b| b.is_ascii_digit() || **b == b'.').count();
        let Some(mark) = marks.iter().find(|m| n > 0 && t[i + n..].starts_with(m.as_bytes())) else { break };
        i += n + mark.len();
        parts += 1;
    }
    i += usize::from(text.at(i) == b' ');
    let side = matches!(text.at(i), b'N' | b'S' | b'E' | b'W') && !text.at(i + 1).is_ascii_alphanumeric();
    if parts > 0 && side && (1..=3).contains(&whole) && !text.before(p - whole).is_ascii_alphanumeric() {
        found.push(p - whole, i + 1, e::GEO, RuleId::Words, Confidence::Context);
    }
}
