//! The table of clauses: every rule that it names must exist.

use super::Compiler;
use super::stanza::Stanza;
use crate::rules::CoverageDef;

/// Verbs that carry out clauses.
pub const VERBS: &[&str] = &[
    "filter",
    "explain",
    "keys destroy",
    "keys rotate",
    "keys bridge",
    "policy diff",
    "policy check",
    "retain sweep",
    "erase",
    "trace",
    "reveal",
    "audit verify",
];

impl Compiler<'_> {
    /// Checks the table.
    pub(super) fn coverage(&mut self) {
        let def = self.def;
        for (i, c) in def.coverage.iter().enumerate() {
            let whose = Stanza("coverage", &c.clause);
            if def.coverage[..i].iter().any(|x| x.clause == c.clause) {
                self.fail(whose, &c.clause, "stands there twice");
            }
            if c.rules.is_empty() && c.reason.is_empty() {
                self.fail(whose, &c.clause, "neither a rule nor a reason");
            }
            let missing: Vec<_> = c.rules.iter().filter(|r| !self.exists(r)).collect();
            missing.iter().for_each(|rule| self.fail(whose, rule, format!("there is no `{rule}`")));
        }
        let covered = |id: &str| {
            def.coverage.iter().any(|c: &CoverageDef| c.rules.iter().any(|r| r.strip_prefix("clause:") == Some(id)))
        };
        if !def.coverage.is_empty() {
            for clause in def.clause.iter().filter(|c| !covered(&c.id)) {
                self.fail(Stanza("clause", &clause.id), &clause.id, "is in no row of the coverage");
            }
        }
    }

    fn exists(&self, rule: &str) -> bool {
        let d = self.def;
        let filled = |s: &str| !s.is_empty();
        match rule.split_once(':') {
            Some(("clause", id)) => d.clause.iter().any(|c| c.id == id),
            Some(("transform", id)) => d.transform.iter().any(|t| t.id == id),
            Some(("retention", id)) => d.retention.iter().any(|r| r.class == id),
            Some(("recipient", id)) => d.recipient.iter().any(|r| r.id == id),
            Some(("basis", id)) => d.basis.iter().any(|b| b.id == id),
            Some(("category", id)) => d.category.iter().any(|c| c.id == id),
            Some(("ground", id)) => d.erasure.as_ref().is_some_and(|e| e.grounds.iter().any(|g| g.id == id)),
            Some(("verb", verb)) => VERBS.contains(&verb),
            _ => match rule {
                "linkage" => d.linkage.is_some(),
                "residency" => d.residency.is_some(),
                "minors" => d.minors.is_some(),
                "consent" => d.consent.is_some(),
                "erasure" => d.erasure.is_some(),
                "hold" => d.hold.is_some(),
                "allow" => !d.allow.phones.is_empty() || !d.allow.emails.is_empty(),
                "select" => !d.select.hosts.is_empty() || !d.select.sources.is_empty() || !d.select.services.is_empty(),
                "select.exclude_hosts" => !d.select.exclude_hosts.is_empty(),
                "policy.effective_from" => filled(&d.policy.effective_from),
                "policy.region" => filled(&d.policy.region),
                "policy.controller" => filled(&d.policy.controller),
                "policy.dpo" => filled(&d.policy.dpo),
                "policy.assessment" => filled(&d.policy.assessment),
                "policy.purposes" => !d.policy.purposes.is_empty(),
                "policy.default_retention" => filled(&d.policy.default_retention),
                _ => false,
            },
        }
    }
}
