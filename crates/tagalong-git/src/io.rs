//! The one thread that does this crate's network I/O, and waiting for it with a deadline.

use crate::error::{ErrorKind, GitError, Result};
use std::{
    future::Future,
    sync::OnceLock,
    time::{Duration, Instant},
};
use tokio::runtime::{Builder, Runtime};

fn runtime() -> Result<&'static Runtime> {
    static RUNTIME: OnceLock<std::result::Result<Runtime, String>> = OnceLock::new();
    RUNTIME
        .get_or_init(|| {
            Builder::new_multi_thread()
                .worker_threads(1)
                .thread_name("git-io")
                .enable_all()
                .build()
                .map_err(|error| error.to_string())
        })
        .as_ref()
        .map_err(|error| GitError::new(ErrorKind::Disk, format!("cannot start the network thread: {error}")))
}

/// When an operation must have ended. A server that trickles bytes cannot extend it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    at: Instant,
    timeout: Duration,
}

impl Deadline {
    pub(crate) fn after(timeout: Duration) -> Self {
        let now = Instant::now();
        Self { at: now.checked_add(timeout).unwrap_or(now), timeout }
    }

    pub(crate) fn error(&self) -> GitError {
        GitError::new(
            ErrorKind::Timeout,
            format!(
                "no complete answer within {}; check the server, or raise the timeout",
                tagalong_model::format_duration(self.timeout)
            ),
        )
    }

    pub(crate) fn remaining(&self) -> Result<Duration> {
        self.at
            .checked_duration_since(Instant::now())
            .filter(|left| !left.is_zero())
            .ok_or_else(|| self.error())
    }

    /// Waits for `work` on the network thread's reactor.
    pub(crate) fn wait<T>(&self, work: impl Future<Output = T>) -> Result<T> {
        let left = self.remaining()?;
        runtime()?
            .handle()
            .block_on(async { tokio::time::timeout(left, work).await })
            .map_err(|_| self.error())
    }

    /// Leaves `work` running on the network thread.
    pub(crate) fn spawn(work: impl Future<Output = ()> + Send + 'static) -> Result<()> {
        drop(runtime()?.spawn(work));
        Ok(())
    }
}
