//! `tagalong run`: keeps everything under DIR reconciled, or with `--once` settles it and prints the result.

use super::settle::{GRACE, settle, stop_signal};
use crate::cli::{Global, Output, RunArgs};
use crate::exit::Answer;
use crate::listen::Figures;
use crate::wiring::{Followed, Role, Wired};
use crate::{listen, print, wiring};
use anyhow::bail;
use futures::FutureExt as _;
use std::net::SocketAddr;
use std::sync::Arc;
use tagalong_engine::{Desk, Settings, wheel};
use tagalong_files::FilesDesk;

pub(crate) async fn run(args: RunArgs, global: &Global) -> anyhow::Result<Answer> {
    print::no_lint_format(global.output)?;
    let settings = Settings {
        dry_run: args.dry_run,
        once: args.once,
        jitter_percent: args.interval_jitter_percentage,
        concurrent: args.concurrent,
        ..Settings::default()
    };
    let Some(dir) = &args.desk.dir else {
        bail!(
            "name a folder of objects, as in `tagalong run ./fleet`; those of a cluster are kept by `tagalong controller`"
        )
    };
    let (wired, followed) =
        wiring::folder(dir, &args.desk, &args.state, Role::Writer(args.sync_to.as_deref()), settings)?;
    if args.once { once(&wired, global).await } else { forever(&wired, followed, args.listen).await }
}

async fn once(wired: &Wired<FilesDesk>, global: &Global) -> anyhow::Result<Answer> {
    let interrupted = settle(wired).await;
    for turn in wired.record.turns() {
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

async fn forever(
    wired: &Wired<FilesDesk>,
    followed: Followed,
    listen: Option<SocketAddr>,
) -> anyhow::Result<Answer> {
    let Followed { wakes, paths } = followed;
    let desk = &wired.context.desk;
    let watching = async {
        if let Err(error) = tagalong_files::watch(&paths, desk).await {
            tracing::warn!("the folder is not watched, so edits need a restart: {error}");
        }
        std::future::pending::<()>().await;
    };
    let listening = async {
        match listen {
            Some(address) => {
                let figures = Figures::new(&wired.context, desk.record(), None);
                listen::serve(address, desk.kinds().clone(), desk.record().clone(), figures).await
            }
            None => std::future::pending().await,
        }
    };
    let (stopped, stop) = tokio::sync::oneshot::channel();
    let turning = wheel::forever(Arc::clone(&wired.context), wakes, async {
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
