//! Rule 2's last word: a tag that stays because it is above the winner may have left the registry; then the message
//! says so. Looks into stored listings only.

use super::plan::EditPlan;
use crate::context::Context;
use crate::credentials;
use crate::desk::Desk;
use crate::repository::listing_key;
use kube::runtime::reflector::ObjectRef;
use tagalong_api::validate;
use tagalong_api::{ImagePolicy, ImageRepository, Reason};
use tagalong_model::{ImageRef, ObjectKey};

/// Notes at each site that is ahead whether its tag is still listed.
pub(crate) async fn note<D: Desk>(context: &Context<D>, plan: &mut EditPlan) {
    for held in plan.held.iter_mut().filter(|held| held.reason == Reason::CurrentIsAhead) {
        let tag = held.value.parse::<ImageRef>().ok().and_then(|image| image.tag);
        let tag = tag.map_or_else(|| held.value.clone(), |tag| tag.as_str().to_owned());
        if listed(context, &held.policy, &tag).await == Some(false) {
            held.message.push_str("; it is no longer listed by the registry");
        }
    }
}

/// Whether the stored listing of a policy's image holds a tag; `None` where that cannot be told.
async fn listed<D: Desk>(context: &Context<D>, policy: &ObjectKey, tag: &str) -> Option<bool> {
    let kinds = context.desk.kinds();
    let policy =
        kinds.policies.get(&ObjectRef::<ImagePolicy>::new(&policy.name).within(&policy.namespace))?;
    let repository = validate::policy(&policy).ok()?.repository;
    let reference = ObjectRef::<ImageRepository>::new(&repository.name).within(&repository.namespace);
    let repository = validate::repository(kinds.repositories.get(&reference)?.as_ref()).ok()?;
    let access = credentials::registry::access(&context.desk, &repository).await.ok()?;
    let listing = context.listings.tags(&listing_key(&repository, &access)).ok()??;
    Some(listing.iter().any(|listed| listed == tag))
}
