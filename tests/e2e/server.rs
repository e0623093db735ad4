//! The product, started as a person would, with ports and a data folder of its own.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream, UdpSocket};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};

use crate::wait;

/// One server and one browser are enough for a small machine: tests take turns.
static TURN: Mutex<()> = Mutex::new(());

/// A running `playfield up`. Dropping it kills it; after a failed test its log is shown and its folder kept.
pub struct Server {
    child: Child,
    folder: PathBuf,
    titles: PathBuf,
    /// Where browsers can come, without a slash at the end.
    pub url: String,
    /// The workers' UDP ports.
    pub udp: RangeInclusive<u16>,
    _turn: MutexGuard<'static, ()>,
}

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The program under test.
pub fn program() -> PathBuf {
    let built = || Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("release/playfield");
    let program = std::env::var_os("PLAYFIELD_BIN").map_or_else(built, PathBuf::from);
    assert!(program.exists(), "{} is not there; run `cargo xtask e2e`, or set PLAYFIELD_BIN", program.display());
    program
}

/// A folder of its own for whoever asks.
pub fn folder() -> PathBuf {
    static COUNT: AtomicU16 = AtomicU16::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("e2e-{}-{count}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

impl Server {
    /// Serves the titles of the repository.
    pub fn start() -> Server {
        Server::with_titles(&root().join("titles"))
    }

    /// Serves the titles of a folder.
    pub fn with_titles(titles: &Path) -> Server {
        Server::with_config(titles, "[node]\nworkers = 2\n")
    }

    /// Serves the titles of a folder, with some tables of a config file.
    pub fn with_config(titles: &Path, tables: &str) -> Server {
        Server::with_settings(titles, "demo_camera = false", tables)
    }

    /// With the camera that newcomers are shown, and the models of the repository.
    pub fn with_camera() -> Server {
        Server::with_apps(&root().join("apps"))
    }

    /// The same, with the edge apps of a folder, and what is in `models` next to it.
    pub fn with_apps(apps: &Path) -> Server {
        let (ours, more) = (root().join("models"), apps.with_file_name("models"));
        let folders = format!("models = [{ours:?}, {more:?}]\napps = [{apps:?}]");
        Server::with_settings(&root().join("titles"), &folders, "[node]\nworkers = 2\n")
    }

    fn with_settings(titles: &Path, control: &str, tables: &str) -> Server {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = folder();
        let udp = free_udp_ports(2);
        let control = format!("[control]\nops_listen = \"127.0.0.1:0\"\n{control}\n");
        let log = "[log]\nfilter = \"info,playfield=debug\"\n";
        fs::write(folder.join("config.toml"), format!("{control}{log}{tables}")).unwrap();
        let child = launch(&folder, titles, "127.0.0.1:0", &udp);
        let mut server = Server { child, folder, titles: titles.to_owned(), url: String::new(), udp, _turn: turn };
        server.url = wait("the server to say where it is", || server.url_in_log());
        server
    }

    fn url_in_log(&mut self) -> Option<String> {
        assert!(self.child.try_wait().unwrap().is_none(), "the server ended at its start");
        let log = self.log();
        // Other lines speak of what is open too.
        let at = log.find(" open http")? + " open ".len();
        let rest = &log[at..];
        Some(rest.lines().next()?.trim().trim_end_matches('/').to_owned()).filter(|_| rest.contains('\n'))
    }

    /// Kills it at once.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again, with the same data and at the same address.
    pub fn start_again(&mut self) {
        let (_, port) = self.url.rsplit_once(':').unwrap();
        self.child = launch(&self.folder, &self.titles, &format!("127.0.0.1:{port}"), &self.udp);
        wait("the server to be there again", || self.url_in_log());
    }

    /// Where it keeps what outlives it.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// All it logged until now.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap()
    }

    /// Where its workers listen in the machine's network, for browsers on this machine.
    pub fn own_address(&self) -> Ipv4Addr {
        let log = self.log();
        let ready = log.lines().find(|line| line.contains("worker ready")).expect("a worker");
        let mut addresses =
            ready.split(['[', ',', ']']).filter_map(|address| address.trim().parse::<SocketAddrV4>().ok());
        *addresses.find(|address| !address.ip().is_loopback()).expect("an address in a network").ip()
    }

    /// Asks it to stop, as an operator or a service manager does.
    pub fn terminate(&self) {
        kill(self.child.id(), Signal::TERM);
    }

    /// How it ended; none: it has not.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// The processes of its workers.
    pub fn workers(&self) -> Vec<u32> {
        pids()
            .filter(|pid| parent(*pid) == Some(self.child.id()) && arguments(*pid).iter().any(|arg| arg == "worker"))
            .collect()
    }

    /// The processes that its workers started for native guests, and in them the guests themselves.
    pub fn guests(&self) -> Vec<u32> {
        let workers = self.workers();
        let all: Vec<u32> = pids().collect();
        let below = |of: &[u32]| -> Vec<u32> {
            all.iter().copied().filter(|pid| parent(*pid).is_some_and(|parent| of.contains(&parent))).collect()
        };
        let outer = below(&workers);
        let inits = below(&outer);
        below(&inits)
    }

    /// Those of them that were started as `playfield guest KIND`.
    pub fn guests_of(&self, kind: &str) -> Vec<u32> {
        let is = |pid: &u32| arguments(*pid).get(2).is_some_and(|argument| argument == kind);
        self.guests().into_iter().filter(is).collect()
    }

    /// Asks for something that is answered without a body.
    pub fn ask_status(&self, method: &str, path: &str, status: u16) {
        let address = self.url.trim_start_matches("http://").replace("localhost", "127.0.0.1");
        let mut stream = TcpStream::connect(&address).unwrap();
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        assert!(line.starts_with(&format!("HTTP/1.1 {status} ")), "{method} {path}: {line}");
    }

    /// Asks by HTTP, without a browser.
    pub fn get(&self, path: &str) -> serde_json::Value {
        self.ask("GET", path, &[], None)
    }

    /// The same, with header fields and a body.
    pub fn ask(
        &self,
        method: &str,
        path: &str,
        fields: &[(&str, &str)],
        body: Option<serde_json::Value>,
    ) -> serde_json::Value {
        let mut head = String::new();
        fields.iter().for_each(|(name, value)| head += &format!("{name}: {value}\r\n"));
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        if !body.is_empty() {
            head += &format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
        }
        let address = self.url.trim_start_matches("http://").replace("localhost", "127.0.0.1");
        let mut stream = TcpStream::connect(&address).unwrap();
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{head}\r\n{body}").unwrap();
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        while reader.read_line(&mut line).unwrap() > 2 {
            line.clear();
        }
        let mut body = String::new();
        reader.read_to_string(&mut body).unwrap();
        serde_json::from_str(&body).unwrap_or_else(|error| panic!("{path}: {error}: {body}"))
    }
}

fn launch(folder: &Path, titles: &Path, listen: &str, udp: &RangeInclusive<u16>) -> Child {
    Command::new(program())
        .args(["up", "--listen", listen, "--udp-ports", &format!("{}-{}", udp.start(), udp.end())])
        .args([Path::new("--titles"), titles])
        .args([Path::new("--data"), &folder.join("data")])
        .args([Path::new("--config"), &folder.join("config.toml")])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(File::create(folder.join("log")).unwrap())
        .spawn()
        .unwrap()
}

/// Kills at once, as a crash would end it.
pub fn crash(pid: u32) {
    kill(pid, Signal::KILL);
}

fn kill(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(pid.cast_signed()).unwrap(), signal).unwrap();
}

fn pids() -> impl Iterator<Item = u32> {
    fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok())
}

fn parent(pid: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()
}

fn arguments(pid: u32) -> Vec<String> {
    let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    line.split('\0').map(str::to_owned).collect()
}

/// So many UDP ports in a row that nobody uses now.
pub fn free_udp_ports(count: u16) -> RangeInclusive<u16> {
    let free = |port: u16| ["127.0.0.1", "::1"].iter().all(|ip| UdpSocket::bind((*ip, port)).is_ok());
    // Where to begin differs from process to process, so that two do not follow each other.
    let begin = 20_000 + (std::process::id() % 1_000) as u16 * 10;
    let firsts = (begin..32_000).step_by(usize::from(count));
    let found = firsts.map(|first| first..=first + count - 1).find(|range| range.clone().all(free));
    found.expect("UDP ports that nobody uses")
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        if thread::panicking() {
            eprintln!("--- the server's log, kept with its data in {}\n{}", self.folder.display(), self.log());
        } else {
            drop(fs::remove_dir_all(&self.folder));
        }
    }
}
