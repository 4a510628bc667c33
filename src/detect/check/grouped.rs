//! Numbers in groups behind a key, without quotes: a blank ends other values there.

use super::{iban, imsi, meid, named, national, phone};
use crate::model::well_known as e;
use crate::model::{EntityId, Shape};

/// Most bytes of a number with the marks between its groups.
const LONGEST: usize = 48;

/// Where a bare value ends that begins at `start` and whose first group ends at `end`: more groups belong to it when the
/// whole is then a number of its kind, the longest one.
pub fn end(text: &[u8], start: usize, end: usize, (entity, shape): (EntityId, Shape)) -> usize {
    let fits: fn(&[u8]) -> bool = match shape {
        Shape::Iban => iban::valid,
        Shape::Imsi => imsi::grouped,
        Shape::Ssn => named::ssn,
        Shape::NationalId | Shape::NationalIdChecked => national::checked,
        Shape::Card => card,
        Shape::Phone if end - start <= 5 => telephone,
        Shape::DeviceId if entity == e::MEID && end - start <= 5 => meid::spaced,
        _ => return end,
    };
    // The end of a sentence.
    if text[..end].ends_with(b".") && end > start && fits(&text[start..end - 1]) {
        return end - 1;
    }
    let most = text.len().min(start + LONGEST);
    let (mut last, mut whole) = (end, end);
    // `(010)62551234`
    if text[..end].ends_with(b")") && text.get(end).is_some_and(u8::is_ascii_digit) {
        last = end + text[end..].iter().take(LONGEST).take_while(|b| b.is_ascii_digit()).count();
        if fits(&text[start..last]) {
            whole = last;
        }
    }
    while last < most && matches!(text[last], b' ' | b'-' | b'.') {
        let signs = text[last + 1..].iter().take(LONGEST).take_while(|b| b.is_ascii_alphanumeric()).count();
        last += 1 + signs;
        if signs == 0 || last > most {
            break;
        }
        if fits(&text[start..last]) {
            whole = last;
        }
    }
    whole
}

/// Seven digits and more that can be dialled.
fn telephone(v: &[u8]) -> bool {
    let whole = v.last().is_some_and(u8::is_ascii_digit) && v.iter().filter(|b| b.is_ascii_digit()).count() >= 7;
    whole && phone::normalise(v, &mut [0; 24]).is_some()
}

/// Thirteen to nineteen digits, four groups of four, or those of the cards of fourteen and fifteen.
fn card(v: &[u8]) -> bool {
    let groups = || v.split(|b| matches!(b, b' ' | b'-'));
    let lengths = || groups().map(<[u8]>::len);
    v.iter().all(|b| b.is_ascii_digit() || matches!(b, b' ' | b'-'))
        && (lengths().eq([v.len().clamp(13, 19)])
            || lengths().eq([4, 4, 4, 4])
            || lengths().eq([4, 6, 5])
            || lengths().eq([4, 6, 4]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups() {
        let part = |t: &str, what| {
            let first = t.find([' ', '-', '.']).unwrap_or(t.len());
            t[..end(t.as_bytes(), 0, first, what)].to_owned()
        };
        let iban = |t| part(t, (EntityId(0), Shape::Iban));
        assert_eq!(iban("GB82 WEST 1234 5698 7654 32 paid"), "GB82 WEST 1234 5698 7654 32");
        assert_eq!(iban("GB82 WEST 1234 5698 7654 33 paid"), "GB82");
        assert_eq!(iban("NO93 8601 1117 947 OK"), "NO93 8601 1117 947");
        assert_eq!(iban("AL47 2121 1009 0000 0002 3569 8741 OK"), "AL47 2121 1009 0000 0002 3569 8741");
        assert_eq!(iban("NO 93 8601 11.17947 OK"), "NO 93 8601 11.17947");
        assert_eq!(iban("GB82"), "GB82");
        let meid = |t| part(t, (e::MEID, Shape::DeviceId));
        assert_eq!(meid("AF 01 23 45 0A BC DE C ;"), "AF 01 23 45 0A BC DE C");
        assert_eq!(meid("29360 87365 0070 3710 0 200"), "29360 87365 0070 3710 0");
        assert_eq!(meid("unknown 200 1234"), "unknown");
        assert_eq!(part("460 07 1234567890 x", (e::IMSI, Shape::Imsi)), "460 07 1234567890");
        assert_eq!(part("078 05 1120 x", (EntityId(0), Shape::Ssn)), "078 05 1120");
        assert_eq!(part("078.05.1120 x", (EntityId(0), Shape::Ssn)), "078.05.1120");
        assert_eq!(end(b"078-05-1120.", 0, 12, (EntityId(0), Shape::Ssn)), 11);
        let card = |t| part(t, (e::CARD, Shape::Card));
        assert_eq!(card("4111 1111 1111 1112 x"), "4111 1111 1111 1112");
        assert_eq!(card("4111 1111 200"), "4111");
        assert_eq!(part("460 07 12345678901 x", (e::IMSI, Shape::Imsi)), "460");
    }
}
