//! What is counted of the turns: how many, how long, what was listed and pushed, and how long a tag took from the
//! registry to the branch. Counted where it happens, by the reconcilers; shown by the binary.
//!
//! Labels are closed sets of words, but for the names of objects, whose series go when the object does. Names that
//! Flux's controllers have for the same thing are theirs, so that dashboards made for them go on working.

mod durations;
mod turn;

use crate::automation::{TurnOutcome, TurnReport};
use crate::desk::Kinds;
use durations::Durations;
use jiff::Timestamp;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::sync::Arc;
use tagalong_registry::ErrorKind;
use turn::Turns;

/// Upper bounds of the time from a tag to its push: from a turn at once to a policy that waits for a week.
const TAG_TO_PUSH: [f64; 14] =
    [0.1, 0.25, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 21_600.0, 86_400.0, 259_200.0, 604_800.0];

type Words = [(&'static str, &'static str); 1];

/// Counters of the engine. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct Meters(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    turns: Turns,
    durations: Arc<Durations>,
    scans: Family<Words, Counter>,
    outcomes: Family<Words, Counter>,
    pushes: Family<Words, Counter>,
    edits: Counter,
    rollbacks: Counter,
    tag_to_push: Histogram,
    drift_corrected: Counter,
    drift_watches: Gauge,
}

/// What came of one push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Push {
    /// The commit is on the server.
    Pushed,
    /// The branch had moved; the round begins again.
    Conflict,
    /// The server refused it.
    Rejected,
    /// It did not get through.
    Failed,
}

impl Push {
    const ALL: [Self; 4] = [Self::Pushed, Self::Conflict, Self::Rejected, Self::Failed];

    const fn word(self) -> &'static str {
        match self {
            Self::Pushed => "pushed",
            Self::Conflict => "conflict",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
        }
    }
}

impl Default for Meters {
    fn default() -> Self {
        let meters = Self(Arc::new(Inner {
            turns: Turns::default(),
            durations: Arc::default(),
            scans: Family::default(),
            outcomes: Family::default(),
            pushes: Family::default(),
            edits: Counter::default(),
            rollbacks: Counter::default(),
            tag_to_push: Histogram::new(TAG_TO_PUSH),
            drift_corrected: Counter::default(),
            drift_watches: Gauge::default(),
        }));
        // A series that begins at its first failure shows no increase for it.
        for push in Push::ALL {
            drop(meters.0.pushes.get_or_create(&[("outcome", push.word())]));
        }
        drop(meters.0.scans.get_or_create(&[("result", "success")]));
        meters
    }
}

impl Meters {
    /// Adds everything to what is shown.
    pub fn register(&self, registry: &mut Registry) {
        let inner = &self.0;
        inner.turns.register(registry);
        registry.register_collector(Box::new(Arc::clone(&inner.durations)));
        registry.register(
            "tagalong_scans",
            "Listings that registries were asked for, by what came of it",
            inner.scans.clone(),
        );
        registry.register(
            "tagalong_automation_turns",
            "Turns of automations that got as far as a plan, by how they ended",
            inner.outcomes.clone(),
        );
        registry.register(
            "tagalong_pushes",
            "Pushes by what came of them; after a conflict the round begins again",
            inner.pushes.clone(),
        );
        registry.register("tagalong_edits", "Values written and pushed", inner.edits.clone());
        registry.register(
            "tagalong_rollbacks",
            "Commits taken back because something was not healthy with them",
            inner.rollbacks.clone(),
        );
        registry.register(
            "tagalong_tag_to_push_seconds",
            "Time from the listing that first showed a tag to the push that wrote it",
            inner.tag_to_push.clone(),
        );
        registry.register(
            "tagalong_drift_corrected_objects",
            "Applied objects that somebody else had changed or deleted, and that were set right",
            inner.drift_corrected.clone(),
        );
        registry.register(
            "tagalong_drift_watches",
            "Watches for Kustomizations that ask for them with driftDetection",
            inner.drift_watches.clone(),
        );
    }

    /// Lets go of the series of objects that are gone.
    pub fn retain(&self, kinds: &Kinds) {
        self.0.durations.retain(|kind, key| kinds.contains(kind, key));
    }

    /// A listing ended.
    pub(crate) fn scanned(&self, failure: Option<ErrorKind>) {
        let result = failure.map_or("success", ErrorKind::as_str);
        self.0.scans.get_or_create(&[("result", result)]).inc();
    }

    /// Objects that somebody else had changed were set right.
    pub(crate) fn corrected(&self, objects: usize) {
        self.0.drift_corrected.inc_by(objects as u64);
    }

    /// So many kinds and namespaces are watched for drift.
    pub(crate) fn watching(&self, watches: usize) {
        self.0.drift_watches.set(i64::try_from(watches).unwrap_or(i64::MAX));
    }

    /// A push ended.
    pub(crate) fn pushed(&self, push: Push) {
        self.0.pushes.get_or_create(&[("outcome", push.word())]).inc();
    }

    /// A turn of an automation got to its end. `first_seen` holds, for each tag that was written, when a listing
    /// first showed it.
    pub(crate) fn ended(
        &self,
        turn: &TurnReport,
        first_seen: impl Iterator<Item = Timestamp>,
        now: Timestamp,
    ) {
        let outcome = match &turn.outcome {
            TurnOutcome::UpToDate => "up_to_date",
            TurnOutcome::Planned { .. } => "planned",
            TurnOutcome::Pushed { .. } => "pushed",
            TurnOutcome::AlreadyPushed { .. } => "already_pushed",
            TurnOutcome::Waiting(_) => "waiting",
            TurnOutcome::ForeignCommits { .. } => "foreign_commits",
            TurnOutcome::PullRequests { .. } => "pull_requests",
        };
        self.0.outcomes.get_or_create(&[("outcome", outcome)]).inc();
        if matches!(turn.outcome, TurnOutcome::Pushed { .. }) {
            self.0.edits.inc_by(turn.plan.edits.len() as u64);
            self.0.rollbacks.inc_by(u64::from(turn.plan.revert.is_some()));
            for seen in first_seen {
                self.0.tag_to_push.observe(now.duration_since(seen).as_secs_f64().max(0.0));
            }
        }
    }
}
