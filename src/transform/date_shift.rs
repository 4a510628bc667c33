//! Dates moved by a number of days that is fixed for each subject: intervals within one person's records stay, the
//! calendar does not.

use super::lanes::HmacKey;
use super::{At, Needs, Transform};
use crate::model::Unfit;
use jiff::civil::Date;
use std::io::Write as _;

/// A prepared key.
pub struct DateShift {
    key: HmacKey,
    most: u32,
}

/// A date's parts in a text and what stands between them.
struct Parts<'a> {
    date: Date,
    mark: &'a [u8],
    rest: &'a [u8],
}

impl DateShift {
    /// Shifts by 1 to `most` days, backwards or forwards.
    pub fn new(key: &[u8; 32], most: u16) -> DateShift {
        DateShift { key: HmacKey::new(key), most: u32::from(most.max(1)) }
    }

    /// Days that a subject's dates move.
    fn days(&self, subject: &[u8]) -> i32 {
        let tag = self.key.tag(subject);
        let n = u64::from_be_bytes(std::array::from_fn(|i| tag[i])) % u64::from(2 * self.most);
        let n = n as i32 - self.most as i32;
        // Nobody's dates stay.
        if n >= 0 { n + 1 } else { n }
    }

    fn run(&self, value: &[u8], subject: &[u8], sign: i32, out: &mut Vec<u8>) -> Result<(), Unfit> {
        let p = parse(value).ok_or(Unfit)?;
        // A record that names nobody is its own subject.
        let subject = if subject.is_empty() { b"record" } else { subject };
        let span = jiff::Span::new().days(self.days(subject) * sign);
        let d = p.date.checked_add(span).map_err(|_| Unfit)?;
        let mark = String::from_utf8_lossy(p.mark);
        write!(out, "{:04}{mark}{:02}{mark}{:02}", d.year(), d.month(), d.day()).map_err(|_| Unfit)?;
        out.extend_from_slice(p.rest);
        Ok(())
    }

    /// The date of a subject that was shifted.
    ///
    /// # Errors
    /// [`Unfit`] when `value` begins with no date.
    pub fn undo(&self, value: &[u8], subject: &[u8], out: &mut Vec<u8>) -> Result<(), Unfit> {
        self.run(value, subject, -1, out)
    }
}

/// `YYYYMMDD`, or year, month and day with `-`, `/` or `.` between; a time may follow.
fn parse(v: &[u8]) -> Option<Parts<'_>> {
    let number = |r: std::ops::Range<usize>| {
        let part = v.get(r)?;
        part.iter().all(u8::is_ascii_digit).then(|| part.iter().fold(0, |n, b| n * 10 + i16::from(b - b'0')))
    };
    let marked = matches!(v.get(4)?, b'-' | b'/' | b'.');
    let (m, d, end) = if marked { (5..7, 8..10, 10) } else { (4..6, 6..8, 8) };
    if marked && v.get(7) != v.get(4) || v.get(end).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let date = Date::new(number(0..4)?, number(m)? as i8, number(d)? as i8).ok()?;
    Some(Parts { date, mark: if marked { &v[4..5] } else { b"" }, rest: &v[end..] })
}

impl Transform for DateShift {
    fn needs(&self) -> Needs {
        Needs::Subject
    }

    fn apply(&self, value: &[u8], at: &mut At<'_>, out: &mut Vec<u8>) -> Result<(), Unfit> {
        self.run(value, at.subject, 1, out)
    }

    fn looks_real(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transform::canonical::testing::apply_for;

    #[test]
    fn intervals_of_a_subject_stay() {
        let t = DateShift::new(&[7; 32], 180);
        let shift = |v: &str, who: &str| {
            String::from_utf8(apply_for(&t, v.as_bytes(), b"", who.as_bytes(), 0).unwrap()).unwrap()
        };
        let date = |s: &str| s[..10].replace('/', "-").parse::<Date>().unwrap();
        let (a, b) = (shift("2024-02-28", "alice"), shift("2024/03/01 10:00", "alice"));
        assert_eq!((date(&b) - date(&a)).get_days(), 2);
        assert!(b.ends_with(" 10:00"));
        assert_ne!(a, "2024-02-28");
        assert_ne!(a, shift("2024-02-28", "bob"));
        assert_eq!(shift("20240228", "alice"), a.replace('-', ""));
        let mut back = Vec::new();
        t.undo(a.as_bytes(), b"alice", &mut back).unwrap();
        assert_eq!(back, b"2024-02-28");
        assert_eq!(apply_for(&t, b"2024-02-30", b"", b"alice", 0), Err(Unfit));
    }
}
