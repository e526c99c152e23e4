//! How long a host wants to be left alone by an account. Kept for the life of the process, and shared by all who ask as
//! that account.

use crate::error::{ErrorKind, ForgeError, Result};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

/// A host that asks for more is asked again after this long all the same.
const LONGEST: Duration = Duration::from_secs(3600);
/// For a host that asks for patience and does not say for how long.
const UNSAID: Duration = Duration::from_secs(60);

/// The hosts that asked an account for patience, and until when.
#[derive(Debug, Clone, Default)]
pub(crate) struct Patience(Arc<Mutex<HashMap<String, Instant>>>);

impl Patience {
    /// Whether `host` may be asked now as `account`.
    ///
    /// # Errors
    /// `RateLimited`, with the time that is left.
    pub(crate) fn check(&self, host: &str, account: &str) -> Result<()> {
        let until = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(account).copied();
        match until.map(|until| until.saturating_duration_since(Instant::now())) {
            Some(left) if !left.is_zero() => Err(limited(host, left)),
            _ => Ok(()),
        }
    }

    /// Notes what an answer says of the time to come; the error of an answer that is nothing but that.
    pub(crate) fn note(&self, host: &str, account: &str, status: u16, headers: &HeaderMap) -> Result<()> {
        let Some(wait) = wait(status, headers, SystemTime::now()) else { return Ok(()) };
        let mut hosts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        hosts.retain(|_, until| *until > now);
        hosts.insert(account.to_owned(), now + wait);
        if matches!(status, 403 | 429) { Err(limited(host, wait)) } else { Ok(()) }
    }

    /// The same of a 403 whose headers say nothing: of its secondary limit GitHub may tell in words alone, and wants a
    /// minute then.
    pub(crate) fn note_body(&self, host: &str, account: &str, body: &[u8]) -> Result<()> {
        if !String::from_utf8_lossy(body).to_lowercase().contains("secondary rate limit") {
            return Ok(());
        }
        let until = Instant::now() + UNSAID;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(account.to_owned(), until);
        Err(limited(host, UNSAID))
    }
}

fn limited(host: &str, wait: Duration) -> ForgeError {
    let seconds = wait.as_secs_f64().ceil();
    let message = format!("{host} asks for patience (rate limit); it is asked again in {seconds} s");
    ForgeError::new(ErrorKind::RateLimited(wait), message)
}

/// How long an answer asks to wait: by `Retry-After`, or because nothing is left of the quota (GitHub's
/// `X-RateLimit-*`, and `RateLimit-*` of GitLab and of Gitea behind a proxy).
fn wait(status: u16, headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let either =
        |name: &str| text(&format!("x-ratelimit-{name}")).or_else(|| text(&format!("ratelimit-{name}")));
    let asked = text(RETRY_AFTER.as_str()).and_then(|text| match text.parse::<u64>() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => Some(httpdate::parse_http_date(text).ok()?.duration_since(now).unwrap_or_default()),
    });
    let refused = matches!(status, 403 | 429);
    if let Some(asked) = asked.filter(|_| refused || status == 503) {
        return Some(asked.min(LONGEST));
    }
    if either("remaining") == Some("0")
        && let Some(reset) = either("reset").and_then(|text| text.parse::<u64>().ok())
    {
        return Some(until(reset, now).min(LONGEST));
    }
    (status == 429).then_some(UNSAID)
}

/// From now to a `reset`: seconds since 1970; a small number can only be seconds from now.
fn until(reset: u64, now: SystemTime) -> Duration {
    let reset = Duration::from_secs(reset);
    if reset.as_secs() < 1 << 30 {
        return reset;
    }
    let at = SystemTime::UNIX_EPOCH.checked_add(reset);
    at.map_or(LONGEST, |at| at.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderName;

    #[test]
    fn what_hosts_say_of_the_time_to_come_is_read() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(2_000_000_000);
        for (status, headers, expected) in [
            (429, vec![("retry-after", "7")], Some(7)),
            (403, vec![("retry-after", "60")], Some(60)),
            (403, vec![("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "2000000030")], Some(30)),
            (200, vec![("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "2000000030")], Some(30)),
            (200, vec![("x-ratelimit-remaining", "12"), ("x-ratelimit-reset", "2000000030")], None),
            (429, vec![("ratelimit-remaining", "0"), ("ratelimit-reset", "1999999999")], Some(0)),
            (
                200,
                vec![("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "9223372036854775808")],
                Some(3600),
            ),
            (
                200,
                vec![("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "18446744073709551615")],
                Some(3600),
            ),
            (429, vec![("ratelimit-remaining", "0"), ("ratelimit-reset", "59.3")], Some(60)),
            (429, vec![("ratelimit-remaining", "0")], Some(60)),
            (403, vec![("ratelimit-remaining", "0")], None),
            (429, vec![("retry-after", "18446744073709551615")], Some(3600)),
            (429, vec![], Some(60)),
            (403, vec![], None),
            (429, vec![("retry-after", "999999")], Some(3600)),
            (200, vec![], None),
        ] {
            let map: HeaderMap = headers
                .iter()
                .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()))
                .collect();
            assert_eq!(wait(status, &map, now).map(|wait| wait.as_secs()), expected, "{status} {headers:?}");
        }
    }

    #[test]
    fn what_is_over_is_forgotten() {
        let patience = Patience::default();
        let headers = |seconds: &'static str| HeaderMap::from_iter([(RETRY_AFTER, seconds.parse().unwrap())]);
        for account in ["a", "b", "c"] {
            assert!(patience.note("h", account, 429, &headers("0")).is_err());
        }
        assert!(patience.note("h", "d", 429, &headers("60")).is_err());
        assert_eq!(patience.0.lock().unwrap().len(), 1);
    }

    #[test]
    fn an_account_that_was_asked_for_patience_has_it_and_others_need_not() {
        let patience = Patience::default();
        let headers = HeaderMap::from_iter([(RETRY_AFTER, "60".parse().unwrap())]);
        assert!(patience.note("h", "a", 429, &headers).is_err());
        assert!(matches!(patience.check("h", "a").unwrap_err().kind(), ErrorKind::RateLimited(_)));
        assert!(patience.check("h", "b").is_ok());
    }
}
