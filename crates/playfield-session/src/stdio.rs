//! The pipe to the node: one JSON object a line, both ways.

use std::io::{BufRead, Read, Write};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;

use playfield_core::bus::{FromWorker, ToWorker, WorkerConfig};
use playfield_transport::Waker;

use crate::WorkerError;

/// Longest line taken from the node, in bytes.
const MAX_LINE: u64 = 16 * 1024 * 1024;
/// Lines that may wait in each direction.
const MOST: usize = 1_024;

/// Reads the first line: how the worker is to be set up.
pub(crate) fn read_hello(input: &mut impl BufRead) -> Result<WorkerConfig, WorkerError> {
    let line = next_line(input).ok_or_else(|| WorkerError::Hello("there is none".to_owned()))?;
    serde_json::from_str(&line).map_err(|error| WorkerError::Hello(error.to_string()))
}

fn next_line(input: &mut impl BufRead) -> Option<String> {
    let mut line = Vec::new();
    let read = input.take(MAX_LINE).read_until(b'\n', &mut line).unwrap_or(0);
    // What is not UTF-8 does not parse, and is told so, as one line.
    (read > 0).then(|| String::from_utf8_lossy(&line).into_owned())
}

/// Requests of the node, as they come. The channel closes when the node is gone.
pub(crate) fn requests(mut input: impl BufRead + Send + 'static, waker: Waker) -> std::io::Result<Receiver<ToWorker>> {
    let (sender, receiver) = sync_channel(MOST);
    thread::Builder::new().name("node-in".to_owned()).spawn(move || {
        while let Some(line) = next_line(&mut input) {
            match serde_json::from_str::<ToWorker>(&line) {
                Ok(request) => {
                    if sender.send(request).is_err() {
                        break;
                    }
                    waker.wake();
                }
                Err(error) => tracing::error!(%error, "the node said something that cannot be read"),
            }
        }
        drop(sender);
        waker.wake();
    })?;
    Ok(receiver)
}

/// A way to tell the node things without waiting for the pipe.
pub(crate) fn reports(mut output: impl Write + Send + 'static) -> std::io::Result<Reports> {
    let (sender, receiver) = sync_channel::<FromWorker>(MOST);
    let thread = thread::Builder::new().name("node-out".to_owned()).spawn(move || {
        for report in receiver {
            let written = serde_json::to_writer(&mut output, &report)
                .map_err(std::io::Error::from)
                .and_then(|()| output.write_all(b"\n"))
                .and_then(|()| output.flush());
            if written.is_err() {
                break;
            }
        }
    })?;
    Ok(Reports { sender: Some(sender), thread: Some(thread) })
}

/// Tells the node things.
#[derive(Debug)]
pub(crate) struct Reports {
    sender: Option<SyncSender<FromWorker>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Reports {
    /// Tells the node something if the pipe is free; gives it back if not.
    pub(crate) fn offer(&self, report: FromWorker) -> Option<FromWorker> {
        match self.sender.as_ref().map(|sender| sender.try_send(report)) {
            Some(Err(TrySendError::Full(report))) => Some(report),
            _ => None,
        }
    }

    /// Tells the node something, and waits for the pipe if it is full. If the node is gone there is nobody to tell.
    pub(crate) fn send(&self, report: FromWorker) {
        if let Some(sender) = &self.sender {
            drop(sender.send(report));
        }
    }
}

impl Drop for Reports {
    /// Everything said is written before the worker ends.
    fn drop(&mut self) {
        self.sender = None;
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}
