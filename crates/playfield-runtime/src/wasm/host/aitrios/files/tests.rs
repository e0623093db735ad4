use playfield_core::sim::Random;

use super::*;

const NEW: How =
    How { create: true, read: true, write: true, folder: false, exclusive: false, truncate: false, append: false };
const OLD: How = How { create: false, ..NEW };

fn text(files: &mut Files, path: &str) -> Result<String, Errno> {
    let fd = files.open(ROOT_FD, path.as_bytes(), How { write: false, ..OLD }, 0)?;
    let bytes = files.read(fd, None, MOST_BYTES)?;
    files.close(fd)?;
    Ok(String::from_utf8(bytes).unwrap())
}

fn put(files: &mut Files, path: &str, what: &str) -> Result<(), Errno> {
    let fd = files.open(ROOT_FD, path.as_bytes(), How { truncate: true, ..NEW }, 7)?;
    let done = files.write(fd, None, what.as_bytes(), 7);
    files.close(fd)?;
    done
}

fn names(files: &mut Files, path: &str) -> Vec<String> {
    let fd = files.open(ROOT_FD, path.as_bytes(), How { folder: true, ..How::default() }, 0).unwrap();
    let names = files.list(fd, 0).unwrap().iter().map(|entry| entry.name.clone()).collect();
    files.close(fd).unwrap();
    names
}

#[test]
fn what_is_written_is_read() {
    let mut files = Files::default();
    put(&mut files, "tally", "twelve").unwrap();
    assert_eq!(text(&mut files, "tally"), Ok("twelve".to_owned()));
    put(&mut files, "./tally", "one").unwrap();
    assert_eq!(text(&mut files, "tally"), Ok("one".to_owned()), "what was there before is gone");
    let fd = files.open(ROOT_FD, b"tally", How { append: true, ..OLD }, 0).unwrap();
    files.write(fd, None, b" more", 9).unwrap();
    assert_eq!(files.read(fd, Some(0), 3).unwrap(), b"one", "from there, wherever it stands");
    assert_eq!(files.seek(fd, -4, Whence::End), Ok(4));
    assert_eq!(files.read(fd, None, 100).unwrap(), b"more");
    assert_eq!(files.seek(fd, -9, Whence::Start), no(INVALID));
    files.set_size(fd, 3, 11).unwrap();
    files.write(fd, Some(5), b"!", 12).unwrap();
    assert_eq!(files.read(fd, Some(0), 100).unwrap(), b"one\0\0!", "a gap is zeros");
    let stat = files.stat(fd).unwrap();
    assert_eq!((stat.folder, stat.bytes, stat.changed_ns), (false, 6, 12));
    assert_eq!(files.path_stat(ROOT_FD, b"tally"), Ok(stat));
}

#[test]
fn folders_hold_files_and_nothing_leads_out_of_them() {
    let mut files = Files::default();
    files.create_folder(ROOT_FD, b"days", 0).unwrap();
    put(&mut files, "days/monday", "3").unwrap();
    put(&mut files, "days/../days//tuesday", "4").unwrap();
    assert_eq!(names(&mut files, "."), [".", "..", "days"]);
    assert_eq!(names(&mut files, "days/"), [".", "..", "monday", "tuesday"]);
    let days = files.open(ROOT_FD, b"days", How { folder: true, ..How::default() }, 0).unwrap();
    files.rename((days, b"monday"), (ROOT_FD, b"days/sunday")).unwrap();
    assert_eq!(text(&mut files, "days/sunday"), Ok("3".to_owned()));
    for (path, code) in [
        ("..", NOT_CAPABLE),
        ("days/../..", NOT_CAPABLE),
        ("/etc/passwd", NOT_CAPABLE),
        ("", NO_ENTRY),
        ("nights/monday", NO_ENTRY),
        ("days/sunday/noon", NOT_FOLDER),
        ("days/sunday/", NOT_FOLDER),
        ("days/monday", NO_ENTRY),
    ] {
        assert_eq!(text(&mut files, path), no(code), "{path}");
    }
    assert_eq!(files.path_stat(days, b".."), no(NOT_CAPABLE), "no path leads above the folder that it begins at");
    assert_eq!(files.path_stat(ROOT_FD, b"\xff"), no(BAD_TEXT));
    assert_eq!(files.path_stat(ROOT_FD, &[b'a'; 256]), no(NAME_TOO_LONG));
    assert_eq!(files.remove_folder(ROOT_FD, b"days"), no(NOT_EMPTY));
    assert_eq!(files.remove_file(ROOT_FD, b"days"), no(IS_FOLDER));
    assert_eq!(files.rename((ROOT_FD, b"days"), (ROOT_FD, b"days/inside")), no(INVALID));
    assert_eq!(files.create_folder(ROOT_FD, b"days", 0), no(EXISTS));
    assert_eq!(put(&mut files, "days", ""), no(IS_FOLDER));
    files.remove_file(ROOT_FD, b"days/sunday").unwrap();
    files.remove_file(days, b"tuesday").unwrap();
    files.remove_folder(ROOT_FD, b"days").unwrap();
    assert_eq!(files.open(days, b"late", NEW, 0), no(NO_ENTRY), "a folder that is gone takes nothing");
    assert_eq!(names(&mut files, "."), [".", ".."]);
}

#[test]
fn a_file_that_was_removed_is_there_until_it_is_closed() {
    let mut files = Files::default();
    put(&mut files, "a", "some").unwrap();
    let fd = files.open(ROOT_FD, b"a", OLD, 0).unwrap();
    files.remove_file(ROOT_FD, b"a").unwrap();
    assert_eq!(text(&mut files, "a"), no(NO_ENTRY));
    assert_eq!(files.read(fd, None, 9).unwrap(), b"some");
    assert_eq!(files.bytes, 4);
    files.close(fd).unwrap();
    assert_eq!((files.bytes, files.nodes.len()), (0, 1));
    assert_eq!(files.read(fd, None, 9), no(BAD_FD));
}

#[test]
fn a_folder_is_read_as_it_was_when_its_reading_began() {
    let mut files = Files::default();
    (0..5).for_each(|nth| put(&mut files, &format!("file {nth}"), "").unwrap());
    let fd = files.open(ROOT_FD, b".", How { folder: true, ..How::default() }, 0).unwrap();
    assert_eq!(files.list(fd, 0).unwrap().len(), 7);
    files.remove_file(ROOT_FD, b"file 0").unwrap();
    assert_eq!(files.list(fd, 3).unwrap()[0].name, "file 1", "nothing is passed over");
    assert_eq!(files.list(fd, 99).unwrap(), []);
    assert_eq!(files.list(fd, 0).unwrap().len(), 6);
}

#[test]
fn they_have_their_bounds() {
    let mut files = Files::default();
    let fd = files.open(ROOT_FD, b"a", NEW, 0).unwrap();
    assert_eq!(files.write(fd, Some(u64::MAX), b"x", 0), no(TOO_LARGE));
    assert_eq!(files.write(fd, Some(MOST_BYTES as u64), b"x", 0), no(TOO_LARGE));
    assert_eq!(files.allocate(fd, u64::MAX, 2, 0), no(TOO_LARGE));
    files.allocate(fd, 0, MOST_BYTES as u64, 0).unwrap();
    assert_eq!(put(&mut files, "b", "x"), no(NO_SPACE), "all files together");
    files.set_size(fd, 0, 0).unwrap();
    put(&mut files, "b", "x").unwrap();
    let open = (0..MOST_OPEN).map_while(|_| files.open(ROOT_FD, b"b", OLD, 0).ok()).count();
    assert_eq!(open, MOST_OPEN - 2);
    assert_eq!(files.open(ROOT_FD, b"b", OLD, 0), no(TOO_MANY_OPEN));
    (4..4 + open as i32).for_each(|fd| files.close(fd).unwrap());
    let made = (0..2 * MOST_NODES).map_while(|nth| files.create_folder(ROOT_FD, format!("{nth}").as_bytes(), 0).ok());
    assert_eq!(made.count(), MOST_NODES - 3);
    assert_eq!(files.create_folder(ROOT_FD, b"one more", 0), no(NO_SPACE));
}

#[test]
fn whatever_is_done_the_books_are_right() {
    const PATHS: [&str; 12] =
        ["a", "b", "c", "a/b", "a/b/c", "b/a", "c/..", "a/../b", ".", "a/b/../..", "c/a/", "b//c"];
    let (mut files, mut dice) = (Files::default(), Random::new(5));
    let (mut fine, all) = (0, 40_000);
    for n in 0..all {
        let (path, other) = (PATHS[dice.below(12) as usize].as_bytes(), PATHS[dice.below(12) as usize].as_bytes());
        let (fd, at) = (3 + dice.below(8) as i32, dice.below(3_000));
        let how = How {
            create: dice.below(2) == 0,
            folder: dice.below(4) == 0,
            exclusive: dice.below(8) == 0,
            truncate: dice.below(8) == 0,
            append: dice.below(4) == 0,
            read: true,
            write: dice.below(4) > 0,
        };
        let done = match dice.below(14) {
            0..=2 => files.open(fd, path, how, n).map(drop),
            3 if fd > ROOT_FD => files.close(fd),
            4 if fd > ROOT_FD => files.renumber(fd, ROOT_FD + 1 + (at % 7) as i32),
            5 => files.read(fd, None, at as usize).map(drop),
            6 => files.write(fd, None, &vec![1; at as usize], n),
            7 => files.write(fd, Some(at), b"there", n),
            8 => files.seek(fd, at as i64 - 1_000, Whence::Here).map(drop),
            9 => files.create_folder(fd, path, n),
            10 => files.remove_folder(fd, path),
            11 => files.remove_file(fd, path),
            12 => files.rename((fd, path), (ROOT_FD, other)),
            _ => files.list(fd, at % 3).map(drop),
        };
        fine += u32::from(done.is_ok());
        let length = |node: &Node| if let What::File(bytes) = &node.what { bytes.len() } else { 0 };
        assert_eq!(files.bytes, files.nodes.values().map(length).sum::<usize>(), "step {n}");
        let mut named = vec![ROOT];
        let mut seen = 0;
        while let Some(&node) = named.get(seen) {
            if let What::Folder(entries) = &files.nodes[&node].what {
                named.extend(entries.values());
            }
            seen += 1;
        }
        for (id, node) in &files.nodes {
            let places = named.iter().filter(|named| *named == id).count();
            let open = files.open.values().any(|open| open.node == *id);
            assert!(places == usize::from(node.named) && (node.named || open), "step {n}: {id} {node:?}");
        }
    }
    assert!(fine > 3_000, "{fine} of {all} did something");
}
