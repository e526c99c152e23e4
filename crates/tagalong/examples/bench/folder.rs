//! What stands in an estate's files: objects for the product, manifests for the repository.

use std::fmt::Write as _;

/// An image with its ImageRepository and its semver ImagePolicy, all `default/NAME`. An interval of a second makes
/// every turn a scan.
pub(crate) fn image(image: &str, name: &str, interval: &str) -> String {
    format!(
        "apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImageRepository\nmetadata: {{name: {name}}}\n\
         spec: {{image: \"{image}\", interval: {interval}}}\n---\n\
         apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImagePolicy\nmetadata: {{name: {name}}}\nspec:\n  \
         imageRepositoryRef: {{name: {name}}}\n  policy: {{semver: {{range: \"1.x\"}}}}\n---\n"
    )
}

/// A GitRepository and an ImageUpdateAutomation, both `default/fleet`.
pub(crate) fn automation(url: &str) -> String {
    format!(
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {{name: fleet}}\n\
         spec: {{url: \"{url}\", interval: 10m, ref: {{branch: main}}}}\n---\n\
         apiVersion: image.toolkit.fluxcd.io/v1\nkind: ImageUpdateAutomation\nmetadata: {{name: fleet}}\nspec:\n  \
         interval: 10m\n  sourceRef: {{kind: GitRepository, name: fleet}}\n  \
         git:\n    commit: {{author: {{name: bot, email: bot@example.com}}}}\n"
    )
}

/// Where the manifest of this number stands: a folder for each team, a hundred files in each.
pub(crate) fn path(number: usize) -> String {
    format!("apps/team-{:02}/app-{number:04}.yaml", number / 100)
}

/// A Deployment of everyday size with one marker for the policy `default/POLICY`.
pub(crate) fn manifest(number: usize, image: &str, tag: &str, policy: &str) -> String {
    let mut text = String::with_capacity(1200);
    let name = format!("app-{number:04}");
    // Writing to a String cannot fail.
    _ = write!(
        text,
        "# {name}: owned by team {team:02}\n\
         apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\n  namespace: team-{team:02}\n  labels:\n    \
         app.kubernetes.io/name: {name}\n    app.kubernetes.io/part-of: shop\nspec:\n  replicas: {replicas}\n  \
         selector:\n    matchLabels:\n      app.kubernetes.io/name: {name}\n  template:\n    metadata:\n      labels:\n        \
         app.kubernetes.io/name: {name}\n    spec:\n      containers:\n        - name: app\n          \
         image: {image}:{tag} # {{\"$imagepolicy\": \"default:{policy}\"}}\n          ports:\n            \
         - name: http\n              containerPort: 8080\n          env:\n            - name: LOG_LEVEL\n              \
         value: \"info\"\n            - name: SHARD\n              value: \"{number}\"\n          resources:\n            \
         requests: {{cpu: 50m, memory: 64Mi}}\n            limits: {{memory: 256Mi}}\n          readinessProbe:\n            \
         httpGet: {{path: /healthz, port: http}}\n",
        team = number / 100,
        replicas = 1 + number % 3,
    );
    text
}
