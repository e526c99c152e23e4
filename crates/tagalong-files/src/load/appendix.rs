//! Every field of every kind, as Flux's documentation shows them: read strictly, and written back unchanged.

use super::tests::loaded;
use crate::Located;
use serde_json::{Value, json};

/// An object as written, and what the loader adds to its metadata.
fn check<T: serde::Serialize>(found: &Located<T>, expected: &Value) {
    let mut got = serde_json::to_value(&found.object).unwrap();
    let metadata = got["metadata"].as_object_mut().unwrap();
    assert_eq!(metadata.remove("generation"), Some(json!(1)));
    assert!(metadata.remove("uid").is_some());
    assert_eq!(&got, expected);
}

#[test]
fn every_field_is_read_and_written_back() {
    let repository = json!({
        "apiVersion": "image.toolkit.fluxcd.io/v1", "kind": "ImageRepository",
        "metadata": {"name": "podinfo", "namespace": "flux-system", "finalizers": ["finalizers.fluxcd.io"]},
        "spec": {
            "image": "ghcr.io/stefanprodan/podinfo", "interval": "5m", "timeout": "5m", "provider": "generic",
            "insecure": false, "suspend": false, "secretRef": {"name": "regcred"}, "serviceAccountName": "puller",
            "certSecretRef": {"name": "reg-tls"}, "proxySecretRef": {"name": "proxy"}, "exclusionList": ["^.*\\.sig$"],
            "accessFrom": {"namespaceSelectors": [{"matchLabels": {"kubernetes.io/metadata.name": "apps"}}]},
        },
    });
    let policy = json!({
        "apiVersion": "image.toolkit.fluxcd.io/v1", "kind": "ImagePolicy",
        "metadata": {"name": "podinfo", "namespace": "flux-system"},
        "spec": {
            "imageRepositoryRef": {"name": "podinfo", "namespace": "flux-system"},
            "filterTags": {"pattern": "^main-[a-f0-9]+-(?P<ts>[0-9]+)", "extract": "$ts"},
            "policy": {"semver": {"range": ">=5.0.0 <6.0.0"}, "alphabetical": {"order": "asc"}, "numerical": {"order": "desc"}},
            "digestReflectionPolicy": "Always", "interval": "10m", "suspend": false,
        },
    });
    let automation = json!({
        "apiVersion": "image.toolkit.fluxcd.io/v1", "kind": "ImageUpdateAutomation",
        "metadata": {"name": "podinfo", "namespace": "flux-system"},
        "spec": {
            "interval": "30m", "suspend": false,
            "sourceRef": {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "name": "flux-system", "namespace": "flux-system"},
            "policySelector": {"matchLabels": {"app": "podinfo"}, "matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]},
            "update": {"strategy": "Setters", "path": "./clusters/prod", "lineFiles": ["**/Dockerfile"]},
            "git": {
                "checkout": {"ref": {"branch": "main", "tag": "v1", "semver": "1.x", "name": "refs/heads/main", "commit": "0123456789abcdef0123456789abcdef01234567"}},
                "commit": {
                    "author": {"name": "fluxcdbot", "email": "fluxcdbot@users.noreply.github.com"},
                    "signingKey": {"type": "gpg", "secretRef": {"name": "signing-key"}},
                    "messageTemplateValues": {"cluster": "prod"},
                    "messageTemplate": "chore({{ .Values.cluster }}): update\n{{- range $file, $objs := .Changed.FileChanges }}\n- {{ $file }}{{ end }}\n",
                },
                "push": {
                    "branch": "main", "refspec": "refs/heads/main:refs/for/main",
                    "options": {"merge_request.create": "true", "merge_request.target": "main"},
                },
            },
        },
    });
    let source = json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository",
        "metadata": {"name": "flux-system", "namespace": "flux-system"},
        "spec": {
            "url": "ssh://git@github.com/org/repo.git", "interval": "1m", "timeout": "60s", "provider": "generic",
            "secretRef": {"name": "flux-system"}, "serviceAccountName": "git-wi", "ref": {"branch": "main"},
            "verify": {"mode": "HEAD", "secretRef": {"name": "pgp-keys"}}, "proxySecretRef": {"name": "proxy"},
            "recurseSubmodules": false, "sparseCheckout": ["clusters/prod"],
            "include": [{"repository": {"name": "common"}, "fromPath": "base", "toPath": "common"}],
            "ignore": "/*\n!/clusters\n", "suspend": false,
        },
    });
    let all = [&repository, &policy, &automation, &source];
    // JSON is YAML: the text is the objects themselves.
    let text = all.map(|object| serde_json::to_string_pretty(object).unwrap()).join("\n---\n");
    let loaded = loaded(&text);
    check(&loaded.repositories[0], &repository);
    check(&loaded.policies[0], &policy);
    check(&loaded.automations[0], &automation);
    check(&loaded.sources[0], &source);
}

#[test]
fn the_documented_block_style_reads_the_same() {
    let loaded = loaded(
        "apiVersion: image.toolkit.fluxcd.io/v1
kind: ImagePolicy
metadata: {name: podinfo, namespace: flux-system}
spec:
  imageRepositoryRef: {name: podinfo, namespace: flux-system}
  filterTags: {pattern: '^main-[a-f0-9]+-(?P<ts>[0-9]+)', extract: '$ts'}
  policy:
    semver: {range: '>=5.0.0 <6.0.0'}       # exactly one of semver/alphabetical/numerical is meaningful
    # alphabetical: {order: asc}
  digestReflectionPolicy: Never              # Never|IfNotPresent|Always
  suspend: false
status:
  latestRef: {name: ghcr.io/stefanprodan/podinfo, tag: 5.2.1, digest: sha256:...}
---
apiVersion: image.toolkit.fluxcd.io/v1
kind: ImageUpdateAutomation
metadata: {name: podinfo, namespace: flux-system}
spec:
  interval: 30m
  sourceRef: {kind: GitRepository, name: flux-system}
  git:
    commit:
      author: {email: fluxcdbot@users.noreply.github.com}
      messageTemplate: |
        chore({{ .Values.cluster }}): update images ({{ .AutomationObject }})
        Files:
        {{- range $file, $objs := .Changed.FileChanges }}
        - {{ $file }}
        {{- end }}
",
    );
    let spec = &loaded.policies[0].object.spec;
    assert_eq!(spec.policy.semver.as_ref().unwrap().range, ">=5.0.0 <6.0.0");
    assert_eq!(spec.filter_tags.as_ref().unwrap().extract.as_deref(), Some("$ts"));
    let git = loaded.automations[0].object.spec.git.as_ref().unwrap();
    let template = git.commit.message_template.as_deref().unwrap();
    assert!(template.starts_with("chore({{ .Values.cluster }})") && template.ends_with("{{- end }}\n"));
}
