//! One repository's life, round after round.

use crate::estate::{Estate, Way};
use crate::judge::Judge;
use crate::person::Person;
use crate::pulls;
use crate::tally::Tally;
use anyhow::{Context as _, Result, ensure};
use fastrand::Rng;
use std::time::{Duration, Instant};

/// Then another one begins: a history that grows for ever only makes each round slower.
const ROUNDS: u32 = 40;

struct Life<'a> {
    estate: &'a Estate,
    judge: Judge<'a>,
    people: Vec<Person<'a>>,
    chance: &'a mut Rng,
    tally: &'a mut Tally,
}

/// Lives until `end`, or to the last round.
pub(crate) fn live(way: Way, chance: &mut Rng, end: Instant, tally: &mut Tally) -> Result<()> {
    let estate = Estate::new(way)?;
    let people: Result<_> =
        ["Ada", "Bob", "Cleo"].into_iter().map(|name| Person::new(&estate, name)).collect();
    let mut life = Life { estate: &estate, judge: Judge::new(&estate), people: people?, chance, tally };
    life.judge.read()?;
    life.settle()?;
    for round in 0..ROUNDS {
        if Instant::now() >= end {
            break;
        }
        life.round().with_context(|| format!("in round {round}"))?;
        life.tally.count("rounds");
    }
    estate.repo.fsck()
}

impl Life<'_> {
    fn round(&mut self) -> Result<()> {
        for _ in 0..self.chance.u32(0..5) {
            self.act()?;
        }
        if self.chance.bool() {
            let what = self.estate.release(self.chance);
            self.tally.count(what);
        }
        match self.chance.u32(0..5) {
            0 => self.race()?,
            1 => self.kill()?,
            2 if self.estate.host.is_none() => self.unpin()?,
            _ => {}
        }
        if self.estate.host.is_some() {
            return self.settle();
        }
        self.check()?;
        self.settle()
    }

    /// Somebody does something, and mostly pushes it.
    fn act(&mut self) -> Result<()> {
        let who = self.chance.usize(0..self.people.len());
        let Some(person) = self.people.get_mut(who) else { return Ok(()) };
        if let Some(host) = self.estate.host.as_ref().filter(|_| self.chance.bool()) {
            self.tally.count(pulls::act(self.estate, host, person, self.chance)?);
            return Ok(());
        }
        let what = person.act(self.chance)?;
        self.tally.count(what);
        if self.chance.u32(0..4) > 0 && person.push(self.chance)? {
            self.tally.count("pushes of people");
        }
        Ok(())
    }

    /// People push while the automation works.
    fn race(&mut self) -> Result<()> {
        let running = self.estate.start(self.chance, "run", &["--once"])?;
        for _ in 0..3 {
            self.act()?;
        }
        Estate::ended(running)?;
        self.tally.count("races");
        Ok(())
    }

    /// The automation is killed somewhere.
    fn kill(&mut self) -> Result<()> {
        let mut running = self.estate.start(self.chance, "run", &["--once"])?;
        std::thread::sleep(Duration::from_micros(self.chance.u64(0..80_000)));
        running.kill()?;
        running.wait()?;
        self.tally.count("kills");
        Ok(())
    }

    /// Somebody lifts a pin.
    fn unpin(&mut self) -> Result<()> {
        self.check()?;
        let pinned = self.judge.pinned()?;
        let Some(field) = self.chance.choice(pinned) else { return Ok(()) };
        let text = self.estate.repo.read("main", &field.path)?;
        let line = text.lines().position(|line| line == field.line).context("the line is gone")? + 1;
        let place = format!("{}:{line}", field.path);
        Estate::ended(self.estate.start(self.chance, "unpin", &[&place])?)?;
        self.tally.count("pins lifted");
        Ok(())
    }

    /// Judges what main got.
    fn check(&mut self) -> Result<usize> {
        let commits = self.judge.read()?;
        for commit in &commits {
            self.judge.check(commit)?;
        }
        self.tally.add("commits of the automation", commits.len());
        Ok(commits.len())
    }

    /// The automation alone: one commit where there is something to write, none where not, and none after that.
    fn settle(&mut self) -> Result<()> {
        if let Some(host) = &self.estate.host {
            return pulls::settle(self.estate, host, &mut self.judge, self.chance, self.tally);
        }
        let wanted = self.judge.wanted()?;
        let pinned = self.judge.pinned()?.len();
        let said = self.estate.once(self.chance)?;
        let made = self.check()?;
        ensure!(made == usize::from(!wanted.is_empty()), "{made} commits for {wanted:?}: {said}");
        ensure!(self.judge.wanted()?.is_empty(), "not all was written: {said}");
        ensure!(pinned == 0 || said.contains("Reverted"), "{pinned} pins, and not a word: {said}");
        self.tally.add("fields held", pinned);
        if self.chance.u32(0..4) == 0 {
            self.estate.once(self.chance)?;
            ensure!(self.check()? == 0, "a second run wrote again");
        }
        Ok(())
    }
}
