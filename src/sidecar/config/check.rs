//! Mistakes of a configuration that a parser does not see.

use super::{Address, Config, Route, Transport};
use crate::rules::{RuleError, Source as Place, nearest};
use crate::sidecar::units::Size;
use std::ops::Range;
use toml::Spanned;

/// Smallest disk buffer: two segments of it.
const LEAST_BUFFER: Size = Size(16 << 20);

/// The mistakes of one file.
pub(super) struct Check<'a> {
    pub name: &'a str,
    pub text: &'a str,
    pub errors: Vec<RuleError>,
}

impl Check<'_> {
    fn at(&mut self, span: Range<usize>, message: impl Into<String>) {
        self.errors.push(Place::new(self.name, self.text, span).error(message));
    }

    fn whole(&mut self, message: impl Into<String>) {
        self.errors.push(RuleError::new(self.name, message));
    }

    pub fn all(&mut self, c: &Config) {
        let (sources, sinks) = (c.sources(), c.sinks());
        if sources.is_empty() {
            self.whole("no source; add [source.file.NAME] or another kind");
        }
        if sinks.is_empty() {
            self.whole("no sink; add [sink.file.NAME] or another kind");
        }
        self.names("source", &sources);
        self.names("sink", &sinks.iter().map(|s| s.0).collect::<Vec<_>>());
        for (_, route) in &sinks {
            for input in route.inputs.iter().flatten() {
                if !sources.contains(&input.get_ref().as_str()) {
                    let near = nearest(input.get_ref(), sources.iter().copied());
                    self.at(input.span(), format!("no source has this name{near}"));
                }
            }
        }
        for source in c.source.file.values() {
            for glob in source.include.iter().chain(&source.exclude) {
                self.glob(glob);
            }
        }
        self.places(&sinks);
        self.network(c);
        if c.sink.stdout.len() > 1 {
            self.whole("more than one sink writes to standard output; keep one");
        }
        let mut paths: Vec<_> = c.sink.file.values().map(|s| &s.path).collect();
        paths.sort();
        if let Some(twice) = paths.windows(2).find(|p| p[0] == p[1]) {
            self.whole(format!("two sinks write {}; give each its own file", twice[0].display()));
        }
        if let Some(path) = paths.iter().find(|p| !p.is_absolute()) {
            self.whole(format!("sink path {} is relative; write it from /", path.display()));
        }
        if !c.state_dir.is_absolute() {
            self.whole("state_dir is relative; write it from /");
        }
    }

    /// Views and regions.
    fn places(&mut self, sinks: &[(&str, Route)]) {
        for (name, route) in sinks {
            if route.consent.is_some() && route.region.is_none() {
                self.whole(format!("sink {name}: consent without region; say where its readers are"));
            }
            if route.partitions && route.view.is_some() {
                self.whole(format!("sink {name}: partitions of a recipient's view; what others got is theirs to delete, remove one of the two"));
            }
            if route.partitions && route.tag.is_some() {
                self.whole(format!("sink {name}: partitions take the place of tags; remove tag"));
            }
        }
    }

    fn network(&mut self, c: &Config) {
        for (name, s) in &c.source.syslog {
            let local = matches!(s.transport, Transport::Unix | Transport::Unixgram);
            let fits = matches!(
                (&s.address, local),
                (Address::Net(_), false) | (Address::Path(_), true) | (Address::Handed(_), _)
            );
            if !fits {
                self.whole(format!("source {name}: the address does not fit the transport; unix and unixgram take a path, the others host:port"));
            }
            if (s.transport == Transport::Tls) != (s.cert.is_some() && s.key.is_some()) {
                self.whole(format!("source {name}: transport tls needs cert and key, and no other takes them"));
            }
        }
        for (name, s) in &c.source.http {
            if s.cert.is_some() != s.key.is_some() {
                self.whole(format!("source {name}: cert and key come together"));
            }
            if s.max_body > c.memory {
                self.whole(format!("source {name}: max_body is larger than memory; raise memory or lower it"));
            }
        }
        let http = c.sink.http.iter().map(|(n, s)| (n, s.buffer));
        for (name, _) in http.chain(c.sink.syslog.iter().map(|(n, s)| (n, s.buffer))).filter(|(_, b)| *b < LEAST_BUFFER)
        {
            self.whole(format!("sink {name}: a buffer below 16MiB holds less than its own segments; raise it"));
        }
        for (name, s) in &c.sink.syslog {
            let local = matches!(s.transport, Transport::Unix | Transport::Unixgram);
            if !matches!((&s.address, local), (Address::Net(_), false) | (Address::Path(_), true)) {
                self.whole(format!("sink {name}: the address does not fit the transport; unix and unixgram take a path, the others host:port"));
            }
        }
    }

    fn names(&mut self, what: &str, names: &[&str]) {
        let mut sorted = names.to_vec();
        sorted.sort_unstable();
        if let Some(twice) = sorted.windows(2).find(|n| n[0] == n[1]) {
            self.whole(format!("two {what}s are called `{}`; names are one space over all kinds", twice[0]));
        }
        let plain = |n: &str| !n.is_empty() && n.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        for bad in names.iter().filter(|n| !plain(n)) {
            self.whole(format!("{what} name `{bad}`; use letters, digits, - and _"));
        }
    }

    fn glob(&mut self, glob: &Spanned<String>) {
        if !glob.get_ref().starts_with('/') {
            self.at(glob.span(), "a relative path; write it from /");
        } else if let Err(e) = globset::Glob::new(glob.get_ref()) {
            self.at(glob.span(), format!("no glob: {}", e.kind()));
        }
    }
}
