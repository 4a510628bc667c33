//! `logveil test`: do the rules find what they say, and does the policy let nothing through?

use super::args::TestArgs;
use super::exit::Exit;
use super::{Failure, setup};
use crate::detect::custom;
use crate::engine::{Engine, TagMode};
use crate::model::{Block, Shape};
use crate::rules::{self, EntityDef, PatternDef, Ruleset};
use serde::Deserialize;
use std::path::Path;

/// Tests every rule's examples, the policy's canaries in every carrier, and the user's own cases.
pub fn run(args: &TestArgs) -> Result<Exit, Failure> {
    let engine = setup::engine(&args.policy, TagMode::None)?;
    let mut report = Report { verbose: args.verbose, ..Report::default() };
    let rules = engine.rules();
    lint(rules, &mut report);
    for e in &rules.entities {
        examples(&engine, e, &mut report);
    }
    for p in &rules.patterns {
        pattern_examples(&engine, p, &mut report);
    }
    for e in &rules.entities {
        canaries(&engine, e, &mut report);
    }
    for path in &args.cases {
        cases(&engine, path, &mut report)?;
    }
    for line in &report.failures {
        println!("FAIL {line}");
    }
    for line in &report.warnings {
        println!("warn {line}");
    }
    println!("{} checks, {} failures, {} warnings", report.checks, report.failures.len(), report.warnings.len());
    let failed = !report.failures.is_empty() || args.strict && !report.warnings.is_empty();
    Ok(if failed { Exit::Suppressed } else { Exit::Clean })
}

#[derive(Default)]
struct Report {
    verbose: bool,
    checks: usize,
    failures: Vec<String>,
    warnings: Vec<String>,
}

impl Report {
    fn check(&mut self, ok: bool, what: impl FnOnce() -> String) {
        self.checks += 1;
        if !ok {
            self.failures.push(what());
        } else if self.verbose {
            println!("ok   {}", what());
        }
    }
}

/// Names of the entities found in a text.
fn found(engine: &Engine, text: &str) -> Vec<String> {
    engine.worker().explain(text.as_bytes()).into_iter().map(|f| f.entity.to_string()).collect()
}

/// Entities that share keys with `e`, or are its precise forms: any of them is what an example asks for.
fn akin(rules: &Ruleset, e: &EntityDef, name: &str) -> bool {
    let other = rules.by_name(name);
    name == e.name || other.is_some_and(|o| o.class == e.class || o.category == e.category || o.shape == e.shape)
}

fn examples(engine: &Engine, e: &EntityDef, report: &mut Report) {
    let own = engine.rules().patterns.iter().any(|p| p.entity == e.id && p.id == e.name);
    if own || !engine.looks_for(e.id) {
        // Its pattern is tested by name; what the policy leaves alone is not looked for.
        return;
    }
    for text in &e.examples {
        let got = found(engine, text);
        let ok = got.iter().any(|n| akin(engine.rules(), e, n));
        report.check(ok, || format!("{}: example `{text}`: found {}", e.name, list(&got)));
    }
    for text in &e.negative_examples {
        let got = found(engine, text);
        report.check(!got.contains(&e.name), || format!("{}: negative example `{text}`: found {}", e.name, list(&got)));
    }
}

fn pattern_examples(engine: &Engine, p: &PatternDef, report: &mut Report) {
    let name = &engine.rules().entity(p.entity).name;
    if p.examples.is_empty() {
        report.warnings.push(format!("{}: pattern has no example; give it one", p.id));
    }
    for text in &p.examples {
        let got = found(engine, text);
        report.check(got.contains(name), || {
            format!("{}: example `{text}`: found {}{}", p.id, list(&got), shadow(p, text, &got))
        });
    }
    for text in &p.negative_examples {
        let got = found(engine, text);
        report.check(!got.contains(name), || format!("{}: negative example `{text}`: found {}", p.id, list(&got)));
    }
}

/// Why an example is lost to another rule.
fn shadow(p: &PatternDef, text: &str, got: &[String]) -> String {
    let matches = custom::compile_one(&p.pattern).is_ok_and(|r| r.is_match(text.as_bytes()));
    match (matches, got.first()) {
        (true, Some(other)) => format!("; the pattern matches, and `{other}` is preferred: it shadows this rule"),
        (true, None) => "; the pattern matches, but its validator, keywords or fields refuse it".into(),
        (false, _) => "; the pattern does not match".into(),
    }
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "nothing".into() } else { names.join(", ") }
}

/// Bytes of a match beyond which a pattern may take more than one value.
const WIDE: usize = 256;

/// What compiles and still can't be meant.
fn lint(rules: &Ruleset, report: &mut Report) {
    for (i, p) in rules.patterns.iter().enumerate() {
        let Some(hir) = custom::parse(&p.pattern) else { continue };
        let properties = hir.properties();
        let warn = |m: String| p.source.error(m).to_string();
        if !custom::can_match(&p.pattern) {
            report.warnings.push(warn(format!("pattern of `{}` can match in no line", p.id)));
        }
        match properties.maximum_len() {
            None => report
                .warnings
                .push(warn(format!("pattern of `{}` has no upper bound; it may take a whole line", p.id))),
            Some(n) if n > WIDE => report.warnings.push(warn(format!("pattern of `{}` may take {n} bytes", p.id))),
            _ => {}
        }
        if properties.minimum_len() == Some(1) && p.validator.is_none() && p.keywords.is_empty() && p.fields.is_empty()
        {
            let m = format!("pattern of `{}` matches single signs; add a validator, keywords or fields", p.id);
            report.warnings.push(warn(m));
        }
        if let Some(other) = rules.patterns[..i].iter().find(|o| covers(o, p)) {
            report
                .warnings
                .push(warn(format!("pattern of `{}` finds nothing that `{}` does not find before it", p.id, other.id)));
        }
        if p.pattern.contains(", ") && p.pattern.contains('{') && hir_is_literal_brace(&p.pattern) {
            report.warnings.push(warn(format!("pattern of `{}`: a blank inside `{{…}}` makes it text", p.id)));
        }
    }
}

/// A repetition with a blank in it.
fn hir_is_literal_brace(pattern: &str) -> bool {
    pattern.split('{').skip(1).any(|r| {
        let inside = r.split('}').next().unwrap_or_default();
        inside.contains(' ') && inside.chars().all(|c| c.is_ascii_digit() || matches!(c, ',' | ' '))
    })
}

/// True when every example of `p` is matched whole by `other`, which asks for nothing more.
fn covers(other: &PatternDef, p: &PatternDef) -> bool {
    let free = other.validator.is_none() && other.keywords.is_empty() && other.fields.is_empty();
    if other.pattern == p.pattern {
        return free || other.validator == p.validator && other.keywords == p.keywords && other.fields == p.fields;
    }
    let (Ok(a), Ok(b)) = (custom::compile_one(&other.pattern), custom::compile_one(&p.pattern)) else { return false };
    free && !p.examples.is_empty()
        && p.examples.iter().all(|x| match (a.find(x.as_bytes()), b.find(x.as_bytes())) {
            (Some(a), Some(b)) => a.start() <= b.start() && a.end() >= b.end(),
            _ => false,
        })
}

/// Writes a value as its carrier does.
type Writer = fn(&str) -> String;

/// Ways to write a value inside its line.
const CARRIERS: &[(&str, Writer)] = &[
    ("raw", |v| v.into()),
    ("percent", |v| v.bytes().map(|b| format!("%{b:02X}")).collect()),
    ("double percent", |v| v.bytes().map(|b| format!("%25{b:02X}")).collect()),
    ("json-u", |v| v.encode_utf16().map(|u| format!("\\u{u:04x}")).collect()),
    ("hex-escape", |v| v.bytes().map(|b| format!("\\x{b:02X}")).collect()),
    ("html", |v| v.chars().map(|c| format!("&#{};", c as u32)).collect()),
    ("base64", |v| data_encoding::BASE64.encode(v.as_bytes())),
    ("hex", |v| data_encoding::HEXUPPER.encode(v.as_bytes())),
];

/// No example of an entity survives in any carrier, unless the policy keeps it.
fn canaries(engine: &Engine, e: &EntityDef, report: &mut Report) {
    let mut worker = engine.worker();
    for example in &e.examples {
        let spans: Vec<_> =
            worker.explain(example.as_bytes()).into_iter().filter(|f| !f.kept).map(|f| f.span).collect();
        let [span] = spans[..] else { continue };
        let (before, value) = (&example[..span.start as usize], &example[span.range()]);
        for (carrier, write) in CARRIERS {
            let run = matches!(*carrier, "base64" | "hex");
            let (text, written) = if run {
                let run = write(example);
                (format!("data={run}"), run)
            } else {
                let written = write(value);
                (format!("{before}{written}{}", &example[span.end as usize..]), written)
            };
            // Short runs are words, and URLs in a run are not taken apart.
            let whole = e.shape == Shape::Url || written.trim_end_matches('=').len() < 15;
            if run && whole {
                continue;
            }
            let out = worker.rewrite(Block::records(text.as_bytes())).bytes().to_vec();
            let leaks = memchr::memmem::find(&out, written.as_bytes()).is_some();
            report.check(!leaks, || format!("{}: example `{example}` survives as {carrier}", e.name));
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseFile {
    case: Vec<Case>,
}

/// One case of the user's.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    line: String,
    /// Entities that must be found.
    #[serde(default)]
    finds: Vec<String>,
    /// Texts that must be gone from the output.
    #[serde(default)]
    gone: Vec<String>,
    /// Texts that must still be there.
    #[serde(default)]
    stays: Vec<String>,
}

fn cases(engine: &Engine, path: &Path, report: &mut Report) -> Result<(), Failure> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|e| (Exit::Config, format!("{name}: {e}; give a TOML file of [[case]]s")))?;
    let file: CaseFile = rules::read(&name, &text).map_err(setup::config)?;
    let mut worker = engine.worker();
    for (i, c) in file.case.iter().enumerate() {
        let got: Vec<String> = worker.explain(c.line.as_bytes()).into_iter().map(|f| f.entity.to_string()).collect();
        let out = String::from_utf8_lossy(worker.rewrite(Block::records(c.line.as_bytes())).bytes()).into_owned();
        let n = i + 1;
        for e in &c.finds {
            report.check(got.contains(e), || format!("{name}: case {n}: `{e}` is not found; found {}", list(&got)));
        }
        for g in &c.gone {
            report.check(!out.contains(g.as_str()), || {
                format!("{name}: case {n}: text {} of `gone` is still there", place(&c.gone, g))
            });
        }
        for s in &c.stays {
            report.check(out.contains(s.as_str()), || {
                format!("{name}: case {n}: text {} of `stays` is gone", place(&c.stays, s))
            });
        }
    }
    Ok(())
}

/// Number of a text in its list: the text itself may be a value.
fn place(list: &[String], text: &str) -> usize {
    list.iter().position(|t| t == text).map_or(0, |i| i + 1)
}
