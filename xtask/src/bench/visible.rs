//! From a new tag to a commit on the server, the product's wheel turning by itself.

use anyhow::Result;

use super::driver::Driver;
use super::{Bench, Job};
use crate::measure::Row;

pub(super) const JOB: Job = Job { name: "visible", run };

fn run(bench: &Bench) -> Result<Vec<Row>> {
    let mut driver = Driver::start(bench, &["visible"])?;
    let what = "new tag to a commit on the server, 100 files";
    Ok(vec![driver.measure(bench, what, "tag")?.budget(80.0)])
}
