//! Turns the reconcilers: kube's own applier (queue, one turn per object at a time, requeue, back-off), fed from
//! the desk's stores. Called by the binary, with `once` for `--once`, `plan` and CI, with `forever` for `run`.
//!
//! ```text
//! repositories ──listing moved──▶ policies ──selection moved──▶ automations ──pushed──▶ sources
//! ```
//! The arrows never run back, so `once` is phases, one kind after the other, and `forever` holds the policies' first
//! turn until the repositories had theirs, and the automations' until both had: what changed while nobody looked
//! becomes one commit, not several.

use crate::contain::contain;
use crate::context::Context;
use crate::desk::{Desk, DeskError};
use crate::retries::delay;
use crate::wake::key_of;
use crate::{automation, kustomization, policy, repository, source};
use futures::future::BoxFuture;
use futures::{Stream, StreamExt, stream};
use kube::Resource;
use kube::runtime::controller::{Action, Config, Error as WheelError, applier};
use kube::runtime::reflector::{ObjectRef, Store};
use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tagalong_api::condition::{self, READY};
use tagalong_api::{Kustomization, Reason};
use tagalong_model::ObjectKey;
use tokio::sync::{mpsc, watch};

/// Tries of a failing object in `once` (RULES 22).
const TRIES: u32 = 3;
/// Time within which those tries are made (RULES 22).
const TRY_WINDOW: Duration = Duration::from_secs(20);
/// How long the first turns of policies and automations wait for slow registries.
const FIRST_TURNS: Duration = Duration::from_secs(5);
/// Wakes of one automation within this time become one turn: policies that move together become one commit.
const DEBOUNCE: Duration = Duration::from_millis(10);
/// A listing and a decision wait for nothing.
const AT_ONCE: Duration = Duration::ZERO;

/// A turn that failed because of the world, not because of the object: it is tried again.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failed {
    /// What went wrong, as in the condition.
    pub message: String,
}

impl From<DeskError> for Failed {
    fn from(error: DeskError) -> Self {
        Self { message: error.to_string() }
    }
}

/// Asks for turns; held by the desk, which knows when something changed.
#[derive(Debug, Clone)]
pub struct Wakers {
    repositories: mpsc::UnboundedSender<ObjectKey>,
    policies: mpsc::UnboundedSender<ObjectKey>,
    automations: mpsc::UnboundedSender<ObjectKey>,
    sources: mpsc::UnboundedSender<ObjectKey>,
    kustomizations: mpsc::UnboundedSender<ObjectKey>,
}

/// The other ends of [`Wakers`]; held by the wheel.
#[derive(Debug)]
pub struct WakeQueues {
    repositories: mpsc::UnboundedReceiver<ObjectKey>,
    policies: mpsc::UnboundedReceiver<ObjectKey>,
    automations: mpsc::UnboundedReceiver<ObjectKey>,
    sources: mpsc::UnboundedReceiver<ObjectKey>,
    kustomizations: mpsc::UnboundedReceiver<ObjectKey>,
}

impl Wakers {
    /// A pair: one end for the desk, one for the wheel.
    pub fn new() -> (Self, WakeQueues) {
        let (repositories, repositories_queue) = mpsc::unbounded_channel();
        let (policies, policies_queue) = mpsc::unbounded_channel();
        let (automations, automations_queue) = mpsc::unbounded_channel();
        let (sources, sources_queue) = mpsc::unbounded_channel();
        let (kustomizations, kustomizations_queue) = mpsc::unbounded_channel();
        let queues = WakeQueues {
            repositories: repositories_queue,
            policies: policies_queue,
            automations: automations_queue,
            sources: sources_queue,
            kustomizations: kustomizations_queue,
        };
        (Self { repositories, policies, automations, sources, kustomizations }, queues)
    }

    /// Asks for a turn of each of these ImageRepositories.
    pub fn repositories(&self, keys: impl IntoIterator<Item = ObjectKey>) {
        wake(&self.repositories, keys);
    }

    /// Asks for a turn of each of these ImagePolicies.
    pub fn policies(&self, keys: impl IntoIterator<Item = ObjectKey>) {
        wake(&self.policies, keys);
    }

    /// Asks for a turn of each of these ImageUpdateAutomations.
    pub fn automations(&self, keys: impl IntoIterator<Item = ObjectKey>) {
        wake(&self.automations, keys);
    }

    /// Asks for a turn of each of these GitRepositories; where they are only read, nobody hears.
    pub fn sources(&self, keys: impl IntoIterator<Item = ObjectKey>) {
        wake(&self.sources, keys);
    }

    /// Asks for a turn of each of these Kustomizations; where they are not served, nobody hears.
    pub fn kustomizations(&self, keys: impl IntoIterator<Item = ObjectKey>) {
        wake(&self.kustomizations, keys);
    }
}

fn wake(queue: &mpsc::UnboundedSender<ObjectKey>, keys: impl IntoIterator<Item = ObjectKey>) {
    for key in keys {
        if queue.send(key).is_err() {
            // Nobody turns the wheel any more (`once`, or a shutdown): there is nothing to wake.
            return;
        }
    }
}

type Reconcile<K, D> = fn(Arc<K>, Arc<Context<D>>) -> BoxFuture<'static, Result<Action, Failed>>;

/// Settles every object once: repositories, then policies, then automations, then what is built from their commits. When `stop` resolves, what was begun
/// is finished and nothing more is.
pub async fn once<D: Desk>(context: Arc<Context<D>>, stop: impl Future<Output = ()>) {
    let (stopper, stopped) = watch::channel(false);
    let kinds = context.desk.kinds().clone();
    let work = async {
        settle(&context, kinds.repositories, stopped.clone(), repository::reconcile).await;
        settle(&context, kinds.policies, stopped.clone(), policy::reconcile).await;
        settle(&context, kinds.automations, stopped.clone(), automation::reconcile).await;
        if context.served.is_some() {
            settle(&context, kinds.sources, stopped.clone(), source::reconcile).await;
        }
        if context.syncing.is_some() {
            settle_kustomizations(&context, &stopped).await;
        }
    };
    let stopping = async {
        stop.await;
        stopper.send_replace(true);
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = work => {}
        () = stopping => {}
    }
}

/// Turns until `stop` resolves, then lets what was begun finish.
pub async fn forever<D: Desk>(context: Arc<Context<D>>, wakes: WakeQueues, stop: impl Future<Output = ()>) {
    let (stopper, stopped) = watch::channel(false);
    let kinds = context.desk.kinds().clone();
    let firsts = Firsts::of(keys(&kinds.repositories), keys(&kinds.policies));
    let (repositories, policies, automations) = (kinds.repositories, kinds.policies, kinds.automations);
    let repositories = turn(
        &context,
        repositories,
        wakes.repositories,
        async {},
        AT_ONCE,
        stopped.clone(),
        repository::reconcile,
    );
    let policies =
        turn(&context, policies, wakes.policies, firsts.gate(1), AT_ONCE, stopped.clone(), policy::reconcile);
    let automations = turn(
        &context,
        automations,
        wakes.automations,
        firsts.gate(2),
        DEBOUNCE,
        stopped.clone(),
        automation::reconcile,
    );
    // What a new process has not archived yet cannot be built from.
    let fetched = Firsts::of(keys(&context.desk.kinds().sources), Vec::new());
    let sources = serve(&context, wakes.sources, stopped.clone(), &fetched);
    let kustomizations = sync(&context, wakes.kustomizations, stopped, fetched.gate(1));
    let wheel = async {
        let had_theirs = |kind: usize| {
            let firsts = &firsts;
            move |key: ObjectKey| {
                firsts.had(kind, &key);
                futures::future::ready(())
            }
        };
        tokio::join!(
            repositories.for_each(had_theirs(0)),
            policies.for_each(had_theirs(1)),
            automations.for_each(|_| futures::future::ready(())),
            sources,
            kustomizations,
        );
    };
    let stopping = async {
        stop.await;
        stopper.send_replace(true);
    };
    tokio::join!(wheel, stopping);
}

/// Turns the Kustomizations once, and those that wait for others again for as long as that leaves fewer of them.
async fn settle_kustomizations<D: Desk>(context: &Arc<Context<D>>, stopped: &watch::Receiver<bool>) {
    let store = context.desk.kinds().kustomizations.clone();
    let waits = |object: &Arc<Kustomization>| {
        let status = object.status.as_ref();
        let ready = status.and_then(|status| condition::find(&status.conditions, READY));
        ready.is_some_and(|ready| ready.reason == Reason::DependencyNotReady.as_str())
    };
    let mut open = keys(&store);
    loop {
        let before = open.len();
        settle_these(context, store.clone(), open, stopped.clone(), kustomization::reconcile).await;
        open = store
            .state()
            .iter()
            .filter(|object| waits(object))
            .map(|object| key_of(object.as_ref()))
            .collect();
        if open.len() >= before {
            return;
        }
    }
}

/// Turns the GitRepositories, where they are served.
async fn serve<D: Desk>(
    context: &Arc<Context<D>>,
    wakes: mpsc::UnboundedReceiver<ObjectKey>,
    stopped: watch::Receiver<bool>,
    firsts: &Firsts,
) {
    if context.served.is_none() {
        return;
    }
    let store = context.desk.kinds().sources.clone();
    let turns = turn(context, store, wakes, async {}, AT_ONCE, stopped, source::reconcile);
    let had = |key: ObjectKey| {
        firsts.had(0, &key);
        futures::future::ready(())
    };
    turns.for_each(had).await;
}

/// Turns the Kustomizations, where they are served. A turn that waits for health takes nobody's place, so all may be
/// under way at once.
async fn sync<D: Desk>(
    context: &Arc<Context<D>>,
    wakes: mpsc::UnboundedReceiver<ObjectKey>,
    stopped: watch::Receiver<bool>,
    fetched: impl Future<Output = ()> + Send + 'static,
) {
    let Some(syncing) = context.syncing.clone() else { return };
    let store = context.desk.kinds().kustomizations.clone();
    let drifted = syncing.drifted();
    let woken = stream::select(queued(wakes), drifted).inspect(move |key| syncing.nudge(key));
    let config = Config::default().debounce(AT_ONCE);
    let turns = turn_of(context, store, woken, fetched, config, stopped, kustomization::reconcile);
    turns.for_each(|_| futures::future::ready(())).await;
}

/// The repositories and the policies that did not have their first turn yet.
struct Firsts {
    open: watch::Sender<[HashSet<ObjectKey>; 2]>,
    until: Instant,
}

impl Firsts {
    fn of(repositories: Vec<ObjectKey>, policies: Vec<ObjectKey>) -> Self {
        let open = watch::Sender::new([repositories.into_iter().collect(), policies.into_iter().collect()]);
        Self { open, until: Instant::now() + FIRST_TURNS }
    }

    /// Notes that an object had a turn.
    fn had(&self, kind: usize, key: &ObjectKey) {
        self.open.send_if_modified(|open| open.get_mut(kind).is_some_and(|open| open.remove(key)));
    }

    /// Opens when the first `kinds` kinds had their first turns. Slow registries hold nobody up for ever; what they
    /// bring later is a turn, and a commit, of its own.
    fn gate(&self, kinds: usize) -> impl Future<Output = ()> + Send + 'static {
        let (mut open, until) = (self.open.subscribe(), self.until);
        async move {
            let all = open.wait_for(|open| open.iter().take(kinds).all(HashSet::is_empty));
            if tokio::time::timeout_at(until.into(), all).await.is_err() {
                tracing::debug!("first turns still under way; the next kind begins");
            }
        }
    }
}

/// One kind's applier over a queue that opens after `gate` and closes when `stopped`; wakes of one object within
/// `debounce` become one turn. Yields each object that had a turn.
fn turn<K, D>(
    context: &Arc<Context<D>>,
    store: Store<K>,
    wakes: mpsc::UnboundedReceiver<ObjectKey>,
    gate: impl Future<Output = ()> + Send + 'static,
    debounce: Duration,
    stopped: watch::Receiver<bool>,
    reconcile: Reconcile<K, D>,
) -> impl Stream<Item = ObjectKey>
where
    K: Resource<DynamicType = ()> + Clone + Debug + 'static,
    D: Desk,
{
    let config = Config::default().concurrency(context.settings.concurrent).debounce(debounce);
    turn_of(context, store, queued(wakes), gate, config, stopped, reconcile)
}

/// What is asked for, as it comes.
fn queued(wakes: mpsc::UnboundedReceiver<ObjectKey>) -> impl Stream<Item = ObjectKey> + Send + 'static {
    stream::unfold(wakes, |mut wakes| async move { wakes.recv().await.map(|key| (key, wakes)) })
}

/// The same for what is `woken` in another way, with the applier's settings.
fn turn_of<K, D>(
    context: &Arc<Context<D>>,
    store: Store<K>,
    woken: impl Stream<Item = ObjectKey> + Send + 'static,
    gate: impl Future<Output = ()> + Send + 'static,
    config: Config,
    mut stopped: watch::Receiver<bool>,
    reconcile: Reconcile<K, D>,
) -> impl Stream<Item = ObjectKey>
where
    K: Resource<DynamicType = ()> + Clone + Debug + 'static,
    D: Desk,
{
    let all = store.clone();
    let first = stream::once(gate).flat_map(move |()| stream::iter(keys(&all)));
    let queue = Box::pin(first.chain(woken).map(|key| Ok::<_, Infallible>(reference::<K>(&key))).take_until(
        async move {
            // An error means that the sender is gone, which is a stop as well.
            _ = stopped.wait_for(|stopped| *stopped).await.is_ok();
        },
    ));
    applier(contained(reconcile), on_error, Arc::clone(context), store, queue, config).filter_map(|result| {
        futures::future::ready(match result {
            Ok((object, _)) => Some(key(object.namespace, object.name)),
            Err(WheelError::ReconcilerFailed(_, object)) => Some(key(object.namespace, object.name)),
            Err(_) => None,
        })
    })
}

/// Turns every object of one kind until each has settled.
async fn settle<K, D>(
    context: &Arc<Context<D>>,
    store: Store<K>,
    stopped: watch::Receiver<bool>,
    reconcile: Reconcile<K, D>,
) where
    K: Resource<DynamicType = ()> + Clone + Debug + 'static,
    D: Desk,
{
    let all = keys(&store);
    settle_these(context, store, all, stopped, reconcile).await;
}

/// Turns these objects until each has settled: done, waiting for a change, or out of tries.
async fn settle_these<K, D>(
    context: &Arc<Context<D>>,
    store: Store<K>,
    these: Vec<ObjectKey>,
    mut stopped: watch::Receiver<bool>,
    reconcile: Reconcile<K, D>,
) where
    K: Resource<DynamicType = ()> + Clone + Debug + 'static,
    D: Desk,
{
    let mut open: HashSet<ObjectKey> = these.into_iter().collect();
    if open.is_empty() || *stopped.borrow() {
        return;
    }
    let started = Instant::now();
    let mut failures: HashMap<ObjectKey, u32> = HashMap::new();
    let requests: Vec<_> = open.iter().map(|key| Ok::<_, Infallible>(reference::<K>(key))).collect();
    let queue = Box::pin(stream::iter(requests).chain(stream::pending()).take_until(async move {
        // An error means that the sender is gone, which is a stop as well.
        _ = stopped.wait_for(|stopped| *stopped).await.is_ok();
    }));
    let config = Config::default().concurrency(context.settings.concurrent.max(16));
    let turns = applier(contained(reconcile), on_error, Arc::clone(context), store, queue, config);
    let mut wheel = std::pin::pin!(turns);
    while let Some(result) = wheel.next().await {
        match result {
            Ok((object, _)) => {
                open.remove(&key(object.namespace, object.name));
            }
            Err(WheelError::ReconcilerFailed(_, object)) => {
                let key = key(object.namespace, object.name);
                let count = failures.entry(key.clone()).or_default();
                *count += 1;
                if *count >= TRIES || started.elapsed() >= TRY_WINDOW {
                    open.remove(&key);
                }
            }
            Err(WheelError::ObjectNotFound(object)) => {
                open.retain(|key| {
                    object.namespace.as_deref() != Some(&key.namespace) || object.name != key.name
                });
            }
            Err(_) => {}
        }
        if open.is_empty() {
            return;
        }
    }
}

/// One bad object ends no turn but its own.
fn contained<K, D>(
    reconcile: Reconcile<K, D>,
) -> impl Fn(Arc<K>, Arc<Context<D>>) -> BoxFuture<'static, Result<Action, Failed>>
where
    K: Resource<DynamicType = ()> + 'static,
    D: Desk,
{
    move |object, context| {
        let of = format!("{}/{}", K::kind(&()), key_of(object.as_ref()));
        contain(reconcile(object, context), of)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the signature that the applier asks for")]
fn on_error<K: Resource<DynamicType = ()>, D: Desk>(
    object: Arc<K>,
    _: &Failed,
    context: Arc<Context<D>>,
) -> Action {
    let key = key_of(object.as_ref());
    let settings = &context.settings;
    let failures = context.retries.failed(K::kind(&()), &key);
    Action::requeue(delay(failures, settings.min_retry_delay, settings.max_retry_delay))
}

fn keys<K>(store: &Store<K>) -> Vec<ObjectKey>
where
    K: Resource<DynamicType = ()> + Clone + 'static,
{
    store.state().iter().map(|object| key_of(object.as_ref())).collect()
}

fn reference<K: Resource<DynamicType = ()>>(key: &ObjectKey) -> ObjectRef<K> {
    ObjectRef::new(&key.name).within(&key.namespace)
}

fn key(namespace: Option<String>, name: String) -> ObjectKey {
    ObjectKey::new(namespace.unwrap_or_default(), name)
}
