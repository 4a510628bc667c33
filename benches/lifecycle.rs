//! What happens later, at size: a sweep of many partitions, a person traced through many gigabytes. Whole processes, wall
//! and CPU time of one run each; files lie in the page cache as far as it holds them.
//!
//! Environment: `LOGVEIL_BENCH_PARTITIONS` (default 100,000), `LOGVEIL_BENCH_GB` (default 10) of text before compression.
//! `gzip` and `zstd` must be installed; as much free space is needed.

#[path = "support/generate.rs"]
mod generate;

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

const SUBJECT: &str = "13800138001";
/// Bytes of text that are de-identified once and then repeated.
const PIECE: usize = 64 << 20;
/// Files that the text is spread over.
const FILES: usize = 10;

fn env(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default)
}

/// CPU seconds of all children that ended.
fn children() -> f64 {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<f64> =
        text.rsplit(") ").next().unwrap_or_default().split(' ').filter_map(|f| f.parse().ok()).collect();
    fields.get(12..14).map_or(0.0, |f| f.iter().sum::<f64>() / 100.0)
}

struct Bench {
    dir: PathBuf,
    logveil: String,
}

impl Bench {
    /// Runs a command; its output, wall and CPU seconds.
    fn run(&self, args: &[&str], input: &[u8]) -> (String, f64, f64) {
        let (started, cpu) = (Instant::now(), children());
        let mut child = Command::new(&self.logveil)
            .args(args)
            .current_dir(&self.dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary");
        let mut stdin = child.stdin.take().expect("a pipe");
        let input = input.to_vec();
        let feed = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let out = child.wait_with_output().expect("its output");
        let _ = feed.join();
        (String::from_utf8_lossy(&out.stdout).into_owned(), started.elapsed().as_secs_f64(), children() - cpu)
    }

    fn row(&self, what: &str, (out, wall, cpu): &(String, f64, f64), gb: Option<f64>) {
        let rate = gb.map_or(String::new(), |gb| format!("{:.2}", gb / wall));
        println!("| {what} | {wall:.2} | {cpu:.2} | {rate} | {} |", out.lines().last().unwrap_or_default());
    }

    fn sweep(&self, partitions: usize) {
        let root = self.dir.join("parts");
        for n in 0..partitions {
            let (class, day) = (n % 50, n / 50);
            let day = format!("{}-{:02}-{:02}", 2026 + day / 336, day / 28 % 12 + 1, day % 28 + 1);
            let dir = root.join(format!("class=c{class}/keep_until={day}/delete_after={day}"));
            fs::create_dir_all(&dir).expect("a folder");
            fs::write(dir.join("a.log"), "x\n").expect("a file");
        }
        let at = format!("{}-01-01", 2026 + partitions / 50 / 336 / 2 + 1);
        let plan = self.run(&["retain", "plan", "parts", "--at", "2026-01-01"], b"");
        self.row(&format!("plan {partitions} partitions, none due"), &plan, None);
        let plan = self.run(&["retain", "plan", "parts", "--at", &at], b"");
        self.row("plan them, some due", &plan, None);
        let (out, wall, cpu) = self.run(&["retain", "sweep", "parts", "--at", &at, "-k", "key"], b"");
        let totals = out.lines().next().unwrap_or_default().to_string();
        self.row("sweep them", &(totals, wall, cpu), None);
        let _ = fs::remove_dir_all(root);
    }

    /// De-identified text, and one record of the subject.
    fn text(&self) -> (Vec<u8>, Vec<u8>) {
        let raw = generate::text(generate::Kind::Access, PIECE);
        let clean = self.run(&["filter", "-k", "key"], &raw).0.into_bytes();
        let line = format!("2026-11-20T08:00:00+08:00 login phone={SUBJECT}\n");
        (clean, self.run(&["filter", "-k", "key"], line.as_bytes()).0.into_bytes())
    }

    fn packed(&self, command: &[&str], text: &[u8]) -> Vec<u8> {
        let Some((program, args)) = command.split_first() else { return text.to_vec() };
        let path = self.dir.join("piece");
        fs::write(&path, text).expect("a file");
        let out = Command::new(program).args(args).stdin(File::open(&path).expect("a file")).output();
        out.unwrap_or_else(|e| panic!("{program}: {e}")).stdout
    }

    fn trace(&self, gb: usize) {
        let (piece, line) = self.text();
        let times = (gb * 1_000_000_000 / FILES).div_ceil(piece.len());
        let total = (piece.len() * times * FILES) as f64 / 1e9;
        for (name, command) in [("plain", &[][..]), ("gzip", &["gzip", "-6"]), ("zstd", &["zstd", "-3"])] {
            let root = self.dir.join("out");
            fs::create_dir_all(&root).expect("a folder");
            let (piece, line) = (self.packed(command, &piece), self.packed(command, &line));
            for n in 0..FILES {
                let mut file = File::create(root.join(format!("{n}.log"))).expect("a file");
                for i in 0..times {
                    file.write_all(&piece).expect("space");
                    if i == times / 2 {
                        file.write_all(&line).expect("space");
                    }
                }
            }
            let traced = self.run(&["trace", "-k", "key", "out"], SUBJECT.as_bytes());
            assert!(traced.0.contains(&format!("{FILES} records in {FILES} files")), "{}", traced.0);
            self.row(&format!("trace through {total:.1} GB, {name}"), &traced, Some(total));
            let _ = fs::remove_dir_all(root);
        }
    }
}

fn main() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench-data/lifecycle");
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).expect("a folder");
    let logveil = env!("CARGO_BIN_EXE_logveil").to_string();
    let bench = Bench { dir, logveil };
    bench.run(&["keys", "new", "key"], b"");
    println!("| what | wall s | CPU s | GB/s | says |\n|---|---|---|---|---|");
    bench.sweep(env("LOGVEIL_BENCH_PARTITIONS", 100_000));
    bench.trace(env("LOGVEIL_BENCH_GB", 10));
    let _ = fs::remove_dir_all(&bench.dir);
}
