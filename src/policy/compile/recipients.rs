//! What a recipient may not be given: the checks that refuse a policy at load.

use super::super::View;
use super::Compiler;
use super::stanza::Stanza;
use crate::model::{Category, EntityId};
use crate::rules::{PolicyDef, Proof, RecipientClass, RecipientDef, TransformDef, TransformKind, ViewKind};

impl Compiler<'_> {
    /// Checks what does not depend on fields.
    pub(super) fn recipient(&mut self, r: &RecipientDef) {
        let def = self.def;
        let whose = Stanza("recipient", &r.id);
        if def.recipient.iter().filter(|x| x.id == r.id).count() > 1 {
            self.fail(whose, &r.id, "defined twice");
        }
        for p in r.purposes.iter().filter(|p| !def.policy.purposes.contains(p)) {
            let known = def.policy.purposes.iter().map(String::as_str).collect();
            self.unknown(whose, "purpose", p, known);
        }
        for p in r.platform.iter().filter(|p| !["android", "ios"].contains(&p.as_str())) {
            self.unknown(whose, "platform", p, vec!["android", "ios"]);
        }
        if r.view == ViewKind::Record && r.class != RecipientClass::Role {
            self.fail(whose, &r.id, "whole records go to roles only; give others a projection");
        }
        let key = |x: &RecipientDef| if x.key_domain.is_empty() { x.id.clone() } else { x.key_domain.clone() };
        for x in def.recipient.iter().filter(|x| x.id != r.id && key(x) == key(r)) {
            if !(x.shared_domain && r.shared_domain) {
                let domain = key(r);
                let m = format!("key domain `{domain}` is also that of `{}`; say shared_domain on both", x.id);
                self.fail(whose, &domain, m);
            }
        }
        self.basis(r, whose);
    }

    fn basis(&mut self, r: &RecipientDef, whose: Stanza<'_>) {
        if r.class == RecipientClass::Role && r.basis.is_empty() {
            return;
        }
        let Some(basis) = self.def.basis.iter().find(|b| b.id == r.basis) else {
            let known = self.def.basis.iter().map(|b| b.id.as_str()).collect();
            return self.unknown(whose, "basis", &r.basis, known);
        };
        let what = match basis.needs {
            Proof::None => return,
            Proof::Consent => "the subject's consent",
            Proof::Document => "a legal document",
            Proof::Contract => "a contract",
        };
        if r.reference.is_empty() {
            self.fail(whose, &r.basis, format!("basis `{}` needs `reference`, that of {what}", r.basis));
        }
    }

    /// Checks what each field becomes.
    pub(super) fn fields(&mut self, r: &RecipientDef, view: &mut View) {
        let whose = Stanza("recipient", &r.id);
        let bits = self.conditions.len();
        let mut identifiable = r.view == ViewKind::Record;
        for e in &view.allowed {
            let decision = view.table[(e.0 as usize) << bits];
            let t = self.transforms[decision.transform.0 as usize].clone();
            identifiable |= self.levels[e.0 as usize] >= 2 && t.kind != TransformKind::Suppress;
            self.field(r, whose, *e, &t);
        }
        view.identifiable = identifiable;
        if let Err(why) = may_go(self.def, r, identifiable) {
            self.fail(whose, &r.region, why);
        }
    }

    fn field(&mut self, r: &RecipientDef, whose: Stanza<'_>, e: EntityId, t: &TransformDef) {
        let entity = self.rules.entity(e);
        let level = self.levels[e.0 as usize];
        let (name, strength) = (&entity.name, t.kind.strength());
        let category = self.def.category.iter().find(|c| c.id == entity.category.name());
        let sensitive = level >= 3 || level >= 2 && category.is_some_and(|c| !c.sensitive.is_empty());
        let least = self.def.basis.iter().find(|b| b.id == r.basis).map_or(0, |b| b.strength);
        if entity.category == Category::Secret && t.kind != TransformKind::Suppress {
            self.fail(whose, name, format!("`{name}` is a secret; it goes to nobody"));
        } else if r.class == RecipientClass::Role {
        } else if r.class == RecipientClass::Advertiser && level >= 2 {
            self.fail(whose, name, format!("advertisers get no personal data, and `{name}` is; remove it"));
        } else if sensitive && t.kind == TransformKind::Keep && (r.waiver.is_empty() || r.basis.is_empty()) {
            let m = format!("`{name}` is sensitive and would go in clear; mask or key it, or state a waiver");
            self.fail(whose, name, m);
        } else if level >= 2 && strength < least {
            let m = format!("basis `{}` asks more protection of `{name}` than `{}`", r.basis, t.id);
            self.fail(whose, name, m);
        } else if r.class == RecipientClass::Public && level >= 2 && strength < 3 && r.reference.is_empty() {
            self.fail(whose, name, format!("`{name}` can't be made public without a reference to consent"));
        }
    }
}

/// Identifiable records leave the region only by an exception that the recipient cites.
///
/// # Errors
/// What is missing.
pub fn may_go(def: &PolicyDef, r: &RecipientDef, identifiable: bool) -> Result<(), String> {
    let home = &def.policy.region;
    if !identifiable || r.region.is_empty() || r.region == *home || home == "*" {
        return Ok(());
    }
    let exceptions = def.residency.as_ref().map(|x| &x.exceptions[..]).unwrap_or_default();
    if exceptions.iter().any(|x| r.purposes.contains(&x.purpose)) && !r.consent.is_empty() {
        return Ok(());
    }
    Err(format!(
        "identifiable records may not leave {home} for {}; cite `consent` for a purpose that [residency] excepts",
        r.region
    ))
}
