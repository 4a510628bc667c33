//! The house style of policy files: one blank line before a stanza, one blank around `=`, no trailing blanks.

/// A policy file in the house style. Comments and the order of everything stay; so does what it means, else the
/// text comes back as it was.
pub fn format(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut blank, mut quoted) = (true, false);
    for line in text.lines() {
        let was = quoted;
        if (line.matches("\"\"\"").count() + line.matches("'''").count()) % 2 == 1 {
            quoted = !quoted;
        }
        if was {
            out.push_str(line);
            out.push('\n');
            continue;
        }
        let line = line.trim_end();
        if line.is_empty() {
            blank = true;
            continue;
        }
        let stanza = line.trim_start().starts_with('[') && !line.trim_start().starts_with("[\"");
        if !out.is_empty() && (blank || stanza && !behind_comment(&out)) {
            out.push('\n');
        }
        out.push_str(&spaced(line));
        out.push('\n');
        blank = false;
    }
    let same =
        |a: &str, b: &str| matches!((a.parse::<toml::Table>(), b.parse::<toml::Table>()), (Ok(a), Ok(b)) if a == b);
    if same(text, &out) { out } else { text.to_owned() }
}

/// A stanza stays with the comment right above it.
fn behind_comment(out: &str) -> bool {
    out.lines().next_back().is_some_and(|l| l.starts_with('#'))
}

/// `key = value`, for bare keys.
fn spaced(line: &str) -> String {
    let Some((key, value)) = line.split_once('=') else { return line.to_owned() };
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let name = key.trim();
    if name.is_empty() || !name.chars().all(bare) {
        return line.to_owned();
    }
    let indent = &key[..key.len() - key.trim_start().len()];
    format!("{indent}{name} = {}", value.trim_start())
}

#[cfg(test)]
mod tests {
    #[test]
    fn style_and_meaning() {
        let text = "# head\n[policy]\nid=\"x\"   \ntitle  =  \"a = b\"\n\n\n[[clause]]\nid='c'\nlist = [\n  \"a\",\n]";
        let want = "# head\n[policy]\nid = \"x\"\ntitle = \"a = b\"\n\n[[clause]]\nid = 'c'\nlist = [\n  \"a\",\n]\n";
        assert_eq!(super::format(text), want);
        assert_eq!(super::format(want), want);
        let multi = "a = \"\"\"\nx=1  \n\n\n[y]\n\"\"\"\n";
        assert_eq!(super::format(multi), multi);
        assert_eq!(super::format("a = = b"), "a = = b");
    }

    #[test]
    fn embedded_policies_have_the_style() {
        for name in crate::rules::builtin_policies() {
            let text = crate::rules::policy_builtin(name).unwrap();
            assert!(super::format(text) == text, "{name}: run `logveil policy fmt`");
        }
    }
}
