//! Talking Git's protocol to a server: one [`Connection`] per operation, over http(s) or ssh.
//!
//! `gix` brings the packet lines and their meaning; the bytes below are moved by our own client (`http`, `ssh`), so
//! that certificates, proxies, redirects, deadlines and counts are ours to decide. A failure below is kept as the
//! typed error it was and wins over whatever the layers above make of it.

mod fetch;
mod http;
mod known_hosts;
mod refs;
mod send_pack;
mod ssh;

pub(crate) use fetch::{Ask, Depth, fetch_pack, finish};
pub(crate) use http::http_client;
pub(crate) use refs::RemoteRefs;
pub(crate) use send_pack::{Answer, Command, send_pack};

use crate::{
    error::{ErrorKind, GitError, Result, clean},
    io::Deadline,
    remote::Remote,
    stats::Counters,
    url::Place,
};
use gix::protocol::{
    Handshake,
    transport::{Protocol, Service, client::blocking_io::Transport},
};
use std::{
    error::Error as StdError,
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

/// How we name ourselves to servers.
pub(crate) const AGENT: &str = concat!("git/tagalong-", env!("CARGO_PKG_VERSION"));

/// The most bytes a server may send before a pack, or instead of one: refs, reports, what hooks print.
const MAX_TALK: u64 = 64 << 20;
/// The most bytes it may send with a pack.
const MAX_PACK: u64 = 2 << 30;

/// What every layer of one operation shares: its end, its counts, and the first failure.
pub(crate) struct Operation {
    pub(crate) deadline: Deadline,
    pub(crate) counters: Arc<Counters>,
    fault: Mutex<Option<GitError>>,
    received: AtomicU64,
    limit: AtomicU64,
}

impl Operation {
    /// From here on a pack may come, of at most `room` bytes.
    pub(crate) fn expect_pack(&self, room: Option<u64>) {
        self.limit.store(room.map_or(MAX_PACK, |room| room.min(MAX_PACK)), Relaxed);
    }

    /// Counts bytes from the server, and ends the operation when there are too many.
    fn receive(&self, bytes: usize) -> io::Result<()> {
        Counters::add(&self.counters.bytes_received, bytes);
        let bytes = bytes as u64;
        if self.received.fetch_add(bytes, Relaxed).saturating_add(bytes) <= self.limit.load(Relaxed) {
            return Ok(());
        }
        Err(self.fail(GitError::new(
            ErrorKind::TooLarge,
            "the server sends more than is accepted: 64 MiB of refs or messages, 2 GiB of files",
        )))
    }

    /// Keeps `error` unless an earlier one stands, and gives what readers and writers must return.
    fn fail(&self, error: GitError) -> io::Error {
        let mut fault = self.fault.lock().unwrap_or_else(PoisonError::into_inner);
        fault.get_or_insert(error);
        io::Error::other("the connection failed")
    }

    fn take(&self) -> Option<GitError> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The error to report where a layer above met `error`.
    pub(crate) fn explain(&self, error: &(dyn StdError + 'static)) -> GitError {
        self.take().unwrap_or_else(|| protocol_error(error))
    }
}

/// What one mirror keeps between operations: open http connections, and the decrypted ssh key.
#[derive(Default)]
pub(crate) struct Client {
    http: Mutex<Option<http::Keyed>>,
    ssh: Mutex<Option<ssh::Keyed>>,
}

/// An opened service of a server, after the handshake.
pub(crate) struct Connection {
    pub(crate) transport: Box<dyn Transport + Send>,
    pub(crate) handshake: Handshake,
    pub(crate) operation: Arc<Operation>,
}

impl Connection {
    pub(crate) fn open(
        remote: &Remote,
        service: Service,
        client: &Client,
        counters: &Arc<Counters>,
    ) -> Result<Self> {
        let operation = Arc::new(Operation {
            deadline: Deadline::after(remote.timeout),
            counters: Arc::clone(counters),
            fault: Mutex::new(None),
            received: AtomicU64::new(0),
            limit: AtomicU64::new(MAX_TALK),
        });
        // receive-pack knows no version 2; asking for it changes nothing but costs a header some servers choke on.
        let version = if service == Service::UploadPack { Protocol::V2 } else { Protocol::V1 };
        let mut transport: Box<dyn Transport + Send> = match remote.url.place() {
            Place::Http(url) => Box::new(http::connect(url, version, remote, client, &operation)?),
            Place::Ssh { .. } => Box::new(ssh::connect(service, version, remote, client, &operation)?),
            Place::Local(_) => {
                return Err(GitError::new(ErrorKind::Protocol, "a local repository has no server"));
            }
        };
        // Credentials go with the first request, so there is nothing to answer a challenge with.
        let answer = |_| Ok(None);
        let handshake = gix::protocol::handshake(
            &mut transport,
            service,
            answer,
            Vec::new(),
            &mut gix::progress::Discard,
        )
        .map_err(|error| operation.explain(&error))?;
        let format = handshake.capabilities.capability("object-format").and_then(|c| c.value());
        if format.is_some_and(|format| !format.eq_ignore_ascii_case(b"sha1")) {
            return Err(sha256());
        }
        Ok(Self { transport, handshake, operation })
    }
}

pub(crate) fn sha256() -> GitError {
    GitError::new(
        ErrorKind::Sha256Unsupported,
        "the repository uses SHA-256 object names, which are not supported yet; use a SHA-1 repository",
    )
}

fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        next = error.source();
        Some(error)
    })
}

fn protocol_error(error: &(dyn StdError + 'static)) -> GitError {
    use io::ErrorKind as Io;
    let io_error = chain(error).find_map(|cause| cause.downcast_ref::<io::Error>());
    match io_error.map(io::Error::kind) {
        Some(Io::StorageFull | Io::QuotaExceeded | Io::ReadOnlyFilesystem | Io::PermissionDenied) => {
            GitError::new(
                ErrorKind::Disk,
                format!(
                    "cannot write the received data: {}",
                    io_error.map(ToString::to_string).unwrap_or_default()
                ),
            )
        }
        Some(Io::UnexpectedEof | Io::BrokenPipe | Io::ConnectionReset | Io::ConnectionAborted) => {
            GitError::new(
                ErrorKind::Connect,
                "the server ended the connection in the middle of an answer; try again",
            )
        }
        _ => {
            let causes: Vec<String> = chain(error).map(ToString::to_string).collect();
            let text = causes.last().cloned().unwrap_or_default();
            if causes.iter().any(|cause| cause.contains("sized 64 hex") || cause.contains("sha256")) {
                sha256()
            } else if let Some((_, said)) = text.split_once("ERR ") {
                refused(said.trim_matches('"'))
            } else {
                GitError::new(
                    ErrorKind::Protocol,
                    format!("the server's answer makes no sense as Git's protocol: {}", clean(&text, 300)),
                )
            }
        }
    }
}

/// What a server's own words of refusal mean, be it in an `ERR` line or on ssh's error stream.
fn refused(said: &str) -> GitError {
    let said = clean(said, 200);
    let lower = said.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if has(&["not our ref"]) {
        GitError::new(
            ErrorKind::NotFound,
            format!("the repository has no such commit, or does not give it out: {said}"),
        )
    } else if has(&["not found", "does not appear to be a git repository", "does not exist", "no such"]) {
        GitError::new(ErrorKind::NotFound, format!("the server knows no such repository: {said}"))
    } else if has(&[
        "denied",
        "not allowed",
        "not authorized",
        "unauthorized",
        "forbidden",
        "read-only",
        "read only",
    ]) {
        GitError::new(ErrorKind::Auth, format!("the server refuses these credentials: {said}"))
    } else if said.is_empty() {
        GitError::new(ErrorKind::Connect, "the server ended the connection without a word")
    } else {
        GitError::new(ErrorKind::Protocol, format!("the server refuses: {said}"))
    }
}
