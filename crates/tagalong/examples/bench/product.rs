//! The product in this process: wired as `run` wires it, its turns called one by one.

use crate::estate::Estate;
use anyhow::{Context as _, Result, bail};
use kube::runtime::reflector::ObjectRef;
use std::path::Path;
use std::sync::Arc;
use tagalong_engine::Mirrors;
use tagalong_engine::automation::TurnReport;
use tagalong_engine::wheel::{WakeQueues, Wakers};
use tagalong_engine::{Context, Desk as _, Listings, Settings, automation, policy, repository};
use tagalong_files::{FilesDesk, SecretRules, load};
use tagalong_git::Stats;
use tagalong_registry::{Options, Registry};
use tagalong_store::Store;

pub(crate) struct Product {
    pub(crate) runtime: Arc<tokio::runtime::Runtime>,
    pub(crate) context: Arc<Context<FilesDesk>>,
    pub(crate) desk: FilesDesk,
    pub(crate) wakers: Wakers,
    pub(crate) wakes: Option<WakeQueues>,
}

impl Product {
    /// Loads the estate's objects, with this folder of state.
    pub(crate) fn open(estate: &Estate, state: &Path, dry_run: bool) -> Result<Self> {
        let runtime = Arc::new(tokio::runtime::Builder::new_multi_thread().enable_all().build()?);
        let (wakers, wakes) = Wakers::new();
        let loaded = load(&[estate.objects()])?;
        let rules = SecretRules { allow_env: Vec::new(), secrets_dir: None, root: estate.objects() };
        let desk = FilesDesk::new(loaded, rules, None, None, wakers.clone());
        let (store, _) = Store::open(&state.join("lists"))?;
        // A bench makes more scans in a second than a day of real intervals does.
        let options = Options { burst: 1_000_000, ..Options::default() };
        let context = Context::new(
            desk.clone(),
            Registry::new(options)?,
            Listings::writing(store),
            Mirrors::new(state.join("mirrors")),
            Settings { dry_run, ..Settings::default() },
        );
        Ok(Self { runtime, context: Arc::new(context), desk, wakers, wakes: Some(wakes) })
    }

    /// A turn of the ImageRepository of this name.
    pub(crate) fn scan(&self, name: &str) -> Result<()> {
        let reference = ObjectRef::new(name).within("default");
        let object = self.context.desk.kinds().repositories.get(&reference);
        let object = object.context("no such ImageRepository")?;
        self.runtime.block_on(repository::reconcile(object, Arc::clone(&self.context)))?;
        Ok(())
    }

    /// A turn of the ImageRepository and of the ImagePolicy of this name.
    pub(crate) fn select(&self, name: &str) -> Result<()> {
        self.scan(name)?;
        let reference = ObjectRef::new(name).within("default");
        let object = self.context.desk.kinds().policies.get(&reference).context("no such ImagePolicy")?;
        self.runtime.block_on(policy::reconcile(object, Arc::clone(&self.context)))?;
        Ok(())
    }

    /// A turn of the automation.
    pub(crate) fn automate(&self) -> Result<Arc<TurnReport>> {
        let reference = ObjectRef::new("fleet").within("default");
        let object = self.context.desk.kinds().automations.get(&reference).context("no automation")?;
        self.runtime.block_on(automation::reconcile(object, Arc::clone(&self.context)))?;
        match self.desk.record().turns().first() {
            Some(turn) => Ok(Arc::clone(turn)),
            None => bail!("the automation did not get as far as a plan"),
        }
    }

    /// The work of all mirrors so far.
    pub(crate) fn stats(&self) -> Stats {
        self.runtime.block_on(self.context.mirrors.stats())
    }
}
