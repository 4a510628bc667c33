//! Options of the verbs for what happens later.

use crate::shell::args::{KeyArgs, PolicyArgs};
use clap::{Args, Subcommand};
use jiff::civil::Date;
use std::path::PathBuf;

/// Where acts are put on record.
#[derive(Args, Clone, Default)]
pub struct RecordArgs {
    /// Append a line on this run to the audit log FILE: counts, never values.
    #[arg(long, global = true, env = "LOGVEIL_AUDIT", value_name = "FILE")]
    pub audit: Option<PathBuf>,
    /// Key or key ring that signs the audit log; the default is that of the run.
    #[arg(long, global = true, env = "LOGVEIL_AUDIT_KEY", value_name = "FILE")]
    pub audit_key: Option<PathBuf>,
    /// Who runs this; the default is the user.
    #[arg(long, global = true, env = "LOGVEIL_OPERATOR", value_name = "NAME")]
    pub operator: Option<String>,
}

/// Verbs of `audit`.
#[derive(Subcommand)]
pub enum AuditVerb {
    /// Find changed, dropped, moved, doubled, cut and foreign lines of an audit log. Exit code 1 when there are any.
    Verify {
        /// Audit log; its head is FILE.head.
        file: PathBuf,
        /// Keys that signed it.
        #[command(flatten)]
        keys: KeyArgs,
        /// SHA-256 of a line that an earlier verification printed as `head`: that line must be there.
        #[arg(long, value_name = "SHA256")]
        anchor: Option<String>,
    },
}

/// Verbs of `retain`.
#[derive(Subcommand)]
pub enum RetainVerb {
    /// Say what is due in a folder of outputs; change nothing. Exit code 1 when something has no readable date.
    Plan {
        /// What and when.
        #[command(flatten)]
        what: RetainArgs,
        /// Print JSON lines, as in the report of a sweep.
        #[arg(long)]
        json: bool,
    },
    /// Delete, restrict or aggregate what is due; a sweep that was interrupted is finished first, with its own report.
    Sweep {
        /// What and when.
        #[command(flatten)]
        what: RetainArgs,
        /// Key that signs the report.
        #[command(flatten)]
        keys: KeyArgs,
        /// Key of restricted data; needed when something is to be restricted.
        #[arg(long, value_name = "FILE")]
        vault_key: Option<PathBuf>,
        /// Write the report to FILE; the default is DIR/.logveil/reports/retain-DAY.jsonl.
        #[arg(long, value_name = "FILE")]
        report: Option<PathBuf>,
        /// Audit log.
        #[command(flatten)]
        record: RecordArgs,
    },
    /// Check the signature of a report. Exit code 1 when it is not as it was signed.
    Check {
        /// Report.
        report: PathBuf,
        /// Keys that may have signed it.
        #[command(flatten)]
        keys: KeyArgs,
    },
    /// Write what a sealed file holds to standard output, and put that on record.
    Unseal {
        /// Sealed file.
        file: PathBuf,
        /// Key of restricted data.
        #[arg(long, value_name = "FILE")]
        vault_key: PathBuf,
        /// Why.
        #[command(flatten)]
        why: WhyArgs,
        /// Key that signs the audit log.
        #[command(flatten)]
        keys: KeyArgs,
        /// Audit log.
        #[command(flatten)]
        record: RecordArgs,
    },
}

/// Why somebody looks at what is hidden.
#[derive(Args)]
pub struct WhyArgs {
    /// Why, in words; they go to the audit log.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Case or ticket that it is for.
    #[arg(long, value_name = "CASE")]
    pub case: String,
}

/// What a sweep looks at.
#[derive(Args)]
pub struct RetainArgs {
    /// Folder of outputs.
    pub dir: PathBuf,
    /// The day that counts as today; the default is today in the policy's zone.
    #[arg(long, value_name = "DAY")]
    pub at: Option<Date>,
    /// Policy whose zone says when days begin.
    #[arg(long, short = 'p', env = "LOGVEIL_POLICY", default_value = "jdcloud-2021", value_name = "FILE|NAME")]
    pub policy: String,
    /// List of held subjects' tokens: records that hold one stay.
    #[arg(long, value_name = "hold=FILE")]
    pub list: Vec<String>,
    /// Ledger of subjects, for its holds.
    #[arg(long, env = "LOGVEIL_SUBJECTS", value_name = "FILE")]
    pub holds: Option<PathBuf>,
    /// The hold of a case ended on a day.
    #[arg(long, value_name = "CASE=DAY")]
    pub ended: Vec<String>,
    /// Keep counts of the records of a class that are deleted, in DIR/aggregates.
    #[arg(long, value_name = "CLASS")]
    pub aggregate: Vec<String>,
}

/// Whose tokens, and what they were made with.
#[derive(Args)]
pub struct SubjectArgs {
    /// Read the subject's identifiers, one a line, from FILE instead of standard input; never on the command line, which
    /// others can read.
    #[arg(long, value_name = "FILE")]
    pub subject_file: Option<PathBuf>,
    /// Policy and keys.
    #[command(flatten)]
    pub policy: PolicyArgs,
}

/// Options of `trace`.
#[derive(Args)]
pub struct TraceArgs {
    /// Files and folders of outputs, compressed or not.
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// Whose.
    #[command(flatten)]
    pub subject: SubjectArgs,
    /// Print one JSON object a file.
    #[arg(long)]
    pub json: bool,
    /// Audit log.
    #[command(flatten)]
    pub record: RecordArgs,
}

/// Options of `reveal`.
#[derive(Args)]
pub struct RevealArgs {
    /// Reversible tokens, as outputs show them.
    #[arg(required = true, value_name = "TOKEN")]
    pub tokens: Vec<String>,
    /// Why.
    #[command(flatten)]
    pub why: WhyArgs,
    /// Document that demands it; needed for tokens of retired keys.
    #[arg(long, value_name = "REFERENCE")]
    pub document: Option<String>,
    /// Policy and keys.
    #[command(flatten)]
    pub subject: SubjectArgs,
    /// Audit log.
    #[command(flatten)]
    pub record: RecordArgs,
}

/// Options of `erase`.
#[derive(Args)]
pub struct EraseArgs {
    /// Folders and files of outputs that the subject's records are taken out of.
    pub paths: Vec<PathBuf>,
    /// Case or ticket of the request.
    #[arg(long, value_name = "CASE")]
    pub case: String,
    /// Ground of the request, as the policy names it.
    #[arg(long, value_name = "GROUND")]
    pub ground: String,
    /// Day of the request; the default is today.
    #[arg(long, value_name = "DAY")]
    pub requested_at: Option<Date>,
    /// The day that counts as today; the default is today in the policy's zone.
    #[arg(long, value_name = "DAY")]
    pub at: Option<Date>,
    /// Calendar of working days; the default is that of the People's Republic of China.
    #[arg(long, value_name = "FILE")]
    pub holidays: Option<PathBuf>,
    /// Only note the request and its last day in the ledger.
    #[arg(long)]
    pub register: bool,
    /// Key of restricted data: records that must be kept for a while go under it.
    #[arg(long, value_name = "FILE")]
    pub vault_key: Option<PathBuf>,
    /// Write all tombstones to FILE, an erasure list for `--list erasure=FILE`.
    #[arg(long, value_name = "FILE")]
    pub tombstones: Option<PathBuf>,
    /// Write the signed report to FILE.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// List of held subjects' tokens beside the holds of the ledger.
    #[arg(long, value_name = "hold=FILE")]
    pub list: Vec<String>,
    /// Do it; without this word it is only said what would go.
    #[arg(long)]
    pub yes_irreversible: bool,
    /// Whose.
    #[command(flatten)]
    pub subject: SubjectArgs,
    /// Audit log.
    #[command(flatten)]
    pub record: RecordArgs,
}

/// Verbs of `ledger`.
#[derive(Subcommand)]
pub enum LedgerVerb {
    /// Make a ledger that only its owner can read.
    New {
        /// Ledger.
        file: PathBuf,
    },
    /// Check a ledger and count what it holds. Exit code 1 when it is damaged or a request is overdue.
    Check {
        /// Ledger.
        file: PathBuf,
        /// The day that counts as today.
        #[arg(long, value_name = "DAY")]
        at: Option<Date>,
    },
    /// Copy a ledger as it is now, while others use it.
    Backup {
        /// Ledger.
        file: PathBuf,
        /// Where to; must not exist yet.
        to: PathBuf,
    },
    /// Hold a subject's records for a case: sweeps keep them, erasures refuse.
    Hold {
        /// Case.
        #[arg(long, value_name = "CASE")]
        case: String,
        /// First day of the hold; the default is today.
        #[arg(long, value_name = "DAY")]
        at: Option<Date>,
        /// Whose, and the ledger by --subjects.
        #[command(flatten)]
        subject: Box<SubjectArgs>,
        /// Audit log.
        #[command(flatten)]
        record: RecordArgs,
    },
    /// End the hold of a case.
    Release {
        /// Ledger.
        file: PathBuf,
        /// Case.
        #[arg(long, value_name = "CASE")]
        case: String,
        /// Last day of the hold; the default is today.
        #[arg(long, value_name = "DAY")]
        at: Option<Date>,
        /// Key that signs the audit log.
        #[command(flatten)]
        keys: KeyArgs,
        /// Audit log.
        #[command(flatten)]
        record: RecordArgs,
    },
    /// Forget the subjects of keys that are destroyed.
    Prune {
        /// Ledger.
        file: PathBuf,
        /// Key ring.
        #[command(flatten)]
        keys: KeyArgs,
        /// Audit log.
        #[command(flatten)]
        record: RecordArgs,
    },
}
