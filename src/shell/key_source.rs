//! Where keys come from: a file, a variable of the environment, an open descriptor, or a command (a KMS client, age).

use super::Failure;
use super::args::KeyArgs;
use super::exit::Exit;
use crate::keys::{Keyring, MasterKey, Subjects};
use crate::lifecycle::ledger::Ledger;
use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::Arc;
use zeroize::Zeroizing;

/// Most bytes of a key ring.
const MOST: u64 = 1 << 20;

/// The keys that the arguments name, with the ledger of subjects when it is named.
pub fn keys(args: &KeyArgs) -> Result<Keyring, Failure> {
    let ring = ring(args)?;
    let Some(path) = &args.subjects else { return Ok(ring) };
    let ledger: Arc<dyn Subjects> = Arc::new(Ledger::open(path).map_err(|e| (Exit::Config, e.to_string()))?);
    Ok(ring.with_subjects(&ledger))
}

/// The keys that the arguments name; a key for this run only when they name none.
pub fn ring(args: &KeyArgs) -> Result<Keyring, Failure> {
    let bad = |m: String| (Exit::Config, m);
    let parse = |v: &[u8], name: &str| Keyring::from_bytes(v, name).map_err(|e| bad(e.to_string()));
    if let Some(name) = &args.key_env {
        let missing = || bad(format!("--key-env {name}: the environment has no such variable; export it"));
        let value = Zeroizing::new(std::env::var(name).map_err(|_| missing())?);
        return parse(value.as_bytes(), &format!("${name}"));
    }
    if let Some(fd) = args.key_fd {
        let name = format!("/dev/fd/{fd}");
        let file = std::fs::File::open(&name).map_err(|e| bad(format!("--key-fd {fd}: {e}; open it: {fd}< FILE")))?;
        return parse(&read(file).map_err(|e| bad(format!("--key-fd {fd}: {e}")))?, &name);
    }
    if let Some(command) = &args.key_command {
        return parse(&output(command).map_err(bad)?, "--key-command");
    }
    match &args.key_file {
        Some(path) => Keyring::from_file(path).map_err(|e| bad(e.to_string())),
        None => Ok(MasterKey::ephemeral().into()),
    }
}

fn read(from: impl Read) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let mut v = Zeroizing::new(Vec::with_capacity(4096));
    from.take(MOST).read_to_end(&mut v)?;
    Ok(v)
}

/// Output of a shell command; what it says to standard error stays visible, its output does not.
fn output(command: &str) -> Result<Zeroizing<Vec<u8>>, String> {
    let run = || {
        let mut child =
            Command::new("/bin/sh").args(["-c", command]).stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let out = child.stdout.take().map(read).transpose()?.unwrap_or_default();
        Ok::<_, std::io::Error>((child.wait()?, out))
    };
    match run() {
        Ok((status, out)) if status.success() => Ok(out),
        Ok((status, _)) => Err(format!("--key-command ended with {status}; run it by hand to see why")),
        Err(e) => Err(format!("--key-command: {e}")),
    }
}
