//! Every grant below deploy is used, and none is missing: what a controller asks through a whole life, beside what the
//! roles of deploy/install.yaml allow.

use super::api::{behind_proxy, refusal};
use super::place::Place;
use super::sync::config;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use tagalong_testkit::control_plane::{ApiProxy, Asked};

/// `verb group/resource`, with its subresource.
type Grant = String;

fn grant(verb: &str, group: &str, resource: &str) -> Grant {
    format!("{verb} {group}/{resource}")
}

/// What a request needs, in the words of a role.
fn needed(asked: &Asked) -> Option<Grant> {
    let (path, query) = asked.path.split_once('?').unwrap_or((&asked.path, ""));
    let mut parts = path.trim_matches('/').split('/');
    let group = match parts.next()? {
        "api" => "",
        "apis" => parts.next()?,
        _ => return None,
    };
    let rest: Vec<&str> = parts.skip(1).collect();
    let (resource, name, sub) = match rest[..] {
        ["namespaces", _, resource] => (resource, None, None),
        ["namespaces", _, resource, name] => (resource, Some(name), None),
        ["namespaces", _, resource, name, sub] => (resource, Some(name), Some(sub)),
        [resource, name] => (resource, Some(name), None),
        [resource] => (resource, None, None),
        _ => return None,
    };
    let verb = match (asked.method.as_str(), name) {
        ("GET", _) if query.contains("watch=true") => "watch",
        ("GET", None) => "list",
        ("GET", Some(_)) => "get",
        ("POST", _) => "create",
        ("PUT", _) => "update",
        ("PATCH", _) => "patch",
        _ => "delete",
    };
    let resource = sub.map_or_else(|| resource.to_owned(), |sub| format!("{resource}/{sub}"));
    Some(grant(verb, group, &resource))
}

/// What the installed roles allow.
fn granted(place: &Place) -> BTreeSet<Grant> {
    let roles = ["", "-secrets", "-source", "-kustomize", "-sync"];
    let roles = roles.map(|role| format!("clusterrole/tagalong{role}"));
    let roles: Vec<&str> = roles.iter().map(String::as_str).collect();
    let leases = ["-n", "flux-system", "role/tagalong-leader-election"];
    let args = [&["get", "-o=json"][..], &leases, &roles].concat();
    let list: serde_json::Value = serde_json::from_str(&place.kubectl(&args, "")).unwrap();
    let mut granted = BTreeSet::new();
    let texts = |value: &serde_json::Value| -> Vec<String> { serde_json::from_value(value.clone()).unwrap() };
    for role in list["items"].as_array().unwrap() {
        for rule in role["rules"].as_array().unwrap() {
            for group in texts(&rule["apiGroups"]) {
                for resource in texts(&rule["resources"]) {
                    granted.extend(texts(&rule["verbs"]).iter().map(|verb| grant(verb, &group, &resource)));
                }
            }
        }
    }
    granted
}

/// Waits until a request with this method and part was answered.
fn until_asked(proxy: &ApiProxy, method: &str, part: &str) {
    let begin = Instant::now();
    while !proxy
        .requests()
        .iter()
        .any(|asked| asked.method == method && asked.path.contains(part) && asked.code < 300)
    {
        assert!(begin.elapsed() < Duration::from_secs(60), "nobody asked {method} {part}");
        std::thread::yield_now();
    }
}

#[test]
fn every_grant_is_used_and_none_is_missing() {
    let Some(place) = Place::with_web("grants", "1.x", &["1.0.0", "1.1.0"]) else { return };
    place.open_secrets();
    place.open_leases("all");
    place.own(
        &["create", "secret", "docker-registry", "pull", "--docker-username=u", "--docker-password=p"],
        "",
    );
    place.own(&["create", "serviceaccount", "puller"], "");
    place.open_sync();
    place.estate.commit(&[("apps/more/vars.yaml", &config("more", "${region}"))]);
    place.own(&["create", "configmap", "vars", "--from-literal=region=eu"], "");
    let variables = "  path: ./apps/more\n  postBuild: {substituteFrom: [{kind: ConfigMap, name: vars}]}\n";
    place.apply(&place.kustomization("apps", variables));
    let spec = r#"{"spec":{"secretRef":{"name":"pull"},"serviceAccountName":"puller"}}"#;
    place.own(&["patch", "imagerepository/web", "--type=merge", "-p", spec], "");
    let refusals = [
        // Somebody was faster, once for each kind: it is read again.
        refusal("PATCH", "/imagerepositories/web/status", 409, 1),
        refusal("PATCH", "/imagepolicies/web/status", 409, 1),
        refusal("PATCH", "/imageupdateautomations/fleet/status", 409, 1),
        refusal("PATCH", "/gitrepositories/fleet/status", 409, 1),
        refusal("PATCH", "/kustomizations/apps/status", 409, 1),
        // An older API server, whose lists do not stream.
        refusal("GET", "sendInitialEvents=true", 422, 5),
    ];
    let args = [
        "--controllers=image,source,kustomize",
        "--enable-leader-election",
        "--leader-election-retry-period=100ms",
        "--min-retry-delay=50ms",
    ];
    let lease = "lease/image-automation-controller-leader-election";
    let held = "apiVersion: coordination.k8s.io/v1\nkind: Lease\n\
                metadata: {name: image-automation-controller-leader-election}\nspec: {holderIdentity: somebody}\n";
    place.apply(held);
    let (proxy, mut controller) = behind_proxy(&place, &refusals, &args);
    controller.until("standing by");
    place.own(&["patch", lease, "--type=merge", "-p", r#"{"spec":{"holderIdentity":""}}"#], "");
    controller.until("pushed commit");
    for object in [
        "imagerepository/web",
        "imagepolicy/web",
        "imageupdateautomation/fleet",
        "gitrepository/fleet",
        "kustomization/apps",
    ] {
        place.until_ready(object);
    }
    place.delete("kustomization/apps");
    // The same event again is counted up: the policy finds its tag, loses it, finds it again.
    let range = |range: &str| {
        let spec = format!(r#"{{"spec":{{"policy":{{"semver":{{"range":"{range}"}}}}}}}}"#);
        place.own(&["patch", "imagepolicy/web", "--type=merge", "-p", &spec], "");
    };
    range("9.x");
    place.until("imagepolicy/web", ".status.conditions[?(@.type==\"Ready\")].status", "False");
    range("1.x");
    until_asked(&proxy, "PATCH", "/events/");
    // A Lease is renewed.
    until_asked(&proxy, "PUT", "/leases/");

    let asked = proxy.requests();
    let used: BTreeSet<Grant> = asked.iter().filter(|asked| asked.code < 400).filter_map(needed).collect();
    let granted = granted(&place);
    // No request of its own, but what stands on each that is made for a Kustomization.
    let acting = grant("impersonate", "", "serviceaccounts");
    let unused: Vec<&Grant> = granted.difference(&used).filter(|grant| **grant != acting).collect();
    assert!(unused.is_empty(), "nobody uses {unused:?}");
    let missing: Vec<&Asked> = asked.iter().filter(|asked| asked.code == 403).collect();
    assert!(missing.is_empty(), "missing: {missing:?}");
}
