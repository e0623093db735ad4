//! What stands still of a video is shown exactly, and gives way to what changes.

use std::fs;
use std::path::Path;

use crate::browser::{Browser, Tab};
use crate::picture::{Picture, picture};
use crate::play::bad_network;
use crate::server::{Server, folder};
use crate::{PATIENCE, ask_until, wait};

const HELD: &str = "{\"frame\":2,\"keys\":[\"Space\"]}\n";
/// A tile that the square does not touch, and a place in the square.
const TILE: (usize, usize) = (256, 128);
const SQUARE: (usize, usize) = (332, 172);

/// A server with the card, and what it shows with the space bar up and down.
fn card() -> (Server, [Picture; 2]) {
    let titles = folder();
    let place = titles.join("card");
    fs::create_dir(&place).unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("e2e/guests/card.wat");
    let module = place.join("card.wasm");
    fs::write(&module, wat::parse_file(source).unwrap()).unwrap();
    fs::write(place.join("title.toml"), "id = 'card'\nname = 'Card'\nentry = 'card.wasm'\ninput = ['keys']\n").unwrap();
    let pictures = ["", HELD].map(|inputs| picture(&module, inputs, 4));
    let server = Server::with_titles(&titles);
    wait("the title", || server.get("/api/v1/titles")["titles"].get(0)?["problem"].is_null().then_some(()));
    (server, pictures)
}

fn pixel(picture: &Picture, (x, y): (usize, usize)) -> [u8; 3] {
    let at = (y * picture.width + x) * 4;
    [picture.rgba[at], picture.rgba[at + 1], picture.rgba[at + 2]]
}

fn first_tile(picture: &Picture) -> Vec<&[u8]> {
    picture.rgba.chunks_exact(picture.width * 4).take(TILE.1).map(|row| &row[..TILE.0 * 4]).collect()
}

fn becomes(tab: &Tab, what: &str, expect: &Picture) {
    let exactly = ask_until(PATIENCE, || tab.picture().filter(|shown| shown.rgba == expect.rgba));
    assert!(exactly.is_some(), "waited in vain for {what}: {}", unlike(tab, expect));
    assert_eq!(tab.player().unwrap().video, "h264");
}

/// How what a tab shows differs from a picture.
fn unlike(tab: &Tab, expect: &Picture) -> String {
    let Some(shown) = tab.picture() else { return "nothing is shown".to_owned() };
    let rows = (0..expect.height).step_by(TILE.1);
    let places = rows.flat_map(|y| (0..expect.width).step_by(TILE.0).map(move |x| (x, y)));
    let differs = |(x, y): &(usize, usize)| {
        let inside = (*x..(x + TILE.0).min(expect.width))
            .flat_map(|x| (*y..(y + TILE.1).min(expect.height)).map(move |y| (x, y)));
        inside.filter(|at| pixel(&shown, *at) != pixel(expect, *at)).count()
    };
    let tiles: Vec<_> = places.map(|at| (at, differs(&at))).filter(|(_, pixels)| *pixels > 0).collect();
    let laid = tab.visible(".exact");
    format!("of tiles {tiles:?} pixels differ; exact ones are shown: {laid}; {:?}", tab.player())
}

/// Holds the space bar: the square is seen, first as video, while what it does not touch stays exact; then exactly.
fn check_it_gives_way(tab: &Tab, up: &Picture, down: &Picture) {
    tab.hold("Space", true);
    let close = |a: [u8; 3], b: [u8; 3]| a.iter().zip(b).all(|(a, b)| a.abs_diff(b) < 60);
    wait("the square", || tab.picture().filter(|shown| close(pixel(shown, SQUARE), pixel(down, SQUARE))));
    becomes(tab, "the picture with the square, exactly", down);
    tab.hold("Space", false);
    becomes(tab, "the picture without the square, exactly", up);
}

#[test]
fn what_stands_still_is_shown_pixel_for_pixel_and_gives_way_to_what_changes() {
    let (server, [up, down]) = card();
    let browser = Browser::start(&server);
    let tab = browser.play("card");
    becomes(&tab, "the card, exactly", &up);
    tab.hold("Space", true);
    let shown = wait("another picture", || tab.picture().filter(|shown| shown.rgba != up.rgba));
    assert!(first_tile(&shown) == first_tile(&up), "what did not change is exact all the time");
    becomes(&tab, "the picture with the square, exactly", &down);
    tab.hold("Space", false);
    becomes(&tab, "the picture without the square, exactly", &up);

    tab.reload();
    tab.playing();
    becomes(&tab, "the card after a reload, exactly", &up);
    check_it_gives_way(&tab, &up, &down);
}

#[test]
fn losses_cost_sharpness_for_a_moment_only() {
    let (server, [up, down]) = card();
    let relay = bad_network(&server);
    let browser = Browser::start_behind(&relay, &server);
    let tab = browser.play("card");
    becomes(&tab, "the card, exactly", &up);
    check_it_gives_way(&tab, &up, &down);
}
