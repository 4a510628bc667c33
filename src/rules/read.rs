//! Reads TOML into a definition, and says all that is wrong with it in one run.

use super::{RuleError, nearest};
use serde::de::DeserializeOwned;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

/// Most mistakes of one file that are told.
const MOST: usize = 50;

/// What `text` says, `file` being its name.
///
/// # Errors
/// All mistakes of its form.
pub fn read<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, Vec<RuleError>> {
    let mut errors = Vec::new();
    match read_with(file, text, &mut errors) {
        Some(value) if errors.is_empty() => Ok(value),
        _ => Err(errors),
    }
}

/// What `text` says without its mistakes, which go to `errors`; nothing when too little is left.
pub fn read_with<T: DeserializeOwned>(file: &str, text: &str, errors: &mut Vec<RuleError>) -> Option<T> {
    let (tree, torn) = DeTable::parse_recoverable(text);
    if !torn.is_empty() {
        // What is torn makes no sense further on, and the rest of its line is told along with it.
        errors.extend(torn.iter().take(MOST).map(|e| RuleError::syntax(file, text, e)));
        return None;
    }
    let mut tree = Spanned::new(tree.span(), DeValue::Table(tree.into_inner()));
    let mut found: Vec<(usize, RuleError)> = Vec::new();
    let mut gone = Vec::new();
    let value = loop {
        let e = match T::deserialize(ValueDeserializer::from(tree.clone())) {
            Ok(value) => break Some(value),
            Err(e) => e,
        };
        let span = e.span();
        // A field that was taken out for its value, or for a slip in its name, is missing now.
        let missing = e.message().strip_prefix("missing field `").and_then(|m| m.strip_suffix('`'));
        let ours = |(table, key): &(Range<usize>, String)| {
            span.as_ref() == Some(table) && missing.is_some_and(|m| !nearest(key, [m]).is_empty())
        };
        if !gone.iter().any(ours) {
            found.push((span.as_ref().map_or(0, |s| s.start), RuleError::syntax(file, text, &e)));
        }
        let whole = tree.span();
        let taken = span.is_some_and(|at| take_out(tree.get_mut(), &whole, &at, &mut gone));
        if !taken || found.len() >= MOST {
            break None;
        }
    };
    found.sort_by_key(|(at, _)| *at);
    errors.extend(found.into_iter().map(|(_, e)| e));
    value
}

/// Takes the innermost thing at `at` out of a value whose own place is `own`; the key of a table's goes to `gone`.
fn take_out(
    value: &mut DeValue<'_>,
    own: &Range<usize>,
    at: &Range<usize>,
    gone: &mut Vec<(Range<usize>, String)>,
) -> bool {
    let mut deeper = |inner: &mut Spanned<DeValue<'_>>| {
        let place = inner.span();
        take_out(inner.get_mut(), &place, at, gone)
    };
    match value {
        DeValue::Table(table) => {
            if table.iter_mut().any(|(_, v)| deeper(v)) {
                return true;
            }
            let key = table.iter().find(|(k, v)| k.span() == *at || v.span() == *at).map(|(k, _)| k.clone());
            gone.extend(key.iter().map(|k| (own.clone(), k.get_ref().to_string())));
            key.is_some_and(|k| table.remove(&k).is_some())
        }
        DeValue::Array(items) => {
            if items.iter_mut().any(deeper) {
                return true;
            }
            let before = items.len();
            *items = items.iter().filter(|item| item.span() != *at).cloned().collect();
            items.len() < before
        }
        _ => false,
    }
}

/// Where `word`, a key or a text, stands in the stanza of that kind and name, or else where its name or its head stands.
pub fn locate(text: &str, kind: &str, name: &str, word: &str) -> Option<Range<usize>> {
    let tree = DeTable::parse(text).ok()?;
    let stanza = tree.get_ref().get(kind)?;
    let is = |v: &Spanned<DeValue<'_>>, want: &str| v.get_ref().as_str() == Some(want);
    let (stanza, own) = match stanza.get_ref() {
        DeValue::Array(all) => all.iter().find_map(|item| {
            let table = item.get_ref().as_table()?;
            let own = ["id", "class", "clause"].iter().find_map(|k| table.get(*k).filter(|v| is(v, name)))?;
            Some((item, own.span()))
        })?,
        _ => (stanza, stanza.span()),
    };
    fn find(v: &Spanned<DeValue<'_>>, word: &str) -> Option<Range<usize>> {
        match v.get_ref() {
            DeValue::String(s) => (s == word).then(|| v.span()),
            DeValue::Array(items) => items.iter().find_map(|item| find(item, word)),
            DeValue::Table(table) => {
                table.iter().find_map(|(key, v)| find(v, word).or_else(|| (key.get_ref() == word).then(|| key.span())))
            }
            _ => None,
        }
    }
    Some(find(stanza, word).unwrap_or(own))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct File {
        rule: Vec<Rule>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Rule {
        id: String,
        level: u8,
        #[serde(default)]
        examples: Vec<String>,
    }

    fn told(text: &str) -> Vec<String> {
        let errors = read::<File>("f", text).unwrap_err();
        errors.iter().map(|e| format!("{}: {}", e.file, e.message.split(", expected").next().unwrap())).collect()
    }

    #[test]
    fn all_mistakes_of_all_stanzas() {
        let text = "[[rule]]\nid = \"a\"\nlevl = 1\nlevel = \"1\"\n[[rule]]\nid = \"b\"\n[[rule]]\nid = 3\nlevel = 1\nmore = 1\n";
        let want = [
            "f:3:1: unknown field `levl`",
            "f:4:9: invalid type: string \"1\"",
            "f:5:1: missing field `level`",
            "f:8:6: invalid type: integer `3`",
            "f:10:1: unknown field `more`",
        ];
        assert_eq!(told(text), want);
    }

    #[test]
    fn what_is_left_is_read() {
        let mut errors = Vec::new();
        let text = "[[rule]]\nid = \"a\"\nlevel = 1\nexamples = [\"x\", 1]\n[[rule]]\nid = \"b\"\n";
        let file: File = read_with("f", text, &mut errors).unwrap();
        assert_eq!(file.rule, [Rule { id: "a".into(), level: 1, examples: vec!["x".into()] }]);
        assert_eq!(errors.len(), 2);
    }

    #[test]
    fn torn_lines_are_told_together() {
        assert_eq!(told("[[rule]\nid = \"a\n[[rule]]\nlevel = = 1\n").len(), 3);
    }
}
