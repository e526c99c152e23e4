//! An estate for a test: a registry, a Git server, a folder of objects, and the binary to run on them. Everything
//! is on loopback and in a temporary folder; the environment of the binary is empty but for what a test gives it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use tagalong_testkit::fake_registry::FakeRegistry;
use tagalong_testkit::git_http::{GitHttp, Options};
use tagalong_testkit::git_repo::{Change, GitRepo};

/// What a run of the binary left behind.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// The output, checked to end with `code`.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

/// The binary with an empty environment, in `folder`.
pub(crate) fn tagalong(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tagalong"));
    command.args(args).current_dir(folder).env_clear().env("HOME", folder).stdin(Stdio::null());
    command
}

/// Runs the binary with these arguments.
pub(crate) fn run(folder: &Path, args: &[&str]) -> Ran {
    tagalong(folder, args).output().expect("the binary starts").into()
}

/// A registry, a repository behind a Git server, and a folder of objects.
pub(crate) struct Estate {
    pub(crate) registry: FakeRegistry,
    pub(crate) repo: Arc<GitRepo>,
    pub(crate) git: GitHttp,
    folder: tempfile::TempDir,
}

impl Estate {
    /// An estate whose objects are written by the test.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let repositories = folder.path().join("git");
        std::fs::create_dir(&repositories).unwrap();
        let repo = Arc::new(GitRepo::bare_at(&repositories.join("fleet.git")).unwrap());
        let git = GitHttp::start(&repositories, Options::default()).unwrap();
        std::fs::create_dir(folder.path().join("objects")).unwrap();
        Self { registry: FakeRegistry::start().unwrap(), repo, git, folder }
    }

    /// An estate with one image `acme/web`, one semver policy `default/web`, one automation `default/fleet`, and
    /// `files` committed on main; `IMAGE` in them becomes the image's name.
    pub(crate) fn with_web(range: &str, tags: &[&str], files: &[(&str, &str)]) -> Self {
        let estate = Self::new();
        estate.registry.push_tags("acme/web", tags);
        estate.commit(files);
        estate.object("web.yaml", &estate.image_and_policy("web", range));
        estate.object("fleet.yaml", &estate.automation(""));
        estate
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The folder of objects.
    pub(crate) fn objects(&self) -> PathBuf {
        self.folder().join("objects")
    }

    /// Writes one file of objects.
    pub(crate) fn object(&self, name: &str, yaml: &str) {
        std::fs::write(self.objects().join(name), yaml).unwrap();
    }

    /// Commits files on main.
    pub(crate) fn commit(&self, files: &[(&str, &str)]) -> String {
        let image = self.registry.image("acme/web");
        let files: Vec<(String, Vec<u8>)> = files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), text.replace("IMAGE", &image).into_bytes()))
            .collect();
        let changes: Vec<Change<'_>> = files.iter().map(|(path, bytes)| Change::File(path, bytes)).collect();
        self.repo.commit("main", "A person's commit", &changes).unwrap()
    }

    /// ImageRepository and ImagePolicy `default/NAME` for `acme/NAME`.
    pub(crate) fn image_and_policy(&self, name: &str, range: &str) -> String {
        let image = self.registry.image(&format!("acme/{name}"));
        format!(
            "apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImageRepository\nmetadata: {{name: {name}}}\n\
             spec: {{image: \"{image}\", interval: 5m, timeout: 5s}}\n---\n\
             apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImagePolicy\nmetadata: {{name: {name}}}\nspec:\n  \
             imageRepositoryRef: {{name: {name}}}\n  policy: {{semver: {{range: \"{range}\"}}}}\n"
        )
    }

    /// GitRepository and ImageUpdateAutomation `default/fleet`; `extra` goes below the automation's `spec`.
    pub(crate) fn automation(&self, extra: &str) -> String {
        let url = self.git.url("fleet.git");
        format!(
            "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {{name: fleet}}\n\
             spec: {{url: \"{url}\", interval: 5m, ref: {{branch: main}}}}\n---\n\
             apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImageUpdateAutomation\nmetadata: {{name: fleet}}\nspec:\n  \
             interval: 5m\n  sourceRef: {{kind: GitRepository, name: fleet}}\n  \
             git:\n    commit: {{author: {{name: bot, email: bot@example.com}}}}\n{extra}"
        )
    }

    /// Runs `tagalong COMMAND objects … --state state`.
    pub(crate) fn run(&self, command: &str, args: &[&str]) -> Ran {
        let mut all = vec![command, "objects"];
        all.extend(args);
        all.extend(["--state", "state"]);
        run(self.folder(), &all)
    }

    /// Runs `tagalong run objects --once`.
    pub(crate) fn once(&self) -> Ran {
        self.run("run", &["--once"])
    }
}
