//! From the start of a controller to the moment in which it knows every object: its watches are synced.

use super::Cluster;
use crate::folder;
use crate::step::{Job, Step};
use anyhow::{Result, bail};
use serde_json::{Value, json};
use std::time::Instant;

/// With the GitRepository and the automation these make ten objects.
const IMAGES: usize = 4;

pub(crate) struct Start {
    cluster: Cluster,
}

impl Start {
    pub(crate) fn open(binary: &str) -> Result<Self> {
        let cluster = Cluster::open(binary)?;
        cluster.estate.repository("fleet.git", 100, |number| format!("image{}", number % IMAGES))?;
        for name in (0..IMAGES).map(|number| format!("image{number}")) {
            let image = format!("acme/{name}");
            cluster.estate.registry.push_tags(&image, ["1.0.0"]);
            cluster.apply(&folder::image(&cluster.estate.registry.image(&image), &name, "1h"))?;
        }
        cluster.apply(&folder::automation(&cluster.estate.git.url("fleet.git")))?;
        Ok(Self { cluster })
    }
}

impl Job for Start {
    fn facts(&self) -> Value {
        json!({})
    }

    fn step(&mut self, word: &str) -> Result<Step> {
        if word != "start" {
            bail!("start cannot {word}");
        }
        let begin = Instant::now();
        let mut controller = self.cluster.controller()?;
        controller.until(&format!("turning {IMAGES} ImageRepositories"))?;
        Ok(Step::new(begin.elapsed()))
    }
}
