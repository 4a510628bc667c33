//! Values that their key names.

use super::extent::{bare_end, extent};
use super::quotes::{closes, string_end};
use super::{
    Found, Skip, Text, array, arrow, attribute, beside, bracketed, configured, enclosed, form, login, naming, numeric,
    prose, separators, serialized, special, sql, stands, typed, wide,
};
use crate::detect::check::{self, keyed::Keyed};
use crate::detect::hit::{ASIDE, Hit};
use crate::detect::keys::{Exempt, KeyClass, Says};
use crate::detect::scan::bits::Task;
use crate::format::escape;
use crate::format::view::decode_all;
use crate::model::{Confidence, EntityId, RuleId, Shape, well_known as e};

/// A text whose key separators are to be looked at.
pub struct Keys<'a, 'f> {
    /// The text.
    pub text: &'a Text<'a>,
    /// Where its values go.
    pub found: &'a mut Found<'f>,
}

impl Task for Keys<'_, '_> {
    #[inline(always)]
    fn run(self) {
        run(self.text, self.found);
    }
}

/// Looks at every key separator.
#[inline(always)]
fn run(text: &Text<'_>, found: &mut Found<'_>) {
    let mut keys = std::mem::take(&mut found.settled.keys);
    let known = separators::known_keys(text, found, &mut keys);
    let mut skip = Skip::new(text.regions);
    let (mut taken, mut bound) = (0, 0);
    for (n, &(p, class)) in keys[..known].iter().enumerate() {
        let p = p as usize;
        // A key inside a value that is already taken needs no look, unless its separator is the last of it. One in a region
        // does when its value begins behind it.
        let shown = !text.regions.is_empty() && skip.covers(behind_blanks(text, behind(text, p)));
        let mut class = text.registry.class(class);
        if class.serialized {
            taken = serialized::string(text, found, p).unwrap_or(taken);
            continue;
        }
        if class.wrapper {
            class = attribute::class(text, found, p);
        }
        match class.says {
            Says::Nothing => {}
            Says::Bindings => sql::bound(text, found, p, &mut bound),
            says => found.messages.push((p as u32, says)),
        }
        // The region of a cookie is not that of the whole header, and tags are not shown with what follows them.
        if p + 1 < taken || shown && !class.has_shape(&[Shape::Jar, Shape::Basic]) && !text.is_tag(p) {
            continue;
        }
        if bracketed::parts_visibility(text, p) {
            continue;
        }
        if text.at(p + 1) == b'>'
            && text.bytes[..p].ends_with(b"] ")
            && let Some(end) = bracketed::line(text, found, class, p)
        {
            taken = end;
            continue;
        }
        if text.at(p) == b'=' && text.bytes[..p].ends_with(form::NAME) {
            taken = form::part(text, found, p);
            continue;
        }
        found.settled.exempt_behind(p, class.exempt != Exempt::No);
        if class.event_time
            && class.entity.is_none()
            && let Some(span) = typed::number(text, p)
        {
            found.times.push(span);
            taken = 0;
            continue;
        }
        if class.entity.is_some() || class.event_time {
            // Not by a closure: that would be built without the task's instructions.
            let mut end = match typed::quoted(text, found, class, p) {
                Some(end) => end,
                None => value_at(text, found, class, p, behind(text, p)),
            };
            // `password = "old" -> "new"` (Terraform)
            if end > 0 && text.at(end + 1) == b' ' && text.bytes[end..].starts_with(b"\" -> \"") {
                end = value_at(text, found, class, p, end + b"\" -> ".len()).max(end);
            }
            if end == 0 && class.has_shape(&[Shape::WeakSerial]) {
                end = beside::serial(text, found, keys[..n].last(), p);
            }
            if !class.entity.is_some_and(|x| is_weak(text, x.0)) {
                taken = end;
            }
        } else if class.tag {
            found.tags.push(p as u32);
        }
    }
    found.settled.keys = keys;
    wide::run(text, found);
}

/// As [`value_at`], for keys that no event names.
#[inline(never)]
pub fn value_behind(text: &Text<'_>, found: &mut Found<'_>, class: KeyClass, sep: usize, from: usize) -> usize {
    value_at(text, found, class, sep, from)
}

/// Where the separator at `p` ends: `=>` is one, `===>`, `:=` and the `:: ` of LDIF.
#[inline(always)]
pub fn behind(text: &Text<'_>, p: usize) -> usize {
    let twice = match (text.at(p), text.at(p + 1)) {
        (b'=', b'=') => return p + arrow::len(text, p),
        (b'=', b'>') | (b':', b'=') => true,
        (b':', b':') => text.at(p + 2) == b' ',
        _ => false,
    };
    p + 1 + usize::from(twice)
}

/// The value behind the separator at `sep`, without its quotes, and whether it has some.
pub fn member(text: &Text<'_>, found: &mut Found<'_>, sep: usize) -> (usize, usize, bool) {
    let i = behind_blanks(text, behind(text, sep));
    let (start, end) = extent(text, found, sep, i, KeyClass::default());
    (start, end, text.is_tag(sep) || start > i)
}

/// Where a value begins whose separator ends at `from`: blanks may stand between.
#[inline(always)]
pub fn behind_blanks(text: &Text<'_>, from: usize) -> usize {
    match text.at(from) {
        b' ' | b'\t' => from + blanks(text, from),
        _ => from,
    }
}

/// Blanks and tabs from `from` on that are taken for those before a value: columns of settings and of JSON are set with more of
/// them than stand behind the equals sign of a message.
#[inline(never)]
fn blanks(text: &Text<'_>, from: usize) -> usize {
    let sep = from.saturating_sub(1);
    let tight = text.at(sep) == b'=' && text.before(sep).is_ascii_alphanumeric();
    let rest = &text.bytes[from..];
    if tight {
        return rest.iter().take(4).take_while(|b| **b == b' ').count();
    }
    let n = rest.iter().take(BLANKS).take_while(|b| matches!(b, b' ' | b'\t')).count();
    // `host:<tab>user:alice` (LTSV): the value is empty.
    let empty = rest[..n].contains(&b'\t') && is_label(&rest[n..]);
    if empty { 0 } else { n }
}

/// Most blanks between a separator and its value.
pub const BLANKS: usize = 32;

/// True when a bare key and its colon begin here.
fn is_label(v: &[u8]) -> bool {
    let n = v.iter().take(32).take_while(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'-')).count();
    n > 0 && v.get(n) == Some(&b':')
}

/// Handles the value that begins at or behind `from`; `sep` is where its separator stands. Returns the end of what
/// it took.
#[inline(always)]
fn value_at(text: &Text<'_>, found: &mut Found<'_>, class: KeyClass, sep: usize, from: usize) -> usize {
    // `weixin://` begins a URL, `phone::text` names a type.
    if text.at(sep) == b':' && (text.at(from) == b'/' && text.at(from + 1) == b'/' || text.at(from) == b':') {
        return 0;
    }
    let i = typed::counted(text, behind_blanks(text, from));
    // `user := a.User` (Go): bare values of RADIUS stand behind names with dashes.
    if text.at(sep) == b':' && text.at(sep + 1) == b'=' && !matches!(text.at(i), b'"' | b'\'') {
        let end = sep - separators::behind_key(text, sep);
        let len = text.scan.maps.keychars.run_before(end);
        if !text.bytes[end - len..end].contains(&b'-') {
            return 0;
        }
    }
    if text.at(i) == b'r'
        && let Some(span) = rejected(text, i)
        && let Some((entity, shape)) = class.entity
    {
        return accept(text, found, entity, shape, sep, span, false).map_or(0, |_| span.1);
    }
    if text.at(i) == b'"' && !text.is_data(sep, i) && closes(text, found, sep, i) {
        // `{"password:":"..."}`: the string that ends here is a key itself.
        return if text.at(i + 1) == b':' { value_at(text, found, class, i + 1, i + 2) } else { 0 };
    }
    let (mut start, mut end) = extent(text, found, sep, i, class);
    if class.has_shape(&[Shape::Geo]) && start == i && text.at(end) == b',' && text.before(sep) != b'"' {
        // `location=39.90923,116.397128`: both numbers are the value.
        let both = bare_end(text, end + 1, (end + 32).min(text.bytes.len()), false);
        if check::keyed::coordinates(&text.bytes[end + 1..both]) {
            end = both;
        }
    }
    if class.event_time {
        found.times.push((start as u32, end as u32));
    }
    let Some((mut entity, mut shape)) = class.entity else { return 0 };
    // `q= HTTP/1.1`: the value is empty.
    if i > from && text.at(sep) == b'=' && text.at(i) == b'H' && special::in_query(text, sep) {
        return 0;
    }
    if stands::may(text.bytes, i, start) && stands::is(text, found, shape, (sep, i), (start, end)) {
        return 0;
    }
    // `uid=alice,ou=people` (RFC 4514).
    if shape == Shape::UserId && naming::in_distinguished_name(&text.bytes[end..]) {
        (entity, shape) = (e::ACCOUNT, Shape::AccountName);
    }
    let mut shape = special::shape(text, sep, shape, start);
    match shape {
        Shape::Jar => {
            special::jar(text, found, sep, (from, text.bytes.len()));
            return 0;
        }
        Shape::Terminal => {
            login::sudo(text, found, sep);
            return 0;
        }
        Shape::CommandLine => {
            let end = if start > i { end } else { string_end(text, found, (i, text.bytes.len().min(i + MAX_VALUE))) };
            configured::run(text, found, (start, end));
            return 0;
        }
        Shape::Arn => {
            special::resource(text, found, sep, (start, end));
            return 0;
        }
        Shape::LoginCode if !special::in_query(text, sep) && special::is_sent(text, sep, (start, end)) => {
            shape = Shape::Code
        }
        Shape::Search | Shape::Signature | Shape::LoginCode if !special::in_query(text, sep) => return 0,
        Shape::LoginCode if end - start <= 8 && !special::beside_phone(text, sep) => return 0,
        Shape::LooseSecret
            if i > from && !matches!(text.at(i), b'"' | b'\'' | b'{') && prose::goes_on(text, sep, (i, end)) =>
        {
            return 0;
        }
        // `new user: name=alice, UID=1001`
        Shape::AccountName if start == i && text.bytes[start..end].starts_with(b"name=") => start += b"name=".len(),
        // `CreatedBy =    Level = 1`: the value is empty.
        Shape::NamedAccount if i > from + 1 && text.bytes[end..].starts_with(b" = ") => return 0,
        Shape::Login if start == i && login::is_key(text, found, (start, end)) => return 0,
        Shape::AccountName | Shape::NamedAccount | Shape::Operator | Shape::UserId
            if start == i && !text.at(i).is_ascii_digit() && login::is_no_name(text, found, sep, (start, end)) =>
        {
            return 0;
        }
        // `ruser= rhost=192.0.2.1`: the value is empty.
        _ if i > from && text.at(sep) == b'=' && text.before(sep) != b' ' && is_pair(text, i) => return 0,
        _ => {}
    }
    let data = shape.is_boundless() && text.is_data(sep, i);
    let spaced = i > from && text.before(sep) == b' ' && text.at(sep) == b'=';
    if start == i && (spaced || matches!(text.at(i), b':' | b'$' | b'@' | b'%' | b'(' | b'V')) {
        match sql::expression(text, sep, (i, end)) {
            sql::Expression::None => {}
            sql::Expression::Stands => return 0,
            sql::Expression::From(quote) => {
                let span = extent(text, found, sep, quote, class);
                return accept(text, found, entity, shape, sep, span, false).map_or(0, |_| span.1);
            }
        }
    }
    match text.at(i) {
        b'[' if !data && text.at(i + 1) == b'"' && closes(text, found, sep, i + 1) => 0,
        // Maps of Go's, and their headers.
        b'[' if !data && text.bytes[i..].starts_with(b"[]string{\"") => {
            array::elements(text, found, (entity, shape), sep, i + b"[]string{".len());
            0
        }
        b'[' if !data && (!shape.is_boundless() || array::opens(text, sep, i)) => {
            array::elements(text, found, (entity, shape), sep, i + 1);
            0
        }
        b'{' if !data && stored(text, i) == 0 => {
            let end = enclosed::braced(text, found, (entity, shape), sep, i);
            if end > 0 {
                return end;
            }
            array::members(text, found, (entity, shape), i + 1);
            0
        }
        _ => {
            let quoted = text.at(sep - separators::behind_key(text, sep)) == b'"';
            let json = quoted && (text.before(sep) == b'"' && !text.is_tag(sep) || text.at(sep) == b':');
            match accept(text, found, entity, shape, sep, (start, end), json && start == i) {
                Some(_) if shape == Shape::Login => login::aside(text, found, end),
                Some(taken) => {
                    settle(text, found, taken, end);
                    end
                }
                None if shape == Shape::Name => naming::user(text, found, sep, (start, end)),
                None => 0,
            }
        }
    }
}

/// The value in `on field 'password': rejected value [hunter2]; codes [...` (Spring) when that begins at `i`.
#[inline(never)]
fn rejected(text: &Text<'_>, i: usize) -> Option<(usize, usize)> {
    let rest = text.bytes[i..].strip_prefix(b"rejected value [")?;
    let rest = &rest[..rest.len().min(MAX_VALUE)];
    let start = i + b"rejected value [".len();
    memchr::memmem::find(rest, b"]; ").map(|n| (start, start + n))
}

/// Length of the `{SSHA}` at `i` that stands before a hash of a password (RFC 3112).
pub fn stored(text: &Text<'_>, i: usize) -> usize {
    let Some(v) = text.bytes[i..].strip_prefix(b"{") else { return 0 };
    let name = v.iter().take(16).take_while(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || **b == b'-').count();
    let hash = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'$' | b'.' | b'=');
    let named = name > 2 && v[..name].iter().any(u8::is_ascii_uppercase) && v.get(name) == Some(&b'}');
    if named && v.get(name + 1).is_some_and(hash) { name + 2 } else { 0 }
}

/// True when a key and its separator begin at `i`.
fn is_pair(text: &Text<'_>, i: usize) -> bool {
    let end = text.scan.maps.terms.next(i, text.bytes.len().min(i + MAX_VALUE));
    memchr::memchr(b'=', &text.bytes[i..end]).is_some_and(|n| {
        n > 0 && text.bytes[i..i + n].iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
    })
}

/// Notes the value that was just taken, when no shape inside it could say more than its key, and none could run on
/// behind it.
#[inline(always)]
pub fn settle(text: &Text<'_>, found: &mut Found<'_>, (entity, start, to): (EntityId, usize, usize), end: usize) {
    let open = matches!(entity, e::ACCOUNT | e::DEVICE_ID | e::PERSON_NAME | e::ADDRESS);
    let open = open || is_weak(text, entity);
    if !open && matches!(text.at(end), b'"' | b'\'' | b'&' | b';' | b',' | b'}' | b']' | b'\n') {
        let span = (start as u32, to as u32);
        found.settled.take(start, to);
        if entity == e::EMAIL && text.at(end) == b'"' && text.before(start) == b'"' {
            found.settled.emails.push(span);
        }
    }
}

/// Values of weak entities may hold others.
fn is_weak(text: &Text<'_>, entity: EntityId) -> bool {
    text.registry.weak() >> entity.0 & 1 == 1
}

/// Longest value of the other shapes, escapes included.
pub const MAX_VALUE: usize = 512;

/// Longest place without quotes.
pub const MAX_PLACE: usize = 2048;

/// Takes a value when it has the shape that its key asks for; `sep` is where the evidence begins. Returns what it took and
/// where that begins and ends.
#[inline(always)]
pub fn accept(
    text: &Text<'_>,
    found: &mut Found<'_>,
    entity: EntityId,
    shape: Shape,
    sep: usize,
    (mut start, mut end): (usize, usize),
    json: bool,
) -> Option<(EntityId, usize, usize)> {
    let t = text.bytes;
    while start < end && t[start] == b' ' {
        start += 1;
    }
    while end > start && t[end - 1] == b' ' {
        end -= 1;
    }
    let most = match shape {
        Shape::PlaceText if !matches!(text.before(start), b'"' | b'\'') => MAX_PLACE,
        s if s.is_boundless() => usize::MAX,
        _ => MAX_VALUE,
    };
    if start >= end || end - start > most {
        return None;
    }
    let raw = &t[start..end];
    if !text.scan.maps.escapes.any(start, end) {
        let mut v4 = None;
        let judged = typed::keyed(text, shape, entity, (start, end), &mut v4);
        let judged = judged.unwrap_or_else(|| any_value(shape, entity, raw));
        let judged = if judged == Keyed::No && shape == Shape::Ip {
            v4 = numeric::address(text, sep, raw);
            v4.map_or(judged, |a| check::keyed::address_class(a, entity))
        } else {
            judged
        };
        let Keyed::Take(id) = judged else {
            return list(text, found, entity, shape, sep, (start, end));
        };
        if !json && matches!(id, e::TOKEN | e::SESSION) && prose::is(text, sep, start, raw) {
            return None;
        }
        let bare_json = json && text.is_bare_json(found, start, end);
        let end = if shape == Shape::Ip { numeric::network(raw, start, end) } else { end };
        let hit = Hit::new(start, end, id, RuleId::Key, Confidence::Keyed);
        found.hits.push(Hit { anchor: sep as u32, bare_json, v4, ..hit });
        return Some((id, start, end));
    }
    accept_escaped(found, raw, entity, shape, sep, (start, end))
}

/// `"imei":"490154203237518,352099001761481"`: a value that is none by itself may be a list of them.
#[inline(never)]
fn list(
    text: &Text<'_>,
    found: &mut Found<'_>,
    entity: EntityId,
    shape: Shape,
    sep: usize,
    (start, end): (usize, usize),
) -> Option<(EntityId, usize, usize)> {
    let numbers = matches!(
        shape,
        Shape::DeviceId
            | Shape::Imsi
            | Shape::Iccid
            | Shape::Mac
            | Shape::Phone
            | Shape::CnId
            | Shape::Card
            | Shape::Email
    );
    let t = text.bytes;
    if !numbers || memchr::memchr2(b',', b';', &t[start..end]).is_none() {
        return None;
    }
    let mut at = start;
    for part in t[start..end].split(|b| matches!(b, b',' | b';')) {
        let from = at + part.len() - part.trim_ascii_start().len();
        let v = part.trim_ascii();
        if let Keyed::Take(id) = any_value(shape, entity, v) {
            found.push(from, from + v.len(), id, RuleId::Key, Confidence::Keyed).anchor = sep as u32;
        }
        at += part.len() + 1;
    }
    None
}

/// As [`accept`], for a value with escapes.
#[inline(never)]
fn accept_escaped(
    found: &mut Found<'_>,
    raw: &[u8],
    entity: EntityId,
    shape: Shape,
    sep: usize,
    (start, end): (usize, usize),
) -> Option<(EntityId, usize, usize)> {
    let from = found.aside.len();
    let mut carriers = decode_all(raw, found.aside, found.scratch);
    narrow(found.aside, from, &mut carriers);
    let Keyed::Take(id) = check::keyed::keyed(shape, entity, &found.aside[from..]) else {
        found.aside.truncate(from);
        return None;
    };
    let to = found.aside.len() as u32;
    let hit = found.push(start, end, id, RuleId::Key, Confidence::Keyed);
    hit.anchor = sep as u32;
    hit.level = ASIDE;
    (hit.value_start, hit.value_end) = (from as u32, to);
    hit.carriers[0] = carriers;
    hit.depth = 1;
    Some((id, start, end))
}

/// Turns full-width forms of the value behind `from` into ASCII.
fn narrow(buf: &mut Vec<u8>, from: usize, carriers: &mut crate::model::Carriers) {
    let (mut r, mut w) = (from, from);
    while r < buf.len() {
        if let Some(b) = escape::wide(&buf[r..]) {
            buf[w] = b;
            r += 3;
            *carriers = carriers.with(crate::model::Carriers::WIDE);
        } else {
            buf[w] = buf[r];
            r += 1;
        }
        w += 1;
    }
    buf.truncate(w);
}

#[inline(never)]
fn any_value(shape: Shape, entity: EntityId, raw: &[u8]) -> Keyed {
    check::keyed::keyed(shape, entity, raw)
}
