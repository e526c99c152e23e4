//! Getting an artifact as kustomize-controller does, and looking into it.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

/// What the server said.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

/// One request by hand, so that nothing tidies the path up. `url` is `http://HOST:PORT/PATH`.
pub(super) fn get(method: &str, url: &str) -> Answer {
    let rest = url.strip_prefix("http://").expect("an http url");
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "{method} /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("a head") + 4;
    let body = answer.split_off(end);
    let head = String::from_utf8(answer).unwrap().to_ascii_lowercase();
    let status = head.split_whitespace().nth(1).unwrap().parse().unwrap();
    Answer { status, head, body }
}

/// The names in a tar.gz, sorted.
pub(super) fn entries(bytes: &[u8]) -> Vec<String> {
    modes(bytes).into_keys().collect()
}

/// The access bits of each entry by its name.
pub(super) fn modes(bytes: &[u8]) -> BTreeMap<String, u32> {
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes));
    let mut modes = BTreeMap::new();
    for entry in archive.entries().unwrap() {
        let entry = entry.unwrap();
        let name = entry.path().unwrap().to_str().unwrap().to_owned();
        modes.insert(name, entry.header().mode().unwrap());
    }
    modes
}
