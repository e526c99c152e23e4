//! The objects as they stand when somebody asks: how many, how many are Ready, their tags, and what the last turns
//! held. Nothing is kept, so what is deleted is gone from the figures as well.

use crate::print;
use kube::ResourceExt;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use std::collections::BTreeMap;
use std::fmt;
use tagalong_engine::{Kinds, Record};

/// Reads the desk.
pub(super) struct Standing {
    kinds: Kinds,
    record: Record,
}

impl Standing {
    pub(super) fn new(kinds: Kinds, record: Record) -> Self {
        Self { kinds, record }
    }

    fn objects(&self) -> BTreeMap<(&'static str, String), u64> {
        let mut counts = BTreeMap::new();
        for row in print::objects::rows(&self.kinds) {
            *counts.entry((row.kind, row.ready)).or_default() += 1;
        }
        counts
    }
}

impl fmt::Debug for Standing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Standing").finish_non_exhaustive()
    }
}

impl Collector for Standing {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let gauge = MetricType::Gauge;
        let mut family =
            encoder.encode_descriptor("tagalong_objects", "Objects by kind and readiness.", None, gauge)?;
        for ((kind, ready), count) in self.objects() {
            let labels = [("kind", kind), ("ready", &ready)];
            ConstGauge::new(count).encode(family.encode_family(&labels)?)?;
        }
        let (name, help) =
            ("tagalong_repository_tags", "Tags of an ImageRepository, as of its last listing.");
        let mut family = encoder.encode_descriptor(name, help, None, gauge)?;
        for object in self.kinds.repositories.state() {
            let scan = object.status.as_ref().and_then(|status| status.last_scan_result.as_ref());
            let Some(scan) = scan else { continue };
            let namespace = object.namespace().unwrap_or_default();
            let labels = [("name", object.name_any()), ("namespace", namespace)];
            ConstGauge::new(scan.tag_count).encode(family.encode_family(&labels)?)?;
        }
        let mut held: BTreeMap<&str, u64> = BTreeMap::new();
        let mut problems: BTreeMap<&str, u64> = BTreeMap::new();
        let turns = self.record.turns();
        for turn in &turns {
            turn.plan.held.iter().for_each(|site| *held.entry(site.reason.as_str()).or_default() += 1);
            turn.plan.problems.iter().for_each(|problem| *problems.entry(problem.reason).or_default() += 1);
        }
        let families = [
            ("tagalong_held_sites", "Fields that are held, by reason, as of the last turns.", held),
            ("tagalong_marker_problems", "Markers and files nobody can serve, by reason.", problems),
        ];
        for (name, help, counts) in families {
            let mut family = encoder.encode_descriptor(name, help, None, gauge)?;
            for (reason, count) in counts {
                ConstGauge::new(count).encode(family.encode_family(&[("reason", reason)])?)?;
            }
        }
        Ok(())
    }
}
