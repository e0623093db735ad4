//! What cameras are and tell, published as it changes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use playfield_core::id::DeviceId;
use playfield_core::onvif::{self, Message};
use tokio::sync::broadcast::error::RecvError;

use super::home;
use crate::app::Shared;
use crate::cameras::Told;
use crate::failure::Failure;

/// How often it is looked whether something changed.
const LOOK: Duration = Duration::from_secs(1);
/// Events that are read at a time.
const PAGE: u32 = 64;
/// Where it is kept which topics the broker keeps for us, so that those of what is gone are cleared.
const TOPICS: &str = "mqtt topics";

/// Publishes; never ends.
pub(crate) async fn publish(app: &Shared) {
    if app.config.rules.mqtt.host.is_none() {
        return std::future::pending().await;
    }
    let mut up = app.rules.mqtt.up.clone();
    let mut read = None;
    loop {
        if *up.borrow_and_update() != 0
            && let Err(problem) = while_connected(app, &mut read).await
        {
            tracing::debug!(problem, "publishing of cameras ended");
            tokio::time::sleep(LOOK).await;
        }
        if up.changed().await.is_err() {
            return std::future::pending().await;
        }
    }
}

/// Publishes until the way is cut. `read` is the event up to which all was told; those of a cut are told after it.
async fn while_connected(app: &Shared, read: &mut Option<u64>) -> Result<(), String> {
    let mut up = app.rules.mqtt.up.clone();
    let connection = *up.borrow_and_update();
    let mut told = app.cameras.told();
    let mut everything = app.config.rules.mqtt.onvif.then(|| app.cameras.everything());
    let mut sent = BTreeMap::new();
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    if read.is_none() {
        *read = Some(app.db.newest_event().await.map_err(|error| error.to_string())?);
    }
    loop {
        tokio::select! {
            _ = up.changed() => {}
            _ = look.tick() => keep(app, &mut sent).await?,
            _ = told.changed() => {}
            heard = hear(&mut everything) => mention(app, heard),
        }
        if *up.borrow() != connection {
            return Err("the way to the broker was cut".to_owned());
        }
        events(app, read).await?;
    }
}

async fn hear(
    everything: &mut Option<tokio::sync::broadcast::Receiver<(DeviceId, Arc<Told>)>>,
) -> Option<(DeviceId, Arc<Told>)> {
    let Some(news) = everything else { return std::future::pending().await };
    match news.recv().await {
        Ok(heard) => Some(heard),
        // Pictures are many: those that were missed are followed by others.
        Err(RecvError::Lagged(_)) => None,
        Err(RecvError::Closed) => std::future::pending().await,
    }
}

/// A picture, as ONVIF writes it.
fn mention(app: &Shared, heard: Option<(DeviceId, Arc<Told>)>) {
    if let Some((device, told)) = heard
        && let Told::Seen(seen) = &*told
    {
        let model = app.cameras.model(&device);
        let Message { topic, body } = onvif::frame(&seen.metadata, &model.name, &model.labels);
        let prefix = &app.config.rules.mqtt.prefix;
        app.rules.mqtt.mention(format!("{prefix}/{device}/{topic}"), body.to_string().into_bytes());
    }
}

/// Tells the events that came since.
async fn events(app: &Shared, read: &mut Option<u64>) -> Result<(), String> {
    let (link, config) = (&app.rules.mqtt, &app.config.rules.mqtt);
    loop {
        let page = app.db.events_after(read.unwrap_or(0), PAGE).await.map_err(|error| error.to_string())?;
        let last = page.len() < PAGE as usize;
        for row in page {
            let (number, device) = (row.number, row.device.clone());
            if let Ok(told) = crate::cameras::told(row) {
                let own = format!("{}/{device}", config.prefix);
                let body = serde_json::to_vec(&told).map_err(|error| error.to_string())?;
                link.publish(format!("{own}/event"), body, false).await?;
                if config.onvif {
                    let model = app.cameras.model(&device);
                    let Message { topic, body } = onvif::event(&told.told.event, &model.labels);
                    link.publish(format!("{own}/{topic}"), body.to_string().into_bytes(), false).await?;
                }
            }
            *read = Some(number);
        }
        if last {
            return Ok(());
        }
    }
}

/// Has the broker keep how cameras are, and no longer what is not there any more.
async fn keep(app: &Shared, sent: &mut BTreeMap<String, String>) -> Result<(), String> {
    let link = &app.rules.mqtt;
    let says = |failure: Failure| failure.detail;
    let now = home::kept(&app.config.rules.mqtt, &app.cameras_now().await.map_err(says)?);
    if sent.is_empty() {
        // What an earlier run left with the broker.
        let topics = app.db.kept(TOPICS).await.map_err(|error| error.to_string())?.unwrap_or_default();
        let topics: Vec<String> = serde_json::from_slice(&topics).unwrap_or_default();
        sent.extend(topics.into_iter().map(|topic| (topic, String::new())));
    }
    let gone: Vec<String> = sent.keys().filter(|topic| !now.contains_key(*topic)).cloned().collect();
    let others = !gone.is_empty() || now.len() != sent.len();
    if others {
        let all: Vec<&String> = now.keys().chain(&gone).collect();
        let all = serde_json::to_vec(&all).map_err(|error| error.to_string())?;
        app.db.keep(TOPICS, all).await.map_err(|error| error.to_string())?;
    }
    for topic in gone {
        link.publish(topic.clone(), Vec::new(), true).await?;
        sent.remove(&topic);
    }
    for (topic, message) in now {
        if sent.get(&topic) != Some(&message) {
            link.publish(topic.clone(), message.clone().into_bytes(), true).await?;
            sent.insert(topic, message);
        }
    }
    Ok(())
}
