//! `tagalong build`: the objects of a kustomization on stdout, as `kustomize build` prints them.

use crate::cli::{BuildArgs, Global, Output};
use crate::exit::Answer;
use crate::print;
use anyhow::{Context as _, bail};
use serde::Serialize;
use std::path::Path;
use tagalong_api::validate;
use tagalong_engine::kustomization;
use tagalong_files::{Folder, load_synced};
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
            let Added { additions, variables, decrypts } = additions(file)?;
            let files = Opened::new(&files, decrypts.then_some(&Opening::Masked));
            render_for(&additions, variables.as_ref(), &files, &folder)
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

/// What the one Flux Kustomization of a file adds. ConfigMaps and Secrets of `substituteFrom` are in the cluster, which is
/// not asked: those that may be missing are passed over.
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
    let variables = valid.variables.map(|sources| {
        if let Some(source) = sources.from.iter().find(|source| !source.optional) {
            let kind = if source.secret { "Secret" } else { "ConfigMap" };
            bail!(
                "{}: .spec.postBuild.substituteFrom: {kind}/{} is in the cluster; put its values into \
                 .spec.postBuild.substitute of a copy, or use `tagalong diff`",
                file.display(),
                source.name
            )
        }
        let mut variables = Variables::new(true, sources.always);
        sources.values.iter().for_each(|(name, value)| variables.set(name, value));
        Ok(variables)
    });
    Ok(Added {
        additions: kustomization::additions(&located.object.spec)?,
        variables: variables.transpose()?,
        decrypts: valid.decryption.is_some(),
    })
}
