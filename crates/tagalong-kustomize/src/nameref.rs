//! After all names are final: every field that refers to an object by a name it had gets the name it has.

use std::collections::HashMap;

use crate::config::{FieldSpec, Referrers};
use crate::error::{Fault, Result};
use crate::field;
use crate::fieldspec;
use crate::id::{Gvk, Id};
use crate::node::{Kind, NodeId, Nodes, Tag};
use crate::resmap::{ResMap, describe};
use crate::resource::{PREFIXES, Resource, SUFFIXES};

/// Rewrites the references in all objects.
///
/// # Errors
/// A name that could mean several objects.
pub(crate) fn fix(nodes: &mut Nodes, map: &ResMap, references: &[Referrers]) -> Result<()> {
    let originals: Vec<Resource> = map.list.clone();
    let mut named: HashMap<String, Vec<Resource>> = HashMap::new();
    for resource in &originals {
        for id in resource.previous_ids(nodes) {
            let of_name = named.entry(id.name.to_owned()).or_default();
            if !of_name.contains(resource) {
                of_name.push(*resource);
            }
        }
    }
    for referrer in &originals {
        let (api_version, kind) = {
            let id = referrer.original_id(nodes);
            let group = if id.gvk.group.is_empty() { String::new() } else { format!("{}/", id.gvk.group) };
            (format!("{group}{}", id.gvk.version), id.gvk.kind.to_owned())
        };
        let first = Gvk::new(&api_version, &kind);
        let bound = bound_namespaces(nodes, *referrer)?;
        for target in references {
            for spec in target.fields.iter().filter(|spec| first.is_selected(&spec.gvk())) {
                let fixer = Fixer { referrer: *referrer, target, spec, map, bound: &bound, named: &named };
                let own = FieldSpec { path: spec.path.clone(), ..FieldSpec::default() };
                fieldspec::apply(nodes, *referrer, &own, None, &mut |nodes, id| fixer.set(nodes, id))?;
            }
        }
    }
    Ok(())
}

/// The namespaces of the service accounts that a RoleBinding names.
fn bound_namespaces(nodes: &Nodes, referrer: Resource) -> Result<Vec<String>> {
    if referrer.kind(nodes) != "RoleBinding" || referrer.id(nodes).is_cluster_scoped() {
        return Ok(Vec::new());
    }
    let subjects = referrer.root.and_then(|root| nodes.field(root, "subjects"));
    let subjects = subjects.into_iter().flat_map(|subjects| nodes.elements(subjects));
    let mut found = Vec::new();
    for subject in subjects {
        let text = |name| nodes.field(*subject, name).map(|field| nodes.get(field));
        if let (Some(namespace), Some(kind)) = (text("namespace"), text("kind"))
            && kind.value == "ServiceAccount"
        {
            if Nodes::meaning(namespace)? != crate::resolve::Resolved::Str {
                return Err(Fault::new(format!(
                    "{}: a subject's namespace must be text",
                    describe(&referrer.id(nodes))
                )));
            }
            found.push(namespace.value.clone());
        }
    }
    Ok(found)
}

struct Fixer<'a> {
    referrer: Resource,
    target: &'a Referrers,
    spec: &'a FieldSpec,
    map: &'a ResMap,
    /// The namespaces that a RoleBinding reaches into.
    bound: &'a [String],
    /// The objects that had a name.
    named: &'a HashMap<String, Vec<Resource>>,
}

impl Fixer<'_> {
    fn set(&self, nodes: &mut Nodes, id: NodeId) -> Result<()> {
        if nodes.get(id).is_null() {
            return Ok(());
        }
        match nodes.kind(id) {
            Kind::Scalar => self.scalar(nodes, id),
            Kind::Mapping => self.mapping(nodes, id),
            Kind::Sequence => {
                for element in nodes.elements(id).to_vec() {
                    match nodes.kind(element) {
                        _ if nodes.get(element).is_null() => {}
                        Kind::Scalar => self.scalar(nodes, element)?,
                        Kind::Mapping => self.mapping(nodes, element)?,
                        Kind::Sequence => return Err(Fault::new("expected text or a mapping, found a list")),
                    }
                }
                Ok(())
            }
        }
    }

    fn scalar(&self, nodes: &mut Nodes, id: NodeId) -> Result<()> {
        let old = nodes.get(id).value.clone();
        let found = self.referral(nodes, &old, None, false)?;
        let Some(found) = found else { return Ok(()) };
        let name = found.name(nodes).to_owned();
        if name == old || name.is_empty() {
            return Ok(());
        }
        field::set_scalar(nodes, id, &name, Tag::Empty)
    }

    /// A mapping with a name and perhaps a namespace, such as a subject.
    fn mapping(&self, nodes: &mut Nodes, id: NodeId) -> Result<()> {
        let Some(name) = nodes.field(id, "name") else {
            return Err(Fault::new("the path leads to a mapping without a name"));
        };
        let namespace = nodes.field(id, "namespace");
        let within = namespace.map(|namespace| self.of_namespace(nodes, &nodes.get(namespace).value));
        let old = nodes.get(name).value.clone();
        let Some(found) = self.referral(nodes, &old, within.as_deref(), true)? else { return Ok(()) };
        let (name, namespace) = (found.name(nodes).to_owned(), found.namespace(nodes).to_owned());
        if name == old && namespace.is_empty() {
            return Ok(());
        }
        field::set_text(nodes, id, "name", &name)?;
        if namespace.is_empty() {
            return Ok(());
        }
        field::set_text(nodes, id, "namespace", &namespace)
    }

    /// The candidates that were in the namespace at first or, where there are none, that are in it now.
    fn of_namespace(&self, nodes: &Nodes, namespace: &str) -> Vec<Resource> {
        let namespaced = namespace != crate::id::NO_NAMESPACE;
        let first = |one: &&Resource| one.original_id(nodes).effective_namespace() == namespace;
        let now = |one: &&Resource| one.id(nodes).effective_namespace() == namespace;
        let own = self.referrer.id(nodes);
        let reached = || {
            let all = self.map.list.iter().filter(|_| namespaced);
            all.filter(|one| self.reaches(nodes, &own, **one))
        };
        let found: Vec<Resource> = reached().filter(first).copied().collect();
        if found.is_empty() { reached().filter(now).copied().collect() } else { found }
    }

    /// Whether the referrer may refer to an object: of its own namespace, or of none.
    fn reaches(&self, nodes: &Nodes, own: &Id<'_>, other: Resource) -> bool {
        // Nearly always the first; and it spares the look at the kind.
        if other.namespace(nodes) == own.namespace || own.is_cluster_scoped() {
            return true;
        }
        let id = other.id(nodes);
        id.is_cluster_scoped()
            || id.same_namespace(own)
            || self.bound.iter().any(|bound| bound == other.namespace(nodes))
    }

    /// The object that `old` means, if one that can be reached, of those `within`, had that name.
    fn referral(
        &self,
        nodes: &Nodes,
        old: &str,
        within: Option<&[Resource]>,
        with_namespace: bool,
    ) -> Result<Option<Resource>> {
        let Some(named) = self.named.get(old) else { return Ok(None) };
        let role = self.role(nodes);
        let own = self.referrer.id(nodes);
        let fits = |one: &&Resource| {
            let of = |gvk: &Gvk<'_>| one.previous_ids(nodes).any(|id| id.gvk.is_selected(gvk));
            let id = one.id(nodes);
            within.is_none_or(|within| within.contains(one))
                && self.reaches(nodes, &own, **one)
                && of(&self.target.gvk())
                && role.as_ref().is_none_or(of)
                && (own.is_cluster_scoped()
                    || id.is_cluster_scoped()
                    || one.kind(nodes) == "ServiceAccount"
                    || own.same_namespace(&id))
        };
        let mut found: Vec<Resource> = named.iter().filter(fits).copied().collect();
        if found.len() == 1 {
            return Ok(found.pop());
        }
        found.retain(|one| self.same_affixes(nodes, *one, true));
        if found.len() > 1 {
            found.retain(|one| self.same_affixes(nodes, *one, false));
        }
        let Some(first) = found.first().copied() else { return Ok(None) };
        let same = |one: &Resource| {
            one.name(nodes) == first.name(nodes)
                && (!with_namespace || one.namespace(nodes) == first.namespace(nodes))
        };
        if found.iter().all(same) {
            return Ok(Some(first));
        }
        Err(Fault::new(format!("{old} could mean several objects of the kind {}", self.target.kind)))
    }

    /// What `roleRef` says about the kind, for the field that holds its name.
    fn role<'n>(&self, nodes: &'n Nodes) -> Option<Gvk<'n>> {
        if !self.spec.path.ends_with("roleRef/name") {
            return None;
        }
        let role = nodes.field(self.referrer.root?, "roleRef")?;
        let text = |name| nodes.field(role, name).map(|field| nodes.get(field).value.as_str());
        Some(Gvk { group: text("apiGroup")?, version: "", kind: text("kind")? })
    }

    fn same_affixes(&self, nodes: &Nodes, other: Resource, empty_fits: bool) -> bool {
        [PREFIXES, SUFFIXES].iter().all(|name| {
            let (a, b) = (other.list(nodes, name), self.referrer.list(nodes, name));
            (empty_fits && (a.is_empty() || b.is_empty())) || same_ending(&a, &b)
        })
    }
}

/// Whether the shorter list ends the longer one; an empty list only ends an empty one.
fn same_ending(a: &[&str], b: &[&str]) -> bool {
    let (short, long) = if a.len() > b.len() { (b, a) } else { (a, b) };
    if short.is_empty() { long.is_empty() } else { long.ends_with(short) }
}
