//! Receiving one pack: the wanted commits, as shallow as asked, against what the mirror already holds.

use super::{AGENT, Connection};
use crate::{
    error::{ErrorKind, GitError, Result, clean},
    repository,
    stats::Counters,
};
use gix::{
    ObjectId, Repository,
    bstr::BStr,
    protocol::{
        Command,
        fetch::{Arguments, Response, response::ShallowUpdate},
        transport::Protocol,
    },
};
use std::{ops::ControlFlow, sync::Arc, sync::Mutex, sync::PoisonError, sync::atomic::AtomicBool};

/// The largest object that is unpacked while a pack is indexed.
const MAX_OBJECT: usize = 512 << 20;

/// How much of a server's complaint is kept.
const MAX_COMPLAINT: usize = 1000;

/// How far back the wanted commits' history goes.
pub(crate) enum Depth<'a> {
    /// This many commits. The look-back of pins asks for 50, 500, 5,000 (RULES 13).
    Commits(usize),
    /// Down to, and without, what the server's ref of this name reaches.
    Beyond(&'a str),
}

pub(crate) struct Ask<'a> {
    pub(crate) wants: &'a [ObjectId],
    /// Commits whose trees the mirror holds whole.
    pub(crate) haves: &'a [ObjectId],
    pub(crate) depth: Depth<'a>,
    /// The most bytes to receive, where that is less than for any pack.
    pub(crate) room: Option<u64>,
}

/// Fetches into `repo` and gives the commits at which the received history was cut.
pub(crate) fn fetch_pack(
    connection: &mut Connection,
    repo: &Repository,
    ask: &Ask<'_>,
) -> Result<Vec<ObjectId>> {
    let version = connection.handshake.server_protocol_version;
    let mut features = Command::Fetch.default_features(version, &connection.handshake.capabilities);
    // Both would change how the answer has to be read.
    features.retain(|(name, _)| !matches!(*name, "sideband-all" | "no-done" | "include-tag"));
    Response::check_required_features(version, &features)
        .map_err(|error| connection.operation.explain(&error))?;
    features.push(("agent", Some(AGENT.into())));
    let mut arguments = Arguments::new(version, features, false);
    describe(&mut arguments, repo, ask)?;

    let operation = Arc::clone(&connection.operation);
    let explain = |error: &(dyn std::error::Error + 'static)| operation.explain(error);
    operation.expect_pack(ask.room);
    let mut reader = arguments.send(&mut connection.transport, true).map_err(|error| explain(&error))?;
    let response =
        Response::from_line_reader(version, &mut reader, true, false).map_err(|error| explain(&error))?;
    let cut: Vec<ObjectId> = response
        .shallow_updates()
        .iter()
        .filter_map(|update| if let ShallowUpdate::Shallow(id) = update { Some(*id) } else { None })
        .collect();
    if !response.has_pack() {
        return Err(GitError::new(ErrorKind::Protocol, "the server sent no pack"));
    }
    // Before the pack: a commit that is there without this note would claim ancestors that are not.
    repository::add_shallow(repo, response.shallow_updates())?;

    let complaint = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&complaint);
    reader.set_progress_handler(Some(Box::new(move |is_error, data| {
        if is_error {
            let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
            let room = MAX_COMPLAINT.saturating_sub(heard.len());
            heard.extend(data.iter().take(room));
        }
        ControlFlow::Continue(())
    })));
    let written = gix::odb::pack::Bundle::write_to_directory(
        &mut reader,
        Some(&repository::pack_dir(repo)),
        &mut gix::progress::Discard,
        &AtomicBool::new(false),
        Some(repo.objects.clone()),
        gix::hash::Kind::Sha1,
        gix::odb::pack::bundle::write::Options { alloc_limit_bytes: Some(MAX_OBJECT), ..Default::default() },
    );
    let complaint = std::mem::take(&mut *complaint.lock().unwrap_or_else(PoisonError::into_inner));
    let outcome = written.map_err(|error| match clean(&String::from_utf8_lossy(&complaint), 300) {
        said if said.is_empty() => explain(&error),
        said => GitError::new(ErrorKind::Protocol, format!("the server broke off the fetch: {said}")),
    })?;
    repository::release(&outcome)?;
    if reader.stopped_at().is_none() {
        std::io::copy(&mut reader, &mut std::io::sink()).map_err(|error| explain(&error))?;
    }
    drop(reader);
    Counters::add(&operation.counters.packs_received, 1);
    Ok(cut)
}

fn describe(arguments: &mut Arguments, repo: &Repository, ask: &Ask<'_>) -> Result<()> {
    for want in ask.wants {
        arguments.want(want);
    }
    if arguments.can_use_shallow() {
        match ask.depth {
            Depth::Commits(commits) => {
                // The server must know where our history ends, or it takes the ancestors of `haves` for granted.
                for id in repository::shallow(repo)? {
                    arguments.shallow(id);
                }
                arguments.deepen(commits);
            }
            Depth::Beyond(name) => {
                if !arguments.can_use_deepen_not() {
                    return Err(GitError::new(
                        ErrorKind::Protocol,
                        "the server cannot say which commits a branch has beyond another",
                    ));
                }
                arguments.deepen_not(BStr::new(name));
            }
        }
    }
    for have in ask.haves {
        arguments.have(have);
    }
    Ok(())
}

/// Tells a server that keeps the connection open that nothing more comes.
pub(crate) fn finish(connection: &mut Connection) {
    if connection.handshake.server_protocol_version == Protocol::V2 {
        // The server hangs up either way.
        drop(gix::protocol::indicate_end_of_interaction(&mut connection.transport, false));
    }
}
