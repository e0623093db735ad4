//! A microphone on its way from a viewer to the guest: Opus in, Opus out, of those who may.

use std::os::fd::OwnedFd;
use std::sync::Mutex;

use playfield_core::api::ChangeViewer;
use playfield_core::manifest::{Kind, Program};
use playfield_core::permission::{Permission, Permissions};
use playfield_core::time::Time;
use playfield_media::audio::{OpusConfig, OpusEncoder, VoiceDecoder};
use playfield_runtime::Fed;
use playfield_runtime::desktop::sound::{Decode, Ear};

use super::together::{GUEST, SPECTATOR, until, who};
use super::*;

/// The guest's end of the one test that has a microphone.
static ENDS: Mutex<Option<OwnedFd>> = Mutex::new(None);

/// A guest is opened that hears.
pub fn feed() -> Feed {
    let (feed, theirs) = Feed::pair().unwrap();
    *ENDS.lock().unwrap() = Some(theirs);
    feed
}

struct Opus(VoiceDecoder);

impl Decode for Opus {
    fn decode(&mut self, packet: &[u8], into: &mut Vec<i16>) -> bool {
        self.0.decode(packet, into).is_ok()
    }

    fn conceal(&mut self, into: &mut Vec<i16>) {
        self.0.conceal(into);
    }
}

/// Packets of 10 ms of a tone.
fn tone(hz: f64, packets: usize) -> Vec<Vec<u8>> {
    let wave = |n: usize| ((n as f64 * hz * std::f64::consts::TAU / 48_000.0).sin() * 12_000.0) as i16;
    let samples: Vec<i16> = (0..packets * 480).flat_map(|n| [wave(n), wave(n)]).collect();
    let mut encoder = OpusEncoder::new(OpusConfig::default()).unwrap();
    encoder.push(&samples);
    let mut bytes = Vec::new();
    std::iter::from_fn(|| encoder.poll(&mut bytes).unwrap().map(|_| std::mem::take(&mut bytes))).collect()
}

/// How loud a tone is in 16-bit samples, by Goertzel's sum: a sine's amplitude.
fn level(samples: &[f32], hz: f64) -> f64 {
    let step = hz / 48_000.0 * std::f64::consts::TAU;
    let sum = |of: fn(f64) -> f64| {
        samples.iter().enumerate().map(|(n, s)| f64::from(*s) * 32_768.0 * of(n as f64 * step)).sum::<f64>()
    };
    sum(f64::sin).hypot(sum(f64::cos)) * 2.0 / samples.len() as f64
}

impl Viewer {
    fn turns_microphone_on(&mut self) {
        assert!(self.client.send_control(r#"{"type":"microphone","on":true}"#));
    }

    fn has_microphone(&self) -> bool {
        let state = |message: &ToViewer| match message {
            ToViewer::Microphone { records, yours, .. } => Some(*records && *yours),
            _ => None,
        };
        self.told.iter().rev().find_map(state) == Some(true)
    }
}

/// What a guest makes of packets that came every 10 ms, until 200 ms after the last.
fn hear(packets: &[(u64, u32, Vec<u8>)]) -> Vec<f32> {
    let mut ear = Ear::new(Box::new(Opus(VoiceDecoder::new().unwrap())));
    let mut heard = Vec::new();
    for (n, packet) in packets.iter().map(Some).chain([None; 20]).enumerate() {
        let now = Time::from_millis(n as u64 * 10);
        if let Some((number, time, data)) = packet {
            ear.take(now, 1, *number, *time, data);
        }
        let mut block = [0.0; 960];
        ear.hear(now, &mut block);
        heard.extend(block.iter().step_by(2));
    }
    heard
}

#[test]
fn the_hosts_voice_reaches_the_guest_and_no_other() {
    let mut node = Node::new(4);
    let (client, offer) = Client::offer([127, 0, 0, 1].into()).unwrap();
    let mut spec = spec(session(), "records", SessionTimes::default());
    spec.kind = Kind::Program { program: Program { microphone: true, ..Program::new(vec!["recorder".to_owned()]) } };
    let mut host = match node.ask(Request::Start { spec, attach: Some(Box::new(attach(offer))) }) {
        Reply::Started { answer: Some(answer) } => Viewer::new(client, &answer),
        other => panic!("not started: {other:?}"),
    };
    let mut fed = Fed::new(ENDS.lock().unwrap().take().unwrap());
    host.until("the first message", |viewer| viewer.open && !viewer.told.is_empty());
    assert!(matches!(host.told.first(), Some(ToViewer::Hello { program: true, microphone: true, .. })));
    let mut guest = node.join_as(GUEST, Role::Player, Some(1));
    let mut spectator = node.join_as(SPECTATOR, Role::Spectator, None);
    until("everybody", [&mut host, &mut guest, &mut spectator], |[_, guest, spectator]| guest.open && spectator.open);
    for viewer in [&mut host, &mut guest, &mut spectator] {
        viewer.turns_microphone_on();
    }
    host.until("the microphone", Viewer::has_microphone);

    // All of them speak at once: the host at 440 Hz, the others at 1 kHz.
    let (voice, noise) = (tone(440.0, 100), tone(1_000.0, 100));
    let mut came = Vec::new();
    for (n, (voice, noise)) in voice.iter().zip(&noise).enumerate() {
        let position = n as u64 * 480;
        assert!(host.client.send_sound(voice, position));
        assert!(guest.client.send_sound(noise, position) && spectator.client.send_sound(noise, position));
        until("its turn", [&mut host, &mut guest, &mut spectator], |_| true);
        let begun = Instant::now();
        while came.len() <= n {
            assert!(begun.elapsed() < PATIENCE, "packet {n} does not come");
            match fed.receive() {
                Some(packet) => came.push((packet.number, packet.time, packet.data.to_vec())),
                None => host.pump(Duration::from_millis(1)),
            }
        }
        // No faster than a voice is.
        std::thread::sleep(Duration::from_millis(10).saturating_sub(begun.elapsed()));
    }
    assert!(came.iter().map(|(.., data)| data).eq(&voice), "the host's packets, and only those");
    let heard = hear(&came);
    let loud = heard.chunks_exact(4_800).filter(|part| level(part, 440.0) > 10_000.0).count();
    assert!(loud >= 9, "{loud} tenths of a second of one second");
    assert!(heard.chunks_exact(4_800).all(|part| level(part, 1_000.0) < 1_000.0));

    // The host lets the guest speak, and is silent.
    let may = Permissions::NONE.with(Permission::Play).with(Permission::Microphone);
    let change = ChangeViewer { may: Some(may), ..ChangeViewer::default() };
    assert!(matches!(
        node.ask(Request::Change { session: session(), viewer: who(GUEST), change }),
        Reply::Changed { .. }
    ));
    assert!(host.client.send_control(r#"{"type":"microphone","on":false}"#));
    guest.until("a word of it", |viewer| viewer.told.iter().any(|told| matches!(told, ToViewer::Microphone { .. })));
    guest.turns_microphone_on();
    until("the guest's microphone", [&mut host, &mut guest, &mut spectator], |[_, guest, _]| guest.has_microphone());
    assert!(guest.client.send_sound(&noise[0], 0));
    let begun = Instant::now();
    let first = loop {
        assert!(begun.elapsed() < PATIENCE, "the guest is not heard");
        guest.pump(Duration::from_millis(1));
        if let Some(packet) = fed.receive() {
            break packet.data.to_vec();
        }
    };
    assert_eq!(first, noise[0]);
    node.join();
}
