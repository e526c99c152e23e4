//! Turns by kind, with the names and labels of controller-runtime, which Flux's dashboards read.

use super::Meters;
use crate::wheel::Failed;
use kube::runtime::controller::Action;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tagalong_model::ObjectKey;

/// Upper bounds of a turn's time, a choice from controller-runtime's.
const TIMES: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0];

type Controller = [(&'static str, String); 1];

/// Every turn, by kind.
#[derive(Debug)]
pub(super) struct Turns {
    ended: Family<[(&'static str, String); 2], Counter>,
    errors: Family<Controller, Counter>,
    times: Family<Controller, Histogram, fn() -> Histogram>,
    under_way: Arc<UnderWay>,
}

/// When each turn under way began, by controller and by number.
#[derive(Debug, Default)]
struct UnderWay {
    next: AtomicU64,
    begun: Mutex<BTreeMap<String, BTreeMap<u64, Instant>>>,
}

/// One turn, from when its object was admitted.
pub(crate) struct Turn<'a> {
    meters: &'a Meters,
    kind: &'static str,
    key: ObjectKey,
    controller: String,
    number: u64,
    begun: Instant,
}

impl Default for Turns {
    fn default() -> Self {
        Self {
            ended: Family::default(),
            errors: Family::default(),
            times: Family::new_with_constructor(|| Histogram::new(TIMES)),
            under_way: Arc::default(),
        }
    }
}

impl Turns {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "controller_runtime_reconcile",
            "Turns by controller and result",
            self.ended.clone(),
        );
        registry.register(
            "controller_runtime_reconcile_errors",
            "Turns that failed and are tried again",
            self.errors.clone(),
        );
        registry.register(
            "controller_runtime_reconcile_time_seconds",
            "How long turns took",
            self.times.clone(),
        );
        registry.register_collector(Box::new(Arc::clone(&self.under_way)));
    }
}

impl UnderWay {
    fn begun(&self) -> MutexGuard<'_, BTreeMap<String, BTreeMap<u64, Instant>>> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Meters {
    /// A turn of an object begins; it is counted when it ends.
    pub(crate) fn begin(&self, kind: &'static str, key: ObjectKey) -> Turn<'_> {
        let under_way = &self.0.turns.under_way;
        let (controller, begun) = (kind.to_ascii_lowercase(), Instant::now());
        let number = under_way.next.fetch_add(1, Ordering::Relaxed);
        under_way.begun().entry(controller.clone()).or_default().insert(number, begun);
        Turn { meters: self, kind, key, controller, number, begun }
    }
}

impl Turn<'_> {
    /// The turn ended so.
    pub(crate) fn end(self, result: &Result<Action, Failed>) {
        let (turns, took) = (&self.meters.0.turns, self.begun.elapsed());
        let word = match result {
            Ok(action) if *action == Action::await_change() => "success",
            Ok(_) => "requeue_after",
            Err(_) => "error",
        };
        let controller = [("controller", self.controller.clone())];
        let errors = turns.errors.get_or_create_owned(&controller);
        errors.inc_by(u64::from(result.is_err()));
        turns.times.get_or_create(&controller).observe(took.as_secs_f64());
        let [controller] = controller;
        turns.ended.get_or_create(&[controller, ("result", word.to_owned())]).inc();
        self.meters.0.durations.observe(self.kind, self.key.clone(), took);
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Some(begun) = self.meters.0.turns.under_way.begun().get_mut(&self.controller) {
            begun.remove(&self.number);
        }
    }
}

impl Collector for UnderWay {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let begun = self.begun();
        let gauge = MetricType::Gauge;
        let help = "Turns under way.";
        let mut active = encoder.encode_descriptor("controller_runtime_active_workers", help, None, gauge)?;
        for (controller, turns) in begun.iter() {
            let count = ConstGauge::new(turns.len() as u64);
            count.encode(active.encode_family(&[("controller", controller.as_str())])?)?;
        }
        let (name, help) =
            ("workqueue_longest_running_processor_seconds", "Age of the oldest turn under way.");
        let mut longest = encoder.encode_descriptor(name, help, None, gauge)?;
        for (controller, turns) in begun.iter() {
            let oldest = turns.values().min().map_or(0.0, |begun| begun.elapsed().as_secs_f64());
            ConstGauge::new(oldest).encode(longest.encode_family(&[("name", controller.as_str())])?)?;
        }
        Ok(())
    }
}
