//! Records with what must be found in them, entity by entity; one line is one test.

mod support;

use logveil::engine::TagMode;
use support::engine;

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
