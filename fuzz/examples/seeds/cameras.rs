//! Cameras over MQTT: what a simulated one says, and what its model saw.

use playfield_control::mqtt::codec::{Connect, Packet, Publish, Qos, write};
use playfield_core::evp::Dialect;
use playfield_core::evp::sim::Device;
use playfield_core::smartcamera::{
    Class, Count, Detection, Envelope, Form, Found, Inference, Joint, Output, Pose, Segmentation,
};
use playfield_fuzz::packed;

pub fn all() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let mut seeds = vec![("mqtt", "session", session())];
    for (name, output) in outputs() {
        seeds.push(("smartcamera", name, output.to_flat()));
    }
    let inferences =
        outputs().into_iter().map(|(_, output)| Inference { time_ms: 1_796_000_523_004, output }).collect();
    let envelope = Envelope { model: "m".to_owned(), device: "d".to_owned(), image: true, inferences };
    for (name, form) in [("envelope", Form::Flat), ("envelope-json", Form::Json)] {
        seeds.push(("smartcamera", name, envelope.write(form).to_string().into_bytes()));
    }
    for (name, dialect) in [("evp2", Dialect::Evp2), ("evp1", Dialect::Evp1)] {
        seeds.push(("evp", name, device(dialect, &envelope)));
    }
    seeds
}

fn outputs() -> Vec<(&'static str, Output)> {
    let found = Found { class: 3, score: 0.5, left: 1, top: 2, right: 30, bottom: 40 };
    let counts = vec![Count { class: 3, count: 1 }];
    let joints = (0..17).map(|name| Joint { name, score: 0.5, x: name.into(), y: 7 }).collect();
    let map = Segmentation { width: 2, height: 2, classes: vec![0, 1, 2, 3], num_classes: 4, scores: vec![0.5; 16] };
    vec![
        ("detection", Output::Detection(Detection { objects: vec![found; 2], area_count: Some(counts) })),
        ("classification", Output::Classification(vec![Class { class: 9, score: 0.25 }])),
        ("pose", Output::Pose(vec![Pose { score: 0.5, joints }])),
        ("segmentation", Output::Segmentation(map)),
    ]
}

fn session() -> Vec<u8> {
    let topic = "v1/devices/me/telemetry".to_owned();
    let message = Publish { topic, payload: b"{}".to_vec(), ..Publish::default() };
    let connect = Connect {
        client: "camera".to_owned(),
        clean: true,
        keep_alive_s: 400,
        user: Some("evp-0".to_owned()),
        password: Some(b"secret".to_vec()),
        will: Some(message.clone()),
    };
    let filters = vec![("v1/devices/me/rpc/request/+".to_owned(), Qos::AtLeastOnce)];
    let mut bytes = Vec::new();
    for packet in [
        Packet::Connect(connect),
        Packet::Subscribe { id: 1, filters },
        Packet::Publish(Publish { qos: Qos::AtLeastOnce, id: 2, again: true, ..message.clone() }),
        Packet::Publish(message),
        Packet::PubAck(3),
        Packet::Unsubscribe { id: 4, filters: vec!["a/#".to_owned()] },
        Packet::PingReq,
        Packet::Disconnect,
    ] {
        write(&packet, &mut bytes);
    }
    bytes
}

/// What a device says: it connects, reports, answers a command, and asks for an upload.
fn device(dialect: Dialect, envelope: &Envelope) -> Vec<u8> {
    let mut device = Device::new(dialect);
    device.connected();
    device.state("a", "b", "c");
    device.inferred("a", envelope, Form::Flat);
    device.log("a", "line");
    device.upload("a", "file");
    let mut said: Vec<String> =
        std::iter::from_fn(|| device.poll()).flat_map(|(topic, payload)| [topic, payload]).collect();
    for (id, body) in [
        (1, r#"{"direct-command-response":{"reqid":"1","status":"ok","response":"{}"}}"#),
        (2, r#"{"moduleInstance":"a","status":0,"response":{}}"#),
    ] {
        said.extend([format!("v1/devices/me/rpc/response/{id}"), body.to_owned()]);
    }
    packed(said.iter().map(String::as_bytes))
}
