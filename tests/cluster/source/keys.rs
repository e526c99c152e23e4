//! Credentials for the remote, and the keys of those whose signatures count.

use super::{Place, SITE, site};
use tagalong_testkit::git_http::{Access, GitHttp, Options};
use tagalong_testkit::git_repo::git;
use tagalong_testkit::sshd::SshKey;

/// Signs as somebody would: with the real `git` and a key in a file.
struct Signer<'a> {
    place: &'a Place,
    key: SshKey,
    file: std::path::PathBuf,
}

impl<'a> Signer<'a> {
    fn new(place: &'a Place, name: &str) -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        let key = SshKey::generate("-t ed25519", "").unwrap();
        let file = place.estate.folder().join(name);
        std::fs::write(&file, &key.private).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        Self { place, key, file }
    }

    fn git(&self, args: &[&str]) -> String {
        let mut command = git();
        command.arg("--git-dir").arg(self.place.estate.repo.path());
        command.args(["-c", "gpg.format=ssh", "-c"]).arg(format!("user.signingkey={}", self.file.display()));
        let output = command.args(args).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// A signed commit on main.
    fn commit(&self) -> String {
        let commit = self.git(&["commit-tree", "-S", "-p", "main", "-m", "Signed", "main^{tree}"]);
        self.git(&["update-ref", "refs/heads/main", &commit]);
        commit
    }

    fn secret(&self, name: &str) {
        let value = format!("--from-literal=them.sshpub={}", self.key.public);
        self.place.own(&["create", "secret", "generic", name, &value], "");
    }
}

#[test]
fn only_what_was_signed_by_somebody_trusted_becomes_an_artifact() {
    let spec = "  ref: {branch: main}\n  verify: {mode: HEAD, secretRef: {name: keys}}\n";
    let Some(place) = Place::with_site("verify", spec) else { return };
    place.open_secrets();
    let _controller = place.serving();
    let reason = |path: &str| format!(".status.conditions[?(@.type==\"SourceVerified\")].{path}");
    place.until(SITE, &reason("reason"), "VerificationError");
    place.says("Ready", "public keys secret error: Secret/");

    let (friend, stranger) = (Signer::new(&place, "friend"), Signer::new(&place, "stranger"));
    friend.secret("keys");
    place.reconcile("1");
    place.until(SITE, &reason("reason"), "InvalidCommitSignature");
    place.says("Ready", "failed: unsupported signature type: empty");
    assert_eq!(place.get(SITE, ".status.artifact"), "");

    let good = friend.commit();
    place.reconcile("2");
    place.until(SITE, ".status.artifact.revision", &format!("main@sha1:{good}"));
    place.until(SITE, ".status.sourceVerificationMode", "HEAD");
    place.says("SourceVerified", &format!("verified signature of\n\t- commit '{good}' with key 'SHA256:"));

    let bad = stranger.commit();
    place.reconcile("3");
    place.until(SITE, &reason("status"), "False");
    place.says("Ready", &format!("signature verification of commit '{bad}' failed: unable to verify"));
    assert_eq!(place.get(SITE, ".status.artifact.revision"), format!("main@sha1:{good}"));
    assert_eq!(place.get(SITE, ".status.conditions[?(@.type==\"ArtifactInStorage\")].status"), "True");

    // A tag is an object of its own, and is signed on its own.
    let tagged = |mode: &str, tag: &str| {
        place.apply(&site(
            &place,
            &format!("  ref: {{tag: {tag}}}\n  verify: {{mode: {mode}, secretRef: {{name: keys}}}}\n"),
        ));
    };
    friend.git(&["tag", "-s", "-m", "signed", "v1", &good]);
    friend.git(&["tag", "-a", "-m", "not signed", "v2", &good]);
    tagged("TagAndHEAD", "v1");
    place.until(SITE, ".status.artifact.revision", &format!("v1@sha1:{good}"));
    place.until(SITE, ".status.sourceVerificationMode", "TagAndHEAD");
    let said = place.says("SourceVerified", "verified signature of\n\t- tag 'v1@");
    assert!(said.contains(&format!("\n\t- commit '{good}' with key 'SHA256:")), "{said}");
    tagged("Tag", "v2");
    place.until(SITE, &reason("reason"), "InvalidGitObject");
    place.apply(&site(&place, "  ref: {branch: main}\n  verify: {mode: Tag, secretRef: {name: keys}}\n"));
    place.own(&["wait", SITE, "--for=condition=Stalled", "--timeout=60s"], "");
    place.says("Ready", "cannot verify tag object's signature if a tag reference is not specified");
}

#[test]
fn a_remote_that_asks_for_a_password_is_shown_the_secret_s() {
    let Some(place) = Place::new("login") else { return };
    place.estate.commit(&[("apps/web.yaml", "kind: A\n")]);
    let access = Access::Basic("ada".to_owned(), "open sesame".to_owned());
    let options = Options { access, ..Options::default() };
    let locked = GitHttp::start(&place.estate.folder().join("git"), options).unwrap();
    let yaml = site(&place, "  ref: {branch: main}\n  secretRef: {name: login}\n");
    place.apply(&yaml.replace(&place.estate.git.url("fleet.git"), &locked.url("fleet.git")));
    place.open_secrets();
    let _controller = place.serving();
    place.own(&["wait", SITE, "--for=condition=FetchFailed", "--timeout=60s"], "");
    place.says("FetchFailed", "failed to configure authentication options: Secret/");
    let secret = |password: &str| {
        let password = format!("--from-literal=password={password}");
        place.own(&["create", "secret", "generic", "login", "--from-literal=username=ada", &password], "");
    };
    secret("wrong");
    place.reconcile("1");
    let said = place.says("FetchFailed", "failed to checkout and determine revision: ");
    assert!(!said.contains("wrong"), "{said}");
    place.delete("secret/login");
    secret("open sesame");
    place.reconcile("2");
    place.until_ready(SITE);
    assert_eq!(place.get(SITE, ".status.conditions[?(@.type==\"FetchFailed\")].status"), "");
}
