//! A place whose repository is applied to its own namespace.

use super::super::place::Place;
use crate::running::Running;
use std::time::{Duration, Instant};

/// The Kustomization that most tests look at.
pub(super) const APPS: &str = "kustomization/apps";
pub(super) const READY: &str = ".status.conditions[?(@.type==\"Ready\")]";

/// A ConfigMap.
pub(in crate::cluster) fn config(name: &str, value: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{value: \"{value}\"}}\n")
}

/// A Deployment of one image without replicas, so that it is healthy where nothing runs.
pub(super) fn deployment(name: &str, image: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  replicas: 0\n  \
         selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    \
         spec: {{containers: [{{name: app, image: \"{image}\"}}]}}\n"
    )
}

impl Place {
    /// A place with these files on main, a GitRepository `fleet`, and a ServiceAccount `deployer` that may do what it
    /// likes in this namespace and nothing elsewhere.
    pub(super) fn synced(prefix: &str, files: &[(&str, &str)]) -> Option<Self> {
        let place = Self::new(prefix)?;
        place.estate.commit(files);
        place.apply(&place.fleet());
        place.open_sync();
        Some(place)
    }

    /// The GitRepository.
    pub(super) fn fleet(&self) -> String {
        format!(
            "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {{name: fleet}}\n\
             spec: {{url: \"{}\", interval: 5m, ref: {{branch: main}}}}\n",
            self.estate.git.url("fleet.git")
        )
    }

    /// Lets the controller apply as the ServiceAccounts of this namespace, and makes one that is its admin.
    pub(in crate::cluster) fn open_sync(&self) {
        let role = ["--clusterrole=tagalong-sync", "--serviceaccount=flux-system:tagalong"];
        self.own(&[&["create", "rolebinding", "tagalong-sync"][..], &role].concat(), "");
        self.own(&["create", "serviceaccount", "deployer"], "");
        let account = format!("--serviceaccount={}:deployer", self.namespace);
        self.own(&["create", "rolebinding", "deployer", "--clusterrole=cluster-admin", &account], "");
    }

    /// A Kustomization of `./apps` for this namespace; `extra` goes below `spec`, each line beginning with two spaces.
    pub(in crate::cluster) fn kustomization(&self, name: &str, extra: &str) -> String {
        let path = if extra.contains("  path:") { "" } else { "  path: ./apps\n" };
        let account =
            if extra.contains("  serviceAccountName:") { "" } else { "  serviceAccountName: deployer\n" };
        format!(
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {name}}}\nspec:\n  \
             interval: 10m\n  prune: true\n  sourceRef: {{kind: GitRepository, name: fleet}}\n  \
             targetNamespace: {}\n{path}{account}{extra}",
            self.namespace
        )
    }

    /// A controller that serves every kind.
    pub(super) fn syncing(&self) -> Running {
        self.controller(&["--controllers=image,source,kustomize"])
    }

    /// Commits files and has them fetched and applied; the revision.
    #[track_caller]
    pub(super) fn push(&self, files: &[(&str, &str)], token: &str) -> String {
        let revision = format!("main@sha1:{}", self.estate.commit(files));
        self.request("gitrepository/fleet", token);
        self.until("gitrepository/fleet", ".status.artifact.revision", &revision);
        revision
    }

    /// Asks for a turn of a Kustomization and waits for its end.
    #[track_caller]
    pub(super) fn reconciled(&self, object: &str, token: &str) {
        self.request(object, token);
        self.until(object, ".status.lastHandledReconcileAt", token);
    }

    /// Waits until a revision is applied.
    #[track_caller]
    pub(super) fn until_applied(&self, object: &str, revision: &str) {
        let begin = Instant::now();
        while self.get(object, ".status.lastAppliedRevision") != revision {
            let says = || self.get(object, ".status.conditions");
            assert!(begin.elapsed() < Duration::from_secs(30), "{object} says: {}", says());
        }
    }

    /// What Ready says.
    #[track_caller]
    pub(super) fn until_ready_says(&self, object: &str, words: &str) -> String {
        self.until_says(object, &format!("{READY}.message"), words)
    }
}
