//! Values whose name is a value itself: `{"key":"password","value":"..."}`, `<property name="password" value="..."/>`.

use super::{Found, Text, keyed};
use crate::detect::keys::{KeyClass, Says};
use crate::model::Shape;

/// How far from a value its name may stand.
const REACH: usize = 256;

/// The class that its name gives to the value behind the separator at `sep`.
pub fn class(text: &Text<'_>, found: &mut Found<'_>, sep: usize) -> KeyClass {
    let t = text.bytes;
    if text.at(sep) == b'=' {
        found.tag = found.tag.told(text, found, sep);
        return found.tag.told.unwrap_or_default();
    }
    let low = sep.saturating_sub(REACH);
    // Both stand in one line.
    let low = memchr::memrchr(b'\n', &t[low..sep]).map_or(low, |i| low + i + 1);
    if text.is_tag(sep) {
        return sibling(text, found, sep, low).unwrap_or_default();
    }
    if is_body(&t[low..sep]) {
        return KeyClass { says: Says::Message, ..KeyClass::default() };
    }
    match before(text, found, sep, low) {
        Some(class) => class,
        None => behind(text, found, sep).unwrap_or_default(),
    }
}

/// What a member before says: of OTLP (`{"key":"client.address","value":{"stringValue":"..."}}`, OTLP/JSON of opentelemetry-proto), of a
/// header (`{"name":"Cookie","value":"..."}`, HTTP Archive 1.2, AWS WAF), of a contact (`{"system":"phone","value":"..."}`, HL7 FHIR),
/// of .NET (`{"Name":"Password","Value":"..."}`) or of a change (`{"field":"phone","oldValue":"...","newValue":"..."}`). Nothing when
/// there is none in the same object.
#[inline(never)]
fn before(text: &Text<'_>, found: &mut Found<'_>, sep: usize, low: usize) -> Option<KeyClass> {
    let t = &text.bytes[low..sep];
    let mut at = key_start(t, t.len())?;
    for _ in 0..MEMBERS {
        let head = t[..at].trim_ascii_end();
        // The wrapper of the value: its key says nothing.
        if let Some(outer) = head.strip_suffix(b"{") {
            // `{"arrayValue":{"values":[{"stringValue":"..."},{"stringValue":"..."}]}}`
            let outer = outer.trim_ascii_end();
            let list = outer.ends_with(b"[") || outer.ends_with(b"},");
            let outer = if list { outer[..memchr::memrchr(b'[', outer)?].trim_ascii_end() } else { outer };
            at = key_start(t, outer.strip_suffix(b":")?.len())?;
            continue;
        }
        let head = head.strip_suffix(b",")?.trim_ascii_end();
        let (start, end) = match head.split_last()? {
            (b'"', rest) => (quote_before(rest)? + 1, rest.len()),
            (last, _) if last.is_ascii_alphanumeric() => {
                let n = head.iter().rev().take(32).take_while(|b| b.is_ascii_alphanumeric() || **b == b'.').count();
                (head.len() - n, head.len())
            }
            _ => return None,
        };
        let colon = t[..start].strip_suffix(b"\"").unwrap_or(&t[..start]).trim_ascii_end().strip_suffix(b":")?.len();
        at = key_start(t, colon)?;
        let key = t[at + 1..colon].trim_ascii_end().strip_suffix(b"\"")?;
        if is_name(key) {
            let class = text.registry.class(found.memo.classify(text.registry, text.bytes, end - start, low + end));
            return Some(weighed(key, class));
        }
    }
    None
}

/// Most members that are looked at before a value.
const MEMBERS: usize = 4;

/// Where the quoted key begins that ends before `end`, blanks aside.
fn key_start(t: &[u8], end: usize) -> Option<usize> {
    quote_before(t[..end].trim_ascii_end().strip_suffix(b"\"")?)
}

/// The last quote, when no sign escapes it.
fn quote_before(t: &[u8]) -> Option<usize> {
    memchr::memrchr(b'"', t).filter(|&i| i == 0 || t[i - 1] != b'\\')
}

/// Members whose value is the name of another one, in lower case.
const NAMES: [&str; 17] = [
    "key",
    "name",
    "system",
    "field",
    "fieldname",
    "field_name",
    "parameterkey",
    "optionname",
    "attribute",
    "param",
    "parameter",
    "property",
    "header",
    "variable",
    "settingname",
    "label",
    "type",
];

fn is_name(key: &[u8]) -> bool {
    NAMES.iter().any(|n| key.eq_ignore_ascii_case(n.as_bytes()))
}

/// What `type` and `label` tell: they stand beside many things that are no account or name.
fn weighed(key: &[u8], class: KeyClass) -> KeyClass {
    let vague = key.eq_ignore_ascii_case(b"type") || key.eq_ignore_ascii_case(b"label");
    let sure = class.entity.is_some_and(|(_, s)| s.is_secret() || matches!(s, Shape::Phone | Shape::Email));
    if vague && !sure { KeyClass::default() } else { class }
}

/// What the member behind says: `{"value":"...","name":"password"}`.
#[inline(never)]
fn behind(text: &Text<'_>, found: &mut Found<'_>, sep: usize) -> Option<KeyClass> {
    let t = text.bytes;
    let open = keyed::behind_blanks(text, sep + 1);
    if text.at(open) != b'"' {
        return None;
    }
    let mut end = open + 1 + memchr::memchr2(b'"', b'\\', t.get(open + 1..)?)?;
    if t[end] == b'\\' {
        end = keyed::member(text, found, sep).1;
    }
    let name = keyed::behind_blanks(text, end + 1);
    let name = keyed::behind_blanks(text, if text.at(name) == b',' { name + 1 } else { return None });
    let rest = &t[name.min(t.len())..t.len().min(name + REACH)];
    let key = rest.strip_prefix(b"\"")?;
    let key = &key[..memchr::memchr(b'"', key)?];
    if !is_name(key) {
        return None;
    }
    let (start, len) = string(text, name + key.len() + 2, name + rest.len())?;
    Some(weighed(key, text.registry.class(found.memo.classify(text.registry, t, len, start + len))))
}

/// Where the string behind the colon at or behind `i` begins, and its length; it ends before `to`.
fn string(text: &Text<'_>, mut i: usize, to: usize) -> Option<(usize, usize)> {
    while i < to && matches!(text.at(i), b':' | b' ' | b'\t') {
        i += 1;
    }
    if i >= to || text.at(i) != b'"' {
        return None;
    }
    Some((i + 1, memchr::memchr2(b'"', b'\n', &text.bytes[i + 1..to])?))
}

/// What the element before says, or the one around: `<key>password</key><string>...` (property lists), `<name>password</name>
/// <value><string>...` (XML-RPC), `<setting name="password"><value>...` (.NET), `<saml2:Attribute Name="username"><saml2:AttributeValue>...`.
#[inline(never)]
fn sibling(text: &Text<'_>, found: &mut Found<'_>, sep: usize, low: usize) -> Option<KeyClass> {
    let t = text.bytes;
    let open = |head: &[u8]| memchr::memrchr(b'<', head);
    let mut head = t[low..sep][..open(&t[low..sep])?].trim_ascii_end();
    if head.len() >= OUTER.len() && head[head.len() - OUTER.len()..].eq_ignore_ascii_case(OUTER) {
        head = head[..head.len() - OUTER.len()].trim_ascii_end();
    }
    let tag = open(head)?;
    let (from, to) = match head[tag..].strip_prefix(b"</") {
        Some(closing) => {
            let name = closing.rsplit(|b| *b == b':').next()?;
            SIBLINGS.iter().find(|s| name.eq_ignore_ascii_case(s))?;
            (memchr::memrchr2(b'>', b'<', &head[..tag]).filter(|&i| head[i] == b'>')? + 1, tag)
        }
        None => {
            let name = |n| memchr::memmem::find(&head[tag..], n);
            let at = name(b" name=").or_else(|| name(b" Name="))? + tag + b" name=".len();
            let quote = *head
                .get(at)
                .filter(|b| matches!(b, b'"' | b'\'') && head.ends_with(b">") && !head.ends_with(b"/>"))?;
            (at + 1, at + 1 + memchr::memchr(quote, &head[at + 1..])?)
        }
    };
    let name = head[from..to].trim_ascii_end();
    Some(text.registry.class(found.memo.classify(text.registry, t, name.trim_ascii().len(), low + from + name.len())))
}

/// The element around a value with a type of its own.
const OUTER: &[u8] = b"<value>";

/// The end of an element that names the next one.
const SIBLINGS: [&[u8]; 2] = [b"key>", b"name>"];

/// Attributes of a tag whose value says what the one of `value` is.
const ATTRIBUTES: [&[u8]; 5] = [b"name", b"key", b"id", b"type", b"property"];

/// What the attributes of a tag say of its `value`. Ascending questions cost one pass over the text in all, however long a tag is.
#[derive(Clone, Copy, Default)]
pub struct Tag {
    /// Looked at up to here.
    at: usize,
    /// Where the tag begins in which that stands, and whether it stands in one.
    open: Option<usize>,
    /// What it says, when that was asked for.
    told: Option<KeyClass>,
}

impl Tag {
    /// What the other attributes of the tag say in which `sep` stands: `<add key="password" value="..."/>`, `<input value="..."
    /// type="password">`.
    fn told(mut self, text: &Text<'_>, found: &mut Found<'_>, sep: usize) -> Tag {
        let t = text.bytes;
        if sep < self.at {
            self = Tag::default();
        }
        if let Some(i) = memchr::memrchr3(b'<', b'>', b'\n', &t[self.at..sep]).map(|i| self.at + i) {
            self = Tag { open: (t[i] == b'<').then_some(i), ..Tag::default() };
        }
        self.at = sep;
        if let (Some(open), None) = (self.open, self.told) {
            let close = memchr::memchr3(b'>', b'<', b'\n', &t[sep..]).map_or(t.len(), |n| sep + n);
            self.told = Some(attributes(text, found, open, close));
        }
        self
    }
}

/// What the attributes of the tag at `open..close` name.
#[inline(never)]
fn attributes(text: &Text<'_>, found: &mut Found<'_>, open: usize, close: usize) -> KeyClass {
    let t = text.bytes;
    let mut told = KeyClass::default();
    for equals in memchr::memchr_iter(b'=', &t[open..close]).map(|i| open + i) {
        let (quote, from) = (text.at(equals + 1), equals + 2);
        let named = |a: &&[u8]| {
            let front = t[..equals].len() - a.len();
            t[front..equals].eq_ignore_ascii_case(a) && matches!(t[front - 1], b' ' | b'\t')
        };
        if !matches!(quote, b'"' | b'\'') || !ATTRIBUTES.iter().any(|a| equals - open > a.len() + 1 && named(a)) {
            continue;
        }
        let Some(len) = t.get(from..close).and_then(|v| memchr::memchr(quote, v)) else { break };
        let class = text.registry.class(found.memo.classify(text.registry, t, len, from + len));
        if class.entity.is_some() {
            return class;
        }
        if told.is_unknown() {
            told = class;
        }
    }
    told
}

/// `"body":{"stringValue"`: what a program wrote.
fn is_body(head: &[u8]) -> bool {
    let before = |v: &'_ [u8], end: &[u8]| v.trim_ascii_end().strip_suffix(end).map(<[u8]>::len);
    let steps = [&b"\"stringValue\""[..], b"{", b":", b"\"body\""];
    steps.iter().try_fold(head.len(), |len, step| before(&head[..len], step)).is_some()
}
