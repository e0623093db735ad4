//! Who brings a camera its pictures from a browser: one connection at a time. The newest one takes over once it is up, so that a phone
//! whose network was cut is back at once, and whoever did so before is told.
//!
//! ```text
//!   offer --> next --Connected--> current --Closed, its link ends, another one is up--> gone
//!                                    '-- units --> Browser, a thread --> Intake: the camera's process
//! ```

use playfield_core::bus::Ingest;
use playfield_core::camera::Source;
use playfield_core::id::{CameraLinkId, IngestId};
use playfield_core::manifest::Kind;
use playfield_core::time::Time;
use playfield_transport::ConnectionId;

use super::{CONNECT_TIME, Session};
use crate::network::Browser;

/// What whoever brought pictures is told when another does.
pub(crate) const TAKEN_OVER: &str = "Another browser is this camera now.";
/// What it is told when the time of its link is over.
pub(crate) const EXPIRED: &str = "The link was good for a while only, and that is over.";

/// What is known of who brings pictures.
#[derive(Debug, Default)]
pub(super) struct Ingests {
    /// The camera takes them.
    wanted: bool,
    browser: Option<Browser>,
    current: Option<Publisher>,
    next: Option<Publisher>,
}

#[derive(Debug)]
struct Publisher {
    connection: ConnectionId,
    id: IngestId,
    link: CameraLinkId,
    expires: Option<Time>,
    since: Time,
}

impl Ingests {
    /// Those of a title.
    pub(super) fn of(kind: &Kind) -> Ingests {
        let wanted = matches!(kind, Kind::Camera { camera } if matches!(camera.desired.source, Source::Browser {}));
        Ingests { wanted, ..Ingests::default() }
    }

    fn all(&self) -> impl Iterator<Item = &Publisher> {
        self.current.iter().chain(&self.next)
    }

    /// When the time of somebody's link is over.
    pub(super) fn next_timeout(&self) -> Option<Time> {
        self.all().filter_map(|publisher| publisher.expires).min()
    }
}

impl Session {
    /// Whether it is a camera that takes pictures from browsers.
    pub(crate) fn takes_pictures(&self) -> bool {
        self.ingests.wanted
    }

    /// The way to its process is open.
    pub(crate) fn set_browser(&mut self, browser: Option<Browser>) {
        self.ingests.browser = browser;
    }

    /// Whether this is a connection of somebody who brings pictures.
    pub(crate) fn is_ingest(&self, connection: ConnectionId) -> bool {
        self.ingests.all().any(|publisher| publisher.connection == connection)
    }

    /// Connections of those who bring pictures, or are about to.
    pub(crate) fn ingests(&self) -> Vec<ConnectionId> {
        self.ingests.all().map(|publisher| publisher.connection).collect()
    }

    /// An offer was answered; returns an earlier connection that never came up and is given up now.
    pub(crate) fn expect_ingest(
        &mut self,
        now: Time,
        connection: ConnectionId,
        ingest: &Ingest,
    ) -> Option<ConnectionId> {
        let Ingest { id, link, expires_ms, .. } = ingest;
        let expires = expires_ms.map(|expires_ms| self.people.time_of(expires_ms));
        let publisher = Publisher { connection, id: id.clone(), link: link.clone(), expires, since: now };
        self.ingests.next.replace(publisher).map(|earlier| earlier.connection)
    }

    /// Somebody's connection is up. Returns the one it takes over from.
    pub(crate) fn begin_ingest(&mut self, connection: ConnectionId) -> Option<ConnectionId> {
        let is_next = self.ingests.next.as_ref().is_some_and(|next| next.connection == connection);
        let next = self.ingests.next.take_if(|_| is_next)?;
        tracing::info!(session = %self.id, ingest = %next.id, link = %next.link, "a browser is a camera");
        self.ingests.current.replace(next).map(|before| before.connection)
    }

    /// A coded picture came; whether the next one is to stand alone.
    pub(crate) fn take_unit(&mut self, connection: ConnectionId, key: bool, data: Vec<u8>) -> bool {
        let is_current = self.ingests.current.as_ref().is_some_and(|current| current.connection == connection);
        match &mut self.ingests.browser {
            Some(browser) if is_current => browser.unit(key, data),
            _ => false,
        }
    }

    /// A connection of somebody who brought pictures is gone.
    pub(crate) fn end_ingest(&mut self, connection: ConnectionId) {
        let is_it = |publisher: &mut Publisher| publisher.connection == connection;
        self.ingests.next.take_if(is_it);
        if let Some(gone) = self.ingests.current.take_if(is_it) {
            tracing::info!(session = %self.id, ingest = %gone.id, "a browser is a camera no longer");
            self.ingests.browser.iter_mut().for_each(Browser::rest);
        }
    }

    /// Connections that came by a link, or one of them.
    pub(crate) fn ingests_by(&self, link: &CameraLinkId, id: Option<&IngestId>) -> Vec<ConnectionId> {
        let those = |publisher: &&Publisher| publisher.link == *link && id.is_none_or(|id| publisher.id == *id);
        self.ingests.all().filter(those).map(|publisher| publisher.connection).collect()
    }

    /// Connections whose links are over.
    pub(crate) fn overstayed_ingests(&self, now: Time) -> Vec<ConnectionId> {
        let over = |publisher: &&Publisher| publisher.expires.is_some_and(|expires| expires <= now);
        self.ingests.all().filter(over).map(|publisher| publisher.connection).collect()
    }

    /// The connection that did not come up in time.
    pub(super) fn overdue_ingest(&self, now: Time) -> Option<ConnectionId> {
        let late = |next: &&Publisher| now.since(next.since) > CONNECT_TIME;
        self.ingests.next.as_ref().filter(late).map(|next| next.connection)
    }
}
