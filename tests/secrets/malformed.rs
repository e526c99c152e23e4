//! Secrets that are not what they should be: the message says which Secret and which key, and nothing of the value.

use super::{More, Words, write};
use crate::rows::side_by_side;
use crate::support::{Estate, Ran, tagalong};
use tagalong_testkit::need;
use tagalong_testkit::parts::Part;

struct Row {
    name: &'static str,
    more: More<'static>,
    /// What the user is told.
    says: &'static str,
}

const fn image(name: &'static str, secrets: &'static [(&str, &str, &str)], says: &'static str) -> Row {
    let image = ", secretRef: {name: s}";
    Row { name, more: More { image, source: "", commit: "", url: None, secrets }, says }
}

const fn certificate(name: &'static str, secrets: &'static [(&str, &str, &str)], says: &'static str) -> Row {
    let image = ", certSecretRef: {name: s}";
    Row { name, more: More { image, source: "", commit: "", url: None, secrets }, says }
}

const fn proxy(name: &'static str, secrets: &'static [(&str, &str, &str)], says: &'static str) -> Row {
    let image = ", proxySecretRef: {name: s}";
    Row { name, more: More { image, source: "", commit: "", url: None, secrets }, says }
}

const fn source(name: &'static str, secrets: &'static [(&str, &str, &str)], says: &'static str) -> Row {
    let source = ", secretRef: {name: s}";
    Row { name, more: More { image: "", source, commit: "", url: None, secrets }, says }
}

const fn source_proxy(name: &'static str, secrets: &'static [(&str, &str, &str)], says: &'static str) -> Row {
    let source = ", proxySecretRef: {name: s}";
    Row { name, more: More { image: "", source, commit: "", url: None, secrets }, says }
}

const fn signing(
    name: &'static str,
    commit: &'static str,
    secrets: &'static [(&str, &str, &str)],
    says: &'static str,
) -> Row {
    Row { name, more: More { image: "", source: "", commit, url: None, secrets }, says }
}

const GPG: &str = ", signingKey: {secretRef: {name: s}}";
const SSH: &str = ", signingKey: {type: ssh, secretRef: {name: s}}";
const ARMOR: &str = "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nhunter2\n-----END PGP PRIVATE KEY BLOCK-----\n";
const OPENSSH: &str = "-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2\n-----END OPENSSH PRIVATE KEY-----\n";
const PEM: &str = "-----BEGIN CERTIFICATE-----\nhunter2\n-----END CERTIFICATE-----\n";

const ROWS: &[Row] = &[
    image("no JSON", &[("s", ".dockerconfigjson", "hunter2")], "Secret/default/s: "),
    image(
        "a broken auth",
        &[("s", ".dockerconfigjson", r#"{"auths": {"127.0.0.1": {"auth": "hunter2!"}}}"#)],
        "Secret/default/s: ",
    ),
    image(
        "an auth without a colon",
        &[("s", ".dockerconfigjson", r#"{"auths": {"127.0.0.1": {"auth": "aHVudGVyMg=="}}}"#)],
        "Secret/default/s: ",
    ),
    image(
        "auths that are no map",
        &[("s", ".dockerconfigjson", r#"{"auths": "hunter2"}"#)],
        "Secret/default/s: ",
    ),
    certificate("no certificate", &[("s", "ca.crt", "hunter2")], "ImageRepository/default/web"),
    certificate("a broken certificate", &[("s", "ca.crt", PEM)], "ImageRepository/default/web"),
    certificate(
        "a key alone",
        &[("s", "tls.key", "hunter2")],
        "Secret/default/s: 'tls.crt' and 'tls.key' must both be set, or neither",
    ),
    certificate(
        "a broken key",
        &[("s", "tls.crt", PEM), ("s", "tls.key", "hunter2")],
        "ImageRepository/default/web",
    ),
    proxy("no address", &[("s", "password", "hunter2")], "Secret/default/s: key 'address' is missing"),
    proxy(
        "an address that is none",
        &[("s", "address", "http://bot:hunter2@[oops")],
        "ImageRepository/default/web",
    ),
    proxy(
        "a password in the address",
        &[("s", "address", "http://bot:hunter2@127.0.0.1:1")],
        "ImageRepository/default/web",
    ),
    source(
        "a bearer token of two lines",
        &[("s", "bearerToken", "hunter2\nhunter2")],
        "ImageUpdateAutomation/default/fleet",
    ),
    source(
        "two kinds at once",
        &[("s", "bearerToken", "hunter2"), ("s", "password", "hunter2"), ("s", "username", "a")],
        "exclude each other",
    ),
    source("a broken authority", &[("s", "ca.crt", PEM)], "ImageUpdateAutomation/default/fleet"),
    source_proxy(
        "an address that is none",
        &[("s", "address", "http://bot:hunter2@[oops")],
        "ImageUpdateAutomation/default/fleet",
    ),
    source_proxy(
        "a password in the address",
        &[("s", "address", "http://bot:hunter2@127.0.0.1:1")],
        "ImageUpdateAutomation/default/fleet",
    ),
    signing("no armor", GPG, &[("s", "git.asc", "hunter2")], "Secret/default/s: "),
    signing("a broken armor", GPG, &[("s", "git.asc", ARMOR)], "Secret/default/s: "),
    signing("no key", GPG, &[("s", "passphrase", "hunter2")], "Secret/default/s: key 'git.asc' is missing"),
    signing("no ssh key", SSH, &[("s", "identity", "hunter2")], "Secret/default/s: "),
    signing("a broken ssh key", SSH, &[("s", "identity", OPENSSH)], "Secret/default/s: "),
];

#[test]
fn a_secret_that_cannot_be_used_is_named_and_not_shown() {
    need!(Part::Git, Part::GitHttpBackend);
    let mut words = Words::default();
    words.secret("bot", "hunter2");
    let check = |row: &Row| {
        let estate = Estate::new();
        write(&estate, &row.more);
        for args in
            [&["run", "objects", "--once", "--state", "state"][..], &["check", "objects", "-o", "json"]]
        {
            let mut args = args.to_vec();
            args.extend(["--log-level", "trace"]);
            let ran = Ran::from(tagalong(estate.folder(), &args).output().unwrap());
            words.search_ran(row.name, &ran);
            if args.contains(&"run") {
                let told = format!("{}{}", ran.stdout, ran.stderr);
                assert!(ran.code == 1 && told.contains(row.says), "{}: {}, {told}", row.name, ran.code);
            }
        }
        assert_eq!(estate.repo.log("main").unwrap().len(), 1, "{}", row.name);
        words.search_files(estate.folder(), &["objects"]);
    };
    side_by_side(ROWS, check);
}
