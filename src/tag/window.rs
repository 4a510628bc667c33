//! From when to when a record may stay, joined from its retention classes.

use crate::model::RetentionId;
use crate::policy::Policy;
use jiff::civil::Date;

/// From when to when a record may stay.
#[derive(Debug, PartialEq, Eq)]
pub struct Window {
    /// Class with the longest floor, else the shortest ceiling.
    pub class: RetentionId,
    /// Longest floor.
    pub keep_until: Option<Date>,
    /// Shortest ceiling, but never before `keep_until`.
    pub delete_after: Option<Date>,
    /// The shortest ceiling, where it lies before `keep_until`: from then on the record is kept, not used.
    pub restrict_after: Option<Date>,
}

impl Window {
    /// Names and dates that are there.
    pub(super) fn dates(&self) -> impl Iterator<Item = (&'static str, Date)> {
        [("keep_until", self.keep_until), ("delete_after", self.delete_after), ("restrict_after", self.restrict_after)]
            .into_iter()
            .filter_map(|(n, d)| Some((n, d?)))
    }
}

/// Joins retention classes: floors are the longest, ceilings the shortest, a floor outranks a ceiling.
pub fn window(policy: &Policy, retentions: u64, day: i32) -> Window {
    let start = Date::constant(1970, 1, 1).checked_add(jiff::Span::new().days(day)).unwrap_or(Date::MAX);
    let until = |s: &Option<jiff::Span>| s.as_ref().and_then(|s| start.checked_add(*s).ok());
    let mut w = Window { class: policy.default_retention, keep_until: None, delete_after: None, restrict_after: None };
    let mut ceiling: Option<Date> = None;
    for (i, r) in policy.retentions.iter().enumerate().filter(|(i, _)| retentions >> i & 1 == 1) {
        if let Some(f) = until(&r.floor).filter(|f| w.keep_until.is_none_or(|k| *f > k)) {
            w.keep_until = Some(f);
            w.class = RetentionId(i as u8);
        }
        if let Some(c) = until(&r.ceiling).filter(|c| ceiling.is_none_or(|d| *c < d)) {
            ceiling = Some(c);
            if w.keep_until.is_none() {
                w.class = RetentionId(i as u8);
            }
        }
    }
    w.delete_after = ceiling.max(w.keep_until.filter(|_| ceiling.is_some()));
    w.restrict_after = ceiling.filter(|c| w.keep_until.is_some_and(|k| *c < k));
    w
}

/// Day from 1970-01-01 of a point in time, `offset` seconds east of UTC.
#[inline]
pub fn day(unix: i64, offset: i32) -> i32 {
    (unix.saturating_add(i64::from(offset))).div_euclid(86400).clamp(-700_000, 2_900_000) as i32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{Ruleset, policy_builtin};

    fn policy() -> Policy {
        crate::policy::compile("p", policy_builtin("jdcloud-2021").unwrap(), &Ruleset::builtin()).unwrap()
    }

    fn day(s: &str) -> i32 {
        let d: Date = s.parse().unwrap();
        (d - Date::constant(1970, 1, 1)).get_days()
    }

    fn bits(p: &Policy, names: &[&str]) -> u64 {
        p.retentions.iter().enumerate().filter(|(_, r)| names.contains(&r.class.as_str())).map(|(i, _)| 1 << i).sum()
    }

    #[test]
    fn calendar_months_and_leap_days() {
        let p = policy();
        for (from, class, want) in [
            ("2026-08-31", "network_log", "2027-02-28"),
            ("2023-08-31", "network_log", "2024-02-29"),
            ("2024-02-29", "transaction", "2029-02-28"),
        ] {
            let w = window(&p, bits(&p, &[class]), day(from));
            assert_eq!(w.keep_until.unwrap().to_string(), want);
            assert_eq!(w.delete_after, w.keep_until);
        }
    }

    #[test]
    fn a_floor_outranks_a_ceiling() {
        let p = policy();
        let w = window(&p, bits(&p, &["network_log", "telemetry"]), day("2026-11-23"));
        assert_eq!(w.keep_until.unwrap().to_string(), "2027-05-23");
        assert_eq!(w.delete_after, w.keep_until);
        assert_eq!(w.restrict_after.unwrap().to_string(), "2027-02-21");
        assert_eq!(p.retentions[w.class.0 as usize].class, "network_log");
    }
}
