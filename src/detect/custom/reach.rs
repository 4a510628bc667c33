//! Can a pattern match at all, within one line?

use super::syntax;
use regex_automata::Anchored;
use regex_automata::dfa::{Automaton, StartError, StartKind, dense};
use regex_automata::util::primitives::StateID;
use regex_automata::util::start;
use std::collections::HashSet;

/// Memory for the automaton of one pattern; a larger one is not asked.
const MEMORY: usize = 16 << 20;

/// False when no line holds a match of `pattern`: `a$b`, `a\nb`. True when that is not known.
pub fn can_match(pattern: &str) -> bool {
    let config = dense::Config::new()
        .start_kind(StartKind::Anchored)
        .dfa_size_limit(Some(MEMORY))
        .determinize_size_limit(Some(MEMORY));
    let Ok(dfa) = dense::Builder::new().configure(config).syntax(syntax()).build(pattern) else { return true };
    match starts(&dfa) {
        Ok(states) => reaches_match(&dfa, states),
        Err(_) => true,
    }
}

/// The states behind each kind of byte that can stand before a match, the start of the text among them.
fn starts(dfa: &dense::DFA<Vec<u32>>) -> Result<Vec<StateID>, StartError> {
    let config = start::Config::new().anchored(Anchored::Yes);
    let behind = [None, Some(b'\n'), Some(b'\r'), Some(b'a'), Some(b' ')];
    behind.into_iter().map(|b| dfa.start_state(&config.clone().look_behind(b))).collect()
}

/// Walks all states. A match is told one byte late: a line feed may be that byte, and is no part of it.
fn reaches_match(dfa: &dense::DFA<Vec<u32>>, mut todo: Vec<StateID>) -> bool {
    let mut seen: HashSet<StateID> = todo.iter().copied().collect();
    while let Some(state) = todo.pop() {
        if dfa.is_match_state(dfa.next_eoi_state(state)) || dfa.is_match_state(dfa.next_state(state, b'\n')) {
            return true;
        }
        for byte in (0..=255).filter(|b| *b != b'\n') {
            let next = dfa.next_state(state, byte);
            if dfa.is_match_state(next) {
                return true;
            }
            if !dfa.is_dead_state(next) && !dfa.is_quit_state(next) && seen.insert(next) {
                todo.push(next);
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::can_match;

    #[test]
    fn impossible_patterns() {
        for p in ["a$b", r"a\nb", r"a^b", r"\bx\b\Bx", r"a\bb", r"(?:a$b|c^d)", r"a$\nb"] {
            assert!(!can_match(p), "{p}");
        }
        for p in
            ["a", "a$", "^a", r"\ba\b", r"a\r?$", r"[A-Z]{2}\d{4}$", r"(?u)工号\d{5}", r"a$b|c", r"^$|x", r"(?u)\bé\b"]
        {
            assert!(can_match(p), "{p}");
        }
    }
}
