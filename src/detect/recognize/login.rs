//! Account names in the sentences of login programs: `for alice from 192.0.2.7`, `alice : TTY=pts/0`.

use super::{Found, Text};
use crate::detect::check::{keyed, output};
use crate::model::{Confidence, RuleId, Shape, well_known as e};

/// Looks in front of every address that was found.
pub fn run(text: &Text<'_>, found: &mut Found<'_>) {
    let mut names = Vec::new();
    for h in found.hits.iter() {
        let s = h.start as usize;
        let address = matches!(h.entity, e::IP_V4 | e::IP_V6 | e::IP_PRIVATE | e::IP_DOCUMENTATION | e::IP_SPECIAL);
        if address && text.bytes[..s].ends_with(b" from ") {
            names.extend(word_before(text, s - b" from ".len(), &[b"for ", b"user "]));
        }
    }
    for (start, end) in names {
        found.push(start, end, e::ACCOUNT, RuleId::Words, Confidence::Context);
    }
}

/// The account before ` : TTY=`, whose equals sign stands at `sep` (sudo).
pub fn sudo(text: &Text<'_>, found: &mut Found<'_>, sep: usize) {
    let Some(end) = sep.checked_sub(b" : TTY".len()).filter(|&i| text.bytes[i..].starts_with(b" : TTY=")) else {
        return;
    };
    if let Some((start, end)) = word_before(text, end, &[b": ", b" "]) {
        found.push(start, end, e::ACCOUNT, RuleId::Words, Confidence::Context);
    }
}

/// The word that ends at `end`, when one of these stands in front of it and it names an account.
fn word_before(text: &Text<'_>, end: usize, fronts: &[&[u8]]) -> Option<(usize, usize)> {
    let t = text.bytes;
    let len = t[..end].iter().rev().take(64).take_while(|b| **b > b' ').count();
    let (start, word) = (end - len, &t[end - len..end]);
    let account = matches!(keyed::keyed(Shape::AccountName, e::ACCOUNT, word), keyed::Keyed::Take(_));
    let plain =
        word.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'\\' | b'@') || *b >= 0x80);
    // `no such user found from 192.0.2.7`
    let found = word == b"found" && t[..start].ends_with(b"such user ");
    (account && plain && !found && !output::is(word) && fronts.iter().any(|f| t[..start].ends_with(f)))
        .then_some((start, end))
}
