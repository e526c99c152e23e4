//! From the files of an artifact to the objects of a Kustomization. Pure but for the thread that it takes.

use super::Failure;
use serde_json::Value;
use std::collections::HashSet;
use std::sync::Arc;
use tagalong_api::{KustomizationSpec, Reason};
use tagalong_apply::{Entry, ObjectId};
use tagalong_kustomize::{Additions, Files as _, Tree, Variables, render_for, to_yaml};
use tagalong_model::Digest;
use tagalong_sops::{Opened, Opening, open_values, take_mark};

/// What was built.
pub(super) struct Rendered {
    pub(super) objects: Vec<Value>,
    /// `sha256:<hex>` of them as YAML.
    pub(super) digest: String,
    /// Those that hold what was encrypted.
    pub(super) confidential: HashSet<ObjectId>,
}

/// What a spec adds to its folder. Both types have Flux's field names; what is no addition is passed over.
///
/// # Errors
/// Only where a field of the one is no field of the other.
pub fn additions(spec: &KustomizationSpec) -> Result<Additions, serde_json::Error> {
    serde_json::from_value(serde_json::to_value(spec)?)
}

/// Builds a folder.
pub(super) async fn render(
    spec: &KustomizationSpec,
    variables: Option<Variables>,
    opening: Option<Opening>,
    tree: Arc<Tree>,
    folder: String,
) -> Result<Rendered, Failure> {
    if !tree.is_folder(&folder) {
        let message = format!("kustomization path not found: there is no folder '{folder}' in the artifact");
        return Err(Failure::new(Reason::ArtifactFailed, message));
    }
    let failed = |why: String| Failure::new(Reason::BuildFailed, why);
    let additions = additions(spec).map_err(|error| failed(error.to_string()))?;
    let built = tokio::task::spawn_blocking(move || {
        let files = Opened::new(tree.as_ref(), opening.as_ref());
        let objects =
            render_for(&additions, variables.as_ref(), &files, &folder).map_err(|error| error.to_string())?;
        let digest = Digest::sha256(to_yaml(&objects).as_bytes()).to_string();
        let values = objects.iter().map(serde_json::to_value).collect::<Result<Vec<_>, _>>();
        let mut objects = values.map_err(|error| error.to_string())?;
        let confidential = opened(&mut objects, opening.as_ref())?;
        Ok(Rendered { objects, digest, confidential })
    });
    built.await.map_err(|error| failed(error.to_string()))?.map_err(failed)
}

/// Opens what is encrypted inside Secrets; those of the objects that hold what was encrypted.
fn opened(objects: &mut [Value], opening: Option<&Opening>) -> Result<HashSet<ObjectId>, String> {
    let mut confidential = HashSet::new();
    for object in objects {
        let marked = take_mark(object);
        let id = Entry::of(object).map(|entry| entry.id);
        open_values(object, opening).map_err(|error| match &id {
            Some(id) => format!("{id}: {error}"),
            None => error.to_string(),
        })?;
        confidential.extend(id.filter(|_| marked));
    }
    Ok(confidential)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_addition_of_a_spec_is_one() {
        let spec: KustomizationSpec = serde_json::from_value(json!({
            "interval": "1m", "prune": true, "sourceRef": {"kind": "GitRepository", "name": "fleet"},
            "targetNamespace": "apps", "namePrefix": "a-", "nameSuffix": "-z",
            "patches": [{"patch": "[]", "target": {"kind": "Deployment", "labelSelector": "a=b"}}],
            "images": [{"name": "app", "newTag": "1"}], "components": ["../c"], "ignoreMissingComponents": true,
            "buildMetadata": ["originAnnotations"], "commonMetadata": {"labels": {"team": "a"}},
        }))
        .unwrap();
        let read = additions(&spec).unwrap();
        assert_eq!(read.target_namespace.as_deref(), Some("apps"));
        assert_eq!((read.name_prefix.as_deref(), read.name_suffix.as_deref()), (Some("a-"), Some("-z")));
        assert_eq!(read.patches[0].target.as_ref().unwrap().label_selector, "a=b");
        assert_eq!((read.images[0].new_tag.as_str(), read.components[0].as_str()), ("1", "../c"));
        assert!(read.ignore_missing_components);
        assert_eq!(read.build_metadata, ["originAnnotations"]);
        assert_eq!(read.common_metadata.labels["team"], "a");
    }
}
