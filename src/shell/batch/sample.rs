//! Records for the report: before and after, with no value in either.

use crate::audit::{Piece, Sample};
use crate::engine::{Engine, Explained};

/// Records of a stream that are looked at.
const LOOK: usize = 40;
/// Longest record that is shown.
const LONGEST: usize = 1200;

/// Most records of a file.
const MOST: usize = 12;

/// Adds the records among the first ones of a stream that show a type which `out` does not show yet.
pub fn look(records: &[u8], engine: &Engine, out: &mut Vec<Sample>) {
    if out.len() >= MOST {
        return;
    }
    let mut worker = engine.worker();
    for line in records.split(|b| *b == b'\n').take(LOOK).filter(|l| l.len() <= LONGEST) {
        let mut found = worker.explain(line);
        found.retain(|f| !f.kept);
        let new = found.iter().find(|f| out.iter().all(|s| s.entity != f.entity)).map(|f| f.entity);
        let Some(entity) = new.filter(|_| out.len() < MOST) else { continue };
        let after = String::from_utf8_lossy(&worker.rewrite_name(line)).into_owned();
        out.push(Sample { entity: entity.to_string(), before: hidden(line, &found), after });
    }
}

/// The record with names and lengths where its values stood.
fn hidden(line: &[u8], found: &[Explained]) -> Vec<Piece> {
    let (mut pieces, mut at) = (Vec::new(), 0);
    let text = |range: &[u8]| Piece::Text(String::from_utf8_lossy(range).into_owned());
    for f in found {
        let span = f.span.range();
        if span.start >= at {
            pieces.push(text(&line[at..span.start]));
            pieces.push(Piece::Hidden(f.entity.to_string(), f.span.len() as u32));
            at = span.end;
        }
    }
    pieces.push(text(&line[at..]));
    pieces
}
