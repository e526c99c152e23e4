//! Repositories behind ssh: keys, host keys, proxies.

use crate::support::{fetch, full_turn, remote, served};
use tagalong_git::{Auth, ErrorKind, GitError, Mirror, Proxy, Remote};
use tagalong_testkit::{
    git_http::TestProxy,
    git_repo::GitRepo,
    need,
    parts::Part,
    sshd::{SshKey, Sshd, SshdOptions},
};

fn auth(key: &SshKey, password: Option<&str>, known_hosts: String) -> Auth {
    Auth::Ssh { identity: key.private.clone().into(), password: password.map(Into::into), known_hosts }
}

fn server(key: &SshKey) -> Sshd {
    Sshd::start(&SshdOptions {
        authorized: vec![key.public.clone()],
        accept_protocol: true,
        ..SshdOptions::default()
    })
    .unwrap()
}

fn error(remote: &Remote) -> GitError {
    let state = tempfile::tempdir().unwrap();
    Mirror::open(state.path(), remote).and_then(|mirror| fetch(&mirror, remote)).unwrap_err()
}

fn back(repo: &GitRepo) {
    repo.git(&["update-ref", "refs/heads/main", "main~1"]).unwrap();
}

#[test]
fn every_kind_of_key_opens_the_door() {
    need!(Part::Sshd, Part::SshKeygen, Part::Git);
    let (_root, repo) = served();
    for (kind, password) in [
        ("-t ed25519", ""),
        ("-t ed25519 -a 1", "open sesame"),
        ("-t ecdsa -b 256", ""),
        ("-t ecdsa -b 384", ""),
        ("-t ecdsa -b 521", ""),
        ("-t rsa -b 2048", ""),
        ("-t rsa -b 2048 -m PEM", ""),
        ("-t ecdsa -b 256 -m PKCS8", ""),
    ] {
        let key = SshKey::generate(kind, password).unwrap();
        let server = server(&key);
        let mut remote = remote(&server.url(repo.path()));
        remote.auth =
            auth(&key, Some(password).filter(|password| !password.is_empty()), server.known_hosts());
        full_turn(&repo, &remote);
        back(&repo);
    }
}

#[test]
fn hashed_names_old_protocol_and_several_host_keys() {
    need!(Part::Sshd, Part::SshKeygen, Part::Git);
    let (_root, repo) = served();
    let key = SshKey::generate("-t ed25519", "").unwrap();
    let options = SshdOptions {
        authorized: vec![key.public.clone()],
        host_keys: vec!["ed25519", "ecdsa", "rsa"],
        ..SshdOptions::default()
    };
    let server = Sshd::start(&options).unwrap();
    let mut remote = remote(&server.url(repo.path()));
    remote.auth = auth(&key, None, server.hashed_known_hosts().unwrap());
    full_turn(&repo, &remote);
    for line in server.known_hosts().lines() {
        back(&repo);
        remote.auth = auth(&key, None, line.to_owned());
        full_turn(&repo, &remote);
    }
}

#[test]
fn an_unknown_and_a_changed_host_key_are_refused_before_logging_in() {
    need!(Part::Sshd, Part::SshKeygen, Part::Git);
    let (_root, repo) = served();
    let key = SshKey::generate("-t ed25519", "").unwrap();
    let server = server(&key);
    let mut remote = remote(&server.url(repo.path()));
    let other = SshKey::generate("-t ed25519", "").unwrap();
    let other_kind = SshKey::generate("-t ecdsa", "").unwrap();
    let line =
        |key: &SshKey| format!("[127.0.0.1]:{} {}", server.address().rsplit(':').next().unwrap(), key.public);
    for (known_hosts, words) in [
        (String::new(), "known_hosts is empty"),
        (format!("example.com {}", other.public), "known_hosts has no key"),
        (line(&other), "not the one in known_hosts"),
        (line(&other_kind), "none of the kinds"),
    ] {
        remote.auth = auth(&key, None, known_hosts);
        let error = error(&remote);
        assert_eq!(error.kind(), ErrorKind::HostKey, "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn what_fails_says_why() {
    need!(Part::Sshd, Part::SshKeygen, Part::Git);
    let (root, repo) = served();
    let key = SshKey::generate("-t ed25519 -a 1", "open sesame").unwrap();
    let server = server(&key);
    let known = server.known_hosts();
    let stranger = SshKey::generate("-t ed25519", "").unwrap();
    let weak = SshKey::generate("-t rsa -b 1024", "").unwrap();
    let good = remote(&server.url(repo.path()));
    for (auth, kind, words) in [
        (auth(&stranger, None, known.clone()), ErrorKind::Auth, "does not let user"),
        (auth(&key, None, known.clone()), ErrorKind::Invalid, "is encrypted; add its password"),
        (auth(&key, Some("wrong"), known.clone()), ErrorKind::Invalid, "check the password"),
        (auth(&weak, None, known.clone()), ErrorKind::Invalid, "less than 2,048 bits"),
        (Auth::None, ErrorKind::Invalid, "needs a Secret with identity"),
    ] {
        let error = error(&Remote { auth, ..good.clone() });
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(words), "{error}");
        assert!(!error.to_string().contains("wrong"), "{error}");
    }
    let mut missing = remote(&server.url(&root.path().join("none.git")));
    missing.auth = auth(&key, Some("open sesame"), known);
    assert_eq!(error(&missing).kind(), ErrorKind::NotFound);
}

#[test]
fn through_a_socks_proxy_and_no_other() {
    need!(Part::Sshd, Part::SshKeygen, Part::Git);
    let (_root, repo) = served();
    let key = SshKey::generate("-t ed25519", "").unwrap();
    let server = server(&key);
    let mut remote = remote(&server.url(repo.path()));
    remote.auth = auth(&key, None, server.known_hosts());
    let proxy = TestProxy::socks5(Some(("me", "pw"))).unwrap();
    let login = |password: &str| Proxy {
        address: proxy.address(),
        username: Some("me".into()),
        password: Some(password.into()),
    };
    remote.proxy = Some(login("pw"));
    full_turn(&repo, &remote);
    assert_eq!(proxy.targets(), [server.address(), server.address()]);
    remote.proxy = Some(login("wrong"));
    assert_eq!(error(&remote).kind(), ErrorKind::Auth);
    remote.proxy = Some(Proxy { address: "http://127.0.0.1:1".into(), username: None, password: None });
    assert_eq!(error(&remote).kind(), ErrorKind::Invalid);
}
