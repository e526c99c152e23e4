//! The warm half of the bench: `crates/tagalong/examples/bench`, which holds an estate and the product in one process
//! and does one measured thing for each word. Used by every job that measures the product warm.

use std::io::{BufRead, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::Bench;
use crate::measure::{Row, Samples, Unit};

/// A running half; dropped, it ends, and its estate with it.
pub(super) struct Driver {
    child: Child,
    /// Closed first: that is how it is told to end.
    words: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    /// What it says of its estate.
    facts: Value,
}

/// One thing done once.
pub(super) struct Done {
    pub(super) time: Duration,
    /// The work that was counted, in the driver's words.
    pub(super) work: Vec<(String, u64)>,
}

impl Driver {
    /// Starts it with a job of its own and waits until its estate stands.
    pub(super) fn start(bench: &Bench, arguments: &[&str]) -> Result<Self> {
        let mut child = Command::new(&bench.driver)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", bench.driver.display()))?;
        let words = child.stdin.take();
        let mut answers = BufReader::new(child.stdout.take().context("the driver has no stdout")?);
        let facts = read(&mut answers)?;
        Ok(Self { child, words, answers, facts })
    }

    /// A fact about its estate.
    pub(super) fn fact(&self, name: &str) -> Result<&str> {
        self.facts.get(name).and_then(Value::as_str).with_context(|| format!("the driver states no {name}"))
    }

    /// A fact that is a list.
    pub(super) fn facts(&self, name: &str) -> Vec<String> {
        let list = self.facts.get(name).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(|fact| Some(fact.as_str()?.to_owned())).collect()
    }

    /// Has it do one thing.
    pub(super) fn tell(&mut self, word: &str) -> Result<Done> {
        let words = self.words.as_mut().context("the driver takes no more words")?;
        writeln!(words, "{word}").with_context(|| format!("the driver ended before {word}"))?;
        let answer = read(&mut self.answers).with_context(|| format!("the driver could not do {word}"))?;
        let ms = answer.get("ms").and_then(Value::as_f64).context("the driver states no time")?;
        let work = answer.get("work").and_then(Value::as_object).into_iter().flatten();
        let work = work.filter_map(|(what, count)| Some((what.clone(), count.as_u64()?))).collect();
        Ok(Done { time: Duration::from_secs_f64(ms / 1000.0), work })
    }

    /// One thing done as often as the bench asks for, after once that does not count.
    pub(super) fn measure(&mut self, bench: &Bench, what: &'static str, word: &str) -> Result<Row> {
        self.tell(word)?;
        let mut samples = Samples::default();
        let mut work = Vec::new();
        for _ in 0..bench.rounds {
            let done = self.tell(word)?;
            samples.push_time(done.time);
            work = done.work;
        }
        Ok(Row { work, ..Row::new(what, Unit::Ms, samples) })
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        drop(self.words.take());
        if self.child.wait().is_err() {
            // Not ours any more, or never was.
            drop(self.child.kill());
        }
    }
}

fn read(answers: &mut impl BufRead) -> Result<Value> {
    let mut line = String::new();
    if answers.read_line(&mut line)? == 0 {
        bail!("the driver ended; its last words are above");
    }
    Ok(serde_json::from_str(&line)?)
}
