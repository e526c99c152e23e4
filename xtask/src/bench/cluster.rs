//! The controller against a real API server, a registry and a Git server, all on this machine: what it takes to start,
//! to bring a tag to the branch and into the cluster, to apply, to take up thousands of objects, and to rest.

use std::process::Command;

use anyhow::{Context as _, Result};
use tagalong_testkit::parts::{self, Part};

use super::driver::{Done, Driver};
use super::{Bench, Job};
use crate::measure::process::timed;
use crate::measure::{Beside, Row, Samples, Unit};

pub(super) const START: Job = Job { name: "start", run: start };
pub(super) const TAG: Job = Job { name: "tag", run: tag };
pub(super) const TAG_LARGE: Job = Job { name: "tag-large", run: tag_large };
pub(super) const ARCHIVE: Job = Job { name: "archive", run: archive };
pub(super) const CHAIN: Job = Job { name: "chain", run: chain };
pub(super) const DRIFT: Job = Job { name: "drift", run: drift };
pub(super) const APPLY: Job = Job { name: "apply", run: apply };
pub(super) const KUSTOMIZATIONS: Job = Job { name: "kustomizations", run: kustomizations };
pub(super) const MANY: Job = Job { name: "many", run: many };
pub(super) const IMAGE: Job = Job { name: "image", run: image };

/// A p95 of fewer would be the slowest.
const ROUNDS: usize = 20;
/// ImageRepositories and ImagePolicies together.
const OBJECTS: f64 = 2000.0;
/// What stands in the container image beside the binary: the authorities of the public web.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

fn binary(bench: &Bench) -> Result<&str> {
    bench.binary.to_str().context("the path of the binary is not UTF-8")
}

fn start(bench: &Bench) -> Result<Vec<Row>> {
    let mut driver = Driver::start(bench, &["cluster-start", binary(bench)?])?;
    let what = "controller start to all watches synced, 10 objects";
    Ok(vec![driver.measure(bench, what, "start")?.budget(1000.0)])
}

fn tag(bench: &Bench) -> Result<Vec<Row>> {
    let row = requested(bench, "requestedAt to the commit on the Git server, 100 files", "100")?;
    let p95 = Samples::one(row.ours.p95());
    let p95 = Row::new("the same at its 95th percentile", Unit::Ms, p95).budget(160.0);
    Ok(vec![row.budget(80.0), p95])
}

fn tag_large(bench: &Bench) -> Result<Vec<Row>> {
    let what = "requestedAt to the commit, 5,000 files with 5,000 markers";
    let row = requested(bench, what, "5000")?;
    let p95 = Samples::one(row.ours.p95());
    Ok(vec![row.budget(120.0), Row::new("the same at its 95th percentile", Unit::Ms, p95)])
}

fn requested(bench: &Bench, what: &'static str, files: &str) -> Result<Row> {
    let mut driver = Driver::start(bench, &["cluster-tag", binary(bench)?, files])?;
    let more = Bench {
        binary: bench.binary.clone(),
        driver: bench.driver.clone(),
        rounds: bench.rounds.max(ROUNDS),
    };
    driver.measure(&more, what, "tag")
}

fn archive(bench: &Bench) -> Result<Vec<Row>> {
    let mut driver = Driver::start(bench, &["cluster-archive", binary(bench)?, "5000"])?;
    let what = "a commit to a repository of 5,000 files, to its archive served";
    Ok(vec![driver.measure(bench, what, "archive")?.budget(300.0)])
}

fn chain(bench: &Bench) -> Result<Vec<Row>> {
    let mut driver = Driver::start(bench, &["cluster-chain", binary(bench)?, "100"])?;
    driver.tell("tag")?;
    let (mut whole, mut since) = (Samples::default(), Samples::default());
    let mut work = Vec::new();
    for _ in 0..bench.rounds.max(ROUNDS) {
        let done = driver.tell("tag")?;
        whole.push_time(done.time);
        since.push(counted(&done, "µs since the commit") / 1000.0);
        work = done.work.into_iter().filter(|(what, _)| !what.starts_with('µ')).collect();
    }
    let p95 = Samples::one(whole.p95());
    let commit = "commit on the Git server to the object changed in the cluster";
    let tag = "requestedAt to the object changed, 100 files: scan, policy, commit, archive, apply";
    Ok(vec![
        Row::new(commit, Unit::Ms, since).budget(50.0),
        Row { work, ..Row::new(tag, Unit::Ms, whole).budget(130.0) },
        Row::new("that at its 95th percentile", Unit::Ms, p95).budget(250.0),
    ])
}

fn drift(bench: &Bench) -> Result<Vec<Row>> {
    // The first edit does not count.
    let rounds = (bench.rounds + 1).to_string();
    let mut driver = Driver::start(bench, &["cluster-drift", binary(bench)?, &rounds])?;
    let what = "an object edited by hand, to as it was, where drift is watched";
    Ok(vec![driver.measure(bench, what, "edit")?.budget(1000.0)])
}

fn apply(bench: &Bench) -> Result<Vec<Row>> {
    let kubectl = parts::find(Part::Kubectl)?;
    let mut driver = Driver::start(bench, &["cluster-apply", binary(bench)?, "500"])?;
    let home = tempfile::tempdir()?;
    let mut command = Command::new(kubectl);
    command.env_clear().env("HOME", home.path()).env("KUBECONFIG", driver.fact("kubeconfig")?);
    command.args(["apply", "--server-side", "-n", driver.fact("namespace")?, "-f", driver.fact("file")?]);
    // The first time makes what is unchanged from then on.
    timed(&mut command)?;
    driver.tell("apply")?;
    let mut work = Vec::new();
    let (ours, theirs) = bench.side_by_side(
        |_| {
            let done = driver.tell("apply")?;
            work = done.work;
            Ok(done.time)
        },
        |_| timed(&mut command),
    )?;
    let beside = Beside { name: "kubectl apply --server-side", samples: theirs, at_most: None };
    let what = "a turn of a Kustomization of 500 unchanged objects";
    Ok(vec![Row { beside: Some(beside), work, ..Row::new(what, Unit::Ms, ours).budget(1500.0) }])
}

fn kustomizations(bench: &Bench) -> Result<Vec<Row>> {
    let mut driver = Driver::start(bench, &["cluster-kustomizations", binary(bench)?, "1000"])?;
    let created = driver.tell("create")?;
    let memory = |what: &str| Samples::one(counted(&created, what) / 1024.0);
    let (now, most) = (memory("KiB resident"), memory("KiB at most"));
    let time = Samples::one(created.time.as_secs_f64() * 1000.0);
    let work = created.work.into_iter().filter(|(what, _)| !what.starts_with("KiB")).collect();
    let what = "1,000 Kustomizations of one ConfigMap each made at once, to all Ready";
    Ok(vec![
        Row { work, ..Row::new(what, Unit::Ms, time).budget(60_000.0) },
        Row::new("resident memory after it", Unit::MiB, now).budget(80.0),
        Row::new("resident memory at its peak", Unit::MiB, most),
    ])
}

fn many(bench: &Bench) -> Result<Vec<Row>> {
    let mut driver = Driver::start(bench, &["cluster-many", binary(bench)?])?;
    let created = driver.tell("create")?;
    let writes = counted(&created, "writes") / OBJECTS;
    let rest = driver.tell("rest")?;
    driver.tell("hurry")?;
    let minute = driver.tell("rest")?;
    let one = |done: &Done| Samples::one(done.time.as_secs_f64() * 1000.0);
    let time = "1,000 ImageRepositories and 1,000 ImagePolicies of 100 tags made at once, to all Ready";
    Ok(vec![
        Row { work: created.work.clone(), ..Row::new(time, Unit::Ms, one(&created)).budget(12_000.0) },
        Row::new("writes to the API server for each of them", Unit::Count, Samples::one(writes)).budget(3.0),
        Row::new(
            "at rest: resident memory",
            Unit::MiB,
            Samples::one(counted(&rest, "KiB resident") / 1024.0),
        )
        .budget(40.0),
        Row::new(
            "at rest, interval 1 h: API requests a minute",
            Unit::Count,
            Samples::one(counted(&rest, "API requests")),
        )
        .budget(0.0),
        Row {
            work: minute.work.clone(),
            ..Row::new("interval 1 m: processor time a minute", Unit::Ms, one(&minute)).budget(1000.0)
        },
    ])
}

fn counted(done: &Done, what: &str) -> f64 {
    done.work.iter().find(|(name, _)| name == what).map_or(f64::NAN, |(_, count)| *count as f64)
}

fn image(bench: &Bench) -> Result<Vec<Row>> {
    let bytes =
        std::fs::metadata(&bench.binary)?.len() + std::fs::metadata(AUTHORITIES).map_or(0, |file| file.len());
    let what = "what the container image holds: the binary and the public authorities";
    Ok(vec![Row::new(what, Unit::Mb, Samples::one(bytes as f64 / 1e6)).budget(30.0)])
}
