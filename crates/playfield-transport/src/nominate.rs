//! Takes a viewer's first check for its nomination (RFC 8445, sections 7.3.1.5 and 8.1.1).
//!
//! A browser names the pair it wants only with its second check, 50 ms after the first, and until there is such a pair
//! the library sends nothing. But to us every check means the same: we are ICE-lite, so the viewer that sends one has
//! chosen this path until it says otherwise. So USE-CANDIDATE is added to the first check that proves it knows our
//! password. Later checks go through as they are.

use str0m::IceCreds;
use str0m::crypto::from_feature_flags;
use str0m::ice::{StunMessage, StunMessageBuilder, TransId};

/// Largest binding request: twice what browsers send.
const MOST: usize = 512;

/// A check that is to count as a nomination.
pub(crate) struct Nomination {
    bytes: [u8; MOST],
    len: usize,
}

impl Nomination {
    /// `packet` with USE-CANDIDATE; none: it is no check of somebody who knows `ours`, or says so by itself.
    pub(crate) fn of(packet: &[u8], ours: &IceCreds) -> Option<Nomination> {
        let hmac = from_feature_flags().sha1_hmac_provider;
        let sign = |key: &[u8], parts: &[&[u8]]| hmac.sha1_hmac(key, parts);
        let check = StunMessage::parse(packet).ok().filter(StunMessage::is_binding_request)?;
        let (username, controlling) = (check.username()?, check.ice_controlling()?);
        if check.use_candidate() || check.split_username()?.0 != ours.ufrag {
            return None;
        }
        // What we sign below must not be a stranger's.
        if !check.verify(ours.pass.as_bytes(), sign) {
            return None;
        }
        let trans_id: TransId = check.trans_id();
        let nominating = StunMessageBuilder::new()
            .binding()
            .request()
            .username(username)
            .prio(check.prio()?)
            .use_candidate()
            .ice_controlling(controlling)
            .build(trans_id);
        let mut bytes = [0; MOST];
        let len = nominating.to_bytes(Some(ours.pass.as_bytes()), &mut bytes, sign).ok()?;
        Some(Nomination { bytes, len })
    }

    /// The check, signed anew.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours() -> IceCreds {
        IceCreds { ufrag: "node".into(), pass: "a password of twenty-two".into() }
    }

    /// A check as a browser sends it.
    fn check(username: &str, password: &str, nominating: bool) -> Vec<u8> {
        let hmac = from_feature_flags().sha1_hmac_provider;
        let builder = StunMessageBuilder::new().binding().request().username(username).prio(7).ice_controlling(9);
        let builder = if nominating { builder.use_candidate() } else { builder };
        let mut bytes = vec![0; MOST];
        let sign = |key: &[u8], parts: &[&[u8]]| hmac.sha1_hmac(key, parts);
        let len = builder.build(TransId::new()).to_bytes(Some(password.as_bytes()), &mut bytes, sign).unwrap();
        bytes.truncate(len);
        bytes
    }

    #[test]
    fn a_check_of_the_viewer_counts_as_its_nomination() {
        let ours = ours();
        let plain = check("node:viewer", &ours.pass, false);
        let nomination = Nomination::of(&plain, &ours).unwrap();
        let (before, after) = (StunMessage::parse(&plain).unwrap(), StunMessage::parse(nomination.bytes()).unwrap());
        assert!(after.use_candidate() && !before.use_candidate());
        assert_eq!(after.trans_id(), before.trans_id());
        assert_eq!((after.username(), after.prio()), (before.username(), before.prio()));
        let hmac = from_feature_flags().sha1_hmac_provider;
        assert!(after.verify(ours.pass.as_bytes(), |key, parts| hmac.sha1_hmac(key, parts)));
    }

    #[test]
    fn what_is_not_that_stays_as_it_is() {
        let ours = ours();
        let left = |packet: &[u8]| Nomination::of(packet, &ours).is_none();
        assert!(left(&check("node:viewer", "guessed", false)), "a stranger's");
        assert!(left(&check("other:viewer", &ours.pass, false)), "another connection's");
        assert!(left(&check("node:viewer", &ours.pass, true)), "a nomination already");
        let mut changed = check("node:viewer", &ours.pass, false);
        changed[30] ^= 1;
        assert!(left(&changed), "changed on the way");
        for len in 0..changed.len() {
            assert!(left(&changed[..len]), "cut short at {len}");
        }
    }
}
