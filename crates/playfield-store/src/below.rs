//! Files that are named from outside: only below what the operator named.

use std::path::{Path, PathBuf};

/// Finds a path in what is allowed. One that exists elsewhere and one that does not are refused in the same words: nobody finds out
/// what this machine has.
pub fn find_below(allowed: &[PathBuf], path: &str) -> Result<PathBuf, String> {
    if allowed.is_empty() {
        return Err("cameras read no files here; its operator names folders in `camera_files`".to_owned());
    }
    let real: Vec<PathBuf> = allowed.iter().filter_map(|allowed| std::fs::canonicalize(allowed).ok()).collect();
    // A path from the root replaces what it is joined to.
    let found = allowed
        .iter()
        .filter_map(|allowed| std::fs::canonicalize(allowed.join(path)).ok())
        .find(|found| real.iter().any(|real| found.starts_with(real)));
    let found = found.filter(|found| found != Path::new("/"));
    found.ok_or_else(|| {
        let names: Vec<_> = allowed.iter().map(|allowed| allowed.display().to_string()).collect();
        format!("there is no `{path}` in {}, the places that `camera_files` names", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_below_a_named_folder_is_found() {
        let folder = std::env::temp_dir().join(format!("playfield-below-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("allowed/yard")).unwrap();
        std::fs::create_dir_all(folder.join("allowed-too")).unwrap();
        std::fs::write(folder.join("allowed/day.mp4"), b"film").unwrap();
        std::fs::write(folder.join("secret"), b"secret").unwrap();
        std::os::unix::fs::symlink(folder.join("secret"), folder.join("allowed/way-out")).unwrap();
        let real = std::fs::canonicalize(&folder).unwrap();
        let allowed = [folder.join("allowed")];
        let check = |path: &str, expect: Option<&str>| {
            let found = find_below(&allowed, path);
            assert_eq!(found.as_ref().ok(), expect.map(|place| real.join(place)).as_ref(), "{path}: {found:?}");
        };
        check("day.mp4", Some("allowed/day.mp4"));
        check("yard", Some("allowed/yard"));
        check(&folder.join("allowed/day.mp4").to_string_lossy(), Some("allowed/day.mp4"));
        check(&folder.join("allowed").to_string_lossy(), Some("allowed"));
        check("night.mp4", None);
        check("way-out", None);
        check("../secret", None);
        check("/etc/passwd", None);
        check(&folder.join("allowed-too").to_string_lossy(), None);
        let file = [folder.join("allowed/day.mp4")];
        assert!(
            find_below(&file, &folder.join("allowed/day.mp4").to_string_lossy()).is_ok(),
            "a file may be named itself"
        );
        assert!(find_below(&[], "day.mp4").unwrap_err().contains("`camera_files`"));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
