//! When did it happen? Event times in the notations of servers and clients. The calendar is `jiff`'s.

use jiff::civil::DateTime;

/// Reads event times and remembers the day of the last one: logs tell the time of many events of one day. One per
/// worker.
#[derive(Default)]
pub struct EventClock {
    /// `23/Nov/2026` and `+0800` of the last common log format time.
    day: [u8; 16],
    /// Unix seconds of that day's first second.
    midnight: i64,
}

impl EventClock {
    /// See [`of_text`].
    pub fn of_text(&mut self, line: &[u8], offset: i32) -> Option<i64> {
        let head = &line[..line.len().min(HEAD)];
        if let Some(t) = memchr::memchr(b'[', head).and_then(|i| self.clf(&head[i + 1..])) {
            return Some(t);
        }
        of_text(line, offset)
    }

    /// See [`of_value`].
    pub fn of_value(&mut self, v: &[u8], offset: i32) -> Option<i64> {
        self.clf(v).or_else(|| of_value(v, offset))
    }

    /// See [`clf`].
    fn clf(&mut self, v: &[u8]) -> Option<i64> {
        let v: &[u8; 26] = v.first_chunk()?;
        if v[2] != b'/' || v[11] != b':' || v[14] != b':' || v[17] != b':' || v[20] != b' ' {
            return None;
        }
        let mut day = [0; 16];
        day[..11].copy_from_slice(&v[..11]);
        day[11..].copy_from_slice(&v[21..]);
        let (h, m, s) = (num(&v[12..14])?, num(&v[15..17])?, num(&v[18..20])?);
        if h > 23 || m > 59 || s > 60 {
            return None;
        }
        let seconds = i64::from(h * 3600 + m * 60 + s.min(59));
        if day != self.day {
            self.midnight = clf(v)? - seconds;
            self.day = day;
        }
        Some(self.midnight + seconds)
    }
}

/// Bytes at the front of a line of text that may hold its time.
const HEAD: usize = 256;

/// Unix seconds of a line of text: `[23/Nov/2026:10:11:45 +0800]`, ISO 8601, nginx's `2026/11/23 10:11:45`.
/// Times without a zone are read at `offset` seconds east of UTC.
pub fn of_text(line: &[u8], offset: i32) -> Option<i64> {
    let head = &line[..line.len().min(HEAD)];
    let mut from = 0;
    while let Some(i) = memchr::memchr(b'[', &head[from..]) {
        from += i + 1;
        if let Some(t) = clf(&head[from..]) {
            return Some(t);
        }
    }
    // ISO and nginx times stand at the front, behind a priority, a bracket or `ts=`.
    let end = head.len().min(64);
    (0..end)
        .find(|&i| head[i] == b'2' && head.get(i + 4).is_some_and(|b| matches!(b, b'-' | b'/')))
        .and_then(|i| iso(&head[i..], offset))
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
    if v.len() < 19
        || !matches!(v[4], b'-' | b'/')
        || v[7] != v[4]
        || !matches!(v[10], b'T' | b' ' | b't')
        || v[13] != b':'
    {
        return None;
    }
    let mut i = 19;
    if matches!(v.get(i), Some(b'.' | b',')) {
        i += 1 + v[i + 1..].iter().take_while(|b| b.is_ascii_digit()).count();
    }
    let zone = match v.get(i) {
        Some(b'Z' | b'z') => 0,
        Some(s @ (b'+' | b'-')) => {
            let rest: Vec<u8> = v[i + 1..].iter().take(5).filter(|b| **b != b':').copied().take(4).collect();
            let sign = if *s == b'-' { -1 } else { 1 };
            if rest.len() < 4 { offset } else { sign * (num(&rest[..2])? * 3600 + num(&rest[2..])? * 60) }
        }
        _ => offset,
    };
    seconds(num(&v[..4])?, num(&v[5..7])?, num(&v[8..10])?, num(&v[11..13])?, num(&v[14..16])?, num(&v[17..19])?, zone)
}

/// A value of a time field: epoch seconds, milli-, micro- or nanoseconds, with or without a fraction, ISO 8601, CLF.
pub fn of_value(v: &[u8], offset: i32) -> Option<i64> {
    let v = v.trim_ascii();
    let digits = v.iter().take_while(|b| b.is_ascii_digit()).count();
    if digits == v.len() || v.get(digits) == Some(&b'.') && v[digits + 1..].iter().all(u8::is_ascii_digit) {
        let scale = match digits {
            9 | 10 => 1,
            13 => 1_000,
            16 => 1_000_000,
            19 => 1_000_000_000,
            _ => return None,
        };
        return Some(
            v[..digits].iter().fold(0i64, |n, b| n.wrapping_mul(10).wrapping_add(i64::from(b - b'0'))) / scale,
        );
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
        ] {
            let line = format!("192.0.2.1 - - [{v}] x");
            for _ in 0..2 {
                assert_eq!(clock.of_text(line.as_bytes(), 0), of_text(line.as_bytes(), 0));
                assert_eq!(clock.of_value(v.as_bytes(), 0), of_value(v.as_bytes(), 0));
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
