//! The host of a session hands seats over, takes them back and removes people; the node keeps to it.

use std::fs;
use std::time::Duration;

use serde_json::json;

use crate::browser::{Browser, Tab};
use crate::echo::titles;
use crate::server::{Server, crash};
use crate::together::invite;
use crate::{wait, wait_long};

const A: u16 = 1;
const B: u16 = 1 << 1;

/// Opens the page of somebody, as the host.
fn open_person(host: &Tab, name: &str) {
    host.press("Escape");
    host.button("People");
    host.button(name);
}

/// Waits until somebody who watched is told of a seat.
fn seated(guest: &Tab) {
    wait("a seat", || (!guest.visible(".watches")).then_some(()));
}

#[test]
fn a_host_hands_a_seat_over_takes_it_back_and_removes_somebody() {
    let titles = titles("input = ['pad']\nplayers = { min = 1, max = 2 }");
    let server = Server::with_titles(&titles);
    let browser = Browser::start(&server);
    wait("the title", || server.get("/api/v1/titles")["titles"].get(0)?["problem"].is_null().then_some(()));
    let host = browser.play("echo");
    let session = host.playing();

    let link = invite(&host, &["Watches", "Make a link to watch"]);
    let guest = browser.open_elsewhere(&link);
    guest.fill("Your name", "Ada <i>");
    guest.button("Watch");
    assert_eq!(guest.playing(), session);
    guest.hold("KeyX", true);
    let from = host.echo("a picture", |_| true).tick();
    host.echo("a second of play", |echo| {
        assert_eq!((echo.pad(), echo.second_pad()), (0, 0), "who watches presses nothing");
        echo.tick() > from + 60
    });
    guest.hold("KeyX", false);

    open_person(&host, "Ada <i>");
    host.exact_button("2");
    (0..3).for_each(|_| host.press("Escape"));
    seated(&guest);
    guest.hold("KeyX", true);
    host.echo("the guest's press, in the second seat", |echo| echo.second_pad() == A);

    guest.hold("KeyX", false);
    guest.reload();
    assert_eq!(guest.playing(), session);
    guest.hold("KeyX", true);
    host.echo("the same seat after a reload", |echo| echo.second_pad() == A);

    let tabs = [&host, &guest];
    let connections = tabs.map(Tab::connections);
    server.workers().into_iter().for_each(crash);
    for (tab, connections) in tabs.iter().zip(connections) {
        wait("a new connection", || (tab.connections() > connections).then_some(()));
        assert_eq!(tab.playing(), session);
    }
    guest.hold("KeyX", false);
    guest.hold("KeyX", true);
    host.echo("the same seat in another worker", |echo| echo.second_pad() == A);

    open_person(&host, "Ada <i>");
    host.button("Watches");
    host.echo("what was held to be let go of", |echo| echo.second_pad() == 0);
    guest.hold("KeyX", false);
    guest.hold("KeyX", true);
    guest.hold("KeyZ", true);
    let from = host.echo("a picture", |_| true).tick();
    host.echo("a second of play", |echo| {
        assert_eq!((echo.pad(), echo.second_pad()), (0, 0), "a seat that was taken back is nobody's");
        echo.tick() > from + 60
    });

    guest.hold("KeyX", false);
    guest.hold("KeyZ", false);
    host.exact_button("1");
    seated(&guest);
    guest.hold("KeyZ", true);
    guest.echo("the host's seat in the guest's hands", |echo| (echo.pad(), echo.second_pad()) == (B, 0));
    host.button("Remove");
    host.button("Remove Ada <i>?");
    let end = guest.end();
    assert_eq!((end.reason.as_str(), end.detail.as_str()), ("kicked", "The host removed you from the session."));
    // Nobody plays now, so the title rests until somebody does.
    host.button("Host");
    host.exact_button("1");
    host.echo("what was held to be let go of", |echo| echo.pad() == 0);
    let again = browser.open_elsewhere(&link);
    assert_eq!(wait("why not", || again.text("h1")), "The link was taken back");
    fs::remove_dir_all(titles).unwrap();
}

#[test]
fn a_link_that_is_over_says_why() {
    let titles = titles("input = ['pad']\nplayers = { min = 1, max = 2 }");
    let server = Server::with_titles(&titles);
    let browser = Browser::start(&server);
    wait("the title", || server.get("/api/v1/titles")["titles"].get(0)?["problem"].is_null().then_some(()));
    let host = browser.play("echo");
    let session = host.playing();
    let make = |wanted| {
        let made = server.ask("POST", &format!("/api/v1/sessions/{session}/invites"), &[], Some(wanted));
        made["path"].as_str().unwrap().to_owned()
    };
    let short = make(json!({ "role": "spectator", "expires_s": 60 }));
    let once = make(json!({ "role": "player", "uses": 1 }));
    let guest = browser.open_elsewhere(&once);
    assert_eq!(wait("the invitation", || guest.text("h1")), "Play Echo");
    guest.button("Play");
    assert_eq!(guest.playing(), session);
    guest.hold("KeyX", true);
    host.echo("the guest's press, in the seat that was free", |echo| echo.second_pad() == A);
    let late = browser.open_elsewhere(&once);
    assert_eq!(wait("why not", || late.text("h1")), "The link was used");

    let (_, secret) = short.split_once('#').unwrap();
    let bearer = format!("Bearer {secret}");
    wait_long("the time of the link to be over", Duration::from_secs(100), || {
        let looked = server.ask("GET", "/api/v1/invite", &[("Authorization", &bearer)], None);
        (looked["status"] == 410).then_some(())
    });
    let late = browser.open_elsewhere(&short);
    assert_eq!(wait("why not", || late.text("h1")), "The link has expired");
    fs::remove_dir_all(titles).unwrap();
}
