//! What stands behind the equals sign of a statement or setting and is no value: `password = :password`, `password = $1`,
//! `u.username = a.username`, `password = VALUES(password)`, `user_name = (known after apply)`.

use super::super::Text;

/// What a bare word behind a key is.
pub enum Expression {
    /// A value, for all that is known.
    None,
    /// No value.
    Stands,
    /// The value begins there: `username = BINARY '...'`.
    From(usize),
}

/// What the word `i..end` behind the separator at `sep` is.
#[inline(never)]
pub fn expression(text: &Text<'_>, sep: usize, (i, end): (usize, usize)) -> Expression {
    let (t, v) = (text.bytes, &text.bytes[i..end]);
    let rest = &t[i..];
    let stands = match v.first() {
        Some(b'$') => is_number(&v[1..]) || rest.starts_with(b"${{ "),
        Some(b'(') => {
            [&b"(known after apply)"[..], b"(sensitive value)", b"(sensitive)"].iter().any(|w| rest.starts_with(w))
        }
        Some(b':' | b'@') => is_parameter(&v[1..], key(t, sep)),
        Some(b'%') => v.starts_with(b"%(") && rest[v.len()..].starts_with(b")s") || v == b"%s",
        Some(b'V' | b'v') if is_call(v, b"values(") => rest.get(v.len()) == Some(&b')'),
        Some(b'B' | b'b') if v.eq_ignore_ascii_case(b"binary") && rest[v.len()..].starts_with(b" '") => {
            return Expression::From(i + v.len() + 1);
        }
        _ => is_column(text, sep, v),
    };
    if stands { Expression::Stands } else { Expression::None }
}

/// The key before the separator, without quotes and blanks.
fn key(t: &[u8], sep: usize) -> &[u8] {
    let head = t[..sep].trim_ascii_end();
    let head = head.strip_suffix(b"\"").or(head.strip_suffix(b"`")).unwrap_or(head);
    let n = head.iter().rev().take(64).take_while(|b| is_sign(**b)).count();
    &head[head.len() - n..]
}

fn is_sign(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_'
}

fn is_number(v: &[u8]) -> bool {
    (1..=3).contains(&v.len()) && v.iter().all(u8::is_ascii_digit)
}

fn is_call(v: &[u8], name: &[u8]) -> bool {
    v.get(..name.len()).is_some_and(|w| w.eq_ignore_ascii_case(name))
}

/// A parameter has the name of its column, or one that a program made: `:password`, `@p0`, `@__name_0`, `:1`.
fn is_parameter(name: &[u8], key: &[u8]) -> bool {
    let low = |b: &u8| (*b != b'_').then(|| b.to_ascii_lowercase());
    let made = match name {
        [b'_', b'_', rest @ ..] => rest.iter().rposition(|b| *b == b'_').is_some_and(|n| is_number(&rest[n + 1..])),
        [b'p' | b'P', rest @ ..] => is_number(rest),
        _ => is_number(name),
    };
    made || !key.is_empty()
        && name.iter().all(|b| is_sign(*b))
        && name.len() <= 64
        && name.iter().filter_map(low).eq(key.iter().filter_map(low))
}

/// `u.username = a.username`, `password = excluded.password`: the column of a table beside a column of the same name.
fn is_column(text: &Text<'_>, sep: usize, v: &[u8]) -> bool {
    let spaced = text.before(sep) == b' ' && text.at(sep + 1) == b' ';
    let Some(dot) = v.iter().rposition(|b| *b == b'.').filter(|n| spaced && *n > 0) else { return false };
    let (table, name, column) = (&v[..dot], &v[dot + 1..], key(text.bytes, sep));
    let known = || [&b"excluded"[..], b"new", b"old", b"inserted"].iter().any(|w| table.eq_ignore_ascii_case(w));
    let qualified = || text.bytes[..sep].trim_ascii_end().strip_suffix(column).is_some_and(|h| h.ends_with(b"."));
    table.iter().all(|b| is_sign(*b)) && name.eq_ignore_ascii_case(column) && (known() || qualified())
}
