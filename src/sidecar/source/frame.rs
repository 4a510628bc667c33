//! Where does a message end? Lines, and the two framings of syslog over streams (RFC 6587).

use zeroize::Zeroizing;

/// What came of some bytes.
#[derive(Debug, PartialEq, Eq)]
pub enum Framed {
    /// All is well.
    Fine,
    /// So many messages were too long and left out.
    TooLong(u64),
    /// The stream has no framing that is known; nothing more can be read from it.
    Broken,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Undecided,
    Lines,
    Counted,
}

/// Cuts a stream into messages.
pub struct Framer {
    kind: Kind,
    held: Zeroizing<Vec<u8>>,
    most: usize,
    skipping: bool,
}

impl Framer {
    /// Lines of at most `most` bytes.
    pub fn lines(most: usize) -> Framer {
        Framer { kind: Kind::Lines, held: Zeroizing::default(), most, skipping: false }
    }

    /// Syslog: the first byte tells the framing.
    pub fn syslog(most: usize) -> Framer {
        Framer { kind: Kind::Undecided, ..Framer::lines(most) }
    }

    /// Takes bytes and gives whole messages to `each`.
    pub fn push(&mut self, bytes: &[u8], each: &mut dyn FnMut(&[u8])) -> Framed {
        if self.kind == Kind::Undecided
            && let Some(first) = bytes.first()
        {
            self.kind = if first.is_ascii_digit() { Kind::Counted } else { Kind::Lines };
        }
        if self.kind == Kind::Counted { self.counted(bytes, each) } else { self.split(bytes, each) }
    }

    fn split(&mut self, mut bytes: &[u8], each: &mut dyn FnMut(&[u8])) -> Framed {
        let mut long = 0;
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            let (line, rest) = (&bytes[..end], &bytes[end + 1..]);
            bytes = rest;
            if std::mem::take(&mut self.skipping) {
                continue;
            }
            if self.held.len() + line.len() > self.most {
                long += 1;
            } else if self.held.is_empty() {
                each(line);
            } else {
                self.held.extend_from_slice(line);
                each(&self.held);
            }
            self.held.clear();
        }
        if !self.skipping {
            if self.held.len() + bytes.len() > self.most {
                (self.held, self.skipping) = (Zeroizing::default(), true);
                long += 1;
            } else {
                self.held.extend_from_slice(bytes);
            }
        }
        if long > 0 { Framed::TooLong(long) } else { Framed::Fine }
    }

    fn counted(&mut self, bytes: &[u8], each: &mut dyn FnMut(&[u8])) -> Framed {
        self.held.extend_from_slice(bytes);
        let mut at = 0;
        loop {
            let rest = &self.held[at..];
            let digits = rest.iter().take(8).take_while(|b| b.is_ascii_digit()).count();
            let count = match (digits, rest.get(digits)) {
                (_, None) if rest.len() < 8 => break,
                (1.., Some(b' ')) => rest[..digits].iter().fold(0, |n, d| n * 10 + usize::from(d - b'0')),
                // A line end between two messages is not allowed, but sent.
                (0, Some(b'\n')) => {
                    at += 1;
                    continue;
                }
                _ => return Framed::Broken,
            };
            if count > self.most {
                return Framed::Broken;
            }
            let Some(message) = rest.get(digits + 1..digits + 1 + count) else { break };
            each(message);
            at += digits + 1 + count;
        }
        self.held.drain(..at);
        Framed::Fine
    }

    /// What is left when the stream ends; a message that was cut is not one.
    pub fn rest(&mut self) -> Option<Zeroizing<Vec<u8>>> {
        let whole = self.kind == Kind::Lines && !self.held.is_empty();
        whole.then(|| std::mem::take(&mut self.held))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(mut framer: Framer, text: &[u8], step: usize) -> (Vec<Vec<u8>>, Framed) {
        let mut messages = Vec::new();
        let mut worst = Framed::Fine;
        for part in text.chunks(step) {
            match framer.push(part, &mut |m| messages.push(m.to_vec())) {
                Framed::Fine => {}
                other => worst = other,
            }
        }
        messages.extend(framer.rest().map(|r| r.to_vec()));
        (messages, worst)
    }

    #[test]
    fn both_framings_whatever_the_reads() {
        for step in [1, 2, 7, 100] {
            let (m, worst) = all(Framer::syslog(50), b"<13>one\n<13>two\n\n<13>rest", step);
            assert_eq!(
                (m, worst),
                (vec![b"<13>one".to_vec(), b"<13>two".into(), vec![], b"<13>rest".into()], Framed::Fine)
            );
            let (m, worst) = all(Framer::syslog(50), b"8 <13>one\n7 <13>two\n6 <13>", step);
            assert_eq!((m, worst), (vec![b"<13>one\n".to_vec(), b"<13>two".into()], Framed::Fine));
        }
    }

    #[test]
    fn what_is_too_long_or_wrong_is_left_out() {
        for step in [1, 5, 100] {
            let text = [b"short\n", &[b'x'; 60][..], b"\nshort again\n"].concat();
            let (m, worst) = all(Framer::lines(20), &text, step);
            assert_eq!((m, worst), (vec![b"short".to_vec(), b"short again".into()], Framed::TooLong(1)), "{step}");
        }
        for text in [&b"99 <13>x"[..], b"1x <13>", b"123456789 x"] {
            assert_eq!(all(Framer::syslog(20), text, 100), (vec![], Framed::Broken));
        }
    }
}
