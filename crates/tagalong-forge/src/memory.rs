//! What is remembered of hosts for the life of the process. A cache: without it the same is asked again.

use crate::{github_app::Token, patience::Patience, pull_request::PullRequest};
use jiff::Timestamp;
use secrecy::SecretString;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

/// Which hosts want to be left alone, and tokens that are good for a while. Cheap to clone; all clones are one.
#[derive(Clone, Default)]
pub struct Memory {
    pub(crate) patience: Patience,
    tokens: Arc<Mutex<HashMap<String, Token>>>,
    closed: Arc<Mutex<HashMap<String, Closed>>>,
}

/// What is known of a repository's closed pull requests.
#[derive(Debug, Clone, Default)]
pub(crate) struct Closed {
    /// When the last one was closed that has been seen, of any branch; `None` where not all have been looked at.
    pub(crate) until: Option<Timestamp>,
    /// Which branches' are kept.
    branches: BTreeSet<String>,
    pulls: BTreeMap<u64, PullRequest>,
}

impl Memory {
    /// A token that does not end before then.
    pub(crate) fn token(&self, key: &str, until: Timestamp) -> Option<SecretString> {
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.get(key).filter(|(_, end)| *end > until).map(|(token, _)| token.clone())
    }

    /// What is known of these branches' and others'; nothing where one of them was not asked for before.
    pub(crate) fn closed(&self, key: &str, branches: &[String]) -> Closed {
        let closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        let known = closed.get(key).cloned().unwrap_or_default();
        if branches.iter().all(|branch| known.branches.contains(branch)) {
            return known;
        }
        Closed {
            branches: known.branches.into_iter().chain(branches.iter().cloned()).collect(),
            ..Closed::default()
        }
    }

    /// Adds what was found, the last of them closed at `latest`; gives back all of it.
    pub(crate) fn keep_closed(
        &self,
        key: String,
        mut known: Closed,
        latest: Option<Timestamp>,
        found: Vec<PullRequest>,
    ) -> Vec<PullRequest> {
        known.until = known.until.max(latest);
        let of_branches = found.into_iter().filter(|pull| known.branches.contains(&pull.branch));
        known.pulls.extend(of_branches.map(|pull| (pull.number, pull)));
        let all = known.pulls.values().cloned().collect();
        self.closed.lock().unwrap_or_else(PoisonError::into_inner).insert(key, known);
        all
    }

    pub(crate) fn keep(&self, key: String, token: Token) {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).insert(key, token);
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Memory").field("patience", &self.patience).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pull_request::State;

    fn pull(number: u64, branch: &str) -> PullRequest {
        PullRequest {
            number,
            id: String::new(),
            url: String::new(),
            branch: branch.to_owned(),
            base: "main".to_owned(),
            head: String::new(),
            title: String::new(),
            body: String::new(),
            state: State::Closed,
            draft: false,
            auto_merge: None,
            opened: Timestamp::UNIX_EPOCH,
            updated: Timestamp::UNIX_EPOCH,
            closed: Some(Timestamp::UNIX_EPOCH),
        }
    }

    #[test]
    fn closed_ones_that_were_seen_are_known_until_another_branch_is_asked_for() {
        let memory = Memory::default();
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let (first, later) = (Timestamp::UNIX_EPOCH, Timestamp::from_second(9).unwrap());
        let known = memory.closed("k", &names(&["web"]));
        assert_eq!(known.until, None);
        let all = memory.keep_closed("k".into(), known, Some(first), vec![pull(1, "web"), pull(2, "api")]);
        assert_eq!(all.iter().map(|pull| pull.number).collect::<Vec<_>>(), [1]);

        let known = memory.closed("k", &names(&["web"]));
        assert_eq!(known.until, Some(first));
        let all = memory.keep_closed("k".into(), known, Some(later), vec![pull(3, "web")]);
        assert_eq!(all.iter().map(|pull| pull.number).collect::<Vec<_>>(), [1, 3]);

        assert_eq!(memory.closed("k", &names(&["web"])).until, Some(later));
        assert_eq!(memory.closed("k", &names(&["api"])).until, None, "it may have any that were not kept");
        assert_eq!(memory.closed("another", &names(&["web"])).until, None);
    }
}
