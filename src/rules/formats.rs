//! Format stanzas: the layout of a log in its server's own notation.

use super::RuleError;
use serde::Deserialize;

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
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FormatStanza {
    name: String,
    nginx: Option<String>,
    apache: Option<String>,
    #[serde(default)]
    json: bool,
}

impl FormatStanza {
    pub(super) fn check(self, file: &str) -> Result<FormatDef, RuleError> {
        let notation = match (self.nginx, self.apache, self.json) {
            (Some(p), None, false) => Notation::Nginx(p),
            (None, Some(p), false) => Notation::Apache(p),
            (None, None, true) => Notation::Json,
            _ => {
                let m = format!("format `{}`: give one of nginx = '...', apache = '...' or json = true", self.name);
                return Err(RuleError::new(file, m));
            }
        };
        if matches!(self.name.as_str(), "auto" | "text") {
            return Err(RuleError::new(file, format!("format `{}`: this name is taken", self.name)));
        }
        Ok(FormatDef { name: self.name, notation })
    }
}
