//! What a Flux Kustomization adds: the expected texts were made by Flux's own library
//! (`github.com/fluxcd/pkg/kustomize`), but for the common metadata, which its controller sets later.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use tagalong_kustomize::{Additions, Tree, Variables, render_for, to_yaml};

const WEB: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n\
                   spec: {template: {spec: {containers: [{name: c, image: 'nginx:1'}]}}}\n";

fn config(name: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: '{name}'}}\n")
}

fn tree(files: &[(&str, &str)]) -> Tree {
    let mut tree = Tree::new();
    files.iter().for_each(|(path, text)| tree.insert(path, *text));
    tree
}

/// The objects of `app`, as `kind namespace/name`, or what is refused.
fn names(files: &[(&str, &str)], spec: &str) -> Result<Vec<String>, String> {
    let additions: Additions = serde_json::from_str(spec).unwrap();
    let objects = render_for(&additions, None, &tree(files), "app").map_err(|error| error.to_string())?;
    let name = |object: &tagalong_kustomize::Object| {
        format!("{} {}/{}", object.kind(), object.namespace(), object.name())
    };
    Ok(objects.iter().map(name).collect())
}

#[test]
fn a_folder_without_a_kustomization_is_searched_in_the_order_of_its_names() {
    let [a, b, c, d, e] = ["a", "b", "c", "d", "e"].map(config);
    let files = [
        ("app/a/b.yaml", a.as_str()),
        ("app/a-b.yaml", &b),
        ("app/.hidden.yml", &c),
        ("app/k/kustomization.yml", "namePrefix: p-\nresources: [x.yaml]\n"),
        ("app/k/x.yaml", &d),
        ("app/k/deep/unlisted.yaml", &e),
        ("app/.github/workflow.yaml", "on: push\n"),
        ("app/.gitlab-ci.yml", "stages: []\n"),
        ("app/notes.txt", "x"),
    ];
    let found = names(&files, "{}").unwrap();
    assert_eq!(found, ["ConfigMap /c", "ConfigMap /a", "ConfigMap /b", "ConfigMap /p-d"]);
    assert_eq!(names(&[("app/readme.md", "x")], "{}").unwrap(), Vec::<String>::new());
    let refused = names(&[("app/values.yaml", "a: b\n")], "{}").unwrap_err();
    assert!(refused.contains("app/values.yaml"), "{refused}");
}

#[test]
fn fields_are_merged_into_the_kustomization_of_the_folder() {
    let files = [
        ("app/kustomization.yaml", "resources: [web.yaml]\nnamespace: own\nnamePrefix: o-\nnameSuffix: -o\n"),
        ("app/web.yaml", WEB),
        (
            "comp/kustomization.yaml",
            "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\nnameSuffix: -c\n",
        ),
    ];
    for (spec, expected) in [
        ("{}", "Deployment own/o-web-o"),
        (r#"{"targetNamespace": "tn"}"#, "Deployment tn/o-web-o"),
        (r#"{"namePrefix": "f-", "nameSuffix": "-f"}"#, "Deployment own/f-web-f"),
        (r#"{"components": ["../comp"]}"#, "Deployment own/o-web-c-o"),
        (r#"{"components": ["../none"], "ignoreMissingComponents": true}"#, "Deployment own/o-web-o"),
    ] {
        assert_eq!(names(&files, spec).unwrap(), [expected], "{spec}");
    }
    for (spec, words) in [
        (r#"{"components": ["../none"]}"#, "none does not exist"),
        (r#"{"components": ["https://example.com/a"]}"#, "must be a relative path of this tree"),
        (
            r#"{"patches": [{"patch": "- {op: remove, path: /nothing}", "target": {"kind": "Deployment"}}]}"#,
            "patches",
        ),
    ] {
        let refused = names(&files, spec).unwrap_err();
        assert!(refused.contains(words), "{spec}: {refused}");
    }
}

#[test]
fn patches_images_and_common_metadata_reach_the_objects() {
    let files = [
        (
            "app/kustomization.yaml",
            "resources: [../web.yaml]\nimages: [{name: nginx, newName: ng, newTag: '2', digest: 'sha256:aa'}]\n",
        ),
        ("web.yaml", WEB),
    ];
    let spec = r#"{
        "images": [{"name": "nginx", "newTag": "9"}],
        "patches": [{"patch": "- {op: add, path: /spec/replicas, value: 3}", "target": {"kind": "Deploy.*"}}],
        "commonMetadata": {"labels": {"team": "core"}, "annotations": {"by": "flux"}}
    }"#;
    let additions: Additions = serde_json::from_str(spec).unwrap();
    let objects = render_for(&additions, None, &tree(&files), "app").unwrap();
    let expected = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  annotations:\n    by: flux\n  labels:\n    \
                    team: core\n  name: web\nspec:\n  replicas: 3\n  template:\n    spec:\n      containers:\n      \
                    - image: ng:9\n        name: c\n";
    assert_eq!(to_yaml(&objects), expected);
    assert!(tagalong_kustomize::build(&tree(&files), "app").is_err(), "kustomize itself keeps to the folder");
}

#[test]
fn an_origin_is_written_where_flux_writes_one() {
    let generator =
        "configMapGenerator: [{name: g, literals: [a=b], options: {disableNameSuffixHash: true}}]\n";
    let objects =
        render_for(&Additions::default(), None, &tree(&[("app/kustomization.yaml", generator)]), "app");
    let expected = "apiVersion: v1\ndata:\n  a: b\nkind: ConfigMap\nmetadata:\n  annotations:\n    \
                    config.kubernetes.io/origin: |\n      configuredIn: kustomization.yaml\n      configuredBy:\n        \
                    apiVersion: builtin\n        kind: ConfigMapGenerator\n  name: g\n";
    assert_eq!(to_yaml(&objects.unwrap()), expected);
    assert_eq!(names(&[("app/kustomization.yaml", "")], "{}").unwrap(), Vec::<String>::new());
}

/// One object after its variables are set, or what is refused.
fn substituted(text: &str, pairs: &[(&str, &str)], strict: bool, always: bool) -> Result<String, String> {
    let mut variables = Variables::new(strict, always);
    pairs.iter().for_each(|(name, value)| variables.set(name, value));
    let objects =
        render_for(&Additions::default(), Some(&mut variables), &tree(&[("app/a.yaml", text)]), "app");
    objects.map(|objects| to_yaml(&objects)).map_err(|error| error.to_string())
}

#[test]
fn what_is_made_of_a_secret_is_known() {
    let mut variables = Variables::new(true, false);
    variables.set_secret("token", "hunter2-and-more");
    variables.set_secret("shown", "swordfish");
    variables.set("shown", "no secret any more");
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\ndata:\n  a: x-${token:0:7}\n  b: ${token^^}\n  \
                c: ${token//-/+}\n  d: ${shown}\n  e: ${gone:=${token}}\n";
    let files = tree(&[("app/a.yaml", text)]);
    render_for(&Additions::default(), Some(&mut variables), &files, "app").unwrap();
    assert!(!format!("{variables:?}").contains("hunter2"), "{variables:?}");
    let drawn: Vec<String> = variables.into_drawn().collect();
    assert_eq!(drawn, ["HUNTER2-AND-MORE", "hunter2", "hunter2+and+more", "hunter2-and-more"]);
}

#[test]
fn variables_are_put_into_the_text_of_objects() {
    let object = |data: &str| format!("apiVersion: v1\ndata:\n{data}kind: ConfigMap\nmetadata:\n  name: c\n");
    let pairs =
        [("n", "3"), ("yes", "yes"), ("word", "a b"), ("lines", "x\ny"), ("list", "[1, 2]"), ("q", "\"q\"")];
    for (before, after) in [
        ("  a: ${n}\n", "  a: 3\n"),
        ("  a: pre-${n}\n", "  a: pre-3\n"),
        ("  a: ${yes}\n", "  a: true\n"),
        ("  a: ${lines}\n", "  a: xy\n"),
        ("  a: ${list}\n", "  a:\n  - 1\n  - 2\n"),
        ("  a: ${q}\n", "  a: q\n"),
        ("  a: $${n}\n", "  a: ${n}\n"),
        ("  a: ${no:=default}\n", "  a: default\n"),
        ("  a: 12345678901234567890\n", "  a: 12345678901234567000\n"),
        ("  a: 2024-01-01\n", "  a: \"2024-01-01T00:00:00Z\"\n"),
    ] {
        assert_eq!(
            substituted(&object(before), &pairs, true, false).as_deref(),
            Ok(object(after).as_str()),
            "{before}"
        );
    }
    let untouched = object("  a: ${n:=1}\n");
    assert_eq!(substituted(&untouched, &[], true, false).unwrap(), untouched, "nothing is set");
    assert_eq!(substituted(&untouched, &[], true, true).unwrap(), object("  a: 1\n"));
    for opt_out in ["labels", "annotations"] {
        let text = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  {opt_out}:\n    \
             kustomize.toolkit.fluxcd.io/substitute: disabled\n  name: c-${{gone}}\n"
        );
        assert_eq!(substituted(&text, &pairs, true, false).unwrap(), text);
    }
}

#[test]
fn what_cannot_be_substituted_is_refused_without_a_value() {
    let secret = [("n", "s3cret: {"), ("two", "x")];
    for (data, strict, words) in [
        ("a: ${gone}", true, "postBuild: ConfigMap c: the variable gone is not set"),
        ("a: ${gone-x}", false, "cannot be read"),
        ("a: 'x ${n}'", false, "is no YAML any more"),
    ] {
        let text = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata:\n  {data}\n");
        let refused = substituted(&text, &secret, strict, false).unwrap_err();
        assert!(refused.contains(words) && !refused.contains("s3cret"), "{data}: {refused}");
    }
    let text = config("c");
    let refused = substituted(&text, &[("1a", "x")], true, false).unwrap_err();
    assert!(refused.contains("1a cannot be a variable"), "{refused}");
    let clash = format!("{}---\n{}", config("a${two}"), config("ax"));
    let refused = substituted(&clash, &secret, true, false).unwrap_err();
    assert!(refused.contains("two objects become ConfigMap ax"), "{refused}");
}
