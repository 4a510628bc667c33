//! Stages of the hot path one by one, in memory: where the time of `end_to_end` goes. Times are CPU time of the thread,
//! so that a busy machine shows less.
//!
//! `cargo bench --bench stages -- scan` runs those whose name holds `scan`. Deciding, hashing and writing together are
//! what `rewrite` costs beyond `detect`; tags are what `rewrite/tags` costs beyond `rewrite/no tags`.

#[path = "support/generate.rs"]
mod generate;

use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use criterion::{Throughput, criterion_group, criterion_main};
use generate::{Kind, Lines};
use logveil::detect::Detector;
use logveil::detect::check;
use logveil::detect::custom::Custom;
use logveil::detect::keys::Registry;
use logveil::detect::positional::{Format, Layouts};
use logveil::detect::scan::Scanner;
use logveil::detect::sniffer::Sniffer;
use logveil::engine::{Engine, EngineConfig, HashKernel, MAX_BLOCK, ScanKernel, TagMode};
use logveil::keys::MasterKey;
use logveil::model::Block;
use logveil::rules::{Ruleset, policy_builtin};
use logveil::transform::canonical::{Canon, CanonBuf, IpBytes, Readers, canonical};
use logveil::transform::cmac::CmacKey;
use logveil::transform::lanes::{Batch, HmacKey};
use logveil::transform::mask::{MaskStyle, mask};
use rustix::time::{ClockId, clock_gettime};
use std::hint::black_box;
use std::time::Duration;

/// CPU time of this thread.
struct Cpu;

static WALL: WallTime = WallTime;

impl Measurement for Cpu {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        let t = clock_gettime(ClockId::ThreadCPUTime);
        Duration::new(t.tv_sec as u64, t.tv_nsec as u32)
    }
    fn end(&self, start: Duration) -> Duration {
        self.start() - start
    }
    fn add(&self, a: &Duration, b: &Duration) -> Duration {
        *a + *b
    }
    fn zero(&self) -> Duration {
        Duration::ZERO
    }
    fn to_f64(&self, value: &Duration) -> f64 {
        value.as_nanos() as f64
    }
    fn formatter(&self) -> &dyn ValueFormatter {
        WALL.formatter()
    }
}

type Criterion = criterion::Criterion<Cpu>;

/// Logs by name, in blocks of whole lines; together they outgrow the second-level cache.
fn logs() -> [(&'static str, Vec<Vec<u8>>); 3] {
    [("access", Kind::Access), ("telemetry", Kind::Telemetry), ("clean", Kind::Clean)].map(|(name, kind)| {
        let mut lines = Lines::new(kind);
        let block = || {
            let mut block = Vec::new();
            while block.len() < MAX_BLOCK - 1024 {
                lines.push(&mut block);
            }
            block
        };
        (name, std::iter::repeat_with(block).take(64).collect())
    })
}

fn size(blocks: &[Vec<u8>]) -> Throughput {
    Throughput::Bytes(blocks.iter().map(|b| b.len() as u64).sum())
}

fn scan(c: &mut Criterion) {
    for (name, blocks) in &logs()[..2] {
        let mut group = c.benchmark_group(format!("scan/{name}"));
        group.throughput(size(blocks));
        for kernel in [ScanKernel::Avx512, ScanKernel::Avx2, ScanKernel::Neon, ScanKernel::Scalar] {
            if kernel.available() {
                let mut scanner = Scanner::new(kernel);
                group.bench_function(format!("{kernel:?}"), |b| {
                    b.iter(|| blocks.iter().for_each(|block| scanner.scan(black_box(block))));
                });
            }
        }
    }
}

fn detect(c: &mut Criterion) {
    let rules = Ruleset::builtin();
    let registry = Registry::new(&rules);
    let layouts = Layouts::new(&rules, &registry).expect("valid formats");
    let custom = Custom::new(&rules).expect("no patterns");
    let mut group = c.benchmark_group("detect");
    for (name, blocks) in &logs() {
        let mut detector = Detector::new(&registry, &layouts, &custom, ScanKernel::detect());
        let sniffed = Sniffer::new(&layouts, &registry, None).look(&blocks[0]);
        group.throughput(size(blocks));
        for (what, format) in [("as text", Format::Text), ("by its format", sniffed)] {
            group.bench_function(format!("{name} {what}"), |b| {
                b.iter(|| blocks.iter().map(|block| detector.run(black_box(block), format).len()).sum::<usize>());
            });
        }
    }
}

/// What decoded views cost: lines that end in a word without an escape, and the same lines with an escape in each, or in one
/// of a hundred. Lines without one must cost what they cost where no line has one.
fn views(c: &mut Criterion) {
    const WORDS: &[(&str, &str)] = &[
        ("no escape", "note=abcdefghijklmnopqrstuvwx"),
        ("percent", "note=%E5%BC%A0abcdefghijklmno"),
        ("JSON", "note=\\u5f20abcdefghijklmnopqr"),
        ("HTML", "note=&#24352;abcdefghijklmnop"),
        ("HAProxy", "note=#E5#BC#A0abcdefghijklmno"),
        ("full width", "note=\u{FF11}\u{FF12}abcdefghijklmnopqr"),
        ("base64", "note=YWJjZGVmZ2hpamtsbW5vcHFy"),
    ];
    let rules = Ruleset::builtin();
    let registry = Registry::new(&rules);
    let layouts = Layouts::new(&rules, &registry).expect("valid formats");
    let custom = Custom::new(&rules).expect("no patterns");
    let [.., (_, clean)] = logs();
    let mut detector = Detector::new(&registry, &layouts, &custom, ScanKernel::detect());
    for (share, every) in [("each line", 1), ("one of a hundred", 100)] {
        let mut group = c.benchmark_group(format!("views/{share}"));
        for (name, word) in WORDS {
            let blocks: Vec<_> = clean.iter().map(|b| ending(b, word, WORDS[0].1, every)).collect();
            group.throughput(size(&blocks));
            group.bench_function(*name, |b| {
                b.iter(|| blocks.iter().map(|t| detector.run(black_box(t), Format::Text).len()).sum::<usize>());
            });
        }
    }
}

/// The lines of a block, each `every`th with `word` at its end and the others with `plain`.
fn ending(block: &[u8], word: &str, plain: &str, every: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for (i, line) in block.split(|b| *b == b'\n').filter(|l| !l.is_empty()).enumerate() {
        let word = if i % every == 0 { word } else { plain };
        out.extend([line, b" ", word.as_bytes(), b"\n"].concat());
    }
    out
}

fn engine(policy: &str, swap: (&str, &str), tag: TagMode) -> Engine {
    let rules = Ruleset::builtin();
    let text = policy_builtin(policy).expect("an embedded policy").replace(swap.0, swap.1);
    let policy = logveil::policy::compile(policy, &text, &rules).expect("a valid policy");
    let (scan, hash) = (ScanKernel::detect(), HashKernel::detect());
    let key = MasterKey::from_bytes(&[7; 32], "bench").expect("32 bytes");
    Engine::new(EngineConfig { rules, policy, key: key.into(), tag, scan, hash, ingest: 1_795_399_905 })
        .expect("valid formats")
}

fn rewrite(c: &mut Criterion) {
    let (none, cmac) = (("", ""), ("hmac-sha256", "aes-cmac"));
    let engines = [
        ("tags", engine("jdcloud-2021", none, TagMode::Inline)),
        ("no tags", engine("jdcloud-2021", none, TagMode::None)),
        ("no tags, AES-CMAC", engine("jdcloud-2021", cmac, TagMode::None)),
        ("no tags, web-minimal", engine("web-minimal", none, TagMode::None)),
    ];
    for (name, blocks) in &logs() {
        let mut group = c.benchmark_group(format!("rewrite/{name}"));
        group.throughput(size(blocks));
        for (what, engine) in &engines {
            let mut worker = engine.worker();
            worker.set_format(engine.sniffer(None).look(&blocks[0]));
            group.bench_function(*what, |b| {
                b.iter(|| {
                    blocks.iter().map(|t| worker.rewrite(Block::records(black_box(t))).bytes().len()).sum::<usize>()
                });
            });
        }
    }
}

/// Hundreds of rules that a user wrote, all of which the text may match: with the automaton, and with Hyperscan where it
/// is built in.
fn rules(c: &mut Criterion) {
    let engines: &[(&str, bool)] = if cfg!(feature = "hyperscan") {
        &[("automaton", false), ("Hyperscan", true)]
    } else {
        &[("automaton", false)]
    };
    for (name, blocks) in &logs() {
        let mut group = c.benchmark_group(format!("rules/{name}"));
        group.throughput(size(blocks));
        for n in [0, 10, 100, 1000] {
            let text: String = (0..n).map(stanza).collect();
            let more = if n == 0 { Vec::new() } else { vec![("bench.toml".to_string(), text)] };
            let rules = Ruleset::with(&more).expect("valid rules");
            let registry = Registry::new(&rules);
            let layouts = Layouts::new(&rules, &registry).expect("valid formats");
            let format = Sniffer::new(&layouts, &registry, None).look(&blocks[0]);
            for (engine, hyperscan) in engines {
                let custom = Custom::with(&rules, *hyperscan).expect("valid patterns");
                let mut detector = Detector::new(&registry, &layouts, &custom, ScanKernel::detect());
                group.bench_function(format!("{n} rules, {engine}"), |b| {
                    b.iter(|| blocks.iter().map(|block| detector.run(black_box(block), format).len()).sum::<usize>());
                });
            }
        }
    }
}

/// Ticket numbers, tokens and names of machines, each with a prefix of its own.
fn stanza(n: usize) -> String {
    let pattern = match n % 4 {
        0 => format!("\\bTK{n}-[0-9]{{6,10}}\\b"),
        1 => format!("\\bk{n}_[A-Za-z0-9]{{24}}\\b"),
        2 => format!("\\bhost{n}\\.[a-z]+\\.internal\\b"),
        _ => format!("(?i)\\bcase no {n}/[0-9]+\\b"),
    };
    let entity = "[[entity]]\nid = \"bench.id\"\ncategory = \"account\"\nlevel = 2\n\n";
    format!("{}[[pattern]]\nentity = \"bench.id\"\npattern = '{pattern}'\n\n", if n == 0 { entity } else { "" })
}

const READERS: Readers = Readers {
    ip: |v| check::ip::v4(v).map(IpBytes::V4).or_else(|| check::ip::v6(v).map(IpBytes::V6)),
    phone: |v, out| check::phone::normalise(v, out).map(|(_, n)| n),
    mac: check::mac::parse,
    uuid: check::uuid::parse,
    upgrade15: check::cn_id::upgrade15,
};

fn canon(c: &mut Criterion) {
    let mut group = c.benchmark_group("canonical");
    for (kind, value) in [
        (Canon::Ip, "203.0.113.77"),
        (Canon::Ip, "2001:db8:1f::8a2e:370:7334"),
        (Canon::Phone, "+86 138 0013 8000"),
        (Canon::Imei, "490154203237518"),
        (Canon::Mac, "d0:50:99:84:a2:a0"),
        (Canon::Uuid, "1fe9a970-efbb-29e0-0bdd-f5dbbf751ab5"),
        (Canon::CnId, "11010519491231002x"),
        (Canon::Email, "li.wei@example.com"),
    ] {
        let mut out = CanonBuf::default();
        group.throughput(Throughput::Bytes(value.len() as u64));
        group.bench_function(format!("{kind:?}, {} bytes", value.len()), |b| {
            b.iter(|| canonical(kind, black_box(value.as_bytes()), &READERS, &mut out).is_ok());
        });
    }
}

/// Values of a block, hashed: in lanes, one by one with the `hmac` and `sha2` crates, and with AES-CMAC.
fn hash(c: &mut Criterion) {
    let values: Vec<String> = (0..640).map(|n| format!("+86138{:08}", n * 7919)).collect();
    let canons: Vec<CanonBuf> = values.iter().map(|v| CanonBuf::of(v.as_bytes())).collect();
    let (hmac, cmac) = (HmacKey::new(&[7; 32]), CmacKey::new(&[7; 16]));
    let mut group = c.benchmark_group("hash");
    group.throughput(Throughput::Bytes(values.iter().map(|v| v.len() as u64).sum()));
    for kernel in [HashKernel::Avx512, HashKernel::Avx2, HashKernel::Scalar] {
        if kernel.available() {
            let mut batch = Batch::new(kernel);
            group.bench_function(format!("640 HMAC-SHA256, lanes, {kernel:?}"), |b| {
                b.iter(|| {
                    batch.clear();
                    for v in &canons {
                        batch.push(&hmac, black_box(v));
                    }
                    batch.run();
                    batch.tag(639)[0]
                });
            });
        }
    }
    group.bench_function("640 HMAC-SHA256, sha2", |b| {
        b.iter(|| values.iter().map(|v| hmac.tag(black_box(v.as_bytes()))[0]).fold(0, |a, t| a ^ t));
    });
    group.bench_function("640 AES-CMAC", |b| {
        b.iter(|| values.iter().map(|v| cmac.tag(black_box(v.as_bytes()))[0]).fold(0, |a, t| a ^ t));
    });
}

fn masks(c: &mut Criterion) {
    let mut group = c.benchmark_group("mask");
    for (style, value) in [
        (MaskStyle::Mobile, "13800138000"),
        (MaskStyle::IdCard, "11010519491231002X"),
        (MaskStyle::Email, "li.wei@example.com"),
        (MaskStyle::BankCard, "6222020000000000000"),
    ] {
        group.throughput(Throughput::Bytes(value.len() as u64));
        let mut out = Vec::new();
        group.bench_function(format!("{style:?}"), |b| {
            b.iter(|| {
                out.clear();
                mask(style, black_box(value.as_bytes()), &mut out).is_ok()
            });
        });
    }
}

fn quick() -> Criterion {
    criterion::Criterion::default()
        .with_measurement(Cpu)
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1200))
        .configure_from_args()
}

criterion_group! { name = stages; config = quick(); targets = scan, detect, views, rules, rewrite, canon, hash, masks }
criterion_main!(stages);
