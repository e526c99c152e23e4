//! Objects as users write them, and what becomes of them.

use super::*;
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};
use tagalong_model::ObjectKey;

/// An object of kind `K` in `apps/app` with this spec.
fn object<K: serde::de::DeserializeOwned>(kind: &str, spec: &Value) -> K {
    let group = match kind {
        "GitRepository" => crate::SOURCE_GROUP,
        "Kustomization" => crate::KUSTOMIZE_GROUP,
        _ => crate::IMAGE_GROUP,
    };
    let metadata = json!({"name": "app", "namespace": "apps"});
    serde_json::from_value(
        json!({"apiVersion": format!("{group}/v1"), "kind": kind, "metadata": metadata, "spec": spec}),
    )
    .unwrap()
}

/// `Reason | field | message`, with `(stalled)` in front where it does.
fn told<T>(result: Result<T, Invalid>) -> String {
    match result {
        Ok(_) => "valid".to_owned(),
        Err(Invalid { reason, message, stalled, field }) => {
            format!("{}{reason} | {field} | {message}", if stalled { "(stalled) " } else { "" })
        }
    }
}

/// `spec` with the field at the JSON pointer replaced.
fn with(spec: &Value, pointer: &str, value: Value) -> Value {
    let mut spec = spec.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = spec.pointer_mut(parent).unwrap_or_else(|| panic!("no {pointer}"));
    if value.is_null() {
        parent.as_object_mut().unwrap().remove(name);
    } else {
        parent[name] = value;
    }
    spec
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_repository_gets_fluxs_defaults() {
    let valid =
        repository(&object("ImageRepository", &json!({"image": "alpine", "interval": "5m"}))).unwrap();
    assert_eq!(valid.key, ObjectKey::new("apps", "app"));
    assert_eq!(valid.image.canonical(), "index.docker.io/library/alpine");
    assert_eq!((valid.interval, valid.timeout), (seconds(300), seconds(300)));
    assert_eq!(valid.exclusions, [r"^.*\.sig$"]);
    assert!(valid.excluded.matches("sha256-0.sig") && !valid.excluded.matches("1.0"));
    assert!(!valid.insecure && !valid.suspend && valid.access_from.is_none() && valid.secret.is_none());
}

#[test]
fn a_repository_keeps_what_it_says() {
    let spec = json!({
        "image": "ghcr.io/acme/app", "interval": "200ms", "timeout": "500ms", "provider": "generic",
        "secretRef": {"name": "s"}, "certSecretRef": {"name": "c"}, "proxySecretRef": {"name": "p"},
        "serviceAccountName": "sa", "exclusionList": ["rc", "^v0"], "insecure": true, "suspend": true,
        "accessFrom": {"namespaceSelectors": [{"matchLabels": {"team": "a"}}, {}]},
    });
    let valid = repository(&object("ImageRepository", &spec)).unwrap();
    assert_eq!(valid.timeout, seconds(1), "Flux raises a timeout to a second");
    let names = [&valid.secret, &valid.cert_secret, &valid.proxy_secret, &valid.service_account];
    assert_eq!(names.map(|name| name.as_deref().unwrap()), ["s", "c", "p", "sa"]);
    assert!(
        valid.excluded.matches("1.0-rc1")
            && valid.excluded.matches("v0.1")
            && !valid.excluded.matches("x.sig")
    );
    assert!(valid.insecure && valid.suspend);
    assert_eq!(valid.access_from.unwrap(), [BTreeMap::from([("team".into(), "a".into())]), BTreeMap::new()]);
    let empty = with(&spec, "/exclusionList", json!([]));
    assert_eq!(repository(&object("ImageRepository", &empty)).unwrap().exclusions, [r"^.*\.sig$"]);
}

#[test]
fn what_is_wrong_with_a_repository_is_said_in_fluxs_words() {
    let good = json!({"image": "ghcr.io/acme/app", "interval": "5m"});
    for (pointer, value, expected) in [
        (
            "/image",
            json!("https://x.io/a"),
            "(stalled) ImageURLInvalid | .spec.image | image 'https://x.io/a' should not include URL scheme; remove 'https://'",
        ),
        (
            "/image",
            json!("x.io/a:1"),
            "(stalled) ImageURLInvalid | .spec.image | image 'x.io/a:1' should not include a tag; remove ':1'",
        ),
        (
            "/image",
            json!("x.io/a@sha256:00"),
            "(stalled) ImageURLInvalid | .spec.image | image 'x.io/a@sha256:00' should not include a digest; remove '@sha256:00'",
        ),
        (
            "/image",
            json!("Foo Bar"),
            "(stalled) ImageURLInvalid | .spec.image | \"Foo Bar\" is no image name; expected [host[:port]/]path in lower case, such as ghcr.io/acme/app",
        ),
        (
            "/interval",
            json!("5"),
            "(stalled) IntervalNotConfigured | .spec.interval | .spec.interval: \"5\" is no duration; expected numbers with units, such as 30s, 5m or 1h30m, of at most 292 years",
        ),
        (
            "/interval",
            json!("0s"),
            "(stalled) IntervalNotConfigured | .spec.interval | .spec.interval: must be longer than zero, such as 5m",
        ),
        (
            "/provider",
            json!("aws"),
            "(stalled) InvalidProviderConfiguration | .spec.provider | .spec.provider: 'aws' is not supported yet; use 'generic' and put credentials into secretRef",
        ),
    ] {
        assert_eq!(told(repository(&object("ImageRepository", &with(&good, pointer, value)))), expected);
    }
    let bad =
        told(repository(&object("ImageRepository", &with(&good, "/exclusionList", json!(["a", "(b"])))));
    assert!(
        bad.starts_with("(stalled) ReadOperationFailed | .spec.exclusionList[1] | scan failed: failed to compile regex (b: "),
        "{bad}"
    );
}

#[test]
fn a_policy_is_compiled_with_its_filter() {
    let spec = json!({
        "imageRepositoryRef": {"name": "app", "namespace": "registry"},
        "filterTags": {"pattern": "^main-(?P<n>[0-9]+)$", "extract": "$n"},
        "policy": {"numerical": {"order": "asc"}},
        "digestReflectionPolicy": "Always", "interval": "10m",
    });
    let valid = policy(&object("ImagePolicy", &spec)).unwrap();
    assert_eq!(valid.repository, ObjectKey::new("registry", "app"));
    assert_eq!((valid.digest, valid.interval), (DigestReflection::Always, Some(seconds(600))));
    assert_eq!(valid.rule.judge("main-12").unwrap().as_str(), "12");
    assert!(valid.rule.judge("dev-12").is_err());
    let own = with(&spec, "/imageRepositoryRef/namespace", Value::Null);
    assert_eq!(policy(&object("ImagePolicy", &own)).unwrap().repository, ObjectKey::new("apps", "app"));
}

#[test]
fn semver_counts_before_alphabetical_before_numerical() {
    let mut spec = json!({
        "imageRepositoryRef": {"name": "app"},
        "policy": {"semver": {"range": "1.x"}, "alphabetical": {}, "numerical": {}},
    });
    for (accepted, refused) in [("1.2.3", "abc"), ("abc", ""), ("12", "abc")] {
        let rule = policy(&object("ImagePolicy", &spec)).unwrap().rule;
        assert!(
            rule.judge(accepted).is_ok() && (refused.is_empty() || rule.judge(refused).is_err()),
            "{spec}"
        );
        let choice = spec["policy"].as_object_mut().unwrap();
        let first = ["semver", "alphabetical"].into_iter().find(|name| choice.contains_key(*name));
        first.map(|name| choice.remove(name));
    }
}

#[test]
fn what_is_wrong_with_a_policy_is_said_in_fluxs_words() {
    let good = json!({"imageRepositoryRef": {"name": "app"}, "policy": {"semver": {"range": "1.x"}}});
    for (pointer, value, expected) in [
        (
            "/policy",
            json!({}),
            "(stalled) InvalidPolicy | .spec.policy | invalid policy: given ImagePolicyChoice object is invalid; ",
        ),
        (
            "/policy/semver/range",
            json!(">=a"),
            "(stalled) InvalidPolicy | .spec.policy.semver.range | invalid policy: improper constraint: ",
        ),
        (
            "/policy/semver/range",
            json!(""),
            "(stalled) InvalidPolicy | .spec.policy.semver.range | invalid policy: improper constraint: ",
        ),
        (
            "/policy",
            json!({"numerical": {"order": "up"}}),
            "(stalled) InvalidPolicy | .spec.policy.numerical.order | invalid policy: invalid order argument provided: 'up', must be one of: ASC, DESC",
        ),
        (
            "/filterTags",
            json!({"pattern": "(a"}),
            "(stalled) InvalidPolicy | .spec.filterTags.pattern | failed to filter tags: invalid regular expression pattern '(a': ",
        ),
        (
            "/digestReflectionPolicy",
            json!("Sometimes"),
            "(stalled) InvalidPolicy | .spec.digestReflectionPolicy | ",
        ),
        (
            "/digestReflectionPolicy",
            json!("Always"),
            "(stalled) IntervalNotConfigured | .spec.interval | spec.interval must be set when spec.digestReflectionPolicy is set to 'Always'",
        ),
        (
            "/interval",
            json!("5m"),
            "(stalled) InvalidPolicy | .spec.interval | spec.interval is only accepted when spec.digestReflectionPolicy is set to 'Always'",
        ),
    ] {
        let got = told(policy(&object("ImagePolicy", &with(&good, pointer, value))));
        assert!(got.starts_with(expected), "{got}\n{expected}");
    }
    assert_eq!(told(policy(&object("ImagePolicy", &good))), "valid");
}

fn automation_spec() -> Value {
    json!({
        "interval": "30m", "sourceRef": {"kind": "GitRepository", "name": "repo"},
        "git": {"commit": {"author": {"email": "bot@example.com"}}},
    })
}

#[test]
fn an_automation_gets_fluxs_defaults() {
    let valid = automation(&object("ImageUpdateAutomation", &automation_spec())).unwrap();
    assert_eq!(valid.source, ObjectKey::new("apps", "repo"));
    assert_eq!(valid.author, Author { name: String::new(), email: "bot@example.com".into() });
    assert!(valid.selector.matches(&BTreeMap::new()));
    assert!(
        valid.folder.is_none()
            && valid.checkout.is_none()
            && valid.signing.is_none()
            && valid.message.is_none()
    );
    assert_eq!(valid.push, Push::default());
}

#[test]
fn an_automation_keeps_what_it_says() {
    let mut spec = automation_spec();
    spec["sourceRef"]["namespace"] = json!("flux-system");
    spec["update"] =
        json!({"strategy": "Setters", "path": "./clusters/prod/", "lineFiles": ["**/Dockerfile"]});
    spec["policySelector"] = json!({"matchLabels": {"app": "a"}});
    spec["git"]["checkout"] = json!({"ref": {"branch": "main"}});
    spec["git"]["commit"]["signingKey"] = json!({"secretRef": {"name": "key"}});
    spec["git"]["commit"]["messageTemplate"] = json!("update {{ .AutomationObject }}");
    spec["git"]["commit"]["messageTemplateValues"] = json!({"cluster": "prod"});
    spec["git"]["push"] =
        json!({"branch": "auto", "refspec": "refs/heads/main:refs/for/main", "options": {"ci.skip": "true"}});
    let valid = automation(&object("ImageUpdateAutomation", &spec)).unwrap();
    assert_eq!(valid.source, ObjectKey::new("flux-system", "repo"));
    assert_eq!(valid.folder.unwrap().as_str(), "clusters/prod");
    assert_eq!(valid.line_files, ["**/Dockerfile"]);
    assert!(!valid.selector.matches(&BTreeMap::new()));
    assert_eq!(valid.checkout, Some(GitRef::Branch("main".into())));
    assert_eq!(valid.signing, Some(Signing { kind: SigningKind::Gpg, secret: "key".into() }));
    assert!(valid.message.is_some());
    assert_eq!(valid.values["cluster"], "prod");
    assert_eq!(valid.push.branch.as_deref(), Some("auto"));
    assert_eq!(valid.push.refspec.unwrap().dst, "refs/for/main");
    assert_eq!(valid.push.options["ci.skip"], "true");
}

#[test]
fn what_is_wrong_with_an_automation_is_said_in_fluxs_words() {
    let source = "(stalled) InvalidSourceConfiguration";
    for (pointer, value, expected) in [
        ("/sourceRef/kind", json!("Bucket"), format!("{source} | .spec.sourceRef.kind | source kind 'Bucket' not supported: invalid source configuration")),
        ("/git", Value::Null, format!("{source} | .spec.git | source kind 'GitRepository' necessitates field .spec.git: invalid source configuration")),
        ("/update", json!({"strategy": "Magic"}), "(stalled) InvalidUpdateStrategy | .spec.update.strategy | unsupported update strategy: Magic".into()),
        ("/update", json!({"path": "../x"}), "(stalled) InvalidPath | .spec.update.path | .spec.update.path: \"../x\" does not stay inside the repository".into()),
        ("/update", json!({"lineFiles": ["a", "[b"]}), "(stalled) InvalidPath | .spec.update.lineFiles[1] | ".into()),
        ("/policySelector", json!({"matchExpressions": [{"key": "a", "operator": "Is"}]}), "(stalled) InvalidPolicySelector | .spec.policySelector.matchExpressions[0].operator | failed to parse policy selector: ".into()),
        ("/git/checkout", json!({"ref": {"branch": "a..b"}}), format!("{source} | .spec.git.checkout.ref.branch | .spec.git.checkout.ref.branch: 'a..b' contains '..'")),
        ("/git/checkout", json!({"ref": {"semver": "nope"}}), format!("{source} | .spec.git.checkout.ref.semver | ")),
        ("/git/push", json!({"branch": "-f"}), format!("{source} | .spec.git.push.branch | ")),
        ("/git/push", json!({"refspec": "main"}), format!("{source} | .spec.git.push.refspec | .spec.git.push.refspec: 'main' must be source:destination")),
        ("/git/push", json!({"options": {"a": "b\nc"}}), format!("{source} | .spec.git.push.options[a] | ")),
        ("/git/commit/author/email", json!(" "), format!("{source} | .spec.git.commit.author.email | ")),
        ("/git/commit/author/name", json!("a\nb"), format!("{source} | .spec.git.commit.author.name | ")),
        ("/git/commit/signingKey", json!({"type": "x509", "secretRef": {"name": "k"}}), format!("{source} | .spec.git.commit.signingKey.type | ")),
        ("/git/commit/messageTemplate", json!("{{ range .Updated.Images }}{{ end }}"), "(stalled) RemovedTemplateField | .spec.git.commit.messageTemplate | template uses removed '.Updated' field. Please use '.Changed' instead. See: https://fluxcd.io/".into()),
        ("/git/commit/messageTemplate", json!("{{ .Changed.ImageResult }}"), "(stalled) RemovedTemplateField | .spec.git.commit.messageTemplate | template uses removed '.Changed.ImageResult' field. Please use '.Changed.FileChanges' or '.Changed.Objects' instead. See: ".into()),
        ("/git/commit/messageTemplate", json!("{{ bad"), "(stalled) GitOperationFailed | .spec.git.commit.messageTemplate | failed to update source: unable to create commit message template from spec: ".into()),
        ("/rollback", json!({"onUnhealthy": "Never"}), "(stalled) InvalidUpdateStrategy | .spec.rollback.onUnhealthy | .spec.rollback.onUnhealthy: Never is neither Revert nor Ignore".into()),
        ("/rollback", json!({"onUnhealthy": "Revert", "schedule": "Never"}), "(stalled) InvalidUpdateStrategy | .spec.rollback.schedule | ".into()),
        ("/rollback", json!({"onUnhealthy": "Revert", "onRevert": "Ignore"}), "(stalled) InvalidUpdateStrategy | .spec.rollback.onUnhealthy | .spec.rollback.onUnhealthy: Revert does not go with .spec.rollback.onRevert: Ignore; ".into()),
        ("/interval", json!("x"), "(stalled) IntervalNotConfigured | .spec.interval | ".into()),
    ] {
        let got = told(automation(&object("ImageUpdateAutomation", &with(&automation_spec(), pointer, value))));
        assert!(got.starts_with(&expected), "{got}\n{expected}");
    }
}

#[test]
fn a_source_gets_fluxs_defaults_and_every_kind_of_address() {
    for url in [
        "https://github.com/acme/fleet",
        "http://127.0.0.1:8080/fleet.git",
        "ssh://git@github.com/acme/fleet",
        "ssh://github.com:2222/fleet",
        "git@github.com:acme/fleet.git",
        "file:///srv/git/fleet.git",
        "/srv/git/fleet.git",
        "./fleet.git",
        "../fleet.git",
    ] {
        let valid = git_repository(&object("GitRepository", &json!({"url": url, "interval": "1m"}))).unwrap();
        assert_eq!((valid.url.as_str(), valid.timeout, valid.interval), (url, seconds(60), seconds(60)));
        assert_eq!(valid.reference, None);
    }
}

#[test]
fn what_is_wrong_with_a_source_is_said_without_its_address() {
    let good = json!({"url": "https://github.com/acme/fleet", "interval": "1m"});
    for (pointer, value, expected) in [
        ("/url", json!(""), "(stalled) URLInvalid | .spec.url | .spec.url: must not be empty"),
        (
            "/url",
            json!("--upload-pack=x"),
            "(stalled) URLInvalid | .spec.url | .spec.url: must not be empty, begin with '-'",
        ),
        ("/url", json!("https://a b"), "(stalled) URLInvalid | "),
        (
            "/url",
            json!("ftp://x/y"),
            "(stalled) URLInvalid | .spec.url | .spec.url: must begin with https://",
        ),
        ("/url", json!("ext::sh -c id"), "(stalled) URLInvalid | "),
        ("/url", json!("ext::sh"), "(stalled) URLInvalid | .spec.url | .spec.url: remote helpers"),
        (
            "/url",
            json!("https://bot:hunter2@github.com/a"),
            "(stalled) URLInvalid | .spec.url | .spec.url: holds credentials; put them into a Secret",
        ),
        (
            "/url",
            json!("https://hunter2@github.com/a"),
            "(stalled) URLInvalid | .spec.url | .spec.url: holds credentials; put them into a Secret",
        ),
        (
            "/url",
            json!("ssh://git:hunter2@github.com/a"),
            "(stalled) URLInvalid | .spec.url | .spec.url: holds credentials; put them into a Secret",
        ),
        ("/url", json!("https:///a"), "(stalled) URLInvalid | .spec.url | .spec.url: names no host"),
        (
            "/url",
            json!("ssh://-oProxyCommand=x/a"),
            "(stalled) URLInvalid | .spec.url | .spec.url: names no host",
        ),
        (
            "/provider",
            json!("azure"),
            "(stalled) InvalidProviderConfiguration | .spec.provider | .spec.provider: 'azure' is not supported yet",
        ),
        (
            "/serviceAccountName",
            json!("sa"),
            "(stalled) InvalidProviderConfiguration | .spec.serviceAccountName | serviceAccountName can only be set when provider is 'azure' or 'aws'",
        ),
        (
            "/ref",
            json!({"branch": "a b"}),
            "(stalled) InvalidSourceConfiguration | .spec.ref.branch | .spec.ref.branch: 'a b' contains a space",
        ),
        ("/timeout", json!("x"), "(stalled) IntervalNotConfigured | .spec.timeout | .spec.timeout: "),
    ] {
        let got = told(git_repository(&object("GitRepository", &with(&good, pointer, value))));
        assert!(got.starts_with(expected) && !got.contains("hunter2"), "{got}\n{expected}");
    }
}

fn checked(more: &Value) -> Result<ValidKustomization, Invalid> {
    let mut spec =
        json!({"interval": "10m", "prune": true, "sourceRef": {"kind": "GitRepository", "name": "fleet"}});
    for (key, value) in more.as_object().unwrap() {
        spec[key] = value.clone();
    }
    kustomization(&object("Kustomization", &spec))
}

#[test]
fn a_kustomization_has_fluxs_defaults() {
    let valid = checked(&json!({})).unwrap();
    assert_eq!(valid.source, ObjectKey::new("apps", "fleet"));
    assert_eq!((valid.path, valid.health, valid.deletion), (None, HealthChecks::None, Deletion::Delete));
    assert_eq!(valid.retry_interval, Duration::from_mins(10));
    assert_eq!(valid.timeout, Duration::from_secs(570));
    let timeout = |more| checked(&more).unwrap().timeout;
    assert_eq!(timeout(json!({"interval": "40s"})), Duration::from_secs(30));
    assert_eq!(timeout(json!({"timeout": "5s"})), Duration::from_secs(30));
    assert_eq!(timeout(json!({"timeout": "2m"})), Duration::from_mins(2));
    for (more, expected) in [
        (json!({"prune": false}), Deletion::Orphan),
        (json!({"prune": false, "deletionPolicy": "MirrorPrune"}), Deletion::Orphan),
        (json!({"prune": false, "deletionPolicy": "Delete"}), Deletion::Delete),
        (json!({"deletionPolicy": "Orphan"}), Deletion::Orphan),
        (json!({"deletionPolicy": "WaitForTermination"}), Deletion::WaitForTermination),
    ] {
        assert_eq!(checked(&more).unwrap().deletion, expected, "{more}");
    }
}

#[test]
fn what_is_not_served_of_a_kustomization_is_refused_by_name() {
    let field = |more: Value| told(checked(&more)).split(" | ").take(2).collect::<Vec<_>>().join(" | ");
    for (more, expected) in [
        (json!({"sourceRef": {"kind": "OCIRepository", "name": "a"}}), ".spec.sourceRef.kind"),
        (
            json!({"decryption": {"provider": "sops", "serviceAccountName": "kms"}}),
            ".spec.decryption.serviceAccountName",
        ),
        (json!({"kubeConfig": {"configMapRef": {"name": "a"}}}), ".spec.kubeConfig.configMapRef"),
    ] {
        assert_eq!(field(more), format!("(stalled) FeatureGateDisabled | {expected}"));
    }
    assert_eq!(field(json!({"path": "../up"})), "(stalled) BuildFailed | .spec.path");
    assert_eq!(field(json!({"interval": "never"})), "(stalled) IntervalNotConfigured | .spec.interval");
    let no_pointer = json!({"ignore": [{"paths": ["/a", "spec.replicas"]}]});
    assert_eq!(field(no_pointer), "(stalled) BuildFailed | .spec.ignore[0].paths[1]");
    assert_eq!(told(checked(&json!({"ignore": [{"paths": ["/a"]}]}))), "valid");
    let neither = json!({"kubeConfig": {}});
    assert_eq!(field(neither), "(stalled) ReconciliationFailed | .spec.kubeConfig");
    for nothing in [json!({"ignore": []}), json!({"healthCheckExprs": []}), json!({"dependsOn": []})] {
        assert_eq!(told(checked(&nothing)), "valid");
    }
}

#[test]
fn an_expression_that_is_wrong_is_told_by_its_place() {
    let check = |more: Value, expected: &str| {
        let said = told(checked(&more));
        assert!(said.starts_with(&format!("(stalled) InvalidCELExpression | {expected}")), "{said}");
    };
    let health = |rules: Value| json!({"healthCheckExprs": rules});
    let fine = json!({"apiVersion": "acme.dev/v1", "kind": "Widget", "current": "status.done"});
    let with = |key: &str, value: &str| {
        let mut rule = fine.clone();
        rule[key] = json!(value);
        rule
    };
    let place =
        |field: &str| format!(".spec.healthCheckExprs[1].{field} | .spec.healthCheckExprs[1].{field}: ");
    check(health(json!([fine, with("current", "")])), &place("current"));
    check(
        health(json!([fine, with("current", "status.")])),
        &format!("{}it does not parse", place("current")),
    );
    check(
        health(json!([fine, with("failed", "sum(status)")])),
        &format!("{}there is no function", place("failed")),
    );
    check(health(json!([fine, with("inProgress", "(")])), &place("inProgress"));
    check(health(json!([fine, with("kind", "")])), &place("kind"));
    let ready = |text: &str| json!({"dependsOn": [{"name": "a"}, {"name": "b", "readyExpr": text}]});
    let place = ".spec.dependsOn[1].readyExpr | .spec.dependsOn[1].readyExpr: ";
    check(ready("deps.status.x"), &format!("{place}there is no variable 'deps'; it may use self and dep"));
    check(ready(&"(".repeat(5000)), &format!("{place}it is longer than"));
}

#[test]
fn expressions_are_kept_by_kind_and_the_first_of_a_kind_counts() {
    let rule = |version: &str, kind: &str, current: &str| json!({"apiVersion": version, "kind": kind, "current": current});
    let rules = json!([
        rule("acme.dev/v1", "A", "true"),
        rule("acme.dev/v2", "A", "false"),
        rule("v1", "A", "false")
    ]);
    let valid =
        checked(&json!({"healthCheckExprs": rules, "dependsOn": [{"name": "x", "readyExpr": ""}]})).unwrap();
    let got: Vec<_> = valid
        .health_rules
        .iter()
        .map(|rule| (rule.group.as_str(), rule.kind.as_str(), rule.expressions.current.text()))
        .collect();
    assert_eq!(got, [("acme.dev", "A", "true"), ("", "A", "false")]);
    assert_eq!(valid.depends_on[0].ready, None);
}

#[test]
fn where_the_objects_went_is_known_whatever_else_is_wrong() {
    let spec = json!({"interval": "never", "prune": true, "sourceRef": {"kind": "GitRepository", "name": "fleet"},
        "serviceAccountName": "deployer", "kubeConfig": {"secretRef": {"name": "there"}}});
    let destination = destination(&object("Kustomization", &spec)).unwrap();
    assert_eq!(destination.service_account.as_deref(), Some("deployer"));
    assert_eq!(destination.kubeconfig, Some(("there".to_owned(), None)));
}
