//! From arguments to an engine.

use super::args::PolicyArgs;
use super::exit::Exit;
use super::{Failure, key_source};
use crate::engine::{Engine, EngineConfig, Format, HashKernel, ScanKernel, TagMode};
use crate::policy::{self, Policy};
use crate::rules::{RuleError, Ruleset, builtin_policies, policy_builtin};
use std::path::{Path, PathBuf};

/// Builds the engine; all mistakes of rules and policy come in one message.
pub fn engine(args: &PolicyArgs, tag: TagMode) -> Result<Engine, Failure> {
    let (policy, rules) = policy_and_rules(&args.policy, &args.rules)?;
    let (scan, hash) = kernels(&args.kernel)?;
    let key = key_source::keys(&args.keys)?;
    let ingest = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_secs() as i64);
    Engine::new(EngineConfig { rules, policy, key, tag, scan, hash, ingest }).map_err(config)
}

/// A compiled policy and the rules it decides.
pub fn policy_and_rules(policy: &str, more: &[PathBuf]) -> Result<(Policy, Ruleset), Failure> {
    let more: Result<Vec<_>, Failure> = more.iter().map(|p| rules_text(p)).collect();
    let rules = Ruleset::with(&more?).map_err(config)?;
    let (name, text) = policy_text(policy)?;
    let policy = policy::compile(&name, &text, &rules).map_err(config)?;
    Ok((policy, rules))
}

/// The warning for runs without a key file.
pub const EPHEMERAL: &str = "logveil: no key: tokens of this run match those of no other run";

/// The format that was asked for; nothing for `auto`.
pub fn format(engine: &Engine, name: &str) -> Result<Option<Format>, Failure> {
    match name {
        "auto" => Ok(None),
        "text" => Ok(Some(Format::Text)),
        _ => engine.layouts().by_name(name).map(Some).ok_or_else(|| {
            let known: Vec<_> = engine.layouts().names().collect();
            let known = known.join(", ");
            (
                Exit::Usage,
                format!("format `{name}` is not known; use auto, text, {known}, or add a [[format]] by --rules"),
            )
        }),
    }
}

fn rules_text(path: &Path) -> Result<(String, String), Failure> {
    let name = path.display().to_string();
    match std::fs::read_to_string(path) {
        Ok(text) => Ok((name, text)),
        Err(e) => Err((Exit::Config, format!("{name}: {e}; give a TOML file of rules"))),
    }
}

fn policy_text(name: &str) -> Result<(String, String), Failure> {
    if let Some(text) = policy_builtin(name) {
        return Ok((name.into(), text.into()));
    }
    match std::fs::read_to_string(name) {
        Ok(text) => Ok((name.into(), text)),
        Err(e) => {
            let known: Vec<_> = builtin_policies().collect();
            Err((Exit::Config, format!("{name}: {e}; give a policy file or one of: {}", known.join(", "))))
        }
    }
}

fn config(errors: Vec<RuleError>) -> Failure {
    let lines: Vec<_> = errors.iter().map(ToString::to_string).collect();
    (Exit::Config, lines.join("\nlogveil: "))
}

fn kernels(name: &str) -> Result<(ScanKernel, HashKernel), Failure> {
    if name == "auto" {
        return Ok((ScanKernel::detect(), HashKernel::detect()));
    }
    let scan = ScanKernel::parse(name).filter(|k| k.available());
    let scan = scan.ok_or_else(|| (Exit::Usage, format!("kernel `{name}`: this machine can't run it; use auto")))?;
    let hash = match scan {
        ScanKernel::Avx512 => HashKernel::Avx512,
        ScanKernel::Avx2 => HashKernel::Avx2,
        _ => HashKernel::Scalar,
    };
    Ok((scan, hash))
}
