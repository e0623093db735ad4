//! Titles that libretro cores play: a game for the NES and one for the Game Boy.

use std::fs;
use std::path::PathBuf;

use crate::browser::{Browser, Tab};
use crate::server::{Server, crash, folder, root};
use crate::wait;

/// A folder with our own games for consoles.
fn consoles() -> PathBuf {
    let titles = folder();
    for (title, content) in [("tinderfell", "tinderfell.nes"), ("sootswift", "sootswift.gb")] {
        fs::create_dir(titles.join(title)).unwrap();
        for file in ["title.toml", "cover.png", content] {
            fs::copy(root().join("titles").join(title).join(file), titles.join(title).join(file)).unwrap();
        }
    }
    titles
}

/// Waits for another picture than this one.
fn another(tab: &Tab, before: &str) -> String {
    wait("another picture", || tab.picture().map(|picture| picture.sha256).filter(|now| now != before))
}

#[test]
fn a_console_game_plays_and_goes_on_when_its_worker_is_lost() {
    let titles = consoles();
    let server = Server::with_titles(&titles);
    let browser = Browser::start(&server);
    let tab = browser.play("tinderfell");
    let session = tab.playing();
    let picture = wait("a picture", || tab.picture());
    assert_eq!(picture.width, 256);
    // The start button.
    tab.press("Enter");
    let mut shown = another(&tab, &picture.sha256);
    wait("its sound", || Some(tab.sound()).filter(|sound| sound.packets > 0 && sound.energy > 0.0));
    wait("a checkpoint", || {
        let saved = fs::read_dir(server.data().join("checkpoints")).unwrap();
        saved.flatten().any(|file| file.metadata().is_ok_and(|file| file.is_file() && file.len() > 1_000)).then_some(())
    });
    let (workers, guests) = (server.workers(), server.guests());
    assert_eq!(guests.len(), 1, "{guests:?}");
    workers.iter().copied().for_each(crash);
    wait("another process of the core", || Some(server.guests()).filter(|now| now.len() == 1 && *now != guests));
    let after = wait("play going on", || tab.player().filter(|now| now.state == "playing").and_then(|now| now.session));
    assert_eq!(after, session);
    for _ in 0..3 {
        shown = another(&tab, &shown);
    }
    fs::remove_dir_all(titles).unwrap();
}

#[test]
fn a_core_that_crashes_ends_its_own_session_and_no_other() {
    let titles = consoles();
    let server = Server::with_titles(&titles);
    let browser = Browser::start(&server);
    let tinderfell = browser.play("tinderfell");
    tinderfell.playing();
    let guests = server.guests();
    let sootswift = browser.play("sootswift");
    sootswift.playing();
    assert_eq!(wait("two processes", || Some(server.guests()).filter(|now| now.len() == 2)).len(), 2);
    let workers = server.workers();
    guests.into_iter().for_each(crash);
    let end = tinderfell.end();
    assert_eq!(end.reason, "guestTrap", "{end:?}");
    assert!(end.detail.contains("its process was killed"), "{end:?}");
    let picture = wait("a picture", || sootswift.picture());
    assert_eq!((picture.width, picture.height), (160, 144));
    another(&sootswift, &picture.sha256);
    assert_eq!(server.workers(), workers);
    fs::remove_dir_all(titles).unwrap();
}
