//! Work, counted at the servers: what is asked for once is not asked for twice, and nothing new costs next to nothing.

use crate::running::Running;
use crate::support::{Estate, tagalong};
use tagalong_testkit::fake_registry::Listing;
use tagalong_testkit::need;
use tagalong_testkit::parts::Part;

const WEB: &str = "image: IMAGE:1.0.0 # {\"$imagepolicy\": \"default:web\"}\n";

fn lists(estate: &Estate) -> usize {
    estate.registry.requests().iter().filter(|request| request.path.ends_with("/tags/list")).count()
}

#[test]
fn two_objects_of_one_image_share_one_scan() {
    need!(Part::Git, Part::GitHttpBackend);
    let estate = Estate::new();
    estate.registry.listing(Listing::Generated(2500));
    let image = |name: &str, spec: &str| {
        let yaml = estate.image_and_policy("web", "1.x").replace("{name: web}", &format!("{{name: {name}}}"));
        estate.object(&format!("{name}.yaml"), &yaml.replace("timeout: 5s", &format!("timeout: 30s{spec}")));
    };
    image("one", "");
    image("two", ", exclusionList: [\"^1\\\\.0\\\\.1\"]");
    let ran = estate.once().expect(0);
    assert_eq!(lists(&estate), 3, "three pages, once");
    for told in ["found 2500 tags", "found 1389 tags", "one: Latest", "two: Latest"] {
        assert!(ran.stderr.contains(told), "{told}: {}", ran.stderr);
    }
    // Not due, so not asked for; other credentials see another list.
    estate.once().expect(0);
    assert_eq!(lists(&estate), 3);
    image("three", ", secretRef: {name: s}");
    let config = "'{\"auths\": {}}'";
    estate.object("s.yaml", &format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData: {{.dockerconfigjson: {config}}}\n"));
    estate.once().expect(0);
    assert_eq!(lists(&estate), 6);
}

#[test]
fn a_turn_without_news_asks_git_twice_and_registries_never() {
    need!(Part::Git, Part::GitHttpBackend);
    let estate = Estate::with_web("1.x", &["1.0.0", "1.1.0"], &[("web.yaml", WEB)]);
    let fleet = estate.automation("").replace("spec:\n  interval: 5m", "spec:\n  interval: 200ms");
    estate.object("fleet.yaml", &fleet);
    let args = ["run", "objects", "--state", "state", "--log-level", "debug"];
    let mut running = Running::start(tagalong(estate.folder(), &args));
    running.until("pushed commit");
    running.until("no change since last reconciliation");
    estate.git.take_requests();
    estate.registry.take_requests();
    for _ in 0..5 {
        running.until("no change since last reconciliation");
    }
    let requests = estate.git.take_requests();
    let line = |method: &str, path: &str| (method.to_owned(), path.to_owned());
    let hello = line("GET", "/fleet.git/info/refs?service=git-upload-pack");
    let refs = line("POST", "/fleet.git/git-upload-pack");
    // It was looked in the middle of a turn perhaps; every turn is one of each.
    let seen: Vec<_> = requests.into_iter().map(|request| (request.method, request.path)).collect();
    assert!(seen.len() >= 8, "{seen:?}");
    for pair in seen.windows(2) {
        assert!(
            [&hello, &refs] == [&pair[0], &pair[1]] || [&refs, &hello] == [&pair[0], &pair[1]],
            "{seen:?}"
        );
    }
    assert_eq!(estate.registry.take_requests(), []);
}

#[test]
fn a_manifest_is_asked_for_once_however_many_fields_name_it() {
    need!(Part::Git, Part::GitHttpBackend);
    let files: Vec<String> = (0..20).map(|n| format!("{n}.yaml")).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|name| (name.as_str(), WEB)).collect();
    let estate = Estate::with_web("1.x", &["1.0.0", "1.1.0"], &files);
    estate.once().expect(0);
    let manifests = |estate: &Estate| {
        estate.registry.requests().iter().filter(|r| r.path.contains("/manifests/")).count()
    };
    assert_eq!(manifests(&estate), 1);
    estate.once().expect(0);
    assert_eq!(manifests(&estate), 1, "nothing is written, so nothing is asked for");
}
