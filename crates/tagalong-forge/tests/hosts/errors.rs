//! What a host that refuses, fails or asks for patience leads to.

use super::{forge, hosts, with};
use std::time::Duration;
use tagalong_forge::{Credentials, ErrorKind, ForgeError, Memory, NewPullRequest};
use tagalong_testkit::fake_host::{Fault, Kind, TOKEN};

/// The error, which holds nothing that nobody should see.
#[track_caller]
fn error<T: std::fmt::Debug>(result: Result<T, ForgeError>) -> ForgeError {
    let error = result.unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains(TOKEN) && !shown.contains("leaks"), "{shown}");
    error
}

#[tokio::test]
async fn a_refusal_says_what_to_do() {
    for host in hosts() {
        for (status, kind, words) in [
            (401, ErrorKind::Auth, "does not know the token"),
            (403, ErrorKind::Forbidden, "may not"),
            (404, ErrorKind::NotFound, "may not see it"),
            (301, ErrorKind::Invalid, "elsewhere"),
            (418, ErrorKind::Refused, "refuses"),
            (502, ErrorKind::Unavailable, "asked again later"),
        ] {
            host.fault(Fault::status(status).header("Location", "http://127.0.0.1:1/elsewhere"));
            let error = error(forge(&host).open().await);
            assert_eq!(error.kind(), kind, "{error}");
            assert!(error.to_string().contains(words), "{error}");
        }
    }
}

#[tokio::test]
async fn a_wrong_token_is_told() {
    for host in hosts() {
        let forge = with(&host, Credentials::Token("wrong-token-5ecret".into()), &Memory::default());
        let error = error(forge.open().await);
        assert_eq!(error.kind(), ErrorKind::Auth);
        assert!(!error.to_string().contains("wrong-token-5ecret"));
    }
}

#[tokio::test]
async fn a_host_that_asks_for_patience_is_not_asked_before_its_time() {
    for host in hosts() {
        let memory = Memory::default();
        let one = with(&host, Credentials::Token(TOKEN.into()), &memory);
        host.fault(Fault::status(429).header("Retry-After", "1800"));
        let limited = error(one.open().await);
        assert_eq!(limited.kind(), ErrorKind::RateLimited(Duration::from_secs(1800)));
        // Nobody who shares the memory asks.
        let other = with(&host, Credentials::Token(TOKEN.into()), &memory);
        assert!(matches!(error(other.open().await).kind(), ErrorKind::RateLimited(_)));
        assert_eq!(host.asked().len(), 1);
    }
}

#[tokio::test]
async fn a_quota_that_is_used_up_is_kept() {
    let [github, _] = hosts();
    assert_eq!(github.kind(), Kind::GitHub);
    let reset = std::time::SystemTime::now() + Duration::from_secs(900);
    let reset = reset.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs().to_string();
    let used_up = Fault::status(403).header("X-RateLimit-Remaining", "0").header("X-RateLimit-Reset", &reset);
    github.fault(used_up.clone());
    let forge = forge(&github);
    assert!(matches!(error(forge.open().await).kind(), ErrorKind::RateLimited(_)));
    error(forge.open().await);
    assert_eq!(github.asked().len(), 1);
}

#[tokio::test]
async fn a_limit_that_github_tells_in_words_alone_is_kept() {
    let [github, _] = hosts();
    let body = format!("{{\"message\": \"You have exceeded a secondary rate limit. {TOKEN} leaks here\"}}");
    github.fault(Fault::status(403).body(&body));
    let forge = forge(&github);
    for _ in 0..2 {
        let limited = error(forge.open().await);
        assert!(matches!(limited.kind(), ErrorKind::RateLimited(_)), "{limited}");
    }
    assert_eq!(github.asked().len(), 1);
}

#[tokio::test]
async fn an_answer_that_is_none_is_told() {
    for host in hosts() {
        for body in ["<html>proxy login</html>", "{\"message\": \"ok\"}"] {
            host.fault(Fault::status(200).body(body));
            assert_eq!(error(forge(&host).open().await).kind(), ErrorKind::Protocol, "{body}");
        }
    }
}

#[tokio::test]
async fn a_base_that_is_not_there_is_a_refusal() {
    let [github, _] = hosts();
    let new = NewPullRequest { branch: "updates".into(), base: "gone".into(), ..NewPullRequest::default() };
    let error = error(forge(&github).create(&new).await);
    assert!(error.to_string().contains("see whether gone is there"), "{error}");
}
