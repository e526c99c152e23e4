//! Counters over findings, and gauges over the objects as they stand, in Prometheus' text format. No label takes a
//! value from a registry or a repository, so their number stays small.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};
use tagalong_engine::automation::TurnOutcome;
use tagalong_engine::{EventType, Finding, Kinds, Record};

/// What has happened since the process began.
#[derive(Default)]
pub(super) struct Counters(Mutex<Counts>);

#[derive(Default)]
struct Counts {
    /// Turns by kind and result.
    turns: BTreeMap<(&'static str, &'static str), u64>,
    /// Turns of automations by how they ended.
    outcomes: BTreeMap<&'static str, u64>,
    /// Values written.
    edits: u64,
    /// Pushes that had to be planned again because the branch moved.
    moved: u64,
}

impl Counters {
    /// Takes a finding into account.
    pub(super) fn count(&self, finding: &Finding) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (kind, events) = match finding {
            Finding::Repository { events, .. } => ("ImageRepository", events),
            Finding::Policy { events, .. } => ("ImagePolicy", events),
            Finding::Automation { events, .. } => ("ImageUpdateAutomation", events),
            Finding::Source { events, .. } => ("GitRepository", events),
        };
        let failed = events.iter().any(|event| event.event_type == EventType::Warning);
        *counts.turns.entry((kind, if failed { "failure" } else { "success" })).or_default() += 1;
        let Finding::Automation { turn: Some(turn), .. } = finding else { return };
        let outcome = match &turn.outcome {
            TurnOutcome::UpToDate => "up_to_date",
            TurnOutcome::Planned { .. } => "planned",
            TurnOutcome::Pushed { .. } => "pushed",
            TurnOutcome::AlreadyPushed { .. } => "already_pushed",
            TurnOutcome::ForeignCommits { .. } => "foreign_commits",
        };
        *counts.outcomes.entry(outcome).or_default() += 1;
        counts.moved += u64::from(turn.moved);
        if matches!(turn.outcome, TurnOutcome::Pushed { .. }) {
            counts.edits += turn.plan.edits.len() as u64;
        }
    }

    /// Everything as text.
    pub(super) fn text(&self, kinds: &Kinds, record: &Record) -> String {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut out = String::new();
        let mut family = |name: &str, kind: &str, help: &str, samples: Vec<(String, u64)>| {
            // Writing to a String cannot fail.
            _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}").is_ok();
            for (labels, value) in samples {
                _ = writeln!(out, "{name}{labels} {value}").is_ok();
            }
        };
        let turns = counts
            .turns
            .iter()
            .map(|((kind, result), n)| (format!("{{kind=\"{kind}\",result=\"{result}\"}}"), *n));
        family("tagalong_turns_total", "counter", "Turns by kind and result.", turns.collect());
        let outcomes = counts.outcomes.iter().map(|(outcome, n)| (format!("{{outcome=\"{outcome}\"}}"), *n));
        family(
            "tagalong_automation_turns_total",
            "counter",
            "Turns of automations by how they ended.",
            outcomes.collect(),
        );
        family(
            "tagalong_edits_total",
            "counter",
            "Values written and pushed.",
            vec![(String::new(), counts.edits)],
        );
        let moved = vec![(String::new(), counts.moved)];
        family(
            "tagalong_push_conflicts_total",
            "counter",
            "Pushes planned again because the branch had moved.",
            moved,
        );
        let mut held: BTreeMap<&'static str, u64> = BTreeMap::new();
        let mut problems: BTreeMap<&'static str, u64> = BTreeMap::new();
        for turn in record.turns() {
            turn.plan.held.iter().for_each(|site| *held.entry(site.reason.as_str()).or_default() += 1);
            turn.plan.problems.iter().for_each(|problem| *problems.entry(problem.reason).or_default() += 1);
        }
        let by_reason = |map: BTreeMap<&str, u64>| {
            map.into_iter().map(|(r, n)| (format!("{{reason=\"{r}\"}}"), n)).collect()
        };
        family("tagalong_held_sites", "gauge", "Sites that are held, by reason.", by_reason(held));
        family(
            "tagalong_marker_problems",
            "gauge",
            "Markers and files nobody can serve, by reason.",
            by_reason(problems),
        );
        let objects = [
            ("ImageRepository", kinds.repositories.len()),
            ("ImagePolicy", kinds.policies.len()),
            ("ImageUpdateAutomation", kinds.automations.len()),
        ];
        let objects = objects.iter().map(|(kind, n)| (format!("{{kind=\"{kind}\"}}"), *n as u64));
        family("tagalong_objects", "gauge", "Objects by kind.", objects.collect());
        out
    }
}
