//! A namespace of the shared control plane with an estate beside it. What is waited for is waited for by `kubectl
//! wait` or by a line of the controller's story, never for time.

use crate::running::Running;
use crate::support::{Estate, tagalong};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
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
        let plane = ControlPlane::shared()?;
        installed(plane);
        Some(Self { plane, namespace: plane.namespace(prefix).unwrap(), estate: Estate::new() })
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

    /// The command line of one, with the rights of the ServiceAccount that deploy/install.yaml makes.
    pub(super) fn command(&self, args: &[&str]) -> Command {
        let defaults = [
            "--watch-all-namespaces=false",
            "--storage-path=state",
            "--storage-addr=127.0.0.1:0",
            "--metrics-addr=0",
            "--health-addr=0",
        ];
        let given = |flag: &str| args.iter().any(|arg| arg.split('=').next() == flag.split('=').next());
        let mut all = vec!["controller"];
        all.extend(defaults.into_iter().filter(|flag| !given(flag)));
        all.extend(args);
        let mut command = tagalong(self.estate.folder(), &all);
        command.env("KUBECONFIG", installed(self.plane)).env("RUNTIME_NAMESPACE", &self.namespace);
        command
    }

    /// Lets the controller hold Leases in this namespace, as an overlay's Role does in its own.
    pub(super) fn open_leases(&self, overlay: &str) {
        let folder = deploy("overlays").join(overlay);
        let rendered = self.kubectl(&["kustomize", folder.to_str().unwrap()], "");
        let election = rendered.split("---\n").filter(|object| {
            object.contains("\nkind: Role") && object.contains("\n  name: tagalong-leader-election\n")
        });
        let ours = format!("\n  namespace: {}\nr", self.namespace);
        let election: Vec<String> =
            election.map(|object| object.replace("\n  namespace: flux-system\nr", &ours)).collect();
        assert_eq!(election.len(), 2, "{rendered}");
        self.apply(&election.join("---\n"));
    }

    /// Lets the controller read this namespace's Secrets.
    pub(super) fn open_secrets(&self) {
        let role = ["--clusterrole=tagalong-secrets", "--serviceaccount=flux-system:tagalong"];
        self.own(&[&["create", "rolebinding", "tagalong-secrets"][..], &role].concat(), "");
    }
}

/// Installs deploy/install.yaml into the shared plane, once; a kubeconfig of its ServiceAccount.
pub(super) fn installed(plane: &ControlPlane) -> &'static Path {
    static RIGHTS: OnceLock<PathBuf> = OnceLock::new();
    RIGHTS.get_or_init(|| {
        let file = deploy("install.yaml");
        let applied = plane.kubectl(&["apply", "-f", file.to_str().unwrap()], "").unwrap();
        // A Pod that is not hardened would be warned of: the namespace asks for that.
        assert!(applied.success && applied.stderr.is_empty(), "{}", applied.stderr);
        done(plane, &["wait", "--for=condition=Established", "crd", "--all", PATIENCE], "");
        rights(plane)
    })
}

/// Installs what stands beside Flux, without the definitions, into a plane of a test's own.
pub(super) fn install_beside_flux(plane: &ControlPlane) -> PathBuf {
    done(plane, &["create", "namespace", "flux-system"], "");
    done(plane, &["apply", "-k", deploy("overlays/image-only").to_str().unwrap()], "");
    rights(plane)
}

/// A file or folder below deploy.
pub(super) fn deploy(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(path)
}

fn done(plane: &ControlPlane, args: &[&str], input: &str) {
    let printed = plane.kubectl(args, input).unwrap();
    assert!(printed.success, "kubectl {args:?}: {}", printed.stderr);
}

fn rights(plane: &ControlPlane) -> PathBuf {
    let rights = plane.service_account("flux-system", "tagalong").unwrap();
    // The authorizer learns of a grant a moment after it was stored.
    let asked = (0..200).find(|_| {
        let answer = plane.kubectl_as(&rights, &["get", "namespace", "kube-system"], "").unwrap();
        answer.success
    });
    asked.expect("the grants below deploy serve");
    rights
}
