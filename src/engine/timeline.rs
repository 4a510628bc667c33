//! From the contexts of tags to what a manifest says of event time and retention.

use crate::audit::{Retain, Timeline};
use crate::policy::Policy;
use crate::rules::Ruleset;
use crate::tag::{self, Clock, TagContext};
use jiff::civil::Date;
use std::collections::HashMap;

/// Counts records by day and entity, and by retention class and dates.
pub(super) fn of(seen: HashMap<TagContext, u64>, policy: &Policy, rules: &Ruleset) -> Timeline {
    let mut timeline = Timeline::default();
    for (ctx, n) in seen {
        let day = Date::constant(1970, 1, 1).checked_add(jiff::Span::new().days(ctx.day)).unwrap_or(Date::MAX);
        if ctx.clock == Clock::Record {
            for e in rules.entities.iter().filter(|e| ctx.entities & tag::bit(e.id) != 0) {
                timeline.add_day(day, e.id.0, n);
            }
        }
        let w = tag::window(policy, ctx.retentions, ctx.day);
        timeline.add_kept(Retain { class: w.class.0, keep_until: w.keep_until, delete_after: w.delete_after }, n);
    }
    timeline
}
