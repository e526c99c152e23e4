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
    /// What the policy does not accept: another image, a tag out of range. As the policy is now it is refused by
    /// nobody, and it refuses what it replaced.
    Outside {
        /// What would be compared of a tag of the same image.
        value: Option<Value>,
        /// That tag; empty where there is none.
        tag: String,
    },
}

impl Standing {
    fn exact(&self) -> Option<&str> {
        match self {
            Self::Tag { digest, .. } => digest.as_deref(),
            Self::Exact(text) => Some(text),
            Self::Outside { .. } => None,
        }
    }

    /// What is compared, and the tag that it was read from.
    fn ordered(&self) -> Option<(&Value, &str)> {
        match self {
            Self::Tag { value, tag, .. } => Some((value, tag)),
            Self::Outside { value, tag } => Some((value.as_ref()?, tag)),
            Self::Exact(_) => None,
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

impl Refused {
    /// Whether it is refused for itself alone, and not all below it too.
    pub fn is_exact(&self) -> bool {
        self.value.is_none()
    }
}

/// What is refused at the tip of a history.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pins {
    ceiling: Option<Refused>,
    exact: Vec<Refused>,
    /// The highest that was refused of what the policy does not accept now, and may again.
    outside: Option<Refused>,
}

impl Pins {
    /// What refuses to have `standing` written; `None` where nothing does.
    pub fn refusing(&self, policy: &Policy, standing: &Standing) -> Option<&Refused> {
        let above = |ceiling: &Refused| match standing {
            Standing::Tag { value, .. } => stands(policy, value, ceiling) == Some(Ordering::Greater),
            Standing::Exact(_) | Standing::Outside { .. } => false,
        };
        let exact = || self.exact.iter().find(|refused| standing.exact() == Some(refused.text.as_str()));
        self.ceiling.as_ref().filter(|ceiling| !above(ceiling)).or_else(exact)
    }

    /// What stays refused when `standing` is written. Whoever writes it says so in the commit, or a look-back that ends
    /// there would not find it.
    pub fn staying(mut self, policy: &Policy, standing: &Standing) -> Vec<Refused> {
        self.clear(policy, standing);
        self.outside.into_iter().chain(self.exact).collect()
    }

    fn join(&mut self, policy: &Policy, other: &Self) {
        let Self { ceiling, exact, outside } = other.clone();
        ceiling.into_iter().for_each(|refused| raise(policy, &mut self.ceiling, refused));
        outside.into_iter().for_each(|refused| raise(policy, &mut self.outside, refused));
        exact.into_iter().for_each(|refused| self.add(refused));
    }

    fn add(&mut self, refused: Refused) {
        if self.exact.iter().all(|known| known.text != refused.text) {
            self.exact.push(refused);
        }
    }

    /// Takes the value of a parent as refused, if `now` is not at or above it.
    fn refuse(&mut self, policy: &Policy, now: &Standing, before: &Standing, commit: &str) {
        let accepted = |standing: &Standing| !matches!(standing, Standing::Outside { .. });
        let order = match (now.ordered(), before.ordered()) {
            // What the policy does not accept does not compare with what it does.
            (Some((now_value, _)), Some((value, _))) if accepted(now) || !accepted(before) => {
                policy.compare(now_value, value)
            }
            _ => None,
        };
        let refused = |text: &str, value: Option<&Value>| Refused {
            text: text.to_owned(),
            commit: commit.to_owned(),
            value: value.cloned(),
        };
        match (before, order) {
            (_, Some(Ordering::Greater)) => {}
            (Standing::Tag { digest, .. }, Some(Ordering::Equal)) => {
                if let Some(digest) = digest.as_deref().filter(|digest| now.exact() != Some(digest)) {
                    self.add(refused(digest, None));
                }
            }
            (Standing::Tag { value, tag, .. }, _) => {
                raise(policy, &mut self.ceiling, refused(tag, Some(value)))
            }
            (Standing::Exact(text), _) if now.exact() != Some(text) => self.add(refused(text, None)),
            (Standing::Outside { value: Some(value), tag }, Some(Ordering::Less) | None) => {
                raise(policy, &mut self.outside, refused(tag, Some(value)));
            }
            (Standing::Exact(_) | Standing::Outside { .. }, _) => {}
        }
    }

    /// Whoever sets a value at or above the ceiling by hand, or the very digest, lifts it.
    fn clear(&mut self, policy: &Policy, now: &Standing) {
        let below = |refused: &Refused, now: Option<&Value>| {
            let order = now.and_then(|now| stands(policy, now, refused));
            !matches!(order, Some(Ordering::Greater | Ordering::Equal))
        };
        let accepted = match now {
            Standing::Tag { value, .. } => Some(value),
            Standing::Exact(_) | Standing::Outside { .. } => None,
        };
        let any = now.ordered().map(|(value, _)| value);
        self.ceiling = self.ceiling.take().filter(|refused| below(refused, accepted));
        self.outside = self.outside.take().filter(|refused| below(refused, any));
        self.exact.retain(|refused| now.exact() != Some(refused.text.as_str()));
    }
}

fn stands(policy: &Policy, value: &Value, refused: &Refused) -> Option<Ordering> {
    policy.compare(value, refused.value.as_ref()?)
}

/// Keeps the higher of two; the one that was there first where they are equal.
fn raise(policy: &Policy, highest: &mut Option<Refused>, refused: Refused) {
    let higher = match (&*highest, &refused.value) {
        (Some(there), Some(value)) => stands(policy, value, there) == Some(Ordering::Greater),
        _ => true,
    };
    if higher {
        *highest = Some(refused);
    }
}

impl Policy {
    /// What a site's history refuses at its last node. Parents stand before their children.
    pub fn pins(&self, history: &[Node]) -> Pins {
        let mut states: Vec<Pins> = Vec::with_capacity(history.len());
        for node in history {
            let mut state = Pins::default();
            for parent in &node.parents {
                let (Some(inherited), Some(before)) = (states.get(parent.node), history.get(parent.node))
                else {
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
