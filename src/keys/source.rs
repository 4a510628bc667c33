//! Key files.

use super::{KeyError, MasterKey};
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use zeroize::Zeroizing;

/// Largest file that can be a key.
const MAX: usize = 256;

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
    let mut buf = Zeroizing::new(vec![0; MAX]);
    let mut len = 0;
    while len < MAX {
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
    use std::os::unix::fs::OpenOptionsExt;
    let io = |source: std::io::Error| KeyError::Io { path: path.display().to_string(), source };
    let key = MasterKey::ephemeral();
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(io)?;
    let text = Zeroizing::new(data_encoding::HEXLOWER.encode(&key.bytes[..]) + "\n");
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(io)?;
    Ok(key.kid().to_owned())
}
