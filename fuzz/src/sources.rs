//! What cameras look at: pictures, video files, and cameras on the network.

use std::io::Cursor;
use std::time::Duration;

use playfield_core::camera::{CameraUrl, Coding};
use playfield_core::frame::{MAX_HEIGHT, MAX_WIDTH, Picture, PixelFormat};
use playfield_core::time::Time;
use playfield_media::decode;
use playfield_media::film::{self, Film};
use playfield_transport::rtsp::{Client, Depacketizer, Input, MOST_UNIT, Media, Output, Packet, Unit};

use crate::{Bytes, packets};

/// Most coded pictures of a film that are read.
const MOST_READ: usize = 256;
/// A password that must not be seen again.
const PASSWORD: &str = "c0rrect-horse";

/// A video file. What is read once is read again after it is rewound.
pub fn film(data: &[u8]) {
    let Ok(mut film) = Film::open(Cursor::new(data)) else { return };
    let (mut unit, mut first) = (Vec::new(), None);
    for _ in 0..MOST_READ {
        match film.next(&mut unit) {
            Ok(Some(_)) => {
                assert!(unit.len() <= 2 * film::MOST_UNIT + data.len(), "{} bytes out of {}", unit.len(), data.len());
                first.get_or_insert_with(|| unit.clone());
            }
            Ok(None) => break,
            Err(error) => {
                assert!(!error.to_string().is_empty());
                break;
            }
        }
    }
    film.rewind().expect("memory has a beginning");
    if let Some(first) = first {
        assert!(matches!(film.next(&mut unit), Ok(Some(_))), "what was read is read again");
        assert!(unit == first, "and is the same");
    }
}

/// A picture: a JPEG or a PNG.
pub fn still(data: &[u8]) {
    let mut picture = Picture::black(1, 1, PixelFormat::Rgba8);
    for decode in [decode::jpeg, decode::png] {
        match decode(data, &mut picture) {
            Ok(()) => {
                assert!((1..=MAX_WIDTH).contains(&picture.width) && (1..=MAX_HEIGHT).contains(&picture.height));
                assert_eq!(picture.pixels.len(), picture.area() * 4);
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}

/// What a camera on the network says, in pieces; or, after an empty piece, payloads: coding, sequence number, time and marker before each.
pub fn rtsp(data: &[u8]) {
    // A camera that says the password itself may hear it.
    if data.windows(PASSWORD.len()).any(|said| said == PASSWORD.as_bytes()) {
        return;
    }
    let mut packets = packets(data).peekable();
    if packets.next_if(|packet| packet.is_empty()).is_some() {
        return payloads(packets);
    }
    let url = CameraUrl::from(format!("rtsp://me:{PASSWORD}@cam/live"));
    let mut client = Client::new(Time::ZERO, url.parts().expect("it is a URL"), 7);
    let mut now = Time::ZERO;
    for packet in packets {
        answer(&mut client, now);
        client.handle(now, Input::Bytes(packet));
        now = now + Duration::from_millis(100);
        if packet.len() == 1 {
            now = client.next_timeout().max(now);
            client.handle(now, Input::Timeout);
        }
    }
    answer(&mut client, now);
}

/// Does what a client wants.
fn answer(client: &mut Client, now: Time) {
    while let Some(output) = client.poll() {
        match output {
            Output::Connect => client.handle(now, Input::Connected),
            Output::Send(bytes) => check_request(&bytes),
            Output::Unit(unit) => check_unit(&unit),
            Output::Trouble(error) => {
                assert!(!error.to_string().contains(PASSWORD));
                assert!(client.next_timeout() > now, "there is a pause");
            }
            Output::Close | Output::Playing(_) => {}
        }
    }
}

/// One request, whatever the camera made it say.
fn check_request(bytes: &[u8]) {
    let text = std::str::from_utf8(bytes).expect("a request is text");
    let (head, rest) = text.split_once("\r\n\r\n").expect("a request ends");
    assert!(rest.is_empty(), "there is one request: {text}");
    assert!(
        head.lines().next().is_some_and(|line| line.ends_with(" RTSP/1.0") && line.split(' ').count() == 3),
        "{text}"
    );
    assert!(!text.contains(PASSWORD), "{text}");
}

fn check_unit(unit: &Unit) {
    // Tables and parameter sets are put before what came.
    assert!(unit.data.len() <= MOST_UNIT + 256 * 1024);
    match unit.coding {
        Coding::Jpeg => assert!(unit.data.starts_with(&[0xff, 0xd8]) && unit.data.ends_with(&[0xff, 0xd9])),
        _ => assert!(unit.data.starts_with(&[0, 0, 0, 1])),
    }
}

fn payloads<'a>(packets: impl Iterator<Item = &'a [u8]>) {
    let mut machines = [Coding::H264, Coding::H265, Coding::Jpeg].map(|coding| {
        Depacketizer::new(&Media { coding, kind: 96, control: String::new(), parameters: vec![0, 0, 0, 1, 0x67] })
    });
    for packet in packets {
        let mut bytes = Bytes(packet);
        let (which, sequence, time, marker) = (bytes.u8(), bytes.u16(), bytes.u8(), bytes.u8());
        let packet = Packet { kind: 96, marker: marker & 1 != 0, sequence, time: time.into(), payload: bytes.0 };
        machines[usize::from(which) % 3].push(&packet, &mut |unit| check_unit(&unit));
        // Whatever it is, it is RTP or none.
        if let Some(read) = Packet::read(bytes.0) {
            assert!(read.payload.len() < bytes.0.len());
        }
    }
}
