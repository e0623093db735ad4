//! A small synthesiser: sixteen voices, an echo, and songs written as text. Whole numbers only, so a run sounds the
//! same everywhere. While nothing sounds it pushes nothing, and silence costs nothing.

use crate::audio;

/// Voices that can sound at once; one more takes the place of the one nearest its end.
pub const VOICES: usize = 16;
const ECHO_FRAMES: usize = 14_400;
const BLOCK: usize = 256;

/// The shape of a tone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Wave {
    Pulse,
    ThinPulse,
    Triangle,
    Saw,
    Noise,
    Sine,
}

/// A sound. Notes are MIDI notes, 69 is 440 Hz; noise has a pitch too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tone {
    /// Its shape.
    pub wave: Wave,
    /// Pitch at the start.
    pub note: i32,
    /// Pitch at the end.
    pub to_note: i32,
    /// Time to full loudness.
    pub attack_ms: i32,
    /// Time at full loudness.
    pub hold_ms: i32,
    /// Time to silence.
    pub decay_ms: i32,
    /// Loudness, 0 to 255.
    pub volume: i32,
    /// Place, -127 left to 127 right.
    pub pan: i32,
    /// How much of it goes to the echo, 0 to 255.
    pub echo: i32,
}

impl Tone {
    /// A short plain note, to be changed with struct update syntax.
    pub const PLAIN: Tone = Tone {
        wave: Wave::Pulse,
        note: 69,
        to_note: 69,
        attack_ms: 2,
        hold_ms: 60,
        decay_ms: 120,
        volume: 128,
        pan: 0,
        echo: 0,
    };

    const fn frames(&self) -> i32 {
        (self.attack_ms + self.hold_ms + self.decay_ms) * 48
    }
}

/// One line of a song: two characters a step. A letter and an octave start a note (`C4`; a small letter is a sharp:
/// `c4` is C sharp), anything else lets the last one ring. It repeats at its end.
#[derive(Clone, Copy, Debug)]
pub struct Track {
    /// Its steps.
    pub notes: &'static str,
    /// What plays them, shifted so that it starts on the note.
    pub tone: Tone,
}

/// Tracks that play together.
#[derive(Clone, Copy, Debug)]
pub struct Song {
    /// Its lines.
    pub tracks: &'static [Track],
    /// How long a step is.
    pub step_ms: i32,
}

#[derive(Clone, Copy, Debug)]
struct Voice {
    tone: Tone,
    at: i32,
    phase: u32,
    inc: u32,
    slide: i32,
    noise: u32,
    volume: i32,
}

impl Voice {
    const IDLE: Voice =
        Voice { tone: Tone::PLAIN, at: i32::MAX, phase: 0, inc: 0, slide: 0, noise: 0x2545_f491, volume: 0 };

    fn left(&self) -> i32 {
        self.tone.frames().saturating_sub(self.at)
    }

    fn sample(&self) -> i32 {
        let p = self.phase;
        let high = p >= 0x8000_0000;
        match self.tone.wave {
            Wave::Pulse => {
                if high {
                    -16_000
                } else {
                    16_000
                }
            }
            Wave::ThinPulse => {
                if p < 0x3000_0000 {
                    20_000
                } else {
                    -8_000
                }
            }
            Wave::Triangle => ((if high { !p } else { p }) >> 15) as i32 - 32_768,
            Wave::Saw => (p >> 17) as i32 - 16_384,
            Wave::Noise => (self.noise >> 17) as i32 - 16_384,
            Wave::Sine => {
                let a = (p >> 16 & 0x7fff) as i32;
                let half = ((i64::from(a) * i64::from(0x8000 - a)) >> 13) as i32;
                if high { -half } else { half }
            }
        }
    }

    /// Loudness now, 0 to 256.
    fn envelope(&self) -> i32 {
        let (attack, decay) = (self.tone.attack_ms * 48, self.tone.decay_ms * 48);
        if self.at < attack {
            return self.at * 256 / attack;
        }
        let past = self.at - attack - self.tone.hold_ms * 48;
        if past < 0 {
            return 256;
        }
        let left = (i64::from(decay - past) * 256 / i64::from(decay + 1)) as i32;
        (left * left) >> 8
    }

    fn mix_into(&mut self, mix: &mut [[i32; 3]]) {
        let (left, right) = ((127 - self.tone.pan).min(127), (127 + self.tone.pan).min(127));
        let (echo, end) = (self.tone.echo, self.tone.frames());
        let mut gain = 0;
        for (i, out) in mix.iter_mut().enumerate() {
            if i % 32 == 0 {
                gain = (self.envelope() * self.volume) >> 4;
            }
            self.at += 1;
            if self.at > end {
                *self = Voice { noise: self.noise, ..Voice::IDLE };
                return;
            }
            let (phase, wrapped) = self.phase.overflowing_add(self.inc);
            self.phase = phase;
            self.inc = self.inc.wrapping_add(self.slide as u32);
            if wrapped {
                self.noise ^= self.noise << 13;
                self.noise ^= self.noise >> 17;
                self.noise ^= self.noise << 5;
            }
            let sample = (self.sample() * gain) >> 13;
            out[0] += (sample * left) >> 7;
            out[1] += (sample * right) >> 7;
            out[2] += (sample * echo) >> 8;
        }
    }
}

/// Phase step of a MIDI note: the twelve of the top octave, halved for each octave below.
fn note_inc(note: i32) -> u32 {
    const TOP: [u32; 12] = [
        749115498, 793660223, 840853716, 890853480, 943826385, 999949222, 1059409297, 1122405052, 1189146729,
        1259857073, 1334772074, 1414141751,
    ];
    let note = note.clamp(0, 131);
    TOP[note as usize % 12] >> (10 - note / 12)
}

/// The note a cell of a track starts, as MIDI.
fn cell_note(cell: &[u8]) -> Option<i32> {
    const SEMITONES: [i32; 7] = [9, 11, 0, 2, 4, 5, 7];
    let &[letter, octave @ b'0'..=b'9'] = cell else { return None };
    let index = letter.to_ascii_uppercase().wrapping_sub(b'A');
    let semitone = SEMITONES.get(usize::from(index))?;
    Some(12 * (i32::from(octave - b'0') + 1) + semitone + i32::from(letter.is_ascii_lowercase()))
}

/// Up to half of full scale as it is, louder ever less so: too much at once bends instead of breaking.
fn soften(sample: i32) -> i16 {
    let over = sample.abs() - 16_384;
    if over <= 0 {
        return sample as i16;
    }
    let loud = 16_384 + (i64::from(over) * 16_383 / i64::from(over + 16_383)) as i32;
    (sample.signum() * loud) as i16
}

/// The synthesiser. Keep one in your title and call [`Synth::tick`] once a tick.
#[derive(Debug)]
pub struct Synth {
    voices: [Voice; VOICES],
    song: Option<&'static Song>,
    song_step: usize,
    song_left: i32,
    /// Loudness of the song, 0 to 256: for fades.
    pub song_volume: i32,
    echo: [i16; ECHO_FRAMES],
    echo_at: usize,
    tail: i32,
    out: [i16; audio::MAX_FRAMES * 2],
}

impl Synth {
    /// A silent one.
    pub const fn new() -> Synth {
        Synth {
            voices: [Voice::IDLE; VOICES],
            song: None,
            song_step: 0,
            song_left: 0,
            song_volume: 256,
            echo: [0; ECHO_FRAMES],
            echo_at: 0,
            tail: 0,
            out: [0; audio::MAX_FRAMES * 2],
        }
    }

    /// Plays a tone.
    pub fn play(&mut self, tone: &Tone) {
        self.play_at(tone, 0, 256);
    }

    /// Plays a tone `shift` half notes higher, at `volume` of 256.
    pub fn play_at(&mut self, tone: &Tone, shift: i32, volume: i32) {
        let mut best = 0;
        for i in 1..VOICES {
            if self.voices[i].left() < self.voices[best].left() {
                best = i;
            }
        }
        let inc = note_inc(tone.note + shift);
        let way = i64::from(note_inc(tone.to_note + shift)) - i64::from(inc);
        let slide = (way / i64::from(tone.frames() + 1)) as i32;
        let noise = self.voices[best].noise;
        self.voices[best] =
            Voice { tone: *tone, at: 0, phase: 0, inc, slide, noise, volume: (tone.volume * volume) >> 8 };
    }

    /// Starts a song from its beginning; `None` stops it.
    pub fn sing(&mut self, song: Option<&'static Song>) {
        (self.song, self.song_step, self.song_left) = (song, 0, 0);
    }

    fn step_song(&mut self, song: &'static Song) {
        for track in song.tracks {
            let cells = track.notes.as_bytes();
            let at = 2 * (self.song_step % (cells.len() / 2).max(1));
            if let Some(note) = cells.get(at..at + 2).and_then(cell_note) {
                self.play_at(&track.tone, note - track.tone.note, self.song_volume);
            }
        }
        self.song_step += 1;
    }

    /// Makes the sound of this tick and pushes it.
    pub fn tick(&mut self) {
        let frames = audio::wanted().min(audio::MAX_FRAMES);
        if self.render(frames) {
            audio::push(&self.out[..2 * frames]);
        }
    }

    /// Makes `frames` of sound; false if there is nothing to hear.
    fn render(&mut self, frames: usize) -> bool {
        if self.song.is_some() || self.voices.iter().any(|voice| voice.left() > 0) {
            self.tail = 10 * ECHO_FRAMES as i32;
        } else if self.tail <= 0 {
            return false;
        }
        self.tail -= frames as i32;
        let mut done = 0;
        while done < frames {
            let mut part = (frames - done).min(BLOCK);
            if let Some(song) = self.song {
                if self.song_left <= 0 {
                    self.step_song(song);
                    self.song_left += song.step_ms * 48;
                }
                part = part.min(self.song_left.max(1) as usize);
                self.song_left -= part as i32;
            }
            self.block(done, part);
            done += part;
        }
        true
    }

    fn block(&mut self, done: usize, frames: usize) {
        let mut mix = [[0i32; 3]; BLOCK];
        for voice in self.voices.iter_mut().filter(|voice| voice.left() > 0) {
            voice.mix_into(&mut mix[..frames]);
        }
        for (i, &[left, right, send]) in mix[..frames].iter().enumerate() {
            let wet = i32::from(self.echo[self.echo_at]);
            self.echo[self.echo_at] = (send + wet * 5 / 11).clamp(-30_000, 30_000) as i16;
            self.echo_at = (self.echo_at + 1) % ECHO_FRAMES;
            self.out[2 * (done + i)] = soften(left + wet);
            self.out[2 * (done + i) + 1] = soften(right + wet * 3 / 4);
        }
    }
}

impl Default for Synth {
    fn default() -> Synth {
        Synth::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static TUNE: Song =
        Song { tracks: &[Track { notes: "A4..C5", tone: Tone { echo: 200, ..Tone::PLAIN } }], step_ms: 100 };

    #[test]
    fn a_cell_names_its_note() {
        let check = |cell: &str, note| assert_eq!(cell_note(cell.as_bytes()), note, "{cell}");
        check("A4", Some(69));
        check("C4", Some(60));
        check("c4", Some(61));
        check("..", None);
        check("H4", None);
    }

    #[test]
    fn a_note_has_its_frequency() {
        let hz = |note| f64::from(note_inc(note)) * 48_000.0 / 4_294_967_296.0;
        assert!((hz(69) - 440.0).abs() < 0.001);
        assert!((hz(57) - 220.0).abs() < 0.001);
    }

    #[test]
    fn a_song_sounds_and_after_it_silence_comes_back() {
        let mut synth = Synth::new();
        assert!(!synth.render(800), "nothing was asked for");
        synth.sing(Some(&TUNE));
        assert!(synth.render(800));
        assert!(synth.out[..1600].iter().any(|&s| s > 1000));
        synth.sing(None);
        let busy = (0..1000).take_while(|_| synth.render(800)).count();
        assert!((100..999).contains(&busy), "{busy} ticks until silence");
        assert!(synth.out[..1600].iter().all(|&s| s.abs() < 8), "the echo had not died away");
    }

    #[test]
    fn loud_sound_bends_and_never_wraps() {
        let check = |sample, expect| assert_eq!(soften(sample), expect, "{sample}");
        check(16_384, 16_384);
        check(-16_384, -16_384);
        check(32_767, 24_575);
        check(-5_000_000, -32_713);
        check(2_000_000_000, 32_766);
    }

    #[test]
    fn one_voice_too_many_takes_the_place_of_the_oldest() {
        let mut synth = Synth::new();
        for note in 0..=VOICES as i32 {
            synth.play_at(&Tone::PLAIN, note, 256);
            synth.render(10);
        }
        assert!(synth.voices.iter().all(|voice| voice.inc != note_inc(69)));
    }
}
