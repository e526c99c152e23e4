//! The test bed's Gitea does what the tests of pull requests take for granted.

use serde_json::{Value, json};
use tagalong_testkit::gitea::Gitea;

#[test]
fn a_pull_request_is_opened_merged_and_gone() {
    let Some(gitea) = Gitea::shared() else { return };
    let repository = gitea.repository("acme").unwrap();
    repository.commit("main", "app.yaml", b"image: app:1.0.0\n").unwrap();
    let branch = json!({"new_branch_name": "update", "old_branch_name": "main"});
    repository.ask("POST", "/branches", Some(&branch)).unwrap();
    repository.commit("update", "app.yaml", b"image: app:1.1.0\n").unwrap();
    let path = format!("/api/v1/repos/{}/fleet/pulls", repository.owner().name);
    let pull = json!({"head": "update", "base": "main", "title": "Update"});
    // With no more than a bot's scopes.
    let token = Some(repository.bot().token.as_str());
    let opened = gitea.ask("POST", &path, token, Some(&pull)).unwrap().expect(201).unwrap();
    assert_eq!(repository.pulls("open").unwrap().len(), 1);
    repository.merge(opened.get("number").and_then(Value::as_u64).unwrap(), "squash").unwrap();
    assert_eq!(repository.read("main", "app.yaml").unwrap(), "image: app:1.1.0\n");
    assert!(repository.pulls("open").unwrap().is_empty());
}
