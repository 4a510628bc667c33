//! Text that is written as one run of letters and digits: base64, or hexadecimal digits (auditd writes command lines so).

use super::base64::{self, Style};
use crate::model::Carriers;

/// How a run is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Armour {
    /// Base64 (RFC 4648).
    Base64(Style),
    /// Two hexadecimal digits a byte.
    Hex {
        /// `A` to `F`.
        upper: bool,
    },
}

/// Decodes a run to the end of a buffer, when it is one of text.
pub type Decode = fn(&[u8], &mut Vec<u8>) -> Option<Armour>;

/// Least digits of a run of hexadecimal text.
pub const LEAST: usize = 14;

impl Armour {
    /// Decodes a run of base64 of text to the end of `out`.
    pub fn of_base64(run: &[u8], out: &mut Vec<u8>) -> Option<Armour> {
        base64::decode_text(run, out).map(Armour::Base64)
    }

    /// Decodes hexadecimal digits of text to the end of `out`. NULs part the arguments of a command line.
    pub fn of_hex(run: &[u8], out: &mut Vec<u8>) -> Option<Armour> {
        let upper = run.iter().any(|b| b.is_ascii_uppercase());
        if run.len() < LEAST || upper && run.iter().any(u8::is_ascii_lowercase) {
            return None;
        }
        let (pairs, []) = run.as_chunks::<2>() else { return None };
        let at = out.len();
        for &[high, low] in pairs {
            let digit = |b: u8| char::from(b).to_digit(16);
            let byte = digit(high).zip(digit(low)).map(|(h, l)| (h << 4 | l) as u8);
            let Some(byte) = byte.filter(|b| is_sign(*b)) else {
                out.truncate(at);
                return None;
            };
            out.push(byte);
        }
        if std::str::from_utf8(&out[at..]).is_err() {
            out.truncate(at);
            return None;
        }
        Some(Armour::Hex { upper })
    }

    /// Appends `text` to `out` as this run was written.
    pub fn encode(self, text: &[u8], out: &mut Vec<u8>) {
        match self {
            Armour::Base64(style) => style.encode(text, out),
            Armour::Hex { upper } => {
                let digits = if upper { b"0123456789ABCDEF" } else { b"0123456789abcdef" };
                out.extend(text.iter().flat_map(|b| [digits[usize::from(b >> 4)], digits[usize::from(b & 15)]]));
            }
        }
    }

    /// What it counts as in reports.
    pub fn carrier(self) -> Carriers {
        match self {
            Armour::Base64(_) => Carriers::BASE64,
            Armour::Hex { .. } => Carriers::HEX_TEXT,
        }
    }
}

/// True for a byte of text.
fn is_sign(b: u8) -> bool {
    b >= b' ' && b != 0x7F || matches!(b, 0 | b'\t' | b'\n' | b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_is_told_from_other_digits() {
        let of = |run: &str| {
            let mut out = Vec::new();
            Armour::of_hex(run.as_bytes(), &mut out).map(|_| String::from_utf8(out).unwrap())
        };
        assert_eq!(of("6D7973716C002D7070777800").as_deref(), Some("mysql\0-ppwx\0"));
        assert_eq!(of("68656c6c6f20e4bda0").as_deref(), Some("hello 你"));
        for no in [
            "68656c6c6f",
            "68656c6c6f776f726c6",
            "68656C6c6f776f72",
            "d41d8cd98f00b204e9800998ecf8427e",
            "68656c6c6f776fe4",
        ] {
            assert_eq!(of(no), None, "{no}");
        }
    }

    proptest! {
        #[test]
        fn what_is_decoded_is_written_back(text in "[ -~\u{0}\u{4e00}-\u{4e20}]{7,40}", upper: bool) {
            let mut run = Vec::new();
            Armour::Hex { upper }.encode(text.as_bytes(), &mut run);
            let mut out = vec![b'x'];
            if let Some(found) = Armour::of_hex(&run, &mut out) {
                prop_assert_eq!(&out[1..], text.as_bytes());
                let mut again = Vec::new();
                found.encode(&out[1..], &mut again);
                prop_assert_eq!(again, run);
            }
        }
    }
}
