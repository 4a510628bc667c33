//! Charts.

use super::buckets::Series;
use super::{escape, group};
use std::fmt::Write as _;

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 300.0;
/// Room for the numbers of the axis and the dates.
const LEFT: f64 = 64.0;
const BOTTOM: f64 = 28.0;
const TOP: f64 = 12.0;

/// Stacked bars over time; every piece has a tooltip.
pub fn stacked(series: &Series, label: &str) -> String {
    let most = series.buckets.iter().map(|b| b.1.iter().sum::<u64>()).max().unwrap_or(0).max(1);
    let (top, step) = scale(most);
    let room = HEIGHT - BOTTOM - TOP;
    let y = |n: u64| TOP + room * (1.0 - n as f64 / top as f64);
    let slot = (WIDTH - LEFT) / series.buckets.len() as f64;
    let bar = (slot * 0.78).min(48.0);
    let mut out = open(HEIGHT, label);
    for n in (0..=top).step_by(step as usize) {
        let y = y(n);
        let _ = write!(
            out,
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
             <text class=\"axis\" x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            LEFT - 8.0,
            y + 4.0,
            group(n),
        );
    }
    let every = (series.buckets.len() as f64 / 9.0).ceil().max(1.0) as usize;
    for (i, (name, layers)) in series.buckets.iter().enumerate() {
        let x = LEFT + slot * i as f64 + (slot - bar) / 2.0;
        let mut below = 0;
        for (layer, n) in layers.iter().enumerate().filter(|(_, n)| **n > 0) {
            let (from, to) = (y(below), y(below + n));
            below += n;
            let _ = write!(
                out,
                "<rect class=\"c{layer}\" x=\"{x:.1}\" y=\"{to:.1}\" width=\"{bar:.1}\" height=\"{:.1}\">\
                 <title>{name} {} {}</title></rect>",
                (from - to).max(0.5),
                escape(&series.names[layer]),
                group(*n),
            );
        }
        if i % every == 0 {
            let _ = write!(
                out,
                "<text class=\"axis\" x=\"{:.1}\" y=\"{:.0}\" text-anchor=\"{}\">{name}</text>",
                if i == 0 { LEFT } else { (x + bar / 2.0).min(WIDTH - 36.0) },
                HEIGHT - 8.0,
                if i == 0 { "start" } else { "middle" },
            );
        }
    }
    out.push_str("</svg>\n");
    out
}

/// One bar a name, the largest first.
pub fn bars(items: &[(&str, u64)], label: &str) -> String {
    const ROW: f64 = 26.0;
    const NAMES: f64 = 190.0;
    const NUMBERS: f64 = 110.0;
    let most = items.iter().map(|i| i.1).max().unwrap_or(0).max(1);
    let mut out = open(ROW * items.len() as f64 + 6.0, label);
    for (i, (name, n)) in items.iter().enumerate() {
        let y = ROW * i as f64;
        let width = ((WIDTH - NAMES - NUMBERS) * *n as f64 / most as f64).max(2.0);
        let _ = write!(
            out,
            "<text class=\"name\" x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"end\">{}</text>\
             <rect class=\"c0\" x=\"{NAMES}\" y=\"{:.0}\" width=\"{width:.1}\" height=\"16\" rx=\"2\"/>\
             <text class=\"axis\" x=\"{:.1}\" y=\"{:.0}\">{}</text>",
            NAMES - 10.0,
            y + 17.0,
            escape(name),
            y + 5.0,
            NAMES + width + 8.0,
            y + 17.0,
            group(*n),
        );
    }
    out.push_str("</svg>\n");
    out
}

fn open(height: f64, label: &str) -> String {
    format!("<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{label}\">")
}

/// A round top and step that hold `most`.
fn scale(most: u64) -> (u64, u64) {
    let mut unit = 1u64;
    loop {
        for m in [1, 2, 5] {
            let step = unit * m;
            if most <= step * 5 {
                return (step * most.div_ceil(step), step);
            }
        }
        unit = unit.saturating_mul(10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_round_and_hold_the_most() {
        for most in [1, 7, 10, 11, 99, 1234, 999_999, 7_654_321_000] {
            let (top, step) = scale(most);
            assert!(top >= most && top % step == 0 && top / step <= 5, "{most}");
        }
    }
}
