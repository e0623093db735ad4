//! Sockets of the door: one listener for each address, TLS where it asks for it.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::{Mqtt, connection, tls};
use crate::config::Config;
use crate::serve::ServeError;

const HANDSHAKE: Duration = Duration::from_secs(10);

/// One address.
pub(crate) struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
    places: Arc<Semaphore>,
    mqtt: Arc<Mqtt>,
}

impl Listener {
    /// Takes the addresses of the configuration.
    pub async fn bind(config: &Config, data_dir: &Path, mqtt: &Arc<Mqtt>) -> Result<Vec<Listener>, ServeError> {
        let wanted = config.mqtt.listen.iter().any(|&address| config.mqtt.tls(address));
        let tls = wanted.then(|| tls::acceptor(config, data_dir)).transpose()?;
        let mut listeners = Vec::new();
        for &address in &config.mqtt.listen {
            let failed = |source| ServeError::Listen { address, source };
            let socket = TcpListener::bind(address).await.map_err(failed)?;
            let tls = tls.clone().filter(|_| config.mqtt.tls(address));
            let address = socket.local_addr().map_err(failed)?;
            let places = Arc::new(Semaphore::new(config.mqtt.connections));
            listeners.push(Listener { socket, address, tls, places, mqtt: mqtt.clone() });
        }
        Ok(listeners)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets devices in until it is to stop; then nobody is connected any more.
    pub async fn accept(self, mut stopping: watch::Receiver<bool>) {
        let mut connections = JoinSet::new();
        loop {
            let next = async {
                let place = self.places.clone().acquire_owned().await;
                (place, self.socket.accept().await)
            };
            let (place, accepted) = tokio::select! {
                next = next => next,
                Some(_) = connections.join_next() => continue,
                _ = stopping.wait_for(|stop| *stop) => break,
            };
            match accepted {
                Ok((stream, _)) => {
                    let (tls, mqtt, stopping) = (self.tls.clone(), self.mqtt.clone(), stopping.clone());
                    connections.spawn(async move {
                        let _place = place;
                        converse(stream, tls, mqtt, stopping).await;
                    });
                }
                Err(error) => {
                    // Out of file descriptors, most likely: others have to go first.
                    tracing::warn!(%error, "a device's connection could not be taken");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
        while connections.join_next().await.is_some() {}
    }
}

async fn converse(stream: TcpStream, tls: Option<TlsAcceptor>, mqtt: Arc<Mqtt>, stopping: watch::Receiver<bool>) {
    // Messages are small, and answered.
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else { return connection::serve(&mqtt, stream, None, stopping).await };
    match tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await {
        Ok(Ok(stream)) => {
            let chain = stream.get_ref().1.peer_certificates();
            let certificate = chain.and_then(<[_]>::first).map(tls::fingerprint);
            connection::serve(&mqtt, stream, certificate, stopping).await;
        }
        Ok(Err(error)) => tracing::debug!(%error, "a device's TLS handshake failed"),
        Err(_) => tracing::debug!("a device's TLS handshake took too long"),
    }
}
