//! The files of an artifact, for those who build from it. The last one read is kept, so that many Kustomizations of one
//! repository read it once.

use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};
use tagalong_api::Artifact;
use tagalong_kustomize::Tree;
use tagalong_model::Digest;
use tagalong_store::{ArtifactPath, Artifacts};

/// How many bytes the files of one artifact may have together.
const LIMIT: u64 = 512 << 20;
/// A larger one is not kept.
const KEPT: u64 = 16 << 20;

/// What was read last: path and digest, and the files.
#[derive(Debug, Default)]
pub(super) struct Trees(Mutex<Option<(String, Arc<Tree>)>>);

impl Trees {
    /// The files of an artifact. Blocks.
    ///
    /// # Errors
    /// Why they cannot be had: it is not there, or not what its digest says.
    pub(super) fn read(&self, archives: &Artifacts, artifact: &Artifact) -> Result<Arc<Tree>, String> {
        let digest = artifact.digest.as_deref().unwrap_or_default();
        let name = format!("{} {digest}", artifact.path);
        // Held while reading: whoever wants the same files meanwhile waits for them.
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((kept, tree)) = &*last
            && *kept == name
        {
            return Ok(Arc::clone(tree));
        }
        let path: ArtifactPath =
            artifact.path.parse().map_err(|_| format!("{} is no path of an artifact", artifact.path))?;
        let mut bytes = Vec::new();
        let read = archives.read(&path).and_then(|mut file| file.read_to_end(&mut bytes));
        read.map_err(|error| format!("the artifact {path} cannot be read: {error}"))?;
        if Digest::sha256(&bytes).to_string() != digest {
            return Err(format!("the artifact {path} is not what its digest says"));
        }
        let (mut tree, mut size) = (Tree::new(), 0);
        tagalong_git::unpack(&bytes, LIMIT, |path, bytes| {
            size += bytes.len() as u64;
            tree.insert(path, bytes);
        })
        .map_err(|error| error.to_string())?;
        let tree = Arc::new(tree);
        *last = (size <= KEPT).then(|| (name, Arc::clone(&tree)));
        Ok(tree)
    }
}
