//! `logveil.toml`: what the daemon reads, writes and keeps. Unknown keys are mistakes, and a mistake names its line.

mod net;

pub use net::{Address, HttpSink, HttpSource, StreamSource, SyslogSink, SyslogSource, Target, Transport};

use super::units::{Size, Span};
use crate::rules::{RuleError, Source as Place, nearest};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::Spanned;

/// Smallest disk buffer: two segments of it.
const LEAST_BUFFER: Size = Size(16 << 20);

/// The whole file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Folder of checkpoints and buffers; the daemon's own.
    pub state_dir: PathBuf,
    /// How long a stop may take to write what was read.
    #[serde(default = "ten_seconds")]
    pub drain: Span,
    /// Most raw bytes that wait in memory for a sink, over all sources that push.
    #[serde(default = "eight_mib")]
    pub memory: Size,
    /// What is found and what becomes of it.
    pub engine: EngineSpec,
    /// Metrics and health.
    #[serde(default)]
    pub ops: Ops,
    /// Where records come from.
    #[serde(default)]
    pub source: Sources,
    /// Where de-identified records go.
    #[serde(default)]
    pub sink: Sinks,
}

/// Rules, policy and key, as `filter` takes them.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct EngineSpec {
    /// Policy: a file or a built-in name.
    #[serde(default = "default_policy")]
    pub policy: String,
    /// More rules: files or folders.
    #[serde(default)]
    pub rules: Vec<PathBuf>,
    /// Key of all pseudonyms.
    pub key_file: PathBuf,
    /// Where tags go.
    #[serde(default)]
    pub tag: Tags,
}

/// Where tags go.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Tags {
    /// Into each record.
    #[default]
    Inline,
    /// Nowhere.
    None,
}

/// The page for machines, and the daemon's own log.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Ops {
    /// Address of `/metrics`, `/healthz`, `/readyz` and `/reload`; none without it.
    pub listen: Option<String>,
    /// Form of the daemon's own log on standard error.
    #[serde(default)]
    pub log: LogForm,
}

/// Form of the daemon's own log.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum LogForm {
    /// A line of text.
    #[default]
    Text,
    /// A JSON object a line.
    Json,
}

/// Sources by kind and name.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Sources {
    /// Files that grow and rotate.
    pub file: BTreeMap<String, FileSource>,
    /// Syslog.
    pub syslog: BTreeMap<String, SyslogSource>,
    /// HTTP.
    pub http: BTreeMap<String, HttpSource>,
    /// Standard input and FIFOs.
    pub stream: BTreeMap<String, StreamSource>,
}

/// Files that grow and rotate.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct FileSource {
    /// Globs of absolute paths.
    pub include: Vec<Spanned<String>>,
    /// Globs of paths that are not read.
    #[serde(default)]
    pub exclude: Vec<Spanned<String>>,
    /// Where to begin in files that are there at the first start.
    #[serde(default)]
    pub start: Start,
    /// How long a rotated file is watched for late records.
    #[serde(default = "five_seconds")]
    pub rotate_wait: Span,
    /// Format of the records.
    #[serde(default = "auto")]
    pub format: Spanned<String>,
}

/// Where to begin.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Start {
    /// With the first record.
    #[default]
    Beginning,
    /// With records that are still to come.
    End,
}

/// Sinks by kind and name.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Sinks {
    /// Files.
    pub file: BTreeMap<String, FileSink>,
    /// Standard output.
    pub stdout: BTreeMap<String, StdoutSink>,
    /// HTTP.
    pub http: BTreeMap<String, HttpSink>,
    /// Syslog.
    pub syslog: BTreeMap<String, SyslogSink>,
}

/// What every sink says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Route {
    /// Names of sources; all of them when it is missing.
    pub inputs: Option<Vec<Spanned<String>>>,
    /// Another policy than the engine's: what this reader may see.
    pub policy: Option<String>,
    /// Another place for tags than the engine's.
    pub tag: Option<Tags>,
}

/// A file that is written.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct FileSink {
    /// Names of sources; all of them when it is missing.
    pub inputs: Option<Vec<Spanned<String>>>,
    /// Another policy than the engine's: what this reader may see.
    pub policy: Option<String>,
    /// Another place for tags than the engine's.
    pub tag: Option<Tags>,
    /// The file.
    pub path: PathBuf,
    /// Begin a new file at this size.
    pub rotate_size: Option<Size>,
    /// Begin a new file at this age.
    pub rotate_age: Option<Span>,
    /// Finished files that are kept; all of them when it is missing.
    pub keep: Option<u32>,
}

/// Standard output.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct StdoutSink {
    /// Names of sources; all of them when it is missing.
    pub inputs: Option<Vec<Spanned<String>>>,
    /// Another policy than the engine's: what this reader may see.
    pub policy: Option<String>,
    /// Another place for tags than the engine's.
    pub tag: Option<Tags>,
}

fn default_policy() -> String {
    "jdcloud-2021".into()
}
fn auto() -> Spanned<String> {
    Spanned::new(0..0, "auto".into())
}
fn five_seconds() -> Span {
    Span::seconds(5)
}
fn ten_seconds() -> Span {
    Span::seconds(10)
}
fn eight_mib() -> Size {
    Size(8 << 20)
}

impl Config {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// All mistakes of the file, with line and remedy.
    pub fn load(path: &Path) -> Result<Config, Vec<RuleError>> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|e| vec![RuleError::new(&name, format!("{e}; name a configuration by -c FILE"))])?;
        Config::parse(&name, &text)
    }

    /// Checks the text of a file called `name`.
    ///
    /// # Errors
    /// All mistakes of the text, with line and remedy.
    pub fn parse(name: &str, text: &str) -> Result<Config, Vec<RuleError>> {
        let config: Config = toml::from_str(text).map_err(|e| vec![RuleError::syntax(name, text, &e)])?;
        let mut check = Check { name, text, errors: Vec::new() };
        check.all(&config);
        if check.errors.is_empty() { Ok(config) } else { Err(check.errors) }
    }

    /// Names of all sources.
    pub fn sources(&self) -> Vec<&str> {
        self.formats().into_iter().map(|(name, _)| name).collect()
    }

    /// Names of all sinks with what they say of their route.
    pub fn sinks(&self) -> Vec<(&str, Route)> {
        let files = self.sink.file.iter().map(|(n, s)| (n.as_str(), s.route()));
        let stdout = self.sink.stdout.iter().map(|(n, s)| (n.as_str(), s.route()));
        let http = self.sink.http.iter().map(|(n, s)| (n.as_str(), s.route()));
        let syslog = self.sink.syslog.iter().map(|(n, s)| (n.as_str(), s.route()));
        files.chain(stdout).chain(http).chain(syslog).collect()
    }

    /// Formats that sources name.
    pub fn formats(&self) -> Vec<(&str, &str)> {
        let s = &self.source;
        let files = s.file.iter().map(|(n, s)| (n, &s.format));
        let syslog = s.syslog.iter().map(|(n, s)| (n, &s.format));
        let http = s.http.iter().map(|(n, s)| (n, &s.format));
        let streams = s.stream.iter().map(|(n, s)| (n, &s.format));
        let all = files.chain(syslog).chain(http).chain(streams);
        all.map(|(name, format)| (name.as_str(), format.get_ref().as_str())).collect()
    }

    /// True when a reload can go from one to the other: only engines differ.
    pub fn same_shape(&self, other: &Config) -> bool {
        self.state_dir == other.state_dir
            && self.memory == other.memory
            && self.ops == other.ops
            && self.source == other.source
            && self.sink == other.sink
    }

    /// The engine of a sink.
    pub fn engine_of(&self, route: &Route) -> EngineSpec {
        let mut spec = self.engine.clone();
        if let Some(policy) = &route.policy {
            spec.policy.clone_from(policy);
        }
        spec.tag = route.tag.unwrap_or(spec.tag);
        spec
    }
}

/// Mistakes that a parser does not see.
struct Check<'a> {
    name: &'a str,
    text: &'a str,
    errors: Vec<RuleError>,
}

impl Check<'_> {
    fn at(&mut self, span: Range<usize>, message: impl Into<String>) {
        self.errors.push(Place::new(self.name, self.text, span).error(message));
    }

    fn whole(&mut self, message: impl Into<String>) {
        self.errors.push(RuleError::new(self.name, message));
    }

    fn all(&mut self, c: &Config) {
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

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "state_dir = '/var/lib/logveil'\n[engine]\nkey_file = '/etc/logveil/key'\n";

    fn errors(text: &str) -> String {
        let errors = Config::parse("logveil.toml", &format!("{HEAD}{text}")).unwrap_err();
        errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn mistakes_name_their_line_and_the_remedy() {
        let e = errors("[source.file.a]\ninclud = ['/x']\n[sink.stdout.o]\n");
        assert!(e.contains("logveil.toml:5:1") && e.contains("did you mean `include`"), "{e}");
        let e = errors("[source.file.web]\ninclude = ['x/*.log']\n[sink.stdout.o]\ninputs = ['wep']\n");
        assert!(e.contains(":5:12") && e.contains(":7:11") && e.contains("did you mean `web`"), "{e}");
        let e = errors("[source.file.a]\ninclude = ['/x']\n");
        assert!(e.contains("no sink"), "{e}");
        let e = errors("[source.file.a]\ninclude = ['/x']\nrotate_wait = '5 parsecs'\n[sink.stdout.o]\n");
        assert!(e.contains("500ms, 5s, 2m, 1h or 7d"), "{e}");
    }

    #[test]
    fn a_sink_may_have_its_own_policy() {
        let text = "[source.file.a]\ninclude = ['/x']\n[sink.stdout.o]\npolicy = 'web-minimal'\ntag = 'none'\n";
        let c = Config::parse("c", &format!("{HEAD}{text}")).unwrap();
        let (_, route) = &c.sinks()[0];
        let spec = c.engine_of(route);
        assert_eq!((spec.policy.as_str(), spec.tag), ("web-minimal", Tags::None));
    }
}
