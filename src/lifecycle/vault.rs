//! Files under another key: what may be kept but not used. AES-256-SIV (RFC 5297) in pieces of 64 KiB; number and end of
//! each piece are authenticated, so pieces can't be dropped, moved or cut off.

use crate::keys::MasterKey;
use crate::output::atomic::{AtomicFile, Attributes, sync_dir};
use aes::Aes256;
use aes_siv::KeyInit;
use aes_siv::siv::CmacSiv;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;
use zeroize::Zeroizing;

/// First bytes of a sealed file; the id of its key follows.
const MAGIC: &[u8; 8] = b"LVSEAL1\n";
/// Bytes of a piece before it is sealed.
const PIECE: usize = 64 << 10;
/// Bytes that sealing adds to a piece.
const TAG: usize = 16;
/// Ending of sealed files.
pub const SUFFIX: &str = "sealed";

/// A key of a vault.
pub struct Vault {
    kid: String,
    key: Zeroizing<[u8; 64]>,
}

/// Reads until the buffer is full or the stream ends.
fn fill(from: &mut impl Read, buf: &mut [u8]) -> io::Result<usize> {
    let mut len = 0;
    while len < buf.len() {
        match from.read(&mut buf[len..]) {
            Ok(0) => break,
            Ok(n) => len += n,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(len)
}

impl Vault {
    /// The vault of a key.
    pub fn new(key: &MasterKey) -> Vault {
        let mut out = Zeroizing::new([0; 64]);
        key.expand(b"vault\0file\0\0", &mut out[..]);
        Vault { kid: key.kid().into(), key: out }
    }

    fn cipher(&self) -> CmacSiv<Aes256> {
        CmacSiv::<Aes256>::new_from_slice(&self.key[..]).expect("64 bytes are a key")
    }

    /// Seals a stream.
    ///
    /// # Errors
    /// Those of the streams.
    pub fn seal(&self, from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
        to.write_all(MAGIC)?;
        to.write_all(self.kid.as_bytes())?;
        let mut cipher = self.cipher();
        // A piece is the last one when the next one is empty.
        let (mut piece, mut next) = (vec![0; PIECE], vec![0; PIECE]);
        let mut len = fill(from, &mut piece)?;
        for n in 0u64.. {
            let more = if len == PIECE { fill(from, &mut next)? } else { 0 };
            let last = more == 0;
            let sealed = cipher.encrypt([&n.to_be_bytes()[..], &[u8::from(last)]], &piece[..len]);
            to.write_all(&sealed.map_err(|_| io::Error::other("a piece can't be sealed"))?)?;
            if last {
                break;
            }
            std::mem::swap(&mut piece, &mut next);
            len = more;
        }
        Ok(())
    }

    /// Opens a sealed stream.
    ///
    /// # Errors
    /// Those of the streams; [`ErrorKind::InvalidData`] when it was changed, cut or sealed under another key.
    pub fn open(&self, from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
        let bad = |why: &str| io::Error::new(ErrorKind::InvalidData, why);
        let mut head = [0; 16];
        if fill(from, &mut head)? < 16 || head[..8] != *MAGIC {
            return Err(bad("not a sealed file"));
        }
        if head[8..] != *self.kid.as_bytes() {
            let kid = String::from_utf8_lossy(&head[8..]).into_owned();
            return Err(bad(&format!("sealed under the key {kid}, which is not this vault's")));
        }
        let mut cipher = self.cipher();
        let (mut piece, mut next) = (vec![0; PIECE + TAG], vec![0; PIECE + TAG]);
        let mut len = fill(from, &mut piece)?;
        for n in 0u64.. {
            let more = if len == PIECE + TAG { fill(from, &mut next)? } else { 0 };
            let last = more == 0;
            let open = cipher.decrypt([&n.to_be_bytes()[..], &[u8::from(last)]], &piece[..len]);
            let open = Zeroizing::new(open.map_err(|_| bad("changed or cut off: nothing more is written"))?);
            to.write_all(&open)?;
            if last {
                break;
            }
            std::mem::swap(&mut piece, &mut next);
            len = more;
        }
        Ok(())
    }

    /// Seals a file to `target`, which appears whole or not at all.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn seal_file(&self, source: &Path, target: &Path) -> io::Result<()> {
        let mut file = AtomicFile::new(target)?;
        let mut out = io::BufWriter::with_capacity(1 << 17, &mut file);
        self.seal(&mut File::open(source)?, &mut out)?;
        out.flush()?;
        drop(out);
        let of = fs::metadata(source)?;
        file.settle(Some(&Attributes { of: &of, owner: false }))?;
        file.publish()?;
        target.parent().map_or(Ok(()), sync_dir)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_can_be_neither_moved_nor_cut() {
        let vault = Vault::new(&MasterKey::from_bytes(&[3; 32], "k").unwrap());
        let other = Vault::new(&MasterKey::from_bytes(&[4; 32], "k").unwrap());
        for len in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE] {
            let plain: Vec<u8> = (0..len).map(|i| (i * 31 % 251) as u8).collect();
            let mut sealed = Vec::new();
            vault.seal(&mut &plain[..], &mut sealed).unwrap();
            let open = |v: &Vault, bytes: &[u8]| {
                let mut out = Vec::new();
                v.open(&mut &bytes[..], &mut out).map(|()| out)
            };
            assert_eq!(open(&vault, &sealed).unwrap(), plain, "{len}");
            assert!(open(&other, &sealed).unwrap_err().to_string().contains("not this vault's"));
            assert!(open(&vault, &sealed[..sealed.len() - 1]).is_err());
            if len == 3 * PIECE {
                assert!(open(&vault, &sealed[..16 + 2 * (PIECE + TAG)]).is_err(), "cut at a piece");
                let mut moved = sealed.clone();
                moved[16..].rotate_left(PIECE + TAG);
                assert!(open(&vault, &moved).is_err());
            }
        }
    }
}
