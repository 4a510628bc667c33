//! What this binary does when the harness starts it again as another process.

use super::generate::{Kind, Lines};
use super::peers::{Control, Copy, Peer, Validated};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

/// Bytes that one read asks for, as `logveil filter` does.
const READ: usize = 128 << 10;
/// Whole lines are handled in blocks of about this size, as in `logveil filter`.
const BLOCK: usize = logveil::engine::MAX_BLOCK;

/// A part in a measurement.
#[derive(clap::Subcommand)]
pub enum Role {
    /// A peer: filters a file, or standard input.
    #[command(hide = true)]
    Peer { name: Name, file: Option<PathBuf> },
    /// Writes a generated log.
    #[command(hide = true)]
    Generate { kind: Kind, bytes: u64 },
    /// Writes a unit again and again, a line feed after each `line` bytes, or none.
    #[command(hide = true)]
    Repeat {
        #[arg(allow_hyphen_values = true)]
        unit: String,
        bytes: u64,
        line: Option<usize>,
    },
    /// Writes a file.
    #[command(hide = true)]
    Pour { file: PathBuf },
    /// Reads to the end.
    #[command(hide = true)]
    Drain,
}

/// Peers by name.
#[derive(Clone, Copy, clap::ValueEnum)]
pub enum Name {
    Copy,
    Control,
    Validated,
}

/// Plays a part. A filter says on standard error how much it found.
pub fn play(role: &Role) -> io::Result<()> {
    let mut out = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    match role {
        Role::Peer { name, file } => {
            let mut peer: Box<dyn Peer> = match name {
                Name::Copy => Box::new(Copy),
                Name::Control => Box::new(Control::new()),
                Name::Validated => Box::new(Validated::new()),
            };
            let found = filter(&mut open(file.as_deref())?, peer.as_mut(), &mut out)?;
            eprintln!("{{\"findings\":{found}}}");
            Ok(())
        }
        Role::Generate { kind, bytes } => generate(*kind, *bytes, &mut out),
        Role::Repeat { unit, bytes, line } => repeat(unit.as_bytes(), *bytes, *line, &mut out),
        Role::Pour { file } => {
            let mut buf = vec![0; READ];
            let mut file = File::open(file)?;
            loop {
                match file.read(&mut buf)? {
                    0 => return Ok(()),
                    n => out.write_all(&buf[..n])?,
                }
            }
        }
        Role::Drain => {
            let (mut input, mut buf) = (open(None)?, vec![0; READ]);
            while input.read(&mut buf)? > 0 {}
            Ok(())
        }
    }
}

/// Standard input comes without the standard library's buffer.
fn open(file: Option<&Path>) -> io::Result<File> {
    match file {
        Some(path) => File::open(path),
        None => Ok(File::from(io::stdin().as_fd().try_clone_to_owned()?)),
    }
}

fn filter(input: &mut File, peer: &mut dyn Peer, out: &mut File) -> io::Result<u64> {
    let mut buf = vec![0; 2 * READ];
    let mut made = Vec::new();
    let (mut held, mut found) = (0, 0);
    loop {
        if held + READ > buf.len() {
            buf.resize(2 * buf.len(), 0);
        }
        let n = input.read(&mut buf[held..held + READ])?;
        let end = held + n;
        let whole = if n == 0 { end } else { memchr::memrchr(b'\n', &buf[..end]).map_or(0, |i| i + 1) };
        let mut at = 0;
        while at < whole {
            let near = whole.min(at + BLOCK);
            let cut = memchr::memrchr(b'\n', &buf[at..near]).map_or(whole, |i| at + i + 1);
            made.clear();
            found += peer.replace(&buf[at..cut], &mut made);
            out.write_all(&made)?;
            at = cut;
        }
        if n == 0 {
            return Ok(found);
        }
        buf.copy_within(whole..end, 0);
        held = end - whole;
    }
}

/// Writes whole lines until there are `size` bytes.
fn generate(kind: Kind, size: u64, to: &mut dyn Write) -> io::Result<()> {
    let mut lines = Lines::new(kind);
    let mut block = Vec::new();
    let mut written = 0;
    while written < size {
        block.clear();
        while block.len() < 256 << 10 && written + (block.len() as u64) < size {
            lines.push(&mut block);
        }
        to.write_all(&block)?;
        written += block.len() as u64;
    }
    Ok(())
}

/// Writes units, and a line feed after each `line` bytes.
fn repeat(unit: &[u8], bytes: u64, line: Option<usize>, out: &mut dyn Write) -> io::Result<()> {
    // A block ends where a unit and a line end.
    let body = line.unwrap_or(64 << 10) / unit.len() * unit.len();
    let mut one = unit.repeat(body / unit.len());
    if line.is_some() {
        one.push(b'\n');
    }
    let block = one.repeat((256 << 10) / one.len() + 1);
    let mut left = bytes;
    while left > 0 {
        let n = left.min(block.len() as u64);
        out.write_all(&block[..n as usize])?;
        left -= n;
    }
    Ok(())
}
