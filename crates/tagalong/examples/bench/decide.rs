//! Deciding among 100,000 tags: pure, nothing is read or sent.

use crate::step::{Job, Step};
use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use std::time::Instant;
use tagalong_policy::{Direction, FilterSpec, OrderSpec, Policy, Verdict};

const TAGS: usize = 100_000;

pub(crate) struct Decide {
    versions: Vec<String>,
    range: Policy,
    builds: Vec<String>,
    number: Policy,
}

impl Decide {
    pub(crate) fn open() -> Result<Self> {
        // Releases, release candidates, `v` spellings and what is no version at all.
        let version = |i: usize| {
            let (major, minor, patch) = (i / 20_000, i / 200 % 100, i % 200);
            match i % 10 {
                0 => format!("{major}.{minor}.{patch}-rc.{}", i % 7),
                1 => format!("v{major}.{minor}.{patch}"),
                2 => format!("sha-{i:07x}"),
                _ => format!("{major}.{minor}.{patch}"),
            }
        };
        // The commit is no counter in reality either.
        let build = |i: usize| {
            let branch = if i.is_multiple_of(3) { "feature" } else { "main" };
            format!("{branch}-{:07x}-{}", i.wrapping_mul(2_654_435_761) % 0x0fff_ffff, 1_700_000_000 + i * 37)
        };
        let filter = FilterSpec {
            pattern: "^main-[a-f0-9]+-(?P<ts>[0-9]+)$".to_owned(),
            extract: Some("$ts".to_owned()),
        };
        Ok(Self {
            versions: (0..TAGS).map(version).collect(),
            range: Policy::compile(&OrderSpec::Semver { range: ">=1.2.0 <5.0.0".to_owned() }, None)?,
            builds: (0..TAGS).map(build).collect(),
            number: Policy::compile(&OrderSpec::Numerical { order: Direction::Asc }, Some(&filter))?,
        })
    }
}

impl Job for Decide {
    fn facts(&self) -> Value {
        json!({"tags": TAGS})
    }

    fn step(&mut self, word: &str) -> Result<Step> {
        let (policy, tags) = match word {
            "range" => (&self.range, &self.versions),
            "number" => (&self.number, &self.builds),
            _ => bail!("decide cannot {word}"),
        };
        let start = Instant::now();
        let decision = policy.decide(tags.iter().map(String::as_str), &[]);
        let time = start.elapsed();
        let Verdict::Select { tag, .. } = &decision.verdict else { bail!("nothing was selected") };
        ensure!(decision.accepted + decision.refused == TAGS, "tags were lost");
        tags.iter().find(|known| *known == tag).context("the winner was not listed")?;
        Ok(Step::new(time))
    }
}
