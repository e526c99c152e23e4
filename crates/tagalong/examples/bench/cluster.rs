//! The controller, as users run it, against a real API server, a registry and a Git server. What is common to the jobs
//! with a cluster: the plane with our kinds in it, and the process.

pub(crate) mod archive;
pub(crate) mod controller;
pub(crate) mod many;
pub(crate) mod server;
pub(crate) mod start;
pub(crate) mod tag;

use crate::estate::Estate;
use anyhow::{Result, ensure};
use controller::Controller;
use kube::Client;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};
use tagalong_testkit::control_plane::ControlPlane;
use tokio::runtime::Runtime;

/// What a job may take before it is called broken.
const PATIENCE: Duration = Duration::from_secs(180);

/// An API server with our definitions, and everything that the objects in it name.
pub(crate) struct Cluster {
    pub(crate) plane: ControlPlane,
    pub(crate) client: Client,
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) estate: Estate,
    binary: PathBuf,
}

impl Cluster {
    /// `binary` is the product's.
    pub(crate) fn open(binary: &str) -> Result<Self> {
        let (plane, estate) = (ControlPlane::start()?, Estate::new()?);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let client = {
            let _entered = runtime.enter();
            plane.client()?
        };
        let this = Self { plane, client, runtime: Arc::new(runtime), estate, binary: binary.into() };
        let definitions = Command::new(&this.binary).arg("crds").output()?;
        this.kubectl(&["apply", "--server-side", "-f", "-"], &String::from_utf8(definitions.stdout)?)?;
        this.kubectl(&["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"], "")?;
        Ok(this)
    }

    /// `kubectl`, which has to succeed.
    pub(crate) fn kubectl(&self, arguments: &[&str], input: &str) -> Result<String> {
        let printed = self.plane.kubectl(arguments, input)?;
        ensure!(printed.success, "kubectl {arguments:?}: {}", printed.stderr);
        Ok(printed.stdout)
    }

    /// Applies objects to the namespace `default`.
    pub(crate) fn apply(&self, yaml: &str) -> Result<()> {
        self.kubectl(&["apply", "-n", "default", "-f", "-"], yaml).map(drop)
    }

    /// A controller over all of it, as soon as it is started.
    pub(crate) fn controller(&self) -> Result<Controller> {
        Controller::start(&self.binary, &self.plane.kubeconfig(), &self.estate.state("controller"))
    }
}

/// Looks until something is so.
pub(crate) fn wait(what: &str, pause: Duration, mut done: impl FnMut() -> Result<bool>) -> Result<()> {
    let end = Instant::now() + PATIENCE;
    while !done()? {
        ensure!(Instant::now() < end, "{what} did not happen");
        sleep(pause);
    }
    Ok(())
}
