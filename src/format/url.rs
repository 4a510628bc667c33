//! The parts of a URL that tell what somebody read or looked for: values of its query, its fragment, segments of its path
//! that are no words (RFC 3986).

use std::ops::Range;

/// What a part of a URL is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The value of a parameter, or a fragment.
    Value,
    /// A segment of the path.
    Segment,
}

/// True for a segment of a path that is a word or a version (`v2`), and so names a page of everybody's.
pub fn is_word(segment: &[u8]) -> bool {
    let version = segment.len() <= 3 && segment.starts_with(b"v");
    let word = segment.len() <= 24 && !segment.iter().any(|b| b.is_ascii_digit() || matches!(b, b'%' | b'@'));
    segment.is_ascii() && (word || version)
}

/// Calls `each` with the parts of `url` in ascending order: values of parameters whose name `keeps` does not know, the
/// fragment, and with `route` the segments that are no words.
pub fn parts(url: &[u8], route: bool, keeps: impl Fn(&[u8]) -> bool, mut each: impl FnMut(Part, Range<usize>)) {
    let path = url.iter().position(|b| matches!(b, b'?' | b'#')).unwrap_or(url.len());
    if route {
        segments(&url[..path], &mut each);
    }
    let end = memchr::memchr(b'#', url).unwrap_or(url.len());
    if path < end {
        query(url, path + 1..end, keeps, &mut each);
    }
    if end + 1 < url.len() {
        each(Part::Value, end + 1..url.len());
    }
}

fn segments(path: &[u8], each: &mut impl FnMut(Part, Range<usize>)) {
    let mut at = authority_end(path);
    while let Some(n) = path.get(at..).and_then(|p| memchr::memchr(b'/', p)) {
        let start = at + n + 1;
        let end = memchr::memchr(b'/', &path[start..]).map_or(path.len(), |n| start + n);
        if !is_word(&path[start..end]) {
            each(Part::Segment, start..end);
        }
        at = end;
    }
}

/// Where the path begins: behind `scheme://host`, behind a host without a scheme, or at once.
fn authority_end(path: &[u8]) -> usize {
    let host = memchr::memmem::find(path, b"//").filter(|i| *i == 0 || path[i - 1] == b':').map_or(0, |i| i + 2);
    host + memchr::memchr(b'/', &path[host..]).unwrap_or(path.len() - host)
}

/// Calls `each` with the values of a query string; parameters are parted by `&` and `;`, and one without `=` is a value.
pub fn query(url: &[u8], span: Range<usize>, keeps: impl Fn(&[u8]) -> bool, each: &mut impl FnMut(Part, Range<usize>)) {
    let mut at = span.start;
    while at < span.end {
        let end = memchr::memchr2(b'&', b';', &url[at..span.end]).map_or(span.end, |n| at + n);
        let pair = &url[at..end];
        let (name, from) = match memchr::memchr(b'=', pair) {
            Some(n) => (&pair[..n], at + n + 1),
            None => (pair, at),
        };
        // `&amp;` of a page's source leaves `amp` alone between the two marks.
        if from < end && pair != b"amp" && !keeps(name) {
            each(Part::Value, from..end);
        }
        at = end + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(url: &str, route: bool) -> Vec<&str> {
        let mut out = Vec::new();
        parts(url.as_bytes(), route, |k| k == b"page", |_, r| out.push(&url[r]));
        out
    }

    #[test]
    fn values_that_no_list_keeps() {
        assert_eq!(shown("/s?q=flu+clinic&page=2&x=&a=b;page=3;c=d", false), ["flu+clinic", "b", "d"]);
        assert_eq!(shown("https://www.example.com/?debug&page#top", false), ["debug", "top"]);
        assert_eq!(shown("/s?page=1&amp;q=a=b?c", false), ["a=b?c"]);
        assert_eq!(shown("/s", false), [""; 0]);
    }

    #[test]
    fn segments_that_are_no_words() {
        assert_eq!(shown("https://www.example.com:8443/item/1000120.html?page=1", true), ["1000120.html"]);
        assert_eq!(shown("/api/v2/users/alice9/cart/", true), ["alice9"]);
        assert_eq!(shown("//cdn7.example.com/a/%E8%8D%AF", true), ["%E8%8D%AF"]);
        assert_eq!(shown("www7.example.com/u/7", true), ["7"]);
        assert_eq!(shown("/", true), [""; 0]);
    }
}
