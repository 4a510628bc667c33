//! Options of `batch` and `report`.

use crate::input::codec::Codec;
use crate::shell::args::{PolicyArgs, Stats};
use crate::shell::lifecycle::args::RecordArgs;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Options of `batch`.
#[derive(Args)]
pub struct BatchArgs {
    /// Files, folders or quoted globs; `-` is a stream on standard input.
    #[arg(value_name = "IN", required_unless_present = "files_from")]
    pub inputs: Vec<PathBuf>,
    /// Read more names from FILE, one a line; `-` for standard input.
    #[arg(long, value_name = "FILE")]
    pub files_from: Option<PathBuf>,
    /// Names in --files-from end with a zero byte, as `find -print0` writes them.
    #[arg(long, short = '0', requires = "files_from")]
    pub null: bool,
    /// Folder for the outputs, which mirror the inputs below their common folder.
    #[arg(long, short = 'o', value_name = "DIR", required_unless_present = "in_place", conflicts_with = "in_place")]
    pub output: Option<PathBuf>,
    /// Replace each file by its output; with =SUFFIX the original stays under that name and must be erased later.
    #[arg(long, value_name = "SUFFIX", num_args = 0..=1, default_missing_value = "", require_equals = true)]
    pub in_place: Option<String>,
    /// Go on where an earlier run ended: skip inputs whose content, policy and key are those of a finished output.
    #[arg(long)]
    pub resume: bool,
    /// Say what would happen; write nothing.
    #[arg(long, short = 'n')]
    pub dry_run: bool,
    /// Policy and key.
    #[command(flatten)]
    pub policy: PolicyArgs,
    /// Format of the records, as in `filter`.
    #[arg(long, short = 'f', env = "LOGVEIL_FORMAT", default_value = "auto", value_name = "NAME")]
    pub format: String,
    /// How inputs are encoded: auto, utf-8, gb18030 (also gbk), utf-16le or utf-16be. Outputs are written alike; auto goes, for
    /// each file, by a byte order mark, or by the first line that holds a byte beyond ASCII.
    #[arg(long, env = "LOGVEIL_ENCODING", default_value = "auto", value_name = "NAME")]
    pub encoding: String,
    /// Where retention tags go.
    #[arg(long, short = 't', env = "LOGVEIL_TAG", default_value = "inline", value_enum)]
    pub tag: BatchTag,
    /// Compression of the outputs; the default is that of each input.
    #[arg(long, value_name = "KIND", value_enum)]
    pub compress: Option<Compress>,
    /// Level of that compression: gzip 1-12, zstd 1-19, bzip2 1-9, xz 0-9. Inputs keep their kind, so without
    /// --compress a level outside the range of a kind is the nearest one.
    #[arg(long, value_name = "N")]
    pub level: Option<u32>,
    /// Take only files that match; with a leading `!`, leave out those that do. Repeatable, the last match wins.
    #[arg(long, short = 'g', value_name = "GLOB")]
    pub glob: Vec<String>,
    /// Follow links inside folders.
    #[arg(long, short = 'L')]
    pub follow: bool,
    /// Folder that the tree of the outputs begins at; the default is the deepest one that holds all inputs.
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// Folder of the journal, the manifest and the quarantine; the default is .logveil below the outputs. A part {id} of
    /// it becomes a keyed digest of the first input's name.
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Write the manifest of the run to FILE instead.
    #[arg(long, value_name = "FILE")]
    pub manifest: Option<PathBuf>,
    /// Write a report to FILE: one HTML page that needs nothing else.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Refuse compressed files that grow more than N times; 0 for any.
    #[arg(long, value_name = "N", default_value_t = 250)]
    pub max_ratio: u64,
    /// Refuse compressed files of more than BYTES after decompression; 0 for any.
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 40)]
    pub max_size: u64,
    /// Unix seconds that stand in for the event time of records without one; the default is now.
    #[arg(long, value_name = "SECONDS")]
    pub ingest_time: Option<i64>,
    /// Audit log.
    #[command(flatten)]
    pub record: RecordArgs,
    /// Threads; the default is all cores.
    #[arg(long, short = 'j', env = "LOGVEIL_THREADS", value_name = "N")]
    pub threads: Option<usize>,
    /// Progress on standard error.
    #[arg(long, value_enum, default_value = "auto", value_name = "HOW")]
    pub progress: ProgressMode,
    /// Seconds between the lines of `--progress json`.
    #[arg(long, default_value_t = 5.0, value_name = "SECONDS", hide_short_help = true)]
    pub progress_interval: f64,
    /// Print counts to standard error at the end; never a value.
    #[arg(long, value_enum, num_args = 0..=1, default_missing_value = "human", require_equals = true, value_name = "FORM")]
    pub stats: Option<Stats>,
}

/// Options of `report`.
#[derive(Args)]
pub struct ReportArgs {
    /// Manifests of one or several runs under one policy and key.
    #[arg(required = true)]
    pub manifests: Vec<PathBuf>,
    /// Write the page to FILE.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Write the merged manifest to FILE.
    #[arg(long, value_name = "FILE")]
    pub manifest: Option<PathBuf>,
}

/// Where tags go.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BatchTag {
    /// A `_deid` member in JSON objects, a last quoted field in lines of text.
    Inline,
    /// To NAME.tags.jsonl beside each output, keyed by the record's offset in the uncompressed output.
    Manifest,
    /// Records go to class=CLASS/delete_after=DAY below the output folder.
    Partition,
    /// Nowhere.
    None,
}

/// Compressions to ask for.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Compress {
    /// Plain files.
    None,
    /// gzip.
    Gz,
    /// Zstandard.
    Zst,
    /// bzip2.
    Bz2,
    /// xz.
    Xz,
}

/// How progress is shown.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ProgressMode {
    /// Bars on a terminal, nothing elsewhere.
    Auto,
    /// One JSON object a line.
    Json,
    /// Nothing.
    Never,
}

impl Compress {
    /// As the outputs have it.
    pub fn codec(self) -> Codec {
        match self {
            Compress::None => Codec::Plain,
            Compress::Gz => Codec::Gzip,
            Compress::Zst => Codec::Zstd,
            Compress::Bz2 => Codec::Bzip2,
            Compress::Xz => Codec::Xz,
        }
    }
}

impl BatchTag {
    /// As the manifest has it.
    pub fn name(self) -> &'static str {
        match self {
            BatchTag::Inline => "inline",
            BatchTag::Manifest => "manifest",
            BatchTag::Partition => "partition",
            BatchTag::None => "none",
        }
    }
}
