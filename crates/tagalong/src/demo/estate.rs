//! What a demo folder is filled with: the files of the Git repository, the objects under `fleet/`, and the tags that
//! the registry has at first. The files are beside this one, to be read as they are; only the registry's port and one
//! digest are filled in.

use super::image;
use super::place::{BRANCH, Place};
use super::storage::Name;
use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use tagalong_git::CommitMeta;
use tagalong_model::{Digest, RepoPath, Tag};

/// The registry's address in the files as they are here.
const REGISTRY: &str = "localhost:5000";
/// The digest of the gateway's image in the files as they are here.
const NO_DIGEST: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
/// The file that somebody keeps with CR LF.
const CRLF: &str = "apps/worker/cronjob.yaml";

macro_rules! embedded {
    ($folder:literal: $($path:literal)+) => {
        &[$(($path, include_str!(concat!($folder, "/", $path)))),+]
    };
}

const ESTATE: &[(&str, &str)] = embedded!("estate":
    "README.md"
    "apps/api/deployment.yaml"
    "apps/batch/job.yaml"
    "apps/gateway/release.yaml"
    "apps/search/deployment.yaml"
    "apps/web/deployment.yaml"
    "apps/web/kustomization.yaml"
    "apps/worker/cronjob.yaml"
    "images/toolbox/Dockerfile"
);

const FLEET: &[(&str, &str)] = embedded!("fleet":
    "api.yaml"
    "automation.yaml"
    "gateway.yaml"
    "source.yaml"
    "sync.yaml"
    "toolbox.yaml"
    "web.yaml"
    "worker.yaml"
);

/// The tags of each image at first.
const TAGS: &[(&str, &[&str])] = &[
    ("base/toolbox", &["97", "98", "99", "100", "101"]),
    ("shop/api", &["2.1.7", "2.2.0", "2.3.0", "2.3.1"]),
    ("shop/gateway", &["edge", STABLE, "2025-09-30"]),
    (
        "shop/web",
        &[
            "1.8.0",
            "1.9.0",
            "1.9.1",
            "1.9.2",
            "1.10.0",
            "1.10.1",
            "2.0.0-rc.1",
            "latest",
            "nightly",
            "sha256-5d41402abc4b2a76b9719d911017c592ae2d5c1b0e6f7d8390a1b2c3d4e5f607.sig",
        ],
    ),
    (
        "shop/worker",
        &[
            "main-9f31c07-1759300000",
            "main-e1d2c3b-1759372000",
            "main-0c44ab9-1759386400",
            "feature-cart-77aa012-1759390000",
            "buildcache",
        ],
    ),
];
const GATEWAY: &str = "shop/gateway";
const STABLE: &str = "stable";

/// A file of the estate, for the list that the demo begins with.
pub(crate) struct Listed {
    pub(crate) path: &'static str,
    pub(crate) markers: usize,
}

/// What was made.
pub(crate) struct Made {
    /// The repository's first commit.
    pub(crate) commit: String,
    pub(crate) estate: Vec<Listed>,
    pub(crate) fleet: Vec<&'static str>,
}

/// Fills a new demo folder.
///
/// # Errors
/// When something cannot be written.
pub(crate) fn make(place: &Place, port: u16) -> anyhow::Result<Made> {
    let now = Timestamp::now();
    let before = fill_registry(place, now)?;
    let filled =
        |text: &str| text.replace(REGISTRY, &format!("localhost:{port}")).replace(NO_DIGEST, before.as_str());
    std::fs::create_dir_all(place.fleet())
        .with_context(|| format!("cannot make {}", place.fleet().display()))?;
    for (name, text) in FLEET {
        let path = place.fleet().join(name);
        std::fs::write(&path, filled(text)).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let mut files: Vec<(RepoPath, Vec<u8>)> = Vec::new();
    for (path, text) in ESTATE {
        let text = filled(text);
        let text = if *path == CRLF { text.replace('\n', "\r\n") } else { text };
        files.push((path.parse()?, text.into_bytes()));
    }
    let meta = CommitMeta {
        name: "Mia",
        email: "mia@shop.example",
        time: now,
        message: "Put the shop as it runs into Git",
        signer: None,
    };
    let commit = tagalong_git::init(&place.estate(), BRANCH, &files, &meta)?;
    let markers = |text: &str| text.matches("$imagepolicy\"").count();
    Ok(Made {
        commit,
        estate: ESTATE.iter().map(|&(path, text)| Listed { path, markers: markers(text) }).collect(),
        fleet: FLEET.iter().map(|&(name, _)| name).collect(),
    })
}

/// Pushes the first tags; the digest that the gateway's moving tag had before it moved for the last time.
fn fill_registry(place: &Place, now: Timestamp) -> anyhow::Result<Digest> {
    let storage = place.storage();
    let (gateway, stable) = (name(GATEWAY)?, STABLE.parse::<Tag>()?);
    let before = image::push(&storage, &gateway, &stable, now - SignedDuration::from_hours(72))?;
    for (image, tags) in TAGS {
        let name = name(image)?;
        for tag in *tags {
            image::push(&storage, &name, &tag.parse()?, now)?;
        }
    }
    Ok(before)
}

fn name(text: &str) -> anyhow::Result<Name> {
    Name::parse(text).with_context(|| format!("{text} is no image name"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tagalong_edit::{FileKind, line_format, scan};

    #[test]
    fn the_estate_is_odd_and_yet_every_marker_in_it_is_read() {
        let mut sites = 0;
        for (path, text) in ESTATE {
            let file = path.rsplit('/').next().unwrap();
            let kind = match line_format(file) {
                Some(format) if file == "Dockerfile" => FileKind::Lines(format),
                _ => FileKind::Yaml,
            };
            if file == "README.md" {
                continue;
            }
            let text = if *path == CRLF { text.replace('\n', "\r\n") } else { (*text).to_owned() };
            let found = scan(text.as_bytes(), kind);
            assert_eq!(found.problems, [], "{path}");
            let fields: usize = found.sites.iter().map(|site| site.fields.len()).sum();
            assert_eq!(fields, text.matches("$imagepolicy\"").count(), "{path}");
            sites += found.sites.len();
        }
        assert_eq!(sites, 9);
    }

    #[test]
    fn a_folder_is_filled_with_the_port_in_every_image_name() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::create(&dir.path().join("demo")).unwrap();
        let made = make(&place, 4711).unwrap();
        assert_eq!(made.commit.len(), 40);
        assert_eq!(place.storage().names().unwrap().len(), TAGS.len());
        for file in &made.fleet {
            let text = std::fs::read_to_string(place.fleet().join(file)).unwrap();
            assert!(!text.contains(REGISTRY), "{file}");
        }
        let loaded = tagalong_files::load(&[place.fleet()]).unwrap();
        assert_eq!((loaded.repositories.len(), loaded.policies.len()), (5, 5));
        assert!(
            loaded.repositories.iter().all(|located| located
                .object
                .spec
                .image
                .starts_with("localhost:4711/"))
        );
    }
}
