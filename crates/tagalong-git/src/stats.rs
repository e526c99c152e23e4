//! Counts of the work a mirror has done, so that tests and benches can hold it to a number instead of a time.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A snapshot of the work done since the mirror was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// HTTP requests sent, redirects included; over ssh, commands run on the server.
    pub requests: u64,
    /// Bytes of request bodies, or written to the ssh channel.
    pub bytes_sent: u64,
    /// Bytes of answer bodies, or read from the ssh channel.
    pub bytes_received: u64,
    /// Packs received from the remote.
    pub packs_received: u64,
    /// Trees decoded.
    pub trees_read: u64,
    /// Blobs decoded.
    pub blobs_read: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) requests: AtomicU64,
    pub(crate) bytes_sent: AtomicU64,
    pub(crate) bytes_received: AtomicU64,
    pub(crate) packs_received: AtomicU64,
    pub(crate) trees_read: AtomicU64,
    pub(crate) blobs_read: AtomicU64,
}

impl Counters {
    pub(crate) fn add(counter: &AtomicU64, n: usize) {
        counter.fetch_add(n as u64, Relaxed);
    }

    pub(crate) fn snapshot(&self) -> Stats {
        Stats {
            requests: self.requests.load(Relaxed),
            bytes_sent: self.bytes_sent.load(Relaxed),
            bytes_received: self.bytes_received.load(Relaxed),
            packs_received: self.packs_received.load(Relaxed),
            trees_read: self.trees_read.load(Relaxed),
            blobs_read: self.blobs_read.load(Relaxed),
        }
    }
}
