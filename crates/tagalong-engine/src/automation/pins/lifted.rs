//! Whether a commit since some moment lifts the pin of a site: for pins that no commit makes, such as a pull request
//! that was closed.

use super::{DEPTHS, LookBack, UNPIN};
use crate::automation::message::words;
use crate::automation::recent::{Missing, walk};
use std::ops::ControlFlow;
use tagalong_git::{CommitId, Deepened, GitError, Mirror, Remote};

/// What the branch's history says of a pin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lifted {
    /// A commit lifts it.
    Yes,
    /// None does.
    No,
    /// The history that would tell is not to be had, and why.
    Unknown(Deepened),
}

/// Where to look for what lifts a pin.
pub(crate) struct Since<'a> {
    pub(crate) mirror: &'a Mirror,
    pub(crate) remote: &'a Remote,
    pub(crate) tip: CommitId,
    /// Commits made then or later count: seconds since 1970.
    pub(crate) since: i64,
    pub(crate) max_mirror_size: u64,
}

impl Since<'_> {
    /// Whether a commit names the site in the trailer that lifts pins.
    ///
    /// # Errors
    /// Where the mirror is damaged, or the remote is not reached.
    pub(crate) fn lifts(&self, known: &mut LookBack, site: &str) -> Result<Lifted, GitError> {
        let mut depths = DEPTHS.iter();
        loop {
            let mut lifted = false;
            let missing = walk(&mut known.reader(self.mirror), self.tip, self.since, |commit| {
                lifted =
                    commit.trailers.iter().any(|(key, value)| key == UNPIN && words(value) == words(site));
                if lifted { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })?;
            if lifted {
                return Ok(Lifted::Yes);
            }
            let deepened = match depths.next() {
                _ if missing == Missing::Nothing => return Ok(Lifted::No),
                None => Deepened::Nothing,
                Some(depth) => self.mirror.deepen(self.remote, self.tip, *depth, self.max_mirror_size)?,
            };
            if deepened != Deepened::Done {
                let unknown = missing == Missing::Newer;
                return Ok(if unknown { Lifted::Unknown(deepened) } else { Lifted::No });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tagalong_testkit::git_repo::{GitRepo, git, run};

    const SITE: &str = "ns:web web.yaml image";
    const CLOSED: i64 = 1_900_000_000;

    /// Commits as a script for `git fast-import`: seconds after the closing, whether it lifts, parents from 1.
    fn import(commits: &[(i64, bool, Vec<usize>)]) -> GitRepo {
        let mut script = "reset refs/heads/main\n".to_owned();
        for (at, (seconds, lifts, parents)) in commits.iter().enumerate() {
            let message = if *lifts { format!("Lift\n\n{UNPIN}: {SITE}") } else { "noise".to_owned() };
            let mut from = String::new();
            for (n, parent) in parents.iter().enumerate() {
                from.push_str(&format!("{} :{parent}\n", if n == 0 { "from" } else { "merge" }));
            }
            script.push_str(&format!(
                "commit refs/heads/main\nmark :{}\ncommitter A <a@example.com> {} +0000\ndata {}\n{message}\n{from}\n",
                at + 1,
                CLOSED + seconds,
                message.len()
            ));
        }
        let repo = GitRepo::bare().unwrap();
        let mut import = git();
        import.arg("--git-dir").arg(repo.path()).args(["fast-import", "--quiet", "--force"]);
        let output = run(&mut import, script.as_bytes()).unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        repo
    }

    #[track_caller]
    fn check(commits: &[(i64, bool, Vec<usize>)], expected: Lifted) {
        let repo = import(commits);
        let remote = Remote::new(repo.path().display().to_string().parse().unwrap());
        let mirror = Mirror::open(repo.path(), &remote).unwrap();
        let tip = repo.rev("main").unwrap().parse().unwrap();
        let since = Since { mirror: &mirror, remote: &remote, tip, since: CLOSED, max_mirror_size: u64::MAX };
        assert_eq!(since.lifts(&mut LookBack::default(), SITE).unwrap(), expected);
    }

    /// A line of commits: seconds after the closing, whether it lifts.
    fn line(commits: impl IntoIterator<Item = (i64, bool)>) -> Vec<(i64, bool, Vec<usize>)> {
        let commits = commits.into_iter().enumerate();
        commits
            .map(|(at, (seconds, lifts))| (seconds, lifts, (at > 0).then_some(at).into_iter().collect()))
            .collect()
    }

    #[test]
    fn an_unpin_lifts_however_much_came_after_it() {
        check(&line([(-9, false), (5, true)]), Lifted::Yes);
        check(&line([(-9, true), (5, false)]), Lifted::No);
        check(
            &line([(-9, false), (5, true)].into_iter().chain((0..400).map(|n| (6 + n, false)))),
            Lifted::Yes,
        );
    }

    #[test]
    fn a_long_branch_that_was_merged_after_it_hides_no_unpin() {
        let mut commits = line([(-9, false), (5, true)]);
        // 300 commits beside it, the first on the root, and a merge of both.
        commits.push((6, false, vec![1]));
        commits.extend((4..303).map(|at| (at, false, vec![at as usize - 1])));
        commits.push((900, false, vec![2, commits.len()]));
        check(&commits, Lifted::Yes);
    }

    #[test]
    fn a_commit_whose_clock_was_wrong_hides_nothing_below_it() {
        check(&line([(-9, false), (5, true), (-90_000, false), (-90_000, false), (30, false)]), Lifted::Yes);
        // But history is not read to its beginning.
        let old = (0..30).map(|n| (-90_000 - n, false));
        check(&line([(5, true)].into_iter().chain(old).chain([(30, false)])), Lifted::No);
    }
}
