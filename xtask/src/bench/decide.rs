//! Which of 100,000 tags wins.

use anyhow::Result;

use super::driver::Driver;
use super::{Bench, Job};
use crate::measure::Row;

pub(super) const JOB: Job = Job { name: "decide", run };

fn run(bench: &Bench) -> Result<Vec<Row>> {
    let mut driver = Driver::start(bench, &["decide"])?;
    Ok(vec![
        driver.measure(bench, "decide: 100,000 tags, semver range", "range")?.budget(15.0),
        driver.measure(bench, "decide: 100,000 tags, filter, extract, numerical", "number")?.budget(50.0),
    ])
}
