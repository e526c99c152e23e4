//! The limits and manners of the whole process toward registries. Set once, by the binary.

use std::time::Duration;

/// How a [`crate::Registry`] behaves; `Default` is what the product ships.
#[derive(Debug, Clone)]
pub struct Options {
    /// PEM certificates that every request trusts beside the system's.
    pub extra_ca_pem: Option<Vec<u8>>,
    /// Sent as `User-Agent`.
    pub user_agent: String,
    /// Operations at once per registry host; more wait for their turn.
    pub max_scans_per_host: usize,
    /// Requests per second and host once the burst is used up.
    pub requests_per_second: f64,
    /// Requests per host that may go out at once after a rest.
    pub burst: u32,
    /// Tags asked for per page. Quay takes at most 100 and is found out by its answer; ECR at most 1,000.
    pub page_size: u32,
    /// Pages of one listing; a longer one is an error.
    pub max_pages: u32,
    /// Bytes of one page of tags, unpacked.
    pub max_bytes_per_page: usize,
    /// Bytes of all pages of one listing, unpacked.
    pub max_total_bytes: usize,
    /// Bytes of one manifest; the distribution specification asks registries for 4 MiB.
    pub max_bytes_per_manifest: usize,
    /// Tries of one request, the first included.
    pub max_tries: u32,
    /// Pause before the second try; the third waits three times as long. Jitter of one half is added.
    pub retry_pause: Duration,
    /// Time for a connection to stand, TLS included.
    pub connect_timeout: Duration,
    /// Time in which a server must send something.
    pub read_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            extra_ca_pem: None,
            user_agent: concat!("tagalong/", env!("CARGO_PKG_VERSION")).to_owned(),
            max_scans_per_host: 4,
            requests_per_second: 100.0,
            burst: 1000,
            page_size: 1000,
            max_pages: 2000,
            max_bytes_per_page: 16 << 20,
            max_total_bytes: 64 << 20,
            max_bytes_per_manifest: 4 << 20,
            max_tries: 3,
            retry_pause: Duration::from_millis(500),
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(30),
        }
    }
}
