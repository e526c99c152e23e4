//! `tagalong controller`: the same engine over the objects of a Kubernetes cluster, until it is stopped.

use super::settle::{GRACE, stop_signal};
use crate::cli::{ControllerArgs, StateArgs};
use crate::exit::Answer;
use crate::listen::{self, Listeners};
use crate::state::State;
use crate::wiring;
use anyhow::Context as _;
use std::sync::Arc;
use tagalong_cluster::{ClusterDesk, Options};
use tagalong_engine::automation::Mirrors;
use tagalong_engine::wheel::{self, WakeQueues, Wakers};
use tagalong_engine::{Context, Desk as _, Settings};

pub(crate) async fn run(args: ControllerArgs) -> anyhow::Result<Answer> {
    for flag in args.flux.given() {
        tracing::warn!("{flag} is a flag of Flux's controllers that has no meaning here; it is ignored");
    }
    let state = State::write(&StateArgs { state: Some(args.storage_path.clone()), ..StateArgs::default() })?;
    let (context, desk, wakes) = wire(&args, &state).await?;
    let listeners = Listeners {
        metrics: args.metrics_addr.0,
        health: args.health_addr.0,
        kinds: desk.kinds().clone(),
        record: desk.record().clone(),
        watches: desk.health().clone(),
    };
    let answer = tokio::select! {
        answer = turn(context, &desk, wakes) => Ok(answer),
        () = desk.watch() => Ok(Answer::No),
        served = listen::serve_controller(listeners) => served.map(|()| Answer::No),
    };
    desk.finish().await;
    answer
}

/// Everything that the wheel needs.
async fn wire(
    args: &ControllerArgs,
    state: &State,
) -> anyhow::Result<(Arc<Context<ClusterDesk>>, ClusterDesk, WakeQueues)> {
    let client = tagalong_cluster::connect().await?;
    let instance = match &args.instance {
        Some(instance) => instance.clone(),
        None => tagalong_cluster::instance(&client).await.context(
            "cannot read namespace kube-system, whose uid names the cluster; or name it with --instance",
        )?,
    };
    let settings = Settings {
        dry_run: false,
        no_cross_namespace_refs: args.no_cross_namespace_refs,
        jitter_percent: args.interval_jitter_percentage,
        min_retry_delay: args.min_retry_delay,
        max_retry_delay: args.max_retry_delay,
        requeue_dependency: args.requeue_dependency,
        concurrent: args.concurrent,
        ca_pem: wiring::ca_pem(args.ca_file.as_deref())?,
        max_mirror_size: args.max_mirror_size.0,
        instance: Some(instance),
    };
    let options = Options { namespace: namespace(args)?, dry_run: false, instance: pod() };
    let (wakers, wakes) = Wakers::new();
    let desk = ClusterDesk::new(client, options, wakers);
    let registry = wiring::registry(args.ca_file.as_deref())?;
    let mirrors = Mirrors::new(state.mirrors().to_owned());
    let context = Context::new(desk.clone(), registry, wiring::listings(state)?, mirrors, settings);
    Ok((Arc::new(context), desk, wakes))
}

/// Turns until a signal; what was begun is finished within the grace, or abandoned.
async fn turn(context: Arc<Context<ClusterDesk>>, desk: &ClusterDesk, wakes: WakeQueues) -> Answer {
    let (signalled, mut signal) = tokio::sync::watch::channel(None);
    let stop = async {
        let answer = stop_signal().await;
        tracing::info!("stopping; what was begun is finished first");
        signalled.send_replace(Some(answer));
    };
    let overdue = async {
        // The sender lives as long as the work beside.
        _ = signal.clone().wait_for(Option::is_some).await.is_ok();
        tokio::time::sleep(GRACE).await;
        tracing::warn!("not finished within 10 s; the next process does what is left");
    };
    let work = async {
        let mut stop = std::pin::pin!(stop);
        tokio::select! {
            () = desk.synced() => {}
            () = &mut stop => return,
        }
        let kinds = desk.kinds();
        tracing::info!(
            "turning {} ImageRepositories, {} ImagePolicies, {} ImageUpdateAutomations",
            kinds.repositories.len(),
            kinds.policies.len(),
            kinds.automations.len()
        );
        wheel::forever(context, wakes, stop).await;
    };
    tokio::select! {
        () = work => {}
        () = overdue => {}
    }
    signal.borrow_and_update().unwrap_or(Answer::Interrupted)
}

/// The one namespace that is watched, where it is one.
fn namespace(args: &ControllerArgs) -> anyhow::Result<Option<String>> {
    if args.watch_all_namespaces {
        return Ok(None);
    }
    let name = std::env::var("RUNTIME_NAMESPACE").ok().filter(|name| !name.is_empty());
    name.map(Some).context("--watch-all-namespaces=false needs RUNTIME_NAMESPACE, the namespace to watch")
}

/// The name of this Pod.
fn pod() -> String {
    let name = std::env::var("POD_NAME").or_else(|_| std::env::var("HOSTNAME"));
    name.unwrap_or_else(|_| "tagalong".to_owned())
}
