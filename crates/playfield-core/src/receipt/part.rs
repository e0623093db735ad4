//! What a worker knows of a session's pictures, as it is sent, kept, and put together.
//!
//! A worker says it now and then, and once more at the end. A session that goes on in another worker begins another part there;
//! parts add up. A part whose worker was lost stays what it was when it was said last.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::tally::Tally;
use crate::api::{Account, ViewerAccount};
use crate::id::ViewerId;

/// Viewers of a session that are counted apart; further ones are counted together.
pub const MOST_VIEWERS: usize = 8;
/// Parts of a session that are kept; the newest count.
pub const MOST_PARTS: usize = 32;

/// What one worker knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// When the worker opened the session: Unix time in milliseconds. Tells the parts of a session apart.
    pub began_ms: u64,
    /// It is all there will be; otherwise it is what was known at some moment.
    pub complete: bool,
    /// What the guest did.
    pub made: Made,
    /// By viewer; at most [`MOST_VIEWERS`], and one for all others.
    pub viewers: Vec<Seen>,
}

/// What the guest did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Made {
    /// Ticks.
    pub ticks: u64,
    /// Ticks that changed the picture.
    pub pictures: u64,
    /// Ticks that began more than a period late.
    pub late: u64,
}

/// What is known of a viewer's pictures.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// Who; none: those there was no room for.
    pub viewer: Option<ViewerId>,
    /// The seat it played from.
    pub slot: Option<u8>,
    /// Its pictures.
    pub tally: Tally,
}

impl Part {
    /// Whether a worker may have said this.
    pub fn is_sound(&self) -> bool {
        self.viewers.len() <= MOST_VIEWERS + 1
    }

    /// All viewers together.
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        self.viewers.iter().for_each(|seen| tally.merge(&seen.tally));
        tally
    }
}

/// The account of all viewers, and of each.
pub fn account(parts: &[Part]) -> (Account, Vec<ViewerAccount>) {
    let (mut all, mut made) = (Tally::default(), Made::default());
    let mut viewers: BTreeMap<Option<&ViewerId>, Seen> = BTreeMap::new();
    for part in parts {
        made.ticks = made.ticks.saturating_add(part.made.ticks);
        made.pictures = made.pictures.saturating_add(part.made.pictures);
        made.late = made.late.saturating_add(part.made.late);
        for seen in &part.viewers {
            all.merge(&seen.tally);
            let known = viewers.entry(seen.viewer.as_ref()).or_default();
            (known.viewer, known.slot) = (seen.viewer.clone(), seen.slot);
            known.tally.merge(&seen.tally);
        }
    }
    let mut account = all.account();
    let counts = [("ticks", made.ticks), ("pictures_made", made.pictures), ("ticks_late", made.late)];
    account.counts.extend(counts.map(|(name, count)| (name.to_owned(), count)));
    let viewers = viewers.into_values();
    let viewer = |Seen { viewer, slot, tally }| ViewerAccount { viewer, slot, account: tally.account() };
    (account, viewers.map(viewer).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::receipt::Stamps;

    #[test]
    fn the_parts_of_a_session_add_up_by_viewer() {
        let id = |n| Some(ViewerId::from_entropy([n; 16]));
        let seen = |viewer: Option<ViewerId>, pictures: u64| {
            let mut tally = Tally::default();
            (0..pictures).for_each(|_| tally.sent(&Stamps::default(), 10));
            Seen { viewer, slot: Some(0), tally }
        };
        let made = Made { ticks: 5, pictures: 4, late: 1 };
        let part = |viewers| Part { made, viewers, ..Part::default() };
        let (all, viewers) = account(&[part(vec![seen(id(1), 2), seen(None, 1)]), part(vec![seen(id(1), 4)])]);
        let count = |account: &Account, name: &str| account.counts[name];
        assert_eq!((count(&all, "pictures_sent"), count(&all, "bytes_sent"), count(&all, "ticks")), (7, 70, 10));
        let sent: Vec<_> = viewers.iter().map(|viewer| count(&viewer.account, "pictures_sent")).collect();
        assert_eq!(sent, [1, 6]);
        assert_eq!((&viewers[0].viewer, &viewers[1].viewer), (&None, &id(1)));
        assert_eq!(account(&[]).0.receipt.verdict, "No picture has been measured yet.");
    }
}
