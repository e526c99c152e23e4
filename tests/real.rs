//! Real servers: both registries of the distribution family, Git over http and over ssh, both kinds of signature. The
//! first run makes exactly the expected commit, the second none.

mod counts;
mod ways;

use crate::rows::side_by_side;
use crate::support::{Ran, tagalong};
use std::path::{Path, PathBuf};
use tagalong_testkit::git_http::{GitHttp, Options as GitOptions};
use tagalong_testkit::git_repo::{Change, GitRepo};
use tagalong_testkit::gpg::Gpg;
use tagalong_testkit::need;
use tagalong_testkit::parts::Part;
use tagalong_testkit::registry_process::{Access, Image, Options, PASSWORD, Registry, USER};
use tagalong_testkit::sshd::{SshKey, Sshd, SshdOptions};

/// How Git is reached.
#[derive(Clone, Copy, Debug)]
enum Over {
    Http,
    Ssh,
}

/// With what commits are signed.
#[derive(Clone, Copy, Debug)]
enum Signing {
    Nothing,
    Ssh,
    Gpg,
}

/// One estate of real servers.
#[derive(Debug)]
struct Row {
    registry: Part,
    access: Access,
    over: Over,
    signing: Signing,
}

const ROWS: &[Row] = &[
    Row { registry: Part::Distribution, access: Access::Open, over: Over::Http, signing: Signing::Nothing },
    Row { registry: Part::Distribution, access: Access::Token, over: Over::Http, signing: Signing::Gpg },
    Row { registry: Part::Distribution, access: Access::Basic, over: Over::Ssh, signing: Signing::Ssh },
    Row { registry: Part::DockerRegistry, access: Access::Open, over: Over::Ssh, signing: Signing::Gpg },
    Row { registry: Part::DockerRegistry, access: Access::Basic, over: Over::Http, signing: Signing::Ssh },
];

fn example(part: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/quickstart").join(part)
}

/// `examples/quickstart` with the hosts of these servers, and with what a row needs beside.
struct Quickstart<'a> {
    folder: &'a Path,
    registry: &'a Registry,
    repo: &'a GitRepo,
}

impl Quickstart<'_> {
    /// Its objects; each of `changes` is text and what stands instead of it.
    fn objects(&self, changes: &[(&str, String)]) {
        std::fs::create_dir(self.folder.join("objects")).unwrap();
        for name in ["fleet.yaml", "web.yaml"] {
            let mut text = std::fs::read_to_string(example("objects").join(name)).unwrap();
            text = text.replace("registry.example.com", self.registry.address());
            for (from, to) in changes {
                text = text.replace(from, to);
            }
            std::fs::write(self.folder.join("objects").join(name), text).unwrap();
        }
    }

    fn secret(&self, name: &str, values: &[(&str, &str)]) {
        let values: String = values.iter().map(|(key, value)| format!("  {key}: {value:?}\n")).collect();
        let yaml = format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}}}\nstringData:\n{values}");
        std::fs::write(self.folder.join(format!("objects/secret-{name}.yaml")), yaml).unwrap();
    }

    /// Its repository and its tags.
    fn fill(&self) {
        const FILE: &str = "apps/web/deployment.yaml";
        let text = std::fs::read_to_string(example("repository").join(FILE)).unwrap();
        let text = text.replace("registry.example.com", self.registry.address());
        self.repo
            .commit("main", "The repository as it stands", &[Change::File(FILE, text.as_bytes())])
            .unwrap();
        let tags = std::fs::read_to_string(example("tags")).unwrap();
        let (image, tags) = tags.trim().split_once(": ").unwrap();
        self.registry.push_all(image, tags.split_whitespace(), &Image::single("web")).unwrap();
    }

    fn once(&self) -> Ran {
        let args = ["run", "objects", "--once", "--state", "state"];
        Ran::from(tagalong(self.folder, &args).output().unwrap())
    }

    /// What the one commit must be, as `git show` prints it.
    fn expected(&self) -> String {
        let diff = std::fs::read_to_string(example("expect.diff")).unwrap();
        let image = self.registry.image("acme/web");
        format!(
            "Tagalong <tagalong@example.com> Tagalong <tagalong@example.com>\n\
             Update from image update automation\n\nTagalong-Automation: default/fleet\n\
             Tagalong-Update: default:web {image}:1.3.2 -> {image}:1.4.0\n\n\n{}",
            diff.replace("registry.example.com", self.registry.address())
        )
    }

    fn shown(&self) -> String {
        let shown = self.repo.git(&["show", "--format=%an <%ae> %cn <%ce>%n%B", "main"]).unwrap() + "\n";
        let line = |line: &str| match line.rsplit_once("@@ ") {
            // What Git adds for people.
            Some((range, _)) if line.starts_with("@@ ") => format!("{range}@@\n"),
            _ => format!("{line}\n"),
        };
        shown.lines().filter(|line| !line.starts_with("index ")).map(line).collect()
    }
}

fn check(row: &Row) {
    let folder = tempfile::tempdir().unwrap();
    let registry =
        Registry::start(&Options { part: row.registry, access: row.access, ..Options::default() }).unwrap();
    let repo = GitRepo::bare_at(&folder.path().join("git/acme/fleet.git")).unwrap();
    let quickstart = Quickstart { folder: folder.path(), registry: &registry, repo: &repo };
    quickstart.fill();

    let key = SshKey::generate("-t ed25519", "").unwrap();
    let git = GitHttp::start(&folder.path().join("git"), GitOptions::default()).unwrap();
    let authorized = vec![key.public.clone()];
    let sshd = Sshd::start(&SshdOptions { authorized, ..SshdOptions::default() }).unwrap();
    let gpg = Gpg::new().unwrap();
    let with_secret = |field: &str, name: &str| format!("{field}  secretRef:\n    name: {name}\n");
    let url = match row.over {
        Over::Http => git.url("acme/fleet.git"),
        Over::Ssh => sshd.url(repo.path()),
    };
    let mut changes = vec![("https://git.example.com/acme/fleet.git", url)];
    if let Over::Ssh = row.over {
        changes.push(("  interval: 5m\n  ref:", with_secret("  interval: 5m\n", "git") + "  ref:"));
    }
    if row.access != Access::Open {
        changes.push(("/acme/web\n  interval: 5m\n", with_secret("/acme/web\n  interval: 5m\n", "registry")));
    }
    let email = "        email: tagalong@example.com\n";
    let signing = |kind| format!("{email}      signingKey: {{type: {kind}, secretRef: {{name: signing}}}}\n");
    match row.signing {
        Signing::Nothing => {}
        Signing::Ssh => changes.push((email, signing("ssh"))),
        Signing::Gpg => changes.push((email, signing("gpg"))),
    }
    quickstart.objects(&changes);
    quickstart.secret("git", &[("identity", &key.private), ("known_hosts", &sshd.known_hosts())]);
    let config = serde_json::json!({"auths": {registry.address(): {"username": USER, "password": PASSWORD}}});
    quickstart.secret("registry", &[(".dockerconfigjson", &config.to_string())]);
    match row.signing {
        Signing::Nothing => {}
        Signing::Ssh => quickstart.secret("signing", &[("identity", &key.private)]),
        Signing::Gpg => {
            gpg.generate("Tagalong <tagalong@example.com>", "open sesame").unwrap();
            let key = gpg.export("open sesame").unwrap();
            quickstart.secret("signing", &[("git.asc", &key), ("passphrase", "open sesame")]);
        }
    }

    let first = quickstart.once();
    assert_eq!(first.code, 0, "{row:?}: {}{}", first.stdout, first.stderr);
    assert_eq!(quickstart.shown(), quickstart.expected(), "{row:?}");
    assert_eq!(repo.log("main").unwrap().len(), 2, "{row:?}");
    match row.signing {
        Signing::Nothing => drop(repo.git(&["verify-commit", "main"]).unwrap_err()),
        Signing::Ssh => {
            drop(repo.verify_ssh("main", &format!("tagalong@example.com {}\n", key.public)).unwrap())
        }
        Signing::Gpg => {
            assert!(repo.verify_gpg("main", gpg.path()).unwrap().contains("Good signature"), "{row:?}")
        }
    }
    let tip = repo.rev("main");
    let second = quickstart.once();
    assert_eq!(second.code, 0, "{row:?}: {}{}", second.stdout, second.stderr);
    assert!(second.stderr.contains("up to date, 1 marked site looked at"), "{row:?}: {}", second.stderr);
    std::fs::remove_dir_all(folder.path().join("state")).unwrap();
    assert_eq!(quickstart.once().code, 0, "{row:?}");
    assert_eq!(repo.rev("main"), tip, "{row:?}");
    repo.fsck().unwrap();
}

#[test]
fn the_first_run_makes_exactly_the_expected_commit_and_the_second_none() {
    need!(Part::Git, Part::GitHttpBackend, Part::Sshd, Part::SshKeygen, Part::Gpg);
    need!(Part::Distribution, Part::DockerRegistry);
    side_by_side(ROWS, check);
}

#[test]
fn digests_are_those_of_the_registry() {
    need!(Part::Git, Part::GitHttpBackend, Part::Distribution, Part::DockerRegistry);
    side_by_side(&[Part::Distribution, Part::DockerRegistry], |part| {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::start(&Options { part: *part, ..Options::default() }).unwrap();
        let repo = GitRepo::bare_at(&folder.path().join("git/acme/fleet.git")).unwrap();
        let git = GitHttp::start(&folder.path().join("git"), GitOptions::default()).unwrap();
        let quickstart = Quickstart { folder: folder.path(), registry: &registry, repo: &repo };
        quickstart.fill();
        let index = Image::index("web", &["linux/amd64", "linux/arm64/v8"]);
        let digest = registry.push("acme/web", "1.5.0", &index).unwrap();
        let policy = "kind: ImagePolicy\nmetadata:\n  name: web\nspec:\n";
        quickstart.objects(&[
            ("https://git.example.com/acme/fleet.git", git.url("acme/fleet.git")),
            (policy, format!("{policy}  digestReflectionPolicy: Always\n  interval: 1m\n")),
        ]);
        let written = |digest: &str| {
            quickstart.once().expect(0);
            let text = repo.read("main", "apps/web/deployment.yaml").unwrap();
            assert!(text.contains(&format!("acme/web:1.5.0@{digest}'   # ")), "{part:?}: {digest}: {text}");
        };
        written(&digest);
        // The tag moves to another image, and so does the field.
        let moved = registry.push("acme/web", "1.5.0", &Image::single("rebuilt")).unwrap();
        assert_ne!(moved, digest);
        written(&moved);
        assert_eq!(repo.log("main").unwrap().len(), 3);
    });
}
