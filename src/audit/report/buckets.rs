//! Counts by day become few enough bars to read: days, months or years.

use jiff::Span;
use jiff::civil::Date;
use std::collections::BTreeMap;

/// Most bars of a chart.
const BARS: usize = 124;

/// Stacked counts over time.
pub struct Series {
    /// Names of the layers, the largest first; the last may be empty: all others.
    pub names: Vec<String>,
    /// Label of each bar and its layers.
    pub buckets: Vec<(String, Vec<u64>)>,
}

impl Series {
    /// Series of `(day, name, count)`, with at most `layers` names of their own.
    pub fn new<'a>(items: impl Iterator<Item = (&'a String, &'a str, u64)>, layers: usize) -> Series {
        let items: Vec<_> = items.collect();
        let mut totals: BTreeMap<&str, u64> = BTreeMap::new();
        items.iter().for_each(|(_, name, n)| *totals.entry(name).or_default() += n);
        let mut order: Vec<_> = totals.into_iter().collect();
        order.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        let mut names: Vec<String> = order.iter().take(layers).map(|o| o.0.to_owned()).collect();
        if order.len() > layers {
            names.push(String::new());
        }
        let (cut, labels) = labels(&items);
        let mut bars: BTreeMap<String, Vec<u64>> = labels.into_iter().map(|l| (l, vec![0; names.len()])).collect();
        for (day, name, n) in &items {
            let label = day.get(..cut).unwrap_or(day);
            let layer = names.iter().position(|x| x == name).unwrap_or(names.len() - 1);
            let bar = bars.entry(label.to_owned()).or_insert_with(|| vec![0; names.len()]);
            bar[layer] += n;
        }
        Series { buckets: bars.into_iter().collect(), names }
    }
}

/// How many letters of an ISO date name a bar (10 a day, 7 a month, 4 a year), and all names from the first to the last: a
/// day without records is an empty bar, not a missing one.
fn labels(items: &[(&String, &str, u64)]) -> (usize, Vec<String>) {
    let dates = || items.iter().filter_map(|(day, _, _)| day.parse::<Date>().ok());
    let (Some(first), Some(last)) = (dates().min(), dates().max()) else { return (10, Vec::new()) };
    for (cut, step) in [(10, Span::new().days(1)), (7, Span::new().months(1)), (4, Span::new().years(1))] {
        let from = if cut == 10 { first } else { first.first_of_month() };
        let mut names: Vec<String> = from
            .series(step)
            .take_while(|d| *d <= last)
            .take(BARS + 1)
            .map(|d| d.to_string()[..cut].to_owned())
            .collect();
        names.dedup();
        if names.len() <= BARS {
            return (cut, names);
        }
    }
    (4, Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_days_become_months() {
        let days: Vec<String> = (0..180).map(|i| format!("2026-{:02}-{:02}", 1 + i / 28, 1 + i % 28)).collect();
        let s = Series::new(days.iter().map(|d| (d, "ip.v4", 2)), 7);
        assert_eq!(s.buckets.iter().map(|b| b.0.len()).max(), Some(7));
        assert_eq!(s.buckets.iter().map(|b| b.1[0]).sum::<u64>(), 360);
        let gap = ["2026-02-27".to_owned(), "2026-03-02".to_owned()];
        let s = Series::new(gap.iter().map(|d| (d, "email", 1)), 7);
        let labels: Vec<_> = s.buckets.iter().map(|b| b.0.as_str()).collect();
        assert_eq!(labels, ["2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02"]);
        let names: Vec<String> = (0..9).map(|i| format!("e{i}")).collect();
        let s = Series::new(names.iter().map(|n| (&days[0], n.as_str(), 1)), 7);
        assert_eq!((s.names.len(), s.names[7].as_str(), s.buckets[0].1[7]), (8, "", 2));
    }
}
