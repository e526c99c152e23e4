//! Which files are read, and how: YAML by its structure, others line by line. Asked by the engine for each
//! path of a tree.

use serde::{Deserialize, Serialize};

/// How a file is read. One blob has one scan for each kind that it is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum FileKind {
    /// As a YAML stream: the structure decides what a marker speaks for.
    Yaml,
    /// Line by line (RULES 27), for files that an automation names in `spec.update.lineFiles`.
    Lines(LineFormat),
}

/// The comment and quoting habits of a format that is read line by line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub enum LineFormat {
    /// Anything else: a marker alone on its `#` or `//` line.
    #[default]
    Text,
    /// Dockerfile and Containerfile: no trailing comments.
    Dockerfile,
    /// `.env` files and shell scripts: trailing `#` comments.
    Env,
    /// HCL and Terraform: trailing `#` and `//` comments, values in quotes.
    Hcl,
    /// TOML: trailing `#` comments, values in quotes.
    Toml,
    /// Templates of Helm charts, which are no YAML before they are rendered.
    Helm,
}

impl LineFormat {
    /// Whether a comment may follow a value on its line.
    pub(crate) fn has_trailing_comments(self) -> bool {
        matches!(self, Self::Env | Self::Hcl | Self::Toml)
    }

    /// Whether `//` begins a comment.
    pub(crate) fn has_slash_comments(self) -> bool {
        matches!(self, Self::Hcl | Self::Text)
    }

    /// Whether a value outside of quotes would not be a string.
    pub(crate) fn needs_quotes(self) -> bool {
        matches!(self, Self::Hcl | Self::Toml)
    }
}

/// Whether a file of this name is read as YAML: Flux's rule, `.yaml`, `.yml` or exactly `Kustomization`.
pub fn is_yaml_name(file_name: &str) -> bool {
    file_name == "Kustomization" || matches!(extension(file_name), Some("yaml" | "yml"))
}

/// The line format of a well-known file name; `None` for others, which callers read as [`LineFormat::Text`].
pub fn line_format(file_name: &str) -> Option<LineFormat> {
    let lower = file_name.to_ascii_lowercase();
    let family = |stem: &str| lower == stem || lower.starts_with(&format!("{stem}."));
    if family("dockerfile") || family("containerfile") {
        return Some(LineFormat::Dockerfile);
    }
    if family(".env") {
        return Some(LineFormat::Env);
    }
    match extension(&lower)? {
        "dockerfile" | "containerfile" => Some(LineFormat::Dockerfile),
        "env" | "sh" | "bash" => Some(LineFormat::Env),
        "hcl" | "tf" | "tfvars" | "nomad" => Some(LineFormat::Hcl),
        "toml" => Some(LineFormat::Toml),
        "yaml" | "yml" | "tpl" => Some(LineFormat::Helm),
        _ => None,
    }
}

fn extension(file_name: &str) -> Option<&str> {
    file_name.rsplit_once('.').map(|(_, extension)| extension)
}
