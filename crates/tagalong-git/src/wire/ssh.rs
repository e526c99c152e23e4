//! Git over ssh, in process: one session, one command, its input and output as a transport.

mod pipe;

use super::{Client, Operation, known_hosts::KnownKeys, known_hosts::Verdict};
use crate::{
    error::{ErrorKind, GitError, Result, clean},
    keys,
    remote::{Auth, Proxy, Remote},
    stats::Counters,
    url::Place,
};
use gix::protocol::transport::{
    Protocol, Service,
    client::git::{ConnectMode, blocking_io::Connection},
};
use pipe::{Input, Output};
use russh::{
    ChannelWriteHalf,
    client::{self, Handle, Msg},
    keys::{Algorithm, HashAlg, PrivateKey, PrivateKeyWithHashAlg, PublicKeyOrCertificate},
};
use secrecy::{ExposeSecret, SecretString};
use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, PoisonError},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};

/// A decrypted key and what it was read from: an encrypted one takes long to open on purpose.
pub(crate) struct Keyed {
    from: u64,
    key: Arc<PrivateKey>,
}

fn private_key(
    slot: &Client,
    identity: &SecretString,
    password: Option<&SecretString>,
) -> Result<Arc<PrivateKey>> {
    let mut hasher = DefaultHasher::new();
    (identity.expose_secret(), password.map(ExposeSecret::expose_secret)).hash(&mut hasher);
    let from = hasher.finish();
    let mut slot = slot.ssh.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(kept) = slot.as_ref().filter(|kept| kept.from == from) {
        return Ok(Arc::clone(&kept.key));
    }
    let key = Arc::new(keys::read(identity, password)?);
    *slot = Some(Keyed { from, key: Arc::clone(&key) });
    Ok(key)
}

struct Server {
    host: String,
    known: KnownKeys,
    operation: Arc<Operation>,
}

impl client::Handler for Server {
    type Error = russh::Error;

    async fn check_server_key(
        &mut self,
        shown: &PublicKeyOrCertificate,
    ) -> std::result::Result<bool, russh::Error> {
        let PublicKeyOrCertificate::PublicKey { key, .. } = shown else { return Ok(false) };
        let print = key.fingerprint(HashAlg::Sha256);
        let why = match self.known.judge(key) {
            Verdict::Known => return Ok(true),
            Verdict::Unknown => format!(
                "known_hosts has no key for {}; if {print} is its key, add what ssh-keyscan prints",
                self.host
            ),
            Verdict::Changed => format!(
                "the host key of {} is {print}, which is not the one in known_hosts; somebody may be in between, or the server got a new key",
                self.host
            ),
        };
        drop(self.operation.fail(GitError::new(ErrorKind::HostKey, why)));
        Ok(false)
    }
}

type Session = (Handle<Server>, russh::ChannelReadHalf, ChannelWriteHalf<Msg>);

pub(super) fn connect(
    service: Service,
    version: Protocol,
    remote: &Remote,
    client: &Client,
    operation: &Arc<Operation>,
) -> Result<Connection<Output, Input>> {
    let Place::Ssh { user, host, port, path } = remote.url.place() else {
        return Err(GitError::new(ErrorKind::Invalid, "this is no ssh URL"));
    };
    let Auth::Ssh { identity, password, known_hosts } = &remote.auth else {
        return Err(GitError::new(
            ErrorKind::Invalid,
            "an ssh URL needs a Secret with identity and known_hosts",
        ));
    };
    if known_hosts.trim().is_empty() {
        return Err(GitError::new(
            ErrorKind::HostKey,
            format!("known_hosts is empty; add what ssh-keyscan prints for {host}"),
        ));
    }
    let key = private_key(client, identity, password.as_ref())?;
    let known = KnownKeys::of(known_hosts, host, *port);
    let config = config(&known);
    let server = Server { host: host.clone(), known, operation: Arc::clone(operation) };
    let command = format!("{} '{}'", service.as_str(), path.replace('\'', "'\\''"));
    let login = Login {
        user: user.clone().unwrap_or_else(|| "git".to_owned()),
        key,
        command,
        v2: version == Protocol::V2,
    };
    let counters = Arc::clone(&operation.counters);
    Counters::add(&counters.requests, 1);
    let opened = operation.deadline.wait(async {
        let stream = dial(host, *port, remote.proxy.as_ref()).await?;
        open(config, stream, server, login).await
    })?;
    // What the key check found out is better than that the handshake then failed.
    let (handle, read, write) = opened.map_err(|error| operation.take().unwrap_or(error))?;

    let (output, input) = pipe::join(handle, read, write, operation)?;
    let nowhere = None::<(String, Option<u16>)>;
    Ok(Connection::new(output, input, version, path.as_str(), nowhere, ConnectMode::Process, false))
}

/// Asks for the kinds of host key that are known: a server with several would otherwise show an unknown one.
fn config(known: &KnownKeys) -> Arc<client::Config> {
    let mut config = client::Config { nodelay: true, ..client::Config::default() };
    if !known.is_empty() {
        let kinds: Vec<Algorithm> =
            config.preferred.key.iter().filter(|kind| known.has(kind)).cloned().collect();
        config.preferred.key = kinds.into();
    }
    Arc::new(config)
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

async fn dial(host: &str, port: u16, proxy: Option<&Proxy>) -> Result<Box<dyn Stream>> {
    let unreachable = |what: &str, error: &dyn std::fmt::Display| {
        GitError::new(
            ErrorKind::Connect,
            format!("cannot connect to {what}: {}", clean(&error.to_string(), 200)),
        )
    };
    let Some(proxy) = proxy else {
        let stream = TcpStream::connect((host, port))
            .await
            .map_err(|error| unreachable(&format!("{host}:{port}"), &error))?;
        // Without it, each small message waits for the other side's acknowledgement.
        drop(stream.set_nodelay(true));
        return Ok(Box::new(stream));
    };
    let address =
        url::Url::parse(&proxy.address).ok().filter(|url| matches!(url.scheme(), "socks5" | "socks5h"));
    let Some((proxy_host, proxy_port)) =
        address.as_ref().and_then(|url| Some((url.host_str()?, url.port().unwrap_or(1080))))
    else {
        return Err(GitError::new(
            ErrorKind::Invalid,
            "ssh goes through a socks5:// proxy only; use one, or an https URL for the repository",
        ));
    };
    let (at, to) = ((proxy_host, proxy_port), (host, port));
    let opened = match (&proxy.username, &proxy.password) {
        (Some(user), password) => {
            let password = password.as_ref().map(ExposeSecret::expose_secret).unwrap_or_default();
            tokio_socks::tcp::Socks5Stream::connect_with_password(at, to, user, password).await
        }
        (None, _) => tokio_socks::tcp::Socks5Stream::connect(at, to).await,
    };
    let stream = opened.map_err(|error| match error {
        tokio_socks::Error::PasswordAuthFailure(_) | tokio_socks::Error::NoAcceptableAuthMethods => {
            GitError::new(ErrorKind::Auth, "the proxy wants other credentials; check its Secret")
        }
        error => unreachable(&format!("{host}:{port} through the proxy"), &error),
    })?;
    Ok(Box::new(stream))
}

struct Login {
    user: String,
    key: Arc<PrivateKey>,
    command: String,
    v2: bool,
}

async fn open(
    config: Arc<client::Config>,
    stream: Box<dyn Stream>,
    server: Server,
    login: Login,
) -> Result<Session> {
    let host = server.host.clone();
    let mut handle =
        client::connect_stream(config, stream, server).await.map_err(|error| failed(&host, error))?;
    let hash = match login.key.algorithm() {
        // Servers that do not say what they take still take this since 2016.
        Algorithm::Rsa { .. } => handle
            .best_supported_rsa_hash()
            .await
            .map_err(|error| failed(&host, error))?
            .unwrap_or(Some(HashAlg::Sha512)),
        _ => None,
    };
    let print = login.key.public_key().fingerprint(HashAlg::Sha256);
    let key = PrivateKeyWithHashAlg::new(login.key, hash);
    let outcome =
        handle.authenticate_publickey(&login.user, key).await.map_err(|error| failed(&host, error))?;
    if !outcome.success() {
        return Err(GitError::new(
            ErrorKind::Auth,
            format!(
                "{host} does not let user {:?} in with the key {print}; add its public half there",
                login.user
            ),
        ));
    }
    let session = async {
        let channel = handle.channel_open_session().await?;
        if login.v2 {
            // A server that does not pass it on answers in the old protocol, which is also spoken.
            channel.set_env(false, "GIT_PROTOCOL", "version=2").await?;
        }
        channel.exec(true, login.command).await?;
        Ok(channel.split())
    };
    let (read, write) = session.await.map_err(|error| failed(&host, error))?;
    Ok((handle, read, write))
}

fn failed(host: &str, error: russh::Error) -> GitError {
    match error {
        russh::Error::NoCommonAlgo { kind: russh::AlgorithmKind::Key, .. } => GitError::new(
            ErrorKind::HostKey,
            format!("{host} shows none of the kinds of host key that known_hosts holds for it"),
        ),
        error => GitError::new(
            ErrorKind::Connect,
            format!("ssh to {host} failed: {}", clean(&error.to_string(), 200)),
        ),
    }
}
