//! An OCI registry in the test's own process that speaks the protocol well and misbehaves on demand.
//!
//! It has a thread and a runtime of its own, so that it serves sync and async tests alike, and ends when it is
//! dropped. It notes every request, so that tests count work instead of measuring time.
//!
//! ```text
//! let registry = FakeRegistry::start()?;
//! registry.push_tag("acme/app", "1.2.3");
//! registry.fail_next(Fault::Status(503));
//! … scan registry.image("acme/app") …                    // 127.0.0.1:41763/acme/app
//! assert_eq!(registry.take_requests().len(), 2);
//! ```

mod answer;
mod auth;
mod content;
mod fault;
mod listing;

mod state;

pub use auth::Auth;
pub use fault::{Fault, RetryAfter};
pub use listing::Listing;
pub use state::{AuthorizationKind, Request};

use crate::certs::Authority;
use crate::serve::{Server, Tls};
use anyhow::Result;
use state::State;
use std::sync::{Arc, MutexGuard, PoisonError};

/// How to set a registry up; see the methods.
#[derive(Default)]
pub struct Builder {
    auth: Auth,
    tls: Option<Tls>,
}

impl Builder {
    /// Who may ask.
    #[must_use]
    pub fn auth(mut self, auth: Auth) -> Self {
        self.auth = auth;
        self
    }

    /// Speaks https with a certificate of this authority.
    ///
    /// # Errors
    /// When no certificate can be made.
    pub fn tls(mut self, authority: &Authority) -> Result<Self> {
        self.tls = Some(Tls { server: authority.server()?, client_ca_pem: None });
        Ok(self)
    }

    /// Speaks https with a certificate of this authority for these names.
    ///
    /// # Errors
    /// When no certificate can be made.
    pub fn tls_for(mut self, authority: &Authority, names: &[&str]) -> Result<Self> {
        self.tls = Some(Tls { server: authority.server_for(names)?, client_ca_pem: None });
        Ok(self)
    }

    /// Speaks https, and each client must show a certificate of this authority too.
    ///
    /// # Errors
    /// When no certificate can be made.
    pub fn mutual_tls(mut self, authority: &Authority) -> Result<Self> {
        self.tls =
            Some(Tls { server: authority.server()?, client_ca_pem: Some(authority.cert_pem().to_owned()) });
        Ok(self)
    }

    /// Starts it; it listens when this returns.
    ///
    /// # Errors
    /// When no port can be had.
    pub fn start(self) -> Result<FakeRegistry> {
        let state = Arc::new(State::new(self.auth, self.tls.is_some()));
        let server = Server::start(
            axum::Router::new().fallback(answer::answer).with_state(Arc::clone(&state)),
            self.tls.as_ref(),
        )?;
        state.lock().host = server.address().to_string();
        Ok(FakeRegistry { state, server })
    }
}

/// A running registry; it ends when this is dropped.
pub struct FakeRegistry {
    state: Arc<State>,
    server: Server,
}

impl FakeRegistry {
    /// A registry that everybody may read, over plain http.
    ///
    /// # Errors
    /// When no port can be had.
    pub fn start() -> Result<Self> {
        Builder::default().start()
    }

    /// A registry with settings.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> String {
        self.server.address().to_string()
    }

    /// `http://127.0.0.1:PORT`, or https.
    pub fn url(&self) -> String {
        format!("{}://{}", self.state.scheme(), self.host())
    }

    /// The image's name with the registry in front, as `ImageRepository.spec.image` wants it.
    pub fn image(&self, repository: &str) -> String {
        format!("{}/{repository}", self.host())
    }

    /// Pushes an image of its own under this tag; says its digest. A tag that was there moves.
    pub fn push_tag(&self, repository: &str, tag: &str) -> String {
        let moves = self.lock().pushes;
        let digest = self.lock().content.push_image(repository, tag, &format!("{tag} {moves}"));
        self.lock().pushes += 1;
        digest
    }

    /// Pushes an image with these labels in its config.
    pub fn push_labelled(&self, repository: &str, tag: &str, labels: &[(&str, &str)]) -> String {
        self.lock().content.push_labelled(repository, tag, labels)
    }

    /// Puts many tags on one image; thousands are no trouble.
    pub fn push_tags<T: AsRef<str>>(&self, repository: &str, tags: impl IntoIterator<Item = T>) {
        self.lock().content.push_many(repository, tags);
    }

    /// Pushes an index of these platforms (`linux/amd64`), and an attestation as BuildKit adds it; says its digest.
    pub fn push_index(&self, repository: &str, tag: &str, platforms: &[&str]) -> String {
        self.lock().content.push_index(repository, tag, platforms)
    }

    /// Removes a tag; its manifest stays, as with real registries.
    pub fn delete_tag(&self, repository: &str, tag: &str) {
        self.lock().content.delete_tag(repository, tag);
    }

    /// Who may read from now on.
    pub fn set_auth(&self, auth: Auth) {
        self.lock().auth = auth;
    }

    /// How tags are listed from now on.
    pub fn listing(&self, listing: Listing) {
        self.lock().listing = listing;
    }

    /// Refuses a larger `n` with 400 from now on, as Quay (100) and ECR (1,000) do.
    pub fn max_page_size(&self, size: usize) {
        self.lock().max_page_size = Some(size);
    }

    /// Leaves `Docker-Content-Digest` out of the answers to HEAD from now on.
    pub fn hide_digests(&self) {
        self.lock().hides_digests = true;
    }

    /// States this digest for every manifest from now on.
    pub fn claim_digest(&self, digest: &str) {
        self.lock().claimed_digest = Some(digest.to_owned());
    }

    /// The next request to the API goes wrong; called again, the one after it.
    pub fn fail_next(&self, fault: Fault) {
        self.lock().faults.push_back(Some(fault));
    }

    /// The request after the next `fine` ones goes wrong.
    pub fn fail_after(&self, fine: usize, fault: Fault) {
        let mut inner = self.lock();
        inner.faults.extend(std::iter::repeat_with(|| None).take(fine));
        inner.faults.push_back(Some(fault));
    }

    /// Every request to the API goes wrong, until [`Self::heal`].
    pub fn fail_always(&self, fault: Fault) {
        self.lock().standing_fault = Some(fault);
    }

    /// The next request to the token service goes wrong.
    pub fn fail_next_token(&self, fault: Fault) {
        self.lock().token_faults.push_back(fault);
    }

    /// Nothing goes wrong any more.
    pub fn heal(&self) {
        let mut inner = self.lock();
        inner.faults.clear();
        inner.token_faults.clear();
        inner.standing_fault = None;
        inner.listing = Listing::default();
    }

    /// Names this token service in challenges, instead of its own.
    pub fn name_realm(&self, realm: &str) {
        self.lock().realm = Some(realm.to_owned());
    }

    /// No token that was given out is good any more.
    pub fn revoke_tokens(&self) {
        self.lock().tokens.clear();
    }

    /// States this life, in seconds, for new tokens.
    pub fn token_life(&self, seconds: u64) {
        self.lock().token_life = Some(seconds);
    }

    /// Requests wait for [`Self::release`] before they are answered.
    pub fn hold(&self) {
        self.state.held.send_replace(true);
    }

    /// Answers what was held, and holds no more.
    pub fn release(&self) {
        self.state.held.send_replace(false);
    }

    /// Returns when this many requests have come in, in all.
    pub async fn requests_reach(&self, count: usize) {
        // The sender lives in `self.state`, so this cannot end early.
        drop(self.state.count.subscribe().wait_for(|seen| *seen >= count).await);
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Request> {
        self.lock().requests.clone()
    }

    /// Every request since the last call.
    pub fn take_requests(&self) -> Vec<Request> {
        std::mem::take(&mut self.lock().requests)
    }

    fn lock(&self) -> MutexGuard<'_, state::Inner> {
        self.state.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
