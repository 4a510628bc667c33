//! The product beside its peers, as whole processes: file to `/dev/null`, and pipe to pipe.

use super::Failure;
use super::generate::Kind;
use super::lab::{Input, Lab};
use super::measure::{Cost, Filter, median, rate};
use super::table::Row;
use logveil::engine::ScanKernel;

/// The default: HMAC pseudonyms, inline tags, one thread.
const DEFAULT: &str = "logveil";
/// What the default must reach beside the control and beside the validated peer.
const GOALS: [(&str, f64); 2] = [("ratio", 1.8), ("ratio_validated", 3.0)];
/// Most memory that a run may take, in KiB.
pub const PEAK: f64 = 32.0 * 1024.0;

/// Each run of a filter follows a run of the control; `validated` is measured once a round.
struct Series {
    filter: Filter,
    /// (cost, cost of the control just before it), one a round.
    pairs: Vec<(Cost, Cost)>,
}

/// One table of an input: the control, the validated peer and `filters`, each in `rounds` pairs.
fn compare(
    lab: &Lab,
    input: &Input,
    filters: Vec<Filter>,
    run: &dyn Fn(&Filter) -> Result<Cost, Failure>,
) -> Result<Vec<Row>, Failure> {
    let control = lab.peer("control: regex alternation", "control");
    let validated = lab.peer("regex-automata, keys, validated", "validated");
    let mut all: Vec<_> = filters.into_iter().map(|filter| Series { filter, pairs: Vec::new() }).collect();
    all.insert(1, Series { filter: validated, pairs: Vec::new() });
    for _ in 0..lab.rounds {
        for s in &mut all {
            let before = run(&control)?;
            s.pairs.push((run(&s.filter)?, before));
        }
    }
    // Counting has its price, which is shown in a row of its own: a run that is not measured tells what was found.
    for s in &mut all {
        if let Some(counting) = s.filter.counting() {
            let found = run(&counting)?.found;
            s.pairs.iter_mut().for_each(|p| p.0.found = found);
        }
    }
    let controls = all.iter().flat_map(|s| s.pairs.iter().map(|p| (p.1, p.1)));
    let mut series = vec![Series { filter: control, pairs: controls.collect() }];
    let careful: Vec<f64> = all[1].pairs.iter().map(|p| p.0.cpu).collect();
    series.extend(all);
    Ok(series.iter().map(|s| row(s, input, &careful)).collect())
}

fn row(s: &Series, input: &Input, careful: &[f64]) -> Row {
    let of = |f: &dyn Fn(&(Cost, Cost)) -> f64| median(s.pairs.iter().map(f));
    let mut cells = vec![
        ("cpu_mb_s", rate(input.bytes, of(&|p| p.0.cpu))),
        ("wall_mb_s", rate(input.bytes, of(&|p| p.0.wall))),
        ("ratio", of(&|p| p.1.cpu / p.0.cpu)),
        ("ratio_wall", of(&|p| p.1.wall / p.0.wall)),
        ("maxrss_kib", s.pairs.iter().map(|p| p.0.peak).fold(0.0, f64::max)),
        ("found_kb", of(&|p| p.0.found) * 1000.0 / input.bytes as f64),
    ];
    if s.pairs.len() == careful.len() {
        cells.push(("ratio_validated", median(s.pairs.iter().zip(careful).map(|(p, c)| c / p.0.cpu))));
    }
    let row = Row::new(&input.name, &s.filter.name, cells);
    let short = s.filter.name == DEFAULT && GOALS.iter().any(|g| row.cell(g.0).is_some_and(|v| v < g.1));
    let large = row.cell("maxrss_kib") > Some(PEAK);
    row.flag(short, "SHORT OF THE GOAL").flag(large, "LARGE")
}

/// Other settings and other machine code.
fn variants(lab: &Lab) -> Vec<Filter> {
    let cmac = lab.cmac();
    let mut all = vec![
        lab.logveil("logveil, no tags", &["--tag", "none"]),
        lab.logveil("logveil, counting", &["--stats=json"]),
        lab.logveil("logveil, AES-CMAC", &cmac),
        lab.logveil("logveil, web-minimal", &["--policy", "web-minimal"]),
        lab.logveil("logveil, two threads", &["-j", "2"]),
    ];
    for (kernel, name) in [("avx2", "logveil, AVX2"), ("scalar", "logveil, portable")] {
        if ScanKernel::parse(kernel).is_some_and(ScanKernel::available) {
            all.push(lab.logveil(name, &[]).with_env("LOGVEIL_KERNEL", kernel));
        }
    }
    all.push(lab.peer("copy", "copy"));
    all
}

/// File to `/dev/null`: repeated and unique values, dense and clean, and the shared logs.
pub fn files(lab: &Lab) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    let mut table = |input: &Input, more: Vec<Filter>| {
        let mut filters = vec![lab.logveil(DEFAULT, &[])];
        filters.extend(more);
        rows.extend(compare(lab, input, filters, &|f| f.on_file(&input.path))?);
        Ok::<_, Failure>(())
    };
    table(&lab.input("access log", Kind::Access, lab.mb)?, variants(lab))?;
    table(&lab.input("telemetry", Kind::Telemetry, lab.mb)?, variants(lab))?;
    table(&lab.input("access log, unique", Kind::AccessUnique, lab.mb / 4)?, vec![])?;
    table(&lab.input("telemetry, unique", Kind::TelemetryUnique, lab.mb / 4)?, vec![])?;
    table(&lab.input("service log, clean", Kind::Clean, lab.mb / 4)?, vec![])?;
    for input in lab.shared()? {
        table(&input, vec![])?;
    }
    Ok(rows)
}

/// Pipe to pipe, with two threads as well.
pub fn pipes(lab: &Lab) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    for (name, kind) in [("access log", Kind::Access), ("telemetry", Kind::Telemetry)] {
        let input = lab.input(name, kind, lab.mb)?;
        let path = input.path.to_str().ok_or("path")?;
        let filters = vec![
            lab.logveil(DEFAULT, &[]),
            lab.logveil("logveil, two threads", &["-j", "2"]),
            lab.peer("copy", "copy"),
        ];
        rows.extend(compare(lab, &input, filters, &|f| {
            f.in_pipe(&mut lab.role(&["pour", path]), &mut lab.role(&["drain"]))
        })?);
    }
    Ok(rows)
}
