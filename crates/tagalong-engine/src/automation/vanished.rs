//! Rule 2's last word: a tag that stays because it is above the winner may have left the registry; then the message
//! says so. Looks into stored listings only.

use super::plan::EditPlan;
use crate::context::Context;
use crate::credentials;
use crate::desk::Desk;
use crate::repository::listing_key;
use kube::runtime::reflector::ObjectRef;
use std::collections::{HashMap, HashSet};
use tagalong_api::validate;
use tagalong_api::{ImagePolicy, ImageRepository, Reason};
use tagalong_model::{ImageRef, ObjectKey};

/// Notes at each site that is ahead whether its tag is still listed. Each policy's listing is read once.
pub(crate) async fn note<D: Desk>(context: &Context<D>, plan: &mut EditPlan) {
    let mut listings: HashMap<ObjectKey, Option<HashSet<String>>> = HashMap::new();
    for held in plan.held.iter_mut().filter(|held| held.reason == Reason::CurrentIsAhead) {
        let tag = held.value.parse::<ImageRef>().ok().and_then(|image| image.tag);
        let tag = tag.map_or_else(|| held.value.clone(), |tag| tag.as_str().to_owned());
        if !listings.contains_key(&held.policy) {
            listings.insert(held.policy.clone(), listed(context, &held.policy).await);
        }
        let gone =
            listings.get(&held.policy).and_then(Option::as_ref).is_some_and(|tags| !tags.contains(&tag));
        if gone {
            held.message.push_str("; it is no longer listed by the registry");
        }
    }
}

/// The stored listing of a policy's image; `None` where there is none to be had.
async fn listed<D: Desk>(context: &Context<D>, policy: &ObjectKey) -> Option<HashSet<String>> {
    let kinds = context.desk.kinds();
    let policy =
        kinds.policies.get(&ObjectRef::<ImagePolicy>::new(&policy.name).within(&policy.namespace))?;
    let repository = validate::policy(&policy).ok()?.repository;
    let reference = ObjectRef::<ImageRepository>::new(&repository.name).within(&repository.namespace);
    let repository = validate::repository(kinds.repositories.get(&reference)?.as_ref()).ok()?;
    let access = credentials::registry::access(&context.desk, &repository).await.ok()?;
    let listing = context.listings.tags(&listing_key(&repository, &access)).ok()??;
    Some(listing.iter().map(ToOwned::to_owned).collect())
}
