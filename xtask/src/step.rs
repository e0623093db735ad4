//! Steps: each says its name, how long it took and how it went; the last line counts them.

use std::time::Instant;

use crate::shell::Failure;

/// How a step that did not fail went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Passed,
    /// There was nothing to do; says why.
    Skipped(&'static str),
}

/// The score so far.
#[derive(Debug, Default)]
pub struct Score {
    passed: u32,
    skipped: u32,
    failed: Vec<String>,
}

impl Score {
    /// Does a step. True: it did not fail.
    pub fn step(&mut self, name: &str, work: impl FnOnce() -> Result<Outcome, Failure>) -> bool {
        println!("==> {name}");
        let began = Instant::now();
        let result = work();
        let seconds = began.elapsed().as_secs_f64();
        match result {
            Ok(Outcome::Passed) => {
                println!("<== {name}: ok, {seconds:.1} s\n");
                self.passed += 1;
            }
            Ok(Outcome::Skipped(why)) => {
                println!("<== {name}: skipped, {why}\n");
                self.skipped += 1;
            }
            Err(failure) => {
                println!("<== {name}: FAILED, {seconds:.1} s: {failure}\n");
                self.failed.push(format!("{name}: {failure}"));
                return false;
            }
        }
        true
    }

    /// Prints what failed and the count. True: nothing failed.
    pub fn close(self) -> bool {
        self.failed.iter().for_each(|failure| println!("FAILED {failure}"));
        println!("{}", self.line());
        self.failed.is_empty()
    }

    fn line(&self) -> String {
        let counts = format!("{} passed, {} failed", self.passed, self.failed.len());
        if self.skipped == 0 { counts } else { format!("{counts}, {} skipped", self.skipped) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_counts_the_steps() {
        let mut score = Score::default();
        assert!(score.step("a", || Ok(Outcome::Passed)));
        assert_eq!(score.line(), "1 passed, 0 failed");
        assert!(!score.step("b", || Err(Failure::new("it rained"))));
        assert!(score.step("c", || Ok(Outcome::Skipped("nothing to do"))));
        assert_eq!(score.line(), "1 passed, 1 failed, 1 skipped");
        assert!(!score.close());
    }
}
