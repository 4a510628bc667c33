//! Standard input and FIFOs: lines, as a web server's pipe gives them.

use super::super::config;
use super::super::metrics::labels;
use super::frame::{Framed, Framer};
use super::{Context, LAST, Running, Source};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
use std::time::Instant;
use zeroize::Zeroizing;

/// Bytes of one read.
const READ: usize = 64 << 10;
/// Milliseconds between two looks at whether it is time to stop.
const TURN: i64 = 100;

impl Source for config::StreamSource {
    fn start(&self, context: Context) -> io::Result<Running> {
        let file = match self.path.to_str() {
            Some("-") => File::from(io::stdin().as_fd().try_clone_to_owned()?),
            _ => {
                // Opened for both directions: it neither waits for a writer nor ends when one leaves.
                let file = File::options().read(true).write(true).open(&self.path)?;
                if !file.metadata()?.file_type().is_fifo() {
                    return Err(io::Error::other(format!("{}: no FIFO; make one with mkfifo", self.path.display())));
                }
                file
            }
        };
        let framer = Framer::lines(self.max_record.0 as usize);
        Ok(Box::pin(async move {
            // A read may wait, so it has a thread.
            let runtime = tokio::runtime::Handle::current();
            let _ = tokio::task::spawn_blocking(move || pump(file, framer, &context, &runtime)).await;
        }))
    }
}

fn pump(mut file: File, mut framer: Framer, context: &Context, runtime: &tokio::runtime::Handle) {
    let mut buf = Zeroizing::new(vec![0; READ]);
    let mut batch = Vec::new();
    let mut end = None;
    loop {
        let ready = readable(&file);
        if context.stop.is_asked() && (!ready || *end.get_or_insert_with(|| Instant::now() + LAST) <= Instant::now()) {
            break;
        }
        if !ready {
            continue;
        }
        let n = match file.read(&mut buf) {
            Ok(0) => break,
            Ok(n) => n,
            Err(e) if matches!(e.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) => continue,
            Err(e) => {
                tracing::error!("source {}: {e}", context.name);
                break;
            }
        };
        let framed = framer.push(&buf[..n], &mut |line| {
            batch.extend_from_slice(line);
            batch.push(b'\n');
        });
        if let Framed::TooLong(n) = framed {
            context.metrics.refused.get_or_create(&labels(("source", &context.name), ("reason", "too_long"))).inc_by(n);
        }
        if !batch.is_empty() && runtime.block_on(context.intake.put(std::mem::take(&mut batch))).is_err() {
            return;
        }
    }
    if let Some(rest) = framer.rest() {
        let mut last = rest.to_vec();
        last.push(b'\n');
        let _ = runtime.block_on(context.intake.put(last));
    }
}

fn readable(file: &File) -> bool {
    let mut fds = [PollFd::new(file, PollFlags::IN)];
    let wait = Timespec { tv_sec: 0, tv_nsec: TURN * 1_000_000 };
    poll(&mut fds, Some(&wait)).is_ok_and(|n| n > 0)
}
