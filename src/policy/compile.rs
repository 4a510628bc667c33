//! From stanzas to tables.

use super::{Policy, Retention, Rule};
use crate::model::{Category, CategorySet, ClauseId, Decision, RetentionId, TransformId};
use crate::rules::{Algorithm, PolicyDef, RuleError, Ruleset, TransformDef, TransformKind};
use crate::transform::fpe::FpeMode;
use crate::transform::generalise::{Style, Unit};
use crate::transform::mask::MaskStyle;
use sha2::{Digest, Sha256};

struct Compiler<'a> {
    file: &'a str,
    def: &'a PolicyDef,
    rules: &'a Ruleset,
    errors: Vec<RuleError>,
}

/// Compiles the text of a policy file against the entities in force.
///
/// # Errors
/// All mistakes: unknown names, bad durations, classes without a basis, entities that no clause decides.
pub fn compile(file: &str, text: &str, rules: &Ruleset) -> Result<Policy, Vec<RuleError>> {
    let def = PolicyDef::parse(file, text)?;
    let mut c = Compiler { file, def: &def, rules, errors: Vec::new() };
    let retentions = c.retentions();
    let table = c.table();
    let offset = c.offset();
    let default_retention = c.retention(&def.policy.default_retention, "policy");
    let effective = c.effective(offset);
    for t in &def.transform {
        c.transform(t);
    }
    if !c.errors.is_empty() {
        return Err(c.errors);
    }
    let linked = def.clause.iter().flat_map(|x| &x.linked_with).filter_map(|n| Category::parse(n)).collect();
    Ok(Policy {
        id: def.policy.id.clone(),
        title: def.policy.title.clone(),
        effective_from: def.policy.effective_from.clone(),
        effective,
        older: Vec::new(),
        hash: data_encoding::HEXLOWER.encode(&Sha256::digest(text.as_bytes())[..6]),
        offset,
        region: def.policy.region.clone(),
        transforms: def.transform.clone(),
        clauses: def.clause.iter().map(|x| x.id.clone()).collect(),
        retentions,
        default_retention,
        table,
        linked,
        phones: def.allow.phones.iter().map(|p| p.clone().into_bytes()).collect(),
        emails: def.allow.emails.iter().map(|p| p.clone().into_bytes()).collect(),
    })
}

impl Compiler<'_> {
    fn fail(&mut self, message: String) {
        self.errors.push(RuleError::new(self.file, message));
    }

    fn offset(&mut self) -> i32 {
        let tz = &self.def.policy.tz;
        let parsed = (tz.len() == 6).then(|| {
            let sign = if tz.starts_with('-') { -1 } else { 1 };
            Some(sign * (tz.get(1..3)?.parse::<i32>().ok()? * 3600 + tz.get(4..)?.parse::<i32>().ok()? * 60))
        });
        parsed.flatten().unwrap_or_else(|| {
            self.fail(format!("tz `{tz}` is no offset; write `+08:00`"));
            0
        })
    }

    /// Midnight of the first day in force, in Unix seconds.
    fn effective(&mut self, offset: i32) -> i64 {
        match self.def.policy.effective_from.parse::<jiff::civil::Date>() {
            Ok(d) => {
                let days = (d - jiff::civil::Date::constant(1970, 1, 1)).get_days();
                i64::from(days) * 86400 - i64::from(offset)
            }
            Err(_) => {
                self.fail("effective_from is no date; write YYYY-MM-DD".into());
                0
            }
        }
    }

    fn retentions(&mut self) -> Vec<Retention> {
        let def = self.def;
        def.retention
            .iter()
            .map(|r| {
                if r.basis.is_empty() {
                    self.fail(format!("retention `{}` names no legal basis", r.class));
                }
                let mut span = |text: &Option<String>| {
                    text.as_ref().and_then(|t| {
                        let parsed = t.parse::<jiff::Span>().ok();
                        if parsed.is_none() {
                            self.fail(format!("retention `{}`: `{t}` is no duration; write P6M, P5Y or P90D", r.class));
                        }
                        parsed
                    })
                };
                let (floor, ceiling) = (span(&r.floor), span(&r.ceiling));
                Retention { class: r.class.clone(), floor, ceiling, basis: r.basis.clone() }
            })
            .collect()
    }

    fn retention(&mut self, name: &str, whose: &str) -> RetentionId {
        let at = self.def.retention.iter().position(|r| r.class == name);
        let at = at.unwrap_or_else(|| {
            self.unknown(whose, "retention", name, self.def.retention.iter().map(|r| r.class.as_str()).collect());
            0
        });
        RetentionId(at as u8)
    }

    fn unknown(&mut self, whose: &str, what: &str, name: &str, known: Vec<&str>) {
        let near = crate::rules::nearest(name, known);
        self.fail(format!("{whose}: unknown {what} `{name}`{near}"));
    }

    fn transform(&mut self, t: &TransformDef) {
        use TransformKind::*;
        let whose = format!("transform `{}`", t.id);
        let mut style = |known: Vec<&'static str>| {
            if !known.contains(&t.style.as_str()) {
                self.unknown(&whose, "style", &t.style, known);
            }
        };
        match t.kind {
            Mask => style(MaskStyle::NAMES.iter().map(|n| n.0).collect()),
            Fpe => style(FpeMode::NAMES.iter().map(|n| n.0).collect()),
            Generalise => {
                style(Style::NAMES.iter().map(|n| n.0).collect());
                if Unit::parse(&t.unit).is_none() {
                    self.unknown(&whose, "unit", &t.unit, Unit::NAMES.iter().map(|n| n.0).collect());
                }
            }
            Truncate if t.v4_bits > 32 || t.v6_bits > 128 => {
                self.fail(format!("{whose}: more bits than an address has"));
            }
            Surrogate if t.algorithm == Algorithm::HmacSm3 => {
                self.fail(format!("{whose}: surrogate addresses are made by hmac-sha256 or aes-cmac"));
            }
            DateShift if t.days == 0 || t.days > 3650 => self.fail(format!("{whose}: days must be 1 to 3650")),
            _ => {}
        }
    }

    fn table(&mut self) -> Vec<Vec<Rule>> {
        let def = self.def;
        let mut table: Vec<Vec<Rule>> = vec![Vec::new(); self.rules.entities.len()];
        for (n, clause) in def.clause.iter().enumerate() {
            let whose = format!("clause `{}`", clause.id);
            let transform = def.transform.iter().position(|t| t.id == clause.apply);
            if transform.is_none() {
                self.unknown(&whose, "transform", &clause.apply, def.transform.iter().map(|t| t.id.as_str()).collect());
            }
            let decision = Decision {
                transform: TransformId(transform.unwrap_or(0) as u16),
                retention: self.retention(&clause.retention, &whose),
                clause: ClauseId(n as u16),
            };
            let linked_with = self.categories(&whose, &clause.linked_with);
            let categories = self.categories(&whose, &clause.categories);
            for name in &clause.entities {
                if self.rules.by_name(name).is_none() {
                    let known = self.rules.entities.iter().map(|e| e.name.as_str()).collect();
                    self.unknown(&whose, "entity", name, known);
                }
            }
            for (e, slot) in self.rules.entities.iter().zip(&mut table) {
                let fits = categories.contains(e.category) || clause.entities.contains(&e.name);
                // Rules behind an unconditional one can't be reached.
                if fits && slot.last().is_none_or(|r: &Rule| r.linked_with.0 != 0) {
                    slot.push(Rule { linked_with, decision });
                }
            }
        }
        for (e, slot) in self.rules.entities.iter().zip(&table) {
            if slot.last().is_none_or(|r| r.linked_with.0 != 0) {
                self.errors.push(RuleError::new(
                    self.file,
                    format!("no clause decides entity `{}` (category `{}`)", e.name, e.category.name()),
                ));
            }
        }
        table
    }

    fn categories(&mut self, whose: &str, names: &[String]) -> CategorySet {
        names
            .iter()
            .filter_map(|n| {
                let c = Category::parse(n);
                if c.is_none() {
                    self.unknown(whose, "category", n, Category::ALL.iter().map(|c| c.name()).collect());
                }
                c
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::well_known as e;
    use crate::rules::{builtin_policies, policy_builtin};

    #[test]
    fn embedded_policies_decide_every_entity() {
        let rules = Ruleset::builtin();
        for name in builtin_policies() {
            let p = compile(name, policy_builtin(name).unwrap(), &rules).unwrap();
            for e in &rules.entities {
                let d = p.decide(e.id, CategorySet::default());
                assert!((d.transform.0 as usize) < p.transforms.len());
            }
        }
    }

    #[test]
    fn an_undecided_entity_and_slips_are_refused_at_once() {
        let rules = Ruleset::builtin();
        let text = policy_builtin("web-minimal")
            .unwrap()
            .replace("\"device\", ", "")
            .replace("apply = \"truncate\"", "apply = \"truncat\"");
        let errors = compile("p.toml", &text, &rules).unwrap_err();
        let all = errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        assert!(all.contains("no clause decides entity `device.imei`"), "{all}");
        assert!(all.contains("unknown transform `truncat`, did you mean `truncate`?"), "{all}");
    }

    #[test]
    fn linked_clauses_need_company() {
        let rules = Ruleset::builtin();
        let p = compile("p", policy_builtin("jdcloud-2021").unwrap(), &rules).unwrap();
        let alone = p.decide(e::IMEI, [Category::Device].into_iter().collect());
        let joined = p.decide(e::IMEI, [Category::Device, Category::Basic].into_iter().collect());
        assert_eq!(p.clauses[alone.clause.0 as usize], "2/device+4.2.4");
        assert_eq!(p.clauses[joined.clause.0 as usize], "4.2.6");
    }
}
