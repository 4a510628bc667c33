//! Which rules may occur, by Hyperscan: one scan whatever the number of rules.
//!
//! Hyperscan only notices rules; they are located by their own expressions, so it may notice too much, never too little. Patterns
//! that it might read otherwise than we do stay with the automaton.

use super::CACHE;
use hyperscan::prelude::*;
use regex_automata::meta::{Cache, Regex};
use regex_automata::{Input, PatternID, PatternSet};

/// The patterns of one rule set.
pub struct Database {
    db: BlockDatabase,
    /// Patterns of the automaton, and the number of each.
    rest: Option<(Box<Regex>, Vec<u32>)>,
}

/// Scratch space of one worker.
pub struct Scratch {
    scratch: hyperscan::Scratch,
    rest: Option<(Cache, PatternSet)>,
}

impl Database {
    /// Over these patterns; nothing when Hyperscan takes none of them.
    pub fn new(patterns: &[&str]) -> Option<Database> {
        let (mut taken, mut left) = (Vec::new(), Vec::new());
        for (i, p) in patterns.iter().enumerate() {
            match pattern(p, i) {
                Some(p) => taken.push(p),
                None => left.push(i as u32),
            }
        }
        let db: BlockDatabase = Patterns(taken).build().ok()?;
        let rest = if left.is_empty() {
            None
        } else {
            let texts: Vec<&str> = left.iter().map(|&i| patterns[i as usize]).collect();
            Some((Box::new(super::automaton(&texts).ok()?), left))
        };
        Some(Database { db, rest })
    }

    /// Adds the patterns that may occur in `text` to `seen`.
    pub fn which(&self, text: &[u8], scratch: &mut Option<Scratch>, seen: &mut PatternSet) {
        if scratch.is_none() {
            let rest = self.rest.as_ref().map(|(r, left)| (r.create_cache(), PatternSet::new(left.len())));
            *scratch = self.db.alloc_scratch().ok().map(|scratch| Scratch { scratch, rest });
        }
        let noticed = scratch.as_ref().is_some_and(|s| {
            let each = |id: u32, _: u64, _: u64, _: u32| {
                seen.insert(PatternID::must(id as usize));
                Matching::Continue
            };
            self.db.scan(text, &s.scratch, each).is_ok()
        });
        if !noticed {
            // Without scratch memory nothing is known: every rule is looked for.
            for i in 0..seen.capacity() {
                seen.insert(PatternID::must(i));
            }
        }
        if let (Some((regex, left)), Some((cache, set))) = (&self.rest, scratch.as_mut().and_then(|s| s.rest.as_mut()))
        {
            set.clear();
            regex.which_overlapping_matches_with(cache, &Input::new(text), set);
            for id in set.iter() {
                seen.insert(PatternID::must(left[id.as_usize()] as usize));
            }
        }
    }
}

/// Memory that Hyperscan's compiler may not pass for one pattern.
const LONGEST: usize = CACHE >> 16;

/// The pattern as Hyperscan reads it, when it reads it as we do.
fn pattern(text: &str, id: usize) -> Option<Pattern> {
    // Ends of lines, sets of sets and Unicode mean other things there.
    let other = ["(?", "&&", "--", "~~", "[[", "$", "^", "\\b{", "\\p", "\\P", "\\u", "\\U", "\\x{"];
    let plain = text.replace("(?P<", "(").replace("(?<", "(").replace("(?:", "(").replace("[^", "[");
    if !text.is_ascii() || text.len() > LONGEST || other.iter().any(|o| plain.contains(o)) {
        return None;
    }
    let flags = CompileFlags::SINGLEMATCH | CompileFlags::PREFILTER | CompileFlags::DOTALL;
    let mut p = Pattern::with_flags(text, flags).ok()?;
    p.id = Some(id);
    // Hyperscan says what it can't compile only when it builds: each is tried on its own.
    let alone: Result<BlockDatabase, _> = Patterns(vec![p.clone()]).build();
    alone.ok().map(|_| p)
}
