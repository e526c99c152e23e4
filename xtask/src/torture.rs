//! `cargo xtask torture --minutes N`: the property and crash tests again and again, each round with a new seed.
//!
//! A job is one line in [`JOBS`]. The first failure ends the run with the command that brings it back.

use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::tree;

/// Something that can be done with another seed, for ever.
struct Job {
    /// The crate it stands in.
    package: &'static str,
    what: What,
}

enum What {
    /// A property test, by its name, and how many cases one round tries.
    Property { test: &'static str, cases: u32 },
    /// A program under the crate's `examples/`, called with seconds and seed.
    Program { example: &'static str, seconds: u32 },
}

/// Every job. A round runs each once.
const JOBS: &[Job] = &[
    Job { package: "tagalong-edit", what: What::Program { example: "torture", seconds: 60 } },
    Job { package: "tagalong-policy", what: What::Property { test: "agrees_with", cases: 200_000 } },
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
    let start = Instant::now();
    let end = start + Duration::from_secs(args.minutes * 60);
    let mut rounds = 0_u64;
    while Instant::now() < end {
        let seed = fastrand::u64(..);
        for job in JOBS {
            let call = Call::new(job, seed);
            if !call.passes()? {
                println!("torture: failed in round {}; it comes back with\n  {}", rounds + 1, call.line());
                return Ok(ExitCode::FAILURE);
            }
        }
        rounds += 1;
        println!("torture: {rounds} rounds in {} s, none failed", start.elapsed().as_secs());
    }
    Ok(ExitCode::SUCCESS)
}

/// A call of cargo.
struct Call {
    environment: Vec<(&'static str, String)>,
    arguments: Vec<String>,
}

impl Call {
    fn new(job: &Job, seed: u64) -> Self {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        match job.what {
            What::Property { test, cases } => Self {
                environment: vec![
                    ("PROPTEST_CASES", cases.to_string()),
                    ("PROPTEST_RNG_SEED", seed.to_string()),
                ],
                arguments: words(&["test", "--release", "--quiet", "--package", job.package, test]),
            },
            What::Program { example, seconds } => Self {
                environment: Vec::new(),
                arguments: words(&[
                    "run",
                    "--release",
                    "--quiet",
                    "--package",
                    job.package,
                    "--example",
                    example,
                    "--",
                    &seconds.to_string(),
                    &seed.to_string(),
                ]),
            },
        }
    }

    fn passes(&self) -> Result<bool> {
        let status = tree::cargo()?
            .args(&self.arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::null())
            .status()
            .context("cannot run cargo")?;
        Ok(status.success())
    }

    /// What a person types.
    fn line(&self) -> String {
        let variables: String =
            self.environment.iter().map(|(name, value)| format!("{name}={value} ")).collect();
        format!("{variables}cargo {}", self.arguments.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(what: What) -> String {
        Call::new(&Job { package: "tagalong-edit", what }, 7).line()
    }

    #[test]
    fn a_failure_can_be_brought_back() {
        assert_eq!(
            line(What::Property { test: "agrees_with", cases: 5 }),
            "PROPTEST_CASES=5 PROPTEST_RNG_SEED=7 cargo test --release --quiet --package tagalong-edit agrees_with"
        );
        assert_eq!(
            line(What::Program { example: "torture", seconds: 60 }),
            "cargo run --release --quiet --package tagalong-edit --example torture -- 60 7"
        );
    }
}
