//! A thousand ImageRepositories and a thousand ImagePolicies made at once; and then the same at rest.

use super::Cluster;
use super::controller::Controller;
use super::ready::until_ready;
use super::server::Requests;
use crate::step::{Job, Step};
use anyhow::{Result, bail};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use kube::api::{Api, Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tagalong_api::{ImagePolicy, ImageRepository};
use tagalong_testkit::fake_registry::Listing;

const OBJECTS: usize = 1000;
const TAGS: usize = 100;
/// Requests of ours at once.
const AT_ONCE: usize = 32;
/// How long rest is watched.
const REST: Duration = Duration::from_mins(1);

pub(crate) struct Many {
    controller: Controller,
    cluster: Cluster,
}

impl Many {
    pub(crate) fn open(binary: &str) -> Result<Self> {
        let cluster = Cluster::open(binary)?;
        cluster.estate.registry.listing(Listing::Generated(TAGS));
        let mut controller = cluster.controller()?;
        controller.until("turning 0 ImageRepositories")?;
        Ok(Self { controller, cluster })
    }

    fn repositories(&self) -> Api<ImageRepository> {
        Api::namespaced(self.cluster.client.clone(), "default")
    }

    fn policies(&self) -> Api<ImagePolicy> {
        Api::namespaced(self.cluster.client.clone(), "default")
    }

    /// Makes all of them, as many at a time as a person's `kubectl apply` never would.
    fn make(&self) -> Result<()> {
        let (repositories, policies) = (self.repositories(), self.policies());
        let registry = &self.cluster.estate.registry;
        let objects = (0..OBJECTS).map(|number| {
            let name = format!("image{number:04}");
            let image = registry.image(&format!("acme/{name}"));
            let repository = json!({
                "apiVersion": "image.toolkit.fluxcd.io/v1", "kind": "ImageRepository",
                "metadata": {"name": name}, "spec": {"image": image, "interval": "1h"},
            });
            let policy = json!({
                "apiVersion": "image.toolkit.fluxcd.io/v1", "kind": "ImagePolicy", "metadata": {"name": name},
                "spec": {"imageRepositoryRef": {"name": name}, "policy": {"semver": {"range": ">=1.0.0"}}},
            });
            (repository, policy)
        });
        let made = stream::iter(objects).map(|(repository, policy)| {
            let (repositories, policies) = (&repositories, &policies);
            async move {
                let params = PostParams::default();
                repositories.create(&params, &serde_json::from_value(repository)?).await?;
                policies.create(&params, &serde_json::from_value(policy)?).await?;
                anyhow::Ok(())
            }
        });
        self.cluster.runtime.block_on(made.buffer_unordered(AT_ONCE).try_collect::<Vec<()>>())?;
        Ok(())
    }

    /// Waits until all of them are Ready.
    fn until_ready(&self) -> Result<()> {
        let repositories = until_ready(self.repositories(), OBJECTS, |object| {
            object.status.as_ref().map(|status| status.conditions.as_slice())
        });
        let policies = until_ready(self.policies(), OBJECTS, |object| {
            object.status.as_ref().map(|status| status.conditions.as_slice())
        });
        self.cluster.runtime.block_on(async { tokio::try_join!(repositories, policies) })?;
        Ok(())
    }

    fn create(&self) -> Result<Step> {
        let methods = ["POST", "PATCH", "PUT"];
        let (server, own) = (self.cluster.requests()?, self.controller.requests(&methods)?);
        let begin = Instant::now();
        self.make()?;
        let made = begin.elapsed();
        self.until_ready()?;
        let time = begin.elapsed();
        // The last events may still be on their way.
        self.controller.settle()?;
        let Requests { writes, .. } = self.cluster.requests()? - server;
        let work = vec![
            ("writes", writes - 2 * OBJECTS as u64),
            ("writes by its own count", self.controller.requests(&methods)? - own),
            ("ms for making them", made.as_millis() as u64),
        ];
        Ok(Step { time, work })
    }

    /// A minute in which nothing happens.
    fn rest(&self) -> Result<Step> {
        let (server, processor) = (self.cluster.requests()?, self.processor()?);
        let own = self.controller.requests(&["GET", "POST", "PATCH", "PUT"])?;
        sleep(REST);
        let Requests { writes, reads } = self.cluster.requests()? - server;
        let own = self.controller.requests(&["GET", "POST", "PATCH", "PUT"])? - own;
        let work = vec![
            ("API requests", writes + reads),
            ("by its own count, watches included", own),
            ("KiB resident", self.controller.memory("VmRSS")?),
        ];
        Ok(Step { time: self.processor()? - processor, work })
    }

    /// Scans every minute from now on.
    fn hurry(&self) -> Result<Step> {
        let begin = Instant::now();
        let (api, spec) = (self.repositories(), json!({"spec": {"interval": "1m"}}));
        let names = (0..OBJECTS).map(|number| format!("image{number:04}"));
        let patched = stream::iter(names).map(|name| {
            let (api, spec) = (&api, &spec);
            async move { api.patch(&name, &PatchParams::default(), &Patch::Merge(spec)).await }
        });
        self.cluster.runtime.block_on(patched.buffer_unordered(AT_ONCE).try_collect::<Vec<_>>())?;
        // The first scans are close together; what counts is the minute after.
        sleep(REST);
        Ok(Step::new(begin.elapsed()))
    }

    /// Processor time used so far.
    fn processor(&self) -> Result<Duration> {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.controller.id()))?;
        // The name, in brackets, may hold spaces.
        let rest = text.rsplit_once(')').map_or("", |(_, rest)| rest);
        let field = |number: usize| rest.split_whitespace().nth(number)?.parse::<u64>().ok();
        let ticks = field(11).unwrap_or_default() + field(12).unwrap_or_default();
        Ok(Duration::from_millis(ticks * 10))
    }
}

impl Job for Many {
    fn facts(&self) -> Value {
        json!({})
    }

    fn step(&mut self, word: &str) -> Result<Step> {
        match word {
            "create" => self.create(),
            "rest" => self.rest(),
            "hurry" => self.hurry(),
            _ => bail!("many cannot {word}"),
        }
    }
}
