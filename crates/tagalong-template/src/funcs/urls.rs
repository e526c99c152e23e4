//! URLs taken apart and put together.

use super::{Arguments, Function};
use crate::context::Dict;
use crate::error::Failure;
use crate::val::Val;

pub(super) const TABLE: &[Function] =
    &[Function::exact("urlParse", 1, url_parse), Function::exact("urlJoin", 1, url_join)];

/// A dictionary of `scheme`, `userinfo`, `host`, `hostname`, `path`, `query`, `fragment`, `opaque`.
fn url_parse(args: &Arguments<'_>) -> Result<Val, Failure> {
    let text = args.text(0)?;
    if text.chars().any(|value| value.is_control()) {
        return Err("the URL has a control character in it".into());
    }
    let (rest, fragment) = text.split_once('#').unwrap_or((text, ""));
    let (scheme, rest) = match rest.split_once(':') {
        Some((scheme, after)) if is_scheme(scheme) => (scheme.to_ascii_lowercase(), after),
        Some(("", _)) => return Err("the URL has no scheme before its colon".into()),
        _ => (String::new(), rest),
    };
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let opaque = !scheme.is_empty() && !rest.starts_with('/') && !rest.is_empty();
    let (authority, path) = match rest.strip_prefix("//").filter(|_| !opaque) {
        Some(after) => after.split_at_checked(after.find('/').unwrap_or(after.len())).unwrap_or((after, "")),
        None => ("", rest),
    };
    let (userinfo, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let mut entries = Dict::new();
    let mut put = |key: &str, value: &str| -> Result<(), Failure> {
        entries.insert(key.to_owned(), args.context.text(value)?);
        Ok(())
    };
    put("scheme", &scheme)?;
    put("userinfo", userinfo)?;
    put("host", host)?;
    put("hostname", hostname(host))?;
    put("path", &if opaque { String::new() } else { unescaped(path)? })?;
    put("query", query)?;
    put("fragment", &unescaped(fragment)?)?;
    put("opaque", if opaque { rest } else { "" })?;
    args.context.dict(entries)
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

/// The host without its port and without the brackets of an IPv6 address.
fn hostname(host: &str) -> &str {
    if let Some((address, _)) = host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return address;
    }
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

fn unescaped(text: &str) -> Result<String, Failure> {
    let bad = || Failure::from("the URL has a broken `%` escape");
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let mut digit = || bytes.next().and_then(|byte| char::from(byte).to_digit(16));
        let code = digit().zip(digit()).map(|(high, low)| high * 16 + low).ok_or_else(bad)?;
        out.push(u8::try_from(code).map_err(|_| bad())?);
    }
    String::from_utf8(out).map_err(|_| bad())
}

fn url_join(args: &Arguments<'_>) -> Result<Val, Failure> {
    let entries = args.entries(0)?;
    let part = |key: &str| match entries.get(key) {
        None => Ok(""),
        Some(Val::Text(text)) => Ok(&**text),
        Some(other) => Err(Failure::Problem(format!("`{key}` must be text, not {}", other.noun()))),
    };
    let (scheme, userinfo, host, path) = (part("scheme")?, part("userinfo")?, part("host")?, part("path")?);
    let mut out = String::new();
    if !scheme.is_empty() {
        out.push_str(scheme);
        out.push(':');
    }
    let opaque = part("opaque")?;
    if opaque.is_empty() {
        if !scheme.is_empty() || !host.is_empty() || !userinfo.is_empty() {
            if !host.is_empty() || !path.is_empty() || !userinfo.is_empty() {
                out.push_str("//");
            }
            if !userinfo.is_empty() {
                out.push_str(userinfo);
                out.push('@');
            }
            out.push_str(host);
            if !path.is_empty() && !path.starts_with('/') && !host.is_empty() {
                out.push('/');
            }
        }
        out.push_str(&escaped(path));
    } else {
        out.push_str(opaque);
    }
    if !part("query")?.is_empty() {
        out.push('?');
        out.push_str(part("query")?);
    }
    if !part("fragment")?.is_empty() {
        out.push('#');
        out.push_str(&escaped(part("fragment")?));
    }
    args.give(out)
}

/// Keeps what may stand in a path.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~$&+,/:;=@!*'()".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
