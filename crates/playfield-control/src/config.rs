//! What the control plane can be told. Every key has a default; unknown keys are refused by name.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use playfield_core::bus::SessionTimes;
use playfield_core::id::Token;
use serde::{Deserialize, Serialize};

use crate::mqtt;
use crate::rules::config as rules;

/// Settings of the control plane.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where people's browsers come in. Default `["127.0.0.1:8080"]`. A loopback address is plain HTTP without sign-in; any
    /// other is HTTPS and needs the sign-in token. Port 0 takes a free port.
    pub listen: Vec<SocketAddr>,
    /// Where health, readiness and metrics are asked for, without TLS or sign-in; none: nowhere. Default `127.0.0.1:9464`.
    pub ops_listen: Option<SocketAddr>,
    /// Folders with titles: in each, a folder with a `title.toml`, or a bare `.wasm`. A path that is itself one of
    /// these stands for that title alone. Default `["titles"]`.
    pub titles: Vec<PathBuf>,
    /// Folders with models for cameras: in each, a folder with a `model.toml`. Default `["models"]`.
    pub models: Vec<PathBuf>,
    /// Folders with edge apps for cameras: in each, a folder with an `app.toml`. Default `["apps"]`.
    pub apps: Vec<PathBuf>,
    /// Folders, files and devices that cameras may read, whoever sets them up. Default none.
    pub camera_files: Vec<PathBuf>,
    /// Whether a server without cameras gets one that is drawn, so that there is something to see. Default true.
    pub demo_camera: bool,
    /// How much may be going on.
    pub limits: Limits,
    /// How long a session may do nothing, or last.
    pub times: SessionTimes,
    /// How long what was is remembered.
    pub records: Records,
    /// A proxy in front does the TLS: every address is plain HTTP, and every one, loopback too, needs the sign-in. Default
    /// false.
    pub insecure_http: bool,
    /// PEM file with the certificate chain. Default: a self-signed certificate is made and kept in the data folder.
    pub tls_cert: Option<PathBuf>,
    /// PEM file with the private key of `tls_cert`.
    pub tls_key: Option<PathBuf>,
    /// The secret that people sign in with, at least 16 characters. Default: one is made when first needed, and shown once.
    #[serde(skip_serializing)]
    pub sign_in_token: Option<Token>,
    /// PEM file of those who sign certificates of machines with cameras: one that has such a certificate joins without a code.
    pub machine_ca: Option<PathBuf>,
    /// Addresses of proxies whose `X-Forwarded-For` is believed. Default none.
    pub trusted_proxies: Vec<IpAddr>,
    /// The door of cameras that speak MQTT.
    pub mqtt: mqtt::Config,
    /// What rules do with what cameras tell.
    pub rules: rules::Config,
}

/// How much may be going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Sessions that one client address (of IPv6: one /64) may have open. Default 4.
    pub sessions_per_address: u32,
    /// Sessions that one node may have open. Default 256.
    pub sessions_per_node: u32,
    /// People without a seat who may watch one session. Default 16.
    pub spectators_per_session: u16,
    /// Connections that one listener serves at a time; further ones wait. Default 1024.
    pub connections: usize,
    /// Largest saved state, packed, in MiB. Default 32.
    pub state_mb: u32,
    /// What all saved states may take, in MiB; 0: none are kept. Default 4096.
    pub states_mb: u32,
    /// What the pictures of all datasets may take, in MiB; 0: none are kept. Default 2048.
    pub datasets_mb: u32,
    /// What the files of all datasets may take that apps of cameras upload, in MiB; 0: none are kept. Default 1024. One dataset has a
    /// quarter of it at most.
    pub uploads_mb: u32,
}

/// How long what was is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Records {
    /// Days that a session which ended is kept on record, with its receipt. Default 30.
    pub days: u32,
    /// Sessions that ended of which the receipt is kept, the newest; one takes some 10 kB. Default 5,000.
    pub receipts: u32,
    /// Events of a camera that are kept, the newest. Default 100,000.
    pub device_events: u32,
}

impl Default for Records {
    fn default() -> Self {
        Records { days: 30, receipts: 5_000, device_events: 100_000 }
    }
}

impl Default for Config {
    fn default() -> Self {
        Config {
            listen: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 8080))],
            ops_listen: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 9464))),
            titles: vec![PathBuf::from("titles")],
            models: vec![PathBuf::from("models")],
            apps: vec![PathBuf::from("apps")],
            camera_files: Vec::new(),
            demo_camera: true,
            limits: Limits::default(),
            times: SessionTimes::default(),
            records: Records::default(),
            insecure_http: false,
            tls_cert: None,
            tls_key: None,
            sign_in_token: None,
            trusted_proxies: Vec::new(),
            machine_ca: None,
            mqtt: mqtt::Config::default(),
            rules: rules::Config::default(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            sessions_per_address: 4,
            sessions_per_node: 256,
            spectators_per_session: 16,
            connections: 1024,
            state_mb: 32,
            states_mb: 4_096,
            datasets_mb: 2_048,
            uploads_mb: 1_024,
        }
    }
}

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{key}` {problem}")]
pub struct ConfigError {
    /// The key at fault.
    pub key: &'static str,
    /// What is wrong with it and what would be right.
    pub problem: &'static str,
}

/// What a listener asks of those who come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// This machine only: plain HTTP, nobody signs in, and the name in the address bar must be this machine's.
    Local,
    /// Anybody may knock: they sign in.
    Public {
        /// Whether we do the TLS ourselves.
        tls: bool,
    },
}

impl Config {
    /// Checks what serde cannot.
    pub fn check(&self) -> Result<(), ConfigError> {
        let wrong = |key, problem| Err(ConfigError { key, problem });
        if self.listen.is_empty() {
            return wrong("listen", "must name at least one address, such as 127.0.0.1:8080");
        }
        if self.tls_cert.is_some() != self.tls_key.is_some() {
            return wrong("tls_cert", "and `tls_key` belong together: give both or neither");
        }
        if self.sign_in_token.as_ref().is_some_and(|token| token.reveal().len() < 16) {
            return wrong("sign_in_token", "must be at least 16 characters");
        }
        if self.limits.connections == 0 {
            return wrong("limits.connections", "must be at least 1");
        }
        self.mqtt.check()?;
        self.rules.check()
    }

    /// The kind of door at a listen address.
    pub fn door(&self, address: SocketAddr) -> Door {
        match (address.ip().to_canonical().is_loopback(), self.insecure_http) {
            (true, false) => Door::Local,
            (_, insecure) => Door::Public { tls: !insecure },
        }
    }

    /// Whether any door asks for the sign-in.
    pub fn needs_sign_in(&self) -> bool {
        self.listen.iter().any(|&address| self.door(address) != Door::Local)
    }
}
