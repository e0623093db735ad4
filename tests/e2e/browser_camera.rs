//! A browser as a camera: from its picture to what is counted, by a link that is made, used, taken over and taken back.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use playfield_core::scene::Scene;
use serde_json::{Value, json};

use crate::browser::{Browser, Device, Tab};
use crate::rules::paddle;
use crate::server::{Server, folder};
use crate::wait;

/// The film that the browser takes for its camera.
const SIZE: (usize, usize) = (640, 360);
const FPS: usize = 10;
const SECONDS: usize = 25;

/// The drawn street as a film without a codec (YUV4MPEG2, 4:2:0): a browser that is given it shows it again and again.
fn film(folder: &Path) -> PathBuf {
    let path = folder.join("street.y4m");
    let (width, height) = SIZE;
    let mut file = BufWriter::new(File::create(&path).unwrap());
    writeln!(file, "YUV4MPEG2 W{width} H{height} F{FPS}:1 Ip A1:1 C420jpeg").unwrap();
    let (mut scene, mut rgba) = (Scene::street(), vec![0; width * height * 4]);
    for n in 0..FPS * SECONDS {
        scene.draw(5_000 + (n * 1_000 / FPS) as u64, &mut rgba, width as u16, height as u16);
        writeln!(file, "FRAME").unwrap();
        for plane in planes(&rgba) {
            file.write_all(&plane).unwrap();
        }
    }
    path
}

/// Luma, and both differences of colour of each second pixel (ITU-R BT.601, studio range).
fn planes(rgba: &[u8]) -> [Vec<u8>; 3] {
    let (width, height) = SIZE;
    let mixed = |x: usize, y: usize, [r, g, b]: [i32; 3], offset: i32| {
        let pixel = &rgba[(y * width + x) * 4..];
        let sum = r * i32::from(pixel[0]) + g * i32::from(pixel[1]) + b * i32::from(pixel[2]);
        (((sum + 128) >> 8) + offset) as u8
    };
    let plane = |step: usize, weights, offset| {
        let rows = (0..height).step_by(step);
        rows.flat_map(|y| (0..width).step_by(step).map(move |x| mixed(x, y, weights, offset))).collect()
    };
    [plane(1, [66, 129, 25], 16), plane(2, [-38, -74, 112], 128), plane(2, [112, -94, -18], 128)]
}

/// The camera that newcomers are shown, whose pictures come from a browser from now on.
fn camera(server: &Server) -> String {
    let device = wait("the camera", || {
        let devices = server.get("/api/v1/devices");
        let device = devices["devices"].as_array()?.first()?.clone();
        (device["state"] == "online").then_some(device)
    });
    let path = format!("/api/v1/devices/{}", device["id"].as_str().unwrap());
    let mut desired = device["desired"].clone();
    desired["source"] = json!({"kind": "browser"});
    server.ask("PATCH", &path, &[], Some(json!({ "desired": desired })));
    wait("it to begin anew", || {
        let device = server.get(&path);
        (device["state"] == "online" && device["running"] == device["version"]).then_some(())
    });
    path
}

fn pictures(device: &Value) -> u64 {
    device["health"]["pictures"].as_u64().unwrap_or_default()
}

fn says(tab: &Tab<'_>, what: &str) {
    wait(what, || tab.text("main").filter(|text| text.contains(what)));
}

#[test]
fn a_phone_is_a_camera_that_counts_and_steers_for_as_long_as_its_link_is_good() {
    let server = Server::with_camera();
    let folder = folder();
    let browser = Browser::with_camera(&server, &film(&folder));
    let path = camera(&server);
    let console = browser.open(&path.replace("/api/v1/devices", "/cameras"));
    wait("that nobody is there", || console.text(".trouble").filter(|text| text.contains("nobody's browser is open")));

    // A link, as whoever looks after the camera makes it.
    console.exact_button("Make a link");
    let link = wait("the link", || console.text(".command code"));
    let link = &link[link.find("/camera#").unwrap()..];
    let phone = browser.open(link);
    says(&phone, "Be the camera “Street”");
    assert!(phone.text("main").unwrap().contains("Nobody sees the picture"));
    phone.exact_button("Start the camera");
    says(&phone, "This is Street now");
    says(&phone, "pictures and");

    // What it shows is understood, and only that leaves.
    wait("pictures", || (pictures(&server.get(&path)) > 20).then_some(()));
    wait("something to happen", || console.text(".events li time"));
    wait("a count", || {
        let counts = server.get(&format!("{path}/counts"));
        counts["counts"].as_array().is_some_and(|counts| !counts.is_empty()).then_some(())
    });
    assert!(server.get(&path)["health"]["trouble"].is_null());
    assert!(!phone.visible(".eye"));
    server.ask("POST", &format!("{path}/grants"), &[], Some(json!({"reason": "to see it", "minutes": 5})));
    wait("that somebody may look", || phone.text(".eye").filter(|text| text.contains("“to see it”")));

    // Who walks in it moves the paddle.
    let game = browser.play("footfall");
    let begins = wait("the street's paddle", || paddle(&game.picture()?));
    wait("it to move", || paddle(&game.picture()?).filter(|now| now.abs_diff(begins) > 8));
    game.close();

    // Another one with the link takes over, and the first does not come back by itself.
    let other = browser.open(link);
    says(&other, "Be the camera");
    other.exact_button("Start the camera");
    says(&other, "This is Street now");
    says(&phone, "Another browser is this camera now.");
    let before = pictures(&server.get(&path));
    wait("more pictures", || (pictures(&server.get(&path)) > before + 20).then_some(()));

    // It stops, and starts again.
    other.exact_button("Stop");
    wait("that nobody is there", || console.text(".trouble").filter(|text| text.contains("nobody's browser is open")));
    other.exact_button("Start again");
    says(&other, "This is Street now");
    let before = pictures(&server.get(&path));
    wait("pictures again", || (pictures(&server.get(&path)) > before + 20).then_some(()));

    // The camera begins anew, and the browser is it again by itself.
    let mut desired = server.get(&path)["desired"].clone();
    desired["hz"] = json!(10);
    server.ask("PATCH", &path, &[], Some(json!({ "desired": desired })));
    wait("pictures after that", || {
        let device = server.get(&path);
        (device["running"] == device["version"] && pictures(&device) > 20).then_some(())
    });

    console.exact_button("Take back");
    says(&other, "The link was taken back");
    wait("that nobody is there", || console.text(".trouble").filter(|text| text.contains("nobody's browser is open")));
    let links = server.get(&format!("{path}/links"));
    assert!(links["links"][0]["ended_ms"].is_u64() && links["links"][0]["used_by"].is_string(), "{links}");
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_link_that_is_none_and_a_browser_that_cannot_be_a_camera_are_told_so() {
    let server = Server::with_camera();
    camera(&server);
    let browser = Browser::start(&server);
    says(&browser.open("/camera#nobody-made-this"), "This link is not good");
    let fields = [("Authorization", "Bearer nobody-made-this")];
    let refused = server.ask("GET", "/api/v1/whip", &fields, None);
    assert_eq!((&refused["status"], &refused["title"]), (&json!(404), &json!("There is no such thing")));
    let path = camera(&server);
    let made = server.ask("POST", &format!("{path}/links"), &[], Some(json!({"expires_s": 300})));
    // Nobody says yes to what this browser asks.
    let tab = browser.open(made["path"].as_str().unwrap());
    says(&tab, "Be the camera");
    tab.exact_button("Start the camera");
    wait("why not", || tab.text(".trouble").filter(|text| text.contains("start again")));
    let tab =
        browser.open_page_on(&Device { lacks: vec!["h264"], ..Device::default() }, made["path"].as_str().unwrap());
    wait("why not", || tab.text(".trouble").filter(|text| text.contains("H.264")));
}
