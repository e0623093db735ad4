//! Microphones.

use playfield_fuzz::packed;
use playfield_media::audio::{OpusConfig, OpusEncoder, PACKET_FRAMES};

pub fn all() -> Vec<(&'static str, Vec<u8>)> {
    let steady: Vec<(usize, Vec<u8>)> = voice().enumerate().collect();
    let mut odd = steady.clone();
    odd.swap(3, 4);
    odd.remove(7);
    odd.push(odd[1].clone());
    odd[9].1.truncate(3);
    let mut speech: Vec<(usize, Vec<u8>)> = SPEECH.lines().take(48).map(bytes).enumerate().collect();
    [40, 30, 20, 10].into_iter().for_each(|lost| drop(speech.remove(lost)));
    vec![
        ("steady", input(1, &steady)),
        ("lost-late-twice-cut", input(1, &odd)),
        ("another", input(0x40, &steady)),
        ("speech", input(1, &speech)),
    ]
}

/// Half a second of a browser's.
const SPEECH: &str = include_str!("../../../crates/playfield-media/src/audio/voice/speech.txt");

fn bytes(line: &str) -> Vec<u8> {
    line.split(' ').filter_map(|byte| u8::from_str_radix(byte, 16).ok()).collect()
}

/// Each packet, and 10 ms that pass after it; `whose` is doubled each time, so that of some it is another.
fn input(whose: u8, packets: &[(usize, Vec<u8>)]) -> Vec<u8> {
    let mut messages = Vec::new();
    let mut whose = whose;
    for (n, packet) in packets {
        let mut message = vec![0, whose];
        message.extend((*n as u16).to_le_bytes());
        message.extend((*n as u32 * PACKET_FRAMES as u32).to_le_bytes());
        message.extend(packet);
        messages.extend([message, vec![1, 10]]);
        if whose > 1 {
            whose = whose.wrapping_mul(2);
        }
    }
    messages.push(vec![1, 200]);
    packed(messages.iter().map(Vec::as_slice))
}

fn voice() -> impl Iterator<Item = Vec<u8>> {
    let wave = |n: usize| ((n as f64 * 440.0 * std::f64::consts::TAU / 48_000.0).sin() * 12_000.0) as i16;
    let samples: Vec<i16> = (0..20 * PACKET_FRAMES).flat_map(|n| [wave(n); 2]).collect();
    let mut packets = Vec::new();
    if let Ok(mut encoder) = OpusEncoder::new(OpusConfig::default()) {
        encoder.push(&samples);
        let mut bytes = Vec::new();
        while let Ok(Some(_)) = encoder.poll(&mut bytes) {
            packets.push(std::mem::take(&mut bytes));
        }
    }
    packets.into_iter()
}
