//! Versions of four numbers, which look like addresses: what stands in front of them tells.

use super::{Left, Text, release};
use crate::detect::check::ip::{self, Class};
use crate::detect::keys::Exempt;
use crate::model::Shape;

/// Words in front of addresses.
const HOSTS: &[&[u8]] =
    &[b"host", b"ip", b"addr", b"address", b"client", b"node", b"peer", b"server", b"dns", b"proxy"];

/// Systems, products and libraries whose versions have four numbers.
const SYSTEMS: &[&[u8]] = &[
    b" AireOS",
    b" PAN-OS",
    b"IOS-XE",
    b"IOS XE",
    b"ArubaOS",
    b"RouterOS",
    b"BIG-IP",
    b"iDRAC",
    b" Java",
    b" JVM",
    b" V8",
    b" Rails",
    b" CUDA",
    b" cuDNN",
    b" Zulu",
    b" GitLab",
    b" ClickHouse",
    b"Application Server",
];

/// Longest stretch between the bracket that opens a comment and what is asked for in it.
const COMMENT: usize = 192;

/// True when the four numbers in `s..end` are a version.
#[inline(always)]
pub fn is(text: &Text<'_>, s: usize, end: usize, left: &Left) -> bool {
    if left.class.exempt == Exempt::Version {
        return true;
    }
    if matches!(text.at(end), b'-' | b'+' | b'~' | b'.') && release::is(text.bytes, s, end) {
        return true;
    }
    match text.before(s) {
        b'/' => is_product(text, s, end, left),
        b'-' => is_library(text, s, end) || release::is_package(text.bytes, s),
        // Windows' packages end so: `Package_for_KB123~31bf3856ad364e35~amd64~~6.1.1.0`.
        b'~' => text.before(s - 1) == b'~',
        b'_' => in_browser(text.bytes, s),
        // `grpcio==1.62.1.1`
        b'=' => text.before(s - 1) == b'=',
        b':' => release::is_tag(text.bytes, s),
        // Gems in a trace of Rails: `activerecord (7.1.3.2) lib/active_record/relation.rb:110`.
        b'(' => [&b") lib/"[..], b") app/"].iter().any(|w| text.bytes[end..].starts_with(w)),
        b' ' if SYSTEMS.iter().any(|n| text.bytes[..s - 1].ends_with(n)) => true,
        b' ' | b'+' => text.before(s - 1) == b';' && is_field(text.bytes, s, end),
        _ => false,
    }
}

/// `Chrome/126.0.0.0`, `okhttp/3.12.1.0`: a product token and its version (RFC 9110 section 10.1.5), not `/path/1.2.3.4`.
#[inline(never)]
fn is_product(text: &Text<'_>, s: usize, end: usize, left: &Left) -> bool {
    let t = text.bytes;
    // A port behind it, as `:443` or `(443)`, tells an address.
    if matches!(text.at(end), b':' | b'(') && text.at(end + 1).is_ascii_digit() {
        return false;
    }
    // `Mozilla/4.0 (compatible; MSIE 4.01; Windows CE; PPC)/7.6.1.82/31/400`
    if text.before(s - 1) == b')' {
        return comment(t, s - 2).is_some();
    }
    let name = &t[left.key_start..s - 1];
    // A blank before the slash (`from /10.0.0.7`) or a word for addresses (`ip/10.0.0.7`) makes no product.
    let word = left.mark == b'/' && name.iter().any(u8::is_ascii_alphabetic) && name.last() != Some(&b' ');
    if !word || left.class.has_shape(&[Shape::Ip]) || is_squid_hierarchy(name) {
        return false;
    }
    // A host name before the address (`web-01/10.0.0.7`) has digits; product names seldom do.
    let private = is_private(&t[s..end]);
    if text.before(left.key_start) == b'/' && !name.ends_with(b"rowser") {
        return !private && is_device(t, left.key_start - 1);
    }
    !(private && name.iter().any(u8::is_ascii_digit))
}

/// `DIRECT/203.0.113.7`, `FIRSTUP_PARENT/...`: Squid's hierarchy codes name the way to the peer behind the slash.
fn is_squid_hierarchy(name: &[u8]) -> bool {
    const ENDS: &[&str] = &["DIRECT", "PARENT", "SIBLING", "HIT", "MISS", "CARP", "DST", "PINNED", "ROUNDROBIN"];
    name.iter().all(|b| b.is_ascii_uppercase() || *b == b'_') && ENDS.iter().any(|e| name.ends_with(e.as_bytes()))
}

/// `(Linux; U; Android 2.3.3; de-at; HTC/Sensation/1.27.163.1 Build/GRI40)`: maker, model and version in a client's comment;
/// the slash behind the maker stands at `slash`.
fn is_device(t: &[u8], slash: usize) -> bool {
    let maker = word_before(t, slash);
    let before = &t[..slash - maker.len()];
    let field = before.ends_with(b"; ") || before.ends_with(b";+");
    maker.len() > 1 && field && !is_host(maker) && comment(t, slash).is_some()
}

/// `(; TOSHIBA; DTV_RL838; 55.4.02.0; ...)` behind `HbbTV/1.1.1`, whose comment holds features, maker, model and the versions
/// of software and hardware (ETSI TS 102 796 section 7.3.2.4); `(YAdSDK; 1.9.2.1)`.
#[inline(never)]
fn is_field(t: &[u8], s: usize, end: usize) -> bool {
    let Some((product, open)) = comment(t, s).filter(|_| !is_private(&t[s..end])) else { return false };
    let mut before = t[open + 1..s - 2].split(|b| *b == b';');
    let hybrid = product == b"HbbTV" && matches!(before.clone().count(), 3 | 4);
    hybrid || before.next_back().is_some_and(|f| f.to_ascii_uppercase().ends_with(b"SDK"))
}

/// The product whose comment holds `at`, and where the bracket stands that opens it: `Mozilla/5.0 (compatible; ...`.
fn comment(t: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let from = at.saturating_sub(COMMENT);
    let open = from + t[from..at].iter().rposition(|b| matches!(b, b'(' | b')' | b'"' | b'\n'))?;
    let blank = usize::from(open > 0 && matches!(t[open - 1], b' ' | b'+'));
    let version =
        t[..open - blank].iter().rev().take(24).take_while(|b| b.is_ascii_alphanumeric() || **b == b'.').count();
    let slash = (open - blank).checked_sub(version + 1).filter(|&i| t[i] == b'/' && t[i + 1].is_ascii_digit())?;
    let product = word_before(t, slash);
    (t[open] == b'(' && !product.is_empty()).then_some((product, open))
}

/// The letters right before `at`.
fn word_before(t: &[u8], at: usize) -> &[u8] {
    let len = t[..at].iter().rev().take(32).take_while(|b| b.is_ascii_alphabetic()).count();
    &t[at - len..at]
}

fn is_private(v: &[u8]) -> bool {
    matches!(ip::v4(v).map(ip::class_v4), Some(Class::Private))
}

/// True for a word that stands in front of addresses.
pub fn is_host(word: &[u8]) -> bool {
    HOSTS.iter().any(|h| word.eq_ignore_ascii_case(h))
}

/// `baidubrowser/042_3.9.5.2_diordna`: inside the version of a browser.
fn in_browser(t: &[u8], s: usize) -> bool {
    let digits = t[..s - 1].iter().rev().take(8).take_while(|b| b.is_ascii_digit()).count();
    let slash = s - 1 - digits;
    slash > 0 && t[slash - 1] == b'/' && word_before(t, slash - 1).ends_with(b"rowser")
}

/// `/ckeditor-3.6.2.2/js/x.js`: a library and its version, four single digits, in the path of an asset.
#[inline(never)]
fn is_library(text: &Text<'_>, s: usize, end: usize) -> bool {
    let t = text.bytes;
    if end - s != 7 || text.at(end) != b'/' {
        return false;
    }
    let word = word_before(t, s - 1);
    let path = &t[end..text.scan.maps.terms.next(end, t.len().min(end + 256))];
    let path = path.split(|b| *b == b'?').next().unwrap_or_default();
    let asset = [&b".js"[..], b".css", b".png", b".gif", b".jpg", b".svg", b".woff", b".map"];
    asset.iter().any(|a| path.ends_with(a))
        && word.len() > 1
        && text.before(s - 1 - word.len()) == b'/'
        && !is_host(word)
}
