//! What apps upload and fetch: what may leave, what is answered to what makes no sense, and what becomes of it.

use std::path::{Path, PathBuf};

use playfield_core::upload::{MOST_UPLOAD, Upload};
use playfield_runtime::wasm::UploadTerms;

use super::*;

/// `sender.rs`
const SENDER: &[u8] = include_bytes!("sender.wasm");

/// A function that fills a buffer with its first word, one that fails, one that says a buffer's first byte and length, and one that
/// says what became of an upload and what stands in
/// its result, and calls of blobs: `$put` with the request at 600 and the store at 620, which `$memory` and `$file` set.
const BLOBS: &str = r#"
(import "env" "EVP_BlobRequestHttpExt_initialize" (func $request (result i32)))
(import "env" "EVP_BlobRequestHttpExt_addHeader" (func $header (param i32 i32 i32) (result i32)))
(import "env" "EVP_BlobRequestHttpExt_addAzureHeader" (func $azure (param i32) (result i32)))
(import "env" "EVP_BlobRequestHttpExt_setUrl" (func $url (param i32 i32) (result i32)))
(import "env" "EVP_BlobRequestHttpExt_free" (func $let_go (param i32)))
"#;
const MORE: &str = r#"
(elem (i32.const 1) $fill $fail $done $take)
(data (i32.const 640) "images/a.jpg\00")
(data (i32.const 660) "/workspace/none\00")
(data (i32.const 680) "/etc/passwd\00")
(data (i32.const 700) "/workspace/note\00")
(func $fill (param $to i32) (param $length i32) (param $user i32) (result i32)
  (memory.fill (local.get $to) (local.get $user) (local.get $length)) (i32.const 0))
(func $take (param $from i32) (param $length i32) (param $user i32) (result i32)
  (call $say (local.get $length)) (call $say (i32.load8_u (local.get $from))) (i32.const 0))
(func $fail (param i32 i32 i32) (result i32) (i32.const 7))
(func $done (param $reason i32) (param $result i32) (param $user i32)
  (call $say (i32.add (i32.mul (local.get $user) (i32.const 10)) (local.get $reason)))
  (if (local.get $result) (then
    (call $say (i32.load (local.get $result))) (call $say (i32.load offset=4 (local.get $result)))
    (call $say (i32.load offset=8 (local.get $result))))))
(func $memory (param $fill i32) (param $length i32)
  (i32.store (i32.const 600) (i32.const 640))
  (i32.store (i32.const 620) (i32.const 0)) (i32.store (i32.const 624) (local.get $fill))
  (i32.store (i32.const 628) (local.get $length)))
(func $file (param $path i32)
  (i32.store (i32.const 600) (i32.const 640)) (i32.store (i32.const 620) (local.get $path)))
(func $put (param $user i32)
  (call $say (call $blob (global.get $client) (i32.const 3) (i32.const 1) (i32.const 600) (i32.const 620) (i32.const 3)
    (local.get $user))))
(func $fetch (param $user i32)
  (call $say (call $blob (global.get $client) (i32.const 0) (i32.const 0) (i32.const 600) (i32.const 620) (i32.const 3)
    (local.get $user))))
(func $events (param $n i32)
  (loop $more
    (drop (call $process (global.get $client) (i32.const 0)))
    (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
"#;

fn with_room(view: View, room: Option<u64>, settled: &[bool]) -> View {
    View { uploads: UploadTerms { room, settled: settled.to_vec() }, ..view }
}

/// An app of this body, which is done with its first picture.
fn uploading(more: &str, body: &str) -> AitriosApp {
    bringing_along(None, more, body)
}

fn bringing_along(files: Option<&Path>, more: &str, body: &str) -> AitriosApp {
    let imports = format!("{BLOBS}{PRELUDE}{more}{MORE}");
    let start = format!(r#"(func (export "_start") (local $i i32) (call $open) (call $look) {body} (call $look))"#);
    let lent = Lent { files: files.map(Path::to_owned), ..Lent::default() };
    let module = ENGINE.load_wasm(&module(&format!("{imports}{start}"))).unwrap();
    module.open_aitrios_with(rules(&numbers(65536), "{}"), lent).unwrap()
}

/// What it says of pictures that come with these terms, and what it uploads.
fn told(app: &mut AitriosApp, terms: &[(Option<u64>, &[bool])]) -> (Vec<i64>, Vec<Upload>) {
    let (mut said, mut uploads) = (Vec::new(), Vec::new());
    for (room, settled) in terms {
        let tick =
            app.see(with_room(view(0), *room, settled)).unwrap_or_else(|why| panic!("{why}: {:?}", app.take_log()));
        said.extend(tick.emitted.iter().map(|value| value["n"].as_i64().unwrap()));
        uploads.extend(tick.uploads);
    }
    (said, uploads)
}

#[test]
fn an_app_written_for_aitrios_uploads_what_it_likes_while_somebody_lets_it() {
    let fields = "[output.fields]\nkept = { kind = 'integer', min = 0, max = 99 }\nlost = { kind = 'integer', min = 0, max = 99 }";
    let manifest = manifest(&format!("[limits]\ntick_ms = 1000\n[output]\nbytes_per_minute = 65536\n{fields}"));
    let lent = Lent { jpeg: Some(fake_jpeg), ..Lent::default() };
    let mut app = ENGINE.load_wasm(SENDER).unwrap().open_aitrios_with(rules(&manifest, "{}"), lent).unwrap();
    let said = |tick: &playfield_runtime::wasm::AppTick| {
        tick.emitted.iter().map(|value| (value["kept"].as_u64(), value["lost"].as_u64())).collect::<Vec<_>>()
    };
    let mut see = |room: Option<u64>, settled: &[bool]| {
        let tick = app.see(with_room(view_of(0), room, settled)).unwrap();
        (said(&tick), tick.uploads)
    };
    assert_eq!(see(None, &[]), (vec![(Some(0), Some(2))], vec![]), "nobody lets it");
    let (nothing, picture) = see(Some(1 << 20), &[]);
    assert_eq!((nothing.len(), picture.len()), (0, 1), "it waits to hear of its picture");
    assert_eq!(picture[0].name, "20260102000000002.jpg");
    assert_eq!(picture[0].bytes, [320_u16 as u8, 180, 7, 7, 80], "as the encoder made it");
    let (_, note) = see(Some(1 << 20), &[true]);
    let text = b"it sees a picture".to_vec();
    assert_eq!(note, [Upload { name: "20260102000000002.txt".to_owned(), bytes: text }]);
    let (counts, _) = see(Some(1 << 20), &[false]);
    assert_eq!(counts, [(Some(1), Some(3))], "one was kept, and the other not");
}

#[test]
fn what_it_uploads_is_read_piece_by_piece_and_it_is_told_what_became_of_it() {
    let size = 80_000;
    let next = "(drop (call $release (i64.load (i32.const 8)) (i64.load (i32.const 16)))) (call $look)";
    let body = format!(
        "(call $memory (i32.const 1) (i32.const {size})) (call $put (i32.const 5)) (call $events (i32.const 3))
         (call $memory (i32.const 1) (i32.const 0)) (call $put (i32.const 6)) {next} (call $events (i32.const 2)) {next}"
    );
    let mut app = uploading(MALLOC, &body);
    let room = Some(1 << 20);
    let (said, uploads) = told(&mut app, &[(room, &[])]);
    assert_eq!(said, [0, 0]);
    let of = |bytes: Vec<u8>| Upload { name: "a.jpg".to_owned(), bytes };
    assert_eq!(uploads, [of(vec![5; size]), of(Vec::new())]);
    assert_eq!(
        told(&mut app, &[(room, &[true, false])]).0,
        [50, 0, 201, 0, 62],
        "the second one was denied in the end"
    );
}

#[test]
fn what_makes_no_sense_is_answered_so_and_nothing_is_uploaded() {
    let call = |client: &str, [kind, op, request, store, to]: [i32; 5]| {
        let numbers = [kind, op, request, store, to, 0].map(|number| format!("(i32.const {number})")).concat();
        format!("(call $say (call $blob {client} {numbers}))")
    };
    let ours = "(global.get $client)";
    let good = [3, 1, 600, 620, 3];
    let but = |nth: usize, value: i32| {
        let mut numbers = good;
        numbers[nth] = value;
        call(ours, numbers)
    };
    let check = |prepare: &str, what: &str, expect: &[i64]| {
        let (said, uploads) = told(&mut uploading(MALLOC, &format!("{prepare} {what}")), &[(Some(9), &[])]);
        assert_eq!((said, uploads), (expect.to_vec(), vec![]), "{what}");
    };
    let memory = "(call $memory (i32.const 1) (i32.const 4))";
    check(memory, &call("(i32.const 77)", good), &[4]);
    for wrong in [but(0, 5), but(0, -1), but(1, 2), but(2, 0), but(3, 0), but(4, 0)] {
        check(memory, &wrong, &[4]);
    }
    for outside in [but(2, -4), but(2, 262_142), but(3, -4), but(3, 262_140)] {
        check(memory, &outside, &[10]);
    }
    check(&format!("{memory} (i32.store (i32.const 600) (i32.const -1))"), &but(0, 0), &[10]);
    check("(call $file (i32.const -3))", &but(0, 2), &[10]);
    check("(call $memory (i32.const 0) (i32.const 4))", &call(ours, good), &[4]);
    check(&format!("(call $memory (i32.const 1) (i32.const {}))", MOST_UPLOAD + 1), &call(ours, good), &[6]);
    check("(call $memory (i32.const 1) (i32.const -1))", &call(ours, good), &[6]);
    check("(call $memory (i32.const 1) (i32.const 10))", &call(ours, good), &[7]);
    check("(call $file (i32.const 680))", &call(ours, good), &[4]);
    // A file that there is not, and a buffer that is not filled.
    let events = "(call $events (i32.const 2))";
    check("(call $file (i32.const 660))", &format!("{} {events}", call(ours, good)), &[0, 0, 1, 0, 44]);
    check("(call $memory (i32.const 2) (i32.const 4))", &format!("{} {events}", call(ours, good)), &[0, 0, 1, 0, 11]);
}

#[test]
fn without_leave_nothing_is_taken_from_it_and_its_log_says_so_once() {
    let put = "(call $put (i32.const 1))";
    let body = format!(
        "(call $memory (i32.const 1) (i32.const 4)) {put} {put} (call $file (i32.const 700)) {put} (call $events (i32.const 9))"
    );
    let mut app = uploading(MALLOC, &body);
    assert_eq!(told(&mut app, &[(None, &[])]), (vec![11; 3], vec![]));
    let log = app.take_log();
    assert_eq!(log, ["it wants to upload a file, which nobody lets it; that is not said again"]);
}

#[test]
fn it_fetches_what_it_brought_along_and_nothing_else() {
    let folder: PathBuf = std::env::temp_dir().join(format!("playfield-fetched-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("a.jpg"), vec![7; 40_000]).unwrap();
    let check = |files: Option<&Path>, body: &str, expect: &[i64]| {
        let (said, uploads) = told(&mut bringing_along(files, MALLOC, body), &[(None, &[])]);
        assert_eq!((said, uploads), (expect.to_vec(), vec![]), "{body}");
    };
    let get = "(call $fetch (i32.const 5)) (call $events (i32.const 3))";
    let memory = |take: u32| format!("(call $memory (i32.const {take}) (i32.const 0)) {get}");
    check(Some(&folder), &memory(4), &[0, 32_768, 7, 7_232, 7, 50, 0, 200, 0]);
    check(Some(&folder), &memory(0), &[0, 50, 0, 200, 0]);
    check(Some(&folder), &memory(2), &[0, 50, 1, 0, 11]);
    check(None, &memory(4), &[0, 50, 2, 404, 0]);
    // It is called by another name, and comes by its path's last part.
    check(
        Some(&folder),
        &format!("{} (i32.store8 (i32.const 647) (i32.const 98)) {get}", "(call $memory (i32.const 4) (i32.const 0))"),
        &[0, 50, 2, 404, 0],
    );
    let into = |path: u32| format!("(call $file (i32.const {path})) {get}");
    check(Some(&folder), &into(660), &[0, 50, 0, 200, 0]);
    check(Some(&folder), &into(680), &[4]);
    // What it put into its workspace so, it can upload.
    let both = format!("{} (call $put (i32.const 6))", into(660));
    let (said, uploads) = told(&mut bringing_along(Some(&folder), MALLOC, &both), &[(Some(99_999), &[])]);
    assert_eq!((said, uploads[0].bytes.len()), (vec![0, 50, 0, 200, 0, 0], 40_000));
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn there_are_so_many_uploads_at_a_time_and_what_room_is_given_back_is_there_again() {
    let puts = format!("(call $memory (i32.const 1) (i32.const 1)) {}", "(call $put (i32.const 1))".repeat(10));
    let (said, uploads) = told(&mut uploading(MALLOC, &puts), &[(Some(99), &[])]);
    assert_eq!((said, uploads.len()), (vec![0, 0, 0, 0, 0, 0, 0, 0, 7, 7], 0), "none of them is read yet");
    let again = "(call $memory (i32.const 2) (i32.const 9)) (call $put (i32.const 1)) (call $put (i32.const 1))
        (call $events (i32.const 2)) (call $put (i32.const 1))";
    let (said, _) = told(&mut uploading(MALLOC, again), &[(Some(9), &[])]);
    assert_eq!(said, [0, 7, 10, 1, 0, 11, 0]);
}

#[test]
fn a_function_that_is_none_ends_it_in_words() {
    for (function, why) in [(3, "which is of another type"), (9, "which is none")] {
        let body = format!(
            "(call $memory (i32.const {function}) (i32.const 4)) (call $put (i32.const 1)) (call $events (i32.const 1))"
        );
        let error = uploading(MALLOC, &body).see(with_room(view(0), Some(9), &[])).unwrap_err().to_string();
        assert!(error.contains(&format!("function {function} of its table, {why}")), "{error}");
    }
}

#[test]
fn requests_with_headers_lie_in_its_own_memory() {
    let check = |malloc: &str, body: &str, expect: &[i64]| {
        let (said, _) = told(&mut uploading(malloc, body), &[(None, &[])]);
        assert_eq!(said, expect, "{body}");
    };
    let read = |offset: u32| format!("(i32.load offset={offset} (local.get $i))");
    let texts = "(local.set $i (call $request)) (call $say (call $url (local.get $i) (i32.const 660)))
        (call $say (call $url (local.get $i) (i32.const 640)))
        (call $say (call $header (local.get $i) (i32.const 128) (i32.const 160)))
        (call $say (call $azure (local.get $i)))";
    // "im", two headers, and "k:" and "x-" of them.
    let [url, list] = [read(0), read(4)];
    let first = format!("(call $say (i32.load16_u (i32.load {list})))");
    let second = format!("(call $say (i32.load16_u (i32.load offset=4 {list})))");
    check(
        MALLOC,
        &format!("{texts} (call $say (i32.load16_u {url})) (call $say {}) {first} {second}", read(8)),
        &[0, 0, 0, 0, 0x6d69, 2, 0x3a6b, 0x2d78],
    );
    let many = "(local.set $i (call $request)) (i32.store (i32.const 40) (i32.const 101))
        (loop $more
          (if (call $azure (local.get $i)) (then unreachable))
          (i32.store (i32.const 40) (i32.sub (i32.load (i32.const 40)) (i32.const 1)))
          (br_if $more (i32.load (i32.const 40))))
        (call $say (call $azure (local.get $i))) (call $let_go (local.get $i))";
    check(MALLOC, many, &[6]);
    let wrong =
        "(call $say (call $url (i32.const -4) (i32.const 640))) (call $say (call $url (i32.const 600) (i32.const -1)))
        (call $say (call $header (i32.const 600) (i32.const -1) (i32.const 640)))
        (call $say (call $azure (i32.const 262140))) (call $let_go (i32.const -4))
        (i32.store (i32.const 604) (i32.const 262140)) (i32.store (i32.const 608) (i32.const 3))
        (call $say (call $azure (i32.const 600))) (call $let_go (i32.const 600))
        (i32.store (i32.const 608) (i32.const -3)) (call $say (call $azure (i32.const 600)))";
    check(MALLOC, wrong, &[10, 10, 10, 10, 10, 6]);
    let none = r#"(func (export "malloc") (param i32) (result i32) (i32.const 0))"#;
    check(none, "(call $say (call $request)) (call $say (call $azure (i32.const 600)))", &[0, 5]);
}
