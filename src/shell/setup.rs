//! From arguments to an engine.

use super::args::PolicyArgs;
use super::exit::Exit;
use super::{Failure, key_source};
use crate::detect::custom;
use crate::engine::{Engine, EngineConfig, Format, HashKernel, ScanKernel, TagMode};
use crate::input::encoding::Encoding;
use crate::policy::{self, Origin, Policy, Selection};
use crate::rules::{PolicyDef, RuleError, Ruleset, builtin_policies, policy_builtin};
use std::path::{Path, PathBuf};

/// Builds the engine; all mistakes of rules and policy come in one message.
pub fn engine(args: &PolicyArgs, tag: TagMode) -> Result<Engine, Failure> {
    engine_for(args, tag, &[])
}

/// Builds the engine with the views of these recipients.
pub fn engine_for(args: &PolicyArgs, tag: TagMode, recipients: &[String]) -> Result<Engine, Failure> {
    engine_at(args, tag, recipients, None)
}

/// Builds the engine with the views of these recipients, for outputs in a region and by a consent.
pub fn engine_at(
    args: &PolicyArgs,
    tag: TagMode,
    recipients: &[String],
    place: Option<(&str, Option<&str>)>,
) -> Result<Engine, Failure> {
    let name = claimed(args)?;
    let (mut policy, rules) = policy_and_rules(&name, &args.rules)?;
    policy.choose(recipients).map_err(|m| (Exit::Usage, m))?;
    if let Some((region, consent)) = place {
        policy.locate(region, consent).map_err(|m| (Exit::Config, m))?;
    }
    if let Some(tenant) = &args.tenant {
        policy.for_tenant(tenant);
    }
    let (scan, hash) = kernels(&args.kernel)?;
    let key = key_source::keys(&args.keys)?;
    let ingest = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_secs() as i64);
    Engine::new(EngineConfig { rules, policy, key, tag, scan, hash, ingest }).map_err(config)
}

/// A compiled policy and the rules it decides.
pub fn policy_and_rules(policy: &str, more: &[PathBuf]) -> Result<(Policy, Ruleset), Failure> {
    let rules = rules(more)?;
    let policy = versions(policy, Path::new(""), &rules, 0)?;
    Ok((policy, rules))
}

/// Most versions that follow each other.
const MOST_VERSIONS: usize = 64;

/// A policy and the older versions that it supersedes: embedded ones, or files beside it.
fn versions(name: &str, beside: &Path, rules: &Ruleset, depth: usize) -> Result<Policy, Failure> {
    if depth > MOST_VERSIONS {
        return Err((Exit::Config, format!("{name}: policies supersede each other in a circle")));
    }
    let place = if policy_builtin(name).is_some() { Path::new(name).to_owned() } else { beside.join(name) };
    let (file, text) = policy_text(&place.to_string_lossy())?;
    let mut policy = policy::compile(&file, &text, rules).map_err(config)?;
    let dir = place.parent().unwrap_or(Path::new(""));
    for older in policy.def.policy.supersedes.clone() {
        let mut old = versions(&older, dir, rules, depth + 1)?;
        policy.older.append(&mut old.older);
        policy.older.push(old);
    }
    Ok(policy)
}

/// The policy's name, when it may handle the stream: a stream that says where it comes from must be claimed.
fn claimed(args: &PolicyArgs) -> Result<String, Failure> {
    let origin = Origin { source: args.source.clone(), host: args.host.clone(), service: args.service.clone() };
    let denied = |why: &str| Err((Exit::Config, format!("{why}: nothing passes; name the stream or its policy")));
    if args.policy != "auto" {
        if origin.is_unknown() {
            return Ok(args.policy.clone());
        }
        let (file, text) = policy_text(&args.policy)?;
        let select = PolicyDef::parse(&file, &text).map_err(config)?.select;
        return match select.is_empty() || select.claims(&origin) {
            true => Ok(args.policy.clone()),
            false => denied(&format!("policy {} does not claim this stream", args.policy)),
        };
    }
    let names: Vec<_> = builtin_policies().collect();
    let defs: Result<Vec<_>, _> =
        names.iter().map(|n| PolicyDef::parse(n, policy_builtin(n).unwrap_or_default())).collect();
    match policy::select(&defs.map_err(config)?, &origin) {
        Selection::Policy(i) => Ok(names[i].to_owned()),
        Selection::Denied => denied("no policy claims this stream"),
    }
}

/// The rules of the binary and those of files and folders.
pub fn rules(paths: &[PathBuf]) -> Result<Ruleset, Failure> {
    let mut more = Vec::new();
    for path in paths {
        if !path.is_dir() {
            more.push(rules_text(path)?);
            continue;
        }
        let failed = |e: std::io::Error| (Exit::Config, format!("{}: {e}", path.display()));
        let mut files = Vec::new();
        for entry in std::fs::read_dir(path).map_err(failed)? {
            let file = entry.map_err(failed)?.path();
            if file.extension().is_some_and(|e| e == "toml") {
                files.push(file);
            }
        }
        // The order of a folder is its machine's affair: names decide.
        files.sort();
        if files.is_empty() {
            return Err((Exit::Config, format!("{}: holds no .toml file; name a folder of rules", path.display())));
        }
        for file in files {
            more.push(rules_text(&file)?);
        }
    }
    let (rules, mut errors) = Ruleset::read(&more);
    if errors.is_empty() {
        return Ok(rules);
    }
    // The engine would tell these only of rules that can be read.
    errors.append(&mut custom::mistakes(&rules.patterns));
    Err(config(errors))
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

/// The encoding that was asked for; nothing for `auto`.
pub fn encoding(name: &str) -> Result<Option<Encoding>, Failure> {
    if name == "auto" {
        return Ok(None);
    }
    let known = "auto, utf-8, gb18030, utf-16le, utf-16be";
    Encoding::parse(name).map(Some).ok_or_else(|| (Exit::Usage, format!("encoding `{name}` is not known; use {known}")))
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

/// Mistakes as one message.
pub fn config(errors: Vec<RuleError>) -> Failure {
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
