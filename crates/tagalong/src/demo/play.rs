//! The story from end to end: what there is, what the engine settles, what it does with tags that are pushed while it
//! watches, what is in the repository afterwards, how to go on. Called by `tagalong demo`.
//!
//! The engine is wired as `run` wires it; the only thing made up is the shop.

use super::place::Place;
use super::storage::Name;
use super::teller::{Teller, Told};
use super::voice::Voice;
use super::{estate, image, person, server};
use crate::cli::{DeskArgs, StateArgs};
use crate::print::plans::count;
use crate::wiring::{Role, folder};
use anyhow::{Context as _, bail};
use jiff::Timestamp;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tagalong_engine::{Context, Finding, Settings, wheel};
use tagalong_files::FilesDesk;
use tagalong_git::CommitInfo;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinSet;

/// How long one step may take, on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(60);

/// What happens while the engine watches.
enum Step {
    /// A tag is pushed, and leads to this.
    Push(&'static str, &'static str, Told),
    /// The last commit is reverted; what is decided next goes round it.
    Revert,
}

/// A release that is taken back stays away, others go on, and the next release above it flows.
const STEPS: [Step; 6] = [
    Step::Push("shop/web", "1.11.0-rc.1", Told::Stays),
    Step::Push("shop/web", "1.11.0", Told::Commit),
    Step::Revert,
    Step::Push("shop/worker", "main-3b5d7f9-1759472800", Told::Commit),
    Step::Push("shop/web", "1.11.1", Told::Commit),
    Step::Push("shop/gateway", "stable", Told::Commit),
];

type Findings = UnboundedReceiver<Finding>;

/// Plays it all in a new folder.
///
/// # Errors
/// When the folder cannot be filled, or a step does not come.
pub(crate) async fn play(place: &Place, voice: &Voice) -> anyhow::Result<()> {
    let listener = server::listen(None).await?;
    let port = listener.local_addr().context("the registry has no address")?.port();
    place.keep_port(port)?;
    let made = estate::make(place, port)?;
    introduce(place, voice, port, &made)?;
    let mut registry = JoinSet::new();
    registry.spawn(server::serve(listener, place.storage()));
    let (wired, followed) =
        folder(&place.fleet(), &desk_args(), &state_args(place), Role::Writer(None), Settings::default())?;
    let mut findings = wired.record.listen();
    let context = Arc::clone(&wired.context);
    let mut teller = Teller::new(voice, Arc::clone(&context));

    voice.part("Settle what changed while nobody looked (as `tagalong run --once` does)")?;
    settle(&context, &mut findings, &mut teller).await?;

    voice.part("Watch while tags are pushed (as `tagalong run` does)")?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let turning = wheel::forever(context, followed.wakes, async {
        // Dropped without a word is a stop as well.
        _ = stopped.await.is_ok();
    });
    let watching = async {
        let watched = watch(place, port, &mut findings, &mut teller).await;
        drop(stop);
        watched
    };
    let ((), watched) = tokio::join!(turning, watching);
    watched?;

    voice.part(&format!("What is in {} now, read back", place.estate().display()))?;
    for commit in history(&place.estate())?.iter().rev() {
        let subject = commit.message.lines().next().unwrap_or_default();
        voice.say(commit.id.get(..7).unwrap_or_default(), &format!("{subject} ({})", commit.author_name))?;
    }
    Ok(())
}

fn desk_args() -> DeskArgs {
    DeskArgs {
        dir: None,
        allow_env: Vec::new(),
        secrets_dir: None,
        ca_file: None,
        no_cross_namespace_refs: false,
    }
}

fn state_args(place: &Place) -> StateArgs {
    StateArgs { state: Some(place.state()), ..StateArgs::default() }
}

fn introduce(place: &Place, voice: &Voice, port: u16, made: &estate::Made) -> anyhow::Result<()> {
    voice.part(&format!("What there is, in {}", place.root().display()))?;
    let files: Vec<String> = made
        .estate
        .iter()
        .map(|file| match file.markers {
            0 => file.path.to_owned(),
            markers => format!("{} ({})", file.path, count(markers, "marked field")),
        })
        .collect();
    let short = made.commit.get(..7).unwrap_or_default();
    voice.say(
        "Git",
        &format!("estate.git, a bare repository with one commit, {short}:\n{}", files.join("\n")),
    )?;
    let storage = place.storage();
    let mut images = Vec::new();
    for name in storage.names()? {
        let tags = storage.tags(&name)?.unwrap_or_default().len();
        images.push(format!("{} ({})", name.as_str(), count(tags, "tag")));
    }
    voice.say("registry", &format!("localhost:{port}:\n{}", images.join("\n")))?;
    voice.say("objects", &format!("fleet/, each worth reading:\n{}", made.fleet.join("\n")))
}

async fn settle(
    context: &Arc<Context<FilesDesk>>,
    findings: &mut Findings,
    teller: &mut Teller<'_>,
) -> anyhow::Result<()> {
    let mut turning = std::pin::pin!(wheel::once(Arc::clone(context), std::future::pending()));
    let mut told = Told::Else;
    loop {
        tokio::select! {
            biased;
            Some(finding) = findings.recv() => told = teller.tell(finding).await?,
            () = &mut turning => break,
        }
    }
    while let Ok(finding) = findings.try_recv() {
        told = teller.tell(finding).await?;
    }
    if told == Told::Commit {
        Ok(())
    } else {
        bail!("the first run ended without a commit; its log is above")
    }
}

/// Takes one step after the other, each when the one before has had its effect.
async fn watch(
    place: &Place,
    port: u16,
    findings: &mut Findings,
    teller: &mut Teller<'_>,
) -> anyhow::Result<()> {
    wait_for(&Told::UpToDate, "a look at the branch", findings, teller).await?;
    for step in &STEPS {
        let Step::Push(image, tag, effect) = step else {
            teller.reverted(&person::revert_last(place)?)?;
            continue;
        };
        let name = Name::parse(image).with_context(|| format!("{image} is no image name"))?;
        image::push(&place.storage(), &name, &tag.parse()?, Timestamp::now())?;
        teller.pushed(&format!("localhost:{port}/{image}:{tag}"))?;
        wait_for(effect, &format!("what becomes of {image}:{tag}"), findings, teller).await?;
    }
    Ok(())
}

async fn wait_for(
    effect: &Told,
    what: &str,
    findings: &mut Findings,
    teller: &mut Teller<'_>,
) -> anyhow::Result<()> {
    let waiting = async {
        while let Some(finding) = findings.recv().await {
            if teller.tell(finding).await? == *effect {
                return Ok(());
            }
        }
        bail!("the engine ended before {what} was seen")
    };
    match tokio::time::timeout(PATIENCE, waiting).await {
        Ok(done) => done,
        Err(_) => bail!("{what} was not seen within {} s", PATIENCE.as_secs()),
    }
}

/// The commits of the branch, newest first, as they are in the repository.
fn history(estate: &Path) -> anyhow::Result<Vec<CommitInfo>> {
    let (mirror, _, fetched) = person::open(estate)?;
    let mut commits = vec![mirror.commit_info(&fetched.commit)?];
    while let Some(parent) = commits.last().and_then(|commit| commit.parents.first()) {
        commits.push(mirror.commit_info(parent)?);
    }
    Ok(commits)
}
