//! GitRepositories that are served: what is fetched, what the artifact holds, who may have it.

mod archive;

use super::place::Place;
use crate::running::Running;
use archive::{Answer, entries, get};

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
