//! GitHub and GitLab through their fake servers: what is asked in which words, pages, rate limits, errors. Gitea is
//! tested for real by the product.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod app;
mod errors;
mod life;

use std::time::Duration;
use tagalong_forge::{Allowance, Credentials, Forge, Memory, Provider, Target, Way, connect};
use tagalong_testkit::fake_host::{FakeHost, Kind, TOKEN};

/// Both hosts.
fn hosts() -> [FakeHost; 2] {
    [Kind::GitHub, Kind::GitLab].map(|kind| FakeHost::start(kind).unwrap())
}

fn provider(host: &FakeHost) -> Provider {
    match host.kind() {
        Kind::GitHub => Provider::GitHub,
        Kind::GitLab => Provider::GitLab,
    }
}

fn forge(host: &FakeHost) -> Box<dyn Forge> {
    with(host, Credentials::Token(TOKEN.into()), &Memory::default())
}

fn with(host: &FakeHost, credentials: Credentials, memory: &Memory) -> Box<dyn Forge> {
    let target = Target { git: host.git_url(), web: None, provider: Some(provider(host)) };
    let way = Way {
        client: reqwest_client(),
        credentials,
        memory: memory.clone(),
        allowance: Allowance::default(),
        timeout: Duration::from_secs(10),
    };
    connect(&target, way).unwrap()
}

/// The client that Git's remotes have.
fn reqwest_client() -> reqwest::Client {
    let url = "https://git.example.com/acme/fleet".parse().unwrap();
    tagalong_git::Remote::new(url).http_client().unwrap()
}
