//! `tagalong build`: the objects of a kustomization on stdout, as `kustomize build` prints them.

use crate::cli::{BuildArgs, Global, Output};
use crate::exit::Answer;
use crate::print;
use anyhow::{Context as _, bail};
use k8s_openapi::api::core::v1::Secret;
use secrecy::{ExposeSecret as _, SecretSlice};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;
use tagalong_api::validate::{self, VariableSource, VariableSources};
use tagalong_engine::kustomization;
use tagalong_files::{Folder, Loaded, Located, load_synced, load_variables, stated_secret};
use tagalong_kustomize::{Additions, Object, Variables, render_for, to_yaml};
use tagalong_sops::{Opened, Opening};

/// The objects as one document.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct List<'a> {
    api_version: &'static str,
    kind: &'static str,
    items: &'a [Object],
}

pub(crate) fn run(args: &BuildArgs, global: &Global) -> anyhow::Result<Answer> {
    print::no_lint_format(global.output)?;
    let (files, folder) = Folder::around(&args.path)
        .with_context(|| format!("{} is no folder that can be read", args.path.display()))?;
    let objects = match &args.kustomization_file {
        None => tagalong_kustomize::build(&files, &folder),
        Some(file) => {
            let Added { additions, mut variables, decrypts } = additions(file)?;
            let files = Opened::new(&files, decrypts.then_some(&Opening::Masked));
            render_for(&additions, variables.as_mut(), &files, &folder)
        }
    };
    let objects = objects.with_context(|| format!("cannot build {}", args.path.display()))?;
    match global.output {
        Output::Text => print::text(&to_yaml(&objects))?,
        output => {
            print::document(output, &List { api_version: "v1", kind: "List", items: &objects })?;
        }
    }
    Ok(Answer::Yes)
}

/// What a Flux Kustomization adds.
struct Added {
    additions: Additions,
    variables: Option<Variables>,
    /// Whether what is encrypted is opened; here it is masked.
    decrypts: bool,
}

/// What the one Flux Kustomization of a file adds.
fn additions(file: &Path) -> anyhow::Result<Added> {
    let loaded = load_synced(&[file.to_owned()])?;
    let [located] = loaded.kustomizations.as_slice() else {
        bail!(
            "{} holds {} Kustomizations of kustomize.toolkit.fluxcd.io/v1; name a file with one",
            file.display(),
            loaded.kustomizations.len()
        )
    };
    let valid = validate::kustomization(&located.object).with_context(|| file.display().to_string())?;
    let variables = valid.variables.map(|sources| variables(file, &valid.key.namespace, &sources));
    Ok(Added {
        additions: kustomization::additions(&located.object.spec)?,
        variables: variables.transpose()?,
        decrypts: valid.decryption.is_some(),
    })
}

/// The variables of a Kustomization. ConfigMaps and Secrets of `substituteFrom` are looked for below the folder that its
/// file is in; the cluster is not asked, and a Secret says no more than what stands in its file: what is printed here may
/// be for everybody.
fn variables(file: &Path, namespace: &str, sources: &VariableSources) -> anyhow::Result<Variables> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let found = match sources.from.as_slice() {
        [] => Loaded::default(),
        from => load_variables(&[folder.to_owned(), file.to_owned()], namespace, from)?,
    };
    let mut variables = Variables::new(true, sources.always);
    for source in &sources.from {
        let values = if source.secret { secret(&found, source)? } else { config_map(&found, source) };
        match values {
            Some(values) => values.iter().for_each(|(name, value)| variables.set(name, value)),
            None if source.optional => {}
            None => bail!(
                "{}: .spec.postBuild.substituteFrom: {}/{} is not among the files below {}, in namespace {namespace}; put its \
                 values into .spec.postBuild.substitute of a copy, or use `tagalong diff`, which asks the cluster",
                file.display(),
                if source.secret { "Secret" } else { "ConfigMap" },
                source.name,
                folder.display(),
            ),
        }
    }
    sources.values.iter().for_each(|(name, value)| variables.set(name, value));
    Ok(variables)
}

fn config_map(found: &Loaded, source: &VariableSource) -> Option<BTreeMap<String, String>> {
    let mut maps = found.config_maps.iter().map(|located| &located.object);
    let map = maps.find(|map| map.metadata.name.as_deref() == Some(&source.name))?;
    Some(map.data.clone().unwrap_or_default())
}

fn secret(found: &Loaded, source: &VariableSource) -> anyhow::Result<Option<BTreeMap<String, String>>> {
    let named = |located: &&Located<Secret>| located.object.metadata.name.as_deref() == Some(&source.name);
    let Some(located) = found.secrets.iter().find(named) else { return Ok(None) };
    let values =
        stated_secret(located).context("put its values into .spec.postBuild.substitute of a copy")?;
    let text = |(name, value): (String, SecretSlice<u8>)| {
        let text = std::str::from_utf8(value.expose_secret());
        let text = text.with_context(|| format!("Secret/{}: key '{name}' is not text", source.name))?;
        Ok((name, text.to_owned()))
    };
    values.into_iter().map(text).collect::<anyhow::Result<_>>().map(Some)
}
