//! Every end is told, and leads on.

use std::path::{Path, PathBuf};

use crate::browser::Browser;
use crate::play::{ONE_PRESS, check_exact};
use crate::server::{Server, crash, folder};
use crate::wait;

#[test]
fn a_server_told_to_stop_tells_its_players_and_ends() {
    let mut server = Server::start();
    let browser = Browser::start(&server);
    let lossless = browser.play("probe");
    let h264 = browser.play("probe-hd");
    let begun = std::time::Instant::now();
    server.terminate();
    let status = wait("the server to end", || server.ended());
    // The limit of the product, not of this test: a service manager kills what takes longer.
    assert!(begun.elapsed().as_secs() < 10, "it took {:?}", begun.elapsed());
    assert!(status.success(), "{status}");
    for tab in [lossless, h264] {
        let end = tab.end();
        assert_eq!(end.reason, "nodeStopping", "{end:?}");
        let shown = wait("the end on the screen", || tab.text(".card.end"));
        assert!(shown.contains(&end.detail), "{shown:?} does not say {:?}", end.detail);
    }
}

/// A folder with a title that cannot be saved.
fn unsaved() -> PathBuf {
    let titles = folder();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("e2e/guests/unsaved.wat");
    std::fs::write(titles.join("unsaved.wasm"), wat::parse_file(source).unwrap()).unwrap();
    titles
}

#[test]
fn a_lost_session_that_cannot_be_saved_ends_with_a_sentence_and_a_way_on() {
    let server = Server::with_titles(&unsaved());
    let browser = Browser::start(&server);
    let tab = browser.play("unsaved");
    let lost = tab.playing();
    let workers = server.workers();
    assert_eq!(workers.len(), 2, "{workers:?}");
    workers.iter().copied().for_each(crash);
    let end = tab.end();
    assert_eq!(end.reason, "internalError", "{end:?}");
    let shown = wait("the end on the screen", || tab.text(".card.end"));
    assert!(!end.detail.is_empty() && shown.contains(&end.detail), "{shown:?} does not say {:?}", end.detail);

    wait("new workers", || Some(server.workers()).filter(|now| now.len() == 2 && *now != workers));
    tab.button("Play again");
    wait("a new session that plays", || {
        tab.player().filter(|now| now.state == "playing" && now.session != Some(lost.clone()))
    });
}

#[test]
fn a_lost_session_goes_on_from_its_last_checkpoint() {
    let server = Server::start();
    let browser = Browser::start(&server);
    let tab = browser.play("probe");
    let session = tab.playing();
    tab.press("Space");
    tab.probe("the press", |probe| probe.white);
    let mut before = tab.probe("a second of play", |probe| probe.tick > 60).1.tick;
    for _ in 0..3 {
        let (workers, connections) = (server.workers(), tab.connections());
        workers.iter().copied().for_each(crash);
        wait("a new connection", || (tab.connections() > connections).then_some(()));
        let after = tab.probe("a picture of it", |_| tab.playing() == session).1.tick;
        assert!(after + 60 > before, "more than a second of play is lost: tick {after} after {before}");
        before = check_exact(&tab, 1, ONE_PRESS);
        wait("new workers", || Some(server.workers()).filter(|now| now.len() == 2 && *now != workers));
    }
}
