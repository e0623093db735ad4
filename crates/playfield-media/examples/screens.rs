//! What coding a screen costs: `cargo run --release -p playfield-media --example screens -- WIDTHxHEIGHT FILE [KBIT/S [LIBRARY]]`.
//!
//! FILE holds pictures as RGBA8, one after the other, such as a recording of a game:
//! `ffmpeg -f x11grab -video_size 1280x720 -i :0 -frames:v 60 -pix_fmt rgba -f rawvideo FILE`. They are played there and back, at 60 a
//! second, by one thread. Times are of the processor, so that what else runs hardly matters; then the p50 and p95 of the clock, which
//! say something on a machine at rest only. AV1 is left beside FILE for a decoder to judge.

use std::time::Instant;

use playfield_core::frame::{Damage, Picture, PixelFormat};
use playfield_media::convert::{Converter, I420};
use playfield_media::decode::H264Decoder;
use playfield_media::encode::{FrameBudget, Library, VideoEncoder, Want};

type AnyError = Box<dyn std::error::Error>;

const ROUNDS: usize = 3;

fn main() -> Result<(), AnyError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [size, file, rest @ ..] = arguments.as_slice() else {
        return Err("say WIDTHxHEIGHT FILE [KBIT/S [LIBRARY]]".into());
    };
    let (width, height) = size.split_once('x').ok_or("the size is WIDTHxHEIGHT")?;
    let (width, height): (u16, u16) = (width.parse()?, height.parse()?);
    let kbps: usize = rest.first().map_or(Ok(8_000), |kbps| kbps.parse())?;
    let bytes = std::fs::read(file)?;
    let mut picture = Picture::black(width, height, PixelFormat::Rgba8);
    let pictures: Vec<&[u8]> = bytes.chunks_exact(picture.pixels.len()).collect();
    let target = kbps * 1_000 / 8 / 60;
    let budget = FrameBudget { target_bytes: target, max_bytes: target * 3 };
    let library = match rest.get(1).map(String::as_str) {
        None => Library::OpenH264,
        Some("x264") => Library::X264,
        Some("svt-av1") => Library::SvtAv1,
        Some(other) => return Err(format!("no library {other:?}; say x264 or svt-av1").into()),
    };
    if !library.built_in() {
        return Err(format!("not built with {library}; try `--features x264,svt-av1`").into());
    }
    let (mut converter, mut i420, mut encoder) = (Converter::new(), I420::new(), VideoEncoder::new(library));
    let there_and_back = (0..pictures.len()).chain((1..pictures.len().saturating_sub(1)).rev());
    let shown: Vec<usize> = there_and_back.collect::<Vec<_>>().repeat(ROUNDS);
    let (mut units, mut converts, mut encodes, mut qps) = (Vec::new(), Vec::new(), Vec::new(), 0);
    let before = on_processor()?;
    for at in &shown {
        picture.pixels.copy_from_slice(pictures[*at]);
        let begun = Instant::now();
        converter.to_i420(&picture, Damage::All, &mut i420);
        converts.push(begun.elapsed().as_secs_f64() * 1e3);
        let mut unit = Vec::new();
        let encoded = encoder.encode(&i420, Damage::All, budget, Want::News, &mut unit)?;
        encodes.push(begun.elapsed().as_secs_f64() * 1e3);
        qps += usize::from(encoded.qp);
        units.push(unit);
    }
    let processor = (on_processor()? - before) / shown.len() as f64;
    let at = |times: &mut Vec<f64>, percent: usize| {
        times.sort_by(f64::total_cmp);
        times[(times.len() - 1) * percent / 100]
    };
    let bytes = units.iter().map(Vec::len).sum::<usize>() / shown.len();
    let luma = match library {
        Library::SvtAv1 => {
            let file = format!("{file}.obu");
            std::fs::write(&file, units.concat())?;
            format!("in {file}")
        }
        _ => format!("luma {:.1} dB", luma_db(&units, shown.iter().map(|at| pictures[*at]), &mut picture)?),
    };
    println!(
        "{size}: processor {processor:.2} ms a picture; clock: convert p10 {:.2}, both p10 {:.2} p50 {:.2} p95 {:.2} ms; {bytes} bytes (target {target}), QP {}, {luma}",
        at(&mut converts, 10),
        at(&mut encodes, 10),
        at(&mut encodes, 50),
        at(&mut encodes, 95),
        qps / shown.len(),
    );
    Ok(())
}

/// How close decoded pictures come to what they were coded from: the peak signal-to-noise ratio of their luma.
fn luma_db<'a>(
    units: &[Vec<u8>],
    shown: impl Iterator<Item = &'a [u8]>,
    picture: &mut Picture,
) -> Result<f64, AnyError> {
    let (mut decoder, mut converter) = (H264Decoder::new()?, Converter::new());
    let (mut meant, mut decoded, mut error) = (I420::new(), I420::new(), 0.0);
    for (pixels, unit) in shown.zip(units) {
        picture.pixels.copy_from_slice(pixels);
        converter.to_i420(picture, Damage::All, &mut meant);
        if !unit.is_empty() {
            decoder.decode(unit, &mut decoded)?;
        }
        let squares = meant.y().iter().zip(decoded.y()).map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2)).sum::<u64>();
        error += squares as f64 / meant.y().len() as f64;
    }
    Ok(10.0 * (255.0 * 255.0 * units.len() as f64 / error).log10())
}

/// Milliseconds that all threads of this process were on a processor: proc(5), `stat`, fields 14 and 15.
fn on_processor() -> Result<f64, AnyError> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(')').ok_or("stat has no name")?;
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<f64>).sum::<Result<f64, _>>()?;
    Ok(ticks * 10.0)
}
