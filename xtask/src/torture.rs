//! `cargo xtask torture --minutes N`: the property and crash tests again and again, each round with a new seed.
//!
//! A job is a test that reads how much it shall do from the environment; `JOBS` names it. The first failure ends the
//! run with the command that brings it back.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::tree;

/// A test that can be run for longer.
struct Job {
    /// The crate it stands in.
    package: &'static str,
    /// What its name holds.
    filter: &'static str,
    /// How many cases one round tries.
    cases: u32,
}

/// Every job. A round runs each once.
const JOBS: &[Job] = &[
    Job { package: "tagalong-edit", filter: "propert", cases: 20_000 },
    Job { package: "tagalong-policy", filter: "propert", cases: 20_000 },
];

/// The arguments of `cargo xtask torture`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// How long; the round that is under way then is finished
    #[arg(long, default_value_t = 10)]
    minutes: u64,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let end = Instant::now() + Duration::from_secs(args.minutes * 60);
    let (mut rounds, mut cases) = (0_u64, 0_u64);
    while Instant::now() < end {
        let seed = fastrand::u64(..);
        for job in JOBS {
            if !passes(job, seed)? {
                println!(
                    "torture: failed after {rounds} rounds, {cases} cases; it comes back with\n  {}",
                    again(job, seed)
                );
                return Ok(ExitCode::FAILURE);
            }
            cases += u64::from(job.cases);
        }
        rounds += 1;
        println!("torture: {rounds} rounds, {cases} cases, none failed");
    }
    Ok(ExitCode::SUCCESS)
}

fn environment(job: &Job, seed: u64) -> [(&'static str, String); 2] {
    [("PROPTEST_CASES", job.cases.to_string()), ("PROPTEST_RNG_SEED", seed.to_string())]
}

fn arguments(job: &Job) -> [&'static str; 6] {
    ["test", "--release", "--quiet", "--package", job.package, job.filter]
}

fn passes(job: &Job, seed: u64) -> Result<bool> {
    let status = tree::cargo()?
        .args(arguments(job))
        .envs(environment(job, seed))
        .stdout(std::process::Stdio::null())
        .status()
        .context("cannot run cargo test")?;
    Ok(status.success())
}

fn again(job: &Job, seed: u64) -> String {
    let variables = environment(job, seed).map(|(name, value)| format!("{name}={value}"));
    format!("{} cargo {}", variables.join(" "), arguments(job).join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_can_be_brought_back() {
        let job = Job { package: "tagalong-edit", filter: "propert", cases: 5 };
        assert_eq!(
            again(&job, 7),
            "PROPTEST_CASES=5 PROPTEST_RNG_SEED=7 cargo test --release --quiet --package tagalong-edit propert"
        );
    }
}
