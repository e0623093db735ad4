//! What machines tell, written down: all that waits is one transaction, so that thousands of them cost few writes to the disk.

use std::sync::Arc;
use std::time::Duration;

use playfield_core::id::NodeId;
use playfield_store::db::NodeTold;
use tokio::sync::watch;

use crate::app::App;

/// What may wait; then links wait, and devices keep what they have.
pub(super) const QUEUE: usize = 8_192;
/// Most of one transaction.
const AT_ONCE: usize = 4_096;
/// How long to wait where the database cannot take it: a full disk may be cleared.
const AGAIN: Duration = Duration::from_secs(1);

/// Something to be written down, and who is told once it is.
pub(super) struct Written {
    pub told: NodeTold,
    pub stored: Arc<watch::Sender<u64>>,
}

/// Writes down what comes; never ends.
pub(crate) async fn write(app: &App) {
    let mut inbox = app.links.inbox.lock().await;
    let mut batch = Vec::with_capacity(AT_ONCE);
    loop {
        if inbox.recv_many(&mut batch, AT_ONCE).await == 0 {
            return;
        }
        let (told, waiting): (Vec<_>, Vec<_>) = batch
            .drain(..)
            .map(|Written { told, stored }| {
                let node = told.node.clone();
                (told, (node, stored))
            })
            .unzip();
        let told: Arc<[_]> = told.into();
        let happened = told.iter().any(|told| !told.events.is_empty());
        let positions = loop {
            match app.db.take_told(told.clone()).await {
                Ok(positions) => break positions,
                Err(error) => tracing::error!(%error, "what cameras told could not be written down; devices keep it"),
            }
            tokio::time::sleep(AGAIN).await;
        };
        for (node, stored) in waiting {
            tell(&stored, positions.get(&node).copied(), &node);
        }
        if happened {
            app.cameras.told_more();
        }
    }
}

fn tell(stored: &watch::Sender<u64>, position: Option<u64>, node: &NodeId) {
    match position {
        Some(position) => drop(stored.send_if_modified(|known| {
            let more = position > *known;
            *known = (*known).max(position);
            more
        })),
        None => tracing::error!(%node, "a journal's position is not known after a write"),
    }
}
