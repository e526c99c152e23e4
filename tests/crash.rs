//! Killed at any moment, or two at once: the next run reaches the tree of an undisturbed one, and no commit is lost,
//! doubled or half.

use crate::rows::side_by_side;
use crate::running::Running;
use crate::support::{Estate, Ran, tagalong};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};
use tagalong_testkit::fake_registry::Fault;
use tagalong_testkit::git_repo::Change;
use tagalong_testkit::need;
use tagalong_testkit::parts::Part;

/// The images of a fleet, each with a policy and files of its own.
const IMAGES: [&str; 3] = ["web", "api", "worker"];
const ONCE: &[&str] = &["run", "objects", "--once", "--state", "state"];

/// Where the commits go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    /// To main, over http.
    Main,
    /// To a branch of their own, over http.
    Branch,
    /// To main of a repository on this machine, which is written without `git`.
    Local,
}

impl Target {
    fn refname(self) -> &'static str {
        if self == Self::Branch { "refs/heads/auto" } else { "refs/heads/main" }
    }
}

/// An estate that can be put back to its beginning, and what an undisturbed run makes of it.
struct Fleet {
    estate: Estate,
    target: Target,
    base: String,
    tree: String,
    commits: usize,
    /// How long an undisturbed run takes.
    takes: Duration,
}

impl Fleet {
    fn new(target: Target) -> Self {
        let estate = Estate::new();
        let mut files: Vec<(String, String)> = Vec::new();
        for name in IMAGES {
            estate.registry.push_tags(&format!("acme/{name}"), ["1.0.0", "1.1.0"]);
            estate.object(&format!("{name}.yaml"), &estate.image_and_policy(name, "1.x"));
            let image = estate.registry.image(&format!("acme/{name}"));
            let text = format!("image: {image}:1.0.0 # {{\"$imagepolicy\": \"default:{name}\"}}\n");
            files.extend((0..10).map(|n| (format!("{name}/{n}.yaml"), format!("n: {n}\n{text}"))));
        }
        let changes: Vec<Change<'_>> =
            files.iter().map(|(path, text)| Change::File(path, text.as_bytes())).collect();
        let base = estate.repo.commit("main", "first", &changes).unwrap();
        let push = if target == Target::Branch { "    push: {branch: auto}\n" } else { "" };
        let mut automation = estate.automation(push);
        if target == Target::Local {
            let (url, path) = (estate.git.url("fleet.git"), estate.repo.path().display().to_string());
            automation = automation.replace(&url, &path);
        }
        estate.object("fleet.yaml", &automation);
        let begun = Instant::now();
        estate.once().expect(0);
        let mut fleet =
            Self { estate, target, base, tree: String::new(), commits: 0, takes: begun.elapsed() };
        (fleet.tree, fleet.commits) = (fleet.tree_now(), fleet.commits_now());
        assert_eq!(fleet.commits, 2);
        fleet
    }

    fn tree_now(&self) -> String {
        self.estate.repo.git(&["rev-parse", &format!("{}^{{tree}}", self.target.refname())]).unwrap()
    }

    fn commits_now(&self) -> usize {
        self.estate.repo.log(self.target.refname()).unwrap().len()
    }

    /// Everything as it was at the beginning, but for the state folder where that is kept.
    fn begin_again(&self, keep_state: bool) {
        let repo = &self.estate.repo;
        repo.git(&["update-ref", "refs/heads/main", &self.base]).unwrap();
        if self.target == Target::Branch {
            repo.git(&["update-ref", "-d", self.target.refname()]).unwrap();
        }
        if !keep_state {
            // After a kill before the first file there is none.
            std::fs::remove_dir_all(self.estate.folder().join("state")).unwrap_or_default();
        }
    }

    fn spawn(&self) -> Child {
        let mut command = tagalong(self.estate.folder(), ONCE);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// After a kill nothing is half, and one more run brings everything to its end.
    fn recovers(&self, moment: &str) {
        self.is_whole(moment);
        let ran = self.estate.once();
        assert_eq!(ran.code, 0, "{moment}: {}{}", ran.stdout, ran.stderr);
        assert_eq!((self.tree_now(), self.commits_now()), (self.tree.clone(), self.commits), "{moment}");
        self.is_whole(moment);
    }

    /// Nothing in the repository is missing or damaged. While the server takes in a push `git fsck` finds the one without
    /// the other, and the last words of a killed process may be on their way: what is wrong then is wrong a moment later.
    fn is_whole(&self, moment: &str) {
        let look = || {
            self.estate.git.until_it_rests();
            self.estate.repo.fsck()
        };
        look().or_else(|_| look()).unwrap_or_else(|error| panic!("{moment}: {error}"));
    }
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_kill_between_plan_and_push_is_made_good() {
    need!(Part::Git, Part::GitHttpBackend);
    side_by_side(&[Target::Main, Target::Branch], |target| {
        let fleet = Fleet::new(*target);
        // Sent and not seen by Git yet; then Git takes it, or does not live to see it either.
        for lands in [true, false] {
            fleet.begin_again(true);
            let (pushing, pushes) = channel();
            let (killed, go_on) = channel::<()>();
            fleet.estate.git.before_push(move || {
                pushing.send(()).unwrap();
                go_on.recv().unwrap_or_default();
            });
            let told = fleet.estate.folder().join(format!("told-{lands}"));
            if !lands {
                assert!(Command::new("mkfifo").arg(&told).status().unwrap().success());
                let hook = format!("echo > {}; exit 1", told.display());
                fleet.estate.repo.hook("pre-receive", &hook).unwrap();
            }
            let child = fleet.spawn();
            pushes.recv().unwrap();
            kill(child);
            killed.send(()).unwrap();
            if !lands {
                // It has been refused once the hook has spoken.
                std::fs::read(&told).unwrap();
                std::fs::remove_file(fleet.estate.repo.path().join("hooks/pre-receive")).unwrap();
            }
            fleet.recovers("between plan and push");
        }
    });
}

#[test]
fn a_kill_after_the_commit_has_landed_is_noticed_by_nobody() {
    need!(Part::Git, Part::GitHttpBackend);
    side_by_side(&[Target::Main, Target::Branch], |target| {
        let fleet = Fleet::new(*target);
        fleet.begin_again(true);
        let pid = fleet.estate.folder().join("pid");
        let hook = format!("while ! test -s {0}; do :; done; kill -9 $(cat {0})", pid.display());
        fleet.estate.repo.hook("post-receive", &hook).unwrap();
        let mut child = fleet.spawn();
        std::fs::write(&pid, child.id().to_string()).unwrap();
        assert_eq!(child.wait().unwrap().code(), None, "it was killed");
        assert_eq!(fleet.commits_now(), fleet.commits);
        std::fs::remove_file(fleet.estate.repo.path().join("hooks/post-receive")).unwrap();
        fleet.recovers("after the commit has landed");
    });
}

#[test]
fn a_kill_at_any_request_to_a_registry_is_made_good() {
    need!(Part::Git, Part::GitHttpBackend);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let fleet = Fleet::new(Target::Main);
    let registry = &fleet.estate.registry;
    let all = registry.take_requests().len();
    assert!(all >= 6, "a listing and a manifest for each image: {all}");
    let mut seen = all;
    for nth in 1..=all {
        fleet.begin_again(false);
        // It is never answered, so the run stands still when it is killed.
        registry.fail_after(nth - 1, Fault::Silence);
        let child = fleet.spawn();
        runtime.block_on(registry.requests_reach(seen + nth));
        kill(child);
        registry.heal();
        fleet.recovers(&format!("request {nth} to a registry"));
        seen += registry.take_requests().len();
    }
}

/// A generator of moments that says the same each time: SplitMix64.
struct Moments(u64);

impl Moments {
    fn next(&mut self, end: Duration) -> Duration {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        end.mul_f64(((mixed ^ (mixed >> 31)) % 1000) as f64 / 1000.0)
    }
}

#[test]
fn kills_at_random_moments_are_made_good() {
    need!(Part::Git, Part::GitHttpBackend);
    // Fifty in all.
    let rows = [
        (Target::Main, false, 14),
        (Target::Main, true, 12),
        (Target::Branch, true, 12),
        (Target::Local, true, 12),
    ];
    side_by_side(&rows, |(target, keep_state, times)| {
        let fleet = Fleet::new(*target);
        let mut moments = Moments(u64::from(*keep_state) + 2 * *target as u64);
        for nth in 0..*times {
            fleet.begin_again(*keep_state);
            let moment = moments.next(fleet.takes);
            let child = fleet.spawn();
            // The moment itself, and no wait for anything.
            std::thread::sleep(moment);
            kill(child);
            fleet.recovers(&format!("kill {nth} after {moment:?}, state kept: {keep_state}"));
        }
    });
}

#[test]
fn locks_that_a_killed_run_left_in_its_state_hold_nobody_up() {
    need!(Part::Git, Part::GitHttpBackend);
    let fleet = Fleet::new(Target::Main);
    let mirror =
        std::fs::read_dir(fleet.estate.folder().join("state/mirrors")).unwrap().next().unwrap().unwrap();
    let git = mirror.path().join("git");
    let refs = std::fs::read_dir(git.join("refs/mirror")).unwrap();
    let mut locks: Vec<_> = refs.map(|entry| entry.unwrap().path()).collect();
    locks.extend(["shallow", "HEAD", "packed-refs", "config"].map(|name| git.join(name)));
    for path in &locks {
        std::fs::write(format!("{}.lock", path.display()), "").unwrap();
    }
    std::fs::write(git.join("objects/pack/.tmp-left"), "half a pack").unwrap();
    fleet.begin_again(true);
    // Another commit, so that there is something to fetch and to remember.
    fleet.estate.repo.commit("main", "Somebody's", &[Change::File("README", b"hello\n")]).unwrap();
    let ran = fleet.estate.once().expect(0);
    assert!(ran.stderr.contains("30 fields in 30 files written"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("warn"), "{}", ran.stderr);
    assert_eq!(fleet.commits_now(), 3);
}

/// A copy of the objects for one process: only this policy, so that each writes something of its own.
fn objects_of(estate: &Estate, name: &str) -> String {
    let folder = format!("objects-{name}");
    let path = estate.folder().join(&folder);
    std::fs::create_dir(&path).unwrap();
    for file in [format!("{name}.yaml"), "fleet.yaml".to_owned()] {
        std::fs::copy(estate.objects().join(&file), path.join(&file)).unwrap();
    }
    folder
}

fn start(estate: &Estate, objects: &str, state: &str) -> Child {
    let mut command = tagalong(estate.folder(), &["run", objects, "--once", "--state", state]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Lets nobody's push through before there are `count` of them.
fn meet(estate: &Estate, count: usize) {
    let barrier = std::sync::Arc::new(std::sync::Barrier::new(count));
    for _ in 0..count {
        let barrier = std::sync::Arc::clone(&barrier);
        estate.git.before_push(move || {
            barrier.wait();
        });
    }
}

#[test]
fn two_processes_with_the_same_objects_make_one_commit() {
    need!(Part::Git, Part::GitHttpBackend);
    let fleet = Fleet::new(Target::Main);
    for _ in 0..3 {
        fleet.begin_again(true);
        meet(&fleet.estate, 2);
        let children = ["one", "two"].map(|state| start(&fleet.estate, "objects", state));
        let ran = children.map(|child| Ran::from(child.wait_with_output().unwrap()).expect(0));
        let pushed = ran.iter().filter(|ran| ran.stderr.contains("pushed as")).count();
        assert_eq!(pushed, 1, "{}\n{}", ran[0].stderr, ran[1].stderr);
        fleet.recovers("two at once");
    }
}

#[test]
fn processes_that_write_one_branch_lose_none_of_their_commits() {
    need!(Part::Git, Part::GitHttpBackend);
    let fleet = Fleet::new(Target::Main);
    let folders = IMAGES.map(|name| objects_of(&fleet.estate, name));
    for round in 0..3 {
        fleet.begin_again(true);
        meet(&fleet.estate, IMAGES.len());
        let children: Vec<Child> =
            folders.iter().map(|folder| start(&fleet.estate, folder, &format!("state-{folder}"))).collect();
        for child in children {
            let ran = Ran::from(child.wait_with_output().unwrap()).expect(0);
            assert!(
                ran.stderr.contains("10 fields in 10 files written, pushed as"),
                "{round}: {}",
                ran.stderr
            );
        }
        assert_eq!(
            (fleet.tree_now(), fleet.commits_now()),
            (fleet.tree.clone(), 1 + IMAGES.len()),
            "{round}"
        );
        fleet.estate.repo.fsck().unwrap();
    }
}

#[test]
fn a_kill_of_a_run_that_goes_on_is_made_good() {
    need!(Part::Git, Part::GitHttpBackend);
    let fleet = Fleet::new(Target::Main);
    fleet.begin_again(false);
    let mut running =
        Running::start(tagalong(fleet.estate.folder(), &["run", "objects", "--state", "state"]));
    running.until("pushed commit");
    drop(running);
    fleet.recovers("a run that went on");
}
