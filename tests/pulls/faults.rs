//! GitHub and GitLab, as far as a server of our own can be them: the same life, an App that pushes, and a bot that is
//! killed between the push and the opening.

use crate::running::Running;
use crate::support::{Ran, run, tagalong};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tagalong_testkit::fake_host::{BOT, FakeHost, Fault, INSTALLATION_TOKEN, Kind, TOKEN};
use tagalong_testkit::fake_registry::FakeRegistry;
use tagalong_testkit::git_http::{Access, GitHttp, Options};
use tagalong_testkit::git_repo::{Change, GitRepo};
use tagalong_testkit::need;
use tagalong_testkit::parts::Part;
use tagalong_testkit::sshd::SshKey;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);
pub(super) const ONCE: &[&str] = &["run", "objects", "--once"];
pub(super) const BRANCH: &str = "tagalong/default/fleet/web";

pub(super) struct Fleet {
    pub(super) registry: FakeRegistry,
    pub(super) repo: Arc<GitRepo>,
    pub(super) host: FakeHost,
    pub(super) folder: tempfile::TempDir,
    _git: GitHttp,
}

impl Fleet {
    /// An image at 1.0.0 with 1.1.0 to come; the Secret `git` holds these lines.
    fn new(kind: Kind, access: Access, provider: &str, secret: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let repo = Arc::new(GitRepo::bare_at(&folder.path().join("git/acme/fleet.git")).unwrap());
        let git =
            GitHttp::start(&folder.path().join("git"), Options { access, ..Options::default() }).unwrap();
        let host = FakeHost::over(kind, Arc::clone(&repo)).unwrap();
        let registry = FakeRegistry::start().unwrap();
        registry.push_tags("acme/web", ["1.0.0", "1.1.0"]);
        let image = registry.image("acme/web");
        let word = if kind == Kind::GitHub { "github" } else { "gitlab" };
        let (url, host_url) = (git.url("acme/fleet.git"), host.url());
        let secret = secret.replace("HOST", &host_url);
        std::fs::create_dir(folder.path().join("objects")).unwrap();
        let yaml = format!(
            "apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImageRepository\nmetadata: {{name: web}}\n\
             spec: {{image: \"{image}\", interval: 1s, timeout: 5s}}\n---\n\
             apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImagePolicy\nmetadata: {{name: web}}\n\
             spec: {{imageRepositoryRef: {{name: web}}, policy: {{semver: {{range: 1.x}}}}}}\n---\n\
             apiVersion: v1\nkind: Secret\nmetadata: {{name: git}}\nstringData:\n{secret}\n---\n\
             apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {{name: fleet}}\n\
             spec: {{url: \"{url}\", interval: 5m, ref: {{branch: main}}, secretRef: {{name: git}}{provider}}}\n---\n\
             apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImageUpdateAutomation\nmetadata: {{name: fleet}}\nspec:\n  \
             interval: 5m\n  sourceRef: {{kind: GitRepository, name: fleet}}\n  git:\n    \
             commit: {{author: {{name: bot, email: bot@example.com}}}}\n    \
             pullRequest: {{provider: {word}, url: \"{host_url}\", secretRef: {{name: git}}}}\n"
        );
        std::fs::write(folder.path().join("objects/all.yaml"), yaml).unwrap();
        let fleet = Self { registry, repo, host, folder, _git: git };
        fleet.write("web", "1.0.0");
        fleet
    }

    /// With a token that is Git's and the host's, which is at another port.
    pub(super) fn with_token(kind: Kind) -> Self {
        let secret = format!("  username: bot\n  password: {TOKEN}\n  token: {TOKEN}");
        Self::new(kind, Access::Basic("bot".into(), TOKEN.into()), "", &secret)
    }

    /// With this in `git.pullRequest` as well.
    pub(super) fn pull_request(&self, more: &str) {
        let url = format!("url: \"{}\"", self.host.url());
        self.replace(&url, &format!("{url}{more}"));
    }

    /// With other words in its objects.
    pub(super) fn replace(&self, from: &str, to: &str) {
        let path = self.folder.path().join("objects/all.yaml");
        let yaml = std::fs::read_to_string(&path).unwrap();
        std::fs::write(path, yaml.replace(from, to)).unwrap();
    }

    /// Lets the automation push to this branch.
    pub(super) fn push_branch(&self, branch: &str) {
        self.replace("    pullRequest:", &format!("    push: {{branch: {branch}}}\n    pullRequest:"));
    }

    /// A person closes it.
    pub(super) fn close(&self, number: u64) {
        let pulls = self.host.pulls();
        let branch = &pulls.iter().find(|pull| pull.number == number).unwrap().branch;
        let head = self.repo.rev(branch).unwrap();
        self.host.change(number, |pull| {
            pull.closed = true;
            pull.closed_by = Some(("ada".to_owned(), false));
            pull.head = head;
        });
    }

    /// Another image at 1.0.0 with 1.1.0 to come.
    pub(super) fn image(&self, name: &str) {
        self.registry.push_tags(&format!("acme/{name}"), ["1.0.0", "1.1.0"]);
        let image = self.registry.image(&format!("acme/{name}"));
        let path = self.folder.path().join("objects/all.yaml");
        let mut yaml = std::fs::read_to_string(&path).unwrap();
        yaml.push_str(&format!(
            "---\napiVersion: image.toolkit.fluxcd.io/v1\nkind: ImageRepository\nmetadata: {{name: {name}}}\n\
             spec: {{image: \"{image}\", interval: 1s, timeout: 5s}}\n---\n\
             apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImagePolicy\nmetadata: {{name: {name}}}\n\
             spec: {{imageRepositoryRef: {{name: {name}}}, policy: {{semver: {{range: 1.x}}}}}}\n"
        ));
        std::fs::write(path, yaml).unwrap();
        self.write(name, "1.0.0");
    }

    /// A person writes an image's file on main.
    pub(super) fn write(&self, name: &str, tag: &str) {
        let image = self.registry.image(&format!("acme/{name}"));
        let text = format!("image: {image}:{tag} # {{\"$imagepolicy\": \"default:{name}\"}}\n");
        let file = format!("apps/{name}.yaml");
        self.repo.commit("main", "A person's commit", &[Change::File(&file, text.as_bytes())]).unwrap();
    }

    #[track_caller]
    pub(super) fn once(&self) -> Ran {
        run(self.folder.path(), ONCE).expect(0)
    }

    fn running(&self) -> Running {
        Running::start(tagalong(self.folder.path(), ONCE))
    }

    /// Waits until the host was asked to open one.
    fn until_asked_to_open(&self) {
        let deadline = Instant::now() + PATIENCE;
        let opens = |asked: &String| {
            asked.starts_with("POST") && (asked.ends_with("/pulls") || asked.ends_with("/merge_requests"))
        };
        while !self.host.asked().iter().any(opens) {
            assert!(Instant::now() < deadline, "{:?}", self.host.asked());
            std::thread::yield_now();
        }
    }
}

#[test]
fn killed_between_push_and_opening_it_is_opened_once() {
    for kind in [Kind::GitHub, Kind::GitLab] {
        // The host has not heard of it yet, or has opened it and not said so.
        for fault in [Fault::hang().on("POST"), Fault::hang().on("POST").after()] {
            let fleet = Fleet::with_token(kind);
            fleet.host.fault(fault);
            let running = fleet.running();
            fleet.until_asked_to_open();
            let pushed = fleet.repo.rev(BRANCH).unwrap();
            drop(running);

            fleet.once();
            assert_eq!((fleet.host.pulls().len(), fleet.host.open().len()), (1, 1), "{kind:?}");
            assert_eq!(fleet.repo.rev(BRANCH).unwrap(), pushed, "it is not pushed again");
            fleet.once();
            assert_eq!(fleet.host.pulls().len(), 1, "{kind:?}");
        }
    }
}

#[test]
fn it_lives_on_github_and_gitlab_as_well() {
    for kind in [Kind::GitHub, Kind::GitLab] {
        let fleet = Fleet::with_token(kind);
        fleet.once();
        let [first] = fleet.host.open().try_into().unwrap();
        assert_eq!((first.title.as_str(), first.branch.as_str()), ("Update web to 1.1.0", BRANCH));

        fleet.registry.push_tags("acme/web", ["1.2.0"]);
        fleet.once();
        let [second] = fleet.host.open().try_into().unwrap();
        assert_eq!((second.number, second.title.as_str()), (first.number, "Update web to 1.2.0"));

        // A person closes it; a bot that does so refuses nothing.
        let tip = fleet.repo.rev(BRANCH).unwrap();
        let close = |by: &str, bot: bool| {
            fleet.host.change(second.number, |pull| {
                pull.closed = true;
                pull.closed_by = Some((by.to_owned(), bot));
                pull.head.clone_from(&tip);
            });
        };
        close("ada", false);
        let ran = fleet.once();
        assert!(ran.stderr.contains("ClosedUnmerged") && ran.stderr.contains("by ada"), "{}", ran.stderr);
        assert_eq!(fleet.host.open().len(), 0);

        // Reopened, it is wanted again; closed by a bot, it comes anew.
        fleet.host.change(second.number, |pull| {
            pull.closed = false;
            pull.head.clear();
        });
        fleet.once();
        assert_eq!(fleet.host.open().len(), 1);
        let bot = if kind == Kind::GitHub { "stale" } else { "project_7_bot" };
        close(bot, true);
        fleet.once();
        assert_eq!((fleet.host.open().len(), fleet.host.pulls().len()), (1, 2), "{kind:?}");

        // The base comes to hold it: it is closed with a word, and that refuses nothing.
        fleet.write("web", "1.2.0");
        fleet.once();
        let last = fleet.host.pulls().pop().unwrap();
        assert_eq!((last.closed, last.closed_by), (true, Some((BOT.to_owned(), false))));
        assert!(last.comments[0].contains("nothing is left"), "{:?}", last.comments);
    }
}

#[test]
fn a_host_that_asks_for_patience_is_said_and_left_alone() {
    for kind in [Kind::GitHub, Kind::GitLab] {
        let fleet = Fleet::with_token(kind);
        fleet.host.fault(Fault::status(429).header("Retry-After", "600"));
        let ran = run(fleet.folder.path(), ONCE).expect(1);
        assert!(ran.stderr.contains("asks for patience"), "{}", ran.stderr);
        assert!(!ran.stderr.contains(TOKEN), "{}", ran.stderr);
        assert_eq!(fleet.host.asked().len(), 1, "tried again, it is not asked again");
        assert_eq!(fleet.repo.rev(BRANCH), None, "what was refused is not known, so nothing is pushed");
    }
}

#[test]
fn a_github_app_pushes_and_opens() {
    need!(Part::SshKeygen);
    let key = SshKey::generate("-t rsa -b 2048 -m PEM", "").unwrap().private.replace('\n', "\n    ");
    let secret = format!(
        "  githubAppID: \"4711\"\n  githubAppInstallationID: \"42\"\n  githubAppBaseURL: HOST/api/v3\n  \
         githubAppPrivateKey: |\n    {}",
        key.trim_end()
    );
    let access = Access::Basic("x-access-token".into(), INSTALLATION_TOKEN.into());
    let fleet = Fleet::new(Kind::GitHub, access, ", provider: github", &secret);
    fleet.once();
    assert_eq!(fleet.host.open().len(), 1);
    let exchanges = fleet.host.asked().iter().filter(|asked| asked.ends_with("/access_tokens")).count();
    assert_eq!(exchanges, 1);
}
