//! A process is killed between any two writes, and in the middle of each; a disk is full at any of them.

use playfield_core::sim::Random;

use super::*;

/// Two files in memory, whose process is killed, or whose disk is full, after so many bytes.
#[derive(Clone, Default)]
struct Memory {
    files: [Vec<u8>; 2],
    /// Bytes that may still be written; taking a head away and putting it back count as one byte each.
    left: Option<usize>,
    written: usize,
}

impl Files for Memory {
    fn write(&mut self, slot: usize, at: u64, bytes: &[u8]) -> io::Result<()> {
        // A head lies within a page: a process is killed before or after it is written.
        let cost = if at == 0 { 1 } else { bytes.len() };
        let allowed = self.left.map_or(cost, |left| cost.min(left));
        let count = if at == 0 { bytes.len() * allowed } else { allowed };
        let (file, at) = (&mut self.files[slot], at as usize);
        if count > 0 {
            file.resize(file.len().max(at + count), 0);
            file[at..at + count].copy_from_slice(&bytes[..count]);
        }
        self.written += allowed;
        self.left = self.left.map(|left| left - allowed);
        if allowed == cost { Ok(()) } else { Err(io::ErrorKind::StorageFull.into()) }
    }

    fn read(&mut self, slot: usize, at: u64, bytes: &mut [u8]) -> io::Result<()> {
        let end = at as usize + bytes.len();
        bytes.copy_from_slice(self.files[slot].get(at as usize..end).ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn length(&mut self, slot: usize) -> io::Result<u64> {
        Ok(self.files[slot].len() as u64)
    }

    fn set_length(&mut self, slot: usize, length: u64) -> io::Result<()> {
        self.files[slot].resize(length as usize, 0);
        Ok(())
    }
}

fn slots() -> Slots {
    Slots::new(PathBuf::new(), SessionId::from_entropy([7; 16]))
}

/// What differs between two states of equal beginnings, in rounds.
fn changes(old: &[u8], new: &Snapshot, rounds: usize) -> Vec<Changes> {
    let mut all = vec![Changes::default(); rounds];
    all.iter_mut().for_each(|changes| changes.tick = new.tick);
    let units = unit_of(new.bytes.len() as u64 - 1) + 1;
    for unit in 0..units {
        let (at, end) = (start_of(unit) as usize, (start_of(unit + 1) as usize).min(new.bytes.len()));
        if old.get(at..end) != Some(&new.bytes[at..end]) {
            all[unit * rounds / units].push(at, &new.bytes[at..end]);
        }
    }
    all[rounds - 1].finish(new.bytes.len());
    all
}

/// States of a guest that writes here and there, whose state grows and shrinks, and which leaves much zero.
fn states(seed: u64, count: u64) -> Vec<Snapshot> {
    let mut random = Random::new(seed);
    let mut pick = move |most: usize| (random.next_u64() % most as u64) as usize;
    let mut bytes = vec![0; 3_000 + pick(60_000)];
    (1..=count)
        .map(|tick| {
            for _ in 0..pick(6) {
                let (at, value) = (pick(bytes.len()), pick(256) as u8);
                let end = (at + pick(700)).min(bytes.len());
                bytes[at..end].fill(value);
            }
            if pick(3) == 0 {
                let length = (bytes.len() + pick(3_000)).saturating_sub(pick(3_000)).max(1);
                bytes.resize(length, 0);
            }
            Snapshot { tick, bytes: bytes.clone() }
        })
        .collect()
}

/// Writes states until the end, or until it is killed; the tick of the last one that was said to be whole.
fn write_all(files: &mut Memory, states: &[Snapshot], rounds: usize) -> u64 {
    let (mut slots, mut old) = (slots(), Vec::new());
    for state in states {
        for part in changes(&old, state, rounds) {
            if slots.write(&part, files).is_err() {
                return state.tick - 1;
            }
        }
        old.clone_from(&state.bytes);
    }
    states.len() as u64
}

#[test]
fn each_state_is_read_back_as_it_was() {
    for seed in 0..60 {
        let states = states(seed, 12);
        for until in 1..=states.len() {
            let mut files = Memory::default();
            write_all(&mut files, &states[..until], 1 + seed as usize % 3);
            assert_eq!(slots().resume(&mut files).as_ref(), Some(&states[until - 1]), "seed {seed}");
        }
    }
}

#[test]
fn killed_anywhere_the_last_whole_state_is_there() {
    for seed in 0..6 {
        let (states, rounds) = (states(seed, 6), 1 + seed as usize % 3);
        let mut files = Memory::default();
        write_all(&mut files, &states, rounds);
        for left in (0..files.written).step_by(97).chain(files.written - 600..files.written) {
            let mut files = Memory { left: Some(left), ..Memory::default() };
            let whole = write_all(&mut files, &states, rounds);
            let found = slots().resume(&mut files);
            // The one that was being written may have come whole just then.
            let tick = found.as_ref().map_or(0, |found| found.tick);
            assert!(tick == whole || tick == whole + 1, "seed {seed}, {left} bytes: {tick}, not {whole}");
            assert!(found.is_none_or(|found| found == states[tick as usize - 1]), "seed {seed}, {left} bytes");
        }
    }
}

#[test]
fn files_cut_anywhere_never_give_half_a_state() {
    let states = states(3, 5);
    let mut files = Memory::default();
    write_all(&mut files, &states, 2);
    for slot in 0..2 {
        for length in (0..files.files[slot].len()).step_by(61) {
            let mut cut = files.clone();
            cut.files[slot].truncate(length);
            let found = slots().resume(&mut cut).unwrap();
            assert!(states.contains(&found), "slot {slot} cut to {length}");
        }
    }
}

#[test]
fn after_a_full_disk_everything_is_written_again() {
    for seed in 0..40 {
        let states = states(seed, 8);
        let (mut slots_, mut files, mut old) = (slots(), Memory::default(), Vec::new());
        let mut last = None;
        for (nth, state) in states.iter().enumerate() {
            files.left = (nth % 3 == 1).then_some(300 * (seed as usize + 1));
            let written = changes(&old, state, 2).iter().try_for_each(|part| slots_.write(part, &mut files));
            match written {
                Ok(()) => (last, old) = (Some(state), state.bytes.clone()),
                Err(_) => old.clear(),
            }
            files.left = None;
            assert_eq!(slots().resume(&mut files).as_ref(), last, "seed {seed}, state {nth}");
        }
    }
}

#[test]
fn a_session_that_goes_on_writes_over_the_older_file() {
    let states = states(5, 9);
    let mut files = Memory::default();
    write_all(&mut files, &states[..4], 1);
    let (mut slots_, mut old) = (slots(), Vec::new());
    assert_eq!(slots_.resume(&mut files).as_ref(), Some(&states[3]));
    for state in &states[4..] {
        let parts = changes(&old, state, 2);
        slots_.write(&parts[0], &mut files).unwrap();
        assert_eq!(slots().resume(&mut files).unwrap().tick, state.tick - 1, "the newest stays whole meanwhile");
        slots_.write(&parts[1], &mut files).unwrap();
        assert_eq!(slots().resume(&mut files).as_ref(), Some(state));
        old.clone_from(&state.bytes);
    }
}

#[test]
fn what_did_not_change_is_not_written_and_zeros_are_not_either() {
    let mut states = vec![Snapshot { tick: 1, bytes: vec![0; 1 << 20] }];
    for tick in 2..=5 {
        let mut bytes = states[0].bytes.clone();
        bytes[48 + 4096 * tick as usize] = 1;
        states.push(Snapshot { tick, bytes });
    }
    let mut files = Memory::default();
    write_all(&mut files, &states, 1);
    assert!(files.written < 40 * UNIT, "{} bytes", files.written);
    assert_eq!(slots().resume(&mut files).as_ref(), states.last());
}

#[test]
fn whatever_a_file_says_of_itself_it_is_read_or_left_alone() {
    let state = Snapshot { tick: 5, bytes: (0..5_000_u32).map(|n| n as u8).collect() };
    let mut files = Memory::default();
    slots().write(&changes(&[], &state, 1)[0], &mut files).unwrap();
    assert_eq!(slots().resume(&mut files).map(|read| read.tick), Some(5));
    let whole = files.files[1].clone();
    let mut random = Random::new(3);
    for _ in 0..2_000 {
        files.files[1].clone_from(&whole);
        files.files[1].truncate(if random.next_u64().is_multiple_of(4) {
            random.next_u64() as usize % whole.len()
        } else {
            whole.len()
        });
        let (at, value) =
            (random.next_u64() as usize % HEAD, [0, u64::MAX, random.next_u64()][random.next_u64() as usize % 3]);
        for (byte, new) in files.files[1].iter_mut().skip(at & !7).zip(value.to_le_bytes()) {
            *byte = new;
        }
        let mut slots = slots();
        if slots.resume(&mut files).is_some() {
            // What follows has a number of its own.
            let next = Snapshot { tick: 6, bytes: vec![1; 700] };
            slots.write(&changes(&[], &next, 1)[0], &mut files).unwrap();
            assert_eq!(slots.resume(&mut files).map(|read| read.tick), Some(6));
        }
    }
}
