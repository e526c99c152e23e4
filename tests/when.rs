//! When a release may go: what it waits for, that it goes then and not before, and that it is said.

mod age;
mod limits;
mod platforms;
mod windows;

use crate::running::Running;
use crate::support::{Estate, tagalong};

/// The file of these tests.
const WEB: &str = "image: IMAGE:1.0.0 # {\"$imagepolicy\": \"default:web\"}\n";

/// An estate whose field holds 1.0.0 while these tags are listed; `extra` goes below the policy's `spec`. It is scanned
/// whenever it is asked.
fn shop(tags: &[&str], extra: &str) -> Estate {
    let estate = Estate::with_web("1.x", tags, &[("apps/web.yaml", WEB)]);
    ask(&estate, extra);
    estate
}

/// Writes the policy anew.
fn ask(estate: &Estate, extra: &str) {
    let yaml = estate.image_and_policy("web", "1.x").replace("interval: 5m", "interval: 1s");
    estate.object("web.yaml", &format!("{yaml}{extra}"));
}

/// Checks the tag in the file on main.
#[track_caller]
fn holds(estate: &Estate, tag: &str) {
    let text = estate.repo.read("main", "apps/web.yaml").unwrap();
    assert!(text.contains(&format!(":{tag} ")), "{tag} expected in {text}");
}

/// A `run` that goes on.
fn running(estate: &Estate) -> Running {
    Running::start(tagalong(estate.folder(), &["run", "objects", "--state", "state"]))
}

/// Makes every first sight an old one.
#[track_caller]
fn aged(estate: &Estate) {
    let lists = std::fs::read_dir(estate.folder().join("state/lists")).unwrap();
    let sights: Vec<_> = lists
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "sights"))
        .collect();
    assert_eq!(sights.len(), 1, "{sights:?}");
    let text = std::fs::read_to_string(&sights[0]).unwrap();
    let mut lines: Vec<String> = text.lines().map(ToOwned::to_owned).collect();
    for line in lines.iter_mut().skip(1) {
        let (_, image) = line.split_once(' ').unwrap();
        *line = format!("2001-01-01T00:00:00Z {image}");
    }
    std::fs::write(&sights[0], lines.join("\n") + "\n").unwrap();
}
