//! `cargo xtask bench`: measures the release binary against its budgets, beside what people use today.
//!
//! A job is one file under `bench/` and one line in [`JOBS`]. It gets a [`Bench`], does its rounds, returns rows.
//!
//! ```text
//! pub(super) const JOB: Job = Job { name: "scan", run };
//! fn run(bench: &Bench) -> Result<Vec<Row>> {
//!     let (ours, curl) = bench.side_by_side(|_round| scan(), |_round| curl())?;
//!     …
//! }
//! ```

mod binary_size;
mod cluster;
mod decide;
mod driver;
mod git;
mod memory;
mod plan;
mod push;
mod render;
mod scan;
mod visible;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::measure::{Row, Samples, machine, report};
use crate::{binary, tree};

/// Every job, in the order of the table.
const JOBS: &[Job] = &[
    scan::JOB,
    decide::JOB,
    plan::JOB,
    push::SMALL,
    push::LARGE,
    push::IDLE,
    visible::JOB,
    render::JOB,
    memory::RUN,
    memory::LISTS,
    binary_size::JOB,
];

/// The jobs of `--cluster`: the controller against a real API server.
const CLUSTER: &[Job] = &[
    cluster::START,
    cluster::TAG,
    cluster::TAG_LARGE,
    cluster::ARCHIVE,
    cluster::CHAIN,
    cluster::DRIFT,
    cluster::APPLY,
    cluster::KUSTOMIZATIONS,
    cluster::MANY,
    cluster::IMAGE,
];

/// Something to measure.
pub(crate) struct Job {
    /// What is typed to run it alone.
    name: &'static str,
    /// Measures; one job may fill several rows.
    run: fn(&Bench) -> Result<Vec<Row>>,
}

/// What a job works with.
pub(crate) struct Bench {
    /// The release binary, built for this run.
    pub(crate) binary: PathBuf,
    /// The program that holds the product warm, built for this run.
    pub(crate) driver: PathBuf,
    /// How often each thing is done.
    pub(crate) rounds: usize,
}

impl Bench {
    /// Does two things in turn, `rounds` times, each first as often as the other: what the machine does meanwhile
    /// hits both. Each closure sets itself up, and returns only the time that counts.
    pub(crate) fn side_by_side(
        &self,
        mut ours: impl FnMut(usize) -> Result<Duration>,
        mut theirs: impl FnMut(usize) -> Result<Duration>,
    ) -> Result<(Samples, Samples)> {
        let (mut our, mut their) = (Samples::default(), Samples::default());
        for round in 0..self.rounds {
            if round % 2 == 0 {
                our.push_time(ours(round)?);
                their.push_time(theirs(round)?);
            } else {
                their.push_time(theirs(round)?);
                our.push_time(ours(round)?);
            }
        }
        Ok((our, their))
    }
}

/// The arguments of `cargo xtask bench`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only these jobs
    jobs: Vec<String>,
    /// The jobs of the controller, against a real API server
    #[arg(long)]
    cluster: bool,
    /// How often each thing is measured
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Where the JSON goes
    #[arg(long, default_value = "target/bench.json")]
    json: PathBuf,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let jobs = chosen(if args.cluster { CLUSTER } else { JOBS }, &args.jobs)?;
    let bench = Bench { binary: binary::release()?, driver: binary::driver()?, rounds: args.rounds };
    let mut rows = Vec::new();
    for job in jobs {
        eprintln!("bench: {}", job.name);
        rows.extend((job.run)(&bench).with_context(|| format!("the job {} failed", job.name))?);
    }
    println!("{}", report::table(&rows));
    let path = tree::root()?.join(&args.json);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let document = report::document(&machine::describe(), &rows);
    fs::write(&path, serde_json::to_string_pretty(&document)?)
        .with_context(|| format!("cannot write {}", path.display()))?;
    eprintln!("bench: wrote {}", path.display());
    Ok(ExitCode::SUCCESS)
}

fn chosen(jobs: &'static [Job], names: &[String]) -> Result<Vec<&'static Job>> {
    if let Some(name) = names.iter().find(|name| !jobs.iter().any(|job| job.name == **name)) {
        let known: Vec<&str> = jobs.iter().map(|job| job.name).collect();
        bail!("no job is called {name}; there are: {}", known.join(", "));
    }
    Ok(jobs.iter().filter(|job| names.is_empty() || names.iter().any(|name| name == job.name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_chosen_by_its_name() {
        assert_eq!(chosen(JOBS, &[]).unwrap().len(), JOBS.len());
        assert_eq!(chosen(JOBS, &["binary-size".to_owned()]).unwrap().len(), 1);
        let unknown =
            chosen(JOBS, &["speed".to_owned()]).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(unknown.contains("binary-size"), "{unknown}");
        assert_eq!(chosen(CLUSTER, &["tag".to_owned()]).unwrap().len(), 1);
    }
}
