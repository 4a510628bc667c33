//! When did it happen? Event times in the notations of servers and clients. The calendar is `jiff`'s.

use jiff::civil::DateTime;

/// Reads event times and remembers the day of the last one: logs tell the time of many events of one day. One per
/// worker.
#[derive(Default)]
pub struct EventClock {
    /// The last common log format time, and its Unix seconds.
    clf: [u8; 26],
    seconds: i64,
    /// Unix seconds of that day's first second.
    midnight: i64,
    /// `2026-11-23` of the last ISO time.
    date: [u8; 10],
    /// Unix seconds of that day's first second in UTC.
    begins: i64,
}

impl EventClock {
    /// See [`of_text`].
    pub fn of_text(&mut self, line: &[u8], offset: i32) -> Option<i64> {
        let head = &line[..line.len().min(HEAD)];
        if let Some(t) = self.iso(head, offset) {
            return Some(t);
        }
        let mut from = 0;
        while let Some(i) = memchr::memchr(b'[', &head[from..]) {
            from += i + 1;
            if let Some(t) = self.clf(&head[from..]) {
                return Some(t);
            }
        }
        front(head).and_then(|i| self.iso(&head[i..], offset))
    }

    /// See [`of_value`].
    pub fn of_value(&mut self, v: &[u8], offset: i32) -> Option<i64> {
        match v.get(2) {
            Some(b'/') => self.clf(v).or_else(|| of_value(v, offset)),
            _ => of_value(v, offset),
        }
    }

    /// See [`clf`].
    #[inline]
    fn clf(&mut self, v: &[u8]) -> Option<i64> {
        let v: &[u8; 26] = v.first_chunk()?;
        if v[2] != b'/' || v[11] != b':' || v[20] != b' ' {
            return None;
        }
        if *v == self.clf {
            return Some(self.seconds);
        }
        let known = v[..12] == self.clf[..12] && v[20..] == self.clf[20..];
        let t = if known { self.midnight + time_of_day(v[12..20].first_chunk()?)? } else { self.new_day(v)? };
        (self.clf, self.seconds) = (*v, t);
        Some(t)
    }

    #[cold]
    fn new_day(&mut self, v: &[u8; 26]) -> Option<i64> {
        let t = clf(v)?;
        self.midnight = t - v[12..20].first_chunk().and_then(time_of_day)?;
        Some(t)
    }

    /// See [`iso`].
    fn iso(&mut self, v: &[u8], offset: i32) -> Option<i64> {
        let front: &[u8; 19] = v.first_chunk()?;
        if !is_iso(front) {
            return None;
        }
        let seconds = time_of_day(front[11..].first_chunk()?)?;
        if front[..10] != self.date {
            self.begins = date(front)?;
            self.date.copy_from_slice(&front[..10]);
        }
        Some(self.begins + seconds - i64::from(zone(&v[19..], offset)?))
    }
}

/// Seconds since midnight of `10:11:45`, whatever the marks are.
#[inline]
fn time_of_day(v: &[u8; 8]) -> Option<i64> {
    let two = |i: usize| {
        let (a, b) = (v[i].wrapping_sub(b'0'), v[i + 1].wrapping_sub(b'0'));
        (a < 10 && b < 10).then(|| i64::from(a) * 10 + i64::from(b))
    };
    let (h, m, s) = (two(0)?, two(3)?, two(6)?);
    (h < 24 && m < 60).then(|| h * 3600 + m * 60 + s.min(59))
}

/// Bytes at the front of a line of text that may hold its time.
const HEAD: usize = 256;

/// Unix seconds of a line of text: ISO 8601 or nginx's `2026/11/23 10:11:45` at its very front, `[23/Nov/2026:10:11:45 +0800]`,
/// ISO 8601 behind a little more.
/// Times without a zone are read at `offset` seconds east of UTC.
pub fn of_text(line: &[u8], offset: i32) -> Option<i64> {
    let head = &line[..line.len().min(HEAD)];
    if let Some(t) = iso(head, offset) {
        return Some(t);
    }
    let mut from = 0;
    while let Some(i) = memchr::memchr(b'[', &head[from..]) {
        from += i + 1;
        if let Some(t) = clf(&head[from..]) {
            return Some(t);
        }
    }
    front(head).and_then(|i| iso(&head[i..], offset))
}

/// Where an ISO or nginx time may begin: at the front, behind a priority, a bracket or `ts=`.
#[inline]
fn front(head: &[u8]) -> Option<usize> {
    let end = head.len().min(64);
    (0..end).find(|&i| head[i] == b'2' && head.get(i + 4).is_some_and(|b| matches!(b, b'-' | b'/')))
}

/// Common log format between its brackets: `23/Nov/2026:10:11:45 +0800`.
pub fn clf(v: &[u8]) -> Option<i64> {
    if v.len() < 26 || v[2] != b'/' || v[6] != b'/' || v[11] != b':' || v[20] != b' ' {
        return None;
    }
    const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    let month = MONTHS.as_chunks::<3>().0.iter().position(|m| v[3..6] == *m)? + 1;
    let sign = if v[21] == b'-' { -1 } else { 1 };
    let zone = sign * (num(&v[22..24])? * 3600 + num(&v[24..26])? * 60);
    let (y, d) = (num(&v[7..11])?, num(&v[..2])?);
    seconds(y, month as i32, d, num(&v[12..14])?, num(&v[15..17])?, num(&v[18..20])?, zone)
}

/// `2026-11-23T10:11:45.881+08:00` and its looser kin.
pub fn iso(v: &[u8], offset: i32) -> Option<i64> {
    let front: &[u8; 19] = v.first_chunk()?;
    if !is_iso(front) {
        return None;
    }
    Some(date(front)? + time_of_day(front[11..].first_chunk()?)? - i64::from(zone(&v[19..], offset)?))
}

fn is_iso(v: &[u8; 19]) -> bool {
    matches!(v[4], b'-' | b'/') && v[7] == v[4] && matches!(v[10], b'T' | b' ' | b't') && v[13] == b':'
}

/// Unix seconds when the day of an ISO time begins in UTC.
fn date(v: &[u8; 19]) -> Option<i64> {
    seconds(num(&v[..4])?, num(&v[5..7])?, num(&v[8..10])?, 0, 0, 0, 0)
}

/// Seconds east of UTC, told behind the seconds and their fraction; `offset` when nothing is told.
#[inline]
fn zone(v: &[u8], offset: i32) -> Option<i32> {
    let fraction = matches!(v.first(), Some(b'.' | b','));
    let skip = if fraction { 1 + v[1..].iter().take_while(|b| b.is_ascii_digit()).count() } else { 0 };
    let sign = match v.get(skip) {
        Some(b'Z' | b'z') => return Some(0),
        Some(b'-') => -1,
        Some(b'+') => 1,
        _ => return Some(offset),
    };
    let (mut digits, mut n) = ([0; 4], 0);
    for b in v[skip + 1..].iter().take(5).filter(|b| **b != b':').take(4) {
        digits[n] = *b;
        n += 1;
    }
    if n < 4 {
        return Some(offset);
    }
    Some(sign * (num(&digits[..2])? * 3600 + num(&digits[2..])? * 60))
}

/// A value of a time field: epoch seconds, milli-, micro- or nanoseconds, with or without a fraction, ISO 8601, CLF.
pub fn of_value(v: &[u8], offset: i32) -> Option<i64> {
    let v = v.trim_ascii();
    let (mut number, mut digits) = (0i64, 0);
    for b in v.iter().take_while(|b| b.is_ascii_digit()) {
        number = number.wrapping_mul(10).wrapping_add(i64::from(b - b'0'));
        digits += 1;
    }
    if digits == v.len() || v.get(digits) == Some(&b'.') && v[digits + 1..].iter().all(u8::is_ascii_digit) {
        let scale = match digits {
            9 | 10 => 1,
            13 => 1_000,
            16 => 1_000_000,
            19 => 1_000_000_000,
            _ => return None,
        };
        return Some(number / scale);
    }
    iso(v, offset).or_else(|| clf(v))
}

fn num(v: &[u8]) -> Option<i32> {
    v.iter().try_fold(0, |n, b| b.is_ascii_digit().then(|| n * 10 + i32::from(b - b'0')))
}

fn seconds(y: i32, mo: i32, d: i32, h: i32, mi: i32, s: i32, zone: i32) -> Option<i64> {
    let civil = DateTime::new(y as i16, mo as i8, d as i8, h as i8, mi as i8, s.min(59) as i8, 0).ok()?;
    let utc = jiff::tz::Offset::UTC.to_timestamp(civil).ok()?;
    Some(utc.as_second() - i64::from(zone))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notations_of_one_instant() {
        let want = Some(1_795_399_905);
        assert_eq!(of_text(b"1.2.3.4 - - [23/Nov/2026:10:11:45 +0800] \"GET /\"", 0), want);
        assert_eq!(of_text(b"2026/11/23 10:11:45 [error] 1#1: *5", 8 * 3600), want);
        assert_eq!(of_text(b"<165>1 2026-11-23T10:11:45.881+08:00 host app", 0), want);
        assert_eq!(of_value(b"1795399905123", 0), want);
        assert_eq!(of_value(b"1795399905", 0), want);
        assert_eq!(of_value(b"1795399905.123", 0), want);
        assert_eq!(of_value(b"2026-11-23 02:11:45", 0), want);
        assert_eq!(of_text(b"2026-11-23T02:11:45Z proxy [22/Nov/2026:10:11:45 +0800] x", 0), want);
        assert_eq!(of_text(b"no time here [x] 12:34:56", 0), None);
        assert_eq!(of_value(b"hello", 0), None);
        assert_eq!(clf(b"31/Feb/2026:10:11:45 +0800"), None);
    }

    #[test]
    fn a_remembered_day_changes_nothing() {
        let mut clock = EventClock::default();
        for v in [
            "23/Nov/2026:10:11:45 +0800",
            "23/Nov/2026:23:59:60 +0800",
            "23/Nov/2026:00:00:00 -0130",
            "24/Nov/2026:00:00:00 +0800",
            "24/Nov/2026:01-02-03 +0800",
        ] {
            let line = format!("192.0.2.1 - - [{v}] x");
            for _ in 0..2 {
                assert_eq!(clock.of_text(line.as_bytes(), 0), of_text(line.as_bytes(), 0));
                assert_eq!(clock.of_value(v.as_bytes(), 0), of_value(v.as_bytes(), 0));
            }
        }
        for v in [
            "2026-11-23 10:11:45.120 INFO [main] ",
            "2026-11-23T23:59:60Z [x]",
            "2026/11/24 00:00:00 [error]",
            "2026-11-24T00:00:00,5+08:00",
            "2026-11-24T00:00:00.5-0130 x",
            "2026-02-30T00:00:00Z",
            "2026-11-24T24:00:00Z",
            "2026-11-24T00:00:00+1x:00",
            "2026-11-24T00:00:00+08",
        ] {
            for line in [v.to_owned(), format!("<13>1 {v} y")] {
                assert_eq!(clock.of_text(line.as_bytes(), 3600), of_text(line.as_bytes(), 3600), "{line}");
            }
        }
        assert_eq!(clock.of_text(b"[31/Feb/2026:10:11:45 +0800]", 0), None);
        assert_eq!(clock.of_text(b"[24/Nov/2026:24:00:00 +0800]", 0), None);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(v in proptest::collection::vec(proptest::sample::select(b"[]/:-+ T.Z0123456789Nov2".to_vec()), 0..60)) {
            of_text(&v, 0);
            of_value(&v, 0);
        }
    }
}
