//! Times a command and reads the memory of a running one.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// Runs `command` to its end and returns the time between; a command that fails is an error with its last words.
pub(crate) fn timed(command: &mut Command) -> Result<Duration> {
    let start = Instant::now();
    let output = command.output().with_context(|| format!("cannot run {command:?}"))?;
    let took = start.elapsed();
    if !output.status.success() {
        bail!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(took)
}

/// The memory of a process, in MiB.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Memory {
    /// Resident now.
    pub(crate) now: f64,
    /// Resident at most, since it began.
    pub(crate) peak: f64,
}

/// Reads it from `/proc` while the process runs.
pub(crate) fn memory(process: u32) -> Result<Memory> {
    let path = format!("/proc/{process}/status");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    parse(&text).with_context(|| format!("{path} names no memory"))
}

fn parse(status: &str) -> Option<Memory> {
    let mib = |key: &str| {
        let rest = status.lines().find_map(|line| line.strip_prefix(key))?;
        let kib: f64 = rest.split_whitespace().next()?.parse().ok()?;
        Some(kib / 1024.0)
    };
    Some(Memory { now: mib("VmRSS:")?, peak: mib("VmHWM:")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_says_how_much_memory() {
        let status = "Name:\ttagalong\nVmHWM:\t   61440 kB\nVmRSS:\t   30720 kB\n";
        assert_eq!(parse(status), Some(Memory { now: 30.0, peak: 60.0 }));
        assert_eq!(parse("Name:\tgone\n"), None);
    }
}
