//! The link of a machine with cameras: what both sides say.

use playfield_core::analytics::{Direction, Event, What};
use playfield_core::api::DeviceState;
use playfield_core::camera::{Desired, Health, Report, Seen, Source};
use playfield_core::id::{DeviceId, NodeId, SessionId, Token};
use playfield_core::link::{
    CameraState, FileHash, FromDevice, Invitation, Machine, Package, PackageFile, ToDevice, Told, Twin,
};
use playfield_fuzz::packed;
use serde::Serialize;

pub fn all() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    vec![
        ("link", "joins", joins()),
        ("link", "tells", tells()),
        ("link", "twin", twin()),
        ("link", "address", address()),
    ]
}

fn device() -> DeviceId {
    DeviceId::from_entropy([1; 16])
}

fn token() -> Token {
    Token::from_entropy([2; 32])
}

fn word(word: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(word).expect("a word")
}

fn all_of(words: &[Vec<u8>]) -> Vec<u8> {
    packed(words.iter().map(Vec::as_slice))
}

fn joins() -> Vec<u8> {
    let desired = Some(Box::new(Desired::new(Source::Scene { seed: Some(7) })));
    let code = Some(Token::from("K7QM-3XFD-9PTW".to_owned()));
    all_of(&[
        word(&FromDevice::Join { code, name: "Door".to_owned(), desired }),
        word(&ToDevice::Joined { node: NodeId::from_entropy([3; 16]), token: token() }),
        word(&ToDevice::Refused { detail: "no".to_owned(), forever: true }),
    ])
}

fn tells() -> Vec<u8> {
    let told = |seq| {
        let what = What::Cross { line: "road".to_owned(), direction: Direction::In };
        let events = vec![Event { time_ms: seq, what, thing: None, counts: Vec::new() }];
        Told { seq, device: device(), report: Box::new(Report::Seen(Seen { events, ..Seen::default() })) }
    };
    let state = CameraState {
        device: device(),
        state: DeviceState::Online,
        version: 2,
        session: Some(SessionId::from_entropy([4; 16])),
        detail: None,
        refused: None,
    };
    let health = Box::new(Report::Health(Health::default()));
    all_of(&[
        word(&FromDevice::Hello { token: token(), journal: "j".to_owned(), machine: Machine::default() }),
        word(&ToDevice::Welcome { stored: 0 }),
        word(&FromDevice::Told { events: vec![told(1), told(2), told(2), told(9)] }),
        word(&ToDevice::Stored { seq: 9 }),
        word(&FromDevice::State(state)),
        word(&FromDevice::Now { device: device(), report: health }),
        word(&FromDevice::Time { asked_us: 1, device_us: 2 }),
    ])
}

fn twin() -> Vec<u8> {
    let hash = FileHash::new([5; 32]);
    let file = |path: &str| PackageFile { path: path.to_owned(), hash: hash.clone(), bytes: 5 };
    let package = Package { files: vec![file("model.toml"), file("weights/street.onnx")] };
    let twin = Twin {
        device: device(),
        name: "Door".to_owned(),
        version: 1,
        desired: Desired::new(Source::Scene { seed: None }),
        model: Some(package),
        shadow: None,
        app: Some(Package { files: vec![file("../outside")] }),
    };
    all_of(&[
        word(&ToDevice::Twin { cameras: vec![twin] }),
        word(&FromDevice::Want { file: hash.clone(), from: 0 }),
        word(&ToDevice::Piece { file: hash, from: 0, data: Some("AAAA".to_owned()) }),
        word(&ToDevice::Live { device: device(), live: true }),
    ])
}

fn address() -> Vec<u8> {
    let key = Some(FileHash::new([6; 32]));
    let invitation =
        Invitation { server: "https://10.0.0.5:8443".to_owned(), code: Token::from("K7QM-3XFD".to_owned()), key };
    all_of(&[invitation.reveal().into_bytes(), b"http://localhost:8080/cameras/join#AAAA".to_vec()])
}
