//! Whether a record may go to a recipient.

use super::compile::may_go;
use super::{Policy, View};
use crate::rules::RecipientDef;

/// What a record says of its device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// Android and HarmonyOS.
    Android,
    /// iOS and iPadOS.
    Ios,
}

/// What decides on a record as a whole.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts<'a> {
    /// Platform, when the record tells.
    pub platform: Option<Platform>,
    /// Carrier: a network code, an IMSI or a name; empty when the record does not tell.
    pub carrier: &'a [u8],
    /// It is a minor's.
    pub minor: bool,
    /// It joins device or log data with a person.
    pub joined: bool,
}

/// Why a record does not go to a recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Its platform is another, or unknown.
    Platform,
    /// Its carrier is another, or unknown.
    Carrier,
    /// It is a minor's.
    Minor,
    /// It is identifiable and would leave the region without consent.
    Residency,
}

impl Platform {
    /// The platform that a system's name or a User-Agent tells.
    pub fn parse(value: &[u8]) -> Option<Platform> {
        let begins = |i: usize, w: &[u8]| value[i..].get(..w.len()).is_some_and(|v| v.eq_ignore_ascii_case(w));
        let ios = |i| begins(i, b"iphone") || begins(i, b"ipad") || begins(i, b"ios");
        if memchr::memchr2_iter(b'i', b'I', value).any(ios) {
            return Some(Platform::Ios);
        }
        let android = memchr::memchr2_iter(b'a', b'A', value).any(|i| begins(i, b"android"));
        let harmony = || memchr::memchr2_iter(b'h', b'H', value).any(|i| begins(i, b"harmony"));
        (android || harmony()).then_some(Platform::Android)
    }

    fn name(self) -> &'static str {
        match self {
            Platform::Android => "android",
            Platform::Ios => "ios",
        }
    }
}

impl View {
    /// Whether a record may go to the recipient of this view; what is unknown may not.
    ///
    /// # Errors
    /// The reason against it.
    pub fn admits(&self, policy: &Policy, facts: Facts<'_>) -> Result<(), Refusal> {
        let Some(r) = &self.recipient else { return Ok(()) };
        let platform = facts.platform.map(Platform::name);
        if !r.platform.is_empty() && !platform.is_some_and(|p| r.platform.iter().any(|x| x == p)) {
            return Err(Refusal::Platform);
        }
        if !r.carriers.is_empty() && !serves(r, facts.carrier) {
            return Err(Refusal::Carrier);
        }
        if facts.minor && !r.minors {
            return Err(Refusal::Minor);
        }
        let abroad = !r.region.is_empty() && r.region != policy.region && policy.region != "*";
        if abroad && facts.joined && r.consent.is_empty() {
            return Err(Refusal::Residency);
        }
        Ok(())
    }
}

impl Policy {
    /// True when the main output may go to a region: identifiable records stay at home, unless consent is cited and the policy
    /// excepts a purpose.
    pub fn main_may_go(&self, region: &str, cited: bool) -> bool {
        let excepted = || self.def.residency.as_ref().is_some_and(|r| !r.exceptions.is_empty());
        self.region == "*" || region == self.region || cited && excepted()
    }

    /// Puts all outputs in a region, whatever recipients say of theirs; a `consent` that is cited takes the place of theirs.
    ///
    /// # Errors
    /// Who may not be given identifiable records there.
    pub fn locate(&mut self, region: &str, consent: Option<&str>) -> Result<(), String> {
        for view in &mut self.views {
            let Some(r) = &mut view.recipient else { continue };
            r.region = region.into();
            if let Some(consent) = consent {
                r.consent = consent.into();
            }
            may_go(&self.def, r, view.identifiable).map_err(|why| format!("recipient `{}`: {why}", r.id))?;
        }
        if self.views.len() == 1 && !self.main_may_go(region, consent.is_some()) {
            return Err(format!(
                "policy {}: identifiable records may not leave {} for {region}; cite `consent`, where [residency] excepts a purpose",
                self.id, self.region
            ));
        }
        self.older.iter_mut().try_for_each(|p| p.locate(region, consent))
    }
}

/// True when a recipient serves a carrier: codes match the beginning of a code or IMSI, names any part of a name.
fn serves(r: &RecipientDef, carrier: &[u8]) -> bool {
    let code = |c: &String| c.bytes().all(|b| b.is_ascii_digit());
    let fits = |c: &String| if code(c) { carrier.starts_with(c.as_bytes()) } else { holds(carrier, c) };
    !carrier.is_empty() && r.carriers.iter().any(fits)
}

/// True when a word stands in a value, its ASCII letters in either case.
fn holds(value: &[u8], word: &str) -> bool {
    value.windows(word.len()).any(|v| v.eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms() {
        assert_eq!(Platform::parse(b"Android 12"), Some(Platform::Android));
        assert_eq!(Platform::parse(b"HarmonyOS"), Some(Platform::Android));
        assert_eq!(Platform::parse(b"Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X)"), Some(Platform::Ios));
        assert_eq!(Platform::parse(b"Windows"), None);
    }
}
