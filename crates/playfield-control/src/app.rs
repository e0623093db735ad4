//! What every part of the control plane shares.

use std::sync::Arc;

use playfield_core::id::NodeId;
use playfield_store::bus::Bus;
use playfield_store::db::{Db, Hash};
use tokio::sync::watch;

use crate::access::Access;
use crate::cameras::{Cameras, Models, Releases};
use crate::catalogue::Catalogue;
use crate::channels::Channels;
use crate::config::Config;
use crate::link::Links;
use crate::metrics::Metrics;
use crate::mqtt::Mqtt;
use crate::rules::Service;
use crate::states::Shelf;
use crate::web::Web;

/// Shared, and never changed.
pub(crate) struct App {
    pub config: Config,
    pub db: Db,
    pub bus: Bus,
    pub nodes: Vec<NodeId>,
    pub catalogue: Catalogue,
    pub cameras: Cameras,
    pub models: Models,
    pub releases: Releases,
    pub channels: Channels,
    pub rules: Service,
    pub shelf: Shelf,
    pub access: Access,
    /// The installation's own secret; see [`crate::secret::derive`].
    pub secret: Hash,
    pub web: Web,
    pub metrics: Option<Metrics>,
    /// True once answers without an end are to end.
    pub stopping: watch::Sender<bool>,
    pub mqtt: Arc<Mqtt>,
    pub links: Links,
}

pub(crate) type Shared = Arc<App>;
