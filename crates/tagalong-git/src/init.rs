//! A new bare repository with a first commit, made without `git`. Called by `tagalong demo`, which needs a
//! repository that nobody has set up.

use crate::{
    checkout::valid_refname,
    commit::CommitMeta,
    error::{ErrorKind, GitError, Result, clean},
    repository,
};
use gix::{
    ObjectId, Repository,
    actor::Signature,
    date::parse::TimeBuf,
    objs::{
        BlobRef, Tree,
        tree::{Editor, EntryKind},
    },
    refs::{
        FullName, Target,
        transaction::{Change, LogChange, PreviousValue, RefEdit},
    },
};
use std::{fmt::Display, path::Path};
use tagalong_model::RepoPath;

/// Makes a bare repository in the new or empty folder `path`. `branch` (a short name) and HEAD lead to one commit,
/// whose id comes back as 40 hex digits, with `files` as regular files. It is not signed: `meta.signer` does not count.
///
/// # Errors
/// `Invalid` where `branch` is no branch name, a file stands where another one needs a folder, or the author cannot
/// be written into a commit; `Disk` where the folder is not empty or cannot be written.
pub fn init(
    path: &Path,
    branch: &str,
    files: &[(RepoPath, Vec<u8>)],
    meta: &CommitMeta<'_>,
) -> Result<String> {
    let refname = format!("refs/heads/{branch}");
    valid_refname(&refname)?;
    let repo = repository::create(path)?.to_thread_local();
    let tree = write_tree(&repo, files)?;
    let author = Signature {
        name: meta.name.into(),
        email: meta.email.into(),
        time: gix::date::Time::new(meta.time.as_second(), 0),
    };
    let mut buffer = TimeBuf::default();
    let author = author.to_ref(&mut buffer);
    let message = format!("{}\n", meta.message.trim_end());
    let none: [ObjectId; 0] = [];
    let commit = repo
        .commit_as(author, author, refname.as_str(), message, tree, none)
        .map_err(|error| failed(ErrorKind::Invalid, "cannot make the first commit", error))?
        .to_string();
    let head = RefEdit {
        change: Change::Update {
            log: LogChange::default(),
            expected: PreviousValue::Any,
            new: Target::Symbolic(full_name(&refname)?),
        },
        name: full_name("HEAD")?,
        deref: false,
    };
    repo.edit_references_as([head], Some(author))
        .map_err(|error| failed(ErrorKind::Disk, "cannot write HEAD", error))?;
    Ok(commit)
}

fn write_tree(repo: &Repository, files: &[(RepoPath, Vec<u8>)]) -> Result<ObjectId> {
    let mut editor = Editor::new(Tree::empty(), &repo.objects, repo.object_hash());
    for (index, (path, data)) in files.iter().enumerate() {
        if let Some((other, _)) =
            files.iter().take(index).find(|(other, _)| collide(path.as_str(), other.as_str()))
        {
            return Err(GitError::new(
                ErrorKind::Invalid,
                format!("{path} and {other} cannot both be files"),
            ));
        }
        let blob = repo
            .write_object(BlobRef { data })
            .map_err(|error| failed(ErrorKind::Disk, "cannot write the first files", error))?;
        editor
            .upsert(path.as_str().split('/'), EntryKind::Blob, blob.detach())
            .map_err(|error| failed(ErrorKind::Invalid, &format!("cannot place {path}"), error))?;
    }
    editor
        .write(|tree| repo.write_object(tree).map(gix::Id::detach))
        .map_err(|error| failed(ErrorKind::Disk, "cannot write the first files", error))
}

/// Whether two paths are one, or one is a folder of the other.
fn collide(a: &str, b: &str) -> bool {
    let below =
        |path: &str, folder: &str| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
    a == b || below(a, b) || below(b, a)
}

fn full_name(name: &str) -> Result<FullName> {
    FullName::try_from(name).map_err(|error| failed(ErrorKind::Invalid, "no ref name", error))
}

fn failed(kind: ErrorKind, what: &str, error: impl Display) -> GitError {
    GitError::new(kind, format!("{what}: {}", clean(&error.to_string(), 200)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Checkout, Mirror, Remote};

    fn meta<'a>(message: &'a str) -> CommitMeta<'a> {
        let time = jiff::Timestamp::from_second(1_760_000_000).unwrap();
        CommitMeta { name: "Ada", email: "ada@example.com", time, message, signer: None }
    }

    fn files(list: &[(&str, &str)]) -> Vec<(RepoPath, Vec<u8>)> {
        list.iter().map(|(path, text)| (path.parse().unwrap(), text.as_bytes().to_vec())).collect()
    }

    #[test]
    fn the_branch_holds_one_commit_with_the_files() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("estate.git");
        let wanted =
            [("README.md", "hello\n"), ("apps/a/x.yaml", "a: 1\r\n"), ("apps/b.yaml", ""), ("apps/a-b", "-")];
        let commit = init(&path, "trunk", &files(&wanted), &meta("First\n\nBody\n\n")).unwrap();

        assert_eq!(std::fs::read_to_string(path.join("HEAD")).unwrap(), "ref: refs/heads/trunk\n");
        let remote = Remote::new(path.to_str().unwrap().parse().unwrap());
        let mirror = Mirror::open(Path::new("/nonexistent"), &remote).unwrap();
        let fetched = mirror.fetch(&remote, &Checkout::branch("trunk"), &[], &|_, _| Ok(None)).unwrap();
        assert_eq!(fetched.commit, commit);
        let info = mirror.commit_info(&commit).unwrap();
        assert_eq!((info.parents.len(), info.message.as_str()), (0, "First\n\nBody\n"));
        assert_eq!((info.author_name.as_str(), info.author_email.as_str()), ("Ada", "ada@example.com"));
        assert_eq!(info.time, 1_760_000_000);
        let listing = mirror.list(&commit, None).unwrap();
        let reader = mirror.reader();
        let mut found: Vec<(String, Vec<u8>)> =
            listing.entries.iter().map(|e| (e.path.to_string(), reader.read(e.blob).unwrap())).collect();
        found.sort();
        let mut expected: Vec<_> =
            wanted.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec())).into();
        expected.sort();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_cannot_be_a_repository_is_refused_with_its_kind() {
        let check = |branch: &str, list: &[(&str, &str)], message: &str, expected: ErrorKind| {
            let root = tempfile::tempdir().unwrap();
            let error = init(&root.path().join("r.git"), branch, &files(list), &meta(message)).unwrap_err();
            assert_eq!(error.kind(), expected, "{error}");
        };
        check("no branch", &[], "x", ErrorKind::Invalid);
        check("main", &[("a", "1"), ("a", "2")], "x", ErrorKind::Invalid);
        check("main", &[("a", "1"), ("a/b", "2")], "x", ErrorKind::Invalid);
        check("main", &[("a/b", "1"), ("a", "2")], "x", ErrorKind::Invalid);

        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("mine"), "").unwrap();
        let error = init(root.path(), "main", &[], &meta("x")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Disk);
    }
}
