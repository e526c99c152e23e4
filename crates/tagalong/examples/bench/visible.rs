//! From a new tag to a commit that everybody can fetch: the product turns its wheel as `run` does, and the time is
//! from the wake of the repository's scan to the branch on the server.

use crate::estate::Estate;
use crate::folder;
use crate::product::Product;
use crate::step::{Job, Step};
use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};
use tagalong_engine::wheel;
use tagalong_model::ObjectKey;
use tagalong_testkit::git_repo::GitRepo;

const FILES: usize = 100;
/// How often the branch is looked at, and how long.
const LOOK: Duration = Duration::from_micros(100);
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Visible {
    product: Product,
    repo: Arc<GitRepo>,
    estate: Estate,
    patch: usize,
}

impl Visible {
    pub(crate) fn open() -> Result<Self> {
        let estate = Estate::new()?;
        let owner = |number| if number == 0 { "solo".to_owned() } else { "base".to_owned() };
        let repo = estate.repository("fleet.git", FILES, owner)?;
        for name in ["solo", "base"] {
            let image = format!("acme/{name}");
            estate.registry.push_tags(&image, ["1.0.0"]);
            estate.object(
                &format!("{name}.yaml"),
                &folder::image(
                    &estate.registry.image(&image),
                    name,
                    if name == "solo" { "1s" } else { "1h" },
                ),
            )?;
        }
        estate.object("fleet.yaml", &folder::automation(&estate.git.url("fleet.git")))?;
        let mut product = Product::open(&estate, &estate.state("visible"), false)?;
        let wakes = product.wakes.take().context("the wheel turns once")?;
        let (context, runtime) = (Arc::clone(&product.context), Arc::clone(&product.runtime));
        std::thread::spawn(move || {
            runtime.block_on(wheel::forever(context, wakes, std::future::pending()));
        });
        let this = Self { product, repo, estate, patch: 0 };
        this.wait("the first turn", || !this.product.desk.record().turns().is_empty())?;
        Ok(this)
    }

    /// Where the branch is, read from the server's own file: asking by git would take longer than the answer.
    fn tip(&self) -> Option<String> {
        let path: PathBuf = self.repo.path().join("refs/heads/main");
        std::fs::read_to_string(path).ok()
    }

    fn wait(&self, what: &str, mut done: impl FnMut() -> bool) -> Result<()> {
        let end = Instant::now() + PATIENCE;
        while !done() {
            ensure!(Instant::now() < end, "{what} did not happen");
            sleep(LOOK);
        }
        Ok(())
    }
}

impl Job for Visible {
    fn facts(&self) -> Value {
        json!({"url": self.estate.git.url("fleet.git")})
    }

    fn step(&mut self, word: &str) -> Result<Step> {
        if word != "tag" {
            bail!("visible cannot {word}");
        }
        let before = self.tip();
        self.patch += 1;
        let tag = format!("1.0.{}", self.patch);
        self.estate.registry.push_tags("acme/solo", [&tag]);
        let start = Instant::now();
        self.product.wakers.repositories([ObjectKey::new("default", "solo")]);
        self.wait("the commit", || self.tip() != before)?;
        let time = start.elapsed();
        let text = self.repo.read("main", &folder::path(0))?;
        ensure!(text.contains(&format!("acme/solo:{tag} ")), "the commit is another");
        let commit = self.repo.rev("main");
        // The next step begins when this turn is over to its end.
        let pushed = |turn: &tagalong_engine::automation::TurnReport| {
            matches!(&turn.outcome, tagalong_engine::automation::TurnOutcome::Pushed { commit: own, .. }
                if Some(own) == commit.as_ref())
        };
        self.wait("the turn's end", || self.product.desk.record().turns().iter().any(|turn| pushed(turn)))?;
        Ok(Step::new(time))
    }
}
