//! `logveil sidecar`.

use super::args::{KeyArgs, PolicyArgs};
use super::exit::Exit;
use super::{Failure, setup};
use crate::engine::{Engine, TagMode};
use crate::sidecar::config::{EngineSpec, Tags};
use crate::sidecar::{self, Maker, SidecarError};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Options of `sidecar`.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = false)]
pub struct SidecarArgs {
    /// What to do instead of running.
    #[command(subcommand)]
    pub verb: Option<SidecarVerb>,
    /// The configuration.
    #[arg(
        long,
        global = true,
        short = 'c',
        env = "LOGVEIL_CONFIG",
        default_value = "/etc/logveil/logveil.toml",
        value_name = "FILE"
    )]
    pub config: PathBuf,
    /// Check the configuration and all that it names, and end.
    #[arg(long)]
    pub check: bool,
}

/// Verbs of `sidecar`.
#[derive(Subcommand)]
pub enum SidecarVerb {
    /// Look at the disk buffers, or mend them; the daemon must stand still.
    Buffer {
        /// What to do with them.
        #[command(subcommand)]
        verb: BufferVerb,
    },
}

/// Verbs of `sidecar buffer`.
#[derive(Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum BufferVerb {
    /// Count whole and damaged records. Exit code 1 when there are damaged ones.
    Check,
    /// Take damaged records out.
    Repair,
}

/// Runs or checks the daemon.
pub fn run(args: &SidecarArgs) -> Result<Exit, Failure> {
    if let Some(SidecarVerb::Buffer { verb }) = &args.verb {
        let reports = sidecar::buffers(&args.config, *verb == BufferVerb::Repair).map_err(failure)?;
        let mut exit = Exit::Clean;
        for (name, report) in reports {
            println!("{name}: {report}");
            if report.damaged > 0 && *verb == BufferVerb::Check {
                exit = Exit::Suppressed;
            }
        }
        return Ok(exit);
    }
    let make: Maker = Box::new(engine);
    if args.check {
        println!("{}", sidecar::check(&args.config, &make).map_err(failure)?);
        return Ok(Exit::Clean);
    }
    match sidecar::run(&args.config, make).map_err(failure)? {
        true => Ok(Exit::Clean),
        false => Ok(Exit::Io),
    }
}

fn failure(e: SidecarError) -> Failure {
    match e {
        SidecarError::Config(m) => (Exit::Config, m),
        SidecarError::Io(m) => (Exit::Io, m),
    }
}

fn engine(spec: &EngineSpec) -> Result<Engine, String> {
    let args = PolicyArgs {
        policy: spec.policy.clone(),
        rules: spec.rules.clone(),
        source: None,
        host: None,
        service: None,
        tenant: None,
        keys: KeyArgs { key_file: Some(spec.key_file.clone()), ..KeyArgs::default() },
        kernel: "auto".into(),
    };
    let tag = match spec.tag {
        _ if spec.partitions => TagMode::Manifest,
        Tags::Inline => TagMode::Inline,
        Tags::None => TagMode::None,
    };
    let place = spec.region.as_deref().map(|region| (region, spec.consent.as_deref()));
    setup::engine_at(&args, tag, spec.view.as_slice(), place).map_err(|(_, message)| message)
}
