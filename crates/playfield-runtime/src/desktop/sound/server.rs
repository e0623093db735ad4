//! The socket, its clients, and the thread that serves them.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use playfield_core::time::Time;
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, recv, send};

use super::engine::{Engine, Now};
use super::microphone::Microphone;
use super::ring::Blocks;
use super::{Mix, SAMPLES};

/// Bytes that are read at once.
const READ: usize = 64 * 1024;
/// How long it waits with a client that it has no file descriptor for.
const ACCEPT_AGAIN: Duration = Duration::from_secs(1);

/// A sound server with a thread of its own, until it is dropped.
///
/// Its file descriptor is readable when there is something to [`take`](SoundServer::take), or when a program began or ceased to
/// record the microphone.
#[derive(Debug)]
pub struct SoundServer {
    shared: Arc<Shared>,
    path: PathBuf,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    blocks: Mutex<Blocks>,
    /// A program records the microphone, and there is one.
    wanted: AtomicBool,
    /// The host has something to look at; the thread is to end.
    news: OwnedFd,
    stop: OwnedFd,
}

impl SoundServer {
    /// Listens at `path`, where a socket that nobody listens at is replaced. Programs find it by `PULSE_SERVER=unix:PATH`. Without a
    /// microphone there is one all the same, and it is silent.
    ///
    /// It starts a thread: a process that confines itself has to do that before.
    pub fn start(path: &Path, microphone: Option<Microphone>) -> io::Result<SoundServer> {
        if path.symlink_metadata().is_ok_and(|file| file.file_type().is_socket()) && UnixStream::connect(path).is_err()
        {
            std::fs::remove_file(path)?;
        }
        let listener = UnixListener::bind(path)?;
        listener.set_nonblocking(true)?;
        let flags = EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK;
        let shared = Arc::new(Shared {
            blocks: Mutex::default(),
            wanted: AtomicBool::new(false),
            news: eventfd(0, flags)?,
            stop: eventfd(0, flags)?,
        });
        let server = Server {
            listener,
            accepts_from: Duration::ZERO,
            shared: Arc::clone(&shared),
            sockets: BTreeMap::new(),
            engine: Engine::default(),
            microphone,
            start: Instant::now(),
            buffer: vec![0; READ],
        };
        let thread = std::thread::Builder::new().name("sound".to_owned()).spawn(move || server.run())?;
        Ok(SoundServer { shared, path: path.to_owned(), thread: Some(thread) })
    }

    /// Moves sound that was mixed to the end of `into`: interleaved stereo at 48 kHz. Says which frame it begins with, counted
    /// from the start of the server. Where that is more than what went before, there was silence. None: there is no more.
    ///
    /// What is not taken within 200 ms is left out.
    pub fn take(&self, into: &mut Vec<i16>) -> Option<u64> {
        // It is readable again only for what comes from now on.
        let _ = rustix::io::read(&self.shared.news, &mut [0; 8]);
        locked(&self.shared.blocks).take(into)
    }

    /// Whether a program records the microphone now, where there is one.
    pub fn microphone_wanted(&self) -> bool {
        self.shared.wanted.load(Ordering::Relaxed)
    }
}

impl AsFd for SoundServer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.shared.news.as_fd()
    }
}

impl Drop for SoundServer {
    fn drop(&mut self) {
        wake(&self.shared.stop);
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread of a sound server panicked");
        }
        let _ = std::fs::remove_file(&self.path);
    }
}

fn time(clock: Duration) -> Time {
    Time::ZERO + clock
}

fn wake(event: &OwnedFd) {
    // It fails where it is awake already.
    let _ = rustix::io::write(event, &1_u64.to_ne_bytes());
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the thread has.
struct Server {
    listener: UnixListener,
    /// From when on it accepts clients, by the clock: later, after there were no file descriptors left.
    accepts_from: Duration,
    shared: Arc<Shared>,
    sockets: BTreeMap<u32, UnixStream>,
    engine: Engine,
    microphone: Option<Microphone>,
    start: Instant,
    buffer: Vec<u8>,
}

impl Server {
    fn run(mut self) {
        loop {
            let ready = match self.wait() {
                Ok(ready) => ready,
                Err(Errno::INTR) => continue,
                Err(error) => return tracing::error!(%error, "a sound server cannot wait"),
            };
            if ready.stop {
                return;
            }
            for id in ready.readable {
                self.read(id);
            }
            if ready.connects {
                self.accept();
            }
            self.listen();
            self.mix();
            self.write();
        }
    }

    fn now(&self) -> Now {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now { clock: self.start.elapsed(), unix }
    }

    /// Until something happens or a block is due.
    fn wait(&self) -> Result<Ready, Errno> {
        let mut fds = vec![PollFd::new(&self.shared.stop, PollFlags::IN)];
        let clock = self.start.elapsed();
        let again = Some(self.accepts_from).filter(|from| *from > clock);
        let listens = if again.is_none() { PollFlags::IN } else { PollFlags::empty() };
        fds.push(PollFd::new(&self.listener, listens));
        for (id, socket) in &self.sockets {
            let mut wanted = PollFlags::empty();
            wanted.set(PollFlags::IN, self.engine.listens_to(*id));
            wanted.set(PollFlags::OUT, !self.engine.unsent(*id).is_empty());
            fds.push(PollFd::new(socket, wanted));
        }
        // While nobody records, nothing wakes up for it.
        let microphone = self.microphone.as_ref().filter(|_| self.engine.records_microphone());
        fds.extend(microphone.map(|microphone| PollFd::new(microphone, PollFlags::IN)));
        let left = self.engine.due().into_iter().chain(again).min().map(|due| due.saturating_sub(self.start.elapsed()));
        let left = left.map(|left| Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() });
        poll(&mut fds, left.as_ref())?;
        let is = |fd: &PollFd<'_>| !fd.revents().is_empty();
        // A client that hung up is read to its end, even if it is not listened to.
        let read = |fd: &PollFd<'_>| fd.revents().intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR);
        let clients = self.sockets.keys().zip(&fds[2..]);
        Ok(Ready {
            stop: is(&fds[0]),
            connects: is(&fds[1]),
            readable: clients.filter(|(_, fd)| read(fd)).map(|(id, _)| *id).collect(),
        })
    }

    fn accept(&mut self) {
        match self.listener.accept() {
            Ok((socket, _)) => {
                if socket.set_nonblocking(true).is_err() {
                    return;
                }
                match self.engine.connect() {
                    Some(id) => drop(self.sockets.insert(id, socket)),
                    None => tracing::warn!("a program was refused by its sound server: it has too many connections"),
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock || error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                tracing::warn!(%error, "a sound server cannot accept a program");
                self.accepts_from = self.start.elapsed() + ACCEPT_AGAIN;
            }
        }
    }

    fn read(&mut self, id: u32) {
        let Some(socket) = self.sockets.get(&id) else { return };
        match recv(socket, &mut self.buffer[..], RecvFlags::empty()) {
            Ok((_, 0)) => self.engine.disconnect(id),
            Ok((_, bytes)) => {
                let now = self.now();
                self.engine.receive(id, &self.buffer[..bytes], now);
            }
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(_) => self.engine.disconnect(id),
        }
    }

    /// Takes what comes of the microphone, if somebody records it.
    fn listen(&mut self) {
        let now = time(self.start.elapsed());
        let Some(microphone) = &mut self.microphone else { return };
        let listens = self.engine.records_microphone();
        if self.shared.wanted.swap(listens, Ordering::Relaxed) != listens {
            microphone.forget();
            wake(&self.shared.news);
        }
        if listens {
            microphone.take(now);
        }
    }

    /// All blocks that are due.
    fn mix(&mut self) {
        let listens = self.engine.records_microphone();
        let mut made = false;
        loop {
            let now = self.now();
            let Some(due) = self.engine.due().filter(|due| *due <= now.clock) else { break };
            let mut heard: Mix = [0.0; SAMPLES];
            if let Some(microphone) = self.microphone.as_mut().filter(|_| listens) {
                // By the time of the block: one that is late takes no more than its own.
                microphone.hear(time(due), &mut heard);
            }
            if let Some(block) = self.engine.mix(&heard, now) {
                locked(&self.shared.blocks).push(block);
                made = true;
            }
        }
        if made {
            wake(&self.shared.news);
        }
    }

    /// Sends what can be sent, and closes the sockets of those who are gone.
    fn write(&mut self) {
        for (id, socket) in &self.sockets {
            loop {
                let unsent = self.engine.unsent(*id);
                if unsent.is_empty() {
                    break;
                }
                match send(socket, unsent, SendFlags::NOSIGNAL) {
                    Ok(bytes) => self.engine.sent(*id, bytes),
                    Err(Errno::INTR) => {}
                    Err(Errno::AGAIN) => break,
                    Err(_) => self.engine.disconnect(*id),
                }
            }
        }
        self.sockets.retain(|id, _| self.engine.alive(*id));
    }
}

/// What happened.
struct Ready {
    stop: bool,
    connects: bool,
    readable: Vec<u32>,
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use pulseaudio::protocol::{self as pulse, AuthParams, AuthReply, Command};

    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Folder {
            let folder = std::env::temp_dir().join(format!("playfield-sound-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&folder).unwrap();
            Folder(folder)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn ask(socket: &mut UnixStream) -> AuthReply {
        let auth = AuthParams { version: 35, supports_shm: false, supports_memfd: false, cookie: vec![0; 256] };
        pulse::write_command_message(socket, 1, &Command::Auth(auth), 35).unwrap();
        let (_, reply) = pulse::read_reply_message(&mut io::BufReader::new(socket), 35).unwrap();
        reply
    }

    #[test]
    fn it_answers_at_its_path_until_it_is_dropped() {
        let folder = Folder::new("path");
        let path = folder.0.join("native");
        let server = SoundServer::start(&path, None).unwrap();
        let mut client = UnixStream::connect(&path).unwrap();
        assert_eq!(ask(&mut client).version, 35);
        assert_eq!(server.take(&mut Vec::new()), None);
        assert!(SoundServer::start(&path, None).is_err(), "two servers at one path");
        drop(server);
        assert_eq!(client.read(&mut [0; 1]).unwrap(), 0);
        assert!(!path.exists());
        // One that died leaves its socket behind.
        drop(UnixListener::bind(&path).unwrap());
        let _server = SoundServer::start(&path, None).unwrap();
        assert_eq!(ask(&mut UnixStream::connect(&path).unwrap()).version, 35);
    }

    #[test]
    fn a_file_that_is_no_socket_is_left_alone() {
        let folder = Folder::new("file");
        let path = folder.0.join("native");
        std::fs::write(&path, "kept").unwrap();
        assert!(SoundServer::start(&path, None).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"kept");
    }

    #[test]
    fn who_does_not_keep_to_the_protocol_is_let_go_of_alone() {
        let folder = Folder::new("odd");
        let path = folder.0.join("native");
        let _server = SoundServer::start(&path, None).unwrap();
        let mut good = UnixStream::connect(&path).unwrap();
        let mut odd = UnixStream::connect(&path).unwrap();
        odd.write_all(&[0xff; 64]).unwrap();
        // It may be reset, because something was not read.
        assert!(!matches!(odd.read(&mut [0; 1]), Ok(1)));
        assert_eq!(ask(&mut good).version, 35);
    }
}
