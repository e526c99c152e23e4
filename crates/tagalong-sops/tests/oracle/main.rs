//! Held against the `sops` program: what it encrypts is opened to what it decrypts, and what was changed afterwards is not.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::disallowed_methods, reason = "the real program reads files")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;
use tagalong_kustomize::{Additions, Files as _, Purpose, Tree, render_for};
use tagalong_sops::{Identities, Opened, Opening, open_values};
use tagalong_testkit::parts::{Part, need};

/// Made with `age-keygen` for these tests alone.
const RECIPIENT: &str = "age10q22tyd8n2h28rl7lfvgcg7kywsw8p6fh9vu32m7qlapjm86d3cqu0gu6t";
const KEY: &str = "AGE-SECRET-KEY-1G7D9FADSKVP96UE59YE29RACLPGXSJXJU97GFZMNNXA5ULY9DWGSCK76JQ";
const OTHER_RECIPIENT: &str = "age1n3f5yt9k3cesc37gfsv747hadty86p54ruljph7qtut927t4cvkquahwmq";
const OTHER_KEY: &str = "AGE-SECRET-KEY-1FDWT79CCXH6PUP3JMDKD6F8KYJG2QWRADVSN3FZUYH745A4AM8DQRU7Q64";

/// A Secret whose values are encrypted alone, as Flux's guide has it.
const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata:\n    name: word\n    namespace: apps\nstringData:\n    \
                      # a comment\n    a: hunter2\n    b: |\n        two\n        lines\n    c: \"\"\ndata:\n    d: aHVudGVyMg==\n";
const VALUES: &str = "--encrypted-regex=^(data|stringData)$";

struct Sops(PathBuf);

impl Sops {
    fn new() -> Option<Self> {
        need(Part::Sops).map(Self)
    }

    fn run(&self, arguments: &[&str], input: &str, name: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let (name, config) = name.split_once('\n').unwrap_or((name, ""));
        if !config.is_empty() {
            std::fs::write(folder.path().join(".sops.yaml"), config).unwrap();
        }
        std::fs::write(folder.path().join(name), input).unwrap();
        let output = Command::new(&self.0)
            .current_dir(folder.path())
            .args(arguments)
            .arg(name)
            .env_clear()
            .env("HOME", folder.path())
            .env("SOPS_AGE_KEY", format!("{KEY}\n{OTHER_KEY}"))
            .output()
            .unwrap();
        assert!(output.status.success(), "sops {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    fn encrypt(&self, input: &str, name: &str, more: &[&str]) -> String {
        let recipients = format!("--age={RECIPIENT}");
        if let Some(rules) = more.strip_suffix(&["--mac-only-encrypted"]) {
            return self.run(&["encrypt"], input, &format!("{name}\n{}", config(rules)));
        }
        self.run(&[&["encrypt", recipients.as_str()][..], more].concat(), input, name)
    }

    fn decrypt(&self, input: &str, name: &str) -> String {
        self.run(&["decrypt"], input, name)
    }
}

/// What no flag says: a checksum over encrypted values alone.
fn config(rules: &[&str]) -> String {
    let rules = rules.iter().filter_map(|rule| rule.trim_start_matches("--").split_once('='));
    let rules: String =
        rules.map(|(name, value)| format!("    {}: '{value}'\n", name.replace('-', "_"))).collect();
    format!("creation_rules:\n  - age: {RECIPIENT}\n    mac_only_encrypted: true\n{rules}")
}

fn keys() -> Opening {
    let mut identities = Identities::default();
    identities.add(&format!("# created: now\n# public key: {RECIPIENT}\n{KEY}\n")).unwrap();
    Opening::With(identities)
}

/// A file as it is read for a purpose.
fn read(bytes: &str, name: &str, purpose: Purpose<'_>, opening: Option<&Opening>) -> Result<String, String> {
    let mut tree = Tree::new();
    tree.insert(name, bytes);
    let files = Opened::new(&tree, opening);
    let read = files.file_for(name, purpose)?;
    Ok(String::from_utf8(read.unwrap().into_owned()).unwrap())
}

fn objects(yaml: &str) -> Vec<Value> {
    let mut found = Vec::new();
    for text in yaml.split("\n---\n") {
        found.push(serde_saphyr::from_str(text).unwrap());
    }
    found
}

#[test]
fn manifests_are_opened_to_what_sops_makes_of_them() {
    let Some(sops) = Sops::new() else { return };
    let types = "a: text\nint: 3\nbig: 9007199254740993\nfloat: 1.50\nsmall: 1e-7\nyes: true\nno: False\nnull_: ~\nempty: \"\"\n\
                 word: \"true\"\nnumber: \"12\"\nlist:\n    - a\n    - b: {c: 1}\n    - []\n    - \"\"\nodd: \"a: b # c\\t\\u00e9\\u2028\"\n\
                 date: 2024-01-02\nhex: 0x1F\npublic_unencrypted: \"7\"\ndeep_unencrypted: {n: 5, t: on, f: 0.5, z: null}\n";
    let two =
        format!("{SECRET}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: b}}\ndata: {{x: y}}\n");
    let comments = "a: open\n# sops:enc\nb: closed\nc: open\n";
    for (name, input, more) in [
        ("secret.yaml", SECRET, &[VALUES][..]),
        ("secret.yaml", SECRET, &[VALUES, "--mac-only-encrypted"]),
        ("secret.yaml", SECRET, &[]),
        ("types.yaml", types, &[]),
        ("types.yaml", types, &["--encrypted-suffix=t"]),
        ("types.yaml", types, &["--unencrypted-regex=^(int|list)$"]),
        ("types.yaml", types, &["--encrypted-regex=^b", "--mac-only-encrypted"]),
        ("types.yaml", types, &["--unencrypted-suffix=at"]),
        ("two.yaml", &two, &[VALUES]),
        ("two.yaml", &two, &[]),
        ("comments.yaml", comments, &["--encrypted-comment-regex=sops:enc", "--mac-only-encrypted"]),
        (
            "secret.json",
            "{\"kind\": \"Secret\", \"n\": 1.0, \"m\": 12345678901234567890, \"stringData\": {\"a\": \"<hunter2>\"}}",
            &[],
        ),
    ] {
        let sealed = sops.encrypt(input, name, more);
        assert!(!sealed.contains("hunter2"), "{name} {more:?}");
        let opened = read(&sealed, name, Purpose::Manifest, Some(&keys()));
        let opened = opened.unwrap_or_else(|error| panic!("{name} {more:?}: {error}\n{sealed}"));
        assert_eq!(objects(&opened), objects(&sops.decrypt(&sealed, name)), "{name} {more:?}");
    }
}

#[test]
fn files_of_generators_are_opened_to_what_sops_makes_of_them() {
    let Some(sops) = Sops::new() else { return };
    let env = "A=hunter2\n# a comment\nB=two words\nC=a=b\nD=\nE_unencrypted=x\nF=a\\nb\n";
    let json = "{\"auths\": {\"ghcr.io\": {\"auth\": \"<hunter2> & \\\"é\\\"\", \"n\": 3, \"ok\": true, \"no\": null}}, \"last\": [1.5, \"x\"]}";
    let binary = "hunter2\n\twith \"quotes\" and \\ and é\n";
    let yaml = "user: admin\npassword: hunter2\nport: 5432\nlist:\n    - a-b\n    - c/d\nquoted: \"yes\"\n";
    let variables = Purpose::Variables;
    fn secret(key: &str) -> Purpose<'_> {
        Purpose::Secret { key }
    }
    for (name, purpose, input, more) in [
        ("prod.env", variables, env, &[][..]),
        ("prod.env", variables, env, &["--encrypted-regex=^[AB]$", "--mac-only-encrypted"]),
        ("config.json", secret(".dockerconfigjson"), json, &[]),
        ("config.json", secret("config.json"), json, &["--unencrypted-regex=^last$"]),
        ("token", secret("token"), binary, &[]),
        ("values.yaml", secret("values.yaml"), yaml, &[]),
        ("values.yaml", Purpose::Patch, yaml, &["--encrypted-regex=^pass"]),
    ] {
        let sealed = sops.encrypt(input, name, more);
        assert!(!sealed.contains("hunter2"), "{name} {more:?}");
        let opened = read(&sealed, name, purpose, Some(&keys()));
        let opened = opened.unwrap_or_else(|error| panic!("{name} {more:?}: {error}\n{sealed}"));
        assert_eq!(opened, sops.decrypt(&sealed, name), "{name} {more:?}");
        let masked = read(&sealed, name, purpose, Some(&Opening::Masked)).unwrap();
        assert!(masked.contains("**SOPS**") && !masked.contains("ENC["), "{name}: {masked}");
        let refused = read(&sealed, name, purpose, None).unwrap_err();
        assert!(refused.starts_with("is encrypted with SOPS: set .spec.decryption"), "{refused}");
    }
    // For a generator of ConfigMaps it stays as it is.
    let sealed = sops.encrypt(env, "prod.env", &[]);
    let mut tree = Tree::new();
    tree.insert("prod.env", sealed.clone());
    let opening = keys();
    let files = Opened::new(&tree, Some(&opening));
    assert_eq!(files.file("prod.env").unwrap().unwrap().as_ref(), sealed.as_bytes());
    let ini = sops.encrypt("[a]\nb=c\n", "a.ini", &[]);
    let refused = read(&ini, "a.ini", secret("a.ini"), Some(&keys())).unwrap_err();
    assert_eq!(refused, "INI files are not decrypted; use YAML, JSON, dotenv or binary");
    let yaml = sops.encrypt(yaml, "values.yaml", &[]);
    let refused = read(&yaml, "values.yaml", secret("token"), Some(&keys())).unwrap_err();
    assert!(refused.contains("encrypted as YAML, and 'token' is read as binary"), "{refused}");
}

#[test]
fn what_was_changed_or_is_for_somebody_else_stays_closed() {
    let Some(sops) = Sops::new() else { return };
    let sealed = sops.encrypt(SECRET, "secret.yaml", &[VALUES]);
    let opened = |text: &str| read(text, "secret.yaml", Purpose::Manifest, Some(&keys()));
    let name = sealed.replace("name: word", "name: other");
    assert!(opened(&name).unwrap_err().starts_with("its checksum (sops.mac) does not match"));
    let only = sops.encrypt(SECRET, "secret.yaml", &[VALUES, "--mac-only-encrypted"]);
    assert!(opened(&only.replace("name: word", "name: other")).unwrap().contains("hunter2"));
    // A value of one key put under another.
    let values: Vec<&str> = sealed.lines().filter(|line| line.contains(": ENC[")).collect();
    let moved =
        sealed.replace(values[0].trim_start_matches("    a: "), values[1].trim_start_matches("    b: "));
    assert_eq!(
        opened(&moved).unwrap_err(),
        "stringData.a: the value cannot be decrypted; it was not encrypted, or was changed afterwards"
    );
    let plain = sealed.replace(values[0], "    a: hunter3");
    let refused = opened(&plain).unwrap_err();
    assert!(refused.starts_with("stringData.a: ") && !refused.contains("hunter3"), "{refused}");
    let gone = sealed.lines().filter(|line| *line != values[1]).collect::<Vec<_>>().join("\n");
    assert!(opened(&gone).unwrap_err().starts_with("its checksum"));
    let envelope = sealed.lines().find(|line| line.contains("YWdlLWVuY3J5cHRpb24")).unwrap();
    let damaged = sealed.replace(envelope, &envelope.replace("YWdl", "YWdm"));
    assert_eq!(opened(&damaged).unwrap_err(), "the age envelope of its data key is damaged");

    let other = sops.run(&["encrypt", &format!("--age={OTHER_RECIPIENT}"), VALUES], SECRET, "secret.yaml");
    assert_eq!(
        opened(&other).unwrap_err(),
        format!("none of the age keys opens it; it is encrypted for {OTHER_RECIPIENT}")
    );
    let both = format!("--age={OTHER_RECIPIENT},{RECIPIENT}");
    assert!(
        opened(&sops.run(&["encrypt", &both, VALUES], SECRET, "secret.yaml")).unwrap().contains("hunter2")
    );
    let none = Opening::With(Identities::default());
    let refused = read(&sealed, "secret.yaml", Purpose::Manifest, Some(&none)).unwrap_err();
    assert!(
        refused.contains("there is no age key to open it with") && refused.contains(RECIPIENT),
        "{refused}"
    );
    let from = sealed.find("    age:").unwrap();
    let to = sealed.find("    lastmodified:").unwrap();
    let pgp = format!("{}    pgp:\n        - fp: AB\n          enc: x\n{}", &sealed[..from], &sealed[to..]);
    let refused = opened(&pgp).unwrap_err();
    assert!(
        refused.starts_with("it is encrypted for pgp alone, and only age keys are supported"),
        "{refused}"
    );
    let groups = pgp.replace("    pgp:\n", "    key_groups:\n");
    assert!(opened(&groups).unwrap_err().starts_with("its data key is split over key groups"));
    let unclosed = read(&sealed, "secret.yaml", Purpose::Manifest, None).unwrap_err();
    assert!(unclosed.starts_with("is encrypted with SOPS: set .spec.decryption"), "{unclosed}");
}

#[test]
fn an_object_opts_out_and_one_that_is_for_somebody_in_the_cluster_goes_through() {
    let Some(sops) = Sops::new() else { return };
    let opted = SECRET.replace(
        "    name: word",
        "    annotations:\n        kustomize.toolkit.fluxcd.io/decrypt: Disabled\n    name: word",
    );
    let sealed = sops.encrypt(&opted, "secret.yaml", &[VALUES]);
    for opening in [Some(&keys()), None] {
        assert_eq!(read(&sealed, "secret.yaml", Purpose::Manifest, opening).unwrap(), sealed);
    }
    let custom = "apiVersion: isindir.github.com/v1\nkind: SopsSecret\nmetadata: {name: a}\nspec: {password: hunter2}\n";
    let sealed = sops.encrypt(custom, "custom.yaml", &["--encrypted-regex=^spec$"]);
    assert_eq!(read(&sealed, "custom.yaml", Purpose::Manifest, None).unwrap(), sealed);
    // What was encrypted as a whole hides what it is.
    let whole = sops.encrypt(SECRET, "secret.yaml", &[]);
    assert!(read(&whole, "secret.yaml", Purpose::Manifest, None).is_err());
}

#[test]
fn a_render_opens_what_goes_into_secrets_and_knows_what_was_encrypted() {
    let Some(sops) = Sops::new() else { return };
    let mut tree = Tree::new();
    tree.insert(
        "apps/kustomization.yaml",
        "resources: [secret.yaml, custom.yaml]\nnamePrefix: my-\ncommonLabels: {team: a}\n\
        secretGenerator:\n- {name: env, envs: [prod.env], options: {disableNameSuffixHash: true}}\n",
    );
    tree.insert("apps/secret.yaml", sops.encrypt(SECRET, "secret.yaml", &[VALUES]));
    let custom = "apiVersion: acme.dev/v1\nkind: Widget\nmetadata: {name: a}\nspec: {password: hunter2}\n";
    tree.insert("apps/custom.yaml", sops.encrypt(custom, "custom.yaml", &["--encrypted-regex=^spec$"]));
    tree.insert("apps/prod.env", sops.encrypt("A=hunter2\n", "prod.env", &[]));
    let keys = keys();
    let files = Opened::new(&tree, Some(&keys));
    let rendered = render_for(&Additions::default(), None, &files, "apps").unwrap();
    let rendered: Vec<Value> = rendered.iter().map(|object| serde_json::to_value(object).unwrap()).collect();
    let by_kind = |kind: &str, name: &str| {
        rendered.iter().find(|object| object["kind"] == kind && object["metadata"]["name"] == name).unwrap()
    };
    assert_eq!(
        by_kind("Secret", "my-word")["stringData"],
        json!({"a": "hunter2", "b": "two\nlines\n", "c": ""})
    );
    assert_eq!(by_kind("Secret", "my-env")["data"], json!({"A": STANDARD.encode("hunter2")}));
    assert_eq!(by_kind("Widget", "my-a")["spec"], json!({"password": "hunter2"}));
    // Of Secrets nobody shows a value anyway.
    assert_eq!(files.into_values(), ["hunter2"]);
    assert!(rendered.iter().all(|object| object.get("sops").is_none()));
}

#[test]
fn files_inside_the_values_of_a_secret_are_opened() {
    let Some(sops) = Sops::new() else { return };
    let json = sops.encrypt("{\"a\": \"hunter2\"}", "a.json", &[]);
    let binary = sops.encrypt("hunter2", "token", &[]);
    let yaml = sops.encrypt("a: hunter2\n", "a.yaml", &[]);
    let secret = json!({"kind": "Secret", "data": {"a.json": STANDARD.encode(&json), "token": STANDARD.encode(binary),
        "a.yaml": STANDARD.encode(yaml), "b": "cGxhaW4=", "c": "no base64"}});
    let mut opened = secret.clone();
    open_values(&mut opened, Some(&keys())).unwrap();
    let value = |key: &str| {
        String::from_utf8(STANDARD.decode(opened["data"][key].as_str().unwrap()).unwrap()).unwrap()
    };
    assert_eq!(
        (value("a.json"), value("token"), value("a.yaml")),
        (sops.decrypt(&json, "a.json"), "hunter2".to_owned(), "a: hunter2\n".to_owned())
    );
    assert_eq!((&opened["data"]["b"], &opened["data"]["c"]), (&json!("cGxhaW4="), &json!("no base64")));
    assert!(
        open_values(&mut secret.clone(), None).unwrap_err().to_string().starts_with("is encrypted with SOPS")
    );
    let mut other = json!({"kind": "ConfigMap", "data": {"a": STANDARD.encode(json)}});
    open_values(&mut other, None).unwrap();
}

/// Bytes that are almost an encrypted file never end in a panic.
#[test]
fn damaged_files_are_refused_without_a_panic() {
    let Some(sops) = Sops::new() else { return };
    let sealed = sops.encrypt(SECRET, "secret.yaml", &[VALUES]);
    let env = sops.encrypt("A=b\n", "a.env", &[]);
    let mut lost = std::io::sink();
    for at in (0..sealed.len()).step_by(7) {
        for text in [sealed[..at].to_owned(), format!("{}\u{0}{}", &sealed[..at], &sealed[at + 1..])] {
            let answer = read(&text, "secret.yaml", Purpose::Manifest, Some(&keys()));
            writeln!(lost, "{answer:?}").unwrap();
        }
    }
    for at in (0..env.len()).step_by(7) {
        let answer = read(&env[..at], "a.env", Purpose::Variables, Some(&keys()));
        writeln!(lost, "{answer:?}").unwrap();
    }
}
