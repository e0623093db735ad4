//! The pictures of a folder, in the order of their names.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Instant;

use playfield_core::camera::Coding;
use playfield_core::frame::Picture;

use super::{Beat, NoPicture, Source, called};
use crate::camera::decode::{Codecs, Decode};

/// Most pictures of a folder, and largest file of one, in bytes.
const MOST: usize = 100_000;
const MOST_BYTES: u64 = 32 << 20;

/// The pictures of a folder.
pub(super) struct Folder {
    path: PathBuf,
    once: bool,
    beat: Beat,
    jpeg: Box<dyn Decode>,
    png: Box<dyn Decode>,
    names: Vec<PathBuf>,
    next: usize,
    count: u64,
    coded: Vec<u8>,
}

impl Folder {
    pub fn open(path: &Path, once: bool, hz: u16, codecs: Codecs) -> Result<Folder, String> {
        let mut folder = Folder {
            path: path.to_owned(),
            once,
            beat: Beat::new(hz),
            jpeg: (codecs.decoder)(Coding::Jpeg)?,
            png: (codecs.decoder)(Coding::Png)?,
            names: Vec::new(),
            next: 0,
            count: 0,
            coded: Vec::new(),
        };
        folder.list()?;
        Ok(folder)
    }

    /// Looks what is there now.
    fn list(&mut self) -> Result<(), String> {
        let unread = |error: std::io::Error| format!("the folder `{}` cannot be read: {error}", called(&self.path));
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.path).map_err(unread)? {
            let name = PathBuf::from(entry.map_err(unread)?.file_name());
            if coding(&name).is_some() {
                names.push(name);
            }
            if names.len() > MOST {
                return Err(format!("the folder `{}` has more than {MOST} pictures", called(&self.path)));
            }
        }
        if names.is_empty() {
            return Err(format!("the folder `{}` has no pictures: no `.jpg`, `.jpeg` or `.png`", called(&self.path)));
        }
        names.sort();
        (self.names, self.next) = (names, 0);
        Ok(())
    }

    fn read(&mut self, name: &Path, into: &mut Picture) -> Result<(), String> {
        let bad = |why: &dyn std::fmt::Display| format!("`{}` is not to be seen: {why}", called(name));
        self.coded.clear();
        let file = File::open(self.path.join(name)).map_err(|error| bad(&error))?;
        file.take(MOST_BYTES + 1).read_to_end(&mut self.coded).map_err(|error| bad(&error))?;
        if self.coded.len() as u64 > MOST_BYTES {
            return Err(bad(&"it is larger than 32 MiB"));
        }
        let decoder = if coding(name) == Some(Coding::Png) { &mut self.png } else { &mut self.jpeg };
        decoder.decode(&self.coded, into).map(drop).map_err(|why| bad(&why))
    }
}

impl Source for Folder {
    fn due(&self) -> Instant {
        self.beat.next
    }

    fn take(&mut self, into: &mut Picture) -> Result<u64, NoPicture> {
        self.beat.take();
        if self.next == self.names.len() {
            if self.once {
                return Err(NoPicture::Over("all pictures of its folder were seen".to_owned()));
            }
            self.list().map_err(NoPicture::Bad)?;
        }
        let name = self.names[self.next].clone();
        self.next += 1;
        self.read(&name, into).map_err(NoPicture::Bad)?;
        self.count += 1;
        Ok(self.count)
    }

    fn reopen(&mut self) -> Result<(), String> {
        self.list()
    }
}

fn coding(name: &Path) -> Option<Coding> {
    let ending = name.extension()?.to_ascii_lowercase();
    match ending.to_str()? {
        "jpg" | "jpeg" => Some(Coding::Jpeg),
        "png" => Some(Coding::Png),
        _ => None,
    }
}
