//! What the name of a partition says: `class=CLASS[/hold=CASE][/keep_until=DAY][/restrict_after=DAY]/delete_after=DAY`,
//! with `never` in the last place where nothing demands deletion.

use super::Act;
use super::holds::Holds;
use jiff::ToSpan;
use jiff::civil::Date;
use std::path::{Component, Path};

/// Folder of restricted partitions, below the root.
pub const RESTRICTED: &str = "restricted";

/// A partition as its name tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Retention class.
    pub class: String,
    /// Case of a legal hold.
    pub hold: Option<String>,
    /// Not to be deleted before this day.
    pub keep_until: Option<Date>,
    /// Not to be used from this day on.
    pub restrict_after: Option<Date>,
    /// Not to be there from this day on.
    pub delete_after: Option<Date>,
    /// It is restricted already.
    pub restricted: bool,
}

/// The part of a partition's name that a component of its path is.
enum Part<'p> {
    Class(&'p str),
    Hold(&'p str),
    Keep(Option<Date>),
    Restrict(Option<Date>),
    Delete(Option<Date>),
}

/// A day; a month stands for the day after its last: nothing in it may go earlier.
fn day(text: &str) -> Option<Date> {
    if text.len() == 7 {
        return format!("{text}-01").parse::<Date>().ok()?.checked_add(1.month()).ok();
    }
    text.parse().ok().filter(|_| text.len() == 10)
}

fn part(name: &str) -> Option<Part<'_>> {
    let (key, value) = name.split_once('=')?;
    Some(match key {
        "class" if !value.is_empty() => Part::Class(value),
        "hold" if !value.is_empty() => Part::Hold(value),
        "keep_until" => Part::Keep(day(value)),
        "restrict_after" => Part::Restrict(day(value)),
        "delete_after" => Part::Delete(day(value)),
        _ => return None,
    })
}

/// True for the last component of a partition's name.
pub fn is_last(name: &str) -> bool {
    matches!(part(name), Some(Part::Delete(_)))
}

impl Place {
    /// Reads the path of a partition below the root; nothing when it is none, or a date of it can't be read.
    pub fn of(path: &Path) -> Option<Place> {
        let mut place = Place::default();
        let mut last = false;
        for (i, c) in path.components().enumerate() {
            let Component::Normal(name) = c else { return None };
            let name = name.to_str()?;
            if i == 0 && name == RESTRICTED {
                place.restricted = true;
                continue;
            }
            match part(name) {
                Some(Part::Class(c)) => place.class = c.into(),
                Some(Part::Hold(c)) => place.hold = Some(c.into()),
                Some(Part::Restrict(d)) => place.restrict_after = Some(d?),
                Some(Part::Keep(d)) => place.keep_until = Some(d?),
                Some(Part::Delete(d)) => {
                    last = true;
                    match name {
                        "delete_after=never" => {}
                        _ => place.delete_after = Some(d?),
                    }
                }
                None => {}
            }
        }
        (last && !place.class.is_empty()).then_some(place)
    }

    /// What is due on the day `at`, and since when.
    pub fn due(&self, at: Date, holds: &Holds) -> Option<(Act, Date)> {
        if let Some(case) = &self.hold {
            let Some(end) = holds.ended(case) else { return Some((Act::Held, Date::MAX)) };
            // The hold was what kept it; its floor may reach further.
            let due = self.keep_until.max(self.delete_after).map_or(end, |d| d.max(end));
            return (at >= due).then_some((Act::Delete, due));
        }
        let due = self.delete_after.map(|d| self.keep_until.map_or(d, |k| d.max(k)));
        match (due, self.restrict_after) {
            (Some(d), _) if at >= d => Some((Act::Delete, d)),
            (_, Some(r)) if at >= r && !self.restricted => Some((Act::Restrict, r)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn names_are_read() {
        let p = Place::of(Path::new("class=a/restrict_after=2027-02-21/delete_after=2027-05-23")).unwrap();
        assert_eq!((p.restrict_after, p.delete_after), (Some(date("2027-02-21")), Some(date("2027-05-23"))));
        assert_eq!(
            Place::of(Path::new("x/class=a/delete_after=2027-12")).unwrap().delete_after,
            Some(date("2028-01-01"))
        );
        assert!(Place::of(Path::new("restricted/class=a/delete_after=2027-12")).unwrap().restricted);
        assert_eq!(Place::of(Path::new("class=a/delete_after=never")).unwrap().delete_after, None);
        for bad in ["class=a", "class=a/delete_after=soon", "delete_after=2027-01-01", "class=/delete_after=2027-01-01"]
        {
            assert_eq!(Place::of(Path::new(bad)), None, "{bad}");
        }
    }

    #[test]
    fn open_holds_keep_and_ended_ones_let_go() {
        let p = Place::of(Path::new("class=a/hold=case-1/keep_until=2027-01-01/delete_after=never")).unwrap();
        let far = date("2099-01-01");
        assert_eq!(p.due(far, &Holds::default()).unwrap().0, Act::Held);
        let mut holds = Holds::default();
        holds.end("case-1", date("2028-03-01"));
        assert_eq!(p.due(date("2028-02-29"), &holds), None);
        assert_eq!(p.due(date("2028-03-01"), &holds), Some((Act::Delete, date("2028-03-01"))));
    }

    proptest! {
        #[test]
        fn never_before_a_floor_and_never_past_a_ceiling(
            keep in proptest::option::of(0i32..900),
            restrict in proptest::option::of(0i32..900),
            delete in proptest::option::of(0i32..900),
            held: bool,
            restricted: bool,
            at in 0i32..900,
        ) {
            let start = date("2026-01-01");
            let on = |n: i32| start.checked_add(n.days()).unwrap();
            let p = Place {
                class: "c".into(),
                hold: held.then(|| "case".to_string()),
                keep_until: keep.map(on),
                restrict_after: restrict.map(on),
                delete_after: delete.map(on),
                restricted,
            };
            let act = p.due(on(at), &Holds::default()).map(|a| a.0);
            if act == Some(Act::Delete) {
                prop_assert!(!held && keep.is_none_or(|k| at >= k) && delete.is_some_and(|d| at >= d));
            }
            if held {
                prop_assert_eq!(act, Some(Act::Held));
            } else if delete.is_some_and(|d| at >= d) && keep.is_none_or(|k| at >= k) {
                prop_assert_eq!(act, Some(Act::Delete));
            } else if restrict.is_some_and(|r| at >= r) && !restricted {
                prop_assert_eq!(act, Some(Act::Restrict));
            }
        }
    }
}
