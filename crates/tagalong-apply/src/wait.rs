//! Waiting: until objects are healthy, or gone. One watch per object, or one for many of a kind in a namespace; where
//! an identity may read an object but not watch it, it is asked for again and again, and so is a kind that is not served.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::time::Duration;

use futures::future::ready;
use futures::stream::{self, BoxStream, SelectAll};
use futures::{Stream, StreamExt as _};
use jiff::Timestamp;
use kube::Api;
use kube::api::{DynamicObject, TypeMeta};
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, Event, watcher};
use serde_json::Value;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout_at};

use crate::cluster::Cluster;
use crate::error::{self, ApplyError};
use crate::health::{Health, State};
use crate::id::ObjectId;
use crate::inventory::Entry;
use crate::kinds::Served;
use crate::object::text;
use crate::rules::Rules;
use crate::secret::Hidden;

/// How many objects of one kind in one namespace have a watch each; more are seen by one watch of all.
const ALONE: usize = 4;
/// Between two questions where a watch is not allowed; what Flux takes.
const POLL: Duration = Duration::from_secs(2);
/// Between two looks at what only time changes.
const TICK: Duration = Duration::from_secs(5);

/// Objects that did not become healthy; shown in Flux's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unhealthy {
    /// Whether the time was up; else at least one object failed for good.
    pub timed_out: bool,
    /// Each that is not [`State::Current`], and why.
    pub objects: Vec<(ObjectId, Health)>,
}

impl std::error::Error for Unhealthy {}

impl Unhealthy {
    /// The same without values that came out of Secrets: controllers quote what they cannot use.
    #[must_use]
    pub fn hiding(mut self, hidden: &Hidden) -> Self {
        for (_, health) in &mut self.objects {
            health.message = hidden.scrub(std::mem::take(&mut health.message));
        }
        self
    }
}

impl fmt::Display for Unhealthy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lead =
            if self.timed_out { "timeout waiting for" } else { "failed early due to stalled resources" };
        let shown = self.objects.iter().filter(|(_, health)| self.timed_out || health.state == State::Failed);
        let list: Vec<String> = shown
            .map(|(id, Health { state, message })| match message.as_str() {
                "" => format!("{id} status: '{state}'"),
                _ => format!("{id} status: '{state}': {message}"),
            })
            .collect();
        write!(f, "{lead}: [{}]", list.join(", "))
    }
}

/// What a wait goes on with.
enum Sight {
    Objects(Seen),
    Time,
}

/// What is seen of the object at a place in the list.
type Seen = Vec<(usize, Result<Option<Value>, String>)>;

impl Cluster {
    /// Waits until every object is healthy. Ends at once when one has failed, with `fail_fast`, or when all are
    /// either healthy or failed. A Job that cleans itself up after it was seen has completed.
    ///
    /// # Errors
    /// Those that were not healthy when the wait ended.
    pub async fn wait(
        &self,
        entries: &[Entry],
        patience: Duration,
        fail_fast: bool,
    ) -> Result<(), Unhealthy> {
        let until = after(patience);
        let mut board = Board::new(entries);
        let Ok(mut watch) = timeout_at(until, self.follow(entries)).await else {
            return Err(board.unhealthy(entries, true));
        };
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            if board.all(|state| state == State::Current) {
                return Ok(());
            }
            let settled = board.all(|state| matches!(state, State::Current | State::Failed));
            if settled || (fail_fast && !board.all(|state| state != State::Failed)) {
                return Err(board.unhealthy(entries, false));
            }
            let next = async {
                tokio::select! {
                    seen = watch.next() => seen.map(Sight::Objects),
                    _ = tick.tick() => Some(Sight::Time),
                }
            };
            match timeout_at(until, next).await {
                Ok(Some(Sight::Objects(seen))) => board.note(seen, &self.rules, Timestamp::now()),
                Ok(Some(Sight::Time)) => board.judge(&self.rules, Timestamp::now()),
                Ok(None) | Err(_) => return Err(board.unhealthy(entries, true)),
            }
        }
    }

    /// Waits until every object is gone.
    ///
    /// # Errors
    /// Those that were still there when the time was up.
    pub async fn wait_gone(&self, entries: &[Entry], patience: Duration) -> Result<(), Unhealthy> {
        let until = after(patience);
        let mut there: BTreeMap<usize, Health> = (0..entries.len())
            .map(|at| (at, Health::new(State::Terminating, "Resource is still there")))
            .collect();
        let mut watch = match timeout_at(until, self.follow(entries)).await {
            Ok(watch) => watch,
            // Nothing is seen in time.
            Err(_) => SelectAll::new(),
        };
        while !there.is_empty() {
            match timeout_at(until, watch.next()).await {
                Ok(Some(seen)) => {
                    for (at, object) in seen {
                        match object {
                            Ok(None) => drop(there.remove(&at)),
                            Ok(Some(_)) => {}
                            Err(why) => drop(there.insert(at, Health::new(State::Terminating, why))),
                        }
                    }
                }
                Ok(None) | Err(_) => {
                    let objects = there
                        .into_iter()
                        .filter_map(|(at, health)| Some((entries.get(at)?.id.clone(), health)));
                    return Err(Unhealthy { timed_out: true, objects: objects.collect() });
                }
            }
        }
        Ok(())
    }

    /// All that is to be seen of the objects, from now on.
    async fn follow(&self, entries: &[Entry]) -> SelectAll<BoxStream<'static, Seen>> {
        let mut watch = SelectAll::new();
        let mut groups: BTreeMap<(String, String, String), Vec<usize>> = BTreeMap::new();
        for (at, Entry { id, .. }) in entries.iter().enumerate() {
            groups.entry((id.group.clone(), id.kind.clone(), id.namespace.clone())).or_default().push(at);
        }
        for places in groups.into_values() {
            let members: Vec<(usize, &Entry)> =
                places.into_iter().filter_map(|at| Some((at, entries.get(at)?))).collect();
            let Some((_, first)) = members.first() else { continue };
            // A health check may name a version that is no longer served.
            let found = self.kinds.find_any(&self.client, &first.id, &first.api_version()).await;
            match found.and_then(|found| found.map(|served| placed(served, &first.id)).transpose()) {
                Ok(None) => {
                    // What the cluster does not serve is not there; a definition may come.
                    let seen: Seen = members.iter().map(|(at, _)| (*at, Ok(None))).collect();
                    let members = members.iter().map(|(at, entry)| (*at, (*entry).clone())).collect();
                    watch.push(stream::once(ready(seen)).chain(self.clone().later(members)).boxed());
                }
                Ok(Some(served)) if members.len() > ALONE => watch.push(self.watch(&served, &members)),
                Ok(Some(served)) => {
                    for member in &members {
                        watch.push(self.watch(&served, std::slice::from_ref(member)));
                    }
                }
                Err(why) => {
                    let seen = members.iter().map(|(at, _)| (*at, Err(why.to_string()))).collect();
                    watch.push(stream::once(ready(seen)).chain(stream::pending()).boxed());
                }
            }
        }
        watch
    }

    /// Objects of one kind in one namespace.
    fn watch(&self, served: &Served, members: &[(usize, &Entry)]) -> BoxStream<'static, Seen> {
        let api: Api<DynamicObject> = match members.first() {
            Some((_, entry)) if served.namespaced => {
                Api::namespaced_with(self.client.clone(), &entry.id.namespace, &served.resource)
            }
            _ => Api::all_with(self.client.clone(), &served.resource),
        };
        let config = match members {
            [(_, only)] => watcher::Config::default().fields(&format!("metadata.name={}", only.id.name)),
            _ => watcher::Config::default(),
        };
        let types =
            TypeMeta { api_version: served.resource.api_version.clone(), kind: served.resource.kind.clone() };
        let places: HashMap<String, usize> =
            members.iter().map(|(at, entry)| (entry.id.name.clone(), *at)).collect();
        let asked: Vec<(usize, ObjectId)> =
            members.iter().map(|(at, entry)| (*at, entry.id.clone())).collect();
        watcher(api, config)
            .default_backoff()
            .take_while(|event| ready(!matches!(event, Err(failure) if refused(failure))))
            .scan(HashSet::new(), move |seen, event| ready(Some(read(event, &places, &types, seen))))
            .chain(self.clone().poll(served.clone(), asked))
            .boxed()
    }

    /// Objects of a kind that is not served yet, once it is.
    fn later(self, members: Vec<(usize, Entry)>) -> impl Stream<Item = Seen> {
        stream::once(async move {
            loop {
                sleep(POLL).await;
                let Some((_, first)) = members.first() else { return stream::empty().boxed() };
                let found = self.kinds.find_any(&self.client, &first.id, &first.api_version()).await;
                if let Ok(Some(served)) = found {
                    let members: Vec<(usize, &Entry)> =
                        members.iter().map(|(at, entry)| (*at, entry)).collect();
                    return self.watch(&served, &members);
                }
            }
        })
        .flatten()
    }

    fn poll(self, served: Served, asked: Vec<(usize, ObjectId)>) -> impl Stream<Item = Seen> {
        stream::unfold((self, false), move |(cluster, again)| {
            let (served, asked) = (served.clone(), asked.clone());
            async move {
                if again {
                    sleep(POLL).await;
                }
                let mut seen = Vec::new();
                for (at, id) in asked {
                    seen.push((at, cluster.get(&served, &id).await.map_err(|why| why.to_string())));
                }
                Some((seen, (cluster, true)))
            }
        })
    }
}

/// The end of a patience; one that no clock can tell ends in a year.
pub(crate) fn after(patience: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(patience).unwrap_or(now + Duration::from_secs(365 * 24 * 3600))
}

/// A kind whose objects can be asked for.
fn placed(served: Served, id: &ObjectId) -> Result<Served, ApplyError> {
    if served.namespaced && id.namespace.is_empty() {
        return Err(ApplyError::NoNamespace(id.clone()));
    }
    Ok(served)
}

/// A watch that this identity may not have, or that the kind does not offer.
pub(crate) fn refused(failure: &watcher::Error) -> bool {
    let code = match failure {
        watcher::Error::InitialListFailed(error)
        | watcher::Error::WatchStartFailed(error)
        | watcher::Error::WatchFailed(error) => crate::error::code(error),
        watcher::Error::WatchError(status) => status.code,
        watcher::Error::NoResourceVersion => 0,
    };
    matches!(code, 401 | 403 | 404 | 405)
}

/// What an event shows; `present` holds the places seen since the listing began.
fn read(
    event: Result<Event<DynamicObject>, watcher::Error>,
    places: &HashMap<String, usize>,
    types: &TypeMeta,
    present: &mut HashSet<usize>,
) -> Seen {
    let place =
        |object: &DynamicObject| object.metadata.name.as_ref().and_then(|name| places.get(name)).copied();
    match event {
        Ok(Event::Init) => {
            present.clear();
            Vec::new()
        }
        Ok(Event::InitDone) => {
            places.values().filter(|at| !present.contains(at)).map(|at| (*at, Ok(None))).collect()
        }
        Ok(Event::Apply(mut object) | Event::InitApply(mut object)) => {
            let Some(at) = place(&object) else { return Vec::new() };
            // The items of a list do not say what they are.
            object.types = Some(types.clone());
            present.insert(at);
            vec![(at, serde_json::to_value(object).map(Some).map_err(|why| why.to_string()))]
        }
        Ok(Event::Delete(object)) => place(&object).map(|at| (at, Ok(None))).into_iter().collect(),
        Err(failure) => {
            let why = error::of_watch(&failure);
            places.values().map(|at| (*at, Err(why.clone()))).collect()
        }
    }
}

/// What is known of each object.
struct Board {
    objects: Vec<Option<Value>>,
    health: Vec<Health>,
    /// Why an object cannot be seen now.
    unseen: Vec<Option<String>>,
    /// Jobs that are deleted once they are done.
    passing: HashSet<usize>,
}

impl Board {
    fn new(entries: &[Entry]) -> Self {
        let why = "nothing is known of it yet";
        Self {
            objects: vec![None; entries.len()],
            health: vec![Health::in_progress(why); entries.len()],
            unseen: vec![Some(why.to_owned()); entries.len()],
            passing: HashSet::new(),
        }
    }

    /// Takes in what is seen, and judges that.
    fn note(&mut self, seen: Seen, rules: &Rules, now: Timestamp) {
        for (at, object) in seen {
            let places = (self.objects.get_mut(at), self.health.get_mut(at), self.unseen.get_mut(at));
            let (Some(known), Some(health), Some(unseen)) = places else { continue };
            match object {
                Ok(None) => {
                    *unseen = None;
                    *known = None;
                    *health = if self.passing.contains(&at) {
                        Health::current("Job was deleted after it had finished")
                    } else {
                        Health::new(State::NotFound, "")
                    };
                }
                Ok(Some(object)) => {
                    if text(&object, "/kind") == "Job"
                        && object.pointer("/spec/ttlSecondsAfterFinished").is_some_and(|ttl| !ttl.is_null())
                    {
                        self.passing.insert(at);
                    }
                    *unseen = None;
                    *health = rules.health(&object, now);
                    *known = Some(object);
                }
                // What was known still counts; the watch begins again by itself.
                Err(why) => *unseen = Some(why),
            }
        }
    }

    /// Judges all of them: some health is a matter of time.
    fn judge(&mut self, rules: &Rules, now: Timestamp) {
        for (object, health) in self.objects.iter().zip(&mut self.health) {
            if let Some(object) = object {
                *health = rules.health(object, now);
            }
        }
    }

    fn all(&self, is: impl Fn(State) -> bool) -> bool {
        self.health.iter().all(|health| is(health.state))
    }

    /// How they stand at the end. One that is not there yet and cannot be seen may be healthy by now.
    fn unhealthy(self, entries: &[Entry], timed_out: bool) -> Unhealthy {
        let standing = self.health.into_iter().zip(self.unseen).map(|(health, unseen)| match unseen {
            Some(why) if health.state == State::InProgress => Health::new(State::Unknown, why),
            _ => health,
        });
        let objects = entries.iter().map(|entry| entry.id.clone()).zip(standing);
        Unhealthy {
            timed_out,
            objects: objects.filter(|(_, health)| health.state != State::Current).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NAMES: [&str; 3] = ["done", "late", "dark"];

    fn entries() -> Vec<Entry> {
        let entry = |name: &str| Entry {
            id: ObjectId {
                namespace: "shop".to_owned(),
                name: name.to_owned(),
                group: String::new(),
                kind: "Pod".to_owned(),
            },
            version: "v1".to_owned(),
        };
        NAMES.map(entry).into()
    }

    fn pod(phase: &str) -> Value {
        let ready = if phase == "Running" { "True" } else { "False" };
        json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"},
            "status": {"phase": phase, "conditions": [{"type": "Ready", "status": ready}]},
        })
    }

    fn noted(seen: Vec<Seen>) -> Vec<(String, State)> {
        let mut board = Board::new(&entries());
        for seen in seen {
            board.note(seen, &Rules::default(), Timestamp::UNIX_EPOCH);
        }
        let objects = board.unhealthy(&entries(), true).objects;
        objects.into_iter().map(|(id, health)| (id.name, health.state)).collect()
    }

    #[test]
    fn what_cannot_be_seen_is_not_said_to_be_on_its_way() {
        let dark = || (0..3).map(|at| (at, Err("the API server does not answer".to_owned()))).collect();
        let unknown = |name: &str| (name.to_owned(), State::Unknown);
        assert_eq!(noted(vec![]), NAMES.map(unknown), "nothing was seen yet");
        let seen = vec![(0, Ok(Some(pod("Running")))), (1, Ok(Some(pod("Pending"))))];
        assert_eq!(noted(vec![seen.clone()]), [("late".to_owned(), State::InProgress), unknown("dark")]);
        assert_eq!(noted(vec![seen.clone(), dark()]), [unknown("late"), unknown("dark")]);
        let again = vec![(1, Ok(Some(pod("Pending")))), (2, Ok(None))];
        let standing = [("late".to_owned(), State::InProgress), ("dark".to_owned(), State::NotFound)];
        assert_eq!(noted(vec![seen, dark(), again]), standing);
    }
}
