//! A command that goes on until it is stopped: its story is followed line by line, and a test waits for the line
//! that tells of the event, never for time.

use crate::support::Ran;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Longer than anything here takes; only a broken product is ended by it.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running command; it is killed when this is dropped.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
    story: String,
}

impl Running {
    /// Starts `command` with its story on a pipe.
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child =
            command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the binary starts");
        let stderr = child.stderr.take().expect("stderr is piped");
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                // A test that has seen enough no longer listens.
                sender.send(line).unwrap_or_default();
            }
        });
        Self { child, lines, story: String::new() }
    }

    /// The next line of the story that holds `words`.
    #[track_caller]
    pub(crate) fn until(&mut self, words: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("no line with {words:?}:\n{}", self.story);
            };
            self.story.push_str(&line);
            self.story.push('\n');
            if line.contains(words) {
                return line;
            }
        }
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end; how it ended, and the whole story.
    #[track_caller]
    pub(crate) fn end(mut self) -> Ran {
        while let Ok(line) = self.lines.recv_timeout(PATIENCE) {
            self.story.push_str(&line);
            self.story.push('\n');
        }
        let status = self.child.wait().expect("it is our child");
        Ran {
            code: status.code().unwrap_or(-1),
            stdout: String::new(),
            stderr: std::mem::take(&mut self.story),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Sends a signal by name, such as `TERM`.
pub(crate) fn signal(name: &str, process: u32) {
    let sent = Command::new("sh").args(["-c", &format!("kill -{name} {process}")]).status();
    assert!(sent.expect("sh starts").success(), "kill -{name}");
}
