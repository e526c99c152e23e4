//! What is remembered of hosts for the life of the process. A cache: without it the same is asked again.

use crate::{github_app::Token, patience::Patience};
use jiff::Timestamp;
use secrecy::SecretString;
use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

/// Which hosts want to be left alone, and tokens that are good for a while. Cheap to clone; all clones are one.
#[derive(Clone, Default)]
pub struct Memory {
    pub(crate) patience: Patience,
    tokens: Arc<Mutex<HashMap<String, Token>>>,
}

impl Memory {
    /// A token that does not end before then.
    pub(crate) fn token(&self, key: &str, until: Timestamp) -> Option<SecretString> {
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.get(key).filter(|(_, end)| *end > until).map(|(token, _)| token.clone())
    }

    pub(crate) fn keep(&self, key: String, token: Token) {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).insert(key, token);
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Memory").field("patience", &self.patience).finish_non_exhaustive()
    }
}
