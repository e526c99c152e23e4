//! What is wrong, as somebody sees it who has `kubectl` alone: the Ready condition, whether it is Stalled, and a
//! Warning. Each row is an object of its own beside others; the image `calm` goes on through all of it.

use super::place::Place;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::time::{Duration, Instant};
use tagalong_testkit::fake_registry::{FakeRegistry, Fault, Listing, RetryAfter};

const KINDS: &str = "imagerepositories,imagepolicies,imageupdateautomations,gitrepositories";

/// One object that cannot be.
struct Row {
    /// `kind/name`.
    object: &'static str,
    reason: &'static str,
    /// Words of the condition and of the event.
    says: &'static str,
    /// Nothing but a change of the object mends it.
    stalled: bool,
}

const fn row(object: &'static str, reason: &'static str, says: &'static str, stalled: bool) -> Row {
    Row { object, reason, says, stalled }
}

/// What a registry does to each image, and what is said of it.
fn registries() -> Vec<(Fault, Row)> {
    let read = "ReadOperationFailed";
    let entry = Fault::Body(b"{\"name\":\"x\",\"tags\":".to_vec());
    vec![
        (Fault::Status(404), row("imagerepository/hidden", read, "not found, or hidden from these", false)),
        (
            Fault::Status(401),
            row("imagerepository/closed", "AuthenticationFailed", "wants credentials", false),
        ),
        (
            Fault::Status(403),
            row("imagerepository/denied", "AuthenticationFailed", "not allowed to read", false),
        ),
        (Fault::Status(500), row("imagerepository/broken", read, "a problem of its own (status 500", false)),
        (Fault::Status(503), row("imagerepository/away", read, "a problem of its own (status 503", false)),
        (
            Fault::RateLimited(RetryAfter::Seconds(3600)),
            row("imagerepository/limited", read, "the pause it asked for, ends in", false),
        ),
        (Fault::Silence, row("imagerepository/silent", read, "no whole answer before the timeout", false)),
        (Fault::Stall, row("imagerepository/stalls", read, "no whole answer before the timeout", false)),
        (Fault::Cut, row("imagerepository/cut", read, "the connection was cut", false)),
        (entry, row("imagerepository/half", read, "the answer is no list of tags", false)),
    ]
}

const OBJECTS: &str = r#"
apiVersion: image.toolkit.fluxcd.io/v1
kind: ImageRepository
metadata: {name: scheme}
spec: {image: "https://IMAGE", interval: 5m}
---
apiVersion: image.toolkit.fluxcd.io/v1
kind: ImageRepository
metadata: {name: exclusion}
spec: {image: IMAGE, interval: 5m, exclusionList: ["["]}
---
apiVersion: image.toolkit.fluxcd.io/v1
kind: ImageRepository
metadata: {name: cloud}
spec: {image: IMAGE, interval: 5m, provider: aws}
---
apiVersion: image.toolkit.fluxcd.io/v1
kind: ImageRepository
metadata: {name: secret}
spec: {image: IMAGE, interval: 5m, secretRef: {name: gone}}
---
apiVersion: image.toolkit.fluxcd.io/v1
kind: ImagePolicy
metadata: {name: pattern}
spec: {imageRepositoryRef: {name: calm}, policy: {semver: {range: 1.x}}, filterTags: {pattern: "("}}
---
apiVersion: image.toolkit.fluxcd.io/v1
kind: ImagePolicy
metadata: {name: range}
spec: {imageRepositoryRef: {name: calm}, policy: {semver: {range: "1.x |"}}}
---
apiVersion: image.toolkit.fluxcd.io/v1
kind: ImagePolicy
metadata: {name: none}
spec: {imageRepositoryRef: {name: calm}, policy: {semver: {range: ">=9"}}}
---
apiVersion: image.toolkit.fluxcd.io/v1
kind: ImagePolicy
metadata: {name: orphan}
spec: {imageRepositoryRef: {name: gone}, policy: {semver: {range: 1.x}}}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: trunk}
spec: {url: "REPOSITORY", interval: 5m, ref: {branch: trunk}}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: absent}
spec: {url: "ABSENT", interval: 5m}
"#;

const ABOUT_OBJECTS: [Row; 10] = [
    row("imagerepository/scheme", "ImageURLInvalid", "should not include URL scheme", true),
    row("imagerepository/exclusion", "ReadOperationFailed", "failed to compile regex [", true),
    row("imagerepository/cloud", "InvalidProviderConfiguration", "'aws' is not supported yet", true),
    row("imagerepository/secret", "AuthenticationFailed", "gone not found; create it in namespace", false),
    row("imagepolicy/pattern", "InvalidPolicy", "invalid regular expression pattern '('", true),
    row("imagepolicy/range", "InvalidPolicy", "invalid policy: ", true),
    row("imagepolicy/none", "Failure", "no listed tag is accepted (OutOfRange: 2)", false),
    row("imagepolicy/orphan", "DependencyNotReady", "referenced ImageRepository does not exist", false),
    row("gitrepository/trunk", "GitOperationFailed", "no branch \"trunk\"", false),
    row("gitrepository/absent", "GitOperationFailed", "knows no such repository", false),
];

/// What is below `spec` of an automation, and what is said of it.
const AUTOMATIONS: [(&str, Row); 8] = [
    ("source: gone", row("imageupdateautomation/source", "SourceManagerFailed", "gone not found", false)),
    (
        "source: trunk",
        row("imageupdateautomation/branch", "GitOperationFailed", "no branch \"trunk\"", false),
    ),
    ("update: {path: ../..}", row("imageupdateautomation/path", "InvalidPath", ".spec.update.path: ", true)),
    (
        "policySelector: {matchExpressions: [{key: a, operator: Near}]}",
        row("imageupdateautomation/selector", "InvalidPolicySelector", "Near", true),
    ),
    (
        "commit: messageTemplate: \"{{ .Updated }}\"",
        row("imageupdateautomation/removed", "RemovedTemplateField", "uses removed '.Updated'", true),
    ),
    (
        "commit: messageTemplate: \"{{ frobnicate 1 }}\"",
        row("imageupdateautomation/function", "GitOperationFailed", "frobnicate", true),
    ),
    (
        "commit: signingKey: {secretRef: {name: gone}}",
        row(
            "imageupdateautomation/key",
            "SourceManagerFailed",
            "gone not found; create it in namespace",
            false,
        ),
    ),
    ("push", row("imageupdateautomation/hook", "GitOperationFailed", "ask the platform team", false)),
];

fn automation(name: &str, what: &str) -> String {
    let source = what.strip_prefix("source: ").unwrap_or("fleet");
    let commit = what.strip_prefix("commit: ").map(|more| format!(", {more}")).unwrap_or_default();
    let extra = if what.starts_with("update") || what.starts_with("policySelector") {
        what
    } else {
        "suspend: false"
    };
    format!(
        "---\napiVersion: image.toolkit.fluxcd.io/v1\nkind: ImageUpdateAutomation\nmetadata: {{name: {name}}}\nspec:\n  \
         interval: 5m\n  sourceRef: {{kind: GitRepository, name: {source}}}\n  {extra}\n  \
         git:\n    commit: {{author: {{name: bot, email: bot@example.com}}{commit}}}\n"
    )
}

impl Row {
    /// What is not as it should be yet, given all objects and all Warnings.
    fn lacks(&self, objects: &[Value], warnings: &[Value]) -> Option<String> {
        let (kind, name) = self.object.split_once('/').unwrap();
        let is_it = |of: &Value| {
            of["name"] == name && of["kind"].as_str().is_some_and(|other| other.eq_ignore_ascii_case(kind))
        };
        let named =
            |object: &&Value| is_it(&json!({"name": object["metadata"]["name"], "kind": object["kind"]}));
        let Some(object) = objects.iter().find(named) else {
            return Some(format!("{} is not there", self.object));
        };
        let condition = |of: &str| {
            let all = object["status"]["conditions"].as_array().into_iter().flatten();
            all.clone().find(|condition| condition["type"] == of).cloned().unwrap_or_default()
        };
        let (ready, stalled) = (condition("Ready"), condition("Stalled"));
        let as_told = ready["status"] == "False"
            && ready["reason"] == self.reason
            && ready["message"].as_str().is_some_and(|message| message.contains(self.says));
        if !as_told {
            return Some(format!("{}: Ready is {ready}", self.object));
        }
        if (stalled["status"] == "True") != self.stalled {
            return Some(format!("{}: Stalled is {stalled}, Ready {ready}", self.object));
        }
        let warned = warnings.iter().any(|event| {
            is_it(&event["involvedObject"])
                && event["message"].as_str().is_some_and(|message| message.contains(self.says))
        });
        (!warned).then(|| format!("{}: no Warning says {:?}", self.object, self.says))
    }
}

/// Waits until every row is as it should be; all at once, because each look is a process.
fn check(place: &Place, rows: &[&Row]) {
    let list = |args: &[&str]| -> Vec<Value> {
        let list: Value = serde_json::from_str(&place.own(&[args, &["-o=json"]].concat(), "")).unwrap();
        list["items"].as_array().unwrap().clone()
    };
    let begin = Instant::now();
    loop {
        let objects = list(&["get", KINDS]);
        let warnings = list(&["get", "events", "--field-selector=type=Warning"]);
        let lacking: Vec<String> = rows.iter().filter_map(|row| row.lacks(&objects, &warnings)).collect();
        if lacking.is_empty() {
            return;
        }
        assert!(begin.elapsed() < Duration::from_secs(60), "{}", lacking.join("\n"));
    }
}

#[test]
fn what_is_wrong_is_a_condition_and_a_warning_and_the_rest_goes_on() {
    let Some(place) = Place::new("table") else { return };
    place.open_secrets();
    place.estate.registry.push_tags("acme/calm", ["1.0.0", "1.1.0"]);
    place.commit("apps/calm.yaml", "calm", "1.0.0");
    let (image, url) = (place.estate.registry.image("acme/calm"), place.estate.git.url("fleet.git"));
    let mut objects = place.estate.image_and_policy("calm", "1.x") + "---\n" + &place.estate.automation("");
    write!(objects, "---{}", OBJECTS.replace("IMAGE", &image).replace("REPOSITORY", &url)).unwrap();
    objects = objects.replace("ABSENT", &place.estate.git.url("absent.git"));
    for (what, row) in &AUTOMATIONS {
        objects += &automation(row.object.split_once('/').unwrap().1, what);
    }
    let mut served = Vec::new();
    for (fault, row) in registries() {
        let registry = FakeRegistry::start().unwrap();
        registry.listing(Listing::Generated(3));
        registry.fail_always(fault);
        let name = row.object.split_once('/').unwrap().1;
        let image = registry.image(&format!("acme/{name}"));
        write!(
            objects,
            "---\napiVersion: image.toolkit.fluxcd.io/v1\nkind: ImageRepository\nmetadata: {{name: {name}}}\n\
             spec: {{image: \"{image}\", interval: 5m, timeout: 2s}}\n"
        )
        .unwrap();
        served.push((registry, row));
    }
    place.apply(&objects);
    // Every automation of this branch would push; the hook lets one through.
    place.estate.repo.hook("pre-receive", "echo 'ask the platform team' >&2\nexit 1").unwrap();
    let mut controller = place.controller(&["--concurrent=16"]);
    let (pushing, still): (Vec<_>, Vec<_>) = AUTOMATIONS.iter().partition(|(what, _)| *what == "push");
    check(&place, &pushing.iter().map(|(_, row)| row).collect::<Vec<_>>());
    std::fs::remove_file(place.estate.repo.path().join("hooks/pre-receive")).unwrap();
    place.request("imageupdateautomation/hook", "again");
    controller.until("pushed commit");
    assert_eq!(place.tag("apps/calm.yaml"), "1.1.0");
    let rows =
        still.iter().map(|(_, row)| row).chain(&ABOUT_OBJECTS).chain(served.iter().map(|(_, row)| row));
    check(&place, &rows.collect::<Vec<_>>());
    place.until_ready("imageupdateautomation/hook");

    let all = place.own(&["get", &format!("{KINDS},events"), "-o=yaml"], "");
    for words in [Fault::SECRET_BODY, "panicked", "Some(", "Err("] {
        assert!(!all.contains(words), "it says {words:?}");
    }
}
