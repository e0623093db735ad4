//! Signatures of webhooks, as Standard Webhooks 1.0 has them: whoever knows the rule's secret can tell that a request is ours, that
//! nobody changed it, and when it was sent.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use playfield_core::id::RuleId;
use playfield_store::db::Hash;
use sha2::{Digest, Sha256};

use crate::secret::hash;

/// Bytes that SHA-256 takes at a time.
const BLOCK: usize = 64;

/// What the webhooks of a rule are signed with. Made of the installation's secret, so that it need not be stored.
pub(crate) fn key(secret: &Hash, rule: &RuleId) -> Hash {
    hmac(secret, format!("webhooks of {rule}").as_bytes())
}

/// A key, as its owner writes it down.
pub(crate) fn shown(key: &Hash) -> String {
    format!("whsec_{}", BASE64_STANDARD.encode(key))
}

/// The value of `webhook-signature` for a body that is sent at `seconds` of Unix time.
pub(super) fn signature(key: &Hash, id: &str, seconds: u64, body: &str) -> String {
    let signed = hmac(key, format!("{id}.{seconds}.{body}").as_bytes());
    format!("v1,{}", BASE64_STANDARD.encode(signed))
}

/// HMAC-SHA-256 (RFC 2104).
fn hmac(key: &[u8], message: &[u8]) -> Hash {
    let mut block = [0; BLOCK];
    match key.len() {
        0..=BLOCK => block[..key.len()].copy_from_slice(key),
        _ => block[..32].copy_from_slice(&hash(key)),
    }
    let inner = Sha256::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn hmac_is_that_of_rfc_4231() {
        for (key, message, expect) in [
            (&[0x0b; 20][..], &b"Hi There"[..], "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                &[0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ] {
            assert_eq!(hex(&hmac(key, message)), expect);
        }
    }

    #[test]
    fn a_signature_is_that_of_standard_webhooks() {
        // The example of the specification's reference libraries.
        let key = BASE64_STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let message = "msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}";
        let signed = BASE64_STANDARD.encode(hmac(&key, message.as_bytes()));
        assert_eq!(signed, "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let body = "{\"test\": 2432232314}";
        assert_ne!(signature(&[1; 32], "a", 1, body), signature(&[2; 32], "a", 1, body));
        assert!(signature(&[1; 32], "a", 1, body).starts_with("v1,"));
    }
}
