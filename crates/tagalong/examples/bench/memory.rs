//! The estate for a `run` whose memory is looked at from outside: 1,000 images of 1,000 tags, 1,000 policies, one
//! automation over 5,000 files, all of which the first commit changes.

use crate::estate::Estate;
use crate::folder;
use crate::step::{Job, Step};
use anyhow::{Result, bail, ensure};
use serde_json::{Value, json};
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};
use tagalong_testkit::fake_registry::Listing;
use tagalong_testkit::git_repo::GitRepo;

const IMAGES: usize = 1000;
const TAGS: usize = 1000;
const FILES: usize = 5000;
const PATIENCE: Duration = Duration::from_secs(300);

pub(crate) struct Memory {
    repo: Arc<GitRepo>,
    estate: Estate,
}

fn name(number: usize) -> String {
    format!("image{:03}", number % IMAGES)
}

impl Memory {
    pub(crate) fn open() -> Result<Self> {
        let estate = Estate::new()?;
        let repo = estate.repository("fleet.git", FILES, name)?;
        estate.registry.listing(Listing::Generated(TAGS));
        let mut objects = String::new();
        for image in (0..IMAGES).map(name) {
            // Lists are made up on the spot; what is asked for by name has to be there.
            estate.registry.push_tags(&format!("acme/{image}"), [format!("1.0.{}", TAGS - 1)]);
            let full = estate.registry.image(&format!("acme/{image}"));
            objects.push_str(&folder::image(&full, &image, "10m"));
        }
        estate.object("images.yaml", &objects)?;
        estate.object("fleet.yaml", &folder::automation(&estate.git.url("fleet.git")))?;
        Ok(Self { repo, estate })
    }
}

impl Job for Memory {
    fn facts(&self) -> Value {
        json!({"objects": self.estate.objects(), "state": self.estate.state("run")})
    }

    fn step(&mut self, word: &str) -> Result<Step> {
        if word != "commit" {
            bail!("memory cannot {word}");
        }
        let start = Instant::now();
        while self.repo.log("main")?.len() < 2 {
            ensure!(start.elapsed() < PATIENCE, "no commit came");
            sleep(Duration::from_millis(50));
        }
        let changed = self.repo.changed("main^", "main")?.len() as u64;
        Ok(Step { time: start.elapsed(), work: vec![("files changed", changed)] })
    }
}
