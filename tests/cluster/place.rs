//! A namespace of the shared control plane with an estate beside it. What is waited for is waited for by `kubectl
//! wait` or by a line of the controller's story, never for time.

use crate::running::Running;
use crate::support::{Estate, tagalong};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Once, OnceLock};
use std::time::{Duration, Instant};
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

    /// Waits until a path of an object holds something with `words`; what it holds.
    #[track_caller]
    pub(super) fn until_says(&self, object: &str, path: &str, words: &str) -> String {
        let begin = Instant::now();
        loop {
            let says = self.get(object, path);
            if says.contains(words) {
                return says;
            }
            assert!(begin.elapsed() < Duration::from_secs(60), "{object} says: {says}");
        }
    }

    /// Waits until an object is Ready for its generation.
    #[track_caller]
    pub(super) fn until_ready(&self, object: &str) {
        self.own(&["wait", object, "--for=condition=Ready", PATIENCE], "");
    }

    /// Asks for a turn of an object now.
    #[track_caller]
    pub(super) fn request(&self, object: &str, token: &str) {
        let annotation = format!("reconcile.fluxcd.io/requestedAt={token}");
        self.own(&["annotate", object, &annotation, "--overwrite"], "");
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

    /// A controller of this namespace.
    pub(super) fn controller(&self, args: &[&str]) -> Running {
        Running::start(self.command(args))
    }

    /// The command line of one, with the rights of the ServiceAccount that deploy/controller.yaml makes.
    pub(super) fn command(&self, args: &[&str]) -> Command {
        let defaults =
            ["--watch-all-namespaces=false", "--storage-path=state", "--metrics-addr=0", "--health-addr=0"];
        let given = |flag: &str| args.iter().any(|arg| arg.split('=').next() == flag.split('=').next());
        let mut all = vec!["controller"];
        all.extend(defaults.into_iter().filter(|flag| !given(flag)));
        all.extend(args);
        let mut command = tagalong(self.estate.folder(), &all);
        command.env("KUBECONFIG", installed(self.plane)).env("RUNTIME_NAMESPACE", &self.namespace);
        command
    }

    /// Lets the controller read this namespace's Secrets.
    pub(super) fn open_secrets(&self) {
        let role = ["--clusterrole=tagalong-secrets", "--serviceaccount=flux-system:tagalong"];
        self.own(&[&["create", "rolebinding", "tagalong-secrets"][..], &role].concat(), "");
    }
}

/// Installs what deploy/controller.yaml holds into a plane, once; a kubeconfig of its ServiceAccount.
fn installed(plane: &ControlPlane) -> &'static Path {
    static RIGHTS: OnceLock<PathBuf> = OnceLock::new();
    RIGHTS.get_or_init(|| install(plane))
}

/// The same for a plane of a test's own.
pub(super) fn install(plane: &ControlPlane) -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/controller.yaml");
    let done = |args: &[&str]| {
        let printed = plane.kubectl(args, "").unwrap();
        assert!(printed.success, "kubectl {args:?}: {}", printed.stderr);
    };
    done(&["create", "namespace", "flux-system"]);
    done(&["apply", "-f", manifest.to_str().unwrap()]);
    let rights = plane.service_account("flux-system", "tagalong").unwrap();
    // The authorizer learns of a grant a moment after it was stored.
    let asked = (0..200).find(|_| {
        let answer = plane.kubectl_as(&rights, &["get", "namespace", "kube-system"], "").unwrap();
        answer.success
    });
    asked.expect("the grants of deploy/controller.yaml serve");
    rights
}
