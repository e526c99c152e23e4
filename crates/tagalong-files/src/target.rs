//! A folder in the place of a cluster (`--sync-to`): each object is a file below its namespace, written whole or not at
//! all, and deleted when it left the inventory. A file of another Kustomization is overwritten, as an object in a cluster
//! is; one that bears no Kustomization's labels is neither overwritten nor deleted.
//!
//! ```text
//! DIR/apps/deployment.apps_web.yaml        an object of namespace apps
//! DIR/_cluster/namespace_apps.yaml         one without a namespace
//! DIR/.tagalong/default_web.json           the inventory of Kustomization/default/web
//! ```

use serde_json::Value;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tagalong_apply::{
    Action, ApplyError, Change, Entry, Health, ObjectId, Options, Outcome, Owner, Rules, Sights, State,
    Unhealthy,
};
use tagalong_engine::Target;

/// Where objects without a namespace are.
const CLUSTER: &str = "_cluster";

/// The folder that objects are applied to. Cheap to clone.
#[derive(Debug, Clone)]
pub struct FolderTarget {
    dir: PathBuf,
}

impl FolderTarget {
    /// A folder, which is made when the first object is written.
    pub(crate) fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    fn path(&self, id: &ObjectId) -> PathBuf {
        let kind = id.kind.to_lowercase();
        let kind = if id.group.is_empty() { kind } else { format!("{kind}.{}", id.group) };
        let namespace = if id.namespace.is_empty() { CLUSTER } else { &id.namespace };
        self.dir.join(plain(namespace)).join(format!("{}_{}.yaml", plain(&kind), plain(&id.name)))
    }

    /// The object that stands in a file. An error says where, and nothing of the text: it may be a Secret's.
    fn read(path: &Path) -> Result<Option<Value>, String> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("{}: {error}", path.display())),
        };
        serde_saphyr::from_str(&text).map(Some).map_err(|error| {
            let line = error.location().map(|place| format!(":{}", place.line())).unwrap_or_default();
            format!("{}{line}: is no YAML; move that file away", path.display())
        })
    }

    fn apply_one(&self, owner: &Owner, mut object: Value) -> Result<Change, ApplyError> {
        let Some(entry) = Entry::of(&object) else {
            return Err(ApplyError::NotAnObject("a document".to_owned()));
        };
        if tagalong_apply::is_encrypted(&object) {
            return Err(ApplyError::Encrypted(entry.id));
        }
        owner.label(&mut object)?;
        let path = self.path(&entry.id);
        let refused = |error: &dyn std::fmt::Display| {
            ApplyError::Unreachable(format!("{} cannot be written: {error}", entry.id))
        };
        if ObjectId::parse(&entry.id.encode()).as_ref() != Some(&entry.id) {
            return Err(refused(&"a name with _ in it cannot be kept in an inventory"));
        }
        let live = Self::read(&path).map_err(|error| refused(&error))?;
        let action = match &live {
            _ if tagalong_apply::is_skipped(&object, live.as_ref()) => Action::Skipped,
            Some(live) if *live == object => Action::Unchanged,
            Some(live) if Owner::of(live).is_none() => {
                let why = format!("no Kustomization wrote {}; move that file away first", path.display());
                return Err(refused(&why));
            }
            Some(_) => Action::Configured,
            None => Action::Created,
        };
        if matches!(action, Action::Configured | Action::Created) {
            let text = serde_saphyr::to_string(&object).map_err(|error| refused(&error))?;
            write(&path, text.as_bytes()).map_err(|error| refused(&error))?;
        }
        let health = Health { state: State::Current, message: String::new() };
        Ok(Change { entry, action, fields: Vec::new(), health, standing: None })
    }

    fn prune_one(&self, owner: &Owner, entry: &Entry) -> Result<Change, ApplyError> {
        let path = self.path(&entry.id);
        let failed = |why: String| ApplyError::Unreachable(format!("{} cannot be deleted: {why}", entry.id));
        let change = |action, state| {
            let health = Health { state, message: String::new() };
            Change { entry: entry.clone(), action, fields: Vec::new(), health, standing: None }
        };
        let Some(live) = Self::read(&path).map_err(failed)? else {
            return Ok(change(Action::Deleted, State::NotFound));
        };
        if !owner.owns(&live) || tagalong_apply::is_kept(&live) {
            return Ok(change(Action::Skipped, State::Current));
        }
        fs::remove_file(&path).map_err(|error| failed(error.to_string()))?;
        // A namespace that is empty leaves no folder; one that is not stays.
        path.parent().map(fs::remove_dir).transpose().unwrap_or_default();
        Ok(change(Action::Deleted, State::Terminating))
    }

    /// Deletes what was applied for an owner.
    pub(crate) fn clear(&self, owner: &Owner, gone: &[Entry]) -> Outcome {
        let mut outcome = Outcome::default();
        for entry in gone {
            match self.prune_one(owner, entry) {
                Ok(change) => outcome.changes.push(change),
                Err(failure) => outcome.failures.push(failure),
            }
        }
        outcome
    }
}

impl Target for FolderTarget {
    /// A file has no health.
    fn ruled(self, _: Rules) -> Self {
        self
    }

    async fn apply(&self, owner: &Owner, objects: Vec<Value>, _: &Options) -> Outcome {
        let (target, owner) = (self.clone(), owner.clone());
        // Each file is on the disk before the next: that takes long, and others turn on this thread.
        aside(move || {
            let mut outcome = Outcome::default();
            for object in objects {
                match target.apply_one(&owner, object) {
                    Ok(change) => outcome.changes.push(change),
                    Err(failure) => outcome.failures.push(failure),
                }
            }
            outcome
        })
        .await
    }

    async fn prune(&self, owner: &Owner, gone: &[Entry]) -> Outcome {
        let (target, owner, gone) = (self.clone(), owner.clone(), gone.to_vec());
        aside(move || target.clear(&owner, &gone)).await
    }

    fn tells_health(&self) -> bool {
        false
    }

    /// A file has no health.
    async fn healthy(&self, _: &[Entry], _: Duration) -> Result<(), Unhealthy> {
        Ok(())
    }

    async fn gone(&self, _: &[Entry], _: Duration) -> Result<(), Unhealthy> {
        Ok(())
    }

    /// There is but one folder.
    fn way(&self) -> u64 {
        0
    }

    async fn sights(&self, _: &Entry) -> Result<Sights, ApplyError> {
        Err(ApplyError::Unreachable("a folder is not watched".to_owned()))
    }
}

/// Work that holds up its thread.
async fn aside(work: impl FnOnce() -> Outcome + Send + 'static) -> Outcome {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Outcome {
        failures: vec![ApplyError::Unreachable(format!("the folder cannot be written: {error}"))],
        ..Outcome::default()
    })
}

/// A part of a path that is one name, whatever stands in it: objects are somebody's words.
fn plain(text: &str) -> String {
    let mut name = String::new();
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b':' => name.push(char::from(byte)),
            b'.' if at > 0 => name.push('.'),
            other => name.push_str(&format!("%{other:02X}")),
        }
    }
    name
}

/// Puts a file in its place whole, readable by its owner alone: Secrets are among them.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new().prefix(".writing-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
