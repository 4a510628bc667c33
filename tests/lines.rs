//! Records with what must be found in them, entity by entity; one line is one test.

mod support;

use data_encoding::{BASE64, HEXLOWER};
use logveil::engine::TagMode;
use logveil::model::Block;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::sync::LazyLock;
use support::{engine, rewrite};

/// All files of `tests/data/lines`, by name.
static LINES: LazyLock<String> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/lines");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    files.iter().map(|f| fs::read_to_string(f).unwrap()).collect()
});

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
            let lines = |v: &[u8]| String::from_utf8_lossy(v).lines().map(String::from).collect::<Vec<_>>();
            for (once, twice) in lines(&once).into_iter().zip(lines(&twice)) {
                assert_eq!(once, twice, "{policy}");
            }
            assert_eq!(once.len(), twice.len(), "{policy}");
        }
    }
}

/// Records with a line inside, and the way back to it.
type Wrapper = (&'static str, fn(&str) -> String, fn(&str) -> String);

const WRAPPERS: &[Wrapper] = &[
    (
        "json-file of Docker",
        |l| json!({"log": format!("{l}\n"), "stream": "stdout"}).to_string(),
        |r| member(r, "log").trim_end_matches('\n').into(),
    ),
    ("Filebeat", |l| json!({"@timestamp": "2026-11-23T02:11:45Z", "message": l}).to_string(), |r| member(r, "message")),
    (
        "JSON in JSON",
        |l| json!({"log": json!({"n": 1, "msg": l}).to_string(), "stream": "stdout"}).to_string(),
        |r| member(&member(r, "log"), "msg"),
    ),
    (
        "OTLP",
        |l| json!({"body": {"stringValue": l}}).to_string(),
        |r| serde_json::from_str::<Value>(r).unwrap()["body"]["stringValue"].as_str().unwrap().into(),
    ),
    (
        "base64",
        |l| json!({"data": BASE64.encode(l.as_bytes()), "n": 1}).to_string(),
        |r| String::from_utf8(BASE64.decode(member(r, "data").as_bytes()).unwrap()).unwrap(),
    ),
    (
        "hexadecimal digits",
        |l| json!({"data": HEXLOWER.encode(l.as_bytes()), "n": 1}).to_string(),
        |r| String::from_utf8(HEXLOWER.decode(member(r, "data").as_bytes()).unwrap()).unwrap(),
    ),
    ("CRI", |l| format!("{CRI}{l}"), |r| r.strip_prefix(CRI).unwrap().into()),
];

/// Records that hold runs of base64 or hexadecimal digits with findings.
const RUNS: &[&str] = &["proctitle=", "blob 0x", "x=eyJ"];

const CRI: &str = "2026-11-23T02:11:45.123456789Z stdout F ";

fn member(record: &str, key: &str) -> String {
    serde_json::from_str::<Value>(record).unwrap()[key].as_str().unwrap().into()
}

#[test]
fn records_inside_of_records_are_read_alike() {
    let engine = engine("web-minimal", TagMode::None);
    let run = |text: &str| String::from_utf8(rewrite(&mut engine.worker(), text.as_bytes())).unwrap();
    let mut wrong = Vec::new();
    for line in LINES.lines().filter(|l| l.contains('⟦')).map(record) {
        let plain = run(&line);
        for (name, wrap, unwrap) in WRAPPERS {
            // JSON in CSV in JSON would be JSON in CSV in JSON in JSON; a run inside of a run goes whole.
            let deep = *name == "JSON in JSON" && line.contains("\\\"\\\"password");
            let run_in_run = matches!(*name, "base64" | "hexadecimal digits") && RUNS.iter().any(|r| line.contains(r));
            if deep || run_in_run {
                continue;
            }
            let got = unwrap(&run(&wrap(&line)));
            if got != plain {
                wrong.push(format!("{name}\nwant {plain}\n got {got}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn a_record_reads_alike_where_a_text_begins_and_behind_another() {
    let engine = engine("jdcloud-2021", TagMode::None);
    let run = |text: &str| String::from_utf8(rewrite(&mut engine.worker(), text.as_bytes())).unwrap();
    for line in LINES.lines().filter(|l| l.contains('⟦')).map(record) {
        for before in ["x\n", "2026-11-23 10:11:45.123 INFO started\n"] {
            assert_eq!(run(&format!("{before}{line}")), format!("{before}{}", run(&line)));
        }
    }
}

/// Lines whose account only its place names.
const PLACED: &[&str] = &[
    "10.0.0.1 - zhangsan [23/Nov/2026:10:11:45 +0800] \"GET / HTTP/1.1\" 200 5 \"-\" \"curl\"",
    "www.example.com:443 10.0.0.1 - zhangsan [23/Nov/2026:10:11:45 +0800] \"GET / HTTP/1.1\" 200 5 \"-\" \"curl\"",
    "10.0.0.1 - zhangsan [23/Nov/2026:10:11:45 +0800] \"GET / HTTP/1.1\" 200 5",
    "1729646494.101    180 10.0.0.1 TCP_MISS/200 411 GET http://www.example.com/ zhangsan HIER_DIRECT/10.0.0.9 text/html",
    "2026-11-23 12:00:00.123 UTC [124] zhangsan@appdb LOG:  statement: SELECT 1",
    "2026-11-23 12:00:01.123 UTC,\"zhangsan\",\"appdb\",124,\"10.0.0.9:5000\",65379f10.7c,1,\"SELECT\",,,0,LOG",
];

#[test]
fn layouts_are_read_inside_of_records() {
    let engine = engine("web-minimal", TagMode::None);
    let run = |text: &str| {
        let mut worker = engine.worker();
        worker.set_format(engine.sniffer(None).look(text.as_bytes()));
        String::from_utf8(worker.rewrite(Block::records(text.as_bytes())).bytes().to_vec()).unwrap()
    };
    let syslog = |l: &str| format!("<190>Nov 23 16:18:46 vm nginx: {l}");
    for line in PLACED {
        let plain = run(line);
        assert_eq!(
            plain,
            line.replace("zhangsan", "REDACTED").replace("10.0.0.1", "10.0.0.0").replace("10.0.0.9", "10.0.0.0")
        );
        for (name, wrap, unwrap) in WRAPPERS {
            assert_eq!(unwrap(&run(&wrap(line))), plain, "{name}");
            assert_eq!(unwrap(&run(&wrap(&syslog(line)))), syslog(&plain), "{name}, syslog");
        }
        assert_eq!(run(&syslog(line)), syslog(&plain));
    }
}

#[test]
fn journald_tells_the_program_beside_its_message() {
    let engine = engine("web-minimal", TagMode::None);
    let run = |v: &Value| String::from_utf8(rewrite(&mut engine.worker(), v.to_string().as_bytes())).unwrap();
    for (program, message, name) in [
        ("CRON", "(zhangsan) CMD (echo \"a\")", "zhangsan"),
        ("/usr/sbin/crond", "(zhangsan) CMD (x)", "zhangsan"),
        ("su[12]:", "(to root) zhangsan on pts/0\n", "zhangsan"),
        ("radiusd", "(0) Login incorrect: [lisi/hunter2] (from client ap1 port 0)", "hunter2"),
    ] {
        for key in ["SYSLOG_IDENTIFIER", "program", "a_program"] {
            let record = json!({"MESSAGE": message, key: program, "_PID": "1"});
            let (out, known) = (run(&record), !key.starts_with("a_"));
            assert_eq!(out.contains(name), !known, "{record} gives {out}");
            serde_json::from_str::<Value>(&out).expect("JSON");
        }
    }
    let other = json!({"MESSAGE": "(zhangsan) CMD (x)", "SYSLOG_IDENTIFIER": "shop"});
    assert_eq!(run(&other), other.to_string());
    let line = "level=info program=CRON msg=\"(zhangsan) CMD (x)\"";
    assert_eq!(rewrite(&mut engine.worker(), line.as_bytes()), line.replace("zhangsan", "REDACTED").as_bytes());
}

/// Its time and its marks are no fields of an access log.
#[test]
fn the_prefix_of_cri_is_no_column() {
    let engine = engine("web-minimal", TagMode::None);
    for user in [" -", ""] {
        let cri = format!("{CRI}192.0.2.7{user} [23/Nov/2026:02:11:45 +0000] \"GET / HTTP/1.1\" 200 1 \"-\" \"curl\"");
        let mut worker = engine.worker();
        worker.set_format(engine.sniffer(None).look(cri.as_bytes()));
        let out = worker.rewrite(Block::records(cri.as_bytes())).bytes().to_vec();
        assert_eq!(out, cri.replace("192.0.2.7", "192.0.2.0").as_bytes());
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
