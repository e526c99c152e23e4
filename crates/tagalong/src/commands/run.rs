//! `tagalong run`: keeps everything under DIR reconciled, or with `--once` settles it and prints the result.

use super::settle::{GRACE, settle, stop_signal};
use crate::cli::{Global, Output, RunArgs};
use crate::exit::Answer;
use crate::wiring::{Role, Wired, wire};
use crate::{listen, print};
use futures::FutureExt as _;
use std::net::SocketAddr;
use std::sync::Arc;
use tagalong_engine::{Desk, Settings, wheel};

pub(crate) async fn run(args: RunArgs, global: &Global) -> anyhow::Result<Answer> {
    print::no_lint_format(global.output)?;
    let settings = Settings {
        dry_run: args.dry_run,
        jitter_percent: args.interval_jitter_percentage,
        concurrent: args.concurrent,
        ..Settings::default()
    };
    let wired = wire(&args.desk, &args.state, Role::Writer, settings)?;
    if args.once { once(wired, global).await } else { forever(wired, args.listen).await }
}

async fn once(wired: Wired, global: &Global) -> anyhow::Result<Answer> {
    let interrupted = settle(&wired).await;
    for turn in wired.desk.record().turns() {
        print::story(&print::plans::summary(&turn));
    }
    let kinds = wired.context.desk.kinds();
    match global.output {
        Output::Text => print::text(&print::objects::table(kinds))?,
        output => print::document(output, &print::objects::list(kinds)?)?,
    }
    Ok(match (interrupted, print::objects::all_ready(kinds)) {
        (true, _) => Answer::Interrupted,
        (false, true) => Answer::Yes,
        (false, false) => Answer::No,
    })
}

async fn forever(wired: Wired, listen: Option<SocketAddr>) -> anyhow::Result<Answer> {
    let Wired { context, desk, wakes, paths, .. } = &mut { wired };
    let watching = async {
        if let Err(error) = tagalong_files::watch(paths, desk).await {
            tracing::warn!("the folder is not watched, so edits need a restart: {error}");
        }
        std::future::pending::<()>().await;
    };
    let listening = async {
        match listen {
            Some(address) => listen::serve(address, desk.kinds().clone(), desk.record().clone()).await,
            None => std::future::pending().await,
        }
    };
    let (stopped, stop) = tokio::sync::oneshot::channel();
    let wakes = std::mem::replace(wakes, wheel::Wakers::new().1);
    let turning = wheel::forever(Arc::clone(context), wakes, async {
        let answer = stop_signal().await;
        tracing::info!("stopping; what was begun is finished first");
        // The other end waits below for as long as this future runs.
        stopped.send(answer).unwrap_or_default();
    });
    let stop = stop.map(|answer| answer.unwrap_or(Answer::Interrupted)).shared();
    let overdue = async {
        stop.clone().await;
        tokio::time::sleep(GRACE).await;
        tracing::warn!("not finished within 10 s; the next run does what is left");
    };
    tokio::select! {
        () = turning => Ok(stop.await),
        () = overdue => Ok(stop.await),
        () = watching => Ok(Answer::Interrupted),
        served = listening => served.map(|()| Answer::Interrupted),
    }
}
