//! Sizes and times as people write them.

use serde::{Deserialize, Deserializer};
use std::time::Duration;

/// Bytes: a number, or a text such as `64KiB`, `16MiB` or `1GiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

/// A length of time: a text such as `500ms`, `5s`, `2m`, `1h` or `7d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

impl Span {
    /// Whole seconds.
    pub const fn seconds(n: u64) -> Span {
        Span(Duration::from_secs(n))
    }
}

/// Number and unit of a text.
fn split(text: &str) -> Option<(u64, &str)> {
    let text = text.trim();
    let end = text.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
    Some((text[..end].parse().ok()?, text[end..].trim()))
}

fn size(text: &str) -> Option<u64> {
    let (n, unit) = split(text)?;
    let factor = match unit {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    n.checked_mul(factor)
}

fn span(text: &str) -> Option<Duration> {
    let (n, unit) = split(text)?;
    let millis = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    n.checked_mul(millis).map(Duration::from_millis)
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Number(u64),
    Text(String),
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Size, D::Error> {
        let n = match Written::deserialize(d) {
            Ok(Written::Number(n)) => Some(n),
            Ok(Written::Text(t)) => size(&t),
            Err(_) => None,
        };
        n.map(Size).ok_or_else(|| serde::de::Error::custom("not a size; write 64KiB, 16MiB, 1GiB or a number of bytes"))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Span, D::Error> {
        let t = String::deserialize(d).ok().and_then(|t| span(&t));
        t.map(Span).ok_or_else(|| serde::de::Error::custom("not a time; write 500ms, 5s, 2m, 1h or 7d"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units() {
        assert_eq!(size("16MiB"), Some(16 << 20));
        assert_eq!(size("3 KiB"), Some(3072));
        assert_eq!((size("16MB"), size("-1"), size("99999999999GiB")), (None, None, None));
        assert_eq!(span("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(span("7d"), Some(Duration::from_secs(604_800)));
        assert_eq!((span("5"), span("s")), (None, None));
    }
}
