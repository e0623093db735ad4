//! All residents together: who sings how, which voice is free, and the mix of everything into the sound of one tick.

use playfield_sdk::audio;

use crate::drums::Drums;
use crate::moods;
use crate::patches::patch;
use crate::room::Room;
use crate::song::{BEAR, BIRD, ECHOES, FROG, LOUDEST, MICE, OWLS, RESIDENTS, Song, alone};
use crate::tables::Tables;
use crate::voice::{CHUNK, Choir, Frame, HELD, Note, Voice, note_inc};

const CHOIRS: usize = 8;
/// Loudness of each resident beside the others.
const BALANCE: [f32; RESIDENTS] = [0.95, 0.78, 1.05, 0.95, 1.1];
const PANS: [f32; 8] = [-0.45, 0.4, -0.2, 0.55, -0.6, 0.25, -0.3, 0.5];
/// How much of an echo is left in the next, of 256.
const ECHO_BACK: [i32; ECHOES as usize] = [0, 50, 92, 128, 164];

pub struct Band {
    tables: Tables,
    choirs: [Choir; CHOIRS],
    drums: Drums,
    room: Room,
    gains: [f32; RESIDENTS],
    asked: [f32; RESIDENTS],
    /// Bass and chords make way for the kick: 1 at the hit.
    duck: f32,
    out: [i16; audio::MAX_FRAMES * 2],
}

/// How long a note is meant to sound, and what holds it.
#[derive(Clone, Copy)]
pub struct Gate {
    pub samples: u32,
    pub holder: u8,
}

impl Band {
    pub const NEW: Band = Band {
        tables: Tables::NEW,
        choirs: [Choir::OFF; CHOIRS],
        drums: Drums::NEW,
        room: Room::NEW,
        gains: [0.0; RESIDENTS],
        asked: [0.0; RESIDENTS],
        duck: 0.0,
        out: [0; audio::MAX_FRAMES * 2],
    };

    fn voices(&mut self) -> impl Iterator<Item = &mut Voice> {
        self.choirs.iter_mut().flat_map(|choir| &mut choir.voices)
    }

    pub fn tune(&mut self) {
        self.tables.fill();
        for (i, voice) in self.voices().enumerate() {
            voice.noise = i as u32 * 0x9e37_79b9;
        }
    }

    /// Takes volumes and echo from the song; `awake` says who is heard at all.
    pub fn follow(&mut self, song: &Song, awake: impl Fn(usize) -> bool) {
        for (who, asked) in self.asked.iter_mut().enumerate() {
            let volume = f32::from(song.parts[who].volume) / f32::from(LOUDEST);
            *asked = if awake(who) { volume * (0.4 + 0.9 * volume) * BALANCE[who] } else { 0.0 };
        }
        let beat = 48_000 * 60 / u32::from(song.tempo);
        self.room.echo(beat * 3 / 4, ECHO_BACK[usize::from(song.echo)]);
    }

    /// One window sings. `loud` is 0 to 1.
    pub fn sing(&mut self, song: &Song, who: usize, row: usize, loud: f32, gate: Gate) {
        let sound = song.parts[who].sound;
        match who {
            FROG => {
                let cut = self.drums.hit(row, sound, loud);
                self.room.fade_out(cut);
                if row == 0 {
                    self.duck = 1.0;
                }
            }
            OWLS => self.chord(song, row, loud, gate),
            _ => {
                let from = self.end_solo(who);
                let pan = if who == MICE {
                    PANS[row]
                } else if who == BIRD {
                    0.12
                } else {
                    0.0
                };
                self.note(
                    song,
                    Note {
                        who,
                        inc: note_inc(moods::note(song, who, row)),
                        loud,
                        pan,
                        gate: gate.samples,
                        holder: gate.holder,
                    },
                    from,
                );
            }
        }
    }

    fn chord(&mut self, song: &Song, row: usize, loud: f32, gate: Gate) {
        self.end_solo(OWLS);
        for (i, note) in moods::chord(song, row).into_iter().enumerate() {
            let pan = PANS[i] * 1.2;
            self.note(
                song,
                Note { who: OWLS, inc: note_inc(note), loud, pan, gate: gate.samples, holder: gate.holder },
                None,
            );
        }
    }

    /// A soloist ends its note before the next; gives the pitch to slide from.
    fn end_solo(&mut self, who: usize) -> Option<f32> {
        let mut from = None;
        if alone(who) {
            for voice in self.voices().filter(|voice| voice.note.who == who && voice.singing()) {
                from = Some(voice.pitch());
                voice.let_go();
            }
        }
        from
    }

    fn note(&mut self, song: &Song, note: Note, from: Option<f32>) {
        let worth = |&(_, _, worth): &(usize, usize, f32)| (worth * 1_000_000.0) as u32;
        let all = self.choirs.iter().enumerate().flat_map(|(at, choir)| {
            choir.voices.iter().enumerate().map(move |(lane, voice)| (at, lane, voice.worth()))
        });
        let Some((at, lane, worth)) = all.min_by_key(worth) else { return };
        if worth > 0.0 {
            self.room.fade_out(self.choirs[at].voices[lane].last);
        }
        self.choirs[at].start(lane, patch(note.who, song.parts[note.who].sound), note, from);
    }

    /// Lets go of every held note whose holder's bit is not in the mask: nothing can hang.
    pub fn keep_held(&mut self, holders: u64) {
        for voice in self.voices().filter(|voice| voice.note.gate == HELD) {
            if holders >> (voice.note.holder & 63) & 1 == 0 {
                voice.let_go();
            }
        }
    }

    pub fn hush(&mut self) {
        self.voices().for_each(Voice::let_go);
    }

    /// Makes `frames` of sound from place `from` of this tick on.
    pub fn render(&mut self, from: usize, frames: usize) {
        let mut done = 0;
        while done < frames {
            let part = (frames - done).min(CHUNK);
            self.chunk(from + done, part);
            done += part;
        }
    }

    fn chunk(&mut self, from: usize, frames: usize) {
        let mut mix: [Frame; CHUNK] = [[0.0; 4]; CHUNK];
        let mix = &mut mix[..frames];
        let gains = self.next_gains(frames as f32);
        self.drums.render(&self.tables, mix, gains[FROG]);
        for choir in &mut self.choirs {
            choir.render(&self.tables, mix, &gains);
        }
        for (out, frame) in self.out[2 * from..].chunks_exact_mut(2).zip(mix) {
            let (left, right) = self.room.finish(frame);
            out[0] = (left * 32_767.0) as i16;
            out[1] = (right * 32_767.0) as i16;
        }
    }

    /// Gains at the start and the end of a chunk: they slide, so sliders and sleep do not click.
    fn next_gains(&mut self, samples: f32) -> [(f32, f32); RESIDENTS] {
        let mut gains = [(0.0, 0.0); RESIDENTS];
        let duck = self.duck;
        self.duck -= self.duck * samples * (1.0 / 5_500.0);
        for (who, gain) in gains.iter_mut().enumerate() {
            let old = self.gains[who];
            self.gains[who] += (self.asked[who] - old) * samples * (1.0 / 900.0);
            let depth = match who {
                BEAR => 0.3,
                OWLS => 0.42,
                _ => 0.0,
            };
            *gain = (old * (1.0 - depth * duck), self.gains[who] * (1.0 - depth * self.duck));
        }
        gains
    }

    pub fn push(&self, frames: usize) {
        audio::push(&self.out[..2 * frames]);
    }
}
