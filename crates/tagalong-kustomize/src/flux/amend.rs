//! The fields of a Flux Kustomization put into the kustomization of a folder, in memory.

use super::{Additions, Image, Patch, Target, scan};
use crate::error::{Fault, Result};
use crate::kustomization::{self, Kustomization, Selector};
use crate::tree::{self, Files};

/// What stands for the namespace of a folder without a manifest, in Flux as well.
const PLACEHOLDER: &str = "_placeholder";

/// The kustomization of a folder that has none.
///
/// # Errors
/// A folder below it cannot be read.
pub(crate) fn generated(files: &dyn Files, folder: &str) -> Result<Kustomization> {
    let resources: Vec<_> = scan::resources(files, folder)?.into_iter().map(|path| (0, path)).collect();
    let namespace = if resources.is_empty() { PLACEHOLDER.to_owned() } else { String::new() };
    Ok(Kustomization { resources, namespace, ..Kustomization::default() })
}

/// Puts the additions into a kustomization; `has_file` says whether the folder had one of its own.
///
/// # Errors
/// A component that is not local.
pub(crate) fn amend(
    read: &mut Kustomization,
    additions: &Additions,
    files: &dyn Files,
    folder: &str,
    has_file: bool,
) -> Result<()> {
    if has_file && read.own_resources == 0 {
        // Flux writes this so that kustomize does not call the file empty; it shows in the objects.
        read.build_metadata = vec![(0, "originAnnotations".to_owned())];
    }
    let replace = |own: &mut String, new: &Option<String>| {
        if let Some(new) = new {
            own.clone_from(new);
        }
    };
    replace(&mut read.namespace, &additions.target_namespace);
    replace(&mut read.name_prefix, &additions.name_prefix);
    replace(&mut read.name_suffix, &additions.name_suffix);
    read.patches.extend(additions.patches.iter().map(patch));
    for component in &additions.components {
        if !is_local(component) {
            return Err(Fault::new(format!("components: {component} must be a relative path of this tree")));
        }
        let exists = tree::join(folder, component).is_some_and(|path| files.is_folder(&path));
        if exists || !additions.ignore_missing_components {
            read.components.push((0, component.clone()));
        }
    }
    additions.images.iter().for_each(|image| put_image(&mut read.images, image));
    if !additions.build_metadata.is_empty() {
        read.build_metadata = additions.build_metadata.iter().map(|option| (0, option.clone())).collect();
    }
    Ok(())
}

fn patch(patch: &Patch) -> kustomization::Patch {
    kustomization::Patch {
        patch: patch.patch.clone(),
        target: patch.target.as_ref().map(selector),
        ..kustomization::Patch::default()
    }
}

pub(crate) fn selector(target: &Target) -> Selector {
    let Target { group, version, kind, name, namespace, label_selector, annotation_selector } =
        target.clone();
    Selector {
        group,
        version,
        kind,
        name,
        namespace,
        labels: label_selector,
        annotations: annotation_selector,
    }
}

/// Tag and digest are one: setting either clears the other.
fn put_image(images: &mut Vec<kustomization::Image>, new: &Image) {
    let Some(own) = images.iter_mut().find(|own| own.name == new.name) else {
        let Image { name, new_name, new_tag, digest } = new.clone();
        images.push(kustomization::Image {
            name,
            new_name,
            new_tag,
            digest,
            ..kustomization::Image::default()
        });
        return;
    };
    if !new.new_name.is_empty() {
        own.new_name.clone_from(&new.new_name);
    }
    if !new.new_tag.is_empty() || !new.digest.is_empty() {
        own.new_tag.clone_from(&new.new_tag);
        own.digest.clone_from(&new.digest);
    }
}

fn is_local(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let remote = ["git::", "gh:", "ssh://", "https://", "http://", "git@", "github.com:", "github.com/"];
    let is_remote = remote.iter().any(|start| lower.len() > start.len() && lower.starts_with(start));
    !is_remote && !path.starts_with('/') && !lower.starts_with("file:///")
}
