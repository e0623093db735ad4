//! A camera made of text, on virtual time.

use std::time::Duration;

use playfield_core::camera::{CameraUrl, Coding};
use playfield_core::time::Time;

use super::*;

const SDP: &str = "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n\
    a=fmtp:96 packetization-mode=1;sprop-parameter-sets=Z0I=,aM4=\r\na=control:track1\r\n";

/// A client and the time.
struct Scene {
    client: Client,
    now: Time,
}

impl Scene {
    fn new(url: &str) -> Scene {
        let parts = CameraUrl::from(url.to_owned()).parts().unwrap();
        Scene { client: Client::new(Time::ZERO, parts, 7), now: Time::ZERO }
    }

    fn outputs(&mut self) -> Vec<Output> {
        std::iter::from_fn(|| self.client.poll()).collect()
    }

    /// The one request that it sends.
    fn asked(&mut self) -> String {
        match &self.outputs()[..] {
            [Output::Send(bytes)] => String::from_utf8(bytes.clone()).unwrap(),
            other => panic!("{other:?} instead of a request"),
        }
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.client.handle(self.now, Input::Bytes(bytes));
    }

    /// Answers what was asked.
    fn answer(&mut self, request: &str, status: &str, headers: &str, body: &str) {
        let sequence = request.lines().find_map(|line| line.strip_prefix("CSeq: ")).unwrap();
        let length = body.len();
        let text = format!("RTSP/1.0 {status}\r\nCSeq: {sequence}\r\n{headers}Content-Length: {length}\r\n\r\n{body}");
        self.bytes(text.as_bytes());
    }

    /// Lets time pass, and says what it wants then.
    fn wait(&mut self, time: Duration) -> Vec<Output> {
        self.now = self.now + time;
        self.client.handle(self.now, Input::Timeout);
        self.outputs()
    }

    fn connect(&mut self) -> String {
        assert_eq!(self.outputs(), [Output::Connect]);
        self.client.handle(self.now, Input::Connected);
        self.asked()
    }

    /// Until it plays.
    fn play(&mut self) {
        let options = self.connect();
        assert!(options.starts_with("OPTIONS rtsp://cam/live RTSP/1.0\r\n"), "{options}");
        self.answer(&options, "200 OK", "Public: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER\r\n", "");
        let describe = self.asked();
        self.answer(&describe, "200 OK", "Content-Base: rtsp://cam/live/\r\n", SDP);
        let setup = self.asked();
        assert!(setup.starts_with("SETUP rtsp://cam/live/track1 RTSP/1.0\r\n"), "{setup}");
        assert!(setup.contains("RTP/AVP/TCP;unicast;interleaved=0-1"), "{setup}");
        let transport = "Session: 12;timeout=30\r\nTransport: RTP/AVP/TCP;unicast;interleaved=2-3\r\n";
        self.answer(&setup, "200 OK", transport, "");
        let play = self.asked();
        assert!(play.starts_with("PLAY rtsp://cam/live RTSP/1.0\r\n") || play.contains("rtsp://cam/live/"), "{play}");
        assert!(play.contains("Session: 12\r\n"), "{play}");
        self.answer(&play, "200 OK", "", "");
        assert!(matches!(&self.outputs()[..], [Output::Playing(media)] if media.coding == Coding::H264));
    }
}

/// An RTP packet on a channel.
fn packet(channel: u8, sequence: u16, time: u32, marker: bool, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![b'$', channel];
    bytes.extend_from_slice(&(payload.len() as u16 + 12).to_be_bytes());
    bytes.extend_from_slice(&[0x80, 96 | u8::from(marker) << 7]);
    bytes.extend_from_slice(&sequence.to_be_bytes());
    bytes.extend_from_slice(&time.to_be_bytes());
    bytes.extend_from_slice(&[0, 0, 0, 9]);
    bytes.extend_from_slice(payload);
    bytes
}

fn units(outputs: Vec<Output>) -> Vec<(bool, Vec<u8>)> {
    let unit = |output| match output {
        Output::Unit(unit) => (unit.key, unit.data),
        other => panic!("{other:?} instead of a picture"),
    };
    outputs.into_iter().map(unit).collect()
}

#[test]
fn a_camera_is_asked_and_plays() {
    let mut scene = Scene::new("rtsp://cam/live");
    scene.play();
    let mut bytes = packet(2, 1, 90, true, &[0x65, 0x88, 1]);
    bytes.extend(packet(3, 1, 90, true, &[0x65, 0x88, 2]));
    bytes.extend(packet(2, 2, 180, true, &[0x41, 0x9a]));
    // However the bytes are cut.
    bytes.chunks(5).for_each(|part| scene.bytes(part));
    let key = [&[0, 0, 0, 1, 0x67, 0x42, 0, 0, 0, 1, 0x68, 0xce, 0, 0, 0, 1, 0x65, 0x88, 1][..]].concat();
    assert_eq!(units(scene.outputs()), [(true, key), (false, vec![0, 0, 0, 1, 0x41, 0x9a])]);
}

#[test]
fn it_is_kept_alive_and_one_that_falls_silent_is_left() {
    let mut scene = Scene::new("rtsp://cam/live");
    scene.play();
    assert_eq!(scene.wait(Duration::from_secs(14)), []);
    let kept = scene.wait(Duration::from_secs(1));
    let [Output::Send(bytes)] = &kept[..] else { panic!("{kept:?}") };
    let asked = String::from_utf8(bytes.clone()).unwrap();
    assert!(asked.starts_with("GET_PARAMETER rtsp://cam/live"), "{asked}");
    scene.answer(&asked, "451 Parameter Not Understood", "", "");
    assert_eq!(scene.wait(Duration::from_secs(14)), []);
    assert!(matches!(scene.wait(Duration::from_secs(1))[..], [Output::Send(_)]));
    assert_eq!(scene.wait(Duration::from_secs(10)), [Output::Close, Output::Trouble(RtspError::Silent)]);
}

#[test]
fn pauses_between_tries_grow_and_a_while_of_pictures_makes_them_short_again() {
    let mut scene = Scene::new("rtsp://cam/live");
    let mut pauses = Vec::new();
    for _ in 0..8 {
        assert_eq!(scene.outputs(), [Output::Connect]);
        scene.client.handle(scene.now, Input::Gone("no way".to_owned()));
        assert!(matches!(&scene.outputs()[..], [Output::Close, Output::Trouble(RtspError::Gone(_))]));
        let pause = scene.client.next_timeout().since(scene.now);
        pauses.push(pause.as_secs());
        scene.now = scene.now + pause;
        scene.client.handle(scene.now, Input::Timeout);
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
    scene.play();
    scene.now = scene.now + Duration::from_secs(11);
    scene.client.handle(scene.now, Input::Gone("it closed the connection".to_owned()));
    assert_eq!(scene.client.next_timeout().since(scene.now), Duration::from_secs(1));
}

#[test]
fn a_login_is_given_once_it_is_asked_for_and_a_wrong_one_is_not_tried_again_soon() {
    let mut scene = Scene::new("rtsp://me:secret@cam/live");
    let options = scene.connect();
    assert!(!options.contains("Authorization"), "{options}");
    scene.answer(&options, "200 OK", "", "");
    let describe = scene.asked();
    let challenge = "WWW-Authenticate: Basic realm=\"c\"\r\nWWW-Authenticate: Digest realm=\"c\", nonce=\"n\"\r\n";
    scene.answer(&describe, "401 Unauthorized", challenge, "");
    let again = scene.asked();
    assert!(again.starts_with("DESCRIBE rtsp://cam/live RTSP/1.0\r\n"), "{again}");
    assert!(again.contains("Authorization: Digest username=\"me\", realm=\"c\", nonce=\"n\""), "{again}");
    assert!(!again.contains("secret"), "{again}");
    scene.answer(&again, "401 Unauthorized", challenge, "");
    assert_eq!(scene.outputs(), [Output::Close, Output::Trouble(RtspError::Login)]);
    assert_eq!(scene.client.next_timeout().since(scene.now), Duration::from_secs(60));

    let mut nobody = Scene::new("rtsp://cam/live");
    let options = nobody.connect();
    nobody.answer(&options, "401 Unauthorized", challenge, "");
    assert_eq!(nobody.outputs(), [Output::Close, Output::Trouble(RtspError::NoLogin)]);
}

#[test]
fn what_makes_no_sense_ends_the_connection_in_a_sentence() {
    let check = |bytes: &[u8], expect: &str| {
        let mut scene = Scene::new("rtsp://cam/live");
        scene.connect();
        scene.bytes(bytes);
        match &scene.outputs()[..] {
            [Output::Close, Output::Trouble(error)] => assert!(error.to_string().contains(expect), "{error}"),
            other => panic!("{other:?} for {expect}"),
        }
    };
    check(b"HTTP/1.1 400 Bad Request\r\n\r\n", "it is no RTSP");
    check(b"RTSP/1.0 OK\r\n\r\n", "no status");
    check(b"RTSP/1.0 200 OK\r\nno colon\r\n\r\n", "no colon");
    check(b"RTSP/1.0 200 OK\r\nContent-Length: 99999999\r\n\r\n", "too long");
    check(&[b'x'; 20_000], "has no end");
    let mut scene = Scene::new("rtsp://cam/live");
    let options = scene.connect();
    scene.answer(&options, "200 OK", "", "");
    let describe = scene.asked();
    scene.answer(&describe, "404 Not Found", "", "");
    let refused = RtspError::Refused("DESCRIBE", "404 Not Found".to_owned());
    assert_eq!(scene.outputs(), [Output::Close, Output::Trouble(refused)]);
}

#[test]
fn pictures_of_no_use_are_a_reason_to_begin_anew() {
    let mut scene = Scene::new("rtsp://cam/live");
    scene.play();
    scene.client.handle(scene.now, Input::Again);
    assert_eq!(scene.outputs(), [Output::Close]);
    assert_eq!(scene.wait(Duration::from_secs(1)), [Output::Connect]);
}

fn depacketizer(coding: Coding) -> Depacketizer {
    let parameters = vec![0, 0, 0, 1, 0x67, 1];
    Depacketizer::new(&Media { coding, kind: 96, control: String::new(), parameters })
}

/// What comes of payloads, each with its sequence number and time, the marker set where it is said.
fn put_together(coding: Coding, packets: &[(u16, u32, bool, &[u8])]) -> Vec<Vec<u8>> {
    let (mut depacketizer, mut units) = (depacketizer(coding), Vec::new());
    for (sequence, time, marker, payload) in packets {
        let packet = Packet { kind: 96, marker: *marker, sequence: *sequence, time: *time, payload };
        depacketizer.push(&packet, &mut |unit| units.push(unit.data));
    }
    units
}

#[test]
fn h264_comes_in_one_in_several_and_in_pieces() {
    let stap: &[u8] = &[24, 0, 2, 0x67, 9, 0, 1, 0x68, 0, 2, 0x65, 5];
    let units = put_together(Coding::H264, &[(65_535, 1, true, stap)]);
    assert_eq!(units, [[0, 0, 0, 1, 0x67, 9, 0, 0, 0, 1, 0x68, 0, 0, 0, 1, 0x65, 5]]);
    let pieces: [(u16, u32, bool, &[u8]); 3] =
        [(65_534, 1, false, &[0x7c, 0x81, 1]), (65_535, 1, false, &[0x7c, 0x01, 2]), (0, 1, true, &[0x7c, 0x41, 3])];
    assert_eq!(put_together(Coding::H264, &pieces), [[0, 0, 0, 1, 0x61, 1, 2, 3]]);
    // A picture that lacks a packet is left out, the next one is not.
    let lacking = [pieces[0], pieces[2], (1, 2, true, &[0x41, 7])];
    assert_eq!(put_together(Coding::H264, &lacking), [[0, 0, 0, 1, 0x41, 7]]);
    // Without a marker the next time ends it; what came twice counts once.
    let packets: [(u16, u32, bool, &[u8]); 3] =
        [(5, 1, false, &[0x41, 1]), (5, 1, false, &[0x41, 1]), (6, 2, true, &[0x41, 2])];
    assert_eq!(put_together(Coding::H264, &packets), [[0, 0, 0, 1, 0x41, 1], [0, 0, 0, 1, 0x41, 2]]);
}

#[test]
fn h265_comes_so_too() {
    let units = put_together(Coding::H265, &[(1, 1, true, &[48 << 1, 1, 0, 3, 33 << 1, 1, 9, 0, 3, 19 << 1, 1, 5])]);
    assert_eq!(units, [[0, 0, 0, 1, 66, 1, 9, 0, 0, 0, 1, 38, 1, 5]]);
    let pieces: [(u16, u32, bool, &[u8]); 2] =
        [(1, 1, false, &[49 << 1, 1, 0x81, 7]), (2, 1, true, &[49 << 1, 1, 0x41, 8])];
    assert_eq!(put_together(Coding::H265, &pieces), [[0, 0, 0, 1, 2, 1, 7, 8]]);
}

#[test]
fn a_jpeg_gets_its_tables_back() {
    let first: &[u8] = &[0, 0, 0, 0, 1, 50, 2, 1, 0xaa, 0xbb];
    let second: &[u8] = &[0, 0, 0, 2, 1, 50, 2, 1, 0xcc];
    let units = put_together(Coding::Jpeg, &[(1, 1, false, first), (2, 1, true, second)]);
    let [unit] = &units[..] else { panic!("{} pictures", units.len()) };
    assert!(unit.starts_with(&[0xff, 0xd8, 0xff, 0xdb, 0, 67, 0, 16, 11, 12]), "{:?}", &unit[..16]);
    assert!(unit.ends_with(&[0, 63, 0, 0xaa, 0xbb, 0xcc, 0xff, 0xd9]));
    assert!(unit.windows(9).any(|window| window == [0xff, 0xc0, 0, 17, 8, 0, 8, 0, 16]));
    // One that lacks its beginning is none.
    assert_eq!(put_together(Coding::Jpeg, &[(1, 1, true, second)]), [[0u8; 0]; 0]);
}
