//! `platforms`, on a registry of the distribution family.

use super::{aged, ask, holds, running, shop};
use crate::support::{Estate, run};
use tagalong_testkit::need;
use tagalong_testkit::parts::Part;
use tagalong_testkit::registry_process::{Image, Options, Registry};

const BOTH: &[&str] = &["linux/amd64", "linux/arm64"];
const WANTED: &str = "  platforms: [linux/amd64, linux/arm64]\n";

/// An estate whose policy reads `acme/web` of a real registry, which holds 1.0.0 for both platforms.
fn real(extra: &str) -> (Estate, Registry) {
    let registry = Registry::start(&Options::default()).unwrap();
    registry.push("acme/web", "1.0.0", &Image::index("1.0.0", BOTH)).unwrap();
    let estate = shop(&["1.0.0"], "");
    wants(&estate, &registry, extra);
    let text = super::WEB.replace("IMAGE", &registry.image("acme/web"));
    estate.commit(&[("apps/web.yaml", &text)]);
    (estate, registry)
}

/// Writes the policy anew.
fn wants(estate: &Estate, registry: &Registry, extra: &str) {
    ask(estate, extra);
    let path = estate.objects().join("web.yaml");
    let yaml = std::fs::read_to_string(&path).unwrap();
    let yaml = yaml.replace(&estate.registry.image("acme/web"), &registry.image("acme/web"));
    std::fs::write(path, yaml).unwrap();
}

#[test]
fn a_half_pushed_image_waits_and_goes_when_it_is_whole() {
    need!(Part::Distribution);
    let (estate, registry) = real(WANTED);
    registry.push("acme/web", "1.1.0", &Image::single("1.1.0")).unwrap();
    let tip = estate.repo.rev("main");
    let told = estate.once().expect(0);
    let missing = "PlatformMissing: 1.1.0 is not there for linux/arm64; it is for linux/amd64";
    assert!(told.stdout.contains(missing) && told.stderr.contains(missing), "{}{}", told.stdout, told.stderr);
    assert_eq!(estate.repo.rev("main"), tip);
    let plan = estate.run("plan", &["-o", "json"]).expect(0).json();
    assert_eq!(plan["repositories"][0]["waiting"][0]["reason"], "PlatformMissing", "{plan}");
    let explained = estate.run("explain", &[]).expect(0).stdout;
    let gates =
        format!("gates    platforms linux/amd64 linux/arm64\n           {missing}\n  verdict  Select 1.0.0");
    assert!(explained.contains(&gates), "{explained}");

    registry.push("acme/web", "1.1.0", &Image::index("1.1.0", BOTH)).unwrap();
    estate.once().expect(0);
    holds(&estate, "1.1.0");
}

#[test]
fn a_tag_that_becomes_whole_is_found_without_a_change_of_the_listing() {
    need!(Part::Distribution);
    let (estate, registry) = real(WANTED);
    registry.push("acme/web", "1.1.0", &Image::index("1.1.0", &["linux/amd64"])).unwrap();
    let mut running = running(&estate);
    running.until("PlatformMissing: 1.1.0");
    registry.push("acme/web", "1.1.0", &Image::index("1.1.0", BOTH)).unwrap();
    running.until("pushed commit");
    holds(&estate, "1.1.0");
}

#[test]
fn the_best_tag_that_is_whole_goes_and_where_none_is_the_fields_are_held() {
    need!(Part::Distribution);
    let (estate, registry) = real(WANTED);
    registry.push("acme/web", "1.1.0", &Image::index("1.1.0", &["linux/arm64/v8", "linux/amd64"])).unwrap();
    registry.push("acme/web", "1.2.0", &Image::index("1.2.0", &["linux/arm/v7", "linux/amd64"])).unwrap();
    estate.once().expect(0);
    holds(&estate, "1.1.0");
    wants(&estate, &registry, "  platforms: [linux/s390x]\n");
    let none = estate.once().expect(1);
    assert!(none.stderr.contains("PlatformMissing"), "{}", none.stderr);
    wants(&estate, &registry, "  platforms: [linux]\n");
    let invalid = estate.once().expect(1);
    assert!(invalid.stdout.contains(".spec.platforms[0]: \"linux\" is no platform"), "{}", invalid.stdout);
    let linted = run(estate.folder(), &["lint", "objects"]).expect(1);
    assert!(linted.stdout.contains("\"linux\" is no platform"), "{}", linted.stdout);
}

#[test]
fn an_image_that_becomes_whole_is_as_old_as_it_is_whole() {
    need!(Part::Distribution);
    let (estate, registry) = real(&format!("{WANTED}  minimumAge: 100h\n"));
    registry.push("acme/web", "1.1.0", &Image::index("1.1.0", &["linux/amd64"])).unwrap();
    estate.once().expect(1);
    aged(&estate);
    estate.once().expect(0);
    registry.push("acme/web", "1.1.0", &Image::index("1.1.0", BOTH)).unwrap();
    let told = estate.once().expect(0);
    assert!(told.stdout.contains("TooYoung: 1.1.0"), "{}", told.stdout);
    aged(&estate);
    estate.once().expect(0);
    holds(&estate, "1.1.0");
}
