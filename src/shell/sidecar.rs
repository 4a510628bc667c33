//! `logveil sidecar`.

use super::args::PolicyArgs;
use super::exit::Exit;
use super::{Failure, setup};
use crate::engine::{Engine, TagMode};
use crate::sidecar::config::{EngineSpec, Tags};
use crate::sidecar::{self, Maker, SidecarError};
use clap::Args;
use std::path::PathBuf;

/// Options of `sidecar`.
#[derive(Args)]
pub struct SidecarArgs {
    /// The configuration.
    #[arg(long, short = 'c', env = "LOGVEIL_CONFIG", default_value = "/etc/logveil/logveil.toml", value_name = "FILE")]
    pub config: PathBuf,
    /// Check the configuration and all that it names, and end.
    #[arg(long)]
    pub check: bool,
}

/// Runs or checks the daemon.
pub fn run(args: &SidecarArgs) -> Result<Exit, Failure> {
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
        key_file: Some(spec.key_file.clone()),
        kernel: "auto".into(),
    };
    let tag = match spec.tag {
        Tags::Inline => TagMode::Inline,
        Tags::None => TagMode::None,
    };
    setup::engine(&args, tag).map_err(|(_, message)| message)
}
