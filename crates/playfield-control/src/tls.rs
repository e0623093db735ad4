//! Certificates: given as PEM files, or made here and kept in the data folder.

use std::fs;
use std::io::Write;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use playfield_core::link::{ALPN, FileHash};
use playfield_store::db::Hash;

use crate::config::{Config, Door};
use crate::reach::reachable;
use crate::secret::hash;

/// Browsers take certificates of at most 398 days.
const VALID: Duration = Duration::from_secs(397 * 24 * 3600);
/// A certificate that was made longer ago is made anew at the next start.
const RENEW: Duration = Duration::from_secs(300 * 24 * 3600);

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{path} holds no {what} in PEM form: {problem}")]
    Pem {
        /// The file.
        path: PathBuf,
        /// `certificate` or `private key`.
        what: &'static str,
        /// What was found instead.
        problem: String,
    },
    /// Certificate and key do not go together, or cannot be used.
    #[error("the certificate cannot be used: {0}")]
    Unusable(#[from] rustls::Error),
    /// None could be made.
    #[error("no certificate could be made: {0}")]
    Make(#[from] rcgen::Error),
}

/// Files of a certificate and its key.
pub(crate) struct Pair {
    pub certificate: PathBuf,
    key: PathBuf,
}

/// The certificate that people and devices see, and its key.
pub(crate) fn identity(
    config: &Config,
    data_dir: &Path,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsError> {
    let pair = match (&config.tls_cert, &config.tls_key) {
        (Some(certificate), Some(key)) => Pair { certificate: certificate.clone(), key: key.clone() },
        _ => made(data_dir, names(config))?,
    };
    Ok((certificates(&pair.certificate)?, key(&pair.key)?))
}

/// SHA-256 of the public key (its `SubjectPublicKeyInfo`, RFC 5280) of the certificate that we made, of which nobody else can say
/// that it is ours; none: one was given, or none is needed. Certificates come and go, the key stays.
pub(crate) fn own_key(config: &Config, data_dir: &Path) -> Result<Option<FileHash>, TlsError> {
    let public = |address: &std::net::SocketAddr| config.door(*address) == Door::Public { tls: true };
    if config.tls_cert.is_some() || !config.listen.iter().any(public) {
        return Ok(None);
    }
    let (chain, _) = identity(config, data_dir)?;
    let Some(certificate) = chain.first() else { return Ok(None) };
    let parsed = ParsedCertificate::try_from(certificate)?;
    Ok(Some(FileHash::new(hash(&parsed.subject_public_key_info()))))
}

/// What speaks TLS for the public doors: with browsers, and with machines that may show a certificate.
#[derive(Clone)]
pub(crate) struct Doors {
    browsers: Arc<ServerConfig>,
    machines: Option<Arc<ServerConfig>>,
}

impl Doors {
    /// Shakes hands; whether the other side showed a certificate that is believed, it is named by its hash.
    pub(crate) async fn accept(&self, stream: TcpStream) -> std::io::Result<(TlsStream<TcpStream>, Option<Hash>)> {
        let start = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), stream).await?;
        let wants_link = start.client_hello().alpn().is_some_and(|mut all| all.any(|name| name == ALPN));
        let config = self.machines.as_ref().filter(|_| wants_link).unwrap_or(&self.browsers);
        let stream = start.into_stream(config.clone()).await?;
        let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first).map(|certificate| hash(certificate));
        Ok((stream, shown))
    }
}

/// What speaks TLS for the public doors.
pub(crate) fn doors(config: &Config, data_dir: &Path) -> Result<Doors, TlsError> {
    let (chain, key) = identity(config, data_dir)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = || ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
    let machines = match &config.machine_ca {
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(path)? {
                roots.add(certificate)?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
            let verifier = verifier.allow_unauthenticated().build();
            let verifier = verifier.map_err(|error| rustls::Error::General(error.to_string()))?;
            let chosen = builder()?.with_client_cert_verifier(verifier);
            let mut machines = chosen.with_single_cert(chain.clone(), key.clone_key())?;
            machines.alpn_protocols = vec![ALPN.to_vec()];
            Some(Arc::new(machines))
        }
        None => None,
    };
    let mut browsers = builder()?.with_no_client_auth().with_single_cert(chain, key)?;
    browsers.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Doors { browsers: Arc::new(browsers), machines })
}

pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let wrong = |problem| TlsError::Pem { path: path.to_owned(), what: "certificate", problem };
    let bytes = fs::read(path).map_err(io(path))?;
    let all = CertificateDer::pem_slice_iter(&bytes).collect::<Result<Vec<_>, _>>();
    let all = all.map_err(|error| wrong(error.to_string()))?;
    if all.is_empty() { Err(wrong("nothing".to_owned())) } else { Ok(all) }
}

fn key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let bytes = fs::read(path).map_err(io(path))?;
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| TlsError::Pem {
        path: path.to_owned(),
        what: "private key",
        problem: error.to_string(),
    })
}

/// The names that a certificate of ours is for: this machine, and the addresses it listens on.
fn names(config: &Config) -> Vec<String> {
    let local = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let addresses =
        config.listen.iter().chain(&config.mqtt.listen).map(|address| reachable(*address).ip().to_canonical());
    let others = addresses.filter(|ip: &IpAddr| !ip.is_loopback()).map(|ip| ip.to_string());
    let mut names: Vec<String> = local.into_iter().chain(others).collect();
    names.dedup();
    names
}

/// The certificate we made, made anew when it is old or for other names.
fn made(data_dir: &Path, names: Vec<String>) -> Result<Pair, TlsError> {
    let folder = data_dir.join("tls");
    let pair = Pair { certificate: folder.join("cert.pem"), key: folder.join("key.pem") };
    let names_path = folder.join("names");
    let listed = names.join("\n");
    let same_names = fs::read_to_string(&names_path).is_ok_and(|known| known == listed);
    if same_names && pair.key.exists() && age(&pair.certificate).is_some_and(|age| age < RENEW) {
        return Ok(pair);
    }
    fs::create_dir_all(&folder).map_err(io(&folder))?;
    let key = match fs::read_to_string(&pair.key) {
        // Machines with cameras know us by it.
        Ok(known) => rcgen::KeyPair::from_pem(&known)?,
        Err(_) => rcgen::KeyPair::generate()?,
    };
    let certificate = make(names, &key)?;
    write_secret(&pair.key, key.serialize_pem().as_bytes()).map_err(io(&pair.key))?;
    fs::write(&pair.certificate, certificate).map_err(io(&pair.certificate))?;
    fs::write(&names_path, listed).map_err(io(&names_path))?;
    tracing::info!(certificate = %pair.certificate.display(), "made a self-signed certificate; browsers will ask once");
    Ok(pair)
}

fn age(path: &Path) -> Option<Duration> {
    fs::metadata(path).ok()?.modified().ok()?.elapsed().ok()
}

fn make(names: Vec<String>, key: &rcgen::KeyPair) -> Result<String, rcgen::Error> {
    let mut params = rcgen::CertificateParams::new(names)?;
    params.distinguished_name.push(rcgen::DnType::CommonName, "Playfield, self-signed");
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    // A day back, for clocks that are behind ours.
    params.not_before = epoch + now.saturating_sub(Duration::from_secs(24 * 3600));
    params.not_after = epoch + now + VALID - Duration::from_secs(24 * 3600);
    Ok(params.self_signed(key)?.pem())
}

/// Readable by its owner alone, from the start.
fn write_secret(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if path.exists() {
        fs::remove_file(path)?;
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(bytes)
}

fn io(path: &Path) -> impl Fn(std::io::Error) -> TlsError {
    let path = path.to_owned();
    move |source| TlsError::Io { path: path.clone(), source }
}
