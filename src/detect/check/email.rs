//! E-mail addresses: dot-atom local parts (RFC 5321 section 4.1.2) and LDH domains (RFC 1123).

/// Endings of file names that look like top-level domains behind an `@`.
fn is_asset(label: &[u8]) -> bool {
    let mut low = [0; 8];
    let Some(low) = low.get_mut(..label.len()) else { return false };
    low.copy_from_slice(label);
    low.make_ascii_lowercase();
    matches!(
        &low[..],
        b"png"
            | b"jpg"
            | b"jpeg"
            | b"gif"
            | b"webp"
            | b"svg"
            | b"ico"
            | b"js"
            | b"css"
            | b"html"
            | b"htm"
            | b"json"
            | b"map"
            | b"ts"
            | b"jsx"
            | b"tsx"
            | b"vue"
            | b"php"
            | b"asp"
            | b"aspx"
            | b"jsp"
            | b"txt"
            | b"xml"
            | b"woff"
            | b"ttf"
            | b"mp"
            | b"pdf"
            | b"service"
            | b"socket"
            | b"timer"
            | b"mount"
            | b"target"
            | b"scope"
            | b"slice"
            | b"lock"
            | b"conf"
            | b"log"
    )
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
        let n = v[i..]
            .iter()
            .take(64)
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_') || **b >= 0x80)
            .count();
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
    let n = label.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    // After the commonest endings a hyphen or an underscore belongs to the text.
    let clean = n == label.len()
        || label[n] >= 0x80
        || matches!(label[n], b'-' | b'_') && COMMON.iter().any(|c| label[..n].eq_ignore_ascii_case(c));
    ((2..=24).contains(&n) && clean && !is_asset(&label[..n])).then_some(n)
}

fn is_local(b: u8) -> bool {
    b.is_ascii_alphanumeric()
        || matches!(
            b,
            b'.' | b'_'
                | b'%'
                | b'+'
                | b'-'
                | b'='
                | b'#'
                | b'!'
                | b'$'
                | b'*'
                | b'~'
                | b'\''
                | b'`'
                | b'{'
                | b'}'
                | b'^'
        )
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
    while s < n
        && matches!(v[s], b'.' | b'\'' | b'`' | b'{' | b'}' | b'*' | b'#' | b'!' | b'=' | b'-' | b'$' | b'^' | b'~')
    {
        s += 1;
    }
    let rewritten = v[s..].windows(3).any(|w| w.eq_ignore_ascii_case(b"srs"))
        || v[s..].starts_with(b"prvs=")
        || v[s..].starts_with(b"bounce");
    if !rewritten && let Some(i) = v[s..].iter().rposition(|&b| b == b'=') {
        s += i + 1;
    }
    if s < n && v[n - 1] == b'.' { n } else { s }
}

/// Letters beyond ASCII belong to the local part only when they are few and no ideographs (RFC 6531).
fn wide_start(v: &[u8], s: usize) -> usize {
    let back = v[..s].iter().rev().take(24).take_while(|b| **b >= 0x80 || is_local(**b)).count();
    let start = s - back;
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
