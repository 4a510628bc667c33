//! What runtimes of containers write before a line.

/// Length of the time, stream and mark that Kubernetes' CRI puts in front: `2026-11-23T02:11:45.123456789Z stdout F `; 0 when the
/// line begins otherwise.
pub fn prefix(line: &[u8]) -> usize {
    if line.get(10) != Some(&b'T') || !line[0].is_ascii_digit() {
        return 0;
    }
    let head = &line[..line.len().min(LONGEST)];
    let Some(blank) = memchr::memchr(b' ', head) else { return 0 };
    let stream = &line[blank..];
    let named = [b" stdout ", b" stderr "].iter().any(|s| stream.starts_with(*s));
    if named && matches!(stream.get(8..10), Some(b"F " | b"P ")) { blank + 10 } else { 0 }
}

/// Longest time.
const LONGEST: usize = 40;

#[cfg(test)]
mod tests {
    #[test]
    fn a_line_begins_behind_its_mark() {
        for (line, n) in [
            ("2026-11-23T02:11:45.123456789Z stdout F {}", 40),
            ("2026-11-23T02:11:45+08:00 stderr P ", 35),
            ("2026-11-23T02:11:45Z stdout X {}", 0),
            ("2026-11-23T02:11:45Z host su: a stdout F ", 0),
            ("2026-11-23 02:11:45Z stdout F ", 0),
            ("2026", 0),
            ("", 0),
        ] {
            assert_eq!(super::prefix(line.as_bytes()), n, "{line}");
        }
    }
}
