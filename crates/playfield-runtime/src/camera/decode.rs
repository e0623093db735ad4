//! What makes pictures of what a source hands over: handed in by the program, since codecs live in a room of their own.

use std::fs::File;
use std::time::Duration;

use playfield_core::camera::Coding;
use playfield_core::frame::Picture;

/// Decodes pictures of one coding, in the order they were coded.
pub trait Decode: Send {
    /// Decodes a coded picture; returns whether `into` holds a new one: RGBA8, of a size that a [`Picture`] may have. An error is a
    /// sentence, and the next picture may be decoded all the same.
    fn decode(&mut self, unit: &[u8], into: &mut Picture) -> Result<bool, String>;
}

/// A video file, read coded picture by coded picture.
pub trait Film: Send {
    /// How its pictures are coded.
    fn coding(&self) -> Coding;

    /// Reads the next coded picture into `unit`.
    fn next(&mut self, unit: &mut Vec<u8>) -> Result<Reel, String>;

    /// Goes back to its beginning.
    fn rewind(&mut self) -> Result<(), String>;
}

/// What a [`Film`] has next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reel {
    /// A coded picture, to be shown so long after the beginning.
    At(Duration),
    /// A coded picture of a film that has no times.
    Timeless,
    /// No more.
    Over,
}

/// How a camera's process comes by decoders.
#[derive(Clone, Copy, Debug)]
pub struct Codecs {
    /// A decoder. An error is a sentence: there is none for that coding.
    pub decoder: fn(Coding) -> Result<Box<dyn Decode>, String>,
    /// A video file. An error is a sentence: it is none that can be played.
    pub film: fn(File) -> Result<Box<dyn Film>, String>,
}

#[cfg(test)]
pub(super) mod fake {
    //! Codecs of tests: a coded picture is a width, a height and a grey, a byte each; a film is such pictures, a tenth of a second each.

    use std::io::Read;

    use playfield_core::frame::PixelFormat;

    use super::*;

    pub const CODECS: Codecs = Codecs { decoder: |_| Ok(Box::new(Grey)), film: |file| Ok(Box::new(Greys::read(file))) };

    struct Grey;

    impl Decode for Grey {
        fn decode(&mut self, unit: &[u8], into: &mut Picture) -> Result<bool, String> {
            let [width, height, grey] = *unit else { return Err("it is damaged".to_owned()) };
            *into = Picture::black(width.into(), height.into(), PixelFormat::Rgba8);
            into.pixels.fill(grey);
            Ok(true)
        }
    }

    struct Greys(Vec<u8>, usize);

    impl Greys {
        fn read(mut file: File) -> Greys {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            Greys(bytes, 0)
        }
    }

    impl Film for Greys {
        fn coding(&self) -> Coding {
            Coding::Jpeg
        }

        fn next(&mut self, unit: &mut Vec<u8>) -> Result<Reel, String> {
            unit.clear();
            let Some(coded) = self.0.chunks(3).nth(self.1) else { return Ok(Reel::Over) };
            unit.extend_from_slice(coded);
            self.1 += 1;
            Ok(Reel::At(Duration::from_millis(self.1 as u64 * 100 - 100)))
        }

        fn rewind(&mut self) -> Result<(), String> {
            self.1 = 0;
            Ok(())
        }
    }
}
