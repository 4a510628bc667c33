//! Reversible tokens under a key of the subject: `<kind>_<key id>_<base32 of handle, synthetic IV and ciphertext>`. The
//! handle is random and names the subject's row in the ledger; when the row is gone, the token is noise to everybody.

use super::canonical::{Canon, Readers, canonical};
use super::siv::{SivToken, key_len};
use super::{At, Transform};
use crate::keys::{HANDLE, SubjectKeys};
use crate::model::Unfit;
use crate::rules::Suite;
use zeroize::Zeroizing;

/// A prepared transform.
pub struct SubjectToken {
    keys: SubjectKeys,
    suite: Suite,
    prefix: Box<[u8]>,
    class: String,
    domain: String,
    canon: Canon,
    readers: &'static Readers,
}

impl SubjectToken {
    /// Prepares a transform; `prefix` is `<kind>_<key id>_`.
    pub fn new(
        keys: SubjectKeys,
        suite: Suite,
        prefix: Vec<u8>,
        [class, domain]: [&str; 2],
        canon: Canon,
        readers: &'static Readers,
    ) -> SubjectToken {
        let (class, domain) = (class.into(), domain.into());
        SubjectToken { keys, suite, prefix: prefix.into(), class, domain, canon, readers }
    }

    fn siv(&self, key: &[u8; 64]) -> SivToken {
        let key = Zeroizing::new(key[..key_len(self.suite)].to_vec());
        SivToken::new(self.suite, key, Vec::new(), &self.class, &self.domain)
    }
}

impl Transform for SubjectToken {
    fn apply(&self, value: &[u8], at: &mut At<'_>, out: &mut Vec<u8>) -> Result<(), Unfit> {
        // One subject has one row, however its identifier is written; what can't be read is its own subject.
        let known = canonical(self.canon, value, self.readers, at.canon).is_ok();
        let (handle, key) = self.keys.of(if known { at.canon.bytes() } else { value }).ok_or(Unfit)?;
        let sealed = self.siv(&key).seal_value(value).ok_or(Unfit)?;
        out.extend_from_slice(&self.prefix);
        out.extend_from_slice(super::siv::encode(&[&handle[..], &sealed].concat()).as_bytes());
        Ok(())
    }

    fn reveal(&self, token: &[u8], out: &mut Vec<u8>) -> Result<(), Unfit> {
        let bytes = super::siv::decode(token.strip_prefix(&self.prefix[..]).ok_or(Unfit)?).ok_or(Unfit)?;
        let (handle, sealed) = bytes.split_first_chunk::<HANDLE>().ok_or(Unfit)?;
        let key = self.keys.by_handle(handle).ok_or(Unfit)?;
        let value = Zeroizing::new(self.siv(&key).open(sealed).ok_or(Unfit)?);
        out.extend_from_slice(&value);
        Ok(())
    }
}
