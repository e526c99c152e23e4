//! Git over ssh: OpenSSH's own server, one process for each connection, and keys made by `ssh-keygen`.

use crate::parts::{self, Part};
use anyhow::{Context as _, Result, ensure};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A key pair.
#[derive(Clone, Debug)]
pub struct SshKey {
    /// The private half, in OpenSSH's format.
    pub private: String,
    /// The public half, one line.
    pub public: String,
}

impl SshKey {
    /// Makes a key with `ssh-keygen`'s own arguments, such as `-t rsa -b 3072`; encrypted where `password` is not
    /// empty.
    ///
    /// # Errors
    /// If `ssh-keygen` is missing or refuses.
    pub fn generate(arguments: &str, password: &str) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let file = dir.path().join("key");
        let mut command = Command::new(parts::find(Part::SshKeygen)?);
        command.args(arguments.split_whitespace()).args(["-q", "-C", "test", "-N", password]);
        let output = command.arg("-f").arg(&file).stdin(Stdio::null()).output()?;
        ensure!(output.status.success(), "ssh-keygen: {}", String::from_utf8_lossy(&output.stderr));
        let read = |path: &Path| std::fs::read_to_string(path).context("ssh-keygen wrote nothing");
        Ok(Self { private: read(&file)?, public: read(&file.with_extension("pub"))?.trim_end().to_owned() })
    }
}

/// How a server is set up.
#[derive(Clone, Debug, Default)]
pub struct SshdOptions {
    /// Public keys that are let in.
    pub authorized: Vec<String>,
    /// Passes the client's wish for Git's protocol 2 on to `git`.
    pub accept_protocol: bool,
    /// Kinds of host key to have, as `ssh-keygen -t` names them; ed25519 where empty.
    pub host_keys: Vec<&'static str>,
}

struct Shared {
    program: PathBuf,
    config: PathBuf,
    over: AtomicBool,
    children: Mutex<Vec<Child>>,
}

/// A running server; it ends when this is dropped.
pub struct Sshd {
    address: SocketAddr,
    host_keys: Vec<SshKey>,
    shared: Arc<Shared>,
    _dir: tempfile::TempDir,
}

impl Sshd {
    /// Starts a server that lets the user who runs the tests in.
    ///
    /// # Errors
    /// If `sshd` is missing or no port can be had.
    pub fn start(options: &SshdOptions) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let at = |name: &str| dir.path().join(name);
        let kinds = if options.host_keys.is_empty() { vec!["ed25519"] } else { options.host_keys.clone() };
        let host_keys = kinds
            .iter()
            .map(|kind| SshKey::generate(&format!("-t {kind}"), ""))
            .collect::<Result<Vec<_>>>()?;
        let mut config = format!(
            "AuthorizedKeysFile {}\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\nPidFile none\nPrintMotd no\nLogLevel QUIET\nSetEnv GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1\n",
            at("authorized").display()
        );
        if options.accept_protocol {
            config.push_str("AcceptEnv GIT_PROTOCOL\n");
        }
        for (n, key) in host_keys.iter().enumerate() {
            let file = at(&format!("host{n}"));
            write_private(&file, &key.private)?;
            config.push_str(&format!("HostKey {}\n", file.display()));
        }
        std::fs::write(at("authorized"), options.authorized.join("\n") + "\n")?;
        std::fs::write(at("config"), config)?;
        // Only root needs it, and only root can make it.
        drop(std::fs::create_dir_all("/run/sshd"));

        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            program: parts::find(Part::Sshd)?,
            config: at("config"),
            over: AtomicBool::new(false),
            children: Mutex::default(),
        });
        let serving = Arc::clone(&shared);
        std::thread::Builder::new().name("sshd".into()).spawn(move || {
            for stream in listener.incoming().flatten() {
                if serving.over.load(Ordering::SeqCst) {
                    return;
                }
                // A connection that cannot be served is closed, which the client sees.
                drop(serve(&serving, stream));
            }
        })?;
        Ok(Self { address, host_keys, shared, _dir: dir })
    }

    /// `ssh://user@127.0.0.1:port<path>`, the user being the one who runs the tests.
    pub fn url(&self, path: &Path) -> String {
        format!("ssh://{}@{}{}", user(), self.address, path.display())
    }

    /// The lines a client should have in `known_hosts`.
    pub fn known_hosts(&self) -> String {
        let line = |key: &SshKey| format!("[{}]:{} {}\n", self.address.ip(), self.address.port(), key.public);
        self.host_keys.iter().map(line).collect()
    }

    /// The same with the host name hashed by `ssh-keygen -H`.
    ///
    /// # Errors
    /// If `ssh-keygen` fails.
    pub fn hashed_known_hosts(&self) -> Result<String> {
        let dir = tempfile::tempdir()?;
        let file = dir.path().join("known_hosts");
        std::fs::write(&file, self.known_hosts())?;
        let output = Command::new(parts::find(Part::SshKeygen)?).arg("-H").arg("-f").arg(&file).output()?;
        ensure!(output.status.success(), "ssh-keygen -H: {}", String::from_utf8_lossy(&output.stderr));
        Ok(std::fs::read_to_string(&file)?)
    }

    /// `host:port`.
    pub fn address(&self) -> String {
        self.address.to_string()
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        // Wakes the accepting thread.
        drop(TcpStream::connect(self.address));
        for child in self.shared.children.lock().unwrap_or_else(PoisonError::into_inner).iter_mut() {
            // One that has ended cannot be killed.
            drop(child.kill());
            drop(child.wait());
        }
    }
}

/// One connection, one `sshd -i` whose input and output it is: so the port is ours and never raced for.
fn serve(shared: &Shared, stream: TcpStream) -> Result<()> {
    stream.set_nodelay(true)?;
    let output = Stdio::from(OwnedFd::from(stream.try_clone()?));
    let mut command = Command::new(&shared.program);
    command.env_clear().arg("-i").arg("-f").arg(&shared.config);
    let child = command.stdin(OwnedFd::from(stream)).stdout(output).stderr(Stdio::null()).spawn()?;
    let mut children = shared.children.lock().unwrap_or_else(PoisonError::into_inner);
    children.retain_mut(|child| child.try_wait().is_ok_and(|ended| ended.is_none()));
    children.push(child);
    Ok(())
}

fn write_private(path: &Path, text: &str) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::write(path, text)?;
    Ok(std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?)
}

fn user() -> String {
    let output = Command::new("id").arg("-un").output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}
