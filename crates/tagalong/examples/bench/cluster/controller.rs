//! `tagalong controller` as a process of its own, with its story and its figures.

use super::wait;
use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks at whether it rests.
const PAUSE: Duration = Duration::from_secs(2);

/// A running controller; dropped, it is killed.
pub(crate) struct Controller {
    child: Child,
    lines: Receiver<String>,
    /// Where its figures are.
    metrics: String,
}

impl Controller {
    /// Starts it with these arguments beside those that every job needs; it listens when this returns.
    pub(super) fn start(binary: &Path, kubeconfig: &Path, state: &Path, arguments: &[&str]) -> Result<Self> {
        let mut child = Command::new(binary)
            .args([
                "controller",
                "--metrics-addr=127.0.0.1:0",
                "--health-addr=0",
                "--storage-addr=127.0.0.1:0",
            ])
            .args(arguments)
            .arg("--storage-path")
            .arg(state)
            .env_clear()
            .env("KUBECONFIG", kubeconfig)
            .env("RUNTIME_NAMESPACE", "default")
            // As the Deployment below deploy/ sets it.
            .env("MIMALLOC_PURGE_DELAY", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start the controller")?;
        let story = child.stderr.take().context("it has a stderr")?;
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(story).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let mut this = Self { child, lines, metrics: String::new() };
        let line: Value = serde_json::from_str(&this.until("\"flag\":\"--metrics-addr\"")?)?;
        this.metrics = line.get("address").and_then(Value::as_str).context("it says where")?.to_owned();
        Ok(this)
    }

    /// The next line of its story that holds these words.
    pub(crate) fn until(&mut self, words: &str) -> Result<String> {
        let mut story = String::new();
        loop {
            let Ok(line) = self.lines.recv_timeout(PATIENCE) else {
                bail!("the controller did not say {words:?}:\n{story}");
            };
            if line.contains(words) {
                return Ok(line);
            }
            story.push_str(&line);
            story.push('\n');
        }
    }

    /// Its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The requests to the API server that it counted itself, by these methods.
    pub(crate) fn requests(&self, methods: &[&str]) -> Result<u64> {
        let mut stream = TcpStream::connect(&self.metrics)?;
        write!(stream, "GET /metrics HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        let lines = text.lines().filter(|line| line.starts_with("rest_client_requests_total{"));
        let counted = lines
            .filter(|line| methods.iter().any(|method| line.contains(&format!("method=\"{method}\""))))
            .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
        Ok(counted.sum())
    }

    /// Every request that it counted, watches included.
    pub(crate) fn all_requests(&self) -> Result<u64> {
        self.requests(&["GET", "POST", "PATCH", "PUT", "DELETE"])
    }

    /// Waits until it asks the API server for nothing any more.
    pub(crate) fn settle(&self) -> Result<()> {
        let mut before = self.all_requests()?;
        wait("rest", PAUSE, || {
            let now = self.all_requests()?;
            Ok(std::mem::replace(&mut before, now) == now)
        })
    }

    /// Its memory in KiB as the system counts it: `VmRSS` is what is resident now, `VmHWM` what was at most.
    pub(crate) fn memory(&self, what: &str) -> Result<u64> {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.id()))?;
        let line = text.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(':'));
        Ok(line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default())
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
