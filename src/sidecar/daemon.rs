//! Start, work, stop: who is made when, and who ends first.

use super::batch::{Door, Intake, Raw};
use super::checkpoint::{Checkpoint, print_key};
use super::committer::Committer;
use super::config::{self, Config, Start};
use super::deliver::{Delivery, HttpRemote, Remote, SyslogRemote};
use super::inbox::Inbox;
use super::lane::{Control, Lane};
use super::ledger::Ledger;
use super::metrics::Metrics;
use super::retry::Retry;
use super::sink::{self, Sink, SinkMark};
use super::source::{Context, Source, Stop};
use super::tail::{self, Followed, Globs, Prints, Tail, Watch};
use super::{Daemon, Maker, SidecarError, buffer, config_error, engine_of, harden, log, ops};
use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tracing::{info, warn};

/// Lanes of each source.
type Inboxes = HashMap<String, Vec<Door>>;

/// Runs until it is asked to stop; true when all that was read was written.
///
/// # Errors
/// Any [`SidecarError`] before the first record.
pub fn run(path: &Path, make: Maker) -> Result<bool, SidecarError> {
    let config = Config::load(path).map_err(|e| config_error(&e))?;
    log::start(config.ops.log);
    harden::early();
    let _lock = lock(&config.state_dir)?;
    let metrics = Arc::new(Metrics::default());
    let (mut lanes, mut deliveries, mut inboxes) = (Vec::new(), Vec::new(), Inboxes::new());
    for (name, route) in config.sinks() {
        let (engine, fixed) = engine_of(&config, name, &make)?;
        let control = Arc::new(Control::new(engine, fixed));
        let inputs: Vec<String> = match &route.inputs {
            Some(names) => names.iter().map(|n| n.get_ref().clone()).collect(),
            None => config.sources().into_iter().map(String::from).collect(),
        };
        let (to, inbox) = channel();
        for input in &inputs {
            let door = Door { inbox: to.clone(), bell: control.bell.clone() };
            inboxes.entry(input.clone()).or_default().push(door);
        }
        lanes.push(lane(&config, name, &inputs, inbox, control, &metrics, &mut deliveries)?);
    }
    let controls: Vec<_> = lanes.iter().map(|l| (l.retry.name.clone(), l.retry.control.clone())).collect();
    let daemon = Arc::new(Daemon { path: path.into(), make, controls, config: Mutex::new(config.clone()), metrics });
    harden::confine(&config, path);
    let _watch = watch(&config, &inboxes);
    let failed = |e: io::Error| SidecarError::Io(format!("threads: {e}"));
    let mut threads = Vec::new();
    for mut lane in lanes {
        let name = format!("lane-{}", lane.retry.name);
        // Who is told that it is ready may rotate a file at once.
        lane.tails.iter_mut().for_each(|(_, tail)| tail.begin());
        threads.push(std::thread::Builder::new().name(name).spawn(move || lane.run()).map_err(failed)?);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(failed)?;
    let result = runtime.block_on(serve(&daemon, &config, inboxes, deliveries, &threads));
    daemon.controls.iter().for_each(|(_, c)| c.abandon());
    let mut clean = true;
    for thread in threads {
        clean &= thread.join().unwrap_or(false);
    }
    runtime.shutdown_timeout(Duration::from_millis(100));
    result?;
    info!("stopped");
    Ok(clean)
}

/// What ends when, in the order of the records.
struct Stops {
    sources: watch::Sender<bool>,
    deliveries: watch::Sender<bool>,
    abandon: watch::Sender<bool>,
}

impl Stops {
    fn new() -> Stops {
        let new = || watch::channel(false).0;
        Stops { sources: new(), deliveries: new(), abandon: new() }
    }
}

/// Everything that waits: signals, sources, deliveries, the page for machines.
async fn serve(
    daemon: &Arc<Daemon>,
    config: &Config,
    inboxes: Inboxes,
    deliveries: Vec<Delivery>,
    threads: &[JoinHandle<bool>],
) -> Result<(), SidecarError> {
    let stops = Stops::new();
    let stop = || Stop(stops.sources.subscribe());
    let mut sources = sources(daemon, config, inboxes, &stop)?;
    let mut sending = JoinSet::new();
    for delivery in deliveries {
        sending.spawn(delivery.run(Stop(stops.deliveries.subscribe()), Stop(stops.abandon.subscribe())));
    }
    let page = match &config.ops.listen {
        None => None,
        Some(address) => {
            let stop = Stop(stops.abandon.subscribe());
            let page = ops::start(address, daemon.clone(), stop);
            Some(tokio::spawn(page.map_err(|e| SidecarError::Io(format!("ops.listen {address}: {e}")))?))
        }
    };
    // Before anybody is told: a signal that nobody waits for ends the process.
    let signals = Signals::new()?;
    info!("ready");
    ops::notify(sd_notify::NotifyState::Ready);
    let ended = watch_over(daemon, config, &mut sources, threads, signals).await;
    ops::notify(sd_notify::NotifyState::Stopping);
    let until = Instant::now() + config.drain.0;
    let _ = stops.sources.send(true);
    wait(until, async { while sources.join_next().await.is_some() {} }).await;
    sources.abort_all();
    daemon.controls.iter().for_each(|(_, c)| c.stop());
    let all = async {
        while threads.iter().any(|t| !t.is_finished()) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    if !wait(until, all).await {
        warn!("not all was written in time; what sources still have is read at the next start");
    }
    let _ = stops.deliveries.send(true);
    if !wait(until, async { while sending.join_next().await.is_some() {} }).await {
        info!("the disk buffers keep what was not delivered");
    }
    let _ = stops.abandon.send(true);
    wait(Instant::now() + Duration::from_secs(1), async { while sending.join_next().await.is_some() {} }).await;
    if let Some(page) = page {
        page.abort();
    }
    ended
}

/// False when the time is over first.
async fn wait(until: Instant, work: impl Future<Output = ()>) -> bool {
    tokio::time::timeout_at(until.into(), work).await.is_ok()
}

/// What the daemon is told from outside.
struct Signals {
    term: Signal,
    int: Signal,
    hup: Signal,
}

impl Signals {
    fn new() -> Result<Signals, SidecarError> {
        let of = |kind| signal(kind).map_err(|e| SidecarError::Io(format!("signals: {e}")));
        Ok(Signals {
            term: of(SignalKind::terminate())?,
            int: of(SignalKind::interrupt())?,
            hup: of(SignalKind::hangup())?,
        })
    }
}

/// Signals, day changes and the watchdog, until it is time to stop.
async fn watch_over(
    daemon: &Arc<Daemon>,
    config: &Config,
    sources: &mut JoinSet<()>,
    threads: &[JoinHandle<bool>],
    mut signals: Signals,
) -> Result<(), SidecarError> {
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    let (mut day, mut pulse) = (today(), ops::Pulse::default());
    let watchdog = sd_notify::watchdog_enabled().is_some();
    let only_pushed = config.source.file.is_empty();
    loop {
        tokio::select! {
            _ = signals.term.recv() => return Ok(()),
            _ = signals.int.recv() => return Ok(()),
            _ = signals.hup.recv() => {
                let daemon = daemon.clone();
                // What the reload says is in the log.
                let _ = tokio::task::spawn_blocking(move || daemon.reload()).await;
            }
            Some(_) = sources.join_next() => {
                if sources.is_empty() && only_pushed {
                    return Ok(());
                }
            }
            _ = tick.tick() => {
                if threads.iter().any(JoinHandle::is_finished) {
                    return Err(SidecarError::Io("a sink ended early".into()));
                }
                if watchdog && pulse.beats(&daemon.controls) {
                    ops::notify(sd_notify::NotifyState::Watchdog);
                }
                if today() != day {
                    day = today();
                    let daemon = daemon.clone();
                    let _ = tokio::task::spawn_blocking(move || daemon.new_day()).await;
                }
            }
        }
    }
}

fn today() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_secs() / 86_400)
}

/// Starts all sources that push.
fn sources(
    daemon: &Daemon,
    config: &Config,
    mut inboxes: Inboxes,
    stop: &dyn Fn() -> Stop,
) -> Result<JoinSet<()>, SidecarError> {
    let mut running = JoinSet::new();
    let room = Arc::new(Semaphore::new(Intake::permits(config.memory.0)));
    let s = &config.source;
    let syslog = s.syslog.iter().map(|(n, s)| (n, s as &dyn Source));
    let http = s.http.iter().map(|(n, s)| (n, s as &dyn Source));
    let streams = s.stream.iter().map(|(n, s)| (n, s as &dyn Source));
    for (name, source) in syslog.chain(http).chain(streams) {
        let lanes = inboxes.remove(name).unwrap_or_default();
        let context = Context {
            name: name.clone(),
            intake: Intake::new(name, lanes, room.clone(), config.memory.0),
            stop: stop(),
            metrics: daemon.metrics.clone(),
        };
        let work = source.start(context).map_err(|e| SidecarError::Io(format!("source {name}: {e}")))?;
        running.spawn(work);
    }
    Ok(running)
}

/// Makes the state folder this process's own.
fn lock(dir: &Path) -> Result<File, SidecarError> {
    use rustix::fs::{FlockOperation, flock};
    use std::os::unix::fs::DirBuilderExt;
    let failed = |e: io::Error| SidecarError::Io(format!("{}: {e}", dir.display()));
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(failed)?;
    let file = File::create(dir.join("lock")).map_err(failed)?;
    flock(&file, FlockOperation::NonBlockingLockExclusive)
        .map_err(|_| SidecarError::Io(format!("{}: another daemon works here; give each its own", dir.display())))?;
    crate::output::atomic::sweep(dir);
    Ok(file)
}

/// Opens a sink and its files where the checkpoint says.
fn lane(
    config: &Config,
    name: &str,
    inputs: &[String],
    inbox: Receiver<Arc<Raw>>,
    control: Arc<Control>,
    metrics: &Arc<Metrics>,
    deliveries: &mut Vec<Delivery>,
) -> Result<Lane, SidecarError> {
    let checkpoint = Checkpoint::new(&config.state_dir, name);
    let saved = checkpoint.load().map_err(SidecarError::Io)?;
    let time = saved.as_ref().map(|s| s.time);
    let mut saved = saved.unwrap_or_default();
    let failed = |e: io::Error| SidecarError::Io(format!("sink {name}: {e}"));
    let key = print_key(&config.state_dir).map_err(failed)?;
    let mut tails = Vec::new();
    for (source, file) in config.source.file.iter().filter(|(s, _)| inputs.contains(s)) {
        let marks = saved.files.remove(source);
        // A source that was added later begins like a fresh one.
        let time = time.filter(|_| marks.is_some());
        let globs = globs(file).map_err(|e| SidecarError::Config(format!("source {source}: {e}")))?;
        let rules = tail::Rules {
            globs,
            from_end: file.start == Start::End,
            rotate_wait: file.rotate_wait.0,
            joiner: file.multiline.as_ref().map(tail::Joiner::new),
        };
        tails.push((source.clone(), Tail::new(rules, Prints::new(key.clone()), marks.unwrap_or_default(), time)));
    }
    let sink = open(config, name, &saved.sink, metrics, deliveries).map_err(failed)?;
    let ledger = Ledger::new(config.state_dir.join(format!("{name}.disclosures")), saved.disclosed);
    let retry = Retry { name: name.into(), control, metrics: metrics.clone(), quiet: Arc::default() };
    Ok(Lane {
        tails,
        inbox: Inbox::new(inbox),
        sink,
        committer: Committer::new(checkpoint, retry.clone()),
        ledger,
        retry,
    })
}

fn globs(file: &config::FileSource) -> Result<Globs, globset::Error> {
    let text = |g: &toml::Spanned<String>| g.get_ref().clone();
    let (include, exclude): (Vec<_>, Vec<_>) =
        (file.include.iter().map(text).collect(), file.exclude.iter().map(text).collect());
    Globs::new(include.iter().map(String::as_str), exclude.iter().map(String::as_str))
}

/// Has changes of files wake their lanes, where the system can.
fn watch(config: &Config, inboxes: &Inboxes) -> Option<Watch> {
    let lanes = |name: &String| inboxes.get(name).into_iter().flatten().map(|d| d.bell.clone()).collect();
    let followed = |(name, file)| Some(Followed { globs: globs(file).ok()?, lanes: lanes(name) });
    let sources: Vec<_> = config.source.file.iter().filter_map(followed).collect();
    if sources.is_empty() {
        return None;
    }
    let watch = Watch::start(sources);
    watch.map_err(|e| warn!("changes of files are not told by the system, they are looked for: {:?}", e.kind)).ok()
}

/// Opens a sink; one beyond the network is a disk buffer and what delivers it.
fn open(
    config: &Config,
    name: &str,
    mark: &SinkMark,
    metrics: &Arc<Metrics>,
    deliveries: &mut Vec<Delivery>,
) -> io::Result<Box<dyn Sink>> {
    if let Some(file) = config.sink.file.get(name) {
        return Ok(match file.partitions {
            Some(_) => Box::new(sink::PartitionSink::open(file, mark)?),
            None => Box::new(sink::FileSink::open(file, mark)?),
        });
    }
    let (remote, size, batch, longest): (Box<dyn Remote>, _, _, _) =
        match (config.sink.http.get(name), config.sink.syslog.get(name)) {
            (Some(c), _) => (Box::new(HttpRemote::new(c)?), c.buffer, c.batch.0, c.max_wait),
            (_, Some(c)) => (Box::new(SyslogRemote::new(c)?), c.buffer, 256 << 10, c.max_wait),
            _ => return Ok(Box::new(sink::Stdout::open()?)),
        };
    let at = match mark {
        SinkMark::Buffer { segment, offset } => Some(buffer::At { segment: *segment, offset: *offset }),
        _ => None,
    };
    let (writer, reader) = buffer::open(&config.state_dir.join(format!("{name}.buffer")), size.0, at)?;
    deliveries.push(Delivery {
        name: name.into(),
        reader,
        remote,
        batch: batch as usize,
        longest: longest.0,
        dead: config.state_dir.join(format!("{name}.dead")),
        metrics: metrics.clone(),
    });
    Ok(Box::new(writer))
}

/// Looks at, or mends, the disk buffers of a configuration whose daemon stands still.
///
/// # Errors
/// [`SidecarError`] when the daemon runs, or a buffer can't be read.
pub fn buffers(path: &Path, repair: bool) -> Result<Vec<(String, buffer::Report)>, SidecarError> {
    let config = Config::load(path).map_err(|e| config_error(&e))?;
    let _lock = lock(&config.state_dir)?;
    let mut reports = Vec::new();
    for name in config.sink.http.keys().chain(config.sink.syslog.keys()) {
        let dir = config.state_dir.join(format!("{name}.buffer"));
        if !dir.is_dir() {
            continue;
        }
        let report = if repair { buffer::repair(&dir) } else { buffer::check(&dir) };
        reports.push((name.clone(), report.map_err(|e| SidecarError::Io(format!("{}: {e}", dir.display())))?));
    }
    Ok(reports)
}

/// The configuration behind a lock that a panic may have poisoned.
pub(super) fn held(config: &Mutex<Config>) -> std::sync::MutexGuard<'_, Config> {
    config.lock().unwrap_or_else(PoisonError::into_inner)
}
