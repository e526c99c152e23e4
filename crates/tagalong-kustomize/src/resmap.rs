//! The objects of a build in the order in which they were read. No two have the same current id.

use std::collections::HashSet;

use crate::error::{Fault, Result};
use crate::id::{Id, Key};
use crate::node::Nodes;
use crate::resource::{self, Resource, Texts};

/// So many objects are compared one by one; more are looked up.
const FEW: usize = 4;

#[derive(Clone, Debug, Default)]
pub(crate) struct ResMap {
    pub(crate) list: Vec<Resource>,
}

/// The id as messages name it.
pub(crate) fn describe(id: &Id<'_>) -> String {
    let gvk = id.gvk;
    let group = if gvk.group.is_empty() { String::new() } else { format!("{}/", gvk.group) };
    let namespace = if id.namespace.is_empty() { String::new() } else { format!("{}/", id.namespace) };
    format!("{group}{} {} {namespace}{}", gvk.version, gvk.kind, id.name)
}

impl ResMap {
    /// # Errors
    /// An object of that id is there already.
    pub(crate) fn append(&mut self, nodes: &Nodes, resource: Resource) -> Result<()> {
        let id = resource.id(nodes);
        if self.list.iter().any(|other| other.name(nodes) == id.name && other.id(nodes).equals(&id)) {
            return Err(Fault::new(format!("there are two objects {}", describe(&id))));
        }
        self.list.push(resource);
        Ok(())
    }

    pub(crate) fn append_all(&mut self, nodes: &Nodes, list: &[Resource]) -> Result<()> {
        if list.len() <= FEW {
            return list.iter().try_for_each(|resource| self.append(nodes, *resource));
        }
        let mut seen: HashSet<Key<'_>> = self.list.iter().map(|own| own.id(nodes).key()).collect();
        for resource in list {
            let id = resource.id(nodes);
            if !seen.insert(id.key()) {
                return Err(Fault::new(format!("there are two objects {}", describe(&id))));
            }
            self.list.push(*resource);
        }
        Ok(())
    }

    pub(crate) fn drop_empty(&mut self, nodes: &Nodes) {
        self.list.retain(|resource| !resource.is_empty(nodes));
    }

    /// The positions of the objects that have or had the id.
    fn positions(&self, nodes: &Nodes, id: &Id<'_>) -> Vec<usize> {
        let of_id = |(_, own): &(usize, &Resource)| own.has_id(nodes, id) && !own.is_empty(nodes);
        self.list.iter().enumerate().filter(of_id).map(|(at, _)| at).collect()
    }

    /// The one object that has or had the id.
    ///
    /// # Errors
    /// There is none, or more than one.
    pub(crate) fn by_any_id(&self, nodes: &Nodes, id: &Id<'_>) -> Result<Resource> {
        match self.positions(nodes, id).as_slice() {
            [at] => Ok(self.list[*at]),
            [] => Err(Fault::new(format!("there is no object {}", describe(id)))),
            _ => Err(Fault::new(format!("several objects are or were {}", describe(id)))),
        }
    }

    /// Takes in a generated object by its `behavior`.
    ///
    /// # Errors
    /// There is nothing to merge with or to replace, or something where it should be created.
    pub(crate) fn absorb(&mut self, nodes: &mut Nodes, resource: Resource) -> Result<()> {
        let behavior = resource.annotation(nodes, resource::BEHAVIOR).unwrap_or_default().to_owned();
        let changes = matches!(behavior.as_str(), "merge" | "replace");
        let id = resource.id(nodes);
        let at = match (self.positions(nodes, &id).as_slice(), changes) {
            ([], true) => {
                let message = format!("behavior {behavior}: there is no object {}", describe(&id));
                return Err(Fault::new(message));
            }
            ([], false) => return self.append(nodes, resource),
            ([at], true) => *at,
            ([_], false) => {
                let message = format!("{} exists; behavior must be merge or replace", describe(&id));
                return Err(Fault::new(message));
            }
            _ => return Err(Fault::new(format!("several objects are or were {}", describe(&id)))),
        };
        let old = self.list[at];
        let origin = old.annotation(nodes, resource::ORIGIN).map(str::to_owned);
        inherit(nodes, resource, old)?;
        if behavior == "merge" {
            crate::generate::merge_data(nodes, resource, old)?;
            if let Some(origin) = origin {
                let mut annotations = resource.annotations(nodes);
                annotations.insert(resource::ORIGIN.to_owned(), origin);
                resource.set_annotations(nodes, &annotations)?;
            }
        }
        let id = resource.id(nodes);
        let same: Vec<usize> =
            (0..self.list.len()).filter(|at| self.list[*at].id(nodes).equals(&id)).collect();
        match same.as_slice() {
            [found] if *found == at => self.list[at] = resource,
            _ => return Err(Fault::new(format!("{} cannot be replaced", describe(&id)))),
        }
        Ok(())
    }
}

/// Gives `resource` the name, namespace, labels and annotations of `old`, its own labels and annotations winning; what
/// the build remembers is all of `old`'s.
pub(crate) fn inherit(nodes: &mut Nodes, resource: Resource, old: Resource) -> Result<()> {
    let mut labels = old.labels(nodes);
    labels.extend(resource.labels(nodes));
    resource.set_labels(nodes, &labels)?;
    let own = resource.annotations(nodes);
    let needs_hash = own.contains_key(resource::NEEDS_HASH);
    let before = old.annotations(nodes);
    let mut merged: Texts = before.clone();
    merged.extend(own);
    for name in resource::BUILD {
        match before.get(*name) {
            Some(value) => merged.insert((*name).to_owned(), value.clone()),
            None => merged.remove(*name),
        };
    }
    if !needs_hash {
        merged.remove(resource::NEEDS_HASH);
    }
    resource.set_annotations(nodes, &merged)?;
    let (name, namespace) = (old.name(nodes).to_owned(), old.namespace(nodes).to_owned());
    resource.set_name(nodes, &name)?;
    resource.set_namespace(nodes, &namespace)
}
