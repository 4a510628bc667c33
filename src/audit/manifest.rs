//! The manifest of a run: its identity, one line a file, its totals. Manifests of several runs merge.

use super::{Counts, FileEntry, RunInfo, State};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};

/// What a whole run did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Files by how they ended.
    pub files: BTreeMap<State, u64>,
    /// Bytes of the inputs as they stood.
    pub bytes: u64,
    /// Bytes of the outputs as they stand.
    pub bytes_written: u64,
    /// Counts of all files.
    #[serde(flatten)]
    pub counts: Counts,
}

/// A manifest in memory, for the report: totals, and the entries worth showing.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// The run, or the first of several.
    pub run: RunInfo,
    /// All of it.
    pub totals: Totals,
    /// Files that are not done, at most [`Manifest::SHOWN`], by name.
    pub problems: Vec<FileEntry>,
    /// Files with samples, at most [`Manifest::SHOWN`].
    pub samples: Vec<super::Sample>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Line {
    Run(RunInfo),
    File(Box<FileEntry>),
    Totals(Box<Totals>),
}

impl Totals {
    /// Adds a file.
    pub fn add(&mut self, e: &FileEntry) {
        *self.files.entry(e.state).or_default() += 1;
        self.bytes += e.bytes;
        self.bytes_written += e.outputs.iter().map(|o| o.bytes).sum::<u64>();
        self.counts.merge(&e.counts);
    }

    /// Files that ended so.
    pub fn of(&self, state: State) -> u64 {
        self.files.get(&state).copied().unwrap_or(0)
    }
}

impl Manifest {
    /// Most problems or samples that a report shows.
    pub const SHOWN: usize = 200;

    /// A manifest without files.
    pub fn new(run: RunInfo) -> Manifest {
        Manifest { run, totals: Totals::default(), problems: Vec::new(), samples: Vec::new() }
    }

    /// Adds a file.
    pub fn add(&mut self, e: &FileEntry) {
        self.totals.add(e);
        if e.state != State::Done && self.problems.len() < Self::SHOWN {
            self.problems.push(e.clone());
        }
        for s in &e.samples {
            if self.samples.len() < Self::SHOWN && self.samples.iter().all(|o| o.entity != s.entity) {
                self.samples.push(s.clone());
            }
        }
    }

    /// Writes the first line of a manifest.
    ///
    /// # Errors
    /// Those of the stream.
    pub fn write_run(run: &RunInfo, out: &mut impl Write) -> io::Result<()> {
        line(&Line::Run(run.clone()), out)
    }

    /// Writes the line of a file.
    ///
    /// # Errors
    /// Those of the stream.
    pub fn write_file(e: &FileEntry, out: &mut impl Write) -> io::Result<()> {
        line(&Line::File(Box::new(e.clone())), out)
    }

    /// Writes the last line.
    ///
    /// # Errors
    /// Those of the stream.
    pub fn write_totals(totals: &Totals, out: &mut impl Write) -> io::Result<()> {
        line(&Line::Totals(Box::new(totals.clone())), out)
    }

    /// Reads a manifest and hands each file to `each`.
    ///
    /// # Errors
    /// Those of the stream, and lines that are none of a manifest.
    pub fn read(input: impl BufRead, mut each: impl FnMut(FileEntry) -> io::Result<()>) -> io::Result<RunInfo> {
        let bad = |n: usize, why: &str| io::Error::new(io::ErrorKind::InvalidData, format!("line {n}: {why}"));
        let mut run = None;
        for (i, text) in input.lines().enumerate() {
            match serde_json::from_str(&text?) {
                Ok(Line::Run(r)) => run = Some(r),
                Ok(Line::File(e)) => each(*e)?,
                Ok(Line::Totals(_)) => {}
                Err(e) => return Err(bad(i + 1, &format!("not a line of a manifest ({e})"))),
            }
        }
        run.ok_or_else(|| bad(1, "no manifest: the line of the run is missing"))
    }
}

fn line(line: &Line, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}
