//! Key files.

use super::{KeyError, Keyring, MasterKey};
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use zeroize::Zeroizing;

/// Largest file that can be a key.
const MAX: usize = 1 << 20;

/// Reads a key file that is plain and closed to others.
pub fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    use rustix::fs::{Mode, OFlags, open};
    let name = path.display().to_string();
    let io = |source: std::io::Error| KeyError::Io { path: name.clone(), source };
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let fd = match open(path, flags, Mode::empty()) {
        Ok(fd) => fd,
        Err(rustix::io::Errno::LOOP) => return Err(KeyError::NotPlain(name)),
        Err(e) => return Err(io(e.into())),
    };
    let mut file = File::from(fd);
    let meta = file.metadata().map_err(io)?;
    if !meta.is_file() {
        return Err(KeyError::NotPlain(name));
    }
    use std::os::unix::fs::MetadataExt;
    if meta.mode() & 0o077 != 0 {
        return Err(KeyError::Mode(name));
    }
    let mut buf = Zeroizing::new(vec![0; meta.len().clamp(1, MAX as u64) as usize + 1]);
    let mut len = 0;
    while len < buf.len() {
        match file.read(&mut buf[len..]).map_err(io)? {
            0 => break,
            n => len += n,
        }
    }
    buf.truncate(len);
    Ok(buf)
}

/// Writes a new random key in hex to a file that must not exist yet, readable by its owner only; returns its id.
///
/// # Errors
/// [`KeyError::Io`] when the file exists or can't be written.
pub fn write_new(path: &Path) -> Result<String, KeyError> {
    let io = |source: std::io::Error| KeyError::Io { path: path.display().to_string(), source };
    let key = MasterKey::ephemeral();
    let text = Zeroizing::new(data_encoding::HEXLOWER.encode(&key.bytes[..]) + "\n");
    create(path, text.as_bytes()).map_err(io)?;
    Ok(key.kid().to_owned())
}

/// Writes a key ring to a file that must not exist yet, readable by its owner only.
///
/// # Errors
/// [`KeyError::Io`] when the file exists or can't be written.
pub fn write_ring(path: &Path, ring: &Keyring) -> Result<(), KeyError> {
    create(path, ring.text().as_bytes()).map_err(|source| KeyError::Io { path: path.display().to_string(), source })
}

/// Replaces a key ring: the new one is complete on disk before the old one is overwritten and unlinked. Copies that
/// a file system, a disk or a backup keeps are beyond reach.
///
/// # Errors
/// [`KeyError::Io`].
pub fn replace_ring(path: &Path, ring: &Keyring) -> Result<(), KeyError> {
    let io = |source: std::io::Error| KeyError::Io { path: path.display().to_string(), source };
    let (new, old) = (path.with_extension("new"), path.with_extension("old"));
    create(&new, ring.text().as_bytes()).map_err(io)?;
    std::fs::hard_link(path, &old).map_err(io)?;
    std::fs::rename(&new, path).map_err(io)?;
    let wipe = || {
        let mut file = std::fs::OpenOptions::new().write(true).open(&old)?;
        let len = file.metadata()?.len();
        std::io::copy(&mut std::io::repeat(0).take(len), &mut file)?;
        file.sync_all()
    };
    wipe().and_then(|()| std::fs::remove_file(&old)).map_err(io)?;
    let dir = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(dir).and_then(|d| d.sync_all()).map_err(io)
}

fn create(path: &Path, text: &[u8]) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text)?;
    file.sync_all()
}
