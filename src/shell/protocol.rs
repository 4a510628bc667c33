//! The two protocols by which rsyslog talks to a program line by line.
//!
//! `mmexternal`: each message is answered with a JSON object whose `msg` takes its place. `omprog` with
//! `confirmMessages="on"`: `OK` says that the program is ready, and then that a message is written.

use super::args::{FilterArgs, Protocol};
use super::exit::Exit;
use super::live::{Stoppable, stop_flag};
use super::{Failure, setup};
use crate::engine::{Engine, MAX_WINDOW, Worker};
use crate::engine::{Format, TagMode};
use crate::input::{Always, Blocks, Limits, Piece};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::os::fd::AsFd;

/// Longest message; rsyslog sends 8 KiB unless it is told otherwise. A longer one is suppressed.
const LONGEST: u64 = 1 << 20;

/// Talks with rsyslog until it closes the pipe.
pub fn run(args: &FilterArgs, protocol: Protocol, tag: TagMode) -> Result<Exit, Failure> {
    let failed = |e: io::Error| (Exit::Io, format!("output: {e}"));
    let usage = |text: &str| Err((Exit::Usage, text.to_string()));
    if !args.files.is_empty() {
        return usage("--protocol reads what rsyslog sends; name no files");
    }
    let file = match (protocol, &args.output) {
        (Protocol::RsyslogOmprog, Some(path)) => {
            Some(OpenOptions::new().append(true).create(true).open(path).map_err(failed)?)
        }
        (Protocol::RsyslogOmprog, None) => {
            return usage("--protocol rsyslog-omprog answers on standard output; name a file by -o FILE");
        }
        (Protocol::RsyslogMmexternal, None) => None,
        (Protocol::RsyslogMmexternal, Some(_)) => {
            return usage("--protocol rsyslog-mmexternal gives messages back to rsyslog; leave out -o");
        }
    };
    let stop = stop_flag().map_err(|e| (Exit::Io, format!("signals: {e}")))?;
    let engine = setup::engine(&args.policy, tag)?;
    let format = setup::format(&engine, &args.format)?;
    let stdin = io::stdin().as_fd().try_clone_to_owned().map_err(|e| (Exit::Io, format!("stdin: {e}")))?;
    let input = BufReader::with_capacity(64 << 10, Stoppable::new(File::from(stdin), stop, true));
    let mut talk = Talk { worker: engine.worker(), line: Vec::new(), clean: Vec::new(), out: io::stdout(), file };
    match talk.run(&engine, format, input) {
        Ok(exit) => Ok(exit),
        Err(e) if e.kind() == ErrorKind::BrokenPipe => Ok(Exit::Clean),
        Err(e) => Err(failed(e)),
    }
}

struct Talk<'e> {
    worker: Worker<'e>,
    line: Vec<u8>,
    clean: Vec<u8>,
    out: io::Stdout,
    /// Where messages go; without it they go back.
    file: Option<File>,
}

impl Talk<'_> {
    fn run(&mut self, engine: &Engine, format: Option<Format>, mut input: impl BufRead) -> io::Result<Exit> {
        let mut sniffer = engine.sniffer(format);
        let mut exit = Exit::Clean;
        if self.file.is_some() {
            self.say(b"OK\n")?;
        }
        loop {
            self.line.clear();
            self.clean.clear();
            let n = (&mut input).take(LONGEST).read_until(b'\n', &mut self.line)?;
            if n == 0 {
                return Ok(exit);
            }
            if n as u64 == LONGEST && !self.line.ends_with(b"\n") {
                skip_line(&mut input)?;
                exit = Exit::Suppressed;
            } else {
                let format = sniffer.look(&self.line);
                self.worker.set_format(format);
                self.rewrite()?;
            }
            self.answer()?;
        }
    }

    fn rewrite(&mut self) -> io::Result<()> {
        let limits = Limits { block: MAX_WINDOW, window: MAX_WINDOW, read: MAX_WINDOW / 2 };
        let mut blocks = Blocks::new(&self.line[..], limits);
        loop {
            let piece = blocks.next(&Always)?;
            if piece == Piece::End {
                return Ok(());
            }
            let clean = self.worker.rewrite(blocks.block(piece));
            self.clean.extend_from_slice(clean.bytes());
            let consumed = clean.consumed();
            blocks.consumed(piece, consumed);
        }
    }

    fn answer(&mut self) -> io::Result<()> {
        match &mut self.file {
            Some(file) => {
                if !self.clean.ends_with(b"\n") {
                    self.clean.push(b'\n');
                }
                match file.write_all(&self.clean) {
                    Ok(()) => self.say(b"OK\n"),
                    // Anything but OK makes rsyslog send the message again later.
                    Err(e) => self.say(format!("not written: {e}\n").as_bytes()),
                }
            }
            None => {
                let text = self.clean.strip_suffix(b"\n").unwrap_or(&self.clean);
                let mut answer = b"{\"msg\":\"".to_vec();
                escape(text, &mut answer);
                answer.extend_from_slice(b"\"}\n");
                self.say(&answer)
            }
        }
    }

    fn say(&mut self, text: &[u8]) -> io::Result<()> {
        self.out.write_all(text)?;
        self.out.flush()
    }
}

fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let have = input.fill_buf()?;
        let (n, end) = match memchr::memchr(b'\n', have) {
            Some(i) => (i + 1, true),
            None => (have.len(), have.is_empty()),
        };
        input.consume(n);
        if end {
            return Ok(());
        }
    }
}

/// Writes bytes as the inside of a JSON string. Bytes that are no UTF-8 stay as they are: rsyslog takes them.
fn escape(text: &[u8], out: &mut Vec<u8>) {
    for &b in text {
        match b {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', b]),
            0..0x20 => out.extend_from_slice(format!("\\u{b:04x}").as_bytes()),
            _ => out.push(b),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_strings() {
        let mut out = Vec::new();
        escape(b"a\"b\\c\x01\t\xFF\xE5\xBC\xA0", &mut out);
        assert_eq!(out, b"a\\\"b\\\\c\\u0001\\u0009\xFF\xE5\xBC\xA0");
    }
}
