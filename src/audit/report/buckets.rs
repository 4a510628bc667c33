//! Counts by day become few enough bars to read: days, months or years.

use std::collections::BTreeMap;

/// Most bars of a chart.
const BARS: usize = 62;

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
        // 10 letters of an ISO date are a day, 7 a month, 4 a year.
        let cut = [10, 7, 4].into_iter().find(|cut| distinct(&items, *cut) <= BARS).unwrap_or(4);
        let mut bars: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
        for (day, name, n) in &items {
            let bar = bars.entry(day.get(..cut).unwrap_or(day)).or_insert_with(|| vec![0; names.len()]);
            let layer = names.iter().position(|x| x == name).unwrap_or(names.len() - 1);
            bar[layer] += n;
        }
        Series { buckets: bars.into_iter().map(|(k, v)| (k.to_owned(), v)).collect(), names }
    }
}

fn distinct(items: &[(&String, &str, u64)], cut: usize) -> usize {
    let mut keys: Vec<&str> = items.iter().map(|(day, _, _)| day.get(..cut).unwrap_or(day)).collect();
    keys.sort_unstable();
    keys.dedup();
    keys.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_days_become_months() {
        let days: Vec<String> = (1..=90).map(|i| format!("2026-{:02}-{:02}", 1 + i / 31, 1 + i % 28)).collect();
        let s = Series::new(days.iter().map(|d| (d, "ip.v4", 2)), 7);
        assert_eq!(s.buckets.iter().map(|b| b.0.len()).max(), Some(7));
        assert_eq!(s.buckets.iter().map(|b| b.1[0]).sum::<u64>(), 180);
        let names: Vec<String> = (0..9).map(|i| format!("e{i}")).collect();
        let s = Series::new(names.iter().map(|n| (&days[0], n.as_str(), 1)), 7);
        assert_eq!((s.names.len(), s.names[7].as_str(), s.buckets[0].1[7]), (8, "", 2));
    }
}
