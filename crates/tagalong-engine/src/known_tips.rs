//! Which tip each automation last knew of the branch that it reads. A force-push leaves no trace in Git, so only who
//! remembers can say that history was rewritten (RULES 12): each automation for itself, once its turn has come to an
//! end. Read by the automation's `round`, written by its `report`.
//!
//! ```text
//! STATE/mirrors/known-tips/<sha256 of namespace/name>
//!     https://git.example.com/fleet
//!     refs/heads/main
//!     97e57d0c…
//! ```

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use tagalong_model::{Digest, ObjectKey};

const FOLDER: &str = "known-tips";

/// The tip of a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KnownTip {
    /// The lock key of the remote.
    pub(crate) remote: String,
    /// The whole name of the ref.
    pub(crate) refname: String,
    /// The commit, 40 hex digits.
    pub(crate) commit: String,
}

/// The tips that automations know, one file for each. What cannot be read is not known.
#[derive(Debug, Clone)]
pub(crate) struct KnownTips {
    dir: PathBuf,
}

impl KnownTips {
    /// Those below the folder of mirrors.
    pub(crate) fn below(mirrors: &Path) -> Self {
        Self { dir: mirrors.join(FOLDER) }
    }

    /// What an automation knew of a ref of a remote.
    pub(crate) fn of(&self, automation: &ObjectKey, remote: &str, refname: &str) -> Option<String> {
        let known = self.read(automation)?;
        (known.remote == remote && known.refname == refname).then_some(known.commit)
    }

    /// Notes what an automation knows now.
    pub(crate) fn note(&self, automation: &ObjectKey, tip: &KnownTip) {
        if self.read(automation).as_ref() == Some(tip) {
            return;
        }
        if let Err(error) = self.write(automation, tip) {
            tracing::warn!(%error, %automation, "the branch's tip was not noted; a force-push may be told twice");
        }
    }

    fn read(&self, automation: &ObjectKey) -> Option<KnownTip> {
        let text = fs::read_to_string(self.path(automation)).ok()?;
        let mut lines = text.lines().map(ToOwned::to_owned);
        Some(KnownTip { remote: lines.next()?, refname: lines.next()?, commit: lines.next()? })
    }

    fn write(&self, automation: &ObjectKey, tip: &KnownTip) -> io::Result<()> {
        fs::create_dir_all(&self.dir)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.dir)?;
        write!(file, "{}\n{}\n{}\n", tip.remote, tip.refname, tip.commit)?;
        file.persist(self.path(automation)).map_err(|error| error.error)?;
        Ok(())
    }

    fn path(&self, automation: &ObjectKey) -> PathBuf {
        let digest = Digest::sha256(automation.to_string().as_bytes()).to_string();
        self.dir.join(digest.trim_start_matches("sha256:"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_automation_knows_its_own_tip_of_one_ref_of_one_remote() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (ObjectKey::new("apps", "one"), ObjectKey::new("apps", "other"));
        let tip = |commit: &str| KnownTip {
            remote: "host/fleet".to_owned(),
            refname: "refs/heads/main".to_owned(),
            commit: commit.to_owned(),
        };
        let tips = KnownTips::below(folder.path());
        assert_eq!(tips.of(&one, "host/fleet", "refs/heads/main"), None);
        tips.note(&one, &tip("1"));
        tips.note(&other, &tip("2"));
        tips.note(&one, &tip("3"));
        // As after a restart.
        let tips = KnownTips::below(folder.path());
        assert_eq!(tips.of(&one, "host/fleet", "refs/heads/main").as_deref(), Some("3"));
        assert_eq!(tips.of(&other, "host/fleet", "refs/heads/main").as_deref(), Some("2"));
        assert_eq!(tips.of(&one, "host/fleet", "refs/heads/dev"), None);
        assert_eq!(tips.of(&one, "host/other", "refs/heads/main"), None);
    }
}
