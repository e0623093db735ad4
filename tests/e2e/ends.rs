//! Every end is told, and leads on.

use crate::browser::Browser;
use crate::server::{Server, crash};
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

#[test]
fn a_crashed_worker_ends_its_session_with_a_sentence_and_a_way_on() {
    let server = Server::start();
    let browser = Browser::start(&server);
    let tab = browser.play("probe");
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
    let next = wait("a new session", || tab.player()?.session.filter(|session| *session != lost));
    tab.probe("its pictures", |probe| probe.tick > 0 && probe.presses == 0);
    assert_eq!(tab.player().unwrap().session, Some(next));
}
