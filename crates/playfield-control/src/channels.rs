//! Channels of models and apps: kept, moved a step at a time, and taken back when a camera is not well. See
//! [`playfield_core::rollout`].

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use playfield_core::api::{Channels as Shown, Device, MoveChannel};
use playfield_core::app::AppState;
use playfield_core::id::DeviceId;
use playfield_core::rollout::{Channel, Ended, Follower, Kind, Rollout, Verdict, follows};
use playfield_store::db::{Db, DbError};

use crate::app::App;
use crate::cameras::is_name;
use crate::clock::now_ms;
use crate::failure::{Failure, Kind as Why};

/// Under what they are kept.
const KEPT_AS: &str = "channels";
/// How often rollouts are looked at.
const LOOK: Duration = Duration::from_secs(1);
/// Most channels.
const MOST: usize = 256;
/// How long all cameras of a step have to be well, unless it is said.
const HOLD_S: u32 = 600;

/// All channels.
pub(crate) struct Channels {
    all: Mutex<Vec<Channel>>,
    /// Held while they are changed and written down, so that what is written last is what is.
    turn: tokio::sync::Mutex<()>,
}

impl Channels {
    /// Those that are kept.
    pub(crate) async fn open(db: &Db) -> Result<Channels, DbError> {
        let kept = db.kept(KEPT_AS).await?;
        let all = kept.map(|bytes| {
            serde_json::from_slice(&bytes)
                .map_err(|error| DbError::Corrupt { what: "the channels of models and apps", value: error.to_string() })
        });
        Ok(Channels { all: Mutex::new(all.transpose()?.unwrap_or_default()), turn: tokio::sync::Mutex::default() })
    }

    fn all(&self) -> MutexGuard<'_, Vec<Channel>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The release that a name means to a camera; to none: the one that its channel points to.
    pub(crate) fn release(&self, kind: Kind, name: &str, device: Option<&DeviceId>) -> Result<String, Failure> {
        let Some((family, channel)) = follows(name) else { return Ok(name.to_owned()) };
        let all = self.all();
        let found = all.iter().find(|known| (known.kind, &*known.name, &*known.channel) == (kind, family, channel));
        let none = || Failure::new(Why::NotFound, format!("there is no channel `{channel}` of `{family}`"));
        let found = found.ok_or_else(none)?;
        Ok(device.map_or(found.release.as_str(), |device| found.release_for(device)).to_owned())
    }
}

impl App {
    /// All channels.
    pub(crate) fn channels(&self) -> Shown {
        Shown { channels: self.channels.all().clone() }
    }

    /// Makes a channel, or moves it to another release.
    pub(crate) async fn move_channel(&self, kind: Kind, at: (&str, &str), to: MoveChannel) -> Result<Channel, Failure> {
        let (name, channel) = at;
        let MoveChannel { release, steps, hold_s } = to;
        if !is_name(name) || !is_name(channel) {
            let detail = "a channel's names are letters, digits, `-` and `_`";
            return Err(Failure::new(Why::Malformed, detail));
        }
        // That it can be had at all is looked at before any camera is told, and it stays there.
        let _named = self.releases.named().await;
        match kind {
            Kind::Model => {
                let kept = self.keep_model(&release).await?;
                self.try_model(&release, &kept).await?;
            }
            Kind::App => self.look_at_app(&release)?,
        }
        let turn = self.channels.turn.lock().await;
        let mut all = self.channels.all().clone();
        let nth = all.iter().position(|known| (known.kind, &*known.name, &*known.channel) == (kind, name, channel));
        let mut told = Vec::new();
        let nth = match nth {
            None if all.len() >= MOST => {
                return Err(Failure::new(Why::LimitReached, format!("there are {MOST} channels already")));
            }
            None => {
                let (name, channel) = (name.to_owned(), channel.to_owned());
                all.push(Channel { kind, name, channel, release, rollout: None, last: None });
                all.len() - 1
            }
            Some(nth) => {
                let known = &mut all[nth];
                if let Some(rollout) = &known.rollout {
                    let detail = format!("this channel is on its way to `{}`; call that off first", rollout.to);
                    return Err(Failure::new(Why::InProgress, detail));
                }
                if known.release != release {
                    let steps = steps.unwrap_or_else(|| vec![100]);
                    let rollout = Rollout::new(release, steps, hold_s.unwrap_or(HOLD_S), now_ms());
                    let mut rollout = rollout.map_err(|problem| Failure::new(Why::Malformed, problem))?;
                    told = rollout.begin(&self.followers(known).await?);
                    known.rollout = Some(rollout);
                }
                nth
            }
        };
        let moved = all[nth].clone();
        self.keep_channels(all).await?;
        drop(turn);
        self.told_anew(told).await?;
        Ok(moved)
    }

    /// Takes a rollout back.
    pub(crate) async fn call_off(&self, kind: Kind, name: &str, channel: &str) -> Result<Channel, Failure> {
        let turn = self.channels.turn.lock().await;
        let mut all = self.channels.all().clone();
        let none = || Failure::new(Why::NotFound, "this channel is on its way nowhere");
        let at = all.iter().position(|known| (known.kind, &*known.name, &*known.channel) == (kind, name, channel));
        let known = &mut all[at.ok_or_else(none)?];
        let rollout = known.rollout.take().ok_or_else(none)?;
        let had = self.followers(known).await?.into_iter().map(|follower| follower.device);
        let had = had.filter(|device| rollout.has(device)).collect();
        known.last = Some(Ended { to: rollout.to, at_ms: now_ms(), back: Some("it was called off".to_owned()) });
        let shown = known.clone();
        self.keep_channels(all).await?;
        drop(turn);
        self.told_anew(had).await?;
        Ok(shown)
    }

    /// Moves rollouts on; never ends.
    pub(crate) async fn roll_out(&self) {
        loop {
            tokio::time::sleep(LOOK).await;
            if let Err(failure) = self.step().await {
                tracing::error!(detail = failure.detail, "rollouts could not be looked at");
            }
        }
    }

    async fn step(&self) -> Result<(), Failure> {
        if self.channels.all().iter().all(|channel| channel.rollout.is_none()) {
            return Ok(());
        }
        let turn = self.channels.turn.lock().await;
        let mut all = self.channels.all().clone();
        let (now, mut told, mut changed) = (now_ms(), Vec::new(), false);
        for channel in &mut all {
            let followers = match channel.rollout {
                Some(_) => self.followers(channel).await?,
                None => continue,
            };
            let Some(rollout) = &mut channel.rollout else { continue };
            let before = rollout.clone();
            let (to, verdict) = (rollout.to.clone(), rollout.judge(now, &followers));
            changed |= *rollout != before;
            match verdict {
                Verdict::Wait => {}
                Verdict::Further(devices) => told.extend(devices),
                Verdict::Done => {
                    tracing::info!(channel = channel.channel, name = channel.name, to, "a release is everywhere");
                    channel.release.clone_from(&to);
                    channel.last = Some(Ended { to, at_ms: now, back: None });
                    (channel.rollout, changed) = (None, true);
                }
                Verdict::Back { devices, why } => {
                    tracing::warn!(channel = channel.channel, name = channel.name, to, why, "a release is taken back");
                    channel.last = Some(Ended { to, at_ms: now, back: Some(why) });
                    (channel.rollout, changed) = (None, true);
                    told.extend(devices);
                }
            }
        }
        if changed {
            self.keep_channels(all).await?;
        }
        drop(turn);
        self.told_anew(told).await
    }

    async fn keep_channels(&self, all: Vec<Channel>) -> Result<(), Failure> {
        let bytes = serde_json::to_vec(&all).map_err(Failure::internal)?;
        self.db.keep(KEPT_AS, bytes).await?;
        *self.channels.all() = all;
        Ok(())
    }

    /// What these cameras are to do means another thing now.
    async fn told_anew(&self, devices: Vec<DeviceId>) -> Result<(), Failure> {
        for device in devices {
            self.db.touch_device(device.clone()).await?;
            self.device_changed(&device).await?;
        }
        Ok(())
    }

    async fn followers(&self, channel: &Channel) -> Result<Vec<Follower>, Failure> {
        let name = format!("{}@{}", channel.name, channel.channel);
        let follows = |device: &Device| match channel.kind {
            Kind::Model => {
                device.desired.model.as_ref() == Some(&name) || device.desired.shadow.as_ref() == Some(&name)
            }
            Kind::App => device.desired.app.as_ref() == Some(&name),
        };
        let follower = |device: Device| {
            let app = device.app.filter(|app| matches!(app.state, AppState::Waiting | AppState::Refused));
            let app = app.filter(|_| channel.kind == Kind::App);
            let app = app.map(|app| app.detail.unwrap_or_else(|| "its app does not run".to_owned()));
            Follower {
                settled: device.running == Some(device.version),
                trouble: device.trouble.or(app).or(device.detail),
                fps: device.health.map(|health| health.fps),
                device: device.id,
                name: device.name,
                state: device.state,
            }
        };
        Ok(self.devices().await?.into_iter().filter(follows).map(follower).collect())
    }
}
