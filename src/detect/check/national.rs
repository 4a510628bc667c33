//! Numbers that states give to people, told by check digits or form: Brazil (CPF), France (NIR), Germany (IdNr), India (Aadhaar, PAN),
//! Italy (codice fiscale), Japan (個人番号), Korea (주민등록번호), Mexico (CURP), Poland (PESEL), Singapore (NRIC), Spain (DNI, NIE),
//! Sweden (personnummer) and the United Kingdom (National Insurance).

use super::{all_digits, luhn};

/// Most letters and digits of one (CURP).
const LONGEST: usize = 18;

/// True when the value has the form of such a number: letters, digits and what parts groups. For keys that name nothing else: a typo is
/// still a person's number.
pub fn form(v: &[u8]) -> bool {
    let signs = v.iter().filter(|b| b.is_ascii_alphanumeric()).count();
    let digits = v.iter().filter(|b| b.is_ascii_digit()).count();
    let ends = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    (7..=LONGEST).contains(&signs)
        && digits >= 4
        && v.len() <= signs + 6
        && v.iter().all(|b| b.is_ascii_alphanumeric() || is_mark(*b))
        && ends(v.first())
        && ends(v.last())
}

fn is_mark(b: u8) -> bool {
    matches!(b, b' ' | b'-' | b'.' | b'/' | b'+')
}

/// True for a number of one of these kinds.
pub fn checked(v: &[u8]) -> bool {
    if !form(v) {
        return false;
    }
    let (mut buf, mut n) = ([0; LONGEST], 0);
    for b in v.iter().filter(|b| !is_mark(**b)) {
        buf[n] = b.to_ascii_uppercase();
        n += 1;
    }
    let c = &buf[..n];
    match n {
        9 => insurance(c) || singapore(c) || spain(c),
        10 => pan(c) || v.iter().any(|b| matches!(b, b'-' | b'+')) && sweden(c),
        11 if all_digits(c) => cpf(c) || pesel(c) || idnr(c),
        12 if all_digits(c) => aadhaar(c) || japan(c) || sweden(&c[2..]),
        13 => all_digits(c) && korea(c),
        15 => nir(c),
        16 => codice_fiscale(c),
        18 => curp(c),
        _ => false,
    }
}

/// The value of a digit.
fn d(b: u8) -> u32 {
    u32::from(b - b'0')
}

fn weighted(c: &[u8], weights: impl IntoIterator<Item = u32>) -> u32 {
    c.iter().zip(weights).map(|(b, w)| d(*b) * w).sum()
}

fn same(c: &[u8]) -> bool {
    c.iter().all(|b| *b == c[0])
}

/// A month and a day of it.
fn is_day(month: u32, day: u32) -> bool {
    (1..=12).contains(&month) && (1..=31).contains(&day)
}

fn two(c: &[u8], at: usize) -> u32 {
    d(c[at]) * 10 + d(c[at + 1])
}

/// Brazil: two check digits modulo 11.
fn cpf(c: &[u8]) -> bool {
    let check = |n: usize| weighted(&c[..n], (2..=n as u32 + 1).rev()) * 10 % 11 % 10;
    !same(c) && check(9) == d(c[9]) && check(10) == d(c[10])
}

/// Poland: a date, the century in its month, and a check digit.
fn pesel(c: &[u8]) -> bool {
    let sum = weighted(&c[..10], [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]);
    is_day(two(c, 2) % 20, two(c, 4)) && (10 - sum % 10) % 10 == d(c[10])
}

/// Germany: ISO 7064 modulo 11, 10; of the first ten digits one stands two or three times.
fn idnr(c: &[u8]) -> bool {
    let mut product = 10;
    for b in &c[..10] {
        let sum = (d(*b) + product) % 10;
        product = if sum == 0 { 10 } else { sum } * 2 % 11;
    }
    let kinds = (b'0'..=b'9').filter(|k| c[..10].contains(k)).count();
    c[0] != b'0' && (8..=9).contains(&kinds) && (11 - product) % 10 == d(c[10])
}

/// India: Verhoeff's check digit; none begins with 0 or 1.
fn aadhaar(c: &[u8]) -> bool {
    // Products of the dihedral group of ten: turns below five, flips from there on.
    let times = |a: u32, b: u32| match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => 5 + (a + b - 5) % 5,
        (false, true) => 5 + (a - 5 + 5 - b) % 5,
        (false, false) => (a - 5 + 10 - b) % 5,
    };
    const TURN: [u32; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];
    let permuted = |n: usize, digit: u32| (0..n % 8).fold(digit, |x, _| TURN[x as usize]);
    let sum = c.iter().rev().enumerate().fold(0, |sum, (n, b)| times(sum, permuted(n, d(*b))));
    c[0] >= b'2' && !same(c) && sum == 0
}

/// India's tax number: the fourth letter says what its holder is.
fn pan(c: &[u8]) -> bool {
    letters(&c[..5]) && b"ABCFGHJLPT".contains(&c[3]) && all_digits(&c[5..9]) && c[9].is_ascii_uppercase()
}

fn letters(c: &[u8]) -> bool {
    c.iter().all(u8::is_ascii_uppercase)
}

/// Japan: a check digit modulo 11.
fn japan(c: &[u8]) -> bool {
    let rest = weighted(&c[..11], [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
    !same(c) && d(c[11]) == if rest <= 1 { 0 } else { 11 - rest }
}

/// Korea: a date, then century and sex. Numbers given since October 2020 have no check digit.
fn korea(c: &[u8]) -> bool {
    is_day(two(c, 2), two(c, 4)) && (b'1'..=b'8').contains(&c[6])
}

/// Sweden: a date, that of a coordination number sixty days later, and Luhn's check digit.
fn sweden(c: &[u8]) -> bool {
    if !all_digits(c) {
        return false;
    }
    let day = two(c, 4);
    is_day(two(c, 2), if day > 60 { day - 60 } else { day }) && luhn::valid(c)
}

/// France: sex, year, month and place, and 97 less the rest; Corsica's departments hold a letter.
fn nir(c: &[u8]) -> bool {
    let mut digits = [0; 13];
    digits.copy_from_slice(&c[..13]);
    if c[5] == b'2' && matches!(c[6], b'A' | b'B') {
        [digits[5], digits[6]] = if c[6] == b'A' { *b"19" } else { *b"18" };
    }
    if !all_digits(&digits) || !all_digits(&c[13..]) || !b"123478".contains(&c[0]) {
        return false;
    }
    let number = digits.iter().fold(0, |n: u64, b| n * 10 + u64::from(d(*b)));
    let month = two(&digits, 3);
    (matches!(month, 1..=12 | 20..=42) || month >= 50) && 97 - number % 97 == u64::from(two(c, 13))
}

/// Italy: letters of the names, year, month, day and place, and a check letter; letters may stand for digits where two people would
/// have the same.
fn codice_fiscale(c: &[u8]) -> bool {
    const ODD: [u32; 26] =
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    let digit = |b: &u8| b.is_ascii_digit() || b"LMNPQRSTUV".contains(b);
    let order = |b: u8| if b.is_ascii_digit() { d(b) } else { u32::from(b - b'A') };
    let formed = letters(&c[..6])
        && [6, 7, 9, 10, 12, 13, 14].iter().all(|&i| digit(&c[i]))
        && b"ABCDEHLMPRST".contains(&c[8])
        && letters(&c[11..12])
        && letters(&c[15..]);
    let sum = |i: usize| if i.is_multiple_of(2) { ODD[order(c[i]) as usize] } else { order(c[i]) };
    formed && (0..15).map(sum).sum::<u32>() % 26 == u32::from(c[15] - b'A')
}

/// Mexico: letters of the names, a date, sex and state, and a check digit.
fn curp(c: &[u8]) -> bool {
    let formed = letters(&c[..4]) && all_digits(&c[4..10]) && b"HMX".contains(&c[10]) && letters(&c[11..16]);
    // Ñ stands between N and O.
    let value = |b: u8| match b {
        b'0'..=b'9' => d(b),
        b'A'..=b'N' => u32::from(b - b'A') + 10,
        _ => u32::from(b - b'O') + 25,
    };
    if !formed || !c[17].is_ascii_digit() || !is_day(two(c, 6), two(c, 8)) {
        return false;
    }
    let sum: u32 = c[..17].iter().zip((2..=18).rev()).map(|(b, w)| value(*b) * w).sum();
    (10 - sum % 10) % 10 == d(c[17])
}

/// The United Kingdom: two letters, six digits, a letter from A to D; these prefixes are given to nobody.
fn insurance(c: &[u8]) -> bool {
    const NEVER: [&[u8]; 8] = [b"BG", b"GB", b"KN", b"NK", b"NT", b"TN", b"ZZ", b"OO"];
    letters(&c[..2])
        && !b"DFIQUV".contains(&c[0])
        && !b"DFIOQUV".contains(&c[1])
        && !NEVER.contains(&&c[..2])
        && all_digits(&c[2..8])
        && (b'A'..=b'D').contains(&c[8])
}

/// Singapore: the century, seven digits, a check letter.
fn singapore(c: &[u8]) -> bool {
    let (more, table): (u32, &[u8; 11]) = match c[0] {
        b'S' => (0, b"JZIHGFEDCBA"),
        b'T' => (4, b"JZIHGFEDCBA"),
        b'F' => (0, b"XWUTRQPNMLK"),
        b'G' => (4, b"XWUTRQPNMLK"),
        _ => return false,
    };
    all_digits(&c[1..8]) && table[((weighted(&c[1..8], [2, 7, 6, 5, 4, 3, 2]) + more) % 11) as usize] == c[8]
}

/// Spain: eight digits, of foreigners a letter and seven, and a check letter modulo 23.
fn spain(c: &[u8]) -> bool {
    let first = match c[0] {
        b'X'..=b'Z' => u32::from(c[0] - b'X'),
        b if b.is_ascii_digit() => d(b),
        _ => return false,
    };
    let number = |rest: &[u8]| rest.iter().fold(first, |n, b| n * 10 + d(*b));
    all_digits(&c[1..8]) && b"TRWAGMYFPDXBNJZSQVHLCKE"[(number(&c[1..8]) % 23) as usize] == c[8]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers of nobody: computed from a made-up front.
    const VALID: &[&str] = &[
        "01701887525",
        "922.432.985-38",
        "29682021927",
        "60670331673",
        "58237316903",
        "68 702 514 238",
        "402007077898",
        "4774 4880 2372",
        "0803161662041",
        "090612-3902169",
        "156032B23931352",
        "1 06 07 2B 413 183 95",
        "ZHVVMV02E21P802X",
        "wqtojm13d10p598l",
        "MLOW930414HDFSQC35",
        "IURJ930714HDFWGZ12",
        "13277047K",
        "77456723-Z",
        "X4502406H",
        "X-2047868-V",
        "191307185080",
        "140518-1379",
        "LVOPR2739R",
        "BNBPT7460H",
        "435383414950",
        "6170 9310 3995",
        "S1234567D",
        "AB 12 34 56 C",
    ];

    #[test]
    fn every_kind_is_told_by_its_check_digits() {
        for v in VALID {
            assert!(checked(v.as_bytes()), "{v}");
            // Another last sign is another number, but for kinds that have none that checks the others.
            let (last, unchecked) =
                (v.as_bytes()[v.len() - 1], ["0803161662041", "090612-3902169", "LVOPR2739R", "BNBPT7460H"]);
            let other =
                if last.is_ascii_digit() { (last - b'0' + 1) % 10 + b'0' } else { b'A' + (last - b'A' + 5) % 26 };
            let wrong = format!("{}{}", &v[..v.len() - 1], char::from(other));
            assert!(last.is_ascii_lowercase() || unchecked.contains(v) || !checked(wrong.as_bytes()), "{wrong}");
        }
    }

    #[test]
    fn other_numbers_are_none() {
        for v in [
            "",
            "1",
            "11111111111",
            "000000000000",
            "2026-11-23",
            "192.0.2.7",
            "12345678901",
            "GB123456C",
            "ABCDE1234",
            "a@b.example.com",
            "AB0101-123Z",
        ] {
            assert!(!checked(v.as_bytes()), "{v}");
        }
        for v in ["none", "12-34", "-1234567", "1234567-", "127.0.0.1", "see the other document", "1234567890123456789"]
        {
            assert!(!form(v.as_bytes()), "{v}");
        }
        assert!(form(b"123.456.789-00") && form(b"D1234567"));
    }

    proptest::proptest! {
        #[test]
        fn letters_and_digits_in_any_order_are_judged(v in "[0-9A-Za-z]{2}[01][0-9][0-3][0-9][ .+/-]?[0-9A-Za-z]{1,12}", w in "[0-9A-Za-z .+/-]{0,26}") {
            for v in [v, w] {
                proptest::prop_assert!(!checked(v.as_bytes()) || form(v.as_bytes()));
            }
        }
    }
}
