//! What is encrypted with SOPS comes into the cluster as it was, and its values into nothing that is told.

use super::super::place::Place;
use super::place::{APPS, READY};
use crate::sealed::{CONFIG, KEY, SECRET, seal};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tagalong_testkit::git_repo::Change;
use tagalong_testkit::need;
use tagalong_testkit::parts::Part;

#[test]
fn it_is_applied_decrypted_and_told_nowhere() {
    need!(Part::Sops);
    let kustomization = "resources: [secret.yaml, sealed.yaml]\nsecretGenerator:\n\
                         - {name: env, envs: [prod.env], options: {disableNameSuffixHash: true}}\n";
    let files = [
        ("apps/kustomization.yaml", kustomization),
        ("apps/secret.yaml", &seal("secret.yaml", SECRET)),
        ("apps/sealed.yaml", &seal("sealed.yaml", CONFIG)),
        ("apps/prod.env", &seal("prod.env", "WORD=hunter4\n")),
    ];
    let Some(place) = Place::synced("sealed", &files) else { return };
    place.open_secrets();
    place.own(&["create", "secret", "generic", "sops-age", &format!("--from-literal=age.agekey={KEY}")], "");
    place.apply(&place.kustomization("apps", ""));
    let mut controller = place.syncing();
    let says = place.until_ready_says(APPS, "apps/secret.yaml: is encrypted with SOPS: set .spec.decryption");
    assert_eq!(place.get(APPS, &format!("{READY}.reason")), "BuildFailed", "{says}");
    assert_eq!(place.own(&["get", "configmap", "sealed", "--ignore-not-found"], ""), "");

    let decryption = |name: &str| {
        let patch =
            format!(r#"{{"spec":{{"decryption":{{"provider":"sops","secretRef":{{"name":"{name}"}}}}}}}}"#);
        place.own(&["patch", APPS, "--type=merge", "-p", &patch], "");
    };
    decryption("gone");
    place.until_ready_says(APPS, &format!("decryption Secret '{}/gone': not found", place.namespace));
    decryption("sops-age");
    place.until_ready(APPS);
    let revision = format!("main@sha1:{}", place.estate.repo.rev("main").unwrap());
    place.until_applied(APPS, &revision);
    assert_eq!(place.get("secret/word", ".data.a"), STANDARD.encode("hunter2"));
    assert_eq!(place.get("secret/env", ".data.WORD"), STANDARD.encode("hunter4"));
    assert_eq!(place.get("configmap/sealed", ".data.value"), "hunter3");

    let edit = ["patch", "configmap/sealed", "--type=merge", "--field-manager=acme", "-p"];
    place.own(&[&edit[..], &[r#"{"data":{"value":"by hand"}}"#]].concat(), "");
    let diff = place.asked(&["diff", "apps"]).expect(0).stdout;
    assert!(diff.contains("ConfigMap/") && diff.contains("***") && !diff.contains("hunter"), "{diff}");
    place.reconciled(APPS, "1");
    assert_eq!(place.get("configmap/sealed", ".data.value"), "hunter3");
    let story = controller.until("data.value: *** instead of ***, by acme");
    let events = place.own(&["get", "events", "-o=yaml"], "");
    let object = place.own(&["get", APPS, "-o=yaml"], "");
    // Once its file is gone, nobody knows that it was encrypted.
    let (plain, sealed) = (kustomization.replace(", sealed.yaml", ""), "apps/sealed.yaml");
    place
        .estate
        .repo
        .commit(
            "main",
            "Less",
            &[Change::Delete(sealed), Change::File("apps/kustomization.yaml", plain.as_bytes())],
        )
        .unwrap();
    let gone = place.asked(&["diff", "apps"]).expect(0).stdout;
    assert!(gone.contains("+++ /dev/null") && gone.contains("-  value: \"***\""), "{gone}");
    for told in [&story, &events, &object, &diff, &gone] {
        assert!(
            !told.contains("hunter") && !told.contains("by hand") && !told.contains("AGE-SECRET"),
            "{told}"
        );
    }
}
