//! The ways that lead to a server: proxies, authorities, client certificates; and what goes along with a push.

use crate::support::{Estate, Ran, tagalong};
use tagalong_testkit::certs::Authority;
use tagalong_testkit::fake_registry::FakeRegistry;
use tagalong_testkit::git_http::{GitHttp, Options, TestAuthority, TestProxy};
use tagalong_testkit::need;
use tagalong_testkit::parts::Part;
use tagalong_testkit::sshd::{SshKey, Sshd, SshdOptions};

const WEB: &str = "image: IMAGE:1.0.0 # {\"$imagepolicy\": \"default:web\"}\n";

fn estate() -> Estate {
    Estate::with_web("1.x", &["1.0.0", "1.1.0"], &[("web.yaml", WEB)])
}

fn secret(estate: &Estate, name: &str, values: &[(&str, &str)]) {
    let values: String = values.iter().map(|(key, value)| format!("  {key}: {value:?}\n")).collect();
    let yaml = format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}}}\nstringData:\n{values}");
    estate.object(&format!("secret-{name}.yaml"), &yaml);
}

/// Writes the objects with more in the specs of the image and of the source.
fn objects(estate: &Estate, image: &str, source: &str) {
    let web = estate.image_and_policy("web", "1.x");
    estate.object(
        "web.yaml",
        &web.replace("interval: 5m, timeout: 5s", &format!("interval: 5m, timeout: 5s{image}")),
    );
    let fleet = estate.automation("");
    estate.object("fleet.yaml", &fleet.replace("interval: 5m, ref:", &format!("interval: 5m{source}, ref:")));
}

#[track_caller]
fn is_written(estate: &Estate) {
    estate.once().expect(0);
    assert!(estate.repo.read("main", "web.yaml").unwrap().contains(":1.1.0 #"));
}

#[test]
fn a_proxy_is_gone_through() {
    need!(Part::Git, Part::GitHttpBackend);
    let estate = estate();
    let proxy = TestProxy::http(Some(("runner", "pass"))).unwrap();
    objects(&estate, ", proxySecretRef: {name: proxy}", ", proxySecretRef: {name: proxy}");
    secret(&estate, "proxy", &[("address", &proxy.address()), ("username", "runner"), ("password", "pass")]);
    is_written(&estate);
    let targets = proxy.targets();
    let git = estate.git.url("").trim_start_matches("http://").trim_end_matches('/').to_owned();
    for host in [estate.registry.host(), git] {
        assert!(targets.contains(&host), "{host}: {targets:?}");
    }
}

#[test]
fn ssh_goes_through_a_socks_proxy() {
    need!(Part::Git, Part::GitHttpBackend, Part::Sshd, Part::SshKeygen);
    let estate = estate();
    let key = SshKey::generate("-t ed25519", "").unwrap();
    let sshd =
        Sshd::start(&SshdOptions { authorized: vec![key.public.clone()], ..SshdOptions::default() }).unwrap();
    let proxy = TestProxy::socks5(None).unwrap();
    objects(&estate, "", ", secretRef: {name: git}, proxySecretRef: {name: proxy}");
    let fleet = std::fs::read_to_string(estate.objects().join("fleet.yaml")).unwrap();
    estate.object("fleet.yaml", &fleet.replace(&estate.git.url("fleet.git"), &sshd.url(estate.repo.path())));
    secret(
        &estate,
        "git",
        &[("identity", &key.private), ("identity.pub", &key.public), ("known_hosts", &sshd.known_hosts())],
    );
    secret(&estate, "proxy", &[("address", &proxy.address())]);
    is_written(&estate);
    assert!(proxy.targets().contains(&sshd.address()), "{:?}", proxy.targets());
}

#[test]
fn authorities_and_client_certificates_are_shown_to_their_servers() {
    need!(Part::Git, Part::GitHttpBackend);
    let mut estate = Estate::new();
    let (ours, theirs) = (Authority::new().unwrap(), TestAuthority::new().unwrap());
    estate.registry = FakeRegistry::builder().mutual_tls(&ours).unwrap().start().unwrap();
    estate.registry.push_tags("acme/web", ["1.0.0", "1.1.0"]);
    let tls = Some(theirs.server(true).unwrap());
    estate.git = GitHttp::start(&estate.folder().join("git"), Options { tls, ..Options::default() }).unwrap();
    estate.commit(&[("web.yaml", WEB)]);
    objects(&estate, ", certSecretRef: {name: registry}", ", secretRef: {name: git}");
    let (client, identity) = (ours.client("tagalong").unwrap(), theirs.identity().unwrap());
    // The second one is spelled as Flux spelled it of old.
    secret(
        &estate,
        "registry",
        &[("ca.crt", ours.cert_pem()), ("tls.crt", &client.cert_pem), ("tls.key", &client.key_pem)],
    );
    secret(
        &estate,
        "git",
        &[("caFile", theirs.pem()), ("certFile", &identity.cert_pem), ("keyFile", &identity.key_pem)],
    );
    is_written(&estate);
}

#[test]
fn the_authorities_of_a_file_are_trusted_by_registries_and_git_servers() {
    need!(Part::Git, Part::GitHttpBackend);
    let mut estate = Estate::new();
    let (ours, theirs) = (Authority::new().unwrap(), TestAuthority::new().unwrap());
    estate.registry = FakeRegistry::builder().tls(&ours).unwrap().start().unwrap();
    estate.registry.push_tags("acme/web", ["1.0.0", "1.1.0"]);
    let tls = Some(theirs.server(false).unwrap());
    estate.git = GitHttp::start(&estate.folder().join("git"), Options { tls, ..Options::default() }).unwrap();
    estate.commit(&[("web.yaml", WEB)]);
    objects(&estate, "", "");
    std::fs::write(estate.folder().join("ca.pem"), format!("{}{}", ours.cert_pem(), theirs.pem())).unwrap();
    let run = |command: &str, more: &[&str]| {
        let mut args = vec![command, "objects", "--ca-file", "ca.pem"];
        args.extend(more);
        Ran::from(tagalong(estate.folder(), &args).output().unwrap()).expect(0)
    };
    run("check", &[]);
    run("run", &["--once", "--state", "state"]);
    assert!(estate.repo.read("main", "web.yaml").unwrap().contains(":1.1.0 #"));
}

#[test]
fn push_options_arrive_at_the_hooks() {
    need!(Part::Git, Part::GitHttpBackend, Part::Sshd, Part::SshKeygen);
    let key = SshKey::generate("-t ed25519", "").unwrap();
    let sshd =
        Sshd::start(&SshdOptions { authorized: vec![key.public.clone()], ..SshdOptions::default() }).unwrap();
    for over_ssh in [false, true] {
        let estate = estate();
        let options =
            "    push: {options: {ci.skip: \"\", merge_request.title: \"New tags: 100%\", topic: images}}\n";
        let mut fleet = estate.automation(options);
        if over_ssh {
            fleet = fleet
                .replace(&estate.git.url("fleet.git"), &sshd.url(estate.repo.path()))
                .replace("interval: 5m, ref:", "interval: 5m, secretRef: {name: git}, ref:");
            secret(&estate, "git", &[("identity", &key.private), ("known_hosts", &sshd.known_hosts())]);
        }
        estate.object("fleet.yaml", &fleet);
        let arrived = estate.folder().join("arrived");
        let hook = format!(
            "n=0; while test $n -lt $GIT_PUSH_OPTION_COUNT; do eval \"printf '%s\\n' \\\"\\$GIT_PUSH_OPTION_$n\\\"\"; n=$((n+1)); done > {}",
            arrived.display()
        );
        estate.repo.hook("pre-receive", &hook).unwrap();
        is_written(&estate);
        let arrived = std::fs::read_to_string(&arrived).unwrap();
        assert_eq!(arrived, "ci.skip\nmerge_request.title=New tags: 100%\ntopic=images\n", "ssh: {over_ssh}");
    }
}

#[test]
fn a_refspec_goes_with_the_branch_or_neither_does() {
    need!(Part::Git, Part::GitHttpBackend);
    for (push, refs) in [
        ("{refspec: \"refs/heads/main:refs/heads/release\"}", &["main", "release"][..]),
        ("{refspec: \"HEAD:refs/for/main\"}", &["main", "refs/for/main"]),
        ("{branch: auto, refspec: \"refs/heads/auto:refs/heads/copy\"}", &["auto", "copy"]),
    ] {
        let estate = estate();
        let base = estate.repo.rev("main").unwrap();
        estate.object("fleet.yaml", &estate.automation(&format!("    push: {push}\n")));
        let ran = estate.once().expect(0);
        for name in refs {
            let parent = estate.repo.rev(&format!("{name}^"));
            assert_eq!(parent.as_ref(), Some(&base), "{push}: {name}: {}", ran.stderr);
            assert_eq!(estate.repo.rev(name), estate.repo.rev(refs[0]), "{push}");
        }
        estate.once().expect(0);
        assert_eq!(
            estate.repo.rev(&format!("{}^", refs[0])),
            Some(base),
            "{push}: the second run makes none"
        );
    }
    // The second ref is refused: the first one does not move either, and the run says so.
    let estate = estate();
    let base = estate.repo.rev("main");
    estate.repo.hook("update", "test \"$1\" != refs/heads/release").unwrap();
    estate.object(
        "fleet.yaml",
        &estate.automation("    push: {refspec: \"refs/heads/main:refs/heads/release\"}\n"),
    );
    let ran = estate.once().expect(1);
    assert!(
        ran.stdout.contains("the server refused the push to refs/heads/release: hook declined"),
        "{}",
        ran.stdout
    );
    assert_eq!((estate.repo.rev("main"), estate.repo.rev("release")), (base, None));
}
