//! Which lists of Kubernetes' own kinds are merged by key: from the OpenAPI document of Kubernetes 1.21.2, which is the
//! one built into kustomize 5.8.1. [`crate::merge`] asks.
//!
//! `builtin.txt` holds only definitions from which a merged list can be reached. A line beginning with `=` opens one
//! and names its kinds; each other line is a field, the number of its definition (`[]` before it for a list, `{}` for
//! a map), and for a merged list `merge` with its keys. `~` names the kinds that have no merged list.

use std::collections::HashMap;
use std::sync::OnceLock;

#[derive(Clone, Debug)]
enum Type {
    /// Known to the document, and without merged lists below.
    Opaque,
    Definition(usize),
    List(Box<Self>),
    Map(Box<Self>),
}

#[derive(Clone, Debug)]
struct Property {
    is: Type,
    /// The keys of a merged list; empty for a list of plain values.
    merged_by: Option<Vec<&'static str>>,
}

#[derive(Debug, Default)]
struct Document {
    definitions: Vec<HashMap<&'static str, Property>>,
    /// By `apiVersion.kind`.
    kinds: HashMap<&'static str, Option<usize>>,
}

/// The schema of one value.
#[derive(Clone, Debug)]
pub(crate) struct Schema {
    property: Property,
}

fn document() -> &'static Document {
    static DOCUMENT: OnceLock<Document> = OnceLock::new();
    DOCUMENT.get_or_init(|| {
        let mut document = Document::default();
        for line in include_str!("schema/builtin.txt").lines() {
            if let Some(kinds) = line.strip_prefix('=') {
                let at = document.definitions.len();
                document.definitions.push(HashMap::new());
                document.kinds.extend(kinds.split(' ').map(|kind| (kind, Some(at))));
            } else if let Some(kinds) = line.strip_prefix('~') {
                document.kinds.extend(kinds.split(' ').map(|kind| (kind, None)));
            } else if let Some(last) = document.definitions.last_mut() {
                let mut words = line.split(' ');
                let name = words.next().unwrap_or_default();
                let is = words.next().map_or(Type::Opaque, read_type);
                let merged_by = words.next().map(|_| match words.next() {
                    Some(keys) => keys.split(',').collect(),
                    None => Vec::new(),
                });
                last.insert(name, Property { is, merged_by });
            }
        }
        document
    })
}

fn read_type(text: &str) -> Type {
    if let Some(element) = text.strip_prefix("[]") {
        Type::List(Box::new(read_type(element)))
    } else if let Some(value) = text.strip_prefix("{}") {
        Type::Map(Box::new(read_type(value)))
    } else {
        text.parse().map_or(Type::Opaque, Type::Definition)
    }
}

impl Schema {
    fn of(is: Type) -> Self {
        Self { property: Property { is, merged_by: None } }
    }

    /// The schema of a kind; none for one that Kubernetes does not bring.
    pub(crate) fn of_kind(api_version: &str, kind: &str) -> Option<Self> {
        let found = document().kinds.get(format!("{api_version}.{kind}").as_str())?;
        Some(Self::of(found.map_or(Type::Opaque, Type::Definition)))
    }

    /// The schema of a field; none for one that the document does not know.
    pub(crate) fn field(&self, name: &str) -> Option<Self> {
        match &self.property.is {
            Type::Opaque => Some(Self::of(Type::Opaque)),
            Type::List(_) => None,
            Type::Map(value) => Some(Self::of((**value).clone())),
            Type::Definition(at) => {
                let property = document().definitions.get(*at)?.get(name)?;
                Some(Self { property: property.clone() })
            }
        }
    }

    pub(crate) fn elements(&self) -> Option<Self> {
        match &self.property.is {
            Type::List(element) => Some(Self::of((**element).clone())),
            _ => None,
        }
    }

    /// The keys by which the list is merged; empty for plain values, none where a patch replaces the list.
    pub(crate) fn merged_by(&self) -> Option<&[&'static str]> {
        self.property.merged_by.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_and_their_ports_are_merged_by_key() {
        let spec = Schema::of_kind("apps/v1", "Deployment").unwrap().field("spec").unwrap();
        let pod = spec.field("template").unwrap().field("spec").unwrap();
        let containers = pod.field("containers").unwrap();
        assert_eq!(containers.merged_by(), Some(["name"].as_slice()));
        let container = containers.elements().unwrap();
        let ports = container.field("ports").unwrap();
        assert_eq!(ports.merged_by(), Some(["containerPort", "protocol"].as_slice()));
        assert_eq!(container.field("args").unwrap().merged_by(), None);
        assert_eq!(container.field("nothing").map(|_| ()), None);
        assert!(Schema::of_kind("example.com/v1", "Thing").is_none());
    }
}
