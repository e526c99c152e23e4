//! Turns of an automation over a repository behind a Git server, each to the commit on the branch.

use crate::estate::Estate;
use crate::fetched;
use crate::folder;
use crate::product::Product;
use crate::requests::Requests;
use crate::step::{Job, Step};
use anyhow::{Result, bail, ensure};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Instant;
use tagalong_engine::automation::{TurnOutcome, TurnReport};
use tagalong_testkit::git_repo::{Change, GitRepo};

/// Commits of others that come first, one push after the other.
const LOST: u32 = 6;
/// Policies of [`Shape::Many`], and how many of them move at once.
const POLICIES: usize = 1000;
const MOVING: usize = 200;

/// Whose the markers are.
#[derive(Clone, Copy)]
pub(crate) enum Shape {
    /// One marker belongs to the policy `solo`; a thousand each to `base0`, `base1` …
    Shared { files: usize },
    /// As many to each of a thousand policies.
    Many { files: usize },
}

pub(crate) struct Push {
    shape: Shape,
    product: Product,
    repo: Arc<GitRepo>,
    requests: Requests,
    estate: Estate,
    /// The patch number that was pushed last.
    patch: usize,
    /// States made for cold turns.
    states: usize,
}

impl Shape {
    fn files(self) -> usize {
        match self {
            Self::Shared { files } | Self::Many { files } => files,
        }
    }

    fn owner(self, number: usize) -> String {
        match (self, number) {
            (Self::Shared { .. }, 0) => "solo".to_owned(),
            (Self::Shared { .. }, number) => format!("base{}", (number - 1) / 1000),
            (Self::Many { .. }, number) => format!("many{:03}", number % POLICIES),
        }
    }

    fn policies(self) -> Vec<String> {
        let mut names: Vec<String> = (0..self.files()).map(|number| self.owner(number)).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

impl Push {
    pub(crate) fn open(shape: Shape) -> Result<Self> {
        fetched::listen();
        let estate = Estate::new()?;
        let repo = estate.repository("ours.git", shape.files(), |number| shape.owner(number))?;
        estate.repository("theirs.git", shape.files(), |number| shape.owner(number))?;
        for name in shape.policies() {
            let image = format!("acme/{name}");
            estate.registry.push_tags(&image, ["1.0.0"]);
            estate.object(
                &format!("{name}.yaml"),
                &folder::image(&estate.registry.image(&image), &name, "1s"),
            )?;
        }
        estate.object("fleet.yaml", &folder::automation(&estate.git.url("ours.git")))?;
        let product = Product::open(&estate, &estate.state("warm"), false)?;
        for name in shape.policies() {
            product.select(&name)?;
        }
        product.automate()?;
        let requests = Requests::open(&estate.git.url("ours.git"))?;
        Ok(Self { shape, product, repo, requests, estate, patch: 0, states: 0 })
    }

    /// A new tag for these policies, seen and selected.
    fn release(&mut self, policies: &[String]) -> Result<()> {
        self.patch += 1;
        for name in policies {
            self.estate.registry.push_tags(&format!("acme/{name}"), [format!("1.0.{}", self.patch)]);
            self.product.select(name)?;
        }
        Ok(())
    }

    /// One turn, its time and the work in it. `main` is where the turn says, or the figure is worth nothing.
    fn turn(&mut self, edits: usize) -> Result<Step> {
        let before = self.product.stats();
        self.estate.git.take_requests();
        self.estate.registry.take_requests();
        let start = Instant::now();
        let turn = self.product.automate()?;
        let time = start.elapsed();
        let after = self.product.stats();
        self.check(&turn, edits)?;
        let work = vec![
            ("Git requests", self.estate.git.take_requests().len() as u64),
            ("registry requests", self.estate.registry.take_requests().len() as u64),
            ("blobs read", after.blobs_read - before.blobs_read),
            ("bytes sent", after.bytes_sent - before.bytes_sent),
            ("bytes received", after.bytes_received - before.bytes_received),
        ];
        Ok(Step { time, work })
    }

    fn check(&self, turn: &TurnReport, edits: usize) -> Result<()> {
        ensure!(turn.plan.edits.len() == edits, "{} edits instead of {edits}", turn.plan.edits.len());
        match &turn.outcome {
            TurnOutcome::UpToDate if edits == 0 => Ok(()),
            TurnOutcome::Pushed { commit, .. } if edits > 0 => {
                ensure!(self.repo.rev("main").as_ref() == Some(commit), "main is not at {commit}");
                Ok(())
            }
            outcome => bail!("the turn ended as {outcome:?}"),
        }
    }

    /// Somebody else's commit, which concerns no marker.
    fn other(&self) -> Result<()> {
        let text = format!("The estate, seen {:?}.\n", Instant::now());
        self.repo.commit("main", "Somebody else's", &[Change::File("README.md", text.as_bytes())])?;
        Ok(())
    }

    fn lose_pushes(&self) {
        for number in 0..LOST {
            let repo = Arc::clone(&self.repo);
            self.estate.git.before_push(move || {
                let text = format!("{number} {:?}\n", Instant::now());
                let change = Change::File("README.md", text.as_bytes());
                // If it fails the push is not lost, which the turn's report shows.
                drop(repo.commit("main", "Somebody was faster", &[change]));
            });
        }
    }

    /// The turn of a process that never saw this repository.
    fn cold(&mut self) -> Result<Step> {
        self.release(&["solo".to_owned()])?;
        self.states += 1;
        let state = self.estate.state(&format!("cold-{}", self.states));
        let cold = Product::open(&self.estate, &state, false)?;
        for name in self.shape.policies() {
            cold.select(&name)?;
        }
        let warm = std::mem::replace(&mut self.product, cold);
        let step = self.turn(1);
        self.product = warm;
        // The warm one sees the branch again, so that the next turn of it finds nothing new.
        self.product.automate()?;
        step
    }
}

impl Job for Push {
    fn facts(&self) -> Value {
        json!({
            "ours": self.estate.git.url("ours.git"),
            "theirs": self.estate.git.url("theirs.git"),
            "registry": self.estate.registry.host(),
        })
    }

    fn step(&mut self, word: &str) -> Result<Step> {
        match word {
            "one" => {
                self.release(&["solo".to_owned()])?;
                self.turn(1)
            }
            "thousand" => {
                self.release(&["base0".to_owned()])?;
                self.turn(1000)
            }
            "many" => {
                let mut policies = self.shape.policies();
                policies.rotate_left(self.patch * MOVING % POLICIES);
                policies.truncate(MOVING);
                self.release(&policies)?;
                self.turn(self.shape.files() / POLICIES * MOVING)
            }
            "cold" => self.cold(),
            "other" => {
                self.other()?;
                self.turn(0)
            }
            "lost" => {
                self.release(&["solo".to_owned()])?;
                self.lose_pushes();
                let step = self.turn(1)?;
                let moved = self.product.desk.record().turns().first().map(|turn| turn.moved);
                ensure!(moved == Some(LOST), "{moved:?} pushes were lost");
                Ok(step)
            }
            "idle" => self.turn(0),
            "requests" => {
                let start = Instant::now();
                self.requests.tip()?;
                Ok(Step::new(start.elapsed()))
            }
            _ => bail!("push cannot {word}"),
        }
    }
}
