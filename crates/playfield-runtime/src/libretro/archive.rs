//! Content that comes in a ZIP archive, as most does: unpacked for cores that cannot read one.
//!
//! It happens in the guest's own process, behind its fence, into a folder that is gone with it: what an archive does to the
//! one who reads it, it does to its own session.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use zip::ZipArchive;

/// Files an archive may hold.
const MOST_FILES: usize = 1_000;
/// Bytes that it may hold, unpacked. They lie in memory.
const MOST_BYTES: u64 = 250 << 20;
/// Files that name the others: with them a core begins.
const SHEETS: [&str; 5] = ["m3u", "cue", "toc", "ccd", "gdi"];

/// Whether that is an archive, by its name.
pub(super) fn is_one(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip"))
}

/// Unpacks an archive into a folder; returns the file that a core is to begin with, which takes the `extensions`, between `|`.
pub(super) fn unpack(archive: &Path, folder: &Path, extensions: &str) -> Result<PathBuf, String> {
    let said = |error: &dyn std::fmt::Display| format!("{} cannot be unpacked: {error}", archive.display());
    let file = File::open(archive).map_err(|error| said(&error))?;
    let mut files = ZipArchive::new(file).map_err(|error| said(&error))?;
    if files.len() > MOST_FILES {
        return Err(said(&format!("it holds {} files; {MOST_FILES} are the most", files.len())));
    }
    let (mut unpacked, mut left) = (Vec::new(), MOST_BYTES);
    for nth in 0..files.len() {
        let file = files.by_index(nth).map_err(|error| said(&error))?;
        // A name may lead out of the folder, and a link anywhere.
        let name = file.enclosed_name().filter(|_| file.is_file());
        let Some(name) = name else { continue };
        let place = folder.join(&name);
        fs::create_dir_all(place.parent().unwrap_or(folder)).map_err(|error| said(&error))?;
        let mut out = File::create(&place).map_err(|error| said(&error))?;
        let written = io::copy(&mut file.take(left + 1), &mut out).map_err(|error| said(&error))?;
        left =
            left.checked_sub(written).ok_or_else(|| said(&format!("it holds more than {} MiB", MOST_BYTES >> 20)))?;
        unpacked.push(name);
    }
    let first = unpacked.iter().filter(|name| takes(extensions, name)).min_by_key(|name| (rank(name), name.to_owned()));
    let known = extensions.replace('|', ", ");
    first.map(|name| folder.join(name)).ok_or_else(|| {
        format!("{} holds nothing that this core plays, which is files that end in {known}", archive.display())
    })
}

fn extension(path: &Path) -> String {
    path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase()
}

fn takes(extensions: &str, name: &Path) -> bool {
    let own = extension(name);
    extensions.split('|').any(|one| one.eq_ignore_ascii_case(&own))
}

fn rank(name: &Path) -> usize {
    let own = extension(name);
    SHEETS.iter().position(|sheet| *sheet == own).unwrap_or(SHEETS.len())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::write::SimpleFileOptions;

    use super::*;

    /// Unpacks an archive of files; returns the first for a core, by its name, or what was said.
    fn check(files: &[(&str, &[u8])], extensions: &str) -> Result<String, String> {
        static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("playfield-archive-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let archive = folder.join("content.zip");
        let mut writer = zip::ZipWriter::new(File::create(&archive).unwrap());
        for (name, bytes) in files {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap();
        let place = folder.join("place");
        let first = unpack(&archive, &place, extensions);
        let outside = fs::read_dir(&folder).unwrap().count();
        assert!(outside <= 2, "nothing is written outside its folder");
        let first = first.map(|first| {
            assert!(first.is_file());
            first.strip_prefix(&place).unwrap().display().to_string()
        });
        fs::remove_dir_all(folder).unwrap();
        first
    }

    #[test]
    fn a_core_begins_with_what_it_plays_and_with_what_names_the_rest() {
        assert_eq!(
            check(&[("readme.txt", b"hello"), ("Game (Europe).NES", b"NES")], "nes|fds"),
            Ok("Game (Europe).NES".into())
        );
        let disc: &[(&str, &[u8])] = &[("disc/a.bin", b"1"), ("disc/b.cue", b"FILE a.bin"), ("disc/c.m3u", b"b.cue")];
        assert_eq!(check(disc, "bin|cue|m3u"), Ok("disc/c.m3u".into()));
        assert_eq!(check(disc, "bin|cue"), Ok("disc/b.cue".into()));
        let said = check(&[("readme.txt", b"hello")], "nes|fds").unwrap_err();
        assert!(said.ends_with("holds nothing that this core plays, which is files that end in nes, fds"), "{said}");
    }

    #[test]
    fn names_lead_nowhere_and_sizes_are_bounded() {
        assert_eq!(
            check(&[("../out.nes", b"x"), ("/etc/in.nes", b"y"), ("a/../../b.nes", b"z"), ("c.nes", b"w")], "nes")
                .map(|name| name.ends_with(".nes")),
            Ok(true)
        );
        let many: Vec<String> = (0..=MOST_FILES).map(|nth| format!("{nth}.nes")).collect();
        let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &b""[..])).collect();
        assert!(check(&many, "nes").unwrap_err().contains("1000 are the most"));
        let huge = vec![0; (MOST_BYTES + 1) as usize];
        assert!(check(&[("a.nes", &huge)], "nes").unwrap_err().contains("more than 250 MiB"));
    }

    #[test]
    fn what_is_no_archive_is_told() {
        let file = std::env::temp_dir().join(format!("playfield-no-archive-{}.zip", std::process::id()));
        fs::write(&file, b"PK\x03\x04 and nothing more").unwrap();
        let said = unpack(&file, Path::new("/nonexistent"), "nes").unwrap_err();
        assert!(said.contains("cannot be unpacked"), "{said}");
        fs::remove_file(file).unwrap();
    }
}
