//! Whose an object is: two labels that name the Kustomization. Only what bears them is ever pruned.

use serde_json::Value;

use crate::error::ApplyError;
use crate::object::{mapping, text};

/// The group of Flux's Kustomization: labels and annotations of an object begin with it.
pub(crate) const GROUP: &str = "kustomize.toolkit.fluxcd.io";

/// The Kustomization that objects are applied for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
}

impl Owner {
    /// Writes the labels into an object.
    ///
    /// # Errors
    /// For what is no object.
    pub fn label(&self, object: &mut Value) -> Result<(), ApplyError> {
        let labels = object.get_mut("metadata").and_then(|metadata| mapping(metadata, "labels"));
        let Some(labels) = labels else {
            return Err(ApplyError::NotAnObject(text(object, "/kind").to_owned()));
        };
        labels.insert(format!("{GROUP}/name"), Value::String(self.name.clone()));
        labels.insert(format!("{GROUP}/namespace"), Value::String(self.namespace.clone()));
        Ok(())
    }

    /// Whose an object is; `None` where it bears nobody's labels.
    pub fn of(live: &Value) -> Option<Self> {
        let labels = live.pointer("/metadata/labels")?;
        let label = |key: &str| labels.get(format!("{GROUP}/{key}"))?.as_str().map(str::to_owned);
        Some(Self { name: label("name")?, namespace: label("namespace")? })
    }

    /// Whether an object of the cluster bears the labels.
    pub fn owns(&self, live: &Value) -> bool {
        Self::of(live).as_ref() == Some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn labels_say_whose_an_object_is() {
        let owner = Owner { name: "apps".to_owned(), namespace: "flux-system".to_owned() };
        let mut object = json!({"kind": "ConfigMap", "metadata": {"name": "a", "labels": {"x": "y"}}});
        assert!(!owner.owns(&object));
        owner.label(&mut object).unwrap();
        assert!(owner.owns(&object));
        assert_eq!(object["metadata"]["labels"]["x"], "y");
        let other = Owner { namespace: "team-a".to_owned(), ..owner };
        assert!(!other.owns(&object));
    }

    #[test]
    fn labels_that_are_null_are_filled_and_odd_ones_refused() {
        let owner = Owner { name: "apps".to_owned(), namespace: "flux-system".to_owned() };
        owner.label(&mut json!({"metadata": {"labels": null}})).unwrap();
        owner.label(&mut json!({"metadata": {"labels": 1}})).unwrap_err();
        owner.label(&mut json!({"kind": "Pod"})).unwrap_err();
    }
}
