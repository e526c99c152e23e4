//! ImageRepository: keeps the tag list of one image up to date. Turned by the wheel.
//!
//! ```text
//! gather (credentials) → plan (scan now? why?) → act (list, store) → report (status, events, next turn)
//! ```

mod act;
mod gather;
mod plan;
mod report;

pub use gather::listing_key;
pub use plan::{ScanDecision, due};

use crate::context::Context;
use crate::desk::{Desk, Wish};
use crate::wake::key_of;
use crate::wheel::Failed;
use futures::future::BoxFuture;
use jiff::Timestamp;
use kube::runtime::controller::Action;
use std::sync::Arc;
use std::time::Duration;
use tagalong_api::validate::{self, ValidRepository};
use tagalong_api::{ImageRepository, Reason};

/// Why a turn did not end well.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The condition's reason.
    pub(crate) reason: Reason,
    /// The condition's message.
    pub(crate) message: String,
    /// Whether only a change of the object can help.
    pub(crate) stalled: bool,
}

/// What a turn did.
#[derive(Debug)]
pub(crate) struct Done {
    /// The listing, when this turn made one or the status did not show the stored one yet.
    pub(crate) listed: Option<act::Listed>,
    /// The object, parsed.
    pub(crate) valid: ValidRepository,
    /// Time until the next listing is due.
    pub(crate) next: Duration,
}

/// One turn of one ImageRepository.
pub fn reconcile<D: Desk>(
    object: Arc<ImageRepository>,
    context: Arc<Context<D>>,
) -> BoxFuture<'static, Result<Action, Failed>> {
    Box::pin(async move {
        if !context.desk.admit(Wish::Repository(&object)).await? {
            return Ok(Action::await_change());
        }
        let metered = context.meters.begin("ImageRepository", key_of(object.as_ref()));
        let result = admitted(&object, &context).await;
        metered.end(&result);
        result
    })
}

async fn admitted<D: Desk>(object: &ImageRepository, context: &Context<D>) -> Result<Action, Failed> {
    let now = Timestamp::now();
    if object.spec.suspend.unwrap_or_default() {
        return report::suspended(context, object, now).await;
    }
    let result = turn(object, context, now).await;
    report::report(context, object, result, now).await
}

async fn turn<D: Desk>(
    object: &ImageRepository,
    context: &Context<D>,
    now: Timestamp,
) -> Result<Done, Failure> {
    let valid = validate::repository(object).map_err(|invalid| Failure {
        reason: invalid.reason,
        message: invalid.message,
        stalled: invalid.stalled,
    })?;
    let access = gather::access(&context.desk, &valid).await?;
    let key = listing_key(&valid, &access);
    let head = context.listings.head(&key);
    let (listed, next) = match due(object, &valid, head.as_ref(), now) {
        ScanDecision::NotDue { next } => (act::recall(object, context, &valid, &key)?, next),
        ScanDecision::Scan { why } => {
            tracing::debug!(image = %valid.image, why, "scanning");
            (Some(act::scan(context, &valid, &access, &key, now).await?), valid.interval)
        }
    };
    Ok(Done { listed, valid, next })
}
