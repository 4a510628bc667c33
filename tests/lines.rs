//! Records with what must be found in them, entity by entity; one line is one test.

mod support;

use logveil::engine::TagMode;
use support::{engine, rewrite};

const LINES: &str = include_str!("data/lines.txt");

/// The record without marks.
fn record(marked: &str) -> String {
    let mut out = String::new();
    for part in marked.split('⟦') {
        match part.split_once('⟧') {
            Some((found, rest)) => {
                out += found.split_once('|').expect("entity|value").1;
                out += rest;
            }
            None => out += part,
        }
    }
    out
}

#[test]
fn a_second_pass_over_the_records_changes_nothing() {
    for policy in ["jdcloud-2021", "web-minimal"] {
        for tag in [TagMode::None, TagMode::Inline] {
            let engine = engine(policy, tag);
            let records: Vec<String> = LINES.lines().map(record).collect();
            let once = rewrite(&mut engine.worker(), records.join("\n").as_bytes());
            let twice = rewrite(&mut engine.worker(), &once);
            assert_eq!(String::from_utf8_lossy(&once), String::from_utf8_lossy(&twice), "{policy}");
        }
    }
}

#[test]
fn arrays_may_be_long() {
    let engine = engine("web-minimal", TagMode::None);
    let record = |n: usize, v: &str| format!("{{\"password\":[{}],\"n\":1}}\n", vec![v; n].join(","));
    for n in [1, 64, 65, 5000] {
        let out = rewrite(&mut engine.worker(), record(n, "\"hunter2\"").as_bytes());
        assert!(out == record(n, "\"REDACTED\"").as_bytes(), "{n} elements");
    }
}

#[test]
fn every_record_shows_what_is_marked_in_it() {
    let engine = engine("jdcloud-2021", TagMode::None);
    let mut worker = engine.worker();
    let mut wrong = Vec::new();
    for marked in LINES.lines().filter(|l| !l.is_empty() && !l.starts_with('#')) {
        let record = record(marked);
        let (mut got, mut at) = (String::new(), 0);
        for f in worker.explain(record.as_bytes()).iter().filter(|f| !f.kept) {
            let (start, end) = (f.span.start as usize, f.span.end as usize);
            got += &format!("{}⟦{}|{}⟧", &record[at..start], f.entity, &record[start..end]);
            at = end;
        }
        got += &record[at..];
        if got != marked {
            wrong.push(format!("want {marked}\n got {got}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
