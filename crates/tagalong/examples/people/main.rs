//! People and the automation on one branch, at random, against the rule itself: `people [SECONDS] [SEED]`, a job of
//! `cargo xtask torture`. It runs the binary that lies beside it.
//!
//! ```text
//! life (a registry, a repository, three people)
//!   └▶ round: people revert, edit, merge, pick, move files; releases come and go; the automation runs, is raced
//!        or killed; then the judge reads the branch: each commit of the automation is exactly what docs/pins.md
//!        says of the commit it stands on, and nothing is left to write
//! ```
//!
//! In one life of three there are pull requests instead, which people close, reopen, merge and push to.

#![expect(clippy::print_stdout, reason = "a program of its own talks to its caller")]

mod estate;
mod judge;
mod life;
mod person;
mod pulls;
mod tally;

use anyhow::{Context as _, Result};
use estate::Way;
use fastrand::Rng;
use std::time::{Duration, Instant};
use tally::Tally;

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<u64>());
    let mut number =
        |default: u64| arguments.next().unwrap_or(Ok(default)).context("call it with seconds and a seed");
    let (seconds, mut seed) = (number(60)?, number(fastrand::u64(..))?);
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut tally = Tally::default();
    while Instant::now() < end {
        let way = if seed.is_multiple_of(3) { Way::PullRequests } else { Way::Pushes };
        let lived = life::live(way, &mut Rng::with_seed(seed), end, &mut tally);
        lived.with_context(|| format!("in the life of seed {seed}; until then: {tally}"))?;
        tally.count("lives");
        seed = seed.wrapping_add(1);
    }
    println!("people: {tally}");
    Ok(())
}
