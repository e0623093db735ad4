//! Cameras of other machines: what is known of them, and what an operator does with any camera.

use std::sync::Arc;

use playfield_core::api::{
    BulkAction, ChangeDevice, ChangeDevices, ChangedDevice, ChangedDevices, CreateDevice, Device, DeviceState,
    EndReason, SessionState,
};
use playfield_core::id::{DeviceId, NodeId};
use playfield_core::link::{CameraState, MOST_CAMERAS};
use playfield_store::db::{DbError, DeviceRow, NewSession};
use serde_json::Value;

use super::{Cameras, Live, name, tags};
use crate::app::App;
use crate::clock::now_ms;
use crate::failure::{Failure, Kind};
use crate::secret::random;

impl Cameras {
    /// A camera of another machine, of which nothing was heard yet.
    pub(crate) fn is_elsewhere(&self, id: DeviceId) {
        let now = self.now();
        self.open().entry(id).or_insert_with(|| {
            let mut live = Live::new(now);
            (live.state, live.detail) = (DeviceState::Offline, Some("its machine is not connected".to_owned()));
            live
        });
    }

    /// Nothing is heard of a camera just now.
    pub(crate) fn is_offline(&self, id: &DeviceId, why: &str) {
        if let Some(live) = self.open().get_mut(id) {
            (live.state, live.detail) = (DeviceState::Offline, Some(why.to_owned()));
            live.tell_state();
        }
    }

    /// Why a camera cannot be what it is to be; it stays what it is.
    pub(crate) fn is_troubled(&self, id: &DeviceId, why: &str) {
        if let Some(live) = self.open().get_mut(id) {
            live.trouble = Some(why.to_owned());
        }
    }

    /// What to add to a camera's clock to have ours was measured.
    pub(crate) fn clock_is(&self, id: &DeviceId, offset_ms: Option<i64>) {
        if let Some(live) = self.open().get_mut(id) {
            live.measured_ms = offset_ms;
        }
    }

    /// Whether somebody looks at a camera just now.
    pub(crate) fn is_looked_at(&self, id: &DeviceId) -> bool {
        self.open().get(id).is_some_and(|live| live.watchers.receiver_count() > 0)
    }
}

impl App {
    /// A camera of another machine is in this state.
    pub(crate) async fn device_is(&self, node: &NodeId, state: CameraState) -> Result<(), DbError> {
        let CameraState { device, state, version, session, detail, refused } = state;
        self.cameras.is_elsewhere(device.clone());
        let before = self.cameras.open().get(&device).and_then(|live| live.session.clone());
        if let Some(before) = before.filter(|before| session.as_ref() != Some(before)) {
            let why = Some("the camera began anew".to_owned());
            let reason = Some(EndReason::ApiTerminated);
            self.db.set_session_state(before, SessionState::Terminated, reason, why, now_ms()).await?;
        }
        let row = self.db.device(device.clone()).await?;
        let mut session = session;
        if let (Some(id), Some(row)) = (&session, row) {
            let row = NewSession {
                id: id.clone(),
                title: row.name,
                module: String::new(),
                node: node.clone(),
                client: "camera".to_owned(),
                profile: None,
                storage_bytes: 0,
                created_ms: now_ms(),
            };
            if !self.db.open_device_session(row).await? {
                tracing::warn!(%node, %device, "a device named a session that is not its own");
                session = None;
            }
        }
        let mut live = self.cameras.open();
        let Some(live) = live.get_mut(&device) else { return Ok(()) };
        live.trouble = refused.and(detail.clone());
        (live.state, live.version, live.session) = (state, version, session);
        live.detail = detail.filter(|_| refused.is_none());
        live.heard_ms = Some(now_ms());
        live.tell_state();
        Ok(())
    }

    /// What a camera is to do, or who looks at it, is another thing now: whoever runs it is told.
    pub(crate) async fn device_changed(&self, id: &DeviceId) -> Result<(), Failure> {
        self.cameras.woken.notify_one();
        if let Some(row) = self.db.device(id.clone()).await? {
            self.links.poke(&row.node);
        }
        Ok(())
    }

    /// A further camera of a machine.
    pub(crate) async fn create_device(self: &Arc<Self>, wanted: CreateDevice) -> Result<Device, Failure> {
        let CreateDevice { name: called, desired, beside, tags: sorted } = wanted;
        let none = || Failure::new(Kind::NoNode, "no machine is there that could have a camera; try again in a moment");
        let node = match beside {
            Some(other) => self.db.device(other).await?.filter(|row| row.revoked_ms.is_none()).map(|row| row.node),
            None => self.nodes.first().cloned(),
        };
        let node = node.ok_or_else(none)?;
        let _named = self.check_desired(&desired, None, self.nodes.contains(&node)).await?;
        let there = self.db.devices_of(node.clone()).await?.into_iter().filter(|row| row.revoked_ms.is_none());
        if there.count() >= MOST_CAMERAS {
            let detail = format!("a machine has at most {MOST_CAMERAS} cameras");
            return Err(Failure::new(Kind::LimitReached, detail));
        }
        let row = DeviceRow {
            id: DeviceId::from_entropy(random()?),
            name: name(&called)?,
            node,
            desired: serde_json::to_string(&desired).map_err(Failure::internal)?,
            version: 1,
            created_ms: now_ms(),
            revoked_ms: None,
            tags: tags(sorted)?,
        };
        let id = row.id.clone();
        if !self.nodes.contains(&row.node) {
            self.cameras.is_elsewhere(id.clone());
        }
        self.db.insert_device(row).await?;
        self.device_changed(&id).await?;
        self.device(&id).await
    }

    /// Does the same with many cameras.
    pub(crate) async fn change_devices(&self, wanted: ChangeDevices) -> Result<ChangedDevices, Failure> {
        let ChangeDevices { ids, tag, what } = wanted;
        let ids = match (ids.is_empty(), tag) {
            (false, None) => ids,
            (true, Some(tag)) => {
                let all = self.db.devices().await?.into_iter();
                all.filter(|row| row.revoked_ms.is_none() && row.tags.contains(&tag)).map(|row| row.id).collect()
            }
            _ => return Err(Failure::new(Kind::Malformed, "say either `ids` or a `tag`: which cameras are meant")),
        };
        let mut devices = Vec::with_capacity(ids.len());
        for id in ids {
            let done = self.change_one(&id, &what).await;
            devices.push(ChangedDevice { id, detail: done.err().map(|failure| failure.detail) });
        }
        Ok(ChangedDevices { devices })
    }

    async fn change_one(&self, id: &DeviceId, what: &BulkAction) -> Result<(), Failure> {
        let change = match what {
            BulkAction::Revoke => return self.revoke_device(id).await,
            BulkAction::Tag { add, remove } => {
                let before = self.device(id).await?.tags;
                let kept = before.into_iter().filter(|tag| !remove.contains(tag));
                ChangeDevice { tags: Some(kept.chain(add.iter().cloned()).collect()), ..ChangeDevice::default() }
            }
            BulkAction::Change { desired } => {
                let Device { desired: before, version, .. } = self.device(id).await?;
                let mut merged = serde_json::to_value(before).map_err(Failure::internal)?;
                merge(&mut merged, desired);
                let wrong = |error: serde_json::Error| Failure::new(Kind::Malformed, format!("`desired`: {error}"));
                let desired = serde_json::from_value(merged).map_err(wrong)?;
                ChangeDevice { desired: Some(desired), version: Some(version), ..ChangeDevice::default() }
            }
        };
        self.change_device(id, change).await.map(drop)
    }

    /// Turns a camera away, at once and for good. What it told stays on record.
    pub(crate) async fn revoke_device(&self, id: &DeviceId) -> Result<(), Failure> {
        let none = || Failure::new(Kind::NotFound, format!("there is no camera `{id}`"));
        let row = self.db.device(id.clone()).await?.ok_or_else(none)?;
        if !self.db.revoke_device(id.clone(), now_ms()).await? {
            return Err(none());
        }
        tracing::info!(device = %id, name = row.name, "a camera was turned away");
        self.device_changed(id).await?;
        if self.db.node(row.node.clone()).await?.is_some_and(|node| node.revoked_ms.is_some()) {
            self.links.close(&row.node);
        }
        Ok(())
    }
}

/// Applies a merge patch (RFC 7396).
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let Value::Object(target) = target else { return };
    for (key, value) in patch {
        match value {
            Value::Null => drop(target.remove(key)),
            value => merge(target.entry(key.clone()).or_insert(Value::Null), value),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_merge_patch_changes_what_it_names() {
        let mut target = json!({"a": {"b": 1, "c": 2}, "d": [1], "e": 3});
        merge(&mut target, &json!({"a": {"b": null, "x": {"y": 1}}, "d": [2, 3], "f": 4}));
        assert_eq!(target, json!({"a": {"c": 2, "x": {"y": 1}}, "d": [2, 3], "e": 3, "f": 4}));
    }
}
