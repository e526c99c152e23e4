//! A fleet on a real Gitea: images in a registry, marked files in a repository, an automation that opens pull requests.

use crate::support::{Ran, run};
use serde_json::Value;
use std::path::Path;
use std::time::{Duration, Instant};
use tagalong_testkit::fake_registry::FakeRegistry;
use tagalong_testkit::gitea::{Gitea, Repository};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) struct Fleet {
    pub(super) registry: FakeRegistry,
    pub(super) repository: Repository<'static>,
    folder: tempfile::TempDir,
    policies: Vec<String>,
}

impl Fleet {
    /// A fleet with these images, each with a policy `1.x`, at 1.0.0 in `apps/NAME.yaml`; `None` where Gitea is
    /// missing.
    pub(super) fn new(images: &[&str], pull_request: &str) -> Option<Self> {
        let repository = Gitea::shared()?.repository("acme").unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("objects")).unwrap();
        let fleet = Self {
            registry: FakeRegistry::start().unwrap(),
            repository,
            folder,
            policies: images.iter().map(|image| (*image).to_owned()).collect(),
        };
        for image in images {
            fleet.registry.push_tags(&format!("acme/{image}"), ["1.0.0"]);
            fleet.write(image, "1.0.0");
        }
        fleet.objects(pull_request);
        Some(fleet)
    }

    /// What stands in an image's file at a tag.
    pub(super) fn file(&self, image: &str, tag: &str) -> String {
        let name = self.registry.image(&format!("acme/{image}"));
        format!("image: {name}:{tag} # {{\"$imagepolicy\": \"default:{image}\"}}\n")
    }

    /// A person writes an image's file on main.
    pub(super) fn write(&self, image: &str, tag: &str) -> String {
        let text = self.file(image, tag);
        self.repository.commit("main", &format!("apps/{image}.yaml"), text.as_bytes()).unwrap()
    }

    /// The objects, with this below `git.pullRequest`.
    pub(super) fn objects(&self, pull_request: &str) {
        let mut yaml = String::new();
        for name in &self.policies {
            let image = self.registry.image(&format!("acme/{name}"));
            yaml.push_str(&format!(
                "apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImageRepository\nmetadata: {{name: {name}}}\n\
                 spec: {{image: \"{image}\", interval: 1s, timeout: 5s}}\n---\n\
                 apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImagePolicy\nmetadata: {{name: {name}}}\n\
                 spec: {{imageRepositoryRef: {{name: {name}}}, policy: {{semver: {{range: 1.x}}}}}}\n---\n"
            ));
        }
        let (url, token) = (self.repository.url(), &self.repository.bot().token);
        yaml.push_str(&format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: git}}\nstringData: {{username: bot, password: {token}, token: {token}}}\n---\n\
             apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {{name: fleet}}\n\
             spec: {{url: \"{url}\", interval: 5m, ref: {{branch: main}}, secretRef: {{name: git}}}}\n---\n\
             apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImageUpdateAutomation\nmetadata: {{name: fleet}}\nspec:\n  \
             interval: 5m\n  sourceRef: {{kind: GitRepository, name: fleet}}\n  git:\n    \
             commit: {{author: {{name: bot, email: bot@example.com}}}}\n    \
             pullRequest: {{provider: gitea{pull_request}}}\n"
        ));
        std::fs::write(self.folder.path().join("objects/all.yaml"), yaml).unwrap();
    }

    /// The same objects, with a schedule.
    pub(super) fn scheduled(&self, cron: &str) {
        let path = self.folder.path().join("objects/all.yaml");
        let yaml = std::fs::read_to_string(&path).unwrap();
        let schedule = format!("  schedule: [{{cron: \"{cron}\", window: 1h}}]\n");
        std::fs::write(path, yaml + &schedule).unwrap();
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// `tagalong run --once`.
    #[track_caller]
    pub(super) fn once(&self) -> Ran {
        self.run("run", &["--once"]).expect(0)
    }

    /// What the automation's turn of `plan` says, as JSON.
    pub(super) fn plan(&self) -> Value {
        self.run("plan", &["-o", "json"]).expect(0).json()["repositories"][0].clone()
    }

    pub(super) fn run(&self, command: &str, args: &[&str]) -> Ran {
        let all = [&[command, "objects"], args].concat();
        run(self.folder(), &all)
    }

    /// The one open pull request.
    #[track_caller]
    pub(super) fn open_one(&self) -> Pull {
        let open = self.open();
        let [one] = open.as_slice() else { panic!("one open pull request expected, not {}", open.len()) };
        one.clone()
    }

    pub(super) fn open(&self) -> Vec<Pull> {
        self.repository.pulls("open").unwrap().iter().map(Pull::read).collect()
    }

    /// A pull request's state: `open` or `closed`.
    pub(super) fn state(&self, number: u64) -> String {
        self.repository.ask("GET", &format!("/pulls/{number}"), None).unwrap()["state"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Waits until the host has done what it does by itself.
    #[track_caller]
    pub(super) fn until(&self, done: impl Fn() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !done() {
            assert!(Instant::now() < deadline, "the host never did it");
            std::thread::yield_now();
        }
    }

    /// How many there are in all.
    pub(super) fn count(&self) -> usize {
        self.repository.pulls("all").unwrap().len()
    }

    /// The commit that a pull request's commit stands on.
    pub(super) fn parent(&self, pull: &Pull) -> String {
        let commit = self.repository.ask("GET", &format!("/git/commits/{}", pull.head), None).unwrap();
        commit["parents"][0]["sha"].as_str().unwrap().to_owned()
    }

    /// What a pull request's branch holds of an image.
    pub(super) fn on_branch(&self, pull: &Pull, image: &str) -> String {
        self.repository.read(&pull.branch, &format!("apps/{image}.yaml")).unwrap()
    }

    pub(super) fn on_main(&self, image: &str) -> String {
        self.repository.read("main", &format!("apps/{image}.yaml")).unwrap()
    }
}

/// A pull request as Gitea tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pull {
    pub(super) number: u64,
    pub(super) branch: String,
    pub(super) title: String,
    pub(super) body: String,
    pub(super) head: String,
    pub(super) labels: Vec<String>,
    pub(super) assignees: Vec<String>,
    pub(super) reviewers: Vec<String>,
    pub(super) draft: bool,
}

impl Pull {
    fn read(pull: &Value) -> Self {
        let text = |pointer: &str| pull.pointer(pointer).and_then(Value::as_str).unwrap().to_owned();
        Self {
            number: pull["number"].as_u64().unwrap(),
            branch: text("/head/ref"),
            title: text("/title"),
            body: text("/body"),
            head: text("/head/sha"),
            labels: names(pull, "/labels", "name"),
            assignees: names(pull, "/assignees", "login"),
            reviewers: names(pull, "/requested_reviewers", "login"),
            draft: pull["draft"].as_bool().unwrap(),
        }
    }
}

fn names(pull: &Value, pointer: &str, key: &str) -> Vec<String> {
    let list = pull.pointer(pointer).and_then(Value::as_array);
    list.into_iter().flatten().map(|one| one[key].as_str().unwrap().to_owned()).collect()
}
