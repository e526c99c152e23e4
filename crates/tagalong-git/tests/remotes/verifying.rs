//! Signatures made by our own signer and by the real `git`, judged by ours.

use crate::signing::signed;
use crate::support::{fill, remote};
use tagalong_git::{Mirror, Signed, Signer, TrustedKeys};
use tagalong_testkit::git_repo::{self, GitRepo};
use tagalong_testkit::gpg::Gpg;
use tagalong_testkit::need;
use tagalong_testkit::parts::Part;
use tagalong_testkit::sshd::SshKey;

fn keys(values: &[(&str, &str)]) -> TrustedKeys {
    let mut keys = TrustedKeys::default();
    for (name, value) in values {
        keys.add(name, value.as_bytes());
    }
    keys
}

fn mirror(repo: &GitRepo) -> Mirror {
    Mirror::open(repo.path(), &remote(repo.path().to_str().unwrap())).unwrap()
}

fn commit(repo: &GitRepo, commit: &str) -> Signed {
    mirror(repo).reader().signed_commit(commit).unwrap()
}

/// The public keys of a GnuPG home, armored.
fn public(gpg: &Gpg) -> String {
    gpg.run("", &["--armor", "--export"]).unwrap()
}

#[test]
fn a_commit_signed_with_ssh_is_its_signer_s() {
    need!(Part::Git, Part::SshKeygen);
    let repo = GitRepo::bare().unwrap();
    fill(&repo);
    let stranger = SshKey::generate("-t ed25519", "").unwrap();
    for kind in ["-t ed25519", "-t ecdsa -b 256", "-t ecdsa -b 384", "-t ecdsa -b 521", "-t rsa -b 2048"] {
        let key = SshKey::generate(kind, "").unwrap();
        let signer = Signer::ssh(&key.private.clone().into(), None).unwrap();
        let signed = commit(&repo, &signed(&repo, &signer));
        let both = format!("# friends\n{}\n\n{}\n", stranger.public, key.public);
        let shown = keys(&[("them.sshpub", &both)]).verify(&signed).unwrap();
        assert!(shown.starts_with("SHA256:"), "{kind}: {shown}");
        let error = keys(&[("them.sshpub", &stranger.public)]).verify(&signed).unwrap_err();
        assert_eq!(error, "unable to verify payload with any of the given authorized keys");
        let error = keys(&[("them.asc", "nonsense")]).verify(&signed).unwrap_err();
        assert!(error.starts_with("SSH signature detected but no SSH public keys"), "{error}");
        assert!(error.ends_with("no key can be read from them.asc"), "{error}");
    }
}

#[test]
fn a_commit_signed_with_gpg_is_its_signer_s() {
    need!(Part::Git, Part::Gpg);
    let repo = GitRepo::bare().unwrap();
    fill(&repo);
    let (friend, stranger) = (Gpg::new().unwrap(), Gpg::new().unwrap());
    friend.generate("Friend <friend@example.com>", "").unwrap();
    stranger.generate("Stranger <stranger@example.com>", "").unwrap();
    let signer = Signer::gpg(&friend.export("").unwrap().into(), None).unwrap();
    let ours = commit(&repo, &signed(&repo, &signer));
    let id = friend.run("", &["--list-keys", "--with-colons"]).unwrap();
    let id =
        id.lines().find_map(|line| line.strip_prefix("pub:")).unwrap().split(':').nth(3).unwrap().to_owned();
    let them = format!("{}\n", public(&stranger));
    let both = [("a.asc", them.as_str()), ("anything", &public(&friend))];
    assert_eq!(keys(&both).verify(&ours), Ok(id.clone()));
    let error = keys(&both[..1]).verify(&ours).unwrap_err();
    assert_eq!(error, "unable to verify payload with any of the given key rings");

    // A tag, by git itself; and one that was changed after it was signed.
    let mut git = git_repo::git();
    git.env("GNUPGHOME", friend.path()).arg("--git-dir").arg(repo.path());
    git.args(["tag", "-u", &id, "-m", "signed", "v1", "main"]);
    let output = git.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tag = repo.git(&["rev-parse", "refs/tags/v1"]).unwrap();
    let signed = mirror(&repo).reader().signed_tag(&tag).unwrap();
    assert_eq!(keys(&both).verify(&signed), Ok(id));
    let text = repo.git(&["cat-file", "tag", &tag]).unwrap().replace("signed", "forged") + "\n";
    let mut hash = git_repo::git();
    hash.arg("--git-dir").arg(repo.path()).args(["hash-object", "-t", "tag", "-w", "--stdin"]);
    let forged = git_repo::run(&mut hash, text.as_bytes()).unwrap();
    let forged = String::from_utf8(forged.stdout).unwrap();
    let forged = mirror(&repo).reader().signed_tag(forged.trim()).unwrap();
    assert!(forged.has_signature() && keys(&both).verify(&forged).is_err());
}

#[test]
fn a_key_that_has_expired_counts_no_more() {
    need!(Part::Git, Part::Gpg);
    let repo = GitRepo::bare().unwrap();
    fill(&repo);
    let gpg = Gpg::new().unwrap();
    let on = |day: &str, args: &[&str]| gpg.run("", &[&["--faked-system-time", day], args].concat()).unwrap();
    let user = "Friend <friend@example.com>";
    on("20200101T000000", &["--quick-generate-key", user, "ed25519", "sign", "never"]);
    let signer = Signer::gpg(&gpg.export("").unwrap().into(), None).unwrap();
    let signed = commit(&repo, &signed(&repo, &signer));
    assert!(keys(&[("a.asc", &public(&gpg))]).verify(&signed).is_ok());
    let listed = gpg.run("", &["--list-keys", "--with-colons"]).unwrap();
    let fingerprint = listed.lines().find_map(|line| line.strip_prefix("fpr:")).unwrap().trim_matches(':');
    on("20200102T000000", &["--quick-set-expire", fingerprint, "1d"]);
    assert!(keys(&[("a.asc", &public(&gpg))]).verify(&signed).is_err());
}
