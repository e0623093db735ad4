//! A core, loaded into this process.

#[allow(unsafe_code, reason = "calls into a core, and its calls back")]
mod ffi;

use std::ffi::CString;
use std::path::Path;

pub use ffi::{Core, with};

use super::frontend::c_path;

/// Why a library does not load, as the system says it: which other library is missing, say.
pub fn load_error(error: &libloading::Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

/// What a core says of itself.
#[derive(Clone, Debug, Default)]
pub struct Info {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Extensions of content it plays, without dots, between `|`.
    pub extensions: String,
    /// It opens content by itself, by its path.
    pub need_fullpath: bool,
    /// It wants archives as they are.
    pub takes_archives: bool,
}

/// What a core plays, and the words it may ask of it. It stays where it is for as long as the core is loaded.
#[derive(Debug, Default)]
pub struct Content {
    /// The whole path.
    pub path: CString,
    /// The folder.
    pub folder: CString,
    /// The name without its extension.
    pub name: CString,
    /// The extension in small letters.
    pub extension: CString,
    /// The bytes, where the core does not read them by itself.
    pub bytes: Vec<u8>,
}

impl Content {
    /// What lies at `path`.
    pub fn at(path: &Path) -> Content {
        let part = |part: Option<&std::ffi::OsStr>| part.map(|part| c_path(Path::new(part))).unwrap_or_default();
        let extension = path.extension().map(|extension| extension.to_ascii_lowercase());
        Content {
            path: c_path(path),
            folder: path.parent().map(c_path).unwrap_or_default(),
            name: part(path.file_stem()),
            extension: part(extension.as_deref()),
            bytes: Vec::new(),
        }
    }

    /// Whether `list`, extensions between `|`, names its extension.
    pub fn is_one_of(&self, list: &str) -> bool {
        list.split('|').any(|extension| extension.as_bytes().eq_ignore_ascii_case(self.extension.as_bytes()))
    }
}
