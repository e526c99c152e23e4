//! A registry, a repository behind a Git server, objects, and the binary to run on them.

use anyhow::{Context as _, Result, ensure};
use fastrand::Rng;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use tagalong_testkit::fake_host::{FakeHost, Kind, TOKEN};
use tagalong_testkit::fake_registry::FakeRegistry;
use tagalong_testkit::git_http::{GitHttp, Options};
use tagalong_testkit::git_repo::{Change, GitRepo};

/// The policies, each with an image of its name.
const POLICIES: [&str; 2] = ["web", "api"];
/// How many files there are, and how many fields in each.
const FILES: usize = 3;
const FIELDS: usize = 3;

/// How the automation writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Pushes,
    PullRequests,
}

pub(crate) struct Estate {
    pub(crate) repo: Arc<GitRepo>,
    /// Where pull requests are, in that way.
    pub(crate) host: Option<FakeHost>,
    registry: FakeRegistry,
    /// What the registry has: versions by policy.
    released: RefCell<BTreeMap<&'static str, BTreeSet<u32>>>,
    /// Whether that is news to the automation's kept listings.
    news: Cell<bool>,
    binary: PathBuf,
    folder: tempfile::TempDir,
    _git: GitHttp,
}

/// `1.MINOR.PATCH` as a number.
pub(crate) fn version(tag: &str) -> Option<u32> {
    let (minor, patch) = tag.strip_prefix("1.")?.split_once('.')?;
    Some(minor.parse::<u32>().ok()? * 100 + patch.parse::<u32>().ok()?)
}

/// The tag of a version.
pub(crate) fn tag(version: u32) -> String {
    format!("1.{}.{}", version / 100, version % 100)
}

impl Estate {
    pub(crate) fn new(way: Way) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let root = folder.path().join("git");
        std::fs::create_dir(&root)?;
        std::fs::create_dir(folder.path().join("objects"))?;
        let repo = Arc::new(GitRepo::bare_at(&root.join("acme/fleet.git"))?);
        let host = (way == Way::PullRequests).then(|| FakeHost::over(Kind::GitHub, Arc::clone(&repo)));
        let git = GitHttp::start(&root, Options::default())?;
        let registry = FakeRegistry::start()?;
        let here = std::env::current_exe()?;
        let binary = here.parent().and_then(Path::parent).context("no folder above")?.join("tagalong");
        ensure!(binary.exists(), "{} is not there; build the package first", binary.display());
        let released = POLICIES.map(|policy| (policy, BTreeSet::from([0, 100, 200])));
        let estate = Self {
            repo,
            host: host.transpose()?,
            registry,
            released: RefCell::new(BTreeMap::from(released)),
            news: Cell::new(true),
            binary,
            folder,
            _git: git,
        };
        estate.objects(&estate._git.url("acme/fleet.git"))?;
        estate.files()?;
        for policy in POLICIES {
            estate.registry.push_tags(&format!("acme/{policy}"), [0, 100, 200].map(tag));
        }
        Ok(estate)
    }

    fn objects(&self, url: &str) -> Result<()> {
        let mut yaml = String::new();
        for name in POLICIES {
            let image = self.registry.image(&format!("acme/{name}"));
            write!(
                yaml,
                "apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImageRepository\nmetadata: {{name: {name}}}\n\
                 spec: {{image: \"{image}\", interval: 5m}}\n---\n\
                 apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImagePolicy\nmetadata: {{name: {name}}}\nspec:\n  \
                 imageRepositoryRef: {{name: {name}}}\n  policy: {{semver: {{range: \"1.x\"}}}}\n---\n"
            )?;
        }
        write!(
            yaml,
            "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {{name: fleet}}\n\
             spec: {{url: \"{url}\", interval: 5m, ref: {{branch: main}}}}\n---\n\
             apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImageUpdateAutomation\nmetadata: {{name: fleet}}\nspec:\n  \
             interval: 5m\n  sourceRef: {{kind: GitRepository, name: fleet}}\n  \
             git:\n    commit: {{author: {{name: bot, email: bot@example.com}}}}\n"
        )?;
        if let Some(host) = &self.host {
            write!(
                yaml,
                "    pullRequest: {{provider: github, url: \"{}\", secretRef: {{name: host}}}}\n---\n\
                 apiVersion: v1\nkind: Secret\nmetadata: {{name: host}}\nstringData: {{token: {TOKEN}}}\n",
                host.url()
            )?;
        }
        Ok(std::fs::write(self.folder.path().join("objects/all.yaml"), yaml)?)
    }

    /// Whole images and tags alone, in two policies.
    fn files(&self) -> Result<()> {
        let mut texts = Vec::new();
        for file in 0..FILES {
            let mut text = format!("# What team {file} runs.\n");
            for field in 0..FIELDS {
                let name = format!("f{file}{field}");
                let policy = if field == 1 { "api" } else { "web" };
                let image = self.registry.image(&format!("acme/{policy}"));
                let line = if field == 2 {
                    format!("tag-{name}: \"1.0.0\" # {{\"$imagepolicy\": \"default:{policy}:tag\"}}")
                } else {
                    format!("image-{name}: {image}:1.0.0 # {{\"$imagepolicy\": \"default:{policy}\"}}")
                };
                write!(text, "{name}:\n  replicas: 1\n  size: small\n  {line}\n  zone: a\n\n")?;
            }
            texts.push((format!("apps/team-{file}.yaml"), text));
        }
        let changes: Vec<Change<'_>> =
            texts.iter().map(|(path, text)| Change::File(path, text.as_bytes())).collect();
        self.repo.commit("main", "The estate", &changes)?;
        Ok(())
    }

    /// The names of the policies.
    pub(crate) const fn policies() -> [&'static str; 2] {
        POLICIES
    }

    /// How many fields there are in all.
    pub(crate) const fn fields() -> usize {
        FILES * FIELDS
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The best version that the registry has.
    pub(crate) fn best(&self, policy: &str) -> u32 {
        let released = self.released.borrow();
        released.get(policy).and_then(|versions| versions.last().copied()).unwrap_or_default()
    }

    /// What is released, for people.
    pub(crate) fn shown(&self) -> String {
        format!("{:?}", self.released.borrow())
    }

    /// A release comes, goes, or comes again.
    pub(crate) fn release(&self, chance: &mut Rng) -> &'static str {
        let policy = if chance.bool() { "web" } else { "api" };
        let image = format!("acme/{policy}");
        let mut released = self.released.borrow_mut();
        let versions = released.entry(policy).or_default();
        let best = versions.last().copied().unwrap_or_default();
        self.news.set(true);
        match chance.u32(0..10) {
            0 if versions.len() > 3 => {
                versions.remove(&best);
                self.registry.delete_tag(&image, &tag(best));
                "releases withdrawn"
            }
            1 | 2 => {
                let old = chance.u32(0..=best);
                versions.insert(old);
                self.registry.push_tag(&image, &tag(old));
                "backports"
            }
            _ => {
                let next = if chance.bool() { best + 1 } else { (best / 100 + 1) * 100 };
                versions.insert(next);
                self.registry.push_tag(&image, &tag(next));
                "releases"
            }
        }
    }

    /// Forgets what would keep a release from being seen, and now and then everything.
    fn forget(&self, chance: &mut Rng) {
        let state = self.folder.path().join("state");
        let what = if chance.u32(0..4) == 0 { state } else { state.join("lists") };
        if self.news.replace(false) || what.ends_with("state") {
            drop(std::fs::remove_dir_all(what));
        }
    }

    /// Starts `tagalong COMMAND objects …`.
    pub(crate) fn start(&self, chance: &mut Rng, command: &str, args: &[&str]) -> Result<Child> {
        self.forget(chance);
        let mut child = Command::new(&self.binary);
        child.arg(command).arg("objects").args(args).args(["--state", "state"]);
        child.current_dir(self.folder.path()).env_clear().env("HOME", self.folder.path());
        child.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        child.spawn().context("the binary does not start")
    }

    /// Runs the automation to its end; what it said.
    pub(crate) fn once(&self, chance: &mut Rng) -> Result<String> {
        Self::ended(self.start(chance, "run", &["--once"])?)
    }

    /// The end of a process that must go well; what it said.
    pub(crate) fn ended(child: Child) -> Result<String> {
        let output = child.wait_with_output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        ensure!(output.status.success(), "the binary failed: {said}");
        Ok(said)
    }
}
