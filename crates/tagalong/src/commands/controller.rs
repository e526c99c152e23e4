//! `tagalong controller`: the same engine over the objects of a Kubernetes cluster, until it is stopped.

mod election;
mod wire;

use super::settle::{GRACE, stop_signal};
use crate::cli::{ControllerArgs, StateArgs};
use crate::exit::Answer;
use crate::listen::{self, Figures, Listeners, Observer};
use crate::print;
use crate::state::State;
use jiff::Timestamp;
use std::sync::Arc;
use tagalong_cluster::{Access, ClusterDesk, Election, Requests};
use tagalong_engine::wheel::{self, WakeQueues};
use tagalong_engine::{Context, Desk as _, Finding, Record};
use tokio::sync::watch;
use wire::Storage;

/// What a copy that stands by does not have: a Service must not send anybody to it for them.
const ARTIFACTS: &str = "artifacts";

pub(crate) async fn run(args: ControllerArgs) -> anyhow::Result<Answer> {
    for flag in args.flux.given() {
        tracing::warn!("{flag} is a flag of Flux's controllers that has no meaning here; it is ignored");
    }
    let state = State::write(&StateArgs { state: Some(args.storage_path.clone()), ..StateArgs::default() })?;
    let requests = Requests::default();
    let access = Access::infer(&requests).await?;
    let client = access.connect()?;
    let election = election::of(&args, &client)?;
    let storage = Storage::open(&args, &state).await?;
    let (context, desk, wakes) = wire::wire(&args, &state, (client, access), storage.as_ref()).await?;
    let observer = args.dry_run.then(|| Observer::new(desk.clone()));
    let (leads, leading) = watch::channel(election.is_none());
    if storage.is_some() && election.is_some() {
        desk.health().fail(ARTIFACTS, "standing by: another copy serves them");
    }
    let listeners = Listeners {
        metrics: args.metrics_addr.0,
        health: args.health_addr.0,
        kinds: desk.kinds().clone(),
        record: desk.record().clone(),
        figures: Figures::new(&context, desk.record(), Some(&requests)),
        watches: desk.health().clone(),
        observer: observer.clone(),
    };
    let answer = tokio::select! {
        answer = until_stopped(context, &desk, wakes, election.as_ref(), &leads) => Ok(answer),
        () = desk.watch() => Ok(Answer::No),
        served = listen::serve_controller(listeners) => served.map(|()| Answer::No),
        served = wire::serve(storage, leading) => served.map(|()| Answer::No),
        () = observe(desk.record(), observer.as_ref()) => Ok(Answer::No),
    };
    desk.finish().await;
    if let Some(election) = election.filter(|_| args.election.leader_election_release_on_cancel) {
        election::release(&election).await;
    }
    answer
}

/// Turns until a signal; what was begun is finished within the grace, or abandoned.
async fn until_stopped(
    context: Arc<Context<ClusterDesk>>,
    desk: &ClusterDesk,
    wakes: WakeQueues,
    election: Option<&Election>,
    leads: &watch::Sender<bool>,
) -> Answer {
    let (signalled, mut signal) = watch::channel(None);
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
            began = begun(desk, election, leads) => began?,
            () = &mut stop => return Ok(()),
        }
        tokio::select! {
            () = wheel::forever(context, wakes, stop) => Ok(()),
            why = election::lost(election) => Err(why),
        }
    };
    let worked = tokio::select! {
        worked = work => worked,
        () = overdue => Ok(()),
    };
    if let Err(why) = worked {
        // Another may write from now on: nothing is finished, the process ends.
        tracing::error!("{why}; another copy may work now, so this one ends");
        return Answer::No;
    }
    signal.borrow_and_update().unwrap_or(Answer::Interrupted)
}

/// Waits until it is this process's turn to work, and all objects are known; says why when it lost that turn.
async fn begun(
    desk: &ClusterDesk,
    election: Option<&Election>,
    leads: &watch::Sender<bool>,
) -> Result<(), String> {
    if let Some(election) = election {
        election.won().await;
        leads.send_replace(true);
        desk.health().well(ARTIFACTS);
        tracing::info!("holding the leases");
    }
    tokio::select! {
        () = desk.synced() => {}
        why = election::lost(election) => return Err(why),
    }
    let kinds = desk.kinds();
    tracing::info!(
        "turning {} ImageRepositories, {} ImagePolicies, {} ImageUpdateAutomations, {} GitRepositories, {} Kustomizations",
        kinds.repositories.len(),
        kinds.policies.len(),
        kinds.automations.len(),
        kinds.sources.len(),
        kinds.kustomizations.len()
    );
    Ok(())
}

/// With `--dry-run`, tells what each turn of an automation would have written. Does not end.
async fn observe(record: &Record, observer: Option<&Observer>) {
    if let Some(observer) = observer {
        let mut findings = record.listen();
        while let Some(finding) = findings.recv().await {
            let Finding::Automation { key, turn: Some(turn), .. } = finding else { continue };
            observer.take(&turn, Timestamp::now());
            let (namespace, name) = (key.namespace.as_str(), key.name.as_str());
            let summary = print::plans::summary(&turn);
            tracing::info!(
                controllerKind = "ImageUpdateAutomation",
                namespace,
                name,
                "{}",
                summary.trim_end()
            );
        }
    }
    std::future::pending().await
}
