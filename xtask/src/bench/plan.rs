//! Planning 5,000 manifests with 5,000 markers after the fetch, beside `grep -r` over a checkout.

use std::process::Command;

use anyhow::Result;

use super::driver::Driver;
use super::git::{self, timed_script};
use super::{Bench, Job};
use crate::measure::process::timed;
use crate::measure::{Beside, Row, Unit};

pub(super) const JOB: Job = Job { name: "plan", run };

fn run(bench: &Bench) -> Result<Vec<Row>> {
    let mut driver = Driver::start(bench, &["plan"])?;
    let folder = tempfile::tempdir()?;
    timed_script(folder.path(), &format!("git clone --quiet --depth 1 '{}' checkout", driver.fact("url")?))?;
    let mut work = Vec::new();
    let (ours, grep) = bench.side_by_side(
        |_| {
            let done = driver.tell("index")?;
            work = done.work;
            Ok(done.time)
        },
        |_| {
            timed(git::clean(Command::new("grep")).current_dir(folder.path()).args([
                "-r",
                "imagepolicy",
                "checkout",
            ]))
        },
    )?;
    let row = Row::new("plan: 5,000 manifests, 5,000 markers, no index yet", Unit::Ms, ours).budget(200.0);
    let index = Row { beside: Some(Beside { name: "grep -r", samples: grep, at_most: None }), work, ..row };
    let again = driver.measure(bench, "plan again, one blob changed upstream", "again")?.budget(5.0);
    Ok(vec![index, again])
}
