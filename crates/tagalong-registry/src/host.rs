//! What is remembered of one host: who may ask when, and how it likes to be asked. Used by `attempt` and `list`.

use crate::{
    Error, ErrorKind, Options,
    meters::{HostMeter, Meters},
};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU8, AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// One registry host or token service.
pub(crate) struct Host {
    name: String,
    gate: Arc<Semaphore>,
    budget: Mutex<Budget>,
    scheme: AtomicU8,
    page_size: AtomicU32,
    meter: HostMeter,
}

/// A token bucket, and the end of the pause that a 429 asked for.
struct Budget {
    rate: f64,
    burst: f64,
    tokens: f64,
    filled_at: Instant,
    paused_until: Option<Instant>,
}

/// What a host speaks, once that is found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Https = 1,
    Http = 2,
}

/// All hosts of the process.
#[derive(Default)]
pub(crate) struct Hosts {
    map: Mutex<HashMap<String, Arc<Host>>>,
    meters: Meters,
}

impl Hosts {
    /// What is counted of them.
    pub(crate) fn meters(&self) -> &Meters {
        &self.meters
    }

    /// The host of this name, `host[:port]`.
    pub(crate) fn get(&self, name: &str, options: &Options) -> Arc<Host> {
        let mut map = self.map.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(host) = map.get(name) {
            return Arc::clone(host);
        }
        let host = Arc::new(Host::new(name, options, self.meters.host(name)));
        map.insert(name.to_owned(), Arc::clone(&host));
        host
    }
}

impl Host {
    fn new(name: &str, options: &Options, meter: HostMeter) -> Self {
        let burst = f64::from(options.burst.max(1));
        Self {
            name: name.to_owned(),
            gate: Arc::new(Semaphore::new(options.max_scans_per_host.max(1))),
            budget: Mutex::new(Budget {
                rate: options.requests_per_second.max(0.001),
                burst,
                tokens: burst,
                filled_at: Instant::now(),
                paused_until: None,
            }),
            scheme: AtomicU8::new(0),
            page_size: AtomicU32::new(options.page_size.max(1)),
            meter,
        }
    }

    /// One of the places at this host; given back when the permit is dropped.
    pub(crate) async fn enter(&self) -> Result<OwnedSemaphorePermit, Error> {
        // The gate is never closed.
        Arc::clone(&self.gate)
            .acquire_owned()
            .await
            .map_err(|_| Error::new(ErrorKind::Timeout, &self.name, "shutting down"))
    }

    /// Waits until the budget and any pause let one more request out.
    ///
    /// # Errors
    /// `RateLimited`, at once, when that would be after the deadline.
    pub(crate) async fn turn(&self, deadline: Instant) -> Result<(), Error> {
        loop {
            let now = Instant::now();
            let wait = self.budget.lock().unwrap_or_else(PoisonError::into_inner).take(now);
            if wait.is_zero() {
                return Ok(());
            }
            if now + wait >= deadline {
                let kind = ErrorKind::RateLimited { retry_after: Some(wait) };
                let seconds = wait.as_secs_f64().ceil();
                let problem = format!("its request budget, or the pause it asked for, ends in {seconds} s");
                return Err(Error::new(kind, &self.name, problem));
            }
            self.meter.waited(wait);
            tokio::time::sleep(wait).await;
        }
    }

    /// Where its requests are counted.
    pub(crate) fn meter(&self) -> &HostMeter {
        &self.meter
    }

    /// Nobody asks this host until then.
    pub(crate) fn pause(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let mut budget = self.budget.lock().unwrap_or_else(PoisonError::into_inner);
        budget.paused_until = Some(budget.paused_until.map_or(until, |old| old.max(until)));
    }

    /// The scheme that worked last.
    pub(crate) fn scheme(&self) -> Option<Scheme> {
        match self.scheme.load(Ordering::Relaxed) {
            1 => Some(Scheme::Https),
            2 => Some(Scheme::Http),
            _ => None,
        }
    }

    /// Remembers what was found out, or forgets it.
    pub(crate) fn set_scheme(&self, scheme: Option<Scheme>) {
        self.scheme.store(scheme.map_or(0, |s| s as u8), Ordering::Relaxed);
    }

    /// Tags to ask for per page.
    pub(crate) fn page_size(&self) -> u32 {
        self.page_size.load(Ordering::Relaxed)
    }

    /// The host refused larger pages.
    pub(crate) fn set_page_size(&self, size: u32) {
        self.page_size.store(size, Ordering::Relaxed);
    }
}

impl Budget {
    /// Takes one token and returns zero, or returns how long to wait for it.
    fn take(&mut self, now: Instant) -> Duration {
        if let Some(until) = self.paused_until {
            if now < until {
                return until - now;
            }
            self.paused_until = None;
        }
        let rest = now.saturating_duration_since(self.filled_at).as_secs_f64();
        self.tokens = (self.tokens + rest * self.rate).min(self.burst);
        self.filled_at = now;
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Duration::ZERO;
        }
        Duration::from_secs_f64(((1.0 - self.tokens) / self.rate).max(0.001))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(rate: f64, burst: f64, now: Instant) -> Budget {
        Budget { rate, burst, tokens: burst, filled_at: now, paused_until: None }
    }

    #[test]
    fn the_budget_lets_a_burst_out_and_then_its_rate() {
        let start = Instant::now();
        let mut budget = budget(10.0, 3.0, start);
        for _ in 0..3 {
            assert_eq!(budget.take(start), Duration::ZERO);
        }
        assert_eq!(budget.take(start).as_millis(), 100);
        assert_eq!(budget.take(start + Duration::from_millis(100)), Duration::ZERO);
        assert!(budget.take(start + Duration::from_millis(100)) > Duration::ZERO);
        let rested = start + Duration::from_secs(60);
        assert_eq!((0..9).filter(|_| budget.take(rested).is_zero()).count(), 3);
    }

    #[test]
    fn a_pause_holds_everyone_until_it_ends() {
        let start = Instant::now();
        let mut budget = budget(10.0, 3.0, start);
        budget.paused_until = Some(start + Duration::from_secs(5));
        assert_eq!(budget.take(start + Duration::from_secs(1)), Duration::from_secs(4));
        assert_eq!(budget.take(start + Duration::from_secs(5)), Duration::ZERO);
    }
}
