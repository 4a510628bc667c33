//! Elements of XML: `<mobile>13800138000</mobile>`, `<Data Name="IpAddress">192.0.2.1</Data>`, `<![CDATA[...]]>`.

use super::Text;

/// True when the `>` at `p` ends a tag that names what follows: the last word before it is the name of an element, or the value
/// of its attribute `name` or `key`.
#[inline(never)]
pub fn opens(text: &Text<'_>, p: usize) -> bool {
    let word = |end: usize| end - text.scan.maps.keychars.run_before(end);
    if !matches!(text.before(p), b'"' | b'\'') {
        let start = word(p);
        return match text.before(start) {
            b'<' => true,
            // A namespace stands in front.
            b':' => text.before(word(start - 1)) == b'<',
            _ => false,
        };
    }
    let quote = word(p - 1).wrapping_sub(1);
    let Some(tag) = text.bytes.get(..quote).filter(|_| text.at(quote) == text.at(p - 1)) else { return false };
    let named = |name: &[u8]| {
        let end = tag.len().saturating_sub(name.len());
        tag[end..].eq_ignore_ascii_case(name)
    };
    named(b" name=") || named(b" key=")
}

/// Most bytes of a tag that is looked at.
const TAG: usize = 256;

/// Where the name of the element ends whose tag the `>` at `p` closes behind an attribute.
pub fn name_end(text: &Text<'_>, p: usize) -> Option<usize> {
    let tag = &text.bytes[p.saturating_sub(TAG)..p];
    let open = memchr::memrchr2(b'<', b'\n', tag)?;
    let name =
        tag[open + 1..].iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b':'));
    let end = open + 1 + name.count();
    (tag[open] == b'<' && tag.get(end) == Some(&b' ')).then_some(p - tag.len() + end)
}

const CDATA: &[u8] = b"<![CDATA[";

/// Bytes without an end behind a tag that make an element which the next window ends.
const LONG: usize = 8 << 10;

/// The text of the element that begins at `from`, at most `most` bytes and one line; nothing when no tag follows it that closes
/// it, as behind `<name>` in a usage message. A section of CDATA is closed by itself. No byte beyond `most` is looked at: tags
/// without an end would be read again for each of them.
pub fn content(text: &Text<'_>, from: usize, most: usize) -> (usize, usize) {
    let t = text.bytes;
    let rest = &t[from.min(t.len())..];
    let data = rest.starts_with(CDATA);
    let head = if data { CDATA.len() } else { 0 };
    let near = &rest[..rest.len().min(most.saturating_add(head))];
    let line = &near[..memchr::memchr2(b'\n', if data { b'\n' } else { b'<' }, near).unwrap_or(near.len())];
    let closed = if data {
        memchr::memmem::find(line, b"]]>")
    } else {
        rest[line.len()..].starts_with(b"</").then_some(line.len())
    };
    // What has no end for so long is ended by the next window.
    let open = line.len() > LONG && rest.get(line.len()) != Some(&b'<');
    match closed.or(open.then_some(line.len())) {
        Some(end) => (from + head, from + end),
        None => (from, from),
    }
}
