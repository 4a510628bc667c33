//! Syslog over UDP, TCP, TLS and Unix sockets.

use super::super::config::{self, Transport};
use super::super::log::Quiet;
use super::super::metrics::{label, labels};
use super::super::tls;
use super::drops::Drops;
use super::frame::{Framed, Framer};
use super::header;
use super::socket::{Datagrams, Listener, Slots, Stream};
use super::{Context, LAST, Running, Source, Stop};
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsAcceptor;
use zeroize::Zeroizing;

/// Records are handed on in batches of about this.
const BATCH: usize = 64 << 10;
/// The largest datagram of any kind.
const DATAGRAM: usize = 256 << 10;
/// Bytes of one read of a connection.
const READ: usize = 16 << 10;
/// Datagrams of this time come with one call, where they are many.
const PAUSE: Duration = Duration::from_micros(300);
/// How often the kernel is asked what it dropped.
const DROPS: Duration = Duration::from_secs(1);
/// Longest TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// When it is time to stop, a connection that is silent for so long has nothing more.
const PAST: Duration = Duration::from_millis(50);

impl Source for config::SyslogSource {
    fn start(&self, context: Context) -> io::Result<Running> {
        let mode = self.socket_mode;
        let settings = Settings { keep: self.keep_header, most: self.max_message.0 as usize, idle: self.idle.0 };
        match self.transport {
            Transport::Udp | Transport::Unixgram => {
                let socket = Datagrams::bind(&self.address, mode, self.receive_buffer.0 as usize)?;
                // Asked before the first datagram can come.
                let drops = socket.drops();
                Ok(Box::pin(async move {
                    let work = move || datagrams(&socket, drops, settings, &context);
                    let _ = tokio::task::spawn_blocking(work).await;
                }))
            }
            Transport::Tcp | Transport::Unix | Transport::Tls => {
                let acceptor = match (&self.cert, &self.key) {
                    (Some(cert), Some(key)) => Some(tls::acceptor(cert, key, self.client_ca.as_deref())?),
                    _ => None,
                };
                let listener = Listener::bind(&self.address, mode)?;
                let room = Arc::new(Semaphore::new(self.max_connections));
                Ok(Box::pin(connections(listener, acceptor, settings, room, context)))
            }
        }
    }
}

#[derive(Clone, Copy)]
struct Settings {
    keep: bool,
    most: usize,
    idle: Duration,
}

impl Settings {
    /// Appends a message as a record.
    fn append(self, frame: &[u8], batch: &mut Vec<u8>) {
        let message = if self.keep { header::trim(frame) } else { header::message(frame) };
        if !message.is_empty() {
            batch.extend_from_slice(message);
            batch.push(b'\n');
        }
    }
}

fn refuse(context: &Context, reason: &str, n: u64) {
    context.metrics.refused.get_or_create(&labels(("source", &context.name), ("reason", reason))).inc_by(n);
}

/// Counts what the kernel drops at a socket.
struct Dropped {
    drops: Drops,
    looked: Instant,
    quiet: Quiet,
}

impl Dropped {
    fn look(&mut self, context: &Context) {
        if self.looked.elapsed() < DROPS {
            return;
        }
        self.looked = Instant::now();
        let (more, name) = (self.drops.more(), &context.name);
        context.metrics.drops.get_or_create(&label("source", name)).inc_by(more);
        if more > 0 {
            let remedy = "raise receive_buffer and net.core.rmem_max";
            self.quiet.warn(&format!("source {name}: the kernel dropped {more} datagrams; {remedy}"));
        }
    }
}

/// Works on a thread of its own until it is time to stop and the kernel holds no more.
fn datagrams(socket: &Datagrams, drops: Option<Drops>, settings: Settings, context: &Context) {
    let mut slots = Slots::new(settings.most.saturating_add(1).next_multiple_of(4096).min(DATAGRAM));
    let quiet = Quiet::default();
    let mut drops = drops.map(|drops| Dropped { drops, looked: Instant::now(), quiet: Quiet::default() });
    let runtime = tokio::runtime::Handle::current();
    let mut end = None;
    loop {
        let stopping = context.stop.is_asked();
        let over = stopping && *end.get_or_insert_with(|| Instant::now() + LAST) <= Instant::now();
        if let Some(drops) = &mut drops {
            drops.look(context);
        }
        let (batch, seen) = gather(socket, settings, context, &mut slots, !stopping);
        if !batch.is_empty() && runtime.block_on(context.intake.put(batch)).is_err() {
            return;
        }
        match seen {
            Ok(true) if !over => continue,
            Ok(true) => {}
            Ok(false) if socket.waits() => {}
            Ok(false) => std::thread::sleep(PAUSE),
            Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            Err(e) => {
                quiet.warn(&format!("source {}: {e}", context.name));
                std::thread::sleep(PAUSE);
            }
        }
        if stopping {
            return;
        }
    }
}

/// Datagrams that are there, up to a batch; and whether there may be more.
fn gather(
    socket: &Datagrams,
    settings: Settings,
    context: &Context,
    slots: &mut Slots,
    mut wait: bool,
) -> (Vec<u8>, io::Result<bool>) {
    let mut batch = Vec::new();
    let size = slots.size;
    loop {
        let end = socket.receive(slots, wait, &mut |datagram| {
            if datagram.len() > settings.most || datagram.len() == size {
                refuse(context, "too_long", 1);
            } else {
                settings.append(datagram, &mut batch);
            }
        });
        if !matches!(end, Ok(true)) || batch.len() >= BATCH {
            return (batch, end);
        }
        wait = false;
    }
}

async fn connections(
    listener: Listener,
    acceptor: Option<TlsAcceptor>,
    settings: Settings,
    room: Arc<Semaphore>,
    mut context: Context,
) {
    let quiet = Quiet::default();
    let all = room.available_permits();
    loop {
        let stream = tokio::select! {
            () = context.stop.asked() => break,
            stream = listener.accept() => stream,
        };
        let stream = match stream {
            Ok(stream) => stream,
            Err(e) => {
                quiet.warn(&format!("source {}: {e}", context.name));
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let Ok(permit) = room.clone().try_acquire_owned() else {
            refuse(&context, "connections", 1);
            continue;
        };
        let (mut context, acceptor) = (context.clone(), acceptor.clone());
        tokio::spawn(async move {
            let _permit = permit;
            match acceptor {
                None => connection(stream, settings, context).await,
                Some(acceptor) => {
                    let accepted = tokio::select! {
                        accepted = timeout(HANDSHAKE, acceptor.accept(stream)) => accepted,
                        () = context.stop.asked() => return,
                    };
                    match accepted {
                        Ok(Ok(stream)) => connection(Box::new(stream), settings, context).await,
                        _ => refuse(&context, "handshake", 1),
                    }
                }
            }
        });
    }
    // Connections end by themselves when they see that it is time to stop.
    let _ = timeout(LAST + PAST, room.acquire_many(all as u32)).await;
}

/// Waits until it is time to stop and nothing comes any more, or until `end`, which is set then.
async fn over(stop: &mut Stop, end: &mut Option<Instant>) {
    stop.asked().await;
    let end = *end.get_or_insert_with(|| Instant::now() + LAST);
    tokio::time::sleep_until(end.min(Instant::now() + PAST)).await;
}

async fn connection(mut stream: Box<dyn Stream>, settings: Settings, mut context: Context) {
    let mut framer = Framer::syslog(settings.most);
    let mut buf = Zeroizing::new(vec![0; READ]);
    // Of whole messages: one who sends a byte now and then does not hold a place.
    let mut news = Instant::now();
    let mut end = None;
    loop {
        let read = tokio::select! {
            read = timeout_at(news + settings.idle, stream.read(&mut buf)) => read,
            () = over(&mut context.stop, &mut end) => return,
        };
        let n = match read {
            Ok(Ok(n)) if n > 0 => n,
            Ok(_) => break,
            Err(_) => return refuse(&context, "idle", 1),
        };
        let mut batch = Vec::new();
        let framed = framer.push(&buf[..n], &mut |frame| settings.append(frame, &mut batch));
        if !batch.is_empty() {
            if context.intake.put(batch).await.is_err() {
                return;
            }
            news = Instant::now();
        }
        match framed {
            Framed::Fine => {}
            Framed::TooLong(n) => refuse(&context, "too_long", n),
            Framed::Broken => return refuse(&context, "framing", 1),
        }
    }
    if let Some(rest) = framer.rest() {
        let mut batch = Vec::new();
        settings.append(&rest, &mut batch);
        if !batch.is_empty() {
            let _ = context.intake.put(batch).await;
        }
    }
}
