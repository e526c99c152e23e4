//! `tagalong demo`: the story comes to its end with nothing installed, and the folder it leaves can be worked in.

use crate::support::{Ran, run, tagalong};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tagalong_testkit::git_repo::git;
use tagalong_testkit::need;
use tagalong_testkit::parts::Part;

/// The registry of a demo folder, served again; ends with its handle.
struct Served(Child);

impl Served {
    fn start(folder: &Path) -> Self {
        let mut child = tagalong(folder, &["demo", "registry", "demo"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("stdout is piped")).read_line(&mut line).expect("a line");
        assert!(line.starts_with("serving localhost:"), "{line}");
        Self(child)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.0.kill().and_then(|()| self.0.wait()).expect("the registry ends");
    }
}

fn plan(folder: &Path, args: &[&str]) -> Ran {
    let mut all = vec!["plan", "demo/fleet", "--state", "demo/state"];
    all.extend(args);
    run(folder, &all)
}

#[test]
fn the_story_is_told_and_its_folder_can_be_worked_in() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    // The environment is empty: no PATH, so no git and no container engine.
    let told = run(folder, &["demo", "demo"]).expect(0);
    assert_eq!(told.stderr, "");
    assert!(!told.stdout.contains('\u{1b}'), "no colour in a pipe");
    for part in [
        "scanned   localhost:",
        "shop/web: 8 tags",
        "decided   ImagePolicy/shop/web: 1.10.1\n            by semver 1.x\n            accepted 6 of 8: 1.10.1, 1.10.0, 1.9.2 and 3 more",
        "refused  2.0.0-rc.1 (OutOfRange), nightly (NotAVersion)",
        "ImagePolicy/shop/worker: main-0c44ab9-1759386400",
        "ImagePolicy/shop/toolbox: 101",
        "held      apps/api/deployment.yaml:12 CurrentIsAhead",
        "held      apps/batch/job.yaml:12 Held",
        "problem   apps/search/deployment.yaml:12 UnknownPolicy",
        "+FROM localhost:",
        "stays at 1.10.1\n            1.11.0-rc.1 is a pre-release",
        "ImagePolicy/shop/web: 1.11.0 after 1.10.1",
        "reverted  Mia takes it back: ",
        "held      apps/web/deployment.yaml:19 Reverted\n            Mia took 1.11.0 away in ",
        "ImagePolicy/shop/web: 1.11.1 after 1.11.0",
        "Tagalong-Update: shop:web:tag 1.10.1 -> 1.11.1",
        "ImagePolicy/shop/gateway: stable moved",
        "Tagalong-Update: shop:web:tag 1.10.1 -> 1.11.0",
        "applied   Kustomization/shop/apps:\n            ",
        "Deployment/shop/web configured",
        "demo push demo shop/web:1.12.0",
    ] {
        assert!(told.stdout.contains(part), "{part:?} is missing in\n{}", told.stdout);
    }
    let read = |path: &str| std::fs::read_to_string(folder.join("demo/synced/shop").join(path)).unwrap();
    assert!(read("deployment.apps_web.yaml").contains("/shop/web:1.11.1"));
    assert!(read("cronjob.batch_worker.yaml").contains("/shop/worker:main-3b5d7f9-1759472800"));
    let again = run(folder, &["demo", "demo"]).expect(2);
    assert!(again.stderr.contains("holds a demo already"), "{}", again.stderr);

    let registry = Served::start(folder);
    let taken = run(folder, &["demo", "registry", "demo"]).expect(2);
    assert!(taken.stderr.contains("stands in the image names"), "{}", taken.stderr);
    let nothing = plan(folder, &["--exit-code"]).expect(0);
    assert_eq!(nothing.stdout, "");
    run(folder, &["demo", "push", "demo", "shop/web:1.12.0"]).expect(0);
    let lint = run(folder, &["lint", "demo/fleet"]).expect(0);
    assert_eq!(lint.stdout, "", "a first look finds nothing wrong");
    let planned = plan(folder, &["--exit-code"]).expect(1);
    assert_eq!(planned.stdout.matches("1.12.0").count(), 3, "{}", planned.stdout);
    drop(registry);
    the_repository_is_right(folder);
}

fn the_repository_is_right(folder: &Path) {
    need!(Part::Git);
    let ask = |args: &[&str]| -> String {
        let output =
            Command::output(git().arg("--git-dir").arg(folder.join("demo/estate.git")).args(args)).unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    ask(&["fsck", "--strict"]);
    let log = ask(&["log", "--format=%an: %s", "main"]);
    let ours = "Tagalong: Update images of the shop\n";
    let (later, earlier) = (ours.repeat(3), ours.repeat(2));
    let revert = "Mia: Revert \"Update images of the shop\"\n";
    assert_eq!(log, format!("{later}{revert}{earlier}Mia: Put the shop as it runs into Git\n"));
    let files = |commit: &str| ask(&["diff-tree", "-r", "--name-only", "--no-commit-id", commit]);
    let web = "apps/web/deployment.yaml\napps/web/kustomization.yaml\n";
    assert_eq!(files("main"), "apps/gateway/release.yaml\n");
    assert_eq!(files("main~1"), web);
    assert_eq!(files("main~2"), "apps/worker/cronjob.yaml\n");
    assert_eq!((files("main~3").as_str(), files("main~4").as_str()), (web, web));
    assert_eq!(ask(&["rev-parse", "main~3^{tree}"]), ask(&["rev-parse", "main~5^{tree}"]));
    assert_eq!(
        files("main~5"),
        format!("apps/gateway/release.yaml\n{web}apps/worker/cronjob.yaml\nimages/toolbox/Dockerfile\n")
    );
    assert_eq!(
        ask(&["diff", "--numstat", "main~6", "main"]),
        "\
        1\t1\tapps/gateway/release.yaml\n\
        2\t2\tapps/web/deployment.yaml\n\
        1\t1\tapps/web/kustomization.yaml\n\
        1\t1\tapps/worker/cronjob.yaml\n\
        1\t1\timages/toolbox/Dockerfile\n"
    );
    let worker = ask(&["show", "main:apps/worker/cronjob.yaml"]);
    assert_eq!(worker.matches("\r\n").count(), worker.matches('\n').count(), "CR LF stays");
}

#[test]
fn without_a_folder_nothing_stays_and_a_full_folder_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let told = tagalong(folder, &["demo"]).env("TMPDIR", folder).output().unwrap();
    let told = Ran::from(told).expect(0);
    assert!(told.stdout.contains("is temporary and is removed now"), "{}", told.stdout);
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 0);

    std::fs::write(folder.join("mine"), "").unwrap();
    let refused = run(folder, &["demo", "."]).expect(2);
    assert!(refused.stderr.contains("is not empty"), "{}", refused.stderr);
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 1);
    for args in
        [&["demo", "registry", "."][..], &["demo", "push", ".", "shop/web:1"], &["demo", "-o", "json"]]
    {
        run(folder, args).expect(2);
    }
}
