//! What was applied, as it stands in a Kustomization's `status.inventory`, and what has left it.

use std::collections::BTreeSet;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

use crate::id::ObjectId;
use crate::object::{split_version, text};

/// One object of an inventory: `{"id": "<namespace>_<name>_<group>_<kind>", "v": "<version>"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The object.
    #[serde(serialize_with = "write_id", deserialize_with = "read_id")]
    pub id: ObjectId,
    /// The version it was applied in, such as `v1`.
    #[serde(rename = "v")]
    pub version: String,
}

fn write_id<S: Serializer>(id: &ObjectId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&id.encode())
}

fn read_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ObjectId, D::Error> {
    let text = String::deserialize(deserializer)?;
    ObjectId::parse(&text)
        .ok_or_else(|| de::Error::custom(format!("{text} is no <namespace>_<name>_<group>_<kind>")))
}

impl Entry {
    /// The entry of an object; `None` for what is no object.
    pub fn of(object: &Value) -> Option<Self> {
        let version = split_version(text(object, "/apiVersion")).1.to_owned();
        Some(Self { id: ObjectId::of(object)?, version })
    }

    /// Group and version together.
    pub(crate) fn api_version(&self) -> String {
        if self.id.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.id.group, self.version)
        }
    }
}

/// The objects that a Kustomization has applied.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inventory {
    /// In the order in which Flux keeps them: by id.
    #[serde(default)]
    pub entries: Vec<Entry>,
}

impl Inventory {
    /// The inventory of objects that are about to be applied. Noted before, so that whoever is ended in the middle
    /// still knows what could be there.
    pub fn of(objects: &[Value]) -> Self {
        objects.iter().filter_map(Entry::of).collect()
    }

    /// What stands in this one and not in the next; a change of version alone is none.
    pub fn without(&self, next: &Self) -> Vec<Entry> {
        let kept: BTreeSet<&ObjectId> = next.entries.iter().map(|entry| &entry.id).collect();
        self.entries.iter().filter(|entry| !kept.contains(&entry.id)).cloned().collect()
    }
}

impl FromIterator<Entry> for Inventory {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        let mut entries: Vec<Entry> = entries.into_iter().collect();
        entries.sort_by(|a, b| a.id.cmp(&b.id));
        entries.dedup_by(|a, b| a.id == b.id);
        Self { entries }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_inventory_reads_and_writes_as_flux_keeps_it() {
        let text = json!({"entries": [
            {"id": "_apps__Namespace", "v": "v1"},
            {"id": "apps_web_apps_Deployment", "v": "v1"},
        ]});
        let inventory: Inventory = serde_json::from_value(text.clone()).unwrap();
        assert_eq!(inventory.entries[1].api_version(), "apps/v1");
        assert_eq!(serde_json::to_value(&inventory).unwrap(), text);
        let objects = [
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "apps"}}),
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "apps"}}),
        ];
        assert_eq!(Inventory::of(&objects), inventory);
        serde_json::from_value::<Entry>(json!({"id": "nonsense", "v": "v1"})).unwrap_err();
    }

    #[test]
    fn what_left_is_told_from_what_only_changed_its_version() {
        let inventory = |ids: &[(&str, &str)]| -> Inventory {
            ids.iter()
                .map(|(id, v)| Entry { id: ObjectId::parse(id).unwrap(), version: (*v).to_owned() })
                .collect()
        };
        let old = inventory(&[("a_x_apps_Deployment", "v1beta1"), ("a_y__ConfigMap", "v1")]);
        let new = inventory(&[("a_x_apps_Deployment", "v1"), ("a_z__ConfigMap", "v1")]);
        let gone: Vec<_> = old.without(&new).iter().map(|entry| entry.id.encode()).collect();
        assert_eq!(gone, ["a_y__ConfigMap"]);
    }
}
