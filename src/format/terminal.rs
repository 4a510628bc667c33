//! Control sequences with which terminals colour words: they are no part of what they colour.

use super::view::View;
use crate::model::Carriers;

/// The first byte of a control sequence.
pub const ESC: u8 = 0x1B;

/// Most control sequences that are read as one.
const SEQUENCES: usize = 64;

/// Length of the control sequences of terminals at the front of `v`: `ESC [ 1 ; 31 m` (ECMA-48 section 5.4), which colours what
/// follows, also with its first byte as rsyslog writes it (`#033`). Numbers have three digits at most, so that none hides here.
pub fn terminal(v: &[u8]) -> usize {
    let mut len = 0;
    for _ in 0..SEQUENCES {
        match sequence(&v[len..]) {
            0 => break,
            n => len += n,
        }
    }
    len
}

fn sequence(v: &[u8]) -> usize {
    const LONGEST: usize = 16;
    let head = match v {
        [ESC, b'[', ..] => 2,
        [b'#', b'0', b'3', b'3', b'[', ..] => 5,
        _ => return 0,
    };
    let set = |b: &&u8| b.is_ascii_digit() || matches!(b, b';' | b':' | b'?');
    let params = &v[head..][..v[head..].iter().take(LONGEST).take_while(set).count()];
    let end = head + params.len();
    let short = params.split(|b| !b.is_ascii_digit()).all(|n| n.len() <= 3);
    if short && v.get(end).is_some_and(u8::is_ascii_alphabetic) { end + 1 } else { 0 }
}

/// What the control sequences in `t[at..at + len]` read as: nothing, or a blank between two words. Escapes are part of a word.
pub fn between(t: &[u8], at: usize, len: usize) -> &'static [u8] {
    let word = |b: &u8| b.is_ascii_alphanumeric() || *b >= 0x80;
    let left = at > 0 && (word(&t[at - 1]) || t[at - 1] == b';');
    let right = t.get(at + len).is_some_and(|b| word(b) || matches!(b, b'%' | b'\\' | b'&' | b'#' | b'+'));
    if left && right { b" " } else { b"" }
}

impl View {
    /// Shows `parent[start..end]` without the control sequences of terminals.
    pub fn push_terminal(&mut self, parent: &[u8], start: usize, end: usize) {
        self.open();
        let mut i = start;
        while i < end {
            let rest = &parent[i..end];
            let stop = memchr::memchr2(ESC, b'#', rest).unwrap_or(rest.len());
            self.literal(parent, i, i + stop);
            i += stop;
            match terminal(&parent[i..end]) {
                0 if i < end => {
                    self.literal(parent, i, i + 1);
                    i += 1;
                }
                0 => {}
                len => {
                    let blank = between(parent, i, len).len();
                    self.escaped((i, len), (b"    ", blank), Carriers::TERMINAL);
                    i += len;
                }
            }
        }
        self.close(start, end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences() {
        for (v, len) in [
            ("\x1b[31mx", 5),
            ("\x1b[0m\x1b[1;31mx", 11),
            ("\x1b[mx", 3),
            ("\x1b[Kx", 3),
            ("#033[38;5;196mx", 14),
            ("\x1b[13800138001m", 0),
            ("\x1b[31", 0),
            ("\x1bm", 0),
            ("#033x", 0),
        ] {
            assert_eq!(terminal(v.as_bytes()), len, "{v:?}");
        }
    }

    #[test]
    fn words_stay_apart() {
        let text = b"\x1b[36mkey\x1b[0m=\x1b[1mv\x1b[0mw\x1b[m";
        let mut view = View::default();
        view.push_terminal(text, 0, text.len());
        assert_eq!(view.text(), b"key=v w\n");
        let traced = |s, e| view.trace(s, e, s).map(|t| (t.start, t.end)).unwrap();
        assert_eq!([traced(0, 3), traced(4, 5), traced(6, 7)], [(5, 8), (17, 18), (22, 23)]);
    }
}
