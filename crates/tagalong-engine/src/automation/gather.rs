//! What an automation's turn stands on: its source with credentials, and what each policy of its namespace says.

use super::Failure;
use super::plan::PolicyState;
use super::rule::Rule;
use super::site::Served;
use crate::context::Context;
use crate::credentials;
use crate::desk::Desk;
use crate::mirrors::checkout;
use crate::wake::key_of;
use kube::ResourceExt;
use kube::runtime::reflector::ObjectRef;
use std::collections::BTreeMap;
use std::sync::Arc;
use tagalong_api::validate::{self, DigestReflection, GitRef, ValidAutomation, ValidSource};
use tagalong_api::{GitRepository, ImagePolicy, ImageReference, ImageRepository, Reason};
use tagalong_git::{Checkout, Remote, Signer};
use tagalong_model::ObjectKey;

/// Everything that was gathered.
#[derive(Clone)]
pub(crate) struct Gathered {
    pub(crate) source: ValidSource,
    pub(crate) remote: Remote,
    pub(crate) signer: Option<Arc<Signer>>,
    /// What is read.
    pub(crate) checkout: Checkout,
    /// The branch that is written.
    pub(crate) push_branch: String,
}

fn failure(reason: Reason, message: String) -> Failure {
    Failure { reason, message, stalled: false }
}

pub(crate) async fn gather<D: Desk>(
    context: &Context<D>,
    valid: &ValidAutomation,
) -> Result<Gathered, Failure> {
    let source = source(context, valid)?;
    let remote = credentials::git::remote(
        &context.desk,
        &source,
        context.settings.ca_pem.as_deref(),
        &context.hosts.memory,
    )
    .await
    .map_err(|message| {
        failure(Reason::SourceManagerFailed, format!("failed configuring source manager: {message}"))
    })?;
    let signer = match &valid.signing {
        None => None,
        Some(signing) => {
            let signer = credentials::git::signer(&context.desk, &valid.key.namespace, signing).await;
            Some(Arc::new(signer.map_err(|message| {
                failure(Reason::SourceManagerFailed, format!("failed configuring source manager: {message}"))
            })?))
        }
    };
    let reference = valid
        .checkout
        .clone()
        .or_else(|| source.reference.clone())
        .unwrap_or(GitRef::Branch("master".to_owned()));
    let checkout_branch = match &reference {
        GitRef::Branch(branch) | GitRef::Commit { branch: Some(branch), .. } => Some(branch.clone()),
        GitRef::Name(name) => name.strip_prefix("refs/heads/").map(ToOwned::to_owned),
        _ => None,
    };
    // Pull requests go to the branch that was checked out; push.branch is what their own are below.
    let own = valid.push.branch.clone().filter(|_| valid.pull_request.is_none());
    let push_branch = own.or(checkout_branch).ok_or_else(|| {
        let message = "failed configuring source manager: push spec not provided, and cannot be inferred from \
                       .spec.git.checkout.ref or GitRepository .spec.ref";
        failure(Reason::SourceManagerFailed, message.to_owned())
    })?;
    let checkout = checkout(reference);
    Ok(Gathered { source, remote, signer, checkout, push_branch })
}

fn source<D: Desk>(context: &Context<D>, valid: &ValidAutomation) -> Result<ValidSource, Failure> {
    let key = &valid.source;
    if key.namespace != valid.key.namespace && context.settings.no_cross_namespace_refs {
        let message =
            format!("cannot access 'GitRepository/{key}', cross-namespace references have been blocked");
        return Err(Failure { reason: Reason::AccessDenied, message, stalled: true });
    }
    let reference = ObjectRef::<GitRepository>::new(&key.name).within(&key.namespace);
    let object = context.desk.kinds().sources.get(&reference).ok_or_else(|| {
        failure(
            Reason::SourceManagerFailed,
            format!("failed configuring source manager: GitRepository/{key} not found"),
        )
    })?;
    validate::git_repository(&object).map_err(|invalid| Failure {
        reason: invalid.reason,
        message: format!("GitRepository/{key}: {}", invalid.message),
        stalled: invalid.stalled,
    })
}

/// Policies of the automation's namespace. As with Flux, one that is suspended or not Ready still serves its last
/// selection (RULES 7).
pub(crate) fn policies<D: Desk>(
    context: &Context<D>,
    valid: &ValidAutomation,
) -> (BTreeMap<ObjectKey, PolicyState>, BTreeMap<String, ImageReference>) {
    let mut states = BTreeMap::new();
    let mut observed = BTreeMap::new();
    for policy in context.desk.kinds().policies.state() {
        if policy.namespace().as_deref() != Some(&valid.key.namespace) {
            continue;
        }
        let key = key_of(policy.as_ref());
        if !valid.selector.matches(policy.labels()) {
            states.insert(key, PolicyState::NotSelected);
            continue;
        }
        let state = match served(context, &policy, &key) {
            Some((served, latest)) => {
                observed.insert(key.name.clone(), latest);
                PolicyState::Served(Arc::new(served))
            }
            None => held_back(context, &key).unwrap_or(PolicyState::NotReady),
        };
        states.insert(key, state);
    }
    (states, observed)
}

/// A policy that has selected nothing because gates keep everything back.
fn held_back<D: Desk>(context: &Context<D>, key: &ObjectKey) -> Option<PolicyState> {
    let refusal = context.decisions.best_gated(key)?.refusal;
    let message = format!("ImagePolicy/{key} has selected no tag yet: {}", refusal.message);
    Some(PolicyState::Held { reason: Reason::of(refusal.reason)?, message })
}

fn served<D: Desk>(
    context: &Context<D>,
    policy: &Arc<ImagePolicy>,
    key: &ObjectKey,
) -> Option<(Served, ImageReference)> {
    let latest = policy.status.as_ref()?.latest_ref.clone()?;
    let reference = &policy.spec.image_repository_ref;
    let namespace = reference.namespace.as_deref().unwrap_or(&key.namespace);
    let repository = ObjectRef::<ImageRepository>::new(&reference.name).within(namespace);
    let served = Served {
        name: latest.name.parse().ok()?,
        tag: latest.tag.clone(),
        digest: latest.digest.as_deref().and_then(|digest| digest.parse().ok()),
        reflection: match policy.spec.digest_reflection_policy.as_deref() {
            Some("IfNotPresent") => DigestReflection::IfNotPresent,
            Some("Always") => DigestReflection::Always,
            _ => DigestReflection::Never,
        },
        suspended: policy.spec.suspend.unwrap_or_default(),
        rule: Rule::of(Arc::clone(policy), context.desk.kinds().repositories.get(&repository)),
        equals: context.decisions.equals(key, &latest.tag),
        waiting: context.decisions.best_gated(key),
    };
    Some((served, latest))
}
