//! What must be true of any input. A law panics when it is broken; else it tells what the input made the code do, so that
//! a fuzzer keeps inputs that do something new.
//!
//! The product's own tests include this module to replay `regressions/`.

pub mod carriers;
pub mod encodings;
pub mod engine;
pub mod input;
pub mod json;
pub mod layout;

use logveil::engine::{Engine, EngineConfig, Explained, Format, HashKernel, ScanKernel, TagMode, Worker};
use logveil::keys::MasterKey;
use logveil::model::Block;
use logveil::rules::{Ruleset, policy_builtin};
use std::hash::{DefaultHasher, Hash, Hasher};

/// Numbers of the behaviours that an input showed.
pub type Behaviour = Vec<u64>;

/// Checks one input.
pub type Law = fn(&[u8]) -> Behaviour;

/// The number of a behaviour.
fn behaviour(what: impl Hash) -> u64 {
    let mut h = DefaultHasher::new();
    what.hash(&mut h);
    h.finish()
}

/// An engine with a fixed key; `swap` is replaced in the policy's text.
fn engine(policy: &str, swap: (&str, &str), tag: TagMode, scan: ScanKernel, hash: HashKernel) -> Engine {
    let rules = Ruleset::builtin();
    let text = policy_builtin(policy).expect("an embedded policy").replace(swap.0, swap.1);
    let policy = logveil::policy::compile(policy, &text, &rules).expect("a valid policy");
    let key = MasterKey::from_bytes(&[7; 32], "fuzz").expect("32 bytes");
    Engine::new(EngineConfig { rules, policy, key: key.into(), tag, scan, hash, ingest: 1_795_399_905 })
        .expect("valid formats")
}

/// An engine on the best machine code at hand.
fn best(policy: &str, swap: (&str, &str), tag: TagMode) -> Engine {
    engine(policy, swap, tag, ScanKernel::detect(), HashKernel::detect())
}

/// An engine that puts one word in the place of every value.
pub fn constant() -> Engine {
    best("web-minimal", ("apply = \"truncate\"", "apply = \"suppress\""), TagMode::None)
}

/// The format that an engine takes a stream for.
pub fn sniffed(engine: &Engine, stream: &[u8]) -> Format {
    engine.sniffer(None).look(stream)
}

/// What a fresh worker makes of whole records.
pub fn rewrite(engine: &Engine, format: Format, text: &[u8]) -> Vec<u8> {
    rewrite_by(&mut engine.worker(), format, text)
}

fn rewrite_by(worker: &mut Worker<'_>, format: Format, text: &[u8]) -> Vec<u8> {
    worker.set_format(format);
    worker.rewrite(Block::records(text)).bytes().to_vec()
}

/// Kinds of findings, alone and in pairs of neighbours.
fn kinds(found: &[Explained]) -> Behaviour {
    let kind = |f: &Explained| behaviour((&f.entity, f.rule, f.confidence, f.carrier, f.kept));
    let kinds: Vec<u64> = found.iter().map(kind).collect();
    kinds.iter().copied().chain(kinds.windows(2).map(behaviour)).collect()
}
