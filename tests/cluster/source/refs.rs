//! What of a repository is followed, in every form of `ref`.

use super::{Place, SITE, site};

#[test]
fn every_form_of_ref_leads_to_its_commit() {
    let Some(place) = Place::with_site("refs", "  ref: {branch: main}\n") else { return };
    let repo = &place.estate.repo;
    let first = repo.rev("main").unwrap();
    repo.git(&["tag", "v1.0.0", &first]).unwrap();
    let second = place.estate.commit(&[("apps/web.yaml", "kind: B\n")]);
    repo.git(&["tag", "-a", "-m", "annotated", "v1.1.0", &second]).unwrap();
    repo.git(&["update-ref", "refs/pull/7/head", &first]).unwrap();
    let third = place.estate.commit(&[("apps/web.yaml", "kind: C\n")]);
    repo.git(&["tag", "v2.0.0-rc.1", &third]).unwrap();
    let _controller = place.serving();
    let check = |reference: &str, revision: &str| {
        place.apply(&site(&place, &format!("  ref: {reference}\n")));
        place.until(SITE, ".status.artifact.revision", revision);
        place.until_ready(SITE);
    };
    check("{branch: main}", &format!("main@sha1:{third}"));
    check("{tag: v1.0.0}", &format!("v1.0.0@sha1:{first}"));
    check("{tag: v1.1.0}", &format!("v1.1.0@sha1:{second}"));
    check("{tag: v1.0.0, semver: '>=1.0.0'}", &format!("v1.1.0@sha1:{second}"));
    check("{semver: '>=1.0.0-0'}", &format!("v2.0.0-rc.1@sha1:{third}"));
    check("{name: refs/pull/7/head}", &format!("refs/pull/7/head@sha1:{first}"));
    check("{name: refs/heads/main}", &format!("refs/heads/main@sha1:{third}"));
    check(&format!("{{branch: main, commit: {second}}}"), &format!("main@sha1:{second}"));
    check(&format!("{{commit: {first}}}"), &format!("sha1:{first}"));

    // What is not there is told, and the last artifact stays.
    place.apply(&site(&place, "  ref: {branch: gone}\n"));
    place.own(&["wait", SITE, "--for=condition=FetchFailed", "--timeout=60s"], "");
    place.says("Ready", "failed to checkout and determine revision: the repository has no branch \"gone\"");
    assert_eq!(place.get(SITE, ".status.artifact.revision"), format!("sha1:{first}"));
    let failed = ".status.conditions[?(@.type==\"FetchFailed\")].reason";
    assert_eq!(place.get(SITE, failed), "GitOperationFailed");
}

#[test]
fn what_is_not_served_is_refused_by_name() {
    let Some(place) = Place::with_site("refused", "  recurseSubmodules: true\n") else { return };
    let _controller = place.serving();
    place.own(&["wait", SITE, "--for=condition=Stalled", "--timeout=60s"], "");
    place.says("Ready", ".spec.recurseSubmodules: fetching submodules is not supported yet");
    place.apply(&site(&place, "  include: [{repository: {name: other}}]\n  recurseSubmodules: false\n"));
    place.until(SITE, ".status.observedGeneration", "2");
    place.says("Ready", ".spec.include: including other artifacts is not supported yet");
    assert_eq!(place.get(SITE, ".status.artifact"), "");
}
