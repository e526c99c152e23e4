//! Signatures and trailers as `git` itself judges them.

use crate::support::{at, fill, meta, remote};
use tagalong_git::{CommitMeta, ErrorKind, Mirror, Pushed, Signer, trailer};
use tagalong_testkit::{
    git_repo::{self, GitRepo},
    gpg::Gpg,
    need,
    parts::Part,
    sshd::SshKey,
};

pub(crate) fn signed(repo: &GitRepo, signer: &Signer) -> String {
    let base = repo.rev("main").unwrap();
    let remote = remote(repo.path().to_str().unwrap());
    let mirror = Mirror::open(repo.path(), &remote).unwrap();
    let meta = CommitMeta { signer: Some(signer), ..meta("Signed\n\nwith a body\n") };
    let prepared = mirror.commit(&base, &crate::support::edits(&[("README.md", "x")]), &meta).unwrap();
    assert_eq!(mirror.push(&remote, &prepared, &at(&base), &[]).unwrap(), Pushed::Done);
    repo.fsck().unwrap();
    prepared.commit()
}

#[test]
fn ssh_signatures_of_every_kind_are_good() {
    need!(Part::Git, Part::SshKeygen);
    let repo = GitRepo::bare().unwrap();
    fill(&repo);
    for (kind, password) in [
        ("-t ed25519", ""),
        ("-t ed25519 -a 1", "open sesame"),
        ("-t ecdsa -b 256", ""),
        ("-t ecdsa -b 384", ""),
        ("-t ecdsa -b 521", ""),
        ("-t rsa -b 2048", ""),
    ] {
        let key = SshKey::generate(kind, password).unwrap();
        let password = (!password.is_empty()).then(|| password.into());
        let signer = Signer::ssh(&key.private.clone().into(), password.as_ref()).unwrap();
        let commit = signed(&repo, &signer);
        let said = repo.verify_ssh(&commit, &format!("bot@example.com {}", key.public)).unwrap();
        assert!(said.contains("Good \"git\" signature"), "{kind}: {said}");
        let stranger = SshKey::generate("-t ed25519", "").unwrap();
        assert!(repo.verify_ssh(&commit, &format!("bot@example.com {}", stranger.public)).is_err());
    }
    let weak = SshKey::generate("-t rsa -b 1024", "").unwrap();
    assert_eq!(Signer::ssh(&weak.private.into(), None).unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(Signer::ssh(&"nonsense".to_owned().into(), None).unwrap_err().kind(), ErrorKind::Invalid);
}

/// The fingerprint of the only key in a home.
fn fingerprint(gpg: &Gpg) -> String {
    let keys = gpg.run("", &["--list-secret-keys", "--with-colons"]).unwrap();
    keys.lines().find_map(|line| line.strip_prefix("fpr:")).unwrap().trim_matches(':').to_owned()
}

fn export(gpg: &Gpg, passphrase: &str) -> secrecy::SecretString {
    gpg.export(passphrase).unwrap().into()
}

#[test]
fn gpg_signatures_are_good() {
    need!(Part::Git, Part::Gpg);
    let repo = GitRepo::bare().unwrap();
    fill(&repo);
    for (algorithm, usage, subkey, password) in [
        ("ed25519", "sign", None, ""),
        ("rsa2048", "sign", None, "open sesame"),
        ("nistp256", "sign", None, ""),
        ("ed25519", "cert", Some("ed25519"), ""),
        ("ed25519", "cert", Some("rsa2048"), "open sesame"),
    ] {
        let gpg = Gpg::new().unwrap();
        gpg.run(password, &["--quick-generate-key", "Tagalong <bot@example.com>", algorithm, usage, "never"])
            .unwrap();
        if let Some(subkey) = subkey {
            gpg.run(password, &["--quick-add-key", &fingerprint(&gpg), subkey, "sign", "never"]).unwrap();
        }
        let key = export(&gpg, password);
        let given = (!password.is_empty()).then(|| password.into());
        let signer = Signer::gpg(&key, given.as_ref()).unwrap();
        let commit = signed(&repo, &signer);
        let said = repo.verify_gpg(&commit, gpg.path()).unwrap();
        assert!(said.contains("Good signature"), "{algorithm}: {said}");
        if given.is_some() {
            for wrong in [None, Some("wrong".into())] {
                assert_eq!(Signer::gpg(&key, wrong.as_ref()).unwrap_err().kind(), ErrorKind::Invalid);
            }
        }
    }
}

#[test]
fn a_gpg_export_must_be_one_key_that_may_sign() {
    need!(Part::Gpg);
    let gpg = Gpg::new().unwrap();
    gpg.run("", &["--quick-generate-key", "cert <c@example.com>", "ed25519", "cert", "never"]).unwrap();
    let error = Signer::gpg(&export(&gpg, ""), None).unwrap_err();
    assert!(error.to_string().contains("may not sign"), "{error}");
    gpg.run("", &["--quick-generate-key", "two <t@example.com>", "ed25519", "sign", "never"]).unwrap();
    let error = Signer::gpg(&export(&gpg, ""), None).unwrap_err();
    assert!(error.to_string().contains("exactly one key"), "{error}");
    let public: secrecy::SecretString = gpg.run("", &["--armor", "--export"]).unwrap().into();
    assert_eq!(Signer::gpg(&public, None).unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(Signer::gpg(&"nonsense".to_owned().into(), None).unwrap_err().kind(), ErrorKind::Invalid);

    let old = Gpg::new().unwrap();
    old.run(
        "",
        &[
            "--faked-system-time",
            "20200101T000000",
            "--quick-generate-key",
            "old <o@example.com>",
            "ed25519",
            "sign",
            "1y",
        ],
    )
    .unwrap();
    let error = Signer::gpg(&export(&old, ""), None).unwrap_err();
    assert!(error.to_string().contains("expired"), "{error}");
}

#[test]
fn git_reads_the_trailers_that_we_write() {
    need!(Part::Git);
    let trailers = [
        ("Tagalong-Automation", "apps/fleet"),
        ("Tagalong-Update", "apps/web 1.0.0 -> 1.1.0"),
        ("Tagalong-Update", "apps/db a:b -> c"),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()));
    for message in [
        "Update",
        "Update images\n\nbody\n",
        "fix: images",
        "Update\n\nSigned-off-by: Ada <ada@example.com>\n",
        "Update\n\nbody: looks like one\nbut is prose, and long\nand longer\nand longer still\n",
        "Update\n\nReviewed-by: x\n continued\n",
        "Update\n\nbody\n\n\n\n",
    ] {
        let written = trailer::append(message, &trailers);
        let mut command = git_repo::git();
        let output =
            git_repo::run(command.args(["interpret-trailers", "--parse"]), written.as_bytes()).unwrap();
        let read = String::from_utf8(output.stdout).unwrap();
        let lines: Vec<String> =
            trailer::parse(&written).iter().map(|(key, value)| format!("{key}: {value}")).collect();
        assert_eq!(read.lines().collect::<Vec<_>>(), lines, "{written}");
        for (key, value) in &trailers {
            assert!(read.contains(&format!("{key}: {value}\n")), "{read}");
        }
    }
}

#[test]
fn ssh_keys_are_read_in_every_format_that_ssh_keygen_writes() {
    need!(Part::SshKeygen);
    for kind in ["-t ecdsa -b 256", "-t ecdsa -b 384", "-t rsa -b 2048"] {
        for format in ["RFC4716", "PEM", "PKCS8"] {
            for password in ["", "open sesame"] {
                let key = SshKey::generate(&format!("{kind} -m {format}"), password).unwrap();
                let given = (!password.is_empty()).then(|| password.into());
                let read = Signer::ssh(&key.private.replace('\n', "\r\n").into(), given.as_ref());
                if key.private.contains("EC PRIVATE KEY") && given.is_some() {
                    // The one that is not supported says what to do.
                    assert!(read.unwrap_err().to_string().contains("ssh-keygen -p"));
                } else {
                    assert!(read.is_ok(), "{kind} {format} {password:?}: {:?}", read.err());
                }
            }
        }
    }
}
