//! A thread that tells a session when the process of its guest has something to say.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::thread::JoinHandle;

use rustix::event::{EventfdFlags, epoll, eventfd};

use crate::Wake;

/// Wakes a session whenever its guest's process says something. Dropped, it does no longer.
#[derive(Debug)]
pub struct Watcher {
    stop: Arc<OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

impl Watcher {
    /// Watches a link's socket.
    pub fn start(socket: impl AsFd, wake: Wake) -> io::Result<Watcher> {
        let socket = rustix::io::dup(socket)?;
        let stop = Arc::new(eventfd(0, EventfdFlags::CLOEXEC)?);
        let set = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        // By edges: each message is told once, and taken by whoever is woken.
        let news = epoll::EventFlags::IN | epoll::EventFlags::ET;
        epoll::add(&set, &socket, epoll::EventData::new_u64(0), news)?;
        epoll::add(&set, &*stop, epoll::EventData::new_u64(1), epoll::EventFlags::IN)?;
        let builder = std::thread::Builder::new().name("watcher".to_owned()).stack_size(64 << 10);
        let thread = builder.spawn(move || {
            let _socket = socket;
            let mut events =
                [epoll::Event { flags: epoll::EventFlags::empty(), data: epoll::EventData::new_u64(0) }; 2];
            loop {
                match epoll::wait(&set, &mut events[..], None) {
                    Ok(came) if events[..came].iter().any(|event| event.data.u64() == 1) => return,
                    Ok(_) => wake(),
                    Err(rustix::io::Errno::INTR) => {}
                    Err(_) => return,
                }
            }
        })?;
        Ok(Watcher { stop, thread: Some(thread) })
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        // A counter of one always has room.
        let _ = rustix::io::write(&*self.stop, &1u64.to_ne_bytes());
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so already.
            drop(thread.join());
        }
    }
}
