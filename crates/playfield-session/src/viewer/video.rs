//! A viewer's pictures as video: converted, perhaps scaled, encoded; and what stands still of them.

use playfield_core::codec::Codec;
use playfield_core::follow::{Follow, Frame};
use playfield_core::frame::{Damage, Rect};
use playfield_core::keyframe::{Answer, KeyframeRequests};
use playfield_core::quality::{Quality, Scale};
use playfield_core::rate::VideoRate;
use playfield_core::time::Time;
use playfield_media::convert::{Converter, I420};
use playfield_media::encode::{FrameBudget, Library, VideoEncoder, Want};
use playfield_media::scale::Scaler;
use playfield_transport::Outgoing;

use super::{Coded, Source};
use crate::exact::Exact;

/// The pictures of one viewer, as video.
pub(super) struct Video {
    converter: Converter,
    i420: I420,
    scaler: Scaler,
    /// The picture as it is coded, where that is smaller.
    small: I420,
    pub(super) codec: Codec,
    encoder: VideoEncoder,
    pub(super) rate: VideoRate,
    pub(super) quality: Quality,
    /// What there is less of than the guest makes, and why.
    pub(super) limited: Option<String>,
    size: (u16, u16),
    /// What is to be coded anew since the picture coded last, and what of that the guest changed.
    damage: Damage,
    changed: Damage,
    keyframe: bool,
    /// A frame is wanted, whatever there is of news.
    frame: bool,
    requests: KeyframeRequests,
    follow: Follow,
    /// The newest picture came too soon after the one before.
    pub(super) left_out: bool,
    /// The tick coded last, and how often.
    coded: (u64, u32),
    /// The time of the last one.
    rtp: Option<u32>,
    /// It cannot be made finer.
    fine: bool,
    unit: Vec<u8>,
}

impl Video {
    pub(super) fn new(source: &Source, codec: Codec, bps: u64) -> Video {
        let (width, height) = (source.picture.width, source.picture.height);
        let mut rate = VideoRate::new(width, height, source.tick_hz);
        if bps > 0 {
            rate.set_estimate(bps);
        }
        let mut video = Video {
            converter: Converter::new(),
            i420: I420::new(),
            scaler: Scaler::new(),
            small: I420::new(),
            codec,
            encoder: VideoEncoder::new(Library::of(codec, source.h264)),
            rate,
            quality: Quality::new(source.now, width, height, source.tick_hz),
            limited: None,
            size: (width, height),
            damage: Damage::All,
            changed: Damage::All,
            keyframe: true,
            frame: false,
            requests: KeyframeRequests::default(),
            follow: Follow::default(),
            left_out: false,
            coded: (0, 0),
            rtp: None,
            fine: false,
            unit: Vec::new(),
        };
        video.take_quality();
        video
    }

    /// A picture was coded and did not go out.
    pub(super) fn lost(&mut self) {
        self.keyframe = true;
    }

    /// The viewer asks for a key frame.
    pub(super) fn on_request(&mut self, now: Time) {
        let answer = self.requests.on_request(now);
        self.give(answer);
    }

    /// The viewer shows the frame of that RTP timestamp.
    pub(super) fn on_shown(&mut self, rtp: u32) {
        self.follow.on_shown(rtp);
    }

    fn give(&mut self, answer: Answer) {
        match answer {
            Answer::Key => self.keyframe = true,
            Answer::Frame => self.frame = true,
            Answer::Nothing => {}
        }
    }

    /// Whether the picture that is there now went out as well as it can: parts of it are sent exactly while it does.
    pub(super) fn rests(&self) -> bool {
        self.fine && self.damage == Damage::None
    }

    /// When there is more to send of the picture that is there now: it was left out, or the viewer may lack it.
    pub(super) fn due(&self) -> Option<Time> {
        self.left_out.then(|| self.quality.due()).into_iter().chain(self.follow.due()).min()
    }

    /// Codes the picture, or sends exactly what stands still of it.
    pub(super) fn code(&mut self, source: &Source, exact: &mut Option<Exact>) -> Option<Coded> {
        if let Some(coded) = self.code_picture(source, exact) {
            return Some(coded);
        }
        let exact = exact.as_mut().filter(|_| self.damage == Damage::None)?;
        let packets = exact.packets(source.now, source.picture, self.rate.bits_per_second());
        let now = source.now;
        (!packets.is_empty()).then_some(Coded { packets, rest: true, rtp: None, converted: now, encoded: now })
    }

    fn code_picture(&mut self, source: &Source, exact: &mut Option<Exact>) -> Option<Coded> {
        let picture = source.picture;
        if self.size != (picture.width, picture.height) {
            self.size = (picture.width, picture.height);
            self.quality.set_size(source.now, picture.width, picture.height);
            self.take_quality();
            (self.damage, self.changed) = (Damage::All, Damage::All);
        }
        self.damage = union(self.damage, source.damage);
        self.changed = union(self.changed, source.damage);
        // A guest that rests is at the same tick for long: its picture is only coded again where somebody needs it whole, or to make it
        // finer, where its tick is all the time it has.
        let times = if self.coded.0 == source.tick { self.coded.1 } else { 0 };
        let unseen = self.follow.poll(source.now);
        self.give(unseen);
        let asked = self.keyframe || self.frame;
        if times > 0 && !asked && (self.fine || !source.free) {
            return None;
        }
        self.left_out = !asked && !self.quality.admits(source.now);
        if self.left_out {
            return None;
        }
        let budget = self.rate.next_budget(source.now)?;
        let budget = FrameBudget { target_bytes: budget.target as usize, max_bytes: budget.max as usize };
        let begun = source.clock.now();
        self.converter.to_i420(picture, self.damage, &mut self.i420);
        let scale = self.quality.scale();
        let damage = self.scaler.scale(&self.i420, scale, self.damage, &mut self.small);
        let converted = source.clock.now();
        let coded = if scale == Scale::Full { &self.i420 } else { &self.small };
        self.unit.clear();
        let want = match (self.keyframe, self.frame) {
            (true, _) => Want::Key,
            (false, true) => Want::Frame,
            (false, false) => Want::News,
        };
        let encoded = match self.encoder.encode(coded, damage, budget, want, &mut self.unit) {
            Ok(encoded) => encoded,
            Err(error) => {
                tracing::error!(%error, "picture lost");
                return None;
            }
        };
        let [anew, changed] = [&mut self.damage, &mut self.changed].map(|part| std::mem::replace(part, Damage::None));
        let done = source.clock.now();
        if self.quality.on_coded(source.now, done.since(begun), encoded.qp, source.viewers) {
            self.take_quality();
        }
        // Where it is to be sent in another size, it is not.
        self.fine = encoded.skipped && self.damage == Damage::None;
        if encoded.skipped {
            exact.iter_mut().for_each(|exact| exact.changed(source.now, picture, changed));
            return None;
        }
        self.keyframe &= !encoded.keyframe;
        self.frame = false;
        // What makes a picture finer is news as well.
        let frame = match (anew, want) {
            (Damage::None, Want::News) => Frame::Finer,
            (Damage::None, _) => Frame::Follower,
            _ => Frame::Changed,
        };
        self.requests.on_sent(source.now, frame != Frame::Follower);
        self.rate.on_encoded(self.unit.len());
        self.coded = (source.tick, times + 1);
        // No two pictures have the same time, and each a later one than those before: one that a program made may come after frames
        // of a later moment that only followed another.
        let next = self.rtp.map(|last| last.wrapping_add(1));
        let rtp = source.rtp.wrapping_add(times);
        let rtp = next.filter(|next| (rtp.wrapping_sub(*next) as i32) < 0).unwrap_or(rtp);
        self.rtp = Some(rtp);
        self.follow.on_sent(source.now, rtp, frame);
        let said = exact.as_mut().and_then(|exact| exact.encoded(source.now, rtp, picture, changed));
        let video = Outgoing::Video { data: self.unit.as_slice().into(), codec: self.codec, rtp };
        let packets = said.into_iter().chain([video]).collect();
        Some(Coded { packets, rest: false, rtp: Some(rtp), converted, encoded: done })
    }

    /// Pictures have another size or rate from now on. A smaller one is begun anew, with a key frame.
    fn take_quality(&mut self) {
        let scale = self.quality.scale();
        self.rate.set_size(scale.side(self.size.0), scale.side(self.size.1));
        self.limited = self.quality.sentence();
        if (self.small.width(), self.small.height()) != (scale.side(self.size.0), scale.side(self.size.1)) {
            self.damage = Damage::All;
        }
    }
}

/// The smallest damage that holds both.
fn union(a: Damage, b: Damage) -> Damage {
    match (a, b) {
        (Damage::None, other) | (other, Damage::None) => other,
        (Damage::All, _) | (_, Damage::All) => Damage::All,
        (Damage::Area(a), Damage::Area(b)) => {
            let (x, y) = (a.x.min(b.x), a.y.min(b.y));
            let right = (a.x + a.width).max(b.x + b.width);
            let bottom = (a.y + a.height).max(b.y + b.height);
            Damage::Area(Rect { x, y, width: right - x, height: bottom - y })
        }
    }
}

#[cfg(test)]
mod tests {
    use playfield_core::codec::H264Library;
    use playfield_core::frame::{Picture, PixelFormat};
    use playfield_core::input::wire::Ack;
    use playfield_core::time::Time;
    use playfield_media::decode::H264Decoder;

    use super::*;
    use crate::Clock;

    fn source(picture: &Picture) -> Source<'_> {
        Source {
            picture,
            damage: Damage::All,
            tick: 0,
            tick_hz: 60,
            rtp: 0,
            now: Time::ZERO,
            free: false,
            viewers: 1,
            codec: Codec::H264,
            h264: H264Library::OpenH264,
            clock: Clock::start(),
        }
    }

    /// When frames of a picture that stands are sent in five seconds, in ms, once it cannot be made finer; `tells`: the viewer says what it shows.
    fn standing(tells: bool) -> Vec<u64> {
        let picture = Picture::black(320, 180, PixelFormat::Rgba8);
        let mut source = source(&picture);
        let mut video = Video::new(&source, Codec::H264, 0);
        let mut sent = Vec::new();
        for tick in 1..300 {
            (source.tick, source.rtp) = (tick, tick as u32 * 1_500);
            source.now = Time::from_micros(tick * 16_667);
            if let Some(coded) = video.code(&source, &mut None) {
                sent.push(source.now.as_micros() / 1_000);
                coded.rtp.into_iter().filter(|_| tells).for_each(|rtp| video.on_shown(rtp));
            }
            source.damage = Damage::None;
        }
        let last = sent.iter().position(|at| *at > 1_000).unwrap_or(sent.len());
        sent.split_off(last)
    }

    #[test]
    fn a_picture_that_stands_is_followed_by_frames_while_it_may_be_lost() {
        assert_eq!(standing(true), [0; 0]);
        let unseen = standing(false);
        assert!((1..=3).contains(&unseen.len()), "{unseen:?}");
    }

    #[test]
    fn a_picture_has_a_later_time_than_those_before_and_rests_once_it_is_as_fine_as_it_gets() {
        let pictures = [1, 2, 3].map(|nth| {
            let mut picture = Picture::black(320, 180, PixelFormat::Rgba8);
            picture.pixels.iter_mut().enumerate().for_each(|(at, byte)| *byte = (at * at * nth % 251) as u8);
            picture
        });
        let mut source = source(&pictures[0]);
        let mut video = Video::new(&source, Codec::H264, 0);
        let mut times = Vec::new();
        for ((tick, rtp), picture) in [(1, 9_000), (2, 8_000), (3, 10_000)].into_iter().zip(&pictures) {
            (source.tick, source.rtp, source.damage, source.picture) = (tick, rtp, Damage::All, picture);
            source.now = Time::from_millis(tick * 100);
            times.extend(video.code(&source, &mut None).and_then(|coded| coded.rtp));
            assert!(!video.rests(), "it can be made finer");
        }
        assert_eq!(times, [9_000, 9_001, 10_000]);
        source.damage = Damage::None;
        let rests = (4..500).any(|tick| {
            (source.tick, source.rtp, source.now) = (tick, tick as u32 * 9_000, Time::from_millis(tick * 100));
            video.code(&source, &mut None);
            video.rests()
        });
        assert!(rests);
        video.damage = Damage::All;
        assert!(!video.rests());
    }

    #[test]
    fn what_is_exact_stays_so_where_the_video_is_begun_anew() {
        let picture = Picture::black(320, 180, PixelFormat::Rgba8);
        let mut source = source(&picture);
        let mut video = Video::new(&source, Codec::H264, 0);
        let (mut exact, mut said, mut tiles) = (Some(Exact::default()), Vec::new(), Vec::new());
        for tick in 1..180 {
            (source.tick, source.rtp) = (tick, tick as u32 * 1_500);
            source.now = Time::from_micros(tick * 16_667);
            if tick == 100 {
                // As where its size is another one from now on.
                video.damage = Damage::All;
            }
            for packet in video.code(&source, &mut exact).into_iter().flat_map(|coded| coded.packets) {
                match packet {
                    Outgoing::Lossless(bytes) if bytes[0] == 0xD1 => {
                        tiles.push(tick);
                        let picture = u32::from_le_bytes(bytes[2..6].try_into().unwrap());
                        exact.as_mut().unwrap().handle_ack(source.now, Ack { picture, datagrams: u64::MAX });
                    }
                    Outgoing::Lossless(bytes) => said.push((tick, bytes[13..].to_vec())),
                    _ => {}
                }
            }
            source.damage = Damage::None;
        }
        let whole = said.iter().position(|(_, bits)| *bits == [0b1111]).expect("all of it is exact at last");
        assert!(said[whole..].iter().all(|(_, bits)| *bits == [0b1111]), "{said:?}");
        assert!(tiles.iter().all(|tick| *tick < 100), "none of it is sent again: {tiles:?}");
    }

    #[test]
    fn a_picture_of_which_there_is_not_enough_is_sent_smaller_and_the_last_one_always() {
        let picture = Picture::black(1280, 720, PixelFormat::Rgba8);
        let (mut sizes, mut decoder) = (Vec::new(), H264Decoder::new().unwrap());
        let mut source = source(&picture);
        let mut video = Video::new(&source, Codec::H264, 0);
        let mut decoded = I420::new();
        for tick in 1..300 {
            (source.tick, source.rtp) = (tick, tick as u32 * 1_500);
            source.now = Time::from_micros(tick * 16_667);
            // As if the machine had a thousand viewers.
            source.viewers = 1_000;
            if video.code(&source, &mut None).is_some() && decoder.decode(&video.unit, &mut decoded).unwrap() {
                sizes.push((decoded.width(), decoded.height()));
            }
        }
        sizes.dedup();
        assert_eq!(sizes, [(1280, 720), (960, 540), (640, 360)]);
        assert!(video.limited.as_deref().is_some_and(|said| said.starts_with("Sent as 640x360 instead of 1280x720")));
        while !video.left_out {
            source.tick += 1;
            video.code(&source, &mut None);
        }
        (source.damage, source.now) = (Damage::None, video.quality.due());
        video.code(&source, &mut None);
        assert!(!video.left_out && video.damage == Damage::None, "what was left out is made up for");
    }

    #[test]
    fn a_union_holds_both_areas() {
        let area = |x, y, width, height| Damage::Area(Rect { x, y, width, height });
        assert_eq!(union(area(1, 2, 3, 4), area(10, 0, 1, 1)), area(1, 0, 10, 6));
        assert_eq!(union(Damage::None, area(1, 1, 1, 1)), area(1, 1, 1, 1));
        assert_eq!(union(Damage::All, Damage::None), Damage::All);
    }
}
