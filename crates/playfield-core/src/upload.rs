//! Files that a camera's app uploads, while somebody lets it.
//!
//! They are asked for piece by piece, and leave a camera in no other way. Asking for what follows a file says that it is kept, so one
//! that was not is asked for again.
//!
//! ```text
//!   an app --Upload--> camera <---Ask---  whoever was let have them
//!                             --Piece-->
//! ```

use serde::{Deserialize, Serialize};

/// Largest file, and most that waits in a camera, in bytes.
pub const MOST_UPLOAD: usize = 8 << 20;
/// Largest file that an app brings along and fetches, in bytes.
pub const MOST_BROUGHT: u64 = 16 << 20;
/// Files of an app that are under way at a time.
pub const MOST_UPLOADS: usize = 8;
/// Bytes of a piece: as Base64 it fits a message of a camera's process.
pub const PIECE: usize = 64 << 10;
/// Longest name of a file, in bytes.
const MOST_NAME: usize = 128;
/// What a file is called whose name has nothing that a name may have.
const NAMELESS: &str = "file";

/// A file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Its name, as [`upload_name`] leaves it.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// What is asked for. Everything before it is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// A number; the first file of that number or a higher one is meant. 0: the first that there is.
    pub file: u64,
    /// From which byte on, of just that file.
    pub at: u32,
    /// Nothing: nobody will ask any more, and what is left is not wanted.
    #[serde(default)]
    pub last: bool,
}

/// A part of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// The file's number: those of later files are higher.
    pub file: u64,
    /// Its name.
    pub name: String,
    /// Its bytes in all.
    pub length: u32,
    /// Where these are.
    pub at: u32,
    /// As many as there are from there on, or [`PIECE`] of them.
    #[serde(with = "crate::bus::base64_bytes")]
    pub bytes: Vec<u8>,
}

/// What a file is called that an app calls this: the last part of a path or of an address, of letters, digits, `.`, `_` and `-`.
pub fn upload_name(said: &str) -> String {
    let path = said.split(['?', '#']).next().unwrap_or_default();
    let last = path.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-');
    let name: String = last.chars().map(|letter| if plain(letter) { letter } else { '_' }).collect();
    // The end says what kind of file it is.
    let name = name[name.len().saturating_sub(MOST_NAME)..].trim_start_matches('.');
    if name.is_empty() { NAMELESS.to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_a_name_and_no_path() {
        for (said, name) in [
            ("images/20250117095712459.jpg", "20250117095712459.jpg"),
            ("https://storage.example/container/a/b.bin?sig=x/y&se=1#z", "b.bin"),
            ("..", "file"),
            ("a/../..", "file"),
            ("", "file"),
            ("folder/", "file"),
            (".profile", "profile"),
            ("C:\\x\\y z\u{e9}.txt", "y_z_.txt"),
            ("a\0b\n", "a_b_"),
        ] {
            assert_eq!(upload_name(said), name, "{said:?}");
        }
        let long = upload_name(&format!("{}.jpg", "x".repeat(400)));
        assert!(long.len() == MOST_NAME && long.ends_with("x.jpg"), "{long}");
    }
}
