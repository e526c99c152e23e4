//! GitRepositories that are served: what is fetched, what the artifact holds, who may have it.

mod archive;
mod copies;
mod keys;
mod pushed;
mod refs;

use super::place::Place;
use crate::running::Running;
use archive::{Answer, entries, get, modes};
use tagalong_testkit::git_repo::Change;

/// A GitRepository `site` of the place's repository; `spec` goes below `spec`, each line beginning with two spaces.
fn site(place: &Place, spec: &str) -> String {
    let url = place.estate.git.url("fleet.git");
    format!(
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {{name: site}}\nspec:\n  \
         url: \"{url}\"\n  interval: 5m\n{spec}"
    )
}

const SITE: &str = "gitrepository/site";
const READY: &str = ".status.conditions[?(@.type==\"Ready\")]";

impl Place {
    /// A place with two files on main and the object `site` for it.
    fn with_site(prefix: &str, spec: &str) -> Option<Self> {
        let place = Self::new(prefix)?;
        place.estate.commit(&[("apps/web.yaml", "kind: A\n"), ("readme.md", "hello\n")]);
        place.apply(&site(&place, spec));
        Some(place)
    }

    fn serving(&self) -> Running {
        self.controller(&["--controllers=image,source"])
    }

    /// Waits until a condition of the site says so; all that it says.
    #[track_caller]
    fn says(&self, kind: &str, words: &str) -> String {
        self.until_says(SITE, &format!(".status.conditions[?(@.type==\"{kind}\")].message"), words)
    }

    /// Asks for a turn and waits for its end.
    fn reconcile(&self, token: &str) {
        let request = format!("reconcile.fluxcd.io/requestedAt={token}");
        self.own(&["annotate", "--overwrite", SITE, &request], "");
        self.until(SITE, ".status.lastHandledReconcileAt", token);
    }

    /// The artifact, as its url gives it out.
    fn artifact(&self) -> Vec<u8> {
        let Answer { status, body, .. } = get("GET", &self.get(SITE, ".status.artifact.url"));
        assert_eq!(status, 200);
        body
    }
}

#[test]
fn a_commit_becomes_an_artifact_that_is_served() {
    let Some(place) = Place::with_site("artifact", "  ref: {branch: main}\n") else { return };
    let _controller = place.serving();
    place.until_ready(SITE);
    let commit = place.estate.repo.rev("main").unwrap();
    let (namespace, revision) = (&place.namespace, format!("main@sha1:{commit}"));
    assert_eq!(place.get(SITE, ".status.artifact.revision"), revision);
    let path = format!("gitrepository/{namespace}/site/{commit}.tar.gz");
    assert_eq!(place.get(SITE, ".status.artifact.path"), path);
    assert_eq!(
        place.get(SITE, &format!("{READY}.message")),
        format!("stored artifact for revision '{revision}'")
    );
    assert_eq!(place.get(SITE, ".metadata.finalizers"), r#"["finalizers.fluxcd.io"]"#);
    let bytes = place.artifact();
    assert_eq!(place.get(SITE, ".status.artifact.size"), bytes.len().to_string());
    assert_eq!(entries(&bytes), ["apps", "apps/web.yaml", "readme.md"]);

    // Nothing moved: the remote is asked where it is, and no more.
    let before = place.get(SITE, ".status.artifact");
    place.estate.git.take_requests();
    place.reconcile("1");
    assert_eq!(place.estate.git.take_requests().len(), 2);
    assert_eq!(place.get(SITE, ".status.artifact"), before);

    // The same files again make the same bytes.
    place.apply(&site(&place, "  ref: {branch: main}\n  ignore: '*.none'\n"));
    place.until(SITE, ".status.observedIgnore", "*.none");
    assert_eq!(place.artifact(), bytes);
}

#[test]
fn the_server_gives_out_archives_and_nothing_else() {
    let Some(place) = Place::with_site("server", "  ref: {branch: main}\n") else { return };
    let _controller = place.serving();
    place.until_ready(SITE);
    let url = place.get(SITE, ".status.artifact.url");
    let path = place.get(SITE, ".status.artifact.path");
    let root = url.strip_suffix(&path).unwrap();
    let size = place.get(SITE, ".status.artifact.size");
    let Answer { status, head, body } = get("HEAD", &url);
    assert_eq!((status, body.len()), (200, 0));
    assert!(head.contains(&format!("content-length: {size}\r\n")), "{head}");
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        assert_eq!(get(method, &url).status, 405, "{method}");
    }
    let (folder, _) = path.rsplit_once('/').unwrap();
    for bad in [
        "".to_owned(),
        "gitrepository".to_owned(),
        "gitrepository/".to_owned(),
        folder.to_owned(),
        format!("{folder}/"),
        format!("{folder}/latest.tar.gz"),
        format!("{folder}/../../../../run.lock"),
        format!("{folder}/..%2f..%2f..%2f..%2frun.lock"),
        format!("{folder}/%2e%2e/x.tar.gz"),
        "../run.lock".to_owned(),
        "../mirrors.lock".to_owned(),
        "/etc/passwd".to_owned(),
        format!("{path}/"),
        format!("./{path}"),
        format!("{path}%00"),
    ] {
        let answer = get("GET", &format!("{root}{bad}"));
        assert!(answer.status == 404 && answer.body.is_empty(), "{bad}: {}", answer.status);
    }
}

#[test]
fn what_is_left_out_and_what_is_taken() {
    let Some(place) = Place::new("ignored") else { return };
    let file = |path: &'static str| Change::File(path, b"x\n");
    let changes = [
        Change::File(".sourceignore", b"*.tmp\n"),
        file("apps/web.yaml"),
        file("apps/web.tmp"),
        file("apps/logo.png"),
        file(".github/ci.yaml"),
        Change::Script("bin/run.sh", b"#!/bin/sh\n"),
        Change::Symlink("apps/link.yaml", "../../secret"),
        file("docs/a.md"),
    ];
    place.estate.repo.commit("main", "files", &changes).unwrap();
    place.apply(&site(&place, "  ref: {branch: main}\n"));
    let _controller = place.serving();
    place.until_ready(SITE);
    // Rules of its own replace the defaults. Links are not taken.
    let all = [
        ".github",
        ".github/ci.yaml",
        ".sourceignore",
        "apps",
        "apps/logo.png",
        "apps/web.yaml",
        "bin",
        "bin/run.sh",
        "docs",
        "docs/a.md",
    ];
    assert_eq!(entries(&place.artifact()), all);
    assert_eq!(modes(&place.artifact())["bin/run.sh"], 0o700);

    place.apply(&site(&place, "  ref: {branch: main}\n  ignore: \"/*\\n!/apps\\n*.png\"\n"));
    place.until(SITE, ".status.observedGeneration", "2");
    assert_eq!(entries(&place.artifact()), ["apps", "apps/web.tmp", "apps/web.yaml"]);

    place.apply(&site(&place, "  ref: {branch: main}\n  sparseCheckout: [./docs, bin]\n"));
    place.until(SITE, ".status.observedGeneration", "3");
    assert_eq!(entries(&place.artifact()), ["bin", "bin/run.sh", "docs", "docs/a.md"]);

    place.apply(&site(&place, "  ref: {branch: main}\n  sparseCheckout: [nowhere]\n"));
    place.own(&["wait", SITE, "--for=condition=FetchFailed", "--timeout=60s"], "");
    place.says("Ready", "sparse checkout dir 'nowhere' does not exist in repository");
}

#[test]
fn old_archives_go_and_all_go_with_the_object() {
    let Some(place) = Place::with_site("retention", "  ref: {branch: main}\n") else { return };
    let _controller = place.controller(&["--controllers=image,source", "--artifact-retention-records=1"]);
    place.until_ready(SITE);
    let first = place.get(SITE, ".status.artifact.url");
    place.estate.commit(&[("apps/web.yaml", "kind: B\n")]);
    place.reconcile("1");
    let second = place.get(SITE, ".status.artifact.url");
    assert_ne!(first, second);
    assert_eq!(get("GET", &first).status, 200, "whoever has just read the old url may still fetch");
    place.reconcile("2");
    assert_eq!((get("GET", &first).status, get("GET", &second).status), (404, 200));

    // One that disappeared is made again.
    let folder = place.estate.folder().join("state/artifacts/gitrepository").join(&place.namespace);
    std::fs::remove_dir_all(folder.join("site")).unwrap();
    place.reconcile("3");
    assert_eq!(get("GET", &second).status, 200);
    place.delete(SITE);
    assert_eq!(get("GET", &second).status, 404);
    assert!(!folder.join("site").exists());
}

#[test]
fn a_suspended_site_keeps_what_it_has() {
    let Some(place) = Place::with_site("site-suspend", "  ref: {branch: main}\n") else { return };
    let _controller = place.serving();
    place.until_ready(SITE);
    let before = place.get(SITE, ".status.artifact");
    place.apply(&site(&place, "  ref: {branch: main}\n  suspend: true\n"));
    place.estate.commit(&[("apps/web.yaml", "kind: B\n")]);
    place.own(&["annotate", SITE, "reconcile.fluxcd.io/requestedAt=1"], "");
    place.apply(&site(&place, "  ref: {branch: main}\n  suspend: true\n  timeout: 30s\n"));
    assert_eq!(place.get(SITE, ".status.artifact"), before);
    place.apply(&site(&place, "  ref: {branch: main}\n"));
    place.until(SITE, ".status.lastHandledReconcileAt", "1");
    assert_ne!(place.get(SITE, ".status.artifact"), before);
}

#[test]
fn beside_flux_a_site_is_only_read() {
    let Some(place) = Place::with_web("site-read", "1.x", &["1.0.0", "1.1.0"]) else { return };
    let mut controller = place.controller(&["--controllers=image"]);
    controller.until("pushed commit");
    assert_eq!(place.get("gitrepository/fleet", ".metadata.finalizers"), "");
    assert_eq!(place.get("gitrepository/fleet", ".status.conditions"), "");
}
