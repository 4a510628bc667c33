//! Generalisation: a value becomes a group that many share. What is already as coarse stays as it is.

use super::user_agent;
use super::{At, Needs, Transform};
use crate::format::url;
use crate::model::Unfit;
use jiff::civil::Date;
use std::io::Write as _;

/// What a value becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// User-Agent to browser and system with major versions.
    UaFamily,
    /// Coordinates to a number of decimals: 2 is about 1.1 km, 1 about 11 km.
    Geo,
    /// Identity number, birth date or age to a ten-year band at the event's day; `<14` and `14-17` are bands.
    AgeBand,
    /// Identity number to its province.
    Region,
    /// URL path to a template without identifiers; the query goes, but for listed keys.
    Route,
    /// Point in time to its second, minute, hour or day.
    Time,
    /// Version to its major number.
    Major,
    /// Device model to its maker.
    Brand,
    /// Language list to the primary language.
    Language,
}

impl Style {
    /// Styles by their names in policies.
    pub const NAMES: &[(&str, Style)] = &[
        ("ua-family", Style::UaFamily),
        ("geo", Style::Geo),
        ("age-band", Style::AgeBand),
        ("region", Style::Region),
        ("route", Style::Route),
        ("time", Style::Time),
        ("major", Style::Major),
        ("brand", Style::Brand),
        ("language", Style::Language),
    ];

    /// The style of that name.
    pub fn parse(name: &str) -> Option<Style> {
        Self::NAMES.iter().find(|n| n.0 == name).map(|n| n.1)
    }
}

/// A prepared generalisation.
pub struct Generalise {
    style: Style,
    digits: usize,
    unit: Unit,
    keep: Vec<Box<[u8]>>,
}

/// Units of [`Style::Time`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Fractions go.
    Second,
    /// Seconds go.
    Minute,
    /// Minutes go.
    Hour,
    /// The time of day goes.
    Day,
}

impl Unit {
    /// Units by their names in policies.
    pub const NAMES: &[(&str, Unit)] =
        &[("second", Unit::Second), ("minute", Unit::Minute), ("hour", Unit::Hour), ("day", Unit::Day)];

    /// The unit of that name; nothing means a minute.
    pub fn parse(name: &str) -> Option<Unit> {
        Self::NAMES.iter().find(|n| n.0 == name).map(|n| n.1).or(name.is_empty().then_some(Unit::Minute))
    }
}

impl Generalise {
    /// `digits` is for [`Style::Geo`], `unit` for [`Style::Time`], `keep` the query keys that [`Style::Route`] keeps.
    pub fn new(style: Style, digits: u8, unit: Unit, keep: &[String]) -> Generalise {
        let keep = keep.iter().map(|k| k.as_bytes().into()).collect();
        Generalise { style, digits: usize::from(digits.min(3)), unit, keep }
    }
}

impl Transform for Generalise {
    fn needs(&self) -> Needs {
        if self.style == Style::AgeBand { Needs::Day } else { Needs::Nothing }
    }

    fn apply(&self, value: &[u8], at: &mut At<'_>, out: &mut Vec<u8>) -> Result<(), Unfit> {
        let text = std::str::from_utf8(value).map_err(|_| Unfit)?.trim();
        if text.is_empty() {
            return Err(Unfit);
        }
        match self.style {
            Style::UaFamily => user_agent::family(text, out),
            Style::Geo => return geo(text, self.digits, out),
            Style::AgeBand => out.extend_from_slice(age_band(age(text, at.day).ok_or(Unfit)?).as_bytes()),
            Style::Region => return region(text, out),
            Style::Route => route(text, &self.keep, out),
            Style::Time => return time(value, self.unit, out),
            Style::Major => return major(text, out),
            Style::Brand => out.extend_from_slice(brand(text).as_bytes()),
            Style::Language => {
                let primary = text.split(['-', '_', ',', ';']).next().unwrap_or_default();
                let valid = (2..=3).contains(&primary.len()) && primary.bytes().all(|b| b.is_ascii_alphabetic());
                out.extend_from_slice(if valid { primary.as_bytes() } else { b"other" });
            }
        }
        Ok(())
    }
}

/// Rounds every decimal number of the text.
fn geo(text: &str, digits: usize, out: &mut Vec<u8>) -> Result<(), Unfit> {
    let mut any = false;
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let from = if rest[..start].ends_with('-') { start - 1 } else { start };
        let len = rest[start..].find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len() - start);
        let number: f64 = rest[from..start + len].parse().map_err(|_| Unfit)?;
        out.extend_from_slice(&rest.as_bytes()[..from]);
        write!(out, "{number:.digits$}").map_err(|_| Unfit)?;
        rest = &rest[start + len..];
        any = true;
    }
    out.extend_from_slice(rest.as_bytes());
    if any { Ok(()) } else { Err(Unfit) }
}

/// Birth date that an identity number (18 or 15 characters), a date or eight digits state.
pub fn birth_date(text: &str) -> Option<Date> {
    let digits: Vec<u8> = text.bytes().filter(|b| b.is_ascii_digit()).collect();
    let body = text.trim_end_matches(['X', 'x', 'Ｘ']);
    let number = |r: std::ops::Range<usize>| digits[r].iter().fold(0i16, |n, b| n * 10 + i16::from(b - b'0'));
    let at = match digits.len() {
        17 if body.len() < text.len() => 6,
        18 => 6,
        15 => return Date::new(1900 + number(6..8), number(8..10) as i8, number(10..12) as i8).ok(),
        8.. => 0,
        _ => return None,
    };
    Date::new(number(at..at + 4), number(at + 4..at + 6) as i8, number(at + 6..at + 8) as i8).ok()
}

/// Full years between a birth date and a day.
pub fn years(born: Date, day: i32) -> Option<i16> {
    let now = Date::constant(1970, 1, 1).checked_add(jiff::Span::new().days(day)).ok()?;
    let had = (now.month(), now.day()) >= (born.month(), born.day());
    let age = now.year() - born.year() - i16::from(!had);
    (0..=130).contains(&age).then_some(age)
}

fn age(text: &str, day: i32) -> Option<i16> {
    if text.len() <= 3 {
        return text.parse().ok().filter(|a| (0..=130).contains(a));
    }
    years(birth_date(text)?, day)
}

/// Bands of the reference policy's clause 8: children under 14, minors under 18, then decades.
fn age_band(age: i16) -> String {
    match age {
        ..14 => "<14".into(),
        14..18 => "14-17".into(),
        18..20 => "18-19".into(),
        20..90 => format!("{}-{}", age / 10 * 10, age / 10 * 10 + 9),
        _ => "90+".into(),
    }
}

fn region(text: &str, out: &mut Vec<u8>) -> Result<(), Unfit> {
    let id = matches!(text.len(), 15 | 18) && text.as_bytes()[..15].iter().all(u8::is_ascii_digit);
    if !id {
        return Err(Unfit);
    }
    out.extend_from_slice(&text.as_bytes()[..2]);
    Ok(())
}

/// Segments with digits, or longer than words are, become `{}`.
fn route(text: &str, keep: &[Box<[u8]>], out: &mut Vec<u8>) {
    let (path, query) = text.split_once('?').map_or((text, ""), |(p, q)| (p, q));
    let path = path.split('#').next().unwrap_or_default();
    let (head, path) = match path.find("://") {
        Some(i) => path[i + 3..].find('/').map_or((path, ""), |n| path.split_at(i + 3 + n)),
        None => ("", path),
    };
    // User information in the authority goes.
    let head = head.rsplit_once('@').map_or(head.to_owned(), |(_, host)| format!("//{host}"));
    out.extend_from_slice(head.as_bytes());
    for (i, segment) in path.split('/').enumerate() {
        if i > 0 {
            out.push(b'/');
        }
        let plain = url::is_word(segment.as_bytes());
        let end = segment.rsplit_once('.').map_or("", |(_, e)| e);
        out.extend_from_slice(if plain { segment.as_bytes() } else { b"{}" });
        if !plain && (1..=5).contains(&end.len()) && end.bytes().all(|b| b.is_ascii_lowercase()) {
            out.push(b'.');
            out.extend_from_slice(end.as_bytes());
        }
    }
    let mut mark = b'?';
    for pair in query.split('&').filter(|p| !p.is_empty()) {
        let key = pair.split('=').next().unwrap_or_default();
        if keep.iter().any(|k| &k[..] == key.as_bytes()) {
            out.push(mark);
            out.extend_from_slice(pair.as_bytes());
            mark = b'&';
        }
    }
}

/// Sets what is finer than the unit to zero, in the value's own notation.
fn time(v: &[u8], unit: Unit, out: &mut Vec<u8>) -> Result<(), Unfit> {
    let at = out.len();
    out.extend_from_slice(v);
    let t = &mut out[at..];
    if t.iter().all(u8::is_ascii_digit) && matches!(t.len(), 10 | 13) {
        return epoch(t, unit);
    }
    // Hours, minutes and seconds in two digits each, after the date.
    let clock = t
        .windows(8)
        .rposition(|w| w[2] == b':' && w[5] == b':' && [0, 1, 3, 4, 6, 7].iter().all(|i| w[*i].is_ascii_digit()));
    let c = clock.ok_or(Unfit)?;
    let end = c + 8;
    if matches!(t.get(end), Some(b'.' | b',')) {
        t[end + 1..].iter_mut().take_while(|b| b.is_ascii_digit()).for_each(|b| *b = b'0');
    }
    let from = match unit {
        Unit::Second => end,
        Unit::Minute => c + 6,
        Unit::Hour => c + 3,
        Unit::Day => c,
    };
    t[from..end].iter_mut().filter(|b| b.is_ascii_digit()).for_each(|b| *b = b'0');
    Ok(())
}

fn epoch(t: &mut [u8], unit: Unit) -> Result<(), Unfit> {
    let n = t.iter().fold(0u64, |n, b| n * 10 + u64::from(b - b'0'));
    let second = if t.len() == 13 { 1000 } else { 1 };
    let step = second
        * match unit {
            Unit::Second => 1,
            Unit::Minute => 60,
            Unit::Hour => 3600,
            Unit::Day => 86400,
        };
    let mut n = n / step * step;
    for b in t.iter_mut().rev() {
        *b = b'0' + (n % 10) as u8;
        n /= 10;
    }
    Ok(())
}

/// Cuts a version behind its first number.
fn major(text: &str, out: &mut Vec<u8>) -> Result<(), Unfit> {
    let start = text.find(|c: char| c.is_ascii_digit());
    let Some(start) = start else {
        // A name without a version is as coarse as can be, when it is short.
        let word = text.len() <= 16 && text.is_ascii();
        out.extend_from_slice(if word { text.as_bytes() } else { b"other" });
        return Ok(());
    };
    let len = text[start..].find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len() - start);
    if len > 4 || start > 16 {
        return Err(Unfit);
    }
    out.extend_from_slice(&text.as_bytes()[..start + len]);
    Ok(())
}

/// Beginnings of model names and who makes them.
const BRANDS: &[(&str, &str)] = &[
    ("iPhone", "Apple"),
    ("iPad", "Apple"),
    ("iPod", "Apple"),
    ("Mac", "Apple"),
    ("SM-", "Samsung"),
    ("SAMSUNG", "Samsung"),
    ("Pixel", "Google"),
    ("Redmi", "Xiaomi"),
    ("Mi ", "Xiaomi"),
    ("MI ", "Xiaomi"),
    ("M20", "Xiaomi"),
    ("V20", "vivo"),
    ("V19", "vivo"),
    ("vivo", "vivo"),
    ("OPPO", "OPPO"),
    ("PBEM", "OPPO"),
    ("PCLM", "OPPO"),
    ("PEGM", "OPPO"),
    ("CPH", "OPPO"),
    ("RMX", "realme"),
    ("ONEPLUS", "OnePlus"),
    ("HUAWEI", "Huawei"),
    ("ELE-", "Huawei"),
    ("VOG-", "Huawei"),
    ("LYA-", "Huawei"),
    ("ANA-", "Huawei"),
    ("NOH-", "Huawei"),
    ("HONOR", "Honor"),
    ("MEIZU", "Meizu"),
];

/// Which of them begin with a byte, one bit each.
static BEGINNINGS: [u64; 256] = {
    let mut t = [0; 256];
    let mut i = 0;
    while i < BRANDS.len() {
        t[BRANDS[i].0.as_bytes()[0] as usize] |= 1 << i;
        i += 1;
    }
    t
};

fn brand(model: &str) -> &'static str {
    let mut left = model.as_bytes().first().map_or(0, |b| BEGINNINGS[usize::from(*b)]);
    while left != 0 {
        let (prefix, brand) = BRANDS[left.trailing_zeros() as usize];
        if model.starts_with(prefix) {
            return brand;
        }
        left &= left - 1;
    }
    "other"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transform::canonical::testing::apply_for;

    fn run(style: Style, v: &str) -> Option<String> {
        let t = Generalise::new(style, 2, Unit::Hour, &["page".into()]);
        // 2026-11-23
        let out = apply_for(&t, v.as_bytes(), b"", b"", 20_780).ok()?;
        Some(String::from_utf8(out).unwrap())
    }

    #[test]
    fn golden_values() {
        for (style, v, want) in [
            (Style::Geo, "39.908230,116.397470", "39.91,116.40"),
            (Style::Geo, "POINT(-0.127758 51.507351)", "POINT(-0.13 51.51)"),
            (Style::AgeBand, "11010519491231002X", "70-79"),
            (Style::AgeBand, "20121124", "<14"),
            (Style::AgeBand, "2012-11-23", "14-17"),
            (Style::AgeBand, "34", "30-39"),
            (Style::Region, "11010519491231002X", "11"),
            (Style::Route, "/item/100012043978.html?sku=1&page=2&pin=x", "/item/{}.html?page=2"),
            (Style::Route, "https://a@www.example.com/u/alice9/cart#x", "//www.example.com/u/{}/cart"),
            (Style::Route, "/api/v2/orders/7d4b1c6e-1111", "/api/v2/orders/{}"),
            (Style::Time, "2026-11-23T10:11:45.123+08:00", "2026-11-23T10:00:00.000+08:00"),
            (Style::Time, "23/Nov/2026:10:11:45 +0800", "23/Nov/2026:10:00:00 +0800"),
            (Style::Time, "1795399905123", "1795399200000"),
            (Style::Major, "12.0.1", "12"),
            (Style::Major, "iOS 17.4.1", "iOS 17"),
            (Style::Brand, "SM-G9810", "Samsung"),
            (Style::Brand, "Zhang's phone", "other"),
            (Style::Language, "zh-CN,zh;q=0.9", "zh"),
        ] {
            assert_eq!(run(style, v).as_deref(), Some(want), "{v}");
        }
        for (style, v) in [(Style::Geo, "north"), (Style::AgeBand, "x"), (Style::Time, "noon"), (Style::Major, "")] {
            assert_eq!(run(style, v), None, "{v}");
        }
    }

    #[test]
    fn ages_change_on_the_birthday() {
        let born = Date::constant(2008, 2, 29);
        let day = |d: Date| (d - Date::constant(1970, 1, 1)).get_days();
        assert_eq!(years(born, day(Date::constant(2026, 2, 28))), Some(17));
        assert_eq!(years(born, day(Date::constant(2026, 3, 1))), Some(18));
        assert_eq!(years(born, day(Date::constant(2007, 1, 1))), None);
    }
}
