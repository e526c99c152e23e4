//! Pushing: commands with the values we expect, push options, one pack, and the server's report on each ref.

use super::{AGENT, Connection, Operation};
use crate::error::{ErrorKind, GitError, Result, clean};
use gix::{
    ObjectId,
    protocol::transport::{
        client::{MessageKind, WriteMode, blocking_io::ExtendedBufRead},
        packetline::{PacketLineRef, blocking_io::StreamingPeekableIter},
    },
};
use std::{
    io::{Read, Write},
    ops::ControlFlow,
    sync::{Arc, Mutex, PoisonError},
};

/// The most of what hooks print that is kept.
const MAX_SAID: usize = 4096;

/// One ref to move from `old` (null: create) to `new`.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    pub(crate) refname: String,
    pub(crate) old: ObjectId,
    pub(crate) new: ObjectId,
}

/// What the server made of one push.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// Refs that were moved.
    pub(crate) landed: Vec<String>,
    /// Refs that were not, each with the server's reason.
    pub(crate) refused: Vec<(String, String)>,
    /// What hooks printed, cleaned.
    pub(crate) said: String,
}

/// Sends `pack` and `commands` over a connection to `git-receive-pack`.
pub(crate) fn send_pack(
    connection: &mut Connection,
    commands: &[Command],
    pack: &[u8],
    options: &[(String, String)],
) -> Result<Answer> {
    let asked = ask_for(connection, commands.len() > 1, !options.is_empty())?;
    let side_band = asked.contains(SIDE_BAND);
    let operation = Arc::clone(&connection.operation);
    let explain = |error: std::io::Error| operation.explain(&error);
    let mut writer = connection
        .transport
        .request(WriteMode::Binary, MessageKind::Flush, false)
        .map_err(|error| operation.explain(&error))?;
    let mut first = Some(asked);
    for Command { refname, old, new } in commands {
        let capabilities = first.take().map(|asked| format!("\0{asked}")).unwrap_or_default();
        writer.write_all(format!("{old} {new} {refname}{capabilities}").as_bytes()).map_err(explain)?;
    }
    writer.write_message(MessageKind::Flush).map_err(explain)?;
    if !options.is_empty() {
        for (key, value) in options {
            writer.write_all(option(key, value).as_bytes()).map_err(explain)?;
        }
        writer.write_message(MessageKind::Flush).map_err(explain)?;
    }
    let (mut raw, reader) = writer.into_parts();
    raw.write_all(pack).and_then(|()| raw.flush()).map_err(explain)?;
    drop(raw);
    let (report, said) = if side_band {
        hear_bands(reader, explain)?
    } else {
        (hear_lines(reader, &operation)?, String::new())
    };
    read_report(&report, &said)
}

const SIDE_BAND: &str = " side-band-64k";

/// The capabilities to use, of those the server has.
fn ask_for(connection: &Connection, several: bool, options: bool) -> Result<String> {
    let capabilities = &connection.handshake.capabilities;
    if !capabilities.contains("report-status") {
        return Err(GitError::new(ErrorKind::Protocol, "the server does not report what became of a push"));
    }
    if options && !capabilities.contains("push-options") {
        return Err(GitError::new(
            ErrorKind::Rejected,
            "the server takes no push options; remove spec.git.push.options, or set receive.advertisePushOptions there",
        ));
    }
    let mut asked = format!(" report-status agent={AGENT}");
    let wanted = [
        (capabilities.contains("side-band-64k"), SIDE_BAND),
        (several && capabilities.contains("atomic"), " atomic"),
        (options, " push-options"),
        (capabilities.contains("object-format"), " object-format=sha1"),
    ];
    asked.extend(wanted.iter().filter(|(on, _)| *on).map(|(_, name)| *name));
    Ok(asked)
}

type Reader<'a> = Box<dyn ExtendedBufRead<'a> + Unpin + 'a>;

/// The report, and beside it what hooks print.
fn hear_bands<'a>(
    mut reader: Reader<'a>,
    explain: impl Fn(std::io::Error) -> GitError,
) -> Result<(Vec<u8>, String)> {
    let said = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&said);
    reader.set_progress_handler(Some(Box::new(move |_, data| {
        let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
        let room = MAX_SAID.saturating_sub(heard.len());
        heard.extend(data.iter().take(room));
        ControlFlow::Continue(())
    })));
    let mut report = Vec::new();
    // A server that dies in the middle of a hook's complaint has still complained.
    if let Err(error) = reader.read_to_end(&mut report)
        && report.is_empty()
    {
        return Err(explain(error));
    }
    let said = said.lock().unwrap_or_else(PoisonError::into_inner);
    Ok((report, clean(&String::from_utf8_lossy(&said), 400)))
}

/// The report of a server without bands, put back into the packets it came in.
fn hear_lines(mut reader: Reader<'_>, operation: &Operation) -> Result<Vec<u8>> {
    let mut report = Vec::new();
    while let Some(line) = reader.readline() {
        let line =
            line.map_err(|error| operation.explain(&error))?.map_err(|error| operation.explain(&error))?;
        let Some(text) = line.as_bstr() else { break };
        report.extend_from_slice(format!("{:04x}", text.len() + 4).as_bytes());
        report.extend_from_slice(text);
    }
    report.extend_from_slice(b"0000");
    Ok(report)
}

/// One push option; a line break would begin another.
fn option(key: &str, value: &str) -> String {
    let text = if value.is_empty() { key.to_owned() } else { format!("{key}={value}") };
    text.chars().filter(|c| !c.is_control()).collect()
}

fn read_report(report: &[u8], said: &str) -> Result<Answer> {
    let mut answer = Answer { said: said.to_owned(), ..Answer::default() };
    let mut unpacked = None;
    let mut lines = StreamingPeekableIter::new(report, &[PacketLineRef::Flush], false);
    while let Some(Ok(Ok(line))) = lines.read_line() {
        let text = line
            .as_bstr()
            .map(|text| String::from_utf8_lossy(text).trim_end().to_owned())
            .unwrap_or_default();
        match text.split_once(' ') {
            Some(("unpack", how)) => unpacked = Some(how.to_owned()),
            Some(("ok", name)) => answer.landed.push(name.to_owned()),
            Some(("ng", rest)) => {
                let (name, why) = rest.split_once(' ').unwrap_or((rest, "no reason given"));
                answer.refused.push((name.to_owned(), clean(why, 200)));
            }
            _ => {}
        }
    }
    match unpacked.as_deref() {
        Some("ok") => Ok(answer),
        Some(how) => Err(GitError::new(
            ErrorKind::Rejected,
            format!("the server could not take the push: {}", with(&clean(how, 200), said)),
        )),
        None => Err(GitError::new(
            ErrorKind::Connect,
            with("the server ended the connection without saying what became of the push", said),
        )),
    }
}

fn with(why: &str, said: &str) -> String {
    if said.is_empty() { why.to_owned() } else { format!("{why} ({said})") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> String {
        format!("{:04x}{text}", text.len() + 4)
    }

    #[test]
    fn a_report_is_read_ref_by_ref() {
        let report = [
            line("unpack ok\n"),
            line("ok refs/heads/a\n"),
            line("ng refs/heads/b pre-receive\x1b[1m hook declined\n"),
            "0000".into(),
        ]
        .concat();
        let answer = read_report(report.as_bytes(), "no").unwrap();
        assert_eq!(answer.landed, ["refs/heads/a"]);
        assert_eq!(answer.refused, [("refs/heads/b".to_owned(), "pre-receive [1m hook declined".to_owned())]);
    }

    #[test]
    fn a_report_without_an_end_is_no_success() {
        for (report, kind) in [
            (String::new(), ErrorKind::Connect),
            (line("ok refs/heads/a\n"), ErrorKind::Connect),
            (line("unpack index-pack failed\n"), ErrorKind::Rejected),
            ("zzzz".to_owned(), ErrorKind::Connect),
        ] {
            assert_eq!(read_report(report.as_bytes(), "").unwrap_err().kind(), kind, "{report:?}");
        }
    }

    #[test]
    fn an_option_is_one_line() {
        assert_eq!(option("merge_request.create", ""), "merge_request.create");
        assert_eq!(option("title", "a\nb"), "title=ab");
    }
}
