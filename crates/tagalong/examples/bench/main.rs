//! The warm half of `cargo xtask bench`: holds an estate and the product in one process, so that what is measured is
//! the work and not a start. Built and started by xtask, one process per job.
//!
//! ```text
//! bench JOB [ARGUMENT…]
//!     stdout  {"url": …}                                what the other side needs to do the same beside it
//!     stdin   a word                                    do that once
//!     stdout  {"ms": 12.3, "work": {"requests": 2}}     its time, without what was set up for it, and the work counted
//! ```

mod cluster;
mod decide;
mod estate;
mod fetched;
mod folder;
mod lists;
mod memory;
mod plan;
mod product;
mod push;
mod render;
mod requests;
mod scan;
mod step;
mod visible;

use anyhow::{Result, bail};
use std::io::{BufRead as _, Write as _};
use step::Job;

/// As the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut job: Box<dyn Job> = match words.as_slice() {
        ["scan"] => Box::new(scan::Scan::open()?),
        ["decide"] => Box::new(decide::Decide::open()?),
        ["plan"] => Box::new(plan::Plan::open()?),
        ["push", files] => Box::new(push::Push::open(push::Shape::Shared { files: files.parse()? })?),
        ["push-many", files] => Box::new(push::Push::open(push::Shape::Many { files: files.parse()? })?),
        ["render"] => Box::new(render::Render::open()?),
        ["visible"] => Box::new(visible::Visible::open()?),
        ["memory"] => Box::new(memory::Memory::open()?),
        ["lists"] => Box::new(lists::Lists::open()?),
        ["cluster-start", binary] => Box::new(cluster::start::Start::open(binary)?),
        ["cluster-tag", binary, files] => Box::new(cluster::tag::Tag::open(binary, files.parse()?)?),
        ["cluster-archive", binary, files] => {
            Box::new(cluster::archive::Archive::open(binary, files.parse()?)?)
        }
        ["cluster-apply", binary, objects] => {
            Box::new(cluster::apply::Apply::open(binary, objects.parse()?)?)
        }
        ["cluster-drift", binary, rounds] => Box::new(cluster::drift::Drift::open(binary, rounds.parse()?)?),
        ["cluster-chain", binary, files] => Box::new(cluster::chain::Chain::open(binary, files.parse()?)?),
        ["cluster-kustomizations", binary, count] => {
            Box::new(cluster::kustomizations::Kustomizations::open(binary, count.parse()?)?)
        }
        ["cluster-many", binary] => Box::new(cluster::many::Many::open(binary)?),
        _ => bail!("no such job: {}", words.join(" ")),
    };
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{}", job.facts())?;
    stdout.flush()?;
    for word in std::io::stdin().lock().lines() {
        let answer = job.step(word?.trim())?;
        writeln!(stdout, "{}", answer.json())?;
        stdout.flush()?;
    }
    Ok(())
}
