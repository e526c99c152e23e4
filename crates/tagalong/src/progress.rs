//! Progress of work over many objects: a bar on a terminal; without one a log line when it begins, one each ten
//! seconds, one when it ends. Work done within a second shows nothing.

use crate::wiring::Wired;
use indicatif::{ProgressBar, ProgressStyle};
use std::collections::HashSet;
use std::future::Future;
use std::io::IsTerminal;
use std::time::{Duration, Instant};
use tagalong_engine::{Desk, Finding};
use tagalong_model::ObjectKey;

/// Work shorter than this is not worth a word.
const QUIET: Duration = Duration::from_secs(1);
/// Between two log lines.
const BEAT: Duration = Duration::from_secs(10);

/// Does `work`, showing how many of the objects have had their turn.
pub(crate) async fn shown<D: Desk, T>(wired: &Wired<D>, work: impl Future<Output = T>) -> T {
    let kinds = wired.context.desk.kinds();
    let total = kinds.repositories.len() + kinds.policies.len() + kinds.automations.len();
    let mut findings = wired.record.listen();
    let mut seen = HashSet::new();
    let mut shown = Shown { begun: Instant::now(), total: total as u64, bar: None, lines: false };
    let mut beat = tokio::time::interval_at((Instant::now() + QUIET).into(), BEAT);
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => {
                shown.end();
                return done;
            }
            Some(finding) = findings.recv() => {
                let object = object(&finding);
                shown.step(&object);
                seen.insert(object);
                shown.at(seen.len());
            }
            _ = beat.tick() => shown.beat(seen.len()),
        }
    }
}

fn object(finding: &Finding) -> String {
    let named = |kind: &str, key: &ObjectKey| format!("{kind}/{key}");
    match finding {
        Finding::Repository { key, .. } => named("ImageRepository", key),
        Finding::Policy { key, .. } => named("ImagePolicy", key),
        Finding::Automation { key, .. } => named("ImageUpdateAutomation", key),
        Finding::Source { key, .. } => named("GitRepository", key),
        Finding::Kustomization { key, .. } => named("Kustomization", key),
    }
}

struct Shown {
    begun: Instant,
    total: u64,
    bar: Option<ProgressBar>,
    /// Whether the beginning was told in the log.
    lines: bool,
}

impl Shown {
    fn beat(&mut self, done: usize) {
        if std::io::stderr().is_terminal() {
            if self.bar.is_none() {
                let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {wide_msg}");
                let bar = ProgressBar::new(self.total);
                self.bar = Some(style.map_or_else(|_| bar.clone(), |style| bar.clone().with_style(style)));
                self.at(done);
            }
            return;
        }
        let word = if self.lines { "still at it" } else { "turning objects" };
        self.lines = true;
        tracing::info!(done, total = self.total, "{word}");
    }

    fn step(&self, object: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(object.to_owned());
        }
    }

    fn at(&self, done: usize) {
        if let Some(bar) = &self.bar {
            bar.set_position(done as u64);
        }
    }

    fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        if self.lines {
            tracing::info!(
                total = self.total,
                seconds = self.begun.elapsed().as_secs(),
                "every object has settled"
            );
        }
    }
}
