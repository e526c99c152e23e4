//! `tagalong check`: reaches every registry and Git remote with its credentials, tries whether a push would be let
//! in, writes nothing. One line for each, with what is wrong and what to do.

use crate::cli::{CheckArgs, Global, Output, StateArgs};
use crate::exit::Answer;
use crate::print;
use crate::wiring::{self, Place, Role, Wired};
use serde::Serialize;
use std::path::Path;
use std::time::{Duration, Instant};
use tagalong_api::validate;
use tagalong_api::{GitRepository, ImageRepository};
use tagalong_engine::{Desk, Settings, credentials, wake};
use tagalong_git::{Mirror, Remote};

/// How long one registry may take at most.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Serialize)]
struct Checked {
    object: String,
    target: String,
    ok: bool,
    message: String,
}

impl Checked {
    /// One line for people.
    fn line(&self) -> String {
        let Self { object, target, ok, message } = self;
        let target = if target.is_empty() { String::new() } else { format!(" {target}") };
        format!("{:4} {object}{target}: {message}\n", if *ok { "ok" } else { "fail" })
    }
}

pub(crate) async fn run(args: CheckArgs, global: &Global) -> anyhow::Result<Answer> {
    print::no_lint_format(global.output)?;
    let own = tempfile::tempdir()?;
    let state = StateArgs { state: Some(own.path().to_owned()), ..StateArgs::default() };
    // Nothing is turned here; this says that nothing may be written either.
    let settings = Settings { dry_run: true, ..Settings::default() };
    match wiring::place(args.desk.dir.as_ref(), &args.cluster)? {
        Place::Folder(dir) => {
            let (wired, _) = wiring::folder(dir, &args.desk, &state, Role::Reader, settings)?;
            check(&wired, own.path(), global).await
        }
        Place::Cluster => {
            let wired = wiring::cluster(&args.cluster, &args.desk, &state, settings).await?;
            check(&wired, own.path(), global).await
        }
    }
}

async fn check<D: Desk>(wired: &Wired<D>, folder: &Path, global: &Global) -> anyhow::Result<Answer> {
    let mut checked = Vec::new();
    let kinds = wired.context.desk.kinds().clone();
    for object in kinds.repositories.state() {
        checked.push(registry(wired, &object).await);
    }
    for object in kinds.sources.state() {
        checked.push(source(wired, &object, folder).await);
    }
    checked.sort_by(|a, b| a.object.cmp(&b.object));
    let all = checked.iter().all(|checked| checked.ok);
    match global.output {
        Output::Text => {
            print::text(&checked.iter().map(Checked::line).collect::<String>())?;
        }
        output => print::document(output, &serde_json::json!({"checks": checked}))?,
    }
    Ok(if all { Answer::Yes } else { Answer::No })
}

async fn registry<D: Desk>(wired: &Wired<D>, object: &ImageRepository) -> Checked {
    let checked = |result: Result<&str, String>| Checked {
        object: format!("ImageRepository/{}", wake::key_of(object)),
        target: object.spec.image.clone(),
        ok: result.is_ok(),
        message: result.map_or_else(|message| message, ToOwned::to_owned),
    };
    let valid = match validate::repository(object) {
        Ok(valid) => valid,
        Err(invalid) => return checked(Err(invalid.message)),
    };
    let access = match credentials::registry::access(&wired.context.desk, &valid).await {
        Ok(access) => access,
        Err(message) => return checked(Err(message)),
    };
    let deadline = Instant::now() + valid.timeout.min(PATIENCE);
    let answer = wired.context.registry.check(&valid.image, &access, deadline).await;
    let name = valid.image.canonical();
    checked(answer.map(|()| "the registry answers and lists tags").map_err(|error| unnamed(&error, &name)))
}

/// What went wrong, without the name that stands before it on the line.
fn unnamed(error: &tagalong_registry::Error, name: &str) -> String {
    let text = error.to_string();
    text.strip_prefix(name).and_then(|rest| rest.strip_prefix(": ")).map(ToOwned::to_owned).unwrap_or(text)
}

async fn source<D: Desk>(wired: &Wired<D>, object: &GitRepository, folder: &Path) -> Checked {
    let checked = |target: String, result: Result<String, String>| Checked {
        object: format!("GitRepository/{}", wake::key_of(object)),
        target,
        ok: result.is_ok(),
        message: result.unwrap_or_else(|message| message),
    };
    let valid = match validate::git_repository(object) {
        Ok(valid) => valid,
        Err(invalid) => return checked(String::new(), Err(invalid.message)),
    };
    let (ca_pem, memory) = (wired.context.settings.ca_pem.as_deref(), &wired.context.hosts.memory);
    let remote = match credentials::git::remote(&wired.context.desk, &valid, ca_pem, memory).await {
        Ok(remote) => remote,
        Err(message) => return checked(String::new(), Err(message)),
    };
    let target = remote.url.to_string();
    let folder = folder.join(format!("check-{}", wake::key_of(object).to_string().replace('/', "-")));
    let answer = tokio::task::spawn_blocking(move || reach(&folder, &remote)).await;
    checked(target, answer.unwrap_or_else(|error| Err(error.to_string())))
}

fn reach(folder: &Path, remote: &Remote) -> Result<String, String> {
    let mirror = Mirror::open(folder, remote).map_err(|error| error.to_string())?;
    mirror.tip(remote, &["HEAD"]).map_err(|error| format!("it cannot be read: {error}"))?;
    mirror.may_push(remote).map_err(|error| format!("it can be read, but a push would fail: {error}"))?;
    Ok("it can be read, and a push would be let in; hooks and protected branches show only when one is made"
        .to_owned())
}
