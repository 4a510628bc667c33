//! From values to messages of the batch.

use super::action::READERS;
use crate::transform::canonical::{Canon, CanonBuf, canonical, plain};
use crate::transform::lanes::Batch;
use crate::transform::pseudonym::TagKey;

/// Adds the canonical form of a value to the batch, or of the address `v4` that it was read as; the number of its tag, or
/// nothing when it has no such form.
#[inline]
pub fn job(
    (batch, buf): (&mut Batch, &mut CanonBuf),
    key: &TagKey,
    (canon, value): (Canon, &[u8]),
    v4: Option<[u8; 4]>,
) -> Option<u32> {
    let v4 = v4.filter(|_| canon == Canon::Ip);
    let hmac = match key {
        TagKey::Hmac(k) => k,
        TagKey::Cmac(k) => {
            form(buf, canon, value, v4)?;
            return Some(batch.push_tag(k.tag(buf.bytes())));
        }
    };
    // Most forms are short: they are written where they are hashed.
    let short = batch.push_with(hmac, |block| match v4 {
        Some(a) => block.first_chunk_mut().map(|to| *to = a).map(|()| a.len()),
        None => plain(canon, value, &READERS, block),
    });
    if short.is_some() {
        return short;
    }
    form(buf, canon, value, v4)?;
    Some(batch.push(hmac, buf))
}

fn form(buf: &mut CanonBuf, canon: Canon, value: &[u8], v4: Option<[u8; 4]>) -> Option<()> {
    match v4 {
        Some(a) => Some(buf.set(a)),
        None => canonical(canon, value, &READERS, buf).ok(),
    }
}
