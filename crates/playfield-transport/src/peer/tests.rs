//! A node and a viewer on virtual time.

use std::collections::VecDeque;

use super::*;

const DELAY: Duration = Duration::from_millis(25);

/// A node and a viewer on virtual time, between which nothing of the channels comes through once the connection is up.
struct Rig {
    now: Instant,
    /// The viewer, the node.
    peers: [Peer; 2],
    timeouts: [Option<Instant>; 2],
    under_way: VecDeque<(Instant, usize, SocketAddr, Vec<u8>)>,
    connected: [bool; 2],
    channel_opened: bool,
    /// Packets of DTLS that each has sent, and which of them are lost.
    dtls: [usize; 2],
    lost: [Option<usize>; 2],
    heard: [Vec<Vec<u8>>; 2],
    /// Packets that each has sent.
    sent: [usize; 2],
    /// What the node takes the path to carry.
    estimates: Vec<u64>,
    /// Pictures that arrived.
    pictures: usize,
    /// Packets of sound: number, time and bytes.
    sound: [Vec<(u64, u32, Vec<u8>)>; 2],
    /// Of media packets from the viewer every so manieth is lost.
    loses: Option<usize>,
    media: usize,
    /// Pictures that it brought: whether they stand alone, and their last bytes.
    units: Vec<(bool, u8)>,
    /// How often it was asked for one that stands alone, and how often it heard that before it sent one.
    asked: usize,
    answered: usize,
}

impl Rig {
    fn new() -> Rig {
        Rig::with_estimates(false)
    }

    fn with_estimates(estimates: bool) -> Rig {
        Rig::with(Wants { estimates, ..Wants::default() })
    }

    fn with(wants: Wants) -> Rig {
        let (now, [viewer, node]) = (Instant::now(), addresses());
        let offered = if wants.ingest { Peer::offer_video(now, viewer) } else { Peer::offer(now, viewer) };
        let (mut offering, offer, pending) = offered.unwrap();
        let (answering, answer) = Peer::answer(now, &offer, std::iter::once(node), wants).unwrap();
        offering.take_answer(pending, &answer).unwrap();
        Rig {
            now,
            peers: [offering, answering],
            timeouts: [None; 2],
            under_way: VecDeque::new(),
            connected: [false; 2],
            channel_opened: false,
            dtls: [0; 2],
            lost: [None; 2],
            heard: [Vec::new(), Vec::new()],
            sent: [0; 2],
            estimates: Vec::new(),
            pictures: 0,
            sound: [Vec::new(), Vec::new()],
            loses: None,
            media: 0,
            units: Vec::new(),
            asked: 0,
            answered: 0,
        }
    }

    fn drain(&mut self, at: usize) {
        let Rig {
            now,
            peers,
            timeouts,
            under_way,
            connected,
            channel_opened,
            dtls,
            lost,
            heard,
            sent,
            estimates,
            pictures,
            sound,
            loses,
            media,
            units,
            asked,
            ..
        } = self;
        timeouts[at] = peers[at].drain(|drained| match drained {
            Drained::Transmit { from, packet, .. } => {
                // By the first byte (RFC 7983); what the channels send is in it.
                let is_dtls = matches!(packet[0], 20..=63);
                let lose = is_dtls && (*connected == [true; 2] || lost[at] == Some(dtls[at]));
                let is_media = at == 0 && matches!(*packet, [0x80..=0xbf, kind, ..] if !(192..=223).contains(&kind));
                *media += usize::from(is_media);
                let lose = lose || is_media && loses.is_some_and(|every| media.is_multiple_of(every));
                dtls[at] += usize::from(is_dtls);
                sent[at] += 1;
                under_way.extend((!lose).then(|| (*now + DELAY, 1 - at, from, packet)));
            }
            Drained::Event(Event::Connected(_)) => connected[at] = true,
            Drained::Event(Event::ControlOpen) => *channel_opened = true,
            Drained::Event(Event::Estimate(bps)) => estimates.push(bps),
            Drained::Event(Event::Unit { key, data }) => units.push((key, *data.last().unwrap())),
            Drained::Event(Event::KeyframeWanted) => *asked += 1,
            Drained::Media { lane: Lane::Lossless, data, .. } => heard[at].push(data),
            Drained::Media { lane: Lane::Video, .. } => *pictures += 1,
            Drained::Media { lane: Lane::Sound, data, rtp, number } => sound[at].push((number, rtp, data)),
            _ => {}
        });
    }

    /// Goes on to the next thing that happens.
    fn step(&mut self) {
        (0..2).for_each(|at| self.drain(at));
        let timeout = (0..2).filter_map(|at| Some((self.timeouts[at]?, at))).min().unwrap();
        match self.under_way.front() {
            Some((due, ..)) if *due <= timeout.0 => {
                let (due, at, source, bytes) = self.under_way.pop_front().unwrap();
                self.now = due;
                let packet = Packet { source, destination: addresses()[at], bytes: &bytes };
                self.peers[at].receive(due, &packet);
            }
            _ => {
                self.now = self.now.max(timeout.0);
                self.peers[timeout.1].timeout(self.now);
            }
        }
    }

    fn go_on_until(&mut self, time: Instant) {
        loop {
            (0..2).for_each(|at| self.drain(at));
            let next = self.timeouts.iter().flatten().chain(self.under_way.front().map(|(due, ..)| due)).min();
            if next.is_none_or(|next| *next > time) {
                self.now = time;
                return;
            }
            self.step();
        }
    }

    fn until(&mut self, what: &str, done: impl Fn(&Rig) -> bool) {
        let steps = (0..10_000).find(|_| {
            self.step();
            done(self)
        });
        assert!(steps.is_some(), "waited in vain for {what}");
    }

    fn send(&mut self, at: usize, outgoing: &Outgoing) -> bool {
        let sent = self.peers[at].send(self.now, outgoing);
        self.peers[at].timeout(self.now);
        sent
    }
}

/// Sends pictures of so many bytes for some time, 60 a second.
fn play(rig: &mut Rig, time: Duration, bytes: usize) {
    let (begun, before) = (rig.now, rig.pictures);
    for number in 0.. {
        let due = begun + Duration::from_micros(16_667) * number;
        if due > begun + time {
            break;
        }
        rig.go_on_until(due);
        let slice = [&[0, 0, 0, 1, 0x65][..], &vec![9; bytes]].concat();
        let unit = [&[0, 0, 0, 1, 0x67, 0x42, 0xe0, 0x1f][..], &[0, 0, 0, 1, 0x68, 1], &slice].concat();
        let rtp = (due - begun).as_millis() as u32 * 90 + rig.sent[1] as u32;
        assert!(rig.send(1, &Outgoing::Video { data: unit.into(), codec: VideoCodec::H264, rtp }));
        rig.send(1, &Outgoing::Desired(5_000_000));
    }
    rig.go_on_until(rig.now + DELAY * 4);
    assert!(rig.pictures > before + 30, "{} pictures", rig.pictures - before);
}

#[test]
fn a_picture_that_stands_costs_no_padding_and_the_path_is_known_afterwards() {
    let mut rig = Rig::with_estimates(true);
    rig.until("the connection", |rig| rig.connected == [true; 2]);
    play(&mut rig, Duration::from_secs(4), 4_000);
    let carries = *rig.estimates.last().unwrap();
    assert!(carries > 2_000_000, "{carries} bit/s");
    for _ in 0..2 {
        rig.go_on_until(rig.now + RESTS_AFTER + Duration::from_secs(1));
        let before = rig.sent[1];
        rig.go_on_until(rig.now + Duration::from_secs(10));
        let sent = rig.sent[1] - before;
        assert!(sent < 40, "{sent} packets in ten seconds without a picture");
        let known = rig.estimates.len();
        play(&mut rig, Duration::from_secs(1), 4_000);
        assert!(rig.estimates[known..].iter().all(|bps| *bps > carries / 2), "{:?}", &rig.estimates[known..]);
    }
}

#[test]
fn what_a_path_carries_beyond_what_is_wanted_is_not_padded_either() {
    let mut rig = Rig::with_estimates(true);
    rig.until("the connection", |rig| rig.connected == [true; 2]);
    play(&mut rig, Duration::from_secs(8), 10_000);
    assert!(rig.estimates.last().is_some_and(|bps| *bps > 5_000_000), "{:?}", rig.estimates.last());
    // Two packets for each picture, and what goes without pictures.
    let before = rig.sent[1];
    play(&mut rig, Duration::from_secs(10), 100);
    let sent = rig.sent[1] - before;
    assert!(sent < 600 * 2 + 40, "{sent} packets for 600 pictures");
}

/// One who brings pictures sends so many, 25 a second, each of two packets; those that are asked for stand alone.
fn bring(rig: &mut Rig, pictures: u8, first: u8) {
    let begun = rig.now;
    for number in 0..pictures {
        let key = first + number == 0 || rig.asked > rig.answered;
        rig.answered = rig.asked;
        let slice = [&[0, 0, 0, 1, if key { 0x65 } else { 0x41 }][..], &[9; 1_500], &[first + number]].concat();
        let head: &[u8] = if key { &[0, 0, 0, 1, 0x67, 0x42, 0xe0, 0x1f, 0, 0, 0, 1, 0x68, 1] } else { &[] };
        let unit = [head, &slice].concat().into();
        let rtp = 3_600 * u32::from(first + number);
        assert!(rig.send(0, &Outgoing::Video { data: unit, codec: VideoCodec::H264, rtp }));
        rig.go_on_until(begun + Duration::from_millis(40) * (u32::from(number) + 1));
    }
    rig.go_on_until(rig.now + Duration::from_millis(400));
}

#[test]
fn one_who_brings_pictures_is_asked_for_one_that_stands_alone_where_it_is_needed() {
    let mut rig = Rig::with(Wants { ingest: true, ..Wants::default() });
    rig.until("the connection", |rig| rig.connected == [true; 2]);
    bring(&mut rig, 20, 0);
    let numbers = |rig: &Rig| rig.units.iter().map(|(_, number)| *number).collect::<Vec<_>>();
    assert_eq!(numbers(&rig), (0..20).collect::<Vec<u8>>(), "{:?}", rig.units);
    assert!(rig.units[0].0 && !rig.units[19].0);

    // Whoever decodes begins anew.
    let before = rig.asked;
    assert!(rig.send(1, &Outgoing::Keyframe));
    rig.until("the question", |rig| rig.asked > before);
    bring(&mut rig, 20, 20);
    let after: Vec<_> = rig.units.drain(..).skip_while(|(_, number)| *number < 20).collect();
    assert!(after[0].0, "nothing goes on that refers to what is not known: {after:?}");
    assert!(after.len() >= 19, "{after:?}");

    // Some packets are lost, and what they were of is sent again, or asked for anew.
    rig.loses = Some(17);
    bring(&mut rig, 100, 100);
    let came = numbers(&rig);
    assert!(came.len() > 70, "{} of 100 pictures", came.len());
    assert!(came.is_sorted(), "{came:?}");
}

#[test]
fn one_who_brings_other_than_h264_is_refused_in_words_and_sound_is_not_taken() {
    let (now, [viewer, node]) = (Instant::now(), addresses());
    let wants = Wants { ingest: true, ..Wants::default() };
    let answer = |offer: &str| Peer::answer(now, offer, std::iter::once(node), wants).map(|(_, answer)| answer);
    let said = |offer: &str| answer(offer).unwrap_err().to_string();
    assert!(said("hello").contains("it is not SDP"), "{}", said("hello"));
    let (_, offer, _) = Peer::offer_video(now, viewer).unwrap();
    for other in ["VP8", "H265"] {
        let other = offer.replace("H264/90000", &format!("{other}/90000"));
        assert!(said(&other).contains("H.264"), "{}", said(&other));
    }
    let (_, offer, _) = Peer::offer(now, viewer).unwrap();
    let offer = offer.replace("a=recvonly", "a=sendonly");
    let answer = answer(&offer).unwrap();
    let (_, sound) = answer.split_once("m=audio ").unwrap();
    let (sound, _) = sound.split_once("m=video ").unwrap();
    assert_eq!((sound.matches("a=inactive").count(), sound.matches("a=recvonly").count()), (2, 0), "{answer}");
    assert!(answer.contains("a=ice-lite"), "{answer}");
    assert!(!answer.contains("video-orientation"), "a picture is turned by who sends it: {answer}");
}

fn addresses() -> [SocketAddr; 2] {
    [([127, 0, 0, 1], 1_001).into(), ([127, 0, 0, 1], 1_002).into()]
}

#[test]
fn the_track_carries_both_ways_though_the_channels_never_open() {
    let mut rig = Rig::new();
    rig.until("the connection", |rig| rig.connected == [true; 2]);
    for round in 1..=100 {
        let (picture, acks) = (vec![0xd1, round], vec![1, round]);
        assert!(rig.send(1, &Outgoing::Lossless(picture.as_slice().into())));
        assert!(rig.send(0, &Outgoing::Lossless(acks.as_slice().into())));
        rig.until("both", |rig| rig.heard[0].last() == Some(&picture) && rig.heard[1].last() == Some(&acks));
    }
    assert!(!rig.channel_opened);
    assert!(!rig.send(1, &Outgoing::Input([2].as_slice().into())), "there is no channel to answer on");
}

#[test]
fn sound_goes_to_the_node_only_where_it_is_wanted() {
    let sound =
        |n: u8| Outgoing::Sound { data: [0xf8, n].as_slice().into(), position: 960 * u64::from(n), talkspurt: false };
    for microphone in [false, true] {
        let mut rig = Rig::with(Wants { microphone, ..Wants::default() });
        rig.until("the connection", |rig| rig.connected == [true; 2]);
        for n in 1..=20 {
            assert!(rig.send(1, &sound(n)));
            // Where the answer takes none, it goes nowhere.
            rig.send(0, &sound(n));
            rig.until("sound from the node", |rig| rig.sound[0].len() == usize::from(n));
        }
        assert_eq!(rig.sound[1].is_empty(), !microphone);
        let steps = |pair: &[(u64, u32, Vec<u8>)]| (pair[1].0 - pair[0].0, pair[1].1.wrapping_sub(pair[0].1));
        assert!(rig.sound[1].windows(2).all(|pair| steps(pair) == (1, 960)));
    }
}

#[test]
fn only_the_first_audio_section_is_turned() {
    let check = |offer: &str, expect: &str| assert_eq!(sound_one_way(offer), expect);
    check("v=0\r\n", "v=0\r\n");
    check("m=audio 9\r\na=sendrecv\r\n", "m=audio 9\r\na=recvonly\r\n");
    check(
        "m=audio 9\r\na=recvonly\r\nm=audio 9\r\na=sendrecv\r\n",
        "m=audio 9\r\na=recvonly\r\nm=audio 9\r\na=sendrecv\r\n",
    );
    check(
        "m=video 9\na=sendrecv\nm=audio 9\na=sendrecv\nm=audio 9\na=sendrecv",
        "m=video 9\na=sendrecv\nm=audio 9\na=recvonly\nm=audio 9\na=sendrecv",
    );
}

/// How long it takes until both are connected.
fn handshake(lost: [Option<usize>; 2]) -> Duration {
    let mut rig = Rig { lost, ..Rig::new() };
    let begun = rig.now;
    rig.until("the connection", |rig| rig.connected == [true; 2]);
    rig.now - begun
}

#[test]
fn a_lost_packet_of_the_handshake_costs_no_second() {
    let clear = handshake([None; 2]);
    for packet in 0..8 {
        for lost in [[Some(packet), None], [None, Some(packet)]] {
            let more = handshake(lost).saturating_sub(clear);
            assert!(more < Duration::from_millis(400), "{lost:?}: {more:?}");
        }
    }
}
