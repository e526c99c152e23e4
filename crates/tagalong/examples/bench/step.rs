//! One measured step and what a job is. Used by every job.

use anyhow::Result;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Something that can be done again and again.
pub(crate) trait Job {
    /// What whoever does the same beside it has to know.
    fn facts(&self) -> Value;

    /// Does one thing once.
    fn step(&mut self, word: &str) -> Result<Step>;
}

/// How long one thing took, and the work in it.
pub(crate) struct Step {
    pub(crate) time: Duration,
    pub(crate) work: Vec<(&'static str, u64)>,
}

impl Step {
    pub(crate) fn new(time: Duration) -> Self {
        Self { time, work: Vec::new() }
    }

    pub(crate) fn json(&self) -> Value {
        let work: Map<String, Value> =
            self.work.iter().map(|(what, count)| ((*what).to_owned(), Value::from(*count))).collect();
        json!({"ms": self.time.as_secs_f64() * 1000.0, "work": work})
    }
}
