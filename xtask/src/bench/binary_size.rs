//! How large the stripped binary is that users download.

use anyhow::Result;

use super::{Bench, Job};
use crate::measure::{Row, Samples, Unit};

pub(super) const JOB: Job = Job { name: "binary-size", run };

fn run(bench: &Bench) -> Result<Vec<Row>> {
    let bytes = std::fs::metadata(&bench.binary)?.len();
    let megabytes = bytes as f64 / 1e6;
    let row = Row::new("binary, stripped", Unit::Mb, Samples::one(megabytes));
    Ok(vec![Row { budget: Some(25.0), ..row }])
}
