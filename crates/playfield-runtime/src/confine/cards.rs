//! Graphics cards, as far as native guests may draw with them.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access};

/// Where the kernel's direct rendering manager has its devices.
const FOLDER: &str = "/dev/dri";
/// What its render nodes begin with: devices that draw, and show nothing (`drm-uapi`, "Render nodes").
const RENDER: &str = "renderD";

/// Render nodes that this user may open, in their order: `/dev/dri/renderD128`. Who may is the machine's to say, by the group
/// that they belong to.
pub fn render_nodes() -> Vec<PathBuf> {
    nodes_in(Path::new(FOLDER))
}

/// The number of a device that this user may open here, as `stat`(2) tells it.
pub fn device_number(path: &Path) -> io::Result<u64> {
    access(path, Access::READ_OK | Access::WRITE_OK)?;
    let found = fs::metadata(path)?;
    let is_device = found.file_type().is_char_device();
    if is_device { Ok(found.rdev()) } else { Err(io::Error::other("it is no device")) }
}

fn nodes_in(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let named =
        |path: &PathBuf| path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(RENDER));
    let may_open = |path: &PathBuf| access(path, Access::READ_OK | Access::WRITE_OK).is_ok();
    let mut nodes: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(|path| named(path) && may_open(path)).collect();
    nodes.sort();
    nodes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_render_nodes_are_cards_in_their_order() {
        let folder = std::env::temp_dir().join(format!("playfield-cards-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        for name in ["renderD129", "card0", "renderD128"] {
            fs::write(folder.join(name), b"").unwrap();
        }
        let found = nodes_in(&folder);
        assert_eq!(found, [folder.join("renderD128"), folder.join("renderD129")]);
        assert!(device_number(&found[0]).is_err(), "a file is no device");
        fs::remove_dir_all(&folder).unwrap();
        assert!(nodes_in(&folder).is_empty() && device_number(&found[0]).is_err());
        // Its major and minor number: null(4).
        assert_eq!(device_number(Path::new("/dev/null")).unwrap(), 1 << 8 | 3);
    }
}
