//! How lines of a file become one record.

use crate::sidecar::units::{Size, Span};
use regex_automata::meta::Regex;
use regex_automata::util::syntax;
use serde::{Deserialize, Deserializer};

/// Longest record that lines are joined to.
const LONGEST: u64 = 128 << 10;
/// Most memory of a compiled expression.
const COMPILED: usize = 4 << 20;

/// Records of several lines.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Multiline {
    /// What the first line of a record looks like.
    pub start: Pattern,
    /// Most lines of a record.
    #[serde(default = "lines")]
    pub max_lines: usize,
    /// Longest record of more than one line.
    #[serde(default = "bytes", deserialize_with = "limited")]
    pub max_bytes: Size,
    /// How long the last record of a file waits for more lines.
    #[serde(default = "timeout")]
    pub timeout: Span,
    /// What stands between the lines of a record.
    #[serde(default)]
    pub separator: Separator,
}

/// A regular expression.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    /// The same, compiled.
    pub regex: Regex,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        self.text == other.text
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Pattern, D::Error> {
        let text = String::deserialize(d)?;
        // Logs need not be UTF-8.
        let config = Regex::config().utf8_empty(false).nfa_size_limit(Some(COMPILED));
        let syntax = syntax::Config::new().utf8(false);
        let regex = Regex::builder().configure(config).syntax(syntax).build(&text);
        let regex = regex.map_err(|e| serde::de::Error::custom(format!("no regular expression: {e}")))?;
        Ok(Pattern { text, regex })
    }
}

/// A text between lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Separator(pub String);

impl Default for Separator {
    fn default() -> Separator {
        Separator(" ".into())
    }
}

impl<'de> Deserialize<'de> for Separator {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Separator, D::Error> {
        let text = String::deserialize(d)?;
        // A letter or digit would make a longer word of the end of one line and the beginning of the next: values there
        // would not be found.
        let parts = |c: char| matches!(c, ' ' | '\t' | '|' | ';' | ',');
        let good = text.starts_with(parts) && text.ends_with(parts) && text.len() <= 8 && !text.contains(['\n', '\r']);
        good.then_some(Separator(text)).ok_or_else(|| {
            serde::de::Error::custom(
                "no separator; write up to eight bytes that begin and end with a space, tab, | ; or ,",
            )
        })
    }
}

fn limited<'de, D: Deserializer<'de>>(d: D) -> Result<Size, D::Error> {
    let size = Size::deserialize(d)?;
    let good = (1..=LONGEST).contains(&size.0);
    good.then_some(size).ok_or_else(|| serde::de::Error::custom("max_bytes must be between 1 and 128KiB"))
}

fn lines() -> usize {
    500
}
fn bytes() -> Size {
    Size(64 << 10)
}
fn timeout() -> Span {
    Span::seconds(2)
}
