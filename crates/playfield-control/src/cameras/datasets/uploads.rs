//! What a camera's app uploads: put together from the pieces in which it is asked for.

use playfield_core::bus::{Reply, Request};
use playfield_core::id::SessionId;
use playfield_core::upload::{MOST_UPLOAD, PIECE, Piece, Place, Upload, upload_name};
use playfield_store::blob::BlobId;
use playfield_store::db::{DatasetRow, UploadRow};

use super::{ANSWER, MOST_FILES};
use crate::app::App;
use crate::failure::Failure;

/// Up to where a camera's app was followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// Files of another session have other numbers.
    session: SessionId,
    /// The number of the next file; that of the one before is kept.
    next: u64,
}

#[cfg(test)]
impl Mark {
    pub(super) fn of(session: [u8; 16], next: u64) -> Mark {
        Mark { session: SessionId::from_entropy(session), next }
    }
}

impl App {
    /// Keeps the next file of a camera's app, if there is one soon. What comes back is up to where that was.
    pub(super) async fn take_upload(&self, dataset: &DatasetRow, mark: Option<Mark>) -> Result<Option<Mark>, Failure> {
        let Some((node, session)) = self.at_work(&dataset.grant.device).await? else { return Ok(None) };
        let mark = mark.filter(|mark| mark.session == session).unwrap_or(Mark { session, next: 0 });
        let mut whole = Whole::new(mark.next);
        let (number, file) = loop {
            let request = Request::Upload { session: mark.session.clone(), place: whole.place };
            let Reply::Uploaded { piece } = self.ask(&node, &request, ANSWER).await? else {
                return Err(Failure::internal("a camera answered something else"));
            };
            let Some(piece) = piece else { return Ok(None) };
            if let Some(whole) = whole.add(*piece)? {
                break whole;
            }
        };
        let (blob, bytes) = (BlobId::of(&file.bytes), file.bytes.len() as u64);
        self.shelf.put(&self.db, file.bytes).await?;
        let upload = UploadRow { seq: 0, name: file.name, blob: blob.clone(), bytes };
        let quota = u64::from(self.config.limits.datasets_mb) << 20;
        let put =
            self.db.put_upload(dataset.grant.id.clone(), upload, crate::clock::now_ms(), (MOST_FILES, quota)).await?;
        self.put(dataset, put, blob).await?;
        Ok(Some(Mark { next: number + 1, ..mark }))
    }
}

/// A file, as far as it came.
#[derive(Debug)]
struct Whole {
    place: Place,
    bytes: Vec<u8>,
}

impl Whole {
    /// The first one of that number or a higher one.
    fn new(file: u64) -> Whole {
        Whole { place: Place { file, at: 0 }, bytes: Vec::new() }
    }

    /// Adds what came, which may be anything: the file and its number, when it is whole.
    fn add(&mut self, piece: Piece) -> Result<Option<(u64, Upload)>, Failure> {
        let Piece { file, name, length, at, bytes } = piece;
        let length = length as usize;
        let goes_on = match self.place.at {
            0 => file >= self.place.file && at == 0,
            from => file == self.place.file && at == from,
        };
        let all = self.bytes.len() + bytes.len();
        if !goes_on || length > MOST_UPLOAD || bytes.len() > PIECE || all > length || (bytes.is_empty() && all < length)
        {
            return Err(Failure::internal("a camera sent what is no part of a file"));
        }
        self.bytes.extend(bytes);
        self.place = Place { file, at: all as u32 };
        Ok((all == length).then(|| (file, Upload { name: upload_name(&name), bytes: std::mem::take(&mut self.bytes) })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(file: u64, length: u32, at: u32, bytes: usize) -> Piece {
        Piece { file, name: "../a.jpg".to_owned(), length, at, bytes: vec![7; bytes] }
    }

    #[test]
    fn a_file_is_whole_when_all_of_it_came() {
        let mut whole = Whole::new(3);
        assert_eq!(whole.add(piece(5, 10, 0, 6)).unwrap(), None);
        assert_eq!(whole.place, Place { file: 5, at: 6 });
        let file = Upload { name: "a.jpg".to_owned(), bytes: vec![7; 10] };
        assert_eq!(whole.add(piece(5, 10, 6, 4)).unwrap(), Some((5, file)));
        let empty = Upload { name: "a.jpg".to_owned(), bytes: Vec::new() };
        assert_eq!(Whole::new(0).add(piece(9, 0, 0, 0)).unwrap(), Some((9, empty)));
    }

    #[test]
    fn what_is_no_part_of_it_is_not_taken() {
        let begun = || {
            let mut whole = Whole::new(3);
            whole.add(piece(5, 10, 0, 6)).unwrap();
            whole
        };
        for wrong in [piece(6, 10, 6, 4), piece(5, 10, 5, 4), piece(5, 10, 6, 5), piece(5, 10, 6, 0)] {
            assert!(begun().add(wrong.clone()).is_err(), "{wrong:?}");
        }
        let most = MOST_UPLOAD as u32;
        for wrong in [piece(2, 10, 0, 4), piece(3, 10, 2, 4), piece(3, most + 1, 0, 4), piece(3, most, 0, PIECE + 1)] {
            assert!(Whole::new(3).add(wrong.clone()).is_err(), "{wrong:?}");
        }
    }
}
