//! A stranger plays: the right picture, sound, and that what is pressed arrives, on a good network and on a bad one.

use std::net::Ipv4Addr;
use std::time::Duration;

use playfield_core::sim::Path;
use playfield_transport::relay::Relay;

use crate::browser::{Browser, Tab};
use crate::picture::Replay;
use crate::server::Server;
use crate::wait;

/// The probe's picture depends on its tick and on how many presses there were, not on when.
pub const ONE_PRESS: &str = "{\"frame\":2,\"keys\":[\"Space\"]}\n{\"frame\":3,\"keys\":[]}\n";
const TWO_PRESSES: &str = "{\"frame\":2,\"keys\":[\"Space\"]}\n{\"frame\":3,\"keys\":[]}\n\
    {\"frame\":4,\"keys\":[\"Space\"]}\n{\"frame\":5,\"keys\":[]}\n";

/// Several pictures in a row are, pixel for pixel, what replay makes of these inputs.
pub fn check_exact(tab: &Tab, presses: u32, inputs: &str) -> u32 {
    let mut newest = 0;
    for _ in 0..3 {
        let (picture, probe) = tab.probe("a newer picture", |probe| probe.tick > newest);
        assert_eq!((probe.presses, probe.white), (presses, presses % 2 == 1), "{probe:?}");
        assert_eq!(picture.sha256, Replay::of("probe", inputs).sha256(probe.tick), "the picture of {probe:?}");
        newest = probe.tick;
    }
    newest
}

/// Everything a player of a lossless title does, over one connection from each load of the page on: a picture, a press, a reload, a press.
pub fn check_lossless_trip(browser: &Browser) -> Tab<'_> {
    let tab = browser.play("probe");
    assert_eq!(tab.player().unwrap().video, "lossless");
    check_exact(&tab, 0, "");

    tab.press("Space");
    tab.probe("the square to flip", |probe| probe.white);
    let before = check_exact(&tab, 1, ONE_PRESS);

    assert_eq!(tab.connections(), 1, "the connection was lost before the reload");
    let session = tab.player().unwrap().session.unwrap();
    tab.reload();
    assert_eq!(tab.playing(), session, "a reload comes back to the same session");
    let after = check_exact(&tab, 1, ONE_PRESS);
    assert!(after > before, "tick {after} after the reload, {before} before");

    tab.press("Space");
    tab.probe("the square to flip back", |probe| probe.presses == 2 && !probe.white);
    assert_eq!(tab.connections(), 1, "the connection was lost after the reload");
    tab
}

#[test]
fn a_click_in_the_catalogue_plays_and_a_reload_plays_on() {
    let server = Server::start();
    let browser = Browser::start(&server);
    check_lossless_trip(&browser);
}

/// 5 % loss and 50 ms there and back, with packets that overtake each other.
pub fn bad_network(server: &Server) -> Relay {
    let delay = Duration::from_millis(25);
    let one_way = Path { loss_per_mille: 50, delay, jitter: Duration::from_millis(4), ..Path::default() };
    let at = if Browser::knows_loopback() { Ipv4Addr::LOCALHOST } else { server.own_address() };
    Relay::start_at(at, server.udp.clone(), one_way, 7).unwrap()
}

#[test]
fn the_same_trip_under_five_percent_loss_and_fifty_milliseconds() {
    let server = Server::start();
    let relay = bad_network(&server);
    let browser = Browser::start_behind(&relay, &server);
    let tab = check_lossless_trip(&browser);
    let (_, now) = tab.probe("a picture", |_| true);
    tab.probe("the picture three seconds on", |probe| probe.tick > now.tick + 180);
    check_exact(&tab, 2, TWO_PRESSES);
    let (entered, left) = relay.counts();
    assert!(entered > 360 && left < entered, "{left} of {entered} packets went through the relay");
}

/// A picture after a tick is close to what replay makes of it; the tick.
fn check_close(tab: &Tab, after: u32) -> u32 {
    let (picture, probe) = tab.probe("a later picture", |probe| probe.tick > after);
    assert_eq!((picture.width, picture.height), (640, 360));
    let alike = picture.psnr(&Replay::untouched("probe-hd").picture(probe.tick));
    assert!(alike > 30.0, "{alike:.1} dB against the picture of {probe:?}");
    probe.tick
}

#[test]
fn h264_under_five_percent_loss_is_repaired_and_goes_on() {
    let server = Server::start();
    let relay = bad_network(&server);
    let browser = Browser::start_behind(&relay, &server);
    let tab = browser.play("probe-hd");
    let seen = check_close(&tab, 120);
    check_close(&tab, seen + 180);
    tab.press("Space");
    tab.probe("the square to flip", |probe| probe.white);
}

#[test]
fn h264_shows_a_picture_close_to_the_one_that_was_made() {
    let server = Server::start();
    let browser = Browser::start(&server);
    let tab = browser.play("probe-hd");
    assert_eq!(tab.player().unwrap().video, "h264");
    let before = check_close(&tab, 120);

    tab.press("Space");
    tab.probe("the square to flip", |probe| probe.white);
    let session = tab.player().unwrap().session;
    tab.reload();
    assert_eq!(Some(tab.playing()), session, "a reload comes back to the same session");
    tab.probe("a newer picture", |after| after.tick > before && after.presses == 1);
}

#[test]
fn a_viewer_that_wants_video_after_all_gets_a_connection_for_it() {
    let server = Server::start();
    let browser = Browser::start(&server);
    let tab = browser.play("probe");
    let session = tab.playing();
    let before = tab.connections();
    tab.set_video("h264");
    let player = wait("video", || tab.player().filter(|player| player.video == "h264"));
    assert_eq!(player.session, Some(session.clone()), "it is the same session");
    wait("a connection that measures its path", || (tab.connections() > before).then_some(()));
    tab.press("Space");
    tab.probe("the square to flip", |probe| probe.white);
    tab.set_video("auto");
    wait("exact pictures again", || tab.player().filter(|player| player.video == "lossless"));
    check_exact(&tab, 1, ONE_PRESS);
    let player = tab.player().unwrap();
    assert!(player.ends.is_empty() && player.errors.is_empty() && player.session == Some(session), "{player:?}");
}

#[test]
fn presses_while_the_connection_changes_are_all_heard() {
    let server = Server::start();
    let browser = Browser::start(&server);
    let tab = browser.play("probe");
    let before = tab.connections();
    tab.set_video("h264");
    for _ in 0..12 {
        tab.press("Space");
    }
    tab.probe("each of the presses", |probe| probe.presses == 12);
    assert!(tab.connections() > before, "the connection changed meanwhile");
}

#[test]
fn silence_sends_nothing_and_a_press_is_heard() {
    let server = Server::start();
    let browser = Browser::start(&server);
    let tab = browser.play("probe");
    tab.probe("two seconds of silence", |probe| probe.tick > 120);
    let silent = tab.sound();
    assert!(silent.packets == 0 && silent.energy == 0.0, "{silent:?}");
    let heard = wait("a click to be heard", || {
        tab.press("Space");
        Some(tab.sound()).filter(|sound| sound.energy > 0.0)
    });
    assert!(heard.packets > 0, "{heard:?}");
}

#[test]
fn a_second_tab_is_a_second_session_with_its_own_pictures() {
    let server = Server::start();
    let browser = Browser::start(&server);
    let first = browser.play("probe");
    let second = browser.play("probe");
    assert_ne!(first.playing(), second.playing());

    second.press("Space");
    second.probe("the square to flip", |probe| probe.white);
    check_exact(&second, 1, ONE_PRESS);
    let (_, here) = first.probe("its own picture", |_| true);
    let (_, there) = second.probe("its own picture", |_| true);
    assert!(!here.white && here.presses == 0, "a press in one tab reached the other: {here:?}");
    assert!(here.tick > there.tick, "the first began before the second: {here:?}, {there:?}");
}
