//! When to try again: `Retry-After` in both forms, and back-off with jitter. Used by `attempt`.

use reqwest::header::{HeaderMap, RETRY_AFTER};
use std::time::{Duration, SystemTime};

/// A registry that asks for more is asked again after this long all the same: nobody may switch a host off for
/// everyone else.
const LONGEST: Duration = Duration::from_secs(3600);

/// How long the answer asks us to wait: seconds, or an HTTP date (RFC 9110, 10.2.3). A date that has passed is
/// no wait at all.
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => httpdate::parse_http_date(text).ok()?.duration_since(now).unwrap_or_default(),
    };
    Some(wait.min(LONGEST))
}

/// The pause before the try that follows number `tries`: `base`, three times that, nine times that, each with up
/// to half as much again.
pub(crate) fn back_off(base: Duration, tries: u32) -> Duration {
    let pause = base.saturating_mul(3u32.saturating_pow(tries.saturating_sub(1)));
    pause.mul_f64(1.0 + fastrand::f64() / 2.0).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_retry_after_are_read() {
        let now = httpdate::parse_http_date("Wed, 21 Oct 2026 07:28:00 GMT").unwrap();
        for (text, expected) in [
            ("5", Some(5)),
            (" 0 ", Some(0)),
            ("Wed, 21 Oct 2026 07:28:30 GMT", Some(30)),
            ("Wed, 21 Oct 2026 07:27:00 GMT", Some(0)),
            ("999999999999", Some(3600)),
            ("soon", None),
            ("-1", None),
            ("1.5", None),
        ] {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
            assert_eq!(retry_after(&headers, now).map(|d| d.as_secs()), expected, "{text}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }

    #[test]
    fn pauses_grow_and_never_leave_their_band() {
        for tries in 1..4u32 {
            let base = Duration::from_millis(100) * 3u32.pow(tries - 1);
            for _ in 0..100 {
                let pause = back_off(Duration::from_millis(100), tries);
                assert!(pause >= base && pause <= base + base / 2);
            }
        }
    }
}
