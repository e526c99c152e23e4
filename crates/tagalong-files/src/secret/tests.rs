//! What a Secret may and may not look up.

use super::*;
use crate::load;
use secrecy::ExposeSecret;

struct Bed {
    root: tempfile::TempDir,
    rules: SecretRules,
}

impl Bed {
    /// `objects/` with a manifest in `objects/sub/`, `vault/` and `outside/` beside it.
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        for folder in ["objects/sub", "vault", "outside"] {
            fs::create_dir_all(root.path().join(folder)).unwrap();
        }
        let rules = SecretRules { root: root.path().join("objects"), ..SecretRules::default() };
        Self { root, rules }
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.root.path().join(name), bytes).unwrap();
    }

    /// The value of key `k`, or what is said instead, without the folder's name.
    fn value(&self, field: &str, value: &str) -> Result<Vec<u8>, String> {
        let text = format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\n{field}:\n  k: '{value}'\n");
        self.write("objects/sub/s.yaml", text.as_bytes());
        let loaded = load(&[self.root.path().join("objects")]).unwrap_or_else(|error| panic!("{error}"));
        let below = format!("{}/", self.root.path().display());
        let values = resolve_secret(&loaded.secrets[0], &self.rules)
            .map_err(|error| error.to_string().replace(&below, ""))?;
        Ok(values["k"].expose_secret().to_vec())
    }

    fn plain(&self, value: &str) -> Result<Vec<u8>, String> {
        self.value("stringData", value)
    }
}

fn refused(why: &str) -> Result<Vec<u8>, String> {
    Err(format!("objects/sub/s.yaml:5:6: Secret/default/s: k: {why}"))
}

#[test]
fn values_are_read_as_they_stand() {
    let bed = Bed::new();
    assert_eq!(bed.plain("a b").unwrap(), b"a b");
    assert_eq!(bed.value("data", "aHVudGVyMg==").unwrap(), b"hunter2");
    assert_eq!(bed.value("data", "aHVud GVyMg==").unwrap(), b"hunter2", "line breaks in base64 do not count");
    assert_eq!(bed.plain("x $env:HOME").unwrap(), b"x $env:HOME", "only whole values are references");
    let loaded = load(&[bed.root.path().join("objects")]).unwrap();
    assert_eq!(stated_secret(&loaded.secrets[0]).unwrap()["k"].expose_secret(), b"x $env:HOME");
    assert_eq!(
        bed.value("data", "JGVudjpIT01F").unwrap(),
        b"$env:HOME",
        "what base64 holds is never a reference"
    );
}

#[test]
fn only_allowed_variables_are_read() {
    let mut bed = Bed::new();
    let home = env::var("HOME").unwrap();
    for field in ["stringData", "data"] {
        bed.rules.allow_env.clear();
        let told = bed.value(field, "$env:HOME");
        assert_eq!(
            told,
            refused("$HOME must not be read: name it TAGALONG_…, or allow it with --allow-env HOME")
        );
        bed.rules.allow_env.push("HOME".to_owned());
        assert_eq!(bed.value(field, "$env:HOME").unwrap(), home.as_bytes());
    }
    assert_eq!(bed.plain("$env:TAGALONG_NOT_SET_HERE"), refused("$TAGALONG_NOT_SET_HERE is not set"));
    assert_eq!(bed.plain("$env:"), refused("$env: must be followed by the name of a variable"));
    assert_eq!(bed.plain("$env:HOME:x"), refused("$env: must be followed by the name of a variable"));
}

#[test]
fn only_files_within_bounds_are_read() {
    let mut bed = Bed::new();
    for (name, text) in [("objects/a", "one\n"), ("vault/v", "vault"), ("outside/o", "outside")] {
        bed.write(name, text.as_bytes());
    }
    let link = |target: &str, name: &str| {
        std::os::unix::fs::symlink(bed.root.path().join(target), bed.root.path().join(name)).unwrap();
    };
    link("outside/o", "objects/sub/link");
    link("outside", "objects/sub/folder");
    link("objects/a", "outside/back");
    let outside = |path: &str| {
        refused(&format!(
            "$file:{path} is outside of the folder of objects; name its folder with --secrets-dir"
        ))
    };
    assert_eq!(bed.plain("$file:../a").unwrap(), b"one");
    for path in ["../../outside/o", "link", "folder/o", "../../vault/v", "/etc/hostname"] {
        assert_eq!(bed.plain(&format!("$file:{path}")), outside(path));
    }
    assert_eq!(bed.plain("$file:../../outside/back").unwrap(), b"one", "where a link leads to counts");
    bed.rules.secrets_dir = Some(bed.root.path().join("vault"));
    assert_eq!(bed.plain("$file:../../vault/v").unwrap(), b"vault");
    assert!(bed.plain("$file:gone").unwrap_err().contains("$file:gone cannot be read: No such file"));
    assert_eq!(bed.plain("$file:."), refused("$file:. must be a file of at most 1 MiB"));
}

#[test]
fn only_the_line_break_after_a_single_line_is_left_out() {
    let bed = Bed::new();
    for (text, expected) in [
        ("token\n", "token"),
        ("token\r\n", "token"),
        ("token", "token"),
        ("a\nb\n", "a\nb\n"),
        ("\na", "\na"),
        ("\n", ""),
    ] {
        bed.write("objects/t", text.as_bytes());
        assert_eq!(bed.plain("$file:../t").unwrap(), expected.as_bytes(), "{text:?}");
    }
    bed.write("objects/t", b"\xff\x00");
    assert_eq!(bed.plain("$file:../t").unwrap(), b"\xff\x00");
    bed.write("objects/t", &vec![b'x'; (1 << 20) + 1]);
    assert_eq!(bed.plain("$file:../t"), refused("$file:../t must be a file of at most 1 MiB"));
}

#[test]
fn where_nothing_may_be_looked_up_nothing_is() {
    let bed = Bed::new();
    for value in ["$env:TAGALONG_TOKEN", "$file:s.yaml"] {
        // Whether it could be looked up elsewhere is nobody's question.
        drop(bed.plain(value));
        let loaded = load(&[bed.root.path().join("objects")]).unwrap();
        let told = stated_secret(&loaded.secrets[0]).map(drop).unwrap_err().to_string();
        assert!(
            told.contains("s.yaml:5:6: Secret/default/s: k: $env: and $file: are not looked up here"),
            "{told}"
        );
    }
}
