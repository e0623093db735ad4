//! What a camera's app uploads, until whoever was let have it has it.
//!
//! Nothing is taken from the app unless somebody asked a moment ago: so an end of leave is one here too. Each file is handed out piece
//! by piece as it is asked for, and let go of when what follows it is asked for.

use std::collections::VecDeque;
use std::time::Duration;

use playfield_core::time::Time;
use playfield_core::upload::{Ask, MOST_UPLOAD, MOST_UPLOADS, PIECE, Piece, Upload};

use crate::wasm::UploadTerms;

/// How long somebody counts as one who asks, who does not say that it was the last time. An answer may be lost.
const ASKS: Duration = Duration::from_secs(15);
/// How long a question waits for a file.
const WAITS: Duration = Duration::from_secs(1);

/// Files of an app, the oldest first.
#[derive(Debug)]
pub(super) struct Uploads {
    /// Each has a number. None: it was not taken, and its app is told so in its turn.
    files: VecDeque<(u64, Option<Upload>)>,
    /// The number of the next file. It begins at another one each time, so that none is taken for one of an earlier process.
    next: u64,
    /// Whether each is kept whose end its app was not told.
    settled: Vec<bool>,
    /// Somebody asks, until then.
    open_until: Option<Time>,
    /// The question that waits, and since when.
    asked: Option<(Ask, Time)>,
}

impl Uploads {
    /// None; the first one will have this number.
    pub(super) fn new(first: u64) -> Uploads {
        Uploads { files: VecDeque::new(), next: first, settled: Vec::new(), open_until: None, asked: None }
    }

    /// Somebody asks: whatever is before that place is kept.
    pub(super) fn ask(&mut self, now: Time, ask: Ask) {
        while let Some((_, file)) = self.files.pop_front_if(|(number, _)| *number < ask.file) {
            self.settled.push(file.is_some());
        }
        self.asked = Some((ask, now));
        self.open_until = (!ask.last).then_some(now + ASKS);
        self.expire(now);
    }

    /// The answer to who asked, if it is time for one: a piece, or none.
    pub(super) fn answer(&mut self, now: Time) -> Option<Option<Piece>> {
        let (ask, since) = self.asked?;
        let front = self.files.front().and_then(|(number, file)| Some(piece(*number, file.as_ref()?, ask)));
        if front.is_none() && !ask.last && now.since(since) < WAITS {
            return None;
        }
        self.asked = None;
        Some(front)
    }

    /// The app hands over files.
    pub(super) fn take(&mut self, now: Time, files: Vec<Upload>) {
        self.expire(now);
        for file in files {
            let has_room = self.files.len() < MOST_UPLOADS && self.held() + file.bytes.len() <= MOST_UPLOAD;
            let fits = self.open_until.is_some() && has_room;
            self.files.push_back((self.next, fits.then_some(file)));
            self.next += 1;
        }
        self.refuse();
    }

    /// What its app is to be told; it counts as told by [`Uploads::told`].
    pub(super) fn terms(&mut self, now: Time) -> UploadTerms {
        self.expire(now);
        let room = self.open_until.map(|_| MOST_UPLOAD.saturating_sub(self.held()) as u64);
        UploadTerms { room, settled: self.settled.clone() }
    }

    pub(super) fn told(&mut self) {
        self.settled.clear();
    }

    /// Lets go of what nobody asks for any more.
    fn expire(&mut self, now: Time) {
        if self.open_until.is_none_or(|until| now >= until) {
            self.open_until = None;
            self.files.iter_mut().for_each(|(_, file)| *file = None);
        }
        self.refuse();
    }

    /// Those at the front that were not taken have had their turn.
    fn refuse(&mut self) {
        while self.files.pop_front_if(|(_, file)| file.is_none()).is_some() {
            self.settled.push(false);
        }
    }

    /// Bytes that wait.
    fn held(&self) -> usize {
        self.files.iter().filter_map(|(_, file)| file.as_ref()).map(|file| file.bytes.len()).sum()
    }
}

fn piece(number: u64, file: &Upload, ask: Ask) -> Piece {
    let at = if number == ask.file { (ask.at as usize).min(file.bytes.len()) } else { 0 };
    let bytes = file.bytes[at..].iter().take(PIECE).copied().collect();
    Piece { file: number, name: file.name.clone(), length: file.bytes.len() as u32, at: at as u32, bytes }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Time {
        Time::from_millis(seconds * 1_000)
    }

    fn file(name: &str, length: usize) -> Upload {
        Upload { name: name.to_owned(), bytes: (0..length).map(|byte| byte as u8).collect() }
    }

    fn terms(room: Option<usize>, settled: &[bool]) -> UploadTerms {
        UploadTerms { room: room.map(|room| room as u64), settled: settled.to_vec() }
    }

    #[test]
    fn a_file_goes_piece_by_piece_and_is_kept_when_the_next_one_is_asked_for() {
        let mut uploads = Uploads::new(7);
        assert_eq!(uploads.terms(at(0)), terms(None, &[]));
        uploads.ask(at(0), Ask::default());
        assert_eq!(uploads.terms(at(0)), terms(Some(MOST_UPLOAD), &[]));
        assert_eq!(uploads.answer(at(0)), None, "there may be one in a moment");
        uploads.take(at(0), vec![file("a.bin", PIECE + 5), file("b.bin", 0)]);
        let first = uploads.answer(at(0)).flatten().unwrap();
        assert_eq!((first.file, &*first.name, first.length as usize, first.at), (7, "a.bin", PIECE + 5, 0));
        assert_eq!(first.bytes, file("", PIECE).bytes);
        assert_eq!(uploads.answer(at(0)), None, "a question has one answer");
        let mut ask = |file: u64, from: usize| {
            uploads.ask(at(1), Ask { file, at: from as u32, last: false });
            let piece = uploads.answer(at(1)).flatten();
            let told = piece.map(|piece| (piece.file, piece.at as usize, piece.bytes.len()));
            (told, uploads.terms(at(1)).settled)
        };
        assert_eq!(ask(7, PIECE), (Some((7, PIECE, 5)), vec![]));
        assert_eq!(ask(7, PIECE), (Some((7, PIECE, 5)), vec![]), "as often as it is asked for");
        assert_eq!(ask(7, usize::MAX >> 32), (Some((7, PIECE + 5, 0)), vec![]));
        assert_eq!(ask(8, 0), (Some((8, 0, 0)), vec![true]));
        assert_eq!(ask(9, 0), (None, vec![true, true]));
        uploads.told();
        assert_eq!(uploads.terms(at(1)), terms(Some(MOST_UPLOAD), &[]));
        assert_eq!(uploads.answer(at(2)), Some(None), "it has waited for long enough");
    }

    #[test]
    fn who_asks_anew_gets_what_is_there() {
        let mut uploads = Uploads::new(100);
        uploads.ask(at(0), Ask::default());
        uploads.take(at(0), vec![file("a", 9)]);
        for ask in [Ask::default(), Ask { file: 3, at: 4, last: false }] {
            uploads.ask(at(0), ask);
            let piece = uploads.answer(at(0)).flatten().unwrap();
            assert_eq!((piece.file, piece.at, piece.bytes.len()), (100, 0, 9), "{ask:?}");
        }
    }

    #[test]
    fn what_nobody_asks_for_is_not_kept() {
        let mut uploads = Uploads::new(1);
        uploads.take(at(0), vec![file("a", 9)]);
        assert_eq!(uploads.terms(at(0)), terms(None, &[false]), "nobody was let have it");
        uploads.told();
        uploads.ask(at(1), Ask::default());
        uploads.take(at(1), vec![file("b", 9)]);
        assert_eq!(uploads.terms(at(15)), terms(Some(MOST_UPLOAD - 9), &[]));
        assert_eq!(uploads.terms(at(16)), terms(None, &[false]), "nobody asks any more");
        uploads.take(at(16), vec![file("c", 9)]);
        assert_eq!(uploads.terms(at(16)), terms(None, &[false, false]));
    }

    #[test]
    fn the_last_question_says_what_was_kept_and_lets_go_of_the_rest() {
        let mut uploads = Uploads::new(1);
        uploads.ask(at(0), Ask::default());
        uploads.take(at(0), vec![file("a", 9), file("b", 9), file("c", 9)]);
        uploads.ask(at(1), Ask { file: 2, at: 0, last: true });
        assert_eq!(uploads.answer(at(1)), Some(None), "at once");
        assert_eq!(uploads.terms(at(1)), terms(None, &[true, false, false]));
    }

    #[test]
    fn what_does_not_fit_is_said_in_its_turn() {
        let mut uploads = Uploads::new(1);
        uploads.ask(at(0), Ask::default());
        uploads.take(at(0), vec![file("a", MOST_UPLOAD - 1), file("b", 2), file("c", 1)]);
        assert_eq!(uploads.terms(at(0)), terms(Some(0), &[]));
        uploads.ask(at(0), Ask { file: 2, at: 0, last: false });
        assert_eq!(uploads.answer(at(0)).flatten().map(|piece| piece.file), Some(3));
        assert_eq!(uploads.terms(at(0)), terms(Some(MOST_UPLOAD - 1), &[true, false]));
        uploads.told();
        uploads.ask(at(0), Ask { file: 4, at: 0, last: false });
        uploads.take(at(0), (0..=MOST_UPLOADS).map(|_| file("d", 0)).collect());
        uploads.ask(at(0), Ask { file: u64::MAX, at: 0, last: false });
        let kept = [&[true; MOST_UPLOADS + 1][..], &[false]].concat();
        assert_eq!(uploads.terms(at(0)).settled, kept, "one file more than an app has under way");
    }
}
