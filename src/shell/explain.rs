//! `logveil explain`.

use super::args::ExplainArgs;
use super::exit::Exit;
use super::{Failure, setup};
use crate::engine::TagMode;
use crate::model::Block;
use std::io::{BufRead, Write};

/// Explains one line.
pub fn run(args: &ExplainArgs) -> Result<Exit, Failure> {
    let line = match &args.line {
        Some(l) => l.clone().into_bytes(),
        None => {
            let mut l = Vec::new();
            std::io::stdin().lock().read_until(b'\n', &mut l).map_err(|e| (Exit::Io, format!("stdin: {e}")))?;
            l.truncate(l.trim_ascii_end().len());
            l
        }
    };
    let engine = setup::engine(&args.policy, TagMode::None)?;
    let mut worker = engine.worker();
    let found = worker.explain(&line);
    let mut out = std::io::stdout().lock();
    for f in &found {
        let value = String::from_utf8_lossy(&line[f.span.range()]);
        let shown = if args.show_values { value.to_string() } else { format!("({} bytes)", f.span.len()) };
        let done = if args.json {
            writeln!(
                out,
                "{}",
                serde_json::json!({
                    "start": f.span.start, "end": f.span.end, "value": args.show_values.then_some(value),
                    "entity": f.entity, "category": f.category, "level": f.level, "rule": f.rule,
                    "confidence": f.confidence, "carrier": f.carrier, "clause": f.clause,
                    "transform": f.transform, "retention": f.retention, "kept": f.kept, "kept_by": f.kept_by,
                })
            )
        } else {
            writeln!(
                out,
                "{:>5}..{:<5} {:<20} {shown}\n             found by {} ({}), written {}; category {}, level {}\n             clause {}: {}, retention {}",
                f.span.start,
                f.span.end,
                f.entity,
                f.rule,
                f.confidence,
                f.carrier,
                f.category,
                f.level,
                f.clause,
                if f.kept { format!("keep ({})", f.kept_by) } else { f.transform.into() },
                f.retention,
            )
        };
        done.map_err(|e| (Exit::Io, format!("output: {e}")))?;
    }
    if !args.json {
        if found.is_empty() {
            println!("nothing found");
        } else if args.show_values {
            let clean = worker.rewrite(Block::records(&line));
            println!("        becomes {}", String::from_utf8_lossy(clean.bytes()));
        }
    }
    Ok(Exit::Clean)
}
