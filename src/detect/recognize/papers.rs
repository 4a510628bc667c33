//! Numbers that Chinese signs frame: `军字第12345678号` (military papers), `123456使` (plates of embassies).

use super::{Found, Text};
use crate::model::{Confidence, RuleId, well_known as e};

/// Services and commands that issue military papers; other offices number theirs `京字第...`.
const ISSUERS: [&str; 16] =
    ["军", "南", "北", "沈", "兰", "济", "广", "成", "空", "海", "士", "文", "政", "后", "参", "武"];

/// Looks at the signs `start..end` beyond ASCII and the digits beside them.
pub fn run(text: &Text<'_>, found: &mut Found<'_>, start: usize, end: usize) {
    let t = text.bytes;
    let signs = &t[start..end];
    if signs.ends_with("字第".as_bytes()) && text.at(end).is_ascii_digit() {
        military(text, found, start, end);
    }
    if signs == "使".as_bytes() && text.before(start).is_ascii_digit() {
        let digits = t[..start].iter().rev().take(7).take_while(|b| b.is_ascii_digit()).count();
        if digits == 6 && !joins(text.before(start - 6)) && !joins(text.at(end)) {
            found.push(start - 6, end, e::PLATE, RuleId::Words, Confidence::Context);
        }
    }
}

fn military(text: &Text<'_>, found: &mut Found<'_>, start: usize, end: usize) {
    let t = text.bytes;
    let head = &t[start..end - "字第".len()];
    let Some(issuer) = ISSUERS.iter().find(|i| head.ends_with(i.as_bytes())) else { return };
    let front = &head[..head.len() - issuer.len()];
    // `房产证号：京房权证海字第...` numbers a house.
    if ["权证", "产证"].iter().any(|w| front.ends_with(w.as_bytes())) {
        return;
    }
    // `民终字第`: what stands before is more of the name of another office.
    let begins = front.is_empty()
        || ["证", "号", "为", "是", "：", "（", "，", "。"].iter().any(|w| front.ends_with(w.as_bytes()));
    let digits = t[end..].iter().take(9).take_while(|b| b.is_ascii_digit()).count();
    if !begins || !(4..=8).contains(&digits) || text.at(end + digits).is_ascii_alphanumeric() {
        return;
    }
    let close = if t[end + digits..].starts_with("号".as_bytes()) { "号".len() } else { 0 };
    let from = end - "字第".len() - issuer.len();
    found.push(from, end + digits + close, e::MILITARY_ID, RuleId::Words, Confidence::Context);
}

fn joins(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b >= 0x80 || matches!(b, b'-' | b'_' | b'.')
}
