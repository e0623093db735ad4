//! A folder of files that a device needs, by what is in them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Most files of a package.
pub const MOST_FILES: usize = 64;
/// Most bytes of all its files.
pub const MOST_BYTES: u64 = 256 << 20;
/// Longest path of a file.
const LONGEST: usize = 200;

/// SHA-256 of a file, in hex.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FileHash(String);

impl FileHash {
    /// Of these bytes of a hash.
    pub fn new(hash: [u8; 32]) -> FileHash {
        FileHash(hash.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// In hex.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for FileHash {
    type Err = PackageError;

    fn from_str(text: &str) -> Result<FileHash, PackageError> {
        let well_formed = text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if well_formed { Ok(FileHash(text.to_owned())) } else { Err(PackageError::Hash) }
    }
}

impl TryFrom<String> for FileHash {
    type Error = PackageError;

    fn try_from(text: String) -> Result<FileHash, PackageError> {
        text.parse()
    }
}

impl From<FileHash> for String {
    fn from(hash: FileHash) -> String {
        hash.0
    }
}

impl fmt::Display for FileHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A file of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageFile {
    /// Where it is in the package: steps of letters, digits, `.`, `-` and `_`, with `/` between them.
    pub path: String,
    /// What is in it.
    pub hash: FileHash,
    /// How much.
    pub bytes: u64,
}

/// A folder of files, immutable: another file makes another package.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// In the order of their paths.
    pub files: Vec<PackageFile>,
}

/// Why a package is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackageError {
    /// A hash that is none.
    #[error("a file's hash must be 64 digits of lower-case hex")]
    Hash,
    /// A path that leads elsewhere, or two of one name.
    #[error("`{0}` is no path that a file of a package may have, or there twice")]
    Path(String),
    /// Too much.
    #[error("a package has at most {MOST_FILES} files of {MOST_BYTES} bytes in all")]
    Large,
}

impl Package {
    /// Whether its files may be written into a folder of their own.
    pub fn check(&self) -> Result<(), PackageError> {
        let bytes = self.files.iter().try_fold(0_u64, |sum, file| sum.checked_add(file.bytes));
        if self.files.len() > MOST_FILES || bytes.is_none_or(|bytes| bytes > MOST_BYTES) {
            return Err(PackageError::Large);
        }
        for (nth, file) in self.files.iter().enumerate() {
            let again = self.files[..nth].iter().any(|other| {
                let inside = |outer: &str, inner: &str| inner.strip_prefix(outer).is_some_and(|r| r.starts_with('/'));
                other.path == file.path || inside(&other.path, &file.path) || inside(&file.path, &other.path)
            });
            if again || !is_path(&file.path) {
                return Err(PackageError::Path(file.path.chars().take(80).collect()));
            }
        }
        Ok(())
    }

    /// What it is known by: lines of path and hash, whose SHA-256 names it.
    pub fn listing(&self) -> String {
        self.files.iter().map(|file| format!("{} {}\n", file.hash, file.path)).collect()
    }
}

/// Steps of a path that stay where they are.
pub(super) fn is_path(path: &str) -> bool {
    let step = |step: &str| {
        !step.is_empty()
            && !step.starts_with('.')
            && step.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    path.len() <= LONGEST && path.split('/').all(step)
}
