//! Opening repositories without any user or system configuration, and the few files in them this crate writes itself.

use crate::error::{ErrorKind, GitError, Result, causes, clean};
use gix::{
    ObjectId, Repository, ThreadSafeRepository, odb::pack::bundle::write::Outcome,
    protocol::fetch::response::ShallowUpdate,
};
use std::{
    collections::BTreeSet,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

/// Opens a repository as it is, bare or not, with nothing but its own configuration.
pub(crate) fn open(path: &Path) -> Result<ThreadSafeRepository> {
    ThreadSafeRepository::open_opts(path, options(path)).map_err(|error| {
        let all = causes(&error);
        let lower = all.to_ascii_lowercase();
        if lower.contains("sha256") || lower.contains("objectformat") || lower.contains("object format") {
            crate::wire::sha256()
        } else if path.exists() {
            GitError::new(
                ErrorKind::NotFound,
                format!("{} is no Git repository that can be read: {}", path.display(), all),
            )
        } else {
            GitError::new(ErrorKind::NotFound, format!("there is no repository at {}", path.display()))
        }
    })
}

/// Room for as many packs again as there are, or may come while this handle is open.
fn options(path: &Path) -> gix::open::Options {
    let count = |dir: &str| fs::read_dir(path.join(dir)).map(Iterator::count).unwrap_or(0);
    let files = count("objects/pack") + count(".git/objects/pack");
    let slots = u16::try_from((files * 2).max(512)).unwrap_or(u16::MAX);
    gix::open::Options::isolated().object_store_slots(gix::odb::store::init::Slots::Given(slots))
}

/// Makes an empty bare repository and opens it.
pub(crate) fn create(path: &Path) -> Result<ThreadSafeRepository> {
    fs::create_dir_all(path)
        .map_err(|error| GitError::disk(&format!("cannot make the folder {}", path.display()), &error))?;
    ThreadSafeRepository::init_opts(
        path,
        gix::create::Kind::Bare,
        gix::create::Options::default(),
        options(path),
    )
    .map_err(|error| {
        GitError::new(
            ErrorKind::Disk,
            format!("cannot make a repository in {}: {}", path.display(), causes(&error)),
        )
    })
}

pub(crate) fn pack_dir(repo: &Repository) -> PathBuf {
    repo.objects.store_ref().path().join("pack")
}

/// A pack is written with a `.keep` beside it; what it holds is referenced soon or not worth keeping.
pub(crate) fn release(outcome: &Outcome) -> Result<()> {
    match &outcome.keep_path {
        Some(path) => match fs::remove_file(path) {
            // Another process received the same pack, which has the same name, and removed it first.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(GitError::disk("cannot finish writing a pack", &error)),
            Ok(()) => Ok(()),
        },
        None => Ok(()),
    }
}

fn shallow_file(repo: &Repository) -> PathBuf {
    repo.common_dir().join("shallow")
}

/// The commits beyond which the repository has no history.
pub(crate) fn shallow(repo: &Repository) -> Result<BTreeSet<ObjectId>> {
    let text = match fs::read(shallow_file(repo)) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        Err(error) => return Err(GitError::disk("cannot read the mirror's shallow file", &error)),
    };
    // A line that was cut off belongs to a pack that never came.
    let torn = |line: &[u8]| line.len() < 40 && line.iter().all(u8::is_ascii_hexdigit);
    text.split(|byte| *byte == b'\n')
        .filter(|line| !torn(line))
        .map(|line| ObjectId::from_hex(line).map_err(GitError::damaged))
        .collect()
}

/// Notes where received history ends. Lines are only ever added, each by one write: two processes need no lock that
/// one of them could leave behind. To call a commit shallow that is not costs nothing but what is sent again.
pub(crate) fn add_shallow(repo: &Repository, updates: &[ShallowUpdate]) -> Result<()> {
    let known = shallow(repo)?;
    let mut text = String::new();
    for update in updates {
        if let ShallowUpdate::Shallow(id) = update
            && !known.contains(id)
        {
            text.push_str(&format!("{id}\n"));
        }
    }
    if text.is_empty() {
        return Ok(());
    }
    let mut append = || {
        let path = shallow_file(repo);
        if fs::read(&path).is_ok_and(|old| old.last().is_some_and(|last| *last != b'\n')) {
            text.insert(0, '\n');
        }
        fs::OpenOptions::new().append(true).create(true).open(path)?.write_all(text.as_bytes())
    };
    append().map_err(|error| GitError::disk("cannot write the mirror's shallow file", &error))
}

/// A pack of exactly `objects`, none as a delta. Low compression: it is sent once and never kept by the server as is.
pub(crate) fn pack(objects: &gix::odb::memory::Storage) -> Result<Vec<u8>> {
    use gix::odb::pack::data::output;
    let internal =
        |error: gix::Error| GitError::new(ErrorKind::Protocol, format!("cannot build the pack: {error}"));
    let count = u32::try_from(objects.len())
        .map_err(|_| GitError::new(ErrorKind::Rejected, "the change has too many files"))?;
    let entries = objects.iter().map(|(id, (kind, data))| {
        let data = gix::objs::Data::new(data, *kind, id.kind());
        output::Entry::from_data(
            &output::Count::from_data(*id, None),
            &data,
            gix::zlib::Compression::BEST_SPEED,
        )
        .map(|entry| vec![entry])
    });
    let version = gix::odb::pack::data::Version::V2;
    let mut writer =
        output::bytes::FromEntriesIter::new(entries, Vec::new(), count, version, gix::hash::Kind::Sha1);
    for written in writer.by_ref() {
        written.map_err(internal)?;
    }
    Ok(writer.into_write())
}

/// Writes a pack of ours into a repository. `durable` for a repository that is nobody's copy.
pub(crate) fn store_pack(repo: &Repository, pack: &[u8], durable: bool) -> Result<()> {
    let outcome = gix::odb::pack::Bundle::write_to_directory(
        &mut std::io::Cursor::new(pack),
        Some(&pack_dir(repo)),
        &mut gix::progress::Discard,
        &std::sync::atomic::AtomicBool::new(false),
        None::<gix::OdbHandle>,
        gix::hash::Kind::Sha1,
        gix::odb::pack::bundle::write::Options::default(),
    )
    .map_err(|error| {
        GitError::new(ErrorKind::Disk, format!("cannot write the new objects: {}", causes(&error)))
    })?;
    if durable {
        let sync = |path: &Path| fs::File::open(path).and_then(|file| file.sync_all());
        for path in [&outcome.data_path, &outcome.index_path].into_iter().flatten() {
            sync(path).map_err(|error| GitError::disk("cannot write the new objects", &error))?;
        }
        sync(&pack_dir(repo)).map_err(|error| GitError::disk("cannot write the new objects", &error))?;
    }
    release(&outcome)
}

pub(crate) fn parse_commit(hex: &str) -> Result<ObjectId> {
    ObjectId::from_hex(hex.as_bytes()).ok().filter(|id| id.kind() == gix::hash::Kind::Sha1).ok_or_else(|| {
        GitError::new(
            ErrorKind::Invalid,
            format!("{:?} is no commit; give all 40 hex digits", clean(hex, 80)),
        )
    })
}
