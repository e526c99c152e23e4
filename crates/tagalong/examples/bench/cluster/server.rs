//! What the API server counted of the requests it answered, by its own metrics.

use super::Cluster;
use anyhow::Result;
use http::Request;

/// Verbs that write.
const WRITES: [&str; 5] = ["POST", "PUT", "PATCH", "APPLY", "DELETE"];
/// What a controller asks for. The API server's own requests to itself are for other things.
const RESOURCES: [&str; 7] = [
    "imagerepositories",
    "imagepolicies",
    "imageupdateautomations",
    "gitrepositories",
    "events",
    "secrets",
    "serviceaccounts",
];

/// Requests so far.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Requests {
    /// That change something.
    pub(crate) writes: u64,
    /// That read, but for watches.
    pub(crate) reads: u64,
}

impl Cluster {
    /// The requests for what a controller asks for.
    pub(crate) fn requests(&self) -> Result<Requests> {
        let request = Request::get("/metrics").body(Vec::new())?;
        let text = self.runtime.block_on(self.client.request_text(request))?;
        let mut requests = Requests::default();
        for line in text.lines().filter(|line| line.starts_with("apiserver_request_total{")) {
            let label = |name: &str| line.split(&format!("{name}=\"")).nth(1)?.split('"').next();
            let count =
                line.rsplit(' ').next().and_then(|count| count.parse::<f64>().ok()).unwrap_or_default();
            let (Some(verb), Some(resource)) = (label("verb"), label("resource")) else { continue };
            if !RESOURCES.contains(&resource) || verb == "WATCH" {
                continue;
            }
            match WRITES.contains(&verb) {
                true => requests.writes += count as u64,
                false => requests.reads += count as u64,
            }
        }
        Ok(requests)
    }
}

impl std::ops::Sub for Requests {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self { writes: self.writes - before.writes, reads: self.reads - before.reads }
    }
}
