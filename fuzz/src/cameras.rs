//! Cameras: what they send over MQTT, from the packets to what their models saw.

use playfield_control::mqtt::codec::{Packet, read, write};
use playfield_core::app::aitrios;
use playfield_core::evp::{
    COMMAND_TIME, Deployment, Desired, Dialect, Event, Hub, Instance, Key, MOST_MESSAGE, Module, Output as Out, sim,
};
use playfield_core::smartcamera::{Envelope, Form, Kind, Output, Size};
use playfield_core::time::Time;
use serde_json::json;

use crate::packets;

/// Largest packet that is taken here.
const MOST: usize = MOST_MESSAGE;
/// The size that pixels are counted in.
const SIZE: Size = Size { width: 320, height: 240 };

/// The bytes of a connection: read as they come, and what was read is written and read the same.
pub fn mqtt(data: &[u8]) {
    let mut rest = data;
    while let Ok(Some((packet, used))) = read(rest, MOST) {
        assert!(used <= rest.len() && used > 0);
        let mut bytes = Vec::new();
        write(&packet, &mut bytes);
        // Answers lose a bit that clients do not look at; packets that are sent to us lose nothing.
        let (again, whole) = read(&bytes, MOST).expect("what was written is read").expect("all of it");
        assert_eq!((&again, whole), (&packet, bytes.len()));
        if let Packet::Publish(message) = &packet {
            assert!(!message.topic.is_empty() && !message.topic.contains(['+', '#', '\0']));
        }
        // A packet that is cut is not another one.
        assert!(matches!(read(&rest[..used - 1], MOST), Ok(None)));
        rest = &rest[used..];
    }
}

/// What a model saw: FlatBuffers of each kind, JSON, and the envelope around them.
pub fn smartcamera(data: &[u8]) {
    let kinds = [Kind::Detection, Kind::Classification, Kind::Pose, Kind::Segmentation];
    for kind in kinds.map(Some).into_iter().chain([None]) {
        if let Ok(output) = Output::from_flat(data, kind) {
            check(&output);
        }
    }
    leaves(data);
    let Ok(value) = serde_json::from_slice(data) else { return };
    for kind in kinds.map(Some).into_iter().chain([None]) {
        if let Ok(output) = Output::from_json(&value, kind) {
            check(&output);
        }
        let Ok(envelope) = Envelope::read(&value, kind) else { continue };
        assert!(Envelope::is(&value));
        for one in &envelope.inferences {
            check(&one.output);
        }
        // Kinds are told from shapes where they are not said, and an empty list has none.
        let all = |kind| envelope.inferences.iter().all(|one| one.output.kind() == kind);
        for kind in kinds.into_iter().filter(|kind| all(*kind)) {
            assert_eq!(Envelope::read(&envelope.write(Form::Flat), Some(kind)), Ok(envelope.clone()));
        }
    }
}

/// The same as telemetry of an app: whatever is let out is an object of a few numbers, and the same once more.
fn leaves(data: &[u8]) {
    let schema = aitrios::output().schema().expect("what goes without saying can be said");
    let Ok(objects) = aitrios::opened(data, &schema) else { return };
    for object in objects {
        let Ok(value) = schema.check(&object, &[]) else { continue };
        let fields = value.as_object().expect("it is an object");
        assert!(fields.values().all(serde_json::Value::is_number), "{value}");
        assert_eq!(schema.check(value.to_string().as_bytes(), &[]), Ok(value));
    }
}

fn check(output: &Output) {
    assert_eq!(Output::from_flat(&output.to_flat(), Some(output.kind())).as_ref(), Ok(output));
    assert!(Output::from_json(&output.to_json(), Some(output.kind())).is_ok());
    let Ok(metadata) = output.to_metadata(SIZE, 1, 2) else { return };
    for object in &metadata.objects {
        let area = object.area;
        assert!(0.0 <= area.left && area.left <= area.right && area.right <= 1.0);
        assert!(0.0 <= area.top && area.top <= area.bottom && area.bottom <= 1.0);
    }
    assert!(metadata.labels.is_sorted_by(|a, b| a.score >= b.score));
    // What we make of it goes to browsers as JSON.
    assert!(serde_json::to_string(&metadata).is_ok());
    let back = Output::from_metadata(&metadata, output.kind(), SIZE);
    assert_eq!(Output::from_flat(&back.to_flat(), Some(output.kind())).as_ref(), Ok(&back));
}

/// Messages of a device: topic, then payload; and now and then a second passes. Whatever it says, commands end, and what it is
/// told is what a device of its kind understands.
pub fn evp(data: &[u8]) {
    let module = Module {
        implementation: Default::default(),
        entry_point: "main".to_owned(),
        url: "http://hub/m".to_owned(),
        sha256: "00".repeat(32),
    };
    let deployment = Deployment {
        id: "d1".to_owned(),
        instances: [("a".to_owned(), Instance { module: "m".to_owned(), ..Instance::default() })].into(),
        modules: [("m".to_owned(), module)].into(),
        ..Deployment::default()
    };
    let key = Key::parse("a/b").expect("a key");
    let desired = Desired { deployment: Some(deployment), settings: [(key, "c".to_owned())].into() };
    let mut hub = Hub::new(None, desired, 1);
    sim::Device::FILTERS.iter().for_each(|filter| assert!(hub.subscribe(filter)));
    let (mut begun, mut ended, mut now) = (0u32, 0u32, Time::ZERO);
    let mut messages = packets(data);
    while let (Some(topic), Some(payload)) = (messages.next(), messages.next()) {
        now = now + std::time::Duration::from_secs(1);
        hub.handle_timeout(now);
        match std::str::from_utf8(topic) {
            Ok("subscribe") => drop(std::str::from_utf8(payload).map(|filter| hub.subscribe(filter))),
            Ok(topic) => hub.handle(now, topic, payload),
            Err(_) => {}
        }
        begun += u32::from(hub.command(now, "a", "echo", &json!({}), COMMAND_TIME).is_ok());
        ended += drain(&mut hub);
    }
    hub.close();
    ended += drain(&mut hub);
    assert_eq!((begun, hub.next_timeout()), (ended, None));
}

/// Commands that came to their end.
fn drain(hub: &mut Hub) -> u32 {
    let mut ended = 0;
    while let Some(output) = hub.poll() {
        match output {
            Out::Publish { topic, payload } => {
                assert!(topic.starts_with("v1/devices/me/") && payload.len() <= MOST_MESSAGE);
                assert!(serde_json::from_str::<serde_json::Value>(&payload).is_ok_and(|value| value.is_object()));
                let known = [Dialect::Evp2, Dialect::Evp1].map(Some).contains(&hub.dialect());
                assert!(
                    known
                        || topic.starts_with("v1/devices/me/attributes/response/")
                        || topic.contains("/rpc/response/")
                );
            }
            Out::Event(Event::Done { .. }) => ended += 1,
            Out::Event(Event::State { key, .. } | Event::Telemetry { key, .. }) => {
                assert_eq!(Key::new(&key.instance, &key.topic), Ok(key));
            }
            Out::Event(Event::Status(status)) => assert!(status.instances.len() <= 64 && status.modules.len() <= 64),
            Out::Event(_) => {}
        }
    }
    ended
}
