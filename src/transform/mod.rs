//! What replaces it? One kind of transform, one file.
//!
//! The transforms of the reference policy's common path (tokens, surrogate addresses, masks, truncation) are called
//! by name from the engine, which hashes their inputs in lanes. All others implement [`Transform`].

pub mod canonical;
pub mod cmac;
pub mod cryptopan;
pub mod date_shift;
pub mod fpe;
pub mod generalise;
pub mod ipcrypt;
pub mod ipcrypt_nd;
pub mod lanes;
pub mod mask;
pub mod names;
pub mod pseudonym;
pub mod region;
pub mod siv;
pub mod sm3;
pub mod subject_token;
pub mod truncate;
pub mod user_agent;

use crate::model::Unfit;
use canonical::CanonBuf;

/// What a transform wants to know beside the value; the engine looks it up only then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Nothing.
    Nothing,
    /// The record's bytes and where the value stands in it.
    Record,
    /// Whose record it is.
    Subject,
    /// The day of the event.
    Day,
}

/// Where a value stands.
pub struct At<'a> {
    /// The record, for [`Needs::Record`].
    pub record: &'a [u8],
    /// First byte of the value in the record, for [`Needs::Record`].
    pub offset: usize,
    /// The decoded value that names the record's subject, for [`Needs::Subject`]; empty when there is none.
    pub subject: &'a [u8],
    /// Day of the event in the policy's zone from 1970-01-01, for [`Needs::Day`].
    pub day: i32,
    /// Scratch space.
    pub canon: &'a mut CanonBuf,
}

/// A prepared transform of one entity.
pub trait Transform: Send + Sync {
    /// What [`At`] must hold.
    fn needs(&self) -> Needs {
        Needs::Nothing
    }

    /// Appends what replaces a decoded value.
    ///
    /// # Errors
    /// [`Unfit`] when the value can't take this transform; `out` is then cut back by the caller.
    fn apply(&self, value: &[u8], at: &mut At<'_>, out: &mut Vec<u8>) -> Result<(), Unfit>;

    /// True when the output can't be told from a real value, so that only the record's tag stops a second pass.
    fn looks_real(&self) -> bool {
        false
    }

    /// Appends the value that `token` was made of. Ciphers without integrity answer any token with some value:
    /// [`reveal`] compares key ids first.
    ///
    /// # Errors
    /// [`Unfit`] when the transform can't be undone, or `token` is not one of its outputs.
    fn reveal(&self, token: &[u8], out: &mut Vec<u8>) -> Result<(), Unfit> {
        let _ = (token, out);
        Err(Unfit)
    }
}

/// Undoes a transform; `made_with` is the key id of the record's tag, `kid` that of the key that `transform` holds.
///
/// # Errors
/// [`Unfit`] when the keys differ, or as in [`Transform::reveal`].
pub fn reveal(
    transform: &dyn Transform,
    kid: &str,
    made_with: &str,
    token: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), Unfit> {
    if kid != made_with {
        return Err(Unfit);
    }
    let at = out.len();
    transform.reveal(token, out).inspect_err(|_| out.truncate(at))
}
