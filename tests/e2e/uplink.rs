//! Input arrives where the data channel is held up, and much is lost besides.

use std::time::Duration;

use playfield_core::sim::Path;
use playfield_transport::relay::Relay;

use crate::browser::{Browser, Device};
use crate::server::Server;
use crate::wait;

#[test]
fn what_the_data_channel_holds_up_goes_by_the_track_and_a_fifth_may_be_lost() {
    let server = Server::start();
    let delay = Duration::from_millis(25);
    let one_way = Path { loss_per_mille: 200, delay, jitter: Duration::from_millis(4), ..Path::default() };
    let relay = Relay::start(server.udp.clone(), one_way, 7).unwrap();
    let browser = Browser::start_behind(&relay, &server);
    let device = Device { lacks: vec!["inputChannel"], ..Device::default() };
    let tab = browser.play_on(&device, "probe");
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
    let session = tab.playing();
    let count = |receipt: &serde_json::Value, name: &str| receipt["counts"][name].as_u64();
    let receipt = wait("inputs in the receipt", || {
        Some(server.get(&format!("/api/v1/sessions/{session}/receipt")))
            .filter(|receipt| count(receipt, "inputs") > Some(10))
    });
    assert_eq!(count(&receipt, "inputs"), count(&receipt, "inputs_on_track"), "nothing came another way: {receipt}");
}
