//! E-mail addresses (RFC 5321 dot-atoms; quoted local parts).

use super::{Found, Skip, Text};
use crate::detect::check::{email, output};
use crate::detect::scan::kind;
use crate::model::{Confidence, RuleId, well_known as e};

/// Longest local part that is looked at (RFC 5321 allows 64; bounce addresses are longer).
const LOCAL: usize = 128;

/// Confirms every `@` behind a word.
pub fn run(text: &Text<'_>, found: &mut Found<'_>) {
    let t = text.bytes;
    let mut skip = Skip::new(text.regions);
    let mut done = 0;
    for &p in text.scan.events.of(kind::AT) {
        let p = p as usize;
        // An escaped quote ends no quoted local part: the decoded view shows what stands there.
        let escaped = p >= 2 && t[p - 2..p] == *b"\\\"";
        if skip.covers(p) || p < done || escaped {
            continue;
        }
        let from = p.saturating_sub(LOCAL).max(done);
        let start = from + email::local_start(&t[from..p]);
        let len = email::domain(&t[p + 1..(p + 260).min(t.len())]);
        if start == p || len == 0 {
            continue;
        }
        let end = p + 1 + len;
        // `git@host.org:path` names a repository; what logveil wrote before an `@` names nobody.
        if &t[start..p] == b"git" && text.at(end) == b':' || output::is(&t[start..p]) {
            continue;
        }
        found.push(start, end, e::EMAIL, RuleId::Email, Confidence::Checked);
        done = end;
    }
}
