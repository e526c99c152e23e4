//! A forwarding proxy: http (`CONNECT` and absolute URLs) or SOCKS 5, with a password where asked for.

use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine as _;
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Http,
    Socks5,
}

struct Shared {
    kind: Kind,
    login: Option<(String, String)>,
    targets: Mutex<Vec<String>>,
    over: AtomicBool,
}

/// A running proxy; it ends when this is dropped.
pub struct TestProxy {
    shared: Arc<Shared>,
    address: SocketAddr,
}

impl TestProxy {
    /// An http proxy; with `login` it lets in only who has that user name and password.
    ///
    /// # Errors
    /// If no port can be had.
    pub fn http(login: Option<(&str, &str)>) -> Result<Self> {
        Self::start(Kind::Http, login)
    }

    /// A SOCKS 5 proxy.
    ///
    /// # Errors
    /// If no port can be had.
    pub fn socks5(login: Option<(&str, &str)>) -> Result<Self> {
        Self::start(Kind::Socks5, login)
    }

    fn start(kind: Kind, login: Option<(&str, &str)>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let login = login.map(|(user, password)| (user.to_owned(), password.to_owned()));
        let shared =
            Arc::new(Shared { kind, login, targets: Mutex::default(), over: AtomicBool::new(false) });
        let seen = Arc::clone(&shared);
        std::thread::Builder::new().name("proxy".into()).spawn(move || {
            for stream in listener.incoming().flatten() {
                if seen.over.load(Ordering::SeqCst) {
                    return;
                }
                let seen = Arc::clone(&seen);
                // A connection that fails is the client's to notice.
                std::thread::spawn(move || drop(handle(&seen, stream)));
            }
        })?;
        Ok(Self { shared, address })
    }

    /// `scheme://host:port`.
    pub fn address(&self) -> String {
        let scheme = if self.shared.kind == Kind::Http { "http" } else { "socks5" };
        format!("{scheme}://{}", self.address)
    }

    /// What was connected to, as `host:port`, in order.
    pub fn targets(&self) -> Vec<String> {
        self.shared.targets.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for TestProxy {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        // Wakes the accepting thread.
        drop(TcpStream::connect(self.address));
    }
}

fn handle(shared: &Shared, stream: TcpStream) -> Result<()> {
    match shared.kind {
        Kind::Http => http(shared, stream),
        Kind::Socks5 => socks5(shared, stream),
    }
}

fn connect(shared: &Shared, target: &str) -> Result<TcpStream> {
    shared.targets.lock().unwrap_or_else(PoisonError::into_inner).push(target.to_owned());
    Ok(TcpStream::connect(target)?)
}

fn http(shared: &Shared, stream: TcpStream) -> Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut client = stream;
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        ensure!(reader.read_line(&mut line)? > 0, "the client went away");
        if line.trim().is_empty() {
            break;
        }
        head.push(line.trim_end().to_owned());
    }
    let first = head.first().context("no request line")?.clone();
    let [method, target, version] = first.split(' ').collect::<Vec<_>>()[..] else {
        bail!("no request line")
    };
    if let Some((user, password)) = &shared.login {
        let wanted = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
        let wanted = format!("proxy-authorization: basic {wanted}").to_ascii_lowercase();
        if !head.iter().any(|line| line.to_ascii_lowercase() == wanted) {
            return Ok(client.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")?);
        }
    }
    if method == "CONNECT" {
        let server = connect(shared, target)?;
        client.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
        return both_ways(&mut reader, &client, &server);
    }
    let rest = target.strip_prefix("http://").context("no absolute URL")?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut server = connect(shared, host)?;
    let mut request = format!("{method} /{path} {version}\r\nConnection: close\r\n");
    for line in head.iter().skip(1).filter(|line| {
        !line.to_ascii_lowercase().starts_with("proxy-")
            && !line.to_ascii_lowercase().starts_with("connection:")
    }) {
        request.push_str(line);
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    server.write_all(request.as_bytes())?;
    both_ways(&mut reader, &client, &server)
}

fn socks5(shared: &Shared, mut client: TcpStream) -> Result<()> {
    let take = |n: usize| -> Result<Vec<u8>> {
        let mut bytes = vec![0; n];
        (&client).read_exact(&mut bytes)?;
        Ok(bytes)
    };
    let count = *take(2)?.get(1).context("no greeting")?;
    let methods = take(count.into())?;
    match &shared.login {
        None => (&client).write_all(&[5, 0])?,
        Some((user, password)) => {
            if !methods.contains(&2) {
                return Ok((&client).write_all(&[5, 0xff])?);
            }
            (&client).write_all(&[5, 2])?;
            let length = *take(2)?.get(1).context("no name")?;
            let name = take(length.into())?;
            let length = *take(1)?.first().context("no password")?;
            let word = take(length.into())?;
            let good = name == user.as_bytes() && word == password.as_bytes();
            (&client).write_all(&[1, u8::from(!good)])?;
            ensure!(good, "wrong password");
        }
    }
    let host = match take(4)?.get(3) {
        Some(1) => take(4)?.iter().map(u8::to_string).collect::<Vec<_>>().join("."),
        Some(3) => {
            let length = *take(1)?.first().context("no host")?;
            String::from_utf8(take(length.into())?)?
        }
        kind => bail!("address type {kind:?}"),
    };
    let port = take(2)?.iter().fold(0u16, |port, byte| port << 8 | u16::from(*byte));
    let server = connect(shared, &format!("{host}:{port}"))?;
    client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])?;
    both_ways(&mut client.try_clone()?, &client, &server)
}

fn both_ways(from_client: &mut impl Read, client: &TcpStream, server: &TcpStream) -> Result<()> {
    let (mut back_from, mut back_to) = (server.try_clone()?, client.try_clone()?);
    let back = std::thread::spawn(move || {
        // Either end may hang up at any time.
        drop(std::io::copy(&mut back_from, &mut back_to));
        drop(back_to.shutdown(Shutdown::Write));
    });
    let mut to_server = server;
    drop(std::io::copy(from_client, &mut to_server));
    drop(server.shutdown(Shutdown::Write));
    drop(back.join());
    Ok(())
}
