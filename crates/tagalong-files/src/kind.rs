//! Which documents are ours, and the schemas by which they are read. Used by `load`.

use crate::{
    problem::{Code, Finding, Place},
    schema::nearest,
    yaml::{Node, Value},
};
use k8s_openapi::{
    api::core::v1::{ConfigMap, Namespace, Secret},
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use kube::CustomResourceExt;
use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Value as Json, json};
use std::{fmt, sync::Arc, sync::LazyLock};
use tagalong_api::{
    GitRepository, IMAGE_GROUP, ImagePolicy, ImageRepository, ImageUpdateAutomation, KUSTOMIZE_GROUP,
    Kustomization, SOURCE_GROUP, VERSION,
};

/// Names of objects: DNS subdomains.
pub(crate) const NAME_PATTERN: &str = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
const IMAGE_KINDS: [&str; 3] = ["ImageRepository", "ImagePolicy", "ImageUpdateAutomation"];

/// The kinds that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    ImageRepository,
    ImagePolicy,
    ImageUpdateAutomation,
    GitRepository,
    Kustomization,
    Secret,
    ConfigMap,
    Namespace,
}

/// What becomes of a document.
pub(crate) enum Class {
    /// Read it.
    Ours(Kind),
    /// Look at each of these instead.
    List(Vec<Arc<Node>>),
    /// Somebody else's.
    Other,
    /// Left alone, but worth a word.
    Noted(Finding),
    /// Ours by its look, and wrong.
    Wrong(Finding),
}

impl Kind {
    /// The schema of whole documents of this kind.
    pub(crate) fn schema(self) -> &'static Json {
        static REPOSITORY: LazyLock<Json> = LazyLock::new(custom::<ImageRepository>);
        static POLICY: LazyLock<Json> = LazyLock::new(custom::<ImagePolicy>);
        static AUTOMATION: LazyLock<Json> = LazyLock::new(custom::<ImageUpdateAutomation>);
        static SOURCE: LazyLock<Json> = LazyLock::new(|| {
            let mut schema = custom::<GitRepository>();
            // In a cluster an address has a scheme; from files it may also be host:path or a local path.
            let url = schema.pointer_mut("/properties/spec/properties/url").and_then(Json::as_object_mut);
            url.map(|url| url.remove("pattern"));
            schema
        });
        static KUSTOMIZATION: LazyLock<Json> = LazyLock::new(custom::<Kustomization>);
        static SECRET: LazyLock<Json> = LazyLock::new(|| core(&generate::<Secret>()));
        static CONFIG_MAP: LazyLock<Json> = LazyLock::new(|| core(&generate::<ConfigMap>()));
        static NAMESPACE: LazyLock<Json> = LazyLock::new(|| core(&generate::<Namespace>()));
        match self {
            Self::ImageRepository => &REPOSITORY,
            Self::ImagePolicy => &POLICY,
            Self::ImageUpdateAutomation => &AUTOMATION,
            Self::GitRepository => &SOURCE,
            Self::Kustomization => &KUSTOMIZATION,
            Self::Secret => &SECRET,
            Self::ConfigMap => &CONFIG_MAP,
            Self::Namespace => &NAMESPACE,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Decides what becomes of a document.
pub(crate) fn classify(root: &Node) -> Class {
    let text = |key| root.get(key).and_then(|node| node.text()).unwrap_or_default();
    let (version, kind) = (text("apiVersion"), text("kind"));
    let place = |key| root.get(key).map_or(root.place, |node| node.place);
    if root.get("sops").is_some() {
        let note =
            format!("{kind} is encrypted with SOPS and left alone; name a decrypted copy if it is needed");
        return Class::Noted(Finding::new(place("kind"), Code::NotServed, note));
    }
    if let Some(items) = list_items(root, version, kind) {
        return Class::List(items);
    }
    let (group, number) = version.split_once('/').unwrap_or(("", version));
    match (group, kind) {
        ("", "Secret") if number == "v1" => Class::Ours(Kind::Secret),
        ("", "ConfigMap") if number == "v1" => Class::Ours(Kind::ConfigMap),
        ("", "Namespace") if number == "v1" => Class::Ours(Kind::Namespace),
        (IMAGE_GROUP, "ImageRepository") if number == VERSION => Class::Ours(Kind::ImageRepository),
        (IMAGE_GROUP, "ImagePolicy") if number == VERSION => Class::Ours(Kind::ImagePolicy),
        (IMAGE_GROUP, "ImageUpdateAutomation") if number == VERSION => {
            Class::Ours(Kind::ImageUpdateAutomation)
        }
        (SOURCE_GROUP, "GitRepository") if number == VERSION => Class::Ours(Kind::GitRepository),
        (IMAGE_GROUP, _) | (SOURCE_GROUP, "GitRepository") if number != VERSION => {
            Class::Wrong(wrong_version(place("apiVersion"), group, number))
        }
        (IMAGE_GROUP, _) => Class::Wrong(wrong_kind(place("kind"), kind)),
        (KUSTOMIZE_GROUP, "Kustomization") if number == VERSION => Class::Ours(Kind::Kustomization),
        (KUSTOMIZE_GROUP, "Kustomization") => {
            let note = format!(
                "Kustomization of {version} is left alone; those of {KUSTOMIZE_GROUP}/{VERSION} are served"
            );
            Class::Noted(Finding::new(place("apiVersion"), Code::NotServed, note))
        }
        ("", kind) if number.is_empty() && IMAGE_KINDS.contains(&kind) => {
            let message = format!(".apiVersion is missing; add apiVersion: {IMAGE_GROUP}/{VERSION}");
            Class::Wrong(Finding::new(place("kind"), Code::MissingField, message))
        }
        (_, kind) if IMAGE_KINDS.contains(&kind) => {
            let note =
                format!("{kind} of {version} is left alone; those of {IMAGE_GROUP}/{VERSION} are served");
            Class::Noted(Finding::new(place("apiVersion"), Code::NotServed, note))
        }
        _ => Class::Other,
    }
}

/// `kind: List` of v1, and lists of our kinds as an API server answers them.
fn list_items(root: &Node, version: &str, kind: &str) -> Option<Vec<Arc<Node>>> {
    let group = version.split_once('/').map_or("", |(group, _)| group);
    let ours = kind.strip_suffix("List").filter(|item| match group {
        IMAGE_GROUP => IMAGE_KINDS.contains(item),
        SOURCE_GROUP => *item == "GitRepository",
        KUSTOMIZE_GROUP => *item == "Kustomization",
        "" => matches!(*item, "" | "Secret" | "ConfigMap" | "Namespace"),
        _ => false,
    });
    match (ours, root.get("items").map(|items| &items.value)) {
        (Some(_), Some(Value::List(items))) => Some(items.clone()),
        _ => None,
    }
}

fn wrong_version(place: Place, group: &str, version: &str) -> Finding {
    let shown: String = version.chars().filter(|c| !c.is_control()).take(40).collect();
    let message = format!(
        "{group}/{shown} is not served; write {group}/{VERSION} (`flux migrate` rewrites whole folders) and check the fields"
    );
    Finding::new(place, Code::NotServed, message)
}

fn wrong_kind(place: Place, kind: &str) -> Finding {
    let shown: String = kind.chars().filter(|c| !c.is_control()).take(60).collect();
    let advice = nearest(kind, &IMAGE_KINDS).map_or_else(
        || format!("there are {}", IMAGE_KINDS.join(", ")),
        |near| format!("did you mean {near}?"),
    );
    let message = format!("{IMAGE_GROUP}/{VERSION} has no kind '{shown}'; {advice}");
    Finding::new(place, Code::NotServed, message)
}

/// The schema of a custom resource, with that of its metadata. Its status is not read from files.
fn custom<K: CustomResourceExt>() -> Json {
    let versions = K::crd().spec.versions;
    let schema = versions.into_iter().next().and_then(|version| version.schema?.open_api_v3_schema);
    let spec = schema.and_then(|schema| schema.properties?.remove("spec"));
    json!({
        "type": "object",
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": metadata(),
            "spec": spec,
            "status": {},
        },
        "required": ["metadata", "spec"],
    })
}

/// The schema of a core kind, with our stricter metadata.
fn core(schema: &Json) -> Json {
    let mut schema = schema.clone();
    schema["properties"]["metadata"] = metadata();
    schema["properties"]["status"] = json!({});
    schema["required"] = json!(["metadata"]);
    schema
}

fn metadata() -> Json {
    let mut schema = generate::<ObjectMeta>();
    // Bookkeeping of an API server, which objects that were fetched from one carry along.
    schema["properties"]["managedFields"] = json!({});
    schema["properties"]["name"]["pattern"] = json!(NAME_PATTERN);
    schema["properties"]["namespace"]["pattern"] = json!(NAME_PATTERN);
    schema["required"] = json!(["name"]);
    schema
}

fn generate<T: JsonSchema>() -> Json {
    let settings = SchemaSettings::openapi3().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::WEB_PATTERN;
    use std::collections::BTreeSet;
    use tagalong_api::{DURATION_PATTERN, TIMEOUT_PATTERN};

    /// Every keyword of a schema with its value, where the value is a word; fields and descriptions left out.
    fn keywords(schema: &Json, found: &mut BTreeSet<String>) {
        for (key, value) in schema.as_object().into_iter().flatten() {
            match (key.as_str(), value) {
                ("properties", Json::Object(fields)) => {
                    fields.values().for_each(|field| keywords(field, found))
                }
                ("items" | "additionalProperties", inner) => keywords(inner, found),
                ("pattern" | "format" | "type", word) => {
                    found.insert(format!("{key} {}", word.as_str().unwrap_or_default()));
                }
                (other, _) => {
                    found.insert(other.to_owned());
                }
            }
        }
    }

    #[test]
    fn the_check_knows_every_word_of_the_schemas() {
        let mut found = BTreeSet::new();
        for kind in [
            Kind::ImageRepository,
            Kind::ImagePolicy,
            Kind::ImageUpdateAutomation,
            Kind::GitRepository,
            Kind::Kustomization,
            Kind::Secret,
            Kind::ConfigMap,
            Kind::Namespace,
        ] {
            keywords(kind.schema(), &mut found);
        }
        let patterns = [NAME_PATTERN, DURATION_PATTERN, TIMEOUT_PATTERN, WEB_PATTERN]
            .map(|pattern| format!("pattern {pattern}"));
        let known = [
            "type array",
            "type boolean",
            "type integer",
            "type object",
            "type string",
            "format byte",
            "format date-time",
            "enum",
            "maxItems",
            "maxLength",
            "minLength",
            "required",
            // These say nothing that the types do not.
            "format int32",
            "format int64",
            "nullable",
            "description",
            "title",
            "$schema",
            "default",
            // Rules for the API server; `tagalong_api::validate` states them as well.
            "minimum",
            "x-kubernetes-validations",
        ];
        let known: BTreeSet<String> = known.map(str::to_owned).into_iter().chain(patterns).collect();
        let unknown: Vec<_> = found.difference(&known).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }
}
