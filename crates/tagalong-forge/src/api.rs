//! One request to a host's API and its answer as JSON: credentials, pages, rate limits, errors in our words. Used by
//! the file of each host.

use crate::{
    allowance::Allowance,
    error::{ErrorKind, ForgeError, Result},
    patience::Patience,
};
use reqwest::{
    Method, Response, StatusCode,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, LINK, USER_AGENT},
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::time::{Duration, Instant};

/// The most bytes of one answer.
const MAX_BYTES: usize = 16 << 20;
/// The most pages of one listing; at 50 or 100 a page.
const MAX_PAGES: u32 = 100;

/// The API of one host.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) client: reqwest::Client,
    /// `https://host/api/v1`, without a slash at its end.
    pub(crate) base: String,
    /// The host's name, for errors and for its rate limit.
    pub(crate) host: String,
    pub(crate) accept: &'static str,
    pub(crate) patience: Patience,
    pub(crate) allowance: Allowance,
    /// Whose limits count, where that is not told by the `Authorization` of a request.
    pub(crate) account: Option<String>,
    /// For one request and its whole answer.
    pub(crate) timeout: Duration,
}

/// A whole answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    /// Whether a listing goes on.
    more: bool,
}

/// What is listed.
pub(crate) struct Listing<'a> {
    pub(crate) path: &'a str,
    /// Whether `Link` names the next page; else an empty one is the end.
    pub(crate) linked: bool,
}

/// `Authorization` with a scheme such as `Bearer`.
///
/// # Errors
/// `Invalid` where the token is no text that a header may have.
pub(crate) fn authorization(scheme: &str, token: &SecretString) -> Result<HeaderValue> {
    let mut value =
        HeaderValue::from_str(&format!("{scheme} {}", token.expose_secret().trim())).map_err(|_| {
            ForgeError::new(ErrorKind::Invalid, "the token holds characters that no HTTP header may have")
        })?;
    value.set_sensitive(true);
    Ok(value)
}

impl Api {
    /// Sends one request; statuses below 400 and those in `also` are answers.
    pub(crate) async fn ask(
        &self,
        who: &HeaderValue,
        method: Method,
        path: &str,
        body: Option<&Value>,
        also: &[u16],
    ) -> Result<Answer> {
        // Limits are an account's: one that has used up its own does not hold up another.
        let account = self.account.clone().unwrap_or_else(|| fingerprint(who.as_bytes()));
        let account = format!("{} {account}", self.host);
        self.patience.check(&self.host, &account)?;
        self.allowance.check(&self.host)?;
        let begun = Instant::now();
        let answer = self.send(who, method, path, body, also, &account).await;
        self.allowance.spent(begun.elapsed());
        answer
    }

    async fn send(
        &self,
        who: &HeaderValue,
        method: Method,
        path: &str,
        body: Option<&Value>,
        also: &[u16],
        account: &str,
    ) -> Result<Answer> {
        let mut request = self
            .client
            .request(method.clone(), format!("{}{path}", self.base))
            .timeout(self.timeout)
            .header(ACCEPT, self.accept)
            // GitHub answers nobody without a name.
            .header(USER_AGENT, concat!("tagalong/", env!("CARGO_PKG_VERSION")))
            .header(AUTHORIZATION, who.clone());
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        tracing::debug!(host = self.host, %method, path, status = status.as_u16(), "asked the host");
        self.patience.note(&self.host, account, status.as_u16(), &headers)?;
        if (status.as_u16() >= 300) && !also.contains(&status.as_u16()) {
            if status == StatusCode::FORBIDDEN {
                self.patience.note_body(&self.host, account, &self.read(response).await?)?;
            }
            return Err(self.refused(status, &method, path));
        }
        let bytes = self.read(response).await?;
        let body = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes).map_err(|_| ForgeError::protocol(&self.host, "JSON"))?
        };
        Ok(Answer { status: status.as_u16(), body, more: has_next(&headers) })
    }

    /// What is wanted of a listing, page by page, until `enough` says so of a page or there is no more.
    pub(crate) async fn pages<T>(
        &self,
        who: &HeaderValue,
        listing: &Listing<'_>,
        wanted: impl Fn(&Value) -> Option<T>,
        mut enough: impl FnMut(&[Value]) -> bool,
    ) -> Result<Vec<T>> {
        let path = listing.path;
        let mut all = Vec::new();
        for page in 1..=MAX_PAGES {
            let and = if path.contains('?') { '&' } else { '?' };
            let answer = self.ask(who, Method::GET, &format!("{path}{and}page={page}"), None, &[]).await?;
            let found = match answer.body {
                Value::Array(found) => found,
                // So Gitea writes an empty list.
                Value::Null if !listing.linked => Vec::new(),
                _ => return Err(ForgeError::protocol(&self.host, "a list")),
            };
            all.extend(found.iter().filter_map(&wanted));
            if found.is_empty() || (listing.linked && !answer.more) || enough(&found) {
                return Ok(all);
            }
        }
        let path = path.split('?').next().unwrap_or_default();
        let message =
            format!("{} lists more than {MAX_PAGES} pages of {path}, and a part tells nothing", self.host);
        Err(ForgeError::new(ErrorKind::Refused, message))
    }

    async fn read(&self, mut response: Response) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.unreachable(&error))? {
            if body.len() + chunk.len() > MAX_BYTES {
                return Err(ForgeError::protocol(&self.host, "an end"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn unreachable(&self, error: &reqwest::Error) -> ForgeError {
        let host = &self.host;
        let why = if error.is_timeout() {
            "no answer in time".to_owned()
        } else {
            let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
            // The first of them shows the whole address.
            causes
                .skip(1)
                .last()
                .map_or_else(|| "no connection".to_owned(), |cause| clean(&cause.to_string()))
        };
        ForgeError::new(ErrorKind::Unreachable, format!("{host} cannot be reached: {why}"))
    }

    /// The error of a status, by what was asked. Bodies are never shown.
    fn refused(&self, status: StatusCode, method: &Method, path: &str) -> ForgeError {
        let (host, code) = (&self.host, status.as_u16());
        let path = path.split('?').next().unwrap_or_default();
        let (kind, message) = match code {
            401 => (ErrorKind::Auth, format!("{host} does not know the token (401); check the Secret")),
            403 => (
                ErrorKind::Forbidden,
                format!(
                    "{host}: the token may not {method} {path} (403); see docs/pull-requests.md for what it needs"
                ),
            ),
            404 | 410 => {
                (ErrorKind::NotFound, format!("{host} has no {path} ({code}), or the token may not see it"))
            }
            300..=399 => (
                ErrorKind::Invalid,
                format!(
                    "{host} says that {path} is elsewhere ({code}); use the repository's present address"
                ),
            ),
            500.. => (
                ErrorKind::Unavailable,
                format!("{host} cannot answer now ({code}); it is asked again later"),
            ),
            _ => (ErrorKind::Refused, format!("{host} refuses to {method} {path} ({code})")),
        };
        ForgeError::new(kind, message)
    }
}

/// Whether a `Link` header (RFC 8288) names a next page. Its address is not used: pages are counted.
fn has_next(headers: &HeaderMap) -> bool {
    let is_next = |link: &str| {
        link.split(';').skip(1).any(|part| {
            let part = part.trim().trim_start_matches("rel=").trim_matches('"');
            part.split_ascii_whitespace().any(|word| word.eq_ignore_ascii_case("next"))
        })
    };
    headers
        .get_all(LINK)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|text| text.split(',').any(is_next))
}

/// Text from outside as one bounded line.
fn clean(text: &str) -> String {
    text.split(|c: char| c.is_control() || c.is_whitespace())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .take(200)
        .collect()
}

/// A secret as a key that does not tell it.
pub(crate) fn fingerprint(secret: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, secret);
    digest.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// One part of a path, with everything escaped that is not plainly a letter, a digit or a mark of a name.
pub(crate) fn part(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Reads one field of an answer.
pub(crate) trait Fields {
    /// Text below a JSON pointer; empty where there is none.
    fn text(&self, pointer: &str) -> String;
    /// A number below a JSON pointer.
    fn number(&self, pointer: &str) -> Option<u64>;
    /// A moment below a JSON pointer.
    fn time(&self, pointer: &str) -> Option<jiff::Timestamp>;
}

impl Fields for Value {
    fn text(&self, pointer: &str) -> String {
        self.pointer(pointer).and_then(Self::as_str).unwrap_or_default().to_owned()
    }

    fn number(&self, pointer: &str) -> Option<u64> {
        self.pointer(pointer)?.as_u64()
    }

    fn time(&self, pointer: &str) -> Option<jiff::Timestamp> {
        self.pointer(pointer)?.as_str()?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_next_page_is_seen() {
        for (text, expected) in [
            ("<https://h/x?page=2>; rel=\"next\", <https://h/x?page=9>; rel=\"last\"", true),
            ("<https://h/x?page=1>; rel=\"first\", <https://h/x?page=2>; rel=next", true),
            ("<https://h/x?rel=next>; rel=\"prev\"", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(LINK, text.parse().unwrap())]);
            assert_eq!(has_next(&headers), expected, "{text}");
        }
    }

    #[test]
    fn a_part_of_a_path_stays_one() {
        assert_eq!(part("a/b?c#d é"), "a%2Fb%3Fc%23d%20%C3%A9");
        assert_eq!(part("fleet_1.0-x~"), "fleet_1.0-x~");
    }
}
