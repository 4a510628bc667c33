//! The command line.

use super::batch::args::{BatchArgs, ReportArgs};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Finds personal data in logs, replaces it by policy, tags what remains.
#[derive(Parser)]
#[command(name = "logveil", version, args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
pub struct Cli {
    /// What to do; `filter` when nothing is said.
    #[command(subcommand)]
    pub verb: Option<Verb>,
    /// Options of `filter`.
    #[command(flatten)]
    pub filter: FilterArgs,
}

const EXAMPLES: &str = "\
Examples:
  logveil keys new /etc/logveil/key                     make a key once
  logveil filter --key-file KEY access.log > clean.log  a file
  tail -F access.log | logveil --key-file KEY           a live pipe
  CustomLog \"||/usr/bin/logveil filter --key-file KEY -o /var/log/clean.log\" combined   in Apache
  logveil filter --policy web-minimal --tag none access.log   shorten addresses, remove the rest
  logveil batch --key-file KEY /var/log/nginx -o /data/clean --resume   an archive, again and again
  logveil explain 'GET /?mobile=%2B8613800138000'       why, and by which clause

Exit codes: 0 all done, 1 something was suppressed, 2 usage, 74 input or output, 78 policy or configuration";

/// Verbs.
#[derive(Subcommand)]
pub enum Verb {
    /// De-identify files or standard input to standard output, in one pass and constant memory.
    Filter(FilterArgs),
    /// De-identify archives: files and folders, compressed or not, on all cores, safe to interrupt.
    Batch(Box<BatchArgs>),
    /// Merge the manifests of batch runs and write their report.
    Report(ReportArgs),
    /// Say what is found in one line, why, and what becomes of it; values stay hidden.
    Explain(ExplainArgs),
    /// Report what is in files or standard input, and where; change nothing. Exit code 1 when something was found.
    Scan(ScanArgs),
    /// Test rules and policy: every rule's examples, canaries in every carrier, your own cases. Exit code 1 when one fails.
    Test(TestArgs),
    /// Run beside a web server: sources, de-identification and sinks by a configuration, without losing a record.
    #[cfg(feature = "sidecar")]
    Sidecar(super::sidecar::SidecarArgs),
    /// Make keys.
    Keys {
        /// What to do with keys.
        #[command(subcommand)]
        verb: KeysVerb,
    },
    /// Print a completion script for a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    Man,
}

/// Key verbs.
#[derive(Subcommand)]
pub enum KeysVerb {
    /// Write a new random key to FILE (which must not exist) and print its id.
    New {
        /// Where to.
        file: PathBuf,
    },
}

/// What both `filter` and `explain` need.
#[derive(Args)]
pub struct PolicyArgs {
    /// Policy: a file, or jdcloud-2021 or web-minimal.
    #[arg(long, short = 'p', env = "LOGVEIL_POLICY", default_value = "jdcloud-2021", value_name = "FILE|NAME")]
    pub policy: String,
    /// More rules: a TOML file, or a folder of them, with [[entity]], [[pattern]], [[alias]], [[allow]], [[exempt]],
    /// [[event_time]] or [[format]] stanzas.
    #[arg(long, env = "LOGVEIL_RULES", value_name = "FILE|DIR")]
    pub rules: Vec<PathBuf>,
    /// Key of all pseudonyms: 32 bytes, raw or hex or base64, readable by its owner only. Without it a key is made
    /// for this run, and no other run's tokens match.
    #[arg(long, short = 'k', env = "LOGVEIL_KEY_FILE", value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// Machine code: auto, avx512, avx2, neon or scalar.
    #[arg(long, env = "LOGVEIL_KERNEL", default_value = "auto", hide = true)]
    pub kernel: String,
}

/// Options of `filter`.
#[derive(Args)]
pub struct FilterArgs {
    /// Files to read in order; `-` or nothing for standard input.
    pub files: Vec<PathBuf>,
    /// Policy and key.
    #[command(flatten)]
    pub policy: PolicyArgs,
    /// Format of the records: auto, text, json, combined, common, vhost-combined, nginx-main, nginx-error, or a [[format]]
    /// of --rules. It gives names to fields without keys; records that don't fit are searched as text.
    #[arg(long, short = 'f', env = "LOGVEIL_FORMAT", default_value = "auto", value_name = "NAME")]
    pub format: String,
    /// How inputs are encoded: auto, utf-8, gb18030 (also gbk), utf-16le or utf-16be. The output is written alike; auto goes by
    /// a byte order mark, or by the first line that holds a byte beyond ASCII.
    #[arg(long, env = "LOGVEIL_ENCODING", default_value = "auto", value_name = "NAME")]
    pub encoding: String,
    /// Where retention tags go.
    #[arg(long, short = 't', env = "LOGVEIL_TAG", default_value = "inline", value_enum)]
    pub tag: Tag,
    /// File for the tags of `--tag manifest`: one JSON object a record, keyed by the record's offset in the output.
    #[arg(long, value_name = "FILE")]
    pub manifest: Option<PathBuf>,
    /// Append to FILE instead of writing to standard output.
    #[arg(long, short = 'o', value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Talk with rsyslog line by line: as a program of mmexternal (messages come back changed), or of omprog with
    /// confirmMessages (messages go to the file of -o).
    #[arg(long, value_enum, value_name = "NAME")]
    pub protocol: Option<Protocol>,
    /// Worker threads; the default is all cores for files and busy pipes, one for live pipes. Order is kept.
    #[arg(long, short = 'j', env = "LOGVEIL_THREADS", value_name = "N")]
    pub threads: Option<usize>,
    /// Print counts to standard error at the end; never a value.
    #[arg(long, value_enum, num_args = 0..=1, default_missing_value = "human", require_equals = true, value_name = "FORM")]
    pub stats: Option<Stats>,
}

/// Options of `scan`.
#[derive(Args)]
pub struct ScanArgs {
    /// Files to read in order; `-` or nothing for standard input.
    pub files: Vec<PathBuf>,
    /// Policy and key.
    #[command(flatten)]
    pub policy: PolicyArgs,
    /// Form of the report.
    #[arg(long, short = 'f', alias = "report", default_value = "human", value_enum)]
    pub format: Report,
    /// Format of the records, as `--format` of `filter`.
    #[arg(long, env = "LOGVEIL_FORMAT", default_value = "auto", value_name = "NAME")]
    pub log_format: String,
    /// How inputs are encoded, as for `filter`.
    #[arg(long, env = "LOGVEIL_ENCODING", default_value = "auto", value_name = "NAME")]
    pub encoding: String,
    /// Show the values found; without it a report says only how long they are.
    #[arg(long)]
    pub show_values: bool,
    /// Report also what the policy keeps.
    #[arg(long)]
    pub kept: bool,
    /// Exit with 0 when something was found.
    #[arg(long)]
    pub exit_zero: bool,
}

/// Options of `test`.
#[derive(Args)]
pub struct TestArgs {
    /// TOML files of cases: [[case]] with `line`, and `finds` (entities), `gone` and `stays` (texts).
    pub cases: Vec<PathBuf>,
    /// Policy and rules.
    #[command(flatten)]
    pub policy: PolicyArgs,
    /// Fail on warnings too.
    #[arg(long)]
    pub strict: bool,
    /// Print what passed as well.
    #[arg(long, short = 'v')]
    pub verbose: bool,
}

/// Form of a report.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Report {
    /// One line a finding, counts at the end.
    Human,
    /// One JSON object.
    Json,
    /// One JSON object a finding.
    Jsonl,
    /// SARIF 2.1.0, for code-scanning tools.
    Sarif,
}

/// How rsyslog talks to the filter.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Protocol {
    /// Each message is answered with one that takes its place.
    RsyslogMmexternal,
    /// Each message is confirmed when it is written.
    RsyslogOmprog,
}

/// Where tags go.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Tag {
    /// A `_deid` member in JSON objects, a last quoted field in lines of text.
    Inline,
    /// To the file of `--manifest`.
    Manifest,
    /// Nowhere.
    None,
}

/// Form of counts.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Stats {
    /// For people.
    Human,
    /// One JSON object.
    Json,
}

/// Options of `explain`.
#[derive(Args)]
pub struct ExplainArgs {
    /// The line; standard input's first line when it is missing.
    pub line: Option<String>,
    /// Policy and key.
    #[command(flatten)]
    pub policy: PolicyArgs,
    /// Show the values found and the line as it would be written.
    #[arg(long)]
    pub show_values: bool,
    /// Print one JSON object a finding.
    #[arg(long)]
    pub json: bool,
}
