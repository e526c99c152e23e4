//! `tagalong build`: the objects of a kustomization on stdout, as `kustomize build` prints them.

use crate::cli::{BuildArgs, Global, Output};
use crate::exit::Answer;
use crate::print;
use anyhow::Context as _;
use serde::Serialize;
use tagalong_files::Folder;
use tagalong_kustomize::{Object, to_yaml};

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
    let objects = tagalong_kustomize::build(&files, &folder)
        .with_context(|| format!("cannot build {}", args.path.display()))?;
    match global.output {
        Output::Text => print::text(&to_yaml(&objects))?,
        output => {
            print::document(output, &List { api_version: "v1", kind: "List", items: &objects })?;
        }
    }
    Ok(Answer::Yes)
}
