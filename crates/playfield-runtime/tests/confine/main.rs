//! Whether a confined guest stays in: a program that tries, item by item, and must succeed outside.
//!
//! This program is both sides: it starts itself as the guest. So it has a `main` of its own, because a process confines itself
//! before it has threads, and a test harness has some. Started as root, it does all of it twice: as root, and as a user
//! without privilege.
#![allow(clippy::unwrap_used, reason = "in a test every failure is a panic")]
#![allow(clippy::cast_possible_wrap, clippy::cast_sign_loss, reason = "arguments of system calls are registers")]

mod attempts;
mod ffi;
mod guest;
mod lives;
mod stage;

use stage::Stage;

/// Somebody who is nobody on any machine.
const NOBODY: u32 = 65_534;

fn main() {
    let mut args = std::env::args().skip(1);
    match args.next().as_deref() {
        Some("--guest") => guest::run(&args.next().unwrap()),
        // What `cargo test` asks of any test program.
        Some("--list") => println!("confine: test"),
        _ => all(),
    }
}

fn all() {
    let root = rustix::process::geteuid().is_root();
    let mut wrong = 0;
    for user in if root { vec![None, Some(NOBODY)] } else { vec![None] } {
        let mut stage = Stage::new(user);
        let name = user.map_or_else(|| if root { "root" } else { "this user" }.to_owned(), |id| format!("user {id}"));
        println!("\nAs {name}:");
        wrong += lives::report(&stage);
        wrong += table(&stage, root && user.is_none());
        wrong += lives::all(&stage);
        println!("\nAs {name}, on a kernel without Landlock:");
        stage.lacks = vec![libc::SYS_landlock_create_ruleset];
        wrong += lives::report(&stage);
        wrong += table(&stage, root && user.is_none());
        wrong += lives::all(&stage);
    }
    assert_eq!(wrong, 0, "see the rows above");
}

/// One row for each attempt; how many are wrong.
fn table(stage: &Stage, root: bool) -> usize {
    println!("{:42} {:8} {:42} by", "what is tried", "outside", "inside");
    let rows = attempts::ATTEMPTS.iter().map(|(name, who, by, _)| {
        let outside = stage.attempt(name, false);
        let inside = stage.attempt(name, true);
        let must = *who == attempts::Outside::All || (*who == attempts::Outside::Root && root);
        let is_landlocks = by.starts_with("Landlock") && !stage.lacks.is_empty();
        let wrong = (must && outside != "allowed") || !(inside.starts_with("refused") || is_landlocks);
        let before = outside.split(':').next().unwrap_or_default();
        println!("{name:42} {before:8} {inside:42} {by}{}", if wrong { "   <-- WRONG" } else { "" });
        usize::from(wrong)
    });
    rows.sum()
}
