//! Settling everything once, the same way for `run --once`, `plan` and `explain`: with progress, and with what was
//! begun finished when a signal comes.

use crate::exit::Answer;
use crate::progress;
use crate::wiring::Wired;
use std::sync::Arc;
use std::time::Duration;
use tagalong_engine::{Desk, wheel};
use tokio::sync::watch;

/// What was begun gets this long to finish after a signal.
pub(super) const GRACE: Duration = Duration::from_secs(10);

/// Settles every object once. `true` when a signal ended it early.
pub(super) async fn settle<D: Desk>(wired: &Wired<D>) -> bool {
    let (signalled, mut signal) = watch::channel(false);
    let stop = async {
        stop_signal().await;
        signalled.send_replace(true);
    };
    let overdue = async {
        // The sender lives as long as the work beside.
        _ = signal.clone().wait_for(|signalled| *signalled).await.is_ok();
        tokio::time::sleep(GRACE).await;
        tracing::warn!("not finished within 10 s; the next run does what is left");
    };
    tokio::select! {
        () = progress::shown(wired, wheel::once(Arc::clone(&wired.context), stop)) => {}
        () = overdue => {}
    }
    *signal.borrow_and_update()
}

/// Waits for Ctrl-C, which interrupts, or SIGTERM from a service manager, which is how a service ends well.
pub(super) async fn stop_signal() -> Answer {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => Answer::Interrupted,
        _ = terminate.recv() => Answer::Yes,
    }
}
