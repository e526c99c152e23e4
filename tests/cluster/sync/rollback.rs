//! Unhealthy is a revert: what did not become healthy is taken back once, and the commit that does so is the pin.

use super::super::place::Place;
use super::health::{DOWN, UP, wanting};
use super::place::{APPS, READY};
use serde_json::json;
use tagalong_testkit::gitea::Gitea;

const FLEET: &str = "imageupdateautomation/fleet";
const IMAGE: &str = ".spec.template.spec.containers[0].image";
const REVERT: &str = "  rollback: {onUnhealthy: Revert}\n";

impl Place {
    /// A Deployment of `acme/web` at a tag, marked for the policy `web`.
    pub(super) fn marked(&self, name: &str, tag: &str) -> String {
        let image = self.estate.registry.image("acme/web");
        let spec = format!("    spec: {{containers: [{{name: app, image: \"{image}:{tag}\"}}]}}\n");
        let marker = format!("{{\"$imagepolicy\": \"{}:web\"}}", self.namespace);
        let marked = format!(
            "    spec:\n      containers:\n      - name: app\n        image: {image}:{tag} # {marker}\n"
        );
        let text = wanting(name, &format!("{image}:{tag}"));
        assert!(text.contains(&spec), "{text}");
        text.replace(&spec, &marked)
    }

    /// The tag of a Deployment in the repository.
    fn tag_of(&self, path: &str) -> String {
        let text = self.estate.repo.read("main", path).unwrap();
        let line = text.lines().find(|line| line.contains("$imagepolicy")).unwrap();
        line.split(" #").next().unwrap().rsplit(':').next().unwrap().to_owned()
    }

    /// What is said of a Deployment that has not come up.
    fn waits(&self) -> String {
        format!("Deployment/{}/web status: 'InProgress': 0 of 1 ready", self.namespace)
    }

    /// Says of a Kustomization that others serve that it did not become healthy, and what is `said` of its objects.
    pub(super) fn unhealthy(&self, good: &str, failed: &str, said: &str) {
        let generation: i64 = self.get(APPS, ".metadata.generation").parse().unwrap();
        let message = format!("health check failed after 30s: timeout waiting for: [{said}]");
        let status = json!({"status": {
            "lastAppliedRevision": format!("main@sha1:{good}"),
            "lastAttemptedRevision": format!("main@sha1:{failed}"),
            "observedGeneration": generation,
            "conditions": [{
                "type": "Ready", "status": "False", "reason": "HealthCheckFailed", "message": message,
                "observedGeneration": generation, "lastTransitionTime": "2026-01-01T00:00:00Z",
            }],
        }});
        self.own(&["patch", APPS, "--subresource=status", "--type=merge", "-p", &status.to_string()], "");
    }
}

#[test]
fn what_is_not_healthy_is_taken_back_once_and_the_next_release_flows() {
    let Some(place) = Place::new("rollback") else { return };
    place.estate.registry.push_tags("acme/web", ["1.0.0"]);
    // What the source leaves out is no part of what is built.
    let drafts = [(".sourceignore", "/apps/draft.yaml\n"), ("apps/draft.yaml", "{{ a draft\n")];
    place.estate.commit(&[drafts[0], drafts[1], ("apps/web.yaml", &place.marked("web", "1.0.0"))]);
    place.apply(&place.estate.image_and_policy("web", "1.x"));
    place.apply(&place.estate.automation(REVERT));
    place.open_sync();
    place.apply(&place.kustomization("apps", "  wait: true\n"));
    let mut controller = place.syncing();
    controller.until("Deployment/");
    place.rollout("web", UP);
    place.until_ready(APPS);
    let image = place.estate.registry.image("acme/web");
    for (tag, token) in [("1.1.0", "1"), ("1.2.0", "2")] {
        let good = place.estate.repo.rev("main").unwrap();
        place.estate.registry.push_tag("acme/web", tag);
        place.request("imagerepository/web", token);
        place.until("deployment/web", IMAGE, &format!("{image}:{tag}"));
        let commit = place.estate.repo.rev("main").unwrap();
        assert_eq!(place.estate.repo.rev("main~1").unwrap(), good);
        place.rollout("web", DOWN);
        controller.until("RolledBack");
        place.until("deployment/web", IMAGE, &format!("{image}:1.0.0"));
        assert_eq!(place.estate.repo.rev("main~1").unwrap(), commit);
        let message = place.estate.repo.message("main").unwrap();
        for said in [
            "Revert \"Update from image update automation\"\n\n",
            &format!("This reverts commit {commit}.\n"),
            &format!("Kustomization/{}/apps in cluster ", place.namespace),
            &format!("* Deployment/{}/web: Failed", place.namespace),
            "Tagalong-Reason: Unhealthy ",
        ] {
            assert!(message.contains(said), "{said} in {message}");
        }
        assert!(!message.contains("condition alone") && !message.contains("Left alone"), "{message}");
        // It is the pin, and the only one of its kind.
        place.until(FLEET, ".status.pins[0].refused", tag);
        let revert = place.estate.repo.rev("main").unwrap();
        assert_eq!(place.get(FLEET, ".status.pins[0].commit"), revert);
        place.rollout("web", UP);
        place.until_applied(APPS, &format!("main@sha1:{revert}"));
        place.reconciled(FLEET, token);
        assert_eq!(place.estate.repo.rev("main").unwrap(), revert);
    }
}

#[test]
fn a_kustomization_of_flux_is_asked_and_what_a_person_has_touched_is_left_alone() {
    let Some(place) = Place::new("rollback-flux") else { return };
    place.estate.registry.push_tags("acme/web", ["1.0.0", "1.1.0"]);
    let files =
        ["web", "second", "third"].map(|name| (format!("apps/{name}.yaml"), place.marked(name, "1.0.0")));
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let good = place.estate.commit(&files);
    place.apply(&place.estate.image_and_policy("web", "1.x"));
    place.apply(&place.kustomization("apps", "  wait: true\n"));
    let closed = "  schedule: [{cron: \"59 3 29 2 *\", window: 1s}]\n";
    place.apply(&place.estate.automation(REVERT));
    let mut controller = place.controller(&[]);
    controller.until("pushed commit");
    let bot = place.estate.repo.rev("main").unwrap();
    let held = place.marked("third", "1.1.0").replace("web\"}", "web\", \"hold\": \"INC-1\"}");
    place
        .estate
        .commit(&[("apps/second.yaml", &place.marked("second", "1.0.5")), ("apps/third.yaml", &held)]);
    // What a window keeps back does not keep this back.
    place.apply(&place.estate.automation(&format!("{REVERT}{closed}")));
    place.unhealthy(&good, &bot, &place.waits());
    place.request(FLEET, "unhealthy");
    controller.until("RolledBack");
    let message = place.estate.repo.message("main").unwrap();
    let second = "\nLeft alone:\n\n* apps/second.yaml:12: it was changed since\n* apps/third.yaml:12: its marker holds it\n";
    for said in [&format!("This reverts commit {bot}.\n"), "InProgress: 0 of 1 ready\n", second] {
        assert!(message.contains(said), "{said} in {message}");
    }
    assert!(!message.contains("condition alone"), "{message}");
    let tags = ["web", "second", "third"].map(|name| place.tag_of(&format!("apps/{name}.yaml")));
    assert_eq!(tags, ["1.0.0", "1.0.5", "1.1.0"]);
    // The Kustomization says the same until it has the new revision; once is enough.
    let revert = place.estate.repo.rev("main").unwrap();
    place.reconciled(FLEET, "again");
    assert_eq!(place.estate.repo.rev("main").unwrap(), revert);
}

#[test]
fn nothing_is_taken_back_that_another_commit_may_have_broken_or_that_cannot_be_built_and_is_not_alone() {
    let Some(place) = Place::new("rollback-doubt") else { return };
    place.estate.registry.push_tags("acme/web", ["1.0.0", "1.1.0"]);
    let good = place.estate.commit(&[("apps/web.yaml", &place.marked("web", "1.0.0"))]);
    place.apply(&place.estate.image_and_policy("web", "1.x"));
    place.apply(&place.kustomization("apps", "  wait: true\n"));
    place.apply(&place.estate.automation(REVERT));
    let mut controller = place.controller(&[]);
    controller.until("pushed commit");
    let bot = place.estate.repo.rev("main").unwrap();
    let text = place.estate.repo.read("main", "apps/web.yaml").unwrap();
    let person = place.estate.commit(&[("apps/web.yaml", &text.replace("replicas: 1", "replicas: 2"))]);
    // Somebody's change came with it.
    place.unhealthy(&good, &person, &place.waits());
    place.reconciled(FLEET, "1");
    assert_eq!(place.estate.repo.rev("main").unwrap(), person);
    // Nothing can be built here, and the revision that failed is another.
    let variables = "  wait: true\n  postBuild: {substituteFrom: [{kind: ConfigMap, name: vars}]}\n";
    place.apply(&place.kustomization("apps", variables));
    place.unhealthy(&good, &person, &place.waits());
    place.reconciled(FLEET, "2");
    assert_eq!(place.estate.repo.rev("main").unwrap(), person);
    // It is the very revision.
    place.unhealthy(&good, &bot, &place.waits());
    place.request(FLEET, "3");
    controller.until("RolledBack");
    assert_eq!(place.tag_of("apps/web.yaml"), "1.0.0");
    let message = place.estate.repo.message("main").unwrap();
    assert!(message.contains("known from the Kustomization's condition alone: substitute from"), "{message}");
    assert!(place.estate.repo.read("main", "apps/web.yaml").unwrap().contains("replicas: 2"));
}

#[test]
fn with_pull_requests_it_is_a_pull_request_that_people_decide_about() {
    let Some(gitea) = Gitea::shared() else { return };
    let Some(place) = Place::new("rollback-pulls") else { return };
    let repository = gitea.repository("acme").unwrap();
    place.estate.registry.push_tags("acme/web", ["1.0.0", "1.1.0"]);
    let text = place.marked("web", "1.0.0");
    let good = repository.commit("main", "apps/web.yaml", text.as_bytes()).unwrap();
    place.open_secrets();
    let token = &repository.bot().token;
    place.apply(&format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: git}}\nstringData: {{username: bot, password: {token}}}\n"
    ));
    place.apply(&place.estate.image_and_policy("web", "1.x"));
    place.apply(&place.kustomization("apps", "  wait: true\n"));
    let own = place.estate.automation(&format!("    pullRequest: {{provider: gitea}}\n{REVERT}"));
    let own = own.replace(&place.estate.git.url("fleet.git"), &repository.url());
    place.apply(&own.replace("ref: {branch: main}", "ref: {branch: main}, secretRef: {name: git}"));
    let mut controller = place.controller(&[]);
    controller.until("\"PullRequestOpened\"");
    let bot = repository.ask("GET", "/pulls/1", None).unwrap()["head"]["sha"].as_str().unwrap().to_owned();
    // What failed is the merge, which holds what the commit made.
    repository.merge(1, "merge").unwrap();
    let merged = repository.tip("main").unwrap();

    place.unhealthy(&good, &merged, &place.waits());
    // Before and after it is opened `plan` says what it takes back.
    let takes_back = || {
        let plan = place.asked(&["plan", "-o", "json"]).json();
        let repository = &plan["repositories"][0];
        assert_eq!(repository["takesBack"][0]["commit"], bot, "{plan}");
        assert_eq!(repository["takesBack"][0]["kustomization"], format!("{}/apps", place.namespace));
        let proposed = repository["pullRequests"].as_array().unwrap().iter();
        assert!(
            proposed.clone().any(|pull| pull["branch"].as_str().unwrap().contains("/revert-of-")),
            "{plan}"
        );
        let said = place.asked(&["plan"]).stderr;
        assert!(said.contains(&format!("takes {bot} back: Kustomization/")), "{said}");
    };
    takes_back();
    place.request(FLEET, "unhealthy");
    controller.until("\"PullRequestOpened\"");
    takes_back();
    let pull = repository.ask("GET", "/pulls/2", None).unwrap();
    let short: String = bot.chars().take(7).collect();
    let branch = pull["head"]["ref"].as_str().unwrap();
    assert!(branch.ends_with(&format!("/fleet/revert-of-{short}")), "{branch}");
    assert!(pull["title"].as_str().unwrap().starts_with("Revert \""), "{pull}");
    assert!(pull["body"].as_str().unwrap().contains("did not become healthy"), "{pull}");
    assert!(repository.read(branch, "apps/web.yaml").unwrap().contains(":1.0.0 "));

    // It stays when the Kustomization says nothing for a while, and closed it is not opened again.
    place.own(
        &["patch", APPS, "--subresource=status", "--type=merge", "-p", r#"{"status":{"conditions":[]}}"#],
        "",
    );
    place.reconciled(FLEET, "silent");
    assert_eq!(repository.pulls("open").unwrap().len(), 1);
    repository.set_state(2, "closed").unwrap();
    place.unhealthy(&good, &merged, &place.waits());
    place.reconciled(FLEET, "closed");
    assert_eq!(repository.pulls("all").unwrap().len(), 2);
    assert_eq!(place.get(FLEET, &format!("{READY}.status")), "True");
    place.until(FLEET, ".status.pins[0].refused", "1.0.0");
}
