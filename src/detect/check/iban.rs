//! International bank account number (ISO 13616-1): country, two check digits modulo 97, up to 30 letters and digits; in
//! print a blank stands behind every fourth.

/// Fewest and most letters and digits (Norway has 15).
const LENGTH: std::ops::RangeInclusive<usize> = 15..=34;

/// True when `v` has the form of a number whose check digits fit.
pub fn valid(v: &[u8]) -> bool {
    let signs = || v.iter().filter(|b| **b != b' ').map(u8::to_ascii_uppercase);
    let formed = LENGTH.contains(&signs().count()) && head(v) && signs().all(|b| b.is_ascii_alphanumeric());
    // The first four stand last; a letter counts as two digits (ISO 7064, MOD 97-10).
    let rest = signs().skip(4).chain(signs().take(4));
    formed && rest.fold(0, digits) == 1
}

/// Where a number ends that begins at `start` and whose first group ends at `end`: blanks between groups of four belong
/// to it when its check digits say so.
pub fn end(text: &[u8], start: usize, end: usize) -> usize {
    let group = |from: usize| {
        let rest = text.get(from..).unwrap_or_default();
        let n = rest.iter().take(5).take_while(|b| b.is_ascii_digit() || b.is_ascii_uppercase()).count();
        (1..=4).contains(&n).then_some(from + n)
    };
    if end - start != 4 || !head(&text[start..end]) {
        return end;
    }
    let mut last = end;
    while let Some(next) = (text.get(last) == Some(&b' ')).then(|| group(last + 1)).flatten() {
        let full = next - last == 5;
        last = next;
        if !full || valid(&text[start..last]) && text.get(last) != Some(&b' ') {
            break;
        }
    }
    // A shorter word of capitals may stand behind it.
    let whole = |e: usize| text[e - 1] != b' ' && !text.get(e).is_some_and(u8::is_ascii_alphanumeric);
    (end..=last).rev().find(|&e| whole(e) && valid(&text[start..e])).unwrap_or(end)
}

fn head(v: &[u8]) -> bool {
    v.len() >= 4 && v[..2].iter().all(u8::is_ascii_alphabetic) && v[2..4].iter().all(u8::is_ascii_digit)
}

fn digits(n: u32, b: u8) -> u32 {
    match b {
        b'0'..=b'9' => (n * 10 + u32::from(b - b'0')) % 97,
        _ => (n * 100 + u32::from(b - b'A') + 10) % 97,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn check_digits() {
        assert!(super::valid(b"GB82WEST12345698765432") && super::valid(b"GB82 WEST 1234 5698 7654 32"));
        assert!(super::valid(b"NO9386011117947") && super::valid(b"de89370400440532013000"));
        assert!(!super::valid(b"GB82WEST12345698765433") && !super::valid(b"GB82") && !super::valid(b""));
    }

    #[test]
    fn groups() {
        let end = |t: &str| super::end(t.as_bytes(), 0, 4);
        assert_eq!(end("GB82 WEST 1234 5698 7654 32 paid"), 27);
        assert_eq!(end("GB82 WEST 1234 5698 7654 32"), 27);
        assert_eq!(end("GB82 WEST 1234 5698 7654 33 paid"), 4);
        assert_eq!(end("NO93 8601 1117 947 OK"), 18);
        assert_eq!(end("AL47 2121 1009 0000 0002 3569 8741 OK"), 34);
        assert_eq!(end("GB82"), 4);
    }
}
