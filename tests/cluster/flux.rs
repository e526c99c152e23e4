//! The real `flux` command against objects that `tagalong controller` serves: what it prints is what it prints for
//! those that Flux's own controllers serve. The texts are those of Flux's own tests (`cmd/flux/testdata/image`).

use super::place::Place;
use crate::running::Running;
use crate::support::Ran;
use std::process::Command;
use tagalong_testkit::parts::{self, Part};

/// A place whose objects are Ready, and the controller that serves it.
struct Served {
    place: Place,
    controller: Running,
    image: String,
}

impl Served {
    fn new(prefix: &str) -> Option<Self> {
        parts::need(Part::Flux)?;
        let place = Place::with_web(prefix, "1.x", &["1.0.0", "1.1.0"])?;
        let mut controller = place.controller(&[]);
        controller.until("pushed commit");
        place.until_ready("imageupdateautomation/fleet");
        let image = place.estate.registry.image("acme/web");
        Some(Self { place, controller, image })
    }

    /// Runs `flux` on this place's namespace.
    fn flux(&self, args: &[&str]) -> Ran {
        self.flux_in(&self.place.namespace, args)
    }

    fn flux_in(&self, namespace: &str, args: &[&str]) -> Ran {
        let mut command = Command::new(parts::find(Part::Flux).unwrap());
        command.env_clear().env("KUBECONFIG", self.place.plane.kubeconfig());
        command.env("HOME", self.place.estate.folder()).args(args);
        command.args(["-n", namespace]).output().unwrap().into()
    }

    /// The table that `flux` prints: a row a line, its cells by single spaces.
    #[track_caller]
    fn table(&self, args: &[&str]) -> Vec<String> {
        let printed = self.flux(args).expect(0).stdout;
        let rows = printed.lines().filter(|line| !line.trim().is_empty());
        rows.map(|row| row.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    }

    /// What `flux` tells while it waits, word for word; `NS` and `IMAGE` stand for this place's.
    #[track_caller]
    fn tells(&self, args: &[&str], expected: &str) {
        let told = self.flux(args).expect(0);
        assert_eq!(told.stderr, expected.replace("NS", &self.place.namespace).replace("IMAGE", &self.image));
    }

    #[track_caller]
    fn at(&self, object: &str, path: &str) -> String {
        self.place.get(object, path)
    }
}

#[test]
fn flux_gets_objects_with_their_columns() {
    let Some(served) = Served::new("flux-get") else { return };
    let image = &served.image;
    let scan = served.at("imagerepository/web", ".status.lastScanResult.scanTime");
    let listed = served.at("imagerepository/web", ".status.conditions[?(@.type==\"Ready\")].message");
    let ran = served.at("imageupdateautomation/fleet", ".status.lastAutomationRunTime");
    let repository = format!("web {scan} False True {listed}");
    let policy = format!("web {image} 1.1.0 True Latest image tag for {image} resolved to 1.1.0");
    let update = format!("fleet {ran} False True repository up-to-date");
    let heads = [
        "NAME LAST SCAN SUSPENDED READY MESSAGE",
        "NAME IMAGE TAG READY MESSAGE",
        "NAME LAST RUN SUSPENDED READY MESSAGE",
    ];
    assert_eq!(served.table(&["get", "image", "repository"]), [heads[0], &repository]);
    assert_eq!(served.table(&["get", "image", "policy", "web"]), [heads[1], &policy]);
    assert_eq!(served.table(&["get", "image", "policy", "--no-header"]), [policy.as_str()]);
    assert_eq!(served.table(&["get", "image", "update"]), [heads[2], &update]);
    let all = [
        heads[0],
        &format!("imagerepository/{repository}"),
        heads[1],
        &format!("imagepolicy/{policy}"),
        heads[2],
        &format!("imageupdateautomation/{update}"),
    ];
    assert_eq!(served.table(&["get", "images", "all"]), all);
    assert_eq!(served.table(&["get", "images", "all", "--status-selector=ready=true"]), all);
    assert_eq!(
        served.table(&["get", "image", "policy", "--status-selector=ready=false", "--no-header"]),
        [""; 0]
    );
    assert!(served.table(&["get", "all"]).contains(&format!("imagepolicy/{policy}")));
    let everywhere = served.table(&["get", "image", "update", "-A"]);
    assert!(everywhere.contains(&format!("{} {update}", served.place.namespace)), "{everywhere:?}");

    let stats = served.table(&["stats"]);
    for kind in ["ImageRepository", "ImagePolicy", "ImageUpdateAutomation"] {
        assert!(stats.contains(&format!("{kind} 1 0 0 -")), "{kind}: {stats:?}");
    }
    let trace = ["trace", "web", "--kind=ImagePolicy", "--api-version=image.toolkit.fluxcd.io/v1"];
    assert!(served.flux(&trace).expect(0).stderr.contains("not managed by Flux"));
}

#[test]
fn flux_reconciles_suspends_and_resumes() {
    let Some(mut served) = Served::new("flux-turn") else { return };
    served.place.estate.registry.push_tag("acme/web", "1.2.0");
    served.tells(
        &["reconcile", "image", "repository", "web"],
        "► annotating ImageRepository web in NS namespace\n✔ ImageRepository annotated\n\
         ◎ waiting for ImageRepository reconciliation\n✔ scan fetched 3 tags\n",
    );
    served.place.until("imagepolicy/web", ".status.latestRef.tag", "1.2.0");
    served.tells(
        &["reconcile", "image", "policy", "web"],
        "► annotating ImagePolicy web in NS namespace\n✔ ImagePolicy annotated\n\
         ◎ waiting for ImagePolicy reconciliation\n✔ selected ref IMAGE:1.2.0\n",
    );
    served.controller.until("pushed commit");
    served.tells(
        &["reconcile", "image", "update", "fleet"],
        "► annotating ImageUpdateAutomation fleet in NS namespace\n✔ ImageUpdateAutomation annotated\n\
         ◎ waiting for ImageUpdateAutomation reconciliation\n✔ repository up-to-date\n",
    );
    assert_eq!(served.place.tag("apps/web.yaml"), "1.2.0");

    let kinds = [
        ("repository", "web", "image repository", "ImageRepository", "✔ scan fetched 3 tags\n"),
        ("policy", "web", "image policy", "ImagePolicy", "✔ selected ref IMAGE:1.2.0\n"),
        ("update", "fleet", "image update automation", "ImageUpdateAutomation", "✔ repository up-to-date\n"),
    ];
    for (word, name, human, kind, last) in kinds {
        served.tells(
            &["suspend", "image", word, name],
            &format!("► suspending {human} {name} in NS namespace\n✔ {human} suspended\n"),
        );
        assert_eq!(served.at(&format!("{kind}/{name}"), ".spec.suspend"), "true");
        if word != "policy" {
            let row = served.table(&["get", "image", word, name, "--no-header"]).remove(0);
            assert!(row.contains(" True True "), "{row}");
        }
        served.tells(
            &["resume", "image", word, name],
            &format!(
                "► resuming {human} {name} in NS namespace\n✔ {human} resumed\n\
                 ◎ waiting for {kind} reconciliation\n✔ {kind} {name} reconciliation completed\n{last}"
            ),
        );
    }
    served.flux(&["suspend", "image", "policy", "--all"]).expect(0);
    assert!(served.table(&["stats"]).contains(&"ImagePolicy 0 0 1 -".to_owned()));
}

#[test]
fn flux_creates_objects_waits_for_them_exports_and_deletes_them() {
    let Some(served) = Served::new("flux-make") else { return };
    let made = |kind: &str| {
        format!(
            "✚ generating {kind}\n► applying {kind}\n✔ {kind} created\n◎ waiting for {kind} reconciliation\n\
             ✔ {kind} reconciliation completed\n"
        )
    };
    let image = format!("--image={}", served.image);
    served.tells(
        &["create", "image", "repository", "own", &image, "--interval=5m", "--scan-timeout=5s"],
        &made("ImageRepository"),
    );
    let policy = ["create", "image", "policy", "own", "--image-ref=own", "--select-numeric=asc"];
    let filter = ["--filter-regex=^1\\.(?P<minor>[0-9]+)\\.0$", "--filter-extract=$minor"];
    served.tells(
        &[&policy[..], &filter, &["--reflect-digest=Always", "--interval=1h"]].concat(),
        &made("ImagePolicy"),
    );
    assert!(served.at("imagepolicy/own", ".status.latestRef.digest").starts_with("sha256:"));
    let digest = served.at("imagepolicy/own", ".status.latestRef.digest");
    let told = served.flux(&["reconcile", "image", "policy", "own"]).expect(0).stderr;
    assert!(told.ends_with(&format!("✔ selected ref {}:1.1.0@{digest}\n", served.image)), "{told}");
    let update = ["create", "image", "update", "own", "--git-repo-ref=fleet", "--git-repo-path=./apps"];
    let git =
        ["--checkout-branch=main", "--push-branch=updates", "--author-name=a", "--author-email=a@b.example"];
    let template = ["--commit-template={{range .Changed.Changes}}{{.NewValue}}{{end}}", "--interval=5m"];
    served.tells(&[&update[..], &git, &template].concat(), &made("ImageUpdateAutomation"));

    let exported = served.flux(&["export", "image", "policy", "own"]).expect(0).stdout;
    let namespace = &served.place.namespace;
    assert!(
        exported.ends_with(&format!(
            "  name: own\n  namespace: {namespace}\nspec:\n  digestReflectionPolicy: Always\n  filterTags:\n    \
             extract: $minor\n    pattern: ^1\\.(?P<minor>[0-9]+)\\.0$\n  imageRepositoryRef:\n    name: own\n  \
             interval: 1h0m0s\n  policy:\n    numerical:\n      order: asc\n"
        )),
        "{exported}"
    );
    for (word, count) in [("repository", 2), ("policy", 2), ("update", 2)] {
        let all = served.flux(&["export", "image", word, "--all"]).expect(0).stdout;
        assert_eq!(all.matches("\nkind: Image").count(), count, "{all}");
        assert!(!all.contains("status:") && !all.contains("finalizers"), "{all}");
        let checked = served.place.own(&["apply", "--dry-run=server", "-f", "-"], &all);
        assert_eq!(checked.lines().count(), count, "what was exported can be applied: {checked}");
    }

    for (word, human) in [
        ("update", "image update automation"),
        ("policy", "image policy"),
        ("repository", "image repository"),
    ] {
        served.tells(
            &["delete", "image", word, "own", "--silent"],
            &format!("► deleting {human} own in NS namespace\n✔ {human} deleted\n"),
        );
        served.place.own(&["wait", &format!("image{}/own", full(word)), "--for=delete", "--timeout=60s"], "");
    }
}

/// The rest of a kind's name behind `image`.
fn full(word: &str) -> &str {
    if word == "update" { "updateautomation" } else { word }
}

#[test]
fn flux_says_why_an_object_does_not_become_ready() {
    let Some(served) = Served::new("flux-wrong") else { return };
    let wrong = ["create", "image", "policy", "wrong", "--image-ref=web", "--select-semver=>2"];
    let told = served.flux(&[&wrong[..], &["--timeout=2s"]].concat()).expect(1).stderr;
    assert!(told.contains("◎ waiting for ImagePolicy reconciliation\n✗ "), "{told}");
    let row = served.table(&["get", "image", "policy", "wrong", "--no-header"]).remove(0);
    assert!(row.starts_with("wrong False ") && row.contains("unable to determine latest version"), "{row}");
    assert!(served.table(&["stats"]).contains(&"ImagePolicy 2 1 0 -".to_owned()));
    let gone = ["create", "image", "repository", "gone", "--image=https://example.com/x", "--interval=5m"];
    let told = served.flux(&[&gone[..], &["--timeout=2s"]].concat()).expect(1).stderr;
    assert!(told.contains("✗ "), "{told}");
    let row = served.table(&["get", "image", "repository", "gone", "--no-header"]).remove(0);
    assert!(row.contains(" False False "), "{row}");
}

#[test]
fn flux_shows_events_of_an_object_and_of_what_it_refers_to() {
    let Some(served) = Served::new("flux-events") else { return };
    let pushed = || served.table(&["events", "--for=ImageUpdateAutomation/fleet", "--types=Normal"]);
    let rows = (0..200).map(|_| pushed()).find(|rows| rows.len() > 1).expect("the event of the push");
    assert_eq!(rows[0], "LAST SEEN TYPE REASON OBJECT MESSAGE");
    assert!(rows[1].contains("Normal Succeeded ImageUpdateAutomation/fleet pushed commit"), "{rows:?}");
    let rows = served.table(&["events", "--for=ImagePolicy/web"]);
    let shows =
        |object: &str| rows.iter().any(|row| row.contains(&format!("Normal Succeeded {object}/web ")));
    assert!(shows("ImagePolicy") && shows("ImageRepository"), "{rows:?}");
    let all = served.table(&["events"]);
    assert!(all.len() > rows.len(), "{all:?}");
}

#[test]
fn flux_counts_the_controller_in_when_it_checks_the_cluster() {
    let Some(served) = Served::new("flux-check") else { return };
    let ready = r#"{"status":{"observedGeneration":1,"replicas":1,"updatedReplicas":1,"readyReplicas":1,
        "availableReplicas":1,"conditions":[{"type":"Available","status":"True"},
        {"type":"Progressing","status":"True","reason":"NewReplicaSetAvailable"}]}}"#;
    let system = |args: &[&str]| served.place.kubectl(&[&["-n", "flux-system"], args].concat(), "");
    system(&["patch", "deployment/tagalong", "--subresource=status", "--type=merge", "-p", ready]);
    let image = system(&["get", "deployment/tagalong", "-o=jsonpath={..image}"]);
    let ran = served.flux_in("flux-system", &["check", "--timeout=30s"]).expect(0);
    let told = format!("{}{}", ran.stdout, ran.stderr);
    for line in [
        "✔ tagalong: deployment ready",
        &format!("► {image}"),
        "✔ imagepolicies.image.toolkit.fluxcd.io/v1",
        "✔ imagerepositories.image.toolkit.fluxcd.io/v1",
        "✔ imageupdateautomations.image.toolkit.fluxcd.io/v1",
        "✔ gitrepositories.source.toolkit.fluxcd.io/v1",
        "✔ all checks passed",
    ] {
        assert!(told.lines().any(|told| told.trim() == line), "{line}: {told}");
    }
    let ran = served.flux_in("flux-system", &["version"]).expect(0);
    let tag = image.rsplit_once(':').unwrap().1;
    assert!(ran.stdout.contains(&format!("tagalong: {tag}")), "{}", ran.stdout);
}

#[test]
fn flux_serves_itself_of_sources_as_well() {
    let Some(_) = parts::need(Part::Flux) else { return };
    let Some(place) = Place::new("flux-source") else { return };
    let head = place.estate.commit(&[("apps/web.yaml", "kind: A\n")]);
    let controller = place.controller(&["--controllers=image,source"]);
    let served = Served { image: String::new(), place, controller };
    let url = format!("--url={}", served.place.estate.git.url("fleet.git"));
    served.tells(
        &["create", "source", "git", "site", &url, "--branch=main", "--interval=5m"],
        &format!(
            "✚ generating GitRepository source\n⚠\u{fe0f} insecure configuration: credentials configured for an HTTP URL\n\
             ► applying GitRepository source\n✔ GitRepository source created\n\
             ◎ waiting for GitRepository source reconciliation\n✔ GitRepository source reconciliation completed\n\
             ✔ fetched revision: main@sha1:{head}\n"
        ),
    );
    let row = served.table(&["get", "sources", "git", "--no-header"]);
    let short = &head[..8];
    assert_eq!(
        row,
        [format!("site main@sha1:{short} False True stored artifact for revision 'main@sha1:{short}'")]
    );
    let head = served.place.estate.commit(&[("apps/web.yaml", "kind: B\n")]);
    served.tells(
        &["reconcile", "source", "git", "site"],
        &format!(
            "► annotating GitRepository site in NS namespace\n✔ GitRepository annotated\n\
             ◎ waiting for GitRepository reconciliation\n✔ fetched revision main@sha1:{head}\n"
        ),
    );
    served.tells(
        &["suspend", "source", "git", "site"],
        "► suspending source git site in NS namespace\n✔ source git suspended\n",
    );
    served.tells(
        &["resume", "source", "git", "site"],
        &format!(
            "► resuming source git site in NS namespace\n✔ source git resumed\n\
             ◎ waiting for GitRepository reconciliation\n✔ GitRepository site reconciliation completed\n\
             ✔ fetched revision main@sha1:{head}\n"
        ),
    );
    let exported = served.flux(&["export", "source", "git", "site"]).expect(0).stdout;
    assert!(exported.contains("\nkind: GitRepository\n") && !exported.contains("status:"), "{exported}");
    let stats = served.table(&["stats"]);
    assert!(
        stats.iter().any(|row| row.starts_with("GitRepository 1 0 0 ") && !row.ends_with('-')),
        "{stats:?}"
    );
    let events = served.table(&["events", "--for=GitRepository/site"]);
    assert!(events.iter().any(|row| row.contains("Normal NewArtifact GitRepository/site")), "{events:?}");
    served.tells(
        &["delete", "source", "git", "site", "--silent"],
        "► deleting source git site in NS namespace\n✔ source git deleted\n",
    );
    served.place.own(&["wait", "gitrepository/site", "--for=delete", "--timeout=60s"], "");
}
