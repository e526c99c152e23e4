//! The same with pull requests: people close them, reopen them, merge them, push to their branches. After each run of the
//! automation there is one for each policy that has something to write, and it holds exactly that.

use crate::estate::Estate;
use crate::judge::Judge;
use crate::person::Person;
use crate::tally::Tally;
use anyhow::{Context as _, Result, ensure};
use fastrand::Rng;
use std::collections::BTreeSet;
use tagalong_testkit::fake_host::{FakeHost, Pull};

/// Does something about a pull request, if there is one that it can be done to; says what.
pub(crate) fn act(
    estate: &Estate,
    host: &FakeHost,
    person: &mut Person<'_>,
    chance: &mut Rng,
) -> Result<&'static str> {
    let open = host.open();
    let Some(pull) = chance.choice(&open) else { return reopen(estate, host, chance) };
    let tip = estate.repo.rev(&pull.branch).context("an open pull request without a branch")?;
    match chance.u32(0..6) {
        0 => {
            host.change(pull.number, |pull| {
                pull.closed = true;
                pull.closed_by = Some(("ada".to_owned(), false));
                pull.head = tip;
            });
            Ok("pull requests closed")
        }
        1 => reopen(estate, host, chance),
        2 if person.push_to(&pull.branch)? => Ok("pushes to a pull request"),
        _ => {
            let squash = chance.bool();
            if !person.merge_pull(&pull.branch, squash)? {
                return Ok("nothing");
            }
            host.change(pull.number, |pull| {
                pull.merged = true;
                pull.head = tip;
            });
            Ok(if squash { "pull requests squashed" } else { "pull requests merged" })
        }
    }
}

/// A host reopens only one whose branch is as it was, and which no other one has taken.
fn reopen(estate: &Estate, host: &FakeHost, chance: &mut Rng) -> Result<&'static str> {
    let open = host.open();
    let all = host.pulls();
    let can = |pull: &&Pull| {
        let free = open.iter().all(|other| other.branch != pull.branch);
        by_person(pull) && free && estate.repo.rev(&pull.branch).as_ref() == Some(&pull.head)
    };
    let closed: Vec<&Pull> = all.iter().filter(can).collect();
    let Some(pull) = chance.choice(closed) else { return Ok("nothing") };
    host.change(pull.number, |pull| {
        pull.closed = false;
        pull.closed_by = None;
        pull.head.clear();
    });
    Ok("pull requests reopened")
}

fn by_person(pull: &Pull) -> bool {
    pull.closed && !pull.merged && pull.closed_by.as_ref().is_some_and(|(by, _)| by == "ada")
}

/// What people have refused by closing: targets of markers with values.
fn refused(estate: &Estate, host: &FakeHost) -> Result<BTreeSet<(String, String)>> {
    let mut refused = BTreeSet::new();
    for pull in host.pulls().iter().filter(|pull| by_person(pull)) {
        let message = estate.repo.message(&pull.head)?;
        for update in message.lines().filter_map(|line| line.strip_prefix("Tagalong-Update: ")) {
            let (target, values) = update.split_once(' ').context("odd trailer")?;
            let (_, new) = values.split_once(" -> ").context("odd trailer")?;
            refused.insert((target.to_owned(), new.to_owned()));
        }
    }
    Ok(refused)
}

/// Runs the automation alone, and judges what stands.
pub(crate) fn settle(
    estate: &Estate,
    host: &FakeHost,
    judge: &mut Judge<'_>,
    chance: &mut Rng,
    tally: &mut Tally,
) -> Result<()> {
    judge.read()?;
    let main = estate.repo.rev("main");
    let said = estate.once(chance)?;
    ensure!(estate.repo.rev("main") == main, "the automation wrote to main: {said}");
    let refused = refused(estate, host)?;
    for policy in Estate::policies() {
        let branch = format!("tagalong/default/fleet/{policy}");
        let open: Vec<Pull> = host.open().into_iter().filter(|pull| pull.branch == branch).collect();
        ensure!(open.len() < 2, "{} are open for {branch}: {said}", open.len());
        if is_foreign(estate, host, &branch)? {
            tally.count("branches left alone");
            continue;
        }
        let mut wanted = judge.wanted_of(policy)?;
        let free = wanted.len();
        wanted.retain(|_, wish| !refused.contains(&(wish.target.clone(), wish.value.clone())));
        tally.add("fields refused by closing", free - wanted.len());
        ensure!(open.len() == usize::from(!wanted.is_empty()), "{} open for {wanted:?}: {said}", open.len());
        if !wanted.is_empty() {
            judge.check_branch(&branch, &wanted).with_context(|| said.clone())?;
            tally.count("pull requests judged");
        }
    }
    Ok(())
}

/// Whether somebody's commit is on a branch that was not merged.
fn is_foreign(estate: &Estate, host: &FakeHost, branch: &str) -> Result<bool> {
    let Some(tip) = estate.repo.rev(branch) else { return Ok(false) };
    if host.pulls().iter().any(|pull| pull.merged && pull.branch == branch && pull.head == tip) {
        return Ok(false);
    }
    let committers = estate.repo.git(&["log", "--format=%cn", &format!("main..{branch}")])?;
    Ok(committers.lines().any(|committer| committer != "bot"))
}
