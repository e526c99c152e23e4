//! What a measurement is: samples, what they are held against, and the work that was counted beside them.
//!
//! Jobs under `bench/` make [`Row`]s; [`report`] prints them as a table and as JSON.

pub(crate) mod machine;
pub(crate) mod process;
pub(crate) mod report;

use std::time::Duration;

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Milliseconds.
    Ms,
    /// 2^20 bytes.
    MiB,
    /// 10^6 bytes.
    Mb,
    /// Things, such as requests.
    Count,
}

impl Unit {
    /// How it is written behind a number.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ms => "ms",
            Self::MiB => "MiB",
            Self::Mb => "MB",
            Self::Count => "",
        }
    }
}

/// The same thing measured several times.
#[derive(Clone, Debug, Default)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    /// One value that does not vary.
    pub(crate) fn one(value: f64) -> Self {
        Self(vec![value])
    }

    /// Adds a time, in milliseconds.
    pub(crate) fn push_time(&mut self, time: Duration) {
        self.push(time.as_secs_f64() * 1000.0);
    }

    /// Adds a value.
    pub(crate) fn push(&mut self, value: f64) {
        self.0.push(value);
        self.0.sort_by(f64::total_cmp);
    }

    /// The middle one; of an even number the upper middle, which flatters nobody.
    pub(crate) fn median(&self) -> f64 {
        self.0.get(self.0.len() / 2).copied().unwrap_or_default()
    }

    /// The one that at most a twentieth is above.
    pub(crate) fn p95(&self) -> f64 {
        let rank = (self.0.len() * 95).div_ceil(100).max(1);
        self.0.get(rank - 1).copied().unwrap_or_default()
    }

    /// The smallest.
    pub(crate) fn min(&self) -> f64 {
        self.0.first().copied().unwrap_or_default()
    }

    /// The largest.
    pub(crate) fn max(&self) -> f64 {
        self.0.last().copied().unwrap_or_default()
    }
}

/// Another program that did the same in the same run.
#[derive(Clone, Debug)]
pub(crate) struct Beside {
    /// Its command, in a word or two.
    pub(crate) name: &'static str,
    /// Its samples, in the row's unit.
    pub(crate) samples: Samples,
    /// How many times its median we may take; `None` only compares.
    pub(crate) at_most: Option<f64>,
}

/// One line of the table.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    /// What was measured, in the words of the budget.
    pub(crate) what: &'static str,
    /// Of all numbers in the row.
    pub(crate) unit: Unit,
    /// Ours.
    pub(crate) ours: Samples,
    /// The median must not be above it.
    pub(crate) budget: Option<f64>,
    /// What people would use instead.
    pub(crate) beside: Option<Beside>,
    /// Work that was counted, not timed: requests, blobs read, bytes sent.
    pub(crate) work: Vec<(String, u64)>,
}

impl Row {
    /// A row with nothing to hold it against yet.
    pub(crate) fn new(what: &'static str, unit: Unit, ours: Samples) -> Self {
        Self { what, unit, ours, budget: None, beside: None, work: Vec::new() }
    }

    /// The same row, held to a budget.
    pub(crate) fn budget(self, budget: f64) -> Self {
        Self { budget: Some(budget), ..self }
    }

    /// The median over the budget.
    pub(crate) fn of_budget(&self) -> Option<f64> {
        self.budget.filter(|budget| *budget > 0.0).map(|budget| self.ours.median() / budget)
    }

    /// Our median over the other's.
    pub(crate) fn of_beside(&self) -> Option<f64> {
        self.beside.as_ref().map(|beside| self.ours.median() / beside.samples.median())
    }

    /// Whether it keeps everything it is held to.
    pub(crate) fn kept(&self) -> bool {
        let beside = self.beside.as_ref().and_then(|beside| beside.at_most).zip(self.of_beside());
        self.budget.is_none_or(|budget| self.ours.median() <= budget)
            && beside.is_none_or(|(limit, ratio)| ratio <= limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(values: &[f64]) -> Samples {
        let mut samples = Samples::default();
        values.iter().for_each(|value| samples.push(*value));
        samples
    }

    #[test]
    fn the_middle_and_the_ends() {
        let three = samples(&[3.0, 1.0, 2.0]);
        assert_eq!((three.min(), three.median(), three.max()), (1.0, 2.0, 3.0));
        assert_eq!(samples(&[4.0, 1.0, 3.0, 2.0]).median(), 3.0);
        let hundred: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!((samples(&hundred).p95(), three.p95(), Samples::default().p95()), (95.0, 3.0, 0.0));
    }

    #[test]
    fn a_budget_of_nothing_is_kept_by_nothing() {
        let requests = |count: f64| Row::new("requests", Unit::Count, samples(&[count])).budget(0.0);
        assert!(requests(0.0).kept() && !requests(1.0).kept());
    }

    #[test]
    fn a_row_is_held_to_its_budget_and_to_what_stands_beside() {
        let mut row = Row::new("scan", Unit::Ms, samples(&[10.0]));
        assert!(row.kept());
        row.budget = Some(12.0);
        assert!(row.kept());
        row.beside = Some(Beside { name: "curl", samples: samples(&[5.0]), at_most: Some(1.5) });
        assert_eq!(row.of_beside(), Some(2.0));
        assert!(!row.kept());
        row.beside = None;
        row.budget = Some(9.0);
        assert!(!row.kept());
    }
}
