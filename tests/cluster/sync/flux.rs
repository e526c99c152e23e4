//! The real `flux` command on Kustomizations that are served here.

use super::super::place::Place;
use super::place::{APPS, config, deployment};
use crate::support::Ran;
use std::process::Command;
use tagalong_testkit::parts::{self, Part};

impl Place {
    fn flux(&self, args: &[&str]) -> Ran {
        let mut command = Command::new(parts::find(Part::Flux).unwrap());
        command.env_clear().env("KUBECONFIG", self.plane.kubeconfig());
        command.env("HOME", self.estate.folder()).args(args);
        command.args(["-n", &self.namespace]).output().unwrap().into()
    }
}

#[test]
fn flux_gets_reconciles_suspends_and_shows_the_tree() {
    if parts::need(Part::Flux).is_none() {
        return;
    }
    let files = [("apps/c.yaml", &*config("web", "1")), ("apps/d.yaml", &deployment("web", "IMAGE:1.0.0"))];
    let Some(place) = Place::synced("flux-ks", &files) else { return };
    place.apply(&place.kustomization("apps", ""));
    let _controller = place.syncing();
    place.until_ready(APPS);
    let namespace = &place.namespace;
    let short = |revision: &str| revision.chars().take("main@sha1:".len() + 8).collect::<String>();

    let revision = place.get(APPS, ".status.lastAppliedRevision");
    let table = place.flux(&["get", "kustomizations"]).expect(0).stdout;
    let row: Vec<&str> = table.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(row[..4], ["apps", &short(&revision), "False", "True"]);
    assert_eq!(row[4..].join(" "), format!("Applied revision: {}", short(&revision)));

    let tree = place.flux(&["tree", "kustomization", "apps"]).expect(0).stdout;
    for object in [format!("ConfigMap/{namespace}/web"), format!("Deployment/{namespace}/web")] {
        assert!(tree.contains(&object), "{tree}");
    }
    let commit = place.estate.commit(&[("apps/c.yaml", &config("web", "2"))]);
    let told = place.flux(&["reconcile", "kustomization", "apps", "--with-source"]).expect(0).stderr;
    assert!(told.contains(&format!("applied revision main@sha1:{commit}")), "{told}");
    assert_eq!(place.get("configmap/web", ".data.value"), "2");

    place.flux(&["suspend", "kustomization", "apps"]).expect(0);
    place.push(&[("apps/c.yaml", &config("web", "3"))], "later");
    assert_eq!(place.get(APPS, ".spec.suspend"), "true");
    let resumed = place.flux(&["resume", "kustomization", "apps"]).expect(0).stderr;
    assert!(resumed.contains("applied revision main@sha1:"), "{resumed}");
    place.until("configmap/web", ".data.value", "3");

    let traced = place.flux(&["trace", "deployment", "web"]).expect(0).stdout;
    for line in ["Kustomization:   apps", "GitRepository:   fleet"] {
        assert!(traced.contains(line), "{traced}");
    }
}
