//! What `tagalong explain` is asked about: a policy, an image, or a place in a repository.

use anyhow::bail;
use std::fmt;
use tagalong_model::{ImageName, ImageRef, ObjectKey};

/// A parsed TARGET.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// `ImagePolicy/[namespace/]name`
    Policy(ObjectKey),
    /// An image or `FILE[:LINE]`; which of the two shows when it is looked for.
    Other(String),
}

impl Target {
    /// Reads what stands on the command line; a policy without a namespace is in `namespace`.
    ///
    /// # Errors
    /// When an object of another kind is named.
    pub(crate) fn parse(text: &str, namespace: &str) -> anyhow::Result<Self> {
        let parts: Vec<&str> = text.split('/').collect();
        match parts.as_slice() {
            ["ImagePolicy" | "imagepolicy" | "imgpol", name] => {
                Ok(Self::Policy(ObjectKey::new(namespace, *name)))
            }
            ["ImagePolicy" | "imagepolicy" | "imgpol", namespace, name] => {
                Ok(Self::Policy(ObjectKey::new(*namespace, *name)))
            }
            [kind @ ("ImageRepository" | "ImageUpdateAutomation" | "GitRepository"), ..] => {
                bail!(
                    "{kind} cannot be explained; name an ImagePolicy, an image, or FILE[:LINE] in the Git repository"
                )
            }
            _ => Ok(Self::Other(text.to_owned())),
        }
    }

    /// Whether this is the image of a repository, with or without a tag.
    pub(crate) fn is_image(&self, image: Option<&str>) -> bool {
        let (Self::Other(text), Some(image)) = (self, image) else { return false };
        let wanted: Option<ImageName> = text.parse::<ImageRef>().ok().map(|image| image.name);
        wanted.is_some() && wanted == image.parse().ok()
    }

    /// The file, where a line of it is named.
    pub(crate) fn file(&self) -> Option<&str> {
        let Self::Other(text) = self else { return None };
        let (path, line) = text.strip_prefix("./").unwrap_or(text).rsplit_once(':')?;
        line.parse::<u32>().is_ok().then_some(path)
    }

    /// Whether this is the file, and the line where one is named.
    pub(crate) fn is_place(&self, file: &str, line: u32) -> bool {
        let Self::Other(text) = self else { return false };
        let text = text.strip_prefix("./").unwrap_or(text);
        match text.rsplit_once(':').and_then(|(path, number)| Some((path, number.parse::<u32>().ok()?))) {
            Some((path, number)) => path == file && number == line,
            None => text == file,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy(key) => write!(f, "ImagePolicy/{key}"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_as_they_are_written() {
        let parse = |text| Target::parse(text, "here");
        let policy = |ns: &str, name: &str| Target::Policy(ObjectKey::new(ns, name));
        assert_eq!(parse("ImagePolicy/web").unwrap(), policy("here", "web"));
        assert_eq!(parse("ImagePolicy/apps/web").unwrap(), policy("apps", "web"));
        assert!(parse("GitRepository/fleet").is_err());
        let place = parse("./apps/web.yaml:12").unwrap();
        assert!(place.is_place("apps/web.yaml", 12) && !place.is_place("apps/web.yaml", 13));
        assert_eq!((place.file(), parse("apps/web.yaml").unwrap().file()), (Some("apps/web.yaml"), None));
        assert!(parse("apps/web.yaml").unwrap().is_place("apps/web.yaml", 99));
        assert!(parse("ghcr.io/acme/web:1.0").unwrap().is_image(Some("ghcr.io/acme/web")));
        assert!(parse("alpine").unwrap().is_image(Some("docker.io/library/alpine")));
        assert!(!parse("ghcr.io/acme/api").unwrap().is_image(Some("ghcr.io/acme/web")));
    }
}
