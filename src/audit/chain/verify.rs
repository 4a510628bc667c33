//! Finds what was done to an audit log.

use super::{AuditError, Line, digest, head_path, mac, parse, read_head, split};
use crate::keys::Keyring;
use hmac::Mac;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind};
use std::path::Path;

/// What became of a log.
#[derive(Debug, Default)]
pub struct Verdict {
    /// Lines read.
    pub lines: u64,
    /// Identity of the log.
    pub log: String,
    /// SHA-256 of the last line: an anchor to keep elsewhere.
    pub head: String,
    /// Lines by kind.
    pub kinds: BTreeMap<String, u64>,
    /// Lines whose key was destroyed; later lines vouch for them.
    pub vouched: u64,
    /// What is wrong, by line.
    pub faults: Vec<String>,
    /// What is odd and harmless.
    pub notes: Vec<String>,
    /// True when the line with the anchor's digest was seen.
    pub anchored: bool,
}

/// How a line's signature stands.
enum Signed {
    Yes,
    /// Its key was destroyed.
    Unknowable,
    No(&'static str),
}

fn signed(line: &Line, text: &str, tag: &[u8], log: &str, keys: &Keyring) -> Signed {
    let Some(entry) = keys.by_kid(&line.kid) else {
        return Signed::No("signed with a key that the ring does not know");
    };
    let Some(key) = entry.key() else { return Signed::Unknowable };
    match mac(key, log, text).verify_slice(tag) {
        Ok(()) => Signed::Yes,
        Err(_) => Signed::No("changed, or of another log, or signed with another key"),
    }
}

/// True when `line` is line `n` of the log, chains to `prev`, and a key of the ring signed it.
pub(super) fn follows(line: &str, log: &str, n: u64, prev: &str, keys: &Keyring) -> bool {
    let parsed = split(line).and_then(|(text, tag)| Some((parse::<Line>(text)?, text, tag)));
    parsed.is_some_and(|(l, text, tag)| {
        l.n == n && l.prev == prev && matches!(signed(&l, text, &tag, log, keys), Signed::Yes)
    })
}

/// The identity that a log's first line gives it.
pub(super) fn identity(first: &str) -> Option<String> {
    let line: Line = parse(split(first)?.0)?;
    Some(line.body.get("log").filter(|_| line.kind == "begin")?.as_str()?.to_owned())
}

/// Reads a whole log and its head; `anchor` is the digest of a line that was seen earlier.
///
/// # Errors
/// [`AuditError::Io`]; whatever is wrong with the log itself stands in the verdict.
pub fn verify(path: &Path, keys: &Keyring, anchor: Option<&str>) -> Result<Verdict, AuditError> {
    let io = |e| AuditError::Io(path.display().to_string(), e);
    let mut reader = BufReader::new(File::open(path).map_err(io)?);
    let mut v = Verdict { anchored: anchor.is_none(), ..Verdict::default() };
    let mut state = State { expected: 0, prev: String::new(), open: 0, bytes: 0, ends: Vec::new() };
    let mut buf = Vec::new();
    loop {
        buf.clear();
        if reader.read_until(b'\n', &mut buf).map_err(io)? == 0 {
            break;
        }
        state.bytes += buf.len() as u64;
        let whole = buf.pop_if(|b| *b == b'\n').is_some();
        v.lines += 1;
        let n = v.lines;
        match std::str::from_utf8(&buf) {
            Ok(line) if whole => {
                state.line(line, n, keys, &mut v);
                let hash = digest(line);
                v.anchored |= anchor == Some(&hash);
                state.prev = hash;
            }
            _ => state.torn(n, &mut v),
        }
        state.ends.push((state.bytes, state.prev.clone()));
        if state.ends.len() > 3 {
            state.ends.remove(0);
        }
    }
    v.head.clone_from(&state.prev);
    head(path, keys, &state, &mut v).map_err(io)?;
    if state.open > 0 {
        v.faults.push(format!(
            "the last {} lines are signed with a destroyed key and nothing vouches for them",
            state.open
        ));
    }
    if !v.anchored {
        v.faults.push("the line of the anchor is not there: an older or another log was put in its place".into());
    }
    Ok(v)
}

struct State {
    expected: u64,
    prev: String,
    /// Lines with destroyed keys that no later line vouches for yet.
    open: u64,
    bytes: u64,
    /// Ends of the last lines, and their digests.
    ends: Vec<(u64, String)>,
}

impl State {
    fn torn(&mut self, n: u64, v: &mut Verdict) {
        v.faults.push(format!("line {n}: cut short, or not text"));
        self.expected += 1;
    }

    fn line(&mut self, line: &str, n: u64, keys: &Keyring, v: &mut Verdict) {
        if n == 1 {
            v.log = identity(line).unwrap_or_default();
            if v.log.is_empty() {
                v.faults.push("line 1: the log does not begin here: the first lines are missing".into());
            }
        }
        let parsed = split(line).and_then(|(text, tag)| Some((parse::<Line>(text)?, text, tag)));
        let Some((l, text, tag)) = parsed else {
            v.faults.push(format!("line {n}: not a line of an audit log: damaged or cut short"));
            self.expected += 1;
            return;
        };
        match signed(&l, text, &tag, &v.log, keys) {
            Signed::Yes => {
                v.vouched += self.open;
                self.open = 0;
            }
            Signed::Unknowable => self.open += 1,
            Signed::No(why) => v.faults.push(format!("line {n}: {why}")),
        }
        let order = match l.n {
            x if x < self.expected => Some("stands twice, or in the wrong place"),
            x if x > self.expected => Some("lines before it are missing, or it stands in the wrong place"),
            _ if l.prev != self.prev && n > 1 => {
                Some("does not follow the line before it: that one was changed or is another")
            }
            _ => None,
        };
        if let Some(why) = order {
            v.faults.push(format!("line {n}: {why}"));
        }
        self.expected = l.n + 1;
        *v.kinds.entry(l.kind).or_default() += 1;
    }
}

fn head(path: &Path, keys: &Keyring, state: &State, v: &mut Verdict) -> std::io::Result<()> {
    let text = match std::fs::read_to_string(head_path(path)) {
        Ok(text) => text,
        Err(e) if e.kind() == ErrorKind::NotFound => {
            v.faults.push("its head is missing: whether lines were cut off at the end can't be told".into());
            return Ok(());
        }
        Err(e) => return Err(e),
    };
    let Some(head) = read_head(&text, keys) else {
        v.faults.push("its head is not signed by a key of this ring".into());
        return Ok(());
    };
    if head.log != v.log {
        v.faults.push("its head belongs to another log".into());
    } else if head.lines > v.lines || head.bytes > state.bytes {
        let gone = head.lines.saturating_sub(v.lines);
        v.faults.push(format!("it ends too early: the head knows of {} lines, {gone} are missing", head.lines));
    } else if !state.ends.iter().any(|e| *e == (head.bytes, head.last.clone())) {
        v.faults.push("its end is not the one that the head knows".into());
    } else if head.lines < v.lines {
        let more = v.lines - head.lines;
        v.notes.push(format!("{more} lines behind the head: an act was interrupted; the next one takes them over"));
    }
    Ok(())
}
