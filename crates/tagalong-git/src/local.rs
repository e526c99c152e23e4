//! A repository on this machine: refs read, objects and refs written directly. No hook runs here, since no server does.

use crate::{
    commit::Prepared,
    error::{ErrorKind, GitError, Result, causes, clean},
    moving::Moving,
    push::{Expected, Pushed, Update},
    repository::{pack, parse_commit, store_pack},
    wire::RemoteRefs,
};
use gix::{
    Repository,
    objs::Write as _,
    refs::{
        FullName, Target,
        transaction::{Change, LogChange, PreviousValue, RefEdit, RefLog},
    },
};

/// The refs that are, or begin with (where it ends in `/`), one of `names`.
pub(crate) fn refs(repo: &Repository, names: &[&str]) -> Result<RemoteRefs> {
    let mut refs = RemoteRefs::default();
    let mut add = |mut reference: gix::Reference<'_>| -> Result<()> {
        let name = reference.name().as_bstr().to_string();
        let direct = reference.try_id().map(gix::Id::detach);
        let peeled = match reference.peel_to_id() {
            Ok(peeled) => peeled.detach(),
            // A ref that leads nowhere is as good as none.
            Err(error) if error.is_not_found() => return Ok(()),
            Err(error) => return Err(GitError::damaged(error)),
        };
        refs.insert(name, direct.unwrap_or(peeled), peeled);
        Ok(())
    };
    for name in names {
        if name.ends_with('/') {
            let platform = repo.references().map_err(GitError::damaged)?;
            for found in platform.prefixed(*name).map_err(GitError::damaged)?.flatten() {
                add(found)?;
            }
        } else if let Some(found) = repo.try_find_reference(*name).map_err(GitError::damaged)? {
            add(found)?;
        }
    }
    Ok(refs)
}

/// Writes the new objects and then moves the refs, each only from the value expected.
pub(crate) fn push(repo: &Repository, prepared: &Prepared, updates: &[Update]) -> Result<Pushed> {
    for update in updates {
        if let Some(refused) = checked_out(repo, &update.refname) {
            return Ok(refused);
        }
    }
    if let Some(moved) = moved(repo, updates)? {
        return Ok(moved);
    }
    // Objects first: a ref never names what is not there.
    store(repo, prepared)?;
    let edits = updates.iter().map(|update| edit(update, prepared)).collect::<Result<Vec<_>>>()?;
    let mut buffer = gix::date::parse::TimeBuf::default();
    let author = Some(prepared.author.to_ref(&mut buffer));
    let moving = Moving::begin(repo, prepared.id, updates.iter().map(|update| update.refname.as_str()));
    let mut edited = repo.edit_references_as(edits.clone(), author);
    match &moving {
        Ok(moving) if edited.is_err() && moving.remove_left() => {
            edited = repo.edit_references_as(edits, author);
        }
        Ok(_) => {}
        Err(error) => {
            tracing::debug!(%error, "tagalong.lock was not written; a killed push may leave a lock")
        }
    }
    match edited {
        Ok(_) => Ok(Pushed::Done),
        Err(error) => match moved(repo, updates)? {
            Some(moved) => Ok(moved),
            None => {
                Err(GitError::new(ErrorKind::Disk, format!("cannot move the branch: {}", causes(&error))))
            }
        },
    }
}

/// A handful of objects become files of their own, more than that a pack; as `git receive-pack` does.
fn store(repo: &Repository, prepared: &Prepared) -> Result<()> {
    if prepared.objects.len() >= 100 {
        return store_pack(repo, &pack(&prepared.objects)?, true);
    }
    for (kind, data) in prepared.objects.values() {
        repo.write_buf(*kind, data).map_err(|error| {
            GitError::new(ErrorKind::Disk, format!("cannot write the new objects: {}", causes(&error)))
        })?;
    }
    Ok(())
}

fn edit(update: &Update, prepared: &Prepared) -> Result<RefEdit> {
    let name = FullName::try_from(update.refname.as_str()).map_err(|_| {
        GitError::new(ErrorKind::Invalid, format!("{:?} is no full ref name", clean(&update.refname, 200)))
    })?;
    let expected = match &update.expected {
        Expected::At(old) => PreviousValue::MustExistAndMatch(Target::Object(parse_commit(old)?)),
        Expected::Absent => PreviousValue::MustNotExist,
        Expected::Anything => PreviousValue::Any,
    };
    let log = LogChange { mode: RefLog::AndReference, force_create_reflog: false, message: "push".into() };
    Ok(RefEdit {
        change: Change::Update { log, expected, new: Target::Object(prepared.id) },
        name,
        deref: false,
    })
}

/// The first ref that is not where it is expected.
fn moved(repo: &Repository, updates: &[Update]) -> Result<Option<Pushed>> {
    let names: Vec<&str> = updates.iter().map(|update| update.refname.as_str()).collect();
    let refs = refs(repo, &names)?;
    Ok(updates.iter().find_map(|update| {
        let theirs = refs.value(&update.refname).map(|id| id.to_string());
        (!update.expected.allows(theirs.as_deref()))
            .then(|| Pushed::Moved { refname: update.refname.clone(), theirs })
    }))
}

/// As `git` does: a branch that somebody has checked out is not moved under their feet.
fn checked_out(repo: &Repository, refname: &str) -> Option<Pushed> {
    let here = |repo: &Repository| {
        !repo.is_bare() && repo.head_name().ok().flatten().is_some_and(|name| name.as_bstr() == refname)
    };
    let elsewhere = || {
        repo.worktrees()
            .into_iter()
            .flatten()
            .any(|tree| tree.into_repo_with_possibly_inaccessible_worktree().is_ok_and(|repo| here(&repo)))
    };
    let main = repo.main_repo().ok();
    if !here(repo) && !main.as_ref().is_some_and(here) && !elsewhere() {
        return None;
    }
    let allowed = repo.config_snapshot().string("receive.denyCurrentBranch");
    if allowed.is_some_and(|value| {
        ["ignore", "warn", "false"].iter().any(|word| value.eq_ignore_ascii_case(word.as_bytes()))
    }) {
        return None;
    }
    Some(Pushed::Rejected {
        refname: refname.to_owned(),
        why:
            "the branch is checked out in the local repository; use a bare repository or another push.branch"
                .to_owned(),
    })
}
