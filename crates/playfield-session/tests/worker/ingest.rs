//! Cameras whose pictures come from browsers: who brings them, one at a time, and for as long as they may.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use playfield_core::api::EndReason;
use playfield_core::bus::{Ingest, Reply, Request, SessionTimes};
use playfield_core::camera::{Desired, Source};
use playfield_core::id::{CameraLinkId, IngestId};
use playfield_core::manifest::Kind;
use playfield_core::signal::ToViewer;
use playfield_runtime::camera::Intake;
use playfield_transport::{Client, ClientEvent, Event};

use super::{Node, PATIENCE, session, spec};

/// The ends that the processes of cameras would have, by the names of the cameras.
static ENDS: LazyLock<Mutex<HashMap<String, OwnedFd>>> = LazyLock::new(Mutex::default);

/// A camera is opened that pictures are brought to.
pub fn intake(name: &str) -> Intake {
    let (intake, theirs) = Intake::pair().unwrap();
    ENDS.lock().unwrap().insert(name.to_owned(), theirs);
    intake
}

/// What the process of a camera is given.
struct Camera(UnixDatagram);

impl Camera {
    fn of(name: &str) -> Camera {
        let end = UnixDatagram::from(ENDS.lock().unwrap().remove(name).unwrap());
        end.set_nonblocking(false).unwrap();
        end.set_read_timeout(Some(PATIENCE)).unwrap();
        Camera(end)
    }

    /// The next message: what it is, and what it holds.
    fn next(&self) -> (u8, Vec<u8>) {
        let mut buffer = vec![0; 64 * 1024];
        let len = self.0.recv(&mut buffer).unwrap();
        (buffer[0], buffer[2..len].to_vec())
    }

    /// The next picture's last byte.
    fn picture(&self) -> u8 {
        loop {
            if let (3, unit) = self.next() {
                return *unit.last().unwrap();
            }
        }
    }

    /// Waits until it is told that nobody is there.
    fn rests(&self) -> String {
        loop {
            if let (8, why) = self.next() {
                return String::from_utf8(why).unwrap();
            }
        }
    }

    /// Asks for its source to be opened anew.
    fn ask_again(&self) {
        self.0.send(&[1]).unwrap();
    }
}

/// A camera of this name, with this source, at work.
fn camera(name: &str, source: Source) -> Node {
    let mut node = Node::new(4);
    let desired = Desired::new(source);
    let camera = playfield_core::camera::Camera {
        desired,
        model: None,
        shadow: None,
        files: None,
        app: None,
        onnxruntime: None,
    };
    let mut spec = spec(session(), name, SessionTimes::default());
    spec.kind = Kind::Camera { camera: Box::new(camera) };
    assert_eq!(node.ask(Request::Start { spec, attach: None }), Reply::Started { answer: None });
    node
}

/// Somebody who brings pictures.
struct Publisher {
    client: Client,
    number: u8,
    /// It was asked for a picture that stands alone.
    asked: bool,
    /// Those that it sent.
    keys: u32,
    connected: bool,
    /// Why it was put out.
    end: Option<(EndReason, String)>,
    closed: bool,
}

fn ingest(node: &mut Node, link: u8, expires_ms: Option<u64>) -> Publisher {
    let (client, offer) = Client::offer_video([127, 0, 0, 1].into()).unwrap();
    let ingest = Ingest {
        id: IngestId::from_entropy([link; 16]),
        link: CameraLinkId::from_entropy([link; 16]),
        expires_ms,
        offer,
    };
    let mut publisher =
        Publisher { client, number: 0, asked: false, keys: 0, connected: false, end: None, closed: false };
    match node.ask(Request::Ingest { session: session(), ingest: Box::new(ingest) }) {
        Reply::Attached { answer } => publisher.client.answer(&answer).unwrap(),
        other => panic!("not taken: {other:?}"),
    }
    publisher
}

impl Publisher {
    /// Hears on until it is so, and sends a picture now and then.
    fn until(&mut self, what: &str, done: impl Fn(&Publisher) -> bool) {
        let (begun, mut events) = (Instant::now(), Vec::new());
        while !done(self) {
            assert!(begun.elapsed() < PATIENCE, "waited in vain for {what}");
            self.client.poll(Duration::from_millis(20), &mut events).unwrap();
            for event in events.drain(..) {
                match event {
                    ClientEvent::Connection(Event::Connected(_)) => self.connected = true,
                    ClientEvent::Connection(Event::KeyframeWanted) => self.asked = true,
                    ClientEvent::Connection(Event::Closed) => self.closed = true,
                    ClientEvent::Connection(Event::Control(text)) => {
                        if let Ok(ToViewer::End { reason, detail, .. }) = serde_json::from_str(&text) {
                            self.end = Some((reason, detail));
                        }
                    }
                    _ => {}
                }
            }
            if self.connected && !self.closed {
                self.send();
            }
        }
    }

    fn send(&mut self) {
        let key = std::mem::take(&mut self.asked) || self.number == 0;
        self.keys += u32::from(key);
        let slice = [0, 0, 0, 1, if key { 0x65 } else { 0x41 }, 9, self.number];
        let head: &[u8] = if key { &[0, 0, 0, 1, 0x67, 0x42, 0xe0, 0x1f, 0, 0, 0, 1, 0x68, 1] } else { &[] };
        self.client.send_video(&[head, &slice].concat(), u32::from(self.number) * 3_600);
        self.number = self.number.wrapping_add(1);
    }
}

#[test]
fn a_browser_s_pictures_reach_the_camera_and_the_newest_browser_takes_over() {
    let mut node = camera("camera of two", Source::Browser {});
    let end = Camera::of("camera of two");
    assert!(end.rests().starts_with("nobody's browser is open as this camera"));
    let mut first = ingest(&mut node, 1, None);
    first.until("ten pictures", |publisher| publisher.number > 9);
    assert_eq!((end.picture(), end.picture()), (0, 1));

    // Its process has to begin anew.
    let keys = first.keys;
    end.ask_again();
    first.until("a picture that stands alone", |publisher| publisher.keys > keys);

    let mut second = ingest(&mut node, 2, None);
    second.until("the connection", |publisher| publisher.connected);
    first.until("its end", |publisher| publisher.closed);
    let (reason, detail) = first.end.clone().unwrap();
    assert_eq!((reason, &*detail), (EndReason::Kicked, "Another browser is this camera now."));
    second.until("more pictures", |publisher| publisher.number > 200);
    // Those of the second are numbered from 0 again.
    while end.picture() != 0 {}

    second.client.close();
    assert!(end.rests().starts_with("nobody's browser"));
    node.join();
}

#[test]
fn who_came_by_a_link_is_out_once_it_is_taken_back_or_its_time_is_over() {
    let mut node = camera("camera of links", Source::Browser {});
    let end = Camera::of("camera of links");
    let mut publisher = ingest(&mut node, 1, None);
    publisher.until("pictures", |publisher| publisher.number > 2);
    let mut take_back = |link: u8, id: Option<u8>| {
        let request = Request::EndIngest {
            session: session(),
            link: CameraLinkId::from_entropy([link; 16]),
            ingest: id.map(|id| IngestId::from_entropy([id; 16])),
            detail: "It was taken back.".to_owned(),
        };
        assert_eq!(node.ask(request), Reply::Done);
    };
    // Another link, and another connection, are nobody's here.
    take_back(2, None);
    take_back(1, Some(2));
    let sent = publisher.number;
    publisher.until("more pictures", |publisher| publisher.number != sent);
    assert!(publisher.end.is_none());
    take_back(1, None);
    publisher.until("its end", |publisher| publisher.closed);
    assert_eq!(publisher.end, Some((EndReason::Kicked, "It was taken back.".to_owned())));

    while end.rests().is_empty() {}
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
    let mut publisher = ingest(&mut node, 3, Some(now_ms + 1_000));
    publisher.until("its end", |publisher| publisher.closed);
    assert_eq!(publisher.end.clone().map(|(reason, _)| reason), Some(EndReason::InviteExpired));
    node.join();
}

#[test]
fn what_is_no_offer_and_what_is_no_such_camera_is_refused_in_words() {
    let refused = |node: &mut Node, offer: &str| {
        let (id, link) = (IngestId::from_entropy([1; 16]), CameraLinkId::from_entropy([1; 16]));
        let ingest = Box::new(Ingest { id, link, expires_ms: None, offer: offer.to_owned() });
        match node.ask(Request::Ingest { session: session(), ingest }) {
            Reply::Refused { reason: EndReason::InvalidSignalRequest, detail } => detail,
            other => panic!("{other:?}"),
        }
    };
    let (_, offer) = Client::offer_video([127, 0, 0, 1].into()).unwrap();
    let mut node = camera("camera of a street", Source::Scene { seed: None });
    assert!(refused(&mut node, &offer).contains("from elsewhere"));
    node.join();
    let mut node = camera("camera of nobody", Source::Browser {});
    assert!(refused(&mut node, "v=0").contains("cannot be answered"));
    assert!(refused(&mut node, &offer.replace("H264", "VP8")).contains("H.264"));
    node.join();
}
