//! The table of mistakes in files: what is changed in a good object, and all that is said about it. The place is
//! `line:column` where it is known beforehand.

use super::tests::{AUTOMATION, REPOSITORY, but, told};

/// An object, what of it is replaced by what, and the lines that are said.
type Row = (&'static str, &'static str, &'static str, &'static [&'static str]);

#[rustfmt::skip]
const MISTAKES: &[Row] = &[
    (REPOSITORY, "image:", "imag:", &[
        "5:1: .spec.image is missing; add it",
        "6:3: .spec.imag is no field; did you mean image?",
    ]),
    (REPOSITORY, "interval: 5m", "interval: 5m\n  zzzzzz: 1", &[
        "8:3: .spec.zzzzzz is no field; there are accessFrom, certSecretRef, exclusionList, image, insecure, interval, provider, proxySecretRef, secretRef, serviceAccountName, suspend, timeout",
    ]),
    (REPOSITORY, "interval: 5m", "interval: 5", &[
        "7:13: .spec.interval must be a duration: \"5\" is no duration; expected numbers with units, such as 30s, 5m or 1h30m, of at most 292 years",
    ]),
    (REPOSITORY, "5m", "5m\n  timeout: 1h", &[
        "8:12: .spec.timeout '1h' must not use hours; write 60m instead of 1h",
    ]),
    (REPOSITORY, "5m", "5m\n  provider: awss", &[
        "8:13: .spec.provider must be one of generic, aws, azure, gcp, not 'awss'; did you mean aws?",
    ]),
    (REPOSITORY, "5m", "5m\n  suspend: maybe", &[
        "8:12: .spec.suspend must be true or false, not 'maybe'",
    ]),
    (REPOSITORY, "5m", "5m\n  suspend: 'true'", &[
        "8:12: .spec.suspend must be true or false, without quotes, not text",
    ]),
    (REPOSITORY, "5m", "5m\n  secretRef: regcred", &[
        "8:14: .spec.secretRef must be a map, not text",
    ]),
    (REPOSITORY, "5m", "5m\n  secretRef: {nam: regcred}", &[
        "8:3: .spec.secretRef.name is missing; add it",
        "8:15: .spec.secretRef.nam is no field; did you mean name?",
    ]),
    (REPOSITORY, "5m", "5m\n  secretRef:", &[]),
    (REPOSITORY, "image: ghcr.io/acme/app", "image: [a]", &[
        "6:10: .spec.image must be text, not a list",
    ]),
    (REPOSITORY, "image: ghcr.io/acme/app", "image:", &[
        "5:1: .spec.image is missing; add it",
    ]),
    (REPOSITORY, "5m", "5m\n  exclusionList: {a: b}", &[
        "8:18: .spec.exclusionList must be a list, not a map",
    ]),
    (REPOSITORY, "5m", "5m\n  interval: 6m", &[
        "8:3: .spec.interval is given twice, first in line 7; remove one",
    ]),
    (REPOSITORY, "name: app", "name: App", &[
        "4:9: .metadata.name is no object name; use lower-case letters, digits, '-' and '.', beginning and ending with a letter or digit",
    ]),
    (REPOSITORY, "name: app", "nmae: app", &[
        "3:1: .metadata.name is missing; add it",
        "4:3: .metadata.nmae is no field; did you mean name?",
    ]),
    (REPOSITORY, "metadata:\n  name: app\n", "", &[
        "1:1: .metadata is missing; add it",
    ]),
    (REPOSITORY, "kind: ImageRepository", "kind: ImageRepositry", &[
        "2:7: image.toolkit.fluxcd.io/v1 has no kind 'ImageRepositry'; did you mean ImageRepository?",
    ]),
    (REPOSITORY, "kind: ImageRepository\n", "", &[
        "1:1: image.toolkit.fluxcd.io/v1 has no kind ''; there are ImageRepository, ImagePolicy, ImageUpdateAutomation",
    ]),
    (REPOSITORY, "/v1", "/v1beta2", &[
        "1:13: image.toolkit.fluxcd.io/v1beta2 is not served; write image.toolkit.fluxcd.io/v1 (`flux migrate` rewrites whole folders) and check the fields",
    ]),
    (REPOSITORY, "apiVersion: image.toolkit.fluxcd.io/v1\n", "", &[
        "1:7: .apiVersion is missing; add apiVersion: image.toolkit.fluxcd.io/v1",
    ]),
    (REPOSITORY, "spec:", "sepc:", &[
        "1:1: .spec is missing; add it",
        "5:1: .sepc is no field; did you mean spec?",
    ]),
    (AUTOMATION, "email: bot@example.com", "name: bot", &[
        "10:7: .spec.git.commit.author.email is missing; add it",
    ]),
    (AUTOMATION, "kind: GitRepository", "kind: Bucket", &[
        "7:21: .spec.sourceRef.kind must be one of GitRepository, not 'Bucket'",
    ]),
    (AUTOMATION, "  git:", "  policySelector: {matchLabel: {a: b}}\n  git:", &[
        "8:20: .spec.policySelector.matchLabel is no field; did you mean matchLabels?",
    ]),
    (AUTOMATION, "  git:", "  update: {strategy: setters}\n  git:", &[
        "8:22: .spec.update.strategy must be one of Setters, not 'setters'; did you mean Setters?",
    ]),
    (REPOSITORY, "interval: 5m", "\tinterval: 5m", &[
        "6:10: not valid YAML: while scanning a plain scalar, found a tab",
    ]),
    (REPOSITORY, "ghcr.io/acme/app", "{{ .Values.image }}", &[
        "6:10: .spec.image must be text, not a map",
    ]),
    (REPOSITORY, "spec:", "{{- if .x }}\nspec:", &[
        "not valid YAML: ",
    ]),
];

#[rustfmt::skip]
const OTHER_KINDS: &[Row] = &[
    ("apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {a: not base64!}\n", "", "", &[
        "4:11: .data[a] is not base64; put plain text under stringData",
    ]),
    ("apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringdata: {a: b}\n", "", "", &[
        "4:1: .stringdata is no field; did you mean stringData?",
    ]),
    ("apiVersion: v1\nkind: Namespace\nmetadata: {name: s, labels: [a]}\n", "", "", &[
        "3:29: .metadata.labels must be a map, not a list",
    ]),
    ("apiVersion: source.toolkit.fluxcd.io/v1beta2\nkind: GitRepository\n", "", "", &[
        "1:13: source.toolkit.fluxcd.io/v1beta2 is not served; write source.toolkit.fluxcd.io/v1 ",
    ]),
];

#[test]
fn every_mistake_is_told_with_its_place_and_what_to_do() {
    for (text, from, to, expected) in MISTAKES.iter().chain(OTHER_KINDS) {
        let text = but(text, from, to);
        let got = told(&[("a.yaml", &text)]);
        assert_eq!(got.len(), expected.len(), "{text}\n{got:#?}");
        for (got, expected) in got.iter().zip(*expected) {
            let rest = got.strip_prefix("a.yaml:").unwrap_or(got);
            assert!(
                rest.starts_with(expected) || rest.contains(&format!(": {expected}")),
                "{text}\n{got}\n{expected}"
            );
        }
    }
}
