//! Blob operations: files that an app uploads out of its memory or its workspace, to whoever was let have them.
//!
//! ```text
//!   EVP_blobOperation --Reading--> (processEvent: a piece of it)* --Upload--> booth --> camera
//!                                                    outcome <--settled-- booth <--'
//! ```
//!
//! Where it names them to go to is not where they go: an address of the app's choosing would be a way out. What it would fetch is
//! denied for the same reason.

use std::collections::VecDeque;

use playfield_core::upload::Upload;

use super::booth::Booth;
use super::evp::Callback;
use super::files::{Errno, Files, How, PLACE, ROOT_FD};

/// Uploads that are not at their end; the next one is to be tried later.
const MOST: usize = 8;
/// Bytes that are taken out of its memory at a time: it has not much of that.
pub const CHUNK: usize = 32 << 10;

/// What became of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Kept,
    /// Whoever was let have it is no longer.
    Denied,
    /// It could not be read.
    Failed(Errno),
}

/// One that is read from the app's memory, piece by piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Whom to tell, and the function that fills a buffer, with the same word of the app's.
    pub to: Callback,
    pub fill: u32,
    pub length: usize,
    pub file: Upload,
}

/// An app's uploads.
#[derive(Debug, Default)]
pub struct Blobs {
    reading: VecDeque<Reading>,
    /// Those that are on their way, in their order.
    handed: VecDeque<Callback>,
    outcomes: VecDeque<(Callback, Outcome)>,
    /// Its log says that it was denied one.
    pub denial_told: bool,
}

impl Blobs {
    /// Whether one more may begin.
    pub fn has_room(&self) -> bool {
        self.reading.len() + self.handed.len() + self.outcomes.len() < MOST
    }

    /// One goes on with its next piece, or is whole.
    pub fn go_on(&mut self, reading: Reading, booth: &Booth) {
        if reading.file.bytes.len() < reading.length {
            return self.reading.push_front(reading);
        }
        self.handed.push_back(reading.to);
        booth.upload(reading.file);
    }

    /// One begins, behind those that are being read.
    pub fn begin(&mut self, reading: Reading, booth: &Booth) {
        if reading.length > 0 {
            self.reading.push_back(reading);
        } else {
            self.go_on(reading, booth);
        }
    }

    /// One that is whole already.
    pub fn hand(&mut self, to: Callback, file: Upload, booth: &Booth) {
        self.handed.push_back(to);
        booth.upload(file);
    }

    /// One is at its end without having been on its way.
    pub fn fail(&mut self, to: Callback, why: Errno) {
        self.outcomes.push_back((to, Outcome::Failed(why)));
    }

    /// What is to be told, or the next one to be read.
    pub fn next(&mut self, booth: &Booth) -> Option<Next> {
        while let Some(kept) = booth.settled() {
            let outcome = if kept { Outcome::Kept } else { Outcome::Denied };
            self.outcomes.extend(self.handed.pop_front().map(|to| (to, outcome)));
        }
        let told = self.outcomes.pop_front().map(|(to, outcome)| Next::Tell(to, outcome));
        told.or_else(|| self.reading.pop_front().map(Next::Read))
    }
}

/// What is to be done for an upload.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    Tell(Callback, Outcome),
    Read(Reading),
}

/// All of a file of the workspace, by its whole path. None: it lies elsewhere.
pub fn read_file(files: &mut Files, path: &[u8], now_ns: u64) -> Option<Result<Vec<u8>, Errno>> {
    let inside = path.strip_prefix(PLACE.as_bytes())?.strip_prefix(b"/")?;
    let how = How { read: true, ..How::default() };
    let whole = files.open(ROOT_FD, inside, how, now_ns).and_then(|file| {
        let bytes = files.read(file, Some(0), usize::MAX);
        files.close(file).and(bytes)
    });
    Some(whole)
}

#[cfg(test)]
mod tests {
    use playfield_core::app::Budget;

    use super::*;
    use crate::wasm::host::aitrios::booth::Room;
    use crate::wasm::host::aitrios::sensor::Still;
    use crate::wasm::host::camera::UploadTerms;

    fn reading(user: i32, length: usize, bytes: &[u8]) -> Reading {
        let file = Upload { name: format!("{user}.bin"), bytes: bytes.to_vec() };
        Reading { to: Callback { function: 1, user }, fill: 2, length, file }
    }

    fn told(user: i32, outcome: Outcome) -> Option<Next> {
        Some(Next::Tell(Callback { function: 1, user }, outcome))
    }

    #[test]
    fn what_becomes_of_each_is_told_in_the_order_they_went() {
        let (mut blobs, booth) = (Blobs::default(), Booth::new(Budget::new(512)));
        assert_eq!(booth.promise(4), Room::Denied);
        let uploads = UploadTerms { room: Some(5), ..UploadTerms::default() };
        booth.show(Still { uploads, ..Still::default() }, std::time::Duration::ZERO);
        assert_eq!((booth.promise(6), booth.promise(4), booth.promise(2)), (Room::Full, Room::Promised, Room::Full));
        booth.forgo(1);
        assert_eq!(booth.promise(1), Room::Promised, "one did not come after all");
        blobs.begin(reading(1, 3, b""), &booth);
        blobs.hand(Callback { function: 1, user: 2 }, Upload { name: "2.bin".to_owned(), bytes: vec![2] }, &booth);
        blobs.begin(reading(3, 0, b""), &booth);
        blobs.fail(Callback { function: 1, user: 4 }, Errno(44));
        assert_eq!(blobs.next(&booth), told(4, Outcome::Failed(Errno(44))));
        let Some(Next::Read(first)) = blobs.next(&booth) else { panic!("one is to be read") };
        blobs.go_on(Reading { file: Upload { bytes: vec![1; 2], ..first.file.clone() }, ..first.clone() }, &booth);
        assert!(matches!(blobs.next(&booth), Some(Next::Read(reading)) if reading.file.bytes.len() == 2));
        blobs.go_on(Reading { file: Upload { bytes: vec![1; 3], ..first.file.clone() }, ..first }, &booth);
        assert_eq!(blobs.next(&booth), None);
        let names: Vec<_> = booth.take_said().uploads.into_iter().map(|file| file.name).collect();
        assert_eq!(names, ["2.bin", "3.bin", "1.bin"]);

        let uploads = UploadTerms { room: Some(9), settled: vec![true, false] };
        booth.show(Still { uploads, ..Still::default() }, std::time::Duration::ZERO);
        assert_eq!(blobs.next(&booth), told(2, Outcome::Kept));
        assert_eq!(blobs.next(&booth), told(3, Outcome::Denied));
        assert_eq!(blobs.next(&booth), None, "of the last one nothing is known");
    }

    #[test]
    fn so_many_are_under_way_and_no_more() {
        let (mut blobs, booth) = (Blobs::default(), Booth::new(Budget::new(512)));
        for user in 0..MOST {
            assert!(blobs.has_room(), "{user}");
            match user % 3 {
                0 => blobs.begin(reading(user as i32, 9, b""), &booth),
                1 => blobs.begin(reading(user as i32, 0, b""), &booth),
                _ => blobs.fail(Callback { function: 1, user: 0 }, Errno(1)),
            }
        }
        assert!(!blobs.has_room());
        assert!(blobs.next(&booth).is_some());
        assert!(blobs.has_room());
    }

    #[test]
    fn files_are_those_of_the_workspace() {
        let mut files = Files::default();
        let how = How { create: true, write: true, ..How::default() };
        let fd = files.open(ROOT_FD, b"note", how, 1).unwrap();
        files.write(fd, None, b"many words", 1).unwrap();
        files.create_folder(ROOT_FD, b"old", 1).unwrap();
        let mut read = |path: &str| read_file(&mut files, path.as_bytes(), 2);
        assert_eq!(read("/workspace/note"), Some(Ok(b"many words".to_vec())));
        assert_eq!(read("/workspace/old/../note"), Some(Ok(b"many words".to_vec())));
        for outside in ["/etc/passwd", "note", "/workspace", "/workspacenote"] {
            assert_eq!(read(outside), None, "{outside}");
        }
        for missing in ["/workspace/none", "/workspace/../etc/passwd", "/workspace/old", "/workspace/"] {
            assert!(matches!(read(missing), Some(Err(_))), "{missing}");
        }
    }
}
