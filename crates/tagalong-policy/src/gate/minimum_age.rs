//! `spec.minimumAge`: a tag counts only once the digest behind it has been seen for so long (RULES 8).

use super::{Facts, Gate, GateRefusal};
use jiff::Timestamp;
use std::time::Duration;

/// Refuses what is younger.
#[derive(Debug, Clone, Copy)]
pub struct MinimumAge<'a> {
    /// How old a tag must be.
    pub age: Duration,
    /// The time at which it is asked.
    pub now: Timestamp,
    /// What is known of the candidates.
    pub facts: &'a Facts,
}

impl MinimumAge<'_> {
    /// The word of its refusals.
    pub const REASON: &'static str = "TooYoung";
}

impl Gate for MinimumAge<'_> {
    fn check(&self, tag: &str) -> Result<(), GateRefusal> {
        let refusal = |message, until| Err(GateRefusal { reason: Self::REASON, message, until });
        let Some(fact) = self.facts.get(tag) else {
            return refusal(format!("{tag} is looked at when no better tag waits any more"), None);
        };
        let first_seen = fact.first_seen;
        // What lies beyond all calendars never comes.
        let old_enough = first_seen.checked_add(self.age).unwrap_or(Timestamp::MAX);
        if old_enough <= self.now {
            return Ok(());
        }
        let message = format!("{tag} was first seen at {first_seen:.0} and is old enough at {old_enough:.0}");
        refusal(message, Some(old_enough))
    }
}
