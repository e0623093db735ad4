//! Films as `ffmpeg` writes them: a test picture of 64 x 48 pixels, ten of them, ten a second.

use std::io::Cursor;

use playfield_core::frame::{Picture, PixelFormat};

use super::*;
use crate::convert::I420;
use crate::decode::{H264Decoder, jpeg, shown};

const MP4: &[u8] = include_bytes!("tests/clip.mp4");
const B_FRAMES: &[u8] = include_bytes!("tests/b-frames.mp4");
const FRAGMENTS: &[u8] = include_bytes!("tests/fragments.mp4");
const AVI: &[u8] = include_bytes!("tests/clip.avi");
const AVI_H264: &[u8] = include_bytes!("tests/h264.avi");
const MJPEG: &[u8] = include_bytes!("tests/clip.mjpeg");
const H264: &[u8] = include_bytes!("tests/clip.h264");

fn open(bytes: &'static [u8]) -> Result<Film<Cursor<&'static [u8]>>, FilmError> {
    Film::open(Cursor::new(bytes))
}

/// Times of its units in milliseconds, and its pictures.
fn play(film: &mut Film<Cursor<&'static [u8]>>) -> (Vec<Option<u128>>, Vec<Picture>) {
    let (mut times, mut pictures, mut unit) = (Vec::new(), Vec::new(), Vec::new());
    let (mut decoder, mut planes) = (H264Decoder::new().unwrap(), I420::new());
    let mut picture = Picture::black(1, 1, PixelFormat::Rgba8);
    while let Some(next) = film.next(&mut unit).unwrap() {
        times.push(next.at.map(|at| at.as_millis()));
        match film.coding() {
            Coding::Jpeg => jpeg(&unit, &mut picture).unwrap(),
            _ if decoder.decode(&unit, &mut planes).unwrap() => shown(&planes, &mut picture),
            _ => continue,
        }
        pictures.push(picture.clone());
    }
    (times, pictures)
}

#[test]
fn every_kind_of_film_shows_the_same_ten_pictures_and_again() {
    let meant = play(&mut open(MJPEG).unwrap()).1;
    let timed: Vec<_> = (0..10).map(|n| Some(n * 100)).collect();
    for (name, bytes, times) in [
        ("mp4", MP4, timed.clone()),
        ("avi", AVI, timed.clone()),
        ("avi of H.264", AVI_H264, timed),
        ("mjpeg", MJPEG, vec![None; 10]),
        ("h264", H264, vec![None; 10]),
    ] {
        let mut film = open(bytes).unwrap();
        for round in 0..2 {
            let (came, pictures) = play(&mut film);
            assert_eq!(came, times, "{name}, round {round}");
            // The decoder holds the last picture of H.264 back, in case one comes that is shown before it.
            let all = 9..=10;
            assert!(all.contains(&pictures.len()), "{} pictures of {name}, round {round}", pictures.len());
            for (one, other) in pictures.iter().zip(&meant) {
                assert_eq!((one.width, one.height), (64, 48));
                let off: u64 = one.pixels.iter().zip(&other.pixels).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
                assert!(off / (64 * 48 * 3) < 24, "{name}: {} off for each channel", off / (64 * 48 * 3));
            }
            film.rewind().unwrap();
        }
    }
}

#[test]
fn pictures_that_refer_forward_are_read_in_the_order_they_are_decoded_in() {
    let (times, pictures) = play(&mut open(B_FRAMES).unwrap());
    assert_eq!(times.len(), 10);
    assert!(pictures.len() >= 8, "{} pictures", pictures.len());
}

#[test]
fn what_cannot_be_played_is_refused_in_a_sentence() {
    let check = |bytes: &'static [u8], expect: &str| {
        let said = open(bytes).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(said.contains(expect), "{said}");
    };
    check(b"", "no AVI, MP4");
    check(b"GIF89a..........", "no AVI, MP4");
    check(FRAGMENTS, "in fragments");
    check(&MP4[..40], "no table of contents");
    check(b"RIFF\0\0\0\0AVI LIST\0\0\0\0hdrl", "it has no pictures");
    check(b"\0\0\0\x08ftypisom\0\0\0\x08moov\0\0\0\0", "no table of contents");
}

#[test]
fn a_film_that_is_cut_short_ends_in_a_sentence_or_by_itself() {
    for bytes in [MP4, AVI, MJPEG, H264, B_FRAMES] {
        for cut in (0..bytes.len()).step_by(97) {
            let Ok(mut film) = Film::open(Cursor::new(&bytes[..cut])) else { continue };
            let mut unit = Vec::new();
            let read = (0..100).take_while(|_| matches!(film.next(&mut unit), Ok(Some(_)))).count();
            assert!(read <= 10, "{read} pictures of ten");
        }
    }
}
