//! Names of blobs and trees. Their own types, so that one is never taken for the other; 20 bytes each, so that an
//! index keyed by them stays small.

use crate::{error::GitError, repository::parse_commit};
use gix::ObjectId;
use std::fmt;

macro_rules! object_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; 20]);

        impl $name {
            /// The 20 bytes of the SHA-1.
            pub const fn as_bytes(&self) -> &[u8; 20] {
                &self.0
            }
        }

        impl From<[u8; 20]> for $name {
            fn from(bytes: [u8; 20]) -> Self {
                Self(bytes)
            }
        }

        impl From<&gix::oid> for $name {
            fn from(id: &gix::oid) -> Self {
                let mut bytes = [0; 20];
                for (to, from) in bytes.iter_mut().zip(id.as_bytes()) {
                    *to = *from;
                }
                Self(bytes)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&ObjectId::from(self.0), f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

object_id!(
    /// The name of a file's content.
    BlobId
);
object_id!(
    /// The name of a commit.
    CommitId
);
object_id!(
    /// The name of a folder's content; equal names mean equal subtrees.
    TreeId
);

impl CommitId {
    pub(crate) fn object_id(self) -> ObjectId {
        ObjectId::from(self.0)
    }
}

impl std::str::FromStr for CommitId {
    type Err = GitError;

    fn from_str(hex: &str) -> Result<Self, GitError> {
        parse_commit(hex).map(|id| Self::from(id.as_ref()))
    }
}

impl BlobId {
    pub(crate) fn object_id(self) -> ObjectId {
        ObjectId::from(self.0)
    }
}
