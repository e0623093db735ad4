//! A video file, at its own speed.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use playfield_core::frame::Picture;

use super::{Beat, NoPicture, Source, Tape, called};
use crate::camera::decode::{Codecs, Decode, Film, Reel};

/// Longest that is decoded at once.
const AT_ONCE: Duration = Duration::from_millis(500);

/// A video file that is played.
pub(super) struct Played {
    path: PathBuf,
    once: bool,
    codecs: Codecs,
    beat: Beat,
    film: Box<dyn Film>,
    decoder: Box<dyn Decode>,
    tape: Tape,
    count: u64,
    /// The coded picture whose time has not come, and its time.
    unit: Vec<u8>,
    ahead: Option<Reel>,
}

impl Played {
    pub fn open(path: &Path, once: bool, hz: u16, codecs: Codecs) -> Result<Played, String> {
        let (film, decoder) = parts(path, codecs)?;
        Ok(Played {
            path: path.to_owned(),
            once,
            codecs,
            beat: Beat::new(hz),
            film,
            decoder,
            tape: Tape::start(),
            count: 0,
            unit: Vec::new(),
            ahead: None,
        })
    }

    fn bad(&self, why: &str) -> String {
        format!("`{}`: {why}", called(&self.path))
    }

    /// Decodes all whose time has come, and says whether there was any.
    fn play(&mut self, into: &mut Picture) -> Result<bool, NoPicture> {
        let (since, mut seen, mut trouble) = (Instant::now(), false, None);
        loop {
            let next = match self.ahead.take() {
                Some(next) => next,
                None => self.film.next(&mut self.unit).map_err(|why| NoPicture::Bad(self.bad(&why)))?,
            };
            match next {
                Reel::Over => {
                    self.ahead = Some(Reel::Over);
                    break;
                }
                Reel::At(at) if !self.tape.has_come(at) => {
                    self.ahead = Some(next);
                    break;
                }
                Reel::At(_) | Reel::Timeless => {}
            }
            match self.decoder.decode(&self.unit, into) {
                Ok(new) => seen |= new,
                Err(why) => trouble = Some(why),
            }
            if next == Reel::Timeless || since.elapsed() > AT_ONCE {
                break;
            }
        }
        match trouble {
            Some(why) if !seen => Err(NoPicture::Bad(self.bad(&why))),
            _ => Ok(seen),
        }
    }
}

impl Source for Played {
    fn due(&self) -> Instant {
        match self.ahead {
            Some(Reel::At(at)) => self.beat.next.max(self.tape.due(at)),
            _ => self.beat.next,
        }
    }

    fn take(&mut self, into: &mut Picture) -> Result<u64, NoPicture> {
        self.beat.take();
        if self.ahead == Some(Reel::Over) {
            if self.once {
                return Err(NoPicture::Over(self.bad("it was played to its end")));
            }
            self.ahead = None;
            self.tape = Tape::start();
            let rewound = self.film.rewind();
            if let Err(why) = rewound {
                return Err(NoPicture::Bad(self.bad(&why)));
            }
        }
        if !self.play(into)? {
            return Err(NoPicture::Yet);
        }
        self.count += 1;
        Ok(self.count)
    }

    fn reopen(&mut self) -> Result<(), String> {
        (self.film, self.decoder) = parts(&self.path, self.codecs)?;
        (self.ahead, self.tape) = (None, Tape::start());
        Ok(())
    }
}

/// A film, and what decodes it.
type Parts = (Box<dyn Film>, Box<dyn Decode>);

fn parts(path: &Path, codecs: Codecs) -> Result<Parts, String> {
    let bad = |why: &dyn std::fmt::Display| format!("`{}`: {why}", called(path));
    let film = (codecs.film)(File::open(path).map_err(|error| bad(&error))?).map_err(|why| bad(&why))?;
    let decoder = (codecs.decoder)(film.coding()).map_err(|why| bad(&why))?;
    Ok((film, decoder))
}
