//! What stands on stdout: answers, never the story. One file per form.

pub(crate) mod diff;
pub(crate) mod objects;
pub(crate) mod plans;

use crate::cli::Output;
use anyhow::{Context as _, bail};
use serde::Serialize;
use std::io::Write;

/// Writes bytes to stdout. A closed pipe (`| head`) ends the command quietly.
///
/// # Errors
/// When stdout cannot be written for another reason.
pub(crate) fn bytes(bytes: &[u8]) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(error).context("cannot write the answer")
        }
        _ => Ok(()),
    }
}

/// Writes text to stdout.
///
/// # Errors
/// As [`bytes`].
pub(crate) fn text(text: &str) -> anyhow::Result<()> {
    bytes(text.as_bytes())
}

/// Writes text to stderr: sums and reasons that belong to the story.
pub(crate) fn story(text: &str) {
    // With stderr closed there is nobody left to tell.
    std::io::stderr().lock().write_all(text.as_bytes()).unwrap_or_default();
}

/// Writes one document in the machine format that was asked for.
///
/// # Errors
/// When the format is not one of this command's, or stdout cannot be written.
pub(crate) fn document(output: Output, value: &impl Serialize) -> anyhow::Result<()> {
    match output {
        Output::Json => text(&format!("{}\n", serde_json::to_string_pretty(value)?)),
        Output::Yaml => text(&serde_saphyr::to_string(value)?),
        Output::Text | Output::Github | Output::Sarif => bail!("--output must be text, json or yaml here"),
    }
}

/// Refuses every format but `own`, for what is printed in one form alone.
///
/// # Errors
/// For another format that was asked for.
pub(crate) fn one_form(output: Output, own: Output) -> anyhow::Result<()> {
    if output != Output::Text && output != own {
        bail!("this is printed in one form alone; leave out --output");
    }
    Ok(())
}

/// Refuses the formats that only `lint` has.
///
/// # Errors
/// For `github` and `sarif`.
pub(crate) fn no_lint_format(output: Output) -> anyhow::Result<()> {
    match output {
        Output::Github | Output::Sarif => {
            bail!("--output must be text, json or yaml here; github and sarif are lint's")
        }
        _ => Ok(()),
    }
}
