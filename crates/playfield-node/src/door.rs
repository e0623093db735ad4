//! The node's door on the bus: takes requests, each answered in a task of its own.

use std::sync::Arc;

use playfield_core::api::EndReason;
use playfield_core::bus::{Request, node_subject};
use playfield_core::id::NodeId;
use playfield_store::bus::{Bus, BusError, Responder, Service};
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};

use crate::agent::{Agent, refused};

/// Requests in work at once; the next ones wait on the bus.
const AT_ONCE: usize = 256;

/// Takes requests until the task is aborted.
pub(crate) fn serve(bus: &Bus, id: &NodeId, agent: Arc<Agent>) -> Result<JoinHandle<()>, BusError> {
    let service = bus.serve(&node_subject(id))?;
    Ok(tokio::spawn(take(service, agent)))
}

async fn take(mut service: Service, agent: Arc<Agent>) {
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut work = JoinSet::new();
    while let Some((bytes, responder)) = service.next().await {
        while work.try_join_next().is_some() {}
        let Ok(turn) = turns.clone().acquire_owned().await else { return };
        let request = service.read(&bytes);
        let agent = agent.clone();
        work.spawn(async move {
            answer(&agent, request, responder).await;
            drop(turn);
        });
    }
}

async fn answer(agent: &Agent, request: Result<Request, BusError>, responder: Responder) {
    let reply = match request {
        Ok(request) => agent.answer(request).await,
        Err(error) => refused(EndReason::InternalError, &error.to_string()),
    };
    if let Err(error) = responder.reply(&reply) {
        tracing::error!(%error, "a reply could not be written");
    }
}
