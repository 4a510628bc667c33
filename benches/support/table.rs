//! Rows of figures: printed as Markdown, recorded as CSV.

use super::Failure;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

/// Columns: name in records, heading in tables, digits behind the point.
const COLUMNS: [(&str, &str, usize); 13] = [
    ("cpu_mb_s", "MB/s", 0),
    ("wall_mb_s", "MB/s wall", 0),
    ("ratio", "ratio", 2),
    ("ratio_wall", "ratio, wall", 2),
    ("ratio_validated", "of validated", 2),
    ("maxrss_kib", "peak KiB", 0),
    ("found_kb", "found/KB", 2),
    ("cpu_ms", "CPU ms", 1),
    ("p50_us", "p50 us", 0),
    ("p99_us", "p99 us", 0),
    ("ns", "ns", 1),
    ("steps", "steps", 0),
    ("limit", "limit", 2),
];

/// One line of a table.
#[derive(Default)]
pub struct Row {
    pub input: String,
    pub name: String,
    /// By column name in records.
    pub cells: Vec<(&'static str, f64)>,
    /// What a reader should see.
    pub note: &'static str,
}

impl Row {
    pub fn new(input: &str, name: &str, cells: Vec<(&'static str, f64)>) -> Row {
        Row { input: input.into(), name: name.into(), cells, note: "" }
    }

    /// Sets the note when `bad`.
    pub fn flag(mut self, bad: bool, note: &'static str) -> Row {
        if bad {
            self.note = note;
        }
        self
    }

    /// A figure of the row.
    pub fn cell(&self, column: &str) -> Option<f64> {
        self.cells.iter().find(|c| c.0 == column).map(|c| c.1)
    }
}

/// The rows as a Markdown table with the columns that they have.
pub fn markdown(rows: &[Row]) -> String {
    let columns: Vec<_> = COLUMNS.iter().filter(|c| rows.iter().any(|r| r.cell(c.0).is_some())).collect();
    let mut lines = vec![vec!["input".to_string(), "row".into()]];
    lines[0].extend(columns.iter().map(|c| c.1.to_string()));
    for row in rows {
        let name = if row.note.is_empty() { row.name.clone() } else { format!("{} ({})", row.name, row.note) };
        let mut line = vec![row.input.clone(), name];
        line.extend(columns.iter().map(|c| row.cell(c.0).map_or(String::new(), |v| format!("{v:.*}", c.2))));
        lines.push(line);
    }
    let width = |i: usize| lines.iter().map(|l| l[i].chars().count()).max().unwrap_or(0);
    let widths: Vec<_> = (0..columns.len() + 2).map(width).collect();
    let mut text = String::new();
    for (n, line) in lines.iter().enumerate() {
        for (i, (cell, &w)) in line.iter().zip(&widths).enumerate() {
            let _ = if i < 2 { write!(text, "| {cell:<w$} ") } else { write!(text, "| {cell:>w$} ") };
        }
        text.push_str("|\n");
        if n == 0 {
            for (i, &w) in widths.iter().enumerate() {
                let _ = write!(text, "|{}{}", "-".repeat(w + 1), if i < 2 { "-" } else { ":" });
            }
            text.push_str("|\n");
        }
    }
    text
}

/// Where and when: the heading of a record.
pub struct Stamp {
    date: String,
    cpu: String,
    commit: String,
    /// Size of inputs and number of runs.
    setup: String,
}

impl Stamp {
    pub fn now(mb: u64, rounds: usize) -> Stamp {
        let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = info.lines().find_map(|l| l.strip_prefix("model name")?.split(':').nth(1));
        let git =
            Command::new("git").args(["-C", env!("CARGO_MANIFEST_DIR"), "describe", "--always", "--dirty"]).output();
        Stamp {
            date: jiff::Timestamp::now().strftime("%Y-%m-%d").to_string(),
            cpu: model.unwrap_or(std::env::consts::ARCH).trim().to_string(),
            setup: format!("{mb} MB, {rounds} rounds"),
            commit: git.map_or(String::new(), |o| String::from_utf8_lossy(&o.stdout).trim().to_string()),
        }
    }

    /// One line for people.
    pub fn line(&self) -> String {
        format!("{}, {}, commit {}, {}", self.date, self.cpu, self.commit, self.setup)
    }

    /// Appends the rows of a section to `benches/record/<date>-<cpu>.csv`.
    pub fn record(&self, section: &str, rows: &[Row]) -> Result<(), Failure> {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/record");
        fs::create_dir_all(&dir)?;
        let slug: String = self.cpu.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
        let path = dir.join(format!("{}-{slug}.csv", self.date));
        let fresh = !path.exists();
        let mut file = fs::OpenOptions::new().append(true).create(true).open(path)?;
        if fresh {
            let names: Vec<_> = COLUMNS.iter().map(|c| c.0).collect();
            writeln!(file, "commit,section,input,row,{},note", names.join(","))?;
        }
        for row in rows {
            let quoted = |s: &str| format!("\"{}\"", s.replace('"', "\"\""));
            let cells: Vec<_> =
                COLUMNS.iter().map(|c| row.cell(c.0).map_or(String::new(), |v| format!("{v:.3}"))).collect();
            let (input, name) = (quoted(&row.input), quoted(&row.name));
            writeln!(file, "{},{section},{input},{name},{},{}", self.commit, cells.join(","), quoted(row.note))?;
        }
        Ok(())
    }

    /// Puts the table of a section into `docs/performance.md`, between its two marks.
    pub fn publish(&self, section: &str, table: &str) -> Result<(), Failure> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/performance.md");
        let text = fs::read_to_string(&path)?;
        let (open, close) = (format!("<!-- {section} -->\n"), format!("<!-- /{section} -->"));
        let (head, rest) = text.split_once(&open).ok_or_else(|| format!("docs/performance.md has no mark {open}"))?;
        let (_, tail) = rest.split_once(&close).ok_or_else(|| format!("docs/performance.md has no mark {close}"))?;
        fs::write(path, format!("{head}{open}{}\n\n{table}{close}{tail}", self.line()))?;
        Ok(())
    }
}
