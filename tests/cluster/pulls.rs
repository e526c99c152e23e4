//! Pull requests from objects in the API: opened on a real Gitea, and told in the status and by events.

use super::place::Place;
use serde_json::json;
use tagalong_testkit::gitea::Gitea;

const FIRST: &str = ".status.pullRequests[0]";

#[test]
fn a_pull_request_stands_in_the_status_and_a_closed_one_is_a_pin() {
    let Some(gitea) = Gitea::shared() else { return };
    let Some(place) = Place::new("pulls") else { return };
    let repository = gitea.repository("acme").unwrap();
    let image = place.estate.registry.image("acme/web");
    place.estate.registry.push_tags("acme/web", ["1.0.0", "1.1.0"]);
    let text = format!("image: {image}:1.0.0 # {{\"$imagepolicy\": \"{}:web\"}}\n", place.namespace);
    repository.commit("main", "apps/web.yaml", text.as_bytes()).unwrap();
    place.open_secrets();
    let token = &repository.bot().token;
    place.apply(&format!(
        "apiVersion: v1\nkind: Secret\nmetadata: {{name: git}}\nstringData: {{username: bot, password: {token}}}\n"
    ));
    place.apply(&place.estate.image_and_policy("web", "1.x"));
    let pull_request = "    pullRequest: {provider: gitea}\n";
    let own = place.estate.automation(pull_request);
    let own = own.replace(&place.estate.git.url("fleet.git"), &repository.url());
    place.apply(&own.replace("ref: {branch: main}", "ref: {branch: main}, secretRef: {name: git}"));
    let mut controller = place.controller(&[]);
    controller.until("\"PullRequestOpened\"");
    place.until("imageupdateautomation/fleet", &format!("{FIRST}.state"), "Open");
    assert_eq!(place.get("imageupdateautomation/fleet", &format!("{FIRST}.number")), "1");
    let branch = place.get("imageupdateautomation/fleet", &format!("{FIRST}.branch"));
    assert!(branch.ends_with(&format!("/{}/fleet/web", place.namespace)), "{branch}");
    place.until_ready("imageupdateautomation/fleet");

    repository.ask("PATCH", "/pulls/1", Some(&json!({"state": "closed"}))).unwrap();
    place.request("imageupdateautomation/fleet", "closed");
    controller.until("\"Pinned\"");
    place.until("imageupdateautomation/fleet", ".status.pins[0].refused", "1.1.0");
    assert_eq!(place.get("imageupdateautomation/fleet", FIRST), "");

    repository.ask("PATCH", "/pulls/1", Some(&json!({"state": "open"}))).unwrap();
    place.request("imageupdateautomation/fleet", "open");
    place.until("imageupdateautomation/fleet", &format!("{FIRST}.state"), "Open");
    assert_eq!(place.get("imageupdateautomation/fleet", ".status.pins"), "");
}
