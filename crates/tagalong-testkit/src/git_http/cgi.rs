//! One run of a CGI program for one request.

use anyhow::{Context as _, Result};
use std::path::Path;

pub(super) struct Call<'a> {
    pub(super) program: &'a Path,
    pub(super) root: &'a Path,
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
    pub(super) content_type: &'a str,
    pub(super) encoding: Option<&'a str>,
    pub(super) protocol: Option<&'a str>,
    pub(super) body: &'a [u8],
}

pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

pub(super) fn run(call: &Call<'_>) -> Result<Reply> {
    // The backend starts other git programs and hooks: the same clean environment as for git itself.
    let clean = crate::git_repo::git();
    let mut command = std::process::Command::new(call.program);
    command.env_clear();
    command.envs(clean.get_envs().filter_map(|(name, value)| value.map(|value| (name, value))));
    command.env("GIT_PROJECT_ROOT", call.root).env("GIT_HTTP_EXPORT_ALL", "1").env("REMOTE_USER", "tester");
    command.env("REQUEST_METHOD", call.method).env("PATH_INFO", call.path).env("QUERY_STRING", call.query);
    command.env("CONTENT_TYPE", call.content_type).env("CONTENT_LENGTH", call.body.len().to_string());
    if let Some(encoding) = call.encoding {
        command.env("HTTP_CONTENT_ENCODING", encoding);
    }
    if let Some(protocol) = call.protocol {
        command.env("GIT_PROTOCOL", protocol);
    }
    parse(&crate::git_repo::run(&mut command, call.body)?.stdout)
}

fn parse(output: &[u8]) -> Result<Reply> {
    let end = output
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .context("the CGI program sent no headers")?;
    let (head, body) = output.split_at(end);
    let mut reply =
        Reply { status: 200, headers: Vec::new(), body: body.get(4..).unwrap_or_default().to_vec() };
    for line in String::from_utf8_lossy(head).lines() {
        let Some((name, value)) = line.split_once(':') else { continue };
        if name.eq_ignore_ascii_case("status") {
            reply.status = value.trim().get(..3).unwrap_or_default().parse()?;
        } else {
            reply.headers.push((name.to_owned(), value.trim().to_owned()));
        }
    }
    Ok(reply)
}
