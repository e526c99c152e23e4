//! What is counted of the requests to each host: answers by status, and the waits that its limits cost. Counted by
//! `attempt` and `host`, shown by the binary.
//!
//! The number of series is bounded: hosts beyond the first hundred are counted together, and so are status codes that
//! no registry has a reason to answer with.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry;
use std::collections::HashSet;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Hosts with figures of their own.
const HOSTS: usize = 100;
/// Everything beyond what has figures of its own.
const OTHER: &str = "other";
/// The status codes with figures of their own; those of the distribution specification, and what proxies answer.
const CODES: [(u16, &str); 26] = [
    (200, "200"),
    (201, "201"),
    (202, "202"),
    (204, "204"),
    (206, "206"),
    (301, "301"),
    (302, "302"),
    (303, "303"),
    (304, "304"),
    (307, "307"),
    (308, "308"),
    (400, "400"),
    (401, "401"),
    (402, "402"),
    (403, "403"),
    (404, "404"),
    (405, "405"),
    (406, "406"),
    (408, "408"),
    (410, "410"),
    (416, "416"),
    (429, "429"),
    (500, "500"),
    (502, "502"),
    (503, "503"),
    (504, "504"),
];

/// Counters over all hosts. Cheap to clone; all clones are one.
#[derive(Debug, Clone, Default)]
pub struct Meters {
    requests: Family<Request, Counter>,
    waits: Family<At, Counter>,
    waited: Family<At, Counter<f64, AtomicU64>>,
    hosts: Arc<Mutex<HashSet<String>>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct At {
    host: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    host: String,
    code: &'static str,
}

impl Meters {
    /// Adds the counters to what is shown.
    pub fn register(&self, registry: &mut registry::Registry) {
        registry.register(
            "tagalong_registry_requests",
            "Requests to registries and token services, by host and status code; error where there was no answer",
            self.requests.clone(),
        );
        registry.register(
            "tagalong_registry_rate_limit_waits",
            "Requests that waited for a host's rate limit, or for our own budget for it",
            self.waits.clone(),
        );
        registry.register(
            "tagalong_registry_rate_limit_wait_seconds",
            "Time that those waits took",
            self.waited.clone(),
        );
    }

    /// Where one host is counted.
    pub(crate) fn host(&self, name: &str) -> HostMeter {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let own = hosts.contains(name) || hosts.len() < HOSTS;
        let host = if own { name.to_owned() } else { OTHER.to_owned() };
        hosts.insert(host.clone());
        HostMeter { meters: self.clone(), host }
    }
}

/// The counters of one host.
pub(crate) struct HostMeter {
    meters: Meters,
    host: String,
}

impl HostMeter {
    /// A request went out; `status` is its answer's, where there was one.
    pub(crate) fn asked(&self, status: Option<u16>) {
        let code = match status {
            Some(status) => CODES.iter().find(|(code, _)| *code == status).map_or(OTHER, |(_, word)| word),
            None => "error",
        };
        self.meters.requests.get_or_create(&Request { host: self.host.clone(), code }).inc();
    }

    /// A request has to wait.
    pub(crate) fn waited(&self, wait: Duration) {
        let at = At { host: self.host.clone() };
        self.meters.waits.get_or_create(&at).inc();
        self.meters.waited.get_or_create(&at).inc_by(wait.as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::encoding::text::encode;

    fn shown(meters: &Meters) -> String {
        let mut registry = registry::Registry::default();
        meters.register(&mut registry);
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        text
    }

    #[test]
    fn answers_are_counted_by_host_and_code() {
        let meters = Meters::default();
        let host = meters.host("ghcr.io");
        for status in [Some(200), Some(200), Some(429), Some(799), None] {
            host.asked(status);
        }
        let text = shown(&meters);
        for (code, count) in [("200", 2), ("429", 1), ("other", 1), ("error", 1)] {
            let line =
                format!("tagalong_registry_requests_total{{host=\"ghcr.io\",code=\"{code}\"}} {count}\n");
            assert!(text.contains(&line), "{line} {text}");
        }
    }

    #[test]
    fn a_wait_is_counted_with_its_time() {
        let meters = Meters::default();
        meters.host("quay.io").waited(Duration::from_millis(1500));
        let text = shown(&meters);
        assert!(text.contains("tagalong_registry_rate_limit_waits_total{host=\"quay.io\"} 1\n"), "{text}");
        assert!(text.contains("_wait_seconds_total{host=\"quay.io\"} 1.5\n"), "{text}");
    }

    #[test]
    fn hosts_without_end_are_counted_together() {
        let meters = Meters::default();
        for number in 0..500 {
            meters.host(&format!("r{number}.example")).asked(Some(200));
        }
        let text = shown(&meters);
        assert_eq!(
            text.lines().filter(|line| line.starts_with("tagalong_registry_requests_total")).count(),
            101
        );
        assert!(text.contains("{host=\"other\",code=\"200\"} 400\n"), "{text}");
    }
}
