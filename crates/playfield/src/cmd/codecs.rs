//! The decoders of cameras: those of the room of codecs, as the room of guests wants them.

use std::fs::File;
use std::io::BufReader;

use playfield_core::camera::Coding;
use playfield_core::frame::Picture;
use playfield_media::convert::I420;
use playfield_media::decode::{self, H264Decoder};
use playfield_media::film;
use playfield_runtime::camera::{Codecs, Decode, Film, Reel};

/// Bytes of a video file that are read at a time.
const CHUNK: usize = 256 * 1024;

/// All there are.
pub const CODECS: Codecs = Codecs { decoder, film: open };

fn decoder(coding: Coding) -> Result<Box<dyn Decode>, String> {
    match coding {
        Coding::Jpeg => Ok(Box::new(Jpeg)),
        Coding::Png => Ok(Box::new(Png)),
        Coding::H264 => {
            let decoder = H264Decoder::new().map_err(|error| error.to_string())?;
            Ok(Box::new(H264 { decoder, planes: I420::new() }))
        }
        Coding::H265 => {
            Err("its video is H.265, which there is no decoder for here; set the camera to H.264".to_owned())
        }
    }
}

fn open(file: File) -> Result<Box<dyn Film>, String> {
    let film = film::Film::open(BufReader::with_capacity(CHUNK, file)).map_err(|error| error.to_string())?;
    Ok(Box::new(Cinema(film)))
}

struct Jpeg;

impl Decode for Jpeg {
    fn decode(&mut self, unit: &[u8], into: &mut Picture) -> Result<bool, String> {
        decode::jpeg(unit, into).map(|()| true).map_err(|error| error.to_string())
    }
}

struct Png;

impl Decode for Png {
    fn decode(&mut self, unit: &[u8], into: &mut Picture) -> Result<bool, String> {
        decode::png(unit, into).map(|()| true).map_err(|error| error.to_string())
    }
}

struct H264 {
    decoder: H264Decoder,
    planes: I420,
}

impl Decode for H264 {
    fn decode(&mut self, unit: &[u8], into: &mut Picture) -> Result<bool, String> {
        let new = self.decoder.decode(unit, &mut self.planes).map_err(|error| error.to_string())?;
        if new {
            decode::shown(&self.planes, into);
        }
        Ok(new)
    }
}

struct Cinema(film::Film<BufReader<File>>);

impl Film for Cinema {
    fn coding(&self) -> Coding {
        self.0.coding()
    }

    fn next(&mut self, unit: &mut Vec<u8>) -> Result<Reel, String> {
        match self.0.next(unit).map_err(|error| error.to_string())? {
            Some(film::FilmUnit { at: Some(at) }) => Ok(Reel::At(at)),
            Some(film::FilmUnit { at: None }) => Ok(Reel::Timeless),
            None => Ok(Reel::Over),
        }
    }

    fn rewind(&mut self) -> Result<(), String> {
        self.0.rewind().map_err(|error| error.to_string())
    }
}
