//! What a folder that changes does to what was applied from it.

use super::*;
use crate::load_synced;
use serde_json::json;
use std::path::{Path, PathBuf};
use tagalong_apply::{Entry, Options, Owner};
use tagalong_engine::Target as _;

const SOURCE: &str = "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: fleet}\n\
                      spec: {url: /nowhere, interval: 5m}\n";

struct Estate {
    dir: tempfile::TempDir,
}

impl Estate {
    fn new() -> Self {
        let estate = Self { dir: tempfile::tempdir().unwrap() };
        estate.write("objects/fleet.yaml", SOURCE);
        estate.write("objects/apps.yaml", &kustomization(""));
        estate
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn remove(&self, path: &str) {
        std::fs::remove_file(self.path(path)).unwrap();
    }

    fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    fn loaded(&self, folder: &str) -> Loaded {
        load_synced(&[self.path(folder)]).unwrap()
    }

    fn desk(&self, folder: &str) -> FilesDesk {
        let sync = SyncTo { dir: self.path("out"), from: self.path(folder) };
        FilesDesk::new(self.loaded(folder), SecretRules::default(), None, Some(sync), Wakers::new().0)
    }

    /// Whether the object that was applied is there.
    fn is_applied(&self) -> bool {
        self.path("out/_cluster/namespace_shop.yaml").exists()
    }
}

fn kustomization(extra: &str) -> String {
    format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: apps}}\nspec:\n  \
         interval: 10m\n  prune: true\n  sourceRef: {{kind: GitRepository, name: fleet}}\n{extra}"
    )
}

fn key() -> ObjectKey {
    ObjectKey::new("default", "apps")
}

/// Applies a Namespace for `apps` and posts the status that its turn ends with.
async fn turned(desk: &FilesDesk) {
    let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}});
    let id = Entry::of(&object).unwrap().id.encode();
    let owner = Owner { name: "apps".to_owned(), namespace: "default".to_owned() };
    let options = Options { force: false, patience: std::time::Duration::ZERO, slot: None };
    let outcome =
        desk.target(&Destination::default()).await.unwrap().apply(&owner, vec![object], &options).await;
    assert!(outcome.failures.is_empty(), "{:?}", outcome.failures);
    let status: KustomizationStatus =
        serde_json::from_value(json!({"inventory": {"entries": [{"id": id, "v": "v1"}]}})).unwrap();
    let status = Some(Box::new(status));
    let finding = Finding::Kustomization { key: key(), status, events: Vec::new(), revision: None };
    desk.post(finding).await.unwrap();
}

async fn admitted(desk: &FilesDesk) -> Result<bool, DeskError> {
    let object = desk.kinds().kustomizations.get(&ObjectRef::new("apps").within("default")).unwrap();
    desk.admit(Wish::Kustomization(&object)).await
}

#[tokio::test]
async fn what_left_the_folder_is_cleared_away_at_the_second_look_and_never_for_an_empty_one() {
    let estate = Estate::new();
    let desk = estate.desk("objects");
    turned(&desk).await;
    let apps = kustomization("");
    estate.remove("objects/apps.yaml");
    desk.reload(estate.loaded("objects"));
    assert!(estate.is_applied() && desk.is_any_gone());
    // It was only being replaced.
    estate.write("objects/apps.yaml", &apps);
    desk.reload(estate.loaded("objects"));
    desk.clear_gone();
    assert!(estate.is_applied() && !desk.is_any_gone());
    // Nothing is there at all.
    estate.remove("objects/apps.yaml");
    estate.remove("objects/fleet.yaml");
    desk.reload(estate.loaded("objects"));
    desk.clear_gone();
    assert!(estate.is_applied());
    estate.write("objects/fleet.yaml", SOURCE);
    desk.reload(estate.loaded("objects"));
    desk.clear_gone();
    assert!(!estate.is_applied() && !desk.is_any_gone());
}

#[tokio::test]
async fn what_is_said_of_the_end_counts_although_nothing_else_changed() {
    for (extra, stays) in
        [("  deletionPolicy: Orphan\n", true), ("  suspend: true\n", true), ("  force: true\n", false)]
    {
        let estate = Estate::new();
        let desk = estate.desk("objects");
        turned(&desk).await;
        estate.write("objects/apps.yaml", &kustomization(extra));
        desk.reload(estate.loaded("objects"));
        turned(&desk).await;
        estate.remove("objects/apps.yaml");
        drop(estate.desk("objects"));
        assert_eq!(estate.is_applied(), stays, "{extra}");
    }
}

#[tokio::test]
async fn one_that_left_during_its_turn_leaves_an_inventory() {
    let estate = Estate::new();
    let desk = estate.desk("objects");
    turned(&desk).await;
    estate.remove("objects/apps.yaml");
    desk.reload(estate.loaded("objects"));
    desk.clear_gone();
    assert!(!estate.is_applied());
    turned(&desk).await;
    assert!(estate.is_applied());
    drop(estate.desk("objects"));
    assert!(!estate.is_applied());
}

#[tokio::test]
async fn the_same_name_in_another_folder_is_refused_until_the_other_is_gone() {
    let estate = Estate::new();
    turned(&estate.desk("objects")).await;
    estate.write("other/fleet.yaml", SOURCE);
    estate.write("other/apps.yaml", &kustomization(""));
    let other = estate.desk("other");
    let refused = admitted(&other).await.unwrap_err().to_string();
    assert!(refused.contains("one of the same name in"), "{refused}");
    assert_eq!(status(&other), None);
    std::fs::remove_dir_all(estate.path("objects")).unwrap();
    let other = estate.desk("other");
    assert!(admitted(&other).await.unwrap() && status(&other).is_some());
    turned(&other).await;
    // It is this folder's now.
    estate.remove("other/apps.yaml");
    drop(estate.desk("other"));
    assert!(!estate.is_applied());
}

fn status(desk: &FilesDesk) -> Option<KustomizationStatus> {
    desk.kinds().kustomizations.get(&ObjectRef::new("apps").within("default")).unwrap().status.clone()
}

async fn applied(out: &Path, object: serde_json::Value) -> Result<tagalong_apply::Action, String> {
    let target = FolderTarget::new(out.to_owned());
    let owner = Owner { name: "apps".to_owned(), namespace: "default".to_owned() };
    let options = Options { force: false, patience: std::time::Duration::ZERO, slot: None };
    let outcome = target.apply(&owner, vec![object], &options).await;
    match outcome.failures.first() {
        Some(failure) => Err(failure.to_string()),
        None => Ok(outcome.changes[0].action),
    }
}

#[tokio::test]
async fn a_damaged_file_is_named_and_nothing_of_it_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db", "namespace": "shop"},
        "stringData": {"password": "hunter2"}});
    applied(folder.path(), secret.clone()).await.unwrap();
    let file = folder.path().join("shop/secret_db.yaml");
    std::fs::write(&file, "kind: Secret\nstringData:\n  password: hunter2\n  user \"ada\n").unwrap();
    let said = applied(folder.path(), secret).await.unwrap_err();
    assert!(
        said.contains("shop/secret_db.yaml:") && said.contains("is no YAML; move that file away"),
        "{said}"
    );
    assert!(!said.contains("hunter2") && !said.contains("ada"), "{said}");
}

#[tokio::test]
async fn an_object_says_how_it_is_handled_and_no_other_file_is_overwritten() {
    use tagalong_apply::Action::{Configured, Created, Skipped};
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    let object = |value: &str, mark: &str| {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": value}, "metadata": {"name": "a",
            "namespace": "shop", "annotations": {"kustomize.toolkit.fluxcd.io/ssa": mark}}})
    };
    assert_eq!(applied(out, object("1", "Override")).await, Ok(Created));
    assert_eq!(applied(out, object("2", "IfNotPresent")).await, Ok(Skipped));
    assert_eq!(applied(out, object("2", "Ignore")).await, Ok(Skipped));
    assert_eq!(applied(out, object("2", "Override")).await, Ok(Configured));
    // Somebody's own file.
    std::fs::write(out.join("shop/configmap_a.yaml"), "kind: ConfigMap\n").unwrap();
    let refused = applied(out, object("2", "Override")).await.unwrap_err();
    assert!(refused.contains("no Kustomization wrote"), "{refused}");
    assert_eq!(std::fs::read_to_string(out.join("shop/configmap_a.yaml")).unwrap(), "kind: ConfigMap\n");

    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "sops": {}});
    assert!(applied(out, secret).await.unwrap_err().contains("SOPS encrypted"));
    let odd =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a_b", "namespace": "shop"}});
    assert!(applied(out, odd).await.unwrap_err().contains("cannot be kept in an inventory"));
}

#[tokio::test]
async fn a_config_map_that_changed_counts_and_one_that_nobody_names_does_not() {
    let estate = Estate::new();
    let map = |name: &str, value: &str| {
        let text = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{a: \"{value}\"}}\n"
        );
        estate.write(&format!("objects/{name}.yaml"), &text);
    };
    let from = "  postBuild: {substituteFrom: [{kind: ConfigMap, name: vars}]}\n";
    estate.write("objects/apps.yaml", &kustomization(from));
    map("vars", "1");
    map("other", "1");
    let desk = estate.desk("objects");
    let key = |name: &str| ObjectKey::new("default", name);
    let value = async || desk.config_map(&key("vars")).await.unwrap().map(|values| values["a"].clone());
    assert_eq!(value().await.as_deref(), Some("1"));
    assert_eq!(desk.config_map(&key("other")).await.unwrap(), None);
    map("other", "2");
    assert_eq!(desk.reload(estate.loaded("objects")), 0);
    map("vars", "2");
    assert_eq!(desk.reload(estate.loaded("objects")), 1);
    assert_eq!(value().await.as_deref(), Some("2"));
    estate.remove("objects/vars.yaml");
    assert_eq!(desk.reload(estate.loaded("objects")), 1);
    assert_eq!(value().await, None);
}
