//! The memory of the real binary: a `run` over a large estate, at its peak and once it rests; and a start over
//! 2,000,000 stored tags.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use super::driver::Driver;
use super::{Bench, Job};
use crate::measure::process::{Memory, memory};
use crate::measure::{Row, Samples, Unit};

pub(super) const RUN: Job = Job { name: "memory", run };
pub(super) const LISTS: Job = Job { name: "lists", run: lists };

/// A process that used no processor for this long rests.
const REST: Duration = Duration::from_secs(3);
const PATIENCE: Duration = Duration::from_secs(300);

/// A process of ours that must not outlive the job.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn start(bench: &Bench, driver: &Driver, arguments: &[&str]) -> Result<Guard> {
    let mut command = Command::new(&bench.binary);
    command.args(["run", driver.fact("objects")?, "--state", driver.fact("state")?]).args(arguments);
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Ok(Guard(command.spawn().context("cannot start tagalong run")?))
}

fn run(bench: &Bench) -> Result<Vec<Row>> {
    let mut driver = Driver::start(bench, &["memory"])?;
    let run = start(bench, &driver, &[])?;
    let commit = driver.tell("commit")?;
    let process = run.0.id();
    let end = Instant::now() + PATIENCE;
    loop {
        let before = ticks(process)?;
        sleep(REST);
        if ticks(process)? == before {
            break;
        }
        ensure!(Instant::now() < end, "it never rests");
    }
    let Memory { now, peak } = memory(process)?;
    let what = "memory at rest: 1,000 images of 1,000 tags, 1,000 policies, 5,000 files";
    let rest = Row::new(what, Unit::MiB, Samples::one(now)).budget(60.0);
    let what = "the same at its peak: first scans, first fetch, a commit of 5,000 files";
    let peak = Row { work: commit.work, ..Row::new(what, Unit::MiB, Samples::one(peak)).budget(120.0) };
    Ok(vec![rest, peak])
}

fn lists(bench: &Bench) -> Result<Vec<Row>> {
    let driver = Driver::start(bench, &["lists"])?;
    let (mut times, mut peaks) = (Samples::default(), Samples::default());
    for _ in 0..bench.rounds {
        let begin = Instant::now();
        let mut once = start(bench, &driver, &["--once"])?;
        let mut peak = 0.0;
        let status = loop {
            // It is gone between two looks at the end; what it grew to by then is in the last one.
            peak = memory(once.0.id()).map_or(peak, |memory| memory.peak);
            match once.0.try_wait()? {
                Some(status) => break status,
                None => sleep(Duration::from_millis(1)),
            }
        };
        times.push_time(begin.elapsed());
        peaks.push(peak);
        if !status.success() {
            bail!("tagalong run --once ended with {status}");
        }
    }
    let what = "5,000 images, 2,000,000 tags in the store: start and one turn";
    let times = Row::new(what, Unit::Ms, times).budget(2000.0);
    let peaks = Row::new("memory of that at its peak", Unit::MiB, peaks).budget(128.0);
    Ok(vec![times, peaks])
}

/// Processor time used so far, in the kernel's ticks.
fn ticks(process: u32) -> Result<u64> {
    let path = format!("/proc/{process}/stat");
    let text = fs::read_to_string(&path).with_context(|| format!("{path}: the process ended"))?;
    // The name, in brackets, may hold spaces.
    let rest = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    let field = |number: usize| rest.split_whitespace().nth(number).and_then(|word| word.parse::<u64>().ok());
    Ok(field(11).unwrap_or_default() + field(12).unwrap_or_default())
}
