//! Input arrives where the data channel is held up or does not open, and much is lost besides.

use std::net::Ipv4Addr;
use std::time::Duration;

use playfield_core::sim::Path;
use playfield_transport::relay::Relay;
use serde_json::Value;

use crate::browser::{Browser, Device, Tab};
use crate::server::Server;
use crate::wait;

/// A fifth is lost.
fn relay(server: &Server) -> Relay {
    let at = if Browser::knows_loopback() { Ipv4Addr::LOCALHOST } else { server.own_address() };
    Relay::start_at(at, server.udp.clone(), losing(200), 7).unwrap()
}

fn losing(loss_per_mille: u32) -> Path {
    let (delay, jitter) = (Duration::from_millis(25), Duration::from_millis(4));
    Path { loss_per_mille, delay, jitter, ..Path::default() }
}

fn each_press_counts_once(tab: &Tab) {
    // What is pressed before the viewer knows what the title understands, or is the first that the node hears, does not count.
    let first = wait("a press to be seen", || {
        tab.press("Space");
        Some(tab.picture()?.probe()?.presses).filter(|presses| *presses > 0)
    });
    // Those under way come within a few pictures; then all is still.
    let (_, seen) = tab.probe("the presses until now", |probe| probe.presses >= first);
    let (_, still) = tab.probe("the next half second", |probe| probe.tick > seen.tick + 30);
    for presses in still.presses + 1..=still.presses + 5 {
        tab.press("Space");
        let (_, probe) = tab.probe("the press", |probe| probe.presses >= presses);
        assert_eq!(probe.presses, presses, "each press counts once, however often it is said");
    }
}

fn receipt<T>(server: &Server, tab: &Tab, what: &str, read: impl Fn(Value) -> Option<T>) -> T {
    let path = format!("/api/v1/sessions/{}/receipt", tab.playing());
    wait(what, || read(server.get(&path)))
}

/// Input messages that the session got, and those of them that came by the track, once they are as wanted.
fn inputs(server: &Server, tab: &Tab, what: &str, wanted: impl Fn(u64, u64) -> bool) -> (u64, u64) {
    receipt(server, tab, what, |receipt| {
        let count = |name: &str| receipt["counts"][name].as_u64();
        Some((count("inputs")?, count("inputs_on_track")?)).filter(|(all, on_track)| wanted(*all, *on_track))
    })
}

#[test]
fn what_the_data_channel_holds_up_goes_by_the_track_and_a_fifth_may_be_lost() {
    let server = Server::start();
    let relay = relay(&server);
    let browser = Browser::start_behind(&relay, &server);
    let device = Device { lacks: vec!["inputChannel"], ..Device::default() };
    let tab = browser.play_on(&device, "probe");
    each_press_counts_once(&tab);
    let (all, on_track) = inputs(&server, &tab, "inputs in the receipt", |all, _| all > 10);
    assert_eq!(all, on_track, "nothing came another way");
}

#[test]
fn a_title_is_played_before_the_channels_are_open() {
    let server = Server::start();
    let relay = relay(&server);
    relay.lose_channels(true);
    let browser = Browser::start_behind(&relay, &server);
    let tab = browser.play("probe");
    each_press_counts_once(&tab);
    let (all, on_track) = inputs(&server, &tab, "inputs in the receipt", |all, _| all > 10);
    assert_eq!(all, on_track, "there is no other way yet");
    receipt(&server, &tab, "the clocks to be compared, by the track", |receipt| receipt["clock_error_ms"].as_f64());
    assert_eq!(tab.connections(), 1, "a connection whose channels open late is none that is lost");
    // A browser tries to open channels ever less often, after half a minute once in half a minute: what it tries then arrives.
    relay.set_path(losing(0));
    relay.lose_channels(false);
    inputs(&server, &tab, "inputs by the channel", |all, on_track| all > on_track);
}
