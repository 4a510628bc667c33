//! Counts for people and programs.

use super::args::Stats;
use crate::audit::Tally;
use crate::rules::Ruleset;

/// Prints the tally of a run to standard error.
pub fn print(form: Stats, tally: &Tally, rules: &Ruleset, seconds: f64) {
    let json = tally.to_json(rules, seconds);
    if form == Stats::Json {
        eprintln!("{json}");
        return;
    }
    eprintln!("records      {:>12}", tally.records);
    eprintln!("bytes        {:>12} -> {}", tally.bytes_in, tally.bytes_out);
    eprintln!("findings     {:>12}", tally.findings());
    for (title, key) in [("by entity", "entities"), ("by carrier", "carriers")] {
        eprintln!("{title}");
        for (name, n) in json[key].as_object().into_iter().flatten().filter(|(_, n)| **n != 0) {
            eprintln!("  {name:<20}{n:>12}");
        }
    }
    eprintln!("kept         {:>12}  (machine addresses, own contacts)", tally.kept);
    eprintln!("suppressed   {:>12}  values, {} records", tally.unfit, tally.suppressed_records);
    eprintln!("untimed      {:>12}  records without an event time", tally.untimed);
    eprintln!("unparsed     {:>12}  records read as text", tally.unparsed);
    eprintln!("time         {seconds:>12.3}  s, {:.0} MB/s", tally.bytes_in as f64 / 1e6 / seconds.max(1e-9));
}
