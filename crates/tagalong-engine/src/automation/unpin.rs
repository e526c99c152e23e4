//! Lifts pins with a commit that changes no file and says so in a trailer (RULES 15). Called by `tagalong unpin`.

use super::act::{blocking, failed};
use super::gather::{self, Gathered};
use super::pins::UNPIN;
use crate::context::Context;
use crate::desk::Desk;
use jiff::Timestamp;
use std::sync::Arc;
use tagalong_api::validate::Author;
use tagalong_api::{ImageUpdateAutomation, Reason, validate};
use tagalong_git::{CommitMeta, Expected, Mirror, Pushed, Update, trailer};

/// How often the push is tried when the branch moves meanwhile.
const PUSHES: u32 = 10;

/// The commit that lifts pins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unpinned {
    /// 40 hex digits.
    pub commit: String,
    /// The branch it was pushed to.
    pub branch: String,
}

/// Commits and pushes the trailers that lift the pins of `sites`, each as its pin names it.
///
/// # Errors
/// A message for a person: the automation cannot be used, or the push failed.
pub async fn unpin<D: Desk>(
    context: &Context<D>,
    object: &ImageUpdateAutomation,
    sites: &[String],
) -> Result<Unpinned, String> {
    let valid = validate::automation(object).map_err(|invalid| invalid.message)?;
    let gathered = gather::gather(context, &valid).await.map_err(|failure| failure.message)?;
    let trailers: Vec<(String, String)> = sites.iter().map(|site| (UNPIN.to_owned(), site.clone())).collect();
    let mut mirror = context.mirrors.take(&gathered.source, &gathered.remote).await?;
    let lift = Arc::new(Lift {
        message: trailer::append("Lift the pin of a field", &trailers),
        author: valid.author,
        gathered,
    });
    for _ in 0..PUSHES {
        let once = Arc::clone(&lift);
        let (result, guard) = blocking(mirror, move |opened| {
            once.push(&opened.mirror)
                .map_err(|why| failed(Reason::GitOperationFailed, "failed to lift the pin", &why))
        })
        .await
        .map_err(|failure| failure.message)?;
        mirror = guard;
        if let Some(commit) = result.map_err(|failure| failure.message)? {
            return Ok(Unpinned { commit, branch: lift.gathered.push_branch.clone() });
        }
    }
    Err(format!("the branch moved during each of {PUSHES} pushes"))
}

/// The commit to be.
struct Lift {
    message: String,
    author: Author,
    gathered: Gathered,
}

impl Lift {
    /// Commits onto the branch's tip and pushes; nothing where the branch moved meanwhile.
    fn push(&self, mirror: &Mirror) -> Result<Option<String>, String> {
        let Gathered { remote, checkout, push_branch, signer, .. } = &self.gathered;
        let fetched =
            mirror.fetch(remote, checkout, &[], &|_, _| Ok(None)).map_err(|error| error.to_string())?;
        let refname = format!("refs/heads/{push_branch}");
        let trailers = self.message.lines().skip(2).collect::<Vec<_>>().join("\n");
        if fetched.refname.as_deref() != Some(refname.as_str()) {
            return Err(format!(
                "fields are read from {} and written to {push_branch}; merge a commit into the former whose message \
                 ends with these lines:\n\n{trailers}",
                fetched.revision_name
            ));
        }
        let meta = CommitMeta {
            name: &self.author.name,
            email: &self.author.email,
            time: Timestamp::now(),
            message: &self.message,
            signer: signer.as_deref(),
        };
        let prepared = mirror.commit(&fetched.commit, &[], &meta).map_err(|error| error.to_string())?;
        let update = Update { refname, expected: Expected::At(fetched.commit) };
        match mirror.push(remote, &prepared, &[update], &[]).map_err(|error| error.to_string())? {
            Pushed::Done => Ok(Some(prepared.commit())),
            Pushed::Moved { .. } => Ok(None),
            Pushed::Rejected { why, .. } => Err(format!(
                "the server refused the push to {push_branch}: {why}; where that is a protected branch, merge a commit into \
                 it whose message ends with these lines:\n\n{trailers}"
            )),
        }
    }
}
