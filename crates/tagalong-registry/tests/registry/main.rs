//! The registry client against a fake registry over real connections. Work is counted in requests.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests: what fails here fails the test")]

mod auth;
mod config;
mod faults;
mod limits;
mod listing;
mod manifests;
mod network;
mod real;

use std::time::{Duration, Instant};
use tagalong_model::{ImageName, Tag};
use tagalong_registry::{Access, AccessScope, Credentials, Error, ErrorKind, Options, Registry, TagList};
use tagalong_testkit::fake_registry::{AuthorizationKind, FakeRegistry, Fault, Request};

/// The client of one test: tries again at once.
fn client() -> Registry {
    client_with(|_| {})
}

fn client_with(change: impl FnOnce(&mut Options)) -> Registry {
    let mut options = Options { retry_pause: Duration::from_millis(1), ..Options::default() };
    change(&mut options);
    Registry::new(options).unwrap()
}

/// No test waits this long; one that would, fails.
fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

fn image(registry: &FakeRegistry, repository: &str) -> ImageName {
    registry.image(repository).parse().unwrap()
}

fn tag(text: &str) -> Tag {
    text.parse().unwrap()
}

fn basic(username: &str, password: &str) -> Access {
    Access {
        credentials: Credentials::Basic { username: username.into(), password: password.into() },
        scope: AccessScope::new(format!("apps/{username}")),
        ..Access::default()
    }
}

async fn list(client: &Registry, registry: &FakeRegistry) -> Result<TagList, Error> {
    client.list_tags(&image(registry, "acme/app"), &Access::default(), soon()).await
}

/// The kind of a failed listing, whose message must not hold what the registry said.
async fn list_fails(client: &Registry, registry: &FakeRegistry) -> (ErrorKind, String) {
    fails(list(client, registry).await)
}

fn fails<T>(result: Result<T, Error>) -> (ErrorKind, String) {
    let Err(error) = result else { panic!("it should have failed") };
    let shown = format!("{error} {error:?}");
    for secret in [Fault::SECRET_BODY, "hunter2", "token-"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    (error.kind(), error.to_string())
}

/// `GET /v2/acme/app/tags/list?n=1000`, one per line, with the kind of authorization where there is one.
fn shown(requests: &[Request]) -> String {
    let line = |r: &Request| {
        let query = if r.query.is_empty() { String::new() } else { format!("?{}", r.query) };
        let authorization = match r.authorization {
            AuthorizationKind::None => String::new(),
            kind => format!(" {kind:?}"),
        };
        format!("{} {}{query}{authorization}", r.method, r.path)
    };
    requests.iter().map(line).collect::<Vec<_>>().join("\n")
}
