//! `tagalong lint`: what is wrong with manifests and marked files, or with the objects of a cluster, told in the form
//! that was asked for.

use crate::cli::{Global, LintArgs, Output};
use crate::exit::Answer;
use crate::lint::{Report, Severity, Texts, form, lint, lint_texts};
use crate::print;
use crate::wiring::{self, Place};
use kube::{Resource, ResourceExt};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use tagalong_cluster::ClusterDesk;
use tagalong_engine::Desk;
use tagalong_engine::wake::repository_of;

/// Bad input here is what `lint` is for: everything but a path that does not exist is an answer (RULES 21).
pub(crate) async fn run(args: &LintArgs, global: &Global) -> anyhow::Result<Answer> {
    let report = match wiring::place(args.paths.first(), &args.cluster)? {
        Place::Folder(_) => lint(&args.paths)?,
        Place::Cluster => of_cluster(&wiring::gathered(&args.cluster).await?.0).await?,
    };
    match global.output {
        Output::Text => print::text(&form::text::text(&report))?,
        Output::Github => print::text(&form::github::commands(&report))?,
        Output::Sarif => print::document(Output::Json, &form::sarif::log(&report))?,
        Output::Json | Output::Yaml => print::document(global.output, &form::json::document(&report))?,
    }
    print::story(&form::text::sum(&report));
    Ok(if report.count(Severity::Error) > 0 { Answer::No } else { Answer::Yes })
}

/// Every object as its manifest would stand in a file of its own, and the Namespaces whose labels decide something.
async fn of_cluster(desk: &ClusterDesk) -> anyhow::Result<Report> {
    let kinds = desk.kinds();
    let mut texts = BTreeMap::new();
    kinds.repositories.state().iter().try_for_each(|object| add(&mut texts, object.as_ref()))?;
    kinds.policies.state().iter().try_for_each(|object| add(&mut texts, object.as_ref()))?;
    kinds.automations.state().iter().try_for_each(|object| add(&mut texts, object.as_ref()))?;
    kinds.sources.state().iter().try_for_each(|object| add(&mut texts, object.as_ref()))?;
    let policies = kinds.policies.state();
    let foreign =
        policies.iter().filter(|policy| Some(repository_of(policy).namespace) != policy.namespace());
    for name in foreign.filter_map(|policy| policy.namespace()).collect::<BTreeSet<_>>() {
        let labels = desk.namespace_labels(&name).await?;
        let namespace = json!({
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": &name, "labels": labels.unwrap_or_default()},
        });
        texts.insert(PathBuf::from(format!("Namespace/{name}")), serde_saphyr::to_string(&namespace)?);
    }
    Ok(lint_texts(Texts::new(texts)))
}

fn add<K>(texts: &mut BTreeMap<PathBuf, String>, object: &K) -> anyhow::Result<()>
where
    K: Resource<DynamicType = ()> + Serialize,
{
    let (kind, name) = (K::kind(&()), object.name_any());
    let namespace = object.namespace().unwrap_or_default();
    let mut metadata = json!({"name": name, "namespace": namespace});
    for (field, map) in [("labels", object.labels()), ("annotations", object.annotations())] {
        if !map.is_empty() {
            metadata[field] = json!(map);
        }
    }
    let spec = serde_json::to_value(object)?.get_mut("spec").map(Value::take);
    let text = serde_saphyr::to_string(&json!({
        "apiVersion": K::api_version(&()),
        "kind": kind,
        "metadata": metadata,
        "spec": spec,
    }))?;
    texts.insert(PathBuf::from(format!("{kind}/{namespace}/{name}")), text);
    Ok(())
}
