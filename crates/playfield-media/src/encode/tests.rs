//! What a viewer may rely on, checked on the bytes, for each library that this is built with.

use playfield_core::frame::{Damage, Picture, PixelFormat, Rect};

use super::rate::MIN_QP as FINEST_QP;
use super::*;
use crate::convert::{Converter, i420_to_rgba};
use crate::decode::H264Decoder;
use crate::testing::Random;

const PLENTY: FrameBudget = FrameBudget { target_bytes: 200_000, max_bytes: 400_000 };

/// Smooth colour with a few hard-edged sprites, moved by `step`.
fn scene(width: u16, height: u16, step: usize) -> Picture {
    let mut picture = Picture::black(width, height, PixelFormat::Rgba8);
    for (i, pixel) in picture.pixels.chunks_exact_mut(4).enumerate() {
        let (x, y) = (i % usize::from(width), i / usize::from(width));
        let sprite = (x + step) % 64 < 12 && (y + step / 2) % 48 < 12;
        let noise = ((x * 7919 + y * 104_729) >> 3) as u8 & 15;
        let back = [(x / 3) as u8, (y / 2) as u8, (((x + y) / 5) as u8).wrapping_add(noise)];
        pixel[..3].copy_from_slice(if sprite { &[250, 220, 30] } else { &back });
    }
    picture
}

/// Checks each library that this is built with.
fn each(check: impl Fn(Library)) {
    Library::ALL.into_iter().filter(|library| library.built_in()).for_each(check);
}

/// Checks each that codes H.264.
fn each_h264(check: impl Fn(Library)) {
    each(|library| {
        if library != Library::SvtAv1 {
            check(library)
        }
    });
}

/// The pictures of a stream as a decoder sees it that is not the encoder's own, in order.
fn decoded(library: Library, units: &[Vec<u8>]) -> Vec<I420> {
    if library == Library::SvtAv1 {
        return by_dav1d(units);
    }
    let mut decoder = H264Decoder::new().unwrap();
    let decode = |unit: &Vec<u8>| {
        let mut picture = I420::new();
        assert!(decoder.decode(unit, &mut picture).unwrap(), "each unit is a picture");
        picture
    };
    units.iter().map(decode).collect()
}

/// By the program `dav1d` (Debian: dav1d).
fn by_dav1d(units: &[Vec<u8>]) -> Vec<I420> {
    use std::io::Write;
    use std::process::{Command, Stdio};
    static NUMBER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let file = std::env::temp_dir().join(format!("playfield-av1-{}-{number}.obu", std::process::id()));
    std::fs::write(&file, units.concat()).unwrap();
    let mut dav1d = Command::new("dav1d");
    dav1d.args(["--quiet", "--muxer", "yuv4mpeg2", "-o", "-", "-i"]).arg(&file);
    let output = dav1d.stderr(Stdio::inherit()).output().expect("dav1d runs: apt install dav1d");
    std::fs::remove_file(&file).unwrap();
    std::io::stderr().flush().unwrap();
    assert!(output.status.success());
    y4m(&output.stdout)
}

/// YUV4MPEG2: a line of text, then pictures, each behind a line of its own.
fn y4m(bytes: &[u8]) -> Vec<I420> {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap();
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    let side = |letter: char| head.split(' ').find_map(|word| word.strip_prefix(letter)).unwrap().parse().unwrap();
    let mut empty = I420::new();
    empty.resize(side('W'), side('H'));
    let size = empty.planes_mut().iter().map(|plane| plane.len()).sum::<usize>();
    let picture = |data: &[u8]| {
        let (mut picture, mut rest) = (empty.clone(), data.strip_prefix(b"FRAME\n").unwrap());
        for plane in picture.planes_mut() {
            let (own, others) = rest.split_at(plane.len());
            plane.copy_from_slice(own);
            rest = others;
        }
        picture
    };
    bytes[end + 1..].chunks_exact(size + 6).map(picture).collect()
}

struct Stream {
    encoder: VideoEncoder,
    converter: Converter,
    converted: I420,
    unit: Vec<u8>,
}

impl Stream {
    fn new(library: Library) -> Stream {
        Stream {
            encoder: VideoEncoder::new(library),
            converter: Converter::new(),
            converted: I420::new(),
            unit: Vec::new(),
        }
    }

    fn send(&mut self, picture: &Picture, damage: Damage, budget: FrameBudget, key: bool) -> Encoded {
        self.converter.to_i420(picture, damage, &mut self.converted);
        self.unit.clear();
        let want = if key { Want::Key } else { Want::News };
        self.encoder.encode(&self.converted, damage, budget, want, &mut self.unit).unwrap()
    }
}

fn psnr(a: &[u8], b: &[u8]) -> f64 {
    let error: f64 = a.iter().zip(b).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum();
    10.0 * (255.0 * 255.0 * a.len() as f64 / error.max(1.0)).log10()
}

#[test]
fn openh264_was_built_with_its_assembly() {
    assert!(simd_available(), "openh264 was compiled without nasm: install nasm, touch the crate, build again");
}

#[test]
fn pictures_of_any_size_come_back_close() {
    each(|library| {
        for (width, height) in [(1, 1), (5, 40), (16, 16), (17, 19), (160, 160), (321, 241)] {
            let (mut stream, mut units) = (Stream::new(library), Vec::new());
            for step in 0..6 {
                let picture = scene(width, height, step);
                let encoded = stream.send(&picture, Damage::All, PLENTY, false);
                assert_eq!(encoded.keyframe, step == 0);
                if !encoded.skipped {
                    units.push(stream.unit.clone());
                }
            }
            let decoded = decoded(library, &units);
            assert_eq!(decoded.len(), units.len(), "{library} {width}x{height}");
            let last = decoded.last().unwrap();
            assert!(last.width() >= width && last.height() >= height);
            let (mut seen, mut meant) = (Vec::new(), Vec::new());
            i420_to_rgba(last, &mut seen);
            i420_to_rgba(&stream.converted, &mut meant);
            let stride = usize::from(last.width()) * 4;
            for (y, row) in meant.chunks_exact(usize::from(width) * 4).enumerate() {
                let quality = psnr(row, &seen[y * stride..][..row.len()]);
                assert!(quality > 25.0, "{library} {width}x{height} row {y}: {quality} dB");
            }
        }
    });
}

#[test]
fn the_sequence_says_no_reordering_and_bt709() {
    each_h264(|library| {
        let check = |width: u16, height: u16, level: u32| {
            let mut stream = Stream::new(library);
            stream.send(&scene(width, height, 0), Damage::All, PLENTY, false);
            let sps = Sps::parse(&stream.unit);
            assert_eq!((sps.profile, sps.constrained), (66, true));
            assert_eq!(
                (sps.width, sps.height),
                (u32::from(width).next_multiple_of(2), u32::from(height).next_multiple_of(2))
            );
            assert_eq!(sps.level, level, "{width}x{height}");
            assert_eq!(sps.colour, Some([0, 1, 1, 1]), "limited range, then primaries, transfer, matrix of BT.709");
            assert_eq!(sps.reorder, Some(0));
            assert_eq!(sps.buffering, Some(sps.references));
        };
        check(160, 160, 12);
        check(321, 241, 22);
        check(640, 360, 31);
        check(1280, 720, 32);
        check(1920, 1080, 42);
    });
}

#[test]
fn only_asking_makes_a_key_frame() {
    each(|library| {
        let mut stream = Stream::new(library);
        let mut keys = Vec::new();
        for step in 0..120 {
            let budget = FrameBudget { target_bytes: 1_000 + step * 50, max_bytes: 50_000 };
            let encoded = stream.send(&scene(320, 240, step), Damage::All, budget, step == 70);
            if encoded.keyframe {
                keys.push(step);
            }
            if library == Library::SvtAv1 {
                // A sequence header comes with each key frame (AV1, 5.3.2 and 7.5), and only with one.
                let kinds: Vec<u8> = obus(&stream.unit).map(|obu| obu >> 3 & 15).collect();
                assert_eq!(kinds.contains(&1), encoded.keyframe, "{kinds:?}");
                assert!(kinds.contains(&6) || kinds.contains(&3), "a frame: {kinds:?}");
            } else {
                let has = |kind: u8| nals(&stream.unit).any(|nal| nal[0] & 31 == kind);
                assert_eq!(
                    (has(5), has(7)),
                    (encoded.keyframe, encoded.keyframe),
                    "a key frame carries its parameter sets"
                );
            }
        }
        assert_eq!(keys, [0, 70]);
    });
}

#[test]
fn frames_keep_their_budget_and_follow_its_changes() {
    each(|library| {
        let mut stream = Stream::new(library);
        for (target, max) in [(6_000, 24_000), (2_500, 10_000), (12_000, 48_000)] {
            let budget = FrameBudget { target_bytes: target, max_bytes: max };
            let (mut taken, mut finest) = (0, true);
            for step in 0..60 {
                let encoded = stream.send(&scene(640, 360, step * 3), Damage::All, budget, false);
                assert!(stream.unit.len() <= max, "{} bytes of {max}, {encoded:?}", stream.unit.len());
                if step >= 20 {
                    taken += stream.unit.len();
                    finest &= encoded.qp == FINEST_QP;
                }
            }
            let mean = taken / 40;
            assert!(mean <= target * 11 / 10, "{library}: mean {mean} of {target}");
            assert!(mean >= target / 3 || finest, "{library}: mean {mean} of {target}");
        }
    });
}

#[test]
fn a_cut_to_noise_stays_under_the_ceiling() {
    each(|library| {
        let mut stream = Stream::new(library);
        let budget = FrameBudget { target_bytes: 5_000, max_bytes: 20_000 };
        for step in 0..10 {
            stream.send(&scene(320, 240, step), Damage::All, budget, false);
        }
        for seed in 0..4 {
            let noise = Random::new(seed).picture(320, 240, PixelFormat::Rgba8);
            let encoded = stream.send(&noise, Damage::All, budget, false);
            // AV1's first frame after a cut to noise may be news to the model.
            let most = if library == Library::SvtAv1 { budget.max_bytes * 5 / 4 } else { budget.max_bytes };
            assert!(stream.unit.len() <= most || encoded.qp == 51, "{library}: {} {encoded:?}", stream.unit.len());
        }
    });
}

#[test]
fn a_still_picture_gets_finer_and_then_costs_nothing() {
    each(|library| {
        let (mut stream, mut units) = (Stream::new(library), Vec::new());
        let budget = FrameBudget { target_bytes: 8_000, max_bytes: 16_000 };
        let picture = scene(320, 240, 0);
        for frame in 0..60 {
            let damage = if frame == 0 { Damage::All } else { Damage::None };
            let encoded = stream.send(&picture, damage, budget, false);
            if encoded.skipped {
                assert!(stream.unit.is_empty());
                break;
            }
            units.push(stream.unit.clone());
        }
        let decoded = decoded(library, &units);
        let quality: Vec<f64> = decoded.iter().map(|decoded| psnr(decoded.y(), stream.converted.y())).collect();
        let (first, last) = (quality[0], *quality.last().unwrap());
        assert!(quality.len() > 1 && quality.len() < 40, "{library}: {quality:?}");
        // One that begins as fine as that has little to gain.
        assert!(last > 40.0 && (last > first + 3.0 || first > 45.0) && last > first, "{library}: {quality:?}");

        // It may be asked for all the same, and costs next to nothing.
        let (converted, mut unit) = (stream.converted.clone(), Vec::new());
        let encoded = stream.encoder.encode(&converted, Damage::None, budget, Want::Frame, &mut unit).unwrap();
        assert!(!encoded.skipped && !encoded.keyframe && (1..500).contains(&unit.len()), "{} {encoded:?}", unit.len());

        let mut moved = picture.clone();
        moved.pixels[(100 * 320 + 100) * 4] ^= 0xff;
        let area = Rect { x: 100, y: 100, width: 1, height: 1 };
        assert!(!stream.send(&moved, Damage::Area(area), budget, false).skipped);
    });
}

#[test]
fn damaged_units_are_refused_and_a_key_frame_mends_it() {
    each_h264(|library| {
        let mut stream = Stream::new(library);
        let mut decoder = H264Decoder::new().unwrap();
        let mut decoded = I420::new();
        let mut random = Random::new(6);
        for step in 0..30 {
            stream.send(&scene(64, 64, step), Damage::All, PLENTY, false);
            let mut unit = stream.unit.clone();
            let at = random.below(unit.len());
            unit[at] ^= 1 << random.below(8);
            unit.truncate(random.below(unit.len()).max(1));
            let _ = decoder.decode(&unit, &mut decoded);
        }
        stream.send(&scene(64, 64, 1), Damage::All, PLENTY, true);
        assert!(decoder.decode(&stream.unit, &mut decoded).unwrap());
    });
}

/// The first byte of each OBU of a temporal unit (AV1, 5.3.1), each of which says its size.
fn obus(unit: &[u8]) -> impl Iterator<Item = u8> {
    let mut rest = unit;
    std::iter::from_fn(move || {
        let (head, mut at) = (*rest.first()?, 1 + usize::from(rest[0] >> 2 & 1));
        assert_eq!(head & 2, 2, "it has a size");
        let (mut size, mut shift) = (0, 0);
        loop {
            size |= usize::from(rest[at] & 127) << shift;
            (at, shift) = (at + 1, shift + 7);
            if rest[at - 1] & 128 == 0 {
                break;
            }
        }
        rest = &rest[at + size..];
        Some(head)
    })
}

fn nals(unit: &[u8]) -> impl Iterator<Item = &[u8]> {
    let starts: Vec<usize> = (0..unit.len().saturating_sub(3)).filter(|i| unit[*i..].starts_with(&[0, 0, 1])).collect();
    let ends: Vec<usize> = starts.iter().skip(1).copied().chain([unit.len()]).collect();
    starts.into_iter().zip(ends).map(|(start, end)| &unit[start + 3..end])
}

/// What we promise about a sequence parameter set (H.264, 7.3.2.1.1 and E.1.1).
#[derive(Debug, Default)]
struct Sps {
    profile: u32,
    constrained: bool,
    level: u32,
    references: u32,
    width: u32,
    height: u32,
    colour: Option<[u32; 4]>,
    reorder: Option<u32>,
    buffering: Option<u32>,
}

impl Sps {
    fn parse(unit: &[u8]) -> Sps {
        let nal = nals(unit).find(|nal| nal[0] & 31 == 7).expect("a parameter set");
        let (mut clean, mut zeros) = (Vec::new(), 0);
        for byte in &nal[1..] {
            // 7.4.1: a 3 after two zeros is not of the data, and the zeros are counted anew after it.
            if *byte == 3 && zeros >= 2 {
                zeros = 0;
            } else {
                clean.push(*byte);
                zeros = if *byte == 0 { zeros + 1 } else { 0 };
            }
        }
        let mut bits = Bits(&clean, 0);
        let mut sps = Sps { profile: bits.take(8), ..Sps::default() };
        let flags = bits.take(8);
        sps.constrained = flags & 0x40 != 0;
        sps.level = bits.take(8);
        bits.golomb();
        bits.golomb();
        assert_eq!(bits.golomb(), 2, "pic_order_cnt_type: pictures are shown in the order they come");
        sps.references = bits.golomb();
        bits.take(1);
        sps.width = (bits.golomb() + 1) * 16;
        sps.height = (bits.golomb() + 1) * 16;
        assert_eq!(bits.take(1), 1, "frame_mbs_only");
        bits.take(1);
        if bits.take(1) == 1 {
            sps.width -= (bits.golomb() + bits.golomb()) * 2;
            sps.height -= (bits.golomb() + bits.golomb()) * 2;
        }
        if bits.take(1) == 1 {
            sps.usability(&mut bits);
        }
        sps
    }

    fn usability(&mut self, bits: &mut Bits) {
        assert_eq!(bits.take(2), 0, "aspect ratio and overscan");
        if bits.take(1) == 1 {
            bits.take(3);
            let range = bits.take(1);
            if bits.take(1) == 1 {
                self.colour = Some([range, bits.take(8), bits.take(8), bits.take(8)]);
            }
        }
        assert_eq!(bits.take(1), 0, "chroma location");
        if bits.take(1) == 1 {
            // Timing: units in a tick, time scale, whether the rate is fixed.
            bits.take(32);
            bits.take(32);
            bits.take(1);
        }
        assert_eq!(bits.take(3), 0, "two HRDs, picture structure");
        if bits.take(1) == 1 {
            bits.take(1);
            for _ in 0..4 {
                bits.golomb();
            }
            self.reorder = Some(bits.golomb());
            self.buffering = Some(bits.golomb());
        }
    }
}

struct Bits<'a>(&'a [u8], usize);

impl Bits<'_> {
    fn take(&mut self, count: usize) -> u32 {
        (0..count).fold(0, |value, _| {
            let bit = self.0[self.1 / 8] >> (7 - self.1 % 8) & 1;
            self.1 += 1;
            value << 1 | u32::from(bit)
        })
    }

    fn golomb(&mut self) -> u32 {
        let mut zeros = 0;
        while self.take(1) == 0 {
            zeros += 1;
        }
        (1 << zeros) - 1 + self.take(zeros)
    }
}
