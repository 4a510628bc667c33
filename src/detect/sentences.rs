//! Sentences of programs that name an account: `CRON[123]: (alice) CMD (...)`.
//!
//! Only lines that begin as syslog's or with a time alone are looked at, each by its first bytes.

use super::keys::{KeyClass, Registry};
use super::positional::Mapped;
use super::recognize::{Found, Text, keyed};
use crate::format::layout::Layout;
use crate::model::{EntityId, Shape};
use crate::rules::{RuleError, Ruleset};
use std::ops::Range;

/// One sentence, compiled.
struct Sentence {
    layout: Layout,
    /// What ends its first field, when it begins with one and no blank does.
    mark: Option<u8>,
    /// Fields whose name says what their value is.
    fields: Vec<(usize, EntityId, Shape)>,
}

/// The sentences of one program, by their numbers.
#[derive(Default)]
struct Said {
    all: Vec<usize>,
    /// Those that begin with a field.
    open: Vec<usize>,
    /// One bit for each byte that another one begins with.
    firsts: [u64; 4],
}

impl Said {
    /// Adds the sentence of that number.
    fn add(&mut self, number: usize, sentence: &Sentence) {
        self.all.push(number);
        match sentence.layout.literals().next().and_then(<[u8]>::first) {
            Some(first) => self.firsts[usize::from(first / 64)] |= 1 << (first % 64),
            None => self.open.push(number),
        }
    }

    /// Those that a message which begins with this byte may fit.
    #[inline]
    fn with(&self, first: u8) -> &[usize] {
        if self.firsts[usize::from(first / 64)] >> (first % 64) & 1 == 1 { &self.all } else { &self.open }
    }
}

/// All sentences of the rules, compiled. Immutable and shared.
#[derive(Default)]
pub struct Sentences {
    /// By the program's name, ascending.
    named: Vec<(Vec<u8>, Said)>,
    /// By how the program's name begins.
    begun: Vec<(Vec<u8>, Said)>,
    /// Of no program in particular.
    bare: Said,
    all: Vec<Sentence>,
}

impl Sentences {
    /// Compiles the sentences of `rules`. Fields are taken whose names `registry` knows; a sentence without any is sound when `rules`
    /// know one: it takes nothing, and no other sentence is tried where it fits.
    ///
    /// # Errors
    /// Every sentence whose notation is wrong.
    pub fn new(rules: &Ruleset, registry: &Registry) -> Result<Sentences, Vec<RuleError>> {
        let (mut s, mut errors) = (Sentences::default(), Vec::new());
        let mut all = None;
        let mut known = |field: &[u8]| all.get_or_insert_with(|| Registry::new(rules)).classify(field).entity.is_some();
        for def in &rules.sentences {
            let from = s.all.len();
            for (notation, place) in &def.says {
                match compile(notation, registry, &mut known) {
                    Ok(sentence) => s.all.push(sentence),
                    Err(m) => errors.push(place.error(format!("sentence: {m}"))),
                }
            }
            let numbers = from..s.all.len();
            if def.programs.is_empty() {
                numbers.clone().for_each(|n| s.bare.add(n, &s.all[n]));
            }
            for program in &def.programs {
                let (list, name) = match program.strip_suffix('*') {
                    Some(front) => (&mut s.begun, front),
                    None => (&mut s.named, program.as_str()),
                };
                let at = list.iter().position(|(n, _)| n == name.as_bytes()).unwrap_or_else(|| {
                    list.push((name.into(), Said::default()));
                    list.len() - 1
                });
                numbers.clone().for_each(|n| list[at].1.add(n, &s.all[n]));
            }
        }
        s.named.sort_by(|a, b| a.0.cmp(&b.0));
        if errors.is_empty() { Ok(s) } else { Err(errors) }
    }

    /// Adds what the first sentence of the program names that fits the message `at..end`; true when one does.
    pub fn read(
        &self,
        text: &Text<'_>,
        found: &mut Found<'_>,
        program: &[u8],
        message: (usize, usize),
        spans: &mut Vec<Range<usize>>,
    ) -> bool {
        let said = self.of(program).map_or(&[][..], |said| said.with(text.at(message.0)));
        if said.is_empty() {
            return false;
        }
        let end = text.scan.maps.spaces.next(message.0, message.1.min(message.0 + LONGEST));
        let word = &text.bytes[message.0..end];
        // Nearly all lines hold none of these marks in their first word.
        let may = |s: &Sentence| s.mark.is_none_or(|m| word.contains(&m));
        said.iter().any(|&i| may(&self.all[i]) && read(text, found, &self.all[i], message, spans))
    }

    /// What a program of that name says.
    fn of(&self, program: &[u8]) -> Option<&Said> {
        if program.is_empty() {
            return Some(&self.bare);
        }
        match self.named.binary_search_by(|(n, _)| n.as_slice().cmp(program)) {
            Ok(i) => Some(&self.named[i].1),
            Err(_) => self.begun.iter().find(|(n, _)| program.starts_with(n)).map(|(_, s)| s),
        }
    }
}

fn compile(notation: &str, registry: &Registry, known: &mut impl FnMut(&[u8]) -> bool) -> Result<Sentence, String> {
    // What follows the beginning of a message is a field, too.
    let open = notation.rfind('$').is_some_and(|at| {
        let name = notation[at + 1..].strip_prefix('{').unwrap_or(&notation[at + 1..]);
        let rest = name.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
        !matches!(rest, "" | "}")
    });
    let layout = Layout::nginx(&if open { format!("{notation}$_") } else { notation.into() })?;
    let classes = layout.fields().map(|f| registry.classify(f.as_bytes())).enumerate();
    let fields: Vec<_> = classes.filter_map(|(i, c): (usize, KeyClass)| c.entity.map(|(e, s)| (i, e, s))).collect();
    if fields.is_empty() && !layout.fields().any(|f| known(f.as_bytes())) {
        return Err("no field of it names an entity, as `$user_name` does".into());
    }
    let mut literals = layout.literals();
    let open = literals.next().is_some_and(<[u8]>::is_empty);
    let mark = literals.next().and_then(<[u8]>::first).copied().filter(|b| open && *b != b' ');
    drop(literals);
    Ok(Sentence { layout, mark, fields })
}

/// True when the message `at..end` begins with this sentence.
fn read(
    text: &Text<'_>,
    found: &mut Found<'_>,
    sentence: &Sentence,
    (at, end): (usize, usize),
    spans: &mut Vec<Range<usize>>,
) -> bool {
    let message = &text.bytes[at..end];
    if !sentence.layout.parse(message, &Mapped { record: message, at, maps: &text.scan.maps }, spans) {
        return false;
    }
    let fits = |&(field, _, shape): &(usize, EntityId, Shape)| {
        shape != Shape::AccountName || is_name(&message[spans[field].clone()])
    };
    if !sentence.fields.iter().all(fits) {
        return false;
    }
    for &(field, entity, shape) in &sentence.fields {
        let (start, end) = (at + spans[field].start, at + spans[field].end);
        keyed::accept(text, found, entity, shape, start, (start, end), false);
    }
    true
}

/// True for what may be one name: marks and more words belong to another sentence.
fn is_name(v: &[u8]) -> bool {
    let mark = |b: &u8| matches!(b, b'[' | b']' | b'(' | b')' | b'<' | b'>' | b'"' | b'\'' | b',' | b'*' | b'=');
    v.len() <= LONGEST && !v.iter().any(mark) && v.iter().filter(|b| **b == b' ').count() <= 1
}

/// Longest name that is looked at.
const LONGEST: usize = 96;

/// The program that wrote the record, as its header says, and where the message begins. The name is empty when the header is a time
/// alone.
pub fn message(record: &[u8]) -> Option<(&[u8], usize)> {
    const NONE: &[u8] = b"";
    let shape = record.first_chunk::<24>()?;
    let is = |places: &[(usize, u8)]| places.iter().all(|&(i, b)| shape[i] == b);
    match shape[0] {
        // RFC 3164 section 4.1.2
        b'A'..=b'Z' if is(&[(3, b' '), (6, b' '), (9, b':'), (12, b':'), (15, b' ')]) => program(record, 16),
        // asctime(3)
        b'A'..=b'Z' if is(&[(3, b' '), (7, b' '), (10, b' '), (13, b':'), (16, b':'), (19, b' ')]) => Some((NONE, 25)),
        b'0'..=b'9' if is(&[(4, b'-'), (7, b'-'), (13, b':'), (16, b':')]) => {
            let next = 19 + memchr::memchr(b' ', &record[19..])? + 1;
            if shape[10] == b'T' { program(record, next) } else { Some((NONE, next)) }
        }
        // RFC 5424 section 6, RFC 3164 section 4.1.1
        b'<' => {
            let from = record.iter().take(5).position(|b| *b == b'>')? + 1;
            let (name, at) = match record[from..].strip_prefix(b"1 ") {
                Some(rest) => structured(rest).map(|(name, at)| (name, at + 2))?,
                None if record.get(from) == Some(&b'<') => return None,
                None => message(&record[from..])?,
            };
            Some((name, at + from))
        }
        _ => None,
    }
    .filter(|(_, at)| *at < record.len())
}

/// The program behind the time, with or without a host: `host CRON[123]: `, `sshd[123]: `. Dovecot's own file names none.
fn program(record: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let word = |at: usize| record.get(at..).and_then(|r| memchr::memchr(b' ', r)).map(|n| &record[at..at + n]);
    let first = word(at)?;
    if memchr::memchr(b'(', first).is_some() {
        return Some((b"", at));
    }
    let (name, from) = match first.last() {
        Some(b':') => (first, at),
        _ => (word(at + first.len() + 1)?, at + first.len() + 1),
    };
    let len = name.iter().position(|b| matches!(b, b'[' | b'(' | b':'))?;
    name.ends_with(b":").then_some((&name[..len], from + name.len() + 1))
}

/// The program and message of a record of RFC 5424 behind its version.
fn structured(record: &[u8]) -> Option<(&[u8], usize)> {
    let mut blanks = memchr::memchr_iter(b' ', record);
    let (host, name, _, id) = (blanks.nth(1)?, blanks.next()?, blanks.next()?, blanks.next()?);
    let at = match record.get(id + 1)? {
        b'[' => id + 1 + memchr::memmem::find(&record[id + 1..], b"] ")? + 2,
        _ => blanks.next()? + 1,
    };
    let mark = if record[at.min(record.len())..].starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    Some((&record[host + 1..name], at + mark))
}

#[cfg(test)]
mod tests {
    use super::{Sentences, message};
    use crate::detect::keys::Registry;
    use crate::rules::Ruleset;

    fn sentences(toml: &str) -> Result<Sentences, String> {
        let rules = Ruleset::with(&[("a.toml".into(), toml.into())]).unwrap();
        let told = |errors: Vec<_>| errors.iter().map(ToString::to_string).collect::<Vec<String>>().join("\n");
        Sentences::new(&rules, &Registry::new(&rules)).map_err(told)
    }

    #[test]
    fn programs_are_told_by_their_name_or_how_it_begins() {
        let own = "[[sentence]]\nprograms=['cron','shop-*']\nsays=['of $user_name: ', 'to $email']";
        let s = sentences(own).unwrap();
        let of = |program: &[u8]| s.of(program).map_or(&[][..], |said| &said.all);
        assert!(!of(b"cron").is_empty() && !of(b"").is_empty() && of(b"shopd").is_empty());
        assert_eq!(of(b"shop-eu"), [0, 1]);
        assert_eq!(of(b"cron")[..2], [0, 1], "a user's come first");
        assert!(sentences("[[sentence]]\nsays=['of ${user_name}', '${user_name} left', 'a $email']").is_ok());
        assert_eq!(of(b"cron").len(), of(b"CRON").len() + 2);
    }

    #[test]
    fn the_first_byte_leaves_out_only_what_can_not_fit() {
        let s = sentences("[[sentence]]\nprograms=['shop']\nsays=['of $user_name: ', '$user_name left', 'to $email']")
            .unwrap();
        let with = |first| s.of(b"shop").unwrap().with(first);
        assert_eq!(
            (with(b'o'), with(b't'), with(b'l'), with(0xE5)),
            (&[0, 1, 2][..], &[0, 1, 2][..], &[1][..], &[1][..])
        );
    }

    #[test]
    fn what_nobody_needs_is_no_mistake_and_not_taken() {
        let own = "[[sentence]]\nprograms=['shop']\nsays=['of $device_model: ', '$device_model of $user_name', 'of $colour: ']";
        let rules = Ruleset::with(&[("a.toml".into(), own.into())]).unwrap();
        let needed = rules.only_needed(|_| false);
        let told = |s: Result<Sentences, Vec<_>>| s.err().unwrap().iter().map(ToString::to_string).collect::<Vec<_>>();
        let all = told(Sentences::new(&rules, &Registry::new(&needed)));
        assert!(all.len() == 1 && all[0].starts_with("a.toml:3:60: sentence: no field of it names"), "{all:?}");
        let sound = own.replace("$colour", "$phone");
        let rules = Ruleset::with(&[("a.toml".into(), sound)]).unwrap();
        let fields = |rules: &Ruleset, known: &Ruleset| {
            let s = Sentences::new(rules, &Registry::new(known)).map_err(|_| "sound").unwrap();
            s.of(b"shop").unwrap().all.iter().map(|&i| s.all[i].fields.len()).collect::<Vec<_>>()
        };
        assert_eq!(fields(&rules, &rules), [1, 2, 1]);
        assert_eq!(fields(&rules, &rules.only_needed(|_| false)), [0, 1, 1]);
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let all = sentences("[[sentence]]\nsays=['no field', '$a$b', '$_ of $_']").err().unwrap();
        for want in [
            "a.toml:2:7: sentence: it names no field",
            "a.toml:2:19: sentence: nothing stands between `a` and `b`",
            "a.toml:2:27: sentence: no field of it names an entity, as `$user_name` does",
        ] {
            assert!(all.contains(want), "{want} in {all}");
        }
    }

    #[test]
    fn headers_tell_the_program() {
        let of = |r: &'static str| message(r.as_bytes()).map(|(p, at)| (std::str::from_utf8(p).unwrap(), &r[at..]));
        for (record, program) in [
            ("Nov  3 10:11:45 web1 CRON[123]: said it", "CRON"),
            ("Nov 23 10:11:45 CRON[123]: said it", "CRON"),
            ("Nov 23 10:11:45 web1 su(pam_unix)[123]: said it", "su"),
            ("2026-11-23T10:11:45.123456+08:00 web1 su: said it", "su"),
            ("<86>Nov 23 10:11:45 web1 su[1]: said it", "su"),
            ("<86>1 2026-11-23T10:11:45Z web1 su 12 - - said it", "su"),
            ("<86>1 2026-11-23T10:11:45Z web1 su 12 ID [a b=\"c\"][d] \u{FEFF}said it", "su"),
            ("Mon Nov 23 10:11:45 2026 said it", ""),
            ("2026-11-23 10:11:45 said it", ""),
            ("2026-11-23 10:11:45,123 said it", ""),
        ] {
            assert_eq!(of(record), Some((program, "said it")), "{record}");
        }
        assert_eq!(of("Nov 23 10:11:45 imap(li)<12>: said it"), Some(("", "imap(li)<12>: said it")));
        for other in [
            "192.0.2.7 - - [23/Nov/2026:10:11:45 +0800] \"GET / HTTP/1.1\" 200 1",
            "Nov 23 10:11:45 web1 last message repeated 2 times",
            "Nov 23 10:11:45 web1 CRON[123]:",
            "<86>1 2026-11-23T10:11:45Z web1 su 12 - [",
            "<86>1 2026-11-23T10:11:45Z",
            "2026-11-23 10:11:45 ",
            "",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
        assert_eq!(message("<1>".repeat(1 << 20).as_bytes()), None);
    }
}
