//! What is asked of a host over the life of a pull request.

use super::{forge, hosts};
use tagalong_forge::{AutoMerge, Closer, Merge, NewPullRequest, State};
use tagalong_testkit::fake_host::{Fault, Kind, Pull, TOKEN};

fn new() -> NewPullRequest {
    NewPullRequest {
        branch: "updates/web".into(),
        base: "main".into(),
        title: "Update web".into(),
        body: "It is newer.".into(),
        ..NewPullRequest::default()
    }
}

#[tokio::test]
async fn one_is_opened_described_commented_and_closed() {
    for host in hosts() {
        let forge = forge(&host);
        assert_eq!(forge.open().await.unwrap(), vec![]);
        let (opened, notes) = forge.create(&new()).await.unwrap();
        assert_eq!((opened.number, opened.state, notes), (1, State::Open, vec![]));
        assert_eq!((opened.title.as_str(), opened.body.as_str()), ("Update web", "It is newer."));
        assert_eq!(forge.open().await.unwrap(), vec![opened.clone()]);

        forge.describe(&opened, "Update web again", "Newer still.").await.unwrap();
        forge.comment(&opened, "Nothing left to do.").await.unwrap();
        forge.close(&opened).await.unwrap();
        let [closed] = host.pulls().try_into().unwrap();
        assert_eq!((closed.title.as_str(), closed.body.as_str()), ("Update web again", "Newer still."));
        assert_eq!((closed.comments, closed.closed), (vec!["Nothing left to do.".to_owned()], true));
        assert_eq!(forge.open().await.unwrap(), vec![]);
        let found = forge.closed(&["updates/web".into(), "updates/api".into()], "main").await.unwrap();
        assert_eq!(
            found.iter().map(|pull| (pull.number, pull.state)).collect::<Vec<_>>(),
            [(1, State::Closed)]
        );
    }
}

#[tokio::test]
async fn one_that_is_there_is_not_opened_again() {
    for host in hosts() {
        let forge = forge(&host);
        let (first, _) = forge.create(&new()).await.unwrap();
        let (second, _) = forge.create(&new()).await.unwrap();
        assert_eq!((second.number, host.pulls().len()), (first.number, 1));
    }
}

#[tokio::test]
async fn it_comes_with_labels_people_and_a_mark_of_a_draft() {
    for host in hosts() {
        host.account("ada");
        host.account("bo");
        let new = NewPullRequest {
            draft: true,
            labels: vec!["images".into(), "automatic".into()],
            reviewers: vec!["ada".into()],
            assignees: vec!["bo".into()],
            ..new()
        };
        let forge = forge(&host);
        let (opened, notes) = forge.create(&new).await.unwrap();
        assert_eq!((opened.draft, opened.title.as_str(), notes), (true, "Update web", vec![]));
        let [pull] = host.pulls().try_into().unwrap();
        assert_eq!((pull.labels, pull.reviewers, pull.assignees), (new.labels, new.reviewers, new.assignees));

        // It stays a draft when it is described.
        forge.describe(&opened, "Other", "text").await.unwrap();
        assert!(forge.open().await.unwrap()[0].draft);
    }
}

#[tokio::test]
async fn a_reviewer_whom_the_host_does_not_know_is_said_and_the_rest_stands() {
    for host in hosts() {
        let new = NewPullRequest { reviewers: vec!["nobody".into()], labels: vec!["images".into()], ..new() };
        let (_, notes) = forge(&host).create(&new).await.unwrap();
        let [note] = notes.try_into().unwrap();
        assert!(note.contains("reviewer"), "{note}");
        assert_eq!(host.open()[0].labels, ["images"]);
    }
}

#[tokio::test]
async fn listings_go_on_to_the_last_page_and_leave_forks_out() {
    for host in hosts() {
        host.pages_of(2);
        for minute in 0..7 {
            let branch = format!("updates/{minute}");
            host.add(Pull { branch, base: "main".into(), fork: minute == 3, minute, ..Pull::default() });
        }
        let forge = forge(&host);
        assert_eq!(forge.open().await.unwrap().len(), 6);
        let since = "2026-01-01T00:05:00Z".parse().unwrap();
        let mut found: Vec<u64> =
            forge.opened_since(since).await.unwrap().into_iter().map(|pull| pull.number).collect();
        found.sort_unstable();
        assert_eq!(found, [6, 7]);
    }
}

#[tokio::test]
async fn who_closed_one_and_what_its_last_commit_was_is_told() {
    for host in hosts() {
        let bot = if host.kind() == Kind::GitHub { "stale" } else { "project_7_bot_1" };
        for (by, bot) in [("ada", false), (bot, true)] {
            let closed_by = Some((by.to_owned(), bot));
            let branch = "updates/web".to_owned();
            host.add(Pull {
                branch,
                base: "main".into(),
                head: "c0ffee".into(),
                closed: true,
                closed_by,
                ..Pull::default()
            });
        }
        host.add(Pull {
            branch: "updates/web".into(),
            base: "main".into(),
            head: "gone".into(),
            merged: true,
            ..Pull::default()
        });
        host.commit("c0ffee", "Update web\n\nTagalong-Update: x\n");
        let forge = forge(&host);
        let found = forge.closed(&["updates/web".into()], "main").await.unwrap();
        let [merged, by_bot, by_ada] = found.try_into().unwrap();
        assert_eq!((merged.state, by_ada.state), (State::Merged, State::Closed));
        assert_eq!(forge.closed_by(&by_ada).await.unwrap(), Closer::Person("ada".into()));
        assert_eq!(forge.closed_by(&by_bot).await.unwrap(), Closer::Bot(bot.into()));
        let last = forge.last_commit(&by_ada).await.unwrap().unwrap();
        assert_eq!((last.id.as_str(), last.message.starts_with("Update web")), ("c0ffee", true));
        assert_eq!(forge.last_commit(&merged).await.unwrap(), None);
    }
}

#[tokio::test]
async fn the_host_is_asked_to_merge_by_itself() {
    for host in hosts() {
        let forge = forge(&host);
        let (opened, _) = forge.create(&new()).await.unwrap();
        assert_eq!(opened.auto_merge, Some(false));
        let taken = forge.merge_when_ready(&opened, Merge::Squash).await.unwrap();
        assert_eq!(taken, AutoMerge::Taken);
        assert_eq!(host.open()[0].auto_merge.as_deref().map(str::to_lowercase).as_deref(), Some("squash"));
        assert_eq!(forge.open().await.unwrap()[0].auto_merge, Some(true));
    }
}

#[tokio::test]
async fn with_nothing_to_wait_for_it_is_merged_at_once() {
    for host in hosts() {
        host.nothing_to_wait_for();
        let forge = forge(&host);
        let (opened, _) = forge.create(&new()).await.unwrap();
        let taken = forge.merge_when_ready(&opened, Merge::Rebase).await.unwrap();
        assert_eq!(taken, AutoMerge::Taken);
        assert!(host.pulls()[0].merged);
    }
}

#[tokio::test]
async fn a_commit_that_came_meanwhile_is_not_merged() {
    for host in hosts() {
        let forge = forge(&host);
        let (opened, _) = forge.create(&new()).await.unwrap();
        host.change(1, |pull| "c0ffee".clone_into(&mut pull.head));
        let taken = forge.merge_when_ready(&opened, Merge::Squash).await.unwrap();
        assert_eq!((taken, host.open()[0].auto_merge.clone()), (AutoMerge::NotYet, None));
    }
}

#[tokio::test]
async fn why_a_host_does_not_merge_by_itself_is_said_and_not_in_its_words() {
    let [github, gitlab] = hosts();
    for (said, expected) in [
        ("Auto merge is not allowed for this repository", "see \"Allow auto-merge\" in its settings"),
        ("Resource not accessible by personal access token", "does not let this token"),
        ("Pull request is in unstable status", "do not require"),
        ("Something that GitHub says next year", "as the pull request stands"),
    ] {
        let forge = forge(&github);
        let (opened, _) = forge.create(&new()).await.unwrap();
        let body = format!("{{\"data\": null, \"errors\": [{{\"message\": \"{said} {TOKEN}\"}}]}}");
        github.fault(Fault::status(200).body(&body).on("POST"));
        let refused = forge.merge_when_ready(&opened, Merge::Merge).await.unwrap();
        assert!(
            matches!(&refused, AutoMerge::Refused(why) if why.contains(expected) && !why.contains(TOKEN)),
            "{refused:?}"
        );
    }
    let forge = forge(&gitlab);
    let (opened, _) = forge.create(&new()).await.unwrap();
    gitlab.fault(Fault::status(405).on("PUT"));
    let refused = forge.merge_when_ready(&opened, Merge::Merge).await.unwrap();
    assert!(matches!(&refused, AutoMerge::Refused(why) if why.contains("ci_still_running")), "{refused:?}");
}

#[tokio::test]
async fn a_listing_without_an_end_tells_nothing() {
    let [github, _] = hosts();
    github.pages_of(1);
    for minute in 0..101 {
        let branch = format!("updates/{minute}");
        github.add(Pull { branch, base: "main".into(), minute, ..Pull::default() });
    }
    let error = forge(&github).open().await.unwrap_err();
    assert!(error.to_string().contains("more than 100 pages"), "{error}");
}

#[tokio::test]
async fn accounts_that_cannot_be_looked_up_prevent_nothing() {
    let [_, gitlab] = hosts();
    gitlab.fault(Fault::status(403).on("GET"));
    let new = NewPullRequest { reviewers: vec!["ada".into()], ..new() };
    let (_, notes) = forge(&gitlab).create(&new).await.unwrap();
    assert!(notes[0].contains("reviewer ada was not looked up"), "{notes:?}");
    assert_eq!(gitlab.open().len(), 1);
}
