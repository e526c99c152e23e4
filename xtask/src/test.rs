//! `cargo xtask test`: prepares the test bed, saying what it does, then runs `cargo test --workspace`.
//!
//! A part that cannot be had is named here and again by each test that is skipped for it. The last line sums up all
//! test programs, because the last one of them alone says little.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{ExitCode, Stdio};

use anyhow::{Context as _, Result};
use tagalong_testkit::parts::{self, Part};

use crate::tree;

/// The arguments of `cargo xtask test`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Passed on to `cargo test --workspace`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    cargo: Vec<String>,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    prepare();
    let mut child = tree::cargo()?
        .args(["test", "--workspace"])
        .args(&args.cargo)
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run cargo test")?;
    let stdout = child.stdout.take().context("cargo test has no stdout")?;
    let mut sum = Sum::default();
    let mut out = std::io::stdout();
    for line in BufReader::new(stdout).split(b'\n') {
        let mut line = line?;
        sum.count(&String::from_utf8_lossy(&line));
        line.push(b'\n');
        out.write_all(&line)?;
    }
    let status = child.wait()?;
    println!("{sum}");
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn prepare() {
    println!("test bed:");
    for part in Part::ALL {
        match parts::find(part) {
            Ok(path) => println!("  {part}: {}", path.display()),
            Err(missing) => println!("  {part}: missing, its tests are skipped: {missing}"),
        }
    }
}

/// The numbers of all `test result:` lines. A test that skipped itself has passed for its program, not for us.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sum {
    passed: usize,
    failed: usize,
    skipped: usize,
}

impl Sum {
    fn count(&mut self, line: &str) {
        if line.contains("skipped: needs ") {
            self.skipped += 1;
        }
        let Some((_before, numbers)) = line.split_once("test result: ") else { return };
        for part in numbers.split([';', '.']) {
            let mut words = part.split_whitespace();
            match (words.next().and_then(|number| number.parse::<usize>().ok()), words.next()) {
                (Some(number), Some("passed")) => self.passed += number,
                (Some(number), Some("failed")) => self.failed += number,
                _ => {}
            }
        }
    }
}

impl std::fmt::Display for Sum {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { passed, failed, skipped } = self;
        write!(out, "total: {} passed, {failed} failed, {skipped} skipped", passed.saturating_sub(*skipped))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_test_programs_are_summed_up() {
        let mut sum = Sum::default();
        for line in [
            "test result: ok. 7 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.50s",
            "test pushes_over_ssh ... skipped: needs sshd (not on this machine; …): pushes_over_ssh",
            "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.50s",
            "error: 4 passed; 4 failed",
        ] {
            sum.count(line);
        }
        assert_eq!(sum.to_string(), "total: 9 passed, 2 failed, 1 skipped");
    }
}
