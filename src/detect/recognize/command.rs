//! Passwords and accounts behind short options, where the program says what they are: `mysql -phunter2`,
//! `curl -u alice:hunter2`, `["redis-cli","-a","hunter2"]`, `a0="mysql" a1="-phunter2"`.

use super::extent::extent;
use super::{Found, Text, keyed, option};
use crate::detect::commands::{Opt, Piece, is_name};
use crate::detect::keys::KeyClass;
use crate::model::{EntityId, Shape};

/// Takes what the option carries whose first letter stands at `p`, behind one dash or two, unless all of it stands before `shown`;
/// where the look ended when it took something.
pub fn run(text: &Text<'_>, found: &mut Found<'_>, (p, shown): (usize, usize), last: &mut Before) -> Option<usize> {
    let start = p - if text.before(p - 1) == b'-' { 2 } else { 1 };
    // Most options are none of these: the look back to the program comes last.
    if !text.commands.begun_by(text.at(p)).any(|o| name_end(text, o, start).is_some()) {
        return None;
    }
    *last = Before { at: start, program: program(text, start, last) };
    let (command, end) = last.program?;
    let (options, first) = text.commands.options(command);
    if first && !is_gap(&text.bytes[end..start]) {
        return None;
    }
    options.iter().find_map(|o| take(text, found, o, (start, shown)))
}

/// The last look back: what stands before it is not looked at again.
#[derive(Default)]
pub struct Before {
    at: usize,
    /// The command before it, and where the program's name ends.
    program: Option<(usize, usize)>,
}

/// How far back a program is looked for.
const REACH: usize = 256;

/// The command of the program before `at`, and where its name ends.
fn program(text: &Text<'_>, at: usize, last: &Before) -> Option<(usize, usize)> {
    let t = text.bytes;
    let floor = at.saturating_sub(REACH);
    let mut end = at;
    while end > floor {
        if end <= last.at {
            return last.program.filter(|(_, end)| *end > floor);
        }
        if !is_name(t[end - 1]) {
            // What ends a command; an opening bracket begins one.
            if matches!(t[end - 1], b'\n' | b';' | b'|' | b'&' | b'`' | b'(') {
                return None;
            }
            end -= 1;
            continue;
        }
        let start = end - t[floor..end].iter().rev().take_while(|b| is_name(**b)).count();
        let word = &t[start..end];
        let word = word.strip_suffix(b".exe").unwrap_or(word);
        let ends = is_blank(text.at(end)) || matches!(text.at(end), b'"' | b'\'' | b',');
        if ends && let Some(command) = text.commands.of(&t[..start + word.len()], word) {
            return Some((command, end));
        }
        end = start;
    }
    None
}

/// True for what parts two arguments: blanks, or quotes and what stands between them.
fn is_gap(gap: &[u8]) -> bool {
    gap.len() <= 12
        && gap.iter().all(|b| is_blank(*b) || matches!(b, b'"' | b'\'' | b',' | b'=' | b'a') || b.is_ascii_digit())
}

/// Where the name of the option ends when it stands at `start` and goes on as the option asks for.
fn name_end(text: &Text<'_>, o: &Opt, start: usize) -> Option<usize> {
    let rest = text.bytes[start..].strip_prefix(&o.front[..])?;
    let end = match o.last {
        None => start + o.front.len(),
        // The last of several letters; with a value that touches it, the first that is this one.
        Some(last) => {
            let letters = rest.iter().take(CLUSTER).take_while(|b| b.is_ascii_alphabetic()).count();
            let at = if o.touching.is_empty() {
                letters.checked_sub(1).filter(|n| rest[*n] == last)?
            } else {
                rest[..letters].iter().position(|b| *b == last)?
            };
            start + o.front.len() + at + 1
        }
    };
    let parted = is_blank(text.at(end)) || is_quote(text.at(end));
    let touches = text.at(end) > b' ' && (!is_quote(text.at(end)) || text.before(start) != text.at(end));
    (if o.touching.is_empty() { parted } else { touches }).then_some(end)
}

/// Most letters behind one dash.
const CLUSTER: usize = 12;

/// Blanks, and the NUL between two arguments of a process.
fn is_blank(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | 0)
}

fn is_quote(b: u8) -> bool {
    matches!(b, b'"' | b'\'')
}

/// A value and what it is.
type Value = (EntityId, Shape, usize, usize);

/// Most values of an option.
const VALUES: usize = 4;

/// Takes the values of an option at `start`, when all of it stands there and not before `shown`.
fn take(text: &Text<'_>, found: &mut Found<'_>, o: &Opt, (start, shown): (usize, usize)) -> Option<usize> {
    let mut end = name_end(text, o, start)?;
    let mut values: [Option<Value>; VALUES] = [None; VALUES];
    let mut n = 0;
    if !o.touching.is_empty() {
        let (from, to) = argument(text, found, start, end)?;
        fit(text, &o.touching, (from, to), &mut values, &mut n)?;
        end = to;
    }
    for pieces in &o.arguments {
        let at = next(text, end)?;
        let (from, to) = argument(text, found, start, at)?;
        let v = &text.bytes[from..to];
        // Another option, or a word of a sentence about this one.
        if from == at && (v.first() == Some(&b'-') || option::is_prose(v)) {
            return None;
        }
        fit(text, pieces, (from, to), &mut values, &mut n)?;
        end = to;
    }
    if end <= shown {
        return None;
    }
    for (entity, shape, from, to) in values.into_iter().flatten() {
        keyed::accept(text, found, entity, shape, start, (from, to), false);
    }
    Some(end)
}

/// Where the argument at `i` begins and ends, without its quotes.
fn argument(text: &Text<'_>, found: &mut Found<'_>, sep: usize, i: usize) -> Option<(usize, usize)> {
    let class = KeyClass { entity: Some((crate::model::well_known::PASSWORD, Shape::Secret)), ..KeyClass::default() };
    let (start, mut end) = extent(text, found, sep, i, class);
    // A shell ends no word at these.
    while start == i && matches!(text.at(end), b',' | b']' | b'}') && is_solid(text.at(end + 1)) {
        end = extent(text, found, sep, end + 1, class).1.max(end + 1);
    }
    // `${PW}`
    if start == i && text.at(end) == b'}' && text.bytes[start..end].starts_with(b"${") {
        end += 1;
    }
    (end > start).then_some((start, end))
}

fn is_solid(b: u8) -> bool {
    b > b' ' && !matches!(b, b'"' | b'\'' | b'&' | b';' | b'|' | b'<' | b'>' | b')' | b',' | b']' | b'}')
}

/// Where the next argument begins behind one that ends at `end`: its quote where it has one. Lists of JSON and records of auditd
/// (`a1="-u" a2="..."`) quote each.
fn next(text: &Text<'_>, end: usize) -> Option<usize> {
    let quote = text.at(end);
    let at = if is_quote(quote) { end + 1 } else { end };
    let comma = at > end && text.at(at) == b',';
    let mut i = at + usize::from(comma);
    i += text.bytes[i.min(text.bytes.len())..].iter().take(8).take_while(|b| is_blank(**b)).count();
    if comma {
        return is_quote(text.at(i)).then_some(i);
    }
    if i == at {
        return None;
    }
    if at > end && text.at(i) == b'a' {
        let digits = text.bytes[i + 1..].iter().take(5).take_while(|b| b.is_ascii_digit()).count();
        if digits > 0 && text.bytes[i + 1 + digits..].starts_with(b"=\"") {
            return Some(i + digits + 2);
        }
    }
    Some(i)
}

/// Fits an argument to its parts, and notes the values among them.
fn fit(
    text: &Text<'_>,
    pieces: &[Piece],
    (mut at, end): (usize, usize),
    values: &mut [Option<Value>; VALUES],
    n: &mut usize,
) -> Option<()> {
    for (i, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Mark(mark) => at = text.bytes[at..end].starts_with(mark).then_some(at + mark.len())?,
            Piece::Value(kind) => {
                let to = match pieces.get(i + 1) {
                    Some(Piece::Mark(mark)) => at + memchr::memmem::find(&text.bytes[at..end], mark)?,
                    _ => end,
                };
                // A URL is no account and password.
                if to == at || kind.is_some() && i > 0 && text.bytes[at..to].starts_with(b"//") {
                    return None;
                }
                if let Some((entity, shape)) = *kind
                    && !is_variable(&text.bytes[at..to])
                    && *n < VALUES
                {
                    values[*n] = Some((entity, shape, at, to));
                    *n += 1;
                }
                at = to;
            }
        }
    }
    Some(())
}

/// `$MYSQL_PWD`, `${PW}`, `$(cat pw)`, `%PW%`: the shell puts the value there, the line does not hold it.
fn is_variable(v: &[u8]) -> bool {
    let name = |v: &[u8]| !v.is_empty() && v.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_');
    match v {
        [b'$', b'{', .., b'}'] | [b'$', b'('] | [b'`', ..] => true,
        [b'$', b'(', rest @ ..] => !rest.is_empty(),
        [b'$', rest @ ..] => name(rest),
        [b'%', rest @ .., b'%'] => name(rest),
        _ => false,
    }
}
