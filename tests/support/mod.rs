//! What several tests need.
#![allow(dead_code, reason = "each test is a crate of its own and uses a part")]

#[cfg(feature = "sidecar")]
pub mod daemon;
#[cfg(feature = "sidecar")]
pub mod machine;
#[cfg(feature = "sidecar")]
pub mod net;

use logveil::engine::{Engine, EngineConfig, Format, HashKernel, ScanKernel, TagMode, Worker};
use logveil::keys::MasterKey;
use logveil::rules::{Ruleset, policy_builtin};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// An engine with a fixed key.
pub fn engine(policy: &str, tag: TagMode) -> Engine {
    engine_of(policy, "", tag)
}

/// An engine with a fixed key and an embedded policy with `more` behind its text.
pub fn engine_of(policy: &str, more: &str, tag: TagMode) -> Engine {
    let rules = Ruleset::builtin();
    let text = policy_builtin(policy).unwrap().to_owned() + more;
    let policy = logveil::policy::compile(policy, &text, &rules).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let key = MasterKey::from_file(&key_file(dir.path())).unwrap();
    let (scan, hash) = (ScanKernel::detect(), HashKernel::detect());
    Engine::new(EngineConfig { rules, policy, key: key.into(), tag, scan, hash, ingest: 1_795_399_905 }).unwrap()
}

/// A key file that is always the same.
pub fn key_file(dir: &Path) -> PathBuf {
    let path = dir.join("key");
    std::fs::write(&path, [b'k'; 32]).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    path
}

/// What a worker makes of a text in blocks of whole records.
pub fn rewrite(worker: &mut Worker<'_>, text: &[u8]) -> Vec<u8> {
    worker.set_format(Format::Text);
    worker.rewrite(logveil::model::Block::records(text)).bytes().to_vec()
}

/// The binary, with arguments.
pub fn logveil(args: &[&str]) -> Command {
    let mut c = Command::new(env!("CARGO_BIN_EXE_logveil"));
    c.args(args).env_remove("LOGVEIL_KEY_FILE").env_remove("LOGVEIL_POLICY");
    c
}

/// Runs the binary with `input` on standard input: exit code, output, messages.
pub fn run(args: &[&str], input: &[u8]) -> (i32, Vec<u8>, String) {
    let mut child = logveil(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let feeder = std::thread::spawn(move || {
        let _ = stdin.write_all(&input);
    });
    let out = child.wait_with_output().unwrap();
    feeder.join().unwrap();
    (out.status.code().unwrap_or(-1), out.stdout, String::from_utf8_lossy(&out.stderr).into_owned())
}

/// The folder of shared test data, when this machine has it.
pub fn shared() -> Option<PathBuf> {
    let dir = std::env::var_os("LOGVEIL_SHARED").map(PathBuf::from);
    let dir = dir.or_else(|| Some(Path::new(env!("CARGO_MANIFEST_DIR")).parent()?.join("shared")));
    let found = dir.filter(|d| d.join("identifiers").is_dir());
    if found.is_none() {
        eprintln!("skipped: no shared test data (set LOGVEIL_SHARED)");
    }
    found
}

/// A file of `samples/`.
pub fn sample(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name)).unwrap()
}

/// A package that `deploy/deb/build.sh` made after the last change of the manifest, or the one that `LOGVEIL_DEB` names.
pub fn package() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let time = |p: &Path| p.metadata().and_then(|m| m.modified()).ok();
    let built = std::fs::read_dir(root.join("target/debian")).into_iter().flatten().flatten().map(|e| e.path());
    let young = |p: &PathBuf| time(p) > time(&root.join("Cargo.toml"));
    let named = std::env::var_os("LOGVEIL_DEB").map(PathBuf::from);
    let found = named.or_else(|| built.filter(|p| p.extension().is_some_and(|e| e == "deb")).find(young));
    if found.is_none() {
        eprintln!("skipped: no package (deploy/deb/build.sh, or LOGVEIL_DEB)");
    }
    found
}
