//! Format stanzas: the layout of a log in its server's own notation.

use super::{RuleError, Source};
use serde::Deserialize;
use toml::Spanned;

/// How the layout of a format is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notation {
    /// nginx `log_format`: `$remote_addr [$time_local]`.
    Nginx(String),
    /// Apache `LogFormat`: `%h %l %u %t "%r"`.
    Apache(String),
    /// One JSON object or array a line.
    Json,
}

/// A named format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormatDef {
    /// Name for `--format`.
    pub name: String,
    /// Its layout.
    pub notation: Notation,
    /// What its records must look like to be taken for it without being named: a regular expression, and where it stands.
    pub like: Option<(String, Source)>,
    /// Where its name stands.
    pub source: Source,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FormatStanza {
    name: Spanned<String>,
    nginx: Option<String>,
    apache: Option<String>,
    #[serde(default)]
    json: bool,
    like: Option<Spanned<String>>,
}

impl FormatStanza {
    pub(super) fn check(self, file: &str, text: &str) -> Result<FormatDef, RuleError> {
        let place = Source::new(file, text, self.name.span());
        let name = self.name.into_inner();
        let like = self.like.map(|l| (l.get_ref().clone(), Source::new(file, text, l.span())));
        let notation = match (self.nginx, self.apache, self.json) {
            (Some(p), None, false) => Notation::Nginx(p),
            (None, Some(p), false) => Notation::Apache(p),
            (None, None, true) => Notation::Json,
            _ => {
                let m = format!("format `{name}`: give one of nginx = '...', apache = '...' or json = true");
                return Err(place.error(m));
            }
        };
        match name.as_str() {
            "auto" | "text" => Err(place.error(format!("format `{name}`: this name is taken"))),
            _ => Ok(FormatDef { name, notation, like, source: place }),
        }
    }
}
