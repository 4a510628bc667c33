//! What a whole process costs, as the kernel counts it.

use super::Failure;
use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;
use wait4::Wait4;

/// Cost of one run of a filter.
#[derive(Clone, Copy, Default)]
pub struct Cost {
    /// Seconds of user and system time, all threads (`wait4`).
    pub cpu: f64,
    /// Seconds from start to end.
    pub wall: f64,
    /// Peak resident memory in KiB.
    pub peak: f64,
    /// Findings that it reports.
    pub found: f64,
}

/// A program that filters a file, or standard input, to standard output.
#[derive(Clone)]
pub struct Filter {
    /// Its name in tables.
    pub name: String,
    program: PathBuf,
    args: Vec<OsString>,
    /// What makes it tell how much it found, where it does not always.
    counts: Option<&'static str>,
    env: Vec<(&'static str, String)>,
}

impl Filter {
    /// A program and its arguments; a file comes behind them.
    pub fn new<A: Into<OsString>>(name: &str, program: &Path, args: impl IntoIterator<Item = A>) -> Filter {
        let args = args.into_iter().map(Into::into).collect();
        Filter { name: name.into(), program: program.into(), args, counts: None, env: Vec::new() }
    }

    /// The same that tells how much it found only when asked by `argument`.
    pub fn counting_by(mut self, argument: &'static str) -> Filter {
        self.counts = Some(argument);
        self
    }

    /// The same, asked to tell how much it found; nothing when it always does.
    pub fn counting(&self) -> Option<Filter> {
        let argument = self.counts.filter(|c| self.args.iter().all(|a| a != c))?;
        let mut filter = self.clone();
        filter.args.push(argument.into());
        Some(filter)
    }

    /// The same with a variable set.
    pub fn with_env(mut self, name: &'static str, value: &str) -> Filter {
        self.env.push((name, value.into()));
        self
    }

    /// Ready to start, without the caller's own settings.
    pub fn command(&self) -> Command {
        let mut c = Command::new(&self.program);
        for (name, _) in std::env::vars_os().filter(|(n, _)| n.to_string_lossy().starts_with("LOGVEIL_")) {
            c.env_remove(name);
        }
        c.args(&self.args).envs(self.env.iter().cloned()).stderr(Stdio::piped());
        c
    }

    /// File to `/dev/null`.
    pub fn on_file(&self, input: &Path) -> Result<Cost, Failure> {
        let started = Instant::now();
        let child = self.command().arg(input).stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
        self.finish(child, started)
    }

    /// Pipe to pipe, between a process that writes and one that reads.
    pub fn in_pipe(&self, source: &mut Command, drain: &mut Command) -> Result<Cost, Failure> {
        let mut source = source.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let input = source.stdout.take().ok_or("no pipe")?;
        let started = Instant::now();
        let mut child = self.command().stdin(input).stdout(Stdio::piped()).spawn()?;
        let output = child.stdout.take().ok_or("no pipe")?;
        let mut drain = drain.stdin(output).stdout(Stdio::null()).spawn()?;
        let cost = self.finish(child, started)?;
        if !source.wait()?.success() || !drain.wait()?.success() {
            return Err("an end of the pipe failed".into());
        }
        Ok(cost)
    }

    fn finish(&self, mut child: Child, started: Instant) -> Result<Cost, Failure> {
        let used = child.wait4()?;
        let wall = started.elapsed().as_secs_f64();
        let mut said = String::new();
        if let Some(mut err) = child.stderr.take() {
            err.read_to_string(&mut said)?;
        }
        // Exit code 1 tells of suppressed values.
        if !matches!(used.status.code(), Some(0 | 1)) {
            return Err(format!("{} failed: {said}", self.name).into());
        }
        let found = said.lines().find_map(|l| serde_json::from_str::<serde_json::Value>(l).ok()?["findings"].as_f64());
        Ok(Cost {
            cpu: (used.rusage.utime + used.rusage.stime).as_secs_f64(),
            wall,
            peak: (used.rusage.maxrss / 1024) as f64,
            found: found.unwrap_or(0.0),
        })
    }
}

/// The middle value.
pub fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut v: Vec<f64> = values.into_iter().collect();
    v.sort_by(f64::total_cmp);
    v.get(v.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Megabytes a second.
pub fn rate(bytes: u64, seconds: f64) -> f64 {
    bytes as f64 / 1e6 / seconds.max(1e-9)
}
