//! A question to one host with everything that patience means: turns, pauses, tries, and the way from https to
//! plain http where that is allowed. Used by `session` and `auth::token`.

use crate::{
    Error, ErrorKind, Options,
    client::Clients,
    host::{Host, Scheme},
    retry::{back_off, retry_after},
    share::Deadline,
    transport::{Answer, Failure, Outgoing, send},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

/// A way to one host.
pub(crate) struct Line<'a> {
    pub(crate) options: &'a Options,
    pub(crate) host: Arc<Host>,
    pub(crate) clients: Clients,
    pub(crate) deadline: &'a Deadline,
    /// What errors begin with: the image, or the token service.
    pub(crate) subject: String,
    /// Plain http may be tried where TLS is not spoken; without it the URL's scheme stands.
    pub(crate) may_fall_back: bool,
}

impl Line<'_> {
    /// Asks until there is an answer that waiting would not change; every try is added to `requests`.
    ///
    /// # Errors
    /// When tries or time run out: the last failure. Statuses other than 408, 429 and 5xx are answers.
    pub(crate) async fn ask(&self, outgoing: &Outgoing, requests: &AtomicU32) -> Result<Answer, Error> {
        let mut tries = 0;
        loop {
            tries += 1;
            self.host.turn(self.deadline.get()).await?;
            requests.fetch_add(1, Ordering::Relaxed);
            let sent = self.send(outgoing).await;
            self.host.meter().asked(sent.as_ref().ok().map(|answer| answer.status.as_u16()));
            let (error, wait) = match sent {
                Ok(answer) if !is_worth_a_retry(answer.status.as_u16()) => return Ok(answer),
                Ok(answer) => self.refused(&answer, tries),
                Err(failure) => {
                    let lasting = !matches!(failure.kind, ErrorKind::Timeout | ErrorKind::Connect);
                    let error = failure.into_error(&self.subject);
                    if lasting {
                        return Err(error);
                    }
                    (error, back_off(self.options.retry_pause, tries))
                }
            };
            if tries >= self.options.max_tries || Instant::now() + wait >= self.deadline.get() {
                return Err(error);
            }
            if matches!(error.kind(), ErrorKind::RateLimited { .. }) {
                self.host.meter().waited(wait);
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// The error for an answer that asks for patience, and how much. A 429 holds back everyone who asks this host.
    fn refused(&self, answer: &Answer, tries: u32) -> (Error, Duration) {
        let status = answer.status.as_u16();
        let asked = retry_after(&answer.headers, SystemTime::now());
        let wait = asked.unwrap_or_else(|| back_off(self.options.retry_pause, tries));
        if status == 429 {
            self.host.pause(wait);
        }
        (Error::from_status(&self.subject, status, asked, &answer.body), wait)
    }

    async fn send(&self, outgoing: &Outgoing) -> Result<Answer, Failure> {
        if !self.may_fall_back {
            return send(&self.clients, outgoing).await;
        }
        let mut plain = outgoing.clone();
        // Both schemes are ones that `set_scheme` accepts for a web address.
        _ = plain.url.set_scheme("http");
        if self.host.scheme() == Some(Scheme::Http) {
            let result = send(&self.clients, &plain).await;
            if result.is_err() {
                self.host.set_scheme(None);
            }
            return result;
        }
        match send(&self.clients, outgoing).await {
            // Another request may have found out the same while this one was under way.
            Err(failure) if failure.may_be_plain && self.host.scheme() != Some(Scheme::Https) => {
                let answer = send(&self.clients, &plain).await?;
                self.host.set_scheme(Some(Scheme::Http));
                Ok(answer)
            }
            Err(failure) => Err(failure),
            Ok(answer) => {
                self.host.set_scheme(Some(Scheme::Https));
                Ok(answer)
            }
        }
    }
}

fn is_worth_a_retry(status: u16) -> bool {
    matches!(status, 408 | 429) || status >= 500
}
