//! Applied, corrected, pruned, renamed, made anew.

use super::super::place::Place;
use super::place::{APPS, READY, config, deployment};
use tagalong_testkit::git_repo::Change;

#[test]
fn a_folder_of_a_commit_is_applied_and_the_status_is_fluxs() {
    let files = [
        ("apps/config.yaml", &*config("web", "1")),
        ("apps/web.yaml", &deployment("web", "IMAGE:1.0.0")),
        ("other/x.yaml", &config("x", "1")),
    ];
    let Some(place) = Place::synced("applied", &files) else { return };
    place.apply(&place.kustomization("apps", "  healthChecks: [{kind: ConfigMap, name: web}]\n"));
    let _controller = place.syncing();
    let revision = format!("main@sha1:{}", place.estate.repo.rev("main").unwrap());
    place.until_applied(APPS, &revision);
    place.until_ready(APPS);
    assert_eq!(place.get(APPS, &format!("{READY}.reason")), "ReconciliationSucceeded");
    assert_eq!(place.get(APPS, &format!("{READY}.message")), format!("Applied revision: {revision}"));
    assert_eq!(place.get(APPS, ".status.lastAttemptedRevision"), revision);
    assert_eq!(place.get(APPS, ".status.observedGeneration"), "1");
    assert_eq!(place.get(APPS, ".metadata.finalizers"), r#"["finalizers.fluxcd.io"]"#);
    assert_eq!(place.get(APPS, ".status.conditions[*].type"), "Ready Healthy");
    let namespace = &place.namespace;
    let ids = format!("{namespace}_web__ConfigMap {namespace}_web_apps_Deployment");
    assert_eq!(place.get(APPS, ".status.inventory.entries[*].id"), ids);
    assert_eq!(place.get(APPS, ".status.inventory.entries[*].v"), "v1 v1");
    let history = |path: &str| place.get(APPS, &format!(".status.history[0]{path}"));
    assert_eq!(history(".lastReconciledStatus"), "ReconciliationSucceeded");
    assert_eq!(history(".metadata.revision"), revision);
    let labels = place.get("configmap/web", ".metadata.labels");
    let expected = format!(
        r#"{{"kustomize.toolkit.fluxcd.io/name":"apps","kustomize.toolkit.fluxcd.io/namespace":"{namespace}"}}"#
    );
    assert_eq!(labels, expected);
    assert_eq!(place.get("configmap/web", ".metadata.managedFields[*].manager"), "kustomize-controller");
    assert!(!place.own(&["get", "configmap"], "").contains("\nx "), "a file outside of the folder");
}

#[test]
fn what_somebody_changed_is_set_right_and_told() {
    let Some(place) = Place::synced("drift", &[("apps/config.yaml", &config("web", "1"))]) else { return };
    place.apply(&place.kustomization("apps", ""));
    let mut controller = place.syncing();
    place.until_ready(APPS);
    let told = "-o=jsonpath={range .items[*]}{.message} of {.metadata.annotations.kustomize\\.toolkit\\.fluxcd\\.io/revision}\
                {\"\\n\"}{end}";
    let events = place.own(&["get", "events", told], "");
    let revision = place.get(APPS, ".status.lastAppliedRevision");
    assert!(
        events.contains(&format!("ConfigMap/{}/web created of {revision}\n", place.namespace)),
        "{events}"
    );
    let edit = ["patch", "configmap/web", "--type=merge", "--field-manager=kubectl-edit", "-p"];
    place.own(&[&edit[..], &[r#"{"data":{"value":"by hand"}}"#]].concat(), "");
    place.reconciled(APPS, "1");
    assert_eq!(place.get("configmap/web", ".data.value"), "1");
    let story = controller.until("by kubectl-edit");
    assert!(story.contains("data.value") && story.contains("DriftCorrected"), "{story}");
    let corrected = |path: &str| place.get(APPS, &format!(".status.drift.corrected[*]{path}"));
    assert_eq!(corrected(".id"), format!("{}_web__ConfigMap", place.namespace));
    assert_eq!(corrected(".fields"), r#"["data.value"]"#);
    assert_eq!(corrected(".managers"), r#"["kubectl-edit"]"#);
    assert!(place.get(APPS, ".status.drift.lastCorrected").contains('T'));
    // A turn that finds all as it should be writes nothing but its status.
    let version = place.get("configmap/web", ".metadata.resourceVersion");
    place.reconciled(APPS, "2");
    assert_eq!(place.get("configmap/web", ".metadata.resourceVersion"), version);
    assert_eq!(place.get(APPS, ".status.history[0].totalReconciliations"), "3");
}

#[test]
fn what_left_the_folder_is_deleted_and_a_new_name_is_a_new_object() {
    let files = [("apps/a.yaml", &*config("a", "1")), ("apps/b.yaml", &config("b", "1"))];
    let Some(place) = Place::synced("prune", &files) else { return };
    let kept = config("kept", "1")
        .replace("{name: kept}", "{name: kept, annotations: {kustomize.toolkit.fluxcd.io/prune: disabled}}");
    place.estate.commit(&[("apps/kept.yaml", &kept)]);
    place.apply(&place.kustomization("apps", ""));
    place.apply(&config("foreign", "1"));
    let _controller = place.syncing();
    place.until_ready(APPS);
    let gone = [Change::Delete("apps/a.yaml"), Change::Delete("apps/kept.yaml")];
    place.estate.repo.commit("main", "Less", &gone).unwrap();
    let revision = place.push(&[("apps/b.yaml", &config("renamed", "1"))], "1");
    place.until_applied(APPS, &revision);
    place.until_ready(APPS);
    let names = place.own(&["get", "configmap", "-o=jsonpath={.items[*].metadata.name}"], "");
    assert_eq!(names.replace("kube-root-ca.crt ", ""), "foreign kept renamed");
    let ids = place.get(APPS, ".status.inventory.entries[*].id");
    assert_eq!(ids, format!("{}_renamed__ConfigMap", place.namespace));
}

#[test]
fn a_field_that_cannot_change_needs_force() {
    let first = deployment("web", "IMAGE:1.0.0");
    let Some(place) = Place::synced("force", &[("apps/web.yaml", &first)]) else { return };
    place.apply(&place.kustomization("apps", ""));
    let _controller = place.syncing();
    place.until_ready(APPS);
    let uid = place.get("deployment/web", ".metadata.uid");
    let other = first.replace("app: web", "app: other");
    let revision = place.push(&[("apps/web.yaml", &other)], "1");
    let says = place.until_ready_says(APPS, "field is immutable");
    assert!(says.contains(&format!("Deployment/{}/web", place.namespace)), "{says}");
    assert_eq!(place.get(APPS, &format!("{READY}.reason")), "ReconciliationFailed");
    assert_eq!(place.get("deployment/web", ".metadata.uid"), uid);
    place.own(&["patch", APPS, "--type=merge", "-p", r#"{"spec":{"force":true}}"#], "");
    place.until_applied(APPS, &revision);
    assert_ne!(place.get("deployment/web", ".metadata.uid"), uid);
}

#[test]
fn a_definition_and_its_object_come_in_one_set() {
    let Some(place) = Place::synced("defined", &[("readme.md", "")]) else { return };
    let group = format!("{}.example.com", place.namespace);
    let definition = format!(
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{name: widgets.{group}}}\nspec:\n  \
         group: {group}\n  scope: Namespaced\n  names: {{kind: Widget, plural: widgets, singular: widget}}\n  versions:\n  \
         - name: v1\n    served: true\n    storage: true\n    schema: {{openAPIV3Schema: {{type: object, x-kubernetes-preserve-unknown-fields: true}}}}\n"
    );
    let widget = format!("apiVersion: {group}/v1\nkind: Widget\nmetadata: {{name: one}}\n");
    place.estate.commit(&[("apps/a.yaml", &widget), ("apps/z.yaml", &definition)]);
    let account = format!("--serviceaccount={}:deployer", place.namespace);
    let binding = ["create", "clusterrolebinding", &place.namespace, "--clusterrole=cluster-admin", &account];
    place.kubectl(&binding, "");
    place.apply(&place.kustomization("apps", ""));
    let _controller = place.syncing();
    place.until_ready(APPS);
    place.own(&["get", &format!("widgets.{group}/one")], "");
    place.delete(APPS);
    // A definition goes a moment after its objects.
    place.kubectl(&["wait", "--for=delete", &format!("crd/widgets.{group}"), "--timeout=60s"], "");
}

#[test]
fn as_a_service_account_without_rights_nothing_is_applied() {
    let Some(place) = Place::synced("denied", &[("apps/config.yaml", &config("web", "1"))]) else { return };
    place.own(&["create", "serviceaccount", "nobody"], "");
    place.apply(&place.kustomization("apps", "  serviceAccountName: nobody\n"));
    let _controller = place.syncing();
    let says = place.until_ready_says(APPS, "cannot get resource");
    assert!(says.contains(&format!("system:serviceaccount:{}:nobody", place.namespace)), "{says}");
    assert_eq!(place.get(APPS, &format!("{READY}.reason")), "ReconciliationFailed");
    assert_eq!(place.own(&["get", "configmap", "web", "--ignore-not-found"], ""), "");
}

#[test]
fn a_folder_that_is_missing_or_wrong_and_a_field_that_is_not_served_are_named() {
    let Some(place) = Place::synced("wrong", &[("apps/config.yaml", "kind: [\n")]) else { return };
    place.apply(&place.kustomization("apps", ""));
    place.apply(&place.kustomization("nowhere", "  path: ./nowhere\n"));
    place.apply(&place.kustomization("secret", "  decryption: {provider: sops, serviceAccountName: kms}\n"));
    let _controller = place.syncing();
    let says = place.until_ready_says(APPS, "apps/config.yaml");
    assert_eq!(place.get(APPS, &format!("{READY}.reason")), "BuildFailed", "{says}");
    place.until_ready_says("kustomization/nowhere", "kustomization path not found");
    assert_eq!(place.get("kustomization/nowhere", &format!("{READY}.reason")), "ArtifactFailed");
    place.until_ready_says("kustomization/secret", ".spec.decryption.serviceAccountName");
    let stalled = ".status.conditions[?(@.type==\"Stalled\")].reason";
    assert_eq!(place.get("kustomization/secret", stalled), "FeatureGateDisabled");
}

#[test]
fn a_field_that_is_left_alone_is_neither_told_nor_written() {
    let web = deployment("web", "IMAGE:1.0.0");
    let files = [("apps/web.yaml", &*web), ("apps/other.yaml", &deployment("other", "IMAGE:1.0.0"))];
    let Some(place) = Place::synced("ignore", &files) else { return };
    let ignore = "  ignore: [{paths: [/spec/replicas, /metadata/annotations/acme.dev~1by], target: {kind: Deployment, name: we.}}]\n";
    place.apply(&place.kustomization("apps", ignore));
    let mut controller = place.syncing();
    place.until_ready(APPS);
    let replicas = |name: &str| place.get(&format!("deployment/{name}"), ".spec.replicas");
    assert_eq!(replicas("web"), "0");
    for name in ["web", "other"] {
        place.own(&["scale", &format!("deployment/{name}"), "--replicas=3"], "");
    }
    let diff = place.asked(&["diff", "apps"]).expect(0).stdout;
    assert!(!diff.contains("/web") && diff.contains("/other"), "{diff}");
    place.reconciled(APPS, "1");
    assert_eq!((replicas("web"), replicas("other")), ("3".to_owned(), "0".to_owned()));
    let story = controller.until("spec.replicas: 3 instead of 0");
    assert!(!story.contains("/web configured"), "{story}");
    // A change of another field is written, and this one stays.
    place.push(&[("apps/web.yaml", &web.replace(":1.0.0", ":1.1.0"))], "2");
    place.until_says("deployment/web", ".spec.template.spec.containers[0].image", ":1.1.0");
    assert_eq!(replicas("web"), "3");
}
