//! Days of birth in the forms that programs and people write.

use super::{all_digits, digits};

/// A day of birth: eight digits, or year, month and day with marks; a time of day may follow.
pub fn is(v: &[u8]) -> bool {
    // `Wed Jan 31 00:00:00 CST 1990` (Java).
    if (24..=35).contains(&v.len()) && v[3] == b' ' && v[13] == b':' {
        let mut day = [b' '; 11];
        day[..6].copy_from_slice(&v[4..10]);
        day[6..].copy_from_slice(&v[v.len() - 5..]);
        return names_month(&day);
    }
    // `1990-01-31T00:00:00.000+08:00`: the day alone counts.
    if let [day @ .., b'T' | b' '] = &v[..v.len().min(11)]
        && day.len() == 10
        && v.len() <= 40
        && v[10..].iter().all(|b| b.is_ascii_graphic() || *b == b' ')
    {
        return is(day);
    }
    if short_day(v) {
        return true;
    }
    let n = digits(v);
    if v.iter().any(u8::is_ascii_alphabetic) && (5..=6).contains(&n) {
        return names_month(v);
    }
    // Milliseconds since 1970, before or behind it.
    if v.len() == n + usize::from(v.first() == Some(&b'-')) && (11..=13).contains(&n) {
        return true;
    }
    let marks = v.iter().filter(|b| !b.is_ascii_digit()).count();
    // `1990-03`
    if v.len() == 7 && marks == 1 && v[4] == b'-' {
        return v.starts_with(b"19") || v.starts_with(b"20");
    }
    (if marks > 1 { 6 } else { 8 }..=17).contains(&n)
        && v.len() <= 30
        && (v.starts_with(b"19") || v.starts_with(b"20") || n == 8)
        && v.iter().all(|b| {
            b.is_ascii_digit() || matches!(b, b'-' | b'/' | b'.' | b':' | b' ' | b'T' | b'Z' | b'+') || *b >= 0x80
        })
}

/// `5/12/1985`, `3.5.1985`, `12/05/85`: a zero in front may lack, and so may the century.
fn short_day(v: &[u8]) -> bool {
    let Some(&mark) = v.iter().find(|b| matches!(b, b'/' | b'.' | b'-')) else { return false };
    let mut parts = v.split(|b| *b == mark);
    let mut part = |lens: &[usize]| parts.next().is_some_and(|p| lens.contains(&p.len()) && all_digits(p));
    part(&[1, 2]) && part(&[1, 2]) && part(&[2, 4]) && parts.next().is_none()
}

/// `2 January 1990`, `Jan 2, 1990`, `02-Jan-1990`.
fn names_month(v: &[u8]) -> bool {
    const MONTHS: &[u8; 36] = b"janfebmaraprmayjunjulaugsepoctnovdec";
    let mut words = v.split(|b| matches!(b, b' ' | b',' | b'-' | b'.' | b'/')).filter(|w| !w.is_empty());
    let month = |w: &[u8]| MONTHS.as_chunks::<3>().0.iter().any(|m| w.len() >= 3 && w[..3].eq_ignore_ascii_case(m));
    v.len() <= 24
        && words.clone().count() == 3
        && words.all(|w| all_digits(w) && matches!(w.len(), 1 | 2 | 4) || month(w))
}
