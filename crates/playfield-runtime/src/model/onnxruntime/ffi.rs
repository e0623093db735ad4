//! Maps the library into this process, so that it is there once its files are not.

use std::path::Path;

use libloading::Library;

/// Opens a library for good, and does nothing with it: no thread begins by that.
pub fn keep_open(path: &Path) -> Result<(), String> {
    // SAFETY: what a library does when it is opened is its own affair; the node's configuration names this one.
    let library = unsafe { Library::new(path) }.map_err(|error| error.to_string())?;
    // Whoever opens the same path after this gets it from memory.
    std::mem::forget(library);
    Ok(())
}
