//! End to end: the real binary, a real browser, and between them, where a test wants one, a bad network of our own.
//!
//! ```text
//!   tests ---- server.rs ----> playfield up, and `playfield replay` as the judge of pictures
//!     |                            ^  HTTP            ^ UDP
//!     +--- browser.rs ---> driver.mjs, a browser --> a relay
//! ```
//!
//! Nothing here measures time: a wait polls for what it waits for, and its end is a guard against hanging.
//! `cargo xtask e2e` builds what is needed and runs this; `PLAYFIELD_BIN`, `CHROMIUM` and `FIREFOX`
//! name other programs.
#![allow(clippy::unwrap_used)]

mod browser;
mod browser_camera;
mod cameras;
mod catalogue;
mod controls;
mod cores;
mod devices;
mod echo;
mod ends;
mod exact;
mod firefox;
mod hostile;
mod kills;
mod links;
mod people;
mod picture;
mod play;
mod programs;
mod receipts;
mod rules;
mod server;
mod sound;
mod states;
mod together;
mod uplink;

use std::time::{Duration, Instant};

/// Longest wait for anything; nothing waits for it when all goes well.
const PATIENCE: Duration = Duration::from_secs(40);

/// Asks again and again until there is an answer.
fn wait<T>(what: &str, ask: impl FnMut() -> Option<T>) -> T {
    wait_long(what, PATIENCE, ask)
}

/// The same, for what takes its time.
fn wait_long<T>(what: &str, patience: Duration, ask: impl FnMut() -> Option<T>) -> T {
    let in_vain = || panic!("waited in vain for {what}");
    ask_until(patience, ask).unwrap_or_else(in_vain)
}

/// The same; in vain where there is no answer in that time.
fn ask_until<T>(patience: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let begun = Instant::now();
    loop {
        let answer = ask();
        if answer.is_some() || begun.elapsed() >= patience {
            return answer;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
