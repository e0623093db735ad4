//! Clients that are no devices, and devices that mean no good.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::net::TcpStream;

use super::stage::{Connected, knock, next};
use super::*;

const TELEMETRY: &str = "v1/devices/me/telemetry";

async fn line(stage: &Stage) -> Line {
    Line::new(TcpStream::connect(stage.address).await.unwrap())
}

#[tokio::test]
async fn who_is_no_device_is_told_so_and_goes() {
    let stage = Stage::new().await;
    let camera = stage.enrol(json!({"name": "a"})).await;
    let other = stage.enrol(json!({"name": "b"})).await;
    let right = camera.password.unwrap().reveal().as_bytes().to_vec();
    for (user, password, expect) in [
        (None, None, ConnectCode::NotAuthorised),
        (Some(camera.user.clone()), None, ConnectCode::BadCredentials),
        (Some(camera.user.clone()), Some(b"wrong".to_vec()), ConnectCode::BadCredentials),
        (Some(other.user.clone()), Some(right.clone()), ConnectCode::BadCredentials),
        (Some("evp-none".to_owned()), Some(right.clone()), ConnectCode::BadCredentials),
        (Some(camera.user.clone()), Some(right), ConnectCode::Accepted),
    ] {
        let (code, mut line) = knock(line(&stage).await, user, password).await;
        assert_eq!(code, expect);
        if expect != ConnectCode::Accepted {
            assert_eq!(line.next().await, None, "it is sent away");
        }
    }
}

#[tokio::test]
async fn other_versions_and_other_protocols_are_turned_away() {
    let stage = Stage::new().await;
    for (bytes, expect) in [
        // MQTT 5 and 3.1 are told that this is another version.
        (b"\x10\x10\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x03abc".as_slice(), Some(ConnectCode::Version)),
        (b"\x10\x0e\x00\x06MQIsdp\x03\x02\x00\x3c\x00\x00", Some(ConnectCode::Version)),
        (b"\x10\x0c\x00\x04MQTT\x04\x00\x00\x3c\x00\x00", Some(ConnectCode::Identifier)),
        (b"\xc0\x00", None),
    ] {
        let mut line = line(&stage).await;
        line.raw(bytes).await;
        assert_eq!(line.next().await, expect.map(Packet::ConnAck));
        if expect.is_some() {
            assert_eq!(line.next().await, None);
        }
    }
    for bytes in [b"GET / HTTP/1.1\r\n\r\n".as_slice(), b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", &[0; 100]] {
        let mut line = line(&stage).await;
        line.raw(bytes).await;
        while line.next().await.is_some() {}
    }
}

#[tokio::test]
async fn a_device_that_breaks_the_protocol_loses_its_connection() {
    let stage = Stage::new().await;
    let camera = stage.enrol(json!({"name": "a"})).await;
    for (bytes, why) in [
        (b"\x34\x07\x00\x01a\x00\x01xy".as_slice(), "QoS 2"),
        (b"\x10\x0e\x00\x04MQTT\x04\x02\x00\x3c\x00\x02ab", "twice"),
        (b"\x20\x02\x00\x00", "as if it were the server"),
        (b"\x40\x02\x00\x01", "acknowledges what was not sent"),
        (b"\x30\xff\xff\xff\x7f", "more than is taken"),
        (b"\x32\x03\x00\x01a", "ends too early"),
        (b"\xe0\x00", "took its leave"),
    ] {
        let mut events = stage.events();
        let (_, mut line) = stage.knock(&camera).await;
        line.raw(bytes).await;
        assert_eq!(line.next().await, None, "{why}");
        let gone = next(&mut events, |what| matches!(what, What::Disconnected(_))).await;
        assert!(matches!(&gone.what, What::Disconnected(told) if told.contains(why)), "{gone:?}");
    }
}

#[tokio::test]
async fn what_a_device_says_wrongly_costs_it_nothing_and_others_nothing() {
    let stage = Stage::new().await;
    let (camera, mut device) = stage.camera(Device::new(Dialect::Evp2)).await;
    let deep = "[".repeat(100_000);
    for (topic, payload) in [
        (TELEMETRY, "not json"),
        (TELEMETRY, deep.as_str()),
        (TELEMETRY, r#"{"a/placeholder":{"Inferences":[{"T":"x","O":3}]}}"#),
        (TELEMETRY, r#"{"$system/auto_enrollment":{"token":"x"}}"#),
        ("v1/devices/evp-0000000000000000/telemetry", "{}"),
        ("v1/devices/me/rpc/response/1", r#"{"direct-command-response":{"reqid":"1","status":"ok"}}"#),
        ("v1/devices/me/attributes", r#"{"deploymentStatus":[1],"systemInfo":"{","state/a/b":{}}"#),
    ] {
        device.line.publish(topic, payload, Qos::AtLeastOnce, 7).await;
        assert_eq!(device.line.next().await, Some(Packet::PubAck(7)), "{topic}");
    }
    device
        .line
        .send(&Packet::Subscribe {
            id: 9,
            filters: vec![("v1/devices/evp-1/#".into(), Qos::AtLeastOnce), ("#".into(), Qos::ExactlyOnce)],
        })
        .await;
    let granted = Packet::SubAck { id: 9, granted: vec![None, Some(Qos::AtLeastOnce)] };
    assert_eq!(device.line.next().await, Some(granted));
    device.line.send(&Packet::Unsubscribe { id: 10, filters: vec!["#".into()] }).await;
    assert_eq!(device.line.next().await, Some(Packet::UnsubAck(10)));
    device.settle().await;
    let told: Camera = stage.get(&camera, "").await.is(200);
    assert!(told.connected);
}

#[tokio::test]
async fn what_a_device_publishes_reaches_no_other_one() {
    let stage = Stage::new().await;
    let (_, mut one) = stage.camera(Device::new(Dialect::Evp2)).await;
    let other = stage.enrol(json!({"name": "other"})).await;
    let mut other = stage.connect(&other, Device::new(Dialect::Evp2)).await;
    other.line.send(&Packet::Subscribe { id: 9, filters: vec![("#".into(), Qos::AtMostOnce)] }).await;
    assert!(matches!(other.line.next().await, Some(Packet::SubAck { .. })));
    one.line.publish("v1/devices/me/attributes", r#"{"state/a/b":"c"}"#, Qos::AtMostOnce, 0).await;
    one.line.publish("v1/devices/me/rpc/request/1", "{}", Qos::AtMostOnce, 0).await;
    one.settle().await;
    other.line.send(&Packet::PingReq).await;
    assert_eq!(other.line.next().await, Some(Packet::PingResp));
}

#[tokio::test]
async fn a_device_that_speaks_too_fast_has_to_wait_and_loses_nothing() {
    let stage = Stage::with(MqttConfig { messages_per_s: 100, ..stage::config() }).await;
    let (_, mut device) = stage.camera(Device::new(Dialect::Evp2)).await;
    let mut events = stage.events();
    // Four hundred are free; how long the others wait, `pace` says.
    for n in 0..430 {
        device.line.publish(TELEMETRY, &format!(r#"{{"a/n":{n}}}"#), Qos::AtMostOnce, 0).await;
    }
    for n in 0..430 {
        let event = next(&mut events, |what| matches!(what, What::Telemetry { .. })).await;
        assert!(matches!(&event.what, What::Telemetry { value, .. } if *value == json!(n)));
    }
}

#[tokio::test]
async fn a_device_that_takes_nothing_is_given_up() {
    let stage = Stage::with(MqttConfig { messages_per_s: 1_000_000, kb_per_s: 1_000_000, ..stage::config() }).await;
    let (_, mut device) = stage.camera(Device::new(Dialect::Evp2)).await;
    let mut events = stage.events();
    // It asks without end, and never reads: first the sockets are full, then what waits has an end.
    let asking = tokio::spawn(async move {
        let mut bytes = Vec::new();
        let ping = Publish {
            topic: "v1/devices/me/attributes/request/1".into(),
            payload: b"{}".to_vec(),
            ..Publish::default()
        };
        (0..10_000).for_each(|_| playfield_control::mqtt::codec::write(&Packet::Publish(ping.clone()), &mut bytes));
        loop {
            device.line.raw(&bytes).await;
            tokio::task::yield_now().await;
        }
    });
    let gone = next(&mut events, |what| matches!(what, What::Disconnected(_))).await;
    assert_eq!(gone.what, What::Disconnected("it takes less than is sent to it".to_owned()));
    asking.abort();
}

/// A certificate that a device made itself, and its key.
fn certificate() -> (String, CertificateDer<'static>, PrivateKeyDer<'static>) {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["camera".to_owned()]).unwrap().self_signed(&key).unwrap();
    let (pem, key) = (certificate.pem(), PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap());
    (pem, certificate.der().clone(), key)
}

async fn over_tls(stage: &Stage, own: Option<(CertificateDer<'static>, PrivateKeyDer<'static>)>) -> Line {
    let server = CertificateDer::from_pem_slice(&stage.file("data/tls/cert.pem")).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(server).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let client = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let client = client.with_root_certificates(roots);
    let client = match own {
        Some((certificate, key)) => client.with_client_auth_cert(vec![certificate], key).unwrap(),
        None => client.with_no_client_auth(),
    };
    let connector = tokio_rustls::TlsConnector::from(Arc::new(client));
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], stage.address.port()));
    let stream = TcpStream::connect(address).await.unwrap();
    Line::new(connector.connect(ServerName::try_from("localhost").unwrap(), stream).await.unwrap())
}

async fn public() -> Stage {
    Stage::with(MqttConfig { listen: vec!["0.0.0.0:0".parse().unwrap()], ..stage::config() }).await
}

#[tokio::test]
async fn a_device_is_told_by_its_certificate() {
    let stage = public().await;
    let (pem, der, key) = certificate();
    let camera = stage.enrol(json!({"name": "a", "certificate": pem})).await;
    assert_eq!((camera.camera.proof, camera.password.is_none()), (Proof::Certificate, true));
    let (code, line) = knock(over_tls(&stage, Some((der, key))).await, None, None).await;
    assert_eq!(code, ConnectCode::Accepted);
    let mut device = Connected::new(line, Device::new(Dialect::Evp2)).await;
    let told: Camera = stage.get(&camera, "").await.is(200);
    assert!(told.connected);
    device.settle().await;
    // Without one, or with one that nobody knows, its name is of no use.
    let (code, _) = knock(over_tls(&stage, None).await, Some(camera.user.clone()), None).await;
    assert_eq!(code, ConnectCode::BadCredentials);
    let (_, other, key) = certificate();
    let (code, _) = knock(over_tls(&stage, Some((other, key))).await, Some(camera.user), None).await;
    assert_eq!(code, ConnectCode::BadCredentials);
}

#[tokio::test]
async fn a_camera_that_looked_at_its_code_enrols_itself_once() {
    let stage = public().await;
    let camera = stage.enrol(json!({"name": "a", "qr": {"host": "hub.example", "port": 8883, "ssid": "shop"}})).await;
    let qr = camera.qr.clone().unwrap();
    assert!(qr.starts_with("AAIAAAAAAAAAAAAAAAAAAA==N=11;E=hub.example;H=8883;t=0;B=") && qr.ends_with(";S=shop;U1FS"));
    let token = qr.split(';').find_map(|pair| pair.strip_prefix("B=")).unwrap().to_owned();
    let enrol = async |(der, key), token: &str| {
        let (code, mut line) = knock(over_tls(&stage, Some((der, key))).await, None, None).await;
        assert_eq!(code, ConnectCode::Accepted);
        let mut filters = (1..).zip(Device::FILTERS);
        let (id, filter) = filters.next().unwrap();
        line.send(&Packet::Subscribe { id, filters: vec![(filter.to_owned(), Qos::AtMostOnce)] }).await;
        assert!(matches!(line.next().await, Some(Packet::SubAck { .. })));
        let value = json!({"$system/auto_enrollment": {"project_id": "p", "token": token, "retry_count": 0}});
        line.publish(TELEMETRY, &value.to_string(), Qos::AtMostOnce, 0).await;
        line
    };
    let (_, der, key) = certificate();
    assert_eq!(enrol((der.clone(), key.clone_key()), "wrong").await.next().await, None);
    let line = enrol((der.clone(), key.clone_key()), &token).await;
    let device = Connected::new(line, Device::new(Dialect::Evp2)).await;
    let settings: Value = serde_json::from_str(&device.device.settings["$system/PRIVATE_endpoint_settings"]).unwrap();
    assert_eq!((&settings["endpoint_url"], &settings["endpoint_port"]), (&json!("hub.example"), &json!(8883)));
    let told: Camera = stage.get(&camera, "").await.is(200);
    assert_eq!((told.proof, told.connected), (Proof::Certificate, true));
    // The secret is used up; the certificate is what counts from now on.
    let (_, other, other_key) = certificate();
    assert_eq!(enrol((other, other_key), &token).await.next().await, None);
    let (_, line) = knock(over_tls(&stage, Some((der, key))).await, None, None).await;
    Connected::new(line, Device::new(Dialect::Evp2)).await;
}
