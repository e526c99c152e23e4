//! Groups, texts and leftovers, as tables.

use super::group::{Group, Stem, branches, groups};
use super::images::Told;
use super::leftover::{Leftover, Wrote, judge};
use super::text::{about, closed, described, is_closed_by_us, plain, text};
use crate::automation::plan::{EditPlan, FileProblem, HeldSite, PlannedEdit};
use tagalong_api::validate::{self, GroupBy, ValidAutomation};
use tagalong_api::{ImageUpdateAutomation, Reason};
use tagalong_edit::ObjectIdentifier;
use tagalong_model::{MarkerTarget, ObjectKey, Setter};

fn automation(push_branch: Option<&str>, pull_request: &serde_json::Value) -> ValidAutomation {
    let mut git = serde_json::json!({
        "commit": {"author": {"email": "bot@example.com"}}, "pullRequest": pull_request,
    });
    if let Some(branch) = push_branch {
        git["push"] = serde_json::json!({"branch": branch});
    }
    let object: ImageUpdateAutomation = serde_json::from_value(serde_json::json!({
        "apiVersion": "image.toolkit.fluxcd.io/v1", "kind": "ImageUpdateAutomation",
        "metadata": {"namespace": "flux-system", "name": "fleet"},
        "spec": {"interval": "1m", "sourceRef": {"kind": "GitRepository", "name": "fleet"}, "git": git},
    }))
    .unwrap();
    validate::automation(&object).unwrap()
}

fn edit(policy: &str, from: &str, to: &str) -> PlannedEdit {
    PlannedEdit {
        path: format!("apps/{policy}.yaml").parse().unwrap(),
        place: (0, 0),
        line: 3,
        column: 8,
        key_path: "image".to_owned(),
        from: from.to_owned(),
        to: to.to_owned(),
        tag: to.to_owned(),
        target: MarkerTarget { policy: ObjectKey::new("flux-system", policy), setter: Setter::Tag },
        object: ObjectIdentifier::default(),
        left_policy: None,
        refused: Vec::new(),
    }
}

fn held(policy: &str, reason: Reason, message: &str) -> HeldSite {
    HeldSite {
        path: format!("apps/{policy}.yaml").parse().unwrap(),
        line: 9,
        policy: ObjectKey::new("flux-system", policy),
        value: "1.0.0".to_owned(),
        reason,
        message: message.to_owned(),
        pin: None,
    }
}

fn plan(edits: Vec<PlannedEdit>, held: Vec<HeldSite>) -> EditPlan {
    EditPlan { edits, held, ..EditPlan::default() }
}

#[test]
fn branches_are_stable_and_no_two_automations_share_one() {
    let plan =
        plan(vec![edit("api", "1", "2"), edit("web", "1", "2"), edit("x..lock", "1", "2")], Vec::new());
    for (push, instance, group_by, expected) in [
        (
            None,
            None,
            GroupBy::Policy,
            "tagalong/flux-system/fleet/api tagalong/flux-system/fleet/web tagalong/flux-system/fleet/x-lock",
        ),
        (None, Some("a1b2"), GroupBy::Automation, "tagalong/a1b2/flux-system/fleet/all"),
        (Some("updates"), None, GroupBy::Policy, "updates-api updates-web updates-x-lock"),
        (Some("updates"), Some("a1b2"), GroupBy::Automation, "updates"),
    ] {
        let valid = automation(push, &serde_json::json!({}));
        let groups = groups(&plan, &valid, group_by, instance);
        let names: Vec<&str> = groups.iter().map(|group| group.branch.as_str()).collect();
        assert_eq!(names.join(" "), expected);
        let stem = Stem::new(&valid, instance);
        assert!(names.iter().all(|branch| stem.is_own(branch)), "{stem:?}");
        assert!(!stem.is_own("updatesx") && !stem.is_own("tagalong/flux-system/fleetx/api"));
        // None of them lies below another one, which Git cannot have; what was refused in one grouping, or before the
        // branch got a name, is asked for in all.
        let all = branches(&plan, &valid, instance);
        assert!(names.iter().all(|name| all.contains(*name)), "{all:?}");
        let below = |a: &String| all.iter().any(|b| b.starts_with(&format!("{a}/")));
        assert!(!all.iter().any(below), "{all:?}");
        assert!(
            all.iter().any(|name| name.starts_with("tagalong/") && name.ends_with("/fleet/api")),
            "{all:?}"
        );
    }
}

fn one_group(plan: &EditPlan, valid: &ValidAutomation) -> Group {
    groups(plan, valid, GroupBy::Automation, None).remove(0)
}

#[test]
fn the_default_text_says_what_changes_and_what_is_held() {
    let valid = automation(None, &serde_json::json!({}));
    let mut first = edit("api", "1.0.0", "1.1.0");
    first.left_policy = Some("9.9.9 left the policy: above the range".to_owned());
    let plan = plan(vec![first], vec![held("api", Reason::Held, "INC-1"), held("other", Reason::Held, "no")]);
    let group = one_group(&plan, &valid);
    let text = text(&valid, valid.pull_request.as_ref().unwrap(), &group, "main", &Told::new()).unwrap();
    assert_eq!(text.title, "Update api to 1.1.0");
    for words in [
        "| `apps/api.yaml` | 3 | `1.0.0` | `1.1.0` |",
        "9.9.9 left the policy",
        "INC-1",
        "`flux-system/fleet`",
        "`main`",
    ] {
        assert!(text.body.contains(words), "{words}:\n{}", text.body);
    }
    assert!(!text.body.contains("apps/other.yaml"), "{}", text.body);
}

#[test]
fn what_comes_from_outside_is_no_markup() {
    let valid = automation(None, &serde_json::json!({}));
    let nasty = "1.0` | @acme/all\n## Fixes #1 <img src=x> [a](http://b)";
    let plan = plan(vec![edit("api", nasty, "1.1.0")], vec![held("api", Reason::Reverted, nasty)]);
    let group = one_group(&plan, &valid);
    let body = text(&valid, valid.pull_request.as_ref().unwrap(), &group, "main", &Told::new()).unwrap().body;
    assert!(!body.contains("\n## Fixes"), "{body}");
    // Between backticks nothing counts; what stands outside of them is taken apart.
    let outside: String = body.split('`').step_by(2).collect();
    for markup in ["@acme", "#1", "<img", "](http", "://"] {
        assert!(!outside.contains(markup), "{markup}: {body}");
    }
    assert_eq!(plain("a *b* _c_ `d`"), "a \\*b\\* \\_c\\_ \\`d\\`");
    for link in ["www.example.com", "WWW.example.com", "GH-12", "see gl-3"] {
        let said = plain(link);
        assert!(said != link && said.replace('\u{200b}', "") == link, "{said:?}");
    }
    assert_eq!(plain("v1.2-rc.1 of web-api"), "v1.2-rc.1 of web-api");
}

#[test]
fn a_template_that_does_not_render_is_an_error_and_a_long_text_is_cut_at_a_line() {
    let valid = automation(None, &serde_json::json!({"title": "{{ .Nothing }}"}));
    let few = plan(vec![edit("api", "1", "2")], Vec::new());
    let spec = valid.pull_request.as_ref().unwrap();
    assert!(text(&valid, spec, &one_group(&few, &valid), "main", &Told::new()).is_err());

    let valid = automation(None, &serde_json::json!({"title": "a\n b {{ len .Policies }}"}));
    let many = (0..3000).map(|n| edit("api", &format!("1.0.{n}"), "2.0.0")).collect();
    let text = text(
        &valid,
        valid.pull_request.as_ref().unwrap(),
        &one_group(&plan(many, Vec::new()), &valid),
        "main",
        &Told::new(),
    )
    .unwrap();
    assert_eq!(text.title, "a b 1");
    assert!(
        text.body.len() < 61_000 && text.body.ends_with("which the commit shows."),
        "{}",
        text.body.len()
    );
}

#[test]
fn our_line_in_a_text_tells_the_commit_and_who_closed_it() {
    let body = about("Hello\n", "c0ffee");
    assert_eq!((described(&body), is_closed_by_us(&body)), (Some("c0ffee"), false));
    assert_eq!(about(&body, "beef"), "Hello\n\n<!-- tagalong:beef -->\n");
    assert!(is_closed_by_us(&closed(&body)));
    assert_eq!(described("A person's own words"), None);
}

/// What a commit wrote that brought this.
fn wrote(update: &str) -> Wrote {
    Wrote { updates: vec![update.to_owned()], files: vec!["apps/api.yaml".to_owned()] }
}

#[test]
fn a_leftover_is_superseded_or_done_or_not_known() {
    let valid = automation(None, &serde_json::json!({}));
    let api = wrote("flux-system:api:tag 1.0.0 -> 1.1.0");
    let bring = plan(vec![edit("api", "1.0.5", "1.1.0")], Vec::new());
    let groups = groups(&bring, &valid, GroupBy::Automation, None);
    let superseded = Leftover::Superseded { branch: "tagalong/flux-system/fleet/all".to_owned() };
    assert_eq!(judge(&api, &bring, &groups, &[]), superseded);
    // Another tag of the same policy supersedes it too.
    assert_eq!(judge(&wrote("flux-system:api:tag 1.0.0 -> 1.0.9"), &bring, &groups, &[]), superseded);
    // What waits for a limit takes nothing over yet.
    assert_eq!(judge(&api, &bring, &[], &groups), Leftover::Unknown);

    for (reason, known) in
        [(Reason::PolicyNotReady, false), (Reason::TagGone, false), (Reason::Reverted, true)]
    {
        let plan = plan(Vec::new(), vec![held("api", reason, "because")]);
        let judged = judge(&api, &plan, &[], &[]);
        assert_eq!(matches!(judged, Leftover::Done { .. }), known, "{judged:?}");
        assert_eq!(matches!(judged, Leftover::Unknown), !known, "{judged:?}");
    }
    let nothing = plan(Vec::new(), vec![held("web", Reason::PolicyNotReady, "another one's")]);
    assert!(matches!(judge(&api, &nothing, &[], &[]), Leftover::Done { .. }));
}

#[test]
fn what_cannot_be_read_is_not_done() {
    for (file, known) in [("api", false), ("web", true)] {
        let problem = FileProblem {
            path: format!("apps/{file}.yaml").parse().unwrap(),
            line: 1,
            reason: "NotYaml",
            message: "a conflict".to_owned(),
        };
        for plan in [
            EditPlan { problems: vec![problem.clone()], ..EditPlan::default() },
            EditPlan { not_selected: vec![problem.clone()], ..EditPlan::default() },
        ] {
            let judged = judge(&wrote("flux-system:api:tag 1.0.0 -> 1.1.0"), &plan, &[], &[]);
            assert_eq!(matches!(judged, Leftover::Done { .. }), known, "{judged:?}");
        }
    }
}
