//! The process of a camera: takes pictures, understands them, and forgets them.

use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use playfield_core::analytics::Counts;
use playfield_core::app::AppStatus;
use playfield_core::camera::{Camera, Health, Report, Seen};
use playfield_core::dataset::Found;
use playfield_core::frame::{Picture, PixelFormat};
use playfield_core::mask::{Mask, MaskConfig, Span};
use playfield_core::metadata::{Metadata, Object};
use playfield_core::time::Time;
use playfield_core::watchdog::Watchdog;

use super::app::{Desk, Made, ToDesk, Wants};
use super::beside::Beside;
use super::decode::Codecs;
use super::intake::Fed;
use super::pipeline::Pipeline;
use super::source::{self, NoPicture, Source};
use super::uploads::Uploads;
use super::words::{FromCamera, PICTURE, SHARED_LEN, ToCamera};
use crate::confine::confine;
use crate::model::Engine;
use crate::process::{Link, LinkError, Shared};
use crate::wasm::View;

/// How often figures are taken; how often of these times it says how it does though nobody looks, and where things were while
/// somebody does.
const FIGURES: Duration = Duration::from_secs(1);
const HEALTH_EVERY: u32 = 10;
const HEAT_EVERY: u32 = 5;
/// Things that are told of a picture that was asked for; more are left out.
const MOST_SAMPLED: usize = 500;
/// After a picture that could not be taken, the next one is tried so much later; where there is none yet, at least so much.
const AGAIN: Duration = Duration::from_millis(500);
const SOON: Duration = Duration::from_millis(5);

/// Serves the worker at the other end until it lets go.
pub fn run(socket: OwnedFd, codecs: Codecs) -> Result<(), String> {
    let mut link = Link::new(socket);
    let (ask, memory) = link.receive_with(None).map_err(|error| error.to_string())?;
    let (ToCamera::Open(opening), Some(memory)) = (ask, memory) else {
        return Err("the first message must be what to open".to_owned());
    };
    let mut rules = opening.rules.clone();
    let fed = if opening.fed { take_feed(&mut link)? } else { None };
    rules.keep.extend([link.fd(), memory.as_raw_fd()].into_iter().chain(fed.as_ref().map(AsRawFd::as_raw_fd)));
    let mut camera: Camera = serde_json::from_str(&opening.camera).map_err(|error| error.to_string())?;
    if let Err(why) = Engine::of(camera.onnxruntime.as_deref()).open_library() {
        let line = format!("ONNX Runtime cannot be used, so rten runs its model: {why}");
        link.send(&FromCamera::Log(line)).map_err(|error| error.to_string())?;
        camera.onnxruntime = None;
    }
    // From here on this is the process behind the fence.
    let opened = confine(&rules).map_err(|error| error.to_string()).and_then(|_| {
        let shared = Shared::open(memory, SHARED_LEN).map_err(|error| error.to_string())?;
        Host::open(&camera, fed.map(Fed::new), codecs, shared)
    });
    match opened {
        Ok(mut host) => {
            link.send(&FromCamera::Opened).map_err(|error| error.to_string())?;
            match host.serve(&mut link) {
                Err(LinkError::Closed) => Ok(()),
                other => other.map_err(|error| error.to_string()),
            }
        }
        Err(why) => link.send(&FromCamera::Failed(why)).map_err(|error| error.to_string()),
    }
}

/// The socket that coded pictures come by.
fn take_feed(link: &mut Link) -> Result<Option<OwnedFd>, String> {
    match link.receive_with(None).map_err(|error| error.to_string())? {
        (ToCamera::Fed, Some(socket)) => Ok(Some(socket)),
        _ => Err("the second message must be the way of its pictures".to_owned()),
    }
}

struct Host {
    source: Box<dyn Source>,
    /// Its source has no more pictures.
    over: bool,
    watchdog: Watchdog,
    /// Why there was no picture last.
    why: Option<String>,
    pipeline: Pipeline,
    /// A model that is compared with the camera's own.
    beside: Option<Beside>,
    app: Option<Desk>,
    /// What is to be said of an app that cannot be run.
    app_refused: Option<AppStatus>,
    began: Instant,
    shared: Shared,
    picture: Picture,
    /// Somebody may look.
    shown: bool,
    /// The picture before was not copied yet.
    showing: bool,
    /// The next picture is wanted, with what is found in it.
    sampled: bool,
    /// Somebody wants to know what is in each picture.
    live: bool,
    /// What its app uploads.
    uploads: Uploads,
    masks: Blinds,
    /// Figures taken.
    taken: u32,
    /// What it said that it counted.
    counted: Counts,
    health: Health,
    /// Number of the last picture, and how many there were when it was last said how it does.
    frame: u64,
    before: u64,
    report_at: Instant,
    retry_at: Option<Instant>,
}

impl Host {
    fn open(camera: &Camera, fed: Option<Fed>, codecs: Codecs, shared: Shared) -> Result<Host, String> {
        let pipeline = Pipeline::open(camera)?;
        let engine = Engine::of(camera.onnxruntime.as_deref());
        let (model, labels) = pipeline.finds();
        let (app, app_refused) = match Desk::open(camera, model.split(' ').next().unwrap_or_default(), &labels) {
            Ok(app) => (app, None),
            Err(refused) => (None, Some(refused)),
        };
        Ok(Host {
            beside: camera.shadow.as_deref().map(|folder| Beside::open(folder, &engine, &camera.desired.regions)),
            app,
            app_refused,
            began: Instant::now(),
            health: Health { model, labels, ..Health::default() },
            pipeline,
            source: source::open(camera, fed, codecs)?,
            over: false,
            watchdog: Watchdog::new(Time::default()),
            why: None,
            shared,
            picture: Picture::black(16, 16, PixelFormat::Rgba8),
            shown: false,
            showing: false,
            sampled: false,
            live: false,
            uploads: Uploads::new(unix_ms()),
            masks: Blinds::new(&camera.desired.masks)?,
            taken: 0,
            counted: Counts::default(),
            frame: 0,
            before: 0,
            report_at: Instant::now() + FIGURES,
            retry_at: None,
        })
    }

    fn serve(&mut self, link: &mut Link) -> Result<(), LinkError> {
        loop {
            let next = self.due().min(self.report_at);
            let (said, socket) = match link.receive_with(Some(next.saturating_duration_since(Instant::now()))) {
                Ok((said, socket)) => (Ok(said), socket),
                Err(error) => (Err(error), None),
            };
            match said {
                Ok(ToCamera::Show(shown)) => (self.shown, self.showing) = (shown, false),
                Ok(ToCamera::Taken) => self.showing = false,
                Ok(ToCamera::Sample) => self.sampled = true,
                Ok(ToCamera::Upload(ask)) => {
                    self.uploads.ask(self.time(Instant::now()), ask);
                    self.answer_upload(link)?;
                }
                Ok(ToCamera::Live(live)) => (self.live, self.taken) = (live, 0),
                Ok(ToCamera::App) => self.hand_to_app(socket.map(ToDesk::Process)),
                Ok(ToCamera::NoApp(why)) => self.hand_to_app(Some(ToDesk::NoProcess(why))),
                Ok(ToCamera::AppEnded(memory, words)) => self.hand_to_app(Some(ToDesk::Ended(memory, words))),
                Ok(ToCamera::Finish) => return Ok(()),
                Ok(ToCamera::Open(_) | ToCamera::Fed) => return Err(LinkError::Garbage),
                Err(LinkError::Late) => self.work(link)?,
                Err(error) => return Err(error),
            }
        }
    }

    fn work(&mut self, link: &mut Link) -> Result<(), LinkError> {
        let now = Instant::now();
        if now >= self.report_at {
            self.report_at = now + FIGURES;
            self.tell_figures(link)?;
            self.answer_upload(link)?;
        }
        self.watch(now, link)?;
        if self.over || now < self.due() {
            return Ok(());
        }
        self.retry_at = None;
        match self.source.take(&mut self.picture) {
            Ok(frame) => {
                self.watchdog.picture(self.time(now));
                self.why = None;
                self.masks.blacken(&mut self.picture);
                self.see(frame, link)
            }
            Err(NoPicture::Yet) => {
                let wait = if self.source.rests() { AGAIN } else { SOON };
                self.retry_at = Some(self.source.due().max(now + wait));
                Ok(())
            }
            Err(NoPicture::Bad(why)) => {
                self.retry_at = Some(now + AGAIN);
                self.why = Some(why.clone());
                self.trouble(why, link)
            }
            Err(NoPicture::Over(why)) => {
                self.over = true;
                self.trouble(why, link)
            }
        }
    }

    /// When the next picture is to be asked for.
    fn due(&self) -> Instant {
        match (self.over, self.retry_at) {
            (true, _) => self.report_at,
            (false, Some(at)) => at,
            (false, None) => self.source.due(),
        }
    }

    fn time(&self, now: Instant) -> Time {
        Time::from_micros(now.duration_since(self.began).as_micros() as u64)
    }

    /// Opens a source anew that has given no picture for too long.
    fn watch(&mut self, now: Instant, link: &mut Link) -> Result<(), LinkError> {
        let now = self.time(now);
        if self.source.rests() {
            self.watchdog = Watchdog::new(now);
            return Ok(());
        }
        let Some(stalled) = self.watchdog.poll(now).filter(|_| !self.over) else { return Ok(()) };
        let reopened = self.source.reopen();
        let why = reopened.err().or(self.why.clone()).map_or(String::new(), |why| format!("; it last said: {why}"));
        self.trouble(format!("{stalled}{why}"), link)
    }

    /// Says what is wrong, once.
    fn trouble(&mut self, trouble: String, link: &mut Link) -> Result<(), LinkError> {
        if self.health.trouble.as_ref() == Some(&trouble) {
            return Ok(());
        }
        link.send(&FromCamera::Log(trouble.clone()))?;
        self.health.trouble = Some(trouble);
        self.tell(link, &Report::Health(self.health.clone()))
    }

    fn see(&mut self, frame: u64, link: &mut Link) -> Result<(), LinkError> {
        self.health.dropped += frame.saturating_sub(self.frame + 1);
        self.health.pictures += 1;
        self.frame = frame;
        match self.pipeline.see_inferred(frame, unix_ms(), &self.picture, self.source.inferred()) {
            Ok(mut seen) => {
                self.health.trouble = None;
                self.tell_app(link)?;
                self.show_app(&seen);
                if let Some(beside) = &mut self.beside {
                    let own = (&*seen.metadata.objects, &*self.health.labels);
                    beside.look(Time::from_millis(seen.metadata.time_ms), &self.picture, own);
                }
                self.hand_over(&seen.metadata, link)?;
                if !self.live {
                    // What happened is told, and not what else was there.
                    seen.metadata = Metadata { frame, time_ms: seen.metadata.time_ms, ..Metadata::default() };
                }
                if self.live || !seen.events.is_empty() {
                    self.tell(link, &Report::Seen(seen))?;
                }
            }
            Err(trouble) => self.health.trouble = Some(trouble),
        }
        if self.shown && !self.showing && self.shared.write(PICTURE, &self.picture.pixels) {
            self.showing = true;
            link.send(&FromCamera::Picture(self.picture.width, self.picture.height))?;
        }
        Ok(())
    }

    /// Hands over the picture, if it was asked for.
    fn hand_over(&mut self, seen: &Metadata, link: &mut Link) -> Result<(), LinkError> {
        if !self.sampled || self.showing || !self.shared.write(PICTURE, &self.picture.pixels) {
            return Ok(());
        }
        (self.sampled, self.showing) = (false, true);
        let objects: Vec<Object> = seen.objects.iter().take(MOST_SAMPLED).cloned().collect();
        let found = Found { time_ms: seen.time_ms, objects, labels: self.health.labels.clone() };
        let found = serde_json::to_string(&found).map_err(|_| LinkError::Garbage)?;
        link.send(&FromCamera::Sample(self.picture.width, self.picture.height, found))
    }

    /// What its app made of an earlier picture.
    fn tell_app(&mut self, link: &mut Link) -> Result<(), LinkError> {
        let Some(made) = self.app.as_mut().and_then(Desk::take) else { return Ok(()) };
        let Made { reports, lines, wants, uploads } = made;
        self.uploads.take(self.time(Instant::now()), uploads);
        self.answer_upload(link)?;
        match wants {
            Some(Wants::Process(memory_mb)) => link.send(&FromCamera::StartApp(memory_mb))?,
            Some(Wants::End) => link.send(&FromCamera::EndApp)?,
            None => {}
        }
        reports.iter().try_for_each(|report| self.tell(link, report))?;
        lines.into_iter().try_for_each(|line| link.send(&FromCamera::Said(line)))
    }

    /// Answers who asked for what its app uploads, if it is time for that.
    fn answer_upload(&mut self, link: &mut Link) -> Result<(), LinkError> {
        match self.uploads.answer(self.time(Instant::now())) {
            Some(piece) => link.send(&FromCamera::Upload(piece)),
            None => Ok(()),
        }
    }

    /// What the worker says of the process of its app.
    fn hand_to_app(&mut self, what: Option<ToDesk>) {
        if let (Some(app), Some(what)) = (&mut self.app, what) {
            app.tell(what);
        }
    }

    fn show_app(&mut self, seen: &Seen) {
        let Host { app, pipeline, source, picture, began, uploads, .. } = self;
        let Some(app) = app else { return };
        let pixels = app.pixels.then_some(&*picture);
        let tensors = app.tensors;
        let now = Time::from_micros(began.elapsed().as_micros() as u64);
        let shown = app.show(|| View {
            now,
            uploads: uploads.terms(now),
            zones: pipeline.zones(seen),
            seen: seen.clone(),
            counts: pipeline.counts(),
            size: [picture.width, picture.height],
            picture: pixels.cloned(),
            tensors: if tensors { pipeline.tensors(source.inferred()) } else { None },
        });
        if shown {
            uploads.told();
        }
    }

    fn tell_figures(&mut self, link: &mut Link) -> Result<(), LinkError> {
        let stages = self.pipeline.stages();
        self.health.fps = (self.health.pictures - self.before) as f32 / FIGURES.as_secs_f32();
        self.before = self.health.pictures;
        self.health.size = [self.picture.width, self.picture.height];
        self.health.shadow = self.beside.as_ref().map(Beside::told);
        self.health.pipeline_us = stages.whole_us;
        self.health.inference_us = stages.inference_us;
        if let Some(refused) = self.app_refused.take() {
            self.tell(link, &Report::App(refused))?;
        }
        if self.live || self.taken.is_multiple_of(HEALTH_EVERY) {
            self.tell(link, &Report::Health(self.health.clone()))?;
        }
        if self.live
            && self.taken.is_multiple_of(HEAT_EVERY)
            && let Some(heat) = self.pipeline.heat().cloned()
        {
            self.tell(link, &Report::Heat(Box::new(heat)))?;
        }
        self.taken = self.taken.wrapping_add(1);
        let counts = self.pipeline.counts();
        if counts == self.counted {
            return Ok(());
        }
        self.counted = counts.clone();
        self.tell(link, &Report::Counts(Box::new(counts)))
    }

    fn tell(&mut self, link: &mut Link, report: &Report) -> Result<(), LinkError> {
        let json = serde_json::to_string(report).map_err(|_| LinkError::Garbage)?;
        self.health.bytes += json.len() as u64;
        link.send(&FromCamera::Report(json))
    }
}

/// Parts of the pictures that nobody may see.
struct Blinds {
    mask: Mask,
    size: (u16, u16),
    spans: Vec<Span>,
}

impl Blinds {
    fn new(masks: &[MaskConfig]) -> Result<Blinds, String> {
        let mask = Mask::new(masks).map_err(|error| error.to_string())?;
        Ok(Blinds { mask, size: (0, 0), spans: Vec::new() })
    }

    /// Blackens them.
    fn blacken(&mut self, picture: &mut Picture) {
        if self.mask.is_empty() {
            return;
        }
        if self.size != (picture.width, picture.height) {
            self.size = (picture.width, picture.height);
            self.spans = self.mask.spans(picture.width.into(), picture.height.into());
        }
        let (stride, pixel) = (picture.stride(), picture.format.bytes_per_pixel());
        for span in &self.spans {
            let row = span.row as usize * stride;
            picture.pixels[row + span.from as usize * pixel..row + span.to as usize * pixel].fill(0);
        }
    }
}

/// The device's clock.
fn unix_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
