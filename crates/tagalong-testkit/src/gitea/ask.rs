//! One request over http, and its answer as JSON. What the tests ask a server needs no more of a client.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use serde_json::Value;

/// What the server said.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The body; null where it is empty or no JSON.
    pub body: Value,
}

impl Answer {
    /// The body of an answer with this status.
    ///
    /// # Errors
    /// When the status is another.
    pub fn expect(self, status: u16) -> Result<Value> {
        if self.status != status {
            bail!("{} instead of {status}: {}", self.status, self.body);
        }
        Ok(self.body)
    }
}

/// The header of an account with a password.
pub(super) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}")))
}

/// HTTP/1.0: the answer ends where the connection does.
pub(super) fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    authorization: Option<String>,
    body: Option<&Value>,
) -> Result<Answer> {
    let body = body.map(Value::to_string).unwrap_or_default();
    let authorization = authorization.map(|value| format!("Authorization: {value}\r\n")).unwrap_or_default();
    let mut connection = TcpStream::connect(address)?;
    let length = body.len();
    connection.write_all(
        format!(
            "{method} {path} HTTP/1.0\r\nHost: {address}\r\n{authorization}Content-Type: application/json\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        )
        .as_bytes(),
    )?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("no whole answer")?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).context("no status")?;
    Ok(Answer { status, body: serde_json::from_str(body).unwrap_or_default() })
}
