//! Objects that are wrong: what does not parse stops everything (exit 2), what cannot work stops itself (exit 1),
//! and what is wrong in the repository is listed (exit 0). RULES 21.

use super::{Pair, Row, Written, check};
use tagalong_testkit::need;
use tagalong_testkit::parts::Part;

/// Appends to the file of `web`'s objects.
fn append(pair: &Pair, yaml: &str) {
    let path = pair.estate.objects().join("web.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(path, text + yaml).unwrap();
}

/// Replaces text in the file of `web`'s objects.
fn replace(pair: &Pair, from: &str, to: &str) {
    let path = pair.estate.objects().join("web.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    std::fs::write(path, text.replace(from, to)).unwrap();
}

const UNREADABLE: &[(&str, fn(&mut Pair), &[&str])] = &[
    ("malformed YAML", |pair| append(pair, "  broken: [\n"), &["objects/web.yaml:"]),
    (
        "an unknown field",
        |pair| replace(pair, "  interval: 1s", "  intervall: 1s"),
        &["objects/web.yaml:6:3: .spec.intervall is no field; did you mean interval?"],
    ),
    (
        "a wrong type",
        |pair| replace(pair, "  interval: 1s", "  interval: [1s]"),
        &["objects/web.yaml:6:", ".spec.interval must be text, not a list"],
    ),
    (
        "a missing field",
        |pair| replace(pair, "  interval: 1s\n", ""),
        &["objects/web.yaml:4:1: .spec.interval is missing; add it"],
    ),
    (
        "a field given twice",
        |pair| replace(pair, "  interval: 1s\n", "  interval: 1s\n  interval: 2s\n"),
        &["objects/web.yaml:7:3: .spec.interval is given twice, first in line 6; remove one"],
    ),
    (
        "an object given twice",
        |pair| {
            let text = std::fs::read_to_string(pair.estate.objects().join("web.yaml")).unwrap();
            pair.estate.object("web-copy.yaml", &text);
        },
        &[
            "ImageRepository/default/web is given twice, first at objects/web",
            "ImagePolicy/default/web is given twice, first at objects/web",
            "remove or rename one",
        ],
    ),
    (
        "an old version",
        |pair| replace(pair, "fluxcd.io/v1\nkind: ImagePolicy", "fluxcd.io/v1beta2\nkind: ImagePolicy"),
        &["image.toolkit.fluxcd.io/v1beta2 is not served; write image.toolkit.fluxcd.io/v1"],
    ),
    (
        "a kind that does not exist",
        |pair| replace(pair, "kind: ImagePolicy", "kind: ImagePolicies"),
        &["has no kind 'ImagePolicies'; did you mean ImagePolicy?"],
    ),
    (
        "a value that is none of the allowed ones",
        |pair| pair.web("", "  policy: {numerical: {order: up}}\n"),
        &["objects/web.yaml:14:31: .spec.policy.numerical.order must be one of asc, desc, not 'up'"],
    ),
    (
        "a name that no object may have",
        |pair| {
            replace(
                pair,
                "kind: ImagePolicy\nmetadata: {name: web}",
                "kind: ImagePolicy\nmetadata: {name: Web_1}",
            )
        },
        &["objects/web.yaml:11:", ".metadata.name "],
    ),
    ("no such folder", |pair| std::fs::remove_dir_all(pair.estate.objects()).unwrap(), &["objects"]),
    (
        "a Secret that is no base64",
        |pair| {
            append(pair, "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {token: hunter2!}\n")
        },
        &[".data[token] is not base64; put plain text under stringData"],
    ),
];

#[test]
fn what_cannot_be_read_stops_everything_before_anything_is_done() {
    need!(Part::Git, Part::GitHttpBackend);
    for (name, breaks, says) in UNREADABLE {
        let mut pair = Pair::new();
        breaks(&mut pair);
        for (command, args) in [("run", &["--once"][..]), ("plan", &[]), ("explain", &[])] {
            let ran = pair.estate.run(command, args);
            assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{name}, {command}: {}", ran.stderr);
            for words in *says {
                assert!(
                    ran.stderr.contains(words),
                    "{name}, {command}: nobody says {words:?}: {}",
                    ran.stderr
                );
            }
            assert!(!ran.stderr.contains("hunter2"), "{name}, {command}: {}", ran.stderr);
        }
        assert_eq!(pair.written(), Some(Written::Nothing), "{name}");
        assert_eq!(pair.estate.git.take_requests(), [], "{name}");
        assert_eq!(pair.estate.registry.take_requests(), [], "{name}");
    }
}

#[test]
fn what_is_left_alone_is_told() {
    need!(Part::Git, Part::GitHttpBackend);
    let pair = Pair::new();
    let kustomization =
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: a}\n";
    pair.estate.object("apps.yaml", kustomization);
    pair.estate.object(
        "secret.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {a: ENC}\nsops: {}\n",
    );
    let ran = pair.estate.once().expect(0);
    for words in [
        "objects/apps.yaml:2:7: Kustomization is left alone; `run --sync-to` applies it to a folder",
        "objects/secret.yaml:2:7: Secret is encrypted with SOPS and left alone",
    ] {
        assert!(ran.stderr.contains(words), "{words}: {}", ran.stderr);
    }
    assert_eq!(pair.written(), Some(Written::Both));
    for name in ["web.yaml", "api.yaml", "fleet.yaml"] {
        std::fs::remove_file(pair.estate.objects().join(name)).unwrap();
    }
    let ran = pair.estate.once().expect(0);
    assert!(ran.stderr.contains("in objects; is it the right folder?"), "{}", ran.stderr);
}

/// A row whose object stops itself while `api` goes on.
const fn stalled(name: &'static str, breaks: fn(&mut Pair), says: &'static [&'static str]) -> Row {
    Row { name, breaks, args: &[], code: 1, says, written: Written::ApiAlone }
}

#[test]
fn a_policy_that_cannot_decide_stops_itself() {
    check(&[
        stalled(
            "a bad regex",
            |pair| pair.web("", "  filterTags: {pattern: \"(\"}\n"),
            &[
                "ImagePolicy/default/web False InvalidPolicy: failed to filter tags: invalid regular expression pattern '('",
                "ImagePolicy/default/api True",
                "held web.yaml:1 PolicyNotReady",
            ],
        ),
        stalled(
            "a bad range",
            |pair| pair.web("", "  policy: {semver: {range: \"1.x |\"}}\n"),
            &["InvalidPolicy: invalid policy: "],
        ),
        stalled(
            "no order at all",
            |pair| pair.web("", "  policy: {}\n"),
            &["set one of semver, alphabetical and numerical"],
        ),
        stalled(
            "Always without an interval",
            |pair| pair.web("", "  digestReflectionPolicy: Always\n"),
            &[
                "IntervalNotConfigured: spec.interval must be set when spec.digestReflectionPolicy is set to 'Always'",
            ],
        ),
        stalled(
            "no such repository",
            |pair| pair.web("", "  imageRepositoryRef: {name: gone}\n"),
            &[
                "DependencyNotReady: referenced ImageRepository does not exist",
                "\"gone\" not found in namespace default",
            ],
        ),
        stalled(
            "no tag in the range",
            |pair| pair.web("", "  policy: {semver: {range: \">=9\"}}\n"),
            &[
                "ImagePolicy/default/web False Failure: unable to determine latest version from provided list: no listed tag is accepted (OutOfRange: 2)",
            ],
        ),
    ]);
}

#[test]
fn an_image_that_cannot_be_scanned_stops_itself() {
    check(&[
        stalled(
            "a scheme",
            |pair| replace(pair, "  image: \"", "  image: \"https://"),
            &["ImageURLInvalid: ", "should not include URL scheme; remove 'https://'"],
        ),
        stalled(
            "a tag",
            |pair| replace(pair, "acme/web\"", "acme/web:1.0.0\""),
            &["ImageURLInvalid: ", "should not include a tag; remove ':1.0.0'"],
        ),
        stalled(
            "a bad exclusion",
            |pair| pair.web("  exclusionList: [\"[\"]\n", ""),
            &["ReadOperationFailed: scan failed: failed to compile regex ["],
        ),
        stalled(
            "a cloud provider",
            |pair| pair.web("  provider: aws\n", ""),
            &["InvalidProviderConfiguration: .spec.provider: 'aws' is not supported yet; use 'generic'"],
        ),
        stalled(
            "no such Secret",
            |pair| pair.web("  secretRef: {name: gone}\n", ""),
            &[
                "AuthenticationFailed: failed to configure authentication options: Secret/default/gone not found; create it in namespace default",
            ],
        ),
        stalled(
            "a Secret of another kind",
            |pair| {
                pair.web("  secretRef: {name: s}\n", "");
                append(
                    pair,
                    "---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {token: hunter2}\n",
                );
            },
            &["Secret/default/s: key '.dockerconfigjson' is missing"],
        ),
        stalled(
            "a ServiceAccount",
            |pair| pair.web("  serviceAccountName: robot\n", ""),
            &["ServiceAccount 'robot' can be read in a cluster only; name the Secret with .spec.secretRef"],
        ),
    ]);
}

/// Puts `web`'s ImageRepository into the namespace `images`, with this `accessFrom`.
fn elsewhere(pair: &Pair, access: &str) {
    pair.web(access, "  imageRepositoryRef: {name: web, namespace: images}\n");
    replace(
        pair,
        "kind: ImageRepository\nmetadata: {name: web}",
        "kind: ImageRepository\nmetadata: {name: web, namespace: images}",
    );
}

const LABELLED: &str = "  accessFrom: {namespaceSelectors: [{matchLabels: {team: shop}}]}\n";

#[test]
fn another_namespace_is_read_only_where_that_is_allowed() {
    const NAMESPACE: &str =
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: default, labels: {team: shop}}\n";
    check(&[
        stalled(
            "nothing allows it",
            |pair| elsewhere(pair, ""),
            &[
                "AccessDenied: failed to get the referred ImageRepository: access denied: 'images/web' can't be accessed due to missing ACL labels on 'accessFrom'",
            ],
        ),
        stalled(
            "a namespace that nobody describes",
            |pair| elsewhere(pair, LABELLED),
            &["can't be accessed due to ACL labels mismatch on namespace 'default'"],
        ),
        stalled(
            "a namespace with other labels",
            |pair| {
                elsewhere(pair, LABELLED);
                pair.estate.object("default.yaml", &NAMESPACE.replace("shop", "bank"));
            },
            &["can't be accessed due to ACL labels mismatch on namespace 'default'"],
        ),
        Row {
            name: "a namespace with the right labels",
            breaks: |pair| {
                elsewhere(pair, LABELLED);
                pair.estate.object("default.yaml", NAMESPACE);
            },
            args: &[],
            code: 0,
            says: &["ImageRepository/images/web"],
            written: Written::Both,
        },
        Row {
            args: &["--no-cross-namespace-refs"],
            ..stalled(
                "the flag counts more than labels",
                |pair| {
                    elsewhere(pair, LABELLED);
                    pair.estate.object("default.yaml", NAMESPACE);
                },
                &[
                    "AccessDenied: cannot access 'ImageRepository/images/web', cross-namespace references have been blocked",
                ],
            )
        },
    ]);
}

/// A second automation, which is broken; the first one goes on.
fn another(pair: &Pair, from: &str, to: &str) {
    let yaml = pair.estate.automation("");
    let (_, automation) = yaml.split_once("---\n").unwrap();
    assert!(automation.contains(from), "{automation}");
    let automation =
        automation.replace("metadata: {name: fleet}", "metadata: {name: broken}").replace(from, to);
    pair.estate.object("broken.yaml", &automation);
}

/// A row whose automation stops itself while the other one goes on.
const fn beside(name: &'static str, breaks: fn(&mut Pair), says: &'static [&'static str]) -> Row {
    Row { written: Written::Both, ..stalled(name, breaks, says) }
}

const AUTHOR: &str = "author: {name: bot, email: bot@example.com}";

/// Gives the second automation more below `commit`.
fn commit(pair: &Pair, more: &str) {
    another(pair, AUTHOR, &format!("{AUTHOR}, {more}"));
}

#[test]
fn an_automation_that_cannot_run_stops_itself() {
    check(&[
        beside(
            "no such source",
            |pair| another(pair, "GitRepository, name: fleet", "GitRepository, name: gone"),
            &[
                "ImageUpdateAutomation/default/broken False SourceManagerFailed: failed configuring source manager: GitRepository/default/gone not found",
                "ImageUpdateAutomation/default/fleet True repository up-to-date",
            ],
        ),
        Row {
            args: &["--no-cross-namespace-refs"],
            ..beside(
                "a source elsewhere",
                |pair| another(pair, "name: fleet}\n  git", "name: fleet, namespace: other}\n  git"),
                &[
                    "AccessDenied: cannot access 'GitRepository/other/fleet', cross-namespace references have been blocked",
                ],
            )
        },
        beside(
            "a field that Flux removed",
            |pair| commit(pair, "messageTemplate: \"{{ .Updated }}\""),
            &["RemovedTemplateField: template uses removed '.Updated' field. Please use '.Changed' instead."],
        ),
        beside(
            "a function that does not exist",
            |pair| commit(pair, "messageTemplate: \"{{ frobnicate 1 }}\""),
            &[
                "GitOperationFailed: failed to update source: unable to create commit message template from spec: ",
                "frobnicate",
            ],
        ),
        beside(
            "no such signing key",
            |pair| commit(pair, "signingKey: {secretRef: {name: gone}}"),
            &[
                "SourceManagerFailed: failed configuring source manager: Secret/default/gone not found; create it in namespace default",
            ],
        ),
        beside(
            "a path outside",
            |pair| another(pair, "  interval: 5m", "  update: {path: ../..}\n  interval: 5m"),
            &["InvalidPath: .spec.update.path: "],
        ),
        beside(
            "a bad selector",
            |pair| {
                another(
                    pair,
                    "  interval: 5m",
                    "  policySelector: {matchExpressions: [{key: a, operator: Near}]}\n  interval: 5m",
                );
            },
            &["InvalidPolicySelector: "],
        ),
    ]);
}

/// A row of files beside those of `web` and `api`: nothing is un-Ready, and both go on.
const fn listed(name: &'static str, breaks: fn(&mut Pair), says: &'static [&'static str]) -> Row {
    Row { name, breaks, args: &[], code: 0, says, written: Written::Both }
}

#[test]
fn what_is_wrong_in_the_repository_is_listed_and_the_rest_goes_on() {
    check(&[
        listed(
            "a marker for an unknown policy",
            |pair| {
                pair.estate.commit(&[(
                    "odd.yaml",
                    "a: 1\nimage: IMAGE:1.0.0 # {\"$imagepolicy\": \"default:gone\"}\n",
                )]);
            },
            &[
                "problem odd.yaml:2 UnknownPolicy: there is no ImagePolicy/default/gone; correct the marker or add the policy",
            ],
        ),
        listed(
            "a marker for another namespace",
            |pair| {
                pair.estate
                    .commit(&[("odd.yaml", "image: IMAGE:1.0.0 # {\"$imagepolicy\": \"other:web\"}\n")]);
            },
            &["problem odd.yaml:1 UnknownPolicy: no automation serves ImagePolicy/other/web here"],
        ),
        listed(
            "a marker on a map",
            |pair| {
                pair.estate
                    .commit(&[("odd.yaml", "image: # {\"$imagepolicy\": \"default:web\"}\n  name: IMAGE\n")]);
            },
            &["problem odd.yaml:1 MarkerOnMapping: "],
        ),
        listed(
            "a marker that is none",
            |pair| {
                pair.estate.commit(&[("odd.yaml", "image: IMAGE:1.0.0 # {\"$imagepolicy\": default:web}\n")]);
            },
            &["problem odd.yaml:1 InvalidMarker: "],
        ),
        listed(
            "a marker on a list",
            |pair| {
                pair.estate.commit(&[(
                    "odd.yaml",
                    "images: # {\"$imagepolicy\": \"default:web\"}\n  - IMAGE:1.0.0\n",
                )]);
            },
            &["problem odd.yaml:1 MarkerOnSequence: "],
        ),
        listed(
            "a file that is no YAML",
            |pair| {
                pair.estate.commit(&[(
                    "odd.yaml",
                    "a: [\nimage: IMAGE:1.0.0 # {\"$imagepolicy\": \"default:web\"}\n",
                )]);
            },
            &["problem odd.yaml:", "InvalidYaml: "],
        ),
        listed(
            "a digest that the policy does not reflect",
            |pair| {
                pair.estate
                    .commit(&[("odd.yaml", "digest: \"\" # {\"$imagepolicy\": \"default:web:digest\"}\n")]);
            },
            &[
                "held odd.yaml:1 NoDigest: the marker asks for a digest, but ImagePolicy/default/web reflects none; set its .spec.digestReflectionPolicy to IfNotPresent or Always",
            ],
        ),
        listed(
            "a hold in the marker",
            |pair| {
                pair.estate.commit(&[("odd.yaml", "image: IMAGE:1.0.0 # {\"$imagepolicy\": \"default:web\", \"hold\": \"until the audit\"}\n")]);
            },
            &["held odd.yaml:1 Held: the marker holds this field: until the audit"],
        ),
    ]);
}
