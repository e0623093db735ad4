//! Blob operations: files that an app uploads out of its memory or its workspace, to whoever was let have them, and such that it
//! brought along and fetches.
//!
//! ```text
//!   PUT --Reading--> (processEvent: a piece of it)* --Upload--> booth --> camera
//!                                      outcome <--settled-- booth <--'
//!   GET --Writing--> (processEvent: a piece of it)* --> outcome
//! ```
//!
//! What it names them to go to, or to come from, is asked for nothing: an address of the app's choosing would be a way out.

use std::collections::VecDeque;
use std::path::Path;

use playfield_core::upload::{MOST_BROUGHT, MOST_UPLOADS, Upload};

use super::booth::{Booth, Room};
use super::evp::Callback;
use super::files::{Errno, Files, How, PLACE, ROOT_FD};

/// Bytes that are taken out of its memory, or put there, at a time: it has not much of that.
pub const CHUNK: usize = 32 << 10;

/// What became of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is uploaded, and kept.
    Kept,
    /// It is there.
    Fetched,
    /// There is no such file.
    Missing,
    /// Whoever was let have it is no longer.
    Denied,
    /// It could not be read or written here.
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

/// One that is written to the app's memory, piece by piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Writing {
    /// Whom to tell, and the function that takes what is in a buffer, with the same word of the app's.
    pub to: Callback,
    pub take: u32,
    pub bytes: Vec<u8>,
    /// So much of it was taken.
    pub taken: usize,
}

#[derive(Debug)]
enum UnderWay {
    Reading(Reading),
    Writing(Writing),
}

/// An app's operations.
#[derive(Debug, Default)]
pub struct Blobs {
    under_way: VecDeque<UnderWay>,
    /// One of those is being worked at.
    in_hand: bool,
    /// Uploads that are on their way, in their order.
    handed: VecDeque<Callback>,
    outcomes: VecDeque<(Callback, Outcome)>,
    /// Its log says that it was denied one.
    pub denial_told: bool,
}

impl Blobs {
    /// Whether one more may begin.
    pub fn has_room(&self) -> bool {
        usize::from(self.in_hand) + self.under_way.len() + self.handed.len() + self.outcomes.len() < MOST_UPLOADS
    }

    /// Whether something that is fetched is on its way into memory.
    pub fn fetches(&self) -> bool {
        self.in_hand || self.under_way.iter().any(|one| matches!(one, UnderWay::Writing(_)))
    }

    /// An upload goes on with its next piece, or is whole.
    pub fn go_on(&mut self, reading: Reading, booth: &Booth) {
        if reading.file.bytes.len() < reading.length {
            return self.under_way.push_front(UnderWay::Reading(reading));
        }
        self.hand(reading.to, reading.file, booth);
    }

    /// An upload begins, behind what is under way.
    pub fn begin(&mut self, reading: Reading, booth: &Booth) {
        if reading.length > 0 {
            self.under_way.push_back(UnderWay::Reading(reading));
        } else {
            self.go_on(reading, booth);
        }
    }

    /// One that is whole already.
    pub fn hand(&mut self, to: Callback, file: Upload, booth: &Booth) {
        self.handed.push_back(to);
        booth.upload(file);
    }

    /// What is fetched goes on with its next piece, or is there; it begins behind what is under way.
    pub fn fetch(&mut self, writing: Writing) {
        match writing.taken {
            taken if taken == writing.bytes.len() => self.end(writing.to, Outcome::Fetched),
            0 => self.under_way.push_back(UnderWay::Writing(writing)),
            _ => self.under_way.push_front(UnderWay::Writing(writing)),
        }
    }

    /// One is at its end without having been on its way.
    pub fn end(&mut self, to: Callback, outcome: Outcome) {
        self.outcomes.push_back((to, outcome));
    }

    /// Nothing is being worked at any more.
    pub fn put_down(&mut self) {
        self.in_hand = false;
    }

    /// What is to be told, or the next one to be read or written. What nobody would keep is not read.
    pub fn next(&mut self, booth: &Booth) -> Option<Next> {
        while let Some(kept) = booth.settled() {
            let outcome = if kept { Outcome::Kept } else { Outcome::Denied };
            self.outcomes.extend(self.handed.pop_front().map(|to| (to, outcome)));
        }
        let told = self.outcomes.pop_front().map(|(to, outcome)| Next::Tell(to, outcome));
        told.or_else(|| {
            let next = match self.under_way.pop_front()? {
                UnderWay::Reading(reading) if booth.promise(0) == Room::Denied => {
                    booth.forgo(reading.length as u64);
                    return Some(Next::Tell(reading.to, Outcome::Denied));
                }
                UnderWay::Reading(reading) => Next::Read(reading),
                UnderWay::Writing(writing) => Next::Write(writing),
            };
            self.in_hand = true;
            Some(next)
        })
    }
}

/// What is to be done for an operation.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    Tell(Callback, Outcome),
    Read(Reading),
    Write(Writing),
}

/// A file that the app brought along, in the folder of those. None: there is none of that name.
pub fn read_brought(folder: Option<&Path>, name: &str) -> Option<Vec<u8>> {
    let path = folder?.join(name);
    // What is a link may lead anywhere.
    let fits = std::fs::symlink_metadata(&path).is_ok_and(|facts| facts.is_file() && facts.len() <= MOST_BROUGHT);
    if fits { std::fs::read(path).ok() } else { None }
}

/// Where a path leads in the workspace. None: elsewhere.
fn inside(path: &[u8]) -> Option<&[u8]> {
    path.strip_prefix(PLACE.as_bytes())?.strip_prefix(b"/")
}

/// Writes a file of the workspace, by its whole path. None: it lies elsewhere.
pub fn write_file(files: &mut Files, path: &[u8], bytes: &[u8], now_ns: u64) -> Option<Result<(), Errno>> {
    let how = How { create: true, truncate: true, write: true, ..How::default() };
    Some(files.open(ROOT_FD, inside(path)?, how, now_ns).and_then(|file| {
        let written = files.write(file, None, bytes, now_ns);
        files.close(file).and(written)
    }))
}

/// All of a file of the workspace, by its whole path. None: it lies elsewhere.
pub fn read_file(files: &mut Files, path: &[u8], now_ns: u64) -> Option<Result<Vec<u8>, Errno>> {
    let how = How { read: true, ..How::default() };
    Some(files.open(ROOT_FD, inside(path)?, how, now_ns).and_then(|file| {
        let bytes = files.read(file, Some(0), usize::MAX);
        files.close(file).and(bytes)
    }))
}

#[cfg(test)]
mod tests {
    use playfield_core::app::Budget;

    use super::*;
    use crate::wasm::host::aitrios::sensor::Still;
    use crate::wasm::host::camera::UploadTerms;

    fn reading(user: i32, length: usize, bytes: &[u8]) -> Reading {
        let file = Upload { name: format!("{user}.bin"), bytes: bytes.to_vec() };
        Reading { to: Callback { function: 1, user }, fill: 2, length, file }
    }

    fn told(user: i32, outcome: Outcome) -> Option<Next> {
        Some(Next::Tell(Callback { function: 1, user }, outcome))
    }

    /// Where somebody lets it upload so much.
    fn lets(room: u64) -> Booth {
        let booth = Booth::new(Budget::new(512));
        show(&booth, Some(room), &[]);
        booth
    }

    fn show(booth: &Booth, room: Option<u64>, settled: &[bool]) {
        let uploads = UploadTerms { room, settled: settled.to_vec() };
        booth.show(Still { uploads, ..Still::default() }, std::time::Duration::ZERO);
    }

    #[test]
    fn what_nobody_would_keep_any_more_is_not_read() {
        let (mut blobs, booth) = (Blobs::default(), lets(9));
        assert_eq!(booth.promise(3), Room::Promised);
        blobs.begin(reading(1, 3, b""), &booth);
        show(&booth, None, &[]);
        assert_eq!(blobs.next(&booth), told(1, Outcome::Denied));
        show(&booth, Some(9), &[]);
        assert_eq!(booth.promise(9), Room::Promised, "what it was promised is there again");
    }

    #[test]
    fn what_becomes_of_each_is_told_in_the_order_they_went() {
        let (mut blobs, booth) = (Blobs::default(), Booth::new(Budget::new(512)));
        assert_eq!(booth.promise(4), Room::Denied);
        show(&booth, Some(5), &[]);
        assert_eq!((booth.promise(6), booth.promise(4), booth.promise(2)), (Room::Full, Room::Promised, Room::Full));
        booth.forgo(1);
        assert_eq!(booth.promise(1), Room::Promised, "one did not come after all");
        blobs.begin(reading(1, 3, b""), &booth);
        blobs.hand(Callback { function: 1, user: 2 }, Upload { name: "2.bin".to_owned(), bytes: vec![2] }, &booth);
        blobs.begin(reading(3, 0, b""), &booth);
        blobs.end(Callback { function: 1, user: 4 }, Outcome::Failed(Errno(44)));
        assert_eq!(blobs.next(&booth), told(4, Outcome::Failed(Errno(44))));
        let Some(Next::Read(first)) = blobs.next(&booth) else { panic!("one is to be read") };
        blobs.go_on(Reading { file: Upload { bytes: vec![1; 2], ..first.file.clone() }, ..first.clone() }, &booth);
        assert!(matches!(blobs.next(&booth), Some(Next::Read(reading)) if reading.file.bytes.len() == 2));
        blobs.go_on(Reading { file: Upload { bytes: vec![1; 3], ..first.file.clone() }, ..first }, &booth);
        assert_eq!(blobs.next(&booth), None);
        let names: Vec<_> = booth.take_said().uploads.into_iter().map(|file| file.name).collect();
        assert_eq!(names, ["2.bin", "3.bin", "1.bin"]);

        show(&booth, Some(9), &[true, false]);
        assert_eq!(blobs.next(&booth), told(2, Outcome::Kept));
        assert_eq!(blobs.next(&booth), told(3, Outcome::Denied));
        assert_eq!(blobs.next(&booth), None, "of the last one nothing is known");
    }

    #[test]
    fn so_many_are_under_way_and_no_more() {
        let (mut blobs, booth) = (Blobs::default(), lets(99));
        for user in 0..MOST_UPLOADS {
            assert!(blobs.has_room(), "{user}");
            match user % 3 {
                0 => blobs.begin(reading(user as i32, 9, b""), &booth),
                1 => blobs.begin(reading(user as i32, 0, b""), &booth),
                _ => blobs.end(Callback { function: 1, user: 0 }, Outcome::Missing),
            }
        }
        assert!(!blobs.has_room());
        assert!(matches!(blobs.next(&booth), Some(Next::Tell(_, Outcome::Missing))));
        assert!(blobs.has_room());
    }

    #[test]
    fn what_is_fetched_is_there_when_all_of_it_was_taken() {
        let (mut blobs, booth) = (Blobs::default(), Booth::new(Budget::new(512)));
        let writing = |user: i32, bytes: &[u8], taken: usize| Writing {
            to: Callback { function: 1, user },
            take: 2,
            bytes: bytes.to_vec(),
            taken,
        };
        blobs.fetch(writing(1, b"many", 0));
        blobs.fetch(writing(2, b"", 0));
        blobs.fetch(writing(3, b"words", 0));
        assert_eq!(blobs.next(&booth), told(2, Outcome::Fetched), "nothing is there at once");
        assert_eq!(blobs.next(&booth), Some(Next::Write(writing(1, b"many", 0))));
        blobs.fetch(writing(1, b"many", 3));
        assert_eq!(blobs.next(&booth), Some(Next::Write(writing(1, b"many", 3))), "it goes on before others");
        blobs.fetch(writing(1, b"many", 4));
        assert_eq!(blobs.next(&booth), told(1, Outcome::Fetched));
        assert_eq!(blobs.next(&booth), Some(Next::Write(writing(3, b"words", 0))));
    }

    #[test]
    fn what_an_app_brought_is_a_file_of_its_folder() {
        let folder = std::env::temp_dir().join(format!("playfield-brought-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("inner")).unwrap();
        std::fs::write(folder.join("words.txt"), "many words").unwrap();
        std::fs::File::create(folder.join("large")).unwrap().set_len(MOST_BROUGHT + 1).unwrap();
        std::os::unix::fs::symlink("words.txt", folder.join("link")).unwrap();
        let read = |name: &str| read_brought(Some(&folder), name);
        assert_eq!(read("words.txt").as_deref(), Some(&b"many words"[..]));
        for none in ["none", "inner", "large", "link"] {
            assert_eq!(read(none), None, "{none}");
        }
        assert_eq!(read_brought(None, "words.txt"), None);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn files_are_those_of_the_workspace() {
        let mut files = Files::default();
        let how = How { create: true, write: true, ..How::default() };
        let fd = files.open(ROOT_FD, b"note", how, 1).unwrap();
        files.write(fd, None, b"too many words", 1).unwrap();
        assert_eq!(write_file(&mut files, b"/workspace/note", b"many words", 1), Some(Ok(())));
        assert_eq!(write_file(&mut files, b"/etc/passwd", b"", 1), None);
        assert_eq!(write_file(&mut files, b"/workspace/none/note", b"", 1), Some(Err(Errno(44))));
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
