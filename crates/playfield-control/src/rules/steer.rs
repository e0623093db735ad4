//! Rules on what is present: where somebody is before a camera moves a pad, in each session that is played and that the rule names.
//!
//! Only while there is such a session is the camera asked to say where things are: without one a rule costs nothing, and no more
//! leaves the camera than before.
//!
//! ```text
//!   rules, sessions --look, twice a second--> who steers what --> cameras that are looked at
//!   a picture's metadata --core::rule::Steering--> Hold --> node     (one under way for each session: what comes meanwhile is old)
//! ```

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use playfield_core::api::{DeliveryState, Device};
use playfield_core::camera::Seen;
use playfield_core::id::{DeliveryId, DeviceId, NodeId, RuleId, SessionId};
use playfield_core::input::hold::Hold;
use playfield_core::rule::{Action, Known, SteerAction, Steering, View};
use playfield_store::db::{Fired, NewDelivery};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};

use super::follow::write;
use super::keep::known;
use super::press::{hold, played};
use crate::app::Shared;
use crate::cameras::Told;
use crate::clock::now_ms;
use crate::failure::Failure;
use crate::secret::random;

/// How often it is looked whether somebody plays.
const LOOK: Duration = Duration::from_millis(500);
/// How long something is held without a newer picture, in milliseconds: a few pictures may be lost.
const HELD_MS: u32 = 400;

/// Steers; never ends.
pub(super) async fn steer(app: &Shared) {
    let mut everything = app.cameras.everything();
    let mut changed = app.rules.changed.subscribe();
    changed.mark_changed();
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut wheel = Wheel::new();
    loop {
        tokio::select! {
            _ = look.tick() => {
                super::demo::make(app).await;
                if let Err(failure) = wheel.look(app, changed.has_changed().unwrap_or(false)).await {
                    tracing::error!(detail = failure.detail, "it could not be looked up what is to be steered");
                } else {
                    changed.mark_unchanged();
                }
            }
            heard = everything.recv() => match heard {
                Ok((device, told)) => if let Told::Seen(seen) = &*told {
                    wheel.seen(app, &device, seen);
                },
                // What was missed is old.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return std::future::pending().await,
            },
            Some(Ok(sent)) = wheel.under_way.join_next() => wheel.sent(app, sent).await,
        }
    }
}

/// All that is steered now.
struct Wheel {
    began: Instant,
    rules: Vec<Known>,
    steered: Vec<Steered>,
    /// Zones of cameras, by name.
    zones: HashMap<DeviceId, HashMap<String, Vec<[f32; 2]>>>,
    /// What makes cameras say where things are; nothing is read from it.
    looks: HashMap<DeviceId, broadcast::Receiver<Arc<Told>>>,
    under_way: JoinSet<Sent>,
}

/// One action of a rule.
struct Steered {
    rule: Known,
    place: usize,
    action: SteerAction,
    sessions: Vec<(SessionId, NodeId)>,
    /// Those to which something is under way.
    busy: HashSet<SessionId>,
    /// Those of which it was written down what became of it.
    told: HashSet<SessionId>,
    steering: Steering,
}

/// What became of something that was sent.
struct Sent {
    rule: RuleId,
    place: usize,
    device: DeviceId,
    session: SessionId,
    result: Result<(), String>,
}

impl Wheel {
    fn new() -> Wheel {
        Wheel {
            began: Instant::now(),
            rules: Vec::new(),
            steered: Vec::new(),
            zones: HashMap::new(),
            looks: HashMap::new(),
            under_way: JoinSet::new(),
        }
    }

    /// Looks which rules there are, who plays, and so which cameras are needed.
    async fn look(&mut self, app: &Shared, changed: bool) -> Result<(), Failure> {
        if changed {
            let rows = app.db.rules().await?;
            self.rules = rows.into_iter().map(known).collect::<Result<_, _>>()?;
            self.steered = self.rules.iter().flat_map(Steered::of).collect();
        }
        for steered in &mut self.steered {
            steered.look(app).await?;
        }
        if self.steered.iter().all(|steered| steered.sessions.is_empty()) {
            self.looks.clear();
            return Ok(());
        }
        let devices = app.devices().await?;
        let wanted =
            |device: &Device| self.steered.iter().any(|one| !one.sessions.is_empty() && one.is_for(&device.id));
        let wanted: Vec<&Device> = devices.iter().filter(|device| wanted(device)).collect();
        self.looks.retain(|id, _| wanted.iter().any(|device| device.id == *id));
        for device in wanted {
            let zones = device.desired.watch.zones.iter().map(|zone| (zone.name.clone(), zone.points.clone()));
            self.zones.insert(device.id.clone(), zones.collect());
            if !self.looks.contains_key(&device.id)
                && let Some((_, look)) = app.cameras.look(&device.id)
            {
                self.looks.insert(device.id.clone(), look);
            }
        }
        Ok(())
    }

    /// A camera said what is in a picture.
    fn seen(&mut self, app: &Shared, device: &DeviceId, seen: &Seen) {
        let Some(zones) = self.zones.get(device).filter(|_| self.looks.contains_key(device)) else { return };
        let (now_ms, model) = (self.began.elapsed().as_millis() as u64, app.cameras.model(device));
        for steered in self.steered.iter_mut().filter(|one| !one.sessions.is_empty() && one.is_for(device)) {
            let when = &steered.rule.rule.when;
            let zone = match &when.place {
                Some(place) => match zones.get(place) {
                    Some(zone) => Some(zone.as_slice()),
                    None => continue,
                },
                None => None,
            };
            let view = View { device, labels: &model.labels, zone, seen: &seen.metadata };
            let there = steered.steering.handle(now_ms, when, &steered.action, view);
            let Some(pad) = there.and_then(|there| steered.action.pad(there)) else { continue };
            let by = format!("{}#{}", steered.rule.id, steered.place);
            let hold_it = Hold { by, player: steered.action.player, pad, ms: HELD_MS };
            for (session, node) in &steered.sessions {
                if !steered.busy.insert(session.clone()) {
                    continue;
                }
                let (app, node, hold_it) = (app.clone(), node.clone(), hold_it.clone());
                let (rule, place) = (steered.rule.id.clone(), steered.place);
                let (device, session) = (device.clone(), session.clone());
                self.under_way.spawn(async move {
                    let result = hold(&app, &node, &session, &hold_it).await;
                    Sent { rule, place, device, session, result }
                });
            }
        }
    }

    /// Something was sent. What became of the first of a session is written down; of those after it there are too many.
    async fn sent(&mut self, app: &Shared, sent: Sent) {
        let same = |one: &&mut Steered| one.rule.id == sent.rule && one.place == sent.place;
        let Some(steered) = self.steered.iter_mut().find(same) else { return };
        steered.busy.remove(&sent.session);
        if !steered.told.insert(sent.session.clone()) {
            return;
        }
        let ended = match sent.result {
            Ok(()) => (DeliveryState::Done, "somebody who is there steers".to_owned()),
            Err(problem) => (DeliveryState::GivenUp, problem),
        };
        let Some(new) = steered.delivery(sent.device, ended) else { return };
        let fired = Fired { deliveries: vec![new], ..Fired::default() };
        if let Err(error) = write(app, fired, Vec::new()).await {
            tracing::error!(%error, "it could not be written down who steers");
        }
    }
}

impl Steered {
    /// What a rule steers.
    fn of(rule: &Known) -> Vec<Steered> {
        let steers = |(place, action): (usize, &Action)| match action {
            Action::Steer(action) => Some(Steered {
                rule: rule.clone(),
                place,
                action: action.clone(),
                sessions: Vec::new(),
                busy: HashSet::new(),
                told: HashSet::new(),
                steering: Steering::default(),
            }),
            _ => None,
        };
        rule.rule.actions.iter().enumerate().filter(|_| rule.rule.enabled).filter_map(steers).collect()
    }

    async fn look(&mut self, app: &Shared) -> Result<(), Failure> {
        let hours = self.rule.rule.during.as_ref().is_none_or(|hours| hours.holds(now_ms()));
        let subject = self.action.subject().filter(|_| hours);
        let rows = match subject {
            Some(subject) => played(app, &subject).await?,
            None => Vec::new(),
        };
        self.sessions = rows.into_iter().map(|row| (row.id, row.node)).collect();
        let there = |id: &SessionId| self.sessions.iter().any(|(session, _)| session == id);
        self.told.retain(there);
        self.busy.retain(there);
        Ok(())
    }

    fn is_for(&self, device: &DeviceId) -> bool {
        self.rule.rule.devices.iter().any(|id| id == "*" || id == device.as_str())
    }

    fn delivery(&self, device: DeviceId, ended: (DeliveryState, String)) -> Option<NewDelivery> {
        let created_ms = now_ms();
        Some(NewDelivery {
            id: DeliveryId::from_entropy(random().ok()?),
            rule: self.rule.id.clone(),
            device: Some(device),
            action: serde_json::to_string(&Action::Steer(self.action.clone())).ok()?,
            destination: "input".to_owned(),
            body: "{}".to_owned(),
            created_ms,
            due_ms: created_ms,
            ended: Some(ended),
        })
    }
}
