//! Options of the verbs for what happens later.

use crate::shell::args::KeyArgs;
use clap::{Args, Subcommand};
use jiff::civil::Date;
use std::path::PathBuf;

/// Where acts are put on record.
#[derive(Args, Clone, Default)]
pub struct RecordArgs {
    /// Append a line on this run to the audit log FILE: counts, never values.
    #[arg(long, env = "LOGVEIL_AUDIT", value_name = "FILE")]
    pub audit: Option<PathBuf>,
    /// Key or key ring that signs the audit log; the default is that of the run.
    #[arg(long, env = "LOGVEIL_AUDIT_KEY", value_name = "FILE")]
    pub audit_key: Option<PathBuf>,
    /// Who runs this; the default is the user.
    #[arg(long, env = "LOGVEIL_OPERATOR", value_name = "NAME")]
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
    /// The hold of a case ended on a day.
    #[arg(long, value_name = "CASE=DAY")]
    pub ended: Vec<String>,
    /// Keep counts of the records of a class that are deleted, in DIR/aggregates.
    #[arg(long, value_name = "CLASS")]
    pub aggregate: Vec<String>,
}
