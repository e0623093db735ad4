//! The server without its sockets: bytes of clients in, bytes for clients and blocks of sound out, and the time as an argument.
//!
//! Drive it so: hand in what happened ([`Engine::connect`], [`Engine::receive`], [`Engine::disconnect`], or [`Engine::mix`] when
//! [`Engine::due`] has come), then send what [`Engine::unsent`] has for each client, and drop those that are not
//! [`Engine::alive`] any more.

mod answer;
mod commands;
mod describe;
mod streams;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use playfield_core::frame::{CHANNELS, SAMPLE_RATE};
use pulseaudio::protocol::{
    self as pulse, ChannelVolume, Command, Props, SubscriptionEvent, SubscriptionEventFacility, SubscriptionEventType,
    SubscriptionMask,
};

use super::playback::{Event, Playback, linear};
use super::record::{Record, Source};
use super::wire::{Part, Reader};
use super::{BLOCK, BLOCK_US, Mix, SAMPLES, format};

/// Most clients at a time.
const MOST_CLIENTS: usize = 32;
/// Most streams that play, and most that record.
const MOST_PLAYBACK: usize = 32;
const MOST_RECORD: usize = 16;
/// Bytes for a client that may wait until it reads: beyond, it is let go of.
const MOST_UNSENT: usize = 2 * 1024 * 1024;
/// Beyond, recorded sound for it is left out.
const MOST_UNHEARD: usize = 256 * 1024;
/// Beyond, it is not listened to until it has read.
const MUCH_UNSENT: usize = 64 * 1024;
/// How far behind the clock a block may be made; what is later is skipped.
const LATEST: Duration = Duration::from_millis(100);
/// The sequence number of what is no answer.
const NO_ANSWER: u32 = u32::MAX;

/// What time it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// By a clock that never jumps.
    pub clock: Duration,
    /// By the wall, since 1970: clients compare it with their own.
    pub unix: Duration,
}

/// What was mixed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The first frame, counted from the start of the clock: where nothing is played, frames are missing.
    pub at: u64,
    /// Interleaved stereo.
    pub samples: [i16; SAMPLES],
}

#[derive(Default)]
struct Client {
    reader: Reader,
    out: Output,
    /// The version that both sides speak; none: it did not say hello yet.
    version: Option<u16>,
    props: Props,
    wants: SubscriptionMask,
    /// It is let go of.
    lost: bool,
}

/// Bytes that a client has to read.
#[derive(Default)]
struct Output {
    bytes: Vec<u8>,
    sent: usize,
}

impl Output {
    fn waiting(&self) -> &[u8] {
        &self.bytes[self.sent..]
    }
}

/// Volume of a sink or a source.
struct Device {
    volume: ChannelVolume,
    muted: bool,
}

impl Default for Device {
    fn default() -> Self {
        Device { volume: ChannelVolume::norm(CHANNELS as u8), muted: false }
    }
}

impl Device {
    fn gain(&self, side: usize) -> f32 {
        let volumes = self.volume.channels();
        let volume = volumes.get(side).or(volumes.first());
        if self.muted { 0.0 } else { volume.map_or(1.0, |volume| linear(*volume)) }
    }
}

/// The server's state.
pub struct Engine {
    clients: BTreeMap<u32, Client>,
    /// By index, which is their channel too.
    playback: BTreeMap<u32, Playback>,
    record: BTreeMap<u32, Record>,
    next: u32,
    sink: Device,
    monitor: Device,
    microphone: Device,
    due: Option<Duration>,
    /// When the last block will have been played, and the frame after it.
    end: Duration,
    at: u64,
    mix: Mix,
    events: Vec<Event>,
}

impl Default for Engine {
    fn default() -> Self {
        Engine {
            clients: BTreeMap::new(),
            playback: BTreeMap::new(),
            record: BTreeMap::new(),
            next: 0,
            sink: Device::default(),
            monitor: Device::default(),
            microphone: Device::default(),
            due: None,
            end: Duration::ZERO,
            at: 0,
            mix: [0.0; SAMPLES],
            events: Vec::new(),
        }
    }
}

impl Engine {
    /// Somebody connects. None: there are too many already.
    pub fn connect(&mut self) -> Option<u32> {
        if self.clients.len() == MOST_CLIENTS {
            return None;
        }
        let id = self.index();
        self.clients.insert(id, Client::default());
        Some(id)
    }

    /// A client is gone, with its streams.
    pub fn disconnect(&mut self, id: u32) {
        let Some(client) = self.clients.remove(&id) else { return };
        let owned = |of: u32| of == id;
        let inputs: Vec<u32> = self.playback.iter().filter(|(_, s)| owned(s.about.client)).map(|(at, _)| *at).collect();
        let outputs: Vec<u32> = self.record.iter().filter(|(_, s)| owned(s.about.client)).map(|(at, _)| *at).collect();
        self.playback.retain(|_, stream| stream.about.client != id);
        self.record.retain(|_, stream| stream.about.client != id);
        self.due = self.due.filter(|_| self.runs());
        inputs.into_iter().for_each(|at| self.removed(SubscriptionEventFacility::SinkInput, at));
        outputs.into_iter().for_each(|at| self.removed(SubscriptionEventFacility::SourceOutput, at));
        if client.version.is_some() {
            self.removed(SubscriptionEventFacility::Client, id);
        }
    }

    /// Whether this client is still to be served.
    pub fn alive(&self, id: u32) -> bool {
        self.clients.contains_key(&id)
    }

    /// Whether bytes of this client are wanted: not while it has much to read.
    pub fn listens_to(&self, id: u32) -> bool {
        self.clients.get(&id).is_some_and(|client| client.out.waiting().len() < MUCH_UNSENT)
    }

    /// What has to be sent to this client.
    pub fn unsent(&self, id: u32) -> &[u8] {
        self.clients.get(&id).map_or(&[], |client| client.out.waiting())
    }

    /// So many bytes of it were sent.
    pub fn sent(&mut self, id: u32, bytes: usize) {
        let Some(client) = self.clients.get_mut(&id) else { return };
        client.out.sent += bytes;
        if client.out.sent >= client.out.bytes.len() {
            client.out = Output { bytes: std::mem::take(&mut client.out.bytes), sent: 0 };
            client.out.bytes.clear();
            client.out.bytes.shrink_to(MUCH_UNSENT);
        } else if client.out.sent >= MUCH_UNSENT {
            client.out.bytes.drain(..client.out.sent);
            client.out.sent = 0;
        }
    }

    /// When the next block is to be mixed, by the clock. None: nothing plays or records.
    pub fn due(&self) -> Option<Duration> {
        self.due
    }

    /// Whether a stream records the microphone.
    pub fn records_microphone(&self) -> bool {
        self.record.values().any(|stream| stream.source == Source::Microphone && !stream.corked)
    }

    /// Bytes came from a client. One that does not keep to the protocol is let go of.
    pub fn receive(&mut self, id: u32, mut bytes: &[u8], now: Now) {
        let Some(client) = self.clients.get_mut(&id) else { return };
        let mut reader = std::mem::take(&mut client.reader);
        loop {
            match reader.next(&mut bytes) {
                Ok(None) => break,
                Ok(Some(Part::Command(payload))) => self.command(id, payload, now),
                Ok(Some(Part::Seek { channel, from, offset })) => {
                    if let Some(stream) = self.own_playback(id, channel) {
                        stream.seek(from, offset);
                    }
                }
                Ok(Some(Part::Sound { channel, bytes })) => self.write(id, channel, bytes),
                Err(error) => {
                    tracing::debug!(%error, "a program that makes sound does not keep to the protocol");
                    self.lose(id);
                }
            }
            if self.clients.get(&id).is_none_or(|client| client.lost) {
                break;
            }
        }
        if let Some(client) = self.clients.get_mut(&id) {
            client.reader = reader;
        }
        self.settle(now);
    }

    fn write(&mut self, id: u32, channel: u32, bytes: &[u8]) {
        let mut events = std::mem::take(&mut self.events);
        // Of a stream that was just deleted something may be on its way.
        if let Some(stream) = self.own_playback(id, channel) {
            stream.push(bytes, &mut events);
            events.extend(stream.request().map(Event::Request));
        }
        self.tell_stream(channel, &mut events);
        self.events = events;
    }

    /// Mixes a block, if one is due. `heard` is what the microphone has. None: it is silent.
    pub fn mix(&mut self, heard: &Mix, now: Now) -> Option<Block> {
        let due = self.due.filter(|due| *due <= now.clock)?;
        let skipped = now.clock - due > LATEST;
        let begin = if skipped { now.clock } else { due };
        if skipped || begin > self.end {
            self.at = self.at.max((begin.as_micros() * u128::from(SAMPLE_RATE) / 1_000_000) as u64);
        }
        let at = self.at;
        self.at += BLOCK as u64;
        self.end = begin + Duration::from_micros(BLOCK_US);
        self.due = Some(self.end);
        self.mix_streams(now);
        let mut mix = self.mix;
        scale(&mut mix, &self.sink);
        self.record_block(&mix, heard);
        self.settle(now);
        let mut samples = [0; SAMPLES];
        samples.iter_mut().zip(mix).for_each(|(to, from)| *to = format::to_i16(from));
        samples.iter().any(|sample| *sample != 0).then_some(Block { at, samples })
    }

    fn mix_streams(&mut self, now: Now) {
        self.mix.fill(0.0);
        let mut events = std::mem::take(&mut self.events);
        let running: Vec<u32> = self.playback.iter().filter(|(_, s)| s.runs()).map(|(index, _)| *index).collect();
        for index in running {
            if let Some(stream) = self.playback.get_mut(&index) {
                stream.mix(&mut self.mix, now.clock, &mut events);
            }
            self.tell_stream(index, &mut events);
        }
        self.events = events;
    }

    fn record_block(&mut self, played: &Mix, heard: &Mix) {
        let (mut played, mut heard) = (*played, *heard);
        scale(&mut played, &self.monitor);
        scale(&mut heard, &self.microphone);
        for (index, stream) in self.record.iter_mut().filter(|(_, stream)| !stream.corked) {
            stream.hear(match stream.source {
                Source::Monitor => &played,
                Source::Microphone => &heard,
            });
            let Some(client) = self.clients.get_mut(&stream.about.client) else { continue };
            stream.fragments(|part| {
                if client.out.waiting().len() < MOST_UNHEARD {
                    // Writing into memory does not fail.
                    let _ = pulse::write_memblock(&mut client.out.bytes, *index, part, 0);
                }
            });
        }
    }

    /// After anything happened: lets go of who is lost, and sets the clock.
    fn settle(&mut self, now: Now) {
        let lost: Vec<u32> = self.clients.iter().filter(|(_, client)| client.lost).map(|(id, _)| *id).collect();
        lost.into_iter().for_each(|id| self.disconnect(id));
        self.due = self.runs().then(|| self.due.unwrap_or(now.clock.max(self.end)));
    }

    fn runs(&self) -> bool {
        self.playback.values().any(Playback::runs) || self.record.values().any(|stream| !stream.corked)
    }

    fn lose(&mut self, id: u32) {
        if let Some(client) = self.clients.get_mut(&id) {
            client.lost = true;
        }
    }

    fn index(&mut self) -> u32 {
        // The last number means none.
        self.next = if self.next >= u32::MAX - 1 { 0 } else { self.next + 1 };
        let taken =
            |at: &u32| self.clients.contains_key(at) || self.playback.contains_key(at) || self.record.contains_key(at);
        while taken(&self.next) {
            self.next += 1;
        }
        self.next
    }

    fn own_playback(&mut self, id: u32, channel: u32) -> Option<&mut Playback> {
        self.playback.get_mut(&channel).filter(|stream| stream.about.client == id)
    }

    fn own_record(&mut self, id: u32, channel: u32) -> Option<&mut Record> {
        self.record.get_mut(&channel).filter(|stream| stream.about.client == id)
    }

    /// Sends what happened to a stream to its client.
    fn tell_stream(&mut self, channel: u32, events: &mut Vec<Event>) {
        let client = self.playback.get(&channel).map(|stream| stream.about.client);
        for event in events.drain(..) {
            let Some(id) = client else { continue };
            let command = match event {
                Event::Request(length) => Command::Request(pulse::Request { channel, length }),
                Event::Started => Command::Started(channel),
                Event::Underflow(offset) => Command::Underflow(pulse::Underflow { channel, offset }),
                Event::Overflow => Command::Overflow(channel),
                Event::Drained(seq) => {
                    self.ack(id, seq);
                    continue;
                }
            };
            self.send(id, &command);
        }
    }

    /// Tells everybody who wants to know.
    fn tell(&mut self, event_facility: SubscriptionEventFacility, event_type: SubscriptionEventType, index: u32) {
        let bit = SubscriptionMask::from_bits_truncate(1 << event_facility as u32);
        let event = Command::SubscribeEvent(SubscriptionEvent { event_facility, event_type, index: Some(index) });
        let who: Vec<u32> = self.clients.iter().filter(|(_, c)| c.wants.intersects(bit)).map(|(id, _)| *id).collect();
        who.into_iter().for_each(|id| self.send(id, &event));
    }

    fn added(&mut self, facility: SubscriptionEventFacility, index: u32) {
        self.tell(facility, SubscriptionEventType::New, index);
    }

    fn changed(&mut self, facility: SubscriptionEventFacility, index: u32) {
        self.tell(facility, SubscriptionEventType::Changed, index);
    }

    fn removed(&mut self, facility: SubscriptionEventFacility, index: u32) {
        self.tell(facility, SubscriptionEventType::Removed, index);
    }
}

fn scale(mix: &mut Mix, device: &Device) {
    let gains = [device.gain(0), device.gain(1)];
    if gains != [1.0, 1.0] {
        mix.iter_mut().enumerate().for_each(|(at, sample)| *sample *= gains[at % CHANNELS]);
    }
}
