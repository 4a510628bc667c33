//! The files that one input becomes: mirrored, partitioned, or members of an archive.

use super::atomic::{AtomicFile, Attributes};
use super::pack::{Packed, Packer};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// Most partitions of one input: each has a file open.
const PARTITIONS: usize = 200;

/// Takes packed blocks in order.
pub trait Take {
    /// Takes the next blocks.
    ///
    /// # Errors
    /// Those of where they go.
    fn take(&mut self, packed: &Packed) -> io::Result<()>;
}

/// Counts nothing, keeps nothing: for runs that only say what would happen.
pub struct Discard;

impl Take for Discard {
    fn take(&mut self, _: &Packed) -> io::Result<()> {
        Ok(())
    }
}

/// A file that was written and is not published yet.
#[derive(Debug, Clone)]
pub struct Written {
    /// Its path below the root.
    pub path: PathBuf,
    /// Bytes.
    pub bytes: u64,
    /// SHA-256 in hex.
    pub sha256: String,
}

struct Hashed {
    file: AtomicFile,
    path: PathBuf,
    sha: Sha256,
    bytes: u64,
}

impl Hashed {
    fn new(root: &Path, path: PathBuf) -> io::Result<Hashed> {
        Ok(Hashed { file: AtomicFile::new(&root.join(&path))?, path, sha: Sha256::new(), bytes: 0 })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sha.update(bytes);
        self.bytes += bytes.len() as u64;
        self.file.write_all(bytes)
    }
}

/// The outputs of one input below a root folder. None appears before [`Tree::publish`].
pub struct Tree {
    root: PathBuf,
    path: PathBuf,
    files: BTreeMap<String, Hashed>,
    tags: Option<Hashed>,
    written: u64,
}

impl Tree {
    /// Outputs at `path` below `root`; `tags` asks for a side file of tags.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn new(root: &Path, path: &Path, tags: bool) -> io::Result<Tree> {
        let mut side = path.as_os_str().to_owned();
        side.push(".tags.jsonl");
        let tags = tags.then(|| Hashed::new(root, side.into())).transpose()?;
        Ok(Tree { root: root.into(), path: path.into(), files: BTreeMap::new(), tags, written: 0 })
    }

    fn file(&mut self, partition: &str) -> io::Result<&mut Hashed> {
        if !self.files.contains_key(partition) {
            if self.files.len() >= PARTITIONS {
                let text = format!("more than {PARTITIONS} retention dates in one file; use --tag inline or manifest");
                return Err(io::Error::other(text));
            }
            let file = Hashed::new(&self.root, Path::new(partition).join(&self.path))?;
            self.files.insert(partition.into(), file);
        }
        self.files.get_mut(partition).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Writes bytes that are no records: an empty file in its compression.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn end(&mut self, packer: &mut Packer, partitions: bool) -> io::Result<()> {
        if self.files.is_empty() && !partitions {
            let empty = packer.empty()?;
            self.file("")?.write(&empty)?;
        }
        Ok(())
    }

    /// Gives all files their attributes and syncs them; says what they are.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn settle(&mut self, attributes: Option<&Attributes<'_>>) -> io::Result<Vec<Written>> {
        let all = self.files.values_mut().chain(&mut self.tags);
        all.map(|f| {
            f.file.settle(attributes)?;
            let sha256 = HEXLOWER.encode(&f.sha.clone().finalize());
            Ok(Written { path: f.path.clone(), bytes: f.bytes, sha256 })
        })
        .collect()
    }

    /// Puts all files at their places; says which folders changed.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn publish(self) -> io::Result<Vec<PathBuf>> {
        let mut dirs = Vec::new();
        for f in self.files.into_values().chain(self.tags) {
            dirs.extend(f.file.target().parent().map(Path::to_path_buf));
            f.file.publish()?;
        }
        Ok(dirs)
    }

    /// Sends the outputs to the same paths below another root.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn redirect(&mut self, root: &Path) -> io::Result<()> {
        for f in self.files.values_mut().chain(&mut self.tags) {
            f.file.redirect(&root.join(&f.path))?;
        }
        self.root = root.into();
        Ok(())
    }
}

impl Take for Tree {
    fn take(&mut self, packed: &Packed) -> io::Result<()> {
        for (partition, bytes) in packed.sections() {
            self.file(partition)?.write(bytes)?;
        }
        if let Some(side) = &mut self.tags {
            let mut text = Vec::new();
            for (at, tag) in packed.tags() {
                write!(text, "{{\"offset\":{},\"tag\":", self.written + at as u64)?;
                text.extend_from_slice(tag);
                text.extend_from_slice(b"}\n");
            }
            side.write(&text)?;
        }
        self.written += packed.len() as u64;
        Ok(())
    }
}

/// The body of an archive's member, until its size is known.
pub struct Spool {
    file: tempfile::SpooledTempFile,
    bytes: u64,
}

/// Bodies up to this size stay in memory.
const IN_MEMORY: usize = 1 << 20;

impl Spool {
    /// An empty body; large ones go to an unnamed file in `dir`.
    pub fn new(dir: &Path) -> Spool {
        Spool { file: tempfile::spooled_tempfile_in(IN_MEMORY, dir), bytes: 0 }
    }

    /// An empty compressed body.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn end(&mut self, packer: &mut Packer) -> io::Result<()> {
        if self.bytes == 0 {
            let empty = packer.empty()?;
            self.bytes = empty.len() as u64;
            self.file.write_all(&empty)?;
        }
        Ok(())
    }
}

impl Take for Spool {
    fn take(&mut self, packed: &Packed) -> io::Result<()> {
        for (_, bytes) in packed.sections() {
            self.bytes += bytes.len() as u64;
            self.file.write_all(bytes)?;
        }
        Ok(())
    }
}

/// A tar archive on its way through a packer.
pub struct TarTree<'t> {
    builder: tar::Builder<Members<'t>>,
}

/// Bytes of a tar stream, cut into members.
struct Members<'t> {
    packed: Packed,
    packer: &'t mut Packer,
    sink: &'t mut dyn Take,
}

/// Bytes of an archive that are compressed at once.
const MEMBER: usize = 1 << 20;

impl Write for Members<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = bytes.len().min(MEMBER - self.packed.len());
        self.packed.push_archive(&bytes[..n]);
        if self.packed.len() == MEMBER {
            self.flush()?;
        }
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.packer.seal(&mut self.packed)?;
        self.sink.take(&self.packed)?;
        self.packed.clear();
        Ok(())
    }
}

impl<'t> TarTree<'t> {
    /// Begins an archive that goes to `sink`.
    pub fn new(sink: &'t mut dyn Take, packer: &'t mut Packer) -> TarTree<'t> {
        TarTree { builder: tar::Builder::new(Members { packed: Packed::default(), packer, sink }) }
    }

    /// Appends a member with a body.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn member(&mut self, mut header: tar::Header, name: &Path, mut body: Spool) -> io::Result<()> {
        header.set_size(body.bytes);
        body.file.rewind()?;
        self.builder.append_data(&mut header, name, (&mut body.file).take(body.bytes))
    }

    /// Appends a folder, a link or a device.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn bare(&mut self, mut header: tar::Header, name: &Path, link: Option<&Path>) -> io::Result<()> {
        header.set_size(0);
        match link {
            Some(to) => self.builder.append_link(&mut header, name, to),
            None => self.builder.append_data(&mut header, name, io::empty()),
        }
    }

    /// Appends what a member says of itself beyond its header.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn extensions(&mut self, pairs: &[(String, Vec<u8>)]) -> io::Result<()> {
        match pairs.is_empty() {
            true => Ok(()),
            false => self.builder.append_pax_extensions(pairs.iter().map(|(k, v)| (k.as_str(), &v[..]))),
        }
    }

    /// Ends the archive.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn finish(self) -> io::Result<()> {
        self.builder.into_inner()?.flush()
    }
}
