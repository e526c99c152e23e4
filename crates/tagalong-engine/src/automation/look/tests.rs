//! A look that passes over what it knows finds what a look at everything finds, and reads no more than what changed.

use super::*;
use tagalong_git::Stats;
use tagalong_testkit::git_repo::{Change, GitRepo};
use tagalong_testkit::parts::{Part, need};

const MARKED: &str = "image: app:1 # {\"$imagepolicy\": \"ns:app\"}\n";

struct Estate {
    repo: GitRepo,
    remote: Remote,
}

impl Estate {
    fn new() -> Self {
        let repo = GitRepo::bare().unwrap();
        let remote = Remote::new(repo.path().to_str().unwrap().parse().unwrap());
        Self { repo, remote }
    }

    /// A mirror that knows nothing.
    fn opened(&self) -> Opened {
        let mirror = Mirror::open(self.repo.path(), &self.remote).unwrap();
        Opened::new(mirror, SiteIndex::default())
    }

    fn commit(&self, changes: &[Change<'_>]) {
        self.repo.commit("main", "change", changes).unwrap();
    }

    /// What is marked below `folder`, as `path line-mode tag`, and the work it took to find that.
    fn look(&self, opened: &mut Opened, folder: Option<&str>, lines: &[&str]) -> (Vec<String>, Stats) {
        let lines: Vec<String> = lines.iter().map(|glob| (*glob).to_owned()).collect();
        let scope = Scope::new(folder.map(|folder| folder.parse().unwrap()), &lines);
        let before = opened.mirror.stats();
        let looked = look(opened, &self.remote, &Checkout::branch("main"), &[], &scope).unwrap();
        let after = opened.mirror.stats();
        let shown = |file: &MarkedFile| {
            let values: Vec<&str> = file
                .scan
                .sites
                .iter()
                .flat_map(|site| &site.fields)
                .map(|field| field.value.as_str())
                .collect();
            format!("{} {} {}", file.path, file.by_line, values.join(" "))
        };
        let work = Stats {
            trees_read: after.trees_read - before.trees_read,
            blobs_read: after.blobs_read - before.blobs_read,
            ..Stats::default()
        };
        (looked.files.iter().map(shown).collect(), work)
    }
}

#[test]
fn what_is_known_is_passed_over_and_nothing_is_missed() {
    if need(Part::Git).is_none() {
        return;
    }
    let estate = Estate::new();
    let (two, three) = (MARKED.replace(":1", ":2"), MARKED.replace(":1", ":3"));
    let (one, two, three) = (MARKED.as_bytes(), two.as_bytes(), three.as_bytes());
    // Names that sort differently as files and as folders, folders in folders, and one content in two places.
    let history: &[&[Change<'_>]] = &[
        &[
            Change::File("a/x.yaml", one),
            Change::File("a-b/x.yaml", two),
            Change::File("a.yaml", one),
            Change::File("a/deep/er/y.yaml", three),
            Change::File("b/none.yaml", b"image: app:1\n"),
            Change::File("README.md", b"x"),
        ],
        &[Change::File("a/deep/er/y.yaml", two)],
        &[Change::File("README.md", b"y")],
        &[Change::Delete("a"), Change::File("c/deep/er/y.yaml", two)],
        &[Change::File("a/deep/er/y.yaml", two), Change::File("a/x.yaml", one)],
        &[Change::File("b/none.yaml", two), Change::Delete("a-b")],
        &[Change::Delete("b"), Change::File("b", two)],
    ];
    let mut warm = estate.opened();
    for (turn, changes) in history.iter().enumerate() {
        estate.commit(changes);
        let found = estate.look(&mut warm, None, &[]).0;
        assert_eq!(found, estate.look(&mut estate.opened(), None, &[]).0, "turn {turn}");
        assert!(!found.is_empty());
    }
}

#[test]
fn a_look_reads_the_way_to_what_changed() {
    if need(Part::Git).is_none() {
        return;
    }
    let estate = Estate::new();
    let paths: Vec<String> = (0..60).map(|n| format!("apps/team-{}/app-{n}.yaml", n / 10)).collect();
    let texts: Vec<String> = (0..60).map(|n| format!("# {n}\n{MARKED}")).collect();
    let all: Vec<Change<'_>> =
        paths.iter().zip(&texts).map(|(path, text)| Change::File(path, text.as_bytes())).collect();
    estate.commit(&all);
    let mut warm = estate.opened();
    let (found, work) = estate.look(&mut warm, None, &[]);
    assert_eq!((found.len(), work.trees_read, work.blobs_read), (60, 8, 60));
    estate.commit(&[Change::File("apps/team-3/app-30.yaml", b"# changed\n")]);
    let (found, work) = estate.look(&mut warm, None, &[]);
    assert_eq!((found.len(), work.trees_read, work.blobs_read), (59, 3, 1), "root, apps, team-3");
    let (_, work) = estate.look(&mut warm, None, &[]);
    assert_eq!((work.trees_read, work.blobs_read), (0, 0), "the same commit");
}

#[test]
fn another_scope_is_another_look() {
    if need(Part::Git).is_none() {
        return;
    }
    let estate = Estate::new();
    let one = MARKED.as_bytes();
    estate.commit(&[Change::File("a/x.yaml", one), Change::File("b/x.yaml", one)]);
    let mut warm = estate.opened();
    let mut check = |folder: Option<&str>, lines: &[&str], expected: &[&str]| {
        assert_eq!(estate.look(&mut warm, folder, lines).0, expected, "{folder:?} {lines:?}");
    };
    check(None, &[], &["a/x.yaml false app:1", "b/x.yaml false app:1"]);
    check(Some("a"), &[], &["a/x.yaml false app:1"]);
    check(None, &["b/*"], &["a/x.yaml false app:1", "b/x.yaml true "]);
    check(None, &[], &["a/x.yaml false app:1", "b/x.yaml false app:1"]);
}
