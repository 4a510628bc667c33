//! Cost per byte and memory while the input grows: made by another process, never stored.

use super::Failure;
use super::filters::PEAK;
use super::lab::{Lab, MB};
use super::measure::{Cost, median, rate};
use super::table::Row;

/// Sizes in MB, and runs of each.
const SIZES: [(u64, usize); 5] = [(1, 9), (16, 7), (256, 3), (1024, 1), (4096, 1)];

/// Least share of the speed at 256 MB that noise explains.
const FLAT: f64 = 0.75;

/// Rates are net of the start-up cost, which has its own row; the ratio is to 256 MB.
pub fn flat(lab: &Lab) -> Result<Vec<Row>, Failure> {
    let filter = lab.logveil("", &[]);
    let mut rows = Vec::new();
    for (name, kind) in [("access log", "access-unique"), ("telemetry", "telemetry-unique")] {
        let run = |bytes: u64| -> Result<Cost, Failure> {
            filter.in_pipe(&mut lab.role(&["generate", kind, &bytes.to_string()]), &mut lab.role(&["drain"]))
        };
        let several = |bytes: u64, times: usize| -> Result<Cost, Failure> {
            let runs: Vec<Cost> = (0..times).map(|_| run(bytes)).collect::<Result<_, _>>()?;
            let peak = runs.iter().map(|c| c.peak).fold(0.0, f64::max);
            let cpu = median(runs.iter().map(|c| c.cpu));
            Ok(Cost { cpu, peak, wall: median(runs.iter().map(|c| c.wall)), found: 0.0 })
        };
        let start = several(0, 9)?;
        let costs: Vec<_> = SIZES.iter().map(|&(mb, times)| several(mb * MB, times)).collect::<Result<_, _>>()?;
        let net = |i: usize| rate(SIZES[i].0 * MB, costs[i].cpu - start.cpu);
        rows.push(Row::new(name, "start-up", vec![("cpu_ms", start.cpu * 1e3), ("maxrss_kib", start.peak)]));
        for (i, &(mb, _)) in SIZES.iter().enumerate() {
            let cells = vec![
                ("cpu_mb_s", net(i)),
                ("wall_mb_s", rate(mb * MB, costs[i].wall)),
                ("ratio", net(i) / net(2)),
                ("maxrss_kib", costs[i].peak),
                ("cpu_ms", costs[i].cpu * 1e3),
            ];
            let row = Row::new(name, &format!("{mb} MB"), cells);
            rows.push(row.flag(net(i) / net(2) < FLAT, "NOT FLAT").flag(costs[i].peak > PEAK, "LARGE"));
        }
    }
    Ok(rows)
}
