//! Sound that waits for another thread, in both directions. What is not taken in time is left out: late sound is worse than none.

use std::collections::VecDeque;

use super::{BLOCK, Block, Mix};

/// Most blocks that wait for the host: 200 ms.
const MOST_BLOCKS: usize = 40;
/// Samples of the microphone that wait before it begins, so that those that come late are not missed: 20 ms.
const BEGIN: usize = 4 * BLOCK;
/// Most samples of the microphone that wait: 80 ms.
const MOST_HEARD: usize = 16 * BLOCK;

/// Blocks for the host.
#[derive(Debug, Default)]
pub(super) struct Blocks(VecDeque<Block>);

impl Blocks {
    pub fn push(&mut self, block: Block) {
        if self.0.len() == MOST_BLOCKS {
            self.0.pop_front();
        }
        self.0.push_back(block);
    }

    /// Moves what follows one another without a gap to the end of `into`, and says when it began.
    pub fn take(&mut self, into: &mut Vec<i16>) -> Option<u64> {
        let first = self.0.front()?.at;
        let mut next = first;
        while let Some(block) = self.0.front().filter(|block| block.at == next) {
            into.extend_from_slice(&block.samples);
            next += BLOCK as u64;
            self.0.pop_front();
        }
        Some(first)
    }
}

/// The microphone: its clock is another one, so it runs dry or over now and then.
#[derive(Debug, Default)]
pub(super) struct Heard {
    waiting: VecDeque<i16>,
    begun: bool,
}

impl Heard {
    pub fn push(&mut self, samples: &[i16]) {
        let samples = &samples[samples.len().saturating_sub(MOST_HEARD)..];
        let over = (self.waiting.len() + samples.len()).saturating_sub(MOST_HEARD);
        if over > 0 {
            // Down to where it began: once in a while, and not a little each time.
            let keep = BEGIN.saturating_sub(samples.len()).min(self.waiting.len());
            self.waiting.drain(..self.waiting.len() - keep);
        }
        self.waiting.extend(samples);
    }

    /// The next block, the same on both sides. False: there is none, and it is silent.
    pub fn pull(&mut self, into: &mut Mix) -> bool {
        self.begun = self.waiting.len() >= if self.begun { BLOCK } else { BEGIN };
        if !self.begun {
            into.fill(0.0);
            return false;
        }
        for (pair, sample) in into.chunks_exact_mut(2).zip(self.waiting.drain(..BLOCK)) {
            pair.fill(f32::from(sample) / 32_768.0);
        }
        true
    }

    pub fn clear(&mut self) {
        *self = Heard::default();
    }
}

#[cfg(test)]
mod tests {
    use super::super::SAMPLES;
    use super::*;

    fn block(at: u64, value: i16) -> Block {
        Block { at, samples: [value; SAMPLES] }
    }

    #[test]
    fn blocks_are_taken_until_a_gap_and_the_oldest_are_left_out() {
        let mut blocks = Blocks::default();
        let mut samples = Vec::new();
        assert_eq!(blocks.take(&mut samples), None);
        for (at, value) in [(0, 1), (240, 2), (960, 3)] {
            blocks.push(block(at, value));
        }
        assert_eq!(blocks.take(&mut samples), Some(0));
        assert_eq!((samples.len(), samples[0], samples[SAMPLES]), (2 * SAMPLES, 1, 2));
        assert_eq!(blocks.take(&mut samples), Some(960));
        for n in 0..100 {
            blocks.push(block(n * 240, 0));
        }
        samples.clear();
        assert_eq!(blocks.take(&mut samples), Some(60 * 240));
        assert_eq!(samples.len(), MOST_BLOCKS * SAMPLES);
    }

    #[test]
    fn the_microphone_begins_with_some_in_hand_and_never_lags_behind() {
        let mut heard = Heard::default();
        let mut mix = [0.0; SAMPLES];
        heard.push(&[16_384; BLOCK]);
        assert!(!heard.pull(&mut mix));
        heard.push(&[16_384; 3 * BLOCK]);
        for _ in 0..4 {
            assert!(heard.pull(&mut mix));
            assert_eq!(mix[..2], [0.5, 0.5]);
        }
        assert!(!heard.pull(&mut mix) && mix == [0.0; SAMPLES]);
        for _ in 0..100 {
            heard.push(&[1; BLOCK]);
        }
        heard.push(&[1; 100 * BLOCK]);
        assert!(heard.waiting.len() <= MOST_HEARD);
    }
}
