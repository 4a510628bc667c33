//! One file, from its name to its entry in the journal.

use super::Run;
use super::archive::{Archive, unpacked};
use super::args::BatchTag;
use super::meter::{Meter, Seen};
use super::plan::{Names, Task};
use super::pool::Hand;
use super::stream::{Failed, Problem, Sum, damage, output, readable};
use crate::audit::{Counts, FileEntry, Output, Place, State};
use crate::input::codec::{self, Codec, is_tar, peek};
use crate::output::atomic::Attributes;
use crate::output::pack::{Packer, Packing};
use crate::output::{Discard, Take, Tree};
use rustix::fs::{Mode, OFlags, SeekFrom, open, seek};
use std::fs::{File, Metadata};
use std::io::{self, BufRead, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// An input that is open.
struct Input {
    file: File,
    /// Nothing for standard input.
    meta: Option<Metadata>,
}

/// Processes one file; says where its entry is, nothing when the run stops.
///
/// # Errors
/// Those of the journal: without it the run can't go on.
pub fn process<'e>(run: &Run<'e>, task: &Task, hand: &mut Hand<'e>) -> io::Result<Option<Place>> {
    if let Some(place) = finished(run, task) {
        run.progress.file(&task.shown, 0).advance(task.size);
        return Ok(Some(place));
    }
    let mut entry = FileEntry {
        file: task.shown.clone(),
        id: task.id.clone(),
        state: State::Done,
        reason: None,
        bytes: task.size,
        content: None,
        codec: Codec::Plain.name().into(),
        outputs: Vec::new(),
        counts: Counts::default(),
        samples: Vec::new(),
    };
    let mut tree = None;
    let mut done = attempt(run, task, hand, &mut entry, &mut tree);
    if done.is_err() {
        // Counts of the failed file must not show up in the next one.
        *hand = Hand::new(run.pool.engine);
    }
    if let (Err(Problem::Quarantine(why)), Some(t)) = (&done, &mut tree) {
        let kept = format!("{why}; what was readable is in quarantine");
        done = match keep_apart(run, t, &mut entry, &kept) {
            Ok(()) if entry.outputs.is_empty() => Err(Problem::Refuse(why.clone())),
            Ok(()) => Err(Problem::Quarantine(kept)),
            Err(e) => Err(output(e)),
        };
    }
    let (state, reason) = match done {
        Ok(()) => (State::Done, None),
        Err(Problem::Stopped) => return Ok(None),
        Err(Problem::Quarantine(why)) => (if tree.is_some() { State::Quarantined } else { State::Refused }, Some(why)),
        Err(Problem::Refuse(why)) => (State::Refused, Some(why)),
    };
    (entry.state, entry.reason) = (state, reason);
    if state == State::Refused {
        entry.outputs.clear();
        tree = None;
    }
    let mut place = run.journal.record(&entry)?;
    if let Some(tree) = tree
        && let Err(e) = publish(run, task, tree)
    {
        entry.state = State::Refused;
        entry.reason = Some(format!("output: {e}"));
        entry.outputs.clear();
        place = run.journal.record(&entry)?;
    }
    if let Some(why) = &entry.reason {
        run.progress.say(&format!("{}: {why}", task.shown));
    }
    Ok(Some(place))
}

/// The entry of an earlier run, when its output is still there and its input still the same.
fn finished(run: &Run<'_>, task: &Task) -> Option<Place> {
    let place = *run.known.files.get(&task.id)?;
    let entry = run.journal.entry(place).ok()?;
    let source = task.source.as_deref()?;
    let same = |path: &Path, o: &Output| {
        path.metadata().is_ok_and(|m| m.is_file() && m.len() == o.bytes) && sha256(path).is_ok_and(|h| h == o.sha256)
    };
    let there = match run.args.in_place {
        // In place, the output is where the input was.
        Some(_) => entry.outputs.iter().take(1).all(|o| same(source, o)) && !entry.outputs.is_empty(),
        None => {
            fingerprint(run, source).is_ok_and(|f| Some(f) == entry.content)
                && entry.outputs.iter().all(|o| same(&run.root.join(&o.path), o))
        }
    };
    there.then_some(place)
}

fn fingerprint(run: &Run<'_>, path: &Path) -> io::Result<String> {
    let mut hasher = blake3::Hasher::new_keyed(&run.key);
    hasher.update_reader(open_plain(path)?)?;
    Ok(hasher.finalize().to_hex().to_string())
}

fn sha256(path: &Path) -> io::Result<String> {
    use sha2::Digest;
    let (mut sha, mut file, mut buf) = (sha2::Sha256::new(), open_plain(path)?, vec![0; 128 << 10]);
    loop {
        match file.read(&mut buf)? {
            0 => return Ok(data_encoding::HEXLOWER.encode(&sha.finalize())),
            n => sha.update(&buf[..n]),
        }
    }
}

/// Opens without waiting: a pipe may have taken the place of a file since the walk.
fn open_plain(path: &Path) -> io::Result<File> {
    Ok(File::from(open(path, OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK, Mode::empty())?))
}

fn attempt<'e>(
    run: &Run<'e>,
    task: &Task,
    hand: &mut Hand<'e>,
    entry: &mut FileEntry,
    tree: &mut Option<Tree>,
) -> Result<(), Problem> {
    let input = open_input(run, task)?;
    let bar = run.progress.file(&task.shown, task.size);
    let seen = Seen::new(&run.key);
    let meter = Meter::new(&input.file, seen.clone(), &bar);
    let (head, body) = peek(meter).map_err(|e| Problem::Refuse(damage(&e)))?;
    readable(&head)?;
    let codec = Codec::of(&head);
    entry.codec = codec.name().into();
    let packing = run.packing(codec);
    let share = run.pool.memory().take(codec::memory(&head));
    let mut sum = Sum::default();
    let content = Content { run, task, seen: &seen, packing };
    let mut result = match run.args.dry_run {
        true => content.read(&head, body, hand, &mut Discard, &mut sum),
        false => {
            let (root, path) = place(run, task);
            run.sweep(&root.join(&path));
            let side = run.args.tag == BatchTag::Manifest;
            let tree = tree.insert(Tree::new(&root, &path, side).map_err(output)?);
            content.read(&head, body, hand, tree, &mut sum)
        }
    };
    drop(share);
    entry.bytes = seen.bytes.get();
    entry.counts = Counts::new(&sum.tally, &sum.timeline, run.pool.engine.rules(), &run.classes());
    entry.samples = sum.samples;
    if result.is_ok() {
        result = unchanged(&input, task, &seen);
    }
    result?;
    entry.content = Some(seen.fingerprint());
    if let Some(tree) = tree {
        let packer = hand.packer(packing).map_err(output)?;
        tree.end(packer, packing.partitions.is_some()).map_err(output)?;
        settle(run, tree, &input, entry).map_err(output)?;
    }
    Ok(())
}

fn settle(run: &Run<'_>, tree: &mut Tree, input: &Input, entry: &mut FileEntry) -> io::Result<()> {
    let attributes = input.meta.as_ref().map(|of| Attributes { of, owner: run.args.in_place.is_some() });
    let written = tree.settle(attributes.as_ref())?;
    entry.outputs = written
        .into_iter()
        .map(|w| Output { path: w.path.to_string_lossy().into_owned(), bytes: w.bytes, sha256: w.sha256 })
        .collect();
    Ok(())
}

/// What one file holds, on its way to a sink.
struct Content<'a, 'e> {
    run: &'a Run<'e>,
    task: &'a Task,
    seen: &'a Seen,
    packing: Packing,
}

impl<'e> Content<'_, 'e> {
    fn read(
        &self,
        head: &[u8],
        body: impl BufRead,
        hand: &mut Hand<'e>,
        sink: &mut dyn Take,
        sum: &mut Sum,
    ) -> Result<(), Problem> {
        let failed = Failed::default();
        if Codec::of(head) == Codec::Plain {
            return self.records(head, body, &failed, hand, sink, sum);
        }
        let inner = unpacked(head, body, self.run.caps(), &self.seen.bytes, &failed)?;
        let (head, inner) = peek(inner).map_err(|e| Problem::Quarantine(damage(&e)))?;
        self.records(&head, inner, &failed, hand, sink, sum)
    }

    fn records(
        &self,
        head: &[u8],
        input: impl BufRead,
        failed: &Failed,
        hand: &mut Hand<'e>,
        sink: &mut dyn Take,
        sum: &mut Sum,
    ) -> Result<(), Problem> {
        let run = self.run;
        if !is_tar(head) {
            return run.streams.run(input, failed, self.packing, hand, sink, sum);
        }
        if matches!(run.args.tag, BatchTag::Manifest | BatchTag::Partition) {
            return Err(Problem::Refuse("is an archive: unpack it first, or use --tag inline or none".into()));
        }
        let (spool, _) = place(run, self.task);
        let level = |codec| run.packing(codec).level;
        let mut archive = Archive {
            streams: &run.streams,
            names: &mut Names::new(run.pool.engine),
            failed,
            caps: run.caps(),
            spool: if run.args.dry_run { Path::new("/tmp") } else { &spool },
            level: &level,
        };
        let mut packer = Packer::new(self.packing).map_err(output)?;
        archive.run(input, &mut packer, hand, sink, sum)
    }
}

/// Root and path of the output.
fn place(run: &Run<'_>, task: &Task) -> (PathBuf, PathBuf) {
    match (&run.args.in_place, &task.source) {
        (Some(_), Some(source)) => (
            source.parent().unwrap_or(Path::new("/")).into(),
            source.file_name().map(PathBuf::from).unwrap_or_default(),
        ),
        _ => (run.root.clone(), task.path.clone()),
    }
}

fn open_input(run: &Run<'_>, task: &Task) -> Result<Input, Problem> {
    let Some(source) = &task.source else {
        let fd = io::stdin().as_fd().try_clone_to_owned().map_err(|e| Problem::Refuse(damage(&e)))?;
        return Ok(Input { file: File::from(fd), meta: None });
    };
    let file = open_plain(source).map_err(|e| Problem::Refuse(e.to_string()))?;
    let meta = file.metadata().map_err(|e| Problem::Refuse(e.to_string()))?;
    if !meta.is_file() {
        return Err(Problem::Refuse("is no plain file any more".into()));
    }
    let hole = seek(&file, SeekFrom::Hole(0)).unwrap_or(meta.len());
    if hole < meta.len() {
        let text = "is sparse: its holes would be written as zeros; copy it with `cp --sparse=never` first";
        return Err(Problem::Refuse(text.into()));
    }
    seek(&file, SeekFrom::Start(0)).map_err(|e| Problem::Refuse(damage(&e.into())))?;
    let target = run.root.join(&task.path);
    if run.args.in_place.is_none() && target.metadata().is_ok_and(|t| (t.dev(), t.ino()) == (meta.dev(), meta.ino())) {
        return Err(Problem::Refuse("would be overwritten by its own output; use --in-place".into()));
    }
    Ok(Input { file, meta: Some(meta) })
}

/// A file that is still written to is no archive yet.
fn unchanged(input: &Input, task: &Task, seen: &Seen) -> Result<(), Problem> {
    let (Some(before), Some(source)) = (&input.meta, &task.source) else { return Ok(()) };
    let same = |m: &Metadata| {
        (m.dev(), m.ino(), m.len(), m.mtime(), m.mtime_nsec())
            == (before.dev(), before.ino(), before.len(), before.mtime(), before.mtime_nsec())
    };
    let still = input.file.metadata().is_ok_and(|m| same(&m)) && source.metadata().is_ok_and(|m| same(&m));
    match still && seen.bytes.get() == before.len() {
        true => Ok(()),
        false => Err(Problem::Refuse("changed while it was read: rotate it first".into())),
    }
}

/// Keeps what was readable, de-identified, below the quarantine folder, with the reason beside it.
fn keep_apart(run: &Run<'_>, tree: &mut Tree, entry: &mut FileEntry, why: &str) -> io::Result<()> {
    let dir = run.state_dir.join("quarantine");
    tree.redirect(&dir)?;
    let written = tree.settle(None)?;
    if let Some(first) = written.first() {
        let mut reason = dir.join(&first.path).into_os_string();
        reason.push(".reason.txt");
        std::fs::write(reason, format!("{}: {why}\n", entry.file))?;
    }
    entry.outputs = written
        .into_iter()
        .map(|w| Output {
            path: Path::new("quarantine").join(w.path).to_string_lossy().into_owned(),
            bytes: w.bytes,
            sha256: w.sha256,
        })
        .collect();
    Ok(())
}

/// Makes outputs appear; an original that stays gets its other name first.
fn publish(run: &Run<'_>, task: &Task, tree: Tree) -> io::Result<()> {
    if let (Some(suffix), Some(source)) = (run.args.in_place.as_deref().filter(|s| !s.is_empty()), &task.source) {
        let mut name = source.clone().into_os_string();
        name.push(suffix);
        let bak = PathBuf::from(name);
        if let Err(e) = std::fs::hard_link(source, &bak) {
            let mine = (source.metadata().ok(), bak.metadata().ok());
            let same = matches!(mine, (Some(a), Some(b)) if (a.dev(), a.ino()) == (b.dev(), b.ino()));
            if !same {
                return Err(io::Error::new(e.kind(), format!("the original can't be kept as NAME{suffix}: {e}")));
            }
        }
    }
    let dirs = tree.publish()?;
    run.changed(dirs);
    Ok(())
}
