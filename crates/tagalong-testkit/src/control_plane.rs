//! A Kubernetes control plane of real parts: etcd and kube-apiserver, and kube-controller-manager for who needs it.
//!
//! There is no kubelet: a Pod never runs. RBAC is on, the certificates are its own, and all of it ends with the test
//! program. One plane serves a whole test program ([`ControlPlane::shared`]); a test takes a namespace of its own.
//! Works the same from sync and async tests: nothing here is async.
//!
//! ```text
//! let Some(plane) = ControlPlane::shared() else { return };
//! let namespace = plane.namespace("scan")?;
//! plane.kubectl(&["apply", "-n", &namespace, "-f", "-"], manifest)?;
//! let client = plane.client()?;                       // admin; inside a tokio runtime
//! let bot = plane.service_account(&namespace, "bot")?; // a kubeconfig with what RBAC gives it: nothing yet
//! ```

mod access;
mod flags;
mod proxy;

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use kube::{Client, Config};
use tempfile::TempDir;

use crate::certs::Authority;
use crate::kept::Kept;
use crate::parts::{self, Part};
use crate::port::Port;
use access::User;

pub use proxy::{ApiProxy, Asked, Refusal};

/// How long a part may take to be ready; a machine under load takes its time.
const PATIENCE: Duration = Duration::from_secs(120);
/// Between two looks at a part that is starting.
const PAUSE: Duration = Duration::from_millis(20);

/// A running control plane; it ends when this is dropped, and with the test program.
#[derive(Debug)]
pub struct ControlPlane {
    config: Config,
    ca_pem: String,
    made: AtomicUsize,
    controllers: Mutex<Option<Kept>>,
    apiserver: Option<Kept>,
    etcd: Kept,
    etcd_port: Port,
    api_port: Port,
    folder: TempDir,
}

/// What a command has printed, and how it ended.
#[derive(Clone, Debug)]
pub struct Printed {
    /// Whether the exit status was 0.
    pub success: bool,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl ControlPlane {
    /// The plane of this test program, started by the first test that asks. `None` after saying `skipped: needs …`
    /// where a part is missing; with `CI=true` that fails.
    ///
    /// # Panics
    /// When the parts are there and the plane does not start.
    #[expect(clippy::panic, reason = "a plane that does not start has to fail the test, with its log")]
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Result<ControlPlane, String>> = OnceLock::new();
        for part in [Part::Etcd, Part::KubeApiserver, Part::Kubectl] {
            parts::need(part)?;
        }
        match SHARED.get_or_init(|| Self::start().map_err(|e| format!("{e:#}"))) {
            Ok(plane) => Some(plane),
            Err(why) => panic!("no control plane: {why}"),
        }
    }

    /// Starts a plane and returns when its API server is ready. For a test that stops or floods it; others share one.
    ///
    /// # Errors
    /// When a part is missing or does not become ready; the message ends with its log.
    pub fn start() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("tagalong-plane").tempdir()?;
        let authority = Authority::new()?;
        let (etcd_port, api_port) = (Port::reserve()?, Port::reserve()?);
        flags::write_keys(folder.path(), &authority)?;
        let kubeconfig = folder.path().join("admin.kubeconfig");
        let admin = User::Certificate(authority.client_in("admin", "system:masters")?);
        access::write_kubeconfig(&kubeconfig, &api_port.https(), authority.cert_pem(), &admin)?;

        let program = parts::find(Part::Etcd)?;
        let etcd = Kept::start(&program, &flags::etcd(folder.path(), &etcd_port), Some(folder.path()))?;
        wait_until(&etcd, "etcd", || TcpStream::connect(etcd_port.address()).is_ok())?;
        let mut plane = Self {
            config: access::config_of(&kubeconfig)?,
            ca_pem: authority.cert_pem().to_owned(),
            made: AtomicUsize::new(0),
            controllers: Mutex::default(),
            apiserver: None,
            etcd,
            etcd_port,
            api_port,
            folder,
        };
        plane.start_apiserver()?;
        Ok(plane)
    }

    /// Starts the API server again after [`Self::stop_apiserver`], at the same address, and waits until it is ready.
    ///
    /// # Errors
    /// When it does not become ready; the message ends with its log.
    pub fn start_apiserver(&mut self) -> Result<()> {
        let program = parts::find(Part::KubeApiserver)?;
        let arguments = flags::apiserver(self.folder.path(), &self.etcd_port, &self.api_port);
        let server = Kept::start(&program, &arguments, None)?;
        wait_until(&server, "kube-apiserver", || access::ready(&self.config))?;
        self.apiserver = Some(server);
        Ok(())
    }

    /// Kills the API server, as a crash would. What it stored stays.
    pub fn stop_apiserver(&mut self) {
        drop(self.apiserver.take());
    }

    /// Sees to it that kube-controller-manager runs: it collects what lost its owner, empties a namespace that is
    /// deleted, and makes the `default` ServiceAccount of a new one. Most tests need none of that.
    ///
    /// # Errors
    /// When it is missing or cannot start.
    pub fn run_controllers(&self) -> Result<()> {
        let mut controllers = self.controllers.lock().unwrap_or_else(PoisonError::into_inner);
        if controllers.is_none() {
            let program = parts::find(Part::KubeControllerManager)?;
            *controllers = Some(Kept::start(
                &program,
                &flags::controllers(self.folder.path(), &self.kubeconfig()),
                None,
            )?);
        }
        Ok(())
    }

    /// A kubeconfig file of a cluster administrator.
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("admin.kubeconfig")
    }

    /// The same as a client's configuration.
    pub fn config(&self) -> Config {
        self.config.clone()
    }

    /// A client of a cluster administrator; it lives in the tokio runtime it is made in.
    ///
    /// # Errors
    /// When the certificates do not serve.
    pub fn client(&self) -> Result<Client> {
        Ok(Client::try_from(self.config())?)
    }

    /// `https://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        self.api_port.https()
    }

    /// Makes a namespace of its own for a test and returns its name, which begins with `prefix`.
    ///
    /// # Errors
    /// When the API server refuses.
    pub fn namespace(&self, prefix: &str) -> Result<String> {
        let name = format!("{prefix}-{}", self.made.fetch_add(1, Ordering::Relaxed));
        access::create_namespace(&self.config, &name)?;
        Ok(name)
    }

    /// Makes a ServiceAccount (one that exists serves) and returns a kubeconfig file with a token of it.
    ///
    /// # Errors
    /// When the API server refuses.
    pub fn service_account(&self, namespace: &str, name: &str) -> Result<PathBuf> {
        let token = access::token(&self.config, namespace, name)?;
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let path = self.folder.path().join(format!("{namespace}-{name}-{number}.kubeconfig"));
        access::write_kubeconfig(&path, &self.url(), &self.ca_pem, &User::Token(token))?;
        Ok(path)
    }

    /// Runs `kubectl` as a cluster administrator with `input` as its standard input.
    ///
    /// # Errors
    /// When it cannot be run; how it ended is in the answer.
    pub fn kubectl(&self, arguments: &[&str], input: &str) -> Result<Printed> {
        self.kubectl_as(&self.kubeconfig(), arguments, input)
    }

    /// Runs `kubectl` with a kubeconfig such as [`Self::service_account`] gives.
    ///
    /// # Errors
    /// When it cannot be run; how it ended is in the answer.
    pub fn kubectl_as(&self, kubeconfig: &Path, arguments: &[&str], input: &str) -> Result<Printed> {
        let stdin = self.folder.path().join(format!("stdin-{}", self.made.fetch_add(1, Ordering::Relaxed)));
        std::fs::write(&stdin, input)?;
        let output = Command::new(parts::find(Part::Kubectl)?)
            .env_clear()
            .env("KUBECONFIG", kubeconfig)
            .env("HOME", self.folder.path())
            .args(arguments)
            .stdin(std::fs::File::open(&stdin)?)
            .output()
            .context("cannot run kubectl")?;
        std::fs::remove_file(&stdin)?;
        Ok(Printed {
            success: output.status.success(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// What the API server has logged, and then the other parts, for the message of a failing test.
    pub fn log(&self) -> String {
        let controllers = self.controllers.lock().unwrap_or_else(PoisonError::into_inner);
        let parts = [self.apiserver.as_ref(), controllers.as_ref(), Some(&self.etcd)];
        parts.into_iter().flatten().map(Kept::log).collect()
    }
}

fn wait_until(server: &Kept, name: &str, ready: impl Fn() -> bool) -> Result<()> {
    let begin = Instant::now();
    while !ready() {
        if server.ended() {
            bail!("{name} ended at once:\n{}", server.log());
        }
        if begin.elapsed() > PATIENCE {
            bail!("{name} is not ready after {} s:\n{}", PATIENCE.as_secs(), server.log());
        }
        std::thread::sleep(PAUSE);
    }
    Ok(())
}
