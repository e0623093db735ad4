//! Channels of models and apps: a name that cameras follow, and how it is moved to another release, a part of them at a time.
//!
//! A camera whose model is `street@stable` follows the channel `stable` of `street`. Moving that channel is a *rollout*:
//!
//! ```text
//!   10 % --all of them well for a while--> 50 % --...--> 100 % --> the channel points there
//!     '-------------- one of them is not well --------------------> all go back, and the channel stays
//! ```
//!
//! Which cameras are among the first is told by their ids, and is another choice for each release. A camera that is not connected
//! neither speeds a rollout up nor stops it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::DeviceState;
use crate::id::DeviceId;

#[cfg(test)]
mod tests;

/// Most steps of a rollout.
const MOST_STEPS: usize = 10;
/// Longest time that a step may last, in seconds: a week.
const MOST_HOLD_S: u32 = 7 * 24 * 3600;
/// How long a camera may be unwell before that counts, in milliseconds: it has just been started anew.
const UNWELL_MS: u64 = 10_000;
/// A camera that manages less than this part of the pictures it managed before is unwell.
const SLOWER: f32 = 0.6;

/// What a channel is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// Models.
    Model,
    /// Edge apps.
    App,
}

/// A channel, and where it is on its way to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Channel {
    /// What it is of.
    pub kind: Kind,
    /// The family: what is before the `@`.
    pub name: String,
    /// Its name: what is behind the `@`.
    pub channel: String,
    /// The release that it points to: the name of a model or an app.
    pub release: String,
    /// Where it is on its way to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<Rollout>,
    /// How the last rollout ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Ended>,
}

/// A rollout under way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Rollout {
    /// The release that it brings.
    pub to: String,
    /// Parts of the cameras, in percent, one after the other; the last is 100.
    pub steps: Vec<u8>,
    /// Which step it is at, from 0.
    pub step: u8,
    /// How long all cameras of a step have to be well, in seconds.
    pub hold_s: u32,
    /// When the step began: Unix time in milliseconds.
    pub began_ms: u64,
    /// Pictures a second that cameras managed before they got it.
    #[serde(default)]
    pub before: BTreeMap<String, f32>,
    /// Since when a camera is unwell.
    #[serde(default)]
    pub unwell: BTreeMap<String, u64>,
    /// Since when all of the step are well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub well_ms: Option<u64>,
}

/// How a rollout ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Ended {
    /// The release that it was to bring.
    pub to: String,
    /// When: Unix time in milliseconds.
    pub at_ms: u64,
    /// Why all went back, in a sentence; none: it is everywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back: Option<String>,
}

/// How a camera that follows the channel does.
#[derive(Clone, Debug, PartialEq)]
pub struct Follower {
    /// Which.
    pub device: DeviceId,
    /// What people call it.
    pub name: String,
    /// How it is.
    pub state: DeviceState,
    /// It works by what it was told last.
    pub settled: bool,
    /// Why it could not take what it was told, or what its app or source does wrong.
    pub trouble: Option<String>,
    /// Pictures a second that it manages.
    pub fps: Option<f32>,
}

/// What is to be done about a rollout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing yet.
    Wait,
    /// The next step: these cameras get it too.
    Further(Vec<DeviceId>),
    /// It is everywhere: the channel points there.
    Done,
    /// One is unwell: these get the one before again.
    Back {
        /// Those that had it.
        devices: Vec<DeviceId>,
        /// Why, in a sentence.
        why: String,
    },
}

impl Rollout {
    /// To a release, by these steps. A sentence says what is wrong with them.
    pub fn new(to: String, steps: Vec<u8>, hold_s: u32, now_ms: u64) -> Result<Rollout, String> {
        let rising = steps.windows(2).all(|two| two[0] < two[1]);
        if steps.is_empty() || steps.len() > MOST_STEPS || !rising || steps[0] == 0 || steps.last() != Some(&100) {
            return Err(format!("`steps` are 1 to {MOST_STEPS} rising percentages, the last of them 100"));
        }
        if !(1..=MOST_HOLD_S).contains(&hold_s) {
            return Err(format!("`hold_s` must be 1 to {MOST_HOLD_S}"));
        }
        Ok(Rollout {
            to,
            steps,
            step: 0,
            hold_s,
            began_ms: now_ms,
            before: BTreeMap::new(),
            unwell: BTreeMap::new(),
            well_ms: None,
        })
    }

    fn percent(&self) -> u8 {
        self.steps.get(usize::from(self.step)).copied().unwrap_or(100)
    }

    /// Whether a camera has the new release by now.
    pub fn has(&self, device: &DeviceId) -> bool {
        place(&self.to, device) < self.percent()
    }

    /// Begins: these cameras get it first. How many pictures each manages now is what it is measured by.
    pub fn begin(&mut self, followers: &[Follower]) -> Vec<DeviceId> {
        self.before = followers
            .iter()
            .filter_map(|follower| Some((follower.device.to_string(), follower.fps.filter(|fps| *fps >= 1.0)?)))
            .collect();
        followers.iter().filter(|follower| self.has(&follower.device)).map(|follower| follower.device.clone()).collect()
    }

    /// What is to be done now, where cameras do like this.
    pub fn judge(&mut self, now_ms: u64, followers: &[Follower]) -> Verdict {
        let (having, rest): (Vec<_>, Vec<_>) = followers.iter().partition(|follower| self.has(&follower.device));
        let mut pending = false;
        for follower in &having {
            let key = follower.device.to_string();
            match self.ill(follower) {
                Some(why) => {
                    let since = *self.unwell.entry(key).or_insert(now_ms);
                    if now_ms.saturating_sub(since) >= UNWELL_MS {
                        let devices = having.iter().map(|follower| follower.device.clone()).collect();
                        return Verdict::Back { devices, why: format!("{}: {why}", follower.name) };
                    }
                    pending = true;
                }
                None => {
                    self.unwell.remove(&key);
                    // One that is away says nothing either way.
                    pending |= follower.state == DeviceState::Starting || !follower.settled;
                }
            }
        }
        let present = having.iter().any(|follower| follower.state == DeviceState::Online);
        // A step that has nobody in it is over at once; one whose cameras are all away waits for one.
        if pending || (!present && !having.is_empty()) {
            self.well_ms = None;
            return Verdict::Wait;
        }
        let well_since = *self.well_ms.get_or_insert(now_ms);
        if !having.is_empty() && now_ms.saturating_sub(well_since) < u64::from(self.hold_s) * 1_000 {
            return Verdict::Wait;
        }
        if usize::from(self.step) + 1 >= self.steps.len() {
            return Verdict::Done;
        }
        (self.step, self.began_ms, self.well_ms) = (self.step + 1, now_ms, None);
        let more = rest.into_iter().filter(|follower| self.has(&follower.device));
        Verdict::Further(more.map(|follower| follower.device.clone()).collect())
    }

    fn ill(&self, follower: &Follower) -> Option<String> {
        match follower.state {
            DeviceState::Broken => {
                return Some(follower.trouble.clone().unwrap_or_else(|| "it does not work".to_owned()));
            }
            DeviceState::Offline | DeviceState::Starting => return None,
            DeviceState::Online => {}
        }
        if let Some(trouble) = &follower.trouble {
            return Some(trouble.clone());
        }
        let before = *self.before.get(follower.device.as_str())?;
        let now = follower.fps.filter(|_| follower.settled)?;
        (now < before * SLOWER).then(|| format!("it manages {now:.0} pictures a second, and managed {before:.0}"))
    }
}

impl Channel {
    /// The release that a camera is to have.
    pub fn release_for(&self, device: &DeviceId) -> &str {
        match &self.rollout {
            Some(rollout) if rollout.has(device) => &rollout.to,
            _ => &self.release,
        }
    }
}

/// What a name follows: family and channel; none: it is a release itself.
pub fn follows(name: &str) -> Option<(&str, &str)> {
    name.split_once('@')
}

/// Where a camera stands in the order of a rollout, 0 to 99: FNV-1a of release and id.
fn place(release: &str, device: &DeviceId) -> u8 {
    let bytes = release.bytes().chain([0]).chain(device.as_str().bytes());
    let hash = bytes
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    // Its low bits alone are not mixed well enough for so few places.
    ((hash ^ (hash >> 32)) % 100) as u8
}
