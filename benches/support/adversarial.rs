//! Inputs made to be slow, through a pipe, as one record without a line feed and as records of 64 KiB. A slow one is measured on
//! as much of it as runs in the time a row has.

use super::Failure;
use super::filters::PEAK;
use super::lab::{Lab, MB};
use super::measure::{Cost, Filter, median, rate};
use super::table::Row;

/// Bytes of the first run: the window that an over-long record is seen through.
const FIRST: u64 = MB / 4;

/// A gigabyte each: no slower than a fifth of the access log.
const NAMED: [&str; 5] = ["1", ".", ":", "\"", "%"];

/// A sixteenth of that each.
const MORE: [&str; 48] = [
    "%41",
    "%25",
    "\\",
    "\\u0031",
    "\\\"",
    "=",
    "@",
    "-",
    "_",
    "[",
    "{\"a\":",
    "1.1.1.1.",
    "1.2.3.4 ",
    "::1 ",
    "a:",
    "a.",
    "a@",
    "@a.",
    "a=",
    "ip=",
    "ip=a",
    "phone=1&",
    "\"ip\":x ",
    "\"phone\":\"",
    "\"phone\":[",
    "token=",
    "Authorization: Bearer ",
    "<mobile><![CDATA[",
    "<password>",
    "    [username] => ",
    "password \"",
    "\"AUTH\" \"",
    "s:8:\"password\";",
    "手机号：",
    "姓名：",
    "账号：",
    "address=",
    "手机",
    "１",
    "-eyJ",
    "eyJ.",
    "+1",
    "138 ",
    "13800138000 ",
    "2001:",
    "a-",
    "1-",
    "0",
];

/// Runs of the access log that the shares are of.
const BASES: usize = 3;

/// Runs on more and more bytes up to `most`, as long as another run fits into `seconds`; says how many they were at last.
fn bounded(most: u64, seconds: f64, run: impl Fn(u64) -> Result<Cost, Failure>) -> Result<(u64, Cost), Failure> {
    let mut bytes = FIRST.min(most);
    loop {
        let cost = run(bytes)?;
        let fits = (bytes as f64 * (seconds / cost.wall)) as u64;
        if bytes == most || fits < 2 * bytes {
            return Ok((bytes, cost));
        }
        bytes = fits.min(8 * bytes).min(most);
    }
}

/// A unit as one record, or as records of `line` bytes.
fn row(lab: &Lab, filter: &Filter, unit: &str, line: Option<&str>, most: u64, seconds: f64) -> Result<Row, Failure> {
    let (bytes, cost) = bounded(most, seconds, |bytes| {
        let size = bytes.to_string();
        let mut args = vec!["repeat", unit, size.as_str()];
        args.extend(line);
        filter.in_pipe(&mut lab.role(&args), &mut lab.role(&["drain"]))
    })?;
    let mut shape = String::from(if line.is_some() { "records of 64 KiB" } else { "one record" });
    if bytes < most {
        shape += &format!(", {:.1} MB", bytes as f64 / MB as f64);
    }
    let cells =
        vec![("cpu_mb_s", rate(bytes, cost.cpu)), ("wall_mb_s", rate(bytes, cost.wall)), ("maxrss_kib", cost.peak)];
    Ok(Row::new(&format!("`{unit}`"), &shape, cells))
}

/// Every input; a row takes hardly more than `seconds`.
pub fn adversarial(lab: &Lab, seconds: f64) -> Result<Vec<Row>, Failure> {
    let filter = lab.logveil("", &[]);
    let gigabyte = 4 * lab.mb * MB;
    let mut bases = Vec::new();
    let base = |bases: &mut Vec<f64>| -> Result<(), Failure> {
        let (bytes, cost) = bounded(gigabyte, seconds, |bytes| {
            filter.in_pipe(&mut lab.role(&["generate", "access", &bytes.to_string()]), &mut lab.role(&["drain"]))
        })?;
        bases.push(rate(bytes, cost.cpu));
        Ok(())
    };
    base(&mut bases)?;
    let mut rows = Vec::new();
    for (i, unit) in NAMED.iter().chain(&MORE).enumerate() {
        let bytes = if i < NAMED.len() { gigabyte } else { gigabyte / 16 };
        for line in [None, Some("65536")] {
            rows.push(row(lab, &filter, unit, line, bytes, seconds)?);
        }
        if i + 1 == NAMED.len() {
            base(&mut bases)?;
        }
    }
    while bases.len() < BASES {
        base(&mut bases)?;
    }
    let normal = median(bases);
    let share = |mut r: Row| {
        let ratio = r.cells[0].1 / normal;
        r.cells.push(("ratio", ratio));
        let large = r.cell("maxrss_kib") > Some(PEAK);
        r.flag(large, "LARGE").flag(ratio < 0.2, "BELOW A FIFTH")
    };
    let mut all = vec![Row::new("access log", "as it is", vec![("cpu_mb_s", normal), ("ratio", 1.0)])];
    all.extend(rows.into_iter().map(share));
    Ok(all)
}
