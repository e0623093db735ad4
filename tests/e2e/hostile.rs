//! Guests that are broken or mean no good: each ends, or is held back, in words a person understands, and its neighbour
//! in the same process plays on without a wrong pixel.

use std::fs;
use std::path::Path;

use crate::browser::Browser;
use crate::play::check_exact;
use crate::server::{Server, folder, root};
use crate::wait;

/// What comes of a guest.
enum Fate {
    /// The catalogue says what is wrong; nobody can start it.
    Refused(&'static str),
    /// It starts, and then ends for this reason, with these words.
    Ends(&'static str, &'static str),
    /// It plays, and gets no more than what is its own.
    Plays,
}
use Fate::{Ends, Plays, Refused};

const MODE: &str = r#"(import "playfield:video@1" "mode" (func $mode (param i32 i32 i32)))"#;
const PRESENT: &str = r#"(import "playfield:video@1" "present" (func $present (param i32 i32)))"#;

/// What each is called, what it imports, what it does at its start and in every tick, and what comes of it.
const GUESTS: [(&str, &str, &str, &str, Fate); 16] = [
    ("endless-loop", "", "", "(loop $on (br $on))", Ends("guestHung", "did not finish a picture in time")),
    ("endless-start", "", "(loop $on (br $on))", "", Refused("its start took longer")),
    ("recursion", "", "", "(call $again)", Ends("guestTrap", "call stack exhausted")),
    ("trap", "", "", "unreachable", Ends("guestTrap", "unreachable")),
    ("wild-pointer", "", "", "(i32.store (i32.const -4) (i32.const 1))", Ends("guestTrap", "out of bounds")),
    (
        "giant-picture",
        "",
        "(call $mode (i32.const 65535) (i32.const 65535) (i32.const 2))",
        "",
        Ends("guestTrap", "65535x65535"),
    ),
    ("no-pixels", "", "(call $mode (i32.const 0) (i32.const 0) (i32.const 2))", "", Ends("guestTrap", "0x0")),
    // It may ask; what it is not given it does not have.
    ("memory-growth", "", "", "(drop (memory.grow (i32.const 1000)))", Plays),
    (
        "outside-its-picture",
        r#"(import "playfield:video@1" "dirty" (func $dirty (param i32 i32 i32 i32)))"#,
        "",
        "(call $dirty (i32.const -100) (i32.const -100) (i32.const 70000) (i32.const 0x7fffffff))
         (call $dirty (i32.const 0x7fffffff) (i32.const 0x7fffffff) (i32.const -1) (i32.const -1))",
        Plays,
    ),
    (
        "log-flood",
        r#"(import "playfield:log@1" "write" (func $log (param i32 i32 i32)))"#,
        "",
        "(memory.copy (i32.const 0) (i32.const 1024) (i32.const 32))
         (loop $on (call $log (i32.const 1) (i32.const 0) (i32.const 65536))
            (global.set $count (i32.add (global.get $count) (i32.const 1)))
            (br_if $on (i32.rem_u (global.get $count) (i32.const 500))))",
        Plays,
    ),
    (
        "storage-flood",
        r#"(import "playfield:storage@1" "write" (func $store (param i32 i32 i32 i32) (result i32)))"#,
        "",
        "(i32.store (i32.const 0) (i32.add (i32.const 0x30303030) (i32.rem_u (global.get $count) (i32.const 9))))
         (loop $on (drop (call $store (i32.const 0) (i32.const 4) (i32.const 64) (i32.const 60000)))
            (i32.store8 (i32.const 64) (global.get $count))
            (global.set $count (i32.add (global.get $count) (i32.const 1)))
            (br_if $on (i32.rem_u (global.get $count) (i32.const 100))))",
        Plays,
    ),
    (
        "endless-sound",
        r#"(import "playfield:audio@1" "push" (func $push (param i32 i32) (result i32)))"#,
        "",
        "(memory.fill (i32.const 0) (i32.const 77) (i32.const 60000))
         (loop $on (br_if $on (call $push (i32.const 0) (i32.const 15000))))",
        Plays,
    ),
    (
        "another-abi",
        r#"(import "playfield:video@9" "mode" (func (param i32 i32 i32)))"#,
        "",
        "",
        Refused("playfield:video@9"),
    ),
    (
        "not-offered",
        r#"(import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))"#,
        "",
        "",
        Refused("wasi"),
    ),
    ("wrong-shape", r#"(import "playfield:host@1" "exit" (func (param f64)))"#, "", "", Refused("exit")),
    ("no-tick", "", "", "", Refused("pf_tick")),
];

fn module(name: &str, imports: &str, start: &str, tick: &str) -> Vec<u8> {
    let tick_name = if name == "no-tick" { "tock" } else { "pf_tick" };
    let text = format!(
        r#"(module {imports} {MODE} {PRESENT}
            (memory (export "memory") 2)
            (data (i32.const 1024) "a line\\nERROR a line that is forged")
            (global $count (mut i32) (i32.const 0))
            (func $again (call $again))
            (func (export "pf_init") (call $mode (i32.const 16) (i32.const 16) (i32.const 2)) {start})
            (func (export "{tick_name}") {tick} (call $present (i32.const 65536) (i32.const 64))))"#
    );
    wat::parse_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A small module that takes far longer to compile than it may: each of many values reaches each of many places.
fn slow_to_compile() -> Vec<u8> {
    const VALUES: usize = 4_000;
    let place = |n: usize| {
        let (test, to, from) = (n % VALUES, (n * 7 + 3) % VALUES, (n * 5 + 1) % VALUES);
        format!("(block (br_if 0 (local.get {test})) (local.set {to} (i32.add (local.get {from}) (i32.const {n}))))")
    };
    let (places, locals): (String, _) = ((0..20_000).map(place).collect(), "i32 ".repeat(VALUES));
    let function = format!("(func (local {locals}) (loop $on {places} (br_if $on (local.get 0))))");
    wat::parse_str(format!(r#"(module (memory (export "memory") 1) {function} (func (export "pf_tick")))"#)).unwrap()
}

fn titles() -> std::path::PathBuf {
    let titles = folder();
    for (name, imports, start, tick, _) in GUESTS {
        fs::write(titles.join(format!("{name}.wasm")), module(name, imports, start, tick)).unwrap();
    }
    let whole = module("whole", "", "", "");
    fs::write(titles.join("cut-off.wasm"), &whole[..whole.len() / 2]).unwrap();
    let noise: Vec<u8> = (0u32..5_000).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    fs::write(titles.join("noise.wasm"), [b"\0asm\x01\0\0\0", noise.as_slice()].concat()).unwrap();
    fs::write(titles.join("slow-to-compile.wasm"), slow_to_compile()).unwrap();
    let probe = titles.join("probe");
    fs::create_dir(&probe).unwrap();
    for file in ["title.toml", "probe.wasm"] {
        let from: &Path = &root().join("titles/probe").join(file);
        fs::copy(from, probe.join(file)).unwrap();
    }
    titles
}

#[test]
fn a_guest_that_goes_too_far_ends_alone() {
    let titles = titles();
    let server = Server::with_config(
        &titles,
        "[control.limits]\nsessions_per_address = 32\n[node]\nworkers = 1\n[node.compile]\nseconds = 2\n",
    );
    let browser = Browser::start(&server);
    let neighbour = browser.play("probe");
    let goes_on = |after: &str| {
        let now = neighbour.probe("the neighbour's picture", |_| true).1.tick;
        neighbour.probe(&format!("the neighbour to play on after {after}"), |probe| probe.tick > now);
    };
    let refused =
        [("cut-off", "end"), ("noise", ""), ("slow-to-compile", "2 s")].map(|(name, says)| (name, Refused(says)));
    for (name, fate) in GUESTS.into_iter().map(|(name, .., fate)| (name, fate)).chain(refused) {
        match fate {
            Refused(says) => {
                let problem = wait(name, || {
                    let list = server.get("/api/v1/titles");
                    let title = list["titles"].as_array()?.iter().find(|title| title["id"] == name)?;
                    title["problem"].as_str().map(str::to_owned)
                });
                assert!(problem.contains(says), "{name}: {problem:?} does not say {says:?}");
            }
            Ends(reason, says) => {
                let tab = browser.open("/");
                tab.click(name);
                let end = tab.end();
                assert_eq!(end.reason, reason, "{name}: {end:?}");
                assert!(end.detail.contains(says), "{name}: {:?} does not say {says:?}", end.detail);
                let shown = wait("the end on the screen", || tab.text(".card.end"));
                assert!(shown.contains(&end.detail), "{name}: {shown:?} does not say {:?}", end.detail);
                tab.close();
            }
            Plays => {
                let tab = browser.play(name);
                goes_on(name);
                tab.playing();
                tab.close();
            }
        }
        goes_on(name);
    }
    check_exact(&neighbour, 0, "");
    // What a guest logs stays in its line, and is not read as anything else.
    let log = server.log();
    let forged = log.lines().filter(|line| line.contains("forged"));
    assert!(forged.clone().count() > 0 && forged.clone().all(|line| line.contains("guest: ")), "{log}");
    assert!(log.len() < 2 << 20, "the log has {} bytes", log.len());
    fs::remove_dir_all(titles).unwrap();
}
