//! The product beside what a user would pick instead, as whole processes, in one run.
//!
//! `cargo bench --bench end_to_end` measures everything; `cargo bench --bench end_to_end -- files latency` some of it.
//! CPU time comes from the kernel (`wait4`). Each run follows a run of the control, and ratios are of such pairs:
//! on a shared machine nothing else means much. `docs/performance.md` explains the tables.

mod support;

use clap::{Parser, ValueEnum};
use std::path::PathBuf;
use support::{Failure, adversarial, build, child, filters, flat, lab::Lab, latency, table};

/// Measures whole processes and prints Markdown tables.
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Args {
    /// Sections; all when none is named.
    sections: Vec<Section>,
    /// Size of the inputs in MB; adversarial ones have four times as much.
    #[arg(long, default_value_t = 256)]
    mb: u64,
    /// Seconds that an adversarial row may take; it is measured on as much as runs in them.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Runs of each row.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Another binary to measure than the one that was built with this bench.
    #[arg(long, default_value = env!("CARGO_BIN_EXE_logveil"))]
    binary: PathBuf,
    /// Append to `benches/record/<date>-<cpu>.csv` and put the tables into `docs/performance.md`.
    #[arg(long)]
    record: bool,
    /// Cargo says this.
    #[arg(long, hide = true)]
    bench: bool,
    #[command(subcommand)]
    role: Option<child::Role>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Section {
    /// File to /dev/null: all inputs, settings and kinds of machine code.
    Files,
    /// Pipe to pipe.
    Pipes,
    /// A line through a live pipe.
    Latency,
    /// Cost per byte and memory from 1 MB to 4 GB.
    Flat,
    /// Inputs made to be slow.
    Adversarial,
    /// Accidents of the build.
    Build,
}

fn main() -> Result<(), Failure> {
    let args = Args::parse();
    if let Some(role) = &args.role {
        return Ok(child::play(role)?);
    }
    let lab = Lab::new(&args.binary, args.mb, args.rounds)?;
    let stamp = table::Stamp::now(args.mb, args.rounds);
    println!("{}", stamp.line());
    let sections = if args.sections.is_empty() { Section::value_variants() } else { &args.sections };
    for section in sections {
        let name = format!("{section:?}").to_lowercase();
        let rows = match section {
            Section::Files => filters::files(&lab),
            Section::Pipes => filters::pipes(&lab),
            Section::Latency => latency::latency(&lab),
            Section::Flat => flat::flat(&lab),
            Section::Adversarial => adversarial::adversarial(&lab, args.seconds),
            Section::Build => build::build(),
        }?;
        let text = table::markdown(&rows);
        println!("\n## {name}\n\n{text}");
        if args.record {
            stamp.record(&name, &rows)?;
            stamp.publish(&name, &text)?;
        }
    }
    Ok(())
}
