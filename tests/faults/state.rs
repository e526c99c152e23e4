//! The state folder: full, damaged, or in use. Whatever becomes of it, the same tree is reached (RULES 9, 23).

use super::{Pair, Written};
use crate::rows::side_by_side;
use crate::running::Running;
use crate::support::{Ran, tagalong};
use std::path::{Path, PathBuf};
use std::process::Command;
use tagalong_testkit::git_repo::GitRepo;
use tagalong_testkit::need;
use tagalong_testkit::parts::Part;

/// A small file system of its own; unmounted when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None`, after saying so, where only root could make one.
    fn mount(path: &Path, kib: u32) -> Option<Self> {
        std::fs::create_dir_all(path).unwrap();
        let size = format!("size={kib}k");
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(path).output();
        if mount.is_ok_and(|output| output.status.success()) {
            return Some(Self(path.to_owned()));
        }
        println!("skipped: needs root (a small tmpfs is mounted)");
        None
    }

    fn grow(&self, kib: u32) {
        let size = format!("remount,size={kib}k");
        let grown = Command::new("mount").args(["-o", &size]).arg(&self.0).status().unwrap();
        assert!(grown.success());
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // A folder that stays mounted is seen by whoever looks at the next run.
        drop(Command::new("umount").arg(&self.0).status());
    }
}

#[test]
fn a_full_disk_is_told_and_what_was_there_stays() {
    need!(Part::Git, Part::GitHttpBackend);
    let pair = Pair::new();
    // Random enough that no compression makes it small.
    let noise: String =
        (0..20_000u64).map(|n| format!("{:x}\n", n.wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect();
    pair.estate.commit(&[("noise.txt", &noise)]);
    let Some(disk) = SmallDisk::mount(&pair.estate.folder().join("state"), 100) else { return };
    let ran = pair.estate.once().expect(1);
    assert!(ran.stdout.contains("ImageUpdateAutomation/default/fleet  False"), "{}", ran.stdout);
    assert!(ran.stdout.contains("No space left on device"), "{}", ran.stdout);
    assert_eq!(pair.written(), Some(Written::Nothing));

    // Then the tag lists have no room either: the last whole ones stay.
    std::fs::write(disk.0.join("filler"), vec![0; 200 << 10]).unwrap_err();
    pair.estate.registry.push_tags("acme/web", (0..10_000).map(|n| format!("build-{n}")));
    let ran = pair.estate.once().expect(1);
    assert!(ran.stdout.contains("No space left on device"), "{}", ran.stdout);
    assert!(ran.stdout.contains("acme/web resolved to 1.1.0"), "{}", ran.stdout);
    assert_eq!(pair.written(), Some(Written::Nothing));

    std::fs::remove_file(disk.0.join("filler")).unwrap();
    disk.grow(8 << 10);
    pair.estate.once().expect(0);
    assert_eq!(pair.written(), Some(Written::Both));
    pair.estate.repo.fsck().unwrap();
    assert!(pair.estate.once().expect(0).stderr.contains("up to date, 2 marked sites looked at"));
}

#[test]
fn a_full_disk_under_a_repository_on_this_machine_leaves_it_whole() {
    need!(Part::Git, Part::GitHttpBackend);
    let pair = Pair::new();
    let Some(disk) = SmallDisk::mount(&pair.estate.folder().join("disk"), 1024) else { return };
    let path = disk.0.join("fleet.git");
    let repo = GitRepo::bare_at(&path).unwrap();
    let from = pair.estate.repo.path().display().to_string();
    repo.git(&["fetch", "--quiet", &from, "main:main"]).unwrap();
    let yaml = pair.estate.automation("");
    let url = pair.estate.git.url("fleet.git");
    pair.estate.object("fleet.yaml", &yaml.replace(&url, &path.display().to_string()));
    std::fs::write(disk.0.join("filler"), vec![0; 1 << 20]).unwrap_err();
    let (tip, ran) = (repo.rev("main"), pair.estate.once().expect(1));
    assert!(ran.stdout.contains("No space left on device"), "{}", ran.stdout);
    assert_eq!(repo.rev("main"), tip);
    repo.fsck().unwrap();
    std::fs::remove_file(disk.0.join("filler")).unwrap();
    pair.estate.once().expect(0);
    assert_eq!((repo.rev("main^"), repo.log("main").unwrap().len()), (tip, 2));
    repo.fsck().unwrap();
}

/// Every file below a folder whose name ends like this.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            found.extend(files(&entry, ending));
        } else if entry.to_string_lossy().ends_with(ending) {
            found.push(entry);
        }
    }
    found
}

/// How one file of the state folder is spoiled.
type Spoil = fn(&Path);

const CUT: Spoil = |path| {
    let bytes = std::fs::read(path).unwrap();
    std::fs::remove_file(path).unwrap();
    std::fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
};
const FLIPPED: Spoil = |path| {
    let mut bytes = std::fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x55;
    std::fs::remove_file(path).unwrap();
    std::fs::write(path, bytes).unwrap();
};
const ZEROED: Spoil = |path| {
    let length = std::fs::metadata(path).unwrap().len();
    std::fs::remove_file(path).unwrap();
    std::fs::write(path, vec![0; usize::try_from(length).unwrap()]).unwrap();
};

#[test]
fn damaged_state_is_put_aside_told_and_built_anew() {
    need!(Part::Git, Part::GitHttpBackend);
    // Which files, how, and what the user is told; `None` where nothing is worth a word.
    let rows: [(&str, Spoil, Option<&str>); 12] = [
        (".tags", CUT, Some(".tags is damaged (")),
        (".tags", FLIPPED, Some(".tags is damaged (")),
        (".tags", ZEROED, Some(".tags is damaged (")),
        ("/sites", CUT, None),
        ("/sites", FLIPPED, None),
        ("/sites", ZEROED, None),
        (".pack", CUT, Some("it was put aside and is fetched anew")),
        (".idx", CUT, Some("it was put aside and is fetched anew")),
        (".pack", ZEROED, Some("it was put aside and is fetched anew")),
        ("git/HEAD", ZEROED, None),
        ("git/config", ZEROED, None),
        ("git/shallow", ZEROED, Some("it was put aside and is fetched anew")),
    ];
    let check = |ending: &str, spoil: Spoil, told: Option<&str>| {
        let pair = Pair::new();
        pair.estate.once().expect(0);
        let spoiled = files(&pair.estate.folder().join("state"), ending);
        assert!(!spoiled.is_empty(), "no {ending}");
        spoiled.iter().for_each(|path| spoil(path));
        pair.estate.registry.push_tag("acme/web", "1.2.0");
        let ran = pair.estate.once().expect(0);
        if let Some(words) = told {
            assert!(ran.stderr.contains(words), "{ending}: {}", ran.stderr);
        }
        assert!(pair.estate.repo.read("main", "web.yaml").unwrap().contains(":1.2.0 #"), "{ending}");
        assert_eq!(pair.estate.repo.log("main").unwrap().len(), 3, "{ending}");
        pair.estate.repo.fsck().unwrap();
        let again = pair.estate.once().expect(0);
        assert!(!again.stderr.contains("damaged"), "{ending}: {}", again.stderr);
        assert_eq!(pair.estate.repo.log("main").unwrap().len(), 3, "{ending}");
    };
    side_by_side(&rows, |(ending, spoil, told)| check(ending, *spoil, *told));
}

#[test]
fn one_run_has_the_state_folder_and_readers_stand_beside_it() {
    need!(Part::Git, Part::GitHttpBackend);
    let pair = Pair::new();
    let folder = pair.estate.folder();
    let mut running = Running::start(tagalong(folder, &["run", "objects", "--state", "state"]));
    running.until("pushed commit");
    let second = pair.estate.once().expect(2);
    assert!(
        second.stderr.contains(
            "error: another tagalong runs on the state folder state; stop it, or choose another with --state"
        ),
        "{}",
        second.stderr
    );
    pair.estate.registry.push_tag("acme/web", "1.0.5");
    for (command, args) in [("plan", &["--exit-code"][..]), ("explain", &[])] {
        pair.estate.run(command, args).expect(0);
    }
    // A kill leaves no lock behind.
    drop(running);
    pair.estate.once().expect(0);
    std::fs::write(folder.join("file"), "").unwrap();
    for command in ["run", "plan"] {
        let ran =
            Ran::from(tagalong(folder, &[command, "objects", "--state", "file"]).output().unwrap()).expect(2);
        assert!(ran.stderr.contains("error: cannot make the state folder file: "), "{}", ran.stderr);
    }
}
