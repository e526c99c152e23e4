//! The `tagalong` binary, built by cargo; `gen` asks it for its own files, `bench` measures it.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::tree;

/// As users get it.
pub(crate) fn release() -> Result<PathBuf> {
    build(&["--release", "--package", "tagalong"])
}

/// The program that `bench` measures the warm product with.
pub(crate) fn driver() -> Result<PathBuf> {
    build(&["--release", "--package", "tagalong", "--example", "bench"])
}

/// As the tests have it: built with the whole workspace, so that both share their dependencies.
pub(crate) fn dev() -> Result<PathBuf> {
    build(&["--workspace", "--bin", "tagalong"])
}

/// Cargo itself says where the binary is.
fn build(arguments: &[&str]) -> Result<PathBuf> {
    let output = tree::cargo()?
        .arg("build")
        .args(arguments)
        .args(["--message-format", "json-render-diagnostics"])
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run cargo build")?;
    if !output.status.success() {
        bail!("cargo build failed");
    }
    let text = String::from_utf8(output.stdout)?;
    executable(&text).context("cargo built no binary")
}

fn executable(messages: &str) -> Option<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    messages.filter_map(|message| Some(PathBuf::from(message.get("executable")?.as_str()?))).next_back()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_names_the_binary() {
        let messages = "{\"reason\":\"compiler-artifact\",\"executable\":null}\n\
                        {\"reason\":\"compiler-artifact\",\"executable\":\"/target/tagalong\"}\n\
                        {\"reason\":\"build-finished\",\"success\":true}\n";
        assert_eq!(executable(messages), Some(PathBuf::from("/target/tagalong")));
        assert_eq!(executable("{\"reason\":\"build-finished\"}\n"), None);
    }
}
