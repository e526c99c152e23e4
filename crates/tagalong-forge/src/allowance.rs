//! How long a host may take for all that one turn asks of it: a slow one holds up what waits for the turn's end.

use crate::error::{ErrorKind, ForgeError, Result};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// For a turn of few requests.
const TURN: Duration = Duration::from_secs(60);
/// For each request beside that: a host that answers so fast is asked for as much as there is.
const REQUEST: Duration = Duration::from_secs(2);

/// What has been asked, and how long it took. All clones are one.
#[derive(Debug, Clone, Default)]
pub struct Allowance(Arc<Mutex<(u32, Duration)>>);

impl Allowance {
    /// Whether more may be asked.
    ///
    /// # Errors
    /// `Unavailable`, with the time that it took so far.
    pub(crate) fn check(&self, host: &str) -> Result<()> {
        let (requests, took) = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if took <= TURN + REQUEST * requests {
            return Ok(());
        }
        let seconds = took.as_secs();
        let message =
            format!("{host} is slow: {requests} requests took {seconds} s; the rest is asked again later");
        Err(ForgeError::new(ErrorKind::Unavailable, message))
    }

    /// Notes a request.
    pub(crate) fn spent(&self, took: Duration) {
        let mut spent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        spent.0 = spent.0.saturating_add(1);
        spent.1 = spent.1.saturating_add(took);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_host_ends_a_turn_and_many_requests_do_not() {
        for (each, requests, expected) in [(29, 2, true), (29, 3, false), (1, 5_000, true), (2, 5_000, true)]
        {
            let allowance = Allowance::default();
            for _ in 0..requests {
                allowance.clone().spent(Duration::from_secs(each));
            }
            assert_eq!(allowance.check("h").is_ok(), expected, "{requests} of {each} s");
        }
    }
}
