//! Telephones of the North American plan as people write them: `415-555-0199`, `(415) 555-0199`, `1.415.555.0199`. With a plus sign
//! or under a key they are read like those of any country.

use super::{Found, Skip, Text};
use crate::detect::check::phone;
use crate::model::{Confidence, RuleId, well_known as e};

/// Reports the number whose last digit stands at `last`, unless a deeper view shows it; returns where it ends.
#[inline(never)]
pub fn number(text: &Text<'_>, found: &mut Found<'_>, skip: &mut Skip<'_>, last: usize) -> Option<usize> {
    let (mut start, end) = (start_of(text.bytes, last)?, last + 1);
    // `1-415-555-0199`, `1 (415) 555-0199`
    if let [.., b'1', mark] = text.bytes[..start] {
        let same = match text.bytes[start] {
            b'(' => matches!(mark, b' ' | b'-' | b'+'),
            _ => mark == text.bytes[last - 4],
        };
        start -= if same { 2 } else { 0 };
    }
    // What a plus sign begins is found as such; one behind a word is a blank of a form.
    let plus = text.before(start) == b'+' && !(start > 1 && text.bytes[start - 2].is_ascii_alphanumeric());
    if skip.covers(start) || plus || !super::groups::free(text, start, end) {
        return None;
    }
    let left = text.left_key(found.memo, start);
    if text.is_number_field(start, end, &left) {
        return None;
    }
    found.push(start, end, e::PHONE_INTL, RuleId::Grouped, Confidence::Context);
    Some(end)
}

/// Where the area code begins, with its bracket.
fn start_of(t: &[u8], last: usize) -> Option<usize> {
    let line = t.get(last.checked_sub(3)?..=last)?;
    let office = t.get(last.checked_sub(7)?..last - 4)?;
    let mark = t[last - 4];
    let (area, bracket) = match t[..last - 7] {
        [.., b')', b' ' | b'+'] => (last.checked_sub(9)?, true),
        [.., b')'] => (last.checked_sub(8)?, true),
        [.., other] if other == mark => (last - 8, false),
        _ => return None,
    };
    let start = area.checked_sub(3)?;
    let digits = |v: &[u8]| v.iter().all(u8::is_ascii_digit);
    let plan = matches!(mark, b'-' | b'.') && digits(line) && phone::american_plan(&t[start..area], office);
    match bracket {
        true => start.checked_sub(1).filter(|&i| plan && t[i] == b'('),
        false => Some(start).filter(|_| plan),
    }
}
