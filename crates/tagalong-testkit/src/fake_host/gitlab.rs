//! GitLab's REST API for merge requests.

use serde_json::{Value, json};

use super::answer::{Asked, NOT_FOUND, Said, moment};
use super::{BOT, Pull, State};

pub(super) fn answer(state: &mut State, asked: &Asked<'_>) -> Said {
    let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
    match (asked.method, path.as_slice()) {
        ("GET", ["api", "v4", "users"]) => {
            let name = asked.query.get("username").cloned().unwrap_or_default();
            let at = state.known.iter().position(|known| *known == name);
            (200, at.map_or(json!([]), |at| json!([{"id": at + 100, "username": name}])))
        }
        (_, ["api", "v4", "projects", "acme/fleet", rest @ ..]) => project(state, asked, rest),
        _ => NOT_FOUND,
    }
}

fn project(state: &mut State, asked: &Asked<'_>, path: &[&str]) -> Said {
    let number = path.get(1).and_then(|number| number.parse::<u64>().ok()).unwrap_or_default();
    match (asked.method, path) {
        ("GET", ["merge_requests"]) => (200, list(state, asked)),
        ("POST", ["merge_requests"]) => create(state, asked),
        ("GET", ["merge_requests", _]) => match state.pulls.iter().find(|pull| pull.number == number) {
            Some(pull) => (200, shown(state, pull, &asked.origin)),
            None => NOT_FOUND,
        },
        ("PUT", ["merge_requests", _]) => edit(state, asked, number),
        ("PUT", ["merge_requests", _, "merge"]) => merge(state, asked, number),
        ("POST", ["merge_requests", _, "notes"]) => {
            let text = asked.text("body");
            with(state, number, |pull| {
                pull.comments.push(text);
                (201, json!({"id": 1}))
            })
        }
        ("GET", ["repository", "commits", id]) => match state.message(id) {
            Some(message) => (200, json!({"id": id, "message": message})),
            None => (404, json!({"message": "404 Commit Not Found"})),
        },
        _ => NOT_FOUND,
    }
}

fn with(state: &mut State, number: u64, what: impl FnOnce(&mut Pull) -> Said) -> Said {
    state.pulls.iter_mut().find(|pull| pull.number == number).map_or(NOT_FOUND, what)
}

fn word(pull: &Pull) -> &'static str {
    match (pull.merged, pull.closed) {
        (true, _) => "merged",
        (false, true) => "closed",
        (false, false) => "opened",
    }
}

fn list(state: &State, asked: &Asked<'_>) -> Value {
    let after = asked.query.get("created_after");
    let found = state.pulls.iter().filter(|pull| {
        let wanted = asked.query.get("state").map_or("all", String::as_str);
        (wanted == "all" || wanted == word(pull))
            && asked.wants("source_branch", &pull.branch)
            && asked.wants("target_branch", &pull.base)
            && after.is_none_or(|after| moment(pull.minute) >= *after)
    });
    // The newest first.
    Value::Array(found.rev().map(|pull| shown(state, pull, &asked.origin)).collect())
}

fn create(state: &mut State, asked: &Asked<'_>) -> Said {
    let (branch, base) = (asked.text("source_branch"), asked.text("target_branch"));
    let same = |pull: &Pull| pull.branch == branch && pull.base == base && word(pull) == "opened";
    if state.pulls.iter().any(same) {
        return (
            409,
            json!({"message": ["Another open merge request already exists for this source branch"]}),
        );
    }
    if state.refused.contains(&branch) {
        return (400, json!({"message": "source_branch is invalid"}));
    }
    let names = |key: &str| -> Vec<String> {
        let ids = asked.body.get(key).and_then(Value::as_array);
        let index = |id: &Value| usize::try_from(id.as_u64()?.checked_sub(100)?).ok();
        let known = ids.into_iter().flatten().filter_map(|id| state.known.get(index(id)?).cloned());
        known.collect()
    };
    let pull = Pull {
        title: asked.text("title"),
        body: asked.text("description"),
        labels: asked.text("labels").split(',').filter(|l| !l.is_empty()).map(ToOwned::to_owned).collect(),
        reviewers: names("reviewer_ids"),
        assignees: names("assignee_ids"),
        minute: state.pulls.iter().map(|pull| pull.minute + 1).max().unwrap_or_default(),
        branch,
        base,
        ..Pull::default()
    };
    let number = state.add(pull);
    let pull = state.pulls.iter().find(|pull| pull.number == number).cloned().unwrap_or_default();
    (201, shown(state, &pull, &asked.origin))
}

fn edit(state: &mut State, asked: &Asked<'_>, number: u64) -> Said {
    match asked.text("state_event").as_str() {
        "close" => state.set_closed(number, true),
        "reopen" => state.set_closed(number, false),
        _ => {}
    }
    let given = |key: &str| asked.body.get(key).and_then(Value::as_str).map(ToOwned::to_owned);
    with(state, number, |pull| {
        pull.title = given("title").unwrap_or_else(|| pull.title.clone());
        pull.body = given("description").unwrap_or_else(|| pull.body.clone());
        (200, json!({"iid": number}))
    })
}

fn merge(state: &mut State, asked: &Asked<'_>, number: u64) -> Said {
    let clean = state.clean;
    let head = state.pulls.iter().find(|pull| pull.number == number).map(|pull| state.head(pull));
    if head.is_some_and(|head| head != asked.text("sha")) {
        return (409, json!({"message": "SHA does not match HEAD of source branch"}));
    }
    let waits = asked.body.get("auto_merge").and_then(Value::as_bool).unwrap_or_default();
    let squash = asked.body.get("squash").and_then(Value::as_bool).unwrap_or_default();
    with(state, number, |pull| {
        if pull.title.starts_with("Draft: ") {
            return (405, json!({"message": "405 Method Not Allowed"}));
        }
        // Without a pipeline there is nothing that it could wait for.
        if waits == clean {
            return (405, json!({"message": "405 Method Not Allowed"}));
        }
        pull.auto_merge = Some(if squash { "squash".to_owned() } else { "merge".to_owned() });
        pull.merged = clean;
        (200, json!({"iid": number}))
    })
}

fn shown(state: &State, pull: &Pull, origin: &str) -> Value {
    let number = pull.number;
    let when = moment(pull.minute);
    json!({
        "id": number + 9000, "iid": number, "state": word(pull), "title": pull.title, "description": pull.body,
        "web_url": format!("{origin}/acme/fleet/-/merge_requests/{number}"),
        "source_branch": pull.branch, "target_branch": pull.base, "sha": state.head(pull),
        "source_project_id": if pull.fork { 8 } else { 7 }, "target_project_id": 7,
        "author": {"username": BOT}, "draft": pull.title.starts_with("Draft: "),
        "merge_when_pipeline_succeeds": pull.auto_merge.is_some(),
        "head_pipeline": if state.clean { Value::Null } else { json!({"id": 1}) },
        "detailed_merge_status": if state.clean { "mergeable" } else { "ci_still_running" },
        "created_at": when, "updated_at": when,
        "closed_at": if pull.closed { Value::from(when.clone()) } else { Value::Null },
        "closed_by": pull.closed_by.as_ref().map(|(name, _)| json!({"username": name})),
    })
}
