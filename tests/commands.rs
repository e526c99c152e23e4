//! Words, statuses and formats that the command line promises.

use crate::support::{Estate, run};
use std::io::Write;
use std::process::Stdio;

fn select(tags: &str, args: &[&str]) -> crate::support::Ran {
    let folder = tempfile::tempdir().unwrap();
    let mut all = vec!["select", "--tags", "-"];
    all.extend(args);
    let mut child = crate::support::tagalong(folder.path(), &all)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Bad usage ends it before it has read anything.
    drop(child.stdin.take().unwrap().write_all(tags.as_bytes()));
    child.wait_with_output().unwrap().into()
}

#[test]
fn select_prints_the_winner_alone() {
    let tags = "1.0.0\n1.1.0\nv1.1.0-rc.1\n2.0.0\nlatest\n";
    assert_eq!(select(tags, &["--select-semver", "1.x"]).expect(0).stdout, "1.1.0\n");
    assert_eq!(select(tags, &["--select-semver", "1.x", "--all"]).expect(0).stdout, "1.1.0\n1.0.0\n");
    assert_eq!(select(tags, &["--select-alpha", "asc"]).expect(0).stdout, "v1.1.0-rc.1\n");
    let json = select(tags, &["--select-semver", "1.x", "-o", "json"]).expect(0).json();
    assert_eq!(json["selected"], "1.1.0");
    assert_eq!(json["accepted"][1], serde_json::json!({"tag": "1.0.0", "value": "1.0.0"}));
    assert!(
        json["refused"]
            .as_array()
            .unwrap()
            .contains(&serde_json::json!({"tag": "latest", "reason": "NotAVersion"}))
    );
    let filtered = select(
        "main-a-5\nmain-b-12\n",
        &[
            "--filter-regex",
            "^main-[a-z]-(?P<n>[0-9]+)$",
            "--filter-extract",
            "$n",
            "--select-numeric",
            "asc",
        ],
    );
    assert_eq!(filtered.expect(0).stdout, "main-b-12\n");
}

#[test]
fn select_without_a_winner_is_no_and_without_sense_is_bad_usage() {
    let ran = select("1.0.0\n", &["--select-semver", ">=2"]).expect(1);
    assert_eq!(ran.stdout, "");
    assert!(ran.stderr.contains("no tag selected"), "{}", ran.stderr);
    for args in [
        &["--select-semver", ">=abc"][..],
        &[],
        &["--select-semver", "1.x", "--select-alpha", "asc"],
        &["--filter-extract", "$x", "--select-alpha", "asc"],
        &["--filter-regex", "^a", "--filter-extract", "$x", "--select-alpha", "asc"],
    ] {
        select("1.0.0\n", args).expect(2);
    }
}

#[test]
fn select_reads_comments_and_says_which_lines_are_no_tags() {
    let tags = "# the team's releases\n1.0.0\n 1.2.0  # best\n1.1.0# older\nnot a tag!\n1.3.0+build\n-x\n";
    let ran = select(tags, &["--select-semver", "1.x", "--all"]).expect(0);
    assert_eq!(ran.stdout, "1.2.0\n1.1.0\n1.0.0\n");
    assert_eq!(ran.stderr, "3 lines are no tags and are passed over; the first is: not a tag!\n");
    assert_eq!(select("1.0.0\n", &["--select-semver", "1.x"]).expect(0).stderr, "");
}

#[test]
fn the_catalogue_of_policies_selects_what_it_says() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
    let mut seen = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let tags = entry.unwrap().path();
        if tags.extension().is_none_or(|extension| extension != "tags") {
            continue;
        }
        let text = std::fs::read_to_string(&tags).unwrap();
        let want = text.lines().find_map(|line| line.strip_prefix("want: ")).unwrap().trim();
        let policy = tags.with_extension("yaml");
        let args = ["select", "-f", policy.to_str().unwrap(), "--tags", tags.to_str().unwrap()];
        let ran = run(&folder, &args).expect(0);
        assert_eq!(ran.stdout.trim_end(), want, "{}", policy.display());
        assert_eq!(ran.stderr, format!("1 line is no tag and is passed over: want: {want}\n"));
        seen += 1;
    }
    assert!(seen >= 10, "{seen} schemes");
}

#[test]
fn without_a_folder_and_a_cluster_nothing_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let ran = run(folder.path(), &["run"]).expect(2);
    assert!(ran.stderr.contains("kept by `tagalong controller`"), "{}", ran.stderr);
    for args in [
        &["plan"][..],
        &["explain"],
        &["explain", "ImagePolicy/web"],
        &["check"],
        &["lint"],
        &["pins"],
        &["unpin", "a.yaml"],
    ] {
        let ran = run(folder.path(), args).expect(2);
        let config = folder.path().join(".kube/config");
        let said = format!(
            "error: no folder was named, and there is no cluster: {} does not exist; name the folder of objects, as in \
             `tagalong plan ./fleet`, or set KUBECONFIG\n",
            config.display()
        );
        assert_eq!(ran.stderr, said, "{args:?}");
    }
    for args in [&["tree"][..], &["diff"], &["controller", "--storage-path=state"]] {
        let ran = run(folder.path(), args).expect(2);
        assert!(
            ran.stderr.contains(".kube/config does not exist; set KUBECONFIG"),
            "{args:?}: {}",
            ran.stderr
        );
    }
    let ran = run(folder.path(), &["plan", "--kubeconfig=missing"]).expect(2);
    assert!(ran.stderr.ends_with("the cluster cannot be used: missing does not exist\n"), "{}", ran.stderr);
    for args in [
        &["plan", ".", "-n", "apps"][..],
        &["check", ".", "--context=test"],
        &["lint", ".", "-A"],
        &["explain", ".", "--kubeconfig=x"],
        &["plan", "-A", "-n", "apps"],
        &["plan", "--allow-env=X"],
        &["explain", "./nowhere"],
    ] {
        run(folder.path(), args).expect(2);
    }
}

#[test]
fn once_prints_objects_as_kubectl_would() {
    let estate = Estate::with_web(
        "1.x",
        &["1.0.0", "1.1.0"],
        &[("web.yaml", "tag: 1.0.0 # {\"$imagepolicy\": \"default:web:tag\"}\n")],
    );
    let list = estate.run("run", &["--once", "-o", "json"]).expect(0).json();
    assert_eq!(list["kind"], "List");
    let object = |kind: &str| {
        list["items"].as_array().unwrap().iter().find(|item| item["kind"] == kind).unwrap().clone()
    };
    assert_eq!(object("ImagePolicy")["status"]["latestRef"]["tag"], "1.1.0");
    assert_eq!(object("ImageRepository")["status"]["lastScanResult"]["tagCount"], 2);
    let automation = object("ImageUpdateAutomation");
    assert_eq!(automation["status"]["lastPushCommit"].as_str(), estate.repo.rev("main").as_deref());
    assert_eq!(automation["status"]["conditions"][0]["message"], "repository up-to-date");
}

#[test]
fn json_logs_have_fluxs_keys() {
    let estate = Estate::with_web("1.x", &["1.0.0"], &[("web.yaml", "a: 1\n")]);
    let ran = estate.run("run", &["--once", "--log-format", "json"]).expect(0);
    let line = ran.stderr.lines().find(|line| line.contains("successful scan")).unwrap();
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    for key in ["ts", "level", "msg", "controllerKind", "name", "namespace"] {
        assert!(line[key].is_string(), "{key} in {line}");
    }
}

#[test]
fn help_version_completion_and_man_are_there() {
    let folder = tempfile::tempdir().unwrap();
    for command in ["run", "plan", "explain", "select", "lint", "check", "demo", "completion", "man"] {
        let help = run(folder.path(), &[command, "--help"]).expect(0).stdout;
        assert!(help.contains("Usage:"), "{command}");
    }
    assert!(run(folder.path(), &["--version"]).expect(0).stdout.starts_with("tagalong "));
    for shell in ["bash", "zsh", "fish"] {
        assert!(run(folder.path(), &["completion", shell]).expect(0).stdout.contains("tagalong"));
    }
    assert!(run(folder.path(), &["man"]).expect(0).stdout.contains(".TH tagalong"));
    run(folder.path(), &["frobnicate"]).expect(2);
    run(folder.path(), &["crds", "-o", "yaml"]).expect(0);
    for args in [&["crds", "-o", "json"][..], &["completion", "bash", "-o", "json"], &["man", "-o", "yaml"]] {
        let ran = run(folder.path(), args).expect(2);
        assert!(ran.stderr.contains("in one form alone"), "{args:?}: {}", ran.stderr);
    }
}

#[test]
fn a_message_names_a_thing_once_and_what_is_near() {
    let ran = select("1.0.0\n", &["--select-semver", ">=1 <"]).expect(2);
    assert_eq!(ran.stderr.matches("improper constraint").count(), 1, "{}", ran.stderr);

    let files = [("web.yaml", "image: IMAGE:1.0.0 # {\"$imagepolicy\": \"default:web\"}\n")];
    let estate = Estate::with_web("1.x", &["1.0.0", "1.1.0"], &files);
    let ran = estate.run("explain", &["./web.yaml:9"]).expect(2);
    let near = "./web.yaml:9 is not marked; in that file these lines are: 1\n";
    assert!(ran.stderr.ends_with(near), "{}", ran.stderr);

    let nobody = estate
        .image_and_policy("web", "1.x")
        .replace(&estate.registry.image("acme/web"), "127.0.0.1:1/acme/web");
    estate.object("web.yaml", &nobody);
    let ran = run(estate.folder(), &["check", "objects"]).expect(1);
    let line = ran.stdout.lines().find(|line| line.contains("ImageRepository/default/web")).unwrap();
    assert!(line.starts_with("fail ImageRepository/default/web 127.0.0.1:1/acme/web: "), "{line}");
    assert_eq!(line.matches("127.0.0.1:1/acme/web").count(), 1, "{line}");
}
