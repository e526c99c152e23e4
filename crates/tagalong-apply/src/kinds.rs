//! Which kinds the cluster serves and where: asked once per group and version, and again when a kind is missing.
//! Used by every request.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use kube::core::{ApiResource, DynamicObject, GroupVersion, Request};
use kube::discovery::{ApiCapabilities, Scope, group, pinned_group};
use kube::{Client, Resource};

use crate::error::{self, ApplyError};
use crate::id::ObjectId;
use crate::object::split_version;

/// One kind as a cluster serves it.
#[derive(Clone, Debug)]
pub(crate) struct Served {
    pub(crate) resource: ApiResource,
    pub(crate) namespaced: bool,
}

impl Served {
    /// The requests for an object of this kind.
    pub(crate) fn request(&self, id: &ObjectId) -> Request {
        let namespace = self.namespaced.then_some(id.namespace.as_str());
        Request::new(DynamicObject::url_path(&self.resource, namespace))
    }
}

/// The kinds by `apiVersion`; shared by all who talk to one cluster.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kinds {
    known: Arc<Mutex<HashMap<String, Arc<[Served]>>>>,
    /// Many objects of a kind that is not known yet ask once.
    asking: Arc<tokio::sync::Mutex<()>>,
}

impl Kinds {
    /// Forgets a group, after one of its definitions was written.
    pub(crate) fn forget(&self, group: &str) {
        self.lock().retain(|version, _| split_version(version).0 != group);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<[Served]>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self, version: &str, kind: &str) -> Option<Served> {
        self.lock().get(version).and_then(|kinds| pick(kinds, kind))
    }

    /// Where the objects of a kind are.
    pub(crate) async fn find(
        &self,
        client: &Client,
        id: &ObjectId,
        version: &str,
    ) -> Result<Served, ApplyError> {
        if let Some(served) = self.known(version, &id.kind) {
            return Ok(served);
        }
        let _turn = self.asking.lock().await;
        if let Some(served) = self.known(version, &id.kind) {
            return Ok(served);
        }
        let kinds: Arc<[Served]> = ask(client, id, version).await?.into();
        self.lock().insert(version.to_owned(), Arc::clone(&kinds));
        pick(&kinds, &id.kind)
            .ok_or_else(|| ApplyError::NoSuchKind { id: id.clone(), version: version.to_owned() })
    }

    /// The same where the version is no longer served: as the group prefers it. `None` where the kind is gone.
    pub(crate) async fn find_any(
        &self,
        client: &Client,
        id: &ObjectId,
        version: &str,
    ) -> Result<Option<Served>, ApplyError> {
        match self.find(client, id, version).await {
            Ok(served) => return Ok(Some(served)),
            Err(ApplyError::NoSuchKind { .. }) => {}
            Err(failure) => return Err(failure),
        }
        match group(client, &id.group).await {
            Ok(found) => Ok(found.recommended_kind(&id.kind).map(served)),
            Err(kube::Error::Discovery(_)) => Ok(None),
            Err(failure) if error::code(&failure) == 404 => Ok(None),
            Err(failure) => Err(ApplyError::of(id, "discovery", &failure)),
        }
    }
}

fn pick(kinds: &[Served], kind: &str) -> Option<Served> {
    kinds.iter().find(|served| served.resource.kind == kind).cloned()
}

/// What a cluster serves under one `apiVersion`: nothing where it does not know the version.
async fn ask(client: &Client, id: &ObjectId, version: &str) -> Result<Vec<Served>, ApplyError> {
    let (group, short) = split_version(version);
    match pinned_group(client, &GroupVersion::gv(group, short)).await {
        Ok(found) => Ok(found.versioned_resources(short).into_iter().map(served).collect()),
        Err(kube::Error::Discovery(_)) => Ok(Vec::new()),
        Err(failure) if error::code(&failure) == 404 => Ok(Vec::new()),
        Err(failure) => Err(ApplyError::of(id, "discovery", &failure)),
    }
}

fn served((resource, capabilities): (ApiResource, ApiCapabilities)) -> Served {
    Served { resource, namespaced: matches!(capabilities.scope, Scope::Namespaced) }
}
