//! What a recipient may not be given: the checks that refuse a policy at load.

use super::super::View;
use super::Compiler;
use crate::model::{Category, EntityId};
use crate::rules::{PolicyDef, Proof, RecipientClass, RecipientDef, TransformDef, TransformKind, ViewKind};

impl Compiler<'_> {
    /// Checks what does not depend on fields.
    pub(super) fn recipient(&mut self, r: &RecipientDef) {
        let def = self.def;
        let whose = format!("recipient `{}`", r.id);
        if def.recipient.iter().filter(|x| x.id == r.id).count() > 1 {
            self.fail(format!("{whose}: defined twice"));
        }
        for p in r.purposes.iter().filter(|p| !def.policy.purposes.contains(p)) {
            let known = def.policy.purposes.iter().map(String::as_str).collect();
            self.unknown(&whose, "purpose", p, known);
        }
        for p in r.platform.iter().filter(|p| !["android", "ios"].contains(&p.as_str())) {
            self.unknown(&whose, "platform", p, vec!["android", "ios"]);
        }
        if r.view == ViewKind::Record && r.class != RecipientClass::Role {
            self.fail(format!("{whose}: whole records go to roles only; give others a projection"));
        }
        let key = |x: &RecipientDef| if x.key_domain.is_empty() { x.id.clone() } else { x.key_domain.clone() };
        for x in def.recipient.iter().filter(|x| x.id != r.id && key(x) == key(r)) {
            if !(x.shared_domain && r.shared_domain) {
                self.fail(format!(
                    "{whose}: key domain `{}` is also that of `{}`; say shared_domain on both",
                    key(r),
                    x.id
                ));
            }
        }
        self.basis(r, &whose);
    }

    fn basis(&mut self, r: &RecipientDef, whose: &str) {
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
            self.fail(format!("{whose}: basis `{}` needs `reference`, that of {what}", r.basis));
        }
    }

    /// Checks what each field becomes.
    pub(super) fn fields(&mut self, r: &RecipientDef, view: &mut View) {
        let whose = format!("recipient `{}`", r.id);
        let bits = self.conditions.len();
        let mut identifiable = r.view == ViewKind::Record;
        for e in &view.allowed {
            let decision = view.table[(e.0 as usize) << bits];
            let t = self.transforms[decision.transform.0 as usize].clone();
            identifiable |= self.levels[e.0 as usize] >= 2 && t.kind != TransformKind::Suppress;
            self.field(r, &whose, *e, &t);
        }
        view.identifiable = identifiable;
        if let Err(why) = may_go(self.def, r, identifiable) {
            self.fail(why);
        }
    }

    fn field(&mut self, r: &RecipientDef, whose: &str, e: EntityId, t: &TransformDef) {
        let entity = self.rules.entity(e);
        let level = self.levels[e.0 as usize];
        let (name, strength) = (&entity.name, t.kind.strength());
        let category = self.def.category.iter().find(|c| c.id == entity.category.name());
        let sensitive = level >= 3 || level >= 2 && category.is_some_and(|c| !c.sensitive.is_empty());
        let least = self.def.basis.iter().find(|b| b.id == r.basis).map_or(0, |b| b.strength);
        if entity.category == Category::Secret && t.kind != TransformKind::Suppress {
            self.fail(format!("{whose}: `{name}` is a secret; it goes to nobody"));
        } else if r.class == RecipientClass::Role {
        } else if r.class == RecipientClass::Advertiser && level >= 2 {
            self.fail(format!("{whose}: advertisers get no personal data, and `{name}` is; remove it"));
        } else if sensitive && t.kind == TransformKind::Keep && (r.waiver.is_empty() || r.basis.is_empty()) {
            self.fail(format!(
                "{whose}: `{name}` is sensitive and would go in clear; mask or key it, or state a waiver"
            ));
        } else if level >= 2 && strength < least {
            self.fail(format!("{whose}: basis `{}` asks more protection of `{name}` than `{}`", r.basis, t.id));
        } else if r.class == RecipientClass::Public && level >= 2 && strength < 3 && r.reference.is_empty() {
            self.fail(format!("{whose}: `{name}` can't be made public without a reference to consent"));
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
        "recipient `{}`: identifiable records may not leave {home} for {}; cite `consent` for a purpose that [residency] excepts",
        r.id, r.region
    ))
}
