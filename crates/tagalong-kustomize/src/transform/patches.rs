//! `patches`, and the older `patchesStrategicMerge` and `patchesJson6902`.

use super::Result;
use crate::error::{Fault, KustomizeError};
use crate::jsonpatch::{self, Operation};
use crate::kustomization::Patch;
use crate::merge;
use crate::node::Nodes;
use crate::parse;
use crate::resmap::{self, ResMap};
use crate::resource::{self, Resource};
use crate::selector::Matcher;
use crate::target::{Unit, objects};
use crate::tree::Purpose;

/// Patches read and checked before the first one is applied.
pub(super) struct Prepared<'u> {
    pub(super) legacy: Vec<Resource>,
    pub(super) patches: Vec<Ready<'u>>,
    pub(super) json: Vec<Ready<'u>>,
}

pub(super) struct Ready<'u> {
    patch: &'u Patch,
    content: Content,
}

enum Content {
    Strategic(Vec<Resource>),
    Json(Vec<Operation>),
}

pub(super) fn prepare<'u>(unit: &'u Unit<'_>, nodes: &mut Nodes) -> Result<Prepared<'u>> {
    let mut legacy = Vec::new();
    for (line, text) in &unit.read.patches_strategic_merge {
        legacy.extend(legacy_patch(unit, nodes, *line, text)?);
    }
    if legacy.is_empty() && !unit.read.patches_strategic_merge.is_empty() {
        return Err(unit.refuse(0, "patchesStrategicMerge", Fault::new("the patches are empty")));
    }
    let patches = unit.read.patches.iter().map(|patch| ready(unit, nodes, patch)).collect::<Result<_>>()?;
    let json =
        unit.read.patches_json6902.iter().map(|patch| json(unit, nodes, patch)).collect::<Result<_>>()?;
    Ok(Prepared { legacy, patches, json })
}

/// An entry is the patch itself or, failing that, the file that holds it.
fn legacy_patch(unit: &Unit<'_>, nodes: &mut Nodes, line: u32, text: &str) -> Result<Vec<Resource>> {
    if let Ok(found) = objects(nodes, text.as_bytes())
        && !text.trim().is_empty()
    {
        return Ok(found);
    }
    let bytes = unit.loader.file(text).map_err(|fault| unit.refuse(line, "patchesStrategicMerge", fault))?;
    objects(nodes, &bytes).map_err(|refused| refused.into_error(&unit.loader.path(text)))
}

/// The text of a patch and the file it is from.
fn content<'u>(unit: &'u Unit<'_>, patch: &'u Patch, field: &str) -> Result<(Vec<u8>, Option<String>)> {
    let refuse = |fault| unit.refuse(patch.line, field, fault);
    let inline = if field == "patches" { patch.patch.trim() } else { patch.patch.as_str() };
    match (inline.is_empty(), patch.path.is_empty()) {
        (true, true) => Err(refuse(Fault::new("an entry needs a patch or a path"))),
        (false, false) => Err(refuse(Fault::new("an entry takes a patch or a path, not both"))),
        (false, true) => Ok((inline.as_bytes().to_vec(), None)),
        (true, false) => {
            let bytes = unit.loader.file_for(&patch.path, Purpose::Patch).map_err(refuse)?;
            Ok((bytes.into_owned(), Some(unit.loader.path(&patch.path))))
        }
    }
}

fn ready<'u>(unit: &'u Unit<'_>, nodes: &mut Nodes, patch: &'u Patch) -> Result<Ready<'u>> {
    let (bytes, file) = content(unit, patch, "patches")?;
    let content = match objects(nodes, &bytes) {
        Ok(found) => {
            for resource in &found {
                let enable = |nodes: &mut Nodes, wanted: bool, name: &str| match wanted {
                    true => resource.enable(nodes, name),
                    false => Ok(()),
                };
                enable(nodes, patch.allow_name_change, resource::ALLOW_NAME_CHANGE)
                    .and_then(|()| enable(nodes, patch.allow_kind_change, resource::ALLOW_KIND_CHANGE))
                    .map_err(|fault| unit.refuse(patch.line, "patches", fault))?;
            }
            Content::Strategic(found)
        }
        Err(refused) => match json_operations(nodes, &bytes) {
            Ok(operations) => Content::Json(operations),
            // What is a mapping was meant as a strategic merge patch, and a list as a JSON patch.
            Err(json) => {
                let is_list =
                    bytes.trim_ascii_start().starts_with(b"-") || bytes.trim_ascii_start().starts_with(b"[");
                return Err(match file {
                    _ if is_list => unit.refuse(patch.line, "patches", json),
                    Some(file) => refused.into_error(&file),
                    None => unit.refuse(patch.line, "patches", refused.fault),
                });
            }
        },
    };
    Ok(Ready { patch, content })
}

fn json<'u>(unit: &'u Unit<'_>, nodes: &mut Nodes, patch: &'u Patch) -> Result<Ready<'u>> {
    let refuse = |fault| unit.refuse(patch.line, "patchesJson6902", fault);
    if patch.target.as_ref().is_none_or(|target| target.name.is_empty()) {
        return Err(refuse(Fault::new("target: a name is needed")));
    }
    let (bytes, _) = content(unit, patch, "patchesJson6902")?;
    let operations = json_operations(nodes, &bytes).map_err(refuse)?;
    if operations.is_empty() {
        return Err(refuse(Fault::new("the patch is empty")));
    }
    Ok(Ready { patch, content: Content::Json(operations) })
}

fn json_operations(nodes: &mut Nodes, bytes: &[u8]) -> crate::error::Result<Vec<Operation>> {
    if bytes.is_empty() {
        return Err(Fault::new("the patch is empty"));
    }
    // What begins as JSON must be JSON: a list in YAML's flow style is refused by kustomize, too.
    if bytes.starts_with(b"[") && serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_err() {
        return Err(Fault::new("the patch begins as JSON but is none; write it as JSON or as a YAML list"));
    }
    let root = parse::single(nodes, bytes).map_err(|refused| refused.fault)?;
    jsonpatch::decode(nodes, root)
}

pub(super) fn strategic_merge(
    unit: &Unit<'_>,
    nodes: &mut Nodes,
    map: &mut ResMap,
    patches: &[Resource],
) -> Result<()> {
    for patch in patches {
        let target = map.by_any_id(nodes, &patch.original_id(nodes));
        target
            .and_then(|target| apply_copies(nodes, map, &[target], *patch))
            .map_err(|fault| unit.refuse(0, "patchesStrategicMerge", fault))?;
    }
    Ok(())
}

pub(super) fn patches(
    unit: &Unit<'_>,
    nodes: &mut Nodes,
    map: &mut ResMap,
    patches: &[Ready<'_>],
) -> Result<()> {
    for ready in patches {
        let refuse = |fault| unit.refuse(ready.patch.line, "patches", fault);
        match &ready.content {
            Content::Strategic(list) => strategic(nodes, map, ready.patch, list).map_err(refuse)?,
            Content::Json(operations) => {
                if operations.is_empty() {
                    continue;
                }
                let targets = targets(nodes, map, ready.patch).map_err(refuse)?;
                for target in targets {
                    target.store_id(nodes).map_err(refuse)?;
                    json_patch(nodes, map, target, operations).map_err(refuse)?;
                }
            }
        }
        map.drop_empty(nodes);
    }
    Ok(())
}

pub(super) fn json6902(
    unit: &Unit<'_>,
    nodes: &mut Nodes,
    map: &mut ResMap,
    patches: &[Ready<'_>],
) -> Result<()> {
    for ready in patches {
        let refuse = |fault| -> KustomizeError { unit.refuse(ready.patch.line, "patchesJson6902", fault) };
        let Content::Json(operations) = &ready.content else { continue };
        for target in targets(nodes, map, ready.patch).map_err(refuse)? {
            json_patch(nodes, map, target, operations).map_err(refuse)?;
        }
    }
    Ok(())
}

fn targets(nodes: &Nodes, map: &ResMap, patch: &Patch) -> crate::error::Result<Vec<Resource>> {
    match &patch.target {
        Some(target) => Ok(Matcher::new(target)?.select(nodes, map)),
        None => Err(Fault::new("a JSON patch needs a target")),
    }
}

fn strategic(
    nodes: &mut Nodes,
    map: &mut ResMap,
    patch: &Patch,
    list: &[Resource],
) -> crate::error::Result<()> {
    let Some(target) = &patch.target else {
        for one in list {
            let target = map.by_any_id(nodes, &one.original_id(nodes))?;
            let patched = apply(nodes, target, *one)?;
            replace(map, target, patched);
        }
        return Ok(());
    };
    match list {
        [] => Ok(()),
        [one] => {
            let targets = Matcher::new(target)?.select(nodes, map);
            apply_copies(nodes, map, &targets, *one)
        }
        _ => Err(Fault::new("a patch with a target holds one object, not several")),
    }
}

fn replace(map: &mut ResMap, old: Resource, new: Resource) {
    for resource in map.list.iter_mut().filter(|resource| **resource == old) {
        *resource = new;
    }
}

/// Applies a copy of the patch to each target, whatever name and version the patch itself has.
fn apply_copies(
    nodes: &mut Nodes,
    map: &mut ResMap,
    targets: &[Resource],
    patch: Resource,
) -> crate::error::Result<()> {
    let mut list = Vec::with_capacity(map.list.len());
    for resource in std::mem::take(&mut map.list) {
        let chosen = targets.iter().any(|target| target.id(nodes).equals(&resource.id(nodes)));
        let mut patched = resource;
        if chosen && let Some(root) = patch.root {
            let copy = Resource::from(nodes.copy(root));
            resmap::inherit(nodes, copy, patch)?;
            let (api_version, kind) = (resource.api_version(nodes).to_owned(), patch.kind(nodes).to_owned());
            copy.set_api_version(nodes, &api_version)?;
            copy.set_kind(nodes, &kind)?;
            patched = apply(nodes, resource, copy)?;
        }
        if !patched.is_empty(nodes) {
            list.push(patched);
        }
    }
    map.append_all(nodes, &list)
}

/// The object after the patch; its kind and name stay unless the patch may change them, its namespace always.
fn apply(nodes: &mut Nodes, target: Resource, patch: Resource) -> crate::error::Result<Resource> {
    let (Some(own), Some(patch_root)) = (target.root, patch.root) else { return Ok(target) };
    let texts =
        (target.name(nodes).to_owned(), target.namespace(nodes).to_owned(), target.kind(nodes).to_owned());
    let (name, namespace, kind) = texts;
    let renames = patch.is_enabled(nodes, resource::ALLOW_NAME_CHANGE);
    let rekinds = patch.is_enabled(nodes, resource::ALLOW_KIND_CHANGE);
    if renames || rekinds {
        target.store_id(nodes)?;
    }
    let merged = merge::merge(nodes, own, patch_root)?;
    // A patch that says `$patch: replace` for the whole object changes nothing in kustomize.
    if merged.is_none() {
        return Ok(Resource { root: None });
    }
    if target.is_empty(nodes) {
        return Ok(target);
    }
    if !rekinds {
        target.set_kind(nodes, &kind)?;
    }
    if !renames {
        target.set_name(nodes, &name)?;
    }
    target.set_namespace(nodes, &namespace)?;
    Ok(target)
}

fn json_patch(
    nodes: &mut Nodes,
    map: &mut ResMap,
    target: Resource,
    operations: &[Operation],
) -> crate::error::Result<()> {
    let Some(root) = target.root else { return Ok(()) };
    let internal = target.internal_annotations(nodes);
    let patched = Resource::from(jsonpatch::run(nodes, root, operations)?);
    let mut annotations = patched.annotations(nodes);
    annotations.extend(internal);
    patched.set_annotations(nodes, &annotations)?;
    replace(map, target, patched);
    Ok(())
}
