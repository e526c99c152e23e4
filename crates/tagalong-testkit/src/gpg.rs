//! GnuPG with a home of its own: makes signing keys, exports them, and is where `git verify-commit` looks.

use crate::parts::{self, Part};
use anyhow::{Context as _, Result, ensure};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A GnuPG home; its agent ends with it.
#[derive(Debug)]
pub struct Gpg {
    home: tempfile::TempDir,
    program: PathBuf,
}

impl Gpg {
    /// A home without keys.
    ///
    /// # Errors
    /// If `gpg` is missing or no folder can be made.
    pub fn new() -> Result<Self> {
        // The agent's socket lives there, and its path must be short.
        let home = tempfile::Builder::new().prefix("g").tempdir_in("/tmp")?;
        std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o700))?;
        let agent = "s2k-count 65536\nallow-loopback-pinentry\n";
        std::fs::write(home.path().join("gpg-agent.conf"), agent)?;
        Ok(Self { home, program: parts::find(Part::Gpg)? })
    }

    /// Where it is; `GNUPGHOME`.
    pub fn path(&self) -> &Path {
        self.home.path()
    }

    /// Runs `gpg`, which locks or unlocks keys with `passphrase`; gives what it printed.
    ///
    /// # Errors
    /// If it fails, with what it said.
    pub fn run(&self, passphrase: &str, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(&self.program);
        command.env("GNUPGHOME", self.path()).stdin(Stdio::null());
        command.args(["--batch", "--yes", "--pinentry-mode", "loopback", "--passphrase", passphrase]);
        let output = command.args(arguments).output().context("cannot start gpg")?;
        ensure!(output.status.success(), "gpg {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Makes a key that may sign.
    ///
    /// # Errors
    /// As [`Gpg::run`].
    pub fn generate(&self, user: &str, passphrase: &str) -> Result<()> {
        self.run(passphrase, &["--quick-generate-key", user, "ed25519", "sign", "never"]).map(drop)
    }

    /// The private keys, armored.
    ///
    /// # Errors
    /// As [`Gpg::run`].
    pub fn export(&self, passphrase: &str) -> Result<String> {
        self.run(passphrase, &["--armor", "--export-secret-keys"])
    }
}

impl Drop for Gpg {
    fn drop(&mut self) {
        let mut command = Command::new("gpgconf");
        // An agent that was never started cannot be stopped.
        drop(command.env("GNUPGHOME", self.path()).args(["--kill", "gpg-agent"]).status());
    }
}
