//! Layouts in server notation: any notation, any record.

use super::{Behaviour, behaviour};
use logveil::format::layout::{Layout, Plain};
use logveil::rules::{Notation, Ruleset};
use std::sync::OnceLock;

fn known() -> &'static [Layout] {
    static KNOWN: OnceLock<Vec<Layout>> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let read = |n: &Notation| match n {
            Notation::Nginx(n) => Layout::nginx(n).ok(),
            Notation::Apache(n) => Layout::apache(n).ok(),
            Notation::Json => None,
        };
        Ruleset::builtin().formats.iter().filter_map(|f| read(&f.notation)).collect()
    })
}

/// The first line is a notation, the others are records of that layout and of the known ones.
pub fn check(text: &[u8]) -> Behaviour {
    let mut lines = text.split(|b| *b == b'\n');
    let notation = String::from_utf8_lossy(lines.next().unwrap_or_default());
    let read = [Layout::nginx(&notation), Layout::apache(&notation)];
    let mut seen: Behaviour = read.iter().filter_map(|l| l.as_ref().err()).map(|e| mistake(e)).collect();
    let own: Vec<_> = read.into_iter().flatten().collect();
    seen.extend(own.iter().map(|l| behaviour(("fields", l.fields().count().min(12)))));
    let mut spans = Vec::new();
    for record in lines {
        for (i, layout) in own.iter().chain(known()).enumerate() {
            let fits = layout.parse(record, &Plain(record), &mut spans);
            if !fits {
                assert!(spans.is_empty(), "fields of a record that does not fit");
                continue;
            }
            assert_eq!(spans.len(), layout.fields().count(), "fields are missing");
            let mut at = 0;
            for s in &spans {
                assert!(s.start >= at && s.end >= s.start && s.end <= record.len(), "fields overlap or lie outside");
                at = s.end;
            }
            seen.push(behaviour(("fits", i, spans.iter().filter(|s| s.is_empty()).count())));
        }
    }
    seen
}

/// A mistake's words without the names that it quotes.
fn mistake(text: &str) -> u64 {
    assert!(!text.is_empty() && !text.contains('\n'), "a mistake takes one line");
    behaviour(text.split('`').step_by(2).collect::<Vec<_>>())
}
