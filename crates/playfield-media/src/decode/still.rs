//! Pictures of their own: JPEG (ITU-T T.81) and PNG.

use playfield_core::frame::Picture;
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::{fit, step};

/// Widest and tallest picture that is decoded, in pixels, and most pixels of one: all that a sensor of 32 megapixels has.
const MOST_SIDE: usize = 8_192;
const MOST_PIXELS: usize = 32 << 20;

/// Why a picture is not to be seen.
#[derive(Debug, thiserror::Error)]
pub enum StillError {
    /// It is none of its kind, or damaged.
    #[error("it is no {0}, or damaged: {1}")]
    Damaged(&'static str, String),
    /// It is too large.
    #[error("it has {0} x {1} pixels; a side may have {MOST_SIDE}, and all of it 32 megapixels")]
    TooLarge(usize, usize),
}

/// Decodes a JPEG into RGBA8. One that is larger than a [`Picture`] may be is taken at each whole step at which it is not.
pub fn jpeg(bytes: &[u8], into: &mut Picture) -> Result<(), StillError> {
    let damaged = |error: &dyn std::fmt::Display| StillError::Damaged("JPEG", error.to_string());
    let options = DecoderOptions::default()
        .set_max_width(MOST_SIDE)
        .set_max_height(MOST_SIDE)
        .jpeg_set_out_colorspace(ColorSpace::RGBA);
    let whole = (!has_tables(bytes)).then(|| marked(bytes));
    let bytes = whole.as_deref().unwrap_or(bytes);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(|error| damaged(&error))?;
    let info = decoder.info().ok_or_else(|| damaged(&"it has no size"))?;
    let (width, height) = sized(info.width.into(), info.height.into())?;
    let step = step(width, height);
    fit(width, height, step, into);
    if step == 1 {
        return decoder.decode_into(&mut into.pixels).map_err(|error| damaged(&error));
    }
    let pixels = decoder.decode().map_err(|error| damaged(&error))?;
    reduce(&pixels, 4, (width, height), step, into).ok_or_else(|| damaged(&"it is cut short"))
}

/// Whether a JPEG brings its Huffman tables. Many cameras leave them out of Motion JPEG: they are those of ITU-T T.81, K.3.
fn has_tables(bytes: &[u8]) -> bool {
    let mut at = 2;
    loop {
        match bytes.get(at..at + 4) {
            Some([0xff, 0xff, ..]) => at += 1,
            Some([0xff, 0xda, ..]) => return false,
            Some([0xff, marker, high, low]) if *marker != 0xc4 => {
                at += 2 + usize::from(u16::from_be_bytes([*high, *low]))
            }
            // Its tables, or what is no JPEG: that is said by who decodes it.
            _ => return true,
        }
    }
}

/// A JPEG that says it is one of an AVI, which have no tables.
fn marked(bytes: &[u8]) -> Vec<u8> {
    let (start, rest) = bytes.split_at(bytes.len().min(2));
    [start, b"\xff\xe0\x00\x07AVI1\x00", rest].concat()
}

/// Decodes a PNG into RGBA8, as [`jpeg`] does. What is transparent shows its colour.
pub fn png(bytes: &[u8], into: &mut Picture) -> Result<(), StillError> {
    let damaged = |error: &dyn std::fmt::Display| StillError::Damaged("PNG", error.to_string());
    let limits = png::Limits { bytes: MOST_PIXELS * 8 };
    let mut decoder = png::Decoder::new_with_limits(std::io::Cursor::new(bytes), limits);
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(|error| damaged(&error))?;
    let (width, height) = sized(reader.info().width as usize, reader.info().height as usize)?;
    let samples = reader.output_color_type().0.samples();
    let mut pixels = vec![0; reader.output_buffer_size().ok_or_else(|| damaged(&"it is too large"))?];
    reader.next_frame(&mut pixels).map_err(|error| damaged(&error))?;
    let step = step(width, height);
    fit(width, height, step, into);
    reduce(&pixels, samples, (width, height), step, into).ok_or_else(|| damaged(&"it is cut short"))
}

fn sized(width: usize, height: usize) -> Result<(usize, usize), StillError> {
    let fits = (1..=MOST_SIDE).contains(&width) && (1..=MOST_SIDE).contains(&height) && width * height <= MOST_PIXELS;
    fits.then_some((width, height)).ok_or(StillError::TooLarge(width, height))
}

/// Takes pixels of so many `samples` at each step: of one or two the first is grey, of three or four they are red, green and blue.
fn reduce(from: &[u8], samples: usize, (width, height): (usize, usize), step: usize, into: &mut Picture) -> Option<()> {
    let from = from.get(..width * height * samples)?;
    let columns = usize::from(into.width);
    let rows = from.chunks_exact(width * samples).step_by(step);
    for (out, row) in into.pixels.chunks_exact_mut(columns * 4).zip(rows) {
        let pixels = row.chunks_exact(samples).step_by(step);
        for (out, pixel) in out.as_chunks_mut::<4>().0.iter_mut().zip(pixels) {
            *out = match *pixel {
                [grey] | [grey, _] => [grey, grey, grey, 255],
                [red, green, blue, ..] => [red, green, blue, 255],
                [] => [0, 0, 0, 255],
            };
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use playfield_core::frame::PixelFormat;

    use super::*;

    fn written(width: u32, height: u32, colour: png::ColorType, data: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        encoder.set_color(colour);
        encoder.write_header().unwrap().write_image_data(data).unwrap();
        bytes
    }

    #[test]
    fn a_png_of_any_colours_is_seen_as_it_is() {
        let mut into = Picture::black(1, 1, PixelFormat::Rgba8);
        png(&written(2, 1, png::ColorType::Grayscale, &[7, 9]), &mut into).unwrap();
        assert_eq!((into.width, into.height, &into.pixels[..]), (2, 1, &[7, 7, 7, 255, 9, 9, 9, 255][..]));
        png(&written(1, 2, png::ColorType::Rgb, &[1, 2, 3, 4, 5, 6]), &mut into).unwrap();
        assert_eq!((into.width, into.height, &into.pixels[..]), (1, 2, &[1, 2, 3, 255, 4, 5, 6, 255][..]));
        png(&written(4000, 1, png::ColorType::Rgba, &[9; 16_000]), &mut into).unwrap();
        assert_eq!((into.width, into.height), (1333, 1));
    }

    #[test]
    fn a_jpeg_without_its_tables_is_seen_as_with_them() {
        let jpeg_with = include_bytes!("still/standard.jpg");
        let tables = jpeg_with.windows(2).position(|window| window == [0xff, 0xc4]).unwrap();
        let without = [&jpeg_with[..tables], &jpeg_with[tables + 420..]].concat();
        assert!(has_tables(jpeg_with) && !has_tables(&without));
        let [mut one, mut other] = [(); 2].map(|()| Picture::black(1, 1, PixelFormat::Rgba8));
        jpeg(jpeg_with, &mut one).unwrap();
        jpeg(&without, &mut other).unwrap();
        assert_eq!((one.width, one.height), (64, 48));
        assert!(one == other);
    }

    #[test]
    fn what_is_none_is_refused_in_a_sentence() {
        let mut into = Picture::black(1, 1, PixelFormat::Rgba8);
        let check = |refused: Result<(), StillError>, expect: &str| {
            let said = refused.unwrap_err().to_string();
            assert!(said.contains(expect), "{said}");
        };
        check(jpeg(b"", &mut into), "no JPEG");
        check(jpeg(b"\xff\xd8\xff\xd9", &mut into), "no JPEG");
        check(png(b"GIF89a", &mut into), "no PNG");
        let mut huge = written(1, 1, png::ColorType::Grayscale, &[0]);
        huge[16..20].copy_from_slice(&9_000u32.to_be_bytes());
        check(png(&huge, &mut into), "no PNG");
    }
}
