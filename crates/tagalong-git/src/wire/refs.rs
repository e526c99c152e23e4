//! Asking a server where its refs point: only those asked for, without any object.

use super::{AGENT, Connection};
use crate::error::{ErrorKind, GitError, Result};
use gix::{
    ObjectId,
    bstr::BString,
    protocol::{LsRefsCommand, handshake::Ref, ls_refs::RefPrefixes},
};
use std::collections::BTreeMap;

/// Refs by full name.
#[derive(Debug, Default, Clone)]
pub(crate) struct RemoteRefs(BTreeMap<String, Target>);

#[derive(Debug, Clone, Copy)]
struct Target {
    /// What the ref itself names: a commit, or an annotated tag.
    direct: ObjectId,
    /// What is found behind an annotated tag.
    peeled: ObjectId,
}

impl RemoteRefs {
    pub(crate) fn insert(&mut self, name: String, direct: ObjectId, peeled: ObjectId) {
        self.0.insert(name, Target { direct, peeled });
    }

    /// The commit a ref leads to.
    pub(crate) fn commit(&self, name: &str) -> Option<ObjectId> {
        self.0.get(name).map(|target| target.peeled)
    }

    /// The ref's own value, which a push has to name as the old one.
    pub(crate) fn value(&self, name: &str) -> Option<ObjectId> {
        self.0.get(name).map(|target| target.direct)
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn add(&mut self, found: Ref) {
        let (name, direct, peeled) = match found {
            Ref::Peeled { full_ref_name, tag, object } => (full_ref_name, tag, object),
            Ref::Direct { full_ref_name, object } => (full_ref_name, object, object),
            Ref::Symbolic { full_ref_name, tag, object, .. } => {
                (full_ref_name, tag.unwrap_or(object), object)
            }
            Ref::Unborn { .. } => return,
        };
        // A ref whose name is no text cannot have been asked for.
        if let Ok(name) = String::from_utf8(name.into()) {
            self.insert(name, direct, peeled);
        }
    }
}

impl Connection {
    /// The refs that begin with one of `prefixes`. One request over protocol 2; none over the older ones, whose
    /// handshake brings all refs.
    pub(crate) fn refs(&mut self, prefixes: &[&str]) -> Result<RemoteRefs> {
        let mut refs = RemoteRefs::default();
        if let Some(all) = &self.handshake.refs {
            for found in all {
                refs.add(found.clone());
            }
            refs.0.retain(|name, _| prefixes.iter().any(|prefix| name.starts_with(prefix)));
            return Ok(refs);
        }
        let mut wanted = RefPrefixes::new();
        wanted.extend(prefixes.iter().map(|prefix| BString::from(*prefix)));
        let listed =
            LsRefsCommand::new(Some(wanted), &self.handshake.capabilities, ("agent", Some(AGENT.into())))
                .invoke_blocking(&mut self.transport, &mut gix::progress::Discard, false);
        for found in listed.map_err(|error| self.operation.explain(&error))? {
            refs.add(found);
        }
        if refs.0.len() > 1_000_000 {
            return Err(GitError::new(ErrorKind::Protocol, "the server lists more than a million refs"));
        }
        Ok(refs)
    }
}
