//! From the files of an artifact to the objects of a Kustomization. Pure but for the thread that it takes.

use super::gather::Gathered;
use super::{Failure, gather};
use crate::context::Context;
use crate::desk::Desk;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;
use tagalong_api::{Kustomization, KustomizationSpec, Reason, validate};
use tagalong_apply::{Entry, Hidden, ObjectId};
use tagalong_kustomize::{
    Additions, Files as _, Object, Selection, Target, Tree, Variables, render_for, to_yaml,
};
use tagalong_model::Digest;
use tagalong_sops::{Opened, open_values};

/// What was built.
pub(crate) struct Rendered {
    pub(crate) objects: Vec<Value>,
    /// `sha256:<hex>` of them as YAML.
    pub(crate) digest: String,
    /// Values in them that nobody is shown.
    pub(crate) hidden: Hidden,
    /// JSON pointers of fields that are left as they stand, by object.
    pub(crate) ignore: HashMap<ObjectId, Vec<String>>,
}

/// Builds a Kustomization, whoever serves it, from these files.
///
/// # Errors
/// Why it cannot be built here.
pub(crate) async fn rendered<D: Desk>(
    context: &Context<D>,
    object: &Kustomization,
    tree: Arc<Tree>,
) -> Result<Rendered, String> {
    let valid = validate::kustomization(object).map_err(|invalid| invalid.message)?;
    let gathered = gather::inputs(context, &valid).await.map_err(|failure| failure.message)?;
    let folder = valid.path.as_ref().map(ToString::to_string).unwrap_or_default();
    render(&object.spec, gathered, tree, folder).await.map_err(|failure| failure.message)
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
    gathered: Gathered,
    tree: Arc<Tree>,
    folder: String,
) -> Result<Rendered, Failure> {
    if !tree.is_folder(&folder) {
        let message = format!("kustomization path not found: there is no folder '{folder}' in the artifact");
        return Err(Failure::new(Reason::ArtifactFailed, message));
    }
    let failed = |why: String| Failure::new(Reason::BuildFailed, why);
    let additions = additions(spec).map_err(|error| failed(error.to_string()))?;
    let selections = selections(spec).map_err(failed)?;
    let built = tokio::task::spawn_blocking(move || {
        let Gathered { mut variables, opening } = gathered;
        let files = Opened::new(tree.as_ref(), opening.as_ref());
        let objects =
            render_for(&additions, variables.as_mut(), &files, &folder).map_err(|error| error.to_string())?;
        let drawn = variables.into_iter().flat_map(Variables::into_drawn);
        let hidden: Hidden = files.into_values().into_iter().chain(drawn).collect();
        let digest = Digest::sha256(to_yaml(&objects).as_bytes()).to_string();
        let values = objects.iter().map(serde_json::to_value).collect::<Result<Vec<_>, _>>();
        let mut values = values.map_err(|error| error.to_string())?;
        let ignore = left_alone(&selections, &objects, &values);
        for object in &mut values {
            open_values(object, opening.as_ref()).map_err(|error| match Entry::of(object) {
                Some(Entry { id, .. }) => format!("{id}: {error}"),
                None => error.to_string(),
            })?;
        }
        Ok(Rendered { objects: values, digest, hidden, ignore })
    });
    built.await.map_err(|error| failed(error.to_string()))?.map_err(failed)
}

/// What is left alone of which objects.
fn selections(spec: &KustomizationSpec) -> Result<Vec<(Selection, Vec<String>)>, String> {
    let rules = spec.ignore.iter().flatten().enumerate();
    let read = rules.map(|(at, rule)| {
        let target = rule.target.clone().unwrap_or_default();
        let target = serde_json::to_value(target).and_then(serde_json::from_value);
        let target: Target = target.map_err(|error| error.to_string())?;
        let selection = Selection::new(&target);
        let selection = selection.map_err(|why| format!(".spec.ignore[{at}].target: {why}"))?;
        Ok((selection, rule.paths.clone()))
    });
    read.collect()
}

fn left_alone(
    selections: &[(Selection, Vec<String>)],
    objects: &[Object],
    values: &[Value],
) -> HashMap<ObjectId, Vec<String>> {
    let mut ignore: HashMap<ObjectId, Vec<String>> = HashMap::new();
    for (object, value) in objects.iter().zip(values) {
        for (_, pointers) in selections.iter().filter(|(selection, _)| selection.fits(object)) {
            if let Some(entry) = Entry::of(value) {
                ignore.entry(entry.id).or_default().extend(pointers.iter().cloned());
            }
        }
    }
    ignore
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
