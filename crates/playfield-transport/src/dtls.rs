//! DTLS as the library does it, but for how long it waits for an answer of the handshake.
//!
//! Its second (RFC 6347, 4.2.4.1) is for any network, and doubles with whatever the other side sends again. Nothing is shown before the
//! handshake is over: where a fifth is lost one in three took longer than half a second, and some three seconds. Browsers wait 50 ms.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use dimpl::{Config, Dtls, Error, Output, ProtocolVersion};
use str0m::crypto::dtls::{DtlsCert, DtlsInstance, DtlsProvider, DtlsVersion};
use str0m::crypto::{CryptoError, CryptoProvider, from_feature_flags};

/// How long an answer may take before what was sent is sent again; twice as long the next time. A longer path costs a few packets.
const RTO: Duration = Duration::from_millis(100);
/// How often that is, answers to what the other side sends again included: until the handshake is given up, after 40 seconds.
const RETRIES: usize = 16;

/// The library's cryptography, with our DTLS.
pub(crate) fn crypto() -> Arc<CryptoProvider> {
    static OURS: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    let ours = || Arc::new(CryptoProvider { dtls_provider: &Quick, ..from_feature_flags() });
    Arc::clone(OURS.get_or_init(ours))
}

#[derive(Debug)]
struct Quick;

impl DtlsProvider for Quick {
    fn generate_certificate(&self) -> Option<DtlsCert> {
        from_feature_flags().dtls_provider.generate_certificate()
    }

    fn new_dtls(
        &self,
        cert: &DtlsCert,
        now: Instant,
        version: DtlsVersion,
        mtu: Option<usize>,
    ) -> Result<Box<dyn DtlsInstance>, CryptoError> {
        // Without the cookie, as in the library: ICE has shown that the other side is where it says.
        let config = Config::builder().use_server_cookie(false).flight_start_rto(RTO).flight_retries(RETRIES);
        let config = match mtu {
            Some(mtu) => config.mtu(mtu),
            None => config,
        };
        let config = Arc::new(config.build().map_err(|error| CryptoError::Other(error.to_string()))?);
        let cert = DtlsCert { certificate: cert.certificate.clone(), private_key: cert.private_key.clone() };
        match version {
            DtlsVersion::Dtls12 => Ok(Box::new(Instance(Dtls::new_12(config, cert, now)))),
            other => Err(CryptoError::Other(format!("{other} was not asked for"))),
        }
    }
}

struct Instance(Dtls);

impl std::fmt::Debug for Instance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Instance").finish_non_exhaustive()
    }
}

impl DtlsInstance for Instance {
    fn set_active(&mut self, active: bool) {
        self.0.set_active(active);
    }

    fn handle_packet(&mut self, packet: &[u8]) -> Result<(), Error> {
        self.0.handle_packet(packet)
    }

    fn poll_output<'a>(&mut self, buf: &'a mut [u8]) -> Output<'a> {
        self.0.poll_output(buf)
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), Error> {
        self.0.handle_timeout(now)
    }

    fn send_application_data(&mut self, data: &[u8]) -> Result<usize, Error> {
        self.0.send_application_data(data)
    }

    fn is_active(&self) -> bool {
        self.0.is_active()
    }

    fn protocol_version(&self) -> Option<ProtocolVersion> {
        self.0.protocol_version()
    }

    fn is_closing(&self) -> bool {
        self.0.is_closing()
    }

    fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    fn close(&mut self) -> Result<(), Error> {
        self.0.close()
    }
}
