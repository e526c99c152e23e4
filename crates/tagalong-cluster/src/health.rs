//! Whether the watches stand, kind by kind, and what else this process waits for. Written by the watches and the
//! binary, read by `/readyz`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What is not well with each kind or part; one that is well is not in it. Cheap to clone; all clones are one.
#[derive(Debug, Clone, Default)]
pub struct Health(Arc<Mutex<BTreeMap<&'static str, String>>>);

impl Health {
    /// `Kind: what is wrong`, one for each kind whose watch does not stand, and each part that waits.
    pub fn problems(&self) -> Vec<String> {
        let problems = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        problems.iter().map(|(kind, problem)| format!("{kind}: {problem}")).collect()
    }

    /// Notes a problem; `true` when it is another than before, and so worth a word.
    pub fn fail(&self, kind: &'static str, problem: &str) -> bool {
        let mut problems = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        problems.insert(kind, problem.to_owned()).is_none_or(|before| before != problem)
    }

    /// Notes that all is well; `true` when it was not before.
    pub fn well(&self, kind: &'static str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(kind).is_some()
    }
}
