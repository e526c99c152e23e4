//! Watches of what was applied, for Kustomizations that ask for them (`spec.driftDetection`): one for each kind and
//! namespace by each way to a cluster, however many Kustomizations rely on it. Held by the turns, read by the wheel.
//!
//! ```text
//! turn: begin ▶ apply ▶ hold (what was applied, as it then stood)
//!                          │                 somebody else changes or deletes it
//!                          ▼                          ▼
//!                        Board ◀── sights ── a task for each watch ──▶ the wheel turns the Kustomization
//! ```

mod board;
mod patience;

use crate::target::Target;
use board::{Applied, Board, Place};
use futures::{Stream, StreamExt as _, stream};
use patience::Patience;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};
use tagalong_apply::{Change, Entry, Sight, Sights};
use tagalong_model::ObjectKey;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

/// Watches that one process has at most.
const LIMIT: usize = 128;
/// Watches that are begun at once.
const AT_ONCE: usize = 8;
/// How long the first listing of a watch may take.
const FIRST: Duration = Duration::from_secs(5);

/// Everything that is watched. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub(super) struct Watches(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    limit: usize,
    state: Mutex<State>,
    /// Held by whoever begins watches, so that two do not begin the same.
    beginning: tokio::sync::Mutex<()>,
    woken: mpsc::UnboundedSender<ObjectKey>,
    queue: Mutex<Option<mpsc::UnboundedReceiver<ObjectKey>>>,
}

#[derive(Debug, Default)]
struct State {
    board: Board,
    tasks: HashMap<Place, AbortHandle>,
    asked: HashMap<ObjectKey, Asked>,
}

/// A Kustomization that was, or is about to be, asked to look again.
#[derive(Debug)]
struct Asked {
    patience: Patience,
    /// It is told in a moment.
    pending: bool,
    /// It was told, and has not begun to write since.
    told: bool,
}

/// A watch whose first listing was read.
struct Begun {
    place: Place,
    first: Vec<Sight>,
    rest: Sights,
}

impl Default for Watches {
    fn default() -> Self {
        Self::limited(LIMIT)
    }
}

impl Watches {
    fn limited(limit: usize) -> Self {
        let (woken, queue) = mpsc::unbounded_channel();
        Self(Arc::new(Inner {
            limit,
            state: Mutex::default(),
            beginning: tokio::sync::Mutex::default(),
            woken,
            queue: Mutex::new(Some(queue)),
        }))
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.0.state().tasks.len()
    }

    /// The Kustomizations that have to look again. To be taken once; later there are none.
    pub(super) fn woken(&self) -> impl Stream<Item = ObjectKey> + Send + 'static {
        let queue = self.0.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        let queue = queue.unwrap_or_else(|| mpsc::unbounded_channel().1);
        stream::unfold(queue, |mut queue| async move { queue.recv().await.map(|key| (key, queue)) })
    }

    /// A Kustomization is about to write: what is seen from now on may be its own doing, until it says what it applied.
    pub(super) fn begin(&self, key: &ObjectKey) {
        let mut state = self.0.state();
        state.board.write(key);
        if let Some(asked) = state.asked.get_mut(key) {
            asked.told = false;
        }
    }

    /// Whether somebody has changed an object of a Kustomization since that was applied.
    pub(super) fn drifted(&self, key: &ObjectKey) -> bool {
        self.0.state().asked.get(key).is_some_and(|asked| asked.told)
    }

    /// Follows what was applied, in place of what was before; what cannot be followed, and why.
    pub(super) async fn hold<T: Target>(
        &self,
        key: &ObjectKey,
        target: &T,
        changes: &[Change],
    ) -> Vec<String> {
        let mut applied = Applied::new();
        let mut places: BTreeMap<Place, &Entry> = BTreeMap::new();
        for change in changes {
            let Some(standing) = &change.standing else { continue };
            let place = Place::of(target.way(), &change.entry.id);
            places.insert(place.clone(), &change.entry);
            applied.entry(place).or_default().push((change.entry.id.name.clone(), standing.clone()));
        }
        let missing = |places: &mut BTreeMap<Place, &Entry>| {
            let state = self.0.state();
            places.retain(|place, _| !state.tasks.contains_key(place));
        };
        missing(&mut places);
        if places.is_empty() {
            self.0.hold(key, applied, Vec::new());
            return Vec::new();
        }
        let _turn = self.0.beginning.lock().await;
        missing(&mut places);
        let room = self.0.limit.saturating_sub(self.count());
        let mut unwatched: Vec<String> = places
            .keys()
            .skip(room)
            .map(|place| format!("{place}: {} watches are the limit", self.0.limit))
            .collect();
        let starts: Vec<_> =
            places.into_iter().take(room).map(|(place, entry)| begin(target, place, entry)).collect();
        let mut begun = Vec::new();
        for (place, result) in stream::iter(starts).buffered(AT_ONCE).collect::<Vec<_>>().await {
            match result {
                Ok(watch) => begun.push(watch),
                Err(why) => unwatched.push(format!("{place}: {why}")),
            }
        }
        self.0.hold(key, applied, begun);
        unwatched
    }

    /// A Kustomization asks for nothing any more, nor does any that is not there.
    pub(super) fn leave(&self, key: &ObjectKey) {
        let mut state = self.0.state();
        state.asked.remove(key);
        state.board.leave(key);
        state.stop_idle();
    }

    /// Forgets the Kustomizations that are gone.
    pub(super) fn retain(&self, exists: impl Fn(&ObjectKey) -> bool) {
        let gone: Vec<ObjectKey> =
            self.0.state().board.followers().into_iter().filter(|key| !exists(key)).collect();
        gone.iter().for_each(|key| self.leave(key));
    }
}

/// Begins one watch and reads its first listing.
async fn begin<T: Target>(target: &T, place: Place, entry: &Entry) -> (Place, Result<Begun, String>) {
    let reading = async {
        let mut rest = target.sights(entry).await.map_err(|error| error.to_string())?;
        let mut first = Vec::new();
        loop {
            match rest.next().await {
                Some(Ok(sight)) => first.push(sight),
                Some(Err(why)) => return Err(why),
                None => return Err("the watch ended".to_owned()),
            }
            if matches!(first.last(), Some(Sight::Only(_))) {
                return Ok((first, rest));
            }
        }
    };
    let late = || Err("the API server does not answer in time".to_owned());
    let read = tokio::time::timeout(FIRST, reading).await.unwrap_or_else(|_| late());
    let begun = read.map(|(first, rest)| Begun { place: place.clone(), first, rest });
    (place, begun)
}

impl State {
    fn stop_idle(&mut self) {
        for place in self.board.idle() {
            drop(self.board.close(&place));
            if let Some(task) = self.tasks.remove(&place) {
                task.abort();
            }
        }
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hold(self: &Arc<Self>, key: &ObjectKey, applied: Applied, begun: Vec<Begun>) {
        let mut state = self.state();
        for Begun { place, first, rest } in begun {
            state.board.open(place.clone());
            for sight in first {
                // Nobody relies on it yet.
                drop(state.board.see(&place, sight));
            }
            let task = tokio::spawn(follow(Arc::downgrade(self), place.clone(), rest));
            state.tasks.insert(place, task.abort_handle());
        }
        if state.board.hold(key, applied) {
            self.wake(&mut state, key);
        }
        state.stop_idle();
    }

    fn wake_all(self: &Arc<Self>, state: &mut State, keys: &BTreeSet<ObjectKey>) {
        keys.iter().for_each(|key| self.wake(state, key));
    }

    /// Has a Kustomization turned in a moment.
    fn wake(self: &Arc<Self>, state: &mut State, key: &ObjectKey) {
        let now = Instant::now();
        let asked = state.asked.entry(key.clone()).or_insert_with(|| Asked {
            patience: Patience::new(now),
            pending: false,
            told: false,
        });
        if asked.pending {
            return;
        }
        asked.pending = true;
        let pause = asked.patience.pause(now);
        let (inner, key) = (Arc::downgrade(self), key.clone());
        tokio::spawn(async move {
            tokio::time::sleep(pause).await;
            let Some(inner) = inner.upgrade() else { return };
            if let Some(asked) = inner.state().asked.get_mut(&key) {
                (asked.pending, asked.told) = (false, true);
            }
            // Nobody turns the wheel any more: there is nothing to wake.
            drop(inner.woken.send(key));
        });
    }
}

/// Reads a watch until it ends. Those who relied on it look again, and say what they find.
async fn follow(inner: Weak<Inner>, place: Place, mut sights: Sights) {
    while let Some(Ok(sight)) = sights.next().await {
        let Some(inner) = inner.upgrade() else { return };
        let mut state = inner.state();
        let woken = state.board.see(&place, sight);
        inner.wake_all(&mut state, &woken);
    }
    let Some(inner) = inner.upgrade() else { return };
    let mut state = inner.state();
    state.tasks.remove(&place);
    let woken = state.board.close(&place);
    inner.wake_all(&mut state, &woken);
}
