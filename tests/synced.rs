//! `run --sync-to`: Kustomizations are applied to a folder, from the very commit that was just pushed.

use crate::support::Estate;
use std::collections::BTreeMap;
use std::path::Path;

const DEPLOYMENT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      \
                          containers:\n      - name: app\n        image: IMAGE:1.0.0 # {\"$imagepolicy\": \"default:web\"}\n";

fn config(name: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{a: \"1\"}}\n")
}

fn kustomization(name: &str, extra: &str) -> String {
    format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {name}}}\nspec:\n  \
         interval: 10m\n  prune: true\n  sourceRef: {{kind: GitRepository, name: fleet}}\n  path: ./{name}\n  \
         targetNamespace: shop\n{extra}"
    )
}

/// The files of a folder, by their paths.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(inside) = open.pop() {
        for entry in std::fs::read_dir(inside).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let name = path.strip_prefix(folder).unwrap().display().to_string();
            found.insert(name, std::fs::read_to_string(path).unwrap());
        }
    }
    found
}

fn names(estate: &Estate) -> Vec<String> {
    files(&estate.folder().join("out")).into_keys().collect()
}

/// An estate with a Deployment and a ConfigMap below `apps`.
fn estate() -> Estate {
    let tags = ["1.0.0", "1.1.0"];
    let files = [("apps/web.yaml", DEPLOYMENT), ("apps/config.yaml", &config("settings"))];
    let estate = Estate::with_web("1.x", &tags, &files);
    estate.object("apps.yaml", &kustomization("apps", ""));
    estate
}

const SYNC: [&str; 3] = ["--once", "--sync-to", "out"];

#[test]
fn a_tag_ends_in_a_changed_file_in_one_run() {
    let estate = estate();
    let ran = estate.run("run", &SYNC).expect(0);
    let head = estate.repo.rev("main").unwrap();
    let ready =
        format!("Kustomization/default/apps              True     Applied revision: main@sha1:{head}");
    let lines: Vec<String> =
        ran.stdout.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    let ready = ready.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(lines.contains(&ready), "{}", ran.stdout);
    let expected =
        [".tagalong/default_apps.json", "shop/configmap_settings.yaml", "shop/deployment.apps_web.yaml"];
    assert_eq!(names(&estate), expected);
    let out = files(&estate.folder().join("out"));
    let web = &out["shop/deployment.apps_web.yaml"];
    assert!(web.contains(&format!("{}:1.1.0", estate.registry.image("acme/web"))), "{web}");
    assert!(web.contains("kustomize.toolkit.fluxcd.io/name: apps"), "{web}");
    // A second run writes nothing.
    let changed =
        |path: &str| std::fs::metadata(estate.folder().join("out").join(path)).unwrap().modified().unwrap();
    let before = expected.map(changed);
    estate.run("run", &SYNC).expect(0);
    assert_eq!(expected.map(changed), before);
}

#[test]
fn what_left_is_deleted_and_what_is_not_ours_stays() {
    let estate = estate();
    estate.run("run", &SYNC).expect(0);
    let foreign = estate.folder().join("out/shop/configmap_foreign.yaml");
    std::fs::write(&foreign, config("foreign")).unwrap();
    let gone = tagalong_testkit::git_repo::Change::Delete("apps/config.yaml");
    estate.repo.commit("main", "Less", &[gone]).unwrap();
    estate.run("run", &SYNC).expect(0);
    let left =
        [".tagalong/default_apps.json", "shop/configmap_foreign.yaml", "shop/deployment.apps_web.yaml"];
    assert_eq!(names(&estate), left);
    // The Kustomization itself goes, between two runs.
    std::fs::remove_file(estate.objects().join("apps.yaml")).unwrap();
    estate.run("run", &SYNC).expect(0);
    assert_eq!(names(&estate), ["shop/configmap_foreign.yaml"]);
}

#[test]
fn another_folder_of_objects_clears_nothing_away() {
    let estate = estate();
    estate.run("run", &SYNC).expect(0);
    let before = names(&estate);
    std::fs::rename(estate.objects().join("apps.yaml"), estate.folder().join("kept.yaml")).unwrap();
    std::fs::rename(estate.objects(), estate.folder().join("moved")).unwrap();
    std::fs::create_dir(estate.objects()).unwrap();
    let args = ["run", "moved", "--once", "--sync-to", "out", "--state", "state"];
    let ran = crate::support::run(estate.folder(), &args).expect(0);
    assert!(ran.stderr.contains("stays: it is not in this folder"), "{}", ran.stderr);
    assert_eq!(names(&estate), before);
}

#[test]
fn a_folder_to_apply_to_is_no_part_of_the_objects() {
    let estate = estate();
    for inside in ["objects/live", "objects", "objects/../objects/new/live"] {
        let ran = estate.run("run", &["--once", "--sync-to", inside]).expect(2);
        assert!(
            ran.stderr.contains("lies in") && ran.stderr.contains("name a folder beside it"),
            "{}",
            ran.stderr
        );
    }
    assert!(!estate.objects().join("live").exists());
    estate.run("run", &["--once", "--sync-to", "objects/../out"]).expect(0);
    assert!(names(&estate).contains(&"shop/deployment.apps_web.yaml".to_owned()));
}

#[test]
fn one_that_depends_is_applied_in_the_same_run_and_orphans_stay() {
    let estate = estate();
    estate.commit(&[("base/c.yaml", &config("base"))]);
    estate.object("apps.yaml", &kustomization("apps", "  dependsOn: [{name: base}]\n"));
    estate.object("base.yaml", &kustomization("base", "  deletionPolicy: Orphan\n"));
    estate.run("run", &SYNC).expect(0);
    assert!(names(&estate).contains(&"shop/deployment.apps_web.yaml".to_owned()));
    std::fs::remove_file(estate.objects().join("base.yaml")).unwrap();
    estate.object("apps.yaml", &kustomization("apps", ""));
    estate.run("run", &SYNC).expect(0);
    assert!(names(&estate).contains(&"shop/configmap_base.yaml".to_owned()));
}

#[test]
fn a_dry_run_applies_nothing_and_a_wrong_kustomization_is_named() {
    let estate = estate();
    estate.run("run", &["--once", "--dry-run", "--sync-to", "out"]).expect(0);
    assert!(!estate.folder().join("out").exists());
    estate.object("apps.yaml", &kustomization("apps", "  pruned: true\n"));
    let ran = estate.run("run", &SYNC).expect(2);
    assert!(ran.stderr.contains("objects/apps.yaml:10:3: .spec.pruned"), "{}", ran.stderr);
}

#[test]
fn a_name_that_would_leave_the_folder_does_not() {
    let estate = estate();
    estate.commit(&[("apps/odd.yaml", &config("\"../../odd\""))]);
    let ran = estate.run("run", &SYNC);
    assert!(!estate.folder().join("odd.yaml").exists() && !estate.folder().join("out/odd.yaml").exists());
    let inside = names(&estate).iter().all(|name| name.starts_with(".tagalong") || name.starts_with("shop/"));
    assert!(inside, "{:?}\n{}", names(&estate), ran.stderr);
}

#[test]
fn what_nobody_here_can_take_back_is_not_written() {
    let files = [("apps/web.yaml", "image: IMAGE:1.0.0 # {\"$imagepolicy\": \"default:web\"}\n")];
    let estate = Estate::with_web("1.x", &["1.0.0", "1.1.0"], &files);
    estate.object("fleet.yaml", &estate.automation("  rollback: {onUnhealthy: Revert}\n"));
    for (command, args) in [("plan", &[][..]), ("run", &["--once", "--dry-run"]), ("run", &["--once"])] {
        let ran = estate.run(command, args).expect(1);
        let refused = "onUnhealthy: Revert needs a cluster";
        assert!(ran.stderr.contains(refused), "{command} {args:?}: {}", ran.stderr);
        assert!(!ran.stdout.contains("diff --git"), "{command} {args:?}: {}", ran.stdout);
    }
    assert_eq!(estate.repo.log("main").unwrap().len(), 1, "nothing is written");
}

#[test]
fn variables_come_out_of_config_maps_and_secrets_of_the_folder() {
    let estate = estate();
    estate.commit(&[(
        "apps/config.yaml",
        &config("settings").replace("\"1\"", "\"${word:=none} ${more:=none}\""),
    )]);
    let from = |more: &str| {
        let extra = format!("  postBuild: {{substituteFrom: [{{kind: ConfigMap, name: vars}}{more}]}}\n");
        estate.object("apps.yaml", &kustomization("apps", &extra));
    };
    let vars = |word: &str| config("vars").replace("a: \"1\"", &format!("word: {word}"));
    let applied = || files(&estate.folder().join("out"))["shop/configmap_settings.yaml"].clone();

    // What is nobody's business breaks nothing.
    estate.object(
        "others.yaml",
        &format!("{}---\n{}", config("other"), config("other").replace("a: \"1\"", "[]")),
    );
    from(", {kind: Secret, name: gone, optional: true}, {kind: ConfigMap, name: gone, optional: true}");
    let ran = estate.run("run", &SYNC).expect(1);
    let told =
        "substitute from 'ConfigMap/vars' error: not found in namespace default of the objects in objects";
    assert!(ran.stdout.contains(told) || ran.stderr.contains(told), "{}{}", ran.stdout, ran.stderr);

    estate.object("vars.yaml", &vars("first"));
    estate.run("run", &SYNC).expect(0);
    assert!(applied().contains("first none"), "{}", applied());

    let secret =
        "apiVersion: v1\nkind: Secret\nmetadata: {name: more}\nstringData: {word: second, more: third}\n";
    estate.object("secret.yaml", secret);
    from(", {kind: Secret, name: more}");
    estate.run("run", &SYNC).expect(0);
    assert!(applied().contains("second third"), "{}", applied());

    // Of two that are named nobody knows which is meant.
    estate.object("again.yaml", &vars("again"));
    let ran = estate.run("run", &SYNC).expect(2);
    assert!(ran.stderr.contains("ConfigMap/default/vars is given twice"), "{}", ran.stderr);
}
