//! The sidecar and `rsyslog` with `mmanon` over the same records: throughput, memory, added latency, in one table a question.
//!
//! Environment: `LOGVEIL_BENCH_MB` (default 512) sizes the input of the first table, `LOGVEIL_BENCH_SECONDS` (default 20) is the
//! length of each row of the second, `LOGVEIL_BENCH_BINARY` names another build, `LOGVEIL_BENCH_ONLY` is a part of the names of the
//! rows that are wanted. Rows of rsyslog are left out where it is not installed.

#[path = "support/generate.rs"]
mod generate;
#[path = "support/wire.rs"]
mod wire;

use generate::Kind;
use std::fs::{self, File};
use std::io;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use wire::{Feeder, Seen, Taker, Way, letters, micros, port};

fn env(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default)
}

/// Who is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    /// Nobody: the writer's file is read.
    Nobody,
    Sidecar,
    Rsyslog,
}

/// A daemon under measurement.
struct Running {
    child: Option<Child>,
    feeder: Feeder,
    taker: Taker,
    _dir: tempfile::TempDir,
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn program(who: Who) -> Option<PathBuf> {
    let found = match who {
        Who::Nobody => return None,
        Who::Sidecar => {
            std::env::var_os("LOGVEIL_BENCH_BINARY").map_or(env!("CARGO_BIN_EXE_logveil").into(), PathBuf::from)
        }
        Who::Rsyslog => "/usr/sbin/rsyslogd".into(),
    };
    found.exists().then_some(found)
}

/// The configuration of the sidecar.
fn sidecar(dir: &Path, way: Way, port: u16, next: u16) -> String {
    let d = dir.display();
    let source = match way {
        Way::File => format!("[source.file.in]\ninclude = ['{d}/in.log']\n"),
        Way::Udp => format!("[source.syslog.in]\ntransport = 'udp'\naddress = '127.0.0.1:{port}'\n"),
        Way::Tcp => format!("[source.syslog.in]\ntransport = 'tcp'\naddress = '127.0.0.1:{port}'\n"),
        Way::Http => format!("[source.http.in]\naddress = '127.0.0.1:{port}'\n"),
    };
    let sink = match way {
        Way::Http => format!("[sink.http.out]\nurl = 'http://127.0.0.1:{next}/'\n"),
        _ => format!("[sink.file.out]\npath = '{d}/out/out.log'\n"),
    };
    format!("state_dir = '{d}/state'\n[engine]\nkey_file = '{d}/key'\n{source}{sink}")
}

/// The configuration of rsyslog: addresses are replaced by others, the same for the same.
fn rsyslog(dir: &Path, way: Way, port: u16) -> String {
    let d = dir.display();
    let (module, input) = match way {
        Way::File => ("imfile", format!("type=\"imfile\" file=\"{d}/in.log\" tag=\"in\"")),
        Way::Udp => ("imudp", format!("type=\"imudp\" address=\"127.0.0.1\" port=\"{port}\" rcvbufSize=\"16m\"")),
        _ => ("imtcp", format!("type=\"imtcp\" address=\"127.0.0.1\" port=\"{port}\"")),
    };
    format!(
        "global(workDirectory=\"{d}/state\")\nmodule(load=\"mmanon\")\nmodule(load=\"{module}\")\n\
         main_queue(queue.size=\"100000\" queue.timeoutEnqueue=\"600000\")\n\
         template(name=\"t\" type=\"string\" string=\"%msg%\\n\")\n\
         action(type=\"mmanon\" ipv4.mode=\"random-consistent\" ipv6.anonmode=\"random-consistent\")\n\
         action(type=\"omfile\" file=\"{d}/out/out.log\" template=\"t\" ioBufferSize=\"64k\")\ninput({input})\n"
    )
}

/// Starts it and opens the way in.
fn start(who: Who, way: Way) -> io::Result<Option<Running>> {
    let dir = tempfile::tempdir()?;
    let (port, next) = (port(), port());
    let at = |name: &str| dir.path().join(name);
    fs::create_dir(at("state"))?;
    fs::create_dir(at("out"))?;
    let child = if who == Who::Nobody {
        None
    } else {
        let Some(program) = program(who) else { return Ok(None) };
        let mut command = Command::new(program);
        match who {
            Who::Sidecar => {
                let made = Command::new(env!("CARGO_BIN_EXE_logveil")).args(["keys", "new"]).arg(at("key")).output()?;
                if !made.status.success() {
                    return Err(io::Error::other("no key"));
                }
                fs::write(at("conf"), sidecar(dir.path(), way, port, next))?;
                command.args(["sidecar", "-c"]).arg(at("conf"));
            }
            _ => {
                fs::write(at("conf"), rsyslog(dir.path(), way, port))?;
                command.arg("-n").arg("-f").arg(at("conf")).arg("-i").arg(at("pid"));
            }
        }
        Some(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(at("said"))?).spawn()?)
    };
    let taker = match (who, way) {
        (_, Way::Http) => Taker::http(next)?,
        (Who::Nobody, _) => Taker::File(at("in.log")),
        _ => Taker::File(at("out/out.log")),
    };
    std::thread::sleep(Duration::from_millis(500));
    let started = Instant::now();
    while matches!(way, Way::Tcp | Way::Http) && TcpStream::connect(("127.0.0.1", port)).is_err() {
        if started.elapsed() > Duration::from_secs(20) {
            return Err(io::Error::other(fs::read_to_string(at("said"))?));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let feeder = Feeder::open(way, &at("in.log"), port)?;
    Ok(Some(Running { child, feeder, taker, _dir: dir }))
}

/// CPU seconds and peak resident memory in MiB until now.
fn cost(child: Option<&Child>) -> (f64, f64) {
    let Some(child) = child else { return (0.0, 0.0) };
    let read = |name: &str| fs::read_to_string(format!("/proc/{}/{name}", child.id())).unwrap_or_default();
    let stat = read("stat");
    let fields = stat.rsplit(") ").next().unwrap_or_default().split(' ').filter_map(|f| f.parse::<f64>().ok());
    let fields: Vec<_> = fields.collect();
    let ticks = fields.get(10..12).map_or(0.0, |f| f.iter().sum());
    let peak = read("status").lines().find_map(|l| l.strip_prefix("VmHWM:")?.trim().split(' ').next()?.parse().ok());
    (ticks / 100.0, peak.unwrap_or(0.0) / 1024.0)
}

/// Sends all of a text and waits until it came out.
fn throughput(who: Who, way: Way, text: &[u8]) -> io::Result<Option<Vec<String>>> {
    let Some(mut running) = start(who, way)? else { return Ok(None) };
    let lines = memchr::memchr_iter(b'\n', text).count() as u64;
    let (before, _) = cost(running.child.as_ref());
    let (started, mut seen) = (Instant::now(), Seen::default());
    running.feeder.send(text)?;
    let (mut came, mut last) = (0, Instant::now());
    while came < lines && last.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(5));
        let now = running.taker.lines(&mut seen);
        if now != came {
            (came, last) = (now, Instant::now());
        }
    }
    let wall = (last - started).as_secs_f64();
    let (after, peak) = cost(running.child.as_ref());
    let mb = text.len() as f64 / 1e6 * came as f64 / lines as f64;
    let lost = lines.saturating_sub(came);
    Ok(Some(vec![
        format!("{:.0}", mb / (after - before).max(0.01)),
        format!("{:.0}", mb / wall),
        format!("{:.0}", came as f64 / wall / 1000.0),
        format!("{peak:.0}"),
        lost.to_string(),
    ]))
}

/// Sends lines at a rate, each with its time, and reads them again.
fn latency(who: Who, way: Way, rate: u64, seconds: u64) -> io::Result<Option<Vec<String>>> {
    let Some(mut running) = start(who, way)? else { return Ok(None) };
    let Taker::File(path) = &running.taker else { return Ok(None) };
    let text = generate::text(Kind::Access, 4 << 20);
    let mut lines = text.split(|b| *b == b'\n').filter(|l| !l.is_empty()).cycle();
    let (started, total) = (Instant::now(), rate * seconds);
    let before = cost(running.child.as_ref()).0;
    let mut times = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let (mut times, mut seen) = (Vec::with_capacity(total as usize), Seen::default());
            while (times.len() as u64) < total && started.elapsed() < Duration::from_secs(seconds + 20) {
                seen.each(path, &mut |line| {
                    if let Some(sent) = micros(line) {
                        times.push((started.elapsed().as_micros() as u64).saturating_sub(sent));
                    }
                });
                std::thread::sleep(Duration::from_micros(100));
            }
            times
        });
        let mut block = Vec::new();
        let mut sent = 0;
        while sent < total {
            let due = (started.elapsed().as_micros() as u64 * rate / 1_000_000).min(total);
            block.clear();
            for line in lines.by_ref().take((due - sent) as usize) {
                block.extend_from_slice(line);
                block.extend_from_slice(&letters(started));
            }
            sent = due;
            if !block.is_empty() && running.feeder.send(&block).is_err() {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        reader.join().unwrap_or_default()
    });
    times.sort_unstable();
    let at = |share: f64| {
        times.get((times.len() as f64 * share) as usize).map_or("-".into(), |t| format!("{:.2}", *t as f64 / 1e3))
    };
    let (after, peak) = cost(running.child.as_ref());
    let mut row = vec![at(0.5), at(0.99), at(0.999)];
    row.push(format!("{:.0}", (after - before) / started.elapsed().as_secs_f64() * 100.0));
    row.push(format!("{peak:.0}"));
    row.push((total - times.len() as u64).to_string());
    Ok(Some(row))
}

fn name(who: Who, way: Way) -> &'static str {
    match (who, way) {
        (Who::Nobody, _) => "no daemon: the writer's file is read",
        (Who::Sidecar, Way::File) => "logveil, file to file",
        (Who::Sidecar, Way::Udp) => "logveil, syslog over UDP to file",
        (Who::Sidecar, Way::Tcp) => "logveil, syslog over TCP to file",
        (Who::Sidecar, Way::Http) => "logveil, HTTP to HTTP (telemetry)",
        (Who::Rsyslog, Way::File) => "rsyslog + mmanon, file to file",
        (Who::Rsyslog, Way::Udp) => "rsyslog + mmanon, UDP to file",
        (Who::Rsyslog, _) => "rsyslog + mmanon, TCP to file",
    }
}

fn wanted(who: Who, way: Way) -> bool {
    std::env::var("LOGVEIL_BENCH_ONLY").map_or(true, |part| name(who, way).contains(&part))
}

fn table(head: &[&str], rows: &[Vec<String>]) {
    let width = |i: usize| rows.iter().map(|r| r[i].len()).chain([head[i].len()]).max().unwrap_or(0);
    let widths: Vec<_> = (0..head.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let cells = cells.zip(&widths).enumerate();
        let text: String =
            cells.map(|(i, (c, &w))| if i == 0 { format!("| {c:<w$} ") } else { format!("| {c:>w$} ") }).collect();
        println!("{text}|");
    };
    line(&mut head.iter().copied());
    let rule: String = widths
        .iter()
        .enumerate()
        .map(|(i, w)| format!("|{}{}", "-".repeat(w + 1), if i == 0 { "-" } else { ":" }))
        .collect();
    println!("{rule}|");
    rows.iter().for_each(|r| line(&mut r.iter().map(String::as_str)));
}

fn main() -> io::Result<()> {
    let (mb, seconds) = (env("LOGVEIL_BENCH_MB", 512), env("LOGVEIL_BENCH_SECONDS", 20));
    let ways =
        [(Way::File, Kind::Access), (Way::Udp, Kind::Access), (Way::Tcp, Kind::Access), (Way::Http, Kind::Telemetry)];
    println!("{mb} MB a row; MB of records, without syslog headers\n");
    let mut rows = Vec::new();
    for (way, kind) in ways {
        let text = generate::text(kind, mb as usize * 1_000_000);
        for who in [Who::Sidecar, Who::Rsyslog] {
            if way == Way::Http && who == Who::Rsyslog || !wanted(who, way) {
                continue;
            }
            if let Some(mut row) = throughput(who, way, &text)? {
                row.insert(0, name(who, way).into());
                rows.push(row);
            }
        }
    }
    table(&["row", "MB/CPU s", "MB/s wall", "1000 records/s", "peak MiB", "lost"], &rows);
    println!("\n{seconds} s a row; milliseconds from writing a record to reading it behind the daemon\n");
    let mut rows = Vec::new();
    for rate in [10_000, 100_000] {
        let who = [
            (Who::Nobody, Way::File),
            (Who::Sidecar, Way::File),
            (Who::Sidecar, Way::Udp),
            (Who::Sidecar, Way::Tcp),
            (Who::Rsyslog, Way::File),
            (Who::Rsyslog, Way::Udp),
            (Who::Rsyslog, Way::Tcp),
        ];
        for (who, way) in who {
            if wanted(who, way)
                && let Some(mut row) = latency(who, way, rate, seconds)?
            {
                row.insert(0, name(who, way).into());
                row.insert(1, rate.to_string());
                rows.push(row);
            }
        }
    }
    table(&["row", "records/s", "p50", "p99", "p99.9", "CPU %", "peak MiB", "lost"], &rows);
    Ok(())
}
