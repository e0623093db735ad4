//! What a camera's app uploads: put together from the pieces in which it is asked for.

use playfield_core::bus::{Reply, Request};
use playfield_core::id::{NodeId, SessionId};
use playfield_core::upload::{Ask, MOST_UPLOAD, PIECE, Piece, Upload, upload_name};
use playfield_store::blob::BlobId;
use playfield_store::db::{DatasetRow, PutKept, UploadRow};

use super::ANSWER;
use crate::app::App;
use crate::clock::now_ms;
use crate::failure::Failure;

/// Files of one dataset; and how much of all that apps may upload is for one of them.
const MOST_FILES: u32 = 10_000;
const SHARE: u64 = 4;

/// Up to where a camera's app was followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    node: NodeId,
    /// Files of another session have other numbers.
    session: SessionId,
    /// The number of the next file; that of the one before is kept.
    next: u64,
}

#[cfg(test)]
impl Mark {
    pub(super) fn of(session: [u8; 16], next: u64) -> Mark {
        Mark { node: NodeId::from_entropy(session), session: SessionId::from_entropy(session), next }
    }
}

impl App {
    /// Keeps the next file of a camera's app, if there is one soon; true: there was. The mark is where that was, of whomever was asked.
    pub(super) async fn take_upload(&self, dataset: &DatasetRow, mark: &mut Option<Mark>) -> Result<bool, Failure> {
        let Some((node, session)) = self.at_work(&dataset.grant.device).await? else { return Ok(false) };
        let fresh = Mark { node, session, next: 0 };
        let mark = match mark {
            Some(known) if known.session == fresh.session => known,
            other => other.insert(fresh),
        };
        let (id, mut whole) = (&dataset.grant.id, Whole::new(mark.next));
        let (number, file) = loop {
            // Leave may end in the middle of a file.
            if !self.db.takes_uploads(id.clone(), now_ms()).await? {
                return Ok(false);
            }
            let request = Request::Upload { session: mark.session.clone(), ask: whole.ask };
            let Reply::Uploaded { piece } = self.ask(&mark.node, &request, ANSWER).await? else {
                return Err(Failure::internal("a camera answered something else"));
            };
            let Some(piece) = piece else { return Ok(false) };
            if let Some(whole) = whole.add(*piece)? {
                break whole;
            }
        };
        let (blob, bytes) = (BlobId::of(&file.bytes), file.bytes.len() as u64);
        let origin = format!("{} {number}", mark.session);
        let upload = UploadRow { seq: 0, name: file.name, origin, blob: blob.clone(), bytes };
        let quota = u64::from(self.config.limits.uploads_mb) << 20;
        let named = self.db.put_upload(id.clone(), upload, now_ms(), (MOST_FILES, quota / SHARE, quota));
        let put = self.shelf.put(&self.db, file.bytes, named).await?;
        if put == PutKept::Stored {
            mark.next = number + 1;
            return Ok(true);
        }
        self.shelf.drop_blobs(&self.db, vec![blob]).await;
        if put == PutKept::Full {
            tracing::warn!(dataset = %id, "a dataset is full: nothing more is added of what an app uploads");
            self.db.end_uploads(id.clone(), now_ms()).await?;
        }
        Ok(false)
    }

    /// Tells a camera that nobody keeps any more what its app uploads, and what was kept.
    pub(super) async fn end_uploads(&self, Mark { node, session, next }: Mark) {
        let ask = Ask { file: next, at: 0, last: true };
        // If that does not come there, its time is over soon.
        if let Err(error) = self.ask(&node, &Request::Upload { session, ask }, ANSWER).await {
            tracing::debug!(error = error.detail, "a camera was not told that nobody keeps what its app uploads");
        }
    }
}

/// A file, as far as it came.
#[derive(Debug)]
struct Whole {
    ask: Ask,
    bytes: Vec<u8>,
}

impl Whole {
    /// The first one of that number or a higher one.
    fn new(file: u64) -> Whole {
        Whole { ask: Ask { file, at: 0, last: false }, bytes: Vec::new() }
    }

    /// Adds what came, which may be anything: the file and its number, when it is whole.
    fn add(&mut self, piece: Piece) -> Result<Option<(u64, Upload)>, Failure> {
        let Piece { file, name, length, at, bytes } = piece;
        let length = length as usize;
        let goes_on = match self.ask.at {
            0 => file >= self.ask.file && file < u64::MAX && at == 0,
            from => file == self.ask.file && at == from,
        };
        if !goes_on
            || length > MOST_UPLOAD
            || Some(bytes.len()) != length.checked_sub(self.bytes.len()).map(|rest| rest.min(PIECE))
        {
            return Err(Failure::internal("a camera sent what is no part of a file"));
        }
        self.bytes.extend(bytes);
        self.ask = Ask { file, at: self.bytes.len() as u32, last: false };
        let whole = self.bytes.len() == length;
        Ok(whole.then(|| (file, Upload { name: upload_name(&name), bytes: std::mem::take(&mut self.bytes) })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(file: u64, length: usize, at: usize, bytes: usize) -> Piece {
        Piece { file, name: "../a.jpg".to_owned(), length: length as u32, at: at as u32, bytes: vec![7; bytes] }
    }

    #[test]
    fn a_file_is_whole_when_all_of_it_came() {
        let mut whole = Whole::new(3);
        assert_eq!(whole.add(piece(5, PIECE + 4, 0, PIECE)).unwrap(), None);
        assert_eq!(whole.ask, Ask { file: 5, at: PIECE as u32, last: false });
        let file = Upload { name: "a.jpg".to_owned(), bytes: vec![7; PIECE + 4] };
        assert_eq!(whole.add(piece(5, PIECE + 4, PIECE, 4)).unwrap(), Some((5, file)));
        let empty = Upload { name: "a.jpg".to_owned(), bytes: Vec::new() };
        assert_eq!(Whole::new(0).add(piece(9, 0, 0, 0)).unwrap(), Some((9, empty)));
    }

    #[test]
    fn what_is_no_part_of_it_is_not_taken() {
        let begun = || {
            let mut whole = Whole::new(3);
            whole.add(piece(5, PIECE + 4, 0, PIECE)).unwrap();
            whole
        };
        for wrong in [
            piece(6, PIECE + 4, PIECE, 4),
            piece(5, PIECE + 4, PIECE - 1, 4),
            piece(5, PIECE + 4, PIECE, 5),
            piece(5, PIECE + 4, PIECE, 3),
            piece(5, PIECE + 4, PIECE, 0),
            piece(5, PIECE - 1, PIECE, 0),
        ] {
            assert!(begun().add(wrong.clone()).is_err(), "{} {} {}", wrong.file, wrong.at, wrong.bytes.len());
        }
        for wrong in [
            piece(2, 4, 0, 4),
            piece(3, 10, 2, 4),
            piece(3, MOST_UPLOAD + 1, 0, PIECE),
            piece(3, MOST_UPLOAD, 0, PIECE + 1),
            piece(u64::MAX, 4, 0, 4),
        ] {
            assert!(Whole::new(3).add(wrong.clone()).is_err(), "{} {} {}", wrong.file, wrong.at, wrong.bytes.len());
        }
    }
}
