//! Coded pictures that a worker takes from the network, decoded as they come. The newest one is looked at.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use playfield_core::camera::Coding;
use playfield_core::frame::{Picture, PixelFormat};

use super::{Beat, NoPicture, Source};
use crate::camera::decode::{Codecs, Decode};
use crate::camera::intake::{Came, Fed};

/// How often its thread looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(200);

/// What is fed.
pub(super) struct Network {
    fed: Fed,
    codecs: Codecs,
    beat: Beat,
    eater: Eater,
    count: u64,
}

/// The newest picture, or why there is none.
struct Slot {
    fresh: bool,
    picture: Picture,
    trouble: Option<String>,
    /// Nobody sends any.
    rests: bool,
}

/// The thread that decodes. It lasts as long as this.
struct Eater {
    slot: Arc<Mutex<Slot>>,
    unwanted: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Network {
    pub fn open(fed: Fed, hz: u16, codecs: Codecs) -> Result<Network, String> {
        let eater = Eater::start(&fed, codecs)?;
        Ok(Network { fed, codecs, beat: Beat::new(hz), eater, count: 0 })
    }
}

impl Source for Network {
    fn due(&self) -> Instant {
        self.beat.next
    }

    fn take(&mut self, into: &mut Picture) -> Result<u64, NoPicture> {
        let mut slot = open(&self.eater.slot);
        if !std::mem::take(&mut slot.fresh) {
            return Err(slot.trouble.take().map_or(NoPicture::Yet, NoPicture::Bad));
        }
        std::mem::swap(&mut slot.picture, into);
        drop(slot);
        self.beat.take();
        self.count += 1;
        Ok(self.count)
    }

    fn rests(&self) -> bool {
        open(&self.eater.slot).rests
    }

    fn reopen(&mut self) -> Result<(), String> {
        // The one before ends first: two would share what comes.
        self.eater.end();
        self.eater = Eater::start(&self.fed, self.codecs)?;
        self.fed.ask_again();
        Ok(())
    }
}

impl Eater {
    fn start(fed: &Fed, codecs: Codecs) -> Result<Eater, String> {
        let mut fed = fed.another().map_err(|error| format!("its feed cannot be opened: {error}"))?;
        let picture = Picture::black(16, 16, PixelFormat::Rgba8);
        let slot = Arc::new(Mutex::new(Slot { fresh: false, picture: picture.clone(), trouble: None, rests: false }));
        let unwanted = Arc::new(AtomicBool::new(false));
        let (into, end) = (Arc::clone(&slot), Arc::clone(&unwanted));
        let eat = move || eat(&mut fed, codecs, &into, &end, picture);
        let thread = std::thread::Builder::new().name("camera-feed".to_owned()).spawn(eat);
        let thread = thread.map_err(|error| format!("its feed cannot be read: {error}"))?;
        Ok(Eater { slot, unwanted, thread: Some(thread) })
    }

    fn end(&mut self) {
        self.unwanted.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // One that panicked has ended, too.
            let _ = thread.join();
        }
    }
}

impl Drop for Eater {
    fn drop(&mut self) {
        self.end();
    }
}

fn open(slot: &Mutex<Slot>) -> MutexGuard<'_, Slot> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

fn eat(fed: &mut Fed, codecs: Codecs, slot: &Mutex<Slot>, unwanted: &AtomicBool, mut picture: Picture) {
    let mut decoder: Option<(Coding, Box<dyn Decode>)> = None;
    while !unwanted.load(Ordering::Relaxed) {
        let (rests, trouble) = match fed.next(LOOK) {
            Came::Nothing => continue,
            // The camera's process ends by itself then.
            Came::Gone => return,
            Came::Trouble(why) => (false, why),
            Came::Rest(why) => (true, why),
            Came::Unit(coding, unit) => match decode(&mut decoder, codecs, coding, unit, &mut picture) {
                Ok(true) => {
                    let mut slot = open(slot);
                    std::mem::swap(&mut slot.picture, &mut picture);
                    (slot.fresh, slot.trouble, slot.rests) = (true, None, false);
                    continue;
                }
                Ok(false) => continue,
                Err(why) => (false, why),
            },
        };
        let mut slot = open(slot);
        (slot.trouble, slot.rests) = (Some(trouble), rests);
    }
}

fn decode(
    decoder: &mut Option<(Coding, Box<dyn Decode>)>,
    codecs: Codecs,
    coding: Coding,
    unit: &[u8],
    picture: &mut Picture,
) -> Result<bool, String> {
    let known = decoder.take().filter(|(its, _)| *its == coding);
    let (_, decoder) = match known {
        Some(known) => decoder.insert(known),
        None => decoder.insert((coding, (codecs.decoder)(coding)?)),
    };
    decoder.decode(unit, picture)
}
