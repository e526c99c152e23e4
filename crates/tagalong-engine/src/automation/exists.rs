//! Rule 5: before a tag is written for the first time its manifest is asked for, once. A tag that is listed but
//! gone, or that the registry will not say anything about, is not written.

use super::plan::{EditPlan, PolicyState};
use super::site::Served;
use crate::context::Context;
use crate::credentials;
use crate::desk::Desk;
use futures::{StreamExt, stream};
use kube::runtime::reflector::ObjectRef;
use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tagalong_api::{ImagePolicy, ImageRepository, Reason, validate};
use tagalong_model::{ObjectKey, Tag};

/// Questions to registries at once; the client's own limits per host count beneath.
const AT_ONCE: usize = 16;
/// From this many remembered answers on, they are forgotten and asked again.
const REMEMBERED: usize = 100_000;

/// Tags whose manifest was there when asked. A cache: without it a question is asked again.
#[derive(Debug, Default)]
pub struct Existing(Mutex<HashSet<(String, String)>>);

impl Existing {
    fn contains(&self, image: &str, tag: &str) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.contains(&(image.to_owned(), tag.to_owned()))
    }

    fn insert(&self, image: String, tag: String) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert((image, tag));
    }
}

/// What came of asking.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// Whether a policy is held now that was not before.
    pub(crate) held: bool,
    /// Why a question was not answered; it is worth asking again soon.
    pub(crate) unanswered: Option<String>,
}

/// Asks for every tag that `plan` would write and that was not asked for yet; policies whose tag is not there are
/// held in `policies`.
pub(crate) async fn ask<D: Desk>(
    context: &Context<D>,
    plan: &EditPlan,
    policies: &mut BTreeMap<ObjectKey, PolicyState>,
) -> Asked {
    let open: Vec<(ObjectKey, Arc<Served>, String)> = plan
        .tags_written()
        .into_iter()
        .filter_map(|(key, tag)| match policies.get(&key) {
            // A reflected digest was asked for by name already.
            Some(PolicyState::Served(served)) if served.digest.is_none() => {
                Some((key, Arc::clone(served), tag))
            }
            _ => None,
        })
        .filter(|(_, served, tag)| !context.existing.contains(&served.name.canonical(), tag))
        .collect();
    let answers: Vec<(ObjectKey, String, Result<bool, String>)> = stream::iter(open)
        .map(|(key, served, tag)| async move {
            let answer = exists(context, &key, &served, &tag).await;
            if answer == Ok(true) {
                context.existing.insert(served.name.canonical(), tag.clone());
            }
            let image = format!("{}:{tag}", served.name);
            (key, image, answer)
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let mut asked = Asked::default();
    for (key, image, answer) in answers {
        let (reason, message) = match answer {
            Ok(true) => continue,
            Ok(false) => (
                Reason::TagGone,
                format!(
                    "{image} is listed, but its manifest is gone (404); it is asked for again at the next turn"
                ),
            ),
            Err(why) => {
                let message = format!("cannot tell whether {image} exists: {why}");
                asked.unanswered = Some(message.clone());
                (Reason::PolicyNotReady, message)
            }
        };
        policies.insert(key, PolicyState::Held { reason, message });
        asked.held = true;
    }
    asked
}

async fn exists<D: Desk>(
    context: &Context<D>,
    key: &ObjectKey,
    served: &Served,
    tag: &str,
) -> Result<bool, String> {
    let kinds = context.desk.kinds();
    let reference = ObjectRef::<ImagePolicy>::new(&key.name).within(&key.namespace);
    let policy = kinds.policies.get(&reference).ok_or("the policy is gone")?;
    let policy = validate::policy(&policy).map_err(|invalid| invalid.message)?;
    let repository = &policy.repository;
    let reference = ObjectRef::<ImageRepository>::new(&repository.name).within(&repository.namespace);
    let repository =
        kinds.repositories.get(&reference).ok_or_else(|| format!("ImageRepository/{repository} is gone"))?;
    let repository = validate::repository(&repository).map_err(|invalid| invalid.message)?;
    let access = credentials::registry::access(&context.desk, &repository).await?;
    let tag: Tag = tag.parse().map_err(|error: tagalong_model::InvalidTag| error.to_string())?;
    context
        .registry
        .exists(&served.name, &tag, &access, Instant::now() + repository.timeout)
        .await
        .map_err(|error| error.to_string())
}
