//! The control plane, put together. Binaries and tests use the same type.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use playfield_core::bus::EVENTS;
use playfield_core::id::{NodeId, Token};
use playfield_store::blob::{BlobError, Blobs};
use playfield_store::bus::{Bus, Subscription};
use playfield_store::db::{Db, DbError, Hash};

use tokio::sync::watch;

use crate::access::{Access, AccessError};
use crate::app::{App, Shared};
use crate::cameras::{Cameras, Models, Releases};
use crate::catalogue::Catalogue;
use crate::channels::Channels;
use crate::clock::now_ms;
use crate::config::{Config, ConfigError, Door};
use crate::link::{self, Links};
use crate::metrics::Metrics;
use crate::mqtt::Mqtt;
use crate::rules::Service;
use crate::secret::random;
use crate::serve::{ServeError, Serving};
use crate::states::{Shelf, ShelfError};
use crate::tls::own_key;
use crate::web::Web;
use crate::{events, http, ops, rules};

const DAY_MS: u64 = 24 * 3_600_000;
/// How often old records are looked for.
const SWEEP: Duration = Duration::from_secs(3600);
const ORPHANED: &str = "The server was stopped while this session ran. Start the title again.";

/// What a control plane is made of.
pub struct Parts {
    /// Its settings.
    pub config: Config,
    /// Where its records are; open sessions in it are taken for left over.
    pub db: Db,
    /// Where modules and covers are.
    pub blobs: Blobs,
    /// How it speaks to nodes.
    pub bus: Bus,
    /// For certificates and drawn covers.
    pub data_dir: PathBuf,
    /// The nodes it may use.
    pub nodes: Vec<NodeId>,
    /// The figures to show at `/metrics`; none: an empty page.
    pub metrics: Option<Metrics>,
}

/// Why a control plane could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// A setting.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The sign-in.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The folder of states that are being saved.
    #[error(transparent)]
    Shelf(#[from] ShelfError),
    /// The folders of modules for cameras and of their files.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// A folder of models or apps.
    #[error("{path}: {error}")]
    Releases {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
}

/// A control plane that serves nobody yet.
pub struct Control {
    app: Shared,
    data_dir: PathBuf,
    sign_in: Option<Token>,
    events: Subscription,
}

/// The work beside serving: events, the catalogue, old records.
pub struct Background {
    app: Shared,
    events: Subscription,
}

impl Control {
    /// Puts it together; ends what an earlier process left open.
    pub async fn new(parts: Parts) -> Result<Control, ControlError> {
        let Parts { config, db, blobs, bus, data_dir, nodes, metrics } = parts;
        config.check()?;
        let closed = db.close_orphans(ORPHANED.to_owned(), now_ms()).await?;
        if closed > 0 {
            tracing::warn!(sessions = closed, "ended what an earlier run had left open");
        }
        let (access, sign_in) = Access::open(&config, &db).await?;
        let secret = installation_secret(&db).await?;
        // Subscribed before anybody can start a session, so that no event is missed.
        let events = bus.subscribe(EVENTS);
        let shelf = Shelf::open(&data_dir, &db).await?;
        let folder = |inside: &str| {
            let path = data_dir.join(inside);
            |error| ControlError::Releases { path, error }
        };
        let releases = Releases::open(&data_dir).map_err(folder("releases"))?;
        let models = Models::open(&data_dir, blobs.clone()).map_err(folder("models"))?;
        let catalogue = Catalogue::new(config.titles.clone(), &data_dir, blobs, bus.clone(), nodes.clone());
        let web = Web::embedded();
        let (cameras, stopping) = (Cameras::new(db.models().await?), watch::Sender::new(false));
        let channels = Channels::open(&db).await?;
        let rules = Service::new(&config.rules);
        let mqtt = Mqtt::open(config.mqtt.clone(), db.clone(), secret, &data_dir).await?;
        let app = Arc::new(App {
            config,
            db,
            bus,
            nodes,
            catalogue,
            cameras,
            models,
            releases,
            channels,
            rules,
            shelf,
            access,
            secret,
            web,
            metrics,
            stopping,
            mqtt,
            links: Links::new(),
        });
        Ok(Control { app, data_dir, sign_in, events })
    }

    /// The sign-in token, if it was made just now. Show it to whoever started the program: nothing shows it again.
    pub fn new_sign_in_token(&self) -> Option<&Token> {
        self.sign_in.as_ref()
    }

    /// What can be played.
    pub fn catalogue(&self) -> &Catalogue {
        &self.app.catalogue
    }

    /// Cameras that speak MQTT.
    pub fn mqtt(&self) -> &Arc<Mqtt> {
        &self.app.mqtt
    }

    /// API and web, as they are behind a kind of door. Requests say whom they come from by an [`http::Peer`] extension.
    pub fn router(&self, door: Door) -> Router {
        http::router(self.app.clone(), door)
    }

    /// Health, readiness and metrics.
    pub fn ops_router(&self) -> Router {
        ops::router(self.app.clone())
    }

    /// Takes the listen addresses; `run` then serves.
    pub async fn bind(self) -> Result<Serving, ServeError> {
        let app = self.app;
        let routers = |door| http::router(app.clone(), door);
        let ops = ops::router(app.clone());
        let config = app.config.clone();
        let devices = app.mqtt.clone();
        let background = Background { app: app.clone(), events: self.events };
        let serving = Serving::bind(&config, &self.data_dir, routers, ops, devices, background).await?;
        if let Some(key) = own_key(&config, &self.data_dir)? {
            app.links.believe(key);
        }
        Ok(serving)
    }

    /// Serves until `shutdown`; then takes nobody new, lets requests finish, and writes down the events that wait. A
    /// process that also runs nodes drains those first, so that their last events are among them.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) -> Result<(), ServeError> {
        self.bind().await?.run(shutdown).await
    }

    /// The work beside serving, for those who only use the routers.
    pub fn background(self) -> Background {
        Background { app: self.app, events: self.events }
    }
}

impl Background {
    /// Says to answers that have no end of their own that they are to end.
    pub(crate) fn end_of_streams(&self) -> watch::Sender<bool> {
        self.app.stopping.clone()
    }

    /// Works until `stop`, then writes down the events that wait.
    pub async fn run(mut self, stop: impl Future<Output = ()>) {
        let app = &self.app;
        tokio::select! {
            () = events::follow(app, &mut self.events, stop) => {}
            () = app.catalogue.watch() => {}
            () = app.keep_cameras() => {}
            () = app.collect() => {}
            () = rules::run(app) => {}
            () = link::write(app) => {}
            () = app.roll_out() => {}
            () = sweep(app) => {}
        }
        events::catch_up(&self.app, &mut self.events).await;
    }
}

async fn sweep(app: &App) {
    loop {
        let now = now_ms();
        let swept = async {
            app.db.forget_cookies(now).await?;
            app.db.forget_receipts(app.config.records.receipts).await?;
            let days = u64::from(app.config.records.days) * DAY_MS;
            app.db.forget_device_events(now.saturating_sub(days), app.config.records.device_events).await?;
            app.db.forget_deliveries(now.saturating_sub(days), app.config.rules.log).await?;
            app.db.forget_sessions(now.saturating_sub(u64::from(app.config.records.days) * DAY_MS)).await
        };
        if let Err(error) = swept.await {
            tracing::error!(%error, "old records could not be removed");
        }
        tokio::time::sleep(SWEEP).await;
    }
}

async fn installation_secret(db: &Db) -> Result<Hash, ControlError> {
    const KEPT_AS: &str = "secret";
    if let Some(kept) = db.kept(KEPT_AS).await?.and_then(|kept| Hash::try_from(kept).ok()) {
        return Ok(kept);
    }
    let fresh: Hash = random().map_err(AccessError::Random)?;
    db.keep(KEPT_AS, fresh.to_vec()).await?;
    Ok(fresh)
}
