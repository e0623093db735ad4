//! Sockets: one listener for each address, TLS where the door asks for it, and an end that lets requests finish.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::HOST;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Router};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tower::ServiceExt;

use crate::config::{Config, Door};
use crate::control::Background;
use crate::http::{Certificate, Peer};
use crate::mqtt::{Mqtt, accept};
use crate::reach::reachable;
use crate::tls::{Doors, TlsError, doors};

mod stall;

use self::stall::Stalling;

/// How long a client may take for its request's head, and may keep a connection it does not use.
const HEAD: Duration = Duration::from_secs(30);
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long requests may take to finish once the program is to end.
const FINISH: Duration = Duration::from_secs(5);

/// Why it cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// An address is taken or not ours.
    #[error("cannot listen on {address}: {source}; stop what uses it, or choose another address")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// TLS.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A task of ours ended that must not.
    #[error("a part of the control plane stopped: {0}")]
    Stopped(String),
}

/// A control plane that has its addresses.
pub struct Serving {
    doors: Vec<Listener>,
    ops: Option<Listener>,
    devices: Vec<accept::Listener>,
    background: Background,
}

/// One address and what is served there.
struct Listener {
    socket: TcpListener,
    address: SocketAddr,
    tls: Option<Doors>,
    router: Router,
    places: Arc<Semaphore>,
}

impl Serving {
    pub(crate) async fn bind(
        config: &Config,
        data_dir: &Path,
        routers: impl Fn(Door) -> Router,
        ops: Router,
        mqtt: Arc<Mqtt>,
        background: Background,
    ) -> Result<Serving, ServeError> {
        let tls = config.listen.iter().any(|&address| config.door(address) == Door::Public { tls: true });
        let tls = tls.then(|| doors(config, data_dir)).transpose()?;
        let mut doors = Vec::new();
        for &address in &config.listen {
            let door = config.door(address);
            let tls = tls.clone().filter(|_| door == Door::Public { tls: true });
            doors.push(Listener::bind(address, tls, routers(door), config.limits.connections).await?);
        }
        let ops = match config.ops_listen {
            Some(address) => Some(Listener::bind(address, None, ops, 64).await?),
            None => None,
        };
        let devices = accept::Listener::bind(config, data_dir, &mqtt).await?;
        let serving = Serving { doors, ops, devices, background };
        let public = |address: &SocketAddr| !address.ip().to_canonical().is_loopback();
        let nth = config.listen.iter().position(public).unwrap_or_default();
        mqtt.reached_at(&serving.urls()[nth]);
        Ok(serving)
    }

    /// The addresses of cameras' doors, with the ports they got.
    pub fn mqtt_addresses(&self) -> Vec<SocketAddr> {
        self.devices.iter().map(accept::Listener::address).collect()
    }

    /// Where browsers come in, as URLs, in the order of the configuration.
    pub fn urls(&self) -> Vec<String> {
        let scheme = |tls: bool| if tls { "https" } else { "http" };
        self.doors.iter().map(|door| format!("{}://{}", scheme(door.tls.is_some()), reachable(door.address))).collect()
    }

    /// The addresses of the doors, with the ports they got.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.doors.iter().map(|door| door.address).collect()
    }

    /// The address of the operations port.
    pub fn ops_address(&self) -> Option<SocketAddr> {
        self.ops.as_ref().map(|ops| ops.address)
    }

    /// Serves until `shutdown`; see [`crate::Control::serve`].
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<(), ServeError> {
        let (stop, stopping) = watch::channel(false);
        let mut accepting = JoinSet::new();
        for door in self.doors.into_iter().chain(self.ops) {
            accepting.spawn(door.accept(stopping.clone()));
        }
        let streams = self.background.end_of_streams();
        for door in self.devices {
            accepting.spawn(door.accept(stopping.clone()));
        }
        drop(stopping);
        let (finish, finished) = tokio::sync::oneshot::channel::<()>();
        let mut background = tokio::spawn(self.background.run(async {
            let _ = finished.await;
        }));
        let outcome = tokio::select! {
            () = shutdown => Ok(()),
            ended = &mut background => Err(ServeError::Stopped(format!("background work: {ended:?}"))),
            Some(ended) = accepting.join_next() => Err(ServeError::Stopped(format!("a listener: {ended:?}"))),
        };
        let _ = stop.send(true);
        streams.send_replace(true);
        while accepting.join_next().await.is_some() {}
        finish_requests(&stop).await;
        if outcome.is_ok() {
            let _ = finish.send(());
            background.await.map_err(|error| ServeError::Stopped(error.to_string()))?;
        }
        outcome
    }
}

/// Resolves when the program is to end.
pub(crate) async fn told_to_stop(stopping: &mut watch::Receiver<bool>) {
    // An error means that nobody is left who could say so.
    let _ = stopping.wait_for(|stop| *stop).await;
}

/// Connections that do nothing are closed, others after their answer, all when time is up.
async fn finish_requests(stop: &watch::Sender<bool>) {
    // Each connection holds a receiver until its end.
    if tokio::time::timeout(FINISH, stop.closed()).await.is_err() {
        tracing::warn!("requests were cut short by the end of the program");
    }
}

impl Listener {
    async fn bind(
        address: SocketAddr,
        tls: Option<Doors>,
        router: Router,
        connections: usize,
    ) -> Result<Listener, ServeError> {
        let failed = |source| ServeError::Listen { address, source };
        let socket = TcpListener::bind(address).await.map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        Ok(Listener { socket, address, tls, router, places: Arc::new(Semaphore::new(connections)) })
    }

    async fn accept(self, mut stopping: watch::Receiver<bool>) {
        loop {
            let next = async {
                let place = self.places.clone().acquire_owned().await;
                (place, self.socket.accept().await)
            };
            let (place, accepted) = tokio::select! {
                next = next => next,
                () = told_to_stop(&mut stopping) => return,
            };
            match accepted {
                Ok((stream, peer)) => {
                    let (tls, router, stopping) = (self.tls.clone(), self.router.clone(), stopping.clone());
                    tokio::spawn(async move {
                        let _place = place;
                        converse(stream, peer, tls, router, stopping).await;
                    });
                }
                Err(error) => {
                    // Out of file descriptors, most likely: others have to go first.
                    tracing::warn!(%error, "a connection could not be taken");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
}

async fn converse(
    stream: TcpStream,
    peer: SocketAddr,
    tls: Option<Doors>,
    router: Router,
    stopping: watch::Receiver<bool>,
) {
    // Answers are small and waited for.
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else { return speak(stream, peer, router, stopping).await };
    if tokio::time::timeout(HANDSHAKE, speaks_http(&stream)).await == Ok(true) {
        return speak(stream, peer, Router::new().fallback(to_https), stopping).await;
    }
    match tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await {
        Ok(Ok((stream, None))) => speak(stream, peer, router, stopping).await,
        Ok(Ok((stream, Some(shown)))) => {
            speak(stream, peer, router.layer(Extension(Certificate(shown))), stopping).await;
        }
        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => tracing::debug!("a TLS handshake took too long"),
    }
}

/// Whether a client speaks HTTP where TLS begins: with a letter, where a handshake begins with a 22 (RFC 8446, 5.1).
async fn speaks_http(stream: &TcpStream) -> bool {
    let mut first = [0];
    matches!(stream.peek(&mut first).await, Ok(1..)) && first[0].is_ascii_uppercase()
}

/// Somebody typed the address without `https://`.
async fn to_https(request: axum::extract::Request) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    match Uri::builder().scheme("https").authority(host).path_and_query(path).build() {
        Ok(there) if !host.is_empty() => Redirect::permanent(&there.to_string()).into_response(),
        _ => (StatusCode::BAD_REQUEST, "this address speaks HTTPS; begin the address with https://\n").into_response(),
    }
}

async fn speak<S>(stream: S, peer: SocketAddr, router: Router, mut stopping: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = hyper::service::service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer.ip()));
        let router = router.clone();
        async move {
            Ok::<_, Infallible>(router.oneshot(request.map(Body::new)).await.unwrap_or_else(|never| match never {}))
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(64 * 1024)
        .serve_connection(TokioIo::new(Stalling::new(stream)), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = told_to_stop(&mut stopping) => {
            // The answer that is under way is finished; links end by themselves.
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
