//! Archives that come from outside: ZIP (APPNOTE.TXT), unpacked into a folder of their own, or not at all.

use std::fs::{self, File};
use std::io::{self, Cursor, Read, Write};
use std::path::Path;

use playfield_core::link::{MOST_FILES, Package, PackageFile};
use playfield_store::blob::BlobId;
use zip::ZipArchive;
use zip::result::ZipError;

use super::MOST_MB;

/// Most bytes of all files.
const MOST_BYTES: u64 = (MOST_MB as u64) << 20;
/// What begins an entry of an archive's directory, and its end; and how many of these are looked at.
const ENTRY: [u8; 4] = *b"PK\x01\x02";
const END: [u8; 4] = *b"PK\x05\x06";
const MOST_ENTRIES: usize = 4_096;
const MOST_ENDS: usize = 16;
/// What systems put into archives beside what was meant.
const BESIDES: &str = "__MACOSX/";

/// Why nothing was unpacked.
#[derive(Debug)]
pub(super) enum Error {
    /// In words that follow its name.
    Archive(String),
    Disk(io::Error),
}

/// Unpacks an archive into a folder that is not there yet. If all that it holds is in one folder, that one is meant.
pub(super) fn unpack(archive: &[u8], into: &Path) -> Result<Package, Error> {
    let wrong = |error: ZipError| Error::Archive(format!("it is no ZIP archive that can be read: {error}"));
    // The library reads all that an archive says of itself before it says how much that is, and as often as it has an end.
    if count_of(ENTRY, archive) > MOST_ENTRIES || count_of(END, archive) > MOST_ENDS {
        return Err(Error::Archive(format!("it holds more than {MOST_FILES} files")));
    }
    let mut archive = ZipArchive::new(Cursor::new(archive)).map_err(wrong)?;
    let mut wanted = Vec::new();
    for nth in 0..archive.len() {
        // Without a look at what is in it: it may be coded in a way that nobody reads.
        let file = archive.by_index_raw(nth).map_err(wrong)?;
        if file.is_symlink() {
            return Err(Error::Archive(format!("`{}` is a link to somewhere else", shown(file.name()))));
        }
        let name = file.name().trim_start_matches("./");
        if file.is_file() && !is_beside(name) {
            wanted.push((nth, name.to_owned()));
        }
        if wanted.len() > MOST_FILES {
            return Err(Error::Archive(format!("it holds more than {MOST_FILES} files")));
        }
    }
    let outer = outer_folder(&wanted);
    let mut package = Package::default();
    for (nth, name) in &wanted {
        let path = name[outer..].to_owned();
        // Looked at before anything is written.
        check(&package, &path)?;
        let mut bytes = Vec::new();
        let room = MOST_BYTES - package.files.iter().map(|file| file.bytes).sum::<u64>();
        let file = archive.by_index(*nth).map_err(wrong)?;
        let read = file.take(room + 1).read_to_end(&mut bytes);
        read.map_err(|error| Error::Archive(format!("`{}` is damaged: {error}", shown(name))))?;
        if bytes.len() as u64 > room {
            return Err(Error::Archive(format!("what is in it has more than {MOST_MB} MiB")));
        }
        write(&into.join(&path), &bytes).map_err(Error::Disk)?;
        package.files.push(described(path, &bytes)?);
    }
    if package.files.is_empty() {
        return Err(Error::Archive("it holds no files".to_owned()));
    }
    sync(into).map_err(Error::Disk)?;
    package.files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(package)
}

/// How often these bytes stand in others.
fn count_of(what: [u8; 4], bytes: &[u8]) -> usize {
    bytes.windows(4).filter(|four| *four == what).count()
}

/// Brings folders to the disk, with the names of what is in them.
fn sync(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync(&entry.path())?;
        }
    }
    File::open(folder)?.sync_all()
}

/// Whether a folder has these files, and no others.
pub(super) fn holds(folder: &Path, package: &Package) -> bool {
    let has = |file: &PackageFile| {
        let same = |bytes: Vec<u8>| described(file.path.clone(), &bytes).is_ok_and(|known| known == *file);
        fs::metadata(folder.join(&file.path)).is_ok_and(|facts| facts.len() == file.bytes)
            && fs::read(folder.join(&file.path)).is_ok_and(same)
    };
    count(folder, 0) == package.files.len() && package.files.iter().all(has)
}

/// How many files are in a folder, and in those in it.
fn count(folder: &Path, depth: usize) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let of = |entry: fs::DirEntry| match entry.file_type() {
        Ok(kind) if kind.is_dir() && depth < MOST_FILES => count(&entry.path(), depth + 1),
        _ => 1,
    };
    entries.map(of).sum()
}

/// Whether a file of this path may be added.
fn check(package: &Package, path: &str) -> Result<(), Error> {
    let mut with = package.clone();
    with.files.push(described(path.to_owned(), &[])?);
    with.check().map_err(|error| Error::Archive(error.to_string()))
}

fn described(path: String, bytes: &[u8]) -> Result<PackageFile, Error> {
    let hash = BlobId::of(bytes).as_str().parse().map_err(|error| Error::Archive(format!("{path}: {error}")))?;
    Ok(PackageFile { path, hash, bytes: bytes.len() as u64 })
}

fn is_beside(name: &str) -> bool {
    name.starts_with(BESIDES) || name.split('/').any(|step| step.starts_with('.') && step != "." && step != "..")
}

/// How many bytes of all names are the one folder that everything is in.
fn outer_folder(wanted: &[(usize, String)]) -> usize {
    let Some((_, first)) = wanted.first() else { return 0 };
    let Some(length) = first.find('/').map(|at| at + 1) else { return 0 };
    if wanted.iter().all(|(_, name)| name.starts_with(&first[..length])) { length } else { 0 }
}

/// On the disk when it returns, but for its place.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(path.parent().unwrap_or(path))?;
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn shown(name: &str) -> String {
    name.chars().filter(|letter| !letter.is_control()).take(80).collect()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::atomic::{AtomicU32, Ordering};

    use zip::write::SimpleFileOptions;
    use zip::{CompressionMethod, ZipWriter};

    use super::*;

    fn place() -> PathBuf {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let nth = NEXT.fetch_add(1, Ordering::Relaxed);
        let place = std::env::temp_dir().join(format!("playfield-unpack-{}-{nth}", std::process::id()));
        let _ = fs::remove_dir_all(&place);
        place
    }

    fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let how = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        for (name, bytes) in files {
            zip.start_file(*name, how).unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    fn refusal(archive: &[u8]) -> String {
        let place = place();
        let Err(Error::Archive(why)) = unpack(archive, &place) else { panic!("it was taken") };
        let _ = fs::remove_dir_all(&place);
        why
    }

    #[test]
    fn files_come_out_as_they_went_in() {
        let check = |archive: Vec<u8>, expect: &[&str]| {
            let place = place();
            let package = unpack(&archive, &place).unwrap();
            let paths: Vec<_> = package.files.iter().map(|file| file.path.as_str()).collect();
            assert_eq!(paths, expect);
            assert!(holds(&place, &package));
            fs::write(place.join("more"), "").unwrap();
            assert!(!holds(&place, &package), "there is one file more");
            fs::remove_file(place.join("more")).unwrap();
            let first = place.join(&package.files[0].path);
            let mut bytes = fs::read(&first).unwrap();
            bytes[0] ^= 1;
            fs::write(&first, bytes).unwrap();
            assert!(!holds(&place, &package), "of the same length, but another one");
            fs::remove_dir_all(&place).unwrap();
        };
        let flat: [(&str, &[u8]); 2] = [("model.toml", b"name"), ("weights/street.onnx", b"numbers")];
        check(zip(&flat), &["model.toml", "weights/street.onnx"]);
        let nested: [(&str, &[u8]); 4] = [
            ("street/b", b"numbers"),
            ("__MACOSX/street/._a", b"of a system"),
            ("street/.DS_Store", b"of a system"),
            ("street/a", b"name"),
        ];
        check(zip(&nested), &["a", "b"]);
        check(zip(&[("./street/a", b"name"), ("./street/b/c", b"numbers")]), &["a", "b/c"]);
    }

    #[test]
    fn what_leads_elsewhere_or_is_too_much_is_refused() {
        assert!(refusal(b"PK\x03\x04 half of it").contains("it is no ZIP archive"));
        assert!(refusal(&zip(&[])).contains("it holds no files"));
        for path in ["../a", "a/../../b", "/etc/passwd", "a\\b", "a b", "x/\u{e9}"] {
            let why = refusal(&zip(&[("model.toml", b""), (path, b"x")]));
            assert!(why.contains("is no path that a file of a package may have"), "{path}: {why}");
        }
        let why = refusal(&zip(&[("a", b"x"), ("a/b", b"x")]));
        assert!(why.contains("`a/b` is no path"), "{why}");
        let names: Vec<String> = (0..=MOST_FILES).map(|nth| nth.to_string()).collect();
        let many: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
        assert!(refusal(&zip(&many)).contains("more than 64 files"));
        let ends = [&zip(&flat_file())[..], &END.repeat(MOST_ENDS)].concat();
        assert!(refusal(&ends).contains("more than 64 files"), "what has many ends is read as often");
        let entries = [&ENTRY.repeat(MOST_ENTRIES), &zip(&flat_file())[..]].concat();
        assert!(refusal(&entries).contains("more than 64 files"));

        let mut link = ZipWriter::new(Cursor::new(Vec::new()));
        link.add_symlink("model.toml", "/etc/passwd", SimpleFileOptions::default()).unwrap();
        assert!(refusal(&link.finish().unwrap().into_inner()).contains("`model.toml` is a link"));

        let mut damaged = zip(&[("model.toml", &noise(4000))]);
        let at = damaged.len() / 2;
        damaged[at] ^= 0xff;
        assert!(refusal(&damaged).contains("`model.toml` is damaged"));
    }

    fn flat_file() -> [(&'static str, &'static [u8]); 1] {
        [("model.toml", b"name")]
    }

    fn noise(length: usize) -> Vec<u8> {
        let mut random = 1_u32;
        let mut next = || {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (random >> 24) as u8
        };
        (0..length).map(|_| next()).collect()
    }

    #[test]
    fn whatever_comes_nothing_is_written_beside() {
        let place = place();
        fs::create_dir_all(&place).unwrap();
        let whole = zip(&[("bay/app.toml", b"id = 'bay'"), ("bay/sub/bay.wasm", &noise(64))]);
        let dice = noise(8_000);
        let (mut taken, mut refused) = (0, 0);
        for (nth, dice) in dice.chunks_exact(8).enumerate() {
            let mut archive = whole.clone();
            for at in 0..usize::from(dice[0] % 3) + 1 {
                let spot = usize::from(dice[at * 2 + 1]) * archive.len() / 256;
                archive[spot] = dice[at * 2 + 2];
            }
            if dice[7] < 32 {
                archive.truncate(usize::from(dice[7]) * archive.len() / 32);
            }
            match unpack(&archive, &place.join(nth.to_string())) {
                Ok(package) => {
                    assert!(holds(&place.join(nth.to_string()), &package));
                    taken += 1;
                }
                Err(Error::Archive(_)) => refused += 1,
                Err(Error::Disk(error)) => panic!("{error}"),
            }
            let _ = fs::remove_dir_all(place.join(nth.to_string()));
            assert_eq!(fs::read_dir(&place).unwrap().count(), 0);
        }
        assert!(taken > 50 && refused > 50, "{taken} {refused}");
        fs::remove_dir_all(&place).unwrap();
    }

    #[test]
    fn zeros_that_take_no_room_in_the_archive_do_not_fill_the_disk() {
        let half = vec![0; (MOST_BYTES / 2) as usize + 1];
        let bomb = zip(&[("a", &half), ("b", &half)]);
        assert!(bomb.len() < 1 << 20);
        assert!(refusal(&bomb).contains("more than 128 MiB"));
    }
}
