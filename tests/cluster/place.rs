//! A namespace of the shared control plane with an estate beside it. What is waited for is waited for by `kubectl
//! wait` or by a line of the controller's story, never for time.

use crate::running::Running;
use crate::support::{Estate, tagalong};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Once;
use tagalong_testkit::control_plane::ControlPlane;

/// Longer than anything here takes.
const PATIENCE: &str = "--timeout=60s";

/// A namespace, a registry and a Git server.
pub(super) struct Place {
    pub(super) plane: &'static ControlPlane,
    pub(super) namespace: String,
    pub(super) estate: Estate,
}

impl Place {
    /// `None` where a part is missing, which was said.
    pub(super) fn new(prefix: &str) -> Option<Self> {
        static DEFINED: Once = Once::new();
        let plane = ControlPlane::shared()?;
        let place = Self { plane, namespace: plane.namespace(prefix).unwrap(), estate: Estate::new() };
        DEFINED.call_once(|| {
            let definitions = crate::support::run(place.estate.folder(), &["crds"]).expect(0).stdout;
            place.kubectl(&["apply", "--server-side", "-f", "-"], &definitions);
            place.kubectl(&["wait", "--for=condition=Established", "crd", "--all", PATIENCE], "");
        });
        Some(place)
    }

    /// A place with the image `acme/web`, its policy `web` for `range`, a marked file and an automation `fleet`.
    pub(super) fn with_web(prefix: &str, range: &str, tags: &[&str]) -> Option<Self> {
        let place = Self::new(prefix)?;
        place.estate.registry.push_tags("acme/web", tags);
        place.commit("apps/web.yaml", "web", "1.0.0");
        place.apply(&place.estate.image_and_policy("web", range));
        place.apply(&place.estate.automation(""));
        Some(place)
    }

    /// Commits a file with one marker for `policy`.
    pub(super) fn commit(&self, path: &str, policy: &str, tag: &str) {
        let namespace = &self.namespace;
        let text = format!("image: IMAGE:{tag} # {{\"$imagepolicy\": \"{namespace}:{policy}\"}}\n");
        self.estate.commit(&[(path, &text)]);
    }

    /// `kubectl` as an administrator, which has to succeed; its output.
    #[track_caller]
    pub(super) fn kubectl(&self, args: &[&str], input: &str) -> String {
        let printed = self.plane.kubectl(args, input).unwrap();
        assert!(printed.success, "kubectl {args:?}: {}", printed.stderr);
        printed.stdout
    }

    /// The same in this place's namespace.
    #[track_caller]
    pub(super) fn own(&self, args: &[&str], input: &str) -> String {
        let all: Vec<&str> = ["-n", &self.namespace].into_iter().chain(args.iter().copied()).collect();
        self.kubectl(&all, input)
    }

    #[track_caller]
    pub(super) fn apply(&self, yaml: &str) {
        self.own(&["apply", "-f", "-"], yaml);
    }

    /// What stands at a path of an object.
    #[track_caller]
    pub(super) fn get(&self, object: &str, path: &str) -> String {
        self.own(&["get", object, &format!("-o=jsonpath={{{path}}}")], "")
    }

    /// Waits until a path of an object holds `value`.
    #[track_caller]
    pub(super) fn until(&self, object: &str, path: &str, value: &str) {
        self.own(&["wait", object, &format!("--for=jsonpath={{{path}}}={value}"), PATIENCE], "");
    }

    /// Waits until an object is Ready for its generation.
    #[track_caller]
    pub(super) fn until_ready(&self, object: &str) {
        self.own(&["wait", object, "--for=condition=Ready", PATIENCE], "");
    }

    /// Deletes an object and waits until it is gone.
    #[track_caller]
    pub(super) fn delete(&self, object: &str) {
        self.own(&["delete", object, "--wait", PATIENCE], "");
    }

    /// The tag in a file of the repository.
    #[track_caller]
    pub(super) fn tag(&self, path: &str) -> String {
        let text = self.estate.repo.read("main", path).unwrap();
        let value = text.split_whitespace().nth(1).unwrap_or_default();
        value.rsplit(':').next().unwrap_or_default().to_owned()
    }

    /// A controller of this namespace, with the rights of an administrator.
    pub(super) fn controller(&self, args: &[&str]) -> Running {
        Running::start(self.command(self.plane.kubeconfig(), args))
    }

    /// The command line of one, with the rights of `kubeconfig`.
    pub(super) fn command(&self, kubeconfig: PathBuf, args: &[&str]) -> Command {
        let mut all = vec!["controller", "--watch-all-namespaces=false", "--storage-path=state"];
        all.extend(["--metrics-addr=0", "--health-addr=0"]);
        all.extend(args);
        let mut command = tagalong(self.estate.folder(), &all);
        command.env("KUBECONFIG", kubeconfig).env("RUNTIME_NAMESPACE", &self.namespace);
        command
    }
}
