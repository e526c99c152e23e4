//! What a Kustomization would apply now, from the commit that its source leads to. Writes nothing; called by `diff`, and
//! for the files of a commit by the rollback.

use super::act::rules;
use super::gather;
use super::render::{Rendered, render};
use crate::context::Context;
use crate::credentials;
use crate::desk::Desk;
use crate::mirrors::{Opened, blocking, checkout, choose_tag};
use kube::runtime::reflector::ObjectRef;
use serde_json::Value;
use std::sync::Arc;
use tagalong_api::validate::{self, GitRef, ValidArtifact};
use tagalong_api::{GitRepository, Kustomization};
use tagalong_apply::{Hidden, Rules};
use tagalong_git::{GitError, Remote};
use tagalong_kustomize::Tree;
use tagalong_model::Revision;

/// How many bytes the files of a commit may have together.
const LIMIT: u64 = 512 << 20;

/// What would be applied.
#[derive(Debug)]
pub struct Preview {
    /// Such as `main@sha1:0123…`.
    pub revision: String,
    /// The objects, in the order in which they are built.
    pub objects: Vec<Value>,
    /// What came out of Secrets into them.
    pub hidden: Hidden,
    /// What the Kustomization says of them.
    pub rules: Rules,
    /// Whether it opens what is encrypted: then what was applied before may have been.
    pub decrypts: bool,
}

/// Builds a Kustomization from its source as the remote has it now.
///
/// # Errors
/// A message for a person: what is wrong with the object, its source, or its folder.
pub async fn preview<D: Desk>(context: &Context<D>, object: &Kustomization) -> Result<Preview, String> {
    let valid = validate::kustomization(object).map_err(|invalid| invalid.message)?;
    let reference = ObjectRef::<GitRepository>::new(&valid.source.name).within(&valid.source.namespace);
    let source = context.desk.kinds().sources.get(&reference);
    let source = source.ok_or_else(|| format!("Source 'GitRepository/{}' not found", valid.source))?;
    let artifact = validate::artifact(&source).map_err(|invalid| invalid.message)?;
    let ca_pem = context.settings.ca_pem.as_deref();
    let remote =
        credentials::git::remote(&context.desk, &artifact.source, ca_pem, &context.hosts.memory).await?;
    let mirror = context.mirrors.take(&artifact.source, &remote).await?;
    let (read, _) = blocking(mirror, move |opened| files(opened, &remote, &artifact)).await?;
    let (revision, tree) = read.map_err(|error| error.to_string())?;
    let gathered = gather::inputs(context, &valid).await.map_err(|failure| failure.message)?;
    let folder = valid.path.as_ref().map(ToString::to_string).unwrap_or_default();
    let built = render(&object.spec, gathered, Arc::new(tree), folder).await;
    let Rendered { objects, hidden, ignore, .. } = built.map_err(|failure| failure.message)?;
    let rules = Rules { ignore: Arc::new(ignore), ..rules(&valid) };
    Ok(Preview { revision, objects, hidden, rules, decrypts: valid.decryption.is_some() })
}

/// Fetches; the revision, and its files.
fn files(opened: &mut Opened, remote: &Remote, artifact: &ValidArtifact) -> Result<(String, Tree), GitError> {
    let reference = artifact.source.reference.clone().unwrap_or(GitRef::Branch("master".to_owned()));
    let fetched = opened.mirror.fetch(remote, &checkout(reference), &[], &choose_tag)?;
    let tree = files_of(opened, &fetched.commit, artifact)?;
    let revision = Revision { name: fetched.revision_name, commit: fetched.commit };
    Ok((revision.to_string(), tree))
}

/// The files that an archive of a commit in the mirror would hold. Blocks.
///
/// # Errors
/// Where the mirror is damaged, or they are too large.
pub(crate) fn files_of(opened: &Opened, commit: &str, artifact: &ValidArtifact) -> Result<Tree, GitError> {
    let reader = opened.mirror.reader();
    let selected = reader.select(commit, &artifact.folders)?;
    let (mut archive, mut tree) = (Vec::new(), Tree::new());
    reader.archive(&selected, artifact.ignore.as_deref(), &mut archive)?;
    tagalong_git::unpack(&archive, LIMIT, |path, bytes| tree.insert(path, bytes))?;
    Ok(tree)
}
