//! ImagePolicy: which tag of an image is the one to run. Turned by the wheel.
//!
//! ```text
//! gather (repository, tag list) → plan (decide) → act (ask for the digest) → report (status, events)
//!                                   └─ gates (look at the best candidates)
//! ```

mod act;
mod decisions;
mod gates;
mod gather;
mod report;
mod words;

pub use decisions::{Decisions, Remembered};

pub use words::in_words;

use crate::context::Context;
use crate::desk::{Desk, Wish};
use crate::wake::key_of;
use crate::wheel::Failed;
use act::Asker;
use futures::future::BoxFuture;
use gates::Weighed;
use jiff::Timestamp;
use kube::runtime::controller::Action;
use std::sync::Arc;
use std::time::Duration;
use tagalong_api::validate::{self, ValidPolicy};
use tagalong_api::{CandidateStatus, ImagePolicy, ImageReference, Reason};
use tagalong_policy::{GateHit, NoTag, Verdict};

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

/// What gates keep back, found out on the way to a selection or to none.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    /// The candidates for the status; `None` where the turn did not get that far.
    pub(crate) candidates: Option<Vec<CandidateStatus>>,
    /// The best candidate that a gate refused.
    pub(crate) best: Option<GateHit>,
    /// When one of them passes without anything else happening.
    pub(crate) until: Option<Timestamp>,
    /// After what time it is looked again whether one of them has become whole, where only its publisher can help.
    pub(crate) again: Option<Duration>,
}

async fn admitted<D: Desk>(object: &ImagePolicy, context: &Context<D>) -> Result<Action, Failed> {
    let now = Timestamp::now();
    if object.spec.suspend.unwrap_or_default() {
        return report::suspended(context, object, now).await;
    }
    if gather::is_early(context, object, now) {
        return Ok(Action::requeue(context.settings.requeue_dependency));
    }
    let mut waiting = Waiting::default();
    let result = turn(object, context, now, &mut waiting).await;
    report::report(context, object, result, waiting, now).await
}

async fn turn<D: Desk>(
    object: &ImagePolicy,
    context: &Context<D>,
    now: Timestamp,
    waiting: &mut Waiting,
) -> Result<Selected, Failure> {
    let valid = validate::policy(object).map_err(|invalid| Failure {
        reason: invalid.reason,
        message: invalid.message,
        retry: if invalid.stalled { Retry::Stalled } else { Retry::WhenWoken },
    })?;
    let repository = gather::repository(context, &valid).await?;
    let access = gather::access(context, &repository).await?;
    let listing = gather::listing(context, &repository, &access)?;
    let asker = Asker { context, repository: &repository, access: &access };
    let tags = listing.iter().filter(|tag| !repository.excluded.matches(tag));
    let Weighed { decision, digests, candidates, unfinished } =
        gates::weigh(context, object, &valid, &asker, tags, now).await?;
    waiting.until = decision.gated.iter().filter_map(|hit| hit.refusal.until).min();
    waiting.again = unfinished.then_some(repository.interval);
    (waiting.best, waiting.candidates) = (decision.gated.first().cloned(), Some(candidates));
    let mut remembered = Remembered { gated: decision.gated, ..Remembered::default() };
    let result = match decision.verdict {
        Verdict::Select { tag, .. } => {
            let latest = asker.reflect(object, &valid, &tag, digests.get(&tag)).await?;
            remembered.equals = if decision.equals.len() > 1 { decision.equals } else { Vec::new() };
            (remembered.first_seen, remembered.tag) = (listing.first_seen(&tag), tag);
            Ok(latest)
        }
        Verdict::Hold { .. } | Verdict::Refuse { why: NoTag::GatesRefuseAll(_) } => {
            gates::kept(object, &valid, &repository, &listing).ok_or_else(|| gates::none_passes(waiting))
        }
        Verdict::Refuse { why } => {
            Err(Failure { reason: Reason::Failure, message: why.to_string(), retry: Retry::WhenWoken })
        }
    };
    let kinds = context.desk.kinds();
    context.decisions.remember(&valid.key, remembered, |key| kinds.contains("ImagePolicy", key));
    result.map(|latest| Selected { latest, valid })
}
