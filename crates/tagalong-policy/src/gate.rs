//! Gates: checks on a candidate that filter and order already accepted. Run by `decide`, built by the engine.
//!
//! Each gate is one file under `gate/` with one line here, and implements [`Gate`]. A gate is pure: the engine gathers
//! what it needs to know (first sights, platforms, signatures) before, and hands it over in the gate's own fields.

mod minimum_age;
mod platforms;

pub use minimum_age::MinimumAge;
pub use platforms::Platforms;

use jiff::Timestamp;
use std::collections::BTreeMap;
use tagalong_model::Platform;

/// A named check.
pub trait Gate {
    /// Whether this tag may be selected.
    ///
    /// # Errors
    /// The refusal names the reason, and when it will be worth asking again.
    fn check(&self, tag: &str) -> Result<(), GateRefusal>;
}

/// Why a gate refuses a candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateRefusal {
    /// The reason as one CamelCase word, the same wherever it is shown.
    pub reason: &'static str,
    /// A sentence for the user.
    pub message: String,
    /// When the gate will let the tag through without anything else happening; `None` if it never will by itself.
    pub until: Option<Timestamp>,
}

/// What is known of candidates, by tag.
pub type Facts = BTreeMap<String, Fact>;

/// What is known of the image that a tag points to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// When this very image was first seen under the tag.
    pub first_seen: Timestamp,
    /// What it runs on; `None` where nobody asked.
    pub platforms: Option<Vec<Platform>>,
}
