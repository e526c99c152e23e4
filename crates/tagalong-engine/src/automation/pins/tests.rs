//! Random histories of edits, reverts, merges and our own runs, made by the real `git`, against the rule as it is
//! written down (RULES 10).

use super::LookBack;
use super::trace::{Place, Traced, Tracer};
use crate::automation::index::SiteIndex;
use crate::automation::look::Scope;
use crate::automation::rule::Rule;
use crate::automation::site::{Served, standing};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;
use tagalong_api::validate::DigestReflection;
use tagalong_edit::{FileKind, Site, scan};
use tagalong_git::{BlobId, Mirror, Remote};
use tagalong_policy::{Node, OrderSpec, Policy};
use tagalong_testkit::git_repo::{Change, GitRepo, git, run};

/// One step of a history: what is done, to which commits, with which value. 0 is a tag outside of the policy.
#[derive(Debug, Clone)]
struct Act {
    kind: u8,
    on: usize,
    other: usize,
    value: u8,
}

/// A commit as the model sees it.
#[derive(Debug, Clone)]
struct Commit {
    parents: Vec<usize>,
    value: u8,
    ours: bool,
    /// The highest refused value, 0 where nothing is refused.
    ceiling: u8,
    ancestors: BTreeSet<usize>,
}

/// The rule, said once more in as few words as it takes.
fn ceiling(history: &[Commit], commit: &Commit) -> u8 {
    let mut ceiling = commit.parents.iter().map(|parent| history[*parent].ceiling).max().unwrap_or(0);
    for parent in commit.parents.iter().filter(|_| !commit.ours) {
        let theirs = history[*parent].value;
        let others = commit.parents.iter().filter(|other| *other != parent);
        let by_merge = others
            .flat_map(|other| bases(history, *parent, *other))
            .any(|base| history[base].value == theirs);
        if commit.value < theirs && !by_merge {
            ceiling = ceiling.max(theirs);
        }
    }
    if commit.value >= ceiling { 0 } else { ceiling }
}

fn bases(history: &[Commit], a: usize, b: usize) -> Vec<usize> {
    let common: Vec<usize> = history[a].ancestors.intersection(&history[b].ancestors).copied().collect();
    let below =
        |base: &usize| common.iter().any(|other| other != base && history[*other].ancestors.contains(base));
    common.iter().copied().filter(|base| !below(base)).collect()
}

/// Adds what an act leads to; our own run writes only what is above the ceiling and the value there.
fn add(history: &mut Vec<Commit>, act: &Act) {
    let (on, other) = (act.on % history.len(), act.other % history.len());
    let mut commit =
        Commit { parents: vec![on], value: act.value, ours: false, ceiling: 0, ancestors: BTreeSet::new() };
    match act.kind {
        // Our own run.
        0..=2 => {
            let from = &history[on];
            let value = act.value.max(from.ceiling.max(from.value) + 1);
            commit = Commit { value, ours: true, ..commit };
        }
        // Back to what stood there before.
        3 => commit.value = history[on].parents.first().map_or(act.value, |parent| history[*parent].value),
        // A merge, as git does it where both did not change it, else by hand.
        4..=6 if other != on => {
            let base = bases(history, on, other).first().map(|base| history[*base].value);
            let (a, b) = (history[on].value, history[other].value);
            commit.parents.push(other);
            commit.value = if Some(a) == base {
                b
            } else if Some(b) == base || a == b {
                a
            } else {
                act.value
            };
        }
        _ => {}
    }
    commit.ceiling = ceiling(history, &commit);
    commit.ancestors = commit.parents.iter().flat_map(|parent| history[*parent].ancestors.clone()).collect();
    commit.ancestors.insert(history.len());
    history.push(commit);
}

fn tag(value: u8) -> String {
    if value == 0 { "latest".to_owned() } else { format!("1.{value}.0") }
}

fn file(value: u8) -> String {
    format!("image: acme/web:{} # {{\"$imagepolicy\": \"ns:web\"}}\n", tag(value))
}

/// The history as a script for `git fast-import`.
fn script(history: &[Commit]) -> String {
    let mut script = String::new();
    for (at, commit) in history.iter().enumerate() {
        let old = commit.parents.first().map_or(0, |parent| history[*parent].value);
        let trailers = format!(
            "\n\nTagalong-Automation: ns/fleet\nTagalong-Update: ns:web acme/web:{} -> acme/web:{}",
            tag(old),
            tag(commit.value)
        );
        let message = format!("{at}{}", if commit.ours { &trailers } else { "" });
        let mut parents = String::new();
        for (n, parent) in commit.parents.iter().enumerate() {
            _ = writeln!(parents, "{} :{}", if n == 0 { "from" } else { "merge" }, parent + 1).is_ok();
        }
        let (text, len) = (file(commit.value), message.len());
        let reset = if commit.parents.is_empty() { "reset refs/heads/main\n" } else { "" };
        script.push_str(&format!(
            "{reset}commit refs/heads/main\nmark :{}\ncommitter A <a@example.com> {} +0000\ndata {len}\n{message}\n\
             {parents}M 100644 inline web.yaml\ndata {}\n{text}\n",
            at + 1,
            // Two commits a second, as machines make them.
            1_900_000_000 + at / 2,
            text.len()
        ));
    }
    script
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = (0u8..9, 0usize..40, 0usize..40, 0u8..7).prop_map(|(kind, back, other, value)| Act {
        kind,
        on: back,
        other,
        value,
    });
    proptest::collection::vec(act, 1..24)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn what_is_refused_is_what_the_rule_says(acts in acts(), first in 1u8..5) {
        let root = Commit { parents: Vec::new(), value: first, ours: false, ceiling: 0, ancestors: BTreeSet::from([0]) };
        let mut history = vec![root];
        for act in &acts {
            add(&mut history, act);
        }
        let repo = GitRepo::bare().unwrap();
        let mut import = git();
        import.arg("--git-dir").arg(repo.path()).args(["fast-import", "--quiet", "--force"]);
        let output = run(&mut import, script(&history).as_bytes()).unwrap();
        prop_assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let tip = history.last().unwrap();
        let allowed: Vec<u8> = (1..12).filter(|value| *value > tip.ceiling).collect();
        prop_assert_eq!(let_through(&repo, tip.value), allowed, "{:?}", history);
    }
}

/// Counts, not times: what one look back reads, and what one new commit adds to that.
#[test]
fn a_new_commit_is_read_and_nothing_else_again() {
    const FILES: usize = 40;
    let repo = GitRepo::bare().unwrap();
    let text = |value: u8| file(value).into_bytes();
    let paths: Vec<String> = (0..FILES).map(|n| format!("apps/{}/web{n}.yaml", n % 8)).collect();
    for value in [2, 1] {
        let bytes = text(value);
        let changes: Vec<Change<'_>> = paths.iter().map(|path| Change::File(path, &bytes)).collect();
        repo.commit("main", "all of them", &changes).unwrap();
    }
    for n in 0..100 {
        repo.commit("main", "noise", &[Change::File("notes/README", format!("{n}").as_bytes())]).unwrap();
    }
    let remote = Remote::new(repo.path().display().to_string().parse().unwrap());
    let mirror = Mirror::open(repo.path(), &remote).unwrap();
    let mut known = LookBack::default();
    let mut read = || {
        let (before, tip) = (mirror.stats().trees_read, repo.rev("main").unwrap());
        let entries = mirror.list(&tip, None).unwrap().entries;
        let listed = mirror.stats().trees_read;
        for path in &paths {
            let blob = entries.iter().find(|entry| entry.path.as_str() == path).unwrap().blob;
            let (nodes, policy) = nodes(&mirror, &mut known, &tip, path, blob);
            assert!(refuses(&policy, &nodes, 2) && !refuses(&policy, &nodes, 3), "{path}");
        }
        (listed - before, mirror.stats().trees_read - listed)
    };
    let (_, cold) = read();
    // Two trees for each commit of noise; the commit that changed them all has ten.
    assert!((200..=240).contains(&cold), "{cold}");
    repo.commit("main", "one more", &[Change::File("notes/README", b"the last")]).unwrap();
    let (_, warm) = read();
    assert!(warm <= 4, "{warm}");
}

/// The values from 1 to 11 that the history of main does not refuse.
fn let_through(repo: &GitRepo, now: u8) -> Vec<u8> {
    let remote = Remote::new(repo.path().display().to_string().parse().unwrap());
    let mirror = Mirror::open(repo.path(), &remote).unwrap();
    let tip = repo.rev("main").unwrap();
    let blob = mirror.list(&tip, None).unwrap().entries[0].blob;
    assert_eq!(scan(file(now).as_bytes(), FileKind::Yaml).sites.len(), 1);
    let (nodes, policy) = nodes(&mirror, &mut LookBack::default(), &tip, "web.yaml", blob);
    (1..12).filter(|value| !refuses(&policy, &nodes, *value)).collect()
}

/// A policy that takes any version, and what is selected by it.
fn policy() -> (Policy, Served) {
    let policy = Policy::compile(&OrderSpec::Semver { range: "*".to_owned() }, None).unwrap();
    let served = Served {
        name: "acme/web".parse().unwrap(),
        tag: "1.0.0".to_owned(),
        digest: None,
        reflection: DigestReflection::Never,
        suspended: false,
        rule: Rule::from(policy.clone()),
        equals: Vec::new(),
        waiting: None,
    };
    (policy, served)
}

/// The history of the first site of a file.
fn nodes(mirror: &Mirror, known: &mut LookBack, tip: &str, path: &str, blob: BlobId) -> (Vec<Node>, Policy) {
    let (policy, served) = policy();
    let (index, scope) = (SiteIndex::default(), Scope::new(None, &[]));
    let mut tracer = Tracer::new(mirror, known, &index, &scope, "ns/fleet");
    let judge = |site: &Site| standing(site, &served, &policy);
    let place = Place { path: Arc::from(path), blob, index: 0 };
    let Traced::Whole(nodes) = tracer.trace(tip.parse().unwrap(), place, &judge).unwrap() else {
        panic!("short")
    };
    (nodes, policy)
}

/// Whether a history refuses a value.
fn refuses(rule: &Policy, nodes: &[Node], value: u8) -> bool {
    let (_, served) = policy();
    let wanted = standing(&scan(file(value).as_bytes(), FileKind::Yaml).sites[0], &served, rule);
    rule.pins(nodes).refusing(rule, &wanted).is_some()
}
