//! Sound that waits for the host's thread. What is not taken in time is left out: late sound is worse than none.

use std::collections::VecDeque;

use super::{BLOCK, Block};

/// Most blocks that wait for the host: 200 ms.
const MOST_BLOCKS: usize = 40;
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
}
