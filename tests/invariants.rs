//! The laws: nothing leaks, nothing else is harmed, and cuts, threads and kernels change nothing.

mod support;

use logveil::engine::{MAX_WINDOW, TagMode};
use logveil::model::Block;
use proptest::prelude::*;
use support::{engine, key_file, rewrite, run, sample};

const SAMPLES: &[&str] = &["access.log", "telemetry.ndjson", "service-zh.log"];

/// Identifiers of the samples, as they stand there or in another spelling.
const VALUES: &[&str] = &[
    "13800138001",
    "138-0013-8001",
    "138 0013 8001",
    "１３８００１３８００１",
    "490154203237518",
    "356938035643809",
    "a1b2c3d4e5f60718",
    "11010519491231002X",
    "192.0.2.44",
    "198.51.100.23",
    "203.0.113.9",
    "2001:db8:85a3::8a2e",
    "00:1A:2B:3C:4D:5E",
    "00%3A1A",
    "zhang.san",
    "4111111111111111",
    "s3cr3t-value",
    "abcdEFGH0123456789",
    "10-0-0-7",
    "839201",
];

/// What must stand there still.
const KEPT: &[&str] = &[
    "13912345678",
    "13900001234",
    "127.0.0.1",
    "12.1.0",
    "okhttp/3.12.1.0",
    "Chrome/126.0.0.0",
    "9.4.2.1",
    "1729646495000",
    "4bf92f3577b34da6a3ce929d0e0e4736",
    "1.3.6.1.4.1.2011",
    "400-606-5500",
    "13800000001纳秒",
    "d41d8cd98f00b204e9800998ecf8427e",
    "0.0.0.0",
    "std::collections::HashMap",
    "00000000-0000-0000-0000-000000000000",
];

#[test]
fn samples_leak_nothing_and_keep_the_rest() {
    for policy in ["jdcloud-2021", "web-minimal"] {
        for tag in [TagMode::None, TagMode::Inline] {
            let engine = engine(policy, tag);
            let mut all = String::new();
            for name in SAMPLES {
                let out = rewrite(&mut engine.worker(), &sample(name));
                let out = String::from_utf8(out).unwrap();
                assert_eq!(out.lines().count(), String::from_utf8(sample(name)).unwrap().lines().count());
                if name.ends_with("json") {
                    out.lines().for_each(|l| drop(serde_json::from_str::<serde_json::Value>(l).unwrap()));
                }
                all.push_str(&out);
            }
            for v in VALUES {
                assert!(!all.contains(v), "{policy}: {v} leaks");
            }
            for v in KEPT {
                assert!(all.contains(v), "{policy}: {v} is gone");
            }
        }
    }
}

#[test]
fn the_output_has_nothing_left_to_find() {
    let engine = engine("jdcloud-2021", TagMode::Inline);
    for name in SAMPLES {
        let once = rewrite(&mut engine.worker(), &sample(name));
        let twice = rewrite(&mut engine.worker(), &once);
        assert_eq!(String::from_utf8_lossy(&once), String::from_utf8_lossy(&twice));
    }
}

#[test]
fn every_cut_of_the_input_gives_the_same_output() {
    let engine = engine("jdcloud-2021", TagMode::None);
    let text: Vec<u8> = SAMPLES.iter().flat_map(|n| sample(n)).collect();
    let whole = rewrite(&mut engine.worker(), &text);
    let mut worker = engine.worker();
    for cut in (0..text.len()).filter(|&i| i == 0 || text[i - 1] == b'\n') {
        let mut parts = rewrite(&mut worker, &text[..cut]);
        parts.extend(rewrite(&mut worker, &text[cut..]));
        assert_eq!(parts, whole, "cut at {cut}");
    }
}

/// Gives a text in two reads.
struct Halves<'a>(&'a [u8], &'a [u8]);

impl std::io::Read for Halves<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.0.is_empty() {
            self.0 = std::mem::take(&mut self.1);
        }
        self.0.read(out)
    }
}

/// A live pipe that always pauses.
struct Never;

impl logveil::input::Readiness for Never {
    fn ready(&self) -> bool {
        false
    }
}

#[test]
fn every_split_of_the_reads_gives_the_same_output() {
    use logveil::input::{Blocks, Limits, Piece};
    let engine = engine("jdcloud-2021", TagMode::Inline);
    let text: Vec<u8> = SAMPLES.iter().flat_map(|n| sample(n)).collect();
    let whole = rewrite(&mut engine.worker(), &text);
    let mut worker = engine.worker();
    for split in 0..=text.len() {
        let limits = Limits { block: 4096, window: 40_000, read: 8000 };
        let mut blocks = Blocks::new(Halves(&text[..split], &text[split..]), limits);
        let mut out = Vec::new();
        loop {
            match blocks.next(&Never).unwrap() {
                Piece::End => break,
                Piece::Pause => {}
                piece => out.extend_from_slice(worker.rewrite(blocks.block(piece)).bytes()),
            }
        }
        assert!(out == whole, "split at {split}");
    }
}

/// One record of several windows, with values around the edge of a window.
#[test]
fn no_window_edge_lets_a_value_through() {
    let dir = tempfile::tempdir().unwrap();
    let key = key_file(dir.path());
    let args = ["filter", "--tag", "none", "--policy", "web-minimal", "-k", key.to_str().unwrap()];
    let value = "mobile=13800138001 ip=198.51.100.23 id=11010519491231002X ";
    for shift in (0..value.len()).step_by(3) {
        let mut text = vec![b'.'; MAX_WINDOW - 16384 - value.len() + shift];
        text.extend_from_slice(value.as_bytes());
        text.extend(std::iter::repeat_n(b'.', MAX_WINDOW));
        text.extend_from_slice(value.as_bytes());
        text.push(b'\n');
        let (code, out, _) = run(&args, &text);
        assert_eq!(code, 0);
        let out = String::from_utf8(out).unwrap();
        for v in ["13800138001", "198.51.100.23", "11010519491231002X"] {
            assert!(!out.contains(v), "{v} at shift {shift}");
        }
        assert_eq!(out.matches("mobile=").count(), 2);
        let dots = text.iter().filter(|b| **b == b'.').count() - 6;
        assert!(out.bytes().filter(|b| *b == b'.').count() >= dots, "bytes are lost at shift {shift}");
    }
}

#[test]
fn reads_of_any_size_and_any_number_of_threads_agree() {
    let dir = tempfile::tempdir().unwrap();
    let key = key_file(dir.path());
    let text: Vec<u8> = SAMPLES.iter().cycle().take(900).flat_map(|n| sample(n)).collect();
    let path = dir.path().join("in.log");
    std::fs::write(&path, &text).unwrap();
    let args = |n: &str| vec!["filter".to_string(), "-k".into(), key.display().to_string(), "-j".into(), n.into()];
    let mut want: Option<Vec<u8>> = None;
    for n in ["1", "2", "5"] {
        for file in [None, Some(path.to_str().unwrap())] {
            let args = args(n);
            let args: Vec<&str> = args.iter().map(String::as_str).chain(file).collect();
            let (code, out, err) = run(&args, if file.is_some() { b"" } else { &text });
            assert_eq!(code, 0, "{err}");
            let want = want.get_or_insert_with(|| out.clone());
            assert!(*want == out, "{n} threads, {file:?}");
        }
    }
}

#[test]
fn kernels_agree() {
    let dir = tempfile::tempdir().unwrap();
    let key = key_file(dir.path());
    let text: Vec<u8> = SAMPLES.iter().flat_map(|n| sample(n)).collect();
    let out = |kernel: &str| {
        let mut args = vec!["filter", "-k", key.to_str().unwrap()];
        args.extend(["--kernel", kernel]);
        run(&args, &text)
    };
    let want = out("scalar").1;
    for kernel in ["avx512", "avx2", "neon"] {
        let (code, got, err) = out(kernel);
        assert!(code == 2 && err.contains("use auto") || got == want, "{kernel}");
    }
}

/// Text that looks like logs: pieces of them, in any order, with noise.
fn soup() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        3 => prop::sample::select(VALUES.to_vec()).prop_map(|v| v.as_bytes().to_vec()),
        2 => prop::sample::select(KEPT.to_vec()).prop_map(|v| v.as_bytes().to_vec()),
        3 => prop::sample::select(vec!["mobile=", "\"ip\":\"", "\"", ",", " ", "\n", "\\", "%", "&imei=", "{", "}", ":", "手机号："])
            .prop_map(|v| v.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..12),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|p| p.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Bytes outside spans are the same; the spans and replacements account for everything else.
    #[test]
    fn bytes_outside_spans_are_untouched(text in soup()) {
        let engine = engine("jdcloud-2021", TagMode::None);
        let mut worker = engine.worker();
        let line: Vec<u8> = text.iter().map(|b| if *b == b'\n' { b' ' } else { *b }).collect();
        let found = worker.explain(&line);
        let out = worker.rewrite(Block::records(&line)).bytes().to_vec();
        let mut rest = &out[..];
        let mut at = 0;
        for f in found.iter().filter(|f| !f.kept) {
            let literal = &line[at..f.span.start as usize];
            prop_assert!(rest.starts_with(literal) || memchr::memmem::find(rest, literal).is_some());
            rest = &rest[memchr::memmem::find(rest, literal).unwrap() + literal.len()..];
            at = f.span.end as usize;
        }
        prop_assert!(rest.ends_with(&line[at..]));
    }

    #[test]
    fn a_second_pass_finds_nothing_new(text in soup()) {
        let engine = engine("web-minimal", TagMode::None);
        let once = rewrite(&mut engine.worker(), &text);
        let again = rewrite(&mut engine.worker(), &once);
        let mut worker = engine.worker();
        prop_assert_eq!(rewrite(&mut worker, &again), again);
    }
}
