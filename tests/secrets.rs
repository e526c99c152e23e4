//! Secrets never show (RULES 24, 25): credentials of every kind are used, well and badly, with everything printed
//! that can be printed, and then every byte that was printed or written is searched for them.

mod lookup;
mod malformed;

use crate::rows::side_by_side;
use crate::support::{Estate, Ran, tagalong};
use base64::Engine as _;
use std::any::Any;
use std::path::Path;
use tagalong_testkit::certs::Authority;
use tagalong_testkit::fake_registry::{Auth, FakeRegistry};
use tagalong_testkit::git_http::{Access, GitHttp, Options, TestAuthority, TestProxy};
use tagalong_testkit::git_repo::git;
use tagalong_testkit::gpg::Gpg;
use tagalong_testkit::need;
use tagalong_testkit::parts::{self, Part};
use tagalong_testkit::sshd::{SshKey, Sshd, SshdOptions};

/// What must not be found anywhere: each secret, and what it looks like on its way.
#[derive(Default)]
struct Words(Vec<String>);

impl Words {
    /// Takes a secret, and as name and password the header it makes.
    fn secret(&mut self, user: &str, secret: &str) {
        let encoded =
            |text: &str| base64::prelude::BASE64_STANDARD.encode(text).trim_end_matches('=').to_owned();
        self.0.extend([secret.to_owned(), encoded(secret), encoded(&format!("{user}:{secret}"))]);
    }

    /// Takes the lines of a private key.
    fn key(&mut self, pem: &str) {
        let lines = pem.lines().filter(|line| line.len() > 20 && !line.starts_with("-----"));
        self.0.extend(lines.map(str::to_owned));
    }

    #[track_caller]
    fn search(&self, place: &str, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        for word in &self.0 {
            assert!(
                !text.contains(word.as_str()),
                "{place} holds {word:?}:\n{}",
                text.chars().take(4000).collect::<String>()
            );
        }
    }

    /// The net has no holes: what is looked for stands where it should stand.
    #[track_caller]
    fn search_inputs(&self, objects: &Path) {
        let files = std::fs::read_dir(objects).unwrap();
        let text: String = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect();
        assert!(self.0.iter().any(|word| text.contains(word.as_str())), "{:?}", self.0);
    }

    #[track_caller]
    fn search_ran(&self, place: &str, ran: &Ran) {
        self.search(&format!("{place}: stdout"), ran.stdout.as_bytes());
        self.search(&format!("{place}: stderr"), ran.stderr.as_bytes());
    }

    /// Everything below a folder: the state, and what else a command may have left.
    #[track_caller]
    fn search_files(&self, folder: &Path, but: &[&str]) {
        for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()) {
            let (path, name) = (entry.path(), entry.file_name());
            if but.iter().any(|but| name == *but) {
                continue;
            }
            if path.is_dir() {
                self.search_files(&path, &[]);
            } else {
                self.search(&path.display().to_string(), &std::fs::read(&path).unwrap());
            }
            self.search("a file's name", path.to_string_lossy().as_bytes());
        }
    }
}

/// An estate with its Secrets, and what they hold.
struct Guarded {
    name: String,
    estate: Estate,
    words: Words,
    /// Servers beside those of the estate, for as long as it is used.
    _servers: Vec<Box<dyn Any>>,
}

/// What the objects of an estate say beside what every estate's say.
#[derive(Default)]
struct More<'a> {
    /// Below the spec of the ImageRepository.
    image: &'a str,
    /// Below the spec of the GitRepository.
    source: &'a str,
    /// Below the automation's `git.commit`.
    commit: &'a str,
    /// Instead of the URL over http.
    url: Option<String>,
    /// Name, key and value.
    secrets: &'a [(&'a str, &'a str, &'a str)],
}

fn write(estate: &Estate, more: &More<'_>) {
    let author = "author: {name: bot, email: bot@example.com}";
    let web = estate
        .image_and_policy("web", "1.x")
        .replace("interval: 5m, timeout: 5s", &format!("interval: 1s, timeout: 2s{}", more.image));
    estate.object("web.yaml", &web);
    let fleet = estate
        .automation("")
        .replace("interval: 5m, ref:", &format!("interval: 5m{}, ref:", more.source))
        .replace(author, &format!("{author}{}", more.commit));
    let own = estate.git.url("fleet.git");
    estate.object("fleet.yaml", &fleet.replace(&own, more.url.as_deref().unwrap_or(&own)));
    let mut names: Vec<&str> = more.secrets.iter().map(|(name, ..)| *name).collect();
    names.dedup();
    for name in names {
        let values = more.secrets.iter().filter(|(secret, ..)| *secret == name);
        let values: String = values.map(|(_, key, value)| format!("  {key}: {value:?}\n")).collect();
        let yaml = format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}}}\nstringData:\n{values}");
        estate.object(&format!("secret-{name}.yaml"), &yaml);
    }
    estate.registry.push_tags("acme/web", ["1.0.0", "1.1.0"]);
    estate.commit(&[("web.yaml", "image: IMAGE:1.0.0 # {\"$imagepolicy\": \"default:web\"}\n")]);
}

fn docker_config(estate: &Estate, auth: &str) -> String {
    format!("{{\"auths\": {{\"{}\": {{{auth}}}}}}}", estate.registry.host())
}

/// Runs everything that prints, at its loudest, and searches all of it.
fn check(guarded: &Guarded, right: bool) {
    let Guarded { name, estate, words, .. } = guarded;
    let code = i32::from(!right);
    let loud = |command: &str, args: &[&str]| {
        let mut all = vec![command, "objects", "--log-level", "trace"];
        all.extend(args);
        if command != "check" {
            all.extend(["--state", "state"]);
        }
        let ran = Ran::from(tagalong(estate.folder(), &all).output().unwrap());
        words.search_ran(&format!("{name}: {command} {args:?}"), &ran);
        ran
    };
    words.search_inputs(&estate.objects());
    loud("check", &["-o", "json"]).expect(code);
    loud("run", &["--once"]).expect(code);
    let written = estate.repo.read("main", "web.yaml").unwrap().contains(":1.1.0 #");
    assert_eq!(written, right, "{name}");
    estate.registry.push_tag("acme/web", "1.2.0");
    loud("run", &["--once", "--log-format", "json", "-o", "json"]).expect(code);
    if right {
        estate.registry.push_tag("acme/web", "1.3.0");
        loud("plan", &["-o", "json", "--log-format", "json"]).expect(0);
        loud("explain", &["-o", "json"]).expect(0);
    }
    words.search_files(estate.folder(), &["objects", "git"]);
    let objects = ["cat-file", "--batch-all-objects", "--batch"];
    let output = git().arg("--git-dir").arg(estate.repo.path()).args(objects).output().unwrap();
    words.search(&format!("{name}: the repository"), &output.stdout);
    words.search_files(estate.repo.path(), &["objects"]);
}

/// Passwords everywhere: registry, Git server, a proxy before each, and a GPG key.
fn passwords(right: bool) -> Guarded {
    let given = |secret: &str| if right { secret.to_owned() } else { format!("{secret}-old") };
    let mut words = Words::default();
    let (registry, repository) = (given("hunter2-registry"), given("hunter2-git"));
    let (proxy, passphrase) = (given("hunter2-proxy"), "hunter2-gpg");
    words.secret("robot", &registry);
    words.secret("bot", &repository);
    words.secret("runner", &proxy);
    words.secret("", passphrase);

    let mut estate = Estate::new();
    estate.registry =
        FakeRegistry::builder().auth(Auth::Basic("robot".into(), "hunter2-registry".into())).start().unwrap();
    let access = Access::Basic("bot".into(), "hunter2-git".into());
    estate.git =
        GitHttp::start(&estate.folder().join("git"), Options { access, ..Options::default() }).unwrap();
    let between = TestProxy::http(Some(("runner", &proxy))).unwrap();
    let gpg = Gpg::new().unwrap();
    gpg.generate("Tagalong <bot@example.com>", passphrase).unwrap();
    let key = gpg.export(passphrase).unwrap();
    words.key(&key);
    write(
        &estate,
        &More {
            image: ", secretRef: {name: registry}, proxySecretRef: {name: proxy}",
            source: ", secretRef: {name: git}, proxySecretRef: {name: proxy}",
            commit: ", signingKey: {secretRef: {name: gpg}}",
            secrets: &[
                (
                    "registry",
                    ".dockerconfigjson",
                    &docker_config(
                        &estate,
                        &format!("\"username\": \"robot\", \"password\": \"{registry}\""),
                    ),
                ),
                ("git", "username", "bot"),
                ("git", "password", &repository),
                ("proxy", "address", &between.address()),
                ("proxy", "username", "runner"),
                ("proxy", "password", &proxy),
                ("gpg", "git.asc", &key),
                ("gpg", "passphrase", passphrase),
            ],
            ..More::default()
        },
    );
    Guarded {
        name: format!("passwords, right: {right}"),
        estate,
        words,
        _servers: vec![Box::new(between), Box::new(gpg)],
    }
}

/// Tokens and keys: a token service, a bearer token over mutual TLS, a locked ssh key to sign with.
fn tokens(right: bool) -> Guarded {
    let given = |secret: &str| if right { secret.to_owned() } else { format!("{secret}-old") };
    let mut words = Words::default();
    let (registry, bearer, password) = (given("hunter2-service"), given("hunter2-bearer"), "hunter2-signing");
    words.secret("robot", &registry);
    words.secret("", &bearer);
    words.secret("", password);

    let mut estate = Estate::new();
    estate.registry =
        FakeRegistry::builder().auth(Auth::Token("robot".into(), "hunter2-service".into())).start().unwrap();
    let authority = TestAuthority::new().unwrap();
    let options = Options {
        access: Access::Bearer("hunter2-bearer".into()),
        tls: Some(authority.server(true).unwrap()),
        ..Options::default()
    };
    estate.git = GitHttp::start(&estate.folder().join("git"), options).unwrap();
    let client = authority.identity().unwrap();
    words.key(&client.key_pem);
    let signing = SshKey::generate("-t ed25519 -a 1", password).unwrap();
    words.key(&signing.private);
    write(
        &estate,
        &More {
            image: ", secretRef: {name: registry}",
            source: ", secretRef: {name: git}",
            commit: ", signingKey: {type: ssh, secretRef: {name: signing}}",
            secrets: &[
                (
                    "registry",
                    ".dockerconfigjson",
                    &docker_config(
                        &estate,
                        &format!("\"username\": \"robot\", \"password\": \"{registry}\""),
                    ),
                ),
                ("git", "bearerToken", &bearer),
                ("git", "ca.crt", authority.pem()),
                ("git", "tls.crt", &client.cert_pem),
                ("git", "tls.key", &client.key_pem),
                ("signing", "identity", &signing.private),
                ("signing", "password", password),
            ],
            ..More::default()
        },
    );
    // The tokens that the service gives out are secrets as well, and `token-1` is easily found.
    words.0.extend((1..9).map(|n| format!("token-{n}")));
    Guarded { name: format!("tokens, right: {right}"), estate, words, _servers: Vec::new() }
}

/// An identity token, and a locked key over ssh through a proxy.
fn keys(right: bool) -> Guarded {
    let given = |secret: &str| if right { secret.to_owned() } else { format!("{secret}-old") };
    let mut words = Words::default();
    let (identity, password, proxy) = (given("hunter2-identity"), given("hunter2-key"), "hunter2-socks");
    words.secret("", &identity);
    words.secret("", &password);
    words.secret("runner", proxy);

    let mut estate = Estate::new();
    estate.registry =
        FakeRegistry::builder().auth(Auth::IdentityToken("hunter2-identity".into())).start().unwrap();
    let key = SshKey::generate("-t ed25519 -a 1", "hunter2-key").unwrap();
    words.key(&key.private);
    let sshd =
        Sshd::start(&SshdOptions { authorized: vec![key.public.clone()], ..SshdOptions::default() }).unwrap();
    let between = TestProxy::socks5(Some(("runner", proxy))).unwrap();
    write(
        &estate,
        &More {
            image: ", secretRef: {name: registry}",
            source: ", secretRef: {name: git}, proxySecretRef: {name: proxy}",
            url: Some(sshd.url(estate.repo.path())),
            secrets: &[
                (
                    "registry",
                    ".dockerconfigjson",
                    &docker_config(&estate, &format!("\"identitytoken\": \"{identity}\"")),
                ),
                ("git", "identity", &key.private),
                ("git", "password", &password),
                ("git", "known_hosts", &sshd.known_hosts()),
                ("proxy", "address", &between.address()),
                ("proxy", "username", "runner"),
                ("proxy", "password", proxy),
            ],
            ..More::default()
        },
    );
    Guarded {
        name: format!("keys, right: {right}"),
        estate,
        words,
        _servers: vec![Box::new(sshd), Box::new(between)],
    }
}

/// A registry token over mutual TLS, and a repository on this machine.
fn certificates(right: bool) -> Guarded {
    let given = |secret: &str| if right { secret.to_owned() } else { format!("{secret}-old") };
    let mut words = Words::default();
    let token = given("hunter2-registry-token");
    words.secret("", &token);

    let mut estate = Estate::new();
    let authority = Authority::new().unwrap();
    let auth = Auth::RegistryToken("hunter2-registry-token".into());
    estate.registry = FakeRegistry::builder().auth(auth).mutual_tls(&authority).unwrap().start().unwrap();
    let client = authority.client("tagalong").unwrap();
    words.key(&client.key_pem);
    write(
        &estate,
        &More {
            image: ", secretRef: {name: registry}, certSecretRef: {name: cert}",
            url: Some(estate.repo.path().display().to_string()),
            secrets: &[
                (
                    "registry",
                    ".dockerconfigjson",
                    &docker_config(&estate, &format!("\"registrytoken\": \"{token}\"")),
                ),
                ("cert", "ca.crt", authority.cert_pem()),
                ("cert", "tls.crt", &client.cert_pem),
                ("cert", "tls.key", &client.key_pem),
            ],
            ..More::default()
        },
    );
    Guarded { name: format!("certificates, right: {right}"), estate, words, _servers: Vec::new() }
}

/// An estate, what it needs, and whether its Secrets hold what the servers want.
type Row = (fn(bool) -> Guarded, &'static [Part], bool);

#[test]
fn credentials_of_every_kind_never_show() {
    need!(Part::Git, Part::GitHttpBackend);
    let rows: &[Row] = &[
        (passwords, &[Part::Gpg], true),
        (passwords, &[Part::Gpg], false),
        (tokens, &[Part::SshKeygen], true),
        (tokens, &[Part::SshKeygen], false),
        (keys, &[Part::SshKeygen, Part::Sshd], true),
        (keys, &[Part::SshKeygen, Part::Sshd], false),
        (certificates, &[], true),
        (certificates, &[], false),
    ];
    side_by_side(rows, |(guarded, parts, right)| {
        if parts.iter().all(|part| parts::need(*part).is_some()) {
            check(&guarded(*right), *right);
        }
    });
}
