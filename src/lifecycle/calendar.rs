//! Working days, from a data file: whole years of days off and of weekend days that are worked instead.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use serde::Deserialize;
use std::collections::{BTreeMap, HashSet};

/// Working days of the embedded file, those of the People's Republic of China.
const CHINA: &str = include_str!("../../rules/holidays/cn.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Year {
    off: Vec<String>,
    worked: Vec<String>,
}

/// Which days are worked.
#[derive(Debug)]
pub struct Calendar {
    years: HashSet<i16>,
    off: HashSet<Date>,
    worked: HashSet<Date>,
}

impl Calendar {
    /// The embedded calendar.
    ///
    /// # Panics
    /// Never: a test reads it.
    pub fn china() -> Calendar {
        Calendar::parse(CHINA).expect("the embedded calendar")
    }

    /// Reads `[YEAR]` stanzas with `off` and `worked`, lists of `MM-DD`.
    ///
    /// # Errors
    /// What is no year or day.
    pub fn parse(text: &str) -> Result<Calendar, String> {
        let years: BTreeMap<String, Year> = toml::from_str(text).map_err(|e| e.message().to_string())?;
        let mut calendar = Calendar { years: HashSet::new(), off: HashSet::new(), worked: HashSet::new() };
        for (name, year) in years {
            calendar.years.insert(name.parse().map_err(|_| format!("`{name}` is no year"))?);
            for (days, set) in [(year.off, &mut calendar.off), (year.worked, &mut calendar.worked)] {
                for d in days {
                    set.insert(
                        format!("{name}-{d}").parse().map_err(|_| format!("`{d}` of {name} is no day; write MM-DD"))?,
                    );
                }
            }
        }
        Ok(calendar)
    }

    /// True when the calendar knows the year of a day; otherwise only weekends are free.
    pub fn knows(&self, day: Date) -> bool {
        self.years.contains(&day.year())
    }

    /// True when a day is worked.
    pub fn is_worked(&self, day: Date) -> bool {
        let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        self.worked.contains(&day) || !weekend && !self.off.contains(&day)
    }

    /// The last day of a term of `n` working days that begins on the day after `from`.
    pub fn after(&self, from: Date, n: u8) -> Date {
        let (mut day, mut left) = (from, n);
        while left > 0 {
            let Ok(next) = day.checked_add(1.day()) else { return day };
            day = next;
            left -= u8::from(self.is_worked(day));
        }
        day
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_count_working_days_only() {
        let c = Calendar::china();
        for (from, want) in [
            ("2026-11-23", "2026-11-26"),
            ("2026-11-26", "2026-12-01"),
            // The national holiday from the 1st to the 7th; Saturday the 10th is worked.
            ("2026-09-30", "2026-10-10"),
            // Spring Festival from the 15th to the 23rd; Saturday the 14th is worked.
            ("2026-02-12", "2026-02-24"),
            ("2025-09-30", "2025-10-11"),
        ] {
            let (from, want): (Date, Date) = (from.parse().unwrap(), want.parse().unwrap());
            assert_eq!(c.after(from, 3), want, "{from}");
        }
        assert!(c.knows("2026-01-01".parse().unwrap()) && !c.knows("2031-01-01".parse().unwrap()));
    }

    #[test]
    fn mistakes_are_named() {
        assert!(Calendar::parse("[x]\noff = []\nworked = []").unwrap_err().contains("no year"));
        assert!(Calendar::parse("[2026]\noff = [\"13-01\"]\nworked = []").unwrap_err().contains("MM-DD"));
    }
}
