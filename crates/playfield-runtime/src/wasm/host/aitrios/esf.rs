//! ESF, as far as apps see it: pixels of theirs or of their frame's, made a JPEG. The encoder is lent by the program, since codecs
//! live in a room of their own.

use std::collections::BTreeMap;

use playfield_core::frame::{MAX_HEIGHT, MAX_WIDTH, Picture, PixelFormat};

use super::word;

/// Bytes of the structure that says what pixels are.
pub const INFO: usize = 20;
/// Most coded pictures that an app holds by a handle.
const MOST: usize = 4;
/// Most bytes of pixels, with what is between the rows: over twice what the largest picture has.
const MOST_BYTES: i32 = 16 << 20;
/// Handles of coded pictures begin here; those of a frame's channels are less.
const FIRST: u32 = 16;

/// Makes a JPEG of a picture, of this quality (1 to 100); none: it cannot be had.
pub type Jpeg = fn(&Picture, u8) -> Option<Vec<u8>>;

/// Why there is no JPEG.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum JpegError {
    Parameter = 1,
    Library = 2,
    Memory = 3,
    Full = 5,
}

/// How pixels lie in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// All reds, all greens, all blues.
    RgbPlanar,
    Rgb,
    Bgr,
    Grey,
    /// Brightness, then U and V by turns, of two by two pixels each; all from 0 to 255, as JPEG has them.
    Nv12,
}

/// What pixels are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Info {
    layout: Layout,
    width: u16,
    height: u16,
    /// Bytes from one row to the next.
    stride: usize,
    /// 1 to 100.
    pub quality: u8,
}

impl Info {
    /// From a structure of five 32-bit numbers: format, width, height, stride, quality.
    pub fn read(bytes: &[u8]) -> Result<Info, JpegError> {
        let number = |nth: usize| word(bytes, nth * 4).map_err(|_| JpegError::Parameter);
        let within = |nth: usize, most: u16| match u16::try_from(number(nth)?) {
            Ok(side) if (1..=most).contains(&side) => Ok(side),
            _ => Err(JpegError::Parameter),
        };
        let layout = match number(0)? {
            0 => Layout::RgbPlanar,
            1 => Layout::Rgb,
            2 => Layout::Bgr,
            3 => Layout::Grey,
            4 => Layout::Nv12,
            _ => return Err(JpegError::Parameter),
        };
        let (width, height) = (within(1, MAX_WIDTH)?, within(2, MAX_HEIGHT)?);
        let stride = usize::try_from(number(3)?).map_err(|_| JpegError::Parameter)?;
        let quality = u8::try_from(number(4)?).ok().filter(|quality| *quality <= 100).ok_or(JpegError::Parameter)?;
        let info = Info { layout, width, height, stride, quality: quality.max(1) };
        if stride >= info.row() && info.bytes().is_some() { Ok(info) } else { Err(JpegError::Parameter) }
    }

    /// Bytes of a row, without what is between it and the next.
    fn row(&self) -> usize {
        let width = usize::from(self.width);
        match self.layout {
            Layout::Rgb | Layout::Bgr => width * 3,
            Layout::RgbPlanar | Layout::Grey => width,
            Layout::Nv12 => width.next_multiple_of(2),
        }
    }

    /// Rows of all planes.
    fn rows(&self) -> usize {
        let height = usize::from(self.height);
        match self.layout {
            Layout::RgbPlanar => height * 3,
            Layout::Nv12 => height + height.div_ceil(2),
            Layout::Rgb | Layout::Bgr | Layout::Grey => height,
        }
    }

    /// How many bytes the pixels are. What would follow the last row is none of them.
    pub fn bytes(&self) -> Option<i32> {
        let all = (self.rows() - 1).checked_mul(self.stride)?.checked_add(self.row())?;
        i32::try_from(all).ok().filter(|all| *all <= MOST_BYTES)
    }

    /// The pixels as a picture; none: they are too few.
    pub fn picture(&self, pixels: &[u8]) -> Option<Picture> {
        let height = usize::from(self.height);
        let mut picture = Picture::black(self.width, self.height, PixelFormat::Rgba8);
        let stride = picture.stride();
        for (y, into) in picture.pixels.chunks_exact_mut(stride).enumerate() {
            let row = |nth: usize| pixels.get(nth * self.stride..)?.get(..self.row());
            let of_plane = [row(y)?, row((y + height) % self.rows())?, row((y + 2 * height) % self.rows())?];
            let colours = if self.layout == Layout::Nv12 { row(height + y / 2)? } else { of_plane[0] };
            for (x, pixel) in into.chunks_exact_mut(4).enumerate() {
                let rgb = match self.layout {
                    Layout::RgbPlanar => of_plane.map(|plane| plane[x]),
                    Layout::Rgb => [0, 1, 2].map(|nth| of_plane[0][x * 3 + nth]),
                    Layout::Bgr => [2, 1, 0].map(|nth| of_plane[0][x * 3 + nth]),
                    Layout::Grey => [of_plane[0][x]; 3],
                    Layout::Nv12 => rgb(of_plane[0][x], colours[x & !1], colours[x | 1]),
                };
                pixel[..3].copy_from_slice(&rgb);
            }
        }
        Some(picture)
    }
}

/// A colour from brightness and two differences, as JPEG has them (ITU-T T.871, 7).
fn rgb(y: u8, u: u8, v: u8) -> [u8; 3] {
    let (y, u, v) = (i32::from(y) << 16, i32::from(u) - 128, i32::from(v) - 128);
    let channels = [y + 91_881 * v, y - 22_554 * u - 46_802 * v, y + 116_130 * u];
    channels.map(|channel| ((channel + 0x8000) >> 16).clamp(0, 255) as u8)
}

/// What the system does for an app, and holds of it.
#[derive(Debug)]
pub struct Esf {
    encoder: Option<Jpeg>,
    coded: BTreeMap<u32, Vec<u8>>,
    next: u32,
}

impl Esf {
    pub fn new(encoder: Option<Jpeg>) -> Esf {
        Esf { encoder, coded: BTreeMap::new(), next: FIRST }
    }

    pub fn encoder(&self) -> Result<Jpeg, JpegError> {
        self.encoder.ok_or(JpegError::Library)
    }

    /// Whether it may hold one more.
    pub fn has_room(&self) -> Result<(), JpegError> {
        if self.coded.len() < MOST { Ok(()) } else { Err(JpegError::Memory) }
    }

    /// Holds a coded picture: its handle.
    pub fn hold(&mut self, coded: Vec<u8>) -> Result<u32, JpegError> {
        self.has_room()?;
        let handle = self.next;
        self.next = self.next.checked_add(1).unwrap_or(FIRST);
        self.coded.insert(handle, coded);
        Ok(handle)
    }

    pub fn coded(&self, handle: u32) -> Option<&[u8]> {
        self.coded.get(&handle).map(Vec::as_slice)
    }

    pub fn release(&mut self, handle: u32) -> Result<(), JpegError> {
        self.coded.remove(&handle).map(drop).ok_or(JpegError::Parameter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(numbers: [i32; 5]) -> Result<Info, JpegError> {
        Info::read(&numbers.map(i32::to_le_bytes).concat())
    }

    #[test]
    fn pixels_of_all_layouts_are_the_same_picture() {
        // Two by two: red, green, blue, white; with a byte or more between the rows.
        let expect = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]];
        let check = |layout: i32, stride: i32, pixels: &[u8], expect: [[u8; 3]; 4]| {
            let info = info([layout, 2, 2, stride, 80]).unwrap();
            assert_eq!(info.bytes(), i32::try_from(pixels.len()).ok(), "{layout}");
            let picture = info.picture(pixels).unwrap();
            let seen: Vec<_> = picture.pixels.chunks_exact(4).map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
            assert_eq!(seen, expect, "{layout}");
            assert_eq!(info.picture(&pixels[..pixels.len() - 1]), None, "{layout}: too few");
        };
        check(0, 3, &[255, 0, 9, 0, 255, 9, 0, 255, 9, 0, 255, 9, 0, 0, 9, 255, 255], expect);
        check(1, 7, &[255, 0, 0, 0, 255, 0, 9, 0, 0, 255, 255, 255, 255], expect);
        check(2, 7, &[0, 0, 255, 0, 255, 0, 9, 255, 0, 0, 255, 255, 255], expect);
        check(3, 3, &[0, 80, 9, 160, 255], [[0; 3], [80; 3], [160; 3], [255; 3]]);
        check(4, 3, &[0, 80, 9, 160, 255, 9, 128, 128], [[0; 3], [80; 3], [160; 3], [255; 3]]);
        // The colours of JPEG: pure red, green and blue.
        assert_eq!([rgb(76, 85, 255), rgb(150, 44, 21), rgb(29, 255, 107)], [[254, 0, 0], [0, 255, 1], [0, 0, 254]]);
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        assert_eq!(info([1, 1920, 1080, 5760, 0]).unwrap().quality, 1, "the worst there is");
        assert_eq!(info([4, 3, 3, 4, 50]).unwrap().bytes(), Some(20), "odd sides have colours as well");
        let wrong = [
            [5, 2, 2, 2, 80],
            [-1, 2, 2, 2, 80],
            [1, 0, 2, 6, 80],
            [1, 2, -2, 6, 80],
            [1, 1921, 2, 9000, 80],
            [1, 2, 1081, 6, 80],
            [1, 2, 2, 5, 80],
            [4, 3, 2, 3, 80],
            [1, 2, 2, -6, 80],
            [3, 2, 1080, i32::MAX, 80],
            [3, 2, 2, 60 << 20, 80],
            [1, 2, 2, 6, 101],
            [1, 2, 2, 6, -1],
        ];
        for numbers in wrong {
            assert_eq!(info(numbers), Err(JpegError::Parameter), "{numbers:?}");
        }
        assert_eq!(Info::read(&[0; INFO - 1]), Err(JpegError::Parameter));
    }

    #[test]
    fn an_app_holds_so_many_and_lets_go_of_each_once() {
        let mut esf = Esf::new(None);
        assert_eq!(esf.encoder().err(), Some(JpegError::Library));
        let handles: Vec<_> = (0..4).map(|nth| esf.hold(vec![nth]).unwrap()).collect();
        assert_eq!((esf.has_room(), esf.hold(Vec::new())), (Err(JpegError::Memory), Err(JpegError::Memory)));
        assert_eq!(esf.coded(handles[2]), Some(&[2][..]));
        assert_eq!(esf.release(handles[2]), Ok(()));
        assert_eq!((esf.release(handles[2]), esf.coded(handles[2])), (Err(JpegError::Parameter), None));
        assert!(!handles.contains(&esf.hold(Vec::new()).unwrap()), "a handle is not given twice");
    }
}
