//! Records for the report: before and after, with no value in either.

use crate::audit::{Piece, Sample};
use crate::engine::Engine;
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// Records of a file that are looked at.
const LOOK: usize = 40;
/// Longest record that is shown.
const LONGEST: usize = 1200;

/// Chooses one record for each entity of a run.
#[derive(Default)]
pub struct Sampler {
    shown: Mutex<HashSet<String>>,
}

impl Sampler {
    /// Adds the records among the first ones of a stream that show something new.
    pub fn look(&self, records: &[u8], engine: &Engine, out: &mut Vec<Sample>) {
        let mut worker = engine.worker();
        for line in records.split(|b| *b == b'\n').take(LOOK).filter(|l| l.len() <= LONGEST) {
            let found = worker.explain(line);
            let new = {
                let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
                found.iter().filter(|f| !f.kept).find(|f| shown.insert(f.entity.clone())).map(|f| f.entity.clone())
            };
            let Some(entity) = new else { continue };
            let (mut before, mut at) = (Vec::new(), 0);
            for f in found.iter().filter(|f| !f.kept) {
                let span = f.span.range();
                if span.start < at {
                    continue;
                }
                before.push(Piece::Text(String::from_utf8_lossy(&line[at..span.start]).into_owned()));
                before.push(Piece::Hidden(f.entity.clone(), f.span.len() as u32));
                at = span.end;
            }
            before.push(Piece::Text(String::from_utf8_lossy(&line[at..]).into_owned()));
            let after = String::from_utf8_lossy(&worker.rewrite_name(line)).into_owned();
            out.push(Sample { entity, before, after });
        }
    }
}
