//! Files as users write them, and what is said about them.

use super::*;
use std::collections::BTreeMap;

/// Writes files into a folder of their own.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    root
}

/// What is said about the files: problems, then notes with `note:` in front; paths below the folder.
pub(super) fn told(files: &[(&str, &str)]) -> Vec<String> {
    let root = folder(files);
    let (loaded, problems) = scan(&[root.path().to_owned()]);
    let below = format!("{}/", root.path().display());
    let line = |problem: &Problem| problem.to_string().replace(&below, "");
    problems.iter().map(line).chain(loaded.notes.iter().map(|note| format!("note: {}", line(note)))).collect()
}

pub(super) fn loaded(text: &str) -> Loaded {
    let root = folder(&[("a.yaml", text)]);
    load(&[root.path().to_owned()]).unwrap_or_else(|error| panic!("{error}"))
}

pub(super) const REPOSITORY: &str = "\
apiVersion: image.toolkit.fluxcd.io/v1
kind: ImageRepository
metadata:
  name: app
spec:
  image: ghcr.io/acme/app
  interval: 5m
";

pub(super) const AUTOMATION: &str = "\
apiVersion: image.toolkit.fluxcd.io/v1
kind: ImageUpdateAutomation
metadata:
  name: app
spec:
  interval: 30m
  sourceRef: {kind: GitRepository, name: fleet}
  git:
    commit:
      author:
        email: bot@example.com
";

#[test]
fn an_object_gets_the_metadata_of_a_cluster() {
    let all = loaded(REPOSITORY);
    let found = &all.repositories[0];
    let metadata = &found.object.metadata;
    assert_eq!(metadata.namespace.as_deref(), Some("default"));
    assert_eq!(metadata.generation, Some(1));
    assert_eq!(metadata.uid, loaded(REPOSITORY).repositories[0].object.metadata.uid);
    assert_eq!(metadata.uid.as_ref().unwrap().len(), 36);
    assert_eq!((found.line, found.column), (1, 1));
}

#[test]
fn fields_are_found_again() {
    let text = format!(
        "---\n# first\n---\n{REPOSITORY}  exclusionList: [a, \"(b\"]\n  accessFrom:\n    namespaceSelectors:\n    - matchLabels: {{x.io/y: z}}\n"
    );
    let all = loaded(&text);
    let found = &all.repositories[0];
    for (field, position) in [
        (".spec.image", (9, 10)),
        (".spec.exclusionList[1]", (11, 22)),
        (".spec.exclusionList", (11, 3)),
        (".spec.exclusionList[7]", (11, 3)),
        (".spec.accessFrom.namespaceSelectors[0].matchLabels[x.io/y]", (14, 29)),
        (".spec", (8, 1)),
        (".spec.timeout", (8, 1)),
        (".metadata.name", (7, 9)),
        ("", (4, 1)),
    ] {
        assert_eq!(found.position(field), position, "{field}");
    }
    assert_eq!(found.place(".spec.image").length, "ghcr.io/acme/app".len() as u32);
}

#[test]
fn text_stays_as_it_is_written() {
    let text = "\
apiVersion: image.toolkit.fluxcd.io/v1
kind: ImagePolicy
metadata: {name: app, labels: {on: yes, n: 007}}
spec:
  imageRepositoryRef: {name: app}
  policy: {semver: {range: 1.10}}
  digestReflectionPolicy: ~
  suspend: yes
";
    let all = loaded(text);
    let object = &all.policies[0].object;
    assert_eq!(object.spec.policy.semver.as_ref().unwrap().range, "1.10");
    let labels = BTreeMap::from([("n".to_owned(), "007".to_owned()), ("on".to_owned(), "yes".to_owned())]);
    assert_eq!(object.metadata.labels.as_ref().unwrap(), &labels);
    assert_eq!(object.spec.suspend, Some(true));
    assert_eq!(object.spec.digest_reflection_policy, None);
}

#[test]
fn lists_anchors_and_other_kinds_are_read() {
    let text = format!(
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Namespace\n  metadata: {{name: apps, labels: {{team: a}}}}\n\
         - apiVersion: apps/v1\n  kind: Deployment\n  nonsense: [1, 2]\n---\nkind: ConfigMap\napiVersion: v1\n---\n{}",
        REPOSITORY.replace("spec:", "spec: &spec").replace("  image", "  <<: &more {suspend: true}\n  image")
    );
    let all = loaded(&text);
    assert_eq!((all.namespaces.len(), all.repositories.len(), all.others), (1, 1, 2));
    assert_eq!(all.repositories[0].object.spec.suspend, Some(true));
    assert_eq!(all.namespaces[0].object.metadata.labels.as_ref().unwrap()["team"], "a");
    assert_eq!(all.namespaces[0].object.metadata.namespace, None);
}

#[test]
fn what_an_api_server_added_is_let_through() {
    let text = "\
apiVersion: image.toolkit.fluxcd.io/v1
kind: ImageRepositoryList
metadata: {resourceVersion: ''}
items:
- apiVersion: image.toolkit.fluxcd.io/v1
  kind: ImageRepository
  metadata:
    name: app
    namespace: apps
    creationTimestamp: 2026-01-01T00:00:00Z
    generation: 7
    uid: 8a1a6b5e-0000-0000-0000-000000000000
    managedFields:
    - {manager: flux, operation: Update, fieldsV1: {'f:spec': {}}}
  spec: {image: a/b, interval: 1m}
  status: {anything: goes}
";
    let all = loaded(text);
    let metadata = &all.repositories[0].object.metadata;
    assert_eq!((metadata.generation, metadata.namespace.as_deref()), (Some(1), Some("apps")));
    assert!(all.repositories[0].object.status.is_none());
}

/// `text` with its first `from` replaced.
pub(super) fn but(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

#[test]
fn limits_of_the_schema_hold() {
    let exclusions = (0..26).map(|n| format!("'{n}'")).collect::<Vec<_>>().join(", ");
    let name = "x".repeat(254);
    for (field, expected) in [
        (
            format!("exclusionList: [{exclusions}]"),
            "8:3: .spec.exclusionList has 26 entries; at most 25 are allowed",
        ),
        (
            format!("serviceAccountName: {name}"),
            "8:23: .spec.serviceAccountName has 254 characters; at most 253 are allowed",
        ),
    ] {
        assert_eq!(told(&[("a.yaml", &format!("{REPOSITORY}  {field}\n"))]), [format!("a.yaml:{expected}")]);
    }
}

#[test]
fn every_file_is_told_about_in_one_go() {
    let bad = but(REPOSITORY, "image:", "imag:");
    let got =
        told(&[("b.yaml", &format!("{bad}---\n{AUTOMATION}  x: 1\n")), ("a/c.yaml", "kind: Secret\na")]);
    assert_eq!(got.len(), 4, "{got:#?}");
    assert!(got[0].starts_with("a/c.yaml:2:") && got[3].starts_with("b.yaml:20:3: .spec.x"), "{got:#?}");
}

#[test]
fn a_second_object_of_the_same_name_is_refused_with_both_places() {
    let got = told(&[("a.yaml", REPOSITORY), ("b.yaml", &format!("---\n{REPOSITORY}"))]);
    let first = got[0].split("first at ").nth(1).unwrap();
    assert!(
        got[0].starts_with("b.yaml:2:1: ImageRepository/default/app is given twice, first at "),
        "{got:?}"
    );
    assert!(first == "a.yaml:1:1; remove or rename one", "{got:?}");
    let other = but(REPOSITORY, "name: app", "name: app\n  namespace: apps");
    assert_eq!(told(&[("a.yaml", REPOSITORY), ("b.yaml", &other)]), Vec::<String>::new());
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n";
    assert_eq!(told(&[("a.yaml", namespace), ("b.yaml", namespace)]), Vec::<String>::new());
    let labelled = but(namespace, "a}", "a, labels: {b: c}}");
    let got = told(&[("a.yaml", namespace), ("b.yaml", &labelled)]);
    assert!(got[0].contains("Namespace/a is given twice"), "{got:?}");
}

#[test]
fn what_is_not_ours_is_left_alone() {
    let chart = "kind: Secret\nmetadata:\n  name: {{ .Release.Name }}\n{{- if .x }}\n";
    let sops = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {a: 'ENC[AES256_GCM,data:x]'}\nsops: {mac: x}\n";
    let flux = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: apps}\n";
    let helm = "apiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmRepository\nmetadata: {name: x}\nspec: {odd: 1}\n";
    let own = "apiVersion: acme.io/v1\nkind: ImagePolicy\nwhatever: 1\n";
    let files = [
        ("chart.yaml", chart),
        ("deploy.yaml", "kind: Deployment\na: 1\na: 2\n"),
        ("flux.yaml", flux),
        ("helm.yaml", helm),
        ("own.yaml", own),
        ("secret.yaml", sops),
        ("template.yaml", "{{- range }}\nkind: Deployment\n"),
    ];
    let got = told(&files);
    assert_eq!(got.len(), 4, "{got:#?}");
    assert!(got[0].starts_with("note: chart.yaml:") && got[0].ends_with("; left alone"));
    assert_eq!(
        got[1],
        "note: flux.yaml:2:7: Kustomization is left alone; `run --sync-to` applies it to a folder"
    );
    assert_eq!(
        got[2],
        "note: own.yaml:1:13: ImagePolicy of acme.io/v1 is left alone; those of image.toolkit.fluxcd.io/v1 are served"
    );
    assert!(got[3].starts_with("note: secret.yaml:2:7: Secret is encrypted with SOPS"), "{got:#?}");
    let root = folder(&files);
    assert_eq!(load(&[root.path().to_owned()]).unwrap().others, 7);
}

#[test]
fn odd_files_are_left_alone_or_told() {
    let root = folder(&[("big.yaml", "")]);
    fs::File::options()
        .write(true)
        .open(root.path().join("big.yaml"))
        .unwrap()
        .set_len(SIZE_LIMIT + 1)
        .unwrap();
    fs::write(root.path().join("latin.yaml"), [REPOSITORY.as_bytes(), b"# \xfc\n"].concat()).unwrap();
    let (loaded, problems) = scan(&[root.path().to_owned()]);
    assert!(loaded.notes[0].to_string().ends_with("big.yaml: is larger than 8 MiB and left alone"));
    assert!(problems[0].to_string().ends_with("latin.yaml: is not UTF-8; save it in that encoding"));
    let gone = load(&[root.path().join("gone")]).unwrap_err();
    assert!(gone.to_string().ends_with("gone: does not exist"));
}

#[test]
fn a_local_or_scp_like_address_is_allowed_from_files() {
    for url in ["./fleet.git", "/srv/fleet.git", "git@github.com:acme/fleet", "file:///srv/fleet.git"] {
        let text = format!(
            "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {{name: f}}\nspec: {{interval: 1m, url: '{url}'}}\n"
        );
        assert_eq!(loaded(&text).sources[0].object.spec.url, url);
    }
}

#[test]
fn aliases_cannot_be_made_to_unfold_without_end() {
    let labels: String = (0..1000).map(|n| format!("        k{n}: v\n")).collect();
    let selectors = "    - {matchLabels: *labels}\n".repeat(1000);
    let text = format!(
        "{REPOSITORY}  accessFrom:\n    namespaceSelectors:\n    - matchLabels: &labels\n{labels}{selectors}"
    );
    let got = told(&[("a.yaml", &text)]);
    assert!(got.len() == 1 && got[0].contains("aliases unfold to too many values"), "{:?}", got.first());
}

#[test]
fn no_debug_form_shows_a_secret() {
    let all = loaded("apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: hunter2}\n");
    assert_eq!(all.secrets.len(), 1);
    assert!(!format!("{all:?}").contains("hunter2"));
}

#[test]
fn no_message_shows_a_value_of_a_secret() {
    for body in [
        "data: {a: 'hunter2!'}",
        "data: {a: [hunter2]}",
        "stringData: {a: {hunter2: b}}",
        "stringData: {a: b, a: hunter2}",
        "stringData: [hunter2]",
        "stringDat: {a: hunter2}",
        "data: {a: 'hunter2}",
        "stringData:\n  a: hunter2: b",
        "stringData:\n  a: |\n    hunter2\n   hunter2",
    ] {
        let got =
            told(&[("a.yaml", &format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\n{body}\n"))]);
        assert!(got.len() == 1 && !got[0].contains("hunter2"), "{body}: {got:?}");
    }
}
