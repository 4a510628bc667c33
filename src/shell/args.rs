//! The command line.

use super::batch::args::{BatchArgs, ReportArgs};
use super::lifecycle::args::{AuditVerb, EraseArgs, LedgerVerb, RecordArgs, RetainVerb, RevealArgs, TraceArgs};
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
    Filter(Box<FilterArgs>),
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
    /// Make, list, rotate, destroy and bridge keys.
    Keys {
        /// What to do with keys.
        #[command(subcommand)]
        verb: KeysVerb,
        /// Audit log.
        #[command(flatten)]
        record: RecordArgs,
    },
    /// Check, show, compare and format policies.
    Policy {
        /// What to do with policies.
        #[command(subcommand)]
        verb: PolicyVerb,
    },
    /// Delete, restrict or aggregate outputs whose retention is over, unless a hold keeps them.
    Retain {
        /// What to do.
        #[command(subcommand)]
        verb: Box<RetainVerb>,
    },
    /// Erase a subject, named on standard input: shred its keys, take its records out of outputs, refuse later ones.
    Erase(Box<EraseArgs>),
    /// Find every record of a subject, named on standard input, by its tokens. Exit code 1 when there are any.
    Trace(Box<TraceArgs>),
    /// Print the values of reversible tokens, for a reason and on record.
    Reveal(Box<RevealArgs>),
    /// Make, check, back up and prune the ledger of subjects; hold records for a case.
    Ledger {
        /// What to do.
        #[command(subcommand)]
        verb: Box<LedgerVerb>,
    },
    /// Check audit logs.
    Audit {
        /// What to do.
        #[command(subcommand)]
        verb: AuditVerb,
    },
    /// Print a completion script for a shell.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page.
    Man,
}

/// Policy verbs.
#[derive(Subcommand)]
pub enum PolicyVerb {
    /// Load a policy and say every mistake.
    Check {
        /// Policy.
        #[arg(default_value = "jdcloud-2021", value_name = "FILE|NAME")]
        policy: String,
        /// More rules.
        #[arg(long, value_name = "FILE")]
        rules: Vec<PathBuf>,
    },
    /// Show what becomes of every entity, alone and beside a person, and what recipients get.
    Show {
        /// Policy.
        #[arg(default_value = "jdcloud-2021", value_name = "FILE|NAME")]
        policy: String,
        /// More rules.
        #[arg(long, value_name = "FILE")]
        rules: Vec<PathBuf>,
    },
    /// Print which rules carry out which clause of the policy's text, or why none does.
    Clauses {
        /// Policy.
        #[arg(long, short = 'p', default_value = "jdcloud-2021", value_name = "FILE|NAME")]
        policy: String,
        /// table: clause, rules and reason between tabs; json: an array of objects.
        #[arg(long, default_value = "table", value_enum)]
        format: ClausesForm,
    },
    /// Compare two versions; exit 1 when a change is material: weaker transforms, longer ceilings, new recipients or
    /// purposes.
    Diff {
        /// Version in force.
        #[arg(value_name = "OLD")]
        old: String,
        /// Version to come.
        #[arg(value_name = "NEW")]
        new: String,
        /// table or json.
        #[arg(long, default_value = "table", value_enum)]
        format: ClausesForm,
    },
    /// Print the JSON Schema of policy files.
    Schema,
    /// Put policy files into the house style.
    Fmt {
        /// Policy files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Change nothing; exit 1 when a file is not in the style.
        #[arg(long)]
        check: bool,
    },
}

/// Form of tables.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ClausesForm {
    /// Lines.
    Table,
    /// JSON.
    Json,
}

/// Key verbs.
#[derive(Subcommand)]
pub enum KeysVerb {
    /// Write a new random key to FILE (which must not exist) and print its id.
    New {
        /// Where to.
        file: PathBuf,
        /// Write a key ring, which can be rotated, instead of a single key.
        #[arg(long)]
        ring: bool,
        /// Label of the ring's first key; it enters every sub-key.
        #[arg(long, requires = "ring", value_name = "NAME")]
        epoch: Option<String>,
    },
    /// List the keys of a ring: ids, states and times, never a key.
    List {
        /// Key ring.
        ring: PathBuf,
    },
    /// End the newest key and begin a new one, by event time; print its id.
    Rotate {
        /// Key ring.
        ring: PathBuf,
        /// First event of the new key, such as 2026-10-01T00:00:00+08:00; now when it is missing.
        #[arg(long, value_name = "TIME")]
        from: Option<jiff::Timestamp>,
        /// Label of the new key; its first day when it is missing.
        #[arg(long, value_name = "NAME")]
        epoch: Option<String>,
    },
    /// Set what a key may still do: active, verify (no new tokens) or retired (reveals by document only).
    State {
        /// Key ring.
        ring: PathBuf,
        /// Key id.
        kid: String,
        /// New state.
        #[arg(value_parser = state)]
        state: crate::keys::State,
    },
    /// Destroy a key: what it made can't be revealed, matched or made again.
    Destroy {
        /// Key ring.
        ring: PathBuf,
        /// Key id.
        #[arg(required_unless_present = "all")]
        kid: Option<String>,
        /// All keys.
        #[arg(long)]
        all: bool,
        /// Only keys whose time ended (or that were made) so many days ago.
        #[arg(long, value_name = "DAYS")]
        after: Option<u16>,
        /// Do it; without this word it is only said what would go.
        #[arg(long)]
        yes_irreversible: bool,
    },
    /// Read reversible tokens of an old key, one a line, and print their pseudonyms under the old and a new key.
    Bridge {
        /// Key ring.
        ring: PathBuf,
        /// Id of the old key.
        #[arg(long, value_name = "KID")]
        from: String,
        /// Id of the new key.
        #[arg(long, value_name = "KID")]
        to: String,
        /// Policy with a transform of kind `token` and one of kind `pseudonym`.
        #[arg(long, short = 'p', default_value = "jdcloud-2021", value_name = "FILE|NAME")]
        policy: String,
        /// Entity of the tokens.
        #[arg(long, value_name = "NAME")]
        entity: String,
        /// Name of the pseudonym's transform.
        #[arg(long, value_name = "NAME")]
        transform: Option<String>,
    },
}

fn state(text: &str) -> Result<crate::keys::State, String> {
    use crate::keys::State::*;
    let all = [Active, Verify, Retired];
    all.into_iter().find(|s| s.name() == text).ok_or_else(|| "use active, verify or retired".into())
}

/// Where keys come from.
#[derive(Default, Args)]
pub struct KeyArgs {
    /// Key of all pseudonyms, or a key ring: readable by its owner only. A key is 32 bytes, raw or hex or base64. Without
    /// any key one is made for this run, and no other run's tokens match.
    #[arg(long, short = 'k', env = "LOGVEIL_KEY_FILE", value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// Take the key from the environment variable NAME.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["key_fd", "key_command"])]
    pub key_env: Option<String>,
    /// Read the key from the open descriptor N.
    #[arg(long, value_name = "N", conflicts_with = "key_command")]
    pub key_fd: Option<u32>,
    /// Take the key from what COMMAND prints (a KMS client, age -d).
    #[arg(long, value_name = "COMMAND")]
    pub key_command: Option<String>,
    /// Ledger of subjects, for transforms with `per_subject`: the salts of their keys.
    #[arg(long, env = "LOGVEIL_SUBJECTS", value_name = "FILE")]
    pub subjects: Option<PathBuf>,
}

impl KeyArgs {
    /// True when no key is named.
    pub fn none(&self) -> bool {
        self.key_file.is_none() && self.key_env.is_none() && self.key_fd.is_none() && self.key_command.is_none()
    }
}

/// What both `filter` and `explain` need.
#[derive(Args)]
pub struct PolicyArgs {
    /// Policy: a file, or jdcloud-2021, gdpr-web-2018 or web-minimal; auto takes the one that claims the stream named by
    /// --source, --host or --service, and denies a stream that none claims.
    #[arg(long, short = 'p', env = "LOGVEIL_POLICY", default_value = "jdcloud-2021", value_name = "FILE|NAME")]
    pub policy: String,
    /// More rules: a TOML file, or a folder of them, with [[entity]], [[pattern]], [[alias]], [[allow]], [[exempt]],
    /// [[event_time]], [[format]], [[sentence]] or [[command]] stanzas.
    #[arg(long, env = "LOGVEIL_RULES", value_name = "FILE|DIR")]
    pub rules: Vec<PathBuf>,
    /// Name of the source of the records, for the policy's selection.
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
    /// Host of the records, for the policy's selection.
    #[arg(long, value_name = "NAME")]
    pub host: Option<String>,
    /// Service of the records, for the policy's selection.
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,
    /// Whose data it is: tokens of two tenants can't be joined.
    #[arg(long, env = "LOGVEIL_TENANT", value_name = "NAME")]
    pub tenant: Option<String>,
    /// Keys.
    #[command(flatten)]
    pub keys: KeyArgs,
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
    /// Format of the records: auto, text, json, combined, common, vhost-combined, nginx-main, nginx-error, squid, postgres,
    /// postgres-csv, xferlog, or a [[format]] of --rules. It gives names to fields without keys; records that don't fit are searched as text.
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
    /// Also write the view of a recipient of the policy to FILE; may be given several times.
    #[arg(long, value_name = "RECIPIENT=FILE")]
    pub view: Vec<String>,
    /// File for one line a recipient: who got what, how much, on which basis.
    #[arg(long, env = "LOGVEIL_LEDGER", value_name = "FILE")]
    pub ledger: Option<PathBuf>,
    /// List of subjects' tokens with dates: minors, consent, erasure or hold; read again when it changes.
    #[arg(long, value_name = "KIND=FILE")]
    pub list: Vec<String>,
    /// Where the output goes, when that is not the policy's region.
    #[arg(long, value_name = "REGION")]
    pub sink_region: Option<String>,
    /// Reference to the separate consent to an output abroad.
    #[arg(long, value_name = "REFERENCE", requires = "sink_region")]
    pub sink_consent: Option<String>,
    /// Append to FILE instead of writing to standard output.
    #[arg(long, short = 'o', value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Audit log.
    #[command(flatten)]
    pub record: RecordArgs,
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
