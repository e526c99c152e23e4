//! A registry, a Git server and folders, all on loopback and gone with the process.

use crate::folder;
use anyhow::Result;
use std::path::PathBuf;
use std::sync::Arc;
use tagalong_testkit::fake_registry::FakeRegistry;
use tagalong_testkit::git_http::{GitHttp, Options};
use tagalong_testkit::git_repo::{Change, GitRepo};

pub(crate) struct Estate {
    pub(crate) registry: FakeRegistry,
    pub(crate) git: GitHttp,
    folder: tempfile::TempDir,
}

impl Estate {
    pub(crate) fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        for name in ["git", "objects"] {
            std::fs::create_dir(folder.path().join(name))?;
        }
        let git = GitHttp::start(&folder.path().join("git"), Options::default())?;
        Ok(Self { registry: FakeRegistry::start()?, git, folder })
    }

    /// A bare repository with `files` marked manifests at 1.0.0 on `main`, and a README. `owner` tells the policy, and
    /// image, of each number.
    pub(crate) fn repository(
        &self,
        name: &str,
        files: usize,
        owner: impl Fn(usize) -> String,
    ) -> Result<Arc<GitRepo>> {
        let repo = GitRepo::bare_at(&self.folder.path().join("git").join(name))?;
        let texts: Vec<(String, String)> = (0..files)
            .map(|number| {
                let policy = owner(number);
                let image = self.registry.image(&format!("acme/{policy}"));
                (folder::path(number), folder::manifest(number, &image, "1.0.0", &policy))
            })
            .collect();
        let mut changes: Vec<Change<'_>> =
            texts.iter().map(|(path, text)| Change::File(path, text.as_bytes())).collect();
        changes.push(Change::File("README.md", b"The estate.\n"));
        repo.commit("main", "The estate", &changes)?;
        Ok(Arc::new(repo))
    }

    /// The folder of objects.
    pub(crate) fn objects(&self) -> PathBuf {
        self.folder.path().join("objects")
    }

    /// A new folder of state.
    pub(crate) fn state(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("state-{name}"))
    }

    /// Writes one file of objects.
    pub(crate) fn object(&self, name: &str, yaml: &str) -> Result<()> {
        Ok(std::fs::write(self.objects().join(name), yaml)?)
    }
}
