//! What an operator can set about a node, and the waits that tests shorten.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use playfield_core::bus::Missing;
use playfield_core::codec::H264Library;
use serde::{Deserialize, Serialize};

/// Settings of a node. Unknown keys are refused by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Worker processes; 0: one for each core, as far as there are ports.
    pub workers: u16,
    /// UDP ports for media, one for each worker, as `FIRST-LAST`.
    pub udp_ports: PortRange,
    /// Addresses that workers bind their media sockets to.
    pub bind: Vec<IpAddr>,
    /// Addresses to advertise to viewers instead of the bound ones, where the node is behind a NAT.
    pub public_ips: Vec<IpAddr>,
    /// Most sessions a worker may hold.
    pub max_sessions: u32,
    /// Folders with libretro cores, `NAME_libretro.so`; the first that has a core wins.
    pub cores: Vec<PathBuf>,
    /// What to do where this machine lacks a layer of the fence around native guests: `strict` refuses them, `degrade` goes on.
    pub sandbox: Missing,
    /// What codes H.264; a build without it refuses to start.
    pub h264: H264Library,
    /// The library of ONNX Runtime, which runs models of cameras about twice as fast; none: what this program brings runs them.
    pub onnxruntime: Option<PathBuf>,
    /// Where compiled modules and the node's own id are kept. Not a setting of its own: the program's data folder.
    #[serde(skip)]
    pub data_dir: PathBuf,
    /// What compiling one module may take.
    pub compile: JobLimits,
    /// What making one cover may take.
    pub cover: JobLimits,
    /// Not settings: how long the node waits for things.
    #[serde(skip)]
    pub times: Times,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            workers: 0,
            udp_ports: PortRange { first: 40_000, last: 40_015 },
            bind: vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
            public_ips: Vec::new(),
            max_sessions: 64,
            cores: core_folders(),
            sandbox: Missing::Degrade,
            h264: H264Library::OpenH264,
            onnxruntime: None,
            data_dir: PathBuf::from("data"),
            compile: JobLimits::default(),
            cover: JobLimits::default(),
            times: Times::default(),
        }
    }
}

/// Where distributions put libretro cores.
fn core_folders() -> Vec<PathBuf> {
    let folders = ["x86_64-linux-gnu/libretro", "aarch64-linux-gnu/libretro", "libretro"];
    let local = ["/usr/lib64/libretro", "/usr/local/lib/libretro"].map(PathBuf::from);
    folders.map(|folder| PathBuf::from("/usr/lib").join(folder)).into_iter().chain(local).collect()
}

/// What a child process that does one job may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JobLimits {
    /// Memory the process may write to, in MiB.
    pub memory_mb: u32,
    /// Wall time, in seconds.
    pub seconds: u32,
}

impl Default for JobLimits {
    fn default() -> Self {
        JobLimits { memory_mb: 2048, seconds: 60 }
    }
}

/// How long the node waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// For a new worker to say that it is ready.
    pub ready: Duration,
    /// For a worker to say anything (it reports its load once a second) before it counts as hung.
    pub silence: Duration,
    /// For a worker to open a guest.
    pub start: Duration,
    /// For a worker to answer anything else.
    pub answer: Duration,
    /// For a worker to let a session go on whose own was lost. Its viewers come back within the grace time.
    pub rescue: Duration,
    /// For workers to end their sessions and exit.
    pub drain: Duration,
    /// Before the first restart of a worker; doubles with each loss.
    pub restart_first: Duration,
    /// Before any restart of a worker, at most. A worker that lasted this long starts from the first pause again, and so does
    /// one that was killed from outside.
    pub restart_most: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Times {
            ready: Duration::from_secs(20),
            silence: Duration::from_secs(15),
            start: Duration::from_secs(20),
            answer: Duration::from_secs(10),
            rescue: Duration::from_secs(60),
            drain: Duration::from_secs(8),
            restart_first: Duration::from_millis(200),
            restart_most: Duration::from_secs(30),
        }
    }
}

/// UDP ports, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PortRange {
    /// Lowest.
    pub first: u16,
    /// Highest.
    pub last: u16,
}

/// Settings that cannot work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Not a range of ports.
    #[error("`{0}` is not a range of UDP ports; write it as 40000-40015, lowest first, from 1 to 65535")]
    Ports(String),
    /// Each worker needs a port of its own.
    #[error("{workers} workers need a UDP port each, but udp_ports has {ports}: widen udp_ports or lower workers")]
    TooFewPorts {
        /// Workers asked for.
        workers: u16,
        /// Ports there are.
        ports: u32,
    },
    /// A value outside its range.
    #[error("node.{key} must be {must}")]
    Value {
        /// The key at fault.
        key: &'static str,
        /// What would be right.
        must: &'static str,
    },
}

impl FromStr for PortRange {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let port = |text: &str| text.trim().parse::<u16>().ok().filter(|port| *port > 0);
        match (port(first), port(last)) {
            (Some(first), Some(last)) if first <= last => Ok(PortRange { first, last }),
            _ => Err(ConfigError::Ports(text.chars().take(64).collect())),
        }
    }
}

impl TryFrom<String> for PortRange {
    type Error = ConfigError;

    fn try_from(text: String) -> Result<Self, ConfigError> {
        text.parse()
    }
}

impl From<PortRange> for String {
    fn from(range: PortRange) -> String {
        range.to_string()
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

impl PortRange {
    /// How many ports there are.
    pub fn count(self) -> u32 {
        u32::from(self.last) - u32::from(self.first) + 1
    }
}

impl Config {
    /// How many workers to run on a machine with `cores` cores.
    pub fn worker_count(&self, cores: usize) -> Result<u16, ConfigError> {
        let ports = self.udp_ports.count();
        if self.workers == 0 {
            let wanted = u32::try_from(cores.max(1)).unwrap_or(u32::MAX);
            return Ok(u16::try_from(wanted.min(ports)).unwrap_or(u16::MAX));
        }
        if u32::from(self.workers) > ports {
            return Err(ConfigError::TooFewPorts { workers: self.workers, ports });
        }
        Ok(self.workers)
    }

    /// Where worker `number` (from 0) binds its media socket.
    pub fn udp_of(&self, number: u16) -> Vec<SocketAddr> {
        let port = self.udp_ports.first.saturating_add(number);
        self.bind.iter().map(|ip| SocketAddr::new(*ip, port)).collect()
    }

    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let value = |key, must| Err(ConfigError::Value { key, must });
        if self.bind.is_empty() {
            return value("bind", "at least one address");
        }
        if self.max_sessions == 0 {
            return value("max_sessions", "at least 1");
        }
        for (key, limits) in [("compile", self.compile), ("cover", self.cover)] {
            if limits.seconds == 0 || limits.memory_mb < 64 {
                return value(key, "at least 1 second and 64 MiB");
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_of_ports_reads_as_people_write_it() {
        let check = |text: &str, expect: Option<(u16, u16)>| {
            let range = text.parse::<PortRange>().ok().map(|range| (range.first, range.last));
            assert_eq!(range, expect, "{text}");
        };
        check("40000-40015", Some((40_000, 40_015)));
        check("5000", Some((5_000, 5_000)));
        check("1-65535", Some((1, 65_535)));
        check("40015-40000", None);
        check("0-10", None);
        check("a-b", None);
        check("", None);
    }

    #[test]
    fn workers_fit_cores_and_ports() {
        let check = |workers, ports: &str, cores, expect: Option<u16>| {
            let config = Config { workers, udp_ports: ports.parse().unwrap(), ..Config::default() };
            assert_eq!(config.worker_count(cores).ok(), expect);
        };
        check(0, "1-16", 2, Some(2));
        check(0, "1-16", 64, Some(16));
        check(0, "1-16", 0, Some(1));
        check(3, "1-16", 2, Some(3));
        check(17, "1-16", 2, None);
    }

    #[test]
    fn each_worker_has_a_port_of_its_own_on_every_address() {
        let config = Config::default();
        let expect: Vec<SocketAddr> = vec!["127.0.0.1:40003".parse().unwrap(), "[::1]:40003".parse().unwrap()];
        assert_eq!(config.udp_of(3), expect);
    }

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        let error = serde_json::from_str::<Config>(r#"{"sandbox":"off"}"#).unwrap_err().to_string();
        assert!(error.contains("expected `strict` or `degrade`"), "{error}");
        let error = serde_json::from_str::<Config>(r#"{"wokers":2}"#).unwrap_err().to_string();
        assert!(error.contains("unknown field `wokers`"), "{error}");
        let config: Config = serde_json::from_str(r#"{"udp_ports":"5000-5001","workers":2}"#).unwrap();
        assert_eq!((config.workers, config.udp_ports.count()), (2, 2));
    }

    #[test]
    fn a_setting_that_cannot_work_is_named() {
        let check = |config: Config, key: &str| {
            let error = config.check().unwrap_err().to_string();
            assert!(error.contains(key), "{error}");
        };
        check(Config { bind: vec![], ..Config::default() }, "node.bind");
        check(Config { max_sessions: 0, ..Config::default() }, "node.max_sessions");
        check(Config { compile: JobLimits { memory_mb: 64, seconds: 0 }, ..Config::default() }, "node.compile");
        assert_eq!(Config::default().check(), Ok(()));
    }
}
