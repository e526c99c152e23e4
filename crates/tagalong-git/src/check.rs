//! Whether a push would be let in, without pushing: the server's own answer to the question that every push begins
//! with. For `tagalong check`.

use crate::{
    error::{ErrorKind, GitError, Result},
    mirror::Mirror,
    remote::Remote,
    url::Place,
    wire::finish,
};
use gix::protocol::transport::Service;

impl Mirror {
    /// Asks the remote for its receiving end with these credentials, and hangs up. Hooks and protected branches
    /// show only when something is pushed.
    ///
    /// # Errors
    /// `Auth` where writing is not allowed, and whatever reaching the remote gives.
    pub fn may_push(&self, remote: &Remote) -> Result<()> {
        if let Place::Local(path) = remote.url.place() {
            let metadata = std::fs::metadata(path)
                .map_err(|error| GitError::disk("cannot look at the repository", &error))?;
            if metadata.permissions().readonly() {
                return Err(GitError::new(ErrorKind::Auth, "the repository's folder is read-only"));
            }
            return Ok(());
        }
        let mut connection = self.connect(remote, Service::ReceivePack)?;
        finish(&mut connection);
        Ok(())
    }
}
