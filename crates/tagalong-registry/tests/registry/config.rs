//! Docker configurations as pull secrets hold them.

use super::*;
use secrecy::ExposeSecret as _;
use tagalong_registry::{DockerConfig, InvalidDockerConfig};

/// `name:password` for an image, or what else is found.
fn found(config: &DockerConfig, image: &str) -> String {
    match config.find(&image.parse().unwrap()) {
        None => "-".to_owned(),
        Some(Credentials::Anonymous) => "anonymous".to_owned(),
        Some(Credentials::Basic { username, password }) => format!("{username}:{}", password.expose_secret()),
        Some(Credentials::IdentityToken(token)) => format!("identity {}", token.expose_secret()),
        Some(Credentials::RegistryToken(token)) => format!("registry {}", token.expose_secret()),
    }
}

fn with_keys(keys: &[&str]) -> DockerConfig {
    let auths: serde_json::Map<_, _> = keys
        .iter()
        .map(|key| ((*key).to_owned(), serde_json::json!({"username": key, "password": "p"})))
        .collect();
    DockerConfig::parse(serde_json::json!({ "auths": auths }).to_string().as_bytes()).unwrap()
}

#[test]
fn the_key_that_fits_best_is_found() {
    let check = |keys: &[&str], image: &str, expected: &str| {
        let expected = if expected == "-" { "-".to_owned() } else { format!("{expected}:p") };
        assert_eq!(found(&with_keys(keys), image), expected, "{keys:?} {image}");
    };
    check(&["ghcr.io"], "ghcr.io/acme/app", "ghcr.io");
    check(&["ghcr.io"], "quay.io/acme/app", "-");
    check(&["https://ghcr.io"], "ghcr.io/acme/app", "https://ghcr.io");
    check(&["https://ghcr.io/v2/"], "ghcr.io/acme/app", "https://ghcr.io/v2/");
    check(&["ghcr.io", "ghcr.io/acme", "ghcr.io/acme/app/deep"], "ghcr.io/acme/app", "ghcr.io/acme");
    check(&["ghcr.io/acme"], "ghcr.io/acme-evil/app", "-");
    check(&["ghcr.io/acme/"], "ghcr.io/acme/app", "ghcr.io/acme/");
    check(&["GHCR.io"], "ghcr.io/acme/app", "GHCR.io");
    check(&["localhost:5000"], "localhost:5000/app", "localhost:5000");
    check(&["localhost"], "localhost:5000/app", "-");
    check(&["registry.example.com:443"], "registry.example.com/app", "registry.example.com:443");
    check(&["*.example.com"], "a.example.com/app", "*.example.com");
    check(&["*.example.com"], "a.b.example.com/app", "-");
    check(&["*.example.com", "a.example.com"], "a.example.com/app", "a.example.com");
    check(&["eu*.example.com"], "eu-west.example.com/app", "eu*.example.com");
    check(&["evil.com/ghcr.io"], "ghcr.io/acme/app", "-");
}

#[test]
fn docker_hub_is_known_by_all_its_names() {
    for key in ["https://index.docker.io/v1/", "index.docker.io", "docker.io", "registry-1.docker.io"] {
        for image in ["alpine", "docker.io/library/alpine", "index.docker.io/acme/app"] {
            assert_eq!(found(&with_keys(&[key]), image), format!("{key}:p"), "{image}");
        }
    }
    assert_eq!(found(&with_keys(&["docker.io/library", "docker.io"]), "alpine"), "docker.io/library:p");
}

#[test]
fn every_form_of_an_entry_is_read() {
    for (entry, expected) in [
        (r#"{"auth":"bWU6aHVudGVyMg=="}"#, "me:hunter2"),
        (r#"{"auth":"bWU6aHVudGVyMg"}"#, "me:hunter2"),
        (r#"{"auth":"bWU6aHVudGVyMg==\n"}"#, "me:hunter2"),
        (r#"{"auth":"bWU6YTpi"}"#, "me:a:b"),
        (r#"{"auth":"bWU6aHVudGVyMg==","username":"you","password":"x"}"#, "me:hunter2"),
        (r#"{"username":"me","password":"hunter2","email":"x@y"}"#, "me:hunter2"),
        (r#"{"identitytoken":"hunter2","auth":"bWU6eA=="}"#, "identity hunter2"),
        (r#"{"auth":"PHRva2VuPjpodW50ZXIy"}"#, "identity hunter2"),
        (r#"{"registrytoken":"hunter2"}"#, "registry hunter2"),
        (r#"{"auth":"","identitytoken":""}"#, "anonymous"),
        ("{}", "anonymous"),
    ] {
        for json in [format!(r#"{{"auths":{{"ghcr.io":{entry}}}}}"#), format!(r#"{{"ghcr.io":{entry}}}"#)] {
            let config = DockerConfig::parse(json.as_bytes()).unwrap();
            assert_eq!(found(&config, "ghcr.io/a"), expected, "{json}");
            assert!(!format!("{config:?}").contains("hunter2"));
        }
    }
}

#[test]
fn what_is_no_configuration_says_so_without_repeating_it() {
    for json in ["", "hunter2", "[]", r#"{"auths":7}"#, r#"{"auths":{"ghcr.io":"hunter2"}}"#] {
        let error = DockerConfig::parse(json.as_bytes()).unwrap_err();
        assert_eq!(error, InvalidDockerConfig::Malformed);
        assert!(!error.to_string().contains("hunter2"));
    }
    for auth in ["%%hunter2", "aHVudGVyMg=="] {
        let json = format!(r#"{{"auths":{{"ghcr.io":{{"auth":"{auth}"}}}}}}"#);
        let error = DockerConfig::parse(json.as_bytes()).unwrap_err();
        assert_eq!(error, InvalidDockerConfig::Auth("ghcr.io".into()));
        assert!(!error.to_string().contains(auth));
    }
}

#[test]
fn several_secrets_are_one_and_the_first_wins() {
    let parse = |json: &str| DockerConfig::parse(json.as_bytes()).unwrap();
    let mut config = parse(r#"{"auths":{"ghcr.io":{"username":"a","password":"1"}}}"#);
    config.merge(parse(r#"{"https://ghcr.io":{"username":"b","password":"2"},"quay.io":{"auth":"Yjoz"}}"#));
    assert_eq!(found(&config, "ghcr.io/x"), "a:1");
    assert_eq!(found(&config, "quay.io/x"), "b:3");
}
