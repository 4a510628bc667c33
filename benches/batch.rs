//! Batch against what a user would type instead, as whole processes in one run.
//!
//! Each row is the wall time of a command over the same text, medians of interleaved rounds, and its ratio to the row that it
//! is named against. `pigz`, `zstd`, `gzip`, `sed` and `xargs` must be installed.
//!
//! Environment: `LOGVEIL_BENCH_MB` (default 128) sizes the text, `LOGVEIL_BENCH_ROUNDS` (default 3).

#[path = "support/generate.rs"]
mod generate;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

fn env(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default)
}

/// A user's `sed`: four of the twelve families that the built-in rules cover, nothing validated.
const SED: &str = "sed -E -e 's/([0-9]{1,3}\\.){3}[0-9]{1,3}/<ip>/g' -e 's/1[3-9][0-9]{9}/<phone>/g' \
                   -e 's/[A-Za-z0-9._-]+@[A-Za-z0-9.-]+/<mail>/g' -e 's/[1-9][0-9]{16}[0-9X]/<id>/g'";

struct Bench {
    dir: PathBuf,
    logveil: String,
    mb: f64,
    rounds: usize,
}

/// A row: its name, a shell command, and the row that it is compared with.
type Row = (&'static str, String, Option<usize>);

impl Bench {
    fn logveil(&self, args: &str) -> String {
        format!(
            "{} batch -k {}/key --progress never -o {}/out {args}",
            self.logveil,
            self.dir.display(),
            self.dir.display()
        )
    }

    /// Wall and CPU seconds of a command and all its children.
    fn seconds(&self, command: &str) -> (f64, f64) {
        let _ = std::fs::remove_dir_all(self.dir.join("out"));
        let _ = std::fs::create_dir(self.dir.join("out"));
        let (started, cpu) = (Instant::now(), children());
        let status = Command::new("sh")
            .args(["-c", command])
            .current_dir(&self.dir)
            .stderr(Stdio::null())
            .stdout(Stdio::null())
            .status()
            .expect("a shell");
        assert!(status.success(), "{command}");
        (started.elapsed().as_secs_f64(), children() - cpu)
    }

    fn table(&self, title: &str, rows: &[Row]) {
        let mut times: Vec<Vec<f64>> = vec![Vec::new(); rows.len()];
        let mut cpus = times.clone();
        for _ in 0..self.rounds {
            for (i, (_, command, _)) in rows.iter().enumerate() {
                let (wall, cpu) = self.seconds(command);
                times[i].push(wall);
                cpus[i].push(cpu);
            }
        }
        let median = |v: &[f64]| {
            let mut v = v.to_vec();
            v.sort_by(f64::total_cmp);
            v[v.len() / 2]
        };
        println!("\n{title}\n{:<44}{:>8}{:>8}{:>8}  {:>8}", "", "wall s", "CPU s", "MB/s", "speed");
        for (i, (name, _, against)) in rows.iter().enumerate() {
            let ratio = against.map_or(String::new(), |a| {
                let r: Vec<f64> = times[i].iter().zip(&times[a]).map(|(x, y)| y / x).collect();
                format!("{:>7.2}x of row {}", median(&r), a + 1)
            });
            let (name, wall, cpu) = (format!("{} {name}", i + 1), median(&times[i]), median(&cpus[i]));
            println!("{name:<44}{wall:>8.2}{cpu:>8.2}{:>8.0}  {ratio}", self.mb / wall);
        }
    }
}

/// CPU seconds of all children that ended so far (`proc_pid_stat(5)`: cutime and cstime, in hundredths).
fn children() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    after.split_whitespace().skip(13).take(2).filter_map(|t| t.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn main() {
    let mb = env("LOGVEIL_BENCH_MB", 128);
    let dir = std::env::temp_dir().join(format!("logveil-bench-{}", std::process::id()));
    let b = Bench {
        logveil: env!("CARGO_BIN_EXE_logveil").into(),
        mb: (mb << 20) as f64 / 1e6,
        rounds: env("LOGVEIL_BENCH_ROUNDS", 3),
        dir: dir.clone(),
    };
    prepare(&dir, mb);
    let one = |args: &str| b.logveil(&format!("-t none {args}"));
    b.table(
        "plain files to plain files",
        &[
            ("batch, 8 files, 1 thread", one("many -j 1"), None),
            ("batch, 8 files, 2 threads", one("many -j 2"), Some(0)),
            ("batch, 1 file, 1 thread", one("one.log -j 1"), None),
            ("batch, 1 file, 2 threads", one("one.log -j 2"), Some(2)),
            ("batch, 1 file, 1 thread, inline tags", b.logveil("one.log -j 1"), None),
            ("batch, 1 file, 2 threads, inline tags", b.logveil("one.log -j 2"), Some(4)),
            (
                "xargs -P2 sed",
                format!("ls many/* | xargs -P2 -I% sh -c '{} % > out/$(basename %)'", SED.replace('\'', "\"")),
                Some(1),
            ),
            ("cp", "cp one.log out/".into(), Some(3)),
        ],
    );
    b.table(
        "gzip to gzip, level 6, 2 cores",
        &[
            ("pigz -dc | pigz -p2, 1 file", "pigz -dc one.log.gz | pigz -p2 -6 > out/one.log.gz".into(), None),
            ("batch, 1 file", one("one.log.gz -j 2"), Some(0)),
            ("batch, 1 file, inline tags", b.logveil("one.log.gz -j 2"), Some(0)),
            (
                "pigz -dc | pigz -p2, 8 files in turn",
                "for f in gz/*; do pigz -dc $f | pigz -p2 -6 > out/$(basename $f); done".into(),
                None,
            ),
            ("batch, 8 files", one("gz -j 2"), Some(3)),
            (
                "xargs -P2, zcat | sed | gzip",
                format!(
                    "ls gz/* | xargs -P2 -I% sh -c 'zcat % | {} | gzip -6 > out/$(basename %)'",
                    SED.replace('\'', "\"")
                ),
                Some(3),
            ),
        ],
    );
    b.table(
        "Zstandard to Zstandard, level 3, 2 cores",
        &[
            ("zstd -dc | zstd -T2, 1 file", "zstd -qdc one.log.zst | zstd -q -T2 -3 > out/one.log.zst".into(), None),
            ("batch, 1 file", one("one.log.zst -j 2"), Some(0)),
            ("batch, 1 file, inline tags", b.logveil("one.log.zst -j 2"), Some(0)),
        ],
    );
    sizes(&dir, &b);
    codecs(&std::fs::read(dir.join("one.log")).expect("a file"));
    let _ = std::fs::remove_dir_all(dir);
}

/// How large the outputs of the two are.
fn sizes(dir: &Path, b: &Bench) {
    let size = |name: &str| std::fs::metadata(dir.join("out").join(name)).map_or(0.0, |m| m.len() as f64 / 1e6);
    println!("\noutput MB");
    for (name, command) in [
        ("one.log.gz", "pigz -dc one.log.gz | pigz -p2 -6 > out/one.log.gz".to_string()),
        ("one.log.gz", b.logveil("one.log.gz -t none")),
        ("one.log.gz", b.logveil("one.log.gz")),
        ("one.log.zst", "zstd -qdc one.log.zst | zstd -q -T2 -3 > out/one.log.zst".to_string()),
        ("one.log.zst", b.logveil("one.log.zst -t none")),
        ("one.log.zst", b.logveil("one.log.zst")),
    ] {
        b.seconds(&command);
        let short = command.split(" -o ").last().unwrap_or("").split_once(' ').map_or(command.as_str(), |c| c.1);
        println!("{:>8.1}  {short}", size(name));
    }
}

fn prepare(dir: &Path, mb: usize) {
    for d in ["many", "gz", "out"] {
        std::fs::create_dir_all(dir.join(d)).expect("a folder");
    }
    let text = generate::text(generate::Kind::Access, mb << 20);
    std::fs::write(dir.join("one.log"), &text).expect("a file");
    let part = text.len() / 8;
    let mut at = 0;
    for i in 0..8 {
        let near = if i == 7 { text.len() } else { (i + 1) * part };
        let end = memchr::memrchr(b'\n', &text[at..near]).map_or(near, |n| at + n + 1);
        std::fs::write(dir.join(format!("many/{i}.log")), &text[at..end]).expect("a file");
        at = end;
    }
    let make = "head -c 32 /dev/urandom > key; chmod 600 key; gzip -6 < one.log > one.log.gz; zstd -q -3 one.log; \
                for f in many/*; do gzip -6 < $f > gz/$(basename $f).gz; done";
    assert!(Command::new("sh").args(["-c", make]).current_dir(dir).status().expect("a shell").success());
}

/// Members of 1 MiB, whole with libdeflate against streaming with zlib-rs, one thread, MB/s of text.
fn codecs(text: &[u8]) {
    use std::io::{Read, Write};
    let members: Vec<&[u8]> = text.chunks(1 << 20).take(64).collect();
    let mb = members.iter().map(|m| m.len()).sum::<usize>() as f64 / 1e6;
    let rate = |f: &mut dyn FnMut()| {
        let started = Instant::now();
        f();
        mb / started.elapsed().as_secs_f64()
    };
    let mut packed = Vec::new();
    let mut deflate = libdeflater::Compressor::new(libdeflater::CompressionLvl::new(6).expect("a level"));
    let whole = rate(&mut || {
        for m in &members {
            let mut out = vec![0; deflate.gzip_compress_bound(m.len())];
            let n = deflate.gzip_compress(m, &mut out).expect("room");
            out.truncate(n);
            packed.push(out);
        }
    });
    let mut size = 0;
    let streamed = rate(&mut || {
        for m in &members {
            let mut e = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
            e.write_all(m).expect("memory");
            size += e.finish().expect("memory").len();
        }
    });
    let mut out = vec![0; 1 << 20];
    let mut inflate = libdeflater::Decompressor::new();
    let whole_in = rate(&mut || {
        for p in &packed {
            inflate.gzip_decompress(p, &mut out).expect("a member");
        }
    });
    let all = packed.concat();
    let streamed_in = rate(&mut || {
        let mut d = flate2::read::MultiGzDecoder::new(&all[..]);
        while d.read(&mut out).expect("members") > 0 {}
    });
    println!("\ngzip members of 1 MiB, one thread, MB/s of text");
    println!("deflate level 6: libdeflate {whole:.0} ({} bytes), zlib-rs {streamed:.0} ({size} bytes)", all.len());
    println!("inflate: libdeflate, whole members {whole_in:.0}, zlib-rs, streaming {streamed_in:.0}");
}
