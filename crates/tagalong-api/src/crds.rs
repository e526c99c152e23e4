//! The CustomResourceDefinitions of the kinds, made from the same Rust types that read the objects. `tagalong crds`
//! prints them and `deploy/crds` holds them.
//!
//! A cluster cannot tell them from Flux's: the same groups, versions, names, defaults and limits. Ours alone is that
//! `spec` is required, which Flux forgot, and the fields whose descriptions begin with `Extension:`.

use crate::{GitRepository, ImagePolicy, ImageRepository, ImageUpdateAutomation, Kustomization};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, JSON, JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool,
};
use kube::CustomResourceExt;
use serde_json::json;
use std::collections::BTreeMap;

/// The label by which `flux check` and `flux uninstall` know what belongs to Flux.
const PART_OF: (&str, &str) = ("app.kubernetes.io/part-of", "flux");

/// All of them, in the order of their kinds.
pub fn all() -> Vec<CustomResourceDefinition> {
    [
        GitRepository::crd(),
        ImagePolicy::crd(),
        ImageRepository::crd(),
        ImageUpdateAutomation::crd(),
        Kustomization::crd(),
    ]
    .map(finished)
    .into()
}

/// Adds what the types cannot say.
fn finished(mut crd: CustomResourceDefinition) -> CustomResourceDefinition {
    let labels = crd.metadata.labels.get_or_insert_default();
    labels.insert(PART_OF.0.to_owned(), PART_OF.1.to_owned());
    for version in &mut crd.spec.versions {
        let Some(root) = version.schema.as_mut().and_then(|schema| schema.open_api_v3_schema.as_mut()) else {
            continue;
        };
        settle(root);
        root.title = None;
        let Some(status) = root.properties.as_mut().and_then(|fields| fields.get_mut("status")) else {
            continue;
        };
        // An object that nobody has looked at yet is not taken for a finished one.
        status.default = Some(JSON(json!({"observedGeneration": -1})));
        if let Some(conditions) = status.properties.as_mut().and_then(|fields| fields.get_mut("conditions")) {
            limit_conditions(conditions);
        }
    }
    crd
}

/// Makes a schema, and every one within it, what Kubernetes' own tools would write.
fn settle(schema: &mut JSONSchemaProps) {
    // An optional field is left out or given; null is dropped by the API server before it is looked at.
    schema.nullable = None;
    // Lines of a doc comment are one paragraph to who reads `kubectl explain`.
    schema.description = schema.description.take().map(|text| text.replace('\n', " "));
    if let Some(fields) = &mut schema.properties {
        if fields.contains_key("matchExpressions") {
            settle_selector(fields);
            schema.x_kubernetes_map_type = Some("atomic".to_owned());
        }
        fields.values_mut().for_each(settle);
    }
    if let Some(JSONSchemaPropsOrArray::Schema(items)) = &mut schema.items {
        settle(items);
    }
    if let Some(JSONSchemaPropsOrBool::Schema(values)) = &mut schema.additional_properties {
        settle(values);
    }
}

/// A label selector is one value: two writers of it do not merge.
fn settle_selector(fields: &mut BTreeMap<String, JSONSchemaProps>) {
    let Some(expressions) = fields.get_mut("matchExpressions") else { return };
    expressions.x_kubernetes_list_type = Some("atomic".to_owned());
    if let Some(values) = item_fields(expressions).and_then(|fields| fields.get_mut("values")) {
        values.x_kubernetes_list_type = Some("atomic".to_owned());
    }
}

fn item_fields(list: &mut JSONSchemaProps) -> Option<&mut BTreeMap<String, JSONSchemaProps>> {
    match list.items.as_mut()? {
        JSONSchemaPropsOrArray::Schema(items) => items.properties.as_mut(),
        JSONSchemaPropsOrArray::Schemas(_) => None,
    }
}

/// The limits of `metav1.Condition`, which its Rust type does not carry.
fn limit_conditions(conditions: &mut JSONSchemaProps) {
    let Some(fields) = item_fields(conditions) else { return };
    if let Some(message) = fields.get_mut("message") {
        message.max_length = Some(32_768);
    }
    if let Some(generation) = fields.get_mut("observedGeneration") {
        generation.minimum = Some(0.0);
    }
    if let Some(reason) = fields.get_mut("reason") {
        (reason.min_length, reason.max_length) = (Some(1), Some(1024));
        reason.pattern = Some("^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$".to_owned());
    }
    if let Some(status) = fields.get_mut("status") {
        status.enum_ = Some(["True", "False", "Unknown"].map(|word| JSON(word.into())).into());
    }
    if let Some(kind) = fields.get_mut("type") {
        kind.max_length = Some(316);
        let domain = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?";
        kind.pattern =
            Some(format!(r"^({domain}(\.{domain})*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    /// Calls `visit` with the path and the schema of every field.
    fn fields(schema: &Value, path: &str, visit: &mut impl FnMut(&str, &Value)) {
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            let path = format!("{path}.{name}");
            visit(&path, field);
            fields(field, &path, visit);
            fields(&field["items"], &path, visit);
            fields(&field["additionalProperties"], &path, visit);
        }
    }

    #[test]
    fn every_field_is_described_and_none_is_nullable() {
        let mut extensions = Vec::new();
        for crd in all() {
            let kind = &crd.spec.names.kind;
            let schema = serde_json::to_value(&crd.spec.versions[0].schema).unwrap();
            fields(&schema["openAPIV3Schema"], kind, &mut |path, field| {
                let description = field["description"].as_str().unwrap_or_default();
                assert!(!description.is_empty() && !description.contains('\n'), "{path}: {description:?}");
                assert_eq!(field.get("nullable"), None, "{path}");
                if description.starts_with("Extension: ") {
                    extensions.push(path.to_owned());
                }
            });
        }
        let expected = [
            "ImagePolicy.spec.minimumAge",
            "ImagePolicy.spec.platforms",
            "ImagePolicy.status.candidates",
            "ImageUpdateAutomation.spec.git.pullRequest",
            "ImageUpdateAutomation.spec.limits",
            "ImageUpdateAutomation.spec.limits.allow",
            "ImageUpdateAutomation.spec.limits.changes",
            "ImageUpdateAutomation.spec.limits.commitsPerHour",
            "ImageUpdateAutomation.spec.limits.quietPeriod",
            "ImageUpdateAutomation.spec.rollback",
            "ImageUpdateAutomation.spec.rollback.onRevert",
            "ImageUpdateAutomation.spec.rollback.onUnhealthy",
            "ImageUpdateAutomation.spec.rollback.schedule",
            "ImageUpdateAutomation.spec.schedule",
            "ImageUpdateAutomation.spec.update.lineFiles",
            "ImageUpdateAutomation.status.pins",
            "ImageUpdateAutomation.status.pullRequests",
            "Kustomization.spec.driftDetection",
            "Kustomization.status.drift",
        ];
        assert_eq!(extensions, expected);
    }

    #[test]
    fn a_condition_and_a_selector_are_limited_as_kubernetes_limits_them() {
        let automation = finished(ImageUpdateAutomation::crd());
        let schema = serde_json::to_value(&automation.spec.versions[0].schema).unwrap();
        let at = |path: &str| schema.pointer(&format!("/openAPIV3Schema/properties{path}")).cloned();
        let conditions = "/status/properties/conditions/items/properties";
        let selector = "/spec/properties/policySelector";
        for (path, expected) in [
            ("/status/default".to_owned(), json!({"observedGeneration": -1})),
            (format!("{conditions}/status/enum"), json!(["True", "False", "Unknown"])),
            (format!("{conditions}/reason/minLength"), json!(1)),
            (format!("{conditions}/message/maxLength"), json!(32_768)),
            (format!("{selector}/x-kubernetes-map-type"), json!("atomic")),
            (format!("{selector}/properties/matchExpressions/x-kubernetes-list-type"), json!("atomic")),
        ] {
            assert_eq!(at(&path), Some(expected), "{path}");
        }
    }
}
