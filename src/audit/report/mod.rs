//! The report of a run: one HTML page that needs nothing else, in English and Chinese, light and dark.

mod buckets;
mod svg;
mod words;

use super::{Manifest, Piece, Sample, State};
use buckets::Series;
use std::fmt::Write as _;
use words::{Word, both};

/// Types that have a colour of their own; the others share the last one.
const COLOURS: usize = 7;

/// The page.
pub fn html(m: &Manifest) -> String {
    let title = "logveil";
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n<style>\n{}</style>\n</head>\n<body>\n",
        include_str!("style.css"),
    );
    page.push_str(
        "<input type=\"radio\" name=\"lang\" id=\"lang-en\" checked><label for=\"lang-en\">English</label>\n\
         <input type=\"radio\" name=\"lang\" id=\"lang-zh\"><label for=\"lang-zh\" lang=\"zh\">中文</label>\n<main>\n",
    );
    head(m, &mut page);
    tiles(m, &mut page);
    over_time(m, &mut page);
    by_type(m, &mut page);
    retention(m, &mut page);
    samples(&m.samples, &mut page);
    problems(m, &mut page);
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

fn head(m: &Manifest, page: &mut String) {
    let _ = write!(page, "<h1>{}</h1>\n<dl class=\"facts\">", both(Word::Title));
    let policy = format!("{} {}", m.run.title, m.run.policy);
    for (name, value) in [
        (Word::Policy, policy.as_str()),
        (Word::Key, &m.run.kid),
        (Word::Tags, &m.run.tag),
        (Word::Version, &m.run.logveil),
    ] {
        let _ = write!(page, "<div><dt>{}</dt><dd>{}</dd></div>", both(name), escape(value));
    }
    page.push_str("</dl>\n");
}

fn tiles(m: &Manifest, page: &mut String) {
    let (t, c) = (&m.totals, &m.totals.counts);
    let bad = t.of(State::Refused) + t.of(State::Quarantined);
    page.push_str("<ul class=\"tiles\">");
    for (name, value, alarm) in [
        (Word::FilesDone, group(t.of(State::Done)), false),
        (Word::FilesBad, group(bad), bad > 0),
        (Word::Records, group(c.records), false),
        (Word::Findings, group(c.findings), false),
        (Word::Suppressed, group(c.suppressed_values + c.suppressed_records), false),
        (Word::BytesRead, bytes(c.bytes_in), false),
        (Word::BytesStored, bytes(t.bytes_written), false),
    ] {
        let class = if alarm { " class=\"alarm\"" } else { "" };
        let _ = write!(page, "<li{class}><b>{value}</b><span>{}</span></li>", both(name));
    }
    page.push_str("</ul>\n");
}

fn section(id: &str, name: Word, note: Word, page: &mut String) {
    let _ = write!(page, "<section id=\"{id}\">\n<h2>{}</h2>\n<p>{}</p>\n", both(name), both(note));
}

fn over_time(m: &Manifest, page: &mut String) {
    section("time", Word::OverTime, Word::OverTimeNote, page);
    let days = m.totals.counts.days.iter().flat_map(|(day, e)| e.iter().map(move |(e, n)| (day, e.as_str(), *n)));
    chart(&Series::new(days, COLOURS), "findings by event time", page);
    page.push_str("</section>\n");
}

fn retention(m: &Manifest, page: &mut String) {
    section("retention", Word::Retention, Word::RetentionNote, page);
    let kept = &m.totals.counts.kept;
    let due = kept.iter().filter_map(|k| Some((k.delete_after.as_ref()?, k.class.as_str(), k.records)));
    chart(&Series::new(due, COLOURS), "records by the day of their deletion", page);
    let _ = write!(
        page,
        "<table><thead><tr><th>{}</th><th class=\"n\">{}</th><th>{}</th><th>{}</th></tr></thead><tbody>",
        both(Word::Class),
        both(Word::Records),
        both(Word::KeepUntil),
        both(Word::DeleteAfter),
    );
    let mut classes: Vec<&str> = kept.iter().map(|k| k.class.as_str()).collect();
    classes.sort_unstable();
    classes.dedup();
    for class in classes {
        let of = || kept.iter().filter(|k| k.class == class);
        let range = |dates: Vec<&String>| match (dates.iter().min(), dates.iter().max()) {
            (Some(a), Some(b)) if a != b => format!("{a} – {b}"),
            (Some(a), _) => a.to_string(),
            _ => "–".into(),
        };
        let _ = write!(
            page,
            "<tr><td>{}</td><td class=\"n\">{}</td><td>{}</td><td>{}</td></tr>",
            escape(class),
            group(of().map(|k| k.records).sum()),
            range(of().filter_map(|k| k.keep_until.as_ref()).collect()),
            range(of().filter_map(|k| k.delete_after.as_ref()).collect()),
        );
    }
    page.push_str("</tbody></table>\n</section>\n");
}

fn chart(series: &Series, label: &str, page: &mut String) {
    if series.buckets.is_empty() {
        let _ = writeln!(page, "<p class=\"none\">{}</p>", both(Word::NoTime));
        return;
    }
    page.push_str(&svg::stacked(series, label));
    page.push_str("<ul class=\"legend\">");
    for (i, name) in series.names.iter().enumerate() {
        let name = if name.is_empty() { both(Word::Others) } else { escape(name) };
        let _ = write!(page, "<li><i class=\"c{i}\"></i>{name}</li>");
    }
    page.push_str("</ul>\n");
}

fn by_type(m: &Manifest, page: &mut String) {
    section("types", Word::ByType, Word::ByTypeNote, page);
    let mut all: Vec<_> = m.totals.counts.entities.iter().map(|(e, n)| (e.as_str(), *n)).collect();
    all.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    match all.is_empty() {
        true => {
            let _ = writeln!(page, "<p class=\"none\">{}</p>", both(Word::Nothing));
        }
        false => page.push_str(&svg::bars(&all, "findings by type")),
    }
    page.push_str("</section>\n");
}

fn samples(samples: &[Sample], page: &mut String) {
    section("samples", Word::Samples, Word::SamplesNote, page);
    if samples.is_empty() {
        let _ = writeln!(page, "<p class=\"none\">{}</p>", both(Word::Nothing));
    }
    for s in samples {
        let before: String = s.before.iter().map(piece).collect();
        let _ = writeln!(
            page,
            "<figure><figcaption>{}</figcaption><div><span>{}</span><pre>{before}</pre></div>\
             <div><span>{}</span><pre>{}</pre></div></figure>",
            escape(&s.entity),
            both(Word::Before),
            both(Word::After),
            escape(&s.after),
        );
    }
    page.push_str("</section>\n");
}

fn piece(p: &Piece) -> String {
    match p {
        Piece::Text(t) => escape(t),
        Piece::Hidden(entity, len) => format!("<mark>{} · {len} B</mark>", escape(entity)),
    }
}

fn problems(m: &Manifest, page: &mut String) {
    section("problems", Word::Problems, Word::ProblemsNote, page);
    if m.problems.is_empty() {
        let _ = writeln!(page, "<p class=\"none\">{}</p>\n</section>", both(Word::NoProblems));
        return;
    }
    let _ = write!(
        page,
        "<table><thead><tr><th>{}</th><th>{}</th><th>{}</th></tr></thead><tbody>",
        both(Word::File),
        both(Word::State),
        both(Word::Reason),
    );
    for e in &m.problems {
        let state = match e.state {
            State::Quarantined => Word::Quarantined,
            State::Skipped => Word::Skipped,
            State::Refused | State::Done => Word::Refused,
        };
        let _ = write!(
            page,
            "<tr><td>{}</td><td>{}</td><td>{}</td></tr>",
            escape(&e.file),
            both(state),
            escape(e.reason.as_deref().unwrap_or("")),
        );
    }
    page.push_str("</tbody></table>\n</section>\n");
}

/// Text for HTML; control characters become visible.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() && c != '\t' => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
    out
}

/// A number with thin spaces between groups of three digits.
fn group(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, d) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('\u{202F}');
        }
        out.push(d);
    }
    out
}

fn bytes(n: u64) -> String {
    let (mut x, mut unit) = (n as f64, 0);
    while x >= 1000.0 && unit < 4 {
        x /= 1000.0;
        unit += 1;
    }
    let digits = usize::from(unit > 0 && x < 100.0);
    format!("{x:.digits$}\u{202F}{}", ["B", "kB", "MB", "GB", "TB"][unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_text() {
        assert_eq!(group(1_234_567), "1\u{202F}234\u{202F}567");
        assert_eq!((bytes(999).as_str(), bytes(1_500).as_str()), ("999\u{202F}B", "1.5\u{202F}kB"));
        assert_eq!(escape("<a href='x'>&\u{1b}"), "&lt;a href=&#39;x&#39;&gt;&amp;\u{FFFD}");
    }
}
