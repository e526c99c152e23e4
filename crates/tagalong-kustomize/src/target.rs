//! One kustomization after the other, innermost first: read its resources, generate, take in its components,
//! transform. [`crate::build`] starts here.

use std::cell::Cell;

use crate::config::{self, Config};
use crate::error::{Fault, KustomizeError, Place};
use crate::flux::{self, Additions};
use crate::kustomization::{self, Kustomization};
use crate::load::Loader;
use crate::node::Nodes;
use crate::parse::{self, Refused};
use crate::resmap::ResMap;
use crate::resource::{self, Resource};
use crate::transform;
use crate::tree::{self, Files, Purpose};
use crate::{generate, limits, nameref, order};

type Result<T> = std::result::Result<T, KustomizeError>;

/// What a kustomization and those below it have gathered.
#[derive(Default)]
pub(crate) struct Gathered {
    pub(crate) map: ResMap,
    pub(crate) config: Config,
}

/// A kustomization with its folder.
pub(crate) struct Unit<'t> {
    pub(crate) loader: Loader<'t>,
    pub(crate) file: String,
    pub(crate) file_name: &'static str,
    pub(crate) read: Kustomization,
    /// Where it stands as seen from the outermost one, when origins are recorded.
    pub(crate) origin: Option<String>,
}

impl Unit<'_> {
    pub(crate) fn place(&self, line: u32) -> Place {
        Place::new(&self.file, line)
    }

    /// `fault` as met in a field of this kustomization.
    pub(crate) fn refuse(&self, line: u32, field: &str, fault: Fault) -> KustomizeError {
        fault.at(self.place(line), field)
    }
}

/// Renders the folder of `tree`.
pub(crate) fn build(
    tree: &dyn Files,
    folder: &str,
    additions: Option<&Additions>,
    nodes: &mut Nodes,
) -> Result<ResMap> {
    let bytes = Cell::new(0);
    let refuse = |message: String| KustomizeError::Invalid { place: Place::new(folder, 0), message };
    let real = tree::join("", folder).map(|folder| tree.real_path(&folder)).transpose().map_err(refuse)?;
    let Some(folder) = real.filter(|folder| tree.is_folder(folder)) else {
        return Err(refuse("there is no such folder in the tree".to_owned()));
    };
    let loader = Loader::new(tree, &folder, &bytes, additions.is_none());
    let mut unit = match additions {
        None => open(nodes, loader)?,
        Some(additions) => open_amended(nodes, loader, tree, additions)?,
    };
    let wants = |name: &str| unit.read.build_metadata.iter().any(|(_, option)| option == name);
    let metadata = &unit.read.build_metadata;
    if let Some((line, option)) = metadata.iter().find(|(_, option)| option == "transformerAnnotations") {
        let fault = Fault::unsupported(format!("{option} is not rendered"));
        return Err(unit.refuse(*line, "buildMetadata", fault));
    }
    let (keeps_origin, labelled) = (wants("originAnnotations"), wants("managedByLabel"));
    if !unit.read.build_metadata.is_empty() {
        unit.origin = Some(String::new());
    }
    let mut gathered = Gathered::default();
    accumulate(&unit, nodes, &mut gathered)?;
    let wrap = |fault: Fault| fault.at(unit.place(0), "build");
    generate::hash_names(nodes, &gathered.map).map_err(wrap)?;
    nameref::fix(nodes, &gathered.map, &gathered.config.name_reference).map_err(wrap)?;
    drop_local(nodes, &mut gathered.map).map_err(wrap)?;
    // Flux asks for no order, and kustomize then leaves the objects as they were read.
    let options = unit.read.sort_options.as_ref();
    if additions.is_none() || options.is_some() {
        let sorted = order::sort(nodes, &mut gathered.map, options);
        sorted.map_err(|fault| unit.refuse(0, "sortOptions", fault))?;
    }
    if labelled {
        transform::managed_by(nodes, &mut gathered.map).map_err(wrap)?;
    }
    let finished = gathered.map.list.iter().try_for_each(|one| one.finish(nodes, keeps_origin));
    finished.map_err(wrap)?;
    Ok(gathered.map)
}

/// Leaves out what only configures tools on the developer's machine.
fn drop_local(nodes: &Nodes, map: &mut ResMap) -> crate::error::Result<()> {
    map.drop_empty(nodes);
    for resource in &map.list {
        check_identity(nodes, *resource)?;
    }
    map.list.retain(|resource| {
        resource.annotation(nodes, resource::LOCAL_CONFIG).is_none_or(|value| value == "false")
    });
    Ok(())
}

/// Every object needs a kind and a name; a list needs no name.
pub(crate) fn check_identity(nodes: &Nodes, resource: Resource) -> crate::error::Result<()> {
    let kind = resource.kind(nodes);
    if kind.is_empty() || resource.root.is_some_and(|root| is_null_field(nodes, root, "kind")) {
        return Err(Fault::new("an object has no kind"));
    }
    if resource.name(nodes).is_empty() && !kind.ends_with("List") {
        return Err(Fault::new(format!("an object of kind {kind} has no metadata.name")));
    }
    Ok(())
}

fn is_null_field(nodes: &Nodes, root: crate::node::NodeId, name: &str) -> bool {
    nodes.field(root, name).is_some_and(|field| nodes.get(field).is_nil_or_empty())
}

fn open<'t>(nodes: &mut Nodes, loader: Loader<'t>) -> Result<Unit<'t>> {
    let unit = open_any(nodes, loader)?;
    if unit.read.is_empty {
        let message = "the kustomization is empty".to_owned();
        return Err(KustomizeError::Invalid { place: unit.place(0), message });
    }
    Ok(unit)
}

fn open_any<'t>(nodes: &mut Nodes, loader: Loader<'t>) -> Result<Unit<'t>> {
    let folder = if loader.root().is_empty() { "." } else { loader.root() };
    let found = loader.kustomization();
    let (file_name, bytes) = found.map_err(|fault| fault.at(Place::new(folder, 0), "kustomization"))?;
    let file = loader.path(file_name);
    let read = kustomization::read(nodes, &bytes).map_err(|refused| refused.into_error(&file))?;
    Ok(Unit { loader, file, file_name, read, origin: None })
}

/// The kustomization of a folder as a Flux Kustomization has it, whether or not the folder has a file for it.
fn open_amended<'t>(
    nodes: &mut Nodes,
    loader: Loader<'t>,
    tree: &dyn Files,
    additions: &Additions,
) -> Result<Unit<'t>> {
    let has_file = loader.has_kustomization();
    let refuse = |fault: Fault, folder: &str| fault.at(Place::new(folder, 0), "kustomization");
    let folder = loader.root().to_owned();
    let mut unit = if has_file {
        open_any(nodes, loader)?
    } else {
        let read = flux::generated(tree, &folder).map_err(|fault| refuse(fault, &folder))?;
        let file_name = kustomization::FILE_NAMES.first().copied().unwrap_or_default();
        Unit { file: loader.path(file_name), loader, file_name, read, origin: None }
    };
    let amended = flux::amend(&mut unit.read, additions, tree, &folder, has_file);
    amended.map_err(|fault| refuse(fault, &unit.file))?;
    Ok(unit)
}

impl Refused {
    pub(crate) fn into_error(self, file: &str) -> KustomizeError {
        let place = Place::new(file, self.line);
        let Fault { message, unsupported } = self.fault;
        if unsupported {
            let (field, why) = match message.split_once(": ") {
                Some((field, why)) if !field.contains(' ') => (field.to_owned(), why.to_owned()),
                _ => ("unsupported".to_owned(), message),
            };
            KustomizeError::Unsupported { place, field, why }
        } else {
            KustomizeError::Invalid { place, message }
        }
    }
}

/// Fills `gathered` with what the kustomization renders. It is empty for a kustomization and holds the parent's
/// objects for a component.
fn accumulate(unit: &Unit<'_>, nodes: &mut Nodes, gathered: &mut Gathered) -> Result<()> {
    for (line, path) in &unit.read.resources {
        resource(unit, nodes, gathered, *line, path)?;
    }
    let mut own = config::builtin().clone();
    let mut added = Config::default();
    for (line, path) in &unit.read.configurations {
        let refuse = |fault| unit.refuse(*line, "configurations", fault);
        let bytes = unit.loader.file(path).map_err(refuse)?;
        let loaded = config::load(nodes, &bytes).map_err(|r| r.into_error(&unit.loader.path(path)))?;
        added.merge(&loaded).map_err(refuse)?;
    }
    let merged = own.merge(&added).and_then(|()| gathered.config.merge(&own));
    merged.map_err(|fault| unit.refuse(0, "configurations", fault))?;
    generate::run(unit, nodes, &mut gathered.map)?;
    for (line, path) in &unit.read.components {
        component(unit, nodes, gathered, *line, path)?;
    }
    transform::run(unit, nodes, gathered)
}

fn resource(
    unit: &Unit<'_>,
    nodes: &mut Nodes,
    gathered: &mut Gathered,
    line: u32,
    path: &str,
) -> Result<()> {
    let refuse = |fault| unit.refuse(line, "resources", fault);
    match unit.loader.file_for(path, Purpose::Manifest) {
        Ok(bytes) => {
            let list =
                objects(nodes, &bytes).map_err(|refused| refused.into_error(&unit.loader.path(path)))?;
            for resource in &list {
                if let Some(origin) = &unit.origin {
                    let origin = tree::join_lexically(origin, path);
                    let text = format!("path: {origin}\n");
                    resource.annotate(nodes, resource::ORIGIN, &text).map_err(refuse)?;
                }
            }
            gathered.map.append_all(nodes, &list).map_err(refuse)
        }
        Err(fault) if fault.unsupported => Err(refuse(fault)),
        Err(fault) => {
            let loader = match unit.loader.folder(path) {
                Ok(loader) => loader,
                Err(other) => return Err(refuse(if unit.loader.is_folder(path) { other } else { fault })),
            };
            let mut sub = open(nodes, loader)?;
            sub.origin = unit.origin.as_ref().map(|origin| tree::join_lexically(origin, path));
            if sub.read.is_component {
                return Err(refuse(Fault::new(format!("{path} is a Component; list it under components"))));
            }
            let mut below = Gathered::default();
            accumulate(&sub, nodes, &mut below)?;
            gathered.map.append_all(nodes, &below.map.list).map_err(refuse)?;
            gathered.config.merge(&below.config).map_err(refuse)
        }
    }
}

fn component(
    unit: &Unit<'_>,
    nodes: &mut Nodes,
    gathered: &mut Gathered,
    line: u32,
    path: &str,
) -> Result<()> {
    let refuse = |fault| unit.refuse(line, "components", fault);
    let mut sub = open(nodes, unit.loader.folder(path).map_err(refuse)?)?;
    sub.origin = unit.origin.as_ref().map(|origin| tree::join_lexically(origin, path));
    if !sub.read.is_component {
        return Err(refuse(Fault::new(format!("{path} is no Component; list it under resources"))));
    }
    accumulate(&sub, nodes, gathered)
}

/// The objects of a file, lists of objects taken apart.
pub(crate) fn objects(nodes: &mut Nodes, bytes: &[u8]) -> std::result::Result<Vec<Resource>, Refused> {
    let mut queue = parse::documents(nodes, bytes)?;
    if let [only] = queue.as_slice()
        && matches!(Resource::from(*only).kind(nodes), "List" | "ResourceList")
        && let Some(items) = nodes.field(*only, "items")
    {
        queue = nodes.get(items).content.clone();
    }
    let mut pending: std::collections::VecDeque<_> = checked(nodes, queue)?.into();
    let mut found: Vec<Resource> = Vec::new();
    while let Some(root) = pending.pop_front() {
        let resource = Resource::from(root);
        let items = nodes.field(root, "items").filter(|_| resource.kind(nodes).ends_with("List"));
        let Some(items) = items else {
            found.push(resource);
            continue;
        };
        let line = nodes.get(root).line;
        let refused = |fault| Refused { line, fault };
        match crate::value::read(nodes, items).map_err(refused)? {
            crate::value::Value::Null => {}
            crate::value::Value::List(list) => {
                let inner = list.iter().map(|item| crate::value::write_items(nodes, item)).collect();
                pending.extend(checked(nodes, inner)?);
            }
            _ => return Err(refused(Fault::new("items must be a list"))),
        }
        if nodes.len() > limits::NODES {
            return Err(refused(Fault::new("too many values")));
        }
    }
    let mut map = ResMap::default();
    map.append_all(nodes, &found).map_err(|fault| Refused { line: 0, fault })?;
    Ok(found)
}

fn checked(
    nodes: &Nodes,
    roots: Vec<crate::node::NodeId>,
) -> std::result::Result<Vec<crate::node::NodeId>, Refused> {
    let kept: Vec<_> = roots.into_iter().filter(|root| !nodes.get(*root).is_nil_or_empty()).collect();
    for root in &kept {
        let line = nodes.get(*root).line;
        check_identity(nodes, Resource::from(*root)).map_err(|fault| Refused { line, fault })?;
    }
    Ok(kept)
}
