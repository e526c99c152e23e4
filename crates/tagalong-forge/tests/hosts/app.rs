//! A GitHub App: its statement is exchanged for a token, once an hour.

use super::{reqwest_client, with};
use std::time::Duration;
use tagalong_forge::{App, Credentials, ErrorKind, Memory, installation_token};
use tagalong_testkit::fake_host::{FakeHost, Fault, INSTALLATION_TOKEN, Kind};
use tagalong_testkit::need;
use tagalong_testkit::parts::Part;

/// An App with a key as GitHub gives them out, and as other tools write them.
fn apps() -> Vec<App> {
    ["-m PEM", "-m PKCS8"]
        .into_iter()
        .map(|format| {
            let key =
                tagalong_testkit::sshd::SshKey::generate(&format!("-t rsa -b 2048 {format}"), "").unwrap();
            App { id: "4711".into(), installation: "42".into(), key: key.private.into(), api: None }
        })
        .collect()
}

#[tokio::test]
async fn its_token_is_asked_for_once_and_serves_git_as_well() {
    need!(Part::SshKeygen);
    use secrecy::ExposeSecret as _;
    for app in apps() {
        let host = FakeHost::start(Kind::GitHub).unwrap();
        let memory = Memory::default();
        let forge = with(&host, Credentials::App(app.clone()), &memory);
        assert_eq!(forge.open().await.unwrap(), vec![]);
        assert_eq!(forge.open().await.unwrap(), vec![]);
        let url = host.git_url();
        let git = installation_token(&app, &url, reqwest_client(), &memory, Duration::from_secs(10));
        assert_eq!(git.await.unwrap().expose_secret(), INSTALLATION_TOKEN);
        let exchanges = host.asked().iter().filter(|asked| asked.ends_with("/access_tokens")).count();
        assert_eq!((exchanges, host.asked().len()), (1, 3));
    }
}

#[tokio::test]
async fn a_host_that_asks_an_app_for_patience_has_it() {
    need!(Part::SshKeygen);
    let [app, other] = apps().try_into().unwrap();
    for path in ["/access_tokens", "/pulls"] {
        let host = FakeHost::start(Kind::GitHub).unwrap();
        let memory = Memory::default();
        if path == "/pulls" {
            with(&host, Credentials::App(app.clone()), &memory).open().await.unwrap();
        }
        let asked = host.asked().len();
        host.fault(Fault::status(429).header("Retry-After", "600"));
        for _ in 0..3 {
            let error = with(&host, Credentials::App(app.clone()), &memory).open().await.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::RateLimited(_)), "{error}");
        }
        assert_eq!(host.asked().len(), asked + 1, "{path}");
        // Another App need not wait.
        with(&host, Credentials::App(other.clone()), &memory).open().await.unwrap();
    }
}

#[tokio::test]
async fn who_has_another_key_is_not_given_a_token_that_is_kept() {
    need!(Part::SshKeygen);
    let host = FakeHost::start(Kind::GitHub).unwrap();
    let memory = Memory::default();
    let [app, _] = apps().try_into().unwrap();
    with(&host, Credentials::App(app.clone()), &memory).open().await.unwrap();
    let stranger = App { key: "no key".into(), ..app };
    let error = with(&host, Credentials::App(stranger), &memory).open().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn a_key_that_is_none_is_told() {
    let host = FakeHost::start(Kind::GitHub).unwrap();
    let app = App { id: "1".into(), installation: "2".into(), key: "s3cret".into(), api: None };
    let error = with(&host, Credentials::App(app), &Memory::default()).open().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(!error.to_string().contains("s3cret"), "{error}");
    assert!(host.asked().is_empty());
}
