//! What a cluster and its tools see of the kinds.

use crate::{
    GitRepository, ImagePolicy, ImageReference, ImageRepository, ImageUpdateAutomation, Kustomization,
};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;
use serde_json::{Value, json};

/// Name, short names, categories and printed columns (those of priority 1 in brackets).
fn seen(crd: &CustomResourceDefinition) -> String {
    let names = &crd.spec.names;
    let version = &crd.spec.versions[0];
    let columns = version.additional_printer_columns.iter().flatten();
    let columns: Vec<String> = columns
        .map(|column| {
            let shown = format!("{}{}", column.name, column.json_path);
            if column.priority == Some(1) { format!("[{shown}]") } else { shown }
        })
        .collect();
    format!(
        "{}/{} {} | {} | {} | {}",
        crd.metadata.name.as_deref().unwrap_or_default(),
        version.name,
        crd.spec.scope,
        names.short_names.iter().flatten().cloned().collect::<Vec<_>>().join(","),
        names.categories.iter().flatten().cloned().collect::<Vec<_>>().join(","),
        columns.join(" · ").replace(".status.conditions[?(@.type==\"Ready\")]", "@Ready"),
    )
}

#[test]
fn tools_see_fluxs_names_and_columns() {
    let image = "all,fluxcd,fluxcd-images";
    for (crd, expected) in [
        (
            ImageRepository::crd(),
            format!("imagerepositories.image.toolkit.fluxcd.io/v1 Namespaced | imgrepo,imagerepo | {image} | Image.spec.image · Tags.status.lastScanResult.tagCount · Ready@Ready.status · Status@Ready.message · [Last scan.status.lastScanResult.scanTime] · Age.metadata.creationTimestamp"),
        ),
        (
            ImagePolicy::crd(),
            format!("imagepolicies.image.toolkit.fluxcd.io/v1 Namespaced | imgpol,imagepol | {image} | Image.status.latestRef.name · Tag.status.latestRef.tag · Ready@Ready.status · Status@Ready.message · Age.metadata.creationTimestamp"),
        ),
        (
            ImageUpdateAutomation::crd(),
            format!("imageupdateautomations.image.toolkit.fluxcd.io/v1 Namespaced | iua,imgupd,imgauto | {image} | Ready@Ready.status · Status@Ready.message · [Last run.status.lastAutomationRunTime] · Age.metadata.creationTimestamp"),
        ),
        (
            GitRepository::crd(),
            "gitrepositories.source.toolkit.fluxcd.io/v1 Namespaced | gitrepo | all,fluxcd,fluxcd-sources | URL.spec.url · Age.metadata.creationTimestamp · Ready@Ready.status · Status@Ready.message".to_owned(),
        ),
        (
            Kustomization::crd(),
            "kustomizations.kustomize.toolkit.fluxcd.io/v1 Namespaced | ks | all,fluxcd,fluxcd-appliers | Age.metadata.creationTimestamp · Ready@Ready.status · Status@Ready.message".to_owned(),
        ),
    ] {
        assert_eq!(seen(&crd), expected);
    }
}

#[test]
fn the_schemas_hold_fluxs_limits() {
    let schema = |crd: CustomResourceDefinition| {
        let schema = crd.spec.versions.into_iter().next().unwrap().schema.unwrap();
        serde_json::to_value(schema.open_api_v3_schema.unwrap()).unwrap()
    };
    let (repository, policy) = (schema(ImageRepository::crd()), schema(ImagePolicy::crd()));
    let (automation, source) = (schema(ImageUpdateAutomation::crd()), schema(GitRepository::crd()));
    for (schema, field, limit, expected) in [
        (&repository, "/interval", "pattern", json!(crate::DURATION_PATTERN)),
        (&repository, "/timeout", "pattern", json!(crate::TIMEOUT_PATTERN)),
        (&repository, "/provider", "enum", json!(["generic", "aws", "azure", "gcp"])),
        (&repository, "/serviceAccountName", "maxLength", json!(253)),
        (&repository, "/exclusionList", "maxItems", json!(25)),
        (&policy, "/digestReflectionPolicy", "enum", json!(["Always", "IfNotPresent", "Never"])),
        (&policy, "/policy/properties/numerical/properties/order", "enum", json!(["asc", "desc"])),
        (&automation, "/sourceRef/properties/kind", "enum", json!(["GitRepository"])),
        (&automation, "/update/properties/strategy", "enum", json!(["Setters"])),
        (&automation, "/git/properties/commit/properties/author", "required", json!(["email"])),
        (
            &automation,
            "/git/properties/commit/properties/signingKey/properties/type",
            "enum",
            json!(["gpg", "ssh"]),
        ),
        (&source, "/provider", "enum", json!(["generic", "aws", "azure", "github"])),
        (&source, "/url", "pattern", json!("^(http|https|ssh)://.*$")),
    ] {
        assert_eq!(
            schema.pointer(&format!("/properties/spec/properties{field}/{limit}")),
            Some(&expected),
            "{field}"
        );
    }
    let lines = automation.pointer("/properties/spec/properties/update/properties/lineFiles/description");
    assert!(lines.and_then(Value::as_str).unwrap().starts_with("Extension: "));
}

/// An object as an API server holds it, read and written back.
fn same<K: serde::de::DeserializeOwned + serde::Serialize>(kind: &str, spec: &Value, status: &Value) {
    let group = if kind == "GitRepository" { crate::SOURCE_GROUP } else { crate::IMAGE_GROUP };
    let object = json!({
        "apiVersion": format!("{group}/v1"), "kind": kind, "metadata": {"name": "podinfo"}, "spec": spec, "status": status,
    });
    let read: K = serde_json::from_value(object.clone()).unwrap();
    assert_eq!(serde_json::to_value(read).unwrap(), object);
}

#[test]
fn every_status_field_is_read_and_written_back() {
    let time = "2026-01-01T00:00:00Z";
    let conditions = json!([{
        "type": "Ready", "status": "True", "reason": "Succeeded", "observedGeneration": 1, "message": "m",
        "lastTransitionTime": time,
    }]);
    let image = json!({"name": "ghcr.io/x/y", "tag": "5.2.1", "digest": "sha256:0"});
    same::<ImageRepository>(
        "ImageRepository",
        &json!({"image": "ghcr.io/x/y", "interval": "5m"}),
        &json!({
            "observedGeneration": 1, "canonicalImageName": "ghcr.io/x/y", "observedExclusionList": ["^.*\\.sig$"],
            "lastHandledReconcileAt": "2026-01-01T00:00:00.000000000Z", "conditions": conditions,
            "lastScanResult": {"revision": "3719541322", "tagCount": 92, "scanTime": time, "latestTags": ["latest"]},
        }),
    );
    same::<ImagePolicy>(
        "ImagePolicy",
        &json!({"imageRepositoryRef": {"name": "podinfo"}, "policy": {"semver": {"range": "1.x"}}}),
        &json!({
            "observedGeneration": -1, "latestRef": image, "observedPreviousRef": {"name": "a", "tag": "b"},
            "lastHandledReconcileAt": "x", "conditions": conditions,
        }),
    );
    same::<ImageUpdateAutomation>(
        "ImageUpdateAutomation",
        &json!({"interval": "30m", "sourceRef": {"kind": "GitRepository", "name": "f"}}),
        &json!({
            "lastAutomationRunTime": time, "lastPushCommit": "0123", "lastPushTime": time, "observedGeneration": 1,
            "observedSourceRevision": "main@sha1:0123", "observedPolicies": {"podinfo": image},
            "lastHandledReconcileAt": "x", "conditions": conditions,
        }),
    );
    let artifact = json!({
        "path": "p", "url": "http://x/p", "revision": "main@sha1:0", "digest": "sha256:0", "lastUpdateTime": time,
        "size": 1, "metadata": {"a": "b"},
    });
    same::<GitRepository>(
        "GitRepository",
        &json!({"url": "https://x/y", "interval": "1m"}),
        &json!({
            "observedGeneration": 1, "conditions": conditions, "artifact": artifact, "includedArtifacts": [artifact],
            "observedIgnore": "x", "observedRecurseSubmodules": true, "observedSparseCheckout": ["a"],
            "observedInclude": [{"repository": {"name": "c"}}], "sourceVerificationMode": "HEAD",
            "lastHandledReconcileAt": "x",
        }),
    );
}

#[test]
fn an_image_is_printed_with_its_digest_last() {
    let mut image = ImageReference { name: "a/b".into(), tag: "1".into(), digest: None };
    assert_eq!(image.to_string(), "a/b:1");
    image.digest = Some("sha256:0".into());
    assert_eq!(image.to_string(), "a/b:1@sha256:0");
}
