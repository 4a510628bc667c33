//! Lists of subjects with dates: minors, withdrawn consent, erasure, legal hold. They name subjects by the tokens
//! that the main output shows, so that nobody keeps a list of identifiers. A line is
//! `TOKEN DATE [WORD [DATE]]`; `#` begins a comment.
//!
//! | list | date | word |
//! |---|---|---|
//! | minors | day on which the subject comes of age | |
//! | consent | day of withdrawal | purpose, or `*` |
//! | erasure | day from which records are erased | ground |
//! | hold | first day held | case; then the day on which it ends |
//!
//! Dates are days of the policy's zone or RFC 3339 times, and are compared with event times.

use super::Policy;
use crate::model::{Category, CategorySet};
use crate::rules::RuleError;
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::HashMap;

/// Which list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Subjects who are children.
    Minors,
    /// Subjects who withdrew consent.
    Consent,
    /// Subjects to be erased.
    Erasure,
    /// Subjects whose records are held.
    Hold,
}

impl Kind {
    /// Lists by name.
    pub const NAMES: &[(&str, Kind)] =
        &[("minors", Kind::Minors), ("consent", Kind::Consent), ("erasure", Kind::Erasure), ("hold", Kind::Hold)];
}

/// What a list says of a subject.
#[derive(Clone, Copy, Debug)]
struct Listed {
    kind: Kind,
    from: i64,
    until: i64,
    /// Consent: what goes.
    strip: CategorySet,
    /// Hold: number of the case, from 1.
    case: u16,
}

/// All lists in force.
#[derive(Debug, Default)]
pub struct Lists {
    subjects: HashMap<u128, Vec<Listed>>,
    /// Names of the cases of holds.
    pub cases: Vec<String>,
}

/// What the lists say of a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// A subject is a minor.
    pub minor: bool,
    /// A subject is erased: the record goes.
    pub erased: bool,
    /// What withdrawn consent strips.
    pub strip: CategorySet,
    /// Number of the case that holds the record, from 1; 0 for none.
    pub case: u16,
}

impl Lists {
    /// True when no list names anybody.
    pub fn is_empty(&self) -> bool {
        self.subjects.is_empty()
    }

    /// Adds what a list that the policy knows says of the subject with this tag, for an event at `unix`.
    pub fn judge(&self, tag: &[u8; 16], unix: i64, verdict: &mut Verdict) {
        for l in self.subjects.get(&u128::from_be_bytes(*tag)).into_iter().flatten() {
            if unix < l.from || unix >= l.until {
                continue;
            }
            match l.kind {
                Kind::Minors => verdict.minor = true,
                Kind::Consent => verdict.strip.0 |= l.strip.0,
                Kind::Erasure => verdict.erased = true,
                Kind::Hold => verdict.case = l.case,
            }
        }
    }

    /// Adds the lines of a list.
    ///
    /// # Errors
    /// All lines that say nothing or that the policy has no stanza for, by number; never their text.
    pub fn add(&mut self, kind: Kind, name: &str, text: &str, policy: &Policy) -> Result<(), Vec<RuleError>> {
        let mut errors = Vec::new();
        for (n, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            if let Err(message) = self.line(kind, line, policy) {
                errors.push(RuleError::new(&format!("{name}:{}", n + 1), message));
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    fn line(&mut self, kind: Kind, line: &str, policy: &Policy) -> Result<(), String> {
        let mut words = line.split_ascii_whitespace();
        let tag = words.next().and_then(tag).ok_or("the first word must be a token as the output shows it")?;
        let at = words.next().and_then(|d| instant(d, policy.offset)).ok_or("the second word must be a date")?;
        let word = words.next().unwrap_or_default();
        let mut l = Listed { kind, from: at, until: i64::MAX, strip: CategorySet::default(), case: 0 };
        match kind {
            Kind::Minors => {
                policy.minors.as_ref().ok_or("the policy has no [minors] stanza")?;
                (l.from, l.until) = (i64::MIN, at);
            }
            Kind::Consent => {
                let (_, strip) = policy.consent.as_ref().ok_or("the policy has no [consent] stanza")?;
                l.strip = bound(policy, word, *strip).ok_or("the third word must be a purpose of the policy, or *")?;
            }
            Kind::Erasure => {
                let erasure = policy.erasure.as_ref().ok_or("the policy has no [erasure] stanza")?;
                let ground = erasure.grounds.iter().find(|g| g.id == word);
                if ground.ok_or("the third word must be a ground of the policy's [erasure] stanza")?.retroactive {
                    l.from = i64::MIN;
                }
            }
            Kind::Hold => {
                policy.hold.ok_or("the policy has no [hold] stanza")?;
                l.case = self.case(word).ok_or("the third word must be a case: letters, digits, `.`, `_`, `-`")?;
                if let Some(end) = words.next() {
                    l.until = instant(end, policy.offset).ok_or("the fourth word must be a date")?;
                }
            }
        }
        self.subjects.entry(tag).or_default().push(l);
        Ok(())
    }

    fn case(&mut self, name: &str) -> Option<u16> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        if name.is_empty() || name.len() > 64 || !name.bytes().all(plain) {
            return None;
        }
        let at = self.cases.iter().position(|c| c == name).unwrap_or_else(|| {
            self.cases.push(name.to_owned());
            self.cases.len() - 1
        });
        u16::try_from(at + 1).ok()
    }
}

/// Categories of a purpose among those that withdrawal strips.
fn bound(policy: &Policy, purpose: &str, strip: CategorySet) -> Option<CategorySet> {
    if purpose == "*" {
        return Some(strip);
    }
    let serves = |c: &Category| policy.purposes[*c as usize].iter().any(|p| p == purpose);
    let set: CategorySet = Category::ALL.into_iter().filter(serves).collect();
    policy.def.policy.purposes.iter().any(|p| p == purpose).then_some(CategorySet(set.0 & strip.0))
}

/// The tag of a token.
fn tag(token: &str) -> Option<u128> {
    let text = token.rsplit('_').next().filter(|t| t.len() == 26 && token.len() > 36)?;
    let mut bits = 0u128;
    for (i, b) in text.bytes().enumerate() {
        let digit = match b {
            b'a'..=b'z' => b - b'a',
            b'2'..=b'7' => b - b'2' + 26,
            _ => return None,
        };
        bits = if i < 25 { bits << 5 | u128::from(digit) } else { bits << 3 | u128::from(digit >> 2) };
    }
    Some(bits)
}

/// Unix seconds of a date's midnight `offset` seconds east of UTC, or of an RFC 3339 time.
fn instant(text: &str, offset: i32) -> Option<i64> {
    if let Ok(d) = text.parse::<Date>().map_err(|_| ()).and_then(|d| if text.len() == 10 { Ok(d) } else { Err(()) }) {
        return Some(i64::from((d - Date::constant(1970, 1, 1)).get_days()) * 86400 - i64::from(offset));
    }
    text.parse::<Timestamp>().ok().map(Timestamp::as_second)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{Ruleset, policy_builtin};
    use crate::transform::pseudonym::base32;

    fn policy() -> Policy {
        crate::policy::compile("p", policy_builtin("jdcloud-2021").unwrap(), &Ruleset::builtin()).unwrap()
    }

    #[test]
    fn tokens_read_back() {
        for raw in [[0; 16], [0xFF; 16], std::array::from_fn(|i| i as u8 * 17)] {
            let token = format!("phone_aaaaaaaa_{}", String::from_utf8(base32(&raw).to_vec()).unwrap());
            assert_eq!(tag(&token), Some(u128::from_be_bytes(raw)));
        }
        assert_eq!(tag("13800138000"), None);
    }

    #[test]
    fn dates_bound_what_lists_say() {
        let p = policy();
        let token = format!("acct_aaaaaaaa_{}", String::from_utf8(base32(&[7; 16]).to_vec()).unwrap());
        let mut lists = Lists::default();
        lists.add(Kind::Hold, "h", &format!("{token} 2026-01-01 case-1 2026-02-01 # note\n"), &p).unwrap();
        lists.add(Kind::Minors, "m", &format!("{token} 2026-03-01"), &p).unwrap();
        let at = |t: &str| {
            let mut v = Verdict::default();
            lists.judge(&[7; 16], t.parse::<Timestamp>().unwrap().as_second(), &mut v);
            (v.case, v.minor)
        };
        assert_eq!(at("2025-12-31T23:59:59+08:00"), (0, true));
        assert_eq!(at("2026-01-01T00:00:00+08:00"), (1, true));
        assert_eq!(at("2026-02-01T00:00:00+08:00"), (0, true));
        assert_eq!(at("2026-03-01T00:00:00+08:00"), (0, false));
        assert_eq!(lists.cases, ["case-1"]);
    }

    #[test]
    fn wrong_lines_are_named_by_number_only() {
        let errors = Lists::default().add(Kind::Erasure, "e.txt", "\n13800138000 2026-01-01 withdrawal\n", &policy());
        let text = errors.unwrap_err()[0].to_string();
        assert!(text.starts_with("e.txt:2: ") && !text.contains("138"), "{text}");
    }
}
