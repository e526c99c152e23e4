//! Certificates, client certificates, proxies and redirects.

use crate::support::{fetch, full_turn, remote, served};
use tagalong_git::{Auth, ErrorKind, GitError, Mirror, Proxy, Remote, Tls};
use tagalong_testkit::{
    git_http::{Access, GitHttp, Options, TestAuthority, TestProxy},
    git_repo::GitRepo,
    need,
    parts::Part,
};

fn error(remote: &Remote) -> GitError {
    let state = tempfile::tempdir().unwrap();
    Mirror::open(state.path(), remote).and_then(|mirror| fetch(&mirror, remote)).unwrap_err()
}

fn back(repo: &GitRepo) {
    repo.git(&["update-ref", "refs/heads/main", "main~1"]).unwrap();
}

#[test]
fn an_own_authority_and_a_client_certificate() {
    need!(Part::GitHttpBackend);
    let authority = TestAuthority::new().unwrap();
    let (root, repo) = served();
    let options = Options { tls: Some(authority.server(true).unwrap()), ..Options::default() };
    let server = GitHttp::start(root.path(), options).unwrap();
    let ours = authority.identity().unwrap();
    let mut remote = remote(&server.url("fleet.git"));
    assert!(server.url("fleet.git").starts_with("https://"));
    remote.tls = Tls {
        ca_pem: Some(authority.pem().to_owned()),
        client_cert_pem: Some(ours.cert_pem),
        client_key_pem: Some(ours.key_pem.into()),
    };
    full_turn(&repo, &remote);

    let without = Tls { client_cert_pem: None, client_key_pem: None, ..remote.tls.clone() };
    let refused = error(&Remote { tls: without, ..remote.clone() });
    assert_eq!(refused.kind(), ErrorKind::Tls, "{refused}");
    let half = Tls { client_key_pem: None, ..remote.tls.clone() };
    assert_eq!(error(&Remote { tls: half, ..remote }).kind(), ErrorKind::Invalid);
}

#[test]
fn an_unknown_authority_is_refused_before_anything_is_sent() {
    need!(Part::GitHttpBackend);
    let (authority, other) = (TestAuthority::new().unwrap(), TestAuthority::new().unwrap());
    let (root, _repo) = served();
    let options = Options { tls: Some(authority.server(false).unwrap()), ..Options::default() };
    let server = GitHttp::start(root.path(), options).unwrap();
    let mut remote = remote(&server.url("fleet.git"));
    remote.auth = Auth::Basic { username: "bot".into(), password: "s3cret".into() };
    for (ca, kind) in
        [(None, ErrorKind::Tls), (Some(other.pem()), ErrorKind::Tls), (Some("no pem"), ErrorKind::Invalid)]
    {
        remote.tls.ca_pem = ca.map(str::to_owned);
        let error = error(&remote);
        assert_eq!(error.kind(), kind, "{error}");
    }
    assert_eq!(server.take_requests(), []);
}

#[test]
fn through_a_proxy_with_and_without_a_login() {
    need!(Part::GitHttpBackend);
    let authority = TestAuthority::new().unwrap();
    let (root, repo) = served();
    let plain = GitHttp::start(root.path(), Options::default()).unwrap();
    let secure = GitHttp::start(
        root.path(),
        Options { tls: Some(authority.server(false).unwrap()), ..Options::default() },
    )
    .unwrap();
    for login in [None, Some(("me", "pw"))] {
        for (server, proxy) in [
            (&plain, TestProxy::http(login).unwrap()),
            (&secure, TestProxy::http(login).unwrap()),
            (&plain, TestProxy::socks5(login).unwrap()),
            (&secure, TestProxy::socks5(login).unwrap()),
        ] {
            let mut remote = remote(&server.url("fleet.git"));
            remote.tls.ca_pem = Some(authority.pem().to_owned());
            remote.proxy = Some(Proxy {
                address: proxy.address(),
                username: login.map(|(user, _)| user.into()),
                password: login.map(|(_, password)| password.into()),
            });
            full_turn(&repo, &remote);
            back(&repo);
            assert!(!proxy.targets().is_empty(), "{}", proxy.address());
            if login.is_some() {
                remote.proxy = Some(Proxy {
                    address: proxy.address(),
                    username: Some("me".into()),
                    password: Some("s3cret".into()),
                });
                let error = error(&remote);
                assert!(matches!(error.kind(), ErrorKind::Auth | ErrorKind::Connect), "{error}");
                assert!(!error.to_string().contains("s3cret"), "{error}");
            }
        }
    }
    let mut remote = remote(&plain.url("fleet.git"));
    remote.proxy = Some(Proxy { address: "http://127.0.0.1:1".into(), username: None, password: None });
    assert_eq!(error(&remote).kind(), ErrorKind::Connect);
}

#[test]
fn credentials_do_not_follow_a_redirect_to_another_host() {
    need!(Part::GitHttpBackend);
    let (root, repo) = served();
    let origin = GitHttp::start(root.path(), Options::default()).unwrap();
    let target = GitHttp::start(root.path(), Options::default()).unwrap();
    let mut remote = remote(&origin.url("old.git"));
    remote.auth = Auth::Basic { username: "bot".into(), password: "s3cret".into() };
    for _ in 0..2 {
        origin.redirect_next(&format!("{}/info/refs?service=git-upload-pack", target.other_url("fleet.git")));
    }
    let state = tempfile::tempdir().unwrap();
    let mirror = Mirror::open(state.path(), &remote).unwrap();
    assert_eq!(Some(fetch(&mirror, &remote).unwrap()), repo.rev("main"));
    assert!(origin.take_requests().iter().all(|request| request.authorization.is_some()));
    let followed = target.take_requests();
    assert_eq!(followed.len(), 3);
    assert!(followed.iter().all(|request| request.authorization.is_none()), "{followed:?}");

    // The same host keeps them, as when `.git` is added to a path.
    origin.take_requests();
    origin.redirect_next("/fleet.git/info/refs?service=git-upload-pack");
    let again = Mirror::open(&state.path().join("again"), &remote).unwrap();
    fetch(&again, &remote).unwrap();
    assert!(origin.take_requests().iter().all(|request| request.authorization.is_some()));
}

#[test]
fn a_redirect_to_anything_else_is_refused() {
    need!(Part::GitHttpBackend);
    let authority = TestAuthority::new().unwrap();
    let (root, _repo) = served();
    let secure = GitHttp::start(
        root.path(),
        Options { tls: Some(authority.server(false).unwrap()), ..Options::default() },
    )
    .unwrap();
    let plain = GitHttp::start(root.path(), Options { access: Access::Open, ..Options::default() }).unwrap();
    let mut remote = remote(&secure.url("fleet.git"));
    remote.tls.ca_pem = Some(authority.pem().to_owned());
    for location in [
        format!("{}/info/refs?service=git-upload-pack", plain.url("fleet.git")),
        "/login?then=fleet".to_owned(),
        "https://user:pw@127.0.0.1:1/fleet.git/info/refs?service=git-upload-pack".to_owned(),
        "file:///etc/passwd".to_owned(),
        "%%%".to_owned(),
    ] {
        secure.redirect_next(&location);
        let error = error(&remote);
        assert_eq!(error.kind(), ErrorKind::Protocol, "{location}: {error}");
    }
    for _ in 0..10 {
        secure.redirect_next("/fleet.git/info/refs?service=git-upload-pack");
    }
    assert_eq!(error(&remote).kind(), ErrorKind::Protocol);
    assert_eq!(plain.take_requests(), []);
}
