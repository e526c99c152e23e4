//! The controller, as users run it, against a real API server, a registry and a Git server. What is common to the jobs
//! with a cluster: the plane with our kinds in it, and the process.

pub(crate) mod apply;
pub(crate) mod archive;
pub(crate) mod chain;
pub(crate) mod controller;
pub(crate) mod drift;
pub(crate) mod heard;
pub(crate) mod kustomizations;
pub(crate) mod many;
mod ready;
pub(crate) mod server;
pub(crate) mod start;
pub(crate) mod tag;

use crate::estate::Estate;
use anyhow::{Result, ensure};
use controller::Controller;
use k8s_openapi::NamespaceResourceScope;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::fmt::Debug;
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
        self.started(&[])
    }

    /// The same, with Kustomizations served.
    pub(crate) fn syncing(&self) -> Result<Controller> {
        self.started(&["--controllers=image,source,kustomize"])
    }

    fn started(&self, arguments: &[&str]) -> Result<Controller> {
        let state = self.estate.state("controller");
        Controller::start(&self.binary, &self.plane.kubeconfig(), &state, arguments)
    }

    /// Makes the GitRepository `fleet` of the repository `fleet.git`.
    pub(crate) fn fleet(&self) -> Result<()> {
        let url = self.estate.git.url("fleet.git");
        self.apply(&format!(
            "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {{name: fleet}}\n\
             spec: {{url: \"{url}\", interval: 1h, ref: {{branch: main}}}}\n"
        ))
    }

    /// A Kustomization that applies a folder of the GitRepository `fleet` to the namespace `default`.
    pub(crate) fn kustomization(name: &str, path: &str) -> Value {
        json!({
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": {"name": name},
            "spec": {
                "interval": "1h", "prune": true, "path": path, "targetNamespace": "default",
                "sourceRef": {"kind": "GitRepository", "name": "fleet"},
            },
        })
    }

    /// Asks for a turn of an object in the namespace `default`.
    pub(crate) fn request<K>(&self, name: &str, token: &str) -> Result<()>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned,
    {
        let api: Api<K> = Api::namespaced(self.client.clone(), "default");
        let annotations = json!({"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": token}}});
        let (params, patch) = (PatchParams::default(), Patch::Merge(&annotations));
        self.runtime.block_on(api.patch(name, &params, &patch))?;
        Ok(())
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
