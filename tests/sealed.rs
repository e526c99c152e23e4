//! What is encrypted with SOPS: made by the real program, and applied to a folder, where nobody asks a cluster.

use crate::support::Estate;
use std::process::Command;
use tagalong_testkit::need;
use tagalong_testkit::parts::{self, Part};

/// Made with `age-keygen` for these tests alone.
pub(crate) const KEY: &str = "AGE-SECRET-KEY-1G7D9FADSKVP96UE59YE29RACLPGXSJXJU97GFZMNNXA5ULY9DWGSCK76JQ";
const RECIPIENT: &str = "age10q22tyd8n2h28rl7lfvgcg7kywsw8p6fh9vu32m7qlapjm86d3cqu0gu6t";

pub(crate) const SECRET: &str =
    "apiVersion: v1\nkind: Secret\nmetadata: {name: word}\nstringData: {a: hunter2}\n";
pub(crate) const CONFIG: &str =
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: sealed}\ndata: {value: hunter3}\n";

/// A file encrypted by `sops`: the values of `data` and `stringData`, or all where it has neither.
pub(crate) fn seal(name: &str, text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(name), text).unwrap();
    let mut sops = Command::new(parts::find(Part::Sops).unwrap());
    sops.current_dir(folder.path()).env_clear().env("HOME", folder.path());
    sops.args(["encrypt", &format!("--age={RECIPIENT}")]);
    if text.contains("ata: ") {
        sops.arg("--encrypted-regex=^(data|stringData)$");
    }
    let output = sops.arg(name).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn in_a_folder_it_is_applied_with_the_key_of_a_secret_and_refused_without() {
    need!(Part::Sops);
    let estate = Estate::new();
    estate.commit(&[("apps/secret.yaml", &seal("secret.yaml", SECRET))]);
    let kustomization = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: apps}\nspec:\n  \
                         interval: 10m\n  prune: true\n  sourceRef: {kind: GitRepository, name: fleet}\n  path: ./apps\n  \
                         targetNamespace: shop\n";
    let url = estate.git.url("fleet.git");
    let source = format!(
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {{name: fleet}}\n\
         spec: {{url: \"{url}\", interval: 5m, ref: {{branch: main}}}}\n"
    );
    estate.object("source.yaml", &source);
    estate.object("apps.yaml", kustomization);
    let sync = ["--once", "--sync-to", "out"];
    let ran = estate.run("run", &sync).expect(1);
    let words = "apps/secret.yaml: is encrypted with SOPS: set .spec.decryption";
    assert!(ran.stdout.contains(words), "{}\n{}", ran.stdout, ran.stderr);
    assert!(!estate.folder().join("out/shop").exists());

    estate.object(
        "apps.yaml",
        &format!("{kustomization}  decryption: {{provider: sops, secretRef: {{name: age}}}}\n"),
    );
    std::fs::write(estate.folder().join("key.txt"), format!("# created: today\n{KEY}\n")).unwrap();
    let key = "apiVersion: v1\nkind: Secret\nmetadata: {name: age}\nstringData: {own.agekey: '$file:../key.txt', other: x}\n";
    estate.object("key.yaml", key);
    let ran = estate.run("run", &[&sync[..], &["--secrets-dir", "."]].concat()).expect(0);
    let out = std::fs::read_to_string(estate.folder().join("out/shop/secret_word.yaml")).unwrap();
    assert!(out.contains("a: hunter2") && !out.contains("sops"), "{out}");
    for said in [&ran.stdout, &ran.stderr] {
        assert!(!said.contains("hunter") && !said.contains("AGE-SECRET"), "{said}");
    }
}
