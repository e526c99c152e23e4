//! Signing commits in process, with an ssh key or with GPG.

use crate::error::Result;

/// Signs commits.
#[derive(Debug)]
pub struct Signer(());

impl Signer {
    pub(crate) fn sign(&self, _payload: &[u8], _time: jiff::Timestamp) -> Result<String> {
        Ok(String::new())
    }
}
