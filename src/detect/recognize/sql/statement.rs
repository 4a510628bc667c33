//! Placeholders of a statement and the columns they stand for: `WHERE username = ?`, `INSERT INTO t (a, b) VALUES ($1, $2)`.

use super::super::{Found, Text};
use crate::detect::keys::KeyClass;

/// Most placeholders of a statement, and most columns of its list.
pub const MOST: usize = 64;

/// Longest name in quotes.
const NAME: usize = 64;

/// The placeholders of a statement in their order.
pub struct Marks {
    /// Name without its sign, empty for `?` and `%s`, and the class of the column.
    list: [((usize, usize), KeyClass); MOST],
    len: usize,
    /// There are more of them than fit.
    full: bool,
}

impl Marks {
    /// The placeholders with their names and classes.
    pub fn all(&self) -> &[((usize, usize), KeyClass)] {
        &self.list[..self.len]
    }

    /// True when all of them are known.
    pub fn whole(&self) -> bool {
        !self.full
    }

    fn push(&mut self, name: (usize, usize), class: KeyClass) {
        match self.list.get_mut(self.len) {
            Some(slot) => {
                *slot = (name, class);
                self.len += 1;
            }
            None => self.full = true,
        }
    }
}

/// Words that begin a statement.
const VERBS: [&[u8]; 6] = [b"insert", b"update", b"select", b"delete", b"replace", b"merge"];

/// Where the first statement of `from..to` begins: its verb.
pub fn verb(text: &Text<'_>, from: usize, to: usize) -> Option<usize> {
    let t = text.bytes;
    let begins = |i: usize| {
        let rest = &t[i..to];
        let word = VERBS.iter().find(|v| rest.len() > v.len() && rest[..v.len()].eq_ignore_ascii_case(v));
        word.is_some_and(|v| matches!(rest[v.len()], b' ' | b'\t' | b'\r' | b'\n' | b'\\'))
    };
    (from..to).find(|&i| matches!(t[i] | 0x20, b'i' | b'u' | b's' | b'd' | b'r' | b'm') && edge(text, i) && begins(i))
}

/// A word may begin at `i`.
fn edge(text: &Text<'_>, i: usize) -> bool {
    !is_sign(text.before(i)) || text.before(i) == b'n' && i > 1 && text.at(i - 2) == b'\\'
}

fn is_sign(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_' || b >= 0x80
}

/// The placeholders of the statement that begins with its verb at `from` and ends at latest at `to`.
pub fn marks(text: &Text<'_>, found: &mut Found<'_>, from: usize, to: usize) -> Marks {
    let mut walk = Walk {
        text,
        i: from,
        to: text.bytes.len().min(to),
        depth: 0,
        column: KeyClass::default(),
        level: 0,
        last: None,
        columns: [KeyClass::default(); MOST],
        place: 0,
        values: false,
        marks: Marks { list: [((0, 0), KeyClass::default()); MOST], len: 0, full: false },
    };
    // A string of JSON ends the statement that it holds.
    let string = text.before(from) == b'"';
    while walk.i < walk.to {
        let b = text.at(walk.i);
        let closes = string && b == b'"' && matches!(text.at(walk.i + 1), b',' | b'}');
        if closes && text.before(walk.i) != b'\\' && text.is_escape(walk.i) == text.is_escape(from - 1) {
            break;
        }
        walk.step(found, b);
    }
    walk.marks
}

/// One pass over a statement.
struct Walk<'a> {
    text: &'a Text<'a>,
    i: usize,
    to: usize,
    depth: usize,
    /// The column that is compared or set, and the depth of brackets at which it was.
    column: KeyClass,
    level: usize,
    /// The name read last.
    last: Option<(usize, usize)>,
    /// The columns of the list before `VALUES`.
    columns: [KeyClass; MOST],
    /// The place in that list, or in the tuple of values.
    place: usize,
    values: bool,
    marks: Marks,
}

impl Walk<'_> {
    /// Reads what begins with `b`.
    fn step(&mut self, found: &mut Found<'_>, b: u8) {
        let i = self.i;
        let next = self.text.at(i + 1);
        self.i += 1;
        match b {
            b'\'' => self.i = self.string_end(i + 1),
            b'"' | b'`' | b'[' => self.quoted(found, b),
            b'?' if matches!(next, b'?' | b'|' | b'&') => self.i += 1,
            b'?' => self.mark((i, i)),
            b'%' if next == b's' => {
                self.i += 1;
                self.mark((i, i));
            }
            b'%' if next == b'(' => self.named(i + 2),
            b':' if next == b':' => self.i = self.word_end(i + 2),
            b'$' | b':' | b'@' => self.named(i + 1),
            b'(' => {
                self.depth += 1;
                self.place = if self.depth == 1 { 0 } else { self.place };
            }
            b')' => {
                self.depth = self.depth.saturating_sub(1);
                self.leave(self.depth < self.level);
            }
            b',' => {
                self.place += usize::from(self.depth == 1);
                self.leave(self.depth <= self.level);
            }
            b'=' | b'<' | b'>' | b'~' => self.compare(found),
            b'n' if self.text.before(i) == b'\\' => {}
            b if is_sign(b) => {
                self.i = self.word_end(i);
                self.word(found, (i, self.i));
            }
            _ => {}
        }
    }

    /// Forgets the column when what is said of it has ended.
    fn leave(&mut self, ended: bool) {
        if ended {
            self.column = KeyClass::default();
        }
    }

    /// The name before is that of a column.
    fn compare(&mut self, found: &mut Found<'_>) {
        if let Some((from, to)) = self.last.take() {
            self.column = self.class(found, (from, to));
            self.level = self.depth;
        }
    }

    fn class(&self, found: &mut Found<'_>, (from, to): (usize, usize)) -> KeyClass {
        let id = found.memo.classify(self.text.registry, self.text.bytes, to - from, to);
        self.text.registry.class(id)
    }

    /// A name, or a word of the language.
    fn word(&mut self, found: &mut Found<'_>, span: (usize, usize)) {
        let word = &self.text.bytes[span.0..span.1];
        let is = |words: &[&[u8]]| words.iter().any(|w| word.eq_ignore_ascii_case(w));
        if word.len() > LONGEST {
            self.name(found, span);
        } else if is(&[b"values", b"value"]) && self.depth == 0 {
            self.values = true;
            self.column = KeyClass::default();
        } else if is(COMPARES) {
            self.compare(found);
        } else if is(ENDS) {
            (self.column, self.last) = (KeyClass::default(), None);
        } else if !is(&[b"not", b"binary"]) {
            self.name(found, span);
        }
    }

    /// Notes the name of a column.
    fn name(&mut self, found: &mut Found<'_>, span: (usize, usize)) {
        self.last = Some(span);
        if self.depth == 1 && !self.values && self.place < MOST {
            self.columns[self.place] = self.class(found, span);
        }
    }

    /// A name in quotes or square brackets: `"password"`, `[Password]`; in a string of JSON a backslash stands before its quotes.
    fn quoted(&mut self, found: &mut Found<'_>, open: u8) {
        let close = if open == b'[' { b']' } else { open };
        let rest = &self.text.bytes[self.i..self.to.min(self.i + NAME)];
        let Some(n) = rest.iter().position(|b| *b == close) else { return };
        let (from, end) = (self.i, self.i + n);
        let end = end - usize::from(n > 0 && self.text.before(end) == b'\\');
        self.i = from + n + 1;
        if end > from && self.text.bytes[from..end].iter().all(|b| is_sign(*b)) {
            self.name(found, (from, end));
        }
    }

    /// A placeholder with a name: `$1`, `:name`, `@p0`, `%(name)s`.
    fn named(&mut self, from: usize) {
        self.i = self.word_end(from);
        if self.i > from {
            self.mark((from, self.i));
        }
    }

    fn mark(&mut self, name: (usize, usize)) {
        let listed = self.values && self.depth > 0 && self.column.entity.is_none();
        let class = if listed { self.columns.get(self.place).copied().unwrap_or_default() } else { self.column };
        self.marks.push(name, class);
    }

    fn word_end(&self, from: usize) -> usize {
        let from = from.min(self.to);
        from + self.text.bytes[from..self.to].iter().take_while(|b| is_sign(**b)).count()
    }

    /// Behind the string that begins at `from`.
    fn string_end(&self, from: usize) -> usize {
        let from = from.min(self.to);
        memchr::memchr(b'\'', &self.text.bytes[from..self.to]).map_or(self.to, |n| from + n + 1)
    }
}

/// Longest word of the language that is looked for.
const LONGEST: usize = 9;

/// What compares a column.
const COMPARES: &[&[u8]] = &[b"like", b"ilike", b"in", b"rlike", b"regexp", b"between"];

/// What ends what is said of a column.
const ENDS: &[&[u8]] = &[
    b"and",
    b"or",
    b"where",
    b"set",
    b"on",
    b"from",
    b"join",
    b"limit",
    b"offset",
    b"fetch",
    b"top",
    b"returning",
    b"order",
    b"group",
    b"having",
    b"when",
    b"then",
    b"else",
    b"select",
    b"update",
    b"into",
];
