//! Somebody who works in the estate's repository as well: takes the last commit back, as `git revert` or a host's Revert
//! button does. Called by `play`.

use super::place::{BRANCH, Place};
use anyhow::{Context as _, bail};
use jiff::Timestamp;
use std::path::{Path, PathBuf};
use tagalong_git::{Checkout, CommitMeta, Expected, Fetched, Mirror, Past, Pushed, Remote, Update};
use tagalong_model::RepoPath;

/// The estate's repository, read where it is: of a local one no mirror is made.
pub(crate) fn open(estate: &Path) -> anyhow::Result<(Mirror, Remote, Fetched)> {
    let remote = Remote::new(std::path::absolute(estate)?.to_string_lossy().parse()?);
    let mirror = Mirror::open(&PathBuf::new(), &remote)?;
    let fetched = mirror.fetch(&remote, &Checkout::branch(BRANCH), &[], &|_, _| Ok(None))?;
    Ok((mirror, remote, fetched))
}

/// Reverts the branch's last commit; what that was for, in one line.
///
/// # Errors
/// When the repository cannot be read or written.
pub(crate) fn revert_last(place: &Place) -> anyhow::Result<String> {
    let (mirror, remote, fetched) = open(&place.estate())?;
    let last = mirror.commit_info(&fetched.commit)?;
    let parent = last.parents.first().context("the first commit cannot be taken back")?;
    let before = mirror.commit_info(parent)?.tree;
    let mut past = Past::default();
    let changes = mirror.past(&mut past).changes(before, last.tree)?;
    let mut files: Vec<(RepoPath, Vec<u8>)> = Vec::new();
    for change in changes.iter() {
        let old = change.before.context("a file that is new cannot be taken back")?;
        files.push((change.path.parse()?, mirror.reader().read(old)?));
    }
    let subject = last.message.lines().next().unwrap_or_default();
    let title = format!("Revert \"{subject}\"");
    let meta = CommitMeta {
        name: "Mia",
        email: "mia@shop.example",
        time: Timestamp::now(),
        message: &format!("{title}\n\nThis reverts commit {}.", fetched.commit),
        signer: None,
    };
    let prepared = mirror.commit(&fetched.commit, &files, &meta)?;
    let update =
        Update { refname: format!("refs/heads/{BRANCH}"), expected: Expected::At(fetched.commit.clone()) };
    match mirror.push(&remote, &prepared, &[update], &[])? {
        Pushed::Done => {
            let short: String = prepared.commit().chars().take(7).collect();
            Ok(format!("Mia takes it back: {short} {title}"))
        }
        Pushed::Moved { .. } | Pushed::Rejected { .. } => bail!("the estate's repository took no commit"),
    }
}
