//! Rendering from a folder of the disk: an overlay of 500 objects, and 100 small overlays over one base.

use crate::step::{Job, Step};
use anyhow::{Result, bail};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::time::Instant;
use tagalong_files::Folder;
use tagalong_kustomize::{build, to_yaml};

/// Objects of the large overlay, and how many small overlays there are.
const LARGE: usize = 500;
const SMALL: usize = 100;

pub(crate) struct Render {
    folder: tempfile::TempDir,
}

impl Render {
    pub(crate) fn open() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        // The root of what may be named.
        fs::create_dir(folder.path().join(".git"))?;
        for (path, text) in estate() {
            let path = folder.path().join(path);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(path, text)?;
        }
        Ok(Self { folder })
    }

    /// Reads, renders and prints one folder into memory; how many objects there were.
    fn render(&self, path: &str) -> Result<usize> {
        let (files, folder) = Folder::around(&self.folder.path().join(path))?;
        let objects = build(&files, &folder)?;
        std::hint::black_box(to_yaml(&objects));
        Ok(objects.len())
    }
}

impl Job for Render {
    fn facts(&self) -> Value {
        let small: Vec<String> = (0..SMALL).map(|at| format!("small/{at}")).collect();
        json!({"folder": self.folder.path(), "small": small})
    }

    fn step(&mut self, word: &str) -> Result<Step> {
        let start = Instant::now();
        let objects = match word {
            "large" => self.render("large/over")?,
            "small" => {
                (0..SMALL).try_fold(0, |sum, at| anyhow::Ok(sum + self.render(&format!("small/{at}"))?))?
            }
            _ => bail!("render cannot {word}"),
        };
        Ok(Step { work: vec![("objects", u64::try_from(objects)?)], ..Step::new(start.elapsed()) })
    }
}

fn application(at: usize) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app-{at}\nspec:\n  selector:\n    matchLabels: {{app: app-{at}}}\n  \
         template:\n    metadata:\n      labels: {{app: app-{at}}}\n    spec:\n      containers:\n      - name: main\n        \
         image: registry.example.com/team/app:1.0.0\n        ports:\n        - containerPort: 8080\n        envFrom:\n        \
         - configMapRef: {{name: settings-{at}}}\n        env:\n        - {{name: MODE, value: plain}}\n        resources:\n          \
         limits: {{cpu: 500m, memory: 256Mi}}\n---\napiVersion: v1\nkind: Service\nmetadata:\n  name: app-{at}\nspec:\n  \
         selector: {{app: app-{at}}}\n  ports:\n  - port: 80\n    targetPort: 8080\n"
    )
}

/// An overlay of 500 objects (200 Deployments, their Services, 100 generated ConfigMaps) with patches, images, labels
/// and a namespace; and 100 overlays over one base of three objects.
fn estate() -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut file = |path: &str, text: String| drop(files.insert(path.to_owned(), text));
    let applications = LARGE * 2 / 5;
    let names: Vec<String> = (0..applications).map(|at| format!("app-{at}.yaml")).collect();
    (0..applications).for_each(|at| file(&format!("large/base/app-{at}.yaml"), application(at)));
    file("large/base/kustomization.yaml", format!("resources: [{}]\n", names.join(", ")));
    let generators: String =
        (0..LARGE / 5).map(|at| format!("- {{name: settings-{at}, literals: [a={at}, b=two]}}\n")).collect();
    let patches: String = (0..LARGE / 10).map(|at| format!("- path: patch-{at}.yaml\n")).collect();
    for at in 0..LARGE / 10 {
        let patch = format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: app-{at}}}\nspec:\n  replicas: 3\n  template:\n    spec:\n      \
             containers:\n      - name: main\n        env:\n        - {{name: MODE, value: patched}}\n"
        );
        file(&format!("large/over/patch-{at}.yaml"), patch);
    }
    file(
        "large/over/kustomization.yaml",
        format!(
            "resources: [../base]\nnamespace: production\nlabels: [{{pairs: {{team: core}}, includeSelectors: true}}]\n\
             images: [{{name: registry.example.com/team/app, newTag: 2.0.0}}]\nconfigMapGenerator:\n{generators}patches:\n{patches}\
             - target: {{kind: Service}}\n  patch: '[{{\"op\": \"add\", \"path\": \"/metadata/annotations\", \"value\": {{\"by\": \"us\"}}}}]'\n"
        ),
    );
    file("small/base/app.yaml", application(0));
    file("small/base/kustomization.yaml", "resources: [app.yaml]\n".to_owned());
    for at in 0..SMALL {
        file(
            &format!("small/{at}/kustomization.yaml"),
            format!(
                "resources: [../base]\nnamePrefix: tenant-{at}-\nnamespace: tenant-{at}\n\
                 images: [{{name: registry.example.com/team/app, newTag: 1.{at}.0}}]\n\
                 configMapGenerator: [{{name: settings-0, literals: [tenant={at}]}}]\nreplicas: [{{name: app-0, count: 2}}]\n"
            ),
        );
    }
    files
}
