//! Pictures: what a page shows, what the probe says in them, and what replay says they should be.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use serde::{Deserialize, Deserializer, de::Error as _};

use crate::server::{folder, program, root};

/// A picture as RGBA8, row by row.
#[derive(Deserialize)]
pub struct Picture {
    pub width: usize,
    pub height: usize,
    /// As the browser counted it.
    #[serde(default)]
    pub sha256: String,
    #[serde(deserialize_with = "base64_bytes")]
    pub rgba: Vec<u8>,
}

/// What the probe shows, read from its picture; titles/probe/README.md has the places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The guest's number of this picture.
    pub tick: u32,
    /// How many presses it saw, modulo 256.
    pub presses: u32,
    /// The flip square.
    pub white: bool,
}

impl Picture {
    /// What the probe says; none: the picture is not a whole one of it.
    pub fn probe(&self) -> Option<Probe> {
        let row = |y: usize| (0..16).map(|i| self.is_white(16 + 8 * i + 4, y + 4)).collect::<Vec<_>>();
        let (high, low, check) = (row(8), row(16), row(24));
        let holds = (0..16).all(|i| check[i] == (high[i] == low[i]));
        let number = |bits: &mut dyn Iterator<Item = bool>| bits.fold(0, |number, bit| number << 1 | u32::from(bit));
        holds.then(|| Probe {
            tick: number(&mut high.iter().chain(&low).copied()),
            presses: number(&mut (0..8).map(|i| self.is_white(16 + 16 * i + 8, 124 + 4))),
            white: self.is_white(48 + 32, 48 + 32),
        })
    }

    /// Whether a place of the probe is white, in its units.
    fn is_white(&self, x: usize, y: usize) -> bool {
        let (unit, left, top) = if self.width == 160 { (1, 0, 0) } else { (2, 160, 20) };
        let at = ((top + y * unit) * self.width + left + x * unit) * 4;
        let [r, g, b] = [0, 1, 2].map(|i| u32::from(self.rgba[at + i]));
        299 * r + 587 * g + 114 * b >= 128_000
    }

    /// Peak signal to noise against another of the same size, in dB; identical ones are infinitely alike.
    pub fn psnr(&self, other: &Picture) -> f64 {
        assert_eq!((self.width, self.height), (other.width, other.height));
        let errors = self.rgba.iter().zip(&other.rgba).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2));
        10.0 * (255.0 * 255.0 / (errors.sum::<f64>() / self.rgba.len() as f64)).log10()
    }
}

/// What a title would show if nothing but these inputs had ever touched it: the judge of every picture.
pub struct Replay<'a> {
    title: &'a str,
    inputs: &'a str,
}

impl<'a> Replay<'a> {
    /// A title that nobody touches.
    pub fn untouched(title: &'a str) -> Replay<'a> {
        Replay { title, inputs: "" }
    }

    /// A title with an input log.
    pub fn of(title: &'a str, inputs: &'a str) -> Replay<'a> {
        Replay { title, inputs }
    }

    /// The SHA-256 of a picture.
    pub fn sha256(&self, frame: u32) -> String {
        let module = root().join(format!("titles/{0}/{0}.wasm", self.title));
        sha256(&module, self.inputs, frame)
    }

    /// A picture.
    pub fn picture(&self, frame: u32) -> Picture {
        picture(&root().join(format!("titles/{0}/{0}.wasm", self.title)), self.inputs, frame)
    }
}

/// A picture of any module.
pub fn picture(module: &Path, inputs: &str, frame: u32) -> Picture {
    let folder = folder();
    let png = folder.join("frame.png");
    replay(module, inputs, frame, &["--png", &frame.to_string(), "--out", png.to_str().unwrap()]);
    let picture = decode(&png);
    fs::remove_dir_all(folder).unwrap();
    picture
}

/// The SHA-256 of a picture of any module.
pub fn sha256(module: &Path, inputs: &str, frame: u32) -> String {
    let hashes = replay(module, inputs, frame, &["--hashes"]);
    let last = hashes.lines().last().unwrap();
    last.strip_prefix(&format!("{frame} ")).unwrap_or_else(|| panic!("{last} is not of frame {frame}")).to_owned()
}

fn replay(module: &Path, inputs: &str, frames: u32, args: &[&str]) -> String {
    let folder = folder();
    let log = folder.join("inputs.ndjson");
    fs::write(&log, inputs).unwrap();
    let output = Command::new(program())
        .arg("replay")
        .arg(module)
        .args([Path::new("--inputs"), &log])
        .args(["--frames", &frames.to_string()])
        .args(args)
        .output()
        .unwrap();
    fs::remove_dir_all(folder).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn decode(path: &Path) -> Picture {
    let mut decoder = png::Decoder::new(BufReader::new(File::open(path).unwrap()));
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::ALPHA);
    let mut reader = decoder.read_info().unwrap();
    let mut rgba = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut rgba).unwrap();
    assert_eq!((info.color_type, info.bit_depth), (png::ColorType::Rgba, png::BitDepth::Eight));
    Picture { width: info.width as usize, height: info.height as usize, sha256: String::new(), rgba }
}

fn base64_bytes<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(from)?;
    base64::engine::general_purpose::STANDARD.decode(text).map_err(D::Error::custom)
}
