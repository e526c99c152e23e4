//! The moment at which a turn had fetched the branch, heard from the product's own log line: budgets that begin
//! "after the fetch" are measured from there.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;
use tracing::{Event, Metadata, Subscriber, level_filters::LevelFilter, subscriber::Interest};
use tracing_subscriber::layer::{Context, SubscriberExt as _};

const TARGET: &str = "tagalong_engine::automation::look";

static AT: Mutex<Option<Instant>> = Mutex::new(None);

/// When the last fetch ended, once.
pub(crate) fn take() -> Option<Instant> {
    AT.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// Begins to listen.
pub(crate) fn listen() {
    // A second job in one process would find the first listener in force.
    _ = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(Listener)).is_ok();
}

struct Listener;

impl<S: Subscriber> tracing_subscriber::Layer<S> for Listener {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if metadata.target() == TARGET { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        metadata.target() == TARGET
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::DEBUG)
    }

    fn on_event(&self, _: &Event<'_>, _: Context<'_, S>) {
        *AT.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }
}
