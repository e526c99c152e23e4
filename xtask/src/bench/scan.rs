//! A scan of 10,000 tags over ten pages, beside one `curl` that is given the ten addresses.

use std::process::Command;

use anyhow::Result;

use super::driver::Driver;
use super::{Bench, Job};
use crate::measure::process::timed;
use crate::measure::{Beside, Row, Unit};

pub(super) const JOB: Job = Job { name: "scan", run };

fn run(bench: &Bench) -> Result<Vec<Row>> {
    let mut driver = Driver::start(bench, &["scan"])?;
    let urls = driver.facts("urls");
    driver.tell("same")?;
    let mut work = Vec::new();
    let (ours, curl) = bench.side_by_side(
        |_| {
            let done = driver.tell("same")?;
            work = done.work;
            Ok(done.time)
        },
        |_| timed(Command::new("curl").args(["--silent", "--fail"]).args(&urls)),
    )?;
    let beside = Beside { name: "curl", samples: curl, at_most: Some(1.5) };
    let row = Row::new("scan 10,000 tags over 10 pages", Unit::Ms, ours);
    let same = Row { budget: Some(12.0), beside: Some(beside), work, ..row };
    let changed = driver.measure(bench, "the same, one tag is new: the list is written", "changed")?;
    Ok(vec![same, changed])
}
