//! Archives of files: each member goes through as a file of its own would.

use super::plan::Names;
use super::pool::Hand;
use super::stream::{Failed, Problem, Streams, Sum, damage, output, readable};
use crate::input::codec::{Capped, Caps, Codec, Tolerant, decoder, is_tar, peek};
use crate::output::pack::{Packer, Packing};
use crate::output::{Spool, Take, TarTree};
use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// One archive on its way.
pub struct Archive<'a, 'p, 'e> {
    /// What every stream needs.
    pub streams: &'a Streams<'p, 'e>,
    /// Names of members are outputs as well.
    pub names: &'a mut Names<'e>,
    /// The first error of the archive's own stream.
    pub failed: &'a Failed,
    /// Caps of compressed members.
    pub caps: Caps,
    /// Folder for bodies that don't fit in memory.
    pub spool: &'a Path,
    /// Level of each compression.
    pub level: &'a dyn Fn(Codec) -> u32,
}

impl Archive<'_, '_, '_> {
    /// Copies an archive member by member into `sink`.
    ///
    /// # Errors
    /// A [`Problem`]; members before it were written.
    pub fn run(
        &mut self,
        input: impl Read,
        packer: &mut Packer,
        hand: &mut Hand<'_>,
        sink: &mut dyn Take,
        sum: &mut Sum,
    ) -> Result<(), Problem> {
        let mut input = Tolerant::new(input, self.failed.clone());
        let mut out = TarTree::new(sink, packer);
        let mut worst = None;
        {
            let mut archive = tar::Archive::new(&mut input);
            for entry in archive.entries().map_err(|e| Problem::Quarantine(damage(&e)))? {
                let entry = match entry {
                    Ok(e) => e,
                    Err(e) => {
                        worst = Some(damage(self.failed.borrow().as_ref().unwrap_or(&e)));
                        break;
                    }
                };
                match self.member(entry, &mut out, hand, sum) {
                    Ok(()) => {}
                    Err(Problem::Refuse(why)) if why.starts_with("output: ") => return Err(Problem::Refuse(why)),
                    // The archive goes on without this member, and the whole of it to the quarantine.
                    Err(Problem::Refuse(why) | Problem::Quarantine(why)) => worst = worst.or(Some(why)),
                    Err(stop) => return Err(stop),
                }
            }
        }
        out.finish().map_err(output)?;
        // What stands behind the end is read, so that the fingerprint is that of the whole file.
        let _ = io::copy(&mut input, &mut io::sink());
        let failed = self.failed.borrow().as_ref().map(damage);
        match failed.or(worst) {
            Some(why) => Err(Problem::Quarantine(why)),
            None => Ok(()),
        }
    }

    fn member<R: Read>(
        &mut self,
        mut entry: tar::Entry<'_, R>,
        out: &mut TarTree<'_>,
        hand: &mut Hand<'_>,
        sum: &mut Sum,
    ) -> Result<(), Problem> {
        let bad = |e: io::Error| Problem::Quarantine(damage(&e));
        let raw = PathBuf::from(entry.path().map_err(bad)?);
        let (shown, name) = (self.names.shown(&raw), relative(&self.names.path(&raw)));
        let link = entry.link_name().map_err(bad)?.map(|l| self.names.path(&l));
        let pairs = self.extensions(&mut entry).map_err(bad)?;
        let header = entry.header().clone();
        let kind = header.entry_type();
        if kind.is_gnu_sparse() {
            return Err(Problem::Refuse(format!("member {shown} is sparse: pack it again without --sparse")));
        }
        out.extensions(&pairs).map_err(output)?;
        if !kind.is_file() && !kind.is_contiguous() {
            return out.bare(header, &name, link.as_deref()).map_err(output);
        }
        let size = entry.size();
        let mut spool = Spool::new(self.spool);
        let read = Rc::new(Cell::new(0));
        let counted = Counted(&mut entry, read.clone());
        let in_member = |p| match p {
            Problem::Refuse(why) if !why.starts_with("output: ") => Problem::Refuse(format!("member {shown} {why}")),
            Problem::Quarantine(why) => Problem::Quarantine(format!("member {shown} {why}")),
            other => other,
        };
        self.body(counted, &read, &mut spool, hand, sum).map_err(in_member)?;
        if read.get() < size {
            return Err(Problem::Quarantine(format!("member {shown} ends early: fetch the archive again")));
        }
        out.member(header, &name, spool).map_err(output)
    }

    /// Extended header members other than those that follow from the new name and size.
    fn extensions<R: Read>(&mut self, entry: &mut tar::Entry<'_, R>) -> io::Result<Vec<(String, Vec<u8>)>> {
        let mut pairs = Vec::new();
        for x in entry.pax_extensions()?.into_iter().flatten() {
            let x = x?;
            let Ok(key) = x.key() else { continue };
            if !matches!(key, "path" | "linkpath" | "size") {
                let value = self.names.text(x.value_bytes());
                pairs.push((key.to_owned(), value));
            }
        }
        Ok(pairs)
    }

    fn body(
        &mut self,
        body: impl Read,
        read: &Rc<Cell<u64>>,
        spool: &mut Spool,
        hand: &mut Hand<'_>,
        sum: &mut Sum,
    ) -> Result<(), Problem> {
        let (head, body) = peek(body).map_err(|e| Problem::Quarantine(damage(&e)))?;
        readable(&head)?;
        if is_tar(&head) {
            return Err(Problem::Refuse("is an archive in an archive: unpack the outer one first".into()));
        }
        let codec = Codec::of(&head);
        let packing = Packing { codec, level: (self.level)(codec), partitions: None };
        let failed = Failed::default();
        if codec == Codec::Plain {
            self.streams.run(body, &failed, packing, hand, spool, sum)?;
        } else {
            let inner = unpacked(&head, body, self.caps, read, &failed)?;
            self.streams.run(inner, &failed, packing, hand, spool, sum)?;
            spool.end(hand.packer(packing).map_err(output)?).map_err(output)?;
        }
        Ok(())
    }
}

/// The records inside a compressed stream.
///
/// # Errors
/// [`Problem::Refuse`] for streams that hold no records.
pub fn unpacked<'r>(
    head: &[u8],
    input: impl BufRead + 'r,
    caps: Caps,
    read: &Rc<Cell<u64>>,
    failed: &Failed,
) -> Result<Box<dyn BufRead + 'r>, Problem> {
    let decoder = decoder(head, input).map_err(|e| Problem::Refuse(format!("can't be decompressed: {e}")))?;
    let inner = Tolerant::new(Capped::new(decoder, caps, read.clone()), failed.clone());
    let (head, inner) = peek(inner).map_err(|e| Problem::Quarantine(damage(&e)))?;
    readable(&head)?;
    if Codec::of(&head) != Codec::Plain {
        return Err(Problem::Refuse("is compressed twice: undo one layer first".into()));
    }
    Ok(Box::new(inner))
}

struct Counted<R>(R, Rc<Cell<u64>>);

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.0.read(out)?;
        self.1.set(self.1.get() + n as u64);
        Ok(n)
    }
}

/// A member's name below the folder it is unpacked in.
fn relative(p: &Path) -> PathBuf {
    use std::path::Component;
    p.components().filter(|c| matches!(c, Component::Normal(_) | Component::CurDir)).collect()
}
