//! `playfield up`: the control plane and a node in one process; guests run in others.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use playfield_control::metrics::{Load, Metrics, worker_load};
use playfield_control::{Control, Parts, Serving};
use playfield_node::{Node, PortRange};
use playfield_store::blob::Blobs;
use playfield_store::bus::Bus;
use playfield_store::db::Db;
use tokio::signal::unix::{SignalKind, signal};

use crate::config::Config;
use crate::telemetry;

/// How often the figures of workers are written to the metrics.
const LOAD_PERIOD: Duration = Duration::from_secs(1);

/// Flags of `up`. Each one beats the configuration file.
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// Address for browsers; give it again for more. Anything but a loopback address is HTTPS and asks to sign in.
    #[arg(long, value_name = "IP:PORT")]
    pub listen: Vec<SocketAddr>,
    /// UDP ports for pictures, sound and input, one for each worker.
    #[arg(long, value_name = "FIRST-LAST")]
    pub udp_ports: Option<PortRange>,
    /// Address to be reached at from outside, where a router translates; give it again for more.
    #[arg(long, value_name = "IP")]
    pub public_ip: Vec<IpAddr>,
    /// Folder for everything that is kept.
    #[arg(long, value_name = "FOLDER")]
    pub data: Option<PathBuf>,
    /// Folder with titles; give it again for more.
    #[arg(long, value_name = "FOLDER")]
    pub titles: Vec<PathBuf>,
    /// Configuration file.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// A proxy in front does the TLS.
    #[arg(long)]
    pub insecure_http: bool,
}

impl Args {
    fn configure(&self) -> anyhow::Result<Config> {
        let mut config = Config::load(self.config.as_deref())?;
        if !self.listen.is_empty() {
            config.control.listen = self.listen.clone();
        }
        if let Some(missing) = self.titles.iter().find(|titles| !titles.exists()) {
            bail!("there is no titles folder {}; create it or name another with --titles", missing.display());
        }
        if !self.titles.is_empty() {
            config.control.titles = self.titles.clone();
        }
        config.control.insecure_http |= self.insecure_http;
        if let Some(ports) = self.udp_ports {
            config.node.udp_ports = ports;
        }
        if !self.public_ip.is_empty() {
            config.node.public_ips = self.public_ip.clone();
        }
        if let Some(data) = &self.data {
            config.data = data.clone();
        }
        Ok(config)
    }
}

/// Serves until told to stop.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let config = args.configure()?;
    telemetry::install(&config.log)?;
    serve(config, |serving| {
        for url in urls(serving) {
            tracing::info!("open {url}");
        }
        for address in serving.mqtt_addresses() {
            tracing::info!("cameras connect to {address}, over MQTT");
        }
    })
}

/// Serves with a configuration until SIGTERM or SIGINT; `ready` is called once browsers can come.
pub fn serve(config: Config, ready: impl FnOnce(&Serving)) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")?;
    runtime.block_on(App::start(config)).and_then(|app| runtime.block_on(app.run(ready)))
}

/// Everything one process of `up` is made of.
struct App {
    control: Control,
    node: Node,
    db: Db,
}

impl App {
    async fn start(mut config: Config) -> anyhow::Result<App> {
        config.data = prepare(&config.data)?;
        let db = Db::open(&config.data.join("playfield.db")).await?;
        for titles in config.control.titles.iter().filter(|titles| !titles.exists()) {
            tracing::warn!("there is no titles folder {}; name one with --titles", titles.display());
        }
        let blobs = Blobs::files(&config.data.join("blobs")).await?;
        let bus = Bus::local();
        config.node.data_dir = config.data.clone();
        if config.node.bind == playfield_node::Config::default().bind {
            config.node.bind = media_addresses(&config.control.listen);
        }
        let program = std::env::current_exe().context("cannot tell where this program is")?;
        super::sandbox::log(&program, config.node.sandbox).await;
        let node = Node::start(config.node, bus.clone(), program).await?;
        let parts = Parts {
            config: config.control,
            db: db.clone(),
            blobs,
            bus,
            data_dir: config.data,
            nodes: vec![node.id().clone()],
            metrics: Some(Metrics::install()?),
        };
        let control = Control::new(parts).await?;
        Ok(App { control, node, db })
    }

    /// Players are told first, while the control plane still writes down how their sessions end.
    async fn run(self, ready: impl FnOnce(&Serving)) -> anyhow::Result<()> {
        let App { control, node, db } = self;
        if let Some(token) = control.new_sign_in_token() {
            tracing::info!("sign in with the token {}", token.reveal());
        }
        let serving = control.bind().await?;
        ready(&serving);
        let stop = stop_signal()?;
        let (node_is_down, node_down) = tokio::sync::oneshot::channel::<()>();
        let mut server = tokio::spawn(serving.run(async move {
            // An error means the sender is gone: the node is down as well.
            drop(node_down.await);
        }));
        let early = tokio::select! {
            ended = &mut server => Some(ended),
            () = publish_loads(&node) => None,
            () = stop => None,
        };
        tracing::info!("stopping: players are told, sessions end");
        node.stop().await;
        drop(node_is_down);
        let ended = match early {
            Some(ended) => ended,
            None => server.await,
        };
        ended.context("the server stopped by a fault of ours")??;
        db.settle().await.context("the database could not be tidied; nothing is lost")
    }
}

/// Keeps the metrics of the workers up to date; never ends.
async fn publish_loads(node: &Node) {
    let mut every = tokio::time::interval(LOAD_PERIOD);
    loop {
        every.tick().await;
        for load in node.loads() {
            let figures = Load {
                sessions: load.sessions,
                viewers: load.viewers,
                pictures: load.pictures,
                bytes_sent: load.bytes_sent,
                late_ticks: load.late_ticks,
                refused: load.refused,
            };
            worker_load(node.id().as_str(), &load.worker.to_string(), figures);
        }
    }
}

/// The folder for data exists and can be written to; returns it from the root on, since other processes have other folders to start
/// from. One that is made is for nobody else on this machine: saves and the states of sessions are in it.
pub fn prepare(data: &Path) -> anyhow::Result<PathBuf> {
    let probe = data.join(".writable");
    let mut folder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder
        .recursive(true)
        .create(data)
        .and_then(|()| std::fs::write(&probe, b""))
        .and_then(|()| std::fs::remove_file(&probe))
        .and_then(|()| std::fs::canonicalize(data))
        .with_context(|| format!("cannot write to the data folder {}; choose another with --data", data.display()))
}

/// Media is bound to the addresses that browsers come in by; on loopback, to both families of it.
fn media_addresses(listen: &[SocketAddr]) -> Vec<IpAddr> {
    let loopback = playfield_node::Config::default().bind;
    if listen.iter().all(|addr| addr.ip().is_loopback()) {
        return loopback;
    }
    let mut addresses: Vec<_> = listen.iter().map(SocketAddr::ip).collect();
    addresses.sort();
    addresses.dedup();
    addresses
}

/// Resolves at SIGTERM or SIGINT.
pub fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    let mut term = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Where browsers can come, as a person types it.
pub fn urls(serving: &Serving) -> Vec<String> {
    serving.urls().into_iter().map(|url| url.replace("//127.0.0.1:", "//localhost:")).collect()
}
