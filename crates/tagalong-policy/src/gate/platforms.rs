//! `spec.platforms`: a tag counts only when the image behind it is there for each of them. A multi-platform image that is
//! pushed piece by piece has to wait until it is whole.

use super::{Facts, Gate, GateRefusal};
use tagalong_model::Platform;

/// Refuses images that lack one.
#[derive(Debug, Clone, Copy)]
pub struct Platforms<'a> {
    /// What an image must run on.
    pub wanted: &'a [Platform],
    /// What is known of the candidates.
    pub facts: &'a Facts,
}

impl Platforms<'_> {
    /// The word of its refusals.
    pub const REASON: &'static str = "PlatformMissing";
}

impl Gate for Platforms<'_> {
    fn check(&self, tag: &str) -> Result<(), GateRefusal> {
        let refusal = |message| Err(GateRefusal { reason: Self::REASON, message, until: None });
        let Some(found) = self.facts.get(tag).and_then(|fact| fact.platforms.as_ref()) else {
            return refusal(format!("{tag} was not looked at, because a better tag waits or enough were"));
        };
        let missing: Vec<&Platform> =
            self.wanted.iter().filter(|wanted| !found.iter().any(|found| is(found, wanted))).collect();
        if missing.is_empty() {
            return Ok(());
        }
        refusal(format!("{tag} is not there for {}; it is for {}", list(&missing), list(found)))
    }
}

/// Whether an image for `found` runs on `wanted`. A variant that is left out is the usual one, as container runtimes have
/// it: v8 of arm64, v7 of arm.
fn is(found: &Platform, wanted: &Platform) -> bool {
    fn variant(platform: &Platform) -> &str {
        match (platform.variant.as_deref(), platform.architecture.as_str()) {
            (Some(variant), _) => variant,
            (None, "arm64") => "v8",
            (None, "arm") => "v7",
            (None, _) => "",
        }
    }
    (&found.os, &found.architecture, variant(found)) == (&wanted.os, &wanted.architecture, variant(wanted))
}

fn list(platforms: &[impl ToString]) -> String {
    let words: Vec<String> = platforms.iter().map(ToString::to_string).collect();
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}
