//! Ways out: to an address that was looked up and looked at, with TLS where it is asked for.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;

use super::address::is_public;
use crate::tls::certificates;

/// Where systems keep the certificates that they believe; the first that is there counts.
const SYSTEM: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
];
/// How long a connection may take, with TLS.
const CONNECT: Duration = Duration::from_secs(10);
/// Addresses of a name that are tried.
const ADDRESSES: usize = 4;

/// A connection.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}
pub(super) type Way = Box<dyn Stream>;

/// Makes connections.
#[derive(Debug, Default)]
pub(super) struct Connector {
    /// Certificates that are believed besides the system's.
    trust: Option<PathBuf>,
    tls: OnceLock<Result<Arc<ClientConfig>, String>>,
}

impl Connector {
    pub(super) fn new(trust: Option<PathBuf>) -> Connector {
        Connector { trust, tls: OnceLock::new() }
    }

    /// Connects to a name or address. `public`: only if it is of the public internet. What went wrong is a sentence.
    pub(super) async fn connect(&self, host: &str, port: u16, tls: bool, public: bool) -> Result<Way, String> {
        let way = async {
            let stream = reach(host, port, public).await?;
            // What we say is small and waited for.
            let _ = stream.set_nodelay(true);
            if tls { self.secure(host, Box::new(stream)).await } else { Ok(Box::new(stream) as Way) }
        };
        let late = |_| format!("{host} did not answer within {} s", CONNECT.as_secs());
        tokio::time::timeout(CONNECT, way).await.map_err(late)?
    }

    /// Speaks TLS over a connection.
    pub(super) async fn secure(&self, host: &str, way: Way) -> Result<Way, String> {
        let config = self.tls.get_or_init(|| trusting(self.trust.as_deref())).clone()?;
        let name = ServerName::try_from(host.to_owned()).map_err(|_| format!("`{host}` is no name for TLS"))?;
        let stream = TlsConnector::from(config).connect(name, way).await;
        Ok(Box::new(stream.map_err(|error| format!("{host}: no TLS: {error}"))?))
    }
}

async fn reach(host: &str, port: u16, public: bool) -> Result<TcpStream, String> {
    let unknown = |error: io::Error| format!("the address of {host} is not known: {error}");
    let found: Vec<SocketAddr> = match host.parse::<IpAddr>() {
        Ok(address) => vec![SocketAddr::new(address, port)],
        Err(_) => lookup_host((host, port)).await.map_err(unknown)?.collect(),
    };
    if let Some(inner) = found.iter().find(|address| public && !is_public(address.ip())) {
        return Err(format!(
            "{host} is {}, which is no public address; `private_webhooks = true` under [control.rules] allows it",
            inner.ip()
        ));
    }
    let mut last = format!("{host} has no address");
    for address in found.into_iter().take(ADDRESSES) {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = format!("{host} ({address}) cannot be reached: {error}"),
        }
    }
    Err(last)
}

fn trusting(own: Option<&Path>) -> Result<Arc<ClientConfig>, String> {
    let mut roots = RootCertStore::empty();
    if let Some(system) = SYSTEM.iter().map(Path::new).find(|path| path.is_file()) {
        roots.add_parsable_certificates(certificates(system).map_err(|error| error.to_string())?);
    }
    if let Some(own) = own {
        let (added, _) = roots.add_parsable_certificates(certificates(own).map_err(|error| error.to_string())?);
        if added == 0 {
            return Err(format!("{} holds no certificate that can be used", own.display()));
        }
    }
    if roots.is_empty() {
        return Err("no certificate is believed here: install the system's, or name a file as `trust`".to_owned());
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = builder.map_err(|error| error.to_string())?.with_root_certificates(roots).with_no_client_auth();
    Ok(Arc::new(config))
}
