//! What a Kustomization adds to its folder, and variables from ConfigMaps and Secrets.

use super::super::place::Place;
use super::place::{APPS, READY, config};

#[test]
fn variables_come_from_config_maps_and_secrets_and_a_missing_one_is_named() {
    let file = config("web", "${region}-${tier}-${own:=none}-${word}");
    let Some(place) = Place::synced("variables", &[("apps/config.yaml", &file)]) else { return };
    place.open_secrets();
    place.own(&["create", "configmap", "vars", "--from-literal=region=eu", "--from-literal=tier=low"], "");
    place.own(&["create", "secret", "generic", "words", "--from-literal=word=hush"], "");
    place.apply(&place.kustomization(
        "apps",
        "  namePrefix: my-\n  commonMetadata: {labels: {team: a}}\n  \
         patches: [{patch: '[{\"op\": \"add\", \"path\": \"/data/more\", \"value\": \"yes\"}]', target: {kind: ConfigMap}}]\n  \
         postBuild:\n    substitute: {tier: high}\n    substituteFrom:\n    - {kind: ConfigMap, name: vars}\n    \
         - {kind: Secret, name: words}\n    - {kind: ConfigMap, name: none, optional: true}\n",
    ));
    let mut controller = place.syncing();
    place.until_ready(APPS);
    assert_eq!(place.get("configmap/my-web", ".data.value"), "eu-high-none-hush");
    assert_eq!(place.get("configmap/my-web", ".data.more"), "yes");
    assert_eq!(place.get("configmap/my-web", ".metadata.labels.team"), "a");
    // What was put in from a Secret is shown nowhere: not by diff, not as drift, not in a refusal.
    let edit = r#"{"data":{"value":"by-hand"}}"#;
    place.own(&["patch", "configmap/my-web", "--type=merge", "-p", edit], "");
    let shown = place.asked(&["diff", "apps"]).expect(0).stdout;
    assert!(shown.contains("ConfigMap/") && shown.contains("*** (other than there)"), "{shown}");
    assert!(!shown.contains("hush") && !shown.contains("by-hand"), "{shown}");
    place.reconciled(APPS, "drift");
    let story = controller.until("data.value: *** instead of ***, by kubectl-patch");
    assert!(!story.contains("hush"), "{story}");
    let wrong = r#"{"spec":{"patches":[{"patch":"[{\"op\": \"add\", \"path\": \"/immutable\", \"value\": \"${word}\"}]","target":{"kind":"ConfigMap"}}]}}"#;
    place.own(&["patch", APPS, "--type=merge", "-p", wrong], "");
    let says = place.until_ready_says(APPS, "dry-run failed");
    assert!(says.contains("***") && !says.contains("hush"), "{says}");
    let patch = r#"{"spec":{"postBuild":{"substituteFrom":[{"kind":"Secret","name":"gone"}]}}}"#;
    place.own(&["patch", APPS, "--type=merge", "-p", patch], "");
    place.until_ready_says(APPS, "substitute from 'Secret/gone' error: not found");
    assert_eq!(place.get(APPS, &format!("{READY}.reason")), "BuildFailed");
    // A variable that nobody sets is named, the values of others are not.
    let patch = r#"{"spec":{"postBuild":{"substituteFrom":[{"kind":"Secret","name":"words"}]}}}"#;
    place.own(&["patch", APPS, "--type=merge", "-p", patch], "");
    let says = place.until_ready_says(APPS, "region");
    assert!(!says.contains("hush"), "{says}");
    let story = controller.until("region");
    assert!(!story.contains("hush"), "{story}");
}
