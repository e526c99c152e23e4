//! `tagalong build`: the bytes of the real `kustomize build`, from a folder of the disk, and nothing from outside it.

use crate::sealed::{SECRET, seal};
use crate::support::{Ran, run};
use std::path::Path;
use std::process::Command;
use tagalong_testkit::need;
use tagalong_testkit::parts::{self, Part};

const DEPLOYMENT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    \
                          spec: {containers: [{name: web, image: 'acme/web:1.0.0'}]}\n";

/// A Git work tree with `files`.
fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join(".git")).unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

fn build(folder: &Path, path: &str) -> Ran {
    run(folder, &["build", path])
}

fn kustomize(folder: &Path, path: &str) -> Ran {
    let program = parts::find(Part::Kustomize).unwrap();
    Command::new(program).args(["build", path]).current_dir(folder).env_clear().output().unwrap().into()
}

/// A base, an overlay with most of what people use, and a component.
fn estate() -> tempfile::TempDir {
    tree(&[
        (
            "base/kustomization.yaml",
            "resources: [web.yaml]\nconfigMapGenerator: [{name: c, files: [a.ini]}]\n",
        ),
        ("base/web.yaml", DEPLOYMENT),
        ("base/a.ini", "[a]\nb = c\n"),
        (
            "prod/kustomization.yaml",
            "resources: [../base]\ncomponents: [../extra]\nnamespace: prod\nnamePrefix: p-\n\
             images: [{name: acme/web, newTag: 2.0.0}]\nreplicas: [{name: web, count: 3}]\n\
             patches: [{path: patch.yaml}]\n",
        ),
        (
            "prod/patch.yaml",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  annotations:\n    note: |\n      b\n",
        ),
        (
            "extra/kustomization.yaml",
            "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\ncommonAnnotations: {by: extra}\n",
        ),
    ])
}

#[test]
fn the_bytes_are_those_of_kustomize() {
    need!(Part::Kustomize);
    let tree = estate();
    for path in ["base", "prod", "./prod/", "prod/../base"] {
        let expected = kustomize(tree.path(), path).expect(0);
        let ran = build(tree.path(), path).expect(0);
        assert_eq!(ran.stdout, expected.stdout, "{path}");
        assert_eq!(ran.stderr, "", "{path}");
    }
}

#[test]
fn links_inside_the_tree_lead_where_kustomize_goes() {
    need!(Part::Kustomize);
    let tree = estate();
    let link = |to: &str, at: &str| std::os::unix::fs::symlink(to, tree.path().join(at)).unwrap();
    link("prod", "same");
    link("../base", "extra/base");
    link("web.yaml", "base/copy.yaml");
    let files = [("linked", "resources: [../extra/base]\n"), ("file", "resources: [copy.yaml]\n")];
    for (folder, text) in files {
        std::fs::create_dir(tree.path().join(folder)).unwrap();
        std::fs::write(tree.path().join(folder).join("kustomization.yaml"), text).unwrap();
    }
    link("../file/kustomization.yaml", "base/kustomization.yml");
    for path in ["same", "linked"] {
        let expected = kustomize(tree.path(), path);
        let ran = build(tree.path(), path);
        assert_eq!((ran.code == 0, &ran.stdout), (expected.code == 0, &expected.stdout), "{path}");
    }
}

#[test]
fn nothing_outside_the_work_tree_is_read() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("web.yaml"), DEPLOYMENT).unwrap();
    std::fs::write(outside.path().join("kustomization.yaml"), "resources: [web.yaml]\n").unwrap();
    let tree = tree(&[
        ("file/kustomization.yaml", "resources: [web.yaml]\n"),
        ("folder/kustomization.yaml", "resources: [../away]\n"),
        ("up/kustomization.yaml", "resources: [../..]\n"),
        ("absolute/kustomization.yaml", "resources: [/etc/passwd]\n"),
        ("remote/kustomization.yaml", "resources: [\"https://example.com/a.yaml\"]\n"),
        ("round/kustomization.yaml", "resources: [../round]\n"),
        ("typo/kustomization.yaml", "resource: []\n"),
    ]);
    let link = |at: &str| std::os::unix::fs::symlink(outside.path().join(at), tree.path().join("x")).unwrap();
    link("web.yaml");
    std::fs::rename(tree.path().join("x"), tree.path().join("file/web.yaml")).unwrap();
    link("");
    std::fs::rename(tree.path().join("x"), tree.path().join("away")).unwrap();
    for (path, words) in [
        (
            "file",
            "file/kustomization.yaml:1: resources: file/web.yaml: leads out of the tree by a symbolic link",
        ),
        ("folder", "folder/kustomization.yaml:1: resources: away: leads out of the tree by a symbolic link"),
        ("up", "up/kustomization.yaml:1: resources: ../.. leaves the tree"),
        ("absolute", "is absolute"),
        ("remote", "is remote, and nothing is fetched"),
        ("round", "a cycle"),
        ("typo", "typo/kustomization.yaml:1: unknown field resource"),
        ("nowhere", "nowhere is no folder that can be read"),
        ("file/kustomization.yaml", "is no folder that can be read"),
    ] {
        let ran = build(tree.path(), path).expect(2);
        assert_eq!(ran.stdout, "", "{path}");
        assert!(ran.stderr.contains(words), "{path}: {}", ran.stderr);
    }
}

#[test]
fn without_a_work_tree_the_folder_is_the_root() {
    let tree = estate();
    std::fs::remove_dir(tree.path().join(".git")).unwrap();
    build(tree.path(), "base").expect(0);
    let ran = build(tree.path(), "prod").expect(2);
    assert!(ran.stderr.contains("../base leaves the tree"), "{}", ran.stderr);
}

#[test]
fn machine_output_is_one_list() {
    let tree = estate();
    let json = run(tree.path(), &["build", "base", "-o", "json"]).expect(0).json();
    assert_eq!(json["kind"], "List");
    let kinds: Vec<&str> =
        json["items"].as_array().unwrap().iter().map(|item| item["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["ConfigMap", "Deployment"]);
    assert_eq!(json["items"][1]["spec"]["template"]["spec"]["containers"][0]["image"], "acme/web:1.0.0");
    let yaml = run(tree.path(), &["build", "base", "-o", "yaml"]).expect(0);
    assert!(yaml.stdout.starts_with("apiVersion: v1\nkind: List\nitems:\n"), "{}", yaml.stdout);
    run(tree.path(), &["build", "base", "-o", "sarif"]).expect(2);
}

const ADDED: &str = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: apps, namespace: a}\nspec:\n  \
                     interval: 10m\n  prune: true\n  path: ./apps\n  sourceRef: {kind: GitRepository, name: fleet}\n  \
                     targetNamespace: shop\n  namePrefix: eu-\n  commonMetadata: {labels: {team: a}}\n  \
                     images: [{name: acme/web, newTag: 2.0.0}]\n  postBuild: {substitute: {word: hello}}\n  \
                     patches: [{patch: '[{\"op\": \"add\", \"path\": \"/metadata/annotations\", \"value\": {\"w\": \"${word}\"}}]', target: {kind: Deployment}}]\n";

#[test]
fn a_flux_kustomization_adds_what_flux_adds() {
    need!(Part::Flux);
    let tree = tree(&[("apps/web.yaml", DEPLOYMENT), ("ks.yaml", ADDED)]);
    let ran = run(tree.path(), &["build", "apps", "--kustomization-file", "ks.yaml"]).expect(0);
    for part in ["name: eu-web", "namespace: shop", "team: a", "image: acme/web:2.0.0", "w: hello"] {
        assert!(ran.stdout.contains(part), "{part} is not in\n{}", ran.stdout);
    }
    // What Flux itself builds of it.
    let mut flux = Command::new(parts::find(Part::Flux).unwrap());
    flux.args([
        "build",
        "kustomization",
        "apps",
        "-n=a",
        "--path=apps",
        "--kustomization-file=ks.yaml",
        "--dry-run",
    ]);
    flux.current_dir(tree.path()).env_clear().env("HOME", tree.path());
    let theirs: Ran = flux.output().unwrap().into();
    let theirs = theirs.expect(0).stdout;
    let lines = |text: &str| -> Vec<String> {
        // Flux adds the labels of the owner, which apply adds here, and begins each document with a marker.
        let owner = |line: &str| line.contains("kustomize.toolkit.fluxcd.io/name");
        text.lines().filter(|line| *line != "---" && !owner(line)).map(str::to_owned).collect()
    };
    assert_eq!(lines(&ran.stdout), lines(&theirs));
}

#[test]
fn variables_come_out_of_config_maps_and_secrets_beside_the_kustomization() {
    let from = ADDED.replace(
        "{substitute: {word: hello}}",
        "{substituteFrom: [{kind: ConfigMap, name: vars}, {kind: Secret, name: more}, {kind: ConfigMap, name: no, optional: true}, \
         {kind: Secret, name: no, optional: true}]}",
    );
    let object = |kind: &str, name: &str, data: &str| {
        format!("---\napiVersion: v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: a}}\n{data}\n")
    };
    let map = object("ConfigMap", "vars", "data: {word: from-map}");
    let secret = |value: &str| object("Secret", "more", &format!("stringData: {{word: '{value}'}}"));
    let other =
        object("ConfigMap", "vars", "data: {word: elsewhere}").replace("namespace: a", "namespace: b");
    for (files, expected) in [
        // In the file itself, in one beside it, in one below.
        (vec![("clusters/ks.yaml", format!("{from}{map}{}", secret("both")))], "w: both"),
        (
            vec![
                ("clusters/ks.yaml", from.clone()),
                ("clusters/x.yml", format!("{map}{}", object("Secret", "more", ""))),
            ],
            "w: from-map",
        ),
        (
            vec![
                ("clusters/ks.yaml", from.clone()),
                ("clusters/in/x.yaml", format!("{other}{map}{}", secret("below"))),
            ],
            "w: below",
        ),
        (
            vec![("clusters/ks.yaml", from.clone()), ("x.yaml", map.clone())],
            "!ConfigMap/vars is not among the files below clusters, in namespace a",
        ),
        (
            vec![("clusters/ks.yaml", format!("{from}{map}"))],
            "!Secret/more is not among the files below clusters",
        ),
        (
            vec![("clusters/ks.yaml", format!("{from}{map}{}", secret("$env:TAGALONG_WORD")))],
            "!$env: and $file: are not looked up here",
        ),
    ] {
        let mut all = vec![("apps/web.yaml", DEPLOYMENT)];
        all.extend(files.iter().map(|(path, text)| (*path, text.as_str())));
        let tree = tree(&all);
        let ran = run(tree.path(), &["build", "apps", "--kustomization-file", "clusters/ks.yaml"]);
        match expected.strip_prefix('!') {
            None => assert!(ran.expect(0).stdout.contains(expected), "{expected}"),
            Some(words) => {
                let ran = ran.expect(2);
                assert!(ran.stderr.contains(words) && ran.stdout.is_empty(), "{words}: {}", ran.stderr);
            }
        }
    }
}

#[test]
fn a_kustomization_file_that_cannot_be_taken_whole_is_refused() {
    let from =
        ADDED.replace("{substitute: {word: hello}}", "{substituteFrom: [{kind: ConfigMap, name: vars}]}");
    let odd = ADDED.replace("namePrefix", "namePrefx");
    let sops =
        ADDED.replace("targetNamespace: shop", "decryption: {provider: sops, serviceAccountName: kms}");
    let tree = tree(&[
        ("apps/web.yaml", DEPLOYMENT),
        ("none.yaml", "kind: ConfigMap\n"),
        ("from.yaml", &from),
        ("odd.yaml", &odd),
        ("sops.yaml", &sops),
    ]);
    for (file, words) in [
        ("none.yaml", "holds 0 Kustomizations"),
        ("from.yaml", "ConfigMap/vars is not among the files below ., in namespace a"),
        ("odd.yaml", "did you mean namePrefix"),
        (
            "sops.yaml",
            ".spec.decryption.serviceAccountName: logging in to a key service is not supported yet",
        ),
        ("missing.yaml", "missing.yaml"),
    ] {
        let ran = run(tree.path(), &["build", "apps", "--kustomization-file", file]).expect(2);
        assert!(ran.stderr.contains(words), "{file}: {}", ran.stderr);
        assert_eq!(ran.stdout, "");
    }
}

#[test]
fn what_is_encrypted_is_masked_where_it_is_to_be_decrypted_and_refused_where_it_is_not() {
    need!(Part::Sops);
    let sealed = seal("secret.yaml", SECRET);
    let decrypted = ADDED.replace("namePrefix: eu-", "decryption: {provider: sops, secretRef: {name: age}}");
    let tree = tree(&[("apps/secret.yaml", &sealed), ("ks.yaml", ADDED), ("sops.yaml", &decrypted)]);
    let ran = run(tree.path(), &["build", "apps", "--kustomization-file", "sops.yaml"]).expect(0);
    assert!(ran.stdout.contains("stringData:\n  a: '**SOPS**'\n"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("ENC[") && !ran.stdout.contains("sops:"), "{}", ran.stdout);
    let ran = run(tree.path(), &["build", "apps", "--kustomization-file", "ks.yaml"]).expect(2);
    assert!(
        ran.stderr.contains("apps/secret.yaml: is encrypted with SOPS: set .spec.decryption"),
        "{}",
        ran.stderr
    );
}
