//! How records reach a daemon and where they are met again.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The way into a daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A file that grows.
    File,
    /// Syslog, a datagram each.
    Udp,
    /// Syslog, lines.
    Tcp,
    /// NDJSON in, NDJSON out.
    Http,
}

/// Header of each syslog message, as nginx writes it.
const HEADER: &[u8] = b"<190>Nov 28 10:11:45 web nginx: ";
/// Bytes that may wait in the receive buffer of a datagram socket.
const WAITING: u64 = 2 << 20;
/// Datagrams between two looks at it: the kernel's table is long.
const LOOKS: u64 = 1024;
/// Bytes of a request.
const BODY: usize = 256 << 10;
/// Clients of HTTP.
const CLIENTS: usize = 4;

/// A port of the loopback that is free now.
pub fn port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port").port()
}

/// Where records go in: whole lines.
pub enum Feeder {
    File(File),
    Udp { socket: UdpSocket, to: u16, sent: u64 },
    Tcp(TcpStream),
    Http(u16),
}

impl Feeder {
    /// Opens the way; a daemon listens at `port`, or follows `path`.
    pub fn open(way: Way, path: &Path, port: u16) -> io::Result<Feeder> {
        Ok(match way {
            Way::File => Feeder::File(File::options().append(true).create(true).open(path)?),
            Way::Udp => {
                let socket = UdpSocket::bind("127.0.0.1:0")?;
                socket.connect(("127.0.0.1", port))?;
                Feeder::Udp { socket, to: port, sent: 0 }
            }
            Way::Tcp => {
                let stream = TcpStream::connect(("127.0.0.1", port))?;
                stream.set_nodelay(true)?;
                Feeder::Tcp(stream)
            }
            Way::Http => Feeder::Http(port),
        })
    }

    /// Sends whole lines; waits as long as the daemon makes it wait.
    pub fn send(&mut self, lines: &[u8]) -> io::Result<()> {
        match self {
            Feeder::File(file) => file.write_all(lines),
            Feeder::Tcp(stream) => {
                let mut framed = Vec::with_capacity(lines.len() * 5 / 4);
                for line in lines.split_inclusive(|b| *b == b'\n') {
                    framed.extend_from_slice(HEADER);
                    framed.extend_from_slice(line);
                }
                stream.write_all(&framed)
            }
            Feeder::Udp { socket, to, sent } => {
                let mut message = Vec::new();
                for line in lines.split(|b| *b == b'\n').filter(|l| !l.is_empty()) {
                    // The kernel drops what does not fit, without a word.
                    while *sent % LOOKS == 0 && queued(*to) > WAITING {
                        std::thread::sleep(Duration::from_micros(200));
                    }
                    message.clear();
                    message.extend_from_slice(HEADER);
                    message.extend_from_slice(line);
                    while let Err(e) = socket.send(&message) {
                        if e.kind() != io::ErrorKind::ConnectionRefused {
                            return Err(e);
                        }
                        std::thread::sleep(Duration::from_millis(20));
                    }
                    *sent += 1;
                }
                Ok(())
            }
            Feeder::Http(port) => {
                let port = *port;
                std::thread::scope(|scope| {
                    let parts = split(lines, CLIENTS);
                    let clients: Vec<_> = parts.into_iter().map(|p| scope.spawn(move || post(port, p))).collect();
                    clients.into_iter().try_for_each(|c| c.join().map_err(|_| io::Error::other("a client"))?)
                })
            }
        }
    }
}

/// Bytes in the receive queue of a UDP port.
fn queued(port: u16) -> u64 {
    let table = std::fs::read_to_string("/proc/net/udp").unwrap_or_default();
    let local = format!("0100007F:{port:04X}");
    let row = table.lines().find(|l| l.contains(&local));
    let queue = row.and_then(|l| l.split_whitespace().nth(4)?.split(':').nth(1));
    queue.and_then(|q| u64::from_str_radix(q, 16).ok()).unwrap_or(0)
}

/// Parts of whole lines.
fn split(mut lines: &[u8], parts: usize) -> Vec<&[u8]> {
    let size = lines.len().div_ceil(parts).max(1);
    let mut all = Vec::new();
    while !lines.is_empty() {
        let near = lines.len().min(size);
        let cut = memchr::memchr(b'\n', &lines[near - 1..]).map_or(lines.len(), |i| near + i);
        let (part, rest) = lines.split_at(cut);
        all.push(part);
        lines = rest;
    }
    all
}

/// Posts lines, one request after the other on one connection.
fn post(port: u16, lines: &[u8]) -> io::Result<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_nodelay(true)?;
    for body in split(lines, lines.len().div_ceil(BODY)) {
        write!(stream, "POST / HTTP/1.1\r\nHost: bench\r\nContent-Length: {}\r\n\r\n", body.len())?;
        stream.write_all(body)?;
        let mut answer = [0; 1024];
        let n = stream.read(&mut answer)?;
        if !answer[..n].starts_with(b"HTTP/1.1 200") {
            return Err(io::Error::other(String::from_utf8_lossy(&answer[..n]).into_owned()));
        }
    }
    Ok(())
}

/// Where records come out.
pub enum Taker {
    /// A file that a daemon writes.
    File(PathBuf),
    /// A server that counts lines.
    Http(Arc<AtomicU64>),
}

impl Taker {
    /// A server at `port` that takes POST requests.
    pub fn http(port: u16) -> io::Result<Taker> {
        let listener = TcpListener::bind(("127.0.0.1", port))?;
        let lines = Arc::new(AtomicU64::new(0));
        let counter = lines.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let counter = counter.clone();
                std::thread::spawn(move || serve(stream, &counter));
            }
        });
        Ok(Taker::Http(lines))
    }

    /// Lines that came until now.
    pub fn lines(&self, seen: &mut Seen) -> u64 {
        match self {
            Taker::Http(lines) => lines.load(Ordering::Relaxed),
            Taker::File(path) => {
                seen.each(path, &mut |_| {});
                seen.lines
            }
        }
    }
}

fn serve(mut stream: TcpStream, lines: &AtomicU64) {
    let (mut held, mut buf) = (Vec::new(), vec![0; 256 << 10]);
    loop {
        if let Some(head) = memchr::memmem::find(&held, b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&held[..head]).to_ascii_lowercase();
            let length =
                text.lines().find_map(|l| l.strip_prefix("content-length: ")?.parse::<usize>().ok()).unwrap_or(0);
            if held.len() >= head + 4 + length {
                let body = &held[head + 4..head + 4 + length];
                lines.fetch_add(memchr::memchr_iter(b'\n', body).count() as u64, Ordering::Relaxed);
                held.drain(..head + 4 + length);
                if stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").is_err() {
                    return;
                }
                continue;
            }
        }
        match stream.read(&mut buf) {
            Ok(n) if n > 0 => held.extend_from_slice(&buf[..n]),
            _ => return,
        }
    }
}

/// How much of a growing file was read.
#[derive(Default)]
pub struct Seen {
    file: Option<File>,
    offset: u64,
    rest: Vec<u8>,
    /// Whole lines.
    pub lines: u64,
}

impl Seen {
    /// Reads what is new and gives each line to `take`.
    pub fn each(&mut self, path: &Path, take: &mut dyn FnMut(&[u8])) {
        if self.file.is_none() {
            self.file = File::open(path).ok();
        }
        let Some(file) = &self.file else { return };
        let mut buf = [0; 64 << 10];
        while let Ok(n @ 1..) = file.read_at(&mut buf, self.offset) {
            self.offset += n as u64;
            let mut new = &buf[..n];
            while let Some(end) = memchr::memchr(b'\n', new) {
                self.rest.extend_from_slice(&new[..end]);
                take(&self.rest);
                self.rest.clear();
                self.lines += 1;
                new = &new[end + 1..];
            }
            self.rest.extend_from_slice(new);
        }
    }
}

/// A time in letters: digits could be taken for a number of a person.
pub fn letters(started: Instant) -> [u8; 18] {
    let mut text = *b" t=aaaaaaaaaaaaaa\n";
    let mut rest = started.elapsed().as_micros() as u64;
    for place in text[3..17].iter_mut().rev() {
        *place = b'a' + (rest % 16) as u8;
        rest /= 16;
    }
    text
}

/// The time of [`letters`] at the end of a line, in microseconds.
pub fn micros(line: &[u8]) -> Option<u64> {
    let at = memchr::memmem::rfind(line, b" t=")?;
    let digits = line.get(at + 3..at + 17)?;
    digits.iter().all(|b| b.is_ascii_lowercase()).then(|| digits.iter().fold(0, |n, b| n * 16 + u64::from(b - b'a')))
}
