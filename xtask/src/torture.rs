//! `cargo xtask torture [JOB…] --minutes N`: the property and crash tests again and again, each round with a new seed.
//!
//! A job is one line in [`JOBS`]. The first failure ends the run with the command that brings it back.
//! `people` lets people and the automation loose on one branch; an hour of it in one piece, with its counts at the end:
//!
//! ```text
//! cargo xtask torture people --minutes 60 --seconds 3600
//! ```

use std::process::{ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::{binary, tree};

/// Something that can be done with another seed, for ever.
struct Job {
    /// What is typed to run it alone.
    name: &'static str,
    /// The crate it stands in.
    package: &'static str,
    what: What,
}

enum What {
    /// A property test, by its name, and how many cases one round tries.
    Property { test: &'static str, cases: u32 },
    /// A program under the crate's `examples/`, called with seconds and seed. It says what it has done.
    Program { example: &'static str },
}

/// Every job. A round runs each once.
const JOBS: &[Job] = &[
    Job { name: "edit", package: "tagalong-edit", what: What::Program { example: "torture" } },
    Job {
        name: "policy",
        package: "tagalong-policy",
        what: What::Property { test: "agrees_with", cases: 200_000 },
    },
    Job { name: "people", package: "tagalong", what: What::Program { example: "people" } },
];

/// The arguments of `cargo xtask torture`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only these jobs
    jobs: Vec<String>,
    /// How long; the round that is under way then is finished
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    /// How long a job that goes by time lasts in each round
    #[arg(long, default_value_t = 60)]
    seconds: u32,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let jobs = chosen(&args.jobs)?;
    if jobs.iter().any(|job| job.package == "tagalong") {
        // It runs the binary that lies beside it.
        binary::release()?;
    }
    let start = Instant::now();
    let end = start + Duration::from_secs(args.minutes * 60);
    let mut rounds = 0_u64;
    while Instant::now() < end {
        let seed = fastrand::u64(..);
        for job in &jobs {
            let call = Call::new(job, args.seconds, seed);
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

fn chosen(names: &[String]) -> Result<Vec<&'static Job>> {
    if let Some(odd) = names.iter().find(|name| JOBS.iter().all(|job| job.name != **name)) {
        let all: Vec<&str> = JOBS.iter().map(|job| job.name).collect();
        bail!("no job is called {odd}; there are {}", all.join(", "));
    }
    Ok(JOBS.iter().filter(|job| names.is_empty() || names.iter().any(|name| name == job.name)).collect())
}

/// A call of cargo.
struct Call {
    environment: Vec<(&'static str, String)>,
    arguments: Vec<String>,
    /// Whether it says what it has done.
    talks: bool,
}

impl Call {
    fn new(job: &Job, seconds: u32, seed: u64) -> Self {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        match job.what {
            What::Property { test, cases } => Self {
                environment: vec![
                    ("PROPTEST_CASES", cases.to_string()),
                    ("PROPTEST_RNG_SEED", seed.to_string()),
                ],
                arguments: words(&["test", "--release", "--quiet", "--package", job.package, test]),
                talks: false,
            },
            What::Program { example } => Self {
                environment: Vec::new(),
                talks: true,
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
            .stdout(if self.talks { Stdio::inherit() } else { Stdio::null() })
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
        Call::new(&Job { name: "edit", package: "tagalong-edit", what }, 60, 7).line()
    }

    #[test]
    fn a_failure_can_be_brought_back() {
        assert_eq!(
            line(What::Property { test: "agrees_with", cases: 5 }),
            "PROPTEST_CASES=5 PROPTEST_RNG_SEED=7 cargo test --release --quiet --package tagalong-edit agrees_with"
        );
        assert_eq!(
            line(What::Program { example: "torture" }),
            "cargo run --release --quiet --package tagalong-edit --example torture -- 60 7"
        );
    }

    #[test]
    fn jobs_are_run_by_name() {
        let names = |typed: &[&str]| {
            let typed: Vec<String> = typed.iter().map(|name| (*name).to_owned()).collect();
            chosen(&typed).map(|jobs| jobs.iter().map(|job| job.name).collect::<Vec<_>>())
        };
        assert_eq!(names(&[]).unwrap(), ["edit", "policy", "people"]);
        assert_eq!(names(&["people"]).unwrap(), ["people"]);
        let error = names(&["nobody"]).unwrap_err().to_string();
        assert_eq!(error, "no job is called nobody; there are edit, policy, people");
    }
}
