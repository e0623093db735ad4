//! Several people in one session, each in a browser of their own, by links.

use std::fs;

use crate::browser::{Browser, Tab};
use crate::echo::titles;
use crate::server::{Server, crash};
use crate::wait;

const A: u16 = 1;
const B: u16 = 1 << 1;

/// The path of a link that the host makes; `way` is what the buttons say.
pub fn invite(host: &Tab, way: &[&str]) -> String {
    host.press("Escape");
    host.button("People");
    host.button("Invite somebody");
    way.iter().for_each(|button| host.button(button));
    let link = host.value(".link");
    (0..3).for_each(|_| host.press("Escape"));
    let (_, path) = link.split_once("/join").expect("the address of a link");
    format!("/join{path}")
}

#[test]
fn two_people_play_by_a_link_and_a_third_watches() {
    let titles = titles("input = ['pad']\nplayers = { min = 1, max = 2 }");
    let server = Server::with_titles(&titles);
    let browser = Browser::start(&server);
    wait("the title", || server.get("/api/v1/titles")["titles"].get(0)?["problem"].is_null().then_some(()));
    let host = browser.play("echo");
    let session = host.playing();

    let to_play = invite(&host, &["Make a link for player 2"]);
    let guest = browser.open_elsewhere(&to_play);
    let shown = wait("what one is invited to", || guest.text("h1"));
    assert_eq!(shown, "Play as player 2 in Echo");
    guest.button("Play");
    assert_eq!(guest.playing(), session);
    guest.hold("KeyX", true);
    for tab in [&host, &guest] {
        let told = tab.echo("the guest's press, in the second seat", |echo| echo.second_pad() == A);
        assert_eq!(told.pad(), 0);
    }
    host.hold("KeyZ", true);
    guest.echo("both presses", |echo| (echo.pad(), echo.second_pad()) == (B, A));

    let to_watch = invite(&host, &["Make a link to watch"]);
    let spectator = browser.open_elsewhere(&to_watch);
    spectator.button("Watch");
    assert_eq!(spectator.playing(), session);
    host.hold("KeyZ", false);
    guest.hold("KeyX", false);
    let before = host.echo("nothing held", |echo| echo.pad() == 0 && echo.second_pad() == 0);
    for key in ["KeyX", "KeyZ", "ArrowUp", "Enter"] {
        spectator.hold(key, true);
    }
    for tab in [&host, &guest, &spectator] {
        let after = tab.echo("a second of play", |echo| echo.tick() > before.tick() + 60);
        assert_eq!(after.but_tick(), before.but_tick(), "a spectator changes nothing, and all see the same");
    }

    let third = browser.open_elsewhere(&to_play);
    let headline = wait("why not", || third.text("h1"));
    assert_eq!(headline, "The seat is taken");

    guest.reload();
    assert_eq!(guest.playing(), session);
    guest.hold("KeyX", true);
    host.echo("the same seat after a reload", |echo| echo.second_pad() == A);
    guest.hold("KeyX", false);

    let everybody = [&host, &guest, &spectator];
    let connections = everybody.map(Tab::connections);
    server.workers().into_iter().for_each(crash);
    for (tab, connections) in everybody.iter().zip(connections) {
        wait("a new connection", || (tab.connections() > connections).then_some(()));
        assert_eq!(tab.playing(), session, "everybody comes back after a lost worker");
    }
    guest.hold("KeyX", true);
    for tab in everybody {
        tab.echo("the guest's press", |echo| echo.second_pad() == A && echo.pad() == 0);
    }

    host.press("Escape");
    host.button("Leave");
    let from = guest.echo("a picture", |_| true).tick();
    guest.echo("the session to go on without its host", |echo| echo.tick() > from + 60 && echo.second_pad() == A);
    // The player who is there is the host then.
    invite(&guest, &["Make a link for player 1"]);
    guest.press("Escape");
    guest.button("Leave");
    assert_eq!(spectator.end().detail, "Everybody who played has left.");
    fs::remove_dir_all(titles).unwrap();
}
