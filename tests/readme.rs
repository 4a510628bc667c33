//! The README and the documents tell the truth: their `console` blocks run, one shell a file, and print what stands there.
//!
//! `README_UPDATE=1 cargo test --test readme` writes what they print now.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A line of a document, or a command with what it prints.
enum Part {
    Line(String),
    Command { lines: Vec<String>, prints: Vec<String> },
}

fn parse(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut console = false;
    // The word that ends a here-document under way.
    let mut until: Option<String> = None;
    for line in text.lines() {
        let fence = line.starts_with("```");
        match (console && !fence, parts.last_mut(), &until) {
            (true, Some(Part::Command { lines, .. }), Some(end)) => {
                lines.push(line.into());
                if line == end {
                    until = None;
                }
            }
            (true, _, None) if line.starts_with("$ ") => {
                until = line.split_once("<<'").and_then(|(_, w)| w.split_once('\'')).map(|(w, _)| w.into());
                parts.push(Part::Command { lines: vec![line[2..].into()], prints: Vec::new() });
            }
            (true, Some(Part::Command { prints, .. }), None) => prints.push(line.into()),
            _ => parts.push(Part::Line(line.into())),
        }
        if fence {
            console = !console && line == "```console";
        }
    }
    parts
}

/// Runs a command in `dir`, where the samples and rules stand; its output, messages included.
fn run(dir: &Path, command: &str) -> Vec<String> {
    let binary = Path::new(env!("CARGO_BIN_EXE_logveil")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
    let out = Command::new("sh")
        .args(["-c", &format!("exec 2>&1\n{command}")])
        .current_dir(dir)
        .env("PATH", path)
        .env_remove("LOGVEIL_KEY_FILE")
        .env_remove("LOGVEIL_POLICY")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    String::from_utf8(out.stdout).unwrap().lines().map(|l| l.trim_end().to_string()).collect()
}

fn check(path: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let dir = tempfile::tempdir().unwrap();
    for name in ["samples", "rules"] {
        std::os::unix::fs::symlink(root.join(name), dir.path().join(name)).unwrap();
    }
    let text = fs::read_to_string(path).unwrap();
    let (mut now, mut wrong) = (String::new(), Vec::new());
    for part in parse(&text) {
        match part {
            Part::Line(line) => now += &format!("{line}\n"),
            Part::Command { lines, prints } => {
                let command = lines.join("\n");
                let got = run(dir.path(), &command);
                now += &format!("$ {command}\n");
                got.iter().for_each(|l| now += &format!("{l}\n"));
                if got != prints {
                    wrong.push(format!("$ {command}\n got {}\nwant {}", got.join("\n     "), prints.join("\n     ")));
                }
            }
        }
    }
    if std::env::var_os("README_UPDATE").is_some() {
        fs::write(path, now).unwrap();
    } else {
        let remedy = "when it is right so: README_UPDATE=1 cargo test --test readme";
        assert!(wrong.is_empty(), "{}:\n{}\n\n{remedy}", path.display(), wrong.join("\n\n"));
    }
}

fn documents(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            documents(&path, out);
        } else if path.extension().is_some_and(|e| e == "md") {
            out.push(path);
        }
    }
}

fn all() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = vec![root.join("README.md"), root.join("CHANGELOG.md")];
    documents(&root.join("docs"), &mut all);
    all
}

#[test]
fn commands_print_what_the_documents_say() {
    all().iter().for_each(|d| check(d));
}

#[test]
fn links_lead_somewhere() {
    for document in all() {
        let text = fs::read_to_string(&document).unwrap();
        for link in text.split("](").skip(1).filter_map(|r| r.split(')').next()) {
            let file = link.split('#').next().unwrap();
            let here = document.parent().unwrap().join(file);
            assert!(link.contains("://") || here.exists(), "{}: {link}", document.display());
        }
    }
}

/// What CI runs is what the README says.
#[test]
fn the_two_commands_are_those_of_ci() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let block = readme.split("```sh\n").nth(1).and_then(|b| b.split("```").next()).unwrap();
    let commands: Vec<_> = block.lines().collect();
    assert_eq!(commands.len(), 2);
    assert!(commands[0].starts_with("cargo run --release -- filter samples/") && commands[1].starts_with("cargo test"));
    let ci = fs::read_to_string(root.join(".ci/run")).unwrap();
    assert!(ci.contains("readme 1") && ci.contains("readme 2"), "CI takes its commands from elsewhere");
}

/// Every crate has its reason in the table.
#[test]
fn every_dependency_is_explained() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let section = readme.split("## Dependencies").nth(1).unwrap().split("\n## ").next().unwrap();
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let tables = manifest.split("\n[").filter(|t| t.lines().next().unwrap().contains("dependencies]"));
    let crates = tables.flat_map(|t| t.lines().skip(1)).filter_map(|l| l.split_once(" = ")).map(|(n, _)| n);
    for name in crates {
        assert!(section.contains(&format!("`{name}`")), "{name} is not explained");
    }
}

/// Every entity that is found stands in the table, by its name or its family's.
#[test]
fn every_entity_is_listed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    for entity in logveil::rules::Ruleset::builtin().entities {
        let family = format!("`{}.*`", entity.name.split('.').next().unwrap());
        assert!(readme.contains(&format!("`{}`", entity.name)) || readme.contains(&family), "{}", entity.name);
    }
}
