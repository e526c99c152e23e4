//! What was remembered of a mirror's history ends with the mirror.

use super::LookBack;
use tagalong_git::{Checkout, CommitId, Mirror, Remote};
use tagalong_testkit::git_http::{GitHttp, Options};
use tagalong_testkit::git_repo::{Change, GitRepo};
use tagalong_testkit::parts::{Part, need};

/// More fetches than a mirror gathers packs before it begins anew.
const FETCHES: usize = 80;

struct Estate {
    _root: tempfile::TempDir,
    _server: GitHttp,
    repo: GitRepo,
    remote: Remote,
    mirror: Mirror,
}

impl Estate {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let repo = GitRepo::bare_at(&root.path().join("fleet.git")).unwrap();
        let server = GitHttp::start(root.path(), Options::default()).unwrap();
        let remote = Remote::new(server.url("fleet.git").parse().unwrap());
        let mirror = Mirror::open(&root.path().join("mirror"), &remote).unwrap();
        Self { _root: root, _server: server, repo, remote, mirror }
    }

    fn commit(&self, text: &str) -> CommitId {
        let changes = [Change::File("app.yaml", text.as_bytes())];
        self.repo.commit("main", text, &changes).unwrap().parse().unwrap()
    }

    fn fetch(&self) -> CommitId {
        let choose = |_: &str, _: &[&str]| Err("no range is expected here".to_owned());
        let fetched = self.mirror.fetch(&self.remote, &Checkout::branch("main"), &[], &choose).unwrap();
        fetched.commit.parse().unwrap()
    }

    fn knows(&self, known: &mut LookBack, commit: CommitId) -> bool {
        known.reader(&self.mirror).commit(commit).unwrap().is_some()
    }
}

#[test]
fn nothing_is_remembered_of_a_mirror_that_was_full_or_damaged_and_began_anew() {
    if need(Part::Git).is_none() || need(Part::GitHttpBackend).is_none() {
        return;
    }
    let (estate, mut known) = (Estate::new(), LookBack::default());
    let old = estate.commit("old");
    estate.commit("new");
    let tip = estate.fetch();
    estate.mirror.deepen(&estate.remote, tip, 10, u64::MAX).unwrap();
    assert!(estate.knows(&mut known, old));
    let anew = (0..FETCHES).any(|number| {
        estate.commit(&format!("change {number}"));
        estate.fetch();
        estate.mirror.generation() == 1
    });
    assert!(anew, "the mirror was never full");
    assert!(!estate.knows(&mut known, old), "its tree is not there to be read");

    let tip = estate.fetch();
    assert!(estate.knows(&mut known, tip));
    estate.mirror.rebuild().unwrap();
    assert!(!estate.knows(&mut known, tip));
}
