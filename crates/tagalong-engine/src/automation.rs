//! ImageUpdateAutomation: writes what the policies decided into the marked fields of a Git repository, commits and
//! pushes. Turned by the wheel.
//!
//! ```text
//! gather (source, credentials, policies)
//!   └▶ look (fetch the branch, find its sites)   ◀──┐
//!        └▶ plan (pure)                             │ the branch moved: again, at most 10 times
//!             └▶ act (exists? commit, wait? push) ──┘
//!   └▶ report (status, events, next turn)
//! ```

mod act;
mod branch;
mod exists;
mod gather;
mod index;
mod look;
mod message;
mod pace;
mod pinned;
mod pins;
mod plan;
mod pulled;
mod pulls;
mod recent;
mod report;
mod rollback;
mod round;
mod rule;
mod site;
mod turn_report;
mod turns;
mod unpin;
mod vanished;
mod wait;

pub use exists::Existing;
pub(crate) use index::SiteIndex;
pub(crate) use look::Seen;
pub use message::{AUTOMATION, DEFAULT_MESSAGE, UPDATE};
pub(crate) use pins::LookBack;
pub use pins::{Pin, UNPIN};
pub use plan::{EditPlan, FileProblem, HeldSite, MarkedFile, PlannedEdit, PolicyState, WaitingTag, plan};
pub use pulls::{DEFAULT_BODY, DEFAULT_TITLE, Hosts};
pub use rollback::Revert;
pub use rule::Rule;
pub use site::{Served, SiteVerdict, decide};
pub use turn_report::{FileChange, PullAction, PullTurn, TurnOutcome, TurnReport};
pub use turns::Turns;
pub use unpin::{Unpinned, unpin};
pub use wait::Wait;

use crate::context::Context;
use crate::desk::{Desk, Wish};
use crate::known_tips::KnownTip;
use crate::wake::key_of;
use crate::wheel::Failed;
use futures::future::BoxFuture;
use jiff::Timestamp;
use kube::runtime::controller::Action;
use std::collections::BTreeMap;
use std::sync::Arc;
use tagalong_api::{ImageReference, ImageUpdateAutomation, Reason, validate};

/// Why a turn did not end well.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) reason: Reason,
    pub(crate) message: String,
    pub(crate) stalled: bool,
}

/// A turn that went to its end, whether or not there was something to write.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) turn: TurnReport,
    pub(crate) observed_policies: BTreeMap<String, ImageReference>,
    pub(crate) observed_revision: String,
    /// Whether pull requests were left as they are beside what the turn did.
    pub(crate) leaves_pulls: bool,
    /// The tip of the branch that was read, as the turn left it.
    pub(crate) tip: Option<KnownTip>,
    /// What a registry or a host did not answer, as reason and message: the turn is worth another try soon.
    pub(crate) failure: Option<(Reason, String)>,
    pub(crate) interval: std::time::Duration,
    /// The next turn comes after so long at most: there is something that nobody will tell of.
    pub(crate) soon: Option<std::time::Duration>,
}

/// One turn of one ImageUpdateAutomation.
pub fn reconcile<D: Desk>(
    object: Arc<ImageUpdateAutomation>,
    context: Arc<Context<D>>,
) -> BoxFuture<'static, Result<Action, Failed>> {
    Box::pin(async move {
        if !context.desk.admit(Wish::Automation(&object)).await? {
            return Ok(Action::await_change());
        }
        let metered = context.meters.begin("ImageUpdateAutomation", key_of(object.as_ref()));
        let result = admitted(&object, &context).await;
        metered.end(&result);
        result
    })
}

async fn admitted<D: Desk>(object: &ImageUpdateAutomation, context: &Context<D>) -> Result<Action, Failed> {
    let now = Timestamp::now();
    if object.spec.suspend.unwrap_or_default() {
        return report::suspended(context, object, now).await;
    }
    let result = turn(object, context, now).await;
    report::report(context, object, result, now).await
}

async fn turn<D: Desk>(
    object: &ImageUpdateAutomation,
    context: &Context<D>,
    now: Timestamp,
) -> Result<Done, Failure> {
    let valid = validate::automation(object).map_err(|invalid| Failure {
        reason: invalid.reason,
        message: invalid.message,
        stalled: invalid.stalled,
    })?;
    let gathered = gather::gather(context, &valid).await?;
    let lock_key = format!("{} {}", gathered.remote.url.lock_key(), gathered.push_branch);
    let _turn = context.turns.take(lock_key.clone()).await;
    act::write(context, &valid, gathered, &lock_key, now).await
}
