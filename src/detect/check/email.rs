//! E-mail addresses: dot-atom local parts (RFC 5321 section 4.1.2) and LDH domains (RFC 1123).

/// Endings of file names that look like top-level domains behind an `@`.
fn is_asset(label: &[u8]) -> bool {
    let mut low = [0; 8];
    let Some(low) = low.get_mut(..label.len()) else { return false };
    low.copy_from_slice(label);
    low.make_ascii_lowercase();
    let names: &[&[u8]] = match label.len() {
        2 => &[b"js", b"mp", b"ts"],
        3 => &[
            b"asp", b"css", b"gif", b"htm", b"ico", b"jpg", b"jsp", b"jsx", b"log", b"map", b"pdf", b"php", b"png",
            b"svg", b"tsx", b"ttf", b"txt", b"vue", b"xml",
        ],
        4 => &[b"aspx", b"conf", b"html", b"jpeg", b"json", b"lock", b"webp", b"woff"],
        5 => &[b"mount", b"scope", b"slice", b"timer"],
        6 => &[b"socket", b"target"],
        7 => &[b"service"],
        _ => &[],
    };
    names.contains(&&*low)
}

/// Endings of most addresses.
const COMMON: &[&[u8]] = &[b"com", b"cn", b"net", b"org", b"edu", b"gov"];

/// Names of annotations in OData and Redfish: `"ResetType@Redfish.AllowableValues"`, `"Members@odata.count"`.
const ANNOTATIONS: &[&[u8]] =
    &[b"Redfish.Allowable", b"odata.count", b"odata.type", b"odata.context", b"odata.etag", b"odata.nextLink"];

/// Length of the longest valid domain at the front of `v`; 0 when there is none.
pub fn domain(v: &[u8]) -> usize {
    if matches!(v.first(), Some(b'R' | b'o')) && ANNOTATIONS.iter().any(|a| v.starts_with(a)) {
        return 0;
    }
    let mut best = 0;
    let (mut i, mut labels) = (0, 0);
    loop {
        let n = v[i..].iter().take(64).take_while(|b| is(**b, LABEL)).count();
        // A hyphen cannot end a label; text may follow one.
        let label = v[i..i + n].strip_suffix(b"-").unwrap_or(&v[i..i + n]);
        if label.is_empty() || n > 63 || label[0] == b'-' {
            break;
        }
        labels += 1;
        if labels > 1
            && let Some(len) = top_level(label)
        {
            best = i + len;
        }
        if v.get(i + n) != Some(&b'.') {
            break;
        }
        i += n + 1;
    }
    best
}

/// Length of a top-level label; letters beyond ASCII end it (text may follow without a blank).
fn top_level(label: &[u8]) -> Option<usize> {
    if label.len() > 4 && label[..4].eq_ignore_ascii_case(b"xn--") {
        return Some(label.len());
    }
    let n = label.iter().take_while(|b| is(**b, LETTER)).count();
    let common = COMMON.iter().any(|c| label[..n].eq_ignore_ascii_case(c));
    // After the commonest endings a hyphen or an underscore belongs to the text.
    let clean = n == label.len() || label[n] >= 0x80 || common && matches!(label[n], b'-' | b'_');
    ((2..=24).contains(&n) && clean && (common || !is_asset(&label[..n]))).then_some(n)
}

/// Letters of ASCII.
const LETTER: u8 = 1;
/// What a label of a domain may hold, letters beyond ASCII included.
const LABEL: u8 = 2;
/// What a local part may hold.
const LOCAL: u8 = 4;
/// Marks that a local part does not begin with.
const LEADING: u8 = 8;

/// What each byte may be part of.
static PARTS: [u8; 256] = {
    let mut t = [0; 256];
    let mut i = 0;
    while i < 256 {
        let b = i as u8;
        let word = b.is_ascii_alphanumeric();
        if b.is_ascii_alphabetic() {
            t[i] |= LETTER;
        }
        if word || matches!(b, b'-' | b'_' | 0x80..=0xFF) {
            t[i] |= LABEL;
        }
        let leads =
            matches!(b, b'.' | b'\'' | b'`' | b'{' | b'}' | b'*' | b'#' | b'!' | b'=' | b'-' | b'$' | b'^' | b'~');
        if leads {
            t[i] |= LEADING;
        }
        if word || leads || matches!(b, b'_' | b'%' | b'+') {
            t[i] |= LOCAL;
        }
        i += 1;
    }
    t
};

fn is(b: u8, part: u8) -> bool {
    PARTS[usize::from(b)] & part != 0
}

fn is_local(b: u8) -> bool {
    is(b, LOCAL)
}

/// Where the local part that ends with `v` begins; `v.len()` when there is none. A `key=` in front is cut off, but
/// not the marks of rewritten senders (SRS, VERP).
pub fn local_start(v: &[u8]) -> usize {
    let n = v.len();
    if n > 0 && v[n - 1] == b'"' {
        return quoted_start(v);
    }
    let mut s = n - v.iter().rev().take_while(|b| is_local(**b)).count();
    if s > 0 && v[s - 1] >= 0x80 {
        s = wide_start(v, s);
    }
    while s < n && is(v[s], LEADING) {
        s += 1;
    }
    if let Some(i) = v[s..].iter().rposition(|&b| b == b'=')
        && !is_rewritten(&v[s..])
    {
        s += i + 1;
    }
    if s < n && v[n - 1] == b'.' { n } else { s }
}

/// True for the local part of a sender that a relay wrote anew.
fn is_rewritten(v: &[u8]) -> bool {
    v.windows(3).any(|w| w.eq_ignore_ascii_case(b"srs")) || v.starts_with(b"prvs=") || v.starts_with(b"bounce")
}

/// Letters beyond ASCII belong to the local part only when they are few and no ideographs (RFC 6531).
fn wide_start(v: &[u8], s: usize) -> usize {
    let back = v[..s].iter().rev().take(24).take_while(|b| **b >= 0x80 || is_local(**b)).count();
    // The look back may end within a letter.
    let start = s - back;
    let start = start + v[start..s].iter().take_while(|b| (0x80..=0xBF).contains(*b)).count();
    if v[start..s].iter().any(|b| (0xE2..=0xEF).contains(b)) { s } else { start }
}

fn quoted_start(v: &[u8]) -> usize {
    let n = v.len();
    match v[..n - 1].iter().rposition(|&b| b == b'"') {
        Some(i)
            if n - i <= 66
                && n - i > 2
                && v[i + 1..n - 1].iter().all(|b| b.is_ascii_graphic() && !matches!(b, b':' | b',' | b'{' | b'}')) =>
        {
            i
        }
        _ => n,
    }
}

/// True when all of `v` is one address.
pub fn valid(v: &[u8]) -> bool {
    match v.iter().rposition(|&b| b == b'@') {
        Some(at) if at > 0 => {
            // Letters beyond ASCII belong to it when a key says that it is one (RFC 6531).
            let local = local_start(&v[..at]) == 0 || v[..at].iter().all(|&b| b >= 0x80 || is_local(b));
            local && domain(&v[at + 1..]) == v.len() - at - 1
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors() {
        for ok in [
            "jdcloud@jd.com",
            "a.b+c@mail.example.com.cn",
            "bounce+SRS0=abc=xx=example.com=alice@relay.example.net",
            "123456@qq.com",
            "汉字@example.com",
        ] {
            assert!(valid(ok.as_bytes()), "{ok}");
        }
        for bad in ["icon@2x.png", "user@host", "@a.com", "a@.com"] {
            assert!(!valid(bad.as_bytes()), "{bad}");
        }
        assert_eq!(local_start(b"email=alice"), 6);
        assert_eq!(domain("qq.com，谢谢".as_bytes()), 6);
        assert_eq!(domain(b"example.com."), 11);
        assert_eq!(domain(b"example.com_2026.log"), 11);
        assert_eq!(domain(b"example.com-uploads"), 11);
        assert_eq!(domain(b"node1.prod-cluster") + domain(b"lb.co_m"), 0);
        assert_eq!(domain("qq.com谢谢".as_bytes()), 6);
    }
}
