//! Every folder of `examples/`, as a user would run it: lint, plan, run, run again. Hosts are put in place of the ones in
//! the files, which do not exist; nothing else is changed.

use crate::support::{Ran, tagalong};
use std::path::{Path, PathBuf};
use std::process::Command;
use tagalong_testkit::fake_registry::{Auth, FakeRegistry};
use tagalong_testkit::git_http::{Access, GitHttp, Options};
use tagalong_testkit::git_repo::{Change, GitRepo, git};
use tagalong_testkit::need;
use tagalong_testkit::parts::Part;
use tagalong_testkit::sshd::SshKey;

const REGISTRY: &str = "registry.example.com";
const GIT: &str = "https://git.example.com";

/// An example that was copied, with a registry and a Git server of its own.
struct Example {
    folder: tempfile::TempDir,
    registry: FakeRegistry,
    repo: GitRepo,
    key: Option<SshKey>,
    git: GitHttp,
}

impl Example {
    fn new(name: &str) -> Self {
        let source = examples().join(name);
        let folder = tempfile::tempdir().unwrap();
        let private = source.join("secrets").is_dir();
        let (auth, access) = if private {
            (Auth::Token("robot".into(), "pull".into()), Access::Basic("tagalong".into(), "token".into()))
        } else {
            (Auth::Open, Access::Open)
        };
        let registry = FakeRegistry::builder().auth(auth).start().unwrap();
        push_tags(&registry, &std::fs::read_to_string(source.join("tags")).unwrap());
        let git = GitHttp::start(folder.path(), Options { access, ..Options::default() }).unwrap();
        let repo = GitRepo::bare_at(&folder.path().join("acme/fleet.git")).unwrap();
        let server = git.url("acme/fleet.git");
        let server = server.strip_suffix("/acme/fleet.git").unwrap();
        let local = |text: String| text.replace(REGISTRY, &registry.host()).replace(GIT, server);
        let files = |part: &str| -> Vec<(String, Vec<u8>)> {
            let root = source.join(part);
            let read = |path: PathBuf| {
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
                (name, local(std::fs::read_to_string(&path).unwrap()).into_bytes())
            };
            files_below(&root).into_iter().map(read).collect()
        };
        for part in ["objects", "repository"] {
            for (path, bytes) in files(part) {
                let path = folder.path().join(part).join(path);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, bytes).unwrap();
            }
        }
        let files = files("repository");
        let changes: Vec<_> = files.iter().map(|(path, bytes)| Change::File(path, bytes)).collect();
        repo.commit("main", "The repository as it stands", &changes).unwrap();
        let key = private.then(|| SshKey::generate("-t ed25519", "").unwrap());
        if let Some(key) = &key {
            std::fs::create_dir(folder.path().join("secrets")).unwrap();
            std::fs::write(folder.path().join("secrets/signing-key"), &key.private).unwrap();
        }
        Self { folder, registry, repo, key, git }
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let mut all = arguments.to_vec();
        if self.key.is_some() {
            all.extend(["--secrets-dir", "secrets"]);
        }
        all.extend(["--state", "state"]);
        self.command(&all)
    }

    fn command(&self, arguments: &[&str]) -> Ran {
        let mut command = tagalong(self.folder.path(), arguments);
        let host = self.registry.host();
        let config = serde_json::json!({"auths": {host: {"username": "robot", "password": "pull"}}});
        command.env("TAGALONG_REGISTRY_CONFIG", config.to_string()).env("TAGALONG_GIT_TOKEN", "token");
        command.output().unwrap().into()
    }

    /// Puts this example's hosts into a text.
    fn local(&self, text: &str) -> String {
        let server = self.git.url("acme/fleet.git");
        let server = server.strip_suffix("/acme/fleet.git").unwrap();
        text.replace(REGISTRY, &self.registry.host()).replace(GIT, server)
    }

    /// Runs lines of a README as they stand, with the binary and git in reach; what was said.
    #[track_caller]
    fn shell(&self, lines: &str) -> String {
        let binary = Path::new(env!("CARGO_BIN_EXE_tagalong")).parent().unwrap();
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", binary.display());
        let mut command = Command::new("sh");
        command.args(["-ec", &format!("exec 2>&1\n{lines}")]).current_dir(self.folder.path());
        command.env_clear().envs(git().get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.env("PATH", path).env("HOME", self.folder.path());
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{lines}\n{said}");
        said
    }

    /// Whether the field holds this tag.
    fn holds(&self, tag: &str) -> bool {
        self.repo.read("main", "apps/web/deployment.yaml").unwrap().contains(&format!("acme/web:{tag} "))
    }

    fn commits(&self) -> usize {
        self.repo.git(&["rev-list", "--all", "--count"]).unwrap().parse().unwrap()
    }
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

/// Lines of `image: tag tag …`; each tag is an image of its own, the same one in each run.
pub(crate) fn push_tags(registry: &FakeRegistry, tags: &str) {
    for line in tags.lines() {
        let (image, tags) = line.split_once(": ").unwrap();
        for tag in tags.split_whitespace() {
            registry.push_tag(image, tag);
        }
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

/// Lint and plan.
#[track_caller]
fn plan_check(name: &str) -> Example {
    let example = Example::new(name);
    let lint = example.command(&["lint", "objects", "repository"]).expect(0);
    assert_eq!(lint.stdout, "", "{name}: lint has nothing to say");
    let plan = example.run(&["plan", "objects"]).expect(0);
    let shown = plan.stdout.replace(&example.registry.host(), REGISTRY);
    let expected = std::fs::read_to_string(examples().join(name).join("expect.diff")).unwrap();
    assert_eq!(shown, expected, "{name}: expect.diff is what plan prints");
    assert!(!plan.stderr.contains("problem") && !plan.stderr.contains("held"), "{name}: {}", plan.stderr);
    example
}

/// Plan, run and run again; gives the example for what is special about it.
#[track_caller]
fn check(name: &str) -> Example {
    let example = plan_check(name);
    let objects = files_below(&examples().join(name).join("objects"));
    let objects: String = objects.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
    let automations = objects.matches("kind: ImageUpdateAutomation").count();
    example.run(&["run", "objects", "--once"]).expect(0);
    assert_eq!(example.commits(), 1 + automations, "{name}: one commit of each automation");
    example.run(&["run", "objects", "--once"]).expect(0);
    assert_eq!(example.commits(), 1 + automations, "{name}: the second run makes none");
    example
}

#[test]
fn quickstart() {
    check("quickstart");
}

#[test]
fn private_registry_and_signing() {
    let example = check("private-registry-and-signing");
    let key = example.key.as_ref().unwrap();
    example.repo.verify_ssh("main", &format!("tagalong@example.com {}\n", key.public)).unwrap();
}

#[test]
fn push_branch() {
    let example = check("push-branch");
    assert_eq!(example.repo.rev("tagalong/images^"), example.repo.rev("main"));
    let message = example.repo.message("tagalong/images").unwrap();
    assert!(message.starts_with("Update images\n\ndefault:api: "), "{message}");
}

/// What a run of it does is in `pulls`: that takes a host.
#[test]
fn pull_requests() {
    plan_check("pull-requests");
}

#[test]
fn digest_pinning() {
    check("digest-pinning");
}

#[test]
fn line_files() {
    check("line-files");
}

#[test]
fn kustomize_and_helm() {
    check("kustomize-and-helm");
}

#[test]
fn two_automations() {
    let example = check("two-automations");
    let log = example.repo.git(&["log", "--format=%s", "main"]).unwrap();
    assert!(log.contains("Update staging") && log.contains("Release to production"), "{log}");
}

#[test]
fn namespaces() {
    check("namespaces");
}

#[test]
fn flux_migration() {
    check("flux-migration");
}

#[test]
fn pinned_by_revert_as_its_readme_goes() {
    need!(Part::Git, Part::GitHttpBackend);
    let example = check("pinned-by-revert");
    let readme = std::fs::read_to_string(examples().join("pinned-by-revert/README.md")).unwrap();
    let readme = example.local(&readme);
    let blocks: Vec<&str> =
        readme.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let [goes_out, taken_back, respected, next] = blocks.as_slice() else { panic!("{blocks:?}") };
    example.shell(goes_out);
    assert!(example.holds("1.4.0"));
    example.shell(taken_back);
    assert!(example.holds("1.3.2"));
    let said = example.shell(respected);
    assert!(
        example.holds("1.3.2") && said.contains("Reverted") && said.contains("took 1.4.0 away"),
        "{said}"
    );
    assert!(said.contains("Revert \"Update from image update automation\""), "{said}");
    example.registry.push_tag("acme/web", "1.4.1");
    let said = example.shell(next);
    assert!(example.holds("1.4.1") && said.contains("acme/web:1.4.1 # {"), "{said}");
}

#[test]
fn every_folder_is_checked() {
    let own = include_str!("examples.rs");
    for entry in std::fs::read_dir(examples()).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let checked = own.contains(&format!("check(\"{name}\")"));
        assert!(!entry.path().is_dir() || checked, "examples/{name} has no test");
    }
}
