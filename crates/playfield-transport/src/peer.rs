//! One WebRTC connection: the only file that knows the library.
//!
//! Drive it so: change it (`receive`, `timeout`, `send`), then `drain` it before the next change.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use playfield_core::codec::Codec as VideoCodec;
use str0m::bwe::{Bitrate, BweKind};
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::channel::{ChannelConfig, ChannelId, Reliability};
use str0m::format::Codec;
use str0m::media::{Direction, Frequency, KeyframeRequestKind, MediaKind, MediaTime, Mid, Pt};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{Extension, ExtensionMap, RtpPacket};
use str0m::{Candidate, IceConnectionState, IceCreds, Input, Output, Rtc, RtcConfig};

use crate::ingest::{Ingest, Piece};
use crate::nominate::Nomination;
use crate::{Event, Outgoing, TransportError, Wants, Ways, dtls};

/// Estimate to begin with, before the path was measured.
const START_BPS: u64 = 3_000_000;
/// A path is not measured while no video has gone out for this long.
const RESTS_AFTER: Duration = Duration::from_secs(2);
/// Lossless datagrams that may wait in the fallback channel: about one picture.
const CHANNEL_QUEUE: usize = 8 * 1024;
/// What may wait in the reliable channel before statistics are left out.
const STATS_QUEUE: usize = 16 * 1024;
/// What may wait in the reliable channel at all: its receiver has not read for a long while.
const CONTROL_QUEUE: usize = 1536 * 1024;
/// RTP time between two lossless datagrams: the receiver only needs them to differ.
const LOSSLESS_STEP: u64 = 480;

/// What a peer wants to be done.
pub(crate) enum Drained {
    /// Send a packet.
    Transmit { to: SocketAddr, from: SocketAddr, packet: Vec<u8> },
    /// Tell the driver.
    Event(Event),
    /// A whole frame came.
    Media { lane: Lane, data: Vec<u8>, rtp: u32, number: u64 },
}

/// What media comes by: the sections, in the order the wire document gives, and the fallback channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    Video,
    Sound,
    Lossless,
    LosslessChannel,
}

#[derive(Clone, Copy)]
struct Track {
    mid: Mid,
    pt: Option<Pt>,
}

#[derive(Default)]
struct Channels {
    input: Option<ChannelId>,
    control: Option<ChannelId>,
    lossless: Option<ChannelId>,
}

pub(crate) struct Peer {
    rtc: Rtc,
    video: Option<Track>,
    /// What AV1 is called on the video track.
    av1: Option<Pt>,
    sound: Option<Track>,
    lossless: Option<Track>,
    channels: Channels,
    lossless_time: u64,
    measuring: Option<Measuring>,
    /// What comes of one who brings pictures.
    ingest: Option<Box<Ingest>>,
    /// Something is to be said at once.
    due: Option<Instant>,
    /// The viewer has not shown yet which path it comes by; what it must know to do so.
    unnominated: Option<IceCreds>,
    closed: bool,
}

/// What the path carries, where that is measured.
///
/// The library pads what it sends to 50 kbit/s, a packet every few milliseconds, so that there is always something to measure by. A
/// picture that stands is not worth that: it starts over with an estimate of nothing, of which there is nothing to pad, and with the
/// one from before when there is video again.
struct Measuring {
    /// What it carries, as measured last, in bits a second.
    bps: u64,
    /// When video went out last.
    video_at: Instant,
    /// It is not measured now.
    rests: bool,
}

/// What packets carry beside their payload. Without estimates nothing that makes the viewer report each packet's arrival.
fn extensions(estimates: bool) -> ExtensionMap {
    let mut extensions = if estimates { ExtensionMap::standard() } else { ExtensionMap::empty() };
    extensions.set(4, Extension::RtpMid);
    // Without it a browser keeps a jitter buffer of its own choice: facts in SPECIFICATION.md, "Latency".
    extensions.set(6, Extension::PlayoutDelay);
    extensions
}

/// For one who brings pictures: packets are handed over as they come, with what makes the sender's own estimate of its path work.
fn ingest_config() -> RtcConfig {
    // Not the one that tells how a picture is turned: it is turned by who sends it then.
    let mut extensions = ExtensionMap::empty();
    extensions.set(3, Extension::TransportSequenceNumber);
    extensions.set(4, Extension::RtpMid);
    config(extensions, false).set_rtp_mode(true)
}

/// `estimates`: measure what the path carries. That costs padding, reports and a timer every few milliseconds, so only those
/// who need it do.
fn config(extensions: ExtensionMap, estimates: bool) -> RtcConfig {
    let mut config = RtcConfig::new()
        .clear_codecs()
        .enable_opus(true, false)
        .set_crypto_provider(dtls::crypto())
        .set_extension_map(extensions)
        .enable_bwe(estimates.then_some(Bitrate::bps(START_BPS)))
        .set_stats_interval(None)
        // As browsers hand packets to an encoded transform: as they come. No audio that is played takes this way.
        .set_reordering_size_audio(0)
        .set_sctp_max_message_size(16 * 1024);
    // Constrained baseline, both spellings browsers use, packetization-mode 1, each with RTX.
    config.codec_config().add_h264(Pt::new_with_value(108), Some(Pt::new_with_value(109)), true, 0x42e01f);
    config.codec_config().add_h264(Pt::new_with_value(127), Some(Pt::new_with_value(121)), true, 0x42001f);
    config.codec_config().enable_av1(true);
    config
}

impl Peer {
    /// Answers an offer. `local` are the addresses to be reached at.
    pub(crate) fn answer(
        now: Instant,
        offer: &str,
        local: impl Iterator<Item = SocketAddr>,
        wants: Wants,
    ) -> Result<(Peer, String), TransportError> {
        if wants.ingest {
            return Peer::answer_ingest(now, offer, local);
        }
        let refused = |error: &dyn std::fmt::Display| TransportError::Offer(error.to_string());
        // Where no sound is wanted of the viewer, none is asked for.
        let offer = &*if wants.microphone { Cow::Borrowed(offer) } else { sound_one_way(offer) };
        // The parser's own words speak of its memory.
        let parsed = SdpOffer::from_sdp_string(offer).map_err(|_| refused(&"it is not SDP (RFC 8866)"))?;
        if !offer.lines().any(|line| line.starts_with("m=application ")) {
            return Err(refused(&"it has no data channels (m=application); input and control need them"));
        }
        let mut rtc = config(extensions(wants.estimates), wants.estimates).set_ice_lite(true).build(now);
        for addr in local {
            let candidate = Candidate::host(addr, Protocol::Udp).map_err(|error| refused(&error))?;
            rtc.add_local_candidate(candidate);
        }
        let answer = rtc.sdp_api().accept_offer(parsed).map_err(|error| refused(&error))?;
        let mut peer = Peer::new(rtc);
        peer.measuring = wants.estimates.then_some(Measuring { bps: START_BPS, video_at: now, rests: false });
        peer.unnominated = Some(peer.rtc.direct_api().local_ice_credentials());
        Ok((peer, answer.to_sdp_string()))
    }

    /// Answers the offer of one who brings pictures. Sound is not taken.
    fn answer_ingest(
        now: Instant,
        offer: &str,
        local: impl Iterator<Item = SocketAddr>,
    ) -> Result<(Peer, String), TransportError> {
        let refused = |error: &dyn std::fmt::Display| TransportError::Offer(error.to_string());
        let offer = silent(offer);
        let parsed = SdpOffer::from_sdp_string(&offer).map_err(|_| refused(&"it is not SDP (RFC 8866)"))?;
        let mut rtc = ingest_config().set_ice_lite(true).build(now);
        for addr in local {
            let candidate = Candidate::host(addr, Protocol::Udp).map_err(|error| refused(&error))?;
            rtc.add_local_candidate(candidate);
        }
        let answer = rtc.sdp_api().accept_offer(parsed).map_err(|error| refused(&error))?.to_sdp_string();
        if !answer.contains("H264/90000") {
            return Err(refused(&"it has no H.264 video (constrained baseline, packetization-mode=1)"));
        }
        let mut peer = Peer::new(rtc);
        peer.ingest = Some(Box::new(Ingest::new()));
        peer.unnominated = Some(peer.rtc.direct_api().local_ice_credentials());
        Ok((peer, answer))
    }

    /// What the other side can take; known once it is connected.
    fn ways(&self) -> Ways {
        let has = |track: Option<Track>| track.is_some_and(|track| track.pt.is_some());
        Ways { video: has(self.video), av1: self.av1.is_some(), track: has(self.lossless) }
    }

    /// Makes the offer a viewer makes.
    pub(crate) fn offer(now: Instant, local: SocketAddr) -> Result<(Peer, String, SdpPendingOffer), TransportError> {
        let refused = |error: &dyn std::fmt::Display| TransportError::Offer(error.to_string());
        let mut peer = Peer::new(config(extensions(true), false).build(now));
        let candidate = Candidate::host(local, Protocol::Udp).map_err(|error| refused(&error))?;
        peer.rtc.add_local_candidate(candidate);
        let mut api = peer.rtc.sdp_api();
        let mut track =
            |kind, direction| Some(Track { mid: api.add_media(kind, direction, None, None, None), pt: None });
        peer.sound = track(MediaKind::Audio, Direction::SendRecv);
        peer.lossless = track(MediaKind::Audio, Direction::SendRecv);
        peer.video = track(MediaKind::Video, Direction::RecvOnly);
        let now_or_never = |label: &str| ChannelConfig {
            label: label.to_owned(),
            ordered: false,
            reliability: Reliability::MaxRetransmits { retransmits: 0 },
            ..ChannelConfig::default()
        };
        api.add_channel_with_config(now_or_never("input"));
        api.add_channel("control".to_owned());
        api.add_channel_with_config(now_or_never("lossless"));
        let (offer, pending) = api.apply().ok_or_else(|| refused(&"it would be empty"))?;
        Ok((peer, offer.to_sdp_string(), pending))
    }

    /// Makes the offer of one who brings pictures.
    pub(crate) fn offer_video(
        now: Instant,
        local: SocketAddr,
    ) -> Result<(Peer, String, SdpPendingOffer), TransportError> {
        let refused = |error: &dyn std::fmt::Display| TransportError::Offer(error.to_string());
        let mut peer = Peer::new(config(extensions(true), false).build(now));
        let candidate = Candidate::host(local, Protocol::Udp).map_err(|error| refused(&error))?;
        peer.rtc.add_local_candidate(candidate);
        let mut api = peer.rtc.sdp_api();
        peer.video =
            Some(Track { mid: api.add_media(MediaKind::Video, Direction::SendOnly, None, None, None), pt: None });
        api.add_channel("control".to_owned());
        let (offer, pending) = api.apply().ok_or_else(|| refused(&"it would be empty"))?;
        Ok((peer, offer.to_sdp_string(), pending))
    }

    /// Takes the answer to the offer.
    pub(crate) fn take_answer(&mut self, pending: SdpPendingOffer, answer: &str) -> Result<(), TransportError> {
        let refused = |error: &dyn std::fmt::Display| TransportError::Answer(error.to_string());
        let answer = SdpAnswer::from_sdp_string(answer).map_err(|_| refused(&"it is not SDP (RFC 8866)"))?;
        self.rtc.sdp_api().accept_answer(pending, answer).map_err(|error| refused(&error))?;
        for track in [&mut self.lossless, &mut self.sound].into_iter().flatten() {
            track.pt = payload_type(&mut self.rtc, track.mid, Codec::Opus);
        }
        if let Some(track) = &mut self.video {
            track.pt = payload_type(&mut self.rtc, track.mid, Codec::H264);
        }
        Ok(())
    }

    fn new(rtc: Rtc) -> Peer {
        let channels = Channels::default();
        let (video, sound, lossless) = (None, None, None);
        Peer {
            rtc,
            video,
            av1: None,
            sound,
            lossless,
            channels,
            lossless_time: 0,
            measuring: None,
            ingest: None,
            due: None,
            unnominated: None,
            closed: false,
        }
    }

    /// Whether a packet belongs to this connection.
    pub(crate) fn accepts(&self, now: Instant, packet: &Packet) -> bool {
        packet.read().is_some_and(|receive| self.rtc.accepts(&Input::Receive(now, receive)))
    }

    /// Takes a packet. What does not parse is dropped: anyone can send to the socket.
    pub(crate) fn receive(&mut self, now: Instant, packet: &Packet) {
        let nomination = self.unnominated.as_ref().and_then(|ours| Nomination::of(packet.bytes, ours));
        let bytes = nomination.as_ref().map_or(packet.bytes, Nomination::bytes);
        let Some(receive) = (Packet { bytes, ..*packet }).read() else { return };
        if nomination.is_some() {
            self.unnominated = None;
        }
        if let Err(error) = self.rtc.handle_input(Input::Receive(now, receive)) {
            tracing::debug!(%error, "packet dropped");
        }
        // RFC 5761, 4: a report may tell of packets that were sent before, or of other tracks' ones.
        let is_report = matches!(packet.bytes, [0x80..=0xbf, 192..=223, ..]);
        if is_report && self.measuring.as_ref().is_some_and(|measuring| measuring.rests) {
            self.rest();
        }
    }

    /// Time passed.
    pub(crate) fn timeout(&mut self, now: Instant) {
        if self.measuring.as_ref().is_some_and(|measuring| !measuring.rests && now >= measuring.video_at + RESTS_AFTER)
        {
            self.rest();
        }
        if let Err(error) = self.rtc.handle_input(Input::Timeout(now)) {
            tracing::debug!(%error, "connection failed");
            self.rtc.disconnect();
        }
    }

    /// No video goes out: nothing is measured, or padded.
    fn rest(&mut self) {
        if let Some(measuring) = &mut self.measuring {
            measuring.rests = true;
            self.rtc.bwe().set_bitrate(Bitrate::ZERO, Bitrate::ZERO);
            self.rtc.bwe().reset(Bitrate::bps(1));
        }
    }

    /// Video goes out.
    fn wake(&mut self, now: Instant) {
        let Some(measuring) = &mut self.measuring else { return };
        measuring.video_at = now;
        if std::mem::take(&mut measuring.rests) {
            self.rtc.bwe().reset(Bitrate::bps(measuring.bps));
        }
    }

    /// Pictures could use so many bits a second: where the path may carry less, it is tried.
    fn desire(&mut self, bps: u64) {
        let Some(measuring) = &self.measuring else { return };
        let enough = measuring.rests || measuring.bps >= bps;
        let desired = if enough { Bitrate::ZERO } else { Bitrate::bps(bps) };
        self.rtc.bwe().set_bitrate(Bitrate::ZERO, desired);
    }

    /// The path carries so much; none: what was measured is of packets too few to say so.
    fn measured(&mut self, bps: u64) -> Option<u64> {
        let measuring = self.measuring.as_mut().filter(|measuring| !measuring.rests)?;
        measuring.bps = bps;
        Some(bps)
    }

    /// Says goodbye.
    pub(crate) fn close(&mut self) {
        if let Err(error) = self.rtc.close() {
            tracing::debug!(%error, "connection did not close");
        }
    }

    /// Sends something; false if there is no way to send it (yet) or it would have to wait.
    pub(crate) fn send(&mut self, now: Instant, outgoing: &Outgoing) -> bool {
        match outgoing {
            Outgoing::Video { data, codec, rtp } => self.write_video(now, data, *codec, *rtp),
            Outgoing::Sound { data, position, talkspurt } => {
                let time = MediaTime::new(*position, Frequency::FORTY_EIGHT_KHZ);
                self.write(now, self.sound, time, data, *talkspurt)
            }
            Outgoing::Lossless(data) => {
                self.lossless_time += LOSSLESS_STEP;
                let time = MediaTime::new(self.lossless_time, Frequency::FORTY_EIGHT_KHZ);
                self.write(now, self.lossless, time, data, false)
            }
            Outgoing::LosslessChannel(data) => self.write_channel(self.channels.lossless, true, data, CHANNEL_QUEUE),
            Outgoing::Input(data) => self.write_channel(self.channels.input, true, data, CHANNEL_QUEUE),
            Outgoing::Control(text) => self.write_channel(self.channels.control, false, text.as_bytes(), CONTROL_QUEUE),
            Outgoing::Stats(text) => self.write_channel(self.channels.control, false, text.as_bytes(), STATS_QUEUE),
            Outgoing::Desired(bps) => {
                self.desire(*bps);
                true
            }
            Outgoing::Keyframe => {
                self.ingest.iter_mut().for_each(|ingest| ingest.begin_anew());
                self.ask_keyframe(now)
            }
        }
    }

    /// Asks for a picture that stands alone, if that is due.
    fn ask_keyframe(&mut self, now: Instant) -> bool {
        let Some(mid) = self.video.map(|track| track.mid) else { return false };
        if !self.ingest.as_mut().is_some_and(|ingest| ingest.asks(now)) {
            return false;
        }
        let mut api = self.rtc.direct_api();
        let Some(stream) = api.stream_rx_by_mid(mid, None) else { return false };
        stream.request_keyframe(KeyframeRequestKind::Pli);
        self.due = Some(now);
        true
    }

    /// A packet of one who brings pictures.
    fn hear_piece(&mut self, packet: &RtpPacket, each: &mut impl FnMut(Drained)) {
        let (Some(ingest), Some(track)) = (&mut self.ingest, self.video) else { return };
        let ours = self.rtc.codec_config().params().iter();
        let mut ours = ours.filter(|params| params.spec().codec == Codec::H264).map(|params| params.pt());
        let agreed =
            self.rtc.media(track.mid).is_some_and(|media| media.remote_pts().contains(&packet.header.payload_type));
        if !agreed || !ours.any(|pt| pt == packet.header.payload_type) {
            return;
        }
        let piece = Piece {
            number: *packet.seq_no,
            time: packet.time.numer() as u32,
            marker: packet.header.marker,
            payload: Arc::clone(&packet.payload),
        };
        ingest.push(packet.timestamp, piece, &mut |unit| {
            each(Drained::Event(Event::Unit { key: unit.key, data: unit.data }));
        });
        self.ask_keyframe(packet.timestamp);
    }

    fn write_video(&mut self, now: Instant, data: &Arc<[u8]>, codec: VideoCodec, rtp: u32) -> bool {
        let Some(track) = self.video else { return false };
        let pt = match codec {
            VideoCodec::H264 => track.pt,
            VideoCodec::Av1 => self.av1,
        };
        let Some(pt) = pt else { return false };
        self.wake(now);
        let time = MediaTime::from_90khz(u64::from(rtp));
        let Some(writer) = self.rtc.writer(track.mid) else { return false };
        writer.playout_delay(MediaTime::ZERO, MediaTime::ZERO).write(pt, now, time, Arc::clone(data)).is_ok()
    }

    fn write(&mut self, now: Instant, track: Option<Track>, time: MediaTime, data: &Arc<[u8]>, start: bool) -> bool {
        let Some((track, pt)) = track.and_then(|track| Some((track, track.pt?))) else { return false };
        let Some(writer) = self.rtc.writer(track.mid) else { return false };
        writer.start_of_talkspurt(start).write(pt, now, time, Arc::clone(data)).is_ok()
    }

    /// Bytes of the `input` channel that the other side has not acknowledged.
    pub(crate) fn input_waiting(&mut self) -> usize {
        let channel = self.channels.input.and_then(|id| self.rtc.channel(id));
        channel.map_or(0, |mut channel| channel.buffered_amount())
    }

    fn write_channel(&mut self, id: Option<ChannelId>, binary: bool, data: &[u8], most: usize) -> bool {
        let Some(mut channel) = id.and_then(|id| self.rtc.channel(id)) else { return false };
        channel.buffered_amount() <= most && channel.write(binary, data).unwrap_or(false)
    }

    /// Hands over everything that is to be done, and returns when to call [`Peer::timeout`] next.
    pub(crate) fn drain(&mut self, mut each: impl FnMut(Drained)) -> Option<Instant> {
        let mut connected = false;
        loop {
            match self.rtc.poll_output() {
                Ok(Output::Timeout(at)) => {
                    // Only now: the tracks are told after the connection is up.
                    if connected {
                        each(Drained::Event(Event::Connected(self.ways())));
                    }
                    if !self.rtc.is_alive() {
                        self.end(&mut each);
                    }
                    let rests = self.measuring.as_ref().filter(|measuring| !measuring.rests);
                    let at = rests.map_or(at, |measuring| at.min(measuring.video_at + RESTS_AFTER));
                    let at = self.due.take().map_or(at, |due| at.min(due));
                    return (!self.closed).then_some(at);
                }
                Ok(Output::Transmit(transmit)) => each(Drained::Transmit {
                    to: transmit.destination,
                    from: transmit.source,
                    packet: transmit.contents.into(),
                }),
                Ok(Output::Event(str0m::Event::Connected)) => connected = true,
                Ok(Output::Event(event)) => self.handle(event, &mut each),
                Err(error) => {
                    tracing::debug!(%error, "connection failed");
                    self.rtc.disconnect();
                    self.end(&mut each);
                    return None;
                }
            }
        }
    }

    fn end(&mut self, each: &mut impl FnMut(Drained)) {
        if !std::mem::replace(&mut self.closed, true) {
            each(Drained::Event(Event::Closed));
        }
    }

    fn handle(&mut self, event: str0m::Event, each: &mut impl FnMut(Drained)) {
        match event {
            str0m::Event::IceConnectionStateChange(IceConnectionState::Disconnected) | str0m::Event::Closed => {
                self.end(each);
            }
            str0m::Event::MediaAdded(added) => self.add_track(added.mid, added.kind),
            str0m::Event::ChannelOpen(id, label) => self.open_channel(id, &label, each),
            str0m::Event::ChannelClose(id) if self.channels.control == Some(id) => self.end(each),
            str0m::Event::ChannelData(data) if self.channels.input == Some(data.id) => {
                each(Drained::Event(Event::Input(data.data)));
            }
            str0m::Event::ChannelData(data) if self.channels.control == Some(data.id) => {
                if let Ok(text) = String::from_utf8(data.data) {
                    each(Drained::Event(Event::Control(text)));
                }
            }
            str0m::Event::ChannelData(data) if self.channels.lossless == Some(data.id) => {
                each(Drained::Media { lane: Lane::LosslessChannel, data: data.data, rtp: 0, number: 0 });
            }
            str0m::Event::RtpPacket(packet) => self.hear_piece(&packet, each),
            str0m::Event::KeyframeRequest(_) => each(Drained::Event(Event::KeyframeWanted)),
            str0m::Event::EgressBitrateEstimate(BweKind::Twcc { estimate, .. }) => {
                if let Some(bps) = self.measured(estimate.as_u64()) {
                    each(Drained::Event(Event::Estimate(bps)));
                }
            }
            str0m::Event::MediaData(data) => {
                if let Some(lane) = self.lane(data.mid) {
                    let (rtp, number) = (data.time.numer() as u32, **data.seq_range.start());
                    each(Drained::Media { lane, data: data.data.to_vec(), rtp, number });
                }
            }
            _ => {}
        }
    }

    fn lane(&self, mid: Mid) -> Option<Lane> {
        let lanes = [(self.video, Lane::Video), (self.sound, Lane::Sound), (self.lossless, Lane::Lossless)];
        lanes.into_iter().find(|(track, _)| track.is_some_and(|track| track.mid == mid)).map(|(_, lane)| lane)
    }

    /// The first audio section is sound, the second the lossless track: docs/reference/wire.md.
    fn add_track(&mut self, mid: Mid, kind: MediaKind) {
        if self.ingest.is_some() {
            if kind == MediaKind::Video && self.video.is_none() {
                self.video = Some(Track { mid, pt: None });
            }
            return;
        }
        let wanted = if kind == MediaKind::Video { Codec::H264 } else { Codec::Opus };
        let track = Some(Track { mid, pt: payload_type(&mut self.rtc, mid, wanted) });
        match kind {
            MediaKind::Video if self.video.is_none() => {
                self.video = track;
                self.av1 = payload_type(&mut self.rtc, mid, Codec::Av1);
            }
            MediaKind::Audio if self.sound.is_none() => self.sound = track,
            MediaKind::Audio if self.lossless.is_none() => self.lossless = track,
            _ => {}
        }
    }

    fn open_channel(&mut self, id: ChannelId, label: &str, each: &mut impl FnMut(Drained)) {
        match label {
            "input" => self.channels.input = Some(id),
            "lossless" => self.channels.lossless = Some(id),
            "control" => {
                self.channels.control = Some(id);
                each(Drained::Event(Event::ControlOpen));
            }
            _ => {}
        }
    }
}

/// The offer without sound from the viewer, which is the first audio section.
fn sound_one_way(offer: &str) -> Cow<'_, str> {
    let Some(begin) = offer.find("m=audio ") else { return offer.into() };
    let end = offer[begin + 1..].find("\nm=").map_or(offer.len(), |at| begin + 1 + at);
    let section = offer[begin..end].replacen("a=sendrecv", "a=recvonly", 1);
    [&offer[..begin], &section, &offer[end..]].concat().into()
}

/// The offer without any sound.
fn silent(offer: &str) -> String {
    let mut audio = false;
    let line = |line: &str| {
        if line.starts_with("m=") {
            audio = line.starts_with("m=audio ");
        }
        let sends = matches!(line.trim_end(), "a=sendrecv" | "a=sendonly" | "a=recvonly");
        if audio && sends { "a=inactive\r\n".to_owned() } else { line.to_owned() }
    };
    offer.split_inclusive('\n').map(line).collect()
}

/// What a codec is called on a media section that was agreed on; none: it was not.
fn payload_type(rtc: &mut Rtc, mid: Mid, codec: Codec) -> Option<Pt> {
    let writer = rtc.writer(mid)?;
    writer.payload_params().find(|params| params.spec().codec == codec).map(|params| params.pt())
}

/// A packet from the socket.
pub(crate) struct Packet<'a> {
    /// Who sent it.
    pub(crate) source: SocketAddr,
    /// The address we advertise for the socket it came on.
    pub(crate) destination: SocketAddr,
    /// Its bytes.
    pub(crate) bytes: &'a [u8],
}

impl<'a> Packet<'a> {
    fn read(&self) -> Option<Receive<'a>> {
        Receive::new(Protocol::Udp, self.source, self.destination, self.bytes).ok()
    }
}

/// How long an idle driver may sleep when no peer asks for less.
pub(crate) const LONG: Duration = Duration::from_secs(3_600);

#[cfg(test)]
mod tests;
