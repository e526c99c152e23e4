//! Definitions before what stands on them.

use serde_json::{Value, json};

use crate::place::{Place, failures};

/// A definition of widgets in a group of its own.
pub(crate) fn definition(group: &str) -> Value {
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("widgets.{group}")},
        "spec": {"group": group, "scope": "Namespaced",
            "names": {"kind": "Widget", "listKind": "WidgetList", "plural": "widgets", "singular": "widget"},
            "versions": [{"name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}]}})
}

#[tokio::test]
async fn a_definition_a_namespace_and_objects_of_both_go_in_one_set() {
    let Some(place) = Place::new("stages").await else { return };
    let inner = format!("{}-inner", place.namespace);
    let group = format!("{}.acme.dev", place.namespace);
    let widget = json!({"apiVersion": format!("{group}/v1"), "kind": "Widget",
        "metadata": {"name": "w", "namespace": inner}, "spec": {"size": 1}});
    let class = json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass",
        "metadata": {"name": format!("{inner}-high")}, "value": 1000});
    let set = [
        widget.clone(),
        class,
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": inner}}),
        definition(&group),
    ];
    assert_eq!(
        place.applied(&set).await,
        [
            format!("CustomResourceDefinition/widgets.{group} created"),
            format!("Namespace/{inner} created"),
            format!("PriorityClass/{inner}-high created"),
            format!("Widget/{inner}/w created"),
        ]
    );
    let shown = place.applied(&set).await;
    assert!(shown.iter().all(|line| line.ends_with("unchanged")), "{shown:?}");
}

#[tokio::test]
async fn a_kind_that_arrives_later_is_found() {
    let Some(place) = Place::new("later").await else { return };
    let group = format!("{}.acme.dev", place.namespace);
    let widget = json!({"apiVersion": format!("{group}/v1"), "kind": "Widget",
        "metadata": {"name": "w", "namespace": place.namespace}});
    let outcome = place.apply(std::slice::from_ref(&widget)).await;
    assert!(failures(&outcome)[0].contains("no matches for kind \"Widget\""), "{outcome:?}");
    place.kubectl(&["apply", "-f", "-"], &definition(&group).to_string());
    place.kubectl(&["wait", "--for=condition=Established", &format!("crd/widgets.{group}")], "");
    let shown = place.applied(&[widget]).await;
    assert!(shown[0].ends_with("created"), "{shown:?}");
}

#[tokio::test]
async fn a_namespace_on_its_way_out_is_said() {
    let Some(place) = Place::new("leaving").await else { return };
    // Without its controller a namespace stays Terminating.
    place.kubectl(&["delete", "namespace", &place.namespace, "--wait=false"], "");
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": place.namespace}});
    let map = place.config_map("settings", &json!({}));
    let outcome = place.apply(&[namespace, map.clone()]).await;
    assert_eq!(
        failures(&outcome),
        [format!("Namespace/{} is being deleted; it is applied again once it is gone", place.namespace)]
    );
    let outcome = place.apply(&[map]).await;
    let said = failures(&outcome);
    assert!(
        said[0].starts_with(&format!("ConfigMap/{}/settings dry-run failed (Forbidden)", place.namespace)),
        "{said:?}"
    );
    assert!(said[0].contains("because it is being terminated"), "{said:?}");
}

#[tokio::test]
async fn a_webhook_that_refuses_is_quoted_and_nothing_is_written() {
    let Some(place) = Place::new("webhook").await else { return };
    let namespace = &place.namespace;
    place.applied(&[place.config_map("before", &json!({"a": "1"}))]).await;
    let hook = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": namespace}, "webhooks": [{"name": "gate.acme.dev", "sideEffects": "None",
            "admissionReviewVersions": ["v1"], "failurePolicy": "Fail",
            // Nobody listens there: every request is refused.
            "clientConfig": {"url": "https://127.0.0.1:1/"},
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"],
                "resources": ["configmaps"]}]}]});
    place.kubectl(&["apply", "-f", "-"], &hook.to_string());
    let probe = place.config_map("probe", &json!({})).to_string();
    let open = || place.plane.kubectl(&["create", "--dry-run=server", "-f", "-"], &probe).unwrap().success;
    while open() {}
    drop(place.counter.take());
    let set = [place.config_map("before", &json!({"a": "2"})), place.config_map("after", &json!({}))];
    let said = failures(&place.apply(&set).await);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].starts_with(&format!("ConfigMap/{namespace}/after dry-run failed (InternalError): ")),
        "{said:?}"
    );
    assert!(said[0].contains("gate.acme.dev"), "{said:?}");
    assert!(place.counter.take_writes().is_empty());
    assert_eq!(place.get("configmap", "before")["data"]["a"], "1");
}
