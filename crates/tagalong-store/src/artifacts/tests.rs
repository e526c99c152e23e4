//! Paths, drafts and retention, on a real folder.

use super::*;

const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn store(records: usize) -> (tempfile::TempDir, Artifacts) {
    let folder = tempfile::tempdir().unwrap();
    let retention = Retention { ttl: Duration::from_secs(60), records };
    let artifacts = Artifacts::open(&folder.path().join("artifacts"), retention).unwrap();
    (folder, artifacts)
}

fn path(commit: &str) -> ArtifactPath {
    ArtifactPath::of(&ObjectKey::new("apps", "fleet"), commit).unwrap()
}

fn put(artifacts: &Artifacts, path: &ArtifactPath, bytes: &[u8]) -> Stored {
    let mut draft = artifacts.begin(path).unwrap();
    draft.write_all(bytes).unwrap();
    draft.finish().unwrap()
}

/// As if the archive had been made so many seconds ago.
fn age(artifacts: &Artifacts, path: &ArtifactPath, seconds: u64) {
    let file = File::options().write(true).open(artifacts.dir.join(path.as_str())).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(seconds)).unwrap();
}

#[test]
fn only_the_path_of_an_archive_is_one() {
    assert_eq!(path(A).as_str(), format!("gitrepository/apps/fleet/{A}.tar.gz"));
    for bad in [
        "",
        "/",
        "gitrepository",
        "gitrepository/a/b/",
        "gitrepository/a/b/.tar.gz",
        "gitrepository/a/b/c.zip",
        "gitrepository/a/../c.tar.gz",
        "gitrepository/../b/c.tar.gz",
        "gitrepository/a/b/../c.tar.gz",
        "gitrepository/a/b/c/d.tar.gz",
        "/gitrepository/a/b/c.tar.gz",
        "gitrepository//b/c.tar.gz",
        "gitrepository/a/b/..tar.gz",
        "gitrepository/a/.b/c.tar.gz",
        "gitrepository/a/b/.writing-x.tar.gz",
        "gitrepository/a/b/c%2f.tar.gz",
        "gitrepository/a/b/c\\.tar.gz",
        "gitrepository/a/b/c\0.tar.gz",
        "mirrors/a/b/c.tar.gz",
    ] {
        assert!(bad.parse::<ArtifactPath>().is_err(), "{bad:?}");
    }
    assert_eq!(ArtifactPath::of(&ObjectKey::new("..", "x"), A), None);
    assert_eq!(ArtifactPath::of(&ObjectKey::new("a", "x/y"), A), None);
}

#[test]
fn an_archive_appears_whole_with_its_digest() {
    let (_folder, artifacts) = store(2);
    let path = path(A);
    let mut draft = artifacts.begin(&path).unwrap();
    draft.write_all(b"ab").unwrap();
    assert!(artifacts.read(&path).is_err());
    draft.write_all(b"c").unwrap();
    let stored = draft.finish().unwrap();
    let digest = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(stored, Stored { digest: digest.to_owned(), size: 3 });
    assert!(artifacts.holds(&path, digest));
    drop(artifacts.begin(&path).unwrap());
    assert!(artifacts.holds(&path, digest), "a draft that is not finished changes nothing");
    put(&artifacts, &path, b"else");
    assert!(!artifacts.holds(&path, digest));
    assert_eq!(archives(artifacts.dir.join(path.as_str()).parent().unwrap()).unwrap().len(), 1);
}

#[test]
fn a_link_is_not_followed() {
    let (folder, artifacts) = store(2);
    let secret = folder.path().join("secret");
    fs::write(&secret, "s").unwrap();
    put(&artifacts, &path(A), b"a");
    let file = artifacts.dir.join(path(A).as_str());
    fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink(&secret, &file).unwrap();
    assert!(artifacts.read(&path(A)).is_err());
}

#[test]
fn the_oldest_go_first_and_the_current_one_never() {
    let (_folder, artifacts) = store(2);
    let paths: Vec<ArtifactPath> = ["a", "b", "c"].into_iter().map(|name| path(&name.repeat(40))).collect();
    for (path, seconds) in paths.iter().zip([300, 20, 10]) {
        put(&artifacts, path, b"x");
        age(&artifacts, path, seconds);
    }
    let there = |expected: [bool; 3]| {
        let found: Vec<bool> = paths.iter().map(|path| artifacts.read(path).is_ok()).collect();
        assert_eq!(found, expected);
    };
    // The current one is the oldest and counts as one of the two.
    assert_eq!(artifacts.collect(&paths[0], SystemTime::now()).unwrap(), 1);
    there([true, false, true]);
    assert_eq!(artifacts.collect(&paths[2], SystemTime::now()).unwrap(), 1, "older than a minute");
    there([false, false, true]);
    let later = SystemTime::now() + Duration::from_secs(3600);
    assert_eq!(artifacts.collect(&paths[2], later).unwrap(), 0);
    there([false, false, true]);
}

#[test]
fn everything_of_an_object_goes_with_it() {
    let (_folder, artifacts) = store(2);
    let other = ArtifactPath::of(&ObjectKey::new("apps", "other"), A).unwrap();
    put(&artifacts, &path(A), b"a");
    put(&artifacts, &other, b"a");
    artifacts.remove_all(&ObjectKey::new("apps", "fleet")).unwrap();
    artifacts.remove_all(&ObjectKey::new("apps", "fleet")).unwrap();
    artifacts.remove_all(&ObjectKey::new("..", "..")).unwrap();
    assert!(artifacts.read(&path(A)).is_err() && artifacts.read(&other).is_ok());
}
