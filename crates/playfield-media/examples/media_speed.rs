//! What media costs on this machine: `cargo run --release -p playfield-media --example media_speed`.
//!
//! One thread. Lossless: microseconds to freeze and code a picture whose base is the picture before, its bytes, and
//! those of the whole picture as PNG. H.264: milliseconds a frame at 60 frames a second. Opus: microseconds a packet.

use std::time::Instant;

use playfield_core::delta::{RowRun, RowSet};
use playfield_core::frame::{Damage, Picture, PixelFormat};
use playfield_media::audio::{OpusConfig, OpusEncoder};
use playfield_media::convert::{Converter, I420};
use playfield_media::delta::{Base, Encoder, RowSpan, RowsPool};
use playfield_media::encode::{FrameBudget, Library, VideoEncoder, Want};

type AnyError = Box<dyn std::error::Error>;

fn main() -> Result<(), AnyError> {
    lossless()?;
    sound()?;
    video()
}

/// A deterministic hash of a place.
fn hash(x: usize, y: usize, z: usize) -> usize {
    let mut h = (x * 374_761_393) ^ (y * 668_265_263) ^ (z * 2_147_483_647);
    h = (h ^ (h >> 13)).wrapping_mul(1_274_126_177);
    h ^ (h >> 16)
}

/// A tiled level of four colours seen from (`x`, `y`), with `sprites` sprites that move with `step`.
fn level(width: u16, height: u16, camera: (usize, usize), sprites: usize, step: usize) -> Picture {
    let mut picture = Picture::black(width, height, PixelFormat::Indexed8);
    picture.palette[..4].copy_from_slice(&[[224, 248, 207], [134, 192, 108], [48, 104, 80], [7, 24, 33]]);
    let (width, height) = (usize::from(width), usize::from(height));
    for y in 0..height {
        for x in 0..width {
            let (wx, wy) = (x + camera.0, y + camera.1);
            let tile = hash(wx / 8, wy / 8, 0) % 10;
            let pixel = if tile < 5 { 1 } else { hash(wx % 8, wy % 8, tile) % 4 };
            picture.pixels[y * width + x] = pixel as u8;
        }
    }
    for sprite in 0..sprites {
        let (sx, sy) =
            ((hash(sprite, 1, 1) + step * (sprite % 3 + 1)) % (width - 16), hash(sprite, 2, 2) % (height - 16));
        for y in 0..12 {
            for x in 0..12 {
                if (x as isize - 6).pow(2) + (y as isize - 6).pow(2) < 34 {
                    picture.pixels[(sy + y) * width + sx + x] = (hash(x, y, sprite) % 3) as u8;
                }
            }
        }
    }
    picture
}

fn lossless() -> Result<(), AnyError> {
    type Scene = fn(usize) -> Picture;
    let noise: Scene = |step| {
        let mut picture = level(160, 160, (0, 0), 0, 0);
        for (i, pixel) in picture.pixels.iter_mut().enumerate() {
            *pixel = hash(i, step, 5) as u8 & 3;
        }
        picture
    };
    let scenes: [(&str, Scene); 6] = [
        ("unchanged", |_| level(160, 160, (0, 0), 8, 0)),
        ("8 sprites move", |step| level(160, 160, (0, 0), 8, step)),
        ("scroll by 1, 8 sprites", |step| level(160, 160, (step, 0), 8, step)),
        ("scroll by 2 down", |step| level(160, 160, (7, step * 2), 0, 0)),
        ("another level each", |step| level(160, 160, (step * 1_000, 0), 8, step)),
        ("2-bit noise", noise),
    ];
    println!("lossless, 160x160 indexed      us/frame  datagrams  bytes  PNG bytes");
    for (name, scene) in scenes {
        let pictures: Vec<Picture> = (0..60).map(scene).collect();
        let (us, count, bytes) = code(&pictures)?;
        println!("  {name:26} {us:9.1} {count:10.1} {bytes:6} {:10}", png_bytes(&pictures[59])?);
    }
    Ok(())
}

/// Mean microseconds, datagrams and bytes of each picture coded against the one before.
fn code(pictures: &[Picture]) -> Result<(f64, f64, usize), AnyError> {
    let (mut pool, mut encoder, mut known) = (RowsPool::new(), Encoder::new(), RowSet::default());
    let mut before = pool.freeze(&pictures[0]);
    known.insert(0, before.rows());
    let run = |base| [RowRun { first_row: 0, rows: before.rows(), base: Some(base) }];
    let runs: Vec<_> = (0..pictures.len() as u32).map(run).collect();
    let (mut bytes, mut count, rounds) = (0, 0, 20);
    let start = Instant::now();
    for _ in 0..rounds {
        before = pool.freeze(&pictures[0]);
        for (number, picture) in pictures.iter().enumerate().skip(1) {
            let rows = pool.freeze(picture);
            let base = |_| Some(Base { rows: &before, known: &known, changed: RowSpan::ALL });
            let sent = encoder.encode(&rows, number as u32, number as u32, &runs[number - 1], &base)?;
            bytes += sent.iter().map(<[u8]>::len).sum::<usize>();
            count += sent.len();
            before = rows;
        }
    }
    let coded = (pictures.len() - 1) * rounds;
    Ok((start.elapsed().as_secs_f64() * 1e6 / coded as f64, count as f64 / coded as f64, bytes / coded))
}

fn png_bytes(picture: &Picture) -> Result<usize, AnyError> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, u32::from(picture.width), u32::from(picture.height));
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Two);
    encoder.set_palette(picture.palette[..4].concat());
    encoder.set_compression(png::Compression::High);
    let packed: Vec<u8> = picture
        .pixels
        .chunks(4)
        .map(|group| group.iter().enumerate().fold(0, |byte, (i, pixel)| byte | pixel << (6 - i * 2)))
        .collect();
    encoder.write_header()?.write_image_data(&packed)?;
    Ok(out.len())
}

/// A true-colour game: a noisy background that pans, 24 sprites over it.
fn game(width: u16, height: u16, step: usize) -> Picture {
    let mut picture = Picture::black(width, height, PixelFormat::Rgba8);
    let indexed = level(width, height, (step * 3, step), 24, step * 2);
    for (i, (pixel, index)) in picture.pixels.chunks_exact_mut(4).zip(&indexed.pixels).enumerate() {
        let (x, y) = (i % usize::from(width) + step * 3, i / usize::from(width) + step);
        let [r, g, b] = indexed.palette[usize::from(*index)];
        let light = hash(x / 2, y / 2, 3) as u8 & 15;
        pixel[..3].copy_from_slice(&[r / 2 + light + (x / 16) as u8 % 64, g / 2 + light, b / 2 + (y / 8) as u8 % 96]);
    }
    picture
}

fn video() -> Result<(), AnyError> {
    println!("H.264, 60 a second             convert ms  encode ms  p95 ms  bytes  target  over max  retried  QP");
    for (width, height, bitrate) in [(320, 240, 2), (640, 360, 4), (1280, 720, 8), (1920, 1080, 15)] {
        let target = bitrate * 1_000_000 / 8 / 60;
        let budget = FrameBudget { target_bytes: target, max_bytes: target * 3 };
        let pictures: Vec<Picture> = (0..60).map(|step| game(width, height, step)).collect();
        for (name, still) in [("pan", false), ("still", true)] {
            let (mut converter, mut converted, mut encoder) =
                (Converter::new(), I420::new(), VideoEncoder::new(Library::OpenH264));
            let (mut convert, mut times, mut bytes, mut over, mut qps, mut retried) = (0.0, vec![], 0, 0, 0, 0);
            let frames = 180;
            for step in 0..frames {
                // There and back, so that the pan never jumps.
                let at = if still { 0 } else { (59 - (step as isize % 118 - 59).unsigned_abs()).min(59) };
                let start = Instant::now();
                converter.to_i420(&pictures[at], Damage::All, &mut converted);
                convert += start.elapsed().as_secs_f64() * 1e3;
                let (mut unit, start) = (Vec::new(), Instant::now());
                let encoded = encoder.encode(&converted, Damage::All, budget, Want::News, &mut unit)?;
                times.push(start.elapsed().as_secs_f64() * 1e3);
                bytes += unit.len();
                over += usize::from(unit.len() > budget.max_bytes);
                qps += usize::from(encoded.qp);
                retried += usize::from(encoded.attempts > 1);
            }
            let mean = times.iter().sum::<f64>() / frames as f64;
            times.sort_by(f64::total_cmp);
            println!(
                "  {:26} {:12.2} {mean:10.2} {:7.2} {:6} {target:7} {over:9} {retried:8} {:3}",
                format!("{width}x{height} {name}"),
                convert / frames as f64,
                times[frames * 95 / 100],
                bytes / frames,
                qps / frames,
            );
        }
    }
    Ok(())
}

fn sound() -> Result<(), AnyError> {
    let tone: Vec<i16> = (0..96_000).map(|i| (hash(i / 200, i / 2 % 100, 7) % 8_000) as i16).collect();
    for complexity in [0, 2, 5] {
        let mut encoder = OpusEncoder::new(OpusConfig { complexity, ..OpusConfig::default() })?;
        let (mut out, mut packets, start) = (Vec::new(), 0, Instant::now());
        for chunk in tone.chunks(1_600) {
            encoder.push(chunk);
            while encoder.poll(&mut out)?.is_some() {
                packets += 1;
            }
        }
        let us = start.elapsed().as_secs_f64() * 1e6 / f64::from(packets);
        println!(
            "Opus, stereo 10 ms, complexity {complexity}: {us:.1} us, {} bytes a packet",
            out.len() / packets as usize
        );
    }
    Ok(())
}
