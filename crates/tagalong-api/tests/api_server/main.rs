//! The CustomResourceDefinitions in a real API server, asked with `kubectl` as a user would.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod refused;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Once;
use tagalong_api::{GitRepository, ImagePolicy, ImageRepository, ImageUpdateAutomation, Kustomization, crds};
use tagalong_testkit::control_plane::{ControlPlane, Printed};

/// Every field of the five kinds.
const WHOLE: &str = include_str!("whole.yaml");

/// A namespace of an API server that has the definitions; `None` where a part is missing, which was said.
struct Place {
    plane: &'static ControlPlane,
    namespace: String,
}

impl Place {
    fn new(prefix: &str) -> Option<Self> {
        static DEFINED: Once = Once::new();
        let plane = ControlPlane::shared()?;
        let place = Self { plane, namespace: plane.namespace(prefix).unwrap() };
        DEFINED.call_once(|| {
            let list = json!({"apiVersion": "v1", "kind": "List", "items": crds::all()});
            place.done(&["apply", "--server-side", "-f", "-"], &list.to_string());
            place.done(&["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"], "");
        });
        Some(place)
    }

    fn ask(&self, arguments: &[&str], input: &str) -> Printed {
        let own: Vec<&str> = ["-n", &self.namespace].iter().chain(arguments).copied().collect();
        self.plane.kubectl(&own, input).unwrap()
    }

    #[track_caller]
    fn done(&self, arguments: &[&str], input: &str) -> String {
        let printed = self.ask(arguments, input);
        assert!(printed.success, "kubectl {arguments:?}: {}", printed.stderr);
        printed.stdout
    }

    /// Stores every sample with its status.
    #[track_caller]
    fn store_whole(&self) {
        self.done(&["create", "-f", "-"], WHOLE);
        self.done(&["apply", "--server-side", "--subresource=status", "--force-conflicts", "-f", "-"], WHOLE);
    }

    #[track_caller]
    fn stored(&self, object: &str) -> Value {
        serde_json::from_str(&self.done(&["get", object, "-o=json"], "")).unwrap()
    }
}

/// The fields of a schema that stand nowhere in `values`.
fn absent(schema: &Value, values: &[&Value], path: &str, found: &mut Vec<String>) {
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        let held: Vec<&Value> = values.iter().filter_map(|value| value.get(name)).collect();
        if held.is_empty() {
            found.push(path);
            continue;
        }
        absent(field, &held, &path, found);
        let items: Vec<&Value> = held.iter().filter_map(|value| value.as_array()).flatten().collect();
        absent(&field["items"], &items, &path, found);
        let mapped = held
            .iter()
            .filter_map(|value| value.as_object())
            .flat_map(|map| map.values())
            .collect::<Vec<_>>();
        absent(&field["additionalProperties"], &mapped, &path, found);
    }
}

/// What is stored reads and writes through our type without a change, and has every field there is.
#[track_caller]
fn same<K: DeserializeOwned + Serialize>(
    place: &Place,
    objects: &[&str],
    definition: &CustomResourceDefinition,
) {
    let stored: Vec<Value> = objects.iter().map(|object| place.stored(object)).collect();
    for (stored, object) in stored.iter().zip(objects) {
        let read: K = serde_json::from_value(stored.clone()).unwrap();
        assert_eq!(serde_json::to_value(read).unwrap(), *stored, "{object}");
    }
    let stored: Vec<&Value> = stored.iter().collect();
    let schema = serde_json::to_value(&definition.spec.versions[0].schema).unwrap();
    let mut missing = Vec::new();
    absent(&schema["openAPIV3Schema"], &stored, "", &mut missing);
    assert!(missing.is_empty(), "the sample lacks {missing:?}");
}

#[test]
fn an_object_with_every_field_reads_back_unchanged() {
    let Some(place) = Place::new("whole") else { return };
    place.done(&["apply", "--dry-run=server", "-f", "-"], WHOLE);
    place.store_whole();
    let [source, policy, repository, automation, kustomization] = crds::all().try_into().unwrap();
    same::<GitRepository>(&place, &["gitrepository/fleet"], &source);
    same::<ImagePolicy>(&place, &["imagepolicy/web"], &policy);
    same::<ImageRepository>(&place, &["imagerepository/web"], &repository);
    same::<ImageUpdateAutomation>(&place, &["imageupdateautomation/fleet"], &automation);
    let both = ["kustomization/apps", "kustomization/elsewhere"];
    same::<Kustomization>(&place, &both, &kustomization);
}

#[test]
fn defaults_are_filled_in() {
    let Some(place) = Place::new("defaults") else { return };
    let image = "image.toolkit.fluxcd.io/v1";
    for (api_version, kind, given, expected) in [
        (
            image,
            "ImageRepository",
            json!({"image": "a/b", "interval": "1m"}),
            json!({"image": "a/b", "interval": "1m", "provider": "generic", "exclusionList": ["^.*\\.sig$"]}),
        ),
        (
            image,
            "ImagePolicy",
            json!({"imageRepositoryRef": {"name": "a"}, "policy": {"alphabetical": {}, "numerical": {}}}),
            json!({
                "imageRepositoryRef": {"name": "a"}, "digestReflectionPolicy": "Never",
                "policy": {"alphabetical": {"order": "asc"}, "numerical": {"order": "asc"}},
            }),
        ),
        (
            image,
            "ImageUpdateAutomation",
            json!({"interval": "1m", "sourceRef": {"name": "a"}}),
            json!({
                "interval": "1m", "sourceRef": {"kind": "GitRepository", "name": "a"}, "update": {"strategy": "Setters"},
            }),
        ),
        (
            image,
            "ImageUpdateAutomation",
            json!({"interval": "1m", "sourceRef": {"name": "a"}, "update": {"path": "./x"}}),
            json!({
                "interval": "1m", "sourceRef": {"kind": "GitRepository", "name": "a"},
                "update": {"strategy": "Setters", "path": "./x"},
            }),
        ),
        (
            "source.toolkit.fluxcd.io/v1",
            "GitRepository",
            json!({"url": "https://git.example.com/a", "interval": "1m", "verify": {"secretRef": {"name": "a"}}}),
            json!({
                "url": "https://git.example.com/a", "interval": "1m", "timeout": "60s",
                "verify": {"mode": "HEAD", "secretRef": {"name": "a"}},
            }),
        ),
    ] {
        let object =
            json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}, "spec": given});
        let answer = place.done(&["create", "--dry-run=server", "-o=json", "-f", "-"], &object.to_string());
        let filled: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(filled["spec"], expected, "{kind}");
        assert_eq!(filled["status"], json!({"observedGeneration": -1}), "{kind}");
    }
}

#[test]
fn every_example_and_every_policy_is_taken() {
    let Some(place) = Place::new("examples") else { return };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut folders: Vec<_> = std::fs::read_dir(root.join("examples"))
        .unwrap()
        .map(|entry| entry.unwrap().path().join("objects"))
        .filter(|folder| folder.is_dir())
        .collect();
    assert!(folders.len() >= 8, "{folders:?}");
    folders.push(root.join("policies"));
    let mut arguments = vec!["apply".to_owned(), "--dry-run=server".to_owned(), "--recursive".to_owned()];
    arguments.extend(folders.iter().map(|folder| format!("--filename={}", folder.display())));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    // A dry run makes no namespace for the objects after it.
    for namespace in ["flux-system", "payments", "platform", "search", "shop"] {
        place.done(&["create", "namespace", namespace], "");
    }
    let printed = place.plane.kubectl(&arguments, "").unwrap();
    assert!(printed.success, "{}\n{}", printed.stderr, printed.stdout);
}

#[test]
fn kubectl_shows_the_columns_under_every_name() {
    let Some(place) = Place::new("columns") else { return };
    place.store_whole();
    let row = |what: &str| -> Vec<String> {
        let table = place.done(&["get", what], "");
        // Columns are two blanks apart at least; the last one is the age.
        let cells = |line: &str| {
            let cells =
                line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).map(ToOwned::to_owned);
            cells.collect::<Vec<_>>()
        };
        table
            .lines()
            .take(2)
            .flat_map(|line| {
                let mut all = cells(line);
                all.pop();
                all
            })
            .collect()
    };
    let image = "registry.example.com/shop/web";
    let found = "successful scan: found 12 tags with checksum 4182735540";
    let latest = "Latest image tag for registry.example.com/shop/web resolved to 2.1.0";
    let repository = ["NAME", "IMAGE", "TAGS", "READY", "STATUS", "web", image, "12", "True", found];
    let policy = ["NAME", "IMAGE", "TAG", "READY", "STATUS", "web", image, "2.1.0", "True", latest];
    let automation = ["NAME", "READY", "STATUS", "fleet", "True", "repository up-to-date"];
    for (names, expected) in [
        (&["imagerepositories", "imgrepo", "imagerepo"][..], &repository[..]),
        (&["imagepolicies", "imgpol", "imagepol"], &policy),
        (&["imageupdateautomations", "iua", "imgupd", "imgauto"], &automation),
    ] {
        for name in names {
            assert_eq!(row(name), expected, "{name}");
        }
    }
    let source = place.done(&["get", "gitrepo"], "");
    assert!(
        source.starts_with("NAME") && source.contains("READY") && source.contains("ssh://git@"),
        "{source}"
    );
    let wide = place.done(&["get", "imgrepo,iua", "-o=wide"], "");
    assert!(wide.contains("LAST SCAN") && wide.contains("LAST RUN"), "{wide}");
    for (category, objects) in
        [("fluxcd-images", 3), ("fluxcd-sources", 1), ("fluxcd-appliers", 2), ("fluxcd", 6)]
    {
        assert_eq!(place.done(&["get", category, "-o=name"], "").lines().count(), objects, "{category}");
    }
}

#[test]
fn kubectl_explains_every_field() {
    let Some(place) = Place::new("explain") else { return };
    // The API server publishes a new schema a moment after it has taken it.
    let explain = |path: &str| {
        let mut asked = 0;
        loop {
            let printed = place.ask(&["explain", path], "");
            if printed.success {
                return printed.stdout;
            }
            asked += 1;
            assert!(asked < 200, "{path}: {}", printed.stderr);
        }
    };
    for (path, expected) in [
        ("imagepolicy.spec.digestReflectionPolicy", &["ENUM:", "IfNotPresent", "Never: no digest"][..]),
        (
            "imageupdateautomation.spec.update.lineFiles",
            &["<[]string>", "Extension: globs, relative to path"],
        ),
        ("imagerepository.spec", &["interval\t<string> -required-", "How long to wait between two scans."]),
        ("gitrepository.status.artifact", &["digest\t<string> -required-", "algorithm:hex"]),
    ] {
        let text = explain(path);
        for part in expected {
            assert!(text.contains(part), "{path} lacks {part}:\n{text}");
        }
    }
}
