//! A command's input and output as the blocking streams that Git's protocol is spoken over.

use super::Server;
use crate::{
    error::Result,
    io::Deadline,
    stats::Counters,
    wire::{Operation, refused},
};
use russh::{
    ChannelMsg, ChannelReadHalf, ChannelWriteHalf,
    client::{Handle, Msg},
};
use std::{
    io::{self, Read, Write},
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::mpsc;

/// What the server prints on the error stream is kept up to this length.
const MAX_STDERR: usize = 4096;
/// How much is gathered before it is sent.
const WRITE_BUFFER: usize = 64 << 10;

/// Starts moving bytes for a command that runs on the server.
pub(super) fn join(
    session: Handle<Server>,
    read: ChannelReadHalf,
    write: ChannelWriteHalf<Msg>,
    operation: &Arc<Operation>,
) -> Result<(Output, Input)> {
    let stderr = Arc::new(Mutex::new(Vec::new()));
    let (sender, receiver) = mpsc::channel(64);
    Deadline::spawn(pump(read, sender, Arc::clone(&stderr)))?;
    let chunk = io::Cursor::default();
    let output =
        Output { receiver, chunk, any: false, stderr, operation: Arc::clone(operation), _session: session };
    Ok((output, Input { write, buffer: Vec::new(), operation: Arc::clone(operation) }))
}

/// Moves what the server sends to the reader, at the reader's pace.
async fn pump(mut channel: ChannelReadHalf, sender: mpsc::Sender<Vec<u8>>, stderr: Arc<Mutex<Vec<u8>>>) {
    while let Some(message) = channel.wait().await {
        match message {
            // Dropped by a reader that has heard enough.
            ChannelMsg::Data { data } if sender.send(data.to_vec()).await.is_err() => return,
            ChannelMsg::ExtendedData { data, ext: 1 } => {
                let mut stderr = stderr.lock().unwrap_or_else(PoisonError::into_inner);
                let room = MAX_STDERR.saturating_sub(stderr.len());
                stderr.extend(data.iter().take(room));
            }
            ChannelMsg::Close => return,
            _ => {}
        }
    }
}

/// The command's output.
pub(in crate::wire) struct Output {
    receiver: mpsc::Receiver<Vec<u8>>,
    chunk: io::Cursor<Vec<u8>>,
    any: bool,
    stderr: Arc<Mutex<Vec<u8>>>,
    operation: Arc<Operation>,
    /// Ends the session when dropped.
    _session: Handle<Server>,
}

impl Read for Output {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.chunk.read(buf)?;
        if n > 0 || buf.is_empty() {
            return Ok(n);
        }
        let received =
            self.operation.deadline.wait(self.receiver.recv()).map_err(|error| self.operation.fail(error))?;
        match received {
            Some(chunk) => {
                self.operation.receive(chunk.len())?;
                self.any = true;
                self.chunk = io::Cursor::new(chunk);
                self.read(buf)
            }
            None if self.any => Ok(0),
            None => {
                let stderr = self.stderr.lock().unwrap_or_else(PoisonError::into_inner);
                // A command that said nothing on its output has said why on the error stream.
                Err(self.operation.fail(refused(&String::from_utf8_lossy(&stderr))))
            }
        }
    }
}

/// The command's input.
pub(in crate::wire) struct Input {
    write: ChannelWriteHalf<Msg>,
    buffer: Vec<u8>,
    operation: Arc<Operation>,
}

impl Write for Input {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(data);
        if self.buffer.len() >= WRITE_BUFFER {
            self.flush()?;
        }
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        Counters::add(&self.operation.counters.bytes_sent, self.buffer.len());
        let sent = self
            .operation
            .deadline
            .wait(self.write.data(self.buffer.as_slice()))
            .map_err(|error| self.operation.fail(error))?;
        self.buffer.clear();
        // The answer tells why the other side stopped listening.
        sent.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))
    }
}
