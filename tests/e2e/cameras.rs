//! A camera at work, from its source to the page that shows what it counts.

use crate::browser::Browser;
use crate::server::Server;
use crate::wait;

#[test]
fn a_newcomer_sees_what_a_camera_counts_and_its_picture_with_leave_alone() {
    let server = Server::with_camera();
    let device = wait("the camera", || {
        let devices = server.get("/api/v1/devices");
        let device = devices["devices"].as_array()?.first()?.clone();
        (device["state"] == "online").then_some(device)
    });
    let path = format!("/api/v1/devices/{}", device["id"].as_str().unwrap());
    let browser = Browser::start(&server);
    let tab = browser.open(&format!("/cameras/{}", device["id"].as_str().unwrap()));
    wait("what it finds with", || {
        tab.text(".privacy dl div:nth-child(2) dd").filter(|text| text.starts_with("street "))
    });
    wait("something to happen", || tab.text(".events li time"));
    wait("a count", || tab.text(".count b"));
    let counted = || server.get(&format!("{path}/counts"))["counts"].as_array().map_or(0, Vec::len);
    wait("a minute's counts", || (counted() > 0).then_some(()));
    assert!(tab.text(".privacy").unwrap().contains("No picture leaves this camera"));
    assert!(tab.player().is_none());

    tab.button("See the picture");
    tab.fill("Reason", "to see whether it can be seen");
    tab.exact_button("Look");
    wait("its picture", || tab.picture());
    assert!(tab.text(".privacy").unwrap().contains("The picture leaves this camera"));
    tab.button("Stop looking");
    wait("no picture any more", || tab.player().is_none().then_some(()));
    let grants = wait("the record", || {
        let grants = server.get(&format!("{path}/grants"));
        grants["grants"][0]["ended_ms"].is_u64().then_some(grants)
    });
    assert_eq!(grants["grants"][0]["reason"], "to see whether it can be seen");
}
