//! A server process that cannot outlive the test program, however that ends: [`crate::control_plane`] starts its parts
//! so. A handle in a `static` is never dropped; here the kernel closes a pipe, and a shell at its other end sees it.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};

/// `$0` is the folder to remove at the end, or empty; the rest is the server's command line. The end of the input is
/// the end of the test program, or of its handle.
const KEEPER: &str = r#"
exec 3<&0
"$@" 3<&- </dev/null &
child=$!
exec 2>/dev/null
cat <&3
kill -9 "$child"
wait "$child"
[ -z "$0" ] || rm -rf "$0"
"#;

/// A running server; it is killed when this is dropped, and when the test program ends in any other way.
#[derive(Debug)]
pub(crate) struct Kept {
    keeper: Child,
    input: Option<ChildStdin>,
    log: Arc<Mutex<Log>>,
}

#[derive(Debug, Default)]
struct Log {
    text: String,
    ended: bool,
}

impl Kept {
    /// Starts `program`; `remove` is a folder that is to go when the server has gone.
    pub(crate) fn start(program: &Path, arguments: &[String], remove: Option<&Path>) -> Result<Self> {
        let mut keeper = Command::new("sh")
            .args(["-c", KEEPER])
            .arg(remove.unwrap_or(Path::new("")))
            .arg(program)
            .args(arguments)
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            // Gitea asks for one.
            .envs(remove.map(|folder| ("HOME", folder)))
            // Collect more often: a test bed's memory is dearer than its speed.
            .env("GOGC", "50")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let input = keeper.stdin.take();
        let stderr = keeper.stderr.take().context("no log to read")?;
        let log = Arc::new(Mutex::new(Log::default()));
        let writing = Arc::clone(&log);
        std::thread::Builder::new().name("log".into()).spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(std::io::Result::ok) {
                let mut log = writing.lock().unwrap_or_else(PoisonError::into_inner);
                log.text.push_str(&line);
                log.text.push('\n');
            }
            writing.lock().unwrap_or_else(PoisonError::into_inner).ended = true;
        })?;
        Ok(Self { keeper, input, log })
    }

    /// What the server has logged so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).text.clone()
    }

    /// Whether the server has gone by itself.
    pub(crate) fn ended(&self) -> bool {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).ended
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        drop(self.input.take());
        // Returns when the server is gone and its port free again.
        let _waited = self.keeper.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_and_its_folder_end_with_the_handle() {
        let folder = tempfile::tempdir().unwrap().keep();
        let script = "echo $$ >&2; exec sleep 600";
        let server = Kept::start(Path::new("/bin/sh"), &["-c".into(), script.into()], Some(&folder)).unwrap();
        let pid = loop {
            match server.log().trim().parse::<u32>() {
                Ok(pid) => break pid,
                Err(_none_yet) => std::thread::yield_now(),
            }
        };
        let alive = || {
            Command::new("kill")
                .args(["-0", &pid.to_string()])
                .stderr(Stdio::null())
                .status()
                .unwrap()
                .success()
        };
        assert!(alive());
        drop(server);
        assert!(!alive());
        assert!(!folder.exists());
    }

    #[test]
    fn a_server_that_goes_by_itself_has_ended() {
        let server = Kept::start(Path::new("/bin/sh"), &["-c".into(), "echo no >&2".into()], None).unwrap();
        while !server.ended() {
            std::thread::yield_now();
        }
        assert_eq!(server.log(), "no\n");
    }
}
