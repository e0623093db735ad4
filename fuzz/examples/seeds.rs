//! Writes the inputs that fuzzing begins with: `cargo run --release -p playfield-fuzz --example seeds`.
//!
//! They are real ones, made by the product itself, so that libFuzzer need not find out what a message looks like. The offers of
//! Chromium among `corpus/sdp` were taken from a browser and are kept as they are.

use std::path::{Path, PathBuf};

use playfield_core::delta::RowRun;
use playfield_core::frame::{Picture, PixelFormat};
use playfield_core::input::wire::{
    Ack, ClockEstimate, ClockReply, FrameReport, KeyReport, PadReport, PointerReport, TouchReport, Writer,
};
use playfield_core::input::{Pad, log::Recorder};
use playfield_fuzz::{INSTRUCTION, packed, saved_states};
use playfield_media::delta::{Base, Encoder, PictureRows, RowSpan, write_parity};
use playfield_transport::Client;

#[path = "seeds/cameras.rs"]
mod cameras;
#[path = "seeds/link.rs"]
mod link;
#[path = "seeds/model.rs"]
mod model;
#[path = "seeds/modules.rs"]
mod modules;
#[path = "seeds/sound.rs"]
mod sound;
#[path = "seeds/sources.rs"]
mod sources;
#[path = "seeds/text.rs"]
mod text;
#[path = "seeds/voice.rs"]
mod voice;

fn main() -> std::io::Result<()> {
    let mut seeds = vec![
        ("wire", "all-sections", wire()),
        ("wire", "quiet", packed([message(1, |_| {}).as_slice()])),
        ("acks", "in-order", acks(0)),
        ("acks", "strange", acks(1)),
        ("pictures", "indexed", pictures(0)),
        ("pictures", "rgb565", pictures(1)),
        ("pictures", "rgba", pictures(2)),
        ("delta", "indexed", delta(PixelFormat::Indexed8)),
        ("delta", "rgb565", delta(PixelFormat::Rgb565)),
        ("delta", "rgba", delta(PixelFormat::Rgba8)),
        ("delta", "parity", with_parity()),
        ("console", "shapes", console()),
        ("calls", "all", calls()),
        ("log", "recorded", recorded()),
        ("packet", "check", packet()),
        ("sdp", "own", offer()),
        ("rules", "broker", b"\x20\x02\x00\x00\x40\x02\x00\x07\xd0\x00\x90\x03\x00\x01\x00".to_vec()),
        ("rules", "mail", b"220 mail\r\n250-mail\r\n250 AUTH PLAIN\r\n550 no such person\r\n".to_vec()),
    ];
    for (name, state) in ["title", "cartridge"].into_iter().zip(saved_states()) {
        seeds.push(("restore", name, state));
    }
    for (name, module) in modules::all() {
        seeds.push(("cartridge", name, module.clone()));
        seeds.push(("guest", name, module));
    }
    seeds.extend(sound::all().into_iter().map(|(name, session)| ("sound", name, session)));
    seeds.extend(voice::all().into_iter().map(|(name, voice)| ("voice", name, voice)));
    seeds.extend(cameras::all());
    seeds.extend(sources::all());
    seeds.extend(link::all());
    for (target, name, text) in text::all() {
        seeds.push((target, name, text.into_bytes()));
    }
    for (name, tensors) in model::all() {
        write("model", &name, &tensors)?;
    }
    for (target, name, bytes) in seeds {
        write(target, name, &bytes)?;
    }
    Ok(())
}

fn write(target: &str, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    std::fs::create_dir_all(&folder)?;
    let path: PathBuf = folder.join(format!("seed-{name}"));
    std::fs::write(path, bytes)
}

fn message(seq: u32, sections: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut out = Vec::new();
    let clock = (seq > 1).then_some(ClockEstimate { offset_us: -5, error_us: 900 });
    sections(&mut Writer::new(&mut out, seq, 1_000 * u64::from(seq), clock));
    out
}

fn wire() -> Vec<u8> {
    let pad = Pad { buttons: 0x8001, lx: -32_767, ly: 1, rx: 2, ry: 3, l2: 4, r2: 5 };
    let first = message(1, |writer| {
        writer.pad(&PadReport { index: 0, pad, presses: [3; 16] });
        writer.keys(&[KeyReport { usage: 4, held: true, presses: 100 }]);
        writer.pointer(&PointerReport { x: 9, total_dx: -70_000, buttons: 1, presses: [1; 5], ..Default::default() });
        writer.touches(&[TouchReport { id: 1, down: true, x: 5, y: 6 }, TouchReport { id: 2, ..Default::default() }]);
    });
    let second = message(2, |writer| {
        writer.acks(&[Ack { picture: 3, datagrams: 0x1ff }, Ack { picture: 2, datagrams: u64::MAX }]);
        writer.frames(&[FrameReport { rtp: true, id: 8, arrival_us: 1, decode_us: 2, present_us: 3 }]);
        writer.more_pads(&[1, 2].map(|index| PadReport { index, pad, presses: [index; 16] }));
    });
    let reply = ClockReply { seq: 1, viewer_sent_us: 2, node_received_us: 3, node_sent_us: 4 }.to_bytes();
    packed([first.as_slice(), &second, &reply, &message(3, |_| {})])
}

/// Ticks and acknowledgements; see `playfield_fuzz::acks`.
fn acks(strange: u8) -> Vec<u8> {
    let mut data = vec![40];
    for round in 0..20 {
        data.extend_from_slice(&[0, 0x10, 0x04, 7 + 64 * strange]);
        let mask: [u8; 8] = if strange == 0 { [255; 8] } else { [round * 11; 8] };
        data.extend_from_slice(&[3, round % 3]);
        data.extend_from_slice(&mask);
    }
    data.extend_from_slice(&[7, 90, 0, 0x10, 0x04, 3, 5]);
    data
}

/// Changes, ticks, losses and acknowledgements; see `playfield_fuzz::pictures`.
fn pictures(format: u8) -> Vec<u8> {
    let mut data = vec![format, 40, 30];
    for round in 0..12 {
        data.extend_from_slice(&[0, round * 2, round, 9, 7, round * 20, 2, 1, 255, 3, round, 9, 9, 9, 4, 17]);
        data.extend_from_slice(&[1, round, 1, 4, 1, 2, 3, 4, 4, 17, 7, round, 7, 0, 8, 0, 9]);
    }
    data.extend_from_slice(&[11, (format + 1) % 3, 20, 20, 4, 20, 7, 0, 9]);
    data
}

/// Three pictures, each a delta on the one before.
fn delta(format: PixelFormat) -> Vec<u8> {
    let mut encoder = Encoder::new();
    let mut picture = Picture::black(33, 12, format);
    let (mut before, mut datagrams): (Option<PictureRows>, Vec<Vec<u8>>) = (None, Vec::new());
    for number in 1..4 {
        let stride = picture.stride();
        for (at, byte) in picture.pixels.iter_mut().enumerate() {
            *byte = if (at % stride / 7).is_multiple_of(2) { (at / stride * number as usize % 5) as u8 } else { *byte };
        }
        picture.pixels.rotate_right(stride * (number as usize - 1));
        let rows = PictureRows::new(&picture);
        let mut known = playfield_core::delta::RowSet::default();
        known.insert(0, rows.rows());
        let run = RowRun { first_row: 0, rows: rows.rows(), base: before.is_some().then_some(number - 1) };
        let base = |_| Some(Base { rows: before.as_ref()?, known: &known, changed: RowSpan::ALL });
        let coded = encoder.encode(&rows, number, number * 2, &[run], &base).expect("a small picture fits");
        datagrams.extend(coded.iter().map(<[u8]>::to_vec));
        before = Some(rows);
    }
    packed(datagrams.iter().map(Vec::as_slice))
}

/// Pictures of noise, each of which comes whole by other parity: of a single datagram, and of several, one of which is late; then
/// parity that contradicts the datagrams, which are whole without it, and some that is cut.
fn with_parity() -> Vec<u8> {
    let mut noise = 7u32;
    let mut sent = Vec::new();
    for number in 1..7u32 {
        let side = if number == 1 { 4 } else { 50 };
        let mut picture = Picture::black(side, side, PixelFormat::Rgb565);
        picture.pixels.iter_mut().for_each(|byte| {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *byte = (noise >> 24) as u8;
        });
        let rows = PictureRows::new(&picture);
        let run = RowRun { first_row: 0, rows: rows.rows(), base: None };
        let mut encoder = Encoder::new();
        let coded = encoder.encode(&rows, number, number, &[run], &|_| None).expect("a small picture fits");
        let datagrams: Vec<_> = coded.iter().map(<[u8]>::to_vec).collect();
        let parity = |parity| {
            let mut bytes = Vec::new();
            write_parity(number, parity, datagrams.iter().map(Vec::as_slice), &mut bytes);
            bytes
        };
        let last = datagrams.len() - 1;
        match number {
            1 => sent.push(parity(5)),
            2 => sent.extend([&[parity(0)], &datagrams[1..], &datagrams[..1], &[parity(1)]].concat()),
            3 => sent.extend([&datagrams[..last - 1], &[parity(2), parity(9)]].concat()),
            4 => sent.extend((3..).take(datagrams.len()).map(parity)),
            5 => {
                let mut bad = parity(1);
                // The tick in the datagram that is missing.
                bad[15] ^= 1;
                sent.extend([&datagrams[1..], &[bad], &datagrams[..1]].concat());
            }
            _ => sent.extend([&datagrams[1..], &[parity(0)[..900].to_vec(), parity(3)]].concat()),
        }
    }
    packed(sent.iter().map(Vec::as_slice))
}

/// Each call of the console once, with numbers that draw.
fn console() -> Vec<u8> {
    let mut data = Vec::new();
    for which in 0..17u8 {
        data.push(which);
        (0..if which < 10 { 9u32 } else { 4 })
            .for_each(|nth| data.extend_from_slice(&(16 + nth * 3 + u32::from(which)).to_le_bytes()));
        data.extend_from_slice(&[18, 1, 0, 5, 0]);
    }
    data
}

/// Each call of the ABI once, with numbers that do something, and two ticks.
fn calls() -> Vec<u8> {
    let mut data = Vec::new();
    for which in (0..26u8).filter(|which| *which != 5).chain([255, 7, 8, 9, 10, 255]) {
        let mut instruction = vec![which];
        for value in [32u32, 4, 2, 8] {
            instruction.extend_from_slice(&value.to_le_bytes());
        }
        assert_eq!(instruction.len(), INSTRUCTION);
        data.extend(instruction);
    }
    data
}

fn recorded() -> Vec<u8> {
    let mut text = String::new();
    let mut recorder = Recorder::new(7, 1_700_000_000_000, &mut text);
    let mut input = playfield_core::input::TickInput::default();
    input.players[0].connected = true;
    for frame in 1..8 {
        input.players[0].pad = Pad { buttons: 1 << frame, lx: 300 * frame as i16, r2: frame as u8, ..Pad::default() };
        input.players[1].connected = frame > 3;
        input.players[1].pointer.dx = frame as i16;
        recorder.record(frame, &input, &mut text);
    }
    text.into_bytes()
}

/// A check of the viewer, one with the wrong password, and noise; see `playfield_fuzz::packet`.
fn packet() -> Vec<u8> {
    let check = [&[2, 0][..], &[7; 12]].concat();
    let stranger = [&[1, 0][..], &[8; 12]].concat();
    let hello = [&[0, 22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12, 1][..], &[0; 11]].concat();
    let report = [0, 0x80, 200, 0, 6, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
    packed([stranger.as_slice(), &check, &hello, &report, &check])
}

fn offer() -> Vec<u8> {
    Client::offer(std::net::Ipv4Addr::LOCALHOST.into()).expect("an offer").1.into_bytes()
}
