//! Planning a tree of 5,000 marked manifests, timed from the moment the branch was fetched.

use crate::estate::Estate;
use crate::product::Product;
use crate::step::{Job, Step};
use crate::{fetched, folder};
use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;
use tagalong_testkit::git_repo::{Change, GitRepo};

const FILES: usize = 5000;

pub(crate) struct Plan {
    product: Product,
    repo: Arc<GitRepo>,
    estate: Estate,
    commits: usize,
}

impl Plan {
    pub(crate) fn open() -> Result<Self> {
        fetched::listen();
        let estate = Estate::new()?;
        let repo = estate.repository("fleet.git", FILES, |_| "app".to_owned())?;
        estate.registry.push_tags("acme/app", ["1.0.0"]);
        estate.object("app.yaml", &folder::image(&estate.registry.image("acme/app"), "app", "1s"))?;
        estate.object("fleet.yaml", &folder::automation(&estate.git.url("fleet.git")))?;
        let product = open(&estate)?;
        product.automate()?;
        Ok(Self { product, repo, estate, commits: 0 })
    }

    /// The mirrors' site indexes.
    fn indexes(&self) -> Result<Vec<PathBuf>> {
        let mirrors = std::fs::read_dir(self.estate.state("plan").join("mirrors"))?;
        Ok(mirrors.flatten().map(|entry| entry.path().join("sites")).filter(|path| path.exists()).collect())
    }

    fn turn(&self, edits: usize) -> Result<Step> {
        let before = self.product.stats();
        let turn = self.product.automate()?;
        let end = Instant::now();
        let time = end.duration_since(fetched::take().context("nothing was fetched")?);
        ensure!((turn.plan.sites, turn.plan.edits.len()) == (FILES, edits), "the plan is another");
        let blobs = self.product.stats().blobs_read - before.blobs_read;
        Ok(Step { time, work: vec![("blobs read", blobs)] })
    }
}

fn open(estate: &Estate) -> Result<Product> {
    let product = Product::open(estate, &estate.state("plan"), true)?;
    product.select("app")?;
    Ok(product)
}

impl Job for Plan {
    fn facts(&self) -> Value {
        json!({"url": self.estate.git.url("fleet.git")})
    }

    fn step(&mut self, word: &str) -> Result<Step> {
        match word {
            "index" => {
                // A process that has the mirror and no index: what only the first look at a repository costs.
                for index in self.indexes()? {
                    std::fs::remove_file(index)?;
                }
                self.product = open(&self.estate)?;
                let step = self.turn(0)?;
                ensure!(!self.indexes()?.is_empty(), "the index was not kept");
                Ok(step)
            }
            "again" => {
                self.commits += 1;
                let text = folder::manifest(7, &self.estate.registry.image("acme/app"), "1.0.0", "app");
                let text = format!("{text}# edited {} times\n", self.commits);
                let change = Change::File(&folder::path(7), text.as_bytes());
                self.repo.commit("main", "One file changes", &[change])?;
                self.turn(0)
            }
            _ => bail!("plan cannot {word}"),
        }
    }
}
