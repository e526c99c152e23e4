//! The two requests by which any client learns where a branch points, sent by hand over one open connection: what a
//! turn costs beside them is the difference.

use anyhow::{Context as _, Result, ensure};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;

pub(crate) struct Requests {
    stream: BufReader<TcpStream>,
    host: String,
    path: String,
}

impl Requests {
    /// `url` is `http://HOST:PORT/PATH`.
    pub(crate) fn open(url: &str) -> Result<Self> {
        let rest = url.strip_prefix("http://").context("the server speaks plain http")?;
        let (host, path) = rest.split_once('/').context("the URL has a path")?;
        let stream = TcpStream::connect(host)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream), host: host.to_owned(), path: format!("/{path}") })
    }

    /// Asks where `main` is.
    pub(crate) fn tip(&mut self) -> Result<()> {
        let path = self.path.clone();
        self.send(&format!("GET {path}/info/refs?service=git-upload-pack"), "")?;
        let lines = ["command=ls-refs\n", "object-format=sha1", "", "peel\n", "ref-prefix refs/heads/main\n"];
        let packet = |line: &str| match line {
            "" => "0001".to_owned(),
            line => format!("{:04x}{line}", line.len() + 4),
        };
        let body: String = lines.into_iter().map(packet).chain(["0000".to_owned()]).collect();
        let answer = self.send(&format!("POST {path}/git-upload-pack"), &body)?;
        ensure!(answer.windows(15).any(|part| part == b"refs/heads/main"), "the server lists no main");
        Ok(())
    }

    fn send(&mut self, line: &str, body: &str) -> Result<Vec<u8>> {
        let request = format!(
            "{line} HTTP/1.1\r\nHost: {}\r\nGit-Protocol: version=2\r\nContent-Type: \
             application/x-git-upload-pack-request\r\nContent-Length: {}\r\n\r\n{body}",
            self.host,
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        let mut length = None;
        loop {
            let mut header = String::new();
            self.stream.read_line(&mut header)?;
            let header = header.trim_end().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                length = Some(value.trim().parse::<usize>()?);
            }
        }
        let mut answer = vec![0; length.context("the answer has no length")?];
        self.stream.read_exact(&mut answer)?;
        Ok(answer)
    }
}
