//! Findings inside a run of base64 or of hexadecimal text: the run is rewritten as a whole, so they are kept together.

use super::hit::{Hit, LEVELS};
use super::resolve;
use crate::format::armour::Armour;
use crate::format::view::View;
use crate::model::{Carriers, well_known as e};

/// One run that holds findings.
#[derive(Clone, Copy)]
struct Group {
    /// Level of the view that shows it.
    level: u8,
    /// Its decoded text in that view.
    from: u32,
    to: u32,
    style: Armour,
    /// Its findings.
    first: u32,
    last: u32,
}

/// The runs of one block and their findings, in coordinates of their views.
#[derive(Default)]
pub struct Blobs {
    groups: Vec<Group>,
    hits: Vec<Hit>,
    inside: Vec<Hit>,
    clean: Vec<Hit>,
}

/// A run of base64 or hexadecimal text as the engine rewrites it.
pub struct Blob<'a> {
    /// Findings, ascending; their spans count from the start of the view.
    pub hits: &'a [Hit],
    /// Where the run begins and ends in the view.
    pub text: (usize, usize),
    /// Level of the view.
    pub level: u8,
    /// How the run was written.
    pub style: Armour,
}

impl Blobs {
    /// Forgets the block before.
    pub fn clear(&mut self) {
        self.groups.clear();
        self.hits.clear();
    }

    /// The run of that number.
    pub fn get(&self, number: u32) -> Option<Blob<'_>> {
        let g = self.groups.get((number as usize).checked_sub(1)?)?;
        Some(Blob {
            hits: &self.hits[g.first as usize..g.last as usize],
            text: (g.from as usize, g.to as usize),
            level: g.level,
            style: g.style,
        })
    }

    /// Takes the hits of `deep`, which stand in `view` at `level`, out of their runs of base64; each run becomes one hit of
    /// the parent. Hits outside of runs are left to `raise`; inside, entities of the bit set `weak` are no reason to rewrite a run.
    pub fn raise(
        &mut self,
        deep: &[Hit],
        (level, weak): (u8, u128),
        view: &View,
        shallow: &mut Vec<Hit>,
        order: &mut Vec<u64>,
        raise: impl Fn(&Hit) -> Option<Hit>,
    ) {
        self.inside.clear();
        for hit in deep {
            match view.blob(hit.start as usize) {
                None => shallow.extend(raise(hit)),
                Some(_) if weak >> hit.entity.0 & 1 == 1 => {}
                Some(blob) => {
                    let mut h = *hit;
                    // What stands behind the run is no part of it.
                    h.end = h.end.min(blob.to);
                    if h.level == 0 {
                        h.level = level;
                    }
                    if h.blob != 0 {
                        // Base64 in base64: the inner run goes whole.
                        (h.blob, h.entity, h.depth) = (0, e::TOKEN, 0);
                        h.carriers = [Carriers::RAW; LEVELS];
                    }
                    self.inside.push(h);
                }
            }
        }
        if self.inside.is_empty() {
            return;
        }
        resolve::resolve(&mut self.inside, weak, order, &mut self.clean);
        let mut i = 0;
        while i < self.clean.len() {
            let Some(&blob) = view.blob(self.clean[i].start as usize) else { break };
            let n = self.clean[i..].iter().take_while(|h| h.start < blob.to).count();
            let first = self.hits.len() as u32;
            self.hits.extend_from_slice(&self.clean[i..i + n]);
            self.groups.push(Group {
                level,
                from: blob.from,
                to: blob.to,
                style: blob.style,
                first,
                last: first + n as u32,
            });
            let lead = self.clean[i];
            let mut run =
                Hit::new(blob.run.start as usize, blob.run.end as usize, lead.entity, lead.rule, lead.confidence);
            run.blob = self.groups.len() as u32;
            run.carriers[0] = blob.style.carrier();
            shallow.push(run);
            i += n;
        }
    }
}
