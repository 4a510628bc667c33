//! Addresses that stand as one number under their key.

use super::Text;
use super::separators::behind_key;

/// The address that a number under a key of addresses is: as databases keep it under a key ending in `ip` (`ip2long`, `INET_ATON`).
#[inline(never)]
pub fn address(text: &Text<'_>, sep: usize, raw: &[u8]) -> Option<[u8; 4]> {
    // `saddr=02000050CB007107...`: family, port and address of a socket, as the audit daemon of Linux writes them.
    if raw.len() >= 16 && raw.starts_with(b"0200") && raw.iter().all(u8::is_ascii_hexdigit) {
        return u32::from_str_radix(str::from_utf8(&raw[8..16]).ok()?, 16).ok().map(u32::to_be_bytes);
    }
    let end = sep - behind_key(text, sep);
    let named = text.bytes[..end].last_chunk().is_some_and(|k: &[u8; 2]| k.eq_ignore_ascii_case(b"ip"));
    let digits = named && (8..=10).contains(&raw.len()) && raw.iter().all(u8::is_ascii_digit);
    let number: u32 = str::from_utf8(raw).ok().filter(|_| digits)?.parse().ok()?;
    (number >> 24 != 0).then(|| number.to_be_bytes())
}

/// Where the address ends that fills `start..end`: the length of a network behind it (RFC 4632 section 3.1) is none of it.
#[inline(always)]
pub fn network(raw: &[u8], start: usize, end: usize) -> usize {
    match memchr::memrchr(b'/', raw) {
        Some(i) if (1..=3).contains(&(raw.len() - i - 1)) && raw[i + 1..].iter().all(u8::is_ascii_digit) => start + i,
        _ => end,
    }
}
