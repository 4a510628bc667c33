//! One file: how far it was read, and whether it is still the same file.

use super::join::Way;
use super::print::{Print, Prints, REACH};
use super::{Feed, Stopped};
use crate::input::codec::{self, Codec};
use crate::input::encoding::begins_as_utf16;
use serde::{Deserialize, Serialize};
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// Bytes that are read at once; a longer record is read in pieces.
pub const CHUNK: usize = 256 << 10;
/// Bytes of one file before others have their turn.
const TURN: u64 = 2 << 20;
/// The same of a compressed file, whose beginning is decompressed again each time: half of what was read, but not less than this.
const PACKED: u64 = 16 << 20;
/// Longest record of a compressed file.
const LONGEST: usize = 16 << 20;
/// Bytes that one step of the search for a line end looks at.
const STEP: usize = 64 << 10;

/// What the checkpoint holds of a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// Where the globs found it, or the file that it was rotated from.
    pub base: PathBuf,
    /// Where it was seen last.
    pub path: PathBuf,
    /// Device.
    pub dev: u64,
    /// Inode.
    pub ino: u64,
    /// Bytes read, decompressed ones where the file is compressed.
    pub offset: u64,
    /// The first bytes, of those that were read.
    pub head: Option<Print>,
    /// The bytes before `offset`.
    pub tail: Option<Print>,
    /// Its last record was read.
    #[serde(default)]
    pub done: bool,
    /// It is compressed.
    #[serde(default)]
    pub packed: bool,
}

/// What a look at a file found.
#[derive(Debug, PartialEq, Eq)]
pub enum Seen {
    /// Nothing new.
    Idle,
    /// Records; there may be more.
    More,
    /// It holds other bytes than those that were read.
    Replaced,
}

/// Why a look at a file ended early.
pub enum Trouble {
    /// The file can't be read now.
    File(io::Error),
    /// The lane stops.
    Stopped,
}

impl From<io::Error> for Trouble {
    fn from(e: io::Error) -> Self {
        Trouble::File(e)
    }
}

impl From<Stopped> for Trouble {
    fn from(_: Stopped) -> Self {
        Trouble::Stopped
    }
}

/// A file that is read.
pub struct Watched {
    /// How far.
    pub mark: Mark,
    /// Its length when it was last looked at, on the disk.
    pub size: u64,
    /// It is found by the globs.
    pub live: bool,
    /// Since when it is not at its place.
    pub rotated: Option<Instant>,
    /// When it last gave records.
    pub grown: Instant,
    file: Option<File>,
    /// Records are whole up to here.
    complete: u64,
    /// No line ends between `complete` and here.
    searched: u64,
    /// Lines up to here wait for more that belong to their record, and since when.
    waits: Option<(u64, Instant)>,
    /// The first bytes that were read, until there are [`REACH`] of them.
    front: Zeroizing<Vec<u8>>,
    /// The last bytes that were read.
    last: Zeroizing<Vec<u8>>,
}

/// Opens a file for reading, never waiting for a writer.
pub fn open(path: &Path) -> io::Result<File> {
    std::fs::OpenOptions::new().read(true).custom_flags(rustix::fs::OFlags::NONBLOCK.bits() as i32).open(path)
}

impl Watched {
    /// A file whose reading goes on from its mark.
    pub fn new(mark: Mark) -> Watched {
        Watched {
            complete: mark.offset,
            searched: mark.offset,
            waits: None,
            mark,
            size: 0,
            live: false,
            rotated: None,
            grown: Instant::now(),
            file: None,
            front: Zeroizing::default(),
            last: Zeroizing::default(),
        }
    }

    /// A file that was never read.
    pub fn fresh(base: &Path, path: &Path, meta: &Metadata) -> Watched {
        let (base, path, dev, ino) = (base.to_path_buf(), path.to_path_buf(), meta.dev(), meta.ino());
        Watched::new(Mark { base, path, dev, ino, offset: 0, head: None, tail: None, done: false, packed: false })
    }

    /// Device and inode.
    pub fn id(&self) -> (u64, u64) {
        (self.mark.dev, self.mark.ino)
    }

    /// Opens the file at the path of the mark; false when another one stands there.
    ///
    /// # Errors
    /// Those of the file.
    pub fn hold(&mut self) -> io::Result<bool> {
        let file = open(&self.mark.path)?;
        let meta = file.metadata()?;
        let same = (meta.dev(), meta.ino()) == self.id();
        self.file = same.then_some(file);
        Ok(same)
    }

    /// True while a descriptor is held: its inode can't be given to another file.
    pub fn is_open(&self) -> bool {
        self.file.is_some()
    }

    /// The bytes of the file as they are on the disk, wherever it is by now.
    ///
    /// # Errors
    /// Those of the file.
    pub fn bytes(&self) -> io::Result<Box<dyn Read + '_>> {
        match &self.file {
            Some(file) => Ok(Box::new(Range { file, at: 0, end: u64::MAX })),
            None => Ok(Box::new(open(&self.mark.path)?)),
        }
    }

    /// Gives the descriptor back.
    pub fn close(&mut self) {
        self.file = None;
    }

    /// Bytes that are known to wait.
    pub fn lag(&self) -> u64 {
        if self.mark.packed || self.mark.done { 0 } else { self.size.saturating_sub(self.mark.offset) }
    }

    /// Begins behind the last whole record that is there now.
    ///
    /// # Errors
    /// Those of the file.
    pub fn skip_to_end(&mut self, prints: &Prints) -> io::Result<()> {
        if !self.hold()? {
            return Ok(());
        }
        let Some(file) = self.file.take() else { return Ok(()) };
        self.mark.packed = is_packed(&file)?;
        if self.mark.packed {
            self.mark.done = true;
            return Ok(());
        }
        let len = file.metadata()?.len();
        self.find_complete(&file, len)?;
        let offset = self.complete;
        let n = offset.min(REACH as u64) as usize;
        let mut bytes = Zeroizing::new(vec![0; n]);
        file.read_exact_at(&mut bytes, 0)?;
        self.mark.head = (n > 0).then(|| prints.of(0, &bytes));
        file.read_exact_at(&mut bytes, offset - n as u64)?;
        self.mark.tail = (n > 0).then(|| prints.of(offset - n as u64, &bytes));
        self.mark.offset = offset;
        self.file = Some(file);
        Ok(())
    }

    /// True when the file still begins with the bytes that were read from it.
    ///
    /// # Errors
    /// Those of the file.
    pub fn same(&self, file: &File, prints: &Prints) -> io::Result<bool> {
        let hold = |print: &Option<Print>| print.as_ref().map_or(Ok(true), |p| prints.holds(file, p));
        Ok(hold(&self.mark.tail)? && hold(&self.mark.head)?)
    }

    /// Reads what is new.
    pub fn advance(&mut self, way: &Way<'_>, buf: &mut Vec<u8>, feed: &mut dyn Feed) -> Result<Seen, Trouble> {
        if self.file.is_none() {
            let meta = std::fs::metadata(&self.mark.path)?;
            if meta.len() == self.mark.offset && !self.mark.packed || !self.hold()? {
                self.size = self.mark.offset;
                return Ok(Seen::Idle);
            }
        }
        let Some(file) = self.file.take() else { return Ok(Seen::Idle) };
        if self.mark.offset == 0 {
            let mut head = Zeroizing::new([0; REACH]);
            let n = file.read_at(&mut *head, 0)?;
            self.mark.packed = Codec::of(&head[..n]) != Codec::Plain;
            if !self.mark.packed && begins_as_utf16(&head[..n]).is_some() {
                let text =
                    "is UTF-16, which is not read here: have it written in UTF-8, or use `logveil filter` or `batch`";
                return Err(io::Error::other(text).into());
            }
        }
        if self.mark.packed {
            let seen = self.unpack(&file, way, buf, feed);
            self.file = Some(file).filter(|_| !self.mark.done);
            return seen;
        }
        let seen = self.read(&file, way, buf, feed);
        self.file = Some(file);
        seen
    }

    fn read(&mut self, file: &File, way: &Way<'_>, buf: &mut Vec<u8>, feed: &mut dyn Feed) -> Result<Seen, Trouble> {
        let prints = way.prints;
        let len = file.metadata()?.len();
        if len < self.mark.offset {
            return Ok(Seen::Replaced);
        }
        if len == self.mark.offset {
            self.size = len;
            return Ok(Seen::Idle);
        }
        if len < self.searched {
            (self.complete, self.searched) = (self.mark.offset, self.mark.offset);
        }
        self.find_complete(file, len)?;
        let waited = self.waits.filter(|w| w.0 == self.complete).map(|w| w.1.elapsed());
        let patience = way.joiner.map_or(Duration::ZERO, |j| j.patience);
        if waited.is_some_and(|t| t < patience) {
            self.size = len;
            return Ok(Seen::Idle);
        }
        let stop = self.complete.min(self.mark.offset + TURN);
        let mut seen = Seen::Idle;
        while self.mark.offset < stop {
            let n = (self.complete - self.mark.offset).min(CHUNK as u64) as usize;
            buf.resize(n, 0);
            let whole = match file.read_exact_at(buf, self.mark.offset) {
                Ok(()) => true,
                Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => false,
                Err(e) => return Err(e.into()),
            };
            // Looked at after the read: a file that was cut and written again in between gives bytes of another one.
            if !whole || !self.same(file, prints)? {
                return Ok(Seen::Replaced);
            }
            match memchr::memrchr(b'\n', buf) {
                Some(end) => {
                    let all = self.mark.offset + n as u64 == self.complete;
                    let mut done = way.hand_on(&self.mark.base, &buf[..=end], all && waited.is_some(), feed)?;
                    if done == 0 && !all {
                        // The line that follows is too long to belong to them.
                        done = way.hand_on(&self.mark.base, &buf[..=end], true, feed)?;
                    }
                    self.consumed(prints, &buf[..done]);
                    if done <= end && all {
                        self.waits = Some((self.complete, Instant::now()));
                        self.grown = Instant::now();
                        seen = if done > 0 { Seen::More } else { seen };
                        break;
                    }
                }
                None => self.long(file, prints, feed)?,
            }
            seen = Seen::More;
            self.grown = Instant::now();
        }
        self.size = len;
        Ok(seen)
    }

    /// A record that is longer than a chunk.
    fn long(&mut self, file: &File, prints: &Prints, feed: &mut dyn Feed) -> Result<(), Trouble> {
        let mut at = self.mark.offset + CHUNK as u64;
        let mut step = Zeroizing::new(vec![0; STEP]);
        let end = loop {
            let n = file.read_at(&mut step, at)?;
            match memchr::memchr(b'\n', &step[..n]) {
                Some(i) => break at + i as u64 + 1,
                None if n == 0 => break at,
                None => at += n as u64,
            }
        };
        let mut range = Range { file, at: self.mark.offset, end };
        feed.long(&self.mark.base, &mut range)?;
        let mut last = Zeroizing::new(vec![0; REACH]);
        file.read_exact_at(&mut last, end - REACH as u64)?;
        if self.mark.head.is_none() {
            let mut first = Zeroizing::new(vec![0; REACH]);
            file.read_exact_at(&mut first, 0)?;
            self.mark.head = Some(prints.of(0, &first));
        }
        self.mark.offset = end - REACH as u64;
        self.consumed(prints, &last);
        Ok(())
    }

    /// Moves `complete` behind the last line end before `len`.
    fn find_complete(&mut self, file: &File, len: u64) -> io::Result<()> {
        let mut step = Zeroizing::new(vec![0; STEP.min((len - self.searched.min(len)) as usize)]);
        let mut to = len;
        while to > self.searched {
            let n = (to - self.searched).min(STEP as u64);
            let part = &mut step[..n as usize];
            match file.read_exact_at(part, to - n) {
                Ok(()) => {}
                Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
                Err(e) => return Err(e),
            }
            if let Some(i) = memchr::memrchr(b'\n', part) {
                self.complete = to - n + i as u64 + 1;
                break;
            }
            to -= n;
        }
        self.searched = len;
        Ok(())
    }

    /// Notes that `bytes` were handed on.
    fn consumed(&mut self, prints: &Prints, bytes: &[u8]) {
        if self.mark.head.as_ref().is_none_or(|h| usize::from(h.len) < REACH)
            && self.front.len() as u64 == self.mark.offset.min(REACH as u64)
        {
            let room = REACH - self.front.len();
            self.front.extend_from_slice(&bytes[..bytes.len().min(room)]);
            self.mark.head = Some(prints.of(0, &self.front));
        }
        self.mark.offset += bytes.len() as u64;
        let keep = &bytes[bytes.len().saturating_sub(REACH)..];
        let old = (self.last.len() + keep.len()).saturating_sub(REACH).min(self.last.len());
        self.last.drain(..old);
        self.last.extend_from_slice(keep);
        self.mark.tail = Some(prints.of(self.mark.offset - self.last.len() as u64, &self.last));
        self.complete = self.complete.max(self.mark.offset);
        self.searched = self.searched.max(self.mark.offset);
    }

    /// Hands on a last record without a line end, with one.
    pub fn finish(&mut self, way: &Way<'_>, feed: &mut dyn Feed) -> Result<(), Trouble> {
        let prints = way.prints;
        self.mark.done = true;
        let Some(file) = self.file.take() else { return Ok(()) };
        let len = file.metadata()?.len();
        if !self.same(&file, prints)? {
            return Ok(());
        }
        if way.joiner.is_some() {
            self.last_lines(&file, len, way, feed)?;
        }
        if len > self.mark.offset {
            let range = Range { file: &file, at: self.mark.offset, end: len };
            feed.long(&self.mark.base, &mut range.chain(&b"\n"[..]))?;
            let n = (len - self.mark.offset).min(REACH as u64);
            let mut last = Zeroizing::new(vec![0; n as usize]);
            file.read_exact_at(&mut last, len - n)?;
            self.mark.offset = len - n;
            self.consumed(prints, &last);
        }
        Ok(())
    }

    /// Hands on lines that wait for more, and a last one without its end where it is short.
    fn last_lines(&mut self, file: &File, len: u64, way: &Way<'_>, feed: &mut dyn Feed) -> Result<(), Trouble> {
        let end = if len - self.mark.offset <= CHUNK as u64 { len } else { self.complete };
        let n = end.saturating_sub(self.mark.offset);
        if n == 0 {
            return Ok(());
        }
        let mut lines = Zeroizing::new(vec![0; n as usize]);
        file.read_exact_at(&mut lines, self.mark.offset)?;
        way.hand_on(&self.mark.base, &lines, true, feed)?;
        self.consumed(way.prints, &lines);
        Ok(())
    }

    /// Reads a compressed file from the mark on. One that ends early is tried again when it has grown.
    fn unpack(&mut self, file: &File, way: &Way<'_>, buf: &mut Vec<u8>, feed: &mut dyn Feed) -> Result<Seen, Trouble> {
        let prints = way.prints;
        let meta = file.metadata()?;
        if self.mark.done || meta.len() == self.size {
            return Ok(Seen::Idle);
        }
        let (head, input) = codec::peek(Range { file, at: 0, end: meta.len() })?;
        let mut input = codec::decoder(&head, input)?;
        if let (Some(head), Some(tail)) = (&self.mark.head, &self.mark.tail)
            && !prints.leads(&mut input, head, tail)?
        {
            return Ok(Seen::Replaced);
        }
        buf.clear();
        let stop = self.mark.offset + PACKED.max(self.mark.offset / 2);
        loop {
            if self.mark.offset >= stop {
                return Ok(Seen::More);
            }
            let have = buf.len();
            buf.resize(have + STEP, 0);
            let n = input.read(&mut buf[have..]);
            buf.truncate(have + *n.as_ref().unwrap_or(&0));
            let cut = memchr::memrchr(b'\n', buf).map_or(0, |i| i + 1);
            let cut = way.hand_on(&self.mark.base, &buf[..cut], false, feed)?;
            if cut > 0 {
                self.consumed(prints, &buf[..cut]);
                buf.drain(..cut);
            }
            match n {
                Ok(0) => break,
                Ok(_) if buf.len() > LONGEST => {
                    self.size = meta.len();
                    return Err(io::Error::other("a record of more than 16 MiB; unpack the file").into());
                }
                Ok(_) => {}
                Err(e) => {
                    self.size = meta.len();
                    return Err(e.into());
                }
            }
        }
        if !buf.is_empty() {
            match way.joiner {
                Some(_) => drop(way.hand_on(&self.mark.base, buf, true, feed)?),
                None => feed.long(&self.mark.base, &mut buf.chain(&b"\n"[..]))?,
            }
            let all = std::mem::take(buf);
            self.consumed(prints, &all);
        }
        (self.size, self.mark.done) = (meta.len(), true);
        Ok(Seen::More)
    }
}

/// True when a file begins like a compressed one.
fn is_packed(file: &File) -> io::Result<bool> {
    let mut head = [0; 16];
    let n = file.read_at(&mut head, 0)?;
    Ok(Codec::of(&head[..n]) != Codec::Plain)
}

/// A stretch of a file.
struct Range<'a> {
    file: &'a File,
    at: u64,
    end: u64,
}

impl Read for Range<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = out.len().min((self.end - self.at) as usize);
        let n = self.file.read_at(&mut out[..n], self.at)?;
        self.at += n as u64;
        Ok(n)
    }
}
