//! The daemon: sources, de-identification, sinks. Raw bytes are in memory only, bounded; what reaches a disk, a socket or the
//! daemon's own log went through the engine.
//!
//! Each sink has a lane: a thread with an engine's worker that follows files by itself and takes what other sources push. A lane
//! commits offsets and output together, then answers those who wait.

mod batch;
mod checkpoint;
pub mod config;
mod lane;
mod log;
mod metrics;
mod press;
mod sink;
mod source;
mod tail;
mod units;

use crate::engine::{Engine, Format};
use crate::rules::RuleError;
use checkpoint::{Checkpoint, print_key};
use config::{Config, EngineSpec};
use lane::{Control, Lane};
use metrics::{Metrics, label};
use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tail::{Globs, Prints, Tail};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tracing::{error, info, warn};

/// Makes engines: rules, policies and keys are read by the layer above.
pub type Maker = Box<dyn Fn(&EngineSpec) -> Result<Engine, String> + Send + Sync>;

/// Why the daemon can't run.
#[derive(Debug, thiserror::Error)]
pub enum SidecarError {
    /// The configuration is wrong.
    #[error("{0}")]
    Config(String),
    /// A file or socket can't be used.
    #[error("{0}")]
    Io(String),
}

fn config_error(errors: &[RuleError]) -> SidecarError {
    let lines: Vec<_> = errors.iter().map(ToString::to_string).collect();
    SidecarError::Config(lines.join("\nlogveil: "))
}

/// The engine of a sink, and the formats that the configuration fixes.
fn engine_of(config: &Config, sink: &str, make: &Maker) -> Result<(Engine, HashMap<PathBuf, Format>), SidecarError> {
    let sinks = config.sinks();
    let route = sinks.iter().find(|s| s.0 == sink).map(|s| s.1.clone()).unwrap_or_default();
    let engine = make(&config.engine_of(&route)).map_err(SidecarError::Config)?;
    let mut fixed = HashMap::new();
    for (name, format) in config.formats() {
        let format = match format {
            "auto" => continue,
            "text" => Format::Text,
            other => engine.layouts().by_name(other).ok_or_else(|| {
                let known: Vec<_> = engine.layouts().names().collect();
                let known = known.join(", ");
                SidecarError::Config(format!("source {name}: format `{other}` is not known; use auto, text, {known}"))
            })?,
        };
        fixed.insert(PathBuf::from(name), format);
    }
    Ok((engine, fixed))
}

/// Reads a configuration and all that it names, and touches nothing.
///
/// # Errors
/// [`SidecarError::Config`] with every mistake.
pub fn check(path: &Path, make: &Maker) -> Result<String, SidecarError> {
    let config = Config::load(path).map_err(|e| config_error(&e))?;
    let sinks = config.sinks();
    for (sink, _) in &sinks {
        engine_of(&config, sink, make)?;
    }
    Ok(format!("{}: {} sources, {} sinks, all good", path.display(), config.sources().len(), sinks.len()))
}

/// A lane that runs.
struct Running {
    name: String,
    control: Arc<Control>,
    thread: JoinHandle<bool>,
}

/// What signals and requests change.
pub(crate) struct Daemon {
    path: PathBuf,
    make: Maker,
    config: Mutex<Config>,
    controls: Vec<(String, Arc<Control>)>,
    metrics: Arc<Metrics>,
}

impl Daemon {
    /// Reads the configuration again. Policy, rules and keys change between two blocks; a mistake keeps the old ones.
    pub(crate) fn reload(&self) -> Result<String, String> {
        let result = self.try_reload();
        let word = if result.is_ok() { "ok" } else { "refused" };
        self.metrics.reloads.get_or_create(&label("result", word)).inc();
        match &result {
            Ok(text) => info!("{text}"),
            Err(text) => error!("reload refused, the old configuration stays: {text}"),
        }
        result
    }

    fn try_reload(&self) -> Result<String, String> {
        let config = Config::load(&self.path).map_err(|e| config_error(&e).to_string())?;
        let mut held = self.config.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if !config.same_shape(&held) {
            return Err("sources, sinks or places changed; restart the daemon to apply that".into());
        }
        self.renew(&config)?;
        *held = config;
        Ok("reloaded".into())
    }

    /// Makes all engines anew, then gives them to the lanes: all or none.
    fn renew(&self, config: &Config) -> Result<(), String> {
        let engines = self.controls.iter().map(|(name, _)| engine_of(config, name, &self.make));
        let engines: Vec<_> = engines.collect::<Result<_, _>>().map_err(|e| e.to_string())?;
        for ((_, control), (engine, fixed)) in self.controls.iter().zip(engines) {
            control.reload(engine, fixed);
        }
        Ok(())
    }

    /// The day changed: records without a time get the new one.
    fn new_day(&self) {
        let config = self.config.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        if let Err(e) = self.renew(&config) {
            warn!("the engine could not be made anew for a new day, the old one stays: {e}");
        }
    }
}

/// Runs until it is asked to stop; true when all that was read was written.
///
/// # Errors
/// Any [`SidecarError`] before the first record.
pub fn run(path: &Path, make: Maker) -> Result<bool, SidecarError> {
    let config = Config::load(path).map_err(|e| config_error(&e))?;
    log::start(config.ops.log);
    let _lock = lock(&config.state_dir)?;
    let metrics = Arc::new(Metrics::default());
    let mut lanes = Vec::new();
    let mut inboxes: HashMap<String, Vec<Sender<Arc<batch::Raw>>>> = HashMap::new();
    for (name, route) in config.sinks() {
        let (engine, fixed) = engine_of(&config, name, &make)?;
        let control = Arc::new(Control::new(engine, fixed));
        let inputs: Vec<String> = match &route.inputs {
            Some(names) => names.iter().map(|n| n.get_ref().clone()).collect(),
            None => config.sources().into_iter().map(String::from).collect(),
        };
        let (to, inbox) = channel();
        for input in &inputs {
            inboxes.entry(input.clone()).or_default().push(to.clone());
        }
        lanes.push(lane(&config, name, &inputs, inbox, control, &metrics)?);
    }
    let daemon = Arc::new(Daemon {
        path: path.into(),
        make,
        controls: lanes.iter().map(|l| (l.name.clone(), l.control.clone())).collect(),
        config: Mutex::new(config.clone()),
        metrics,
    });
    let mut running = Vec::new();
    for lane in lanes {
        let (name, control) = (lane.name.clone(), lane.control.clone());
        let thread = std::thread::Builder::new().name(format!("lane-{name}")).spawn(move || lane.run());
        let thread = thread.map_err(|e| SidecarError::Io(format!("a thread for sink {name}: {e}")))?;
        running.push(Running { name, control, thread });
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.map_err(|e| SidecarError::Io(format!("the runtime: {e}")))?;
    let (stop, stopped) = watch::channel(false);
    let result = runtime.block_on(serve(&daemon, &config, inboxes, stopped, &running));
    let _ = stop.send(true);
    runtime.shutdown_timeout(Duration::from_millis(200));
    result?;
    Ok(drain(running, config.drain.0))
}

/// Waits for lanes to end, at most for a time.
fn drain(running: Vec<Running>, limit: Duration) -> bool {
    let until = Instant::now() + limit;
    running.iter().for_each(|r| r.control.stop());
    while Instant::now() < until && running.iter().any(|r| !r.thread.is_finished()) {
        std::thread::sleep(Duration::from_millis(5));
    }
    let mut clean = true;
    for r in running {
        if !r.thread.is_finished() {
            warn!("sink {}: not all was written in time; its sources keep the rest", r.name);
            r.control.abandon();
        }
        clean &= r.thread.join().unwrap_or(false);
    }
    info!("stopped");
    clean
}

/// Everything that waits: signals, sources, the page for machines.
async fn serve(
    daemon: &Arc<Daemon>,
    config: &Config,
    inboxes: HashMap<String, Vec<Sender<Arc<batch::Raw>>>>,
    stopped: watch::Receiver<bool>,
    running: &[Running],
) -> Result<(), SidecarError> {
    let io = |e: std::io::Error| SidecarError::Io(format!("signals: {e}"));
    let mut term = signal(SignalKind::terminate()).map_err(io)?;
    let mut int = signal(SignalKind::interrupt()).map_err(io)?;
    let mut hup = signal(SignalKind::hangup()).map_err(io)?;
    drop((inboxes, stopped));
    info!("ready");
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    let mut day = today();
    loop {
        tokio::select! {
            _ = term.recv() => return Ok(()),
            _ = int.recv() => return Ok(()),
            _ = hup.recv() => {
                let daemon = daemon.clone();
                let _ = tokio::task::spawn_blocking(move || daemon.reload()).await;
            }
            _ = tick.tick() => {
                if running.iter().any(|r| r.thread.is_finished()) {
                    return Err(SidecarError::Io(format!("{}: a sink ended early", config.state_dir.display())));
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

/// Makes the state folder this process's own.
fn lock(dir: &Path) -> Result<File, SidecarError> {
    use rustix::fs::{FlockOperation, flock};
    use std::os::unix::fs::DirBuilderExt;
    let io = |e: std::io::Error| SidecarError::Io(format!("{}: {e}", dir.display()));
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(io)?;
    let file = File::create(dir.join("lock")).map_err(io)?;
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
    inbox: std::sync::mpsc::Receiver<Arc<batch::Raw>>,
    control: Arc<Control>,
    metrics: &Arc<Metrics>,
) -> Result<Lane, SidecarError> {
    let checkpoint = Checkpoint::new(&config.state_dir, name);
    let saved = checkpoint.load().map_err(SidecarError::Io)?;
    let time = saved.as_ref().map(|s| s.time);
    let mut saved = saved.unwrap_or_default();
    let io = |e: std::io::Error| SidecarError::Io(format!("sink {name}: {e}"));
    let key = print_key(&config.state_dir).map_err(io)?;
    let mut tails = Vec::new();
    for (source, file) in config.source.file.iter().filter(|(s, _)| inputs.contains(s)) {
        let marks = saved.files.remove(source);
        // A source that was added later begins like a fresh one.
        let time = time.filter(|_| marks.is_some());
        let include = file.include.iter().map(|g| g.get_ref().as_str());
        let exclude = file.exclude.iter().map(|g| g.get_ref().as_str());
        let globs = Globs::new(include, exclude).map_err(|e| SidecarError::Config(format!("source {source}: {e}")))?;
        let rules = tail::Rules { globs, from_end: file.start == config::Start::End, rotate_wait: file.rotate_wait.0 };
        tails.push((source.clone(), Tail::new(rules, Prints::new(key.clone()), marks.unwrap_or_default(), time)));
    }
    let sink: Box<dyn sink::Sink> = match config.sink.file.get(name) {
        Some(c) => Box::new(sink::FileSink::open(c, &saved.sink).map_err(io)?),
        None => Box::new(sink::Stdout::open().map_err(io)?),
    };
    Ok(Lane { name: name.into(), tails, inbox, sink, checkpoint, control, metrics: metrics.clone() })
}
