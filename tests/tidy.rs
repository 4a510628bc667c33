//! The house keeps its order: layers, file lengths, `unsafe`, and no leftovers.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

fn sources(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

fn all() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let name = |p: &PathBuf| p.strip_prefix(&root).unwrap().display().to_string();
    files.iter().map(|p| (name(p), std::fs::read_to_string(p).unwrap())).collect()
}

/// Row of each module, from the table in `src/lib.rs`.
fn rows(lib: &str) -> HashMap<String, u32> {
    lib.lines()
        .filter_map(|l| {
            let mut cells = l.strip_prefix("//! | ")?.split(" | ");
            let row = cells.next()?.parse().ok()?;
            Some((cells.next()?.trim_matches('`').to_string(), row))
        })
        .collect()
}

#[test]
fn imports_point_down() {
    let files = all();
    let lib = &files.iter().find(|(n, _)| n == "lib.rs").unwrap().1;
    let rows = rows(lib);
    assert!(rows.len() >= 12, "the table of layers is gone");
    let mut wrong = Vec::new();
    for (name, text) in &files {
        let module = name.split('/').next().unwrap().trim_end_matches(".rs");
        let Some(&row) = rows.get(module) else { continue };
        let code = text.split("#[cfg(test)]").next().unwrap();
        for part in code.split("crate::").skip(1) {
            let to: String = part.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            if to != module && rows.get(&to).is_some_and(|&r| r >= row) {
                wrong.push(format!("{name} imports {to}"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    for module in lib.lines().filter_map(|l| l.strip_prefix("pub mod ")) {
        assert!(rows.contains_key(module.trim_end_matches(';')), "{module} has no row");
    }
}

#[test]
fn files_stay_short_and_clean() {
    for (name, text) in all() {
        assert!(text.lines().count() <= 500, "{name} is too long");
        for word in ["TODO", "FIXME", "XXX:", "dbg!(", "unimplemented!", "todo!("] {
            assert!(!text.contains(word), "{name} holds {word}");
        }
    }
}

#[test]
fn unsafe_only_in_kernels_and_explained() {
    for (name, text) in all() {
        let lines: Vec<_> = text.lines().collect();
        for (i, line) in lines.iter().enumerate() {
            if !line.contains("unsafe {") {
                continue;
            }
            assert!(name.starts_with("detect/scan/") || name.starts_with("transform/lanes/"), "{name}: unsafe");
            let near = &lines[i.saturating_sub(4)..i];
            assert!(near.iter().any(|l| l.contains("SAFETY:")), "{name}:{}: no SAFETY line", i + 1);
        }
    }
}

#[test]
fn only_the_engine_makes_clean_bytes() {
    for (name, text) in all() {
        if !name.starts_with("engine/") {
            assert!(!text.replace("Exit::Clean {", "").contains("Clean {"), "{name} makes Clean");
        }
    }
}
