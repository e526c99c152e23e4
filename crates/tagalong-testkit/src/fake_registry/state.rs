//! What a fake registry knows: its content, its moods, and what it was asked.

use super::{auth::Auth, content::Content, fault::Fault, listing::Listing};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch;

/// A request as it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `HEAD`, `POST`.
    pub method: String,
    /// `/v2/acme/app/tags/list`.
    pub path: String,
    /// `n=1000&last=1.2.3`, or nothing.
    pub query: String,
    /// What the `Authorization` header holds.
    pub authorization: AuthorizationKind,
}

/// What an `Authorization` header holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthorizationKind {
    /// There is none.
    None,
    /// A name and password.
    Basic,
    /// A token.
    Bearer,
    /// Something else.
    Other,
}

pub(super) struct State {
    pub(super) secure: bool,
    pub(super) inner: Mutex<Inner>,
    pub(super) held: watch::Sender<bool>,
    pub(super) count: watch::Sender<usize>,
}

#[derive(Default)]
pub(super) struct Inner {
    pub(super) auth: Auth,
    pub(super) host: String,
    pub(super) content: Content,
    pub(super) pushes: usize,
    pub(super) listing: Listing,
    pub(super) max_page_size: Option<usize>,
    pub(super) hides_digests: bool,
    pub(super) claimed_digest: Option<String>,
    pub(super) faults: VecDeque<Option<Fault>>,
    pub(super) standing_fault: Option<Fault>,
    pub(super) token_faults: VecDeque<Fault>,
    pub(super) realm: Option<String>,
    pub(super) token_life: Option<u64>,
    /// Tokens that are good, each with the scopes it was given for.
    pub(super) tokens: HashMap<String, String>,
    pub(super) tokens_given: usize,
    pub(super) requests: Vec<Request>,
}

impl State {
    pub(super) fn new(auth: Auth, secure: bool) -> Self {
        Self {
            secure,
            inner: Mutex::new(Inner { auth, ..Inner::default() }),
            held: watch::Sender::new(false),
            count: watch::Sender::new(0),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn scheme(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }
}
