//! The way to a control plane: TCP, TLS where its address says so, and a WebSocket over it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use playfield_core::link::{ALPN, FileHash, FromDevice, MOST_MESSAGE, PATH, ToDevice};
use rustls::client::WantsClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, ConfigBuilder, DigitallySignedStruct, RootCertStore, SignatureScheme};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// What is read and gathered at a time, in bytes.
const BUFFER: usize = 8 << 10;
/// How long it may take.
const CONNECT: Duration = Duration::from_secs(15);
/// How long a message may take to leave.
const SEND: Duration = Duration::from_secs(10);
/// Where systems keep the certificates that they believe; the first that is there counts.
const SYSTEM: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Where a control plane is, and how it is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    /// `https://HOST:PORT` or `http://HOST:PORT`.
    pub address: String,
    /// SHA-256 of its public key: that one is believed, and no other. None: certificates that the system believes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<FileHash>,
    /// What this machine shows, where it has a certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own: Option<OwnCertificate>,
}

/// PEM files of a machine's certificate and its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnCertificate {
    /// The chain, its own certificate first.
    pub certificate: PathBuf,
    /// The key.
    pub key: PathBuf,
}

/// Why a link is not, or no more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// It could not be opened, or broke. It is tried again.
    #[error("{0}")]
    Gone(String),
    /// The control plane said no.
    #[error("{detail}")]
    Refused {
        /// Why.
        detail: String,
        /// It is of no use to come again.
        forever: bool,
    },
}

pub(super) fn gone(why: impl ToString) -> LinkError {
    LinkError::Gone(why.to_string())
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// An open link.
pub struct Connection(WebSocketStream<Box<dyn Stream>>);

impl Connection {
    /// Opens a link; nobody said anything yet.
    pub async fn open(server: &Server) -> Result<Connection, LinkError> {
        let late = |_| gone(format!("{} did not answer within {} s", server.address, CONNECT.as_secs()));
        tokio::time::timeout(CONNECT, connect(server)).await.map_err(late)?
    }

    /// Says a word.
    pub async fn send(&mut self, word: &FromDevice) -> Result<(), LinkError> {
        let text = serde_json::to_string(word).map_err(gone)?;
        let late = |_| gone("the control plane does not read what it is told");
        tokio::time::timeout(SEND, self.0.send(Message::Text(text.into()))).await.map_err(late)?.map_err(gone)
    }

    /// The next word. May be dropped while it waits.
    pub async fn receive(&mut self) -> Result<ToDevice, LinkError> {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).map_err(gone),
                Some(Ok(Message::Close(_))) | None => return Err(gone("the control plane closed the link")),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Err(gone(error)),
            }
        }
    }
}

async fn connect(server: &Server) -> Result<Connection, LinkError> {
    let (scheme, place) = server.address.split_once("://").ok_or_else(|| gone("the address has no scheme"))?;
    let tls = scheme == "https";
    let (host, port) = host_and_port(place, if tls { 443 } else { 80 });
    let unreached = |error| gone(format!("{} cannot be reached: {error}", server.address));
    let stream = TcpStream::connect((host.as_str(), port)).await.map_err(unreached)?;
    // What we say is small and waited for.
    let _ = stream.set_nodelay(true);
    let stream: Box<dyn Stream> = if tls {
        let name = ServerName::try_from(host.clone()).map_err(gone)?;
        let connector = TlsConnector::from(Arc::new(trusting(server.key.clone(), server.own.as_ref()).map_err(gone)?));
        let no_tls = |error| gone(format!("{}: no TLS: {error}", server.address));
        Box::new(connector.connect(name, stream).await.map_err(no_tls)?)
    } else {
        Box::new(stream)
    };
    let config = WebSocketConfig::default().max_message_size(Some(MOST_MESSAGE)).max_frame_size(Some(MOST_MESSAGE));
    let config = config.read_buffer_size(BUFFER).write_buffer_size(BUFFER);
    let url = format!("{}://{place}{PATH}", if tls { "wss" } else { "ws" });
    let opened = tokio_tungstenite::client_async_with_config(url, stream, Some(config)).await;
    let (socket, _) = opened.map_err(|error| gone(format!("{}: no link: {error}", server.address)))?;
    Ok(Connection(socket))
}

fn host_and_port(place: &str, default: u16) -> (String, u16) {
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port.parse().unwrap_or(default)),
        _ => (place, default),
    };
    (host.trim_matches(['[', ']']).to_owned(), port)
}

fn trusting(key: Option<FileHash>, own: Option<&OwnCertificate>) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| error.to_string())?;
    if let Some(key) = key {
        let known = Arc::new(Known { key, provider });
        return showing(builder.dangerous().with_custom_certificate_verifier(known), own);
    }
    let mut roots = RootCertStore::empty();
    if let Some(bytes) = SYSTEM.iter().find_map(|path| std::fs::read(path).ok()) {
        roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&bytes).filter_map(Result::ok));
    }
    if roots.is_empty() {
        return Err("no certificate is believed here: install the system's (Debian: ca-certificates)".to_owned());
    }
    showing(builder.with_root_certificates(roots), own)
}

/// With the machine's own certificate, where it has one.
fn showing(
    builder: ConfigBuilder<ClientConfig, WantsClientCert>,
    own: Option<&OwnCertificate>,
) -> Result<ClientConfig, String> {
    let Some(OwnCertificate { certificate, key }) = own else { return Ok(builder.with_no_client_auth()) };
    let wrong = |path: &Path, why: String| format!("{}: {why}", path.display());
    let bytes = std::fs::read(certificate).map_err(|error| wrong(certificate, error.to_string()))?;
    let chain = CertificateDer::pem_slice_iter(&bytes).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|error| wrong(certificate, error.to_string()))?;
    let bytes = std::fs::read(key).map_err(|error| wrong(key, error.to_string()))?;
    let secret = PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| wrong(key, error.to_string()))?;
    let config = builder.with_client_auth_cert(chain, secret).map_err(|error| wrong(certificate, error.to_string()));
    let mut config = config?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(config)
}

/// Believes who has one key, whoever signed the certificate and whatever name is in it.
#[derive(Debug)]
struct Known {
    key: FileHash,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Known {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _chain: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let key = ParsedCertificate::try_from(certificate)?.subject_public_key_info();
        if FileHash::new(Sha256::digest(&key).into()) == self.key {
            return Ok(ServerCertVerified::assertion());
        }
        let other = "this is not the server that this machine joined, or it has another key: let it join again";
        Err(rustls::Error::General(other.to_owned()))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_port() {
        for (place, host, port) in [
            ("example.com", "example.com", 443),
            ("example.com:8443", "example.com", 8443),
            ("10.0.0.5:80", "10.0.0.5", 80),
            ("[::1]:8443", "::1", 8443),
            ("[2001:db8::1]", "2001:db8::1", 443),
        ] {
            assert_eq!(host_and_port(place, 443), (host.to_owned(), port), "{place}");
        }
    }
}
