//! How long a line takes through a live pipe.

use super::Failure;
use super::lab::Lab;
use super::measure::{Filter, median};
use super::table::Row;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Lines sent, one at a time.
const LINES: usize = 1000;
/// Lines before the first that counts.
const WARM: usize = 100;
/// Pause between lines: the pipe is idle when one comes.
const PAUSE: Duration = Duration::from_micros(300);

/// Beside `cat`, which shows what two pipes and the scheduler cost.
pub fn latency(lab: &Lab) -> Result<Vec<Row>, Failure> {
    let cat = Filter::new("cat", std::path::Path::new("cat"), ["-"]);
    let ours = lab.logveil("logveil", &[]);
    let mut runs = [Vec::new(), Vec::new()];
    for _ in 0..lab.rounds {
        for (filter, runs) in [&cat, &ours].into_iter().zip(&mut runs) {
            let mut times = line_times(filter)?;
            times.sort();
            runs.push(times);
        }
    }
    let row = |(filter, runs): (&Filter, &Vec<Vec<Duration>>)| {
        let at = |share: f64| median(runs.iter().map(|r| r[(r.len() as f64 * share) as usize].as_secs_f64() * 1e6));
        Row::new("access log, live", &filter.name, vec![("p50_us", at(0.5)), ("p99_us", at(0.99))])
    };
    Ok([&cat, &ours].into_iter().zip(&runs).map(row).collect())
}

fn line_times(filter: &Filter) -> Result<Vec<Duration>, Failure> {
    let mut child = filter.command().stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut to = child.stdin.take().ok_or("no pipe")?;
    let mut from = BufReader::new(child.stdout.take().ok_or("no pipe")?);
    let (mut times, mut line) = (Vec::with_capacity(LINES), String::new());
    for n in 0..LINES + WARM {
        let text = format!(
            "192.0.2.{} - - [23/Nov/2026:10:11:45 +0800] \"GET /?mobile=138{:08} HTTP/1.1\" 200 5120 \"-\" \"curl/7.88.1\"\n",
            n % 250,
            n * 31
        );
        let sent = Instant::now();
        to.write_all(text.as_bytes())?;
        line.clear();
        from.read_line(&mut line)?;
        if n >= WARM {
            times.push(sent.elapsed());
        }
        std::thread::sleep(PAUSE);
    }
    drop(to);
    child.wait()?;
    Ok(times)
}
