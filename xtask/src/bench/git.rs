//! What people do today with `git` and `sed`, with all outside configuration off.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use tagalong_testkit::git_repo;

use crate::measure::process::timed;

/// The command in the environment that the test kit gives to `git`.
pub(super) fn clean(mut command: Command) -> Command {
    command.env_clear();
    let git = git_repo::git();
    command.envs(git.get_envs().filter_map(|(name, value)| value.map(|value| (name, value))));
    command
}

/// Times a shell script in `folder`; the first command that fails ends it.
pub(super) fn timed_script(folder: &Path, script: &str) -> Result<Duration> {
    timed(clean(Command::new("sh")).current_dir(folder).args(["-e", "-c", script]))
}

/// A clone of the tip, one tag replaced by another wherever it stands, a commit, a push.
pub(super) fn update(url: &str, image: &str, from: &str, to: &str) -> Result<Duration> {
    let folder = tempfile::tempdir()?;
    let script = format!(
        "git clone --quiet --depth 1 '{url}' work\ncd work\n\
         grep -rlZ '{image}:{from} ' apps | xargs -0 sed -i 's|{image}:{from} |{image}:{to} |'\n\
         git commit --quiet --all --message 'Update {image}'\ngit push --quiet origin main"
    );
    timed_script(folder.path(), &script)
}
