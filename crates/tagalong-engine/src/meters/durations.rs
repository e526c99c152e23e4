//! `gotk_reconcile_duration_seconds`: how long the turns of each object took, in Flux's buckets. The one family with
//! a series for each object, kept small and let go with its object.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tagalong_model::ObjectKey;

/// Flux's: ten bounds from 10 ms to 30 min, each the same multiple of the one before.
const FROM: f64 = 0.01;
const TO: f64 = 1800.0;
const BOUNDS: usize = 10;

/// The turns of every object.
#[derive(Debug, Default)]
pub(super) struct Durations(Mutex<BTreeMap<(&'static str, ObjectKey), Times>>);

/// The turns of one object.
#[derive(Debug, Default)]
struct Times {
    /// By bound; the last has none.
    buckets: [u32; BOUNDS + 1],
    sum: f64,
}

fn bound(index: usize) -> f64 {
    let last = BOUNDS - 1;
    match index {
        0 => FROM,
        index if index < last => FROM * (TO / FROM).powf(index as f64 / last as f64),
        index if index == last => TO,
        _ => f64::INFINITY,
    }
}

impl Durations {
    /// A turn of an object took so long.
    pub(super) fn observe(&self, kind: &'static str, key: ObjectKey, took: Duration) {
        let seconds = took.as_secs_f64();
        let index = (0..=BOUNDS).find(|index| seconds <= bound(*index)).unwrap_or(BOUNDS);
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let times = all.entry((kind, key)).or_default();
        times.sum += seconds;
        if let Some(count) = times.buckets.get_mut(index) {
            *count = count.saturating_add(1);
        }
    }

    /// Keeps the objects that are still there.
    pub(super) fn retain(&self, exists: impl Fn(&str, &ObjectKey) -> bool) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(kind, key), _| exists(kind, key));
    }
}

impl Collector for Durations {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut family = encoder.encode_descriptor(
            "gotk_reconcile_duration_seconds",
            "How long the turns of an object took.",
            None,
            MetricType::Histogram,
        )?;
        for ((kind, key), times) in all.iter() {
            let labels = [("kind", *kind), ("name", &key.name), ("namespace", &key.namespace)];
            let counts = times.buckets.iter().map(|count| u64::from(*count));
            let buckets: Vec<(f64, u64)> = counts.enumerate().map(|(i, count)| (bound(i), count)).collect();
            let count = buckets.iter().map(|(_, count)| count).sum();
            family
                .encode_family(&labels)?
                .encode_histogram::<NoLabelSet>(times.sum, count, &buckets, None)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::encoding::text::encode;
    use prometheus_client::registry::Registry;
    use std::sync::Arc;

    #[test]
    fn the_bounds_are_those_of_flux() {
        let bounds: Vec<String> = (0..BOUNDS).map(|index| format!("{:.4}", bound(index))).collect();
        let expected = [
            "0.0100",
            "0.0384",
            "0.1472",
            "0.5646",
            "2.1661",
            "8.3099",
            "31.8798",
            "122.3022",
            "469.1950",
            "1800.0000",
        ];
        assert_eq!(bounds, expected);
        assert_eq!(bound(BOUNDS), f64::INFINITY);
    }

    #[test]
    fn the_series_of_an_object_goes_with_it() {
        let durations = Arc::new(Durations::default());
        for name in ["stays", "goes"] {
            durations.observe("ImagePolicy", ObjectKey::new("apps", name), Duration::from_millis(20));
        }
        durations.retain(|kind, key| kind == "ImagePolicy" && key.name == "stays");
        let mut registry = Registry::default();
        registry.register_collector(Box::new(Arc::clone(&durations)));
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        let labels = "kind=\"ImagePolicy\",name=\"stays\",namespace=\"apps\"";
        assert!(text.contains(&format!("_seconds_count{{{labels}}} 1\n")), "{text}");
        assert!(text.contains("le=\"0.01\",") || text.contains("le=\"0.01\""), "{text}");
        assert!(text.contains("le=\"+Inf\""), "{text}");
        assert!(!text.contains("goes"), "{text}");
    }
}
