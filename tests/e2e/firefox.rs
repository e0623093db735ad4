//! The same trip in a real Firefox, which differs where it matters: it has no candidates on loopback, rounds its clock, and here no H.264.
//!
//! `PLAYFIELD_BROWSER=firefox cargo xtask e2e FILTER` runs others of these tests in it: all but those that want H.264, whose plugin Firefox fetches itself.

use crate::browser::Browser;
use crate::play::check_lossless_trip;
use crate::server::Server;

#[test]
fn firefox_plays_exact_pictures_and_a_reload_plays_on() {
    let server = Server::start();
    let browser = Browser::firefox(&server);
    check_lossless_trip(&browser);
}
