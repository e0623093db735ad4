//! A program as a [`Guest`]: the worker's side.

use std::os::fd::AsFd;
use std::path::Path;
use std::time::{Duration, Instant};

use playfield_core::desk::{Cursor, MAX_CLIPBOARD};
use playfield_core::frame::{CHANNELS, Damage, Picture, PixelFormat, Rect};
use playfield_core::input::{MAX_RUMBLE_MS, PlayerInput, Rumble, TickInput};

use super::command::Size;
use super::words::{
    COPIED, CURSOR, CURSOR_SIDE, Cursor as Look, Ended, FromProgram, Opening, PASTED, Presented, SHARED_LEN, SOUND,
    SOUND_FRAMES, ToProgram, monotonic_us,
};
use crate::confine::resident;
use crate::process::{End, LinkError, Process, Shared, Watcher};
use crate::{Feed, Guest, GuestConfig, GuestError, GuestEvent, LogLevel, Snapshot, Tick, Wake};

/// How long it may take until the program is started; its own start is not part of that.
const STARTS: Duration = Duration::from_secs(15);
/// How long a process that let go of its end may take to end.
const ENDS: Duration = Duration::from_millis(500);
/// How often it is looked whether its processes take too much memory.
const LOOK: Duration = Duration::from_millis(500);

/// A program in a process tree of its own.
pub struct DesktopGuest {
    process: Process,
    shared: Shared,
    hz: u16,
    ticks: u64,
    picture: Picture,
    /// Bytes on their way from shared memory into the picture.
    rows: Vec<u8>,
    committed: Option<Instant>,
    audio: Vec<i16>,
    /// Where the sound that was taken out of the ring ends, in samples of one channel from the start.
    heard: u64,
    /// Samples that nothing was heard for before `audio`.
    silence: u64,
    events: Vec<GuestEvent>,
    told: TickInput,
    paused: bool,
    resizes: bool,
    /// The process has not taken up what was pasted before.
    pasting: bool,
    /// What is pasted next.
    paste: Option<String>,
    ended: Option<Ended>,
    memory_limit: u64,
    look_at: Instant,
    feed: Option<Feed>,
    watcher: Option<Watcher>,
}

impl DesktopGuest {
    /// Starts `program guest desktop`, and lets it start the program.
    pub fn open(program: &Path, opening: Opening, _config: &GuestConfig) -> Result<DesktopGuest, GuestError> {
        let failed =
            |error: &dyn std::fmt::Display| GuestError::BadModule(format!("its process does not start: {error}"));
        let shared = Shared::create(SHARED_LEN).map_err(|error| failed(&error))?;
        let mut process = Process::start(program, "desktop").map_err(|error| failed(&error))?;
        let Size { width, height } = opening.command.size.clamped();
        let (hz, memory_limit) = (opening.command.hz.clamp(1, 240), opening.rules.memory_limit);
        let resizes = opening.command.resize;
        let microphone = opening.command.microphone.then(Feed::pair).transpose().map_err(|error| failed(&error))?;
        let open = ToProgram::Open(Box::new(opening));
        process.link().send_with(&open, Some(shared.file())).map_err(|error| failed(&error))?;
        let mut feed = None;
        if let Some((ours, theirs)) = microphone {
            let sent = process.link().send_with(&ToProgram::Microphone, Some(theirs.as_fd()));
            sent.map_err(|error| failed(&error))?;
            feed = Some(ours);
        }
        let mut guest = DesktopGuest {
            process,
            shared,
            hz,
            ticks: 0,
            picture: Picture::black(width, height, PixelFormat::Rgba8),
            rows: Vec::new(),
            committed: None,
            audio: Vec::new(),
            heard: 0,
            silence: 0,
            events: Vec::new(),
            told: TickInput::default(),
            paused: false,
            resizes,
            pasting: false,
            paste: None,
            ended: None,
            memory_limit,
            look_at: Instant::now(),
            feed,
            watcher: None,
        };
        loop {
            match guest.process.link().receive(Some(STARTS)) {
                Ok(FromProgram::Opened) => return Ok(guest),
                Ok(FromProgram::Failed(why)) => return Err(GuestError::BadModule(why)),
                Ok(FromProgram::Log(line)) => guest.log(LogLevel::Warn, line),
                Ok(_) => {}
                Err(error) => return Err(guest.lost(&error, "starting")),
            }
        }
    }

    fn log(&mut self, level: LogLevel, line: String) {
        self.events.push(GuestEvent::Log { level, line });
    }

    /// Everything that its process said since the last call; what part of the picture it changed.
    fn hear(&mut self) -> Result<Damage, GuestError> {
        let mut damage = Damage::None;
        loop {
            match self.process.link().receive(Some(Duration::ZERO)) {
                Ok(FromProgram::Picture(presented)) => damage = self.take_picture(presented)?,
                Ok(FromProgram::Sound(at, frames)) => self.take_sound(at, frames),
                Ok(FromProgram::Rumble(player, strong, weak, ms)) => {
                    let rumble = Rumble { strong, weak, ms: ms.min(MAX_RUMBLE_MS) };
                    self.events.push(GuestEvent::Rumble { player, rumble });
                }
                Ok(FromProgram::Message(text)) => self.events.push(GuestEvent::Message(text)),
                Ok(FromProgram::Log(line)) => self.log(LogLevel::Warn, line),
                Ok(FromProgram::Ended(ended)) => self.ended = Some(ended),
                Ok(FromProgram::Cursor(look)) => self.take_cursor(look),
                Ok(FromProgram::Locked(wanted)) => self.events.push(GuestEvent::Lock(wanted)),
                Ok(FromProgram::Answers(answers)) => self.events.push(GuestEvent::Answers(answers)),
                Ok(FromProgram::Records(records)) => self.events.push(GuestEvent::Records(records)),
                Ok(FromProgram::Copied(bytes)) => self.take_copied(bytes),
                Ok(FromProgram::PasteTaken) => {
                    self.pasting = false;
                    self.paste_next();
                }
                Ok(FromProgram::Opened | FromProgram::Failed(_)) => {}
                Err(LinkError::Late) => return Ok(damage),
                Err(_) if self.ended.is_some() => return Ok(damage),
                Err(error) => return Err(self.lost(&error, "a picture")),
            }
        }
    }

    fn take_picture(&mut self, presented: Presented) -> Result<Damage, GuestError> {
        let size = presented.size.clamped();
        let area = presented.area().filter(|_| size == presented.size);
        let area = area.ok_or_else(|| GuestError::Trap("its process presents what is no picture".to_owned()))?;
        let whole = (self.picture.width, self.picture.height) == (size.width, size.height);
        if !whole {
            self.picture = Picture::black(size.width, size.height, PixelFormat::Rgba8);
        }
        let area = if whole { area } else { Rect { x: 0, y: 0, width: size.width, height: size.height } };
        let (stride, pixel) = (self.picture.stride(), PixelFormat::Rgba8.bytes_per_pixel());
        let (first, bytes) = (usize::from(area.x) * pixel, usize::from(area.width) * pixel);
        if bytes == stride {
            let rows = usize::from(area.y) * stride..usize::from(area.y + area.height) * stride;
            let at = rows.start;
            // The length of the shared memory was checked when it was made.
            let _ = self.shared.read(at, &mut self.picture.pixels[rows]);
        } else {
            for y in usize::from(area.y)..usize::from(area.y + area.height) {
                let at = y * stride + first;
                let _ = self.shared.read(at, &mut self.picture.pixels[at..at + bytes]);
            }
        }
        // If it is gone, that is noticed next.
        let _ = self.process.link().send(&ToProgram::Taken);
        let age = monotonic_us().saturating_sub(presented.committed_us);
        self.committed = Instant::now().checked_sub(Duration::from_micros(age));
        self.ticks += 1;
        Ok(if whole { Damage::Area(area) } else { Damage::All })
    }

    fn take_sound(&mut self, at: u64, frames: u32) {
        let frames = (frames as usize).min(SOUND_FRAMES);
        let gap = at.saturating_sub(self.heard);
        match self.audio.is_empty() {
            true => self.silence += gap,
            // Within one tick there is hardly any.
            false => self.audio.resize(self.audio.len() + (gap as usize).min(SOUND_FRAMES) * CHANNELS, 0),
        }
        self.rows.resize(frames * CHANNELS * 2, 0);
        let frame = CHANNELS * 2;
        let end = at.saturating_add(frames as u64);
        let at = (at % SOUND_FRAMES as u64) as usize;
        let first = frames.min(SOUND_FRAMES - at) * frame;
        let (head, tail) = self.rows.split_at_mut(first);
        if self.shared.read(SOUND + at * frame, head) && self.shared.read(SOUND, tail) {
            self.audio.extend(self.rows.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])));
        }
        self.heard = end;
    }

    fn take_cursor(&mut self, look: Look) {
        let cursor = match look {
            Look::Hidden => Cursor::hidden(),
            Look::Named(name) => Cursor::named(&name),
            Look::Image { size, hotspot } => {
                self.cursor_image(size, hotspot).unwrap_or_else(|| Cursor::named("default"))
            }
        };
        // Of several since the last time the newest is the one to be seen.
        self.events.retain(|event| !matches!(event, GuestEvent::Cursor(_)));
        self.events.push(GuestEvent::Cursor(cursor));
    }

    fn cursor_image(&mut self, (width, height): (u16, u16), (x, y): (i16, i16)) -> Option<Cursor> {
        let side = 1..=CURSOR_SIDE;
        if !side.contains(&width) || !side.contains(&height) {
            return None;
        }
        self.rows.resize(usize::from(width) * usize::from(height) * 4, 0);
        let mut png = Vec::new();
        let mut encoder = png::Encoder::new(&mut png, width.into(), height.into());
        encoder.set_color(png::ColorType::Rgba);
        if !self.shared.read(CURSOR, &mut self.rows) {
            return None;
        }
        let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&self.rows));
        let place = |at: i16, side: u16| at.unsigned_abs().min(side - 1);
        written.ok().map(|()| Cursor::image(&png, place(x.max(0), width), place(y.max(0), height)))
    }

    fn take_copied(&mut self, bytes: u32) {
        let mut text = vec![0; (bytes as usize).min(MAX_CLIPBOARD)];
        if self.shared.read(COPIED, &mut text) {
            self.events.retain(|event| !matches!(event, GuestEvent::Copied(_)));
            // What is no UTF-8 in it is shown as such; that may take more room.
            let mut text = String::from_utf8_lossy(&text).into_owned();
            text.truncate(text.floor_char_boundary(MAX_CLIPBOARD));
            self.events.push(GuestEvent::Copied(text));
        }
        // If it is gone, that is noticed next.
        let _ = self.process.link().send(&ToProgram::CopyTaken);
    }

    fn paste_next(&mut self) {
        let Some(text) = self.paste.take_if(|_| !self.pasting) else { return };
        let bytes = &text.as_bytes()[..text.floor_char_boundary(MAX_CLIPBOARD)];
        if self.shared.write(PASTED, bytes) {
            // If it is gone, that is noticed at the next tick.
            self.pasting = self.process.link().send(&ToProgram::Paste(bytes.len() as u32)).is_ok();
        }
    }

    fn lines(&mut self) {
        self.process.lines(|line| {
            self.events.push(GuestEvent::Log { level: LogLevel::Info, line: line.to_owned() });
        });
    }

    fn watch_memory(&mut self) -> Result<(), GuestError> {
        let now = Instant::now();
        if now < self.look_at {
            return Ok(());
        }
        self.look_at = now + LOOK;
        match resident(self.process.id()) {
            Some(bytes) if bytes > self.memory_limit => {
                Err(GuestError::OutOfMemory { limit_mb: self.memory_limit >> 20 })
            }
            _ => Ok(()),
        }
    }

    /// Why nothing comes any more.
    fn lost(&mut self, error: &LinkError, what: &'static str) -> GuestError {
        match error {
            LinkError::Late => GuestError::Hung(what),
            LinkError::Closed => {
                let words = self.process.end(ENDS).map_or_else(|| "hung".to_owned(), |end| end.words());
                self.crashed(&format!("its process {words}"))
            }
            error => GuestError::Trap(format!("its process cannot be spoken to: {error}")),
        }
    }

    fn crashed(&mut self, what: &str) -> GuestError {
        let said = self.process.last_words();
        if !said.is_empty() {
            tracing::warn!("a program has ended: {what}; it last said: {said}");
            self.events.push(GuestEvent::LastWords(said));
        }
        GuestError::Trap(what.to_owned())
    }
}

impl Guest for DesktopGuest {
    fn tick_hz(&self) -> u16 {
        self.hz
    }

    fn runs_free(&self) -> bool {
        true
    }

    fn wake_by(&mut self, wake: Wake) {
        match Watcher::start(self.process.link().socket(), wake) {
            Ok(watcher) => self.watcher = Some(watcher),
            Err(error) => self.log(LogLevel::Error, format!("a program's pictures are not noticed: {error}")),
        }
    }

    fn pause(&mut self, paused: bool) {
        if std::mem::replace(&mut self.paused, paused) != paused {
            // If it is gone, that is noticed at the next tick.
            let _ = self.process.link().send(&ToProgram::Pause(paused));
        }
    }

    fn tick(&mut self, input: &TickInput) -> Result<Tick, GuestError> {
        // What moves is said again, though it moves by the same.
        if self.told != *input || input.players.iter().any(moves) {
            self.told.clone_from(input);
            match self.process.link().send(&ToProgram::Input(input.clone())) {
                // What it said last is heard first.
                Ok(()) | Err(LinkError::Closed) => {}
                Err(error) => return Err(self.lost(&error, "input")),
            }
        }
        self.audio.clear();
        self.silence = 0;
        let damage = self.hear()?;
        self.lines();
        self.watch_memory()?;
        match self.ended.clone() {
            Some(Ended::Exit(0)) => Ok(Tick { damage, exited: true }),
            Some(Ended::Exit(code)) => {
                self.crashed(&format!("it ended by itself with exit code {code}"));
                Err(GuestError::Exit(code))
            }
            Some(Ended::Signal(signal)) => Err(self.crashed(&format!("it {}", End::Signal(signal).words()))),
            None => Ok(Tick { damage, exited: false }),
        }
    }

    fn tick_count(&self) -> u64 {
        self.ticks
    }

    fn picture(&self) -> &Picture {
        &self.picture
    }

    fn made(&self) -> Option<Instant> {
        self.committed
    }

    fn audio(&self) -> &[i16] {
        &self.audio
    }

    fn silence(&self) -> u64 {
        self.silence
    }

    fn take_events(&mut self, into: &mut Vec<GuestEvent>) {
        into.append(&mut self.events);
    }

    fn resize(&mut self, width: u16, height: u16) {
        if self.resizes {
            // If it is gone, that is noticed at the next tick.
            let _ = self.process.link().send(&ToProgram::Resize(Size { width, height }));
        }
    }

    fn paste(&mut self, text: &str) {
        self.paste = Some(text.to_owned());
        self.paste_next();
    }

    fn take_feed(&mut self) -> Option<Feed> {
        self.feed.take()
    }

    fn finish(&mut self) {
        // If it is gone, it is finished.
        let _ = self.process.link().send(&ToProgram::Finish);
    }

    fn snapshots(&self) -> Result<(), GuestError> {
        Err(GuestError::NoSnapshot("it is a program of its own, whose state nobody can take".to_owned()))
    }

    fn snapshot(&mut self, _into: &mut Snapshot) -> Result<(), GuestError> {
        self.snapshots()
    }

    fn restore(&mut self, _from: &Snapshot) -> Result<(), GuestError> {
        self.snapshots()
    }
}

/// Whether some of what a player does counts anew each time it is said.
fn moves(player: &PlayerInput) -> bool {
    let pointer = player.pointer;
    (pointer.dx, pointer.dy, pointer.wheel_x, pointer.wheel_y) != (0, 0, 0, 0) || !player.text.is_empty()
}
