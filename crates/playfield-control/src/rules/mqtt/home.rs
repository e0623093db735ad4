//! How cameras look to Home Assistant: each zone is an occupancy sensor and numbers, each line numbers, found by discovery
//! (home-assistant.io/integrations/mqtt, "MQTT discovery"). All of it is messages that the broker keeps.
//!
//! ```text
//!   DISCOVERY/sensor/CAMERA/zone_gate_now/config    what there is
//!   PREFIX/CAMERA/state                             {"zone_gate": {"now": 2, "in": 9, "out": 7}, ...}
//!   PREFIX/CAMERA/status, PREFIX/status             online | offline
//! ```

use std::collections::{BTreeMap, BTreeSet};

use playfield_core::analytics::{Config as Watch, Counts};
use serde_json::{Map, Value, json};

use super::super::config::MqttConfig;
use super::status_topic;

/// A camera, as it is now.
pub(crate) struct Camera {
    pub id: String,
    pub name: String,
    pub online: bool,
    pub watch: Watch,
    pub counts: Option<Counts>,
}

/// All that a broker is to keep: topics and messages.
pub(super) fn kept(config: &MqttConfig, cameras: &[Camera]) -> BTreeMap<String, String> {
    let mut kept = BTreeMap::from([(status_topic(config), "online".to_owned())]);
    for camera in cameras {
        let own = format!("{}/{}", config.prefix, camera.id);
        let places = places(&camera.watch);
        kept.insert(format!("{own}/status"), if camera.online { "online" } else { "offline" }.to_owned());
        if let Some(counts) = &camera.counts {
            kept.insert(format!("{own}/state"), state(&places, counts).to_string());
        }
        if !config.discovery.is_empty() {
            places.iter().for_each(|place| describe(&mut kept, config, camera, place));
        }
    }
    kept
}

/// A zone or line.
struct Place {
    /// Names it in topics and templates.
    key: String,
    name: String,
    is_zone: bool,
}

/// Zones and lines of a camera; two whose names differ in signs alone are told apart by a number.
fn places(watch: &Watch) -> Vec<Place> {
    let zones = watch.zones.iter().map(|zone| (&zone.name, true));
    let lines = watch.lines.iter().map(|line| (&line.name, false));
    let mut taken = BTreeSet::new();
    let place = |(name, is_zone): (&String, bool)| {
        let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '_' };
        let kind = if is_zone { "zone" } else { "line" };
        let slug = format!("{kind}_{}", name.chars().map(plain).collect::<String>());
        let mut key = slug.clone();
        let mut number = 1;
        while !taken.insert(key.clone()) {
            number += 1;
            key = format!("{slug}_{number}");
        }
        Place { key, name: name.clone(), is_zone }
    };
    zones.chain(lines).map(place).collect()
}

fn state(places: &[Place], counts: &Counts) -> Value {
    let numbers = |place: &Place| {
        if place.is_zone {
            let zone = counts.zones.iter().find(|zone| zone.name == place.name)?;
            return Some(json!({"now": zone.now.total(), "in": zone.came.total(), "out": zone.left.total()}));
        }
        let line = counts.lines.iter().find(|line| line.name == place.name)?;
        Some(json!({"in": line.came.total(), "out": line.left.total()}))
    };
    let known = places.iter().filter_map(|place| Some((place.key.clone(), numbers(place)?)));
    Value::Object(known.collect::<Map<_, _>>())
}

/// Tells of a place: whether somebody is in a zone, how many are, and how many came and went.
fn describe(kept: &mut BTreeMap<String, String>, config: &MqttConfig, camera: &Camera, place: &Place) {
    let mut tell = |component: &str, what: &str, name: String, template: String, more: Value| {
        let object = format!("{}_{what}", place.key);
        let mut entity = json!({
            "name": name,
            "unique_id": format!("playfield_{}_{object}", camera.id),
            "state_topic": format!("{}/{}/state", config.prefix, camera.id),
            "value_template": template,
            "availability": [
                {"topic": status_topic(config)},
                {"topic": format!("{}/{}/status", config.prefix, camera.id)},
            ],
            "availability_mode": "all",
            "device": {
                "identifiers": [format!("playfield_{}", camera.id)],
                "name": camera.name,
                "manufacturer": "Playfield",
                "model": "Camera",
            },
        });
        if let (Some(entity), Value::Object(more)) = (entity.as_object_mut(), more) {
            entity.extend(more);
        }
        kept.insert(format!("{}/{component}/{}/{object}/config", config.discovery, camera.id), entity.to_string());
    };
    let (key, name) = (&place.key, &place.name);
    if place.is_zone {
        let somebody = format!("{{{{ 'ON' if value_json.{key}.now | int > 0 else 'OFF' }}}}");
        tell("binary_sensor", "occupancy", name.clone(), somebody, json!({"device_class": "occupancy"}));
        let now = format!("{{{{ value_json.{key}.now }}}}");
        tell("sensor", "now", format!("{name} now"), now, json!({"state_class": "measurement"}));
    }
    for way in ["in", "out"] {
        // `in` is a word of the template language: it is asked for by brackets.
        let total = format!("{{{{ value_json.{key}['{way}'] }}}}");
        tell("sensor", way, format!("{name} {way}"), total, json!({"state_class": "total_increasing"}));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn camera() -> Camera {
        let watch = json!({
            "zones": [
                {"name": "Gate 1", "points": [[0, 0], [1, 0], [1, 1]]},
                {"name": "gate-1", "points": [[0, 0], [1, 0], [1, 1]]},
            ],
            "lines": [{"name": "door", "from": [0, 0], "to": [1, 1]}],
        });
        let counts = json!({
            "zones": [{"name": "Gate 1", "now": [{"class": 0, "count": 2}], "in": [{"class": 0, "count": 9}], "out": [], "stayed_ms": 0}],
            "lines": [{"name": "door", "in": [{"class": 0, "count": 1}, {"class": 1, "count": 2}], "out": []}],
        });
        Camera {
            id: "dev-1".to_owned(),
            name: "Street".to_owned(),
            online: true,
            watch: serde_json::from_value(watch).unwrap(),
            counts: Some(serde_json::from_value(counts).unwrap()),
        }
    }

    #[test]
    fn a_camera_is_sensors_and_its_state_is_their_numbers() {
        let kept = kept(&MqttConfig::default(), &[camera()]);
        assert_eq!(kept["playfield/status"], "online");
        assert_eq!(kept["playfield/dev-1/status"], "online");
        let state: Value = serde_json::from_str(&kept["playfield/dev-1/state"]).unwrap();
        assert_eq!(state, json!({"zone_gate_1": {"now": 2, "in": 9, "out": 0}, "line_door": {"in": 3, "out": 0}}));
        let topics: Vec<_> = kept.keys().filter_map(|topic| topic.strip_prefix("homeassistant/")).collect();
        assert_eq!(
            topics,
            [
                "binary_sensor/dev-1/zone_gate_1_2_occupancy/config",
                "binary_sensor/dev-1/zone_gate_1_occupancy/config",
                "sensor/dev-1/line_door_in/config",
                "sensor/dev-1/line_door_out/config",
                "sensor/dev-1/zone_gate_1_2_in/config",
                "sensor/dev-1/zone_gate_1_2_now/config",
                "sensor/dev-1/zone_gate_1_2_out/config",
                "sensor/dev-1/zone_gate_1_in/config",
                "sensor/dev-1/zone_gate_1_now/config",
                "sensor/dev-1/zone_gate_1_out/config",
            ]
        );
        let entity = &kept["homeassistant/binary_sensor/dev-1/zone_gate_1_occupancy/config"];
        let entity: Value = serde_json::from_str(entity).unwrap();
        assert_eq!(entity["state_topic"], "playfield/dev-1/state");
        assert_eq!(entity["value_template"], "{{ 'ON' if value_json.zone_gate_1.now | int > 0 else 'OFF' }}");
        assert_eq!(entity["device_class"], "occupancy");
        assert_eq!(entity["availability"][1]["topic"], "playfield/dev-1/status");
    }

    #[test]
    fn without_discovery_home_assistant_is_told_nothing() {
        let config = MqttConfig { discovery: String::new(), ..MqttConfig::default() };
        let kept = kept(&config, &[Camera { online: false, counts: None, ..camera() }]);
        let expect = [("playfield/dev-1/status", "offline"), ("playfield/status", "online")];
        assert_eq!(
            kept.into_iter().collect::<Vec<_>>(),
            expect.map(|(topic, says)| (topic.to_owned(), says.to_owned()))
        );
    }
}
