//! Menus: who has the keyboard while they are open, and what closes them.

use std::path::Path;
use std::time::Instant;

use playfield_core::input::{Key, TickInput};
use playfield_runtime::Guest;

use super::{PATIENCE, Session};

/// Plays this until the program has said something more.
fn play(session: &mut Session, input: &TickInput, said: &str) {
    let (began, before) = (Instant::now(), session.lines.len());
    while !session.lines[before..].iter().any(|line| line == said) {
        assert!(began.elapsed() < PATIENCE, "it never said `{said}`: {:#?}", session.lines);
        session.guest.tick(input).unwrap();
        session.hear();
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}

#[test]
fn a_menu_has_the_keyboard_until_it_is_closed_and_what_is_pressed_elsewhere_closes_it() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs/menu.py");
    let mut session = Session::open("menus", &["python3", script.to_str().unwrap()]).unwrap();
    let mut key = TickInput::default();
    key.players[0].keys.set(Key(0x29), true);
    let mut aside = TickInput::default();
    (aside.players[0].pointer.x, aside.players[0].pointer.y) = (600, 300);
    let mut click = aside.clone();
    click.players[0].pointer.buttons = 1;

    session.until("keys: submenu").unwrap();
    play(&mut session, &key, "keys: menu");
    // Its own window: that is for the program to make sense of.
    play(&mut session, &click, "keys: other");
    assert!(!session.lines.iter().any(|line| line.starts_with("done")), "{:#?}", session.lines);
    session.guest.tick(&aside).unwrap();
    play(&mut session, &click, "done: menu");
    session.ends().unwrap();
    let said: Vec<&str> = session.lines.iter().map(String::as_str).collect();
    let keys: Vec<&str> = said.iter().filter_map(|line| line.strip_prefix("keys: ")).collect();
    assert_eq!(keys, ["window", "menu", "submenu", "menu", "other", "window"], "{said:#?}");
    assert!(said.contains(&"all done"));
}
