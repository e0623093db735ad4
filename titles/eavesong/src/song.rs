//! What a tune is: four scenes of sixteen steps for five residents, and how fast, in which mood and in which order they
//! play. A song is small and `Copy`, so that undo keeps whole ones, and it has one form in bytes, for storage.

pub const STEPS: usize = 16;
pub const ROWS: usize = 8;
pub const SCENES: usize = 4;
pub const CHAIN: usize = 8;
pub const RESIDENTS: usize = 5;

/// Residents by number; what each one plays is in `band`.
pub const FROG: usize = 0;
pub const BEAR: usize = 1;
pub const MICE: usize = 2;
pub const BIRD: usize = 3;
pub const OWLS: usize = 4;

/// A place in the chain where nothing plays.
pub const NOTHING: u8 = 255;
pub const LOUDEST: u8 = 8;
pub const SOUNDS: u8 = 3;
pub const MOODS: u8 = 5;
pub const ECHOES: u8 = 5;
pub const SLOWEST: u8 = 60;
pub const FASTEST: u8 = 168;
pub const MOST_SWING: u8 = 6;

const VERSION: u8 = 1;
/// Version, tempo, swing, mood, key and echo; the chain; three bytes a resident; the notes.
pub const BYTES: usize = 6 + CHAIN + 3 * RESIDENTS + SCENES * RESIDENTS * STEPS;

/// For each resident and step a bit for each row, the lowest note first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Scene {
    pub notes: [[u8; STEPS]; RESIDENTS],
}

/// How a resident is heard.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Up to `LOUDEST`.
    pub volume: u8,
    /// Which of its sounds.
    pub sound: u8,
    pub asleep: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Song {
    pub scenes: [Scene; SCENES],
    /// Beats a minute.
    pub tempo: u8,
    /// How late every second step is, in sixteenths of a step.
    pub swing: u8,
    pub mood: u8,
    /// Half notes above C.
    pub key: u8,
    pub echo: u8,
    /// Scenes in the order they play, or `NOTHING`.
    pub chain: [u8; CHAIN],
    pub parts: [Part; RESIDENTS],
}

/// Whether a resident sings one row at a time.
pub const fn alone(who: usize) -> bool {
    matches!(who, BEAR | BIRD | OWLS)
}

impl Scene {
    pub const EMPTY: Scene = Scene { notes: [[0; STEPS]; RESIDENTS] };

    pub fn has(&self, who: usize, step: usize, row: usize) -> bool {
        self.notes[who][step] >> row & 1 != 0
    }

    pub fn set(&mut self, who: usize, step: usize, row: usize, on: bool) {
        let cell = &mut self.notes[who][step];
        if !on {
            *cell &= !(1 << row);
        } else if alone(who) {
            *cell = 1 << row;
        } else {
            *cell |= 1 << row;
        }
    }

    /// Moves all notes of a resident by a step.
    pub fn shift(&mut self, who: usize, later: bool) {
        if later { self.notes[who].rotate_right(1) } else { self.notes[who].rotate_left(1) }
    }
}

impl Song {
    pub const EMPTY: Song = Song {
        scenes: [Scene::EMPTY; SCENES],
        tempo: 100,
        swing: 2,
        mood: 0,
        key: 2,
        echo: 3,
        chain: [0, 1, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING],
        parts: [Part { volume: 6, sound: 0, asleep: false }; RESIDENTS],
    };

    /// Two chords to begin with: whatever is tapped next sounds like music.
    pub fn fresh() -> Song {
        let mut song = Song::EMPTY;
        song.scenes[0].set(OWLS, 0, 0, true);
        song.scenes[0].set(OWLS, 8, 2, true);
        song
    }

    /// The chain's next place after `at` where something plays.
    pub fn next_in_chain(&self, at: usize) -> Option<usize> {
        (1..=CHAIN).map(|more| (at + more) % CHAIN).find(|&place| self.chain[place] != NOTHING)
    }

    pub fn to_bytes(self) -> [u8; BYTES] {
        let mut bytes = [0; BYTES];
        let head = [VERSION, self.tempo, self.swing, self.mood, self.key, self.echo].into_iter().chain(self.chain);
        let parts = self.parts.iter().flat_map(|part| [part.volume, part.sound, u8::from(part.asleep)]);
        let notes = self.scenes.iter().flat_map(|scene| scene.notes.iter().flatten().copied());
        for (to, from) in bytes.iter_mut().zip(head.chain(parts).chain(notes)) {
            *to = from;
        }
        bytes
    }

    /// Whatever the bytes are, the song can be played: each value is brought into its range.
    pub fn from_bytes(bytes: &[u8; BYTES]) -> Option<Song> {
        let mut next = bytes.iter().copied();
        let mut take = || next.next().unwrap_or(0);
        if take() != VERSION {
            return None;
        }
        let mut song = Song::EMPTY;
        song.tempo = take().clamp(SLOWEST, FASTEST);
        song.swing = take().min(MOST_SWING);
        song.mood = take().min(MOODS - 1);
        song.key = take() % 12;
        song.echo = take().min(ECHOES - 1);
        song.chain = song.chain.map(|_| take()).map(|scene| if scene < SCENES as u8 { scene } else { NOTHING });
        song.parts = song.parts.map(|_| Part {
            volume: take().min(LOUDEST),
            sound: take().min(SOUNDS - 1),
            asleep: take() != 0,
        });
        for scene in &mut song.scenes {
            for (who, line) in scene.notes.iter_mut().enumerate() {
                *line = line.map(|_| take()).map(|rows| if alone(who) { rows & rows.wrapping_neg() } else { rows });
            }
        }
        Some(song)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_song_comes_back_from_its_bytes() {
        let mut song = Song::fresh();
        song.scenes[3].set(MICE, 15, 7, true);
        song.parts[BIRD] = Part { volume: 1, sound: 2, asleep: true };
        assert!(Song::from_bytes(&song.to_bytes()) == Some(song));
    }

    #[test]
    fn bytes_of_any_kind_make_a_song_that_plays() {
        let mut bytes = [0xee; BYTES];
        assert!(Song::from_bytes(&bytes).is_none(), "another version");
        bytes[0] = VERSION;
        let song = Song::from_bytes(&bytes).expect("this version");
        assert!(song.tempo <= FASTEST && song.mood < MOODS);
        assert!(song.scenes[0].notes[BEAR].iter().all(|rows| rows.count_ones() == 1));
    }

    #[test]
    fn a_soloist_sings_one_row_at_a_time() {
        let mut scene = Scene::EMPTY;
        scene.set(BIRD, 2, 3, true);
        scene.set(BIRD, 2, 5, true);
        scene.set(MICE, 2, 3, true);
        scene.set(MICE, 2, 5, true);
        let lit = |who: usize| scene.notes[who][2].count_ones();
        assert_eq!((lit(BIRD), lit(MICE)), (1, 2));
    }
}
