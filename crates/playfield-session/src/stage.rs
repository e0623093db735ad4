//! A session on its guest thread: take input, make the picture, code it for each viewer.

mod samples;
mod states;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use playfield_core::api::EndReason;
use playfield_core::bus::SessionSpec;
use playfield_core::codec::{Codec, H264Library};
use playfield_core::frame::{CHANNELS, Damage, SAMPLE_RATE};
use playfield_core::id::SessionId;
use playfield_core::input::{MAX_PLAYERS, Rumble, TickInput};
use playfield_core::manifest::Kind;
use playfield_core::pace::Pacer;
use playfield_core::receipt::Stamps;
use playfield_core::time::Time;
use playfield_media::audio::{AudioError, OpusConfig, OpusEncoder, PACKET_FRAMES};
use playfield_media::encode::Library;
use playfield_runtime::{Guest, GuestError, GuestEvent, Tick};
use playfield_transport::Outgoing;

use crate::Clock;
use crate::checkpoint::Keeper;
use crate::inbox::{Command, Inbox, InputStamp};
use crate::outbox::{FromStage, Outbox};
use crate::pool::{Job, Next, Waker};
use crate::states::Shelf;
use crate::viewer::{Frozen, Source, Viewer, rtp_at};

/// How often viewers of a guest that rests get what they lack of its picture.
const RESTING: Duration = Duration::from_millis(100);
/// How soon a guest that runs free gets what of an input was left over: a press shorter than that is let go of then.
const UNFOLDS: Duration = Duration::from_millis(4);

/// A session on its guest thread.
pub(crate) struct Stage {
    session: SessionId,
    inbox: Arc<Inbox>,
    outbox: Outbox,
    clock: Clock,
    guest: Hosted,
    /// The guest is another process.
    apart: bool,
    /// It is a camera.
    camera: bool,
    /// What its pictures are to be, where they are video.
    codec: Codec,
    h264: H264Library,
    pacer: Pacer,
    running: bool,
    viewers: Vec<Viewer>,
    commands: VecDeque<Command>,
    input: TickInput,
    stamps: [Option<InputStamp>; MAX_PLAYERS],
    free: Free,
    frozen: Frozen,
    sound: Sound,
    events: Vec<GuestEvent>,
    rumbles: Rumbles,
    keeper: Keeper,
    shelf: Shelf,
    /// What is added to the guest's ticks: to viewers they go on, also where the guest went back.
    shift: u64,
    /// It went back: the next picture has nothing to do with the one before.
    went_back: bool,
}

/// What a session with a guest that runs free knows besides.
#[derive(Default)]
struct Free {
    /// Wakes the session.
    waker: Option<Waker>,
    /// Inputs that were passed on, and when: a picture presented after that may show them.
    passed: [Option<(InputStamp, Time)>; MAX_PLAYERS],
    /// When viewers last got a picture, or what they lacked of one.
    shown: Time,
}

/// Opens the guest.
pub(crate) type Opener = Box<dyn FnOnce(&SessionSpec) -> Result<Box<dyn Guest>, GuestError> + Send>;

enum Hosted {
    Wanted(Box<SessionSpec>, Opener),
    Open(Box<dyn Guest>),
    Gone,
}

impl Stage {
    pub(crate) fn new(
        spec: SessionSpec,
        open: Opener,
        inbox: Arc<Inbox>,
        outbox: Outbox,
        (keeper, shelf): (Keeper, Shelf),
        clock: Clock,
        h264: H264Library,
    ) -> Stage {
        let mut codec = spec.kind.codec();
        if !Library::of(codec, h264).built_in() {
            tracing::warn!(session = %spec.id, "this playfield was built without AV1 (`--features svt-av1`): H.264 is sent");
            codec = Codec::H264;
        }
        Stage {
            session: spec.id.clone(),
            apart: spec.kind != Kind::Wasm,
            camera: matches!(spec.kind, Kind::Camera { .. }),
            codec,
            h264,
            inbox,
            outbox,
            clock,
            guest: Hosted::Wanted(Box::new(spec), open),
            pacer: Pacer::new(Time::ZERO, 60),
            running: false,
            viewers: Vec::new(),
            commands: VecDeque::new(),
            input: TickInput::default(),
            stamps: Default::default(),
            free: Free::default(),
            frozen: Frozen::default(),
            sound: Sound::default(),
            events: Vec::new(),
            rumbles: Rumbles::default(),
            keeper,
            shelf,
            shift: 0,
            went_back: false,
        }
    }

    fn open(&mut self) {
        let Hosted::Wanted(spec, open) = std::mem::replace(&mut self.guest, Hosted::Gone) else { return };
        match open(&spec).and_then(|guest| self.resumed(guest, spec.resume)) {
            Ok(mut guest) => {
                if let (true, Some(waker)) = (guest.runs_free(), self.free.waker.clone()) {
                    guest.wake_by(Arc::new(move || waker.wake()));
                }
                self.pacer = Pacer::new(self.clock.now(), guest.tick_hz());
                let (session, tick_hz) = (self.session.clone(), guest.tick_hz());
                let (feed, intake) = (guest.take_feed(), guest.take_intake());
                let cannot_save = guest.snapshots().err().map(|error| sentence(&error.to_string()));
                self.guest = Hosted::Open(guest);
                self.outbox.send(FromStage::Opened { session, tick_hz, feed, intake, cannot_save });
            }
            Err(error) => self.end(&error),
        }
    }

    /// The guest, where a lost worker's was if it is to go on from there.
    fn resumed(&mut self, mut guest: Box<dyn Guest>, resume: bool) -> Result<Box<dyn Guest>, GuestError> {
        if resume {
            self.keeper.resume(guest.as_mut())?;
        }
        Ok(guest)
    }

    fn end(&mut self, error: &GuestError) {
        self.guest = Hosted::Gone;
        let (reason, words) = (reason_of(error), if self.camera { of_camera(error) } else { error.to_string() });
        let detail = Some(sentence(&words));
        self.outbox.send(FromStage::Ended { session: self.session.clone(), reason, detail });
    }

    /// Does what the network thread left to do; false once the guest is to be let go.
    fn obey(&mut self) -> bool {
        let mut commands = std::mem::take(&mut self.commands);
        self.inbox.open().take(&mut commands);
        let go_on = commands.drain(..).all(|command| self.obey_one(command));
        self.commands = commands;
        go_on
    }

    fn obey_one(&mut self, command: Command) -> bool {
        match command {
            Command::Attach { connection, slot, video, ways, .. } => {
                self.viewers.push(Viewer::new(connection, slot, video, ways));
            }
            Command::Seat { connection, slot } => {
                // What was pressed in another seat is shown by no picture of this one.
                self.with(connection, |viewer| (viewer.slot, viewer.input) = (slot, None));
            }
            Command::Detach { connection } => self.viewers.retain(|viewer| viewer.connection != connection),
            Command::Run(running) => {
                if running && !self.running {
                    self.pacer.resume(self.clock.now());
                }
                self.running = running;
            }
            Command::Live(live) => {
                if let Hosted::Open(guest) = &mut self.guest {
                    guest.set_live(live);
                }
            }
            Command::Sample => self.sample(),
            Command::Upload(ask) => self.upload(ask),
            Command::Delay(slots) => self.pacer.delay(slots),
            Command::Close => return false,
            Command::Ack { connection, ack, at } => self.with(connection, |viewer| viewer.handle_ack(at, ack)),
            Command::Shown { connection, rtp } => self.with(connection, |viewer| viewer.shown(rtp)),
            Command::Keyframe { connection } => {
                let now = self.clock.now();
                self.with(connection, |viewer| viewer.want_keyframe(now));
            }
            Command::Video { connection, mode, carrier } => {
                self.with(connection, |viewer| viewer.set_video(mode, carrier));
            }
            Command::Visible { connection, visible } => self.with(connection, |viewer| viewer.set_visible(visible)),
            Command::Choose { key, value, .. } => {
                if let Hosted::Open(guest) = &mut self.guest {
                    guest.choose(&key, &value);
                }
            }
            Command::Resize { width, height, .. } => {
                if let Hosted::Open(guest) = &mut self.guest {
                    guest.resize(width, height);
                }
            }
            Command::Paste { text, .. } => {
                if let Hosted::Open(guest) = &mut self.guest {
                    guest.paste(&text);
                }
            }
            Command::Estimate { connection, bps } => self.estimate(connection, bps),
            Command::Save(to) => self.save(to),
            Command::Load(state) => self.load(&state),
        }
        true
    }

    fn with(&mut self, connection: playfield_transport::ConnectionId, change: impl FnOnce(&mut Viewer)) {
        if let Some(viewer) = self.viewers.iter_mut().find(|viewer| viewer.connection == connection) {
            change(viewer);
        }
    }

    fn estimate(&mut self, connection: playfield_transport::ConnectionId, bps: u64) {
        let mut desired = None;
        self.with(connection, |viewer| desired = viewer.set_estimate(bps));
        if let Some(desired) = desired {
            self.outbox.offer(FromStage::Hint { connection, hint: Outgoing::Desired(desired) });
        }
    }

    fn latch(&mut self, now: Time, width: u16, height: u16) {
        let mut inbox = self.inbox.open();
        for (seat, player) in inbox.seats.iter_mut().zip(&mut self.input.players) {
            seat.latch(now, width, height, player);
        }
        self.stamps = std::mem::take(&mut inbox.stamps);
    }

    /// Makes the next picture.
    fn tick(&mut self) -> Next {
        let Hosted::Open(mut guest) = std::mem::replace(&mut self.guest, Hosted::Gone) else { return Next::Done };
        let latched = self.clock.now();
        if self.pacer.began(latched) > Duration::from_micros(1_000_000 / u64::from(guest.tick_hz())) {
            self.inbox.counts.late.fetch_add(1, Ordering::Relaxed);
            self.outbox.offer(FromStage::Late);
        }
        let (width, height) = (guest.picture().width, guest.picture().height);
        self.latch(latched, width, height);
        let Some(mut tick) = self.ask(guest.as_mut()) else { return Next::Done };
        if std::mem::take(&mut self.went_back) {
            tick.damage = Damage::All;
        }
        self.inbox.counts.ticks.fetch_add(1, Ordering::Relaxed);
        if tick.damage != Damage::None {
            self.inbox.counts.pictures.fetch_add(1, Ordering::Relaxed);
            self.frozen.forget();
        }
        self.tell_events(guest.as_mut());
        if guest.tick_hz() != self.pacer.hz() {
            self.pacer = Pacer::new(self.clock.now(), guest.tick_hz());
            self.outbox.send(FromStage::Paced { session: self.session.clone(), tick_hz: guest.tick_hz() });
        }
        let done = self.clock.now();
        self.show(guest.as_ref(), tick.damage, latched, done);
        let frames = tick_frames(guest.tick_count().wrapping_add(self.shift), guest.tick_hz());
        self.sound.send(guest.audio(), frames, &self.viewers, &self.outbox);
        if tick.exited {
            return self.exited(guest.as_mut());
        }
        self.keeper.ticked(guest.as_mut(), self.clock, &self.outbox);
        self.guest = Hosted::Open(guest);
        Next::At(self.pacer.deadline())
    }

    /// Lets the guest take the input that was latched; none: it failed, and the session has ended.
    fn ask(&mut self, guest: &mut dyn Guest) -> Option<Tick> {
        match guest.tick(&self.input) {
            Ok(tick) => Some(tick),
            Err(error) => {
                self.tell_events(guest);
                self.end(&error);
                None
            }
        }
    }

    /// The guest has ended by itself.
    fn exited(&mut self, guest: &mut dyn Guest) -> Next {
        guest.finish();
        self.tell_events(guest);
        let (session, reason) = (self.session.clone(), EndReason::ApplicationExit);
        self.outbox.send(FromStage::Ended { session, reason, detail: None });
        Next::Done
    }

    /// Passes input on to a guest that runs free, and shows what it made since.
    fn pass(&mut self) -> Next {
        let Hosted::Open(mut guest) = std::mem::replace(&mut self.guest, Hosted::Gone) else { return Next::Done };
        let now = self.clock.now();
        let before = self.input.clone();
        self.latch(now, guest.picture().width, guest.picture().height);
        for (passed, stamp) in self.free.passed.iter_mut().zip(self.stamps) {
            *passed = passed.or(stamp.map(|stamp| (stamp, now)));
        }
        guest.pause(!self.running && self.viewers.is_empty());
        let Some(tick) = self.ask(guest.as_mut()) else { return Next::Done };
        self.tell_events(guest.as_mut());
        let now = self.clock.now();
        if tick.damage != Damage::None {
            self.inbox.counts.ticks.fetch_add(1, Ordering::Relaxed);
            self.inbox.counts.pictures.fetch_add(1, Ordering::Relaxed);
            self.frozen.forget();
            let made = guest.made().map_or(now, |made| self.clock.at(made));
            let latched = self.take_passed(made);
            self.show(guest.as_ref(), tick.damage, latched, made);
            self.free.shown = now;
        } else if guest.tick_count() > 0
            && (now.since(self.free.shown) >= RESTING || self.due().is_some_and(|due| due <= now))
        {
            self.show(guest.as_ref(), Damage::None, now, now);
            self.free.shown = now;
        }
        self.sound.rest(guest.silence());
        self.sound.send(guest.audio(), 0, &self.viewers, &self.outbox);
        if tick.exited {
            return self.exited(guest.as_mut());
        }
        let alone = guest.patience();
        self.guest = Hosted::Open(guest);
        // Who says nothing lets go after a while, which is noticed here.
        let wait = if before != self.input { UNFOLDS } else { RESTING };
        match self.viewers.is_empty() {
            true => alone.map_or(Next::Park, |alone| Next::At(now + alone)),
            false => Next::At(self.due().map_or(now + wait, |due| due.max(now).min(now + wait))),
        }
    }

    /// When some viewer is to get the picture that is there now, which was left out for it.
    fn due(&self) -> Option<Time> {
        self.viewers.iter().filter_map(Viewer::due).min()
    }

    /// Inputs that a picture presented then may show, and when the first of them was passed on.
    fn take_passed(&mut self, made: Time) -> Time {
        let mut first = made;
        for (stamp, passed) in self.stamps.iter_mut().zip(&mut self.free.passed) {
            let shown = passed.take_if(|(_, at)| *at <= made);
            *stamp = shown.map(|(stamp, _)| stamp);
            first = shown.map_or(first, |(_, at)| first.min(at));
        }
        first
    }

    /// Nobody plays: what is there now is kept, however long that lasts. Who watches sees it stand still.
    fn rest(&mut self) -> Next {
        let Hosted::Open(mut guest) = std::mem::replace(&mut self.guest, Hosted::Gone) else { return Next::Done };
        let unsaved = self.keeper.rests(guest.as_mut(), self.clock, &self.outbox);
        let now = self.clock.now();
        if guest.tick_count() > 0 {
            let damage = if std::mem::take(&mut self.went_back) { Damage::All } else { Damage::None };
            if damage == Damage::All {
                self.frozen.forget();
            }
            self.show(guest.as_ref(), damage, now, now);
        }
        self.guest = Hosted::Open(guest);
        let watched = (!self.viewers.is_empty()).then_some(RESTING);
        unsaved.into_iter().chain(watched).min().map_or(Next::Park, |wait| Next::At(now + wait))
    }

    fn tell_events(&mut self, guest: &mut dyn Guest) {
        guest.take_events(&mut self.events);
        for event in self.events.drain(..) {
            match event {
                GuestEvent::Stored { key, value } => self.keeper.stored(key, value),
                GuestEvent::Rumble { player, rumble } => self.rumbles.tell(&self.session, player, rumble, &self.outbox),
                GuestEvent::Sample(sample) => samples::code(*sample, &self.session, &self.shelf, &self.outbox),
                GuestEvent::Upload(piece) => samples::hand_over(piece, &self.session, &self.outbox),
                event => self.outbox.send(FromStage::Said { session: self.session.clone(), event }),
            }
        }
    }

    fn show(&mut self, guest: &dyn Guest, damage: Damage, latched: Time, done: Time) {
        let picture = guest.picture();
        let viewers = self.viewers.iter().filter(|viewer| !viewer.hidden).count() as u32;
        for viewer in self.viewers.iter_mut().filter(|viewer| !viewer.hidden) {
            let now = self.clock.now();
            // An input whose picture could not go out waits for the next one, and the receipt says so. One that changed nothing
            // to be seen is shown by no picture. A viewer that came back has another clock.
            let input = viewer.slot.and_then(|slot| self.stamps[usize::from(slot)]);
            let input = input.filter(|stamp| damage != Damage::None && stamp.connection == viewer.connection);
            viewer.input = viewer.input.or(input);
            let (tick, tick_hz) = (guest.tick_count().wrapping_add(self.shift), guest.tick_hz());
            // Pictures of a guest that keeps its own time come when they come.
            let rtp =
                if guest.runs_free() { rtp_at(done.as_micros(), 1_000_000) } else { rtp_at(tick, tick_hz.into()) };
            let source = Source {
                picture,
                damage,
                tick,
                tick_hz,
                rtp,
                now,
                free: guest.runs_free(),
                viewers,
                codec: self.codec,
                h264: self.h264,
                clock: self.clock,
            };
            let coded = viewer.code(&source, &mut self.frozen);
            if let Some(message) = viewer.news(picture, guest.aspect()) {
                self.outbox.send(FromStage::Tell { connection: viewer.connection, message });
            }
            if let Some(message) = viewer.news_of_quality() {
                self.outbox.send(FromStage::Tell { connection: viewer.connection, message });
            }
            let Some(coded) = coded else { continue };
            if coded.rest {
                let (connection, packets) = (viewer.connection, coded.packets);
                self.outbox.offer(FromStage::Rest { connection, packets });
                continue;
            }
            let input = viewer.input.take();
            let stamps = Stamps {
                tick: tick as u32,
                rtp: coded.rtp,
                input: input.map(|stamp| stamp.input),
                latched,
                guest: done,
                // What was done for other viewers meanwhile is counted as conversion: this viewer waited for it.
                converted: coded.converted,
                encoded: coded.encoded,
                sent: coded.encoded,
            };
            let video = coded.rtp.is_some();
            let picture = FromStage::Picture { connection: viewer.connection, packets: coded.packets, stamps };
            if !self.outbox.offer(picture) && video {
                // The chain of deltas is broken; only a key picture mends it.
                viewer.lost_picture();
            }
        }
    }
}

impl Drop for Stage {
    /// Everything it said is in the queue before this.
    fn drop(&mut self) {
        if let Hosted::Open(mut guest) = std::mem::replace(&mut self.guest, Hosted::Gone) {
            guest.finish();
            self.tell_events(guest.as_mut());
        }
        self.keeper.ended(&self.outbox);
        self.outbox.send(FromStage::Gone { session: self.session.clone() });
    }
}

impl Job for Stage {
    fn panicked(&mut self) {
        self.guest = Hosted::Gone;
        let (session, reason) = (self.session.clone(), EndReason::InternalError);
        self.outbox.send(FromStage::Ended { session, reason, detail: None });
    }

    fn meet(&mut self, waker: Waker) {
        self.free.waker = Some(waker);
    }

    fn waits(&self) -> bool {
        self.apart
    }

    fn run(&mut self, _now: Time) -> Next {
        if matches!(self.guest, Hosted::Wanted(..)) {
            self.open();
        }
        if !self.obey() || matches!(self.guest, Hosted::Gone) {
            return Next::Done;
        }
        if matches!(&self.guest, Hosted::Open(guest) if guest.runs_free()) {
            return self.pass();
        }
        if !self.running {
            return self.rest();
        }
        if self.pacer.deadline() > self.clock.now() {
            return Next::At(self.pacer.deadline());
        }
        self.tick()
    }
}

/// Which pads shake. A title that says at every tick that one is still is not repeated.
#[derive(Default)]
struct Rumbles([bool; MAX_PLAYERS]);

impl Rumbles {
    fn tell(&mut self, session: &SessionId, player: u8, rumble: Rumble, outbox: &Outbox) {
        let Some(shakes) = self.0.get_mut(usize::from(player)) else { return };
        if *shakes || !rumble.is_still() {
            // Worthless late, like a picture; it ends by itself.
            outbox.offer(FromStage::Rumble { session: session.clone(), player, rumble });
        }
        *shakes = !rumble.is_still();
    }

    /// All of them are still: what shook them is not there any more.
    fn still(&mut self, session: &SessionId, outbox: &Outbox) {
        for player in 0..MAX_PLAYERS as u8 {
            self.tell(session, player, Rumble::default(), outbox);
        }
    }
}

/// The guest's sound on its way to the viewers: coded once for all.
#[derive(Default)]
struct Sound {
    encoder: Option<OpusEncoder>,
    failed: bool,
    silence: Vec<i16>,
    packet: Vec<u8>,
    /// Where the next packet begins, if no silence comes between.
    next: Option<u64>,
}

impl Sound {
    /// Nothing is heard for so many samples of one channel.
    fn rest(&mut self, frames: u64) {
        if let Some(encoder) = self.encoder.as_mut().filter(|_| frames > 0) {
            encoder.rest(frames);
        }
    }

    /// Takes the sound of a tick; `frames` is how long the tick is, for one without sound.
    fn send(&mut self, samples: &[i16], frames: usize, viewers: &[Viewer], outbox: &Outbox) {
        if self.failed || (samples.is_empty() && self.encoder.is_none()) {
            return;
        }
        if let Err(error) = self.try_send(samples, frames, viewers, outbox) {
            tracing::error!(%error, "this session has no sound from now on");
            self.failed = true;
        }
    }

    fn try_send(
        &mut self,
        samples: &[i16],
        frames: usize,
        viewers: &[Viewer],
        outbox: &Outbox,
    ) -> Result<(), AudioError> {
        let mut encoder = self.encoder.take().map_or_else(|| OpusEncoder::new(OpusConfig::default()), Ok)?;
        if samples.is_empty() {
            self.silence.resize(frames * CHANNELS, 0);
            encoder.push(&self.silence);
        } else {
            encoder.push(samples);
        }
        self.packet.clear();
        while let Some(coded) = encoder.poll(&mut self.packet)? {
            let talkspurt = self.next.replace(coded.position + PACKET_FRAMES as u64) != Some(coded.position);
            let data = self.packet.as_slice().into();
            let packet = Outgoing::Sound { data, position: coded.position, talkspurt };
            let connections = viewers.iter().map(|viewer| viewer.connection).collect();
            outbox.offer(FromStage::Sound { connections, packet });
            self.packet.clear();
        }
        self.encoder = Some(encoder);
        Ok(())
    }
}

/// Samples of one channel that make up tick `n` (from 1).
fn tick_frames(n: u64, hz: u16) -> usize {
    let until = |n: u64| n * u64::from(SAMPLE_RATE) / u64::from(hz.max(1));
    (until(n) - until(n.saturating_sub(1))) as usize
}

fn reason_of(error: &GuestError) -> EndReason {
    match error {
        GuestError::BadModule(_) => EndReason::BadModule,
        GuestError::Trap(_) => EndReason::GuestTrap,
        GuestError::Exit(_) => EndReason::ApplicationExit,
        GuestError::Hung(_) => EndReason::GuestHung,
        GuestError::OutOfMemory { .. } => EndReason::OutOfMemory,
        GuestError::NoSnapshot(_) => EndReason::InternalError,
    }
}

/// What became of a camera, whose model and source are no title.
fn of_camera(error: &GuestError) -> String {
    match error {
        GuestError::BadModule(why) => format!("it cannot work: {why}"),
        GuestError::Trap(why) => format!("it crashed: {why}"),
        GuestError::Hung(what) => format!("it did not finish {what} in time and was stopped"),
        GuestError::OutOfMemory { limit_mb } => {
            format!("it needs more than its {limit_mb} MiB of memory: give it a smaller model, or fewer regions")
        }
        other => other.to_string(),
    }
}

/// What is said, as a sentence for a person.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first: String = chars.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}.", chars.as_str().trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_camera_nothing_is_said_that_only_titles_have() {
        let errors = [
            GuestError::BadModule("an operator is not known".to_owned()),
            GuestError::Trap("its process crashed".to_owned()),
            GuestError::Hung("a picture"),
            GuestError::OutOfMemory { limit_mb: 512 },
        ];
        let said = errors.map(|error| sentence(&of_camera(&error)));
        assert!(said.iter().all(|words| words.starts_with("It ") && words.ends_with('.')), "{said:?}");
        assert!(!said.iter().any(|words| words.contains("title") || words.contains("module")), "{said:?}");
        assert!(said[3].contains("more than its 512 MiB"), "{said:?}");
    }
}
