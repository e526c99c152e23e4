//! Why a policy selects what it selects, in a few lines: the same rule over the same stored listing that the engine's
//! turn used. Asked by `teller` after each decision.

use kube::runtime::reflector::ObjectRef;
use std::fmt::Write as _;
use std::sync::Arc;
use tagalong_api::validate::{self, ValidPolicy, ValidRepository};
use tagalong_api::{ImagePolicy, ImagePolicySpec, ImageRepository};
use tagalong_engine::repository::listing_key;
use tagalong_engine::{Context, Desk, credentials};
use tagalong_files::FilesDesk;
use tagalong_model::ObjectKey;
use tagalong_policy::Ranking;

/// Tags of one kind that are named; more are counted.
const NAMED: usize = 3;

/// A policy with what it judges.
pub(crate) struct Judged {
    object: Arc<ImagePolicy>,
    valid: ValidPolicy,
    /// The tags of the last complete listing, without the excluded ones.
    tags: Vec<String>,
}

/// The tags of a repository's last complete listing, in the order of bytes, without the excluded ones; `None` where
/// there is none.
pub(crate) async fn listed(context: &Context<FilesDesk>, key: &ObjectKey) -> Option<Vec<String>> {
    let reference = ObjectRef::<ImageRepository>::new(&key.name).within(&key.namespace);
    let object = context.desk.kinds().repositories.get(&reference)?;
    let valid: ValidRepository = validate::repository(&object).ok()?;
    let access = credentials::registry::access(&context.desk, &valid).await.ok()?;
    let listing = context.listings.tags(&listing_key(&valid, &access)).ok()??;
    let mut tags: Vec<String> =
        listing.iter().filter(|tag| !valid.excluded.matches(tag)).map(ToOwned::to_owned).collect();
    tags.sort_unstable();
    Some(tags)
}

impl Judged {
    /// The policy as it is now, over the listing as it is now; `None` where either is missing or invalid.
    pub(crate) async fn read(context: &Context<FilesDesk>, key: &ObjectKey) -> Option<Self> {
        let reference = ObjectRef::<ImagePolicy>::new(&key.name).within(&key.namespace);
        let object = context.desk.kinds().policies.get(&reference)?;
        let valid = validate::policy(&object).ok()?;
        let tags = listed(context, &valid.repository).await?;
        Some(Self { object, valid, tags })
    }

    /// The ImageRepository whose tags are judged.
    pub(crate) fn repository(&self) -> &ObjectKey {
        &self.valid.repository
    }

    /// The rule, and how it went through the listing.
    pub(crate) fn why(&self) -> String {
        let ranking = self.valid.rule.rank(self.tags.iter().map(String::as_str));
        let mut text = format!("by {}", rule(&self.object.spec));
        // Writing to a String cannot fail.
        _ = write!(
            text,
            "\naccepted {} of {}: {}",
            ranking.accepted.len(),
            self.tags.len(),
            accepted(&ranking)
        )
        .is_ok();
        if !ranking.refused.is_empty() {
            _ = write!(text, "\nrefused  {}", refused(&ranking)).is_ok();
        }
        text
    }

    /// What becomes of one tag.
    pub(crate) fn verdict(&self, tag: &str, selected: &str) -> String {
        match self.valid.rule.judge(tag) {
            Ok(_) => format!("{tag} is accepted and below {selected}"),
            Err(refusal) => format!("{tag} {refusal}"),
        }
    }
}

/// The accepted, best first; with what is compared, where that is not the tag itself.
fn accepted(ranking: &Ranking) -> String {
    let shown = ranking.accepted.iter().map(|ranked| {
        if ranked.value == ranked.tag {
            ranked.tag.clone()
        } else {
            format!("{} ({})", ranked.tag, ranked.value)
        }
    });
    named(shown, ranking.accepted.len())
}

fn refused(ranking: &Ranking) -> String {
    let shown = ranking.refused.iter().map(|(tag, refusal)| format!("{tag} ({})", refusal.reason()));
    named(shown, ranking.refused.len())
}

fn named(texts: impl Iterator<Item = String>, count: usize) -> String {
    let mut text = texts.take(NAMED).collect::<Vec<_>>().join(", ");
    if count > NAMED {
        // Writing to a String cannot fail.
        _ = write!(text, " and {} more", count - NAMED).is_ok();
    }
    text
}

/// The rule in the words of the object.
fn rule(spec: &ImagePolicySpec) -> String {
    let direction = |order: Option<&str>| order.unwrap_or("asc").to_owned();
    let mut text = match &spec.policy {
        choice if choice.semver.is_some() => {
            format!(
                "semver {}",
                choice.semver.as_ref().map(|semver| semver.range.as_str()).unwrap_or_default()
            )
        }
        choice => match (&choice.alphabetical, &choice.numerical) {
            (Some(order), _) => format!("alphabetical {}", direction(order.order.as_deref())),
            (_, Some(order)) => format!("numerical {}", direction(order.order.as_deref())),
            _ => String::new(),
        },
    };
    if let Some(filter) = &spec.filter_tags {
        // Writing to a String cannot fail.
        _ = write!(text, ", filter {}", filter.pattern.as_deref().unwrap_or_default()).is_ok();
        if let Some(extract) = &filter.extract {
            _ = write!(text, ", compared by {extract}").is_ok();
        }
    }
    text
}
