//! A viewer that plays `probe`: presses, and sees when the picture shows it.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use playfield_core::clock::Clock;
use playfield_core::input::uplink::Uplink;
use playfield_core::input::wire::{Ack, ClockReply, FrameReport, PadReport, Writer};
use playfield_core::input::{Pad, PadButton};
use playfield_core::time::Time;
use playfield_media::convert::I420;
use playfield_media::decode::H264Decoder;
use playfield_media::delta::Decoder;
use playfield_transport::{Client, ClientEvent, Event};

/// How long is waited at a time for something to happen.
const BEAT: Duration = Duration::from_millis(16);
const PATIENCE: Duration = Duration::from_secs(20);
/// Bytes that are under way in the data channel, which is more than a round trip of messages: it is held up. From the second
/// number on it gets nothing new. A browser tells only what it has not sent at all, so its player has other numbers.
const HELD_UP: usize = 600;
const MOST_WAITING: usize = 1_200;
/// The RTP clock of video and the rate of `probe`, which together give the tick of a picture.
const PROBE_HZ: u32 = 60;

/// A viewer of `probe`.
pub struct Player {
    client: Client,
    begun: Instant,
    events: Vec<ClientEvent>,
    lossless: Decoder,
    tiles: Decoder,
    video: H264Decoder,
    i420: I420,
    message: Vec<u8>,
    clock: Clock,
    seq: u32,
    presses: u8,
    uplink: Uplink,
    connected: bool,
    reports: Vec<FrameReport>,
    /// The flip square of the newest picture is white.
    pub white: Option<bool>,
    /// Pictures shown.
    pub pictures: u64,
    /// Bytes that pictures took.
    pub bytes: u64,
    /// Looks at each exact picture when it is shown.
    pub watch: Option<Watch>,
}

/// What is called with a picture's tick and its pixels as RGBA, row by row.
pub type Watch = Box<dyn FnMut(u32, &[u8])>;

impl Player {
    /// A player and its offer.
    pub fn new() -> anyhow::Result<(Player, String)> {
        let (client, offer) = Client::offer([127, 0, 0, 1].into())?;
        let begun = Instant::now();
        let player = Player {
            client,
            begun,
            events: Vec::new(),
            lossless: Decoder::new(),
            tiles: Decoder::new(),
            video: H264Decoder::new()?,
            i420: I420::new(),
            message: Vec::new(),
            clock: Clock::default(),
            seq: 0,
            presses: 0,
            uplink: Uplink::default(),
            connected: false,
            reports: Vec::new(),
            white: None,
            pictures: 0,
            bytes: 0,
            watch: None,
        };
        Ok((player, offer))
    }

    /// Takes the answer and plays until the first picture.
    pub fn connect(&mut self, answer: &str) -> anyhow::Result<()> {
        self.client.answer(answer)?;
        let waited = Instant::now();
        while self.white.is_none() {
            if waited.elapsed() > PATIENCE {
                bail!("no picture came");
            }
            self.play(BEAT)?;
        }
        Ok(())
    }

    /// Plays for so long.
    pub fn play_for(&mut self, time: Duration) -> anyhow::Result<()> {
        let until = Instant::now() + time;
        while let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
            self.play(left)?;
        }
        Ok(())
    }

    /// Presses once, and returns how long it took until a decoded picture showed it.
    pub fn press(&mut self) -> anyhow::Result<Duration> {
        let before = self.white.context("pictures come before presses")?;
        self.presses = self.presses.wrapping_add(1);
        let pressed = Instant::now();
        self.uplink.changed(self.now(), true);
        self.send_if_due();
        while self.white == Some(before) {
            if pressed.elapsed() > PATIENCE {
                bail!("a press was never shown");
            }
            self.play(BEAT)?;
        }
        Ok(pressed.elapsed())
    }

    fn now(&self) -> Time {
        Time::ZERO + self.begun.elapsed()
    }

    fn now_us(&self) -> u64 {
        self.now().as_micros()
    }

    fn play(&mut self, most: Duration) -> anyhow::Result<()> {
        // Before the connection is up nothing is sent, however long it is due.
        let wait = if self.connected { most.min(self.uplink.next() - self.now()) } else { most.min(BEAT) };
        let mut events = std::mem::take(&mut self.events);
        self.client.poll(wait, &mut events)?;
        for event in events.drain(..) {
            self.handle(event)?;
        }
        self.events = events;
        self.send_if_due();
        Ok(())
    }

    fn handle(&mut self, event: ClientEvent) -> anyhow::Result<()> {
        let arrival_us = self.now_us();
        match event {
            ClientEvent::Connection(Event::Connected(_)) => self.connected = true,
            ClientEvent::Connection(Event::Input(bytes)) => {
                self.uplink.heard();
                self.take_clock(&bytes, arrival_us);
            }
            ClientEvent::Connection(Event::Closed) => bail!("the session closed the connection"),
            ClientEvent::Lossless { data, .. } => self.take_lossless(&data, arrival_us),
            ClientEvent::Video { data, rtp } => self.take_video(&data, rtp, arrival_us),
            _ => {}
        }
        Ok(())
    }

    fn take_clock(&mut self, bytes: &[u8], arrival_us: u64) -> bool {
        let reply = ClockReply::parse(bytes);
        reply.map(|reply| self.clock.handle(&reply, arrival_us)).is_ok()
    }

    fn take_lossless(&mut self, bytes: &[u8], arrival_us: u64) {
        if self.take_clock(bytes, arrival_us) {
            return;
        }
        self.bytes += bytes.len() as u64;
        // A tile of what stands still of a video is a picture of its own, by its number.
        if bytes.first() == Some(&0xD1) && bytes.get(5).is_some_and(|byte| byte & 0x80 != 0) {
            if let (Ok(_), Some(ack)) = (self.tiles.push(bytes), self.tiles.acks().next()) {
                self.uplink.datagram(Time::from_micros(arrival_us), ack.picture, ack.count, false);
            }
            return;
        }
        let before = self.lossless.shown().map(|shown| shown.picture);
        if self.lossless.push(bytes).is_err() {
            return;
        }
        let shown = self.lossless.shown().filter(|shown| Some(shown.picture) != before);
        if let Some(ack) = self.lossless.acks().next() {
            self.uplink.datagram(Time::from_micros(arrival_us), ack.picture, ack.count, shown.is_some());
        }
        let Some(shown) = shown else { return };
        let mut rgba = Vec::new();
        shown.rows.to_rgba(&mut rgba);
        let (tick, middle) = (shown.tick, (80 * usize::from(shown.rows.width()) + 80) * 4);
        self.white = Some(rgba.get(middle).is_some_and(|byte| *byte >= 128));
        if let Some(watch) = &mut self.watch {
            watch(tick, &rgba);
        }
        self.shown(false, tick, arrival_us);
        self.send_if_due();
    }

    fn take_video(&mut self, unit: &[u8], rtp: u32, arrival_us: u64) {
        self.bytes += unit.len() as u64;
        if let Ok(true) = self.video.decode(unit, &mut self.i420) {
            let middle = (20 + 80 * 2) * self.i420.y_stride() + 160 + 80 * 2;
            self.white = self.i420.y().get(middle).map(|luma| *luma >= 128);
            self.shown(true, rtp, arrival_us);
        }
    }

    fn shown(&mut self, rtp: bool, id: u32, arrival_us: u64) {
        self.pictures += 1;
        let decode_us = (self.now_us() - arrival_us) as u32;
        // There is no display: a picture is shown when it is decoded.
        self.reports.push(FrameReport { rtp, id, arrival_us, decode_us, present_us: decode_us });
    }

    fn send_if_due(&mut self) {
        let now = self.now();
        if !self.connected || self.uplink.next() > now {
            return;
        }
        self.seq += 1;
        let waiting = self.client.input_waiting();
        let detour = self.uplink.sent(now, waiting >= HELD_UP);
        let mut message = std::mem::take(&mut self.message);
        let mut writer = Writer::new(&mut message, self.seq, now.as_micros(), self.clock.estimate());
        let mut report = PadReport { index: 0, pad: Pad::default(), presses: [0; 16] };
        report.presses[PadButton::A as usize] = self.presses;
        writer.pad(&report);
        let acks: Vec<Ack> = self
            .lossless
            .acks()
            .chain(self.tiles.acks())
            .map(|ack| Ack { picture: ack.picture, datagrams: ack.datagrams })
            .collect();
        writer.acks(&acks);
        writer.frames(&self.reports);
        self.reports.clear();
        if waiting < MOST_WAITING {
            self.client.send_input(&message);
        }
        if detour {
            self.client.send_input_track(&message);
        }
        self.message = message;
    }

    /// Waits for a moment that has nothing to do with the guest's ticks.
    pub fn rest(&mut self, salt: u64) -> anyhow::Result<()> {
        let tick_us = 1_000_000 / u64::from(PROBE_HZ);
        self.play_for(Duration::from_micros(3 * tick_us + salt % (4 * tick_us)))
    }
}
