//! Licence plates (GA 36-2018) and vehicle identification numbers (GB 16735, ISO 3779).

/// Province signs of plates.
const PROVINCES: &str = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使";

/// True for the UTF-8 bytes of a province sign.
#[inline]
pub fn is_province(c: &[u8]) -> bool {
    c.len() == 3 && PROVINCES.as_bytes().chunks_exact(3).any(|p| p == c)
}

fn sign(b: u8) -> bool {
    b.is_ascii_digit() || b.is_ascii_uppercase() && !matches!(b, b'I' | b'O')
}

/// Length of the plate at the front of `v`, which begins with a province sign; 0 when there is none.
pub fn plate_len(v: &[u8]) -> usize {
    if v.len() < 9 || !is_province(&v[..3]) {
        return 0;
    }
    let mut i = 3;
    let embassy = v[..3] == *"使".as_bytes();
    if embassy {
        let n = v[3..].iter().take_while(|b| b.is_ascii_digit()).count();
        return if n == 6 { 9 } else { 0 };
    }
    if !v[i].is_ascii_uppercase() || matches!(v[i], b'I' | b'O') {
        return 0;
    }
    i += 1;
    for dot in ["·", "•", "-", " ", "."] {
        if v[i..].starts_with(dot.as_bytes()) {
            i += dot.len();
            break;
        }
    }
    let n = v[i..].iter().take(8).take_while(|b| sign(**b)).count();
    let body = &v[i..i + n];
    let digits = body.iter().filter(|b| b.is_ascii_digit()).count();
    let special = ["挂", "学", "警", "港", "澳", "领"].iter().any(|s| v[i + n..].starts_with(s.as_bytes()));
    match n {
        4 if special && digits >= 2 => i + n + 3,
        5 if digits >= 2 => i + n,
        6 if digits >= 4 && new_energy(body) => i + n,
        _ => 0,
    }
}

/// Six signs: a small car begins, a large one ends with a letter of the energy kind.
fn new_energy(b: &[u8]) -> bool {
    let kind = |c: u8| matches!(c, b'A'..=b'H' | b'J' | b'K');
    let all_digits = |d: &[u8]| d.iter().all(u8::is_ascii_digit);
    kind(b[0]) && all_digits(&b[2..]) || kind(b[5]) && all_digits(&b[..5])
}

/// A whole value that is a plate, or looks like one to someone who has no ideographs (`JA12345` under a key).
pub fn plate(v: &[u8]) -> bool {
    plate_len(v) == v.len() && !v.is_empty()
}

/// A plate as most countries have them: letters and digits, with blanks or dashes between (`ABC-1234`, `AB12 CDE`, `B-MW 1234`).
pub fn foreign_plate(v: &[u8]) -> bool {
    let count = |f: fn(&u8) -> bool| v.iter().filter(|b| f(b)).count();
    let (letters, digits) = (count(u8::is_ascii_uppercase), count(u8::is_ascii_digit));
    let marks = count(|b| matches!(b, b' ' | b'-' | b'.'));
    let ends = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    let words = v.split(|b| !b.is_ascii_uppercase()).any(|w| w.len() > 3);
    letters > 0
        && !words
        && digits > 1
        && (5..=8).contains(&(letters + digits))
        && marks <= 2
        && letters + digits + marks == v.len()
        && ends(v.first())
        && ends(v.last())
}

/// Vehicle identification number: seventeen signs without I, O, Q; the ninth checks modulo 11.
pub fn vin(v: &[u8]) -> bool {
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    if v.len() != 17 || !v.iter().any(u8::is_ascii_alphabetic) || !v[13..].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let mut sum = 0;
    for (&b, w) in v.iter().zip(WEIGHTS) {
        let n = match b {
            b'0'..=b'9' => b - b'0',
            b'A'..=b'H' => b - b'A' + 1,
            b'J'..=b'N' => b - b'J' + 1,
            b'P' => 7,
            b'R' => 9,
            b'S'..=b'Z' => b - b'S' + 2,
            _ => return false,
        };
        sum += u32::from(n) * w;
    }
    v[8] == b"0123456789X"[(sum % 11) as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors() {
        for ok in ["京A12345", "苏D40000", "陕A12345D", "京AD12345", "粤Z1234港", "京A·12345", "川AGE123", "使123456"]
        {
            assert!(plate(ok.as_bytes()), "{ok}");
        }
        for bad in ["京A123", "京I12345", "京ABCDEF", "", "京A"] {
            assert!(!plate(bad.as_bytes()), "{bad}");
        }
        for ok in ["ABC-1234", "AB12 CDE", "B-MW 1234", "7ABC123", "12-AB-34"] {
            assert!(foreign_plate(ok.as_bytes()), "{ok}");
        }
        for bad in ["PLATE-01", "abc-1234", "1234567", "AB 1", "-ABC123", "A--B--12"] {
            assert!(!foreign_plate(bad.as_bytes()), "{bad}");
        }
        // The specimen of ISO 3779 annex material in wide use, and one digit off.
        assert!(vin(b"1M8GDM9AXKP042788") && !vin(b"1M8GDM9A1KP042788"));
        assert!(!vin(b"12345678901234567"));
    }
}
