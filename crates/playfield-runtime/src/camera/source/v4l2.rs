//! A camera of this machine, by Video4Linux: Motion JPEG or YUYV into mapped buffers. Untested on a device: only its structures and
//! what is made of its bytes are.

#[allow(unsafe_code, reason = "the kernel's own interface, and memory that a driver writes to")]
mod ffi;

use std::path::{Path, PathBuf};
use std::time::Instant;

use playfield_core::camera::Coding;
use playfield_core::frame::{MAX_HEIGHT, MAX_WIDTH, Picture, PixelFormat};

use super::{Beat, NoPicture, Source, called};
use crate::camera::decode::{Codecs, Decode};
use ffi::{Device, PixFormat};

const MJPG: u32 = u32::from_le_bytes(*b"MJPG");
const YUYV: u32 = u32::from_le_bytes(*b"YUYV");
/// What is asked for: Motion JPEG first, since USB 2 carries more of it.
const WANTED: [(u32, u32, u32); 2] = [(MJPG, 1280, 720), (YUYV, 640, 480)];
/// Buffers of the driver.
const BUFFERS: u32 = 4;

/// A camera of this machine.
pub(super) struct Camera {
    path: PathBuf,
    hz: u16,
    beat: Beat,
    device: Device,
    format: PixFormat,
    jpeg: Box<dyn Decode>,
    newest: Vec<u8>,
    count: u64,
}

impl Camera {
    pub fn open(path: &Path, hz: u16, codecs: Codecs) -> Result<Camera, String> {
        let (device, format) = start(path, hz)?;
        let jpeg = (codecs.decoder)(Coding::Jpeg)?;
        let beat = Beat::new(hz);
        Ok(Camera { path: path.to_owned(), hz, beat, device, format, jpeg, newest: Vec::new(), count: 0 })
    }
}

impl Source for Camera {
    fn due(&self) -> Instant {
        self.beat.next
    }

    fn take(&mut self, into: &mut Picture) -> Result<u64, NoPicture> {
        let bad = |path: &Path, why: &dyn std::fmt::Display| NoPicture::Bad(format!("`{}`: {why}", called(path)));
        let (device, newest) = (&mut self.device, &mut self.newest);
        newest.clear();
        // The newest of those that wait; as many as there are buffers do.
        for _ in 0..BUFFERS {
            let came = device.take(|bytes| {
                newest.clear();
                newest.extend_from_slice(bytes);
            });
            if !came.map_err(|error| bad(&self.path, &error))? {
                break;
            }
        }
        if newest.is_empty() {
            return Err(NoPicture::Yet);
        }
        self.beat.take();
        let seen = match self.format.pixelformat {
            MJPG => self.jpeg.decode(newest, into),
            _ => yuyv(newest, &self.format, into).map(|()| true).ok_or_else(|| "a picture is cut short".to_owned()),
        };
        seen.map_err(|why| bad(&self.path, &why))?;
        self.count += 1;
        Ok(self.count)
    }

    fn reopen(&mut self) -> Result<(), String> {
        (self.device, self.format) = start(&self.path, self.hz)?;
        Ok(())
    }
}

fn start(path: &Path, hz: u16) -> Result<(Device, PixFormat), String> {
    let bad = |why: &dyn std::fmt::Display| format!("`{}`: {why}", called(path));
    let mut device = Device::open(path).map_err(|error| bad(&error))?;
    let format = negotiate(|wanted| device.set_format(wanted).map_err(|error| error.to_string()));
    let format = format.map_err(|why| bad(&why))?;
    // One that has another rate is looked at as often as it is wanted all the same.
    let _ = device.set_rate(hz.into());
    device.start(BUFFERS).map_err(|error| bad(&error))?;
    Ok((device, format))
}

/// Asks for one format after the other until the driver answers with one that is known.
fn negotiate(ask: impl Fn(PixFormat) -> Result<PixFormat, String>) -> Result<PixFormat, String> {
    let mut last = String::new();
    for (pixelformat, width, height) in WANTED {
        match ask(PixFormat { pixelformat, width, height, ..PixFormat::default() }) {
            Ok(given) if is_known(&given) => return Ok(given),
            Ok(given) => {
                let name = String::from_utf8_lossy(&given.pixelformat.to_le_bytes()).escape_debug().to_string();
                last = format!("; it gives `{name}` of {} x {}", given.width, given.height);
            }
            Err(why) => last = format!("; it says: {why}"),
        }
    }
    Err(format!("it gives neither Motion JPEG nor YUYV of at most {MAX_WIDTH} x {MAX_HEIGHT}{last}"))
}

fn is_known(given: &PixFormat) -> bool {
    let fits = (1..=u32::from(MAX_WIDTH)).contains(&given.width) && (1..=u32::from(MAX_HEIGHT)).contains(&given.height);
    fits && match given.pixelformat {
        MJPG => true,
        YUYV => given.width.is_multiple_of(2) && given.bytesperline >= given.width * 2,
        _ => false,
    }
}

/// Y, Cb, Y, Cr for two pixels each, in BT.601 with limited range, as webcams have it.
fn yuyv(bytes: &[u8], format: &PixFormat, into: &mut Picture) -> Option<()> {
    // Both fit: they were looked at when the format was chosen.
    let (width, height) = (format.width as u16, format.height as u16);
    if (into.width, into.height, into.format) != (width, height, PixelFormat::Rgba8) {
        *into = Picture::black(width, height, PixelFormat::Rgba8);
    }
    let line = usize::from(width) * 2;
    // The last row may come without what pads the others.
    let rows = bytes.chunks(format.bytesperline as usize);
    if bytes.len() < format.bytesperline as usize * (usize::from(height) - 1) + line {
        return None;
    }
    for (out, row) in into.pixels.chunks_exact_mut(usize::from(width) * 4).zip(rows) {
        for (pixels, [y0, cb, y1, cr]) in out.chunks_exact_mut(8).zip(row[..line].as_chunks::<4>().0) {
            let (cb, cr) = (i32::from(*cb) - 128, i32::from(*cr) - 128);
            for (pixel, y) in pixels.chunks_exact_mut(4).zip([y0, y1]) {
                let y = (i32::from(*y) - 16) * 9_539 + 4_096;
                let channel = |value: i32| (value >> 13).clamp(0, 255) as u8;
                let rgb = [channel(y + 13_075 * cr), channel(y - 3_209 * cb - 6_660 * cr), channel(y + 16_525 * cb)];
                pixel[..3].copy_from_slice(&rgb);
                pixel[3] = 255;
            }
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(pixelformat: u32, width: u32, height: u32, bytesperline: u32) -> PixFormat {
        PixFormat { pixelformat, width, height, bytesperline, ..PixFormat::default() }
    }

    #[test]
    fn motion_jpeg_is_asked_for_first_and_what_is_not_known_is_refused() {
        let given = negotiate(|wanted| Ok(PixFormat { bytesperline: wanted.width * 2, ..wanted }));
        assert_eq!(given, Ok(format(MJPG, 1280, 720, 2560)));
        let only_yuyv = |_| Ok(format(YUYV, 320, 240, 640));
        assert_eq!(negotiate(only_yuyv), Ok(format(YUYV, 320, 240, 640)));
        let grey = negotiate(|_| Ok(format(u32::from_le_bytes(*b"GREY"), 640, 480, 640))).unwrap_err();
        assert!(grey.contains("it gives `GREY` of 640 x 480"), "{grey}");
        let refused = negotiate(|_| Err("busy".to_owned())).unwrap_err();
        assert!(refused.contains("it says: busy"), "{refused}");
        assert!(negotiate(|_| Ok(format(YUYV, 640, 480, 7))).is_err(), "its rows overlap");
        assert!(negotiate(|_| Ok(format(MJPG, 4096, 2160, 0))).is_err(), "it is too large");
    }

    #[test]
    fn yuyv_is_seen_in_its_colours_whatever_pads_its_rows() {
        let mut into = Picture::black(1, 1, PixelFormat::Rgba8);
        let white_black = [235, 128, 16, 128];
        let red = [81, 90, 81, 240];
        let bytes = [&white_black[..], &[9, 9], &red].concat();
        assert_eq!(yuyv(&bytes, &format(YUYV, 2, 2, 6), &mut into), Some(()));
        assert_eq!(into.pixels[..8], [255, 255, 255, 255, 0, 0, 0, 255]);
        let [red, green, blue, _] = into.pixels[8..12] else { panic!() };
        assert!(red > 250 && green < 5 && blue < 5, "{red} {green} {blue}");
        assert_eq!(yuyv(&bytes[..9], &format(YUYV, 2, 2, 6), &mut into), None);
    }
}
