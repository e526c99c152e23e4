//! `$env:` and `$file:` in Secrets: what may be looked up, and that nothing else can be carried away (RULES 24).

use super::{More, Words, docker_config, write};
use crate::rows::side_by_side;
use crate::support::{Estate, Ran, tagalong};
use tagalong_testkit::fake_registry::{Auth, AuthorizationKind, FakeRegistry};
use tagalong_testkit::need;
use tagalong_testkit::parts::Part;

/// An estate whose registry wants a password, and whose Secret says `value` where its configuration should be.
fn estate(value: &str) -> (Estate, String) {
    let mut estate = Estate::new();
    let auth = Auth::Basic("robot".into(), "hunter2".into());
    estate.registry = FakeRegistry::builder().auth(auth).start().unwrap();
    write(
        &estate,
        &More {
            image: ", secretRef: {name: s}",
            secrets: &[("s", ".dockerconfigjson", value)],
            ..More::default()
        },
    );
    let config = docker_config(&estate, "\"username\": \"robot\", \"password\": \"hunter2\"");
    (estate, config)
}

/// What a Secret says, with which flags and which files, and what the user is told where that must not be read.
type Row = (&'static str, &'static [&'static str], fn(&Estate, &str), Option<&'static str>);

/// Two variables hold the configuration.
fn check((value, args, prepare, says): &Row) {
    let (estate, config) = estate(value);
    prepare(&estate, &config);
    let mut all = vec!["run", "objects", "--once", "--state", "state", "--log-level", "trace"];
    all.extend(*args);
    let mut command = tagalong(estate.folder(), &all);
    command.env("TAGALONG_REGISTRY", &config).env("CI_TOKEN", &config);
    let ran = Ran::from(command.output().unwrap()).expect(i32::from(says.is_some()));
    let mut words = Words::default();
    words.secret("robot", "hunter2");
    words.search_ran(value, &ran);
    words.search_files(&estate.folder().join("state"), &[]);
    if let Some(says) = says {
        let told = format!("{}{}", ran.stdout, ran.stderr);
        assert!(told.contains(says), "{value}: nobody says {says:?}: {told}");
        let sent = estate
            .registry
            .requests()
            .iter()
            .any(|request| request.authorization == AuthorizationKind::Basic);
        assert!(!sent, "{value}: a password was sent");
    }
}

fn nothing(_: &Estate, _: &str) {}

const FORBIDDEN: Option<&str> =
    Some("$CI_TOKEN must not be read: name it TAGALONG_…, or allow it with --allow-env CI_TOKEN");

#[test]
fn a_variable_is_read_only_where_it_is_meant_for_us() {
    need!(Part::Git, Part::GitHttpBackend);
    let rows: &[Row] = &[
        ("$env:TAGALONG_REGISTRY", &[], nothing, None),
        ("$env:CI_TOKEN", &[], nothing, FORBIDDEN),
        ("$env:CI_TOKEN", &["--allow-env", "CI_TOKEN"], nothing, None),
        ("$env:CI_TOKEN", &["--allow-env", "CI"], nothing, FORBIDDEN),
        ("$env:CI_TOKEN", &[], nothing, Some("objects/secret-s.yaml:5:")),
        ("$env:TAGALONG_GONE", &[], nothing, Some("$TAGALONG_GONE is not set")),
        ("$env:", &[], nothing, Some("$env: must be followed by the name of a variable")),
        // In the middle of a value it is text.
        ("x$env:TAGALONG_REGISTRY", &[], nothing, Some("the Docker configuration is no JSON object")),
    ];
    side_by_side(rows, check);
}

fn inside(estate: &Estate, config: &str) {
    std::fs::write(estate.objects().join("config.json"), config).unwrap();
}

fn outside(estate: &Estate, config: &str) {
    std::fs::create_dir(estate.folder().join("vault")).unwrap();
    std::fs::write(estate.folder().join("vault/config.json"), config).unwrap();
}

fn link(estate: &Estate, config: &str) {
    outside(estate, config);
    std::os::unix::fs::symlink("../vault/config.json", estate.objects().join("link.json")).unwrap();
}

const OUTSIDE: Option<&str> = Some("is outside of the folder of objects; name its folder with --secrets-dir");

#[test]
fn a_file_is_read_only_below_the_folder_or_the_one_for_secrets() {
    need!(Part::Git, Part::GitHttpBackend);
    let rows: &[Row] = &[
        ("$file:config.json", &[], inside, None),
        ("$file:../objects/config.json", &[], inside, None),
        ("$file:../vault/config.json", &[], outside, OUTSIDE),
        ("$file:link.json", &[], link, OUTSIDE),
        ("$file:link.json", &["--secrets-dir", "vault"], link, None),
        ("$file:../vault/config.json", &["--secrets-dir", "vault"], outside, None),
        ("$file:../vault/config.json", &["--secrets-dir", "state"], outside, OUTSIDE),
        ("$file:/proc/self/environ", &[], nothing, OUTSIDE),
        ("$file:gone.json", &[], nothing, Some("$file:gone.json cannot be read: No such file or directory")),
    ];
    side_by_side(rows, check);
}
