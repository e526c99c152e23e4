//! Semantic versions: `semver` takes one apart, `semverCompare` asks whether it lies in a range.

use std::rc::Rc;

use ::semver::{BuildMetadata, Prerelease, Version};

use super::semver_range::Range;
use super::{Arguments, Function};
use crate::error::Failure;
use crate::val::{Struct, Val};

pub(super) const TABLE: &[Function] = &[
    Function::exact("semver", 1, taken_apart),
    Function::exact("semverCompare", 2, |args| {
        args.context.work(args.text(0)?.len() + args.text(1)?.len())?;
        Ok(Val::Bool(Range::parse(args.text(0)?)?.contains(&version(args.text(1)?)?)))
    }),
];

/// Reads a version with or without `v`, minor and patch; what is left out is 0.
pub(super) fn version(text: &str) -> Result<Version, Failure> {
    loose(text).ok_or_else(|| Failure::Problem(format!("`{text}` is not a semantic version")))
}

fn loose(text: &str) -> Option<Version> {
    let rest = text.strip_prefix('v').unwrap_or(text);
    let (rest, build) = rest.split_once('+').map_or((rest, None), |(rest, build)| (rest, Some(build)));
    let (core, pre) = rest.split_once('-').map_or((rest, None), |(core, pre)| (core, Some(pre)));
    let mut numbers = core.split('.').map(number);
    let major = numbers.next()??;
    let minor = numbers.next().unwrap_or(Some(0))?;
    let patch = numbers.next().unwrap_or(Some(0))?;
    if numbers.next().is_some() || pre == Some("") || build == Some("") {
        return None;
    }
    let pre = Prerelease::new(pre.unwrap_or_default()).ok()?;
    let build = BuildMetadata::new(build.unwrap_or_default()).ok()?;
    Some(Version { major, minor, patch, pre, build })
}

fn number(text: &str) -> Option<u64> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A structure with the version's parts; it prints as the full version.
fn taken_apart(args: &Arguments<'_>) -> Result<Val, Failure> {
    let original = args.text(0)?;
    let version = version(original)?;
    let whole = |number: u64| Val::Int(i64::try_from(number).unwrap_or(i64::MAX));
    let fields = vec![
        ("Major".into(), whole(version.major)),
        ("Minor".into(), whole(version.minor)),
        ("Patch".into(), whole(version.patch)),
        ("Prerelease".into(), args.context.text(version.pre.as_str())?),
        ("Metadata".into(), args.context.text(version.build.as_str())?),
        ("Original".into(), args.context.text(original)?),
    ];
    Ok(Val::Struct(Rc::new(Struct {
        name: "*semver.Version".into(),
        fields,
        display: Some(version.to_string()),
    })))
}
