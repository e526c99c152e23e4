//! The data every test renders with: what an automation hands to its message template.

use tagalong_template::Value;

fn change(old: &str, new: &str, setter: &str) -> Value {
    let fields = [("OldValue", old.into()), ("NewValue", new.into()), ("Setter", setter.into())];
    Value::structure("Change", fields)
}

fn object(api_version: &str, kind: &str, name: &str, namespace: &str) -> Value {
    let fields = [
        ("APIVersion", api_version.into()),
        ("Kind", kind.into()),
        ("Name", name.into()),
        ("Namespace", namespace.into()),
    ];
    let display = format!("{{{{{{{api_version} {kind}}} {{{name} {namespace}}}}}}}");
    Value::structure("ObjectIdentifier", fields).displayed_as(display)
}

/// One automation, three files, four objects, four changes of which one happened twice.
pub(crate) fn data() -> Value {
    let podinfo = change(
        "ghcr.io/stefanprodan/podinfo:5.2.0",
        "ghcr.io/stefanprodan/podinfo:5.2.1",
        "flux-system:podinfo",
    );
    let redis = change("6.0.8", "6.0.9", "flux-system:redis:tag");
    let nginx = change("1.27.0", "1.27.1", "flux-system:nginx:tag");
    let ingress = change("v1.9.0", "v1.10.0", "flux-system:ingress:tag");
    let deploy = [
        (object("apps/v1", "Deployment", "podinfo", "web"), vec![podinfo.clone(), redis.clone()]),
        (object("apps/v1", "Deployment", "cache", "web"), vec![redis.clone()]),
    ];
    let kustomization = [(object("", "", "", ""), vec![nginx.clone()])];
    let helm =
        [(object("helm.toolkit.fluxcd.io/v2", "HelmRelease", "ingress", "infra"), vec![ingress.clone()])];
    let objects = Value::map(deploy.iter().chain(&kustomization).chain(&helm).cloned());
    let files = [
        ("apps/podinfo/deploy.yaml", Value::map(deploy)),
        ("apps/kustomization.yaml", Value::map(kustomization)),
        ("infra/helm.yaml", Value::map(helm)),
    ];
    let changed = [
        ("FileChanges", Value::map(files)),
        ("Objects", objects),
        ("Changes", Value::list([nginx, redis, podinfo, ingress])),
    ];
    let automation =
        Value::structure("NamespacedName", [("Namespace", "flux-system".into()), ("Name", "apps".into())]);
    Value::structure(
        "TemplateData",
        [
            ("AutomationObject", automation.displayed_as("flux-system/apps")),
            ("Changed", Value::structure("Result", changed)),
            ("Values", Value::map([("cluster", "prod"), ("team", "platform"), ("empty", "")])),
        ],
    )
}
