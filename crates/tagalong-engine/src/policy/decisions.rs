//! What each policy last decided beyond what its status can hold: the spellings that are equal in order to the
//! selected tag (RULES 3). A cache: without it the selected spelling alone is known.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use tagalong_model::ObjectKey;

/// The selected tag and its equals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// The selected tag.
    pub tag: String,
    /// All tags equal to it in order, itself among them, sorted by bytes.
    pub equals: Vec<String>,
}

/// The last decision of each policy.
#[derive(Debug, Default)]
pub struct Decisions(Mutex<HashMap<ObjectKey, Remembered>>);

impl Decisions {
    /// Keeps a decision; one without other spellings needs no place.
    pub fn remember(&self, policy: &ObjectKey, decision: Remembered) {
        let mut decisions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if decision.equals.len() > 1 {
            decisions.insert(policy.clone(), decision);
        } else {
            decisions.remove(policy);
        }
    }

    /// The tags equal in order to `tag`, if that is what the policy last selected; else `tag` alone.
    pub fn equals(&self, policy: &ObjectKey, tag: &str) -> Vec<String> {
        let decisions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match decisions.get(policy) {
            Some(decision) if decision.tag == tag => decision.equals.clone(),
            _ => vec![tag.to_owned()],
        }
    }
}
