//! The audit log: one JSON object a line for each run, reveal, erasure, key event and disclosure. Counts, never values.
//!
//! Each line holds its number, the SHA-256 of the line before it, and an HMAC-SHA256 over the log's identity and its own
//! text, under a sub-key of the key ring that serves nothing else. So a line can't be changed, dropped, moved, doubled or
//! taken from another log. The end is anchored by a keyed *head* beside the log (`LOG.head`): without it, cutting off the
//! last lines would leave a shorter log in perfect order.
//!
//! A line whose key was destroyed still counts when a later line, whose key is there, chains to it.

mod verify;

pub use verify::{Verdict, verify};

use crate::keys::{Keyring, MasterKey};
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Why an audit log can't be used.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The file system says no.
    #[error("audit log {0}: {1}")]
    Io(String, io::Error),
    /// No key can sign.
    #[error("audit log {0}: no key to sign with; name a key file or ring that is not destroyed")]
    NoKey(String),
    /// The log and its head disagree.
    #[error("audit log {0}: {1}; run `logveil audit verify` and keep the files as they are")]
    Broken(String, &'static str),
}

/// A line without its MAC.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    n: u64,
    at: String,
    kind: String,
    by: String,
    body: serde_json::Value,
    prev: String,
    kid: String,
}

/// What the head says: how much of the log there must be at least.
#[derive(Serialize, Deserialize, Clone)]
#[serde(deny_unknown_fields)]
struct Head {
    log: String,
    lines: u64,
    bytes: u64,
    last: String,
    kid: String,
}

/// What ends a signed text.
const MAC: &str = ",\"mac\":\"";

/// Signs a text that is a JSON object without its last brace; `log` is the identity of the log.
fn sign(key: &MasterKey, log: &str, text: &str) -> String {
    let tag = HEXLOWER.encode(&mac(key, log, text).finalize().into_bytes());
    format!("{text}{MAC}{tag}\"}}")
}

fn mac(key: &MasterKey, log: &str, text: &str) -> Hmac<Sha256> {
    let key = key.subkey("audit", "chain", "", "");
    let mut mac = Hmac::<Sha256>::new_from_slice(&key[..]).expect("any length of key");
    for part in [log, "\0", text] {
        mac.update(part.as_bytes());
    }
    mac
}

/// The signed text and its MAC.
fn split(line: &str) -> Option<(&str, Vec<u8>)> {
    let (text, tag) = line.rsplit_once(MAC)?;
    Some((text, HEXLOWER.decode(tag.strip_suffix("\"}")?.as_bytes()).ok()?))
}

/// Reads a signed JSON object, whoever signed it.
fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_str(&format!("{text}}}")).ok()
}

/// A JSON object without its last brace.
fn open_object(value: &impl Serialize) -> String {
    let mut text = serde_json::to_string(value).unwrap_or_default();
    text.pop();
    text
}

/// SHA-256 in hex.
fn digest(line: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(line.as_bytes()))
}

/// Place of the head of a log.
pub fn head_path(log: &Path) -> PathBuf {
    let mut path = log.as_os_str().to_owned();
    path.push(".head");
    path.into()
}

/// An audit log open for appending; one process at a time.
pub struct Log<'k> {
    file: File,
    path: PathBuf,
    keys: &'k Keyring,
    head: Head,
}

impl<'k> Log<'k> {
    /// Opens a log, or begins one at `at` (RFC 3339); waits for other processes that append. What an interrupted process
    /// left behind the head is taken over when it is whole, else cut off.
    ///
    /// # Errors
    /// [`AuditError`].
    pub fn open(path: &Path, keys: &'k Keyring, at: &str) -> Result<Log<'k>, AuditError> {
        let io = |e| AuditError::Io(path.display().to_string(), e);
        let options = |o: &mut OpenOptions| o.read(true).append(true).create(true).mode(0o600).open(path);
        let file = options(&mut OpenOptions::new()).map_err(io)?;
        // A file system without locks does without.
        let _ = flock(&file, FlockOperation::LockExclusive);
        let len = file.metadata().map_err(io)?.len();
        let none = Head { log: String::new(), lines: 0, bytes: 0, last: String::new(), kid: String::new() };
        let mut log = Log { file, path: path.into(), keys, head: none };
        log.key()?;
        match std::fs::read_to_string(head_path(path)) {
            Ok(text) => {
                log.head = read_head(&text, keys).ok_or(log.broken("its head is not signed by a key of this ring"))?;
                log.take_over(len)?;
            }
            Err(e) if e.kind() == ErrorKind::NotFound && len == 0 => log.begin(at)?,
            Err(e) if e.kind() == ErrorKind::NotFound => log.adopt(len)?,
            Err(e) => return Err(io(e)),
        }
        Ok(log)
    }

    fn broken(&self, why: &'static str) -> AuditError {
        AuditError::Broken(self.path.display().to_string(), why)
    }

    fn io(&self, e: io::Error) -> AuditError {
        AuditError::Io(self.path.display().to_string(), e)
    }

    /// The newest key that is there.
    fn key(&self) -> Result<&'k MasterKey, AuditError> {
        let newest = self.keys.keys().iter().rev().find_map(|k| k.key());
        newest.ok_or_else(|| AuditError::NoKey(self.path.display().to_string()))
    }

    fn begin(&mut self, at: &str) -> Result<(), AuditError> {
        let mut id = [0; 16];
        getrandom::fill(&mut id).map_err(|e| self.io(io::Error::other(e.to_string())))?;
        self.head.log = HEXLOWER.encode(&id);
        let body = serde_json::json!({ "log": self.head.log });
        self.append(at, "begin", "logveil", body)
    }

    /// Takes over a log whose very first line was written when its process ended.
    fn adopt(&mut self, len: u64) -> Result<(), AuditError> {
        let why = "its head is missing";
        let mut text = vec![0; len.min(1 << 16) as usize];
        self.file.read_exact_at(&mut text, 0).map_err(|e| self.io(e))?;
        let text = String::from_utf8(text).unwrap_or_default();
        if text.matches('\n').count() > 1 {
            return Err(self.broken(why));
        }
        let Some(first) = text.strip_suffix('\n') else {
            self.file.set_len(0).map_err(|e| self.io(e))?;
            return Err(self.broken("its first line was cut short and is gone now; try again"));
        };
        let id = verify::identity(first).ok_or(self.broken(why))?;
        self.head.log = id;
        self.take_over(len)
    }

    /// Accepts whole lines behind the head, cuts off a torn one.
    fn take_over(&mut self, len: u64) -> Result<(), AuditError> {
        if len < self.head.bytes {
            return Err(self.broken("it is shorter than its head says"));
        }
        let mut tail = vec![0; (len - self.head.bytes) as usize];
        self.file.read_exact_at(&mut tail, self.head.bytes).map_err(|e| self.io(e))?;
        let whole = tail.iter().rposition(|b| *b == b'\n').map_or(0, |n| n + 1);
        let text = std::str::from_utf8(&tail[..whole]).map_err(|_| self.broken("a line is not text"))?;
        for line in text.lines() {
            let ok = verify::follows(line, &self.head.log, self.head.lines, &self.head.last, self.keys);
            if !ok {
                return Err(self.broken("a line behind its head is not signed by a key of this ring"));
            }
            self.head.lines += 1;
            self.head.last = digest(line);
        }
        if whole < tail.len() {
            self.file.set_len(self.head.bytes + whole as u64).map_err(|e| self.io(e))?;
        }
        self.head.bytes += whole as u64;
        if whole > 0 { self.write_head() } else { Ok(()) }
    }

    /// Appends what was done: `kind` in one word, `by` whom, `body` in counts. It is on the disk when this returns.
    ///
    /// # Errors
    /// [`AuditError`].
    pub fn append(&mut self, at: &str, kind: &str, by: &str, body: serde_json::Value) -> Result<(), AuditError> {
        let key = self.key()?;
        let line = Line {
            n: self.head.lines,
            at: at.into(),
            kind: kind.into(),
            by: by.into(),
            body,
            prev: self.head.last.clone(),
            kid: key.kid().into(),
        };
        let mut text = sign(key, &self.head.log, &open_object(&line));
        self.head.last = digest(&text);
        self.head.lines += 1;
        text.push('\n');
        self.head.bytes += text.len() as u64;
        let written = self.file.write_all(text.as_bytes()).and_then(|()| self.file.sync_data());
        written.map_err(|e| self.io(e))?;
        self.write_head()
    }

    /// True when a line of the log has this text in it.
    ///
    /// # Errors
    /// [`AuditError::Io`].
    pub fn holds(&self, text: &str) -> Result<bool, AuditError> {
        let all = std::fs::read(&self.path).map_err(|e| self.io(e))?;
        Ok(memchr::memmem::find(&all, text.as_bytes()).is_some())
    }

    fn write_head(&mut self) -> Result<(), AuditError> {
        let key = self.key()?;
        self.head.kid = key.kid().into();
        let text = sign(key, "head", &open_object(&self.head)) + "\n";
        let write = || {
            let dir = self.path.parent().filter(|d| !d.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let mut file = tempfile::Builder::new().prefix(".logveil-").suffix(".part").tempfile_in(dir)?;
            file.write_all(text.as_bytes())?;
            file.as_file().sync_all()?;
            file.persist(head_path(&self.path)).map_err(|e| e.error)?;
            File::open(dir)?.sync_all()
        };
        write().map_err(|e| self.io(e))
    }
}

/// The head, when a key of the ring signed it.
fn read_head(text: &str, keys: &Keyring) -> Option<Head> {
    let (signed, tag) = split(text.strip_suffix('\n').unwrap_or(text))?;
    let head: Head = parse(signed)?;
    let key = keys.by_kid(&head.kid)?.key()?;
    mac(key, "head", signed).verify_slice(&tag).ok()?;
    Some(head)
}
