//! Rendering kustomizations in one process, beside one `kustomize build` for each.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use tagalong_testkit::parts::{self, Part};

use super::driver::Driver;
use super::{Bench, Job};
use crate::measure::process::timed;
use crate::measure::{Beside, Row, Unit};

pub(super) const JOB: Job = Job { name: "render", run };

fn run(bench: &Bench) -> Result<Vec<Row>> {
    let kustomize = parts::find(Part::Kustomize)?;
    let mut driver = Driver::start(bench, &["render"])?;
    let folder = Path::new(driver.fact("folder")?).to_owned();
    let small = driver.facts("small");
    let build = |path: &str| timed(Command::new(&kustomize).arg("build").arg(folder.join(path)));
    let mut rows = Vec::new();
    for (what, word, budget, paths) in [
        ("render an overlay of 500 objects", "large", 25.0, &["large/over".to_owned()][..]),
        ("render 100 small overlays, one process", "small", 50.0, &small),
    ] {
        driver.tell(word)?;
        let mut work = Vec::new();
        let (ours, theirs) = bench.side_by_side(
            |_| {
                let done = driver.tell(word)?;
                work = done.work;
                Ok(done.time)
            },
            |_| paths.iter().try_fold(Duration::ZERO, |sum, path| Ok(sum + build(path)?)),
        )?;
        let beside = Beside { name: "kustomize build", samples: theirs, at_most: Some(0.1) };
        rows.push(Row { beside: Some(beside), work, ..Row::new(what, Unit::Ms, ours).budget(budget) });
    }
    Ok(rows)
}
