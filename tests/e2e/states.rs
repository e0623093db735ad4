//! Saved states, as a player uses them: by a key and in the menu, and what is left of them when everything was killed.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::browser::{Browser, Tab};
use crate::picture::{Picture, picture};
use crate::server::{Server, folder};
use crate::wait;

/// A folder with the mover in it, and its module.
fn mover() -> (PathBuf, PathBuf) {
    let titles = folder();
    let place = titles.join("mover");
    fs::create_dir(&place).unwrap();
    let module = place.join("mover.wasm");
    fs::write(&module, wat::parse_str(source()).unwrap()).unwrap();
    fs::write(place.join("title.toml"), "id = 'mover'\nname = 'Mover'\nentry = 'mover.wasm'\ninput = ['pad']\n")
        .unwrap();
    (titles, module)
}

fn source() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("e2e/guests/mover.wat")).unwrap()
}

/// What the mover shows after so many steps.
fn after(module: &Path, steps: u32) -> Picture {
    let step = |n| format!("{{\"frame\":{},\"pad\":[\"right\"]}}\n{{\"frame\":{},\"pad\":[]}}\n", 4 * n + 2, 4 * n + 4);
    picture(module, &(0..steps).map(step).collect::<String>(), 4 * steps + 4)
}

fn shows(tab: &Tab, what: &str, expect: &Picture) {
    wait(what, || tab.picture().filter(|shown| shown.rgba == expect.rgba));
}

/// Steps one by one: two presses within one tick are one press.
fn step(tab: &Tab, module: &Path, steps: std::ops::RangeInclusive<u32>) {
    for step in steps {
        tab.press("ArrowRight");
        shows(tab, "the step", &after(module, step));
    }
}

/// The states there are, once there are so many.
fn states(tab: &Tab, count: usize) -> Vec<Value> {
    wait("the states", || {
        let states = tab.states()["states"].as_array()?.clone();
        (states.len() == count).then_some(states)
    })
}

fn open_menu(tab: &Tab, row: &str) {
    tab.press("Escape");
    wait("the menu", || tab.visible(".card.menu").then_some(()));
    tab.button(row);
    wait("the slots", || tab.visible(".slot:not([data-asked]) b").then_some(()));
}

fn close_menu(tab: &Tab) {
    tab.press("Escape");
    tab.press("Escape");
    wait("the menu to close", || (!tab.visible(".card.menu")).then_some(()));
}

#[test]
fn a_player_goes_back_to_what_was_saved_also_after_the_server_was_killed() {
    let (titles, module) = mover();
    let mut server = Server::with_titles(&titles);
    let browser = Browser::start(&server);
    let tab = browser.play("mover");
    tab.playing();
    shows(&tab, "the beginning", &after(&module, 0));
    step(&tab, &module, 1..=2);

    // By keys.
    tab.press("F2");
    let quick = states(&tab, 1).remove(0);
    assert_eq!(quick["slot"], 0);
    assert!(
        quick["rgba"] == STANDARD.encode(after(&module, 2).rgba),
        "its small picture is that of the moment, exactly"
    );
    step(&tab, &module, 3..=4);
    tab.press("F4");
    shows(&tab, "what was saved by the key", &after(&module, 2));
    step(&tab, &module, 3..=3);

    // In the menu.
    open_menu(&tab, "Save state");
    tab.button("Slot 2");
    assert_eq!(states(&tab, 2)[1]["slot"], 2);
    close_menu(&tab);
    step(&tab, &module, 4..=5);
    open_menu(&tab, "Load state");
    wait("the slot to be filled", || tab.visible(".slot:nth-child(3) img").then_some(()));
    tab.button("Slot 2");
    shows(&tab, "what was saved in the menu", &after(&module, 3));
    wait("the menu to close", || (!tab.visible(".card.menu")).then_some(()));

    // Acknowledged is durable.
    server.kill();
    server.start_again();
    // A reload before would share the fate of the page's own attempts, begun while nobody listened.
    tab.end();
    tab.reload();
    tab.playing();
    shows(&tab, "the beginning of another session", &after(&module, 0));
    assert_eq!(states(&tab, 2)[0]["slot"], 0);
    tab.press("F4");
    shows(&tab, "what was saved before", &after(&module, 2));

    // Deleted in the menu, with two presses.
    open_menu(&tab, "Load state");
    tab.exact_button("Delete");
    tab.button("Slot 2");
    tab.button("Slot 2");
    states(&tab, 1);
    close_menu(&tab);
    fs::remove_dir_all(titles).unwrap();
}

#[test]
fn a_state_of_an_older_version_and_a_damaged_one_are_shown_and_change_nothing() {
    let (titles, module) = mover();
    let server = Server::with_titles(&titles);
    let browser = Browser::start(&server);
    let tab = browser.play("mover");
    tab.playing();
    step(&tab, &module, 1..=1);
    tab.press("F2");
    states(&tab, 1);

    // Somebody changes a byte of what lies on the disk.
    let shelves = fs::read_dir(server.data().join("states")).unwrap().flatten();
    let blobs = shelves.flat_map(|shelf| fs::read_dir(shelf.path()).unwrap().flatten()).map(|blob| blob.path());
    let state = blobs.filter(|blob| fs::read(blob).unwrap().starts_with(b"PFKEPT01")).collect::<Vec<_>>();
    assert_eq!(state.len(), 1, "{state:?}");
    let bytes = fs::read(&state[0]).unwrap();
    let mut damaged = bytes.clone();
    *damaged.last_mut().unwrap() ^= 1;
    fs::write(&state[0], damaged).unwrap();
    step(&tab, &module, 2..=2);
    tab.press("F4");
    wait("why not", || tab.text(".notice").filter(|text| text.contains("damaged")));
    step(&tab, &module, 3..=3);
    fs::write(&state[0], bytes).unwrap();
    tab.press("F4");
    shows(&tab, "the state, whole again", &after(&module, 1));

    // A new version of the title.
    fs::write(&module, wat::parse_str(source().replace("0x00ff40", "0x00ff80")).unwrap()).unwrap();
    let taken = || server.log().matches("title taken in").count();
    wait("the new version", || (taken() == 2).then_some(()));
    tab.press("Escape");
    tab.button("Restart");
    shows(&tab, "the new version's beginning", &after(&module, 0));
    tab.playing();
    let unfit = states(&tab, 1)[0]["unfit"].as_str().unwrap().to_owned();
    assert!(unfit.contains("another version of this title"), "{unfit}");
    tab.press("F4");
    wait("why not", || tab.text(".notice").filter(|text| text.contains("another version")));
    step(&tab, &module, 1..=1);
    fs::remove_dir_all(titles).unwrap();
}
