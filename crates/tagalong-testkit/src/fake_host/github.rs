//! GitHub's REST API for pull requests, and the one mutation of its GraphQL API.

use serde_json::{Value, json};

use super::answer::{Asked, NOT_FOUND, Said, moment};
use super::{INSTALLATION_TOKEN, Pull, State};

pub(super) fn answer(state: &mut State, asked: &Asked<'_>, authorization: &str) -> Said {
    let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
    match path.as_slice() {
        ["api", "graphql"] => graphql(state, asked),
        ["api", "v3", "app", "installations", _, "access_tokens"] => app(authorization),
        ["api", "v3", "repos", "acme", "fleet", rest @ ..] => repository(state, asked, rest),
        _ => NOT_FOUND,
    }
}

/// A token for who shows three parts signed with a key; whose key it is does not matter here.
fn app(authorization: &str) -> Said {
    let statement = authorization.strip_prefix("Bearer ").unwrap_or_default();
    if statement.split('.').filter(|part| part.len() > 20).count() != 3 {
        return (401, json!({"message": "A JSON web token could not be decoded"}));
    }
    (201, json!({"token": INSTALLATION_TOKEN, "expires_at": "2999-01-01T00:00:00Z"}))
}

fn repository(state: &mut State, asked: &Asked<'_>, path: &[&str]) -> Said {
    let number = path.get(1).and_then(|number| number.parse::<u64>().ok()).unwrap_or_default();
    match (asked.method, path) {
        ("GET", ["pulls"]) => (200, list(state, asked)),
        ("POST", ["pulls"]) => create(state, asked),
        ("PATCH", ["pulls", _]) => edit(state, asked, number),
        ("GET", ["commits", id]) => match state.message(id) {
            Some(message) => (200, json!({"sha": id, "commit": {"message": message}})),
            None => (422, json!({"message": format!("No commit found for SHA: {id}")})),
        },
        ("GET", ["issues", _]) => with(state, number, |pull| {
            let by = pull.closed_by.as_ref();
            let by =
                by.map(|(login, bot)| json!({"login": login, "type": if *bot { "Bot" } else { "User" }}));
            (200, json!({"number": number, "closed_by": by}))
        }),
        ("POST", ["issues", _, "comments"]) => {
            let text = asked.text("body");
            with(state, number, |pull| {
                pull.comments.push(text);
                (201, json!({"id": 1}))
            })
        }
        ("POST", ["issues", _, "labels"]) => {
            let labels = asked.texts("labels");
            with(state, number, |pull| {
                pull.labels.extend(labels);
                (200, json!([]))
            })
        }
        ("POST", ["issues", _, "assignees"]) => {
            let people = asked.texts("assignees");
            with(state, number, |pull| {
                pull.assignees.extend(people);
                (201, json!({}))
            })
        }
        ("POST", ["pulls", _, "requested_reviewers"]) => review(state, asked, number),
        ("PUT", ["pulls", _, "merge"]) => with(state, number, |pull| {
            pull.merged = true;
            (200, json!({"merged": true}))
        }),
        _ => NOT_FOUND,
    }
}

fn with(state: &mut State, number: u64, what: impl FnOnce(&mut Pull) -> Said) -> Said {
    state.pulls.iter_mut().find(|pull| pull.number == number).map_or(NOT_FOUND, what)
}

fn list(state: &State, asked: &Asked<'_>) -> Value {
    let found = state.pulls.iter().filter(|pull| {
        let open = !pull.closed && !pull.merged;
        let wanted = asked.query.get("state").map_or("open", String::as_str);
        let state = wanted == "all" || (wanted == "open") == open;
        let owner = if pull.fork { "stranger" } else { "acme" };
        state && asked.wants("head", &format!("{owner}:{}", pull.branch)) && asked.wants("base", &pull.base)
    });
    // The newest first.
    Value::Array(found.rev().map(|pull| shown(state, pull, &asked.origin)).collect())
}

fn create(state: &mut State, asked: &Asked<'_>) -> Said {
    let (branch, base) = (asked.text("head"), asked.text("base"));
    let same = |pull: &Pull| pull.branch == branch && pull.base == base && !pull.closed && !pull.merged;
    if state.pulls.iter().any(same) {
        let message = format!("A pull request already exists for acme:{branch}.");
        return (422, json!({"message": "Validation Failed", "errors": [{"message": message}]}));
    }
    if base != "main" || state.refused.contains(&branch) {
        return (
            422,
            json!({"message": "Validation Failed", "errors": [{"field": "base", "code": "invalid"}]}),
        );
    }
    let draft = asked.body.get("draft").and_then(Value::as_bool).unwrap_or_default();
    let (title, body) = (asked.text("title"), asked.text("body"));
    let minute = state.pulls.iter().map(|pull| pull.minute + 1).max().unwrap_or_default();
    let number = state.add(Pull { branch, base, title, body, draft, minute, ..Pull::default() });
    let pull = state.pulls.iter().find(|pull| pull.number == number).cloned().unwrap_or_default();
    (201, shown(state, &pull, &asked.origin))
}

fn edit(state: &mut State, asked: &Asked<'_>, number: u64) -> Said {
    match asked.text("state").as_str() {
        "closed" => state.set_closed(number, true),
        "open" => state.set_closed(number, false),
        _ => {}
    }
    let given = |key: &str| asked.body.get(key).and_then(Value::as_str).map(ToOwned::to_owned);
    with(state, number, |pull| {
        pull.title = given("title").unwrap_or_else(|| pull.title.clone());
        pull.body = given("body").unwrap_or_else(|| pull.body.clone());
        (200, json!({"number": number}))
    })
}

fn review(state: &mut State, asked: &Asked<'_>, number: u64) -> Said {
    let people = asked.texts("reviewers");
    if people.iter().any(|person| !state.known.contains(person)) {
        let message = "Reviews may only be requested from collaborators.";
        return (422, json!({"message": message}));
    }
    let teams = asked.texts("team_reviewers").into_iter().map(|team| format!("team {team}"));
    with(state, number, |pull| {
        pull.reviewers.extend(people);
        pull.reviewers.extend(teams);
        (201, json!({}))
    })
}

fn graphql(state: &mut State, asked: &Asked<'_>) -> Said {
    let id = asked.body.pointer("/variables/id").and_then(Value::as_str).unwrap_or_default();
    let how = asked.body.pointer("/variables/how").and_then(Value::as_str).unwrap_or_default();
    let number = id.strip_prefix("PR_").and_then(|number| number.parse::<u64>().ok()).unwrap_or_default();
    let head = asked.body.pointer("/variables/head").and_then(Value::as_str).unwrap_or_default();
    let known = state.pulls.iter().find(|pull| pull.number == number).map(|pull| state.head(pull));
    if known.is_some_and(|known| known != head) {
        let error =
            json!({"type": "UNPROCESSABLE", "message": "Head sha does not match the expected head oid"});
        return (200, json!({"data": null, "errors": [error]}));
    }
    if state.clean {
        let error =
            json!({"type": "UNPROCESSABLE", "message": "Pull request Pull request is in clean status"});
        return (200, json!({"data": null, "errors": [error]}));
    }
    with(state, number, |pull| {
        pull.auto_merge = Some(how.to_owned());
        (200, json!({"data": {"enablePullRequestAutoMerge": {"clientMutationId": null}}}))
    })
}

fn shown(state: &State, pull: &Pull, origin: &str) -> Value {
    let number = pull.number;
    let owner = if pull.fork { "stranger" } else { "acme" };
    let open = !pull.closed && !pull.merged;
    let when = moment(pull.minute);
    json!({
        "number": number, "node_id": format!("PR_{number}"), "state": if open { "open" } else { "closed" },
        "html_url": format!("{origin}/acme/fleet/pull/{number}"), "title": pull.title,
        "body": if pull.body.is_empty() { Value::Null } else { Value::from(pull.body.clone()) },
        "user": {"login": super::BOT, "type": "User"}, "draft": pull.draft,
        "head": {"label": format!("{owner}:{}", pull.branch), "ref": pull.branch, "sha": state.head(pull),
            "repo": {"full_name": format!("{owner}/fleet")}},
        "base": {"label": format!("acme:{}", pull.base), "ref": pull.base, "sha": "0000",
            "repo": {"full_name": "acme/fleet"}},
        "created_at": when, "updated_at": when,
        "closed_at": if open { Value::Null } else { Value::from(when.clone()) },
        "merged_at": if pull.merged { Value::from(when.clone()) } else { Value::Null },
        "auto_merge": pull.auto_merge.as_ref().map(|how| json!({"merge_method": how.to_lowercase()})),
    })
}
