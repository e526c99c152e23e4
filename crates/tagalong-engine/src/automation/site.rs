//! What happens at one site: write, keep or hold. Pure; called by `plan` for every site that a policy serves.
//!
//! ```text
//! hold in the marker? ─yes→ hold                              "Held"
//! another image there? ─yes→ write                            (rule 2: another name is another image)
//! digest wanted, none reflected? ─yes→ hold                   "NoDigest"   (rule 6)
//! tag there refused by the policy now? ─yes→ write            (rule 2: it left the policy)
//! tag there above the winner? ─yes→ hold                      "CurrentIsAhead"
//! equal in order? ─→ its spelling stays                       (rule 3)
//! otherwise ─→ write
//! ```

use super::rule::Rule;
use std::cmp::Ordering;
use tagalong_api::Reason;
use tagalong_api::validate::DigestReflection;
use tagalong_edit::{Field, Site};
use tagalong_model::{Digest, ImageName, ImageRef, Setter};
use tagalong_policy::{GateHit, Policy, Standing};

/// What a policy says now, as far as a site needs it. Made by `gather`.
#[derive(Debug)]
pub struct Served {
    /// The image, spelled as the ImageRepository spells it.
    pub name: ImageName,
    /// The selected tag, `status.latestRef.tag`.
    pub tag: String,
    /// The reflected digest, `status.latestRef.digest`.
    pub digest: Option<Digest>,
    /// Whether and how the policy reflects digests.
    pub reflection: DigestReflection,
    /// Whether the policy is suspended: then its last selection is written whatever its spec says now (RULES 7).
    pub suspended: bool,
    /// Filter, exclusions and order, for judging the value that is at the site.
    pub rule: Rule,
    /// All tags equal in order to the selected one, the selected one among them.
    pub equals: Vec<String>,
    /// The best candidate that a gate keeps back.
    pub waiting: Option<GateHit>,
}

/// The answer for one site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SiteVerdict {
    /// Every field already holds what it should.
    Keep,
    /// These fields (by their place in the site) get these values.
    Write {
        /// Index of the field within the site, and its new value.
        values: Vec<(usize, String)>,
        /// The tag that will stand there.
        tag: String,
        /// Why the value there now is no longer accepted, when that is why it is written (rule 2).
        left_policy: Option<String>,
    },
    /// Nothing is written at this site.
    Hold {
        /// Why, as one word.
        reason: Reason,
        /// Why, for a person.
        message: String,
    },
}

/// The image that stands at a site now, as far as its fields tell.
#[derive(Debug, Default)]
struct Current {
    name: Option<ImageName>,
    tag: Option<String>,
    digest: Option<Digest>,
}

impl Current {
    fn of(site: &Site) -> Self {
        let mut current = Self::default();
        for field in &site.fields {
            match field.setter {
                Setter::Image => {
                    if let Ok(image) = field.value.parse::<ImageRef>() {
                        current.name = Some(image.name);
                        current.tag = image.tag.map(|tag| tag.as_str().to_owned());
                        current.digest = image.digest;
                    }
                }
                Setter::Name => current.name = field.value.parse().ok(),
                Setter::Tag => current.tag = Some(field.value.clone()).filter(|tag| !tag.is_empty()),
                Setter::Digest => current.digest = field.value.parse().ok(),
            }
        }
        current
    }
}

/// Decides one site.
pub fn decide(site: &Site, served: &Served) -> SiteVerdict {
    if let Some(why) = &site.hold {
        let message = format!("the marker holds this field: {why}; remove \"hold\" from the marker to go on");
        return SiteVerdict::Hold { reason: Reason::Held, message };
    }
    let wants_digest = site.fields.iter().any(|field| field.setter == Setter::Digest);
    if wants_digest && served.digest.is_none() {
        return no_digest(site);
    }
    let current = Current::of(site);
    let same_image = current.name.as_ref().is_none_or(|name| *name == served.name);
    let current_tag = current.tag.as_deref().filter(|_| same_image);
    if current_tag == Some(served.tag.as_str()) {
        return write(site, served, &current, &served.tag, None);
    }
    let Some(rule) = served.rule.get() else { return not_valid(site) };
    if !served.suspended && rule.judge(&served.tag).is_err() {
        return outdated(site, &served.tag);
    }
    let mut left_policy = None;
    let mut tag = tagalong_policy::spelling(&served.equals, current_tag).unwrap_or(&served.tag);
    if let (Some(there), Ok(winner)) = (current_tag, rule.judge(&served.tag)) {
        match rule.judge(there) {
            Ok(value) => match rule.compare(&value, &winner) {
                Some(Ordering::Greater) => return ahead(there, &served.tag),
                Some(Ordering::Equal) => tag = there,
                Some(Ordering::Less) | None => {}
            },
            Err(refusal) => left_policy = Some(format!("{there} left the policy: {refusal}")),
        }
    }
    write(site, served, &current, tag, left_policy)
}

/// What stands at a site, as its history is judged (RULES 10): another image than the policy's, or a tag that the
/// policy does not accept, stands outside.
pub(super) fn standing(site: &Site, served: &Served, rule: &Policy) -> Standing {
    let current = Current::of(site);
    if let [Field { setter: Setter::Name, value, .. }] = site.fields.as_slice() {
        return Standing::Exact(value.clone());
    }
    if current.name.is_some_and(|name| name != served.name) {
        return Standing::Outside { value: None, tag: String::new() };
    }
    let digest = current.digest.as_ref().map(ToString::to_string);
    match (current.tag, digest) {
        (Some(tag), digest) => match rule.judge(&tag) {
            Ok(value) => Standing::Tag { value, tag, digest },
            Err(_) => Standing::Outside { value: rule.compared(&tag), tag },
        },
        (None, Some(digest)) => Standing::Exact(digest),
        (None, None) => Standing::Outside { value: None, tag: String::new() },
    }
}

fn not_valid(site: &Site) -> SiteVerdict {
    let message = format!(
        "ImagePolicy/{} is not valid, so the value here cannot be judged; see its status",
        site.policy
    );
    SiteVerdict::Hold { reason: Reason::PolicyNotReady, message }
}

/// The policy changed and has not decided anew: what it selected before decides nothing any more.
fn outdated(site: &Site, tag: &str) -> SiteVerdict {
    let message = format!(
        "ImagePolicy/{} selected {tag}, which it does not accept as it stands now; it has to decide anew",
        site.policy
    );
    SiteVerdict::Hold { reason: Reason::PolicyNotReady, message }
}

fn no_digest(site: &Site) -> SiteVerdict {
    let policy = &site.policy;
    let message = format!(
        "the marker asks for a digest, but ImagePolicy/{policy} reflects none; set its \
         .spec.digestReflectionPolicy to IfNotPresent or Always"
    );
    SiteVerdict::Hold { reason: Reason::NoDigest, message }
}

fn ahead(there: &str, winner: &str) -> SiteVerdict {
    let message =
        format!("{there} is above {winner}, the best tag of the listing; a tag is never lowered by itself");
    SiteVerdict::Hold { reason: Reason::CurrentIsAhead, message }
}

/// The digest that stays at the site: rule 6 keeps the one that is there when the tag stays, and so does a
/// spelling that the policy did not select, for the reflected digest was asked for the selected one.
fn kept_digest<'a>(served: &Served, current: &'a Current, tag: &str) -> Option<&'a Digest> {
    let stays = current.tag.as_deref() == Some(tag);
    let keeps = served.reflection == DigestReflection::IfNotPresent || tag != served.tag;
    current.digest.as_ref().filter(|_| served.digest.is_some() && stays && keeps)
}

fn write(
    site: &Site,
    served: &Served,
    current: &Current,
    tag: &str,
    left_policy: Option<String>,
) -> SiteVerdict {
    let (tag, digest) = match (kept_digest(served, current, tag), &served.digest) {
        (Some(kept), _) => (tag, Some(kept)),
        (None, Some(reflected)) => (served.tag.as_str(), Some(reflected)),
        (None, None) => (tag, None),
    };
    let value = |field: &Field| match field.setter {
        Setter::Image => {
            let digest = digest.map(|digest| format!("@{digest}")).unwrap_or_default();
            format!("{}:{tag}{digest}", served.name)
        }
        Setter::Name => served.name.as_str().to_owned(),
        Setter::Tag => tag.to_owned(),
        Setter::Digest => digest.map(ToString::to_string).unwrap_or_default(),
    };
    let values: Vec<(usize, String)> = site
        .fields
        .iter()
        .enumerate()
        .map(|(at, field)| (at, value(field)))
        .filter(|(at, new)| site.fields.get(*at).is_some_and(|field| field.value != *new))
        .collect();
    if values.is_empty() {
        SiteVerdict::Keep
    } else {
        SiteVerdict::Write { values, tag: tag.to_owned(), left_policy }
    }
}
