//! One object during a build. What kustomize must remember about it (names it had, prefixes it got) stands in
//! annotations of the object itself, as it does in kustomize: a patch that drops all annotations drops them too.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::field;
use crate::id::{Gvk, Id};
use crate::node::{Kind, Node, NodeId, Nodes, Tag};

const PREVIOUS_KINDS: &str = "internal.config.kubernetes.io/previousKinds";
const PREVIOUS_NAMES: &str = "internal.config.kubernetes.io/previousNames";
const PREVIOUS_NAMESPACES: &str = "internal.config.kubernetes.io/previousNamespaces";
pub(crate) const PREFIXES: &str = "internal.config.kubernetes.io/prefixes";
pub(crate) const SUFFIXES: &str = "internal.config.kubernetes.io/suffixes";
pub(crate) const ALLOW_NAME_CHANGE: &str = "internal.config.kubernetes.io/allowNameChange";
pub(crate) const ALLOW_KIND_CHANGE: &str = "internal.config.kubernetes.io/allowKindChange";
pub(crate) const BEHAVIOR: &str = "internal.config.kubernetes.io/generatorBehavior";
pub(crate) const NEEDS_HASH: &str = "internal.config.kubernetes.io/needsHashSuffix";
/// Where `buildMetadata: [originAnnotations]` writes.
pub(crate) const ORIGIN: &str = "config.kubernetes.io/origin";
const TRANSFORMATIONS: &str = "alpha.config.kubernetes.io/transformations";
/// An object with this annotation is left out of the output.
pub(crate) const LOCAL_CONFIG: &str = "config.kubernetes.io/local-config";

/// Annotations that never reach the output.
pub(crate) const BUILD: &[&str] = &[
    PREVIOUS_KINDS,
    PREVIOUS_NAMES,
    PREFIXES,
    SUFFIXES,
    PREVIOUS_NAMESPACES,
    ALLOW_NAME_CHANGE,
    ALLOW_KIND_CHANGE,
    "internal.config.kubernetes.io/refBy",
    BEHAVIOR,
    NEEDS_HASH,
    "internal.config.kubernetes.io/path",
    "internal.config.kubernetes.io/index",
    "internal.config.kubernetes.io/seqindent",
    "internal.config.kubernetes.io/id",
    "internal.config.kubernetes.io/annotations-migration-resource-id",
    "config.kubernetes.io/path",
    "config.kubernetes.io/index",
    "config.k8s.io/id",
    "internal.config.kubernetes.io/helm-generated",
];

/// Annotations that a JSON patch cannot take away.
fn is_internal(name: &str) -> bool {
    name.starts_with("internal.config.kubernetes.io/")
        || matches!(name, "config.kubernetes.io/path" | "config.kubernetes.io/index" | "config.k8s.io/id")
}

pub(crate) type Texts = BTreeMap<String, String>;

/// An object; `None` once a patch has deleted it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Resource {
    pub(crate) root: Option<NodeId>,
}

impl From<NodeId> for Resource {
    fn from(root: NodeId) -> Self {
        Self { root: Some(root) }
    }
}

impl Resource {
    pub(crate) fn is_empty(&self, nodes: &Nodes) -> bool {
        self.root.is_none_or(|root| nodes.get(root).is_nil_or_empty())
    }

    fn top<'a>(&self, nodes: &'a Nodes, name: &str) -> &'a str {
        let field = self.root.and_then(|root| nodes.field(root, name));
        field.map_or("", |field| nodes.get(field).value.as_str())
    }

    pub(crate) fn kind<'a>(&self, nodes: &'a Nodes) -> &'a str {
        self.top(nodes, "kind")
    }

    pub(crate) fn api_version<'a>(&self, nodes: &'a Nodes) -> &'a str {
        self.top(nodes, "apiVersion")
    }

    fn metadata(&self, nodes: &Nodes) -> Option<NodeId> {
        let found = nodes.field(self.root?, "metadata")?;
        (!nodes.get(found).is_nil_or_empty()).then_some(found)
    }

    fn meta<'a>(&self, nodes: &'a Nodes, name: &str) -> &'a str {
        let field = self.metadata(nodes).and_then(|meta| nodes.field(meta, name));
        field
            .map(|field| nodes.get(field))
            .filter(|field| !field.is_nil_or_empty())
            .map_or("", |field| field.value.as_str())
    }

    pub(crate) fn name<'a>(&self, nodes: &'a Nodes) -> &'a str {
        self.meta(nodes, "name")
    }

    pub(crate) fn namespace<'a>(&self, nodes: &'a Nodes) -> &'a str {
        self.meta(nodes, "namespace")
    }

    pub(crate) fn gvk<'a>(&self, nodes: &'a Nodes) -> Gvk<'a> {
        Gvk::new(self.api_version(nodes), self.kind(nodes))
    }

    pub(crate) fn id<'a>(&self, nodes: &'a Nodes) -> Id<'a> {
        Id { gvk: self.gvk(nodes), name: self.name(nodes), namespace: self.namespace(nodes), previous: false }
    }

    /// The ids it had before, oldest first.
    pub(crate) fn previous_ids<'a>(self, nodes: &'a Nodes) -> impl Iterator<Item = Id<'a>> + use<'a> {
        let list = move |name| self.annotation(nodes, name).into_iter().flat_map(|text| text.split(','));
        let gvk = self.gvk(nodes);
        list(PREVIOUS_NAMES).zip(list(PREVIOUS_NAMESPACES)).zip(list(PREVIOUS_KINDS)).map(
            move |((name, namespace), kind)| Id { gvk: Gvk { kind, ..gvk }, name, namespace, previous: true },
        )
    }

    /// The first id it had.
    pub(crate) fn original_id<'a>(&self, nodes: &'a Nodes) -> Id<'a> {
        self.previous_ids(nodes).next().unwrap_or_else(|| self.id(nodes))
    }

    /// Whether one of the ids, previous or current, equals `id`.
    pub(crate) fn has_id(&self, nodes: &Nodes, id: &Id<'_>) -> bool {
        // Most have and had other names, which is seen without the rest of their ids.
        let was_called = |names: &str| names.split(',').any(|name| name == id.name);
        (self.name(nodes) == id.name && id.equals(&self.id(nodes)))
            || (self.annotation(nodes, PREVIOUS_NAMES).is_some_and(was_called)
                && self.previous_ids(nodes).any(|own| id.equals(&own)))
    }

    pub(crate) fn annotation<'a>(&self, nodes: &'a Nodes, name: &str) -> Option<&'a str> {
        let map = nodes.field(self.metadata(nodes)?, "annotations")?;
        nodes.field(map, name).map(|value| nodes.get(value).value.as_str())
    }

    fn texts(&self, nodes: &Nodes, name: &str) -> Texts {
        let map = self.metadata(nodes).and_then(|meta| nodes.field(meta, name));
        let entries = map.into_iter().flat_map(|map| nodes.entries(map));
        entries.map(|(key, value)| (nodes.get(key).value.clone(), nodes.get(value).value.clone())).collect()
    }

    pub(crate) fn annotations(&self, nodes: &Nodes) -> Texts {
        self.texts(nodes, "annotations")
    }

    pub(crate) fn labels(&self, nodes: &Nodes) -> Texts {
        self.texts(nodes, "labels")
    }

    fn set_texts(&self, nodes: &mut Nodes, name: &str, texts: &Texts) -> Result<()> {
        let Some(root) = self.root else { return Ok(()) };
        let Some(meta) = field::get_or_create(nodes, root, "metadata", Kind::Mapping)? else { return Ok(()) };
        field::expect(nodes, meta, Kind::Mapping)?;
        nodes.clear(meta, name);
        if texts.is_empty() {
            return Ok(());
        }
        let Some(map) = field::get_or_create(nodes, meta, name, Kind::Mapping)? else { return Ok(()) };
        for (key, text) in texts {
            let value = nodes.scalar(text, Tag::Str);
            field::set(nodes, map, key, Some(value.into()), false)?;
        }
        Ok(())
    }

    pub(crate) fn set_annotations(&self, nodes: &mut Nodes, texts: &Texts) -> Result<()> {
        self.set_texts(nodes, "annotations", texts)
    }

    pub(crate) fn set_labels(&self, nodes: &mut Nodes, texts: &Texts) -> Result<()> {
        self.set_texts(nodes, "labels", texts)
    }

    /// Adds one annotation and leaves the others as they are.
    pub(crate) fn annotate(&self, nodes: &mut Nodes, name: &str, text: &str) -> Result<()> {
        let Some(root) = self.root else { return Ok(()) };
        let Some(meta) = field::get_or_create(nodes, root, "metadata", Kind::Mapping)? else { return Ok(()) };
        let Some(map) = field::get_or_create(nodes, meta, "annotations", Kind::Mapping)? else {
            return Ok(());
        };
        if nodes.get(map).is_null() {
            *nodes.get_mut(map) = Node::of(Kind::Mapping);
        }
        let value = nodes.add(Node { quoted: true, ..Node::scalar(text, Tag::Str) });
        field::set(nodes, map, name, Some(value.into()), false)
    }

    /// Adds to an annotation that holds a list.
    pub(crate) fn append(&self, nodes: &mut Nodes, name: &str, text: &str) -> Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        let joined = match self.annotation(nodes, name) {
            Some(list) => format!("{list},{text}"),
            None => text.to_owned(),
        };
        self.annotate(nodes, name, &joined)
    }

    /// The parts of an annotation that holds a list.
    pub(crate) fn list<'a>(&self, nodes: &'a Nodes, name: &str) -> Vec<&'a str> {
        self.annotation(nodes, name).map_or_else(Vec::new, |list| list.split(',').collect())
    }

    /// Keeps the present id among the previous ones.
    pub(crate) fn store_id(&self, nodes: &mut Nodes) -> Result<()> {
        let id = self.id(nodes);
        let (namespace, name, kind) =
            (id.effective_namespace().to_owned(), id.name.to_owned(), id.gvk.kind.to_owned());
        self.append(nodes, PREVIOUS_NAMES, &name)?;
        self.append(nodes, PREVIOUS_NAMESPACES, &namespace)?;
        self.append(nodes, PREVIOUS_KINDS, &kind)
    }

    pub(crate) fn enable(&self, nodes: &mut Nodes, name: &str) -> Result<()> {
        let mut annotations = self.annotations(nodes);
        annotations.insert(name.to_owned(), "enabled".to_owned());
        self.set_annotations(nodes, &annotations)
    }

    pub(crate) fn is_enabled(&self, nodes: &Nodes, name: &str) -> bool {
        self.annotation(nodes, name) == Some("enabled")
    }

    pub(crate) fn internal_annotations(&self, nodes: &Nodes) -> Texts {
        self.annotations(nodes).into_iter().filter(|(name, _)| is_internal(name)).collect()
    }

    pub(crate) fn set_kind(&self, nodes: &mut Nodes, kind: &str) -> Result<()> {
        let Some(root) = self.root else { return Ok(()) };
        field::set_text(nodes, root, "kind", kind)
    }

    pub(crate) fn set_api_version(&self, nodes: &mut Nodes, api_version: &str) -> Result<()> {
        let Some(root) = self.root else { return Ok(()) };
        field::set_text(nodes, root, "apiVersion", api_version)
    }

    pub(crate) fn set_name(&self, nodes: &mut Nodes, name: &str) -> Result<()> {
        self.set_meta(nodes, "name", name)
    }

    /// An empty namespace clears the field.
    pub(crate) fn set_namespace(&self, nodes: &mut Nodes, namespace: &str) -> Result<()> {
        if !namespace.is_empty() {
            return self.set_meta(nodes, "namespace", namespace);
        }
        if let Some(meta) = self.root.and_then(|root| nodes.field(root, "metadata")) {
            field::expect(nodes, meta, Kind::Mapping)?;
            nodes.clear(meta, "namespace");
        }
        Ok(())
    }

    fn set_meta(&self, nodes: &mut Nodes, name: &str, text: &str) -> Result<()> {
        let Some(root) = self.root else { return Ok(()) };
        match field::get_or_create(nodes, root, "metadata", Kind::Mapping)? {
            Some(meta) => field::set_text(nodes, meta, name, text),
            None => Ok(()),
        }
    }

    /// Takes away what only the build needed; all that is left of the annotations is text.
    pub(crate) fn finish(&self, nodes: &mut Nodes, keep_origin: bool) -> Result<()> {
        let mut annotations = self.annotations(nodes);
        annotations.retain(|name, _| {
            !BUILD.contains(&name.as_str()) && name != TRANSFORMATIONS && (keep_origin || name != ORIGIN)
        });
        self.set_annotations(nodes, &annotations)
    }
}
