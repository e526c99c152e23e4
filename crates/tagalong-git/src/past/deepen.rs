//! Bringing more of a branch's past into a shallow mirror (RULES 13).

use crate::{
    error::{ErrorKind, Result},
    id::CommitId,
    mirror::Mirror,
    remote::Remote,
    wire::{Ask, Depth, fetch_pack},
};
use gix::protocol::transport::Service;

/// What became of asking for more history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deepened {
    /// As many commits as were asked for are there, or all there are.
    Done,
    /// There is no more than what is there already.
    Nothing,
    /// The mirror would become larger than allowed.
    TooLarge,
}

impl Mirror {
    /// Fetches history down to `commits` commits below `tip`, [`Mirror::ALL`] for all. A mirror that has grown to
    /// `max_bytes`, or would with this, is left as it is.
    ///
    /// # Errors
    /// Whatever reaching the remote gives.
    pub fn deepen(&self, remote: &Remote, tip: CommitId, commits: usize, max_bytes: u64) -> Result<Deepened> {
        if self.is_local() {
            return Ok(Deepened::Nothing);
        }
        let room = max_bytes.saturating_sub(self.size());
        if room == 0 {
            return Ok(Deepened::TooLarge);
        }
        let mut connection = self.connect(remote, Service::UploadPack)?;
        let repo = self.repo();
        let tip = tip.object_id();
        let ask = Ask { wants: &[tip], haves: &[tip], depth: Depth::Commits(commits), room: Some(room) };
        match fetch_pack(&mut connection, &repo, &ask) {
            Ok(_) => Ok(Deepened::Done),
            Err(error) if error.kind() == ErrorKind::TooLarge => Ok(Deepened::TooLarge),
            Err(error) => Err(error),
        }
    }

    /// All of the history, for [`Mirror::deepen`]: the depth that Git itself takes for infinite.
    pub const ALL: usize = 0x7fff_ffff;
}
