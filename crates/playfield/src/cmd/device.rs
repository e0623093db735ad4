//! `playfield camera`: this machine has cameras, and a control plane elsewhere looks after them.

use std::fs;
use std::io::Write;
use std::net::{IpAddr, ToSocketAddrs, UdpSocket};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use playfield_core::camera::Desired;
use playfield_core::id::{NodeId, Token};
use playfield_core::link::Invitation;
use playfield_node::Node;
use playfield_node::device::{self, DeviceConfig, OwnCertificate, Server};
use playfield_store::bus::Bus;
use serde::{Deserialize, Serialize};

use super::up::{prepare, stop_signal};
use crate::config::Config;
use crate::telemetry;

/// What a machine with cameras does.
#[derive(Debug, clap::Subcommand)]
pub enum Camera {
    /// Join a control plane with the address that its console shows, and go to work.
    Join(Join),
    /// Go to work again after a restart.
    Run(Where),
    /// Forget the control plane that was joined. What its cameras told and nobody has yet is lost.
    Leave(Where),
}

/// Flags of `camera join`.
#[derive(Debug, clap::Args)]
pub struct Join {
    /// The address that the console shows: `https://HOST:PORT/cameras/join#CODE`. With a certificate, `https://HOST:PORT`.
    address: String,
    /// PEM file of this machine's certificate, which the server believes: no code is needed.
    #[arg(long, value_name = "FILE", requires = "key")]
    certificate: Option<PathBuf>,
    /// PEM file of the key that goes with it.
    #[arg(long, value_name = "FILE", requires = "certificate")]
    key: Option<PathBuf>,
    /// What people are to call its camera; its own name if not said.
    #[arg(long)]
    name: Option<String>,
    /// What its camera is to do, as JSON: what `desired` is in the API.
    #[arg(long, value_name = "FILE")]
    desired: Option<PathBuf>,
    /// Join only; `playfield camera run` goes to work.
    #[arg(long)]
    only: bool,
    #[command(flatten)]
    place: Where,
}

/// Where its things are.
#[derive(Debug, clap::Args)]
pub struct Where {
    /// Folder for everything that is kept.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Configuration file.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Whom this machine joined. It holds a secret.
#[derive(Serialize, Deserialize)]
struct Joined {
    server: Server,
    node: NodeId,
    token: Token,
}

/// Runs a subcommand to its end.
pub fn run(camera: &Camera) -> anyhow::Result<()> {
    let place = match camera {
        Camera::Join(join) => &join.place,
        Camera::Run(place) | Camera::Leave(place) => place,
    };
    let mut config = Config::load(place.config.as_deref())?;
    if let Some(data) = &place.data {
        config.data = data.clone();
    }
    telemetry::install(&config.log)?;
    config.data = prepare(&config.data)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")?;
    match camera {
        Camera::Join(args) => {
            let joined = runtime.block_on(join(args, &config.data))?;
            println!("joined {} as {}", joined.server.address, joined.node);
            if args.only { Ok(()) } else { runtime.block_on(work(config, joined)) }
        }
        Camera::Run(_) => {
            let joined = read(&config.data)?;
            runtime.block_on(work(config, joined))
        }
        Camera::Leave(_) => {
            let folder = folder(&config.data);
            read(&config.data)?;
            fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))
        }
    }
}

async fn join(args: &Join, data: &Path) -> anyhow::Result<Joined> {
    if path(data).exists() {
        bail!(
            "this machine joined a control plane before: `playfield camera run` goes to work, \
             `playfield camera leave` forgets it"
        );
    }
    let own = match (&args.certificate, &args.key) {
        (Some(certificate), Some(key)) => Some(OwnCertificate {
            certificate: fs::canonicalize(certificate).with_context(|| format!("{}", certificate.display()))?,
            key: fs::canonicalize(key).with_context(|| format!("{}", key.display()))?,
        }),
        _ => None,
    };
    let (server, code) = match (Invitation::parse(&args.address), own) {
        (Ok(Invitation { server, code, key }), own) => (Server { address: server, key, own }, Some(code)),
        (Err(_), Some(own)) if args.address.starts_with("https://") => {
            let address = args.address.trim_end_matches('/').to_owned();
            (Server { address, key: None, own: Some(own) }, None)
        }
        (Err(problem), _) => bail!(problem),
    };
    let desired: Option<Desired> = match &args.desired {
        Some(file) => {
            let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
            Some(serde_json::from_str(&text).with_context(|| format!("{}", file.display()))?)
        }
        None => None,
    };
    let name = args.name.clone().unwrap_or_else(own_name);
    let (node, token) = device::join(&server, code, name, desired).await?;
    let joined = Joined { server, node, token };
    keep(data, &joined)?;
    Ok(joined)
}

async fn work(mut config: Config, joined: Joined) -> anyhow::Result<()> {
    let bus = Bus::local();
    config.node.data_dir = config.data.clone();
    if config.node.bind == playfield_node::Config::default().bind
        && let Some(own) = own_address(&joined.server.address)
    {
        // Where who has a grant may come for pictures: from where the control plane is.
        config.node.bind = vec![own];
    }
    let program = std::env::current_exe().context("cannot tell where this program is")?;
    super::sandbox::log(&program, config.node.sandbox).await;
    let node = Node::start(config.node, bus.clone(), program).await?;
    let stop = stop_signal()?;
    let journal_bytes = u64::from(config.device.journal_mb) << 20;
    let device = DeviceConfig {
        server: joined.server,
        token: joined.token,
        data_dir: config.data,
        camera_files: config.device.camera_files,
        journal_bytes,
    };
    let worked = device::run(device, bus, node.id().clone(), stop).await;
    tracing::info!("stopping: cameras end");
    node.stop().await;
    Ok(worked?)
}

fn folder(data: &Path) -> PathBuf {
    data.join("device")
}

fn path(data: &Path) -> PathBuf {
    folder(data).join("joined.json")
}

fn read(data: &Path) -> anyhow::Result<Joined> {
    let path = path(data);
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => bail!(
            "this machine joined no control plane yet: `playfield camera join ADDRESS`, with the address that the \
             console shows under \"Add a camera\""
        ),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    serde_json::from_slice(&text).with_context(|| format!("{} is not what was written there", path.display()))
}

/// For nobody else on this machine: it holds a secret.
fn keep(data: &Path, joined: &Joined) -> anyhow::Result<()> {
    let path = path(data);
    fs::create_dir_all(folder(data)).with_context(|| format!("cannot make {}", folder(data).display()))?;
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let bytes = serde_json::to_vec_pretty(joined)?;
    let written = options.open(&path).and_then(|mut file| {
        file.write_all(&bytes)?;
        file.sync_all()
    });
    written.with_context(|| format!("cannot write {}", path.display()))
}

fn own_name() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "camera".to_owned() } else { name.to_owned() }
}

/// The address of this machine that the control plane is reached from. No packet is sent to find it.
fn own_address(server: &str) -> Option<IpAddr> {
    let place = server.split_once("://")?.1;
    let with_port = |place: &str| place.to_socket_addrs().ok()?.next();
    let there = with_port(place).or_else(|| with_port(&format!("{place}:443")))?;
    let any: IpAddr = match there {
        std::net::SocketAddr::V4(_) => std::net::Ipv4Addr::UNSPECIFIED.into(),
        std::net::SocketAddr::V6(_) => std::net::Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect(there).ok()?;
    Some(socket.local_addr().ok()?.ip())
}
