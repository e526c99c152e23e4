//! Turns of an automation to the commit on the branch, beside a clone, `sed`, a commit and a push.

use std::process::Command;

use anyhow::Result;

use super::driver::Driver;
use super::git::{self, update};
use super::{Bench, Job};
use crate::measure::process::timed;
use crate::measure::{Beside, Row, Unit};

pub(super) const SMALL: Job = Job { name: "push-small", run: small };
pub(super) const LARGE: Job = Job { name: "push-large", run: large };
pub(super) const IDLE: Job = Job { name: "idle", run: idle };

fn small(bench: &Bench) -> Result<Vec<Row>> {
    let mut driver = Driver::start(bench, &["push", "100"])?;
    Ok(vec![
        beside(bench, &mut driver, "100 files, one marker moves", "one", "solo")?.budget(70.0),
        driver.measure(bench, "the same, the first turn of a process without a mirror", "cold")?.budget(70.0),
        driver.measure(bench, "six pushes in a row lost to other commits", "lost")?.budget(1000.0),
    ])
}

fn large(bench: &Bench) -> Result<Vec<Row>> {
    let mut driver = Driver::start(bench, &["push", "5000"])?;
    let mut rows = vec![
        beside(bench, &mut driver, "5,000 files with 5,000 markers, one moves, warm", "one", "solo")?
            .budget(80.0),
        beside(bench, &mut driver, "5,000 files with 5,000 markers, 1,000 move", "thousand", "base0")?
            .budget(300.0),
        driver.measure(bench, "5,000 files, the branch moved by another commit", "other")?.budget(60.0),
        driver.measure(bench, "5,000 files, six pushes in a row lost", "lost")?.budget(1000.0),
    ];
    drop(driver);
    let mut driver = Driver::start(bench, &["push-many", "5000"])?;
    let what = "5,000 files, 1,000 policies, 200 of them move 1,000 markers";
    rows.push(driver.measure(bench, what, "many")?.budget(300.0));
    Ok(rows)
}

/// A turn that moves the markers of one image, beside the same done by hand in a repository of its own.
fn beside(bench: &Bench, driver: &mut Driver, what: &'static str, word: &str, image: &str) -> Result<Row> {
    let (url, image) =
        (driver.fact("theirs")?.to_owned(), format!("{}/acme/{image}", driver.fact("registry")?));
    driver.tell(word)?;
    let mut work = Vec::new();
    let mut round = 0;
    let (ours, theirs) = bench.side_by_side(
        |_| {
            let done = driver.tell(word)?;
            work = done.work;
            Ok(done.time)
        },
        |_| {
            let from = format!("1.0.{round}");
            round += 1;
            update(&url, &image, &from, &format!("1.0.{round}"))
        },
    )?;
    let beside = Beside { name: "git and sed", samples: theirs, at_most: None };
    Ok(Row { beside: Some(beside), work, ..Row::new(what, Unit::Ms, ours) })
}

fn idle(bench: &Bench) -> Result<Vec<Row>> {
    let mut driver = Driver::start(bench, &["push", "5000"])?;
    let url = driver.fact("ours")?.to_owned();
    driver.tell("idle")?;
    let mut work = Vec::new();
    let mut requests = crate::measure::Samples::default();
    let mut own = crate::measure::Samples::default();
    let (turn, git) = bench.side_by_side(
        |_| {
            // Taken in turn, so that what the machine does meanwhile is in both.
            let bare = driver.tell("requests")?;
            let done = driver.tell("idle")?;
            requests.push_time(bare.time);
            own.push(done.time.as_secs_f64() * 1e3 - bare.time.as_secs_f64() * 1e3);
            work = done.work;
            Ok(done.time)
        },
        |_| timed(git::clean(Command::new("git")).args(["ls-remote", &url, "refs/heads/main"])),
    )?;
    let beside = Beside { name: "git ls-remote", samples: git, at_most: Some(1.0) };
    let turn = Row::new("no change anywhere: one turn over 5,000 files", Unit::Ms, turn);
    let own = Row::new("the same without its two requests, sent by hand", Unit::Ms, own).budget(5.0);
    Ok(vec![Row { beside: Some(beside), work, ..turn }, own])
}
