//! Servers that fail, lie, or never end.

use crate::support::{fetch, remote, served, turn};
use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    time::Duration,
};
use tagalong_git::{Auth, ErrorKind, GitError, Mirror, Remote};
use tagalong_testkit::{
    git_http::{Access, GitHttp, Options},
    git_repo::GitRepo,
    need,
    parts::Part,
};

fn error(remote: &Remote) -> GitError {
    let state = tempfile::tempdir().unwrap();
    Mirror::open(state.path(), remote).and_then(|mirror| fetch(&mirror, remote)).unwrap_err()
}

#[test]
fn statuses_become_kinds_and_never_show_a_secret() {
    need!(Part::GitHttpBackend);
    let (root, _repo) = served();
    let server = GitHttp::start(
        root.path(),
        Options { access: Access::Basic("bot".into(), "right".into()), ..Options::default() },
    )
    .unwrap();
    let mut remote = remote(&server.url("fleet.git"));
    let login = |password: &str| Auth::Basic { username: "bot".into(), password: password.into() };
    for auth in [Auth::None, login("wr0ng"), Auth::Bearer("wr0ng".into())] {
        remote.auth = auth;
        let error = error(&remote);
        assert_eq!(error.kind(), ErrorKind::Auth);
        assert!(!error.to_string().contains("wr0ng"), "{error}");
    }
    remote.auth = login("right");
    for (status, kind) in [
        (403, ErrorKind::Auth),
        (404, ErrorKind::NotFound),
        (410, ErrorKind::NotFound),
        (429, ErrorKind::Unavailable),
        (500, ErrorKind::Unavailable),
        (503, ErrorKind::Unavailable),
        (418, ErrorKind::Protocol),
        (204, ErrorKind::Protocol),
    ] {
        server.answer_next(status);
        assert_eq!(error(&remote).kind(), kind, "{status}");
    }
    remote.url = server.url("none.git").parse().unwrap();
    assert_eq!(error(&remote).kind(), ErrorKind::NotFound);
    remote.auth = Auth::Bearer("a\nb".into());
    assert_eq!(error(&remote).kind(), ErrorKind::Invalid);
}

#[test]
fn credentials_in_the_url_count_and_are_never_sent_elsewhere() {
    need!(Part::GitHttpBackend);
    let (root, repo) = served();
    let server = GitHttp::start(
        root.path(),
        Options { access: Access::Basic("bot".into(), "p w".into()), ..Options::default() },
    )
    .unwrap();
    let url = server.url("fleet.git").replace("http://", "http://bot:p%20w@");
    crate::support::full_turn(&repo, &remote(&url));
}

#[test]
fn a_push_that_may_only_read_says_so() {
    need!(Part::GitHttpBackend);
    let (root, _repo) = served();
    let server = GitHttp::start(root.path(), Options::default()).unwrap();
    let remote = remote(&server.url("fleet.git"));
    let state = tempfile::tempdir().unwrap();
    let mirror = Mirror::open(state.path(), &remote).unwrap();
    let base = fetch(&mirror, &remote).unwrap();
    let prepared = crate::support::prepare(&mirror, &base, &[("README.md", "x")]);
    server.answer_next(403);
    let error = mirror.push(&remote, &prepared, &crate::support::at(&base), &[]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert!(error.to_string().contains("may not push"), "{error}");
    turn(&mirror, &remote).unwrap();
}

#[test]
fn an_empty_and_a_sha256_repository_are_told_apart() {
    need!(Part::GitHttpBackend);
    let root = tempfile::tempdir().unwrap();
    GitRepo::bare_at(&root.path().join("empty.git")).unwrap();
    let sha256 = GitRepo::init(&root.path().join("sha256.git"), &["--object-format=sha256"]).unwrap();
    sha256.commit("main", "one", &[tagalong_testkit::git_repo::Change::File("a", b"1")]).unwrap();
    for old_protocol in [false, true] {
        let server = GitHttp::start(root.path(), Options { old_protocol, ..Options::default() }).unwrap();
        assert_eq!(error(&remote(&server.url("empty.git"))).kind(), ErrorKind::EmptyRepository);
        let error = error(&remote(&server.url("sha256.git")));
        assert_eq!(error.kind(), ErrorKind::Sha256Unsupported, "{error}");
    }
}

/// A server that answers every connection with `answer` and then, if it must, keeps talking for as long as anybody
/// listens.
fn talker(answer: &'static [u8], endless: Option<&'static [u8]>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || talk(stream, answer, endless));
        }
    });
    format!("http://{address}/fleet.git")
}

fn talk(mut stream: TcpStream, answer: &[u8], endless: Option<&[u8]>) {
    let mut request = [0; 4096];
    drop(stream.read(&mut request));
    drop(stream.write_all(answer));
    match endless {
        // Holds the connection open without a word until the client hangs up.
        Some([]) => drop(stream.read(&mut request)),
        Some(more) => while stream.write_all(more).is_ok() {},
        None => {}
    }
}

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\n\r\n";

#[test]
fn nobody_can_keep_us_waiting() {
    for (answer, endless) in [
        (&b""[..], Some(&b""[..])),
        (b"HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\nContent-Length: 100\r\n\r\n001e", Some(b"")),
    ] {
        let mut remote = remote(&talker(answer, endless));
        remote.timeout = Duration::from_millis(200);
        let error = error(&remote);
        assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut remote = remote(&format!("ssh://git@{}/fleet.git", listener.local_addr().unwrap()));
    remote.timeout = Duration::from_millis(200);
    let key = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZWQyNTUxOQAAACCzPq7zfqLffKoBDe/eo04kH2XxtSmk9D7RQyf1xUqrYgAAAJgAIAxdACAMXQAAAAtzc2gtZWQyNTUxOQAAACCzPq7zfqLffKoBDe/eo04kH2XxtSmk9D7RQyf1xUqrYgAAAEC2BsIi0QwW2uFscKTUUXNHLsYX4FxlaSDSblbAj7WR7bM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqtiAAAAEHVzZXJAZXhhbXBsZS5jb20BAgMEBQ==\n-----END OPENSSH PRIVATE KEY-----\n";
    remote.auth = Auth::Ssh {
        identity: key.to_owned().into(),
        password: None,
        known_hosts: "x ssh-ed25519 AAAA".into(),
    };
    let error = error(&remote);
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
}

#[test]
fn nonsense_and_endless_answers_end() {
    for (answer, endless) in [
        (&b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\nhello"[..], None),
        (b"HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\nContent-Length: 4\r\n\r\nzzzz", None),
        (b"HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\nContent-Length: 0\r\n\r\n", None),
        (b"nonsense\r\n\r\n", None),
        (b"", None),
        (HEAD, Some(&b"0009aaaaa"[..])),
        (HEAD, Some(b"0000")),
        (HEAD, Some(b"0001")),
        (HEAD, Some(b"003d0123456789012345678901234567890123456789 refs/heads/maina\n")),
    ] {
        let mut remote = remote(&talker(answer, endless));
        remote.timeout = Duration::from_secs(2);
        let error = error(&remote);
        assert!(
            matches!(error.kind(), ErrorKind::Protocol | ErrorKind::Connect | ErrorKind::Timeout),
            "{:?} {error}",
            String::from_utf8_lossy(answer)
        );
        assert!(!error.to_string().contains('\n') && error.to_string().len() < 500, "{error}");
    }
    let error = error(&remote("http://127.0.0.1:1/fleet.git"));
    assert_eq!(error.kind(), ErrorKind::Connect, "{error}");
}

#[test]
fn a_listing_without_end_is_cut_off_by_its_size() {
    let packet = |text: String| format!("{:04x}{text}", text.len() + 4);
    let id = "0123456789012345678901234567890123456789";
    let first = packet(format!("{id} HEAD\0multi_ack_detailed side-band-64k shallow\n"));
    let line = packet(format!("{id} refs/heads/main\n")).repeat(5000);
    let head = [HEAD, first.as_bytes()].concat();
    let error = error(&remote(&talker(head.leak(), Some(line.into_bytes().leak()))));
    assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
}
