//! What one thing is, where a model calls it now this, now that.

/// Classes that are remembered of one thing.
const MOST: usize = 4;
/// What is left of a word after the next one: fifty pictures are remembered.
const FADES: f32 = 0.98;

/// The class that a thing was called most, each word weighed by how sure it was, and by how much there was to see: what comes near is
/// seen better than what is far or only half in the picture.
#[derive(Clone, Copy, Debug, Default)]
pub struct Vote {
    heard: [(u16, f32); MOST],
    class: u16,
}

impl Vote {
    /// The model calls the thing that, so surely, where it takes that share of the picture.
    pub fn hear(&mut self, class: u16, score: f32, share: f32) {
        let within = |value: f32, least: f32| if value.is_finite() { value.clamp(least, 1.0) } else { least };
        let weight = within(score, 0.001) * within(share, 1e-6);
        self.heard.iter_mut().for_each(|(_, weight)| *weight *= FADES);
        match self.heard.iter_mut().find(|(heard, weight)| *heard == class && *weight > 0.0) {
            Some((_, heard)) => *heard += weight,
            None => {
                let least = self.heard.iter_mut().min_by(|one, other| one.1.total_cmp(&other.1));
                least.into_iter().for_each(|least| *least = (class, weight));
            }
        }
        let before = self.weight(self.class);
        let best = self.heard.iter().max_by(|one, other| one.1.total_cmp(&other.1));
        if let Some((class, _)) = best.filter(|(_, weight)| *weight > before) {
            self.class = *class;
        }
    }

    /// What it is.
    pub fn class(&self) -> u16 {
        self.class
    }

    fn weight(&self, class: u16) -> f32 {
        self.heard.iter().filter(|(heard, _)| *heard == class).map(|(_, weight)| *weight).fold(0.0, f32::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(words: &[(u16, f32, usize)]) -> u16 {
        let mut vote = Vote::default();
        for (class, score, times) in words {
            (0..*times).for_each(|_| vote.hear(*class, *score, 0.02));
        }
        vote.class()
    }

    #[test]
    fn what_is_seen_near_holds_against_what_was_seen_from_afar() {
        let mut vote = Vote::default();
        (0..20).for_each(|_| vote.hear(2, 0.9, 0.004));
        assert_eq!(vote.class(), 2);
        (0..5).for_each(|_| vote.hear(7, 0.8, 0.1));
        assert_eq!(vote.class(), 7);
        (0..20).for_each(|_| vote.hear(2, 0.9, 0.004));
        assert_eq!(vote.class(), 7);
        vote.hear(7, 0.9, f32::NAN);
        vote.hear(2, 0.9, -1.0);
        assert_eq!(vote.class(), 7);
    }

    #[test]
    fn the_surest_and_most_frequent_word_holds_and_old_words_fade() {
        assert_eq!(heard(&[(7, 0.5, 1)]), 7);
        assert_eq!(heard(&[(2, 0.9, 5), (7, 0.6, 5)]), 2, "surer");
        assert_eq!(heard(&[(2, 0.5, 2), (7, 0.5, 5)]), 7, "more often");
        assert_eq!(heard(&[(2, 0.9, 1000), (7, 0.9, 60)]), 7, "lately");
        assert_eq!(heard(&[(2, 0.9, 9), (3, 0.5, 1), (4, 0.5, 1), (5, 0.5, 1), (6, 0.5, 1)]), 2, "many others");
        assert_eq!(heard(&[(2, f32::NAN, 1), (3, -1.0, 2)]), 3, "a score that is none");
    }
}
