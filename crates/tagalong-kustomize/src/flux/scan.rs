//! The kustomization of a folder that has none: every manifest below it, and every folder below it that has one.

use crate::error::{Fault, Result};
use crate::kustomization::FILE_NAMES;
use crate::limits;
use crate::tree::{Entry, Files};

/// What source-controller leaves out of an artifact unless told otherwise: version control and the files of CI.
const FOLDERS: &[&str] = &[".git", ".github", ".circleci"];
const NAMES: &[&str] = &[
    ".travis.yml",
    ".gitlab-ci.yml",
    "appveyor.yml",
    ".drone.yml",
    "cloudbuild.yaml",
    "codeship-services.yml",
    "codeship-steps.yml",
    ".goreleaser.yml",
    ".sops.yaml",
    ".flux.yaml",
];

/// The paths of the resources, relative to `folder`, in the order of their names.
///
/// # Errors
/// A folder cannot be read, or folders are nested too deeply.
pub(super) fn resources(files: &dyn Files, folder: &str) -> Result<Vec<String>> {
    let mut found = Vec::new();
    below(files, folder, "", 0, &mut found)?;
    Ok(found)
}

fn below(files: &dyn Files, folder: &str, inside: &str, depth: usize, found: &mut Vec<String>) -> Result<()> {
    if depth > limits::DEPTH {
        return Err(Fault::new(format!("{inside}: folders are nested too deeply")));
    }
    let behind = |parent: &str, name: &str| match parent {
        "" => name.to_owned(),
        parent => format!("{parent}/{name}"),
    };
    let whole = if inside.is_empty() { folder.to_owned() } else { behind(folder, inside) };
    let mut entries = files.entries(&whole).map_err(|why| Fault::new(format!("{whole}: {why}")))?;
    entries.sort();
    if depth > 0 && entries.iter().any(|entry| !entry.is_folder && FILE_NAMES.contains(&entry.name.as_str()))
    {
        found.push(inside.to_owned());
        return Ok(());
    }
    for Entry { name, is_folder } in entries {
        let path = behind(inside, &name);
        if is_folder {
            if !FOLDERS.contains(&name.as_str()) {
                below(files, folder, &path, depth + 1, found)?;
            }
        } else if (name.ends_with(".yaml") || name.ends_with(".yml")) && !NAMES.contains(&name.as_str()) {
            found.push(path);
        }
    }
    Ok(())
}
