//! What a person plays with, from the device to what the title is told; and browsers that lack something.

use std::fs;

use serde_json::json;

use crate::browser::{Browser, Device, Finger, Tab};
use crate::echo::titles;
use crate::picture::Replay;
use crate::play::check_exact;
use crate::server::Server;
use crate::wait;

const A: u16 = 1;
const B: u16 = 1 << 1;
const X: u16 = 1 << 2;
const UP: u16 = 1 << 12;
const LEFT_EDGE: i16 = -32_767;
const RIGHT: u16 = 1 << 15;

/// Plays the title that shows what it is told; `toml` says what it wants to be told.
pub fn play_echo(toml: &str, device: &Device, check: impl FnOnce(&Tab)) {
    let titles = titles(toml);
    let server = Server::with_titles(&titles);
    let browser = Browser::start(&server);
    wait("the title", || server.get("/api/v1/titles")["titles"].get(0)?["problem"].is_null().then_some(()));
    check(&browser.play_on(device, "echo"));
    fs::remove_dir_all(titles).unwrap();
}

#[test]
fn keys_are_keys_and_a_pad() {
    play_echo("input = ['pad', 'keys']", &Device::default(), |tab| {
        tab.hold("KeyX", true);
        let told = tab.echo("the key", |echo| echo.key("KeyX"));
        assert_eq!(told.pad(), A);
        tab.hold("ArrowUp", true);
        tab.echo("both keys", |echo| echo.key("ArrowUp") && echo.pad() == A | UP);
        tab.hold("KeyX", false);
        tab.hold("ArrowUp", false);
        tab.echo("no key", |echo| !echo.key("KeyX") && !echo.key("ArrowUp") && echo.pad() == 0);
    });
}

#[test]
fn a_title_may_want_keys_to_be_keys_alone() {
    play_echo("input = ['pad', 'keys']\nkeys_as_pad = false", &Device::default(), |tab| {
        tab.hold("KeyX", true);
        let told = tab.echo("the key", |echo| echo.key("KeyX"));
        assert_eq!((told.pad(), told.pad_presses()), (0, 0));
    });
}

#[test]
fn the_mouse_points_clicks_and_turns_its_wheel() {
    play_echo("input = ['mouse']", &Device::default(), |tab| {
        tab.mouse(0.5, 0.5);
        tab.echo("the middle", |echo| echo.pointer() == (32, 4));
        tab.mouse(0.01, 0.99);
        tab.echo("the lower left corner", |echo| echo.pointer() == (0, 7));
        tab.click_mouse("right");
        tab.echo("a click", |echo| echo.mouse_presses() == 2);
        tab.wheel(1);
        tab.echo("a notch down", |echo| echo.wheel() == 120);
        assert!(!tab.locked(), "only a title that wants motion gets the mouse for itself");
    });
}

#[test]
fn a_click_locks_the_pointer_for_a_title_that_wants_motion() {
    play_echo("input = ['motion']", &Device::default(), |tab| {
        tab.mouse(0.5, 0.5);
        tab.click_mouse("left");
        wait("the lock", || tab.locked().then_some(()));
        let (dx, dy) = tab.echo("the click", |echo| echo.mouse_presses() == 1).motion();
        tab.nudge(150, 45);
        tab.echo("motion to the right and down", |echo| echo.motion().0 > dx && echo.motion().1 > dy);
    });
}

#[test]
fn typed_text_comes_in_order_whatever_it_is() {
    play_echo("input = ['text']", &Device::default(), |tab| {
        tab.type_text("hé ");
        tab.type_text("日本");
        tab.press("a");
        tab.echo("all of it", |echo| echo.text() == "hé 日本a");
    });
}

/// A telephone.
fn telephone() -> Device {
    Device { touch: true, ..Device::default() }
}

#[test]
fn fingers_are_fingers_for_a_title_that_reads_touch() {
    play_echo("input = ['pad', 'touch']", &telephone(), |tab| {
        assert!(!tab.visible(".touchpad .stick"), "the title reads fingers: no pad lies over it");
        let [left, right] = [16.5, 48.5].map(|x| Finger { on: "picture", x: x / 64.0, y: 4.5 / 8.0 });
        tab.touch(&[left, right]);
        tab.echo("two fingers", |echo| echo.touches() == [(16, 4), (48, 4)]);
        tab.touch(&[]);
        tab.echo("none", |echo| echo.touches().is_empty());
    });
}

#[test]
fn a_pad_on_the_screen_plays_a_title_that_wants_one() {
    play_echo("input = ['pad']", &telephone(), |tab| {
        wait("the pad on the screen", || tab.visible(".touchpad .stick").then_some(()));
        let on = |on, x| Finger { on, x, y: 0.5 };
        tab.touch(&[on(".touchpad [data-button=a]", 0.5), on(".touchpad .stick", 0.95)]);
        let told = tab.echo("a button and the stick", |echo| echo.pad() == A | RIGHT);
        // Firefox tells of fingers in whole pixels.
        assert!(told.stick().0 > 25_000 && told.stick().1.abs() < 1_000, "{told:?}");
        tab.touch(&[]);
        tab.echo("both let go", |echo| echo.pad() == 0 && echo.stick() == (0, 0));
    });
}

#[test]
fn a_gamepad_plays_and_opens_the_menu() {
    let device = Device { gamepads: true, ..Device::default() };
    play_echo("input = ['pad']", &device, |tab| {
        let rest = [0.0; 4];
        tab.gamepads(&[(&[], rest)]);
        // A pad is read as it is found: what is held then was held for something else.
        tab.echo("a picture", |_| true);
        tab.gamepads(&[(&["b"], [-1.0, 0.0, 0.0, 0.0])]);
        let told = tab.echo("a button and the stick", |echo| echo.pad() == B);
        assert_eq!(told.stick(), (LEFT_EDGE, 0));
        tab.gamepads(&[(&["select", "start"], rest)]);
        wait("the menu", || tab.visible(".card.menu").then_some(()));
        tab.echo("a pad at rest", |echo| echo.pad() == 0);
        tab.gamepads(&[(&[], rest)]);
        wait("the menu to close", || {
            tab.gamepads(&[(&["b"], rest)]);
            let open = tab.visible(".card.menu");
            tab.gamepads(&[(&[], rest)]);
            (!open).then_some(())
        });
    });
}

#[test]
fn a_title_shakes_the_gamepad_that_plays_it() {
    let device = Device { gamepads: true, ..Device::default() };
    play_echo("input = ['pad']", &device, |tab| {
        let rest = [0.0; 4];
        tab.gamepads(&[(&[], rest)]);
        tab.echo("a picture", |_| true);
        tab.gamepads(&[(&["x"], rest)]);
        tab.echo("the button", |echo| echo.pad() == X);
        let shaken = wait("the gamepad to be shaken", || Some(tab.shaken()).filter(|shaken| shaken[0].is_object()));
        let shake =
            json!({ "pad": 0, "kind": "dual-rumble", "duration": 80, "strongMagnitude": 1, "weakMagnitude": 0.2 });
        assert_eq!(shaken, json!([shake]));
    });
}

#[test]
fn a_browser_without_encoded_transforms_gets_exact_pictures_by_the_channel() {
    let server = Server::start();
    let browser = Browser::start(&server);
    let device = Device { lacks: vec!["encodedTransform"], ..Device::default() };
    let tab = browser.play_on(&device, "probe");
    assert_eq!(tab.player().unwrap().video, "lossless");
    check_exact(&tab, 0, "");
    tab.press("Space");
    tab.probe("the square to flip", |probe| probe.white);
}

#[test]
fn a_browser_without_webrtc_says_so() {
    let server = Server::start();
    let browser = Browser::start(&server);
    let tab = browser.open_on(&Device { lacks: vec!["webrtc"], ..Device::default() });
    tab.click("probe");
    let shown = wait("why not", || tab.text(".card.end"));
    assert!(shown.contains("It has no WebRTC"), "{shown}");
}

#[test]
fn a_browser_that_tells_no_times_of_video_pictures_shows_them_all_the_same() {
    let server = Server::start();
    let browser = Browser::start(&server);
    let tab = browser.play_on(&Device { lacks: vec!["frameTimes"], ..Device::default() }, "probe-hd");
    assert_eq!(tab.player().unwrap().video, "h264");
    wait("the poster to go", || tab.visible("video.picture").then_some(()));
    let (_, seen) = tab.probe("a picture", |_| true);
    tab.probe("a later one", |probe| probe.tick > seen.tick);
}

#[test]
fn a_browser_without_h264_gets_exact_pictures_or_is_told_why_not() {
    let server = Server::start();
    let browser = Browser::start(&server);
    let device = Device { lacks: vec!["h264"], ..Device::default() };
    // True colour of this size would be video by default; these pictures are simple enough to do without.
    let tab = browser.play_on(&device, "probe-hd");
    let (picture, probe) = tab.probe("a picture", |_| true);
    assert_eq!(tab.player().unwrap().video, "lossless");
    assert_eq!(picture.sha256, Replay::untouched("probe-hd").sha256(probe.tick), "the picture of {probe:?}");

    let tab = browser.open_on(&device);
    tab.click("afterglide");
    let shown = wait("why not", || tab.text(".card.end"));
    assert!(shown.contains("H.264"), "{shown}");
    let errors = tab.player().unwrap().errors;
    assert!(errors.iter().any(|error| error["fault"] == "noPicture"), "{errors:?}");
}
