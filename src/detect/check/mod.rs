//! Validators: one kind, one file, pure functions on bytes. No allocation, no context.

pub mod account;
pub mod birth;
pub mod card;
pub mod cn_id;
pub mod container;
pub mod eastern;
pub mod email;
pub mod grouped;
pub mod iban;
pub mod iccid;
pub mod imei;
pub mod imsi;
pub mod ip;
pub mod keyed;
pub mod luhn;
pub mod mac;
pub mod meid;
pub mod mrz;
pub mod name;
pub mod named;
pub mod national;
pub mod organisation;
pub mod output;
pub mod papers;
pub mod permit;
pub mod phone;
pub mod pinyin;
pub mod placeholder;
pub mod reference;
pub mod regional;
pub mod scheme;
pub mod state;
pub mod street;
pub mod table;
pub mod uuid;
pub mod vehicle;
pub mod windows;
pub mod word;

/// True when `v` is not empty and holds only ASCII digits.
pub(crate) fn all_digits(v: &[u8]) -> bool {
    !v.is_empty() && v.iter().all(u8::is_ascii_digit)
}

/// How many digits `v` holds.
pub(crate) fn digits(v: &[u8]) -> usize {
    v.iter().filter(|b| b.is_ascii_digit()).count()
}

/// Letters, digits and the marks inside of numbers and names.
pub(crate) fn plain(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')
}

/// Value of a hexadecimal digit; 255 for any other byte.
#[inline]
pub(crate) fn hex_value(b: u8) -> u8 {
    static VALUES: [u8; 256] = {
        let mut t = [255; 256];
        let mut i = 0;
        while i < 16 {
            t[b"0123456789abcdef"[i] as usize] = i as u8;
            t[b"0123456789ABCDEF"[i] as usize] = i as u8;
            i += 1;
        }
        t
    };
    VALUES[usize::from(b)]
}

/// The bytes whose two hexadecimal digits stand at `at(0)`, `at(1)` and so on.
#[inline(always)]
pub(crate) fn hex_bytes<const N: usize>(v: &[u8], at: impl Fn(usize) -> usize) -> Option<[u8; N]> {
    let mut bad = 0;
    let mut out = [0; N];
    for (i, byte) in out.iter_mut().enumerate() {
        let (h, l) = (hex_value(v[at(i)]), hex_value(v[at(i) + 1]));
        bad |= h | l;
        *byte = h << 4 | l & 15;
    }
    (bad < 16).then_some(out)
}

/// Number written in a few ASCII digits.
pub(crate) fn number(v: &[u8]) -> u32 {
    v.iter().fold(0, |n, b| n * 10 + u32::from(b - b'0'))
}

/// True for a day of the Gregorian calendar.
pub(crate) fn is_date(year: u32, month: u32, day: u32) -> bool {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}
