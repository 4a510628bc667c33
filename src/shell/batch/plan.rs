//! Which files, and where does each go? The tree is walked before the first byte is read.

use super::args::BatchArgs;
use crate::engine::Engine;
use crate::output::atomic::is_part;
use crate::shell::Failure;
use crate::shell::exit::Exit;
use data_encoding::HEXLOWER;
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::FileType;
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::FileTypeExt;
use std::path::{Component, Path, PathBuf};

/// Folder of journals, manifests and quarantine.
pub const STATE: &str = ".logveil";

/// One input.
pub struct Task {
    /// Where it is; nothing for standard input.
    pub source: Option<PathBuf>,
    /// Its output below the output folder; identifiers in its name are replaced.
    pub path: PathBuf,
    /// Its name in messages, manifests and reports; identifiers replaced.
    pub shown: String,
    /// Keyed digest of its path below the root.
    pub id: String,
    /// Bytes, as far as they are known.
    pub size: u64,
}

/// Something that is no input.
pub struct Rejected {
    /// Its name, identifiers replaced.
    pub shown: String,
    /// Keyed digest of its path.
    pub id: String,
    /// Why.
    pub reason: String,
    /// Nothing is wrong with it: it is only no input.
    pub skipped: bool,
}

/// All inputs, in order of their names.
pub struct Plan {
    /// What is going to be processed.
    pub tasks: Vec<Task>,
    /// What is not.
    pub rejected: Vec<Rejected>,
    /// The folder that the tree begins at.
    pub root: PathBuf,
}

struct Found {
    path: PathBuf,
    size: u64,
}

/// Walks the inputs.
pub fn plan(args: &BatchArgs, engine: &Engine) -> Result<Plan, Failure> {
    let mut names = Names::new(engine);
    let mut walk = Walk { args, found: Vec::new(), bases: Vec::new(), rejected: Vec::new(), stdin: false };
    for input in inputs(args)? {
        walk.input(&input)?;
    }
    let root = match &args.root {
        Some(r) => absolute(r),
        None => walk.bases.iter().skip(1).fold(walk.bases.first().cloned().unwrap_or_default(), |a, b| common(&a, b)),
    };
    walk.found.sort_by(|a, b| a.path.cmp(&b.path));
    walk.found.dedup_by(|a, b| a.path == b.path);
    let mut plan = Plan { tasks: Vec::new(), rejected: Vec::new(), root: root.clone() };
    if walk.stdin {
        let path = renamed(PathBuf::from("stdin"), args);
        let id = names.id(b"stdin");
        plan.tasks.push(Task { source: None, path, shown: "stdin".into(), id, size: 0 });
    }
    for f in walk.found {
        let Ok(below) = f.path.strip_prefix(&root) else {
            let shown = names.shown(&f.path);
            return Err((Exit::Usage, format!("{shown} is not below --root {}", names.shown(&root))));
        };
        let path = renamed(names.path(below), args);
        plan.tasks.push(Task {
            shown: names.shown(below),
            id: names.id(below.as_os_str().as_bytes()),
            path,
            size: f.size,
            source: Some(f.path),
        });
    }
    let rejected = walk.rejected.into_iter().map(|(path, reason, skipped)| {
        let below = path.strip_prefix(&root).unwrap_or(&path);
        Rejected { shown: names.shown(below), id: names.id(below.as_os_str().as_bytes()), reason, skipped }
    });
    plan.rejected = rejected.collect();
    collisions(&plan.tasks)?;
    Ok(plan)
}

fn collisions(tasks: &[Task]) -> Result<(), Failure> {
    let mut seen: HashMap<&Path, &str> = HashMap::with_capacity(tasks.len());
    for t in tasks {
        if let Some(other) = seen.insert(&t.path, &t.shown) {
            let text = format!("{other} and {} would both be written to {}; run them apart", t.shown, t.path.display());
            return Err((Exit::Usage, text));
        }
    }
    Ok(())
}

/// All names on the command line and in lists.
fn inputs(args: &BatchArgs) -> Result<Vec<PathBuf>, Failure> {
    let mut all = args.inputs.clone();
    if let Some(list) = &args.files_from {
        let mut text = Vec::new();
        let read = match list.as_os_str() == "-" {
            true => std::io::stdin().lock().read_to_end(&mut text),
            false => std::fs::File::open(list).and_then(|mut f| f.read_to_end(&mut text)),
        };
        read.map_err(|e| (Exit::Usage, format!("--files-from {}: {e}", list.display())))?;
        let end = if args.null { 0 } else { b'\n' };
        let names = text.split(|b| *b == end).filter(|n| !n.is_empty());
        all.extend(names.map(|n| PathBuf::from(OsString::from_vec(n.to_vec()))));
    }
    Ok(all)
}

struct Walk<'a> {
    args: &'a BatchArgs,
    found: Vec<Found>,
    /// Folders that the inputs stand in.
    bases: Vec<PathBuf>,
    rejected: Vec<(PathBuf, String, bool)>,
    stdin: bool,
}

impl Walk<'_> {
    fn input(&mut self, input: &Path) -> Result<(), Failure> {
        if input.as_os_str() == "-" {
            if self.args.in_place.is_some() {
                return Err((Exit::Usage, "standard input can't be replaced in place; use -o".into()));
            }
            self.stdin = true;
            return Ok(());
        }
        let path = absolute(input);
        match std::fs::metadata(&path) {
            Ok(m) if m.is_dir() => {
                self.bases.push(path.clone());
                self.folder(&path, None)
            }
            Ok(m) if m.is_file() => {
                // A link that was named is what it points to; in place, the link itself must stay.
                let real = if self.args.in_place.is_some() { path.canonicalize().unwrap_or(path) } else { path };
                self.bases.extend(real.parent().map(Path::to_path_buf));
                self.found.push(Found { path: real, size: m.len() });
                Ok(())
            }
            Ok(m) => {
                self.rejected.push((path, format!("is {}; give files or folders", kind(m.file_type())), false));
                Ok(())
            }
            Err(_) if is_glob(input) => self.glob(&path),
            Err(e) => {
                self.rejected.push((path, e.to_string(), false));
                Ok(())
            }
        }
    }

    /// A quoted glob: its fixed folders are the base.
    fn glob(&mut self, pattern: &Path) -> Result<(), Failure> {
        let fixed: PathBuf = pattern.components().take_while(|c| !is_glob(Path::new(c.as_os_str()))).collect();
        let text = pattern.to_string_lossy();
        let glob = globset::GlobBuilder::new(&text).literal_separator(true).build();
        let glob = glob.map_err(|e| (Exit::Usage, format!("{text}: {}", e.kind())))?.compile_matcher();
        let before = self.found.len();
        self.bases.push(fixed.clone());
        self.folder(&fixed, Some(&glob))?;
        if self.found.len() == before {
            self.rejected.push((pattern.into(), "no file matches".into(), false));
        }
        Ok(())
    }

    fn folder(&mut self, dir: &Path, glob: Option<&globset::GlobMatcher>) -> Result<(), Failure> {
        let mut wanted = ignore::overrides::OverrideBuilder::new(dir);
        for g in &self.args.glob {
            wanted.add(g).map_err(|e| (Exit::Usage, format!("--glob {g}: {e}")))?;
        }
        let wanted = wanted.build().map_err(|e| (Exit::Usage, format!("--glob: {e}")))?;
        let outside = self.args.output.as_deref().map(absolute);
        let bak = self.args.in_place.clone().filter(|s| !s.is_empty());
        let walk = ignore::WalkBuilder::new(dir)
            .standard_filters(false)
            .follow_links(self.args.follow)
            .overrides(wanted)
            .filter_entry(move |e| {
                let name = e.file_name();
                let original = bak.as_ref().is_some_and(|s| name.as_bytes().ends_with(s.as_bytes()));
                let output = outside.as_ref().is_some_and(|o| e.path() == o);
                !(name == STATE || is_part(name) || output || original && e.depth() > 0)
            })
            .build();
        for entry in walk {
            match entry {
                Ok(e) if e.file_type().is_some_and(|t| t.is_dir()) => {}
                Ok(e) if glob.is_some_and(|g| !g.is_match(e.path())) => {}
                Ok(e) => self.entry(&e),
                Err(e) => {
                    let (path, reason) = walk_error(&e);
                    self.rejected.push((path.unwrap_or_else(|| dir.into()), reason, false));
                }
            }
        }
        Ok(())
    }

    fn entry(&mut self, e: &ignore::DirEntry) {
        let path = e.path().to_path_buf();
        match e.file_type() {
            Some(t) if t.is_file() => {
                let size = e.metadata().map_or(0, |m| m.len());
                self.found.push(Found { path, size });
            }
            Some(t) if t.is_symlink() => {
                self.rejected.push((path, "is a link; --follow takes what it points to".into(), true));
            }
            Some(t) => self.rejected.push((path, format!("is {}", kind(t)), true)),
            None => {}
        }
    }
}

/// Place and text of an error of the walk, without the raw name.
fn walk_error(e: &ignore::Error) -> (Option<PathBuf>, String) {
    match e {
        ignore::Error::WithPath { path, err } => (Some(path.clone()), walk_error(err).1),
        ignore::Error::WithDepth { err, .. } => walk_error(err),
        ignore::Error::Loop { child, .. } => (Some(child.clone()), "is a link to a folder above it".into()),
        ignore::Error::Io(e) => (None, e.kind().to_string()),
        _ => (None, "can't be walked".into()),
    }
}

fn kind(t: FileType) -> &'static str {
    match t {
        t if t.is_fifo() => "a named pipe",
        t if t.is_socket() => "a socket",
        t if t.is_block_device() || t.is_char_device() => "a device",
        _ => "no plain file",
    }
}

fn is_glob(p: &Path) -> bool {
    p.as_os_str().as_bytes().iter().any(|b| matches!(b, b'*' | b'?' | b'[' | b'{'))
}

/// A path from the root of the file system without `.` and `..`; links are left alone.
pub fn absolute(p: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for c in std::path::absolute(p).unwrap_or_else(|_| p.into()).components() {
        match c {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            c => out.push(c),
        }
    }
    out
}

fn common(a: &Path, b: &Path) -> PathBuf {
    a.components().zip(b.components()).take_while(|(x, y)| x == y).map(|(x, _)| x).collect()
}

/// The name that `--compress` gives.
fn renamed(path: PathBuf, args: &BatchArgs) -> PathBuf {
    let Some(to) = args.compress else { return path };
    let mut name = path.file_name().unwrap_or_default().as_bytes().to_vec();
    for (ending, stays) in
        [(".gz", ""), (".zst", ""), (".bz2", ""), (".xz", ""), (".tgz", ".tar"), (".tbz2", ".tar"), (".txz", ".tar")]
    {
        if name.len() > ending.len() && name.ends_with(ending.as_bytes()) {
            name.truncate(name.len() - ending.len());
            name.extend_from_slice(stays.as_bytes());
            break;
        }
    }
    name.extend_from_slice(to.codec().suffix().as_bytes());
    path.with_file_name(OsStr::from_bytes(&name))
}

/// Names of files are outputs as well: they go through the engine.
pub struct Names<'e> {
    worker: crate::engine::Worker<'e>,
    key: zeroize::Zeroizing<[u8; 32]>,
}

impl<'e> Names<'e> {
    /// Names under an engine's policy and key.
    pub fn new(engine: &'e Engine) -> Names<'e> {
        Names { worker: engine.worker(), key: engine.fingerprint_key() }
    }

    /// A path whose parts hold no identifier.
    pub fn path(&mut self, path: &Path) -> PathBuf {
        path.components()
            .map(|c| match c {
                Component::Normal(name) => {
                    let mut clean = self.name(name.as_bytes());
                    clean.iter_mut().filter(|b| **b == b'/').for_each(|b| *b = b'_');
                    OsString::from_vec(clean)
                }
                other => other.as_os_str().to_owned(),
            })
            .collect()
    }

    /// One name. An ending may hide what stands before it, so it is looked at with and without.
    fn name(&mut self, name: &[u8]) -> Vec<u8> {
        let clean = self.worker.rewrite_name(name);
        let mut stem = name.len();
        while let Some(dot) = memchr::memrchr(b'.', &name[..stem]).filter(|d| {
            let ending = &name[d + 1..stem];
            *d > 0 && ending.len() <= 6 && ending.first().is_none_or(u8::is_ascii_alphabetic)
        }) {
            stem = dot;
        }
        if clean != name || stem == name.len() {
            return clean;
        }
        let mut clean = self.worker.rewrite_name(&name[..stem]);
        clean.extend_from_slice(&name[stem..]);
        clean
    }

    /// Text that holds no identifier.
    pub fn text(&mut self, text: &[u8]) -> Vec<u8> {
        self.worker.rewrite_name(text)
    }

    /// A path for messages: no identifier and no control byte in it.
    pub fn shown(&mut self, path: &Path) -> String {
        let text = self.path(path).to_string_lossy().into_owned();
        text.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect()
    }

    /// Keyed digest of a path.
    pub fn id(&self, path: &[u8]) -> String {
        HEXLOWER.encode(&blake3::keyed_hash(&self.key, path).as_bytes()[..16])
    }
}
