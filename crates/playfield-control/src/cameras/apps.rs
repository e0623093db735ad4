//! Edge apps of cameras: where they lie, and what they say.

use std::path::PathBuf;

use playfield_core::analytics::{Event, What};
use playfield_core::app::Emitted;
use playfield_core::camera::{AppModule, Desired};
use playfield_core::rollout;
use playfield_store::db::NewDeviceEvent;

use super::{Cameras, written};
use crate::app::App;
use crate::failure::{Failure, Kind};
use playfield_core::id::DeviceId;

impl App {
    /// Whether a camera's app is there, before it is to have it.
    pub(super) fn check_app(&self, desired: &Desired) -> Result<(), Failure> {
        self.app_folder_of(desired, None).map(drop)
    }

    /// A camera's app. One that is not there does not keep the camera from working.
    pub(super) fn edge_app(&self, desired: &Desired, device: &DeviceId) -> Option<playfield_core::camera::App> {
        let (folder, module) = match self.app_folder_of(desired, Some(device)) {
            Ok(folder) => (folder?, None),
            Err(failure) => (PathBuf::new(), Some(AppModule::Refused(failure.detail))),
        };
        Some(playfield_core::camera::App { folder, module })
    }

    /// The folder of a camera's app; none: it has none.
    pub(crate) fn app_folder_of(
        &self,
        desired: &Desired,
        device: Option<&DeviceId>,
    ) -> Result<Option<PathBuf>, Failure> {
        let Some(name) = &desired.app else { return Ok(None) };
        let id = self.channels.release(rollout::Kind::App, name, device)?;
        self.app_folder(&id).map(Some)
    }

    /// Whether there is such an app.
    pub(crate) fn look_at_app(&self, release: &str) -> Result<(), Failure> {
        self.app_folder(release).map(drop)
    }

    fn app_folder(&self, id: &str) -> Result<PathBuf, Failure> {
        let none = || Failure::new(Kind::NotFound, self.no_release(rollout::Kind::App, id));
        self.release_folder(rollout::Kind::App, id).ok_or_else(none)
    }
}

impl Cameras {
    /// What is kept of what an app said: that which is not just what it said before.
    pub(super) fn kept(
        &self,
        id: &DeviceId,
        emitted: &Emitted,
        received_ms: u64,
        offset_ms: Option<i64>,
    ) -> Option<NewDeviceEvent> {
        let mut live = self.open();
        let live = live.get_mut(id)?;
        let before = &mut live.said;
        if before.as_ref() == Some(&emitted.value) {
            return None;
        }
        *before = Some(emitted.value.clone());
        let Emitted { app, time_ms, value } = emitted.clone();
        let event = Event { time_ms, what: What::App { app, value }, thing: None, counts: Vec::new() };
        written(&event, received_ms, offset_ms)
    }
}
