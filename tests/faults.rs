//! What the user sees when something is wrong: each row breaks one thing of an estate of two images and runs the
//! built binary. `web` is what is broken; `api`, with a registry of its own, must go on as if nothing were.

mod git;
mod input;
mod listing;
mod recovery;
mod registry;
mod signals;
mod state;

use crate::rows::side_by_side;
use crate::support::{Estate, Ran};
use tagalong_testkit::fake_registry::{Builder, FakeRegistry, Fault};
use tagalong_testkit::parts::{Part, need};

/// An estate whose image `web` is broken and whose image `api` is not.
pub(crate) struct Pair {
    pub(crate) estate: Estate,
    pub(crate) calm: FakeRegistry,
}

/// What stands in the repository in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// What stood there before; not even a request to write was made.
    Nothing,
    /// `api` has its new tag, `web` its old one.
    ApiAlone,
    /// Both have their new tags.
    Both,
}

/// One thing that is wrong, and what the user sees of it.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) breaks: fn(&mut Pair),
    /// Further arguments of `run objects --once`.
    pub(crate) args: &'static [&'static str],
    pub(crate) code: i32,
    /// Words on stdout or stderr.
    pub(crate) says: &'static [&'static str],
    pub(crate) written: Written,
}

impl Pair {
    pub(crate) fn new() -> Self {
        Self::with(FakeRegistry::builder())
    }

    /// A pair whose image `web` is in a registry with settings.
    pub(crate) fn with(registry: Builder) -> Self {
        let mut estate = Estate::new();
        estate.registry = registry.start().unwrap();
        let pair = Self { estate, calm: FakeRegistry::start().unwrap() };
        pair.estate.registry.push_tags("acme/web", ["1.0.0", "1.1.0"]);
        pair.calm.push_tags("acme/api", ["1.0.0", "1.1.0"]);
        let api =
            format!("image: {}:1.0.0 # {{\"$imagepolicy\": \"default:api\"}}\n", pair.calm.image("acme/api"));
        let web = "image: IMAGE:1.0.0 # {\"$imagepolicy\": \"default:web\"}\n";
        pair.estate.commit(&[("web.yaml", web), ("api.yaml", &api)]);
        pair.estate.object("fleet.yaml", &pair.estate.automation(""));
        pair.estate.object("api.yaml", &repository_and_policy("api", &pair.calm, "", ""));
        pair.web("", "");
        pair
    }

    /// Writes the objects of `web` with more below the specs of its repository and its policy.
    pub(crate) fn web(&self, repository: &str, policy: &str) {
        self.estate
            .object("web.yaml", &repository_and_policy("web", &self.estate.registry, repository, policy));
    }

    /// What stands in the repository.
    pub(crate) fn written(&self) -> Option<Written> {
        let new = |file: &str| self.estate.repo.read("main", file).map(|text| text.contains(":1.1.0 #"));
        match (new("web.yaml").ok()?, new("api.yaml").ok()?) {
            (false, false) => Some(Written::Nothing),
            (false, true) => Some(Written::ApiAlone),
            (true, true) => Some(Written::Both),
            (true, false) => None,
        }
    }
}

/// ImageRepository and ImagePolicy `default/NAME` for `acme/NAME` in a registry; a second is all a scan may take.
fn repository_and_policy(name: &str, registry: &FakeRegistry, repository: &str, policy: &str) -> String {
    let image = registry.image(&format!("acme/{name}"));
    let unless =
        |given: &str, word: &str, line: String| if given.contains(word) { String::new() } else { line };
    let timeout = unless(repository, "timeout:", "  timeout: 1s\n".into());
    let reference =
        unless(policy, "imageRepositoryRef:", format!("  imageRepositoryRef: {{name: {name}}}\n"));
    let order = unless(policy, "policy:", "  policy: {semver: {range: 1.x}}\n".into());
    format!(
        "apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImageRepository\nmetadata: {{name: {name}}}\nspec:\n  \
         image: \"{image}\"\n  interval: 1s\n{timeout}{repository}---\n\
         apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImagePolicy\nmetadata: {{name: {name}}}\nspec:\n\
         {reference}{order}{policy}"
    )
}

impl Row {
    fn check(&self) {
        let mut pair = Pair::new();
        (self.breaks)(&mut pair);
        self.check_on(&pair);
    }

    /// Runs the row on a pair that is broken already.
    pub(crate) fn check_on(&self, pair: &Pair) {
        let before = pair.estate.repo.rev("main");
        let mut args = vec!["--once"];
        args.extend(self.args);
        let ran = pair.estate.run("run", &args);
        self.look(&ran);
        assert_eq!(pair.written(), Some(self.written), "{}\n{}", self.name, ran.stderr);
        assert_eq!(pair.estate.repo.rev("main") == before, self.written == Written::Nothing, "{}", self.name);
        pair.estate.repo.fsck().unwrap_or_else(|error| panic!("{}: {error}", self.name));
    }

    fn look(&self, ran: &Ran) {
        let told = format!("{}{}", ran.stdout, ran.stderr);
        // The columns of a table are as wide as its longest word.
        let told: String = told.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        assert_eq!(ran.code, self.code, "{}:\n{told}", self.name);
        for words in self.says {
            assert!(told.contains(words), "{}: nobody says {words:?}:\n{told}", self.name);
        }
        // Nobody's words but ours (RULES 25), and nothing of ours that is for developers.
        for words in [Fault::SECRET_BODY, "panicked", "RUST_BACKTRACE", "Some(", "Err("] {
            assert!(!told.contains(words), "{}: it says {words:?}:\n{told}", self.name);
        }
    }
}

/// Checks rows side by side: most of them wait for a back-off.
pub(crate) fn check(rows: &[Row]) {
    if need(Part::Git).is_none() || need(Part::GitHttpBackend).is_none() {
        return;
    }
    side_by_side(rows, Row::check);
}
