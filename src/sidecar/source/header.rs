//! The header of a syslog message: where the message itself begins. Read from bytes, for messages may be in any encoding.
//!
//! RFC 5424, RFC 3164, and what is sent in their name: nginx leaves the host empty before its workers start, or out with
//! `nohostname`; HAProxy ends datagrams with a line end; rsyslog forwards ISO times.

/// The message without header and line end. A frame that has no header that is known is the message.
pub fn message(frame: &[u8]) -> &[u8] {
    let frame = trim(frame);
    let Some(rest) = priority(frame) else { return frame };
    if let Some(rest) = rest.strip_prefix(b"1 ") {
        return rfc5424(rest).unwrap_or(rest);
    }
    match time(rest) {
        Some(rest) => rfc3164(rest),
        None => rest,
    }
}

/// A frame without the line end or zero byte behind it.
pub fn trim(frame: &[u8]) -> &[u8] {
    let end = frame.iter().rposition(|b| !matches!(b, b'\n' | b'\r' | 0)).map_or(0, |n| n + 1);
    &frame[..end]
}

/// What follows `<PRI>`.
fn priority(frame: &[u8]) -> Option<&[u8]> {
    let rest = frame.strip_prefix(b"<")?;
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    (1..=3).contains(&digits).then_some(())?;
    rest[digits..].strip_prefix(b">")
}

/// The word up to a space, and what follows the space.
fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let n = memchr::memchr(b' ', text)?;
    Some((&text[..n], &text[n + 1..]))
}

/// Time, host, application, process, message kind, structured data.
fn rfc5424(text: &[u8]) -> Option<&[u8]> {
    let mut rest = text;
    for _ in 0..5 {
        rest = word(rest)?.1;
    }
    let after = match rest.strip_prefix(b"-") {
        Some(after) => after,
        None => structured(rest)?,
    };
    match after.strip_prefix(b" ") {
        Some(message) => Some(message.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(message)),
        None => after.is_empty().then_some(after),
    }
}

/// What follows `[id name="value"]...`.
fn structured(mut text: &[u8]) -> Option<&[u8]> {
    text.starts_with(b"[").then_some(())?;
    while text.starts_with(b"[") {
        let (mut quoted, mut i) = (false, 1);
        loop {
            match *text.get(i)? {
                b'\\' if quoted => i += 1,
                b'"' => quoted = !quoted,
                b']' if !quoted => break,
                _ => {}
            }
            i += 1;
        }
        text = &text[i + 1..];
    }
    Some(text)
}

/// What follows `Nov 23 16:18:46 ` or an ISO time.
fn time(text: &[u8]) -> Option<&[u8]> {
    if let Some((t, rest)) = text.split_at_checked(16)
        && t[..3].iter().all(u8::is_ascii_alphabetic)
        && (t[3], t[6], t[9], t[12], t[15]) == (b' ', b' ', b':', b':', b' ')
    {
        return Some(rest);
    }
    let (t, rest) = word(text)?;
    let iso = t.len() >= 19 && t[0].is_ascii_digit() && (t[4], t[7], t[10]) == (b'-', b'-', b'T');
    iso.then_some(rest)
}

/// `host tag: message`, ` tag: message` or `tag: message`.
fn rfc3164(text: &[u8]) -> &[u8] {
    let Some((first, rest)) = word(text) else { return text };
    if first.ends_with(b":") {
        return rest;
    }
    match word(rest) {
        Some((tag, message)) if tag.ends_with(b":") => message,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_as_servers_send_them() {
        for (frame, want) in [
            (
                &b"<190>Nov 23 16:18:46 vm nginx: 127.0.0.1 - - [x] \"GET /: HTTP/1.1\""[..],
                &b"127.0.0.1 - - [x] \"GET /: HTTP/1.1\""[..],
            ),
            (b"<189>Nov 23 16:18:45  nginxerr: 2026/11/23 16:18:45 [notice] x", b"2026/11/23 16:18:45 [notice] x"),
            (b"<190>Nov 23 16:18:46 nginxj: {\"ts\":1}", b"{\"ts\":1}"),
            (
                b"<134>1 2026-11-23T16:23:53.126093+00:00 - haproxy 4608 - - 127.0.0.1:36674 [x]\n",
                b"127.0.0.1:36674 [x]",
            ),
            (b"<142>Nov 23 16:23:53 localhost haproxy[4608]: 127.0.0.1\n", b"127.0.0.1"),
            (b"<13>1 2026-11-23T16:23:53.180147+00:00 vm myapp - - -  user\n", b" user"),
            (b"<13>1 2026-11-23T16:23:53+00:00 vm a - - [q tz=\"1\"][z@1 ip=\"a]\\\"b\"] text", b"text"),
            (b"<13>1 - - - - - -", b""),
            (b"<13>1 - - - - - - \xEF\xBB\xBFbom", b"bom"),
            (b"<13>2026-11-23T16:23:53.18+00:00 vm tag: text", b"text"),
            (b"<6>127.0.0.1:36674 short", b"127.0.0.1:36674 short"),
            (b"{\"json\":1}\n", b"{\"json\":1}"),
            (b"<13>Nov 23 16:23:53 no tag here", b"no tag here"),
            (b"<13>1 torn", b"torn"),
            (b"", b""),
        ] {
            assert_eq!(message(frame), want, "{}", String::from_utf8_lossy(frame));
        }
    }
}
