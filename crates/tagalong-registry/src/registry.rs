//! The door: one [`Registry`] per process, asked by the engine and by `tagalong check`.

use crate::{
    Access, Error, ErrorKind, Manifest, Meters, Options, Reference, TagList,
    attempt::Line,
    auth::{Authenticator, TokenCache},
    client::{self, Pool},
    endpoint,
    host::Hosts,
    list, manifest,
    session::Session,
    share::{Deadline, Shares},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::AtomicU32},
    time::Instant,
};
use tagalong_model::{Digest, ImageName, Platform, Tag};

/// Asks registries, and keeps what helps to ask them less: connections, tokens, budgets, scans under way.
/// Cloning is cheap and shares all of it.
#[derive(Clone)]
pub struct Registry(Arc<Inner>);

struct Inner {
    options: Options,
    pool: Pool,
    tokens: TokenCache,
    hosts: Hosts,
    shares: Shares,
}

impl Registry {
    /// A registry client with these manners. Installs rustls' ring provider if the process has none yet.
    ///
    /// # Errors
    /// `InvalidAccess` when the service-wide certificates cannot be used.
    pub fn new(options: Options) -> Result<Self, Error> {
        // Fails only when a provider is there already, which is as good.
        _ = rustls::crypto::ring::default_provider().install_default();
        client::check(&options)?;
        let inner = Inner {
            options,
            pool: Pool::default(),
            tokens: TokenCache::default(),
            hosts: Hosts::default(),
            shares: Shares::default(),
        };
        Ok(Self(Arc::new(inner)))
    }

    /// What is counted of the requests to registries and token services.
    pub fn meters(&self) -> &Meters {
        self.0.hosts.meters()
    }

    /// All tags of the image. Calls for one image with one access at the same time share one scan.
    ///
    /// # Errors
    /// Any [`ErrorKind`]; never a part of a listing.
    pub async fn list_tags(
        &self,
        image: &ImageName,
        access: &Access,
        deadline: Instant,
    ) -> Result<TagList, Error> {
        let key = (image.canonical(), access.fingerprint());
        let scan = self.0.shares.join(key, deadline, |deadline| {
            let (this, image, access) = (self.clone(), image.clone(), access.clone());
            Box::pin(async move {
                let session = this.open(&image, &access, &deadline).await?;
                list::list(&session).await.map(Arc::new)
            })
        });
        let list = within(deadline, image, scan).await?;
        Ok(Arc::try_unwrap(list).unwrap_or_else(|shared| (*shared).clone()))
    }

    /// The digest the tag points to.
    ///
    /// # Errors
    /// `NotFound` when the tag is not there, else any [`ErrorKind`].
    pub async fn digest(
        &self,
        image: &ImageName,
        tag: &Tag,
        access: &Access,
        deadline: Instant,
    ) -> Result<Digest, Error> {
        let held = Deadline::new(deadline);
        let work = async { manifest::digest(&self.open(image, access, &held).await?, tag).await };
        within(deadline, image, work).await
    }

    /// Whether the tag is there (RULES 5): one HEAD.
    ///
    /// # Errors
    /// Any [`ErrorKind`] but `NotFound`.
    pub async fn exists(
        &self,
        image: &ImageName,
        tag: &Tag,
        access: &Access,
        deadline: Instant,
    ) -> Result<bool, Error> {
        let held = Deadline::new(deadline);
        let work = async { manifest::exists(&self.open(image, access, &held).await?, tag).await };
        within(deadline, image, work).await
    }

    /// The manifest or index behind a tag or digest.
    ///
    /// # Errors
    /// `NotFound` when it is not there, else any [`ErrorKind`].
    pub async fn manifest(
        &self,
        image: &ImageName,
        reference: Reference<'_>,
        access: &Access,
        deadline: Instant,
    ) -> Result<Manifest, Error> {
        let held = Deadline::new(deadline);
        let work = async { manifest::manifest(&self.open(image, access, &held).await?, reference).await };
        within(deadline, image, work).await
    }

    /// What the image behind a tag or digest runs on; a single image's config is read for it.
    ///
    /// # Errors
    /// `NotFound` when it is not there, else any [`ErrorKind`].
    pub async fn platforms(
        &self,
        image: &ImageName,
        reference: Reference<'_>,
        access: &Access,
        deadline: Instant,
    ) -> Result<Vec<Platform>, Error> {
        let held = Deadline::new(deadline);
        let work = async { manifest::platforms(&self.open(image, access, &held).await?, reference).await };
        within(deadline, image, work).await
    }

    /// What the publisher says of the image behind a tag or digest: the `org.opencontainers.image.*` annotations of index
    /// and manifest over the labels of the config. Of an index its first image is read.
    ///
    /// # Errors
    /// `NotFound` when it is not there, else any [`ErrorKind`].
    pub async fn labels(
        &self,
        image: &ImageName,
        reference: Reference<'_>,
        access: &Access,
        deadline: Instant,
    ) -> Result<BTreeMap<String, String>, Error> {
        let held = Deadline::new(deadline);
        let work = async { manifest::labels(&self.open(image, access, &held).await?, reference).await };
        within(deadline, image, work).await
    }

    /// Whether the registry can be reached and lets this access list the image: one page of one tag.
    ///
    /// # Errors
    /// Any [`ErrorKind`].
    pub async fn check(&self, image: &ImageName, access: &Access, deadline: Instant) -> Result<(), Error> {
        let held = Deadline::new(deadline);
        let work = async { list::check(&self.open(image, access, &held).await?).await };
        within(deadline, image, work).await
    }

    /// A session that has its place at the host; the place is given back with it.
    async fn open<'a>(
        &'a self,
        image: &'a ImageName,
        access: &'a Access,
        deadline: &'a Deadline,
    ) -> Result<Session<'a>, Error> {
        let inner = &*self.0;
        let base = endpoint::base(image.registry()).map_err(|name| no_host(&name))?;
        let clients = inner.pool.get(&inner.options, access, &base)?;
        let host = inner.hosts.get(image.registry(), &inner.options);
        let place = host.enter().await?;
        let line = Line {
            options: &inner.options,
            host,
            clients: clients.clone(),
            deadline,
            subject: image.canonical(),
            may_fall_back: endpoint::allows_plain(&base, access),
        };
        let authenticator = Authenticator { cache: &inner.tokens, hosts: &inner.hosts, clients, deadline };
        Ok(Session { image, access, base, line, authenticator, requests: AtomicU32::new(0), _place: place })
    }
}

fn no_host(name: &str) -> Error {
    Error::new(ErrorKind::InvalidAccess, name, "this is no registry's host name")
}

/// The result, if it is there in time.
async fn within<T>(
    deadline: Instant,
    image: &ImageName,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    match tokio::time::timeout_at(deadline.into(), work).await {
        Ok(result) => result,
        Err(_) => {
            Err(Error::new(ErrorKind::Timeout, image.canonical(), "no whole answer before the timeout"))
        }
    }
}
