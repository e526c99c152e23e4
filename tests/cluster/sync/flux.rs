//! The real `flux` command on Kustomizations that are served here.

use super::super::place::Place;
use super::place::{APPS, config, deployment};
use crate::support::Ran;
use std::process::Command;
use tagalong_testkit::git_repo::Change;
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

#[test]
fn flux_diff_names_the_objects_that_ours_names() {
    if parts::need(Part::Flux).is_none() {
        return;
    }
    let files = [("apps/c.yaml", &*config("web", "1")), ("apps/old.yaml", &config("old", "1"))];
    let Some(place) = Place::synced("flux-diff", &files) else { return };
    place.apply(&place.kustomization("apps", ""));
    let controller = place.syncing();
    place.until_ready(APPS);
    drop(controller);
    // Flux builds from a folder of this machine, ours from the repository.
    let local = place.estate.folder().join("local");
    std::fs::create_dir(&local).unwrap();
    let write = |files: &[(&str, &str)]| {
        files.iter().for_each(|(name, text)| std::fs::write(local.join(name), text).unwrap());
    };
    let path = local.display().to_string();
    let flux = || place.flux(&["diff", "kustomization", "apps", "--path", &path, "--progress-bar=false"]);
    let ours = || place.asked(&["diff", "apps", "--exit-code", "-o=json"]);
    write(&[("c.yaml", &config("web", "1")), ("old.yaml", &config("old", "1"))]);
    flux().expect(0);
    ours().expect(0);

    let changed = [("c.yaml", &*config("web", "2")), ("new.yaml", &config("new", "1"))];
    write(&changed);
    std::fs::remove_file(local.join("old.yaml")).unwrap();
    let texts = changed.map(|(name, text)| (format!("apps/{name}"), text));
    let mut changes: Vec<Change<'_>> =
        texts.iter().map(|(path, text)| Change::File(path, text.as_bytes())).collect();
    changes.push(Change::Delete("apps/old.yaml"));
    place.estate.repo.commit("main", "Another set", &changes).unwrap();
    let told = flux().expect(1).stdout;
    let mut theirs: Vec<String> = told
        .lines()
        .filter_map(|line| line.strip_prefix("► "))
        .map(|line| line.replace(" drifted", " configured"))
        .collect();
    let json = ours().expect(1).json();
    let text = |change: &serde_json::Value, key: &str| change[key].as_str().unwrap().to_owned();
    let named = |change| format!("{} {}", text(change, "object"), text(change, "change"));
    let mut named: Vec<String> = json["changes"].as_array().unwrap().iter().map(named).collect();
    theirs.sort();
    named.sort();
    assert_eq!(named, theirs, "{told}");
    assert_eq!(named.len(), 3, "{told}");
}
