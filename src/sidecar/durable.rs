//! What the disk vouches for.

use std::fs::File;
use std::io;

/// Status with which the daemon ends when a disk has lost what was written: `EX_IOERR` of sysexits.h.
const LOST: i32 = 74;

/// Waits until the disk has what was written to `file`.
///
/// Linux tells of an error of the device once and drops the pages that it could not write, so that the next call would vouch
/// for bytes that are nowhere. The daemon ends instead: the next start cuts the outputs back to the last commit and writes
/// them again.
///
/// # Errors
/// Other errors, after which the bytes are still there to be written, such as a full disk.
pub fn sync(file: &File) -> io::Result<()> {
    let done = file.sync_data();
    if done.as_ref().is_err_and(|e| e.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error())) {
        tracing::error!(
            "the disk has lost records that were just written: the daemon ends, its next start writes them again"
        );
        std::process::exit(LOST);
    }
    done
}
