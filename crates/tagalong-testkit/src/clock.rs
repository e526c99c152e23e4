//! A wall clock that a test sets while a process runs. The clock that measures time goes on as it does.

use crate::parts::{Part, find};
use std::io;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

/// The clock of the processes that were given it.
#[derive(Debug)]
pub struct Clock {
    folder: TempDir,
    preload: String,
}

impl Clock {
    /// A clock that is `offset` away from this machine's, as in `+2d` or `-30m`.
    ///
    /// # Errors
    /// When the part `faketime` is missing.
    pub fn new(offset: &str) -> io::Result<Self> {
        let program = find(Part::Faketime).map_err(io::Error::other)?;
        // The library lies elsewhere on each distribution; its own program knows where.
        let asked = Command::new(program).args(["-f", "+0", "printenv", "LD_PRELOAD"]).output()?;
        let preload = String::from_utf8_lossy(&asked.stdout).trim().to_owned();
        if preload.is_empty() {
            return Err(io::Error::other("faketime does not say which library it loads"));
        }
        let clock = Self { folder: TempDir::new()?, preload };
        clock.set(offset)?;
        Ok(clock)
    }

    /// Sets the clock: every process that has it reads it from now on.
    ///
    /// # Errors
    /// When the file that they read cannot be written.
    pub fn set(&self, offset: &str) -> io::Result<()> {
        // Whole or not at all: they read it at any moment.
        let new = self.folder.path().join("new");
        std::fs::write(&new, format!("{offset}\n"))?;
        std::fs::rename(new, self.file())
    }

    /// Gives a process this clock.
    pub fn wind(&self, command: &mut Command) {
        command
            .env("LD_PRELOAD", &self.preload)
            .env("FAKETIME_TIMESTAMP_FILE", self.file())
            .env("FAKETIME_NO_CACHE", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
            .env("DONT_FAKE_MONOTONIC", "1");
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("clock")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_reads_the_clock_that_it_was_given() {
        crate::need!(Part::Faketime);
        let year = |clock: &Clock| {
            let mut date = Command::new("date");
            date.arg("+%Y");
            clock.wind(&mut date);
            String::from_utf8(date.output().unwrap().stdout).unwrap().trim().parse::<i32>().unwrap()
        };
        let clock = Clock::new("+3y").unwrap();
        let ahead = year(&clock);
        clock.set("-3y").unwrap();
        assert_eq!(ahead - year(&clock), 6);
    }
}
