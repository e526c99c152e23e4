//! Pins: what the history of a branch refuses at one site (RULES 10 and 11). Pure; `tagalong-engine` reads the
//! history and asks here.
//!
//! ```text
//! at each commit, parents first:
//!   refused  = what every parent refuses                      (the highest ceiling, all exact values)
//!   lowered? + the parent's value                             not ours, below the parent, and its own change
//!   reached? - the ceiling at or below what stands here now   a revert of the revert, a newer tag by hand
//! ```

use crate::{Policy, Value};
use std::cmp::Ordering;

/// What stands at a site, as the policy judges it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// A tag that the policy accepts, with the digest beside it.
    Tag {
        /// What the policy compares.
        value: Value,
        /// The tag itself, for messages.
        tag: String,
        /// The digest, where there is one.
        digest: Option<String>,
    },
    /// A digest or a name alone: the same or another, never above or below.
    Exact(String),
    /// What the policy does not accept: another image, a tag out of range. It is refused by nobody, and refuses what
    /// it replaced.
    Outside,
}

impl Standing {
    fn exact(&self) -> Option<&str> {
        match self {
            Self::Tag { digest, .. } => digest.as_deref(),
            Self::Exact(text) => Some(text),
            Self::Outside => None,
        }
    }
}

/// One commit of a site's history.
#[derive(Debug, Clone)]
pub struct Node {
    /// The commit's name, given back where it refuses something.
    pub commit: String,
    /// What stands at the site in it.
    pub standing: Standing,
    /// Whether the change is our own, which refuses nothing.
    pub ours: bool,
    /// What it stands on; empty where the look-back ends.
    pub parents: Vec<Parent>,
}

/// One parent of a commit.
#[derive(Debug, Clone)]
pub struct Parent {
    /// Its place among the nodes, before this one's.
    pub node: usize,
    /// Whether the difference to it came with another parent: the base of the merge held this parent's value already.
    pub by_merge: bool,
}

/// One value that somebody refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The tag or digest.
    pub text: String,
    /// The commit that took it away.
    pub commit: String,
    value: Option<Value>,
}

/// What is refused at the tip of a history.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pins {
    ceiling: Option<Refused>,
    exact: Vec<Refused>,
}

impl Refused {
    /// Whether it is refused for itself alone, and not all below it too.
    pub fn is_exact(&self) -> bool {
        self.value.is_none()
    }
}

impl Pins {
    /// What refuses to have `standing` written; `None` where nothing does.
    pub fn refusing(&self, policy: &Policy, standing: &Standing) -> Option<&Refused> {
        let above = |ceiling: &Refused| match (standing, &ceiling.value) {
            (Standing::Tag { value, .. }, Some(ceiling)) => {
                policy.compare(value, ceiling) == Some(Ordering::Greater)
            }
            _ => false,
        };
        let exact =
            || self.exact.iter().find(|refused| standing.exact() == Some(refused.text.as_str()));
        self.ceiling.as_ref().filter(|ceiling| !above(ceiling)).or_else(exact)
    }

    /// The values that are refused each for itself, such as digests.
    pub fn exact(&self) -> &[Refused] {
        &self.exact
    }

    fn join(&mut self, policy: &Policy, other: &Self) {
        if let Some(ceiling) = &other.ceiling {
            self.raise(policy, ceiling.clone());
        }
        for refused in &other.exact {
            self.add(refused.clone());
        }
    }

    fn raise(&mut self, policy: &Policy, refused: Refused) {
        let higher = match (&self.ceiling, &refused.value) {
            (Some(Refused { value: Some(there), .. }), Some(new)) => {
                policy.compare(new, there) == Some(Ordering::Greater)
            }
            _ => true,
        };
        if higher {
            self.ceiling = Some(refused);
        }
    }

    fn add(&mut self, refused: Refused) {
        if self.exact.iter().all(|known| known.text != refused.text) {
            self.exact.push(refused);
        }
    }

    /// Takes the value of a parent as refused, if `now` is not at or above it.
    fn refuse(&mut self, policy: &Policy, now: &Standing, before: &Standing, commit: &str) {
        let lowered = match (before, now) {
            (Standing::Tag { value: before, .. }, Standing::Tag { value: now, .. }) => {
                !matches!(policy.compare(now, before), Some(Ordering::Greater | Ordering::Equal))
            }
            _ => true,
        };
        let same_tag = match (before, now) {
            (Standing::Tag { value: before, .. }, Standing::Tag { value: now, .. }) => {
                policy.compare(now, before) == Some(Ordering::Equal)
            }
            _ => false,
        };
        let commit = commit.to_owned();
        match before {
            Standing::Tag { value, tag, .. } if lowered => {
                self.raise(policy, Refused { text: tag.clone(), commit, value: Some(value.clone()) });
            }
            Standing::Tag { digest: Some(digest), .. } if same_tag && now.exact() != Some(digest) => {
                self.add(Refused { text: digest.clone(), commit, value: None });
            }
            Standing::Exact(text) if now.exact() != Some(text) => {
                self.add(Refused { text: text.clone(), commit, value: None });
            }
            Standing::Tag { .. } | Standing::Exact(_) | Standing::Outside => {}
        }
    }

    /// Whoever sets a value at or above the ceiling by hand, or the very digest, lifts it.
    fn clear(&mut self, policy: &Policy, now: &Standing) {
        let reached = |ceiling: &Refused| match (now, &ceiling.value) {
            (Standing::Tag { value, .. }, Some(ceiling)) => {
                matches!(policy.compare(value, ceiling), Some(Ordering::Greater | Ordering::Equal))
            }
            _ => false,
        };
        self.ceiling = self.ceiling.take().filter(|ceiling| !reached(ceiling));
        self.exact.retain(|refused| now.exact() != Some(refused.text.as_str()));
    }
}

impl Policy {
    /// What a site's history refuses at its last node. Parents stand before their children.
    pub fn pins(&self, history: &[Node]) -> Pins {
        let mut states: Vec<Pins> = Vec::with_capacity(history.len());
        for node in history {
            let mut state = Pins::default();
            for parent in &node.parents {
                let (Some(inherited), Some(before)) = (states.get(parent.node), history.get(parent.node)) else {
                    continue;
                };
                state.join(self, inherited);
                if !node.ours && !parent.by_merge {
                    state.refuse(self, &node.standing, &before.standing, &node.commit);
                }
            }
            state.clear(self, &node.standing);
            states.push(state);
        }
        states.pop().unwrap_or_default()
    }
}
