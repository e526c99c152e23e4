//! What each policy last decided beyond what its status can hold: the spellings that are equal in order to the
//! selected tag (RULES 3), and when a listing first showed it. A cache: without it the selected spelling alone is known.

use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tagalong_model::ObjectKey;
use tagalong_policy::GateHit;

/// From this many decisions on it is looked which policies are still there.
const SWEEP_FROM: usize = 1024;

/// The selected tag, its equals, and what would have been better.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remembered {
    /// The selected tag; empty where none is.
    pub tag: String,
    /// All tags equal to it in order, itself among them, sorted by bytes; empty where it has no other spelling.
    pub equals: Vec<String>,
    /// When a listing first showed the tag.
    pub first_seen: Option<Timestamp>,
    /// The better candidates that gates refused, best first.
    pub gated: Vec<GateHit>,
}

/// The last decision of each policy.
#[derive(Debug, Default)]
pub struct Decisions(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    decisions: HashMap<ObjectKey, Remembered>,
    sweep_at: usize,
}

impl Decisions {
    /// Keeps a decision. Those of policies that do not exist any more are let go at times.
    pub fn remember(&self, policy: &ObjectKey, decision: Remembered, exists: impl Fn(&ObjectKey) -> bool) {
        let mut inner = self.inner();
        if inner.decisions.len() >= inner.sweep_at.max(SWEEP_FROM) {
            inner.decisions.retain(|key, _| exists(key));
            inner.sweep_at = inner.decisions.len() * 2;
        }
        inner.decisions.insert(policy.clone(), decision);
    }

    /// The tags equal in order to `tag`, if that is what the policy last selected; else `tag` alone.
    pub fn equals(&self, policy: &ObjectKey, tag: &str) -> Vec<String> {
        match self.inner().decisions.get(policy) {
            Some(decision) if decision.tag == tag && !decision.equals.is_empty() => decision.equals.clone(),
            _ => vec![tag.to_owned()],
        }
    }

    /// When a listing first showed `tag`, if that is what the policy last selected; of another spelling of it when it
    /// showed the selected one.
    pub fn first_seen(&self, policy: &ObjectKey, tag: &str) -> Option<Timestamp> {
        let inner = self.inner();
        let selected =
            |decision: &&Remembered| decision.tag == tag || decision.equals.iter().any(|equal| equal == tag);
        inner.decisions.get(policy).filter(selected)?.first_seen
    }

    /// The best of the candidates that gates refused.
    pub fn best_gated(&self, policy: &ObjectKey) -> Option<GateHit> {
        self.inner().decisions.get(policy)?.gated.first().cloned()
    }

    /// The candidates that gates refused, best first.
    pub fn gated(&self, policy: &ObjectKey) -> Vec<GateHit> {
        self.inner().decisions.get(policy).map(|decision| decision.gated.clone()).unwrap_or_default()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decision(tag: &str) -> Remembered {
        Remembered { tag: tag.to_owned(), ..Remembered::default() }
    }

    #[test]
    fn another_spelling_of_the_selected_tag_was_seen_as_well() {
        let (decisions, web) = (Decisions::default(), ObjectKey::new("apps", "web"));
        let seen = Timestamp::from_second(7).unwrap();
        let equals = ["1.2.0", "v1.2.0"].map(ToOwned::to_owned).to_vec();
        decisions
            .remember(&web, Remembered { equals, first_seen: Some(seen), ..decision("1.2.0") }, |_| true);
        for (tag, expected) in [("1.2.0", Some(seen)), ("v1.2.0", Some(seen)), ("1.1.0", None)] {
            assert_eq!(decisions.first_seen(&web, tag), expected, "{tag}");
        }
    }

    #[test]
    fn decisions_of_policies_that_are_gone_are_let_go() {
        let decisions = Decisions::default();
        for number in 0..SWEEP_FROM * 3 {
            let key = ObjectKey::new("apps", format!("p{number}"));
            decisions.remember(&key, decision("1.0.0"), |key| key.name == "p7");
        }
        let kept = decisions.inner().decisions.len();
        assert!(kept <= SWEEP_FROM, "{kept}");
        assert_eq!(decisions.equals(&ObjectKey::new("apps", "p7"), "1.0.0"), ["1.0.0"]);
        assert!(decisions.inner().decisions.contains_key(&ObjectKey::new("apps", "p7")));
    }
}
