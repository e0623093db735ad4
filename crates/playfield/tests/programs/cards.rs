//! Windows in buffers of a graphics card's driver. There is no card here, so the program (`card.py`) hands over memory that stands
//! in for one's, and a device that everybody may open stands in for the render node.

use std::path::Path;
use std::time::Instant;

use playfield_core::frame::{Damage, Rect};
use playfield_core::input::TickInput;
use playfield_runtime::Guest;

use super::{PATIENCE, Session};

const STAND_IN: &str = "/dev/null";

fn session(name: &str, what: &str, card: Option<&str>) -> Session {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs/card.py");
    let line = ["python3", script.to_str().unwrap(), what];
    Session::open_opening(name, &line, |opening| opening.card = card.map(Into::into)).unwrap()
}

/// The colour at a place of the picture.
fn pixel(session: &Session, x: usize, y: usize) -> u32 {
    let picture = session.guest.picture();
    let mut rgba = Vec::new();
    picture.to_rgba(&mut rgba);
    let at = (y * usize::from(picture.width) + x) * 4;
    rgba.get(at..at + 3).map_or(0, |rgb| u32::from_be_bytes([0, rgb[0], rgb[1], rgb[2]]))
}

/// Plays until the picture is as expected; the damage of that tick.
fn until(session: &mut Session, expect: impl Fn(&Session) -> bool) -> Damage {
    let began = Instant::now();
    loop {
        let damage = session.guest.tick(&TickInput::default()).unwrap().damage;
        session.hear();
        if expect(session) {
            return damage;
        }
        assert!(began.elapsed() < PATIENCE, "that is never seen: {:#?}", session.lines);
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
}

#[test]
fn what_a_card_drew_is_shown_in_each_format_and_only_what_changed_is_read() {
    let mut session = session("card", "draw", Some(STAND_IN));
    for (format, colour) in [("XR24", 0xff8001), ("AR24", 0x01ff80), ("XB24", 0x8001ff), ("AB24", 0x80ff01)] {
        until(&mut session, |session| pixel(session, 0, 0) == colour && pixel(session, 639, 359) == colour);
        let damage = until(&mut session, |session| pixel(session, 32, 40) == 0x123456);
        assert_eq!(damage, Damage::Area(Rect { x: 32, y: 40, width: 16, height: 8 }), "{format}");
        assert_eq!(pixel(&session, 47, 47), 0x123456);
        assert_eq!([pixel(&session, 31, 40), pixel(&session, 48, 47)], [colour; 2], "{format}");
        // It goes on when it is told to, by a file in its home.
        std::fs::write(session.home.join(format!("seen-{format}")), b"").unwrap();
    }
    session.ends().unwrap();
    let feedback = session.lines.iter().find(|line| line.starts_with("feedback: ")).unwrap();
    assert_eq!(feedback, "feedback: device 1:3, AB24/0 AR24/0 XB24/0 XR24/0", "{:#?}", session.lines);
}

#[test]
fn buffers_that_are_none_are_refused_and_the_session_goes_on() {
    let mut session = session("bad-cards", "bad", Some(STAND_IN));
    session.ends().unwrap();
    let said = |name: &str| {
        let line = session.lines.iter().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.unwrap_or_else(|| panic!("nothing is said of {name}: {:#?}", session.lines)).to_owned()
    };
    for name in ["rows that overlap", "a tiled layout", "no layout", "upside down", "memory that can shrink", "a pipe"]
    {
        assert_eq!(said(name), "failed");
    }
    // `zwp_linux_buffer_params_v1.error`: incomplete, invalid_format, invalid_dimensions, out_of_bounds, invalid_wl_buffer.
    for (name, error) in [
        ("two planes", 3),
        ("no plane", 3),
        ("another format", 4),
        ("no pixels", 5),
        ("beyond the end", 6),
        ("an offset beyond the end", 6),
        ("at once, a tiled layout", 7),
    ] {
        assert_eq!(said(name), format!("error {error}"), "{name}");
    }
    assert_eq!(said("a good one"), "taken");
}

#[test]
fn without_a_card_nothing_of_it_is_offered() {
    let mut plain = session("no-card", "offered", None);
    plain.ends().unwrap();
    assert!(plain.lines.iter().any(|line| line == "offered: no"), "{:#?}", plain.lines);
    let mut absent = session("absent-card", "offered", Some("/dev/dri/renderD999"));
    absent.ends().unwrap();
    let said = |start: &str| absent.lines.iter().any(|line| line.starts_with(start));
    assert!(said("offered: no") && said("this program draws without the graphics card"), "{:#?}", absent.lines);
}
