//! Somebody with a clone and the real `git`, who does one of the things that people do.

use crate::estate::{Estate, tag};
use anyhow::{Context as _, Result, ensure};
use fastrand::Rng;
use std::path::PathBuf;
use tagalong_testkit::git_repo::git;

/// How often somebody tries to push before the own work is thrown away.
const PUSHES: u32 = 4;

pub(crate) struct Person<'e> {
    estate: &'e Estate,
    name: &'static str,
    folder: PathBuf,
    now: i64,
}

/// A commit that somebody might do something about.
struct Known {
    id: String,
    by_bot: bool,
    is_merge: bool,
}

impl<'e> Person<'e> {
    pub(crate) fn new(estate: &'e Estate, name: &'static str) -> Result<Self> {
        let folder = estate.folder().join(name);
        std::fs::create_dir(&folder)?;
        let person = Self { estate, name, folder, now: 1_790_000_000 };
        let remote = estate.repo.path().display().to_string();
        ensure!(person.git(&["clone", "--quiet", "--branch", "main", &remote, "."])?.0, "no clone");
        Ok(person)
    }

    /// Runs git; whether it went well, and what it printed.
    fn git(&self, args: &[&str]) -> Result<(bool, String)> {
        let mut command = git();
        let date = format!("{} +0000", self.now);
        command.current_dir(&self.folder).args(["-c", "core.editor=true"]).args(args);
        command.env("GIT_AUTHOR_DATE", &date).env("GIT_COMMITTER_DATE", &date);
        command.env("GIT_AUTHOR_NAME", self.name).env("GIT_COMMITTER_NAME", self.name);
        let output = command.output()?;
        Ok((output.status.success(), String::from_utf8_lossy(&output.stdout).trim_end().to_owned()))
    }

    /// Whether git did that; where not, it is as if it had not been tried.
    fn tried(&self, args: &[&str]) -> Result<bool> {
        if self.git(args)?.0 {
            return Ok(true);
        }
        self.git(&["reset", "--quiet", "--hard"])?;
        for begun in ["revert", "cherry-pick", "merge", "rebase"] {
            self.git(&[begun, "--abort"])?;
        }
        Ok(false)
    }

    /// Does something, whatever comes to mind; says what.
    pub(crate) fn act(&mut self, chance: &mut Rng) -> Result<&'static str> {
        // Clocks differ, and go wrong.
        self.now += i64::from(chance.u32(0..600)) - 60;
        if chance.u32(0..3) > 0 {
            self.take_over(chance)?;
        }
        if chance.u32(0..6) > 0 {
            return self.change(chance);
        }
        let back = format!("HEAD~{}", chance.u32(0..6));
        if !self.tried(&["switch", "--quiet", "--create", "side", &back])? {
            return Ok("nothing");
        }
        for _ in 0..chance.u32(1..3) {
            self.change(chance)?;
        }
        self.git(&["switch", "--quiet", "main"])?;
        let done = self.merge_side(chance)?;
        self.git(&["branch", "--quiet", "-D", "side"])?;
        Ok(done)
    }

    fn merge_side(&self, chance: &mut Rng) -> Result<&'static str> {
        let whose = if chance.bool() { "-Xours" } else { "-Xtheirs" };
        if chance.u32(0..3) == 0 {
            let merged = self.tried(&["merge", "--quiet", "--squash", whose, "side"])?;
            let squashed = merged && self.tried(&["commit", "--quiet", "--message", "Squashed"])?;
            return Ok(if squashed { "squash merges" } else { "nothing" });
        }
        let merged = self.tried(&["merge", "--quiet", "--no-ff", "--no-edit", "side"])?
            || self.tried(&["merge", "--quiet", "--no-ff", "--no-edit", whose, "side"])?;
        Ok(if merged { "branches merged" } else { "nothing" })
    }

    /// One commit on the branch that is checked out.
    fn change(&self, chance: &mut Rng) -> Result<&'static str> {
        let before = self.git(&["rev-parse", "HEAD"])?;
        let what = match chance.u32(0..16) {
            0..=2 => self.revert(|known| known.by_bot, 0, "reverts of the last bot commit")?,
            3 | 4 => {
                let skip = chance.usize(1..6);
                self.revert(|known| known.by_bot, skip, "reverts of an older bot commit")?
            }
            5 | 6 => {
                let skip = chance.usize(0..4);
                self.revert(|known| !known.by_bot && !known.is_merge, skip, "reverts of people's commits")?
            }
            7 => self.revert(|known| known.is_merge, chance.usize(0..2), "reverts of merges")?,
            8..=10 => self.set(chance)?,
            11 | 12 => self.write(chance)?,
            13 => self.rename(chance)?,
            _ => self.pick(chance)?,
        };
        let same = before == self.git(&["rev-parse", "HEAD"])?;
        Ok(if same { "nothing" } else { what })
    }

    /// What was done lately; not how it all began, since without that there are no files.
    fn known(&self) -> Result<Vec<Known>> {
        let (_, log) = self.git(&["log", "-40", "--min-parents=1", "--format=%H %cn %P"])?;
        let known = |line: &str| {
            let mut words = line.split(' ');
            let (id, by) = (words.next()?.to_owned(), words.next()?);
            Some(Known { id, by_bot: by == "bot", is_merge: words.count() > 1 })
        };
        Ok(log.lines().filter_map(known).collect())
    }

    fn revert(
        &self,
        which: impl Fn(&Known) -> bool,
        skip: usize,
        what: &'static str,
    ) -> Result<&'static str> {
        let known = self.known()?;
        let Some(commit) = known.iter().filter(|known| which(known)).nth(skip) else { return Ok("nothing") };
        let done = if commit.is_merge {
            self.tried(&["revert", "--no-edit", "-m", "1", &commit.id])?
        } else {
            self.tried(&["revert", "--no-edit", &commit.id])?
        };
        Ok(if done { what } else { "nothing" })
    }

    fn pick(&self, chance: &mut Rng) -> Result<&'static str> {
        let known = self.known()?;
        let single: Vec<&Known> = known.iter().filter(|known| !known.is_merge).collect();
        let Some(commit) = chance.choice(&single) else { return Ok("nothing") };
        let done = self.tried(&["cherry-pick", &commit.id])?;
        Ok(if done { "cherry-picks" } else { "nothing" })
    }

    /// Sets a field by hand: an older tag, a newer one, or one outside of the policy.
    fn set(&self, chance: &mut Rng) -> Result<&'static str> {
        let path = self.some_file(chance)?;
        let text = std::fs::read_to_string(&path)?;
        let marked: Vec<&str> = text.lines().filter(|line| line.contains("$imagepolicy")).collect();
        let line = chance.choice(marked).context("a file without markers")?;
        let policy = if line.contains("default:web") { "web" } else { "api" };
        let (value, marker) = line.split_once(" # ").context("no marker")?;
        let old = value.trim_end_matches('"').rsplit([':', '"', ' ']).next().unwrap_or_default();
        let best = self.estate.best(policy);
        let (new, what) = match chance.u32(0..8) {
            0 => ("2.0.0".to_owned(), "tags set outside of the policy"),
            1 | 2 => (tag(best + chance.u32(0..3)), "newer tags set"),
            _ => (tag(chance.u32(0..=best)), "tags set by hand"),
        };
        let at = value.rfind(old).unwrap_or_default();
        let (begin, end) = value.split_at(at);
        let changed = format!("{begin}{} # {marker}", end.replacen(old, &new, 1));
        std::fs::write(&path, text.replace(line, &changed))?;
        self.commit("Set a tag")?;
        Ok(what)
    }

    /// Changes something that is nobody's business.
    fn write(&self, chance: &mut Rng) -> Result<&'static str> {
        let path = self.some_file(chance)?;
        let text = std::fs::read_to_string(&path)?;
        let number = chance.u32(..);
        let text = match chance.u32(0..4) {
            0 => format!("# Note {number}.\n{text}"),
            1 => format!("{text}# Note {number}.\n"),
            2 => text.replacen("zone: a", &format!("zone: a-{number}"), 1),
            _ => text.replacen("replicas: 1", &format!("replicas: {number}"), 1),
        };
        std::fs::write(&path, text)?;
        self.commit("Write something")?;
        Ok("other edits")
    }

    fn rename(&self, chance: &mut Rng) -> Result<&'static str> {
        let from = self.some_file(chance)?;
        let to = from.with_file_name(format!("moved-{}.yaml", chance.u32(..)));
        std::fs::rename(&from, to)?;
        self.commit("Move a file")?;
        Ok("files moved")
    }

    fn some_file(&self, chance: &mut Rng) -> Result<PathBuf> {
        let mut files = Vec::new();
        for entry in std::fs::read_dir(self.folder.join("apps"))? {
            files.push(entry?.path());
        }
        files.sort();
        chance.choice(files).context("no files")
    }

    fn commit(&self, message: &str) -> Result<()> {
        self.git(&["add", "--all"])?;
        self.git(&["commit", "--quiet", "--message", message])?;
        Ok(())
    }

    /// Brings what is on main together with the own work, in one of the ways there are.
    fn take_over(&self, chance: &mut Rng) -> Result<()> {
        self.git(&["fetch", "--quiet", "origin"])?;
        let merge = ["merge", "--quiet", "--no-edit", "origin/main"];
        let done = match chance.u32(0..3) {
            0 => self.tried(&["rebase", "--quiet", "origin/main"])?,
            _ => self.tried(&merge)?,
        };
        let whose = if chance.bool() { "-Xours" } else { "-Xtheirs" };
        if !done && !self.tried(&["merge", "--quiet", "--no-edit", whose, "origin/main"])? {
            self.give_up()?;
        }
        self.keep_whole()
    }

    /// Merges a branch of the host into main, as its button does; whether that went well.
    pub(crate) fn merge_pull(&mut self, branch: &str, squash: bool) -> Result<bool> {
        self.now += 60;
        self.git(&["fetch", "--quiet", "origin"])?;
        self.give_up()?;
        let from = format!("origin/{branch}");
        let merged = if squash {
            self.tried(&["merge", "--quiet", "--squash", &from])?
                && self.tried(&["commit", "--quiet", "--message", "Squashed by the host"])?
        } else {
            self.tried(&["merge", "--quiet", "--no-ff", "--no-edit", &from])?
        };
        Ok(merged && self.git(&["push", "--quiet", "origin", "HEAD:main"])?.0)
    }

    /// Pushes a commit to a branch of the host; whether that went well.
    pub(crate) fn push_to(&mut self, branch: &str) -> Result<bool> {
        self.now += 60;
        self.git(&["fetch", "--quiet", "origin"])?;
        self.git(&["switch", "--quiet", "--detach", &format!("origin/{branch}")])?;
        std::fs::write(self.folder.join("notes.md"), format!("{}\n", self.now))?;
        self.commit("A note")?;
        let pushed = self.git(&["push", "--quiet", "origin", &format!("HEAD:{branch}")])?.0;
        self.git(&["switch", "--quiet", "main"])?;
        Ok(pushed)
    }

    /// Throws the own work away: what a merge made of it is no YAML, or lost a field.
    fn keep_whole(&self) -> Result<()> {
        let (_, marked) =
            self.git(&["grep", "-h", "-o", "-E", "(image|tag)-f[0-9]+", "HEAD", "--", "apps"])?;
        let mut names: Vec<&str> = marked.lines().collect();
        names.sort_unstable();
        names.dedup();
        if marked.lines().count() != Estate::fields() || names.len() != Estate::fields() {
            self.give_up()?;
        }
        Ok(())
    }

    fn give_up(&self) -> Result<()> {
        self.git(&["reset", "--quiet", "--hard", "origin/main"])?;
        Ok(())
    }

    /// Pushes to main, with whoever was faster taken over; whether there was anything to push.
    pub(crate) fn push(&self, chance: &mut Rng) -> Result<bool> {
        self.keep_whole()?;
        for _ in 0..PUSHES {
            self.git(&["fetch", "--quiet", "origin"])?;
            let ahead = self.git(&["rev-list", "--count", "origin/main..HEAD"])?.1;
            if ahead == "0" {
                return Ok(false);
            }
            if self.git(&["push", "--quiet", "origin", "HEAD:main"])?.0 {
                return Ok(true);
            }
            self.take_over(chance)?;
        }
        self.give_up()?;
        Ok(false)
    }
}
