//! Whole-engine speed beside what a user would pick instead, in one run.
//!
//! Prints one table: MB/s of CPU time, one thread, in memory, medians of interleaved rounds, and the ratio of each row
//! to the control (one alternation of ten patterns in the `regex` crate, a constant placeholder, no validation).
//!
//! Environment: `LOGVEIL_BENCH_MB` (default 256) sizes the inputs, `LOGVEIL_BENCH_ROUNDS` (default 5),
//! `LOGVEIL_BENCH_FILES` (paths, separated by `:`) adds inputs, `LOGVEIL_KERNEL` picks the machine code.

#[path = "support/generate.rs"]
mod generate;
#[path = "support/peers.rs"]
mod peers;

use logveil::engine::{Engine, EngineConfig, HashKernel, MAX_BLOCK, ScanKernel, TagMode};
use logveil::keys::MasterKey;
use logveil::model::Block;
use logveil::rules::{Ruleset, policy_builtin};
use std::hint::black_box;

fn env(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default)
}

/// CPU seconds of this process so far.
fn cpu() -> f64 {
    let t = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    t.tv_sec as f64 + t.tv_nsec as f64 / 1e9
}

fn engine(policy: &str, swap: (&str, &str), tag: TagMode) -> Engine {
    let rules = Ruleset::builtin();
    let text = policy_builtin(policy).expect("an embedded policy").replace(swap.0, swap.1);
    let policy = logveil::policy::compile(policy, &text, &rules).expect("a valid policy");
    let (scan, hash) = match std::env::var("LOGVEIL_KERNEL").as_deref() {
        Ok("avx2") => (ScanKernel::Avx2, HashKernel::Avx2),
        Ok("scalar") => (ScanKernel::Scalar, HashKernel::Scalar),
        _ => (ScanKernel::detect(), HashKernel::detect()),
    };
    let key = MasterKey::from_bytes(&[7; 32], "bench").expect("32 bytes");
    Engine::new(EngineConfig { rules, policy, key: key.into(), tag, scan, hash, ingest: 1_795_399_905 })
        .expect("valid formats")
}

/// Runs a block function over an input in blocks of whole lines; returns bytes made.
fn blocks(text: &[u8], mut f: impl FnMut(&[u8]) -> usize) -> usize {
    let (mut at, mut made) = (0, 0);
    while at < text.len() {
        let near = (at + MAX_BLOCK).min(text.len());
        let cut = memchr::memrchr(b'\n', &text[at..near]).map_or(near, |n| at + n + 1);
        made += f(&text[at..cut]);
        at = cut;
    }
    made
}

type Row<'a> = (&'a str, Box<dyn FnMut(&[u8]) -> usize + 'a>);

fn main() {
    let mb = env("LOGVEIL_BENCH_MB", 256);
    let rounds = env("LOGVEIL_BENCH_ROUNDS", 5);
    let none = ("", "");
    let engines = [
        ("logveil, HMAC, inline tags", engine("jdcloud-2021", none, TagMode::Inline)),
        ("logveil, HMAC, no tags", engine("jdcloud-2021", none, TagMode::None)),
        ("logveil, CMAC, inline tags", engine("jdcloud-2021", ("hmac-sha256", "aes-cmac"), TagMode::Inline)),
        ("logveil, web-minimal, no tags", engine("web-minimal", none, TagMode::None)),
    ];
    let control = peers::Control::new();
    let validated = peers::Validated::new();
    let mut inputs = vec![
        ("access log".to_string(), generate::access(mb << 20)),
        ("telemetry".to_string(), generate::telemetry(mb << 20)),
        ("clean text".to_string(), generate::clean(mb << 18)),
    ];
    for path in std::env::var("LOGVEIL_BENCH_FILES").unwrap_or_default().split(':').filter(|p| !p.is_empty()) {
        inputs.push((path.to_string(), std::fs::read(path).expect("LOGVEIL_BENCH_FILES")));
    }
    for (name, text) in &inputs {
        let mut rows: Vec<Row> = vec![
            ("control: regex alternation", Box::new(|b| control.replace(b))),
            ("regex-automata, validated", Box::new(|b| validated.replace(b))),
        ];
        for (n, e) in &engines {
            let mut w = e.worker();
            rows.push((n, Box::new(move |b| w.rewrite(Block::records(b)).bytes().len())));
        }
        table(name, text, &mut rows, rounds);
    }
    adversarial(&engines[0].1, &inputs[0].1, mb.min(64));
    println!("peak memory {} KiB, inputs included", rustix_peak());
}

fn rustix_peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().find_map(|l| l.strip_prefix("VmHWM:")?.trim().split(' ').next()?.parse().ok()).unwrap_or(0)
}

fn table(name: &str, text: &[u8], rows: &mut [Row], rounds: usize) {
    println!("\n{name}: {} MB, {} lines", text.len() / 1_000_000, memchr::memchr_iter(b'\n', text).count());
    println!("{:<34}{:>10}{:>10}{:>8}", "", "CPU MB/s", "wall", "ratio");
    let mut times: Vec<Vec<(f64, f64)>> = vec![Vec::new(); rows.len()];
    for _ in 0..rounds {
        for (i, (_, f)) in rows.iter_mut().enumerate() {
            // Slow peers see a part of the input; rates compare all the same.
            let part = if i == 1 { &text[..text.len() / 16] } else { text };
            let cut = memchr::memrchr(b'\n', part).map_or(part.len(), |n| n + 1);
            let (wall, c) = (std::time::Instant::now(), cpu());
            black_box(blocks(&part[..cut], f));
            times[i].push((cut as f64 / 1e6 / (cpu() - c), cut as f64 / 1e6 / wall.elapsed().as_secs_f64()));
        }
    }
    let median = |v: &mut Vec<f64>| {
        v.sort_by(f64::total_cmp);
        v[v.len() / 2]
    };
    let base: Vec<f64> = times[0].iter().map(|t| t.0).collect();
    for (i, (n, _)) in rows.iter().enumerate() {
        let mut ratios: Vec<f64> = times[i].iter().zip(&base).map(|(t, b)| t.0 / b).collect();
        let mut rate: Vec<f64> = times[i].iter().map(|t| t.0).collect();
        let mut wall: Vec<f64> = times[i].iter().map(|t| t.1).collect();
        println!("{n:<34}{:>10.0}{:>10.0}{:>8.2}", median(&mut rate), median(&mut wall), median(&mut ratios));
    }
}

fn adversarial(engine: &Engine, normal: &[u8], mb: usize) {
    let mut worker = engine.worker();
    let mut rate = |text: &[u8]| {
        let c = cpu();
        black_box(blocks(text, |b| worker.rewrite(Block::records(b)).bytes().len()));
        text.len() as f64 / 1e6 / (cpu() - c)
    };
    let base = rate(&normal[..normal.len().min(mb << 20)]);
    println!("\nadversarial, HMAC, inline tags: MB/s and share of the access log's {base:.0}");
    for unit in [
        "1",
        ".",
        ":",
        "\"",
        "%",
        "%41",
        "\\",
        "=",
        "@",
        "1.1.1.1.",
        "::1 ",
        "a=",
        "\"ip\":x ",
        "token=",
        "手机号：",
        "-eyJ",
        "+1",
        "138 ",
    ] {
        let mut text = unit.repeat((mb << 20) / unit.len());
        // One line a block: a single line of any length goes through windows of the same size.
        let bytes = break_lines(&mut text);
        let r = rate(&bytes);
        println!("{unit:<12}{r:>10.0}{:>8.2}", r / base);
    }
}

fn break_lines(text: &mut String) -> Vec<u8> {
    let mut bytes = std::mem::take(text).into_bytes();
    for i in (MAX_BLOCK - 1..bytes.len()).step_by(MAX_BLOCK) {
        bytes[i] = b'\n';
    }
    bytes
}
