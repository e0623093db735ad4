//! Saved states: files that a session writes and goes back to, and their small pictures.
//!
//! A guest thread only copies: what costs time (packing, scaling, files) is done by one thread beside it, which has room
//! for a few jobs and no more.
//!
//! ```text
//!   stage --(state, picture)--> shelf thread --> file                save
//!   network thread --(path)---> shelf thread --> state --> stage     load
//! ```
//!
//! A file is
//!
//! ```text
//!   0    MAGIC
//!   8    tick, u64
//!   16   length of the state, u64
//!   24   length of a name, u16, and the name: no two files are the same
//!   ...  the state, packed (zlib, RFC 1950)
//! ```

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use playfield_core::api::EndReason;
use playfield_core::bus::{MAX_STATE_PICTURE, Reply, StateFacts, StateRefusal};
use playfield_core::dataset::{Found, MOST_JPEG, Sample};
use playfield_core::frame::{Picture, PixelFormat};
use playfield_core::id::SessionId;
use playfield_media::encode::still;
use playfield_runtime::{Snapshot, replay};

use crate::outbox::{FromStage, Outbox};

/// Jobs that may wait; each holds a whole state.
const QUEUE: usize = 2;
const MAGIC: &[u8; 8] = b"PFKEPT01";
/// Largest state, unpacked.
const MOST: u64 = 1 << 30;
/// Largest small picture, in pixels.
const WIDTH: usize = 192;
const HEIGHT: usize = 144;

/// Something for the thread to do.
#[derive(Debug)]
pub(crate) enum Job {
    /// Write a state down.
    Write(Box<Taken>),
    /// Read one, for a session.
    Read { session: SessionId, from: PathBuf },
    /// Code a picture that is handed out.
    Code { session: SessionId, picture: Box<Picture>, found: Box<Found> },
}

/// A state that was just taken.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) session: SessionId,
    pub(crate) state: Snapshot,
    pub(crate) tick_hz: u16,
    pub(crate) picture: Picture,
    /// What the state is for besides the module.
    pub(crate) maker: String,
    pub(crate) to: PathBuf,
    /// Most bytes of the file.
    pub(crate) most: u64,
    /// Tells it from all others of the session.
    pub(crate) name: String,
}

/// The way to the thread, which ends when all of these are gone.
#[derive(Clone, Debug)]
pub(crate) struct Shelf(SyncSender<Job>);

impl Shelf {
    pub(crate) fn start(outbox: Outbox) -> io::Result<Shelf> {
        let (queue, jobs) = sync_channel(QUEUE);
        thread::Builder::new().name("states".to_owned()).spawn(move || work(&jobs, &outbox))?;
        Ok(Shelf(queue))
    }

    /// Takes a job, unless too many wait.
    pub(crate) fn take(&self, job: Job) -> Result<(), Refused> {
        self.0.try_send(job).map_err(|_| Refused::busy())
    }
}

/// Why a state was not saved, or not gone back to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refused {
    pub(crate) why: StateRefusal,
    pub(crate) detail: String,
}

impl Refused {
    pub(crate) fn new(why: StateRefusal, detail: impl Into<String>) -> Refused {
        Refused { why, detail: detail.into() }
    }

    pub(crate) fn busy() -> Refused {
        Refused::new(StateRefusal::Busy, "Another state is being saved or loaded; try again in a moment.")
    }
}

impl From<Refused> for Reply {
    fn from(Refused { why, detail }: Refused) -> Reply {
        Reply::StateRefused { why, detail }
    }
}

fn work(jobs: &Receiver<Job>, outbox: &Outbox) {
    for job in jobs {
        outbox.send(match job {
            Job::Write(taken) => {
                let saved = keep(&taken).map(|state| Reply::StateSaved { state: Box::new(state) });
                FromStage::StateDone { session: taken.session.clone(), reply: saved.unwrap_or_else(Reply::from) }
            }
            Job::Read { session, from } => match read(&from) {
                Ok(state) => FromStage::StateRead { session, state: Box::new(state) },
                Err(refused) => FromStage::StateDone { session, reply: refused.into() },
            },
            Job::Code { session, picture, found } => FromStage::Sampled { session, reply: coded(&picture, *found) },
        });
    }
}

fn coded(picture: &Picture, found: Found) -> Reply {
    match still::jpeg(picture, MOST_JPEG) {
        Some(jpeg) => {
            Reply::Sampled { sample: Box::new(Sample { jpeg, size: [picture.width, picture.height], found }) }
        }
        None => Reply::Refused {
            reason: EndReason::LimitReached,
            detail: format!("its picture takes more than {} KiB however coarse", MOST_JPEG >> 10),
        },
    }
}

/// Writes a state down: after an error nothing of it is left.
fn keep(taken: &Taken) -> Result<StateFacts, Refused> {
    let written = write(taken);
    if written.is_err() {
        // What cannot be removed either is removed by whoever named it.
        let _ = std::fs::remove_file(&taken.to);
    }
    written?;
    let Taken { state, tick_hz, maker, .. } = taken;
    let picture = small(&taken.picture);
    Ok(StateFacts { tick: state.tick, tick_hz: *tick_hz, maker: maker.clone(), picture })
}

fn write(taken: &Taken) -> Result<(), Refused> {
    let Taken { state, to, most, name, .. } = taken;
    if state.bytes.len() as u64 > MOST {
        return Err(too_large(*most));
    }
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::FileTooLarge => too_large(*most),
        _ => {
            tracing::error!(session = %taken.session, %error, "a state could not be written");
            Refused::new(StateRefusal::Impossible, "The state could not be written down; the server's log says why.")
        }
    };
    let file = Bounded { file: File::create(to).map_err(failed)?, left: *most };
    fill(file, state, name).map_err(failed)
}

fn fill(mut file: impl Write, state: &Snapshot, name: &str) -> io::Result<()> {
    let name = &name.as_bytes()[..name.len().min(255)];
    let mut head = MAGIC.to_vec();
    head.extend_from_slice(&state.tick.to_le_bytes());
    head.extend_from_slice(&(state.bytes.len() as u64).to_le_bytes());
    head.extend_from_slice(&(name.len() as u16).to_le_bytes());
    head.extend_from_slice(name);
    file.write_all(&head)?;
    let mut packer = ZlibEncoder::new(file, Compression::fast());
    packer.write_all(&state.bytes)?;
    packer.finish().map(drop)
}

fn too_large(most: u64) -> Refused {
    let detail = format!("This state is larger than the {} MiB that one may have on this server.", most >> 20);
    Refused::new(StateRefusal::TooLarge, detail)
}

/// A file that gets no longer than it may.
struct Bounded {
    file: File,
    left: u64,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() as u64 > self.left {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let written = self.file.write(bytes)?;
        self.left -= written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn read(from: &Path) -> Result<Snapshot, Refused> {
    File::open(from).and_then(unpack).map_err(|error| {
        tracing::error!(path = %from.display(), %error, "a saved state cannot be read");
        Refused::new(StateRefusal::Impossible, "This saved state is damaged and cannot be loaded.")
    })
}

/// Reads a state of any origin: no more is taken up than its head says, and that is bounded.
fn unpack(mut file: impl Read) -> io::Result<Snapshot> {
    let mut head = [0; 26];
    file.read_exact(&mut head)?;
    let number = |at: usize| u64::from_le_bytes(std::array::from_fn(|n| head[at + n]));
    let (tick, length, name) = (number(8), number(16), u16::from_le_bytes([head[24], head[25]]));
    if &head[..8] != MAGIC || length > MOST {
        return Err(io::ErrorKind::InvalidData.into());
    }
    io::copy(&mut file.by_ref().take(name.into()), &mut io::sink())?;
    let mut bytes = Vec::new();
    ZlibDecoder::new(file).take(length + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != length {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok(Snapshot { tick, bytes })
}

/// A picture made small, as a PNG: each pixel the mean of what it covers. None at all if it is too much even so.
fn small(picture: &Picture) -> Vec<u8> {
    let mut png = Vec::new();
    match replay::write_png(&scaled(picture), &mut png) {
        Ok(()) if png.len() <= MAX_STATE_PICTURE => png,
        _ => Vec::new(),
    }
}

fn scaled(picture: &Picture) -> Picture {
    let (width, height) = (usize::from(picture.width), usize::from(picture.height));
    let mut rgba = Vec::new();
    picture.to_rgba(&mut rgba);
    // The larger of the two ratios, so that both sides fit; never enlarged.
    let fit = |side: usize| {
        if width * HEIGHT > height * WIDTH {
            side * WIDTH / width.max(WIDTH)
        } else {
            side * HEIGHT / height.max(HEIGHT)
        }
    };
    let (to_width, to_height) = (fit(width).max(1), fit(height).max(1));
    let mut small = Picture::black(to_width as u16, to_height as u16, PixelFormat::Rgba8);
    for (y, row) in small.pixels.chunks_exact_mut(to_width * 4).enumerate() {
        let rows = covered(y, height, to_height);
        for (x, pixel) in row.chunks_exact_mut(4).enumerate() {
            let columns = covered(x, width, to_width);
            let (mut sum, area) = ([0u32; 3], (rows.len() * columns.len()) as u32);
            for from in rows.clone().flat_map(|y| columns.clone().map(move |x| (y * width + x) * 4)) {
                sum.iter_mut().zip(&rgba[from..]).for_each(|(sum, value)| *sum += u32::from(*value));
            }
            pixel[..3].iter_mut().zip(sum).for_each(|(value, sum)| *value = (sum / area) as u8);
        }
    }
    small
}

/// What of a side of `from` pixels the pixel `n` of `to` covers: at least one.
fn covered(n: usize, from: usize, to: usize) -> std::ops::Range<usize> {
    n * from / to..((n + 1) * from / to).max(n * from / to + 1)
}

#[cfg(test)]
mod tests;
