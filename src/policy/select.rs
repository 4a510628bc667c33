//! Which policy is a stream under? What no policy claims is under none: nothing passes.

use crate::rules::{PolicyDef, SelectDef};

/// Where a stream comes from, as far as it is known.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// Name of the source.
    pub source: Option<String>,
    /// Host.
    pub host: Option<String>,
    /// Service.
    pub service: Option<String>,
}

/// What selection came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selection {
    /// The policy of that number.
    Policy(usize),
    /// No policy, or more than one: the stream is denied.
    Denied,
}

impl Origin {
    /// True when nothing is known.
    pub fn is_unknown(&self) -> bool {
        self.source.is_none() && self.host.is_none() && self.service.is_none()
    }
}

/// The one policy that claims a stream.
pub fn select<'p>(policies: impl IntoIterator<Item = &'p PolicyDef>, origin: &Origin) -> Selection {
    let mut claims = policies.into_iter().enumerate().filter(|(_, p)| p.select.claims(origin));
    match (claims.next(), claims.next()) {
        (Some((i, _)), None) => Selection::Policy(i),
        _ => Selection::Denied,
    }
}

impl SelectDef {
    /// True when a stream is this policy's: one of its lists names it, and its host is nobody else's.
    pub fn claims(&self, origin: &Origin) -> bool {
        let in_list = |list: &[String], name: &Option<String>| {
            name.as_ref().is_some_and(|n| {
                let fits = |p: &String| {
                    let glob = globset::GlobBuilder::new(p).case_insensitive(true).build();
                    glob.is_ok_and(|g| g.compile_matcher().is_match(n))
                };
                list.iter().any(fits)
            })
        };
        !in_list(&self.exclude_hosts, &origin.host)
            && (in_list(&self.sources, &origin.source)
                || in_list(&self.hosts, &origin.host)
                || in_list(&self.services, &origin.service))
    }

    /// True when it names no stream: such a policy is only used by name.
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty() && self.hosts.is_empty() && self.services.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::{PolicyDef, policy_builtin};

    #[test]
    fn unmatched_and_foreign_hosts_are_denied() {
        let def = |text: &str| PolicyDef::parse("p", text).unwrap();
        let jd = def(policy_builtin("jdcloud-2021").unwrap());
        let host = |h: &str| Origin { host: Some(h.into()), ..Origin::default() };
        assert_eq!(select([&jd], &host("www.jdcloud.com")), Selection::Policy(0));
        assert_eq!(select([&jd], &host("WWW.JDCLOUD.COM")), Selection::Policy(0));
        assert_eq!(select([&jd], &host("shop.market.jdcloud.com")), Selection::Denied);
        assert_eq!(select([&jd], &host("www.example.com")), Selection::Denied);
        assert_eq!(select([&jd], &Origin::default()), Selection::Denied);
        assert_eq!(select([&jd, &jd], &host("www.jdcloud.com")), Selection::Denied, "two claims are none");
    }
}
