//! The way to one cluster as one identity. Made once per cluster and identity, and cheap to clone.

use std::sync::atomic::{AtomicU64, Ordering};

use kube::api::{DeleteParams, GetParams, Patch, PatchParams, PostParams, Preconditions, PropagationPolicy};
use kube::{Client, Config};
use serde_json::Value;

use crate::error::{self, ApplyError};
use crate::id::ObjectId;
use crate::kinds::{Kinds, Served};
use crate::object::{is_leaving, text};
use crate::rules::Rules;

/// The field manager that Flux's kustomize-controller writes as.
pub(crate) const MANAGER: &str = "kustomize-controller";

/// How many ways were made.
static WAYS: AtomicU64 = AtomicU64::new(0);

/// A cluster and who asks.
#[derive(Clone)]
pub struct Cluster {
    pub(crate) client: Client,
    pub(crate) kinds: Kinds,
    way: u64,
    pub(crate) rules: Rules,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster").finish_non_exhaustive()
    }
}

impl Cluster {
    /// The cluster of a configuration, as whom that says.
    ///
    /// # Errors
    /// When no client can be made of it.
    pub fn new(config: Config) -> Result<Self, ApplyError> {
        let client =
            Client::try_from(config).map_err(|failure| ApplyError::Access(error::unreachable(&failure)))?;
        Ok(Self::of(client))
    }

    /// The cluster of a client, as whom that asks.
    pub fn of(client: Client) -> Self {
        Self {
            client,
            kinds: Kinds::default(),
            way: WAYS.fetch_add(1, Ordering::Relaxed),
            rules: Rules::default(),
        }
    }

    /// Tells ways apart: clones of one have the same number, and no other has it.
    pub fn way(&self) -> u64 {
        self.way
    }

    /// The same for objects that these rules hold for.
    #[must_use]
    pub fn ruled(self, rules: Rules) -> Self {
        Self { rules, ..self }
    }

    /// An object's kind, its namespace checked.
    pub(crate) async fn find(&self, id: &ObjectId, version: &str) -> Result<Served, ApplyError> {
        let served = self.kinds.find(&self.client, id, version).await?;
        if served.namespaced && id.namespace.is_empty() {
            return Err(ApplyError::NoNamespace(id.clone()));
        }
        Ok(served)
    }

    /// The object as it stands; `None` where there is none.
    pub(crate) async fn get(&self, served: &Served, id: &ObjectId) -> Result<Option<Value>, ApplyError> {
        match self.request(served, id).await {
            Ok(object) => Ok(Some(object)),
            Err(failure) if error::code(&failure) == 404 => Ok(None),
            Err(failure) => Err(ApplyError::of(id, "query", &failure)),
        }
    }

    /// The object as it stands, or why there is none.
    pub(crate) async fn request(&self, served: &Served, id: &ObjectId) -> kube::Result<Value> {
        let request = served.request(id).get(&id.name, &GetParams::default());
        self.client.request(request.map_err(kube::Error::BuildRequest)?).await
    }

    /// Server-side apply; conflicts are won.
    pub(crate) async fn patch(
        &self,
        served: &Served,
        id: &ObjectId,
        object: &Value,
        dry_run: bool,
    ) -> kube::Result<Value> {
        let params = PatchParams { dry_run, force: true, ..PatchParams::apply(MANAGER) };
        let request = served.request(id).patch(&id.name, &params, &Patch::Apply(object));
        self.client.request(request.map_err(kube::Error::BuildRequest)?).await
    }

    /// A merge patch of metadata; a `resourceVersion` in it has to be the one that stands.
    pub(crate) async fn edit(&self, served: &Served, id: &ObjectId, patch: &Value) -> kube::Result<Value> {
        let params = PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
        let request = served.request(id).patch(&id.name, &params, &Patch::Merge(patch));
        self.client.request(request.map_err(kube::Error::BuildRequest)?).await
    }

    /// Whether an object could be made, without making it.
    pub(crate) async fn rehearse(
        &self,
        served: &Served,
        id: &ObjectId,
        object: &Value,
    ) -> kube::Result<Value> {
        let params = PostParams { dry_run: true, field_manager: Some(MANAGER.to_owned()) };
        let body = serde_json::to_vec(object).map_err(kube::Error::SerdeError)?;
        let request = served.request(id).create(&params, body);
        self.client.request(request.map_err(kube::Error::BuildRequest)?).await
    }

    /// Deletes exactly the object that was looked at, its dependents in the background. One that is gone is fine.
    pub(crate) async fn delete(
        &self,
        served: &Served,
        id: &ObjectId,
        live: &Value,
    ) -> Result<(), ApplyError> {
        match self.delete_as(served, id, live, None).await {
            Err(failure) if error::code(&failure) != 404 => Err(ApplyError::of(id, "delete", &failure)),
            _ => Ok(()),
        }
    }

    /// The same, and only while nobody has written it since. Whether it is still there, held by its finalizers or to
    /// end in peace.
    pub(crate) async fn delete_unchanged(
        &self,
        served: &Served,
        id: &ObjectId,
        live: &Value,
    ) -> kube::Result<bool> {
        let version = text(live, "/metadata/resourceVersion").to_owned();
        match self.delete_as(served, id, live, Some(version)).await {
            Ok(answer) => Ok(is_leaving(&answer)),
            Err(failure) if error::code(&failure) == 404 => Ok(false),
            Err(failure) => Err(failure),
        }
    }

    async fn delete_as(
        &self,
        served: &Served,
        id: &ObjectId,
        live: &Value,
        version: Option<String>,
    ) -> kube::Result<Value> {
        let given = |text: &String| !text.is_empty();
        let uid = Some(text(live, "/metadata/uid").to_owned()).filter(given);
        let params = DeleteParams {
            propagation_policy: Some(PropagationPolicy::Background),
            preconditions: Some(Preconditions { uid, resource_version: version.filter(given) }),
            ..DeleteParams::default()
        };
        let request = served.request(id).delete(&id.name, &params);
        self.client.request(request.map_err(kube::Error::BuildRequest)?).await
    }
}
