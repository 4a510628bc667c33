//! The daemon: sources, de-identification, sinks. Raw bytes are in memory only, bounded; what reaches a disk, a socket or the
//! daemon's own log went through the engine.
//!
//! Each sink has a lane: a thread with an engine's worker that follows files by itself and takes what other sources push. A lane
//! commits offsets and output together, then answers those who wait.

mod batch;
mod bell;
pub mod buffer;
mod checkpoint;
mod committer;
pub mod config;
mod daemon;
mod deliver;
mod durable;
mod harden;
mod http;
mod inbox;
mod lane;
mod ledger;
mod log;
mod metrics;
mod ops;
mod press;
mod retry;
mod seccomp;
mod sink;
mod source;
mod tail;
mod tls;
mod units;

pub use daemon::{buffers, run};

use crate::engine::{Engine, Format};
use crate::rules::RuleError;
use config::{Config, EngineSpec};
use daemon::held;
use lane::Control;
use metrics::{Metrics, label};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tail::Globs;
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
    let wrong = |e| SidecarError::Config(format!("sink {sink}: {e}"));
    let engine = make(&config.engine_of(&route)).map_err(wrong)?;
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
        let mut old = held(&self.config);
        if !config.same_shape(&old) {
            return Err("sources, sinks or places changed; restart the daemon to apply that".into());
        }
        self.renew(&config)?;
        *old = config;
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
        let config = held(&self.config).clone();
        if let Err(e) = self.renew(&config) {
            warn!("the engine could not be made anew for a new day, the old one stays: {e}");
        }
    }
}
