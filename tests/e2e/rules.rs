//! Rules at work: from a person on the drawn street to a button in a title, a paddle that moves, and the page that says so.

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::picture::Picture;
use crate::play::{ONE_PRESS, check_exact};
use crate::server::Server;
use crate::wait;

/// The street's paddle in Footfall: its colour, and the row of the picture where it is.
const PADDLE: [u8; 3] = [0x5f, 0xd0, 0xc5];
const ROW: usize = 48;

/// What became of the newest action of this kind, once it is over.
fn became(server: &Server, kind: &str) -> Value {
    wait("what became of it", || {
        let all = server.get("/api/v1/deliveries");
        let of_kind = |it: &&Value| it["action"]["do"] == kind && it["ended_ms"].is_u64();
        all["deliveries"].as_array()?.iter().find(of_kind).cloned()
    })
}

#[test]
fn somebody_on_the_street_presses_a_button_and_the_run_is_replayed_exactly() {
    let server = Server::with_camera();
    let browser = Browser::start(&server);
    let tab = browser.play("probe");
    tab.probe("a picture", |probe| probe.tick > 10);
    let rule = json!({
        "name": "A step is a press", "cool_down_s": 86_400,
        "when": {"event": "enter", "place": "crossing", "classes": ["person"]},
        "actions": [{"do": "input", "title": "probe", "button": "a", "hold_ms": 100}],
    });
    server.ask("POST", "/api/v1/rules", &[], Some(rule));
    tab.probe("the square to flip", |probe| probe.presses == 1 && probe.white);
    check_exact(&tab, 1, ONE_PRESS);
    let became = became(&server, "input");
    assert_eq!((&became["state"], &became["detail"]), (&json!("done"), &json!("held in the session that is played")));
}

/// The middle of the street's paddle, in pixels.
pub fn paddle(picture: &Picture) -> Option<usize> {
    let row = &picture.rgba[ROW * picture.width * 4..][..picture.width * 4];
    let there = row.chunks(4).enumerate().filter(|(_, pixel)| pixel[..3] == PADDLE).map(|(x, _)| x);
    let there: Vec<usize> = there.collect();
    (there.len() > 20).then(|| there.iter().sum::<usize>() / there.len())
}

#[test]
fn whoever_walks_along_the_street_moves_a_paddle() {
    let server = Server::with_camera();
    let browser = Browser::start(&server);
    let tab = browser.play("footfall");
    let begins = wait("the street's paddle", || paddle(&tab.picture()?));
    wait("it to move", || paddle(&tab.picture()?).filter(|now| now.abs_diff(begins) > 8));
    let became = became(&server, "steer");
    assert_eq!((&became["state"], &became["action"]["title"]), (&json!("done"), &json!("footfall")));
    assert!(became["device"].is_string(), "{became}");
}

#[test]
fn a_rule_is_made_on_its_page_and_what_is_wrong_is_said_where_it_is() {
    let server = Server::with_camera();
    wait("the camera", || (server.get("/api/v1/devices")["devices"][0]["state"] == "online").then_some(()));
    let browser = Browser::start(&server);
    let tab = browser.open("/cameras/rules/new");
    wait("the sentence", || tab.text(".saying").filter(|text| text.contains("on")));
    tab.fill("Address", "ftp://example.com");
    tab.button("Make the rule");
    wait("what is wrong", || tab.text("fieldset.wrong .trouble").filter(|text| text.contains("https://")));
    tab.fill("Address", "https://example.com/hook");
    tab.button("Make the rule");
    wait("it to be in the list", || tab.text(".list").filter(|text| text.contains("tell example.com")));
    let rules = server.get("/api/v1/rules");
    let made = rules["rules"].as_array().unwrap().iter().find(|rule| rule["actions"][0]["do"] == "webhook").unwrap();
    assert_eq!((&made["when"]["event"], &made["when"]["place"]), (&json!("cross"), &json!("pavement")));
}
