//! All figures as OpenMetrics text: what the engine, the registry client and the API client counted, the objects as
//! they stand, and the process. Built once; asked at each scrape.

mod process;
mod standing;

use process::Process;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use standing::Standing;
use tagalong_cluster::Requests;
use tagalong_engine::{Context, Desk, Kinds, Meters, Record};

/// What the text is of.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Everything that is shown.
pub(crate) struct Figures {
    registry: Registry,
    meters: Meters,
    kinds: Kinds,
}

impl Figures {
    /// The figures of an engine; `requests` are those to the API server, where there is one.
    pub(crate) fn new<D: Desk>(context: &Context<D>, record: &Record, requests: Option<&Requests>) -> Self {
        let mut registry = Registry::default();
        let (meters, kinds) = (context.meters.clone(), context.desk.kinds().clone());
        registry.register("tagalong_build", "The version", Info::new([("version", crate::version::VERSION)]));
        meters.register(&mut registry);
        context.registry.meters().register(&mut registry);
        if let Some(requests) = requests {
            requests.register(&mut registry);
        }
        registry.register_collector(Box::new(Standing::new(kinds.clone(), record.clone())));
        registry.register_collector(Box::new(Process));
        Self { registry, meters, kinds }
    }

    /// All of it as text.
    pub(crate) fn text(&self) -> String {
        self.meters.retain(&self.kinds);
        let mut text = String::new();
        // Writing to a String cannot fail.
        _ = encode(&mut text, &self.registry).is_ok();
        text
    }
}
