//! Takes a subject's records out of outputs. What a law still demands is kept apart, under the key of restricted data,
//! until its floor is past.

use super::ledger::{Ledger, LedgerError, Touched};
use super::needles::Needles;
use super::retain::place::{Place, RESTRICTED};
use super::retain::sweep::publish;
use super::retain::tags::{self, Retention};
use super::retain::thin::{Rewriter, codec};
use super::vault::{SUFFIX, Vault};
use crate::output::atomic;
use jiff::civil::Date;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// An erasure under way.
pub struct Erasure<'a> {
    /// Where it is written down.
    pub ledger: &'a Ledger,
    /// Its case.
    pub case: &'a str,
    /// The subject's tokens.
    pub needles: &'a Needles,
    /// Key of restricted data.
    pub vault: Option<&'a Vault>,
    /// The day that counts as today.
    pub at: Date,
}

/// Why a file was left.
#[derive(Debug, thiserror::Error)]
pub enum EraseError {
    /// The file system says no, or the file is of a kind that can't be rewritten.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The ledger says no.
    #[error("{0}")]
    Ledger(#[from] LedgerError),
}

/// Records of a subject that must be kept: by class and the day until which.
type Kept = BTreeMap<(String, Date), Vec<u8>>;

impl Erasure<'_> {
    /// Counts what would become of a file's records.
    ///
    /// # Errors
    /// Those of the file.
    pub fn census(&self, root: &Path, path: &Path) -> io::Result<Touched> {
        let folder = partition(root, path);
        let mut t = Touched { path: shown(path), deleted: 0, restricted: 0 };
        tags::each(path, |record, retention| {
            if self.names(record) {
                match self.floor(folder.as_ref(), retention)? {
                    Some(_) => t.restricted += 1,
                    None => t.deleted += 1,
                }
            }
            Ok(())
        })?;
        Ok(t)
    }

    /// True when a record holds a token of the subject.
    fn names(&self, record: &[u8]) -> bool {
        let mut hit = false;
        self.needles.find(record, |_, _| hit = true);
        hit
    }

    /// Class and last day of a floor that is not past: the folder's, else that of the record's tag.
    fn floor(&self, folder: Option<&Place>, retention: &mut Retention<'_>) -> io::Result<Option<(String, Date)>> {
        let place = match folder {
            Some(p) => Some(p.clone()),
            None => retention.place()?,
        };
        Ok(place.and_then(|p| Some((p.class, p.keep_until.filter(|k| self.at < *k)?))))
    }

    /// Takes the subject's records out of a file; one in which there are none is left alone.
    ///
    /// # Errors
    /// [`EraseError`].
    pub fn file(&self, root: &Path, path: &Path) -> Result<(), EraseError> {
        let counted = self.census(root, path)?;
        if counted.deleted + counted.restricted == 0 {
            return Ok(());
        }
        if unreadable(path)? {
            let why =
                "holds records of the subject, and a file of this kind can't be rewritten: unpack or convert it first";
            return Err(io::Error::new(io::ErrorKind::InvalidData, why).into());
        }
        let folder = partition(root, path);
        // Tags beside the file name places in it, which must stay.
        let side = tags::side_path(path).exists();
        if let Some(dir) = path.parent() {
            atomic::sweep(dir);
        }
        let (mut out, mut kept, mut left) = (Rewriter::new(path, codec(path)?)?, Kept::new(), 0u64);
        tags::each(path, |record, retention| {
            if !self.names(record) {
                left += 1;
                return out.push(record);
            }
            if let Some(floor) = self.floor(folder.as_ref(), retention)? {
                kept.entry(floor).or_default().extend_from_slice(record);
            }
            if side { out.push(&tags::blank(record)) } else { Ok(()) }
        })?;
        self.restrict(root, path, &kept)?;
        self.ledger.touch(self.case, &counted)?;
        if left == 0 && !side {
            drop(out);
            fs::remove_file(path)?;
            path.parent().map_or(Ok(()), atomic::sync_dir)?;
        } else {
            out.publish(path)?;
        }
        Ok(())
    }

    fn restrict(&self, root: &Path, path: &Path, kept: &Kept) -> io::Result<()> {
        for ((class, until), bytes) in kept {
            let vault = self.vault.ok_or_else(|| io::Error::other("no key of restricted data"))?;
            let below = path.strip_prefix(root).unwrap_or(path);
            let name = below.components().filter(|c| !c.as_os_str().to_string_lossy().contains('='));
            let dir = format!("{RESTRICTED}/class={class}/keep_until={until}/delete_after={until}");
            let mut target = root.join(dir).join(name.collect::<PathBuf>()).into_os_string();
            target.push(format!(".{}.{SUFFIX}", self.case));
            let mut sealed = Vec::new();
            vault.seal(&mut &bytes[..], &mut sealed)?;
            publish(Path::new(&target), &sealed)?;
        }
        Ok(())
    }
}

/// The partition that a file below `root` lies in.
fn partition(root: &Path, path: &Path) -> Option<Place> {
    let below = path.strip_prefix(root).ok()?.parent()?;
    Place::of(below)
}

/// A path as reports show it.
pub fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// True for files whose records can't be taken out one by one.
fn unreadable(path: &Path) -> io::Result<bool> {
    let (head, input) = crate::input::codec::peek(fs::File::open(path)?)?;
    let mut inner = vec![0; crate::input::codec::HEAD];
    let mut decoder = crate::input::codec::decoder(&head, input)?;
    let mut len = 0;
    while len < inner.len() {
        match io::Read::read(&mut decoder, &mut inner[len..])? {
            0 => break,
            n => len += n,
        }
    }
    let wide = inner.starts_with(b"\xFF\xFE") || inner.starts_with(b"\xFE\xFF");
    Ok(wide || crate::input::codec::is_tar(&inner[..len]))
}
