//! ImagePolicy: which tag of an image is the one to run. Turned by the wheel.
//!
//! ```text
//! gather (repository, tag list) → plan (decide) → act (ask for the digest) → report (status, events)
//! ```

mod act;
mod decisions;
mod gather;
mod report;

pub use decisions::{Decisions, Remembered};

use crate::context::Context;
use crate::desk::{Desk, Wish};
use crate::wake::key_of;
use crate::wheel::Failed;
use futures::future::BoxFuture;
use jiff::Timestamp;
use kube::runtime::controller::Action;
use std::sync::Arc;
use tagalong_api::validate::{self, ValidPolicy};
use tagalong_api::{ImagePolicy, ImageReference, Reason};
use tagalong_policy::Verdict;

/// Why a turn did not end well.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) reason: Reason,
    pub(crate) message: String,
    pub(crate) retry: Retry,
}

/// What can help after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Retry {
    /// Only a change of the object.
    Stalled,
    /// A change of something this policy is woken for, such as the next listing.
    WhenWoken,
    /// The object that it depends on; looked for again after `--requeue-dependency`.
    Dependency,
    /// The first scan of its ImageRepository, which is under way and wakes it.
    FirstScan,
    /// Time: back off and try again.
    BackOff,
}

/// A tag was selected.
#[derive(Debug)]
pub(crate) struct Selected {
    pub(crate) latest: ImageReference,
    pub(crate) valid: ValidPolicy,
}

/// One turn of one ImagePolicy.
pub fn reconcile<D: Desk>(
    object: Arc<ImagePolicy>,
    context: Arc<Context<D>>,
) -> BoxFuture<'static, Result<Action, Failed>> {
    Box::pin(async move {
        if !context.desk.admit(Wish::Policy(&object)).await? {
            return Ok(Action::await_change());
        }
        let metered = context.meters.begin("ImagePolicy", key_of(object.as_ref()));
        let result = admitted(&object, &context).await;
        metered.end(&result);
        result
    })
}

async fn admitted<D: Desk>(object: &ImagePolicy, context: &Context<D>) -> Result<Action, Failed> {
    let now = Timestamp::now();
    if object.spec.suspend.unwrap_or_default() {
        return report::suspended(context, object, now).await;
    }
    if gather::is_early(context, object, now) {
        return Ok(Action::requeue(context.settings.requeue_dependency));
    }
    let result = turn(object, context).await;
    report::report(context, object, result, now).await
}

async fn turn<D: Desk>(object: &ImagePolicy, context: &Context<D>) -> Result<Selected, Failure> {
    let valid = validate::policy(object).map_err(|invalid| Failure {
        reason: invalid.reason,
        message: invalid.message,
        retry: if invalid.stalled { Retry::Stalled } else { Retry::WhenWoken },
    })?;
    let repository = gather::repository(context, &valid).await?;
    let listing = gather::listing(context, &repository).await?;
    let tags = listing.iter().filter(|tag| !repository.excluded.matches(tag));
    let decision = valid.rule.decide(tags, &[]);
    let tag = match decision.verdict {
        Verdict::Select { tag, .. } => tag,
        Verdict::Hold { why, .. } => {
            return Err(Failure { reason: Reason::Failure, message: why.message, retry: Retry::WhenWoken });
        }
        Verdict::Refuse { why } => {
            return Err(Failure {
                reason: Reason::Failure,
                message: why.to_string(),
                retry: Retry::WhenWoken,
            });
        }
    };
    let latest = act::reflect(context, object, &valid, &repository, &tag).await?;
    let equals = if decision.equals.len() > 1 { decision.equals } else { Vec::new() };
    let remembered = Remembered { first_seen: listing.first_seen(&tag), tag, equals };
    let kinds = context.desk.kinds();
    context.decisions.remember(&valid.key, remembered, |key| kinds.contains("ImagePolicy", key));
    Ok(Selected { latest, valid })
}
