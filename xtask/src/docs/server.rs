//! A server that a page starts: at free ports, with a data folder of its own, asked for its titles, and ended as by Ctrl-C.

use std::ffi::OsString;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use crate::shell::Failure;

/// How long a server may take to answer, and to end.
const PATIENCE: Duration = Duration::from_secs(60);
/// A worker for each core needs a port each.
const PORTS: u16 = 16;

/// A running one. Dropped before it was stopped, it is killed.
pub struct Server {
    child: Child,
    port: u16,
}

impl Server {
    /// Starts what the page says.
    pub fn start(
        command: &str,
        place: &Path,
        variables: &[(String, OsString)],
        root: &Path,
    ) -> Result<Server, Failure> {
        static COUNT: AtomicU16 = AtomicU16::new(0);
        let data = root.join(format!("target/data-{}", COUNT.fetch_add(1, Ordering::Relaxed)));
        fs::create_dir_all(&data).map_err(Failure::new)?;
        let config = data.join("config.toml");
        fs::write(&config, "[control]\nops_listen = \"127.0.0.1:0\"\n").map_err(Failure::new)?;
        let (port, udp) = (free_port()?, free_ports()?);
        let mut line = format!("exec {command} --listen 127.0.0.1:{port} --udp-ports {udp}-{}", udp + PORTS - 1);
        if command.split_whitespace().nth(1) == Some("up") {
            line += &format!(" --data {0}/data --config {0}/config.toml", data.display());
        }
        let log = fs::File::create(data.join("log")).map_err(Failure::new)?;
        let child = Command::new("bash")
            .args(["-c", &line])
            .current_dir(place)
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(|error| Failure::new(format!("does not start: {error}")))?;
        Ok(Server { child, port })
    }

    /// Where a browser would go.
    pub fn url(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// Its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The titles it has, as it lists them, once it has so many; none of them may have a problem.
    pub fn titles(&mut self, count: usize) -> Result<String, Failure> {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().map_err(Failure::new)? {
                return Err(Failure::new(format!("it ended by itself ({status})")));
            }
            let titles = self.get("/api/v1/titles").unwrap_or_default();
            if titles.contains("\"problem\":\"") {
                return Err(Failure::new(format!("a title has a problem: {titles}")));
            }
            if titles.matches("\"id\":\"").count() >= count {
                return Ok(titles);
            }
            if began.elapsed() > PATIENCE {
                return Err(Failure::new(format!(
                    "it has not {count} titles after {} s: {titles}",
                    PATIENCE.as_secs()
                )));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn get(&self, path: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost:{}\r\nConnection: close\r\n\r\n", self.port)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    /// Ends it as Ctrl-C does, and waits for that.
    pub fn stop(mut self) -> Result<(), Failure> {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        told.map_err(|error| Failure::new(format!("cannot be told to end: {error}")))?;
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().map_err(Failure::new)? {
                let how = || Failure::new(format!("it did not end well ({status})"));
                return if status.success() { Ok(()) } else { Err(how()) };
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Err(Failure::new(format!("it was told to end, and had not after {} s", PATIENCE.as_secs())))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only if it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> Result<u16, Failure> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(Failure::new)?;
    Ok(listener.local_addr().map_err(Failure::new)?.port())
}

/// The first of so many free UDP ports in a row.
fn free_ports() -> Result<u16, Failure> {
    let free = |first: &u16| (*first..*first + PORTS).all(|port| UdpSocket::bind(("127.0.0.1", port)).is_ok());
    let first = (42_000..60_000).step_by(usize::from(PORTS)).find(free);
    first.ok_or_else(|| Failure::new("there are no free UDP ports"))
}
