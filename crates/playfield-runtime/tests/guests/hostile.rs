//! Bytes of every kind: the answer is an error or a guest, never a panic; and compiled modules go through files.

use playfield_runtime::Guest;
use playfield_runtime::wasm::Engine;
use playfield_runtime::wasm::compile::{cache_key, compile};

use crate::support::*;

/// A module with a section of every kind.
fn rich() -> Vec<u8> {
    title(
        "(table 2 funcref) (elem (i32.const 0) func 0) (global $g (mut i64) (i64.const 1)) (data (i32.const 4) \"data\")
         (func $s) (start $s) (func (export \"pf_init\") (call $mode (i32.const 9) (i32.const 9) (i32.const 1)))
         (func (export \"pf_tick\") (global.set $g (i64.add (global.get $g) (i64.const 1)))
           (memory.copy (i32.const 0) (i32.const 8) (i32.const 8)) (call $present (i32.const 0) (i32.const 18)))",
    )
}

/// Opens and ticks; only panics are wrong.
fn try_out(wasm: &[u8]) {
    if let Ok(mut guest) = open(wasm) {
        let _ = guest.tick(&idle());
    }
}

#[test]
fn truncated_modules_are_refused() {
    let wasm = rich();
    open(&wasm).unwrap();
    (0..wasm.len()).for_each(|length| try_out(&wasm[..length]));
}

#[test]
fn changed_bytes_never_panic() {
    let wasm = rich();
    let mut dice = 99u64;
    for _ in 0..1_500 {
        let mut bad = wasm.clone();
        for _ in 0..3 {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let at = (dice >> 33) as usize % bad.len();
            bad[at] = (dice >> 20) as u8;
        }
        // Only what still parses costs a compilation.
        if playfield_runtime::wasm::rewrite::rewrite(&bad).is_ok() {
            try_out(&bad);
        }
    }
}

#[test]
fn random_bytes_are_refused() {
    let mut dice = 7u64;
    for length in 0..400 {
        let mut bytes = b"\0asm\x01\0\0\0".to_vec();
        bytes.extend((0..length).map(|_| {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (dice >> 40) as u8
        }));
        try_out(&bytes);
    }
}

#[test]
fn a_compiled_module_comes_back_from_its_file() {
    let (wasm, folder) = (rich(), std::env::temp_dir());
    let path = folder.join(format!("playfield-compiled-{}", std::process::id()));
    let compiled = compile(&ENGINE, &wasm).unwrap();
    std::fs::write(&path, compiled.bytes()).unwrap();
    let module = ENGINE.load_file(&path).unwrap();
    assert_eq!(module.facts(), compiled.facts());
    tick(&mut module.open(config()).unwrap());
    drop(module);
    for length in [0, 5, 12, 100, compiled.bytes().len() - 1] {
        std::fs::write(&path, &compiled.bytes()[..length]).unwrap();
        assert!(ENGINE.load_file(&path).is_err(), "{length}");
    }
    std::fs::remove_file(&path).unwrap();
    let missing = ENGINE.load_file(&path).err().unwrap().to_string();
    assert!(missing.contains("cannot be read"), "{missing}");
}

#[test]
fn the_cache_key_is_of_the_module_and_the_engine() {
    let again = Engine::new().unwrap();
    let key = cache_key(&ENGINE, b"one");
    assert_eq!(key, cache_key(&again, b"one"));
    assert_ne!(key, cache_key(&ENGINE, b"two"));
    assert!(key.len() == 64 && key.bytes().all(|byte| byte.is_ascii_hexdigit()));
}

#[test]
fn a_guest_moves_between_threads() {
    let mut guest = open(&rich()).unwrap();
    tick(&mut guest);
    let mut guest = std::thread::spawn(move || {
        tick(&mut guest);
        guest
    })
    .join()
    .unwrap();
    tick(&mut guest);
    assert_eq!(guest.tick_count(), 3);
}
