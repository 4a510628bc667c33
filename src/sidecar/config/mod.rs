//! `logveil.toml`: what the daemon reads, writes and keeps. Unknown keys are mistakes, and a mistake names its line.

mod check;
mod multiline;
mod net;

pub use multiline::Multiline;
pub use net::{Address, HttpSink, HttpSource, StreamSource, SyslogSink, SyslogSource, Target, Transport};

use super::units::{Size, Span};
use crate::output::pack::Grain;
use crate::rules::{self, RuleError};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::Spanned;

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
    /// What a sink says of its view: see [`Route`].
    #[serde(skip)]
    pub view: Option<String>,
    /// The same of its region.
    #[serde(skip)]
    pub region: Option<String>,
    /// The same of the consent to a transfer.
    #[serde(skip)]
    pub consent: Option<String>,
    /// The sink puts records into partitions by their tags.
    #[serde(skip)]
    pub partitions: bool,
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
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct Ops {
    /// Address of `/metrics`, `/healthz`, `/readyz` and `/reload`; none without it.
    pub listen: Option<String>,
    /// Form of the daemon's own log on standard error.
    pub log: LogForm,
    /// The kernel refuses system calls that the daemon never makes.
    pub seccomp: bool,
}

impl Default for Ops {
    fn default() -> Ops {
        Ops { listen: None, log: LogForm::default(), seccomp: true }
    }
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
    /// Lines that make one record.
    pub multiline: Option<Multiline>,
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
    /// A recipient of the policy, whose view is written instead of the main output.
    pub view: Option<String>,
    /// Where the readers are; the policy's own region, or the recipient's, when it is missing.
    pub region: Option<String>,
    /// Reference to the separate consent to a transfer abroad.
    pub consent: Option<String>,
    /// Records go to partitions by their tags.
    pub partitions: bool,
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
    /// A recipient of the policy, whose view is written instead of the main output.
    pub view: Option<String>,
    /// Where the readers are; the policy's own region, or the recipient's, when it is missing.
    pub region: Option<String>,
    /// Reference to the separate consent to a transfer abroad.
    pub consent: Option<String>,
    /// The file.
    pub path: PathBuf,
    /// Begin a new file at this size.
    pub rotate_size: Option<Size>,
    /// Begin a new file at this age.
    pub rotate_age: Option<Span>,
    /// Finished files that are kept; all of them when it is missing.
    pub keep: Option<u32>,
    /// Records go to files of this name in folders beside it, by retention class and dates this fine.
    pub partitions: Option<Grain>,
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
    /// A recipient of the policy, whose view is written instead of the main output.
    pub view: Option<String>,
    /// Where the readers are; the policy's own region, or the recipient's, when it is missing.
    pub region: Option<String>,
    /// Reference to the separate consent to a transfer abroad.
    pub consent: Option<String>,
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
        let config: Config = rules::read(name, text)?;
        let mut check = check::Check { name, text, errors: Vec::new() };
        check.all(&config);
        if check.errors.is_empty() { Ok(config) } else { Err(check.errors) }
    }

    /// Names of all sources.
    pub fn sources(&self) -> Vec<&str> {
        self.formats().into_iter().map(|(name, _)| name).collect()
    }

    /// Names of all sinks with what they say of their route.
    pub fn sinks(&self) -> Vec<(&str, Route)> {
        let partitions = |s: &FileSink| s.partitions.is_some();
        let files = self.sink.file.iter();
        let files = files.map(|(n, s)| (n.as_str(), Route { partitions: partitions(s), ..s.route() }));
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
        (spec.view, spec.region, spec.consent) = (route.view.clone(), route.region.clone(), route.consent.clone());
        spec.partitions = route.partitions;
        spec
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
