//! Which rules fire.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::Rule;
use crate::analytics::Event;
use crate::id::{DeviceId, RuleId};

/// A rule, and since when it is as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// Its id.
    pub id: RuleId,
    /// What it says.
    pub rule: Rule,
    /// When it was changed last. What was taken down before does not concern it.
    pub since_ms: u64,
}

/// A rule fires.
#[derive(Clone, Debug, PartialEq)]
pub struct Firing {
    /// Which.
    pub rule: RuleId,
    /// The camera.
    pub device: DeviceId,
    /// When: the time that the machine was told.
    pub at_ms: u64,
    /// How often it had happened within the time that the rule says, this one counted.
    pub times: u32,
    /// What happened last.
    pub event: Event,
}

/// All rules, and what they saw.
#[derive(Debug, Default)]
pub struct Rules {
    rules: Vec<Watched>,
}

/// A rule at work.
#[derive(Debug)]
struct Watched {
    known: Known,
    /// None: for any camera.
    devices: Option<BTreeSet<DeviceId>>,
    before: BTreeMap<DeviceId, Before>,
}

/// What a rule saw of a camera.
#[derive(Debug, Default)]
struct Before {
    /// When it happened, at most as often as the rule says.
    happened_ms: VecDeque<u64>,
    fired_ms: Option<u64>,
}

impl Rules {
    /// These rules from now on. One that is as it was keeps what it saw.
    pub fn set(&mut self, rules: Vec<Known>) {
        let mut before = std::mem::take(&mut self.rules);
        self.rules = rules
            .into_iter()
            .map(|known| match before.iter().position(|watched| watched.known == known) {
                Some(at) => before.swap_remove(at),
                None => Watched::new(known),
            })
            .collect();
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The rule of this id.
    pub fn rule(&self, id: &RuleId) -> Option<&Rule> {
        self.rules.iter().find(|watched| watched.known.id == *id).map(|watched| &watched.known.rule)
    }

    /// The furthest back that what happened still matters, in milliseconds.
    pub fn memory_ms(&self) -> u64 {
        let longest = |rule: &Rule| rule.cool_down_s.max(rule.when.within_s.unwrap_or(0));
        self.rules.iter().map(|watched| u64::from(longest(&watched.known.rule)) * 1_000).max().unwrap_or(0)
    }

    /// Something happened before a camera. `now_ms` is when that was taken down, by the clock of those who tell this: Unix time in
    /// milliseconds. `labels` are the names of the camera's classes, by number.
    pub fn handle(&mut self, now_ms: u64, device: &DeviceId, labels: &[String], event: &Event) -> Vec<Firing> {
        let fires = self.rules.iter_mut().filter_map(|watched| {
            let times = watched.count(now_ms, device, labels, event)?;
            if times < watched.known.rule.when.times {
                return None;
            }
            let rule = watched.known.id.clone();
            watched.fired(device, now_ms);
            Some(Firing { rule, device: device.clone(), at_ms: now_ms, times, event: event.clone() })
        });
        fires.collect()
    }

    /// What [`Rules::handle`] was told before a restart is told again: nothing fires. Between the events, where a rule fired last
    /// before a camera, [`Rules::fired`] says so; then all is as it was.
    pub fn remember(&mut self, now_ms: u64, device: &DeviceId, labels: &[String], event: &Event) {
        for watched in &mut self.rules {
            watched.count(now_ms, device, labels, event);
        }
    }

    /// A rule fired before a camera, when this was the time.
    pub fn fired(&mut self, rule: &RuleId, device: &DeviceId, at_ms: u64) {
        let of = |watched: &&mut Watched| watched.known.id == *rule && at_ms >= watched.known.since_ms;
        if let Some(watched) = self.rules.iter_mut().find(of) {
            watched.fired(device, at_ms);
        }
    }
}

impl Watched {
    fn new(known: Known) -> Watched {
        let all = known.rule.devices.iter().any(|id| id == "*");
        let named = || known.rule.devices.iter().filter_map(|id| id.parse().ok()).collect();
        let devices = (!all).then(named);
        Watched { known, devices, before: BTreeMap::new() }
    }

    fn fired(&mut self, device: &DeviceId, at_ms: u64) {
        let before = self.before.entry(device.clone()).or_default();
        before.happened_ms.clear();
        before.fired_ms = Some(at_ms);
    }

    /// How often it happened within the time that the rule says, this one counted; none: this is not it, or the rule rests.
    fn count(&mut self, now_ms: u64, device: &DeviceId, labels: &[String], event: &Event) -> Option<u32> {
        let Known { rule, since_ms, .. } = &self.known;
        let concerned = rule.enabled
            && now_ms >= *since_ms
            && self.devices.as_ref().is_none_or(|devices| devices.contains(device))
            && rule.during.as_ref().is_none_or(|hours| hours.holds(now_ms))
            && rule.when.matches(event, labels);
        if !concerned {
            return None;
        }
        let before = self.before.entry(device.clone()).or_default();
        let rest_ms = u64::from(rule.cool_down_s) * 1_000;
        // A clock that was set back must not make a rule rest for longer than it says.
        if before.fired_ms.is_some_and(|fired| now_ms.checked_sub(fired).is_some_and(|passed| passed < rest_ms)) {
            return None;
        }
        let within_ms = rule.when.within_s.map_or(u64::MAX, |seconds| u64::from(seconds) * 1_000);
        before.happened_ms.retain(|then| now_ms.saturating_sub(*then) <= within_ms);
        if before.happened_ms.len() >= rule.when.times as usize {
            before.happened_ms.pop_front();
        }
        before.happened_ms.push_back(now_ms);
        Some(before.happened_ms.len() as u32)
    }
}
