//! The steps of `examples/flux-migration/README.md`, one after the other, against an API server that nobody else uses.

use super::place::deploy;
use crate::examples::push_tags;
use crate::running::{Running, signal};
use crate::support::{Ran, tagalong};
use std::path::{Path, PathBuf};
use std::process::Command;
use tagalong_testkit::control_plane::ControlPlane;
use tagalong_testkit::fake_registry::FakeRegistry;
use tagalong_testkit::git_http::{GitHttp, Options};
use tagalong_testkit::git_repo::{Change, GitRepo};
use tagalong_testkit::need;
use tagalong_testkit::parts::{self, Part};

const LEASES: [&str; 2] =
    ["image-reflector-controller-leader-election", "image-automation-controller-leader-election"];

/// A cluster with Flux's Leases held, and a folder that holds what a checkout of this repository does.
struct Cluster {
    plane: ControlPlane,
    folder: tempfile::TempDir,
    repo: GitRepo,
    _servers: (FakeRegistry, GitHttp),
}

impl Cluster {
    fn new() -> Self {
        let plane = ControlPlane::start().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let example = deploy("../examples/flux-migration");
        let registry = FakeRegistry::start().unwrap();
        push_tags(&registry, &std::fs::read_to_string(example.join("tags")).unwrap());
        let git = GitHttp::start(folder.path(), Options::default()).unwrap();
        let repo = GitRepo::bare_at(&folder.path().join("acme/fleet.git")).unwrap();
        let server = git.url("acme/fleet.git").replace("/acme/fleet.git", "");
        let local = |text: &str| {
            text.replace("registry.example.com", &registry.host()).replace("https://git.example.com", &server)
        };
        let marked = std::fs::read_to_string(example.join("repository/apps/web/deployment.yaml")).unwrap();
        let marked = local(&marked);
        let change = Change::File("apps/web/deployment.yaml", marked.as_bytes());
        repo.commit("main", "The repository as it stands", &[change]).unwrap();
        std::os::unix::fs::symlink(deploy(""), folder.path().join("deploy")).unwrap();
        for part in ["objects", "flux-system"] {
            let to = folder.path().join("examples/flux-migration").join(part);
            std::fs::create_dir_all(&to).unwrap();
            for file in std::fs::read_dir(example.join(part)).unwrap() {
                let file = file.unwrap();
                let text = local(&std::fs::read_to_string(file.path()).unwrap());
                std::fs::write(to.join(file.file_name()), text).unwrap();
            }
        }
        let cluster = Self { plane, folder, repo, _servers: (registry, git) };
        cluster.begin_as_flux();
        cluster
    }

    /// Flux is there: its namespace, and its two controllers hold their Leases.
    fn begin_as_flux(&self) {
        self.kubectl(&["create", "namespace", "flux-system"], "");
        for name in LEASES {
            let lease = format!(
                "apiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata: {{name: {name}, namespace: flux-system}}\n\
                 spec: {{holderIdentity: flux, leaseDurationSeconds: 3600, renewTime: \"{}\"}}\n",
                jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
            );
            self.kubectl(&["create", "-f", "-"], &lease);
        }
    }

    /// Its Pods end, and give the Leases back.
    fn end_as_flux(&self) {
        for name in LEASES {
            let patch = r#"{"spec":{"holderIdentity":""}}"#;
            let lease = format!("lease/{name}");
            self.kubectl(&["patch", &lease, "-n", "flux-system", "--type=merge", "-p", patch], "");
        }
    }

    fn kubectl(&self, args: &[&str], input: &str) -> String {
        let printed = self.plane.kubectl(args, input).unwrap();
        assert!(printed.success, "kubectl {args:?}: {}", printed.stderr);
        printed.stdout
    }

    /// Runs one line of the page, as somebody would type it.
    fn types(&self, line: &str) -> Ran {
        let programs = self.folder.path().join("bin");
        if !programs.exists() {
            std::fs::create_dir(&programs).unwrap();
            let found = |part| parts::find(part).unwrap();
            let binary = PathBuf::from(env!("CARGO_BIN_EXE_tagalong"));
            for (name, path) in
                [("kubectl", found(Part::Kubectl)), ("flux", found(Part::Flux)), ("tagalong", binary)]
            {
                std::os::unix::fs::symlink(path, programs.join(name)).unwrap();
            }
        }
        let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
        let mut shell = Command::new("sh");
        shell.args(["-c", line]).current_dir(self.folder.path()).env_clear().env("PATH", path);
        shell
            .env("HOME", self.folder.path())
            .env("KUBECONFIG", self.plane.kubeconfig())
            .output()
            .unwrap()
            .into()
    }

    /// What the Deployment runs, with the rights that it has.
    fn controller(&self) -> Running {
        let args = "-o=jsonpath={.spec.template.spec.containers[0].args}";
        let args = self.kubectl(&["get", "deployment/tagalong", "-n", "flux-system", args], "");
        let mut args: Vec<String> = serde_json::from_str(&args).unwrap();
        args.extend(
            ["--storage-path=state", "--storage-addr=127.0.0.1:0", "--metrics-addr=0", "--health-addr=0"]
                .map(ToOwned::to_owned),
        );
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let rights = self.plane.service_account("flux-system", "tagalong").unwrap();
        let mut command = tagalong(self.folder.path(), &args);
        command
            .env("KUBECONFIG", rights)
            .env("RUNTIME_NAMESPACE", "flux-system")
            .env("POD_NAME", "tagalong-0");
        Running::start(command)
    }

    /// No kubelet is here to say that the Pod runs.
    fn pod_runs(&self) {
        let ready = r#"{"status":{"observedGeneration":1,"replicas":1,"updatedReplicas":1,"readyReplicas":1,
            "availableReplicas":1,"conditions":[{"type":"Available","status":"True"},
            {"type":"Progressing","status":"True","reason":"NewReplicaSetAvailable"}]}}"#;
        let object = ["patch", "deployment/tagalong", "-n", "flux-system", "--subresource=status"];
        self.kubectl(&[&object[..], &["--type=merge", "-p", ready]].concat(), "");
    }

    /// Flux applies its own definitions, which lack our field; then somebody hands them over as the page says.
    fn definitions_go_from_hand_to_hand(&self) {
        let definition = ["get", "crd/imageupdateautomations.image.toolkit.fluxcd.io", "-o=json"];
        let mut fluxs: serde_json::Value = serde_json::from_str(&self.kubectl(&definition, "")).unwrap();
        let update = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/update/properties";
        let fields = fluxs.pointer_mut(update).unwrap().as_object_mut().unwrap();
        fields.remove("lineFiles").expect("our field is there");
        fluxs.as_object_mut().unwrap().remove("status");
        fluxs["metadata"] = serde_json::json!({"name": fluxs["metadata"]["name"]});
        let apply = ["apply", "--server-side", "--force-conflicts", "--field-manager=kustomize-controller"];
        self.kubectl(&[&apply[..], &["-f", "-"]].concat(), &fluxs.to_string());
        self.line_files_become("");

        let page = std::fs::read_to_string(deploy("../docs/migrate-from-flux.md")).unwrap();
        let hand_over = page.lines().find(|line| line.starts_with("tagalong crds |")).unwrap();
        self.types(hand_over).expect(0);
        self.line_files_become(r#"["Dockerfile"]"#);
    }

    /// Writes our field until the API server, which takes a definition up a moment later, keeps or drops it.
    fn line_files_become(&self, expected: &str) {
        let object = ["imageupdateautomation/fleet", "-n", "flux-system"];
        let patch = r#"{"spec":{"update":{"lineFiles":["Dockerfile"]}}}"#;
        let became = (0..200).any(|_| {
            self.kubectl(&[&["patch"], &object[..], &["--type=merge", "-p", patch]].concat(), "");
            let path = "-o=jsonpath={.spec.update.lineFiles}";
            self.kubectl(&[&["get"], &object[..], &[path]].concat(), "") == expected
        });
        assert!(became, "lineFiles do not become '{expected}'");
    }

    fn holders(&self) -> String {
        let holders = "-o=jsonpath={.items[*].spec.holderIdentity}";
        self.kubectl(&["get", "leases", "-n", "flux-system", holders], "")
    }
}

/// The lines of the page's blocks of commands.
fn steps(page: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(page).unwrap();
    let blocks = text.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap().to_owned());
    blocks
        .flat_map(|block| block.lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>())
        .filter(|line| !line.is_empty())
        .collect()
}

#[test]
fn the_way_from_flux_can_be_gone_and_gone_back() {
    need!(Part::Etcd, Part::KubeApiserver, Part::Kubectl, Part::Flux);
    let cluster = Cluster::new();
    let steps = steps(&deploy("../examples/flux-migration/README.md"));
    assert!(steps.len() >= 10, "{steps:?}");
    let mut controller = None;
    for step in &steps {
        // kustomize-controller is Flux's, and not here.
        if step.contains("reconcile kustomization") {
            continue;
        }
        if step.contains("rollout status") {
            cluster.pod_runs();
        }
        let ran = cluster.types(step);
        assert_eq!(ran.code, 0, "{step}:\n{}{}", ran.stdout, ran.stderr);
        if step.contains("deploy/install.yaml") {
            let running = controller.insert(cluster.controller());
            running.until("standing by");
        } else if step.starts_with("tagalong plan") {
            assert!(ran.stdout.contains("acme/web:1.4.0"), "{}", ran.stdout);
            assert!(cluster.repo.read("main", "apps/web/deployment.yaml").unwrap().contains(":1.3.2 "));
        } else if step.starts_with("kubectl kustomize") {
            assert_eq!(ran.stdout.matches("kind: CustomResourceDefinition").count(), 3, "{}", ran.stdout);
            assert!(ran.stdout.contains("name: source-controller"), "{}", ran.stdout);
            assert!(!ran.stdout.contains("image-reflector-controller"), "{}", ran.stdout);
            assert!(!ran.stdout.contains("image-automation-controller"), "{}", ran.stdout);
            cluster.end_as_flux();
            let running = controller.as_mut().unwrap();
            running.until("holding the leases");
            running.until("pushed commit");
        } else if step.starts_with("flux get") {
            assert!(ran.stdout.contains("resolved to 1.4.0"), "{}", ran.stdout);
        } else if step.starts_with("kubectl delete") {
            let controller = controller.take().unwrap();
            signal("TERM", controller.id());
            controller.end().expect(0);
        }
    }
    assert!(controller.is_none(), "the way back was gone");
    let text = cluster.repo.read("main", "apps/web/deployment.yaml").unwrap();
    assert!(text.contains(":1.4.0 # {\"$imagepolicy\""), "{text}");
    assert_eq!(cluster.holders().trim(), "", "Flux's controllers can take their Leases again");
    let kinds = "imagerepositories,imagepolicies,imageupdateautomations,gitrepositories";
    let left = cluster.kubectl(&["get", kinds, "-n", "flux-system", "-o=name"], "");
    assert_eq!(left.lines().count(), 4, "{left}");
    cluster.definitions_go_from_hand_to_hand();
}
