//! Processes are killed, again and again, at any point of their work: no session record and nothing stored is lost.
//!
//! Twelve times in the ordinary tests; `PLAYFIELD_KILLS=1000 cargo xtask e2e -- kills` for a long run.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::browser::{Browser, Tab};
use crate::server::{Server, crash, folder};
use crate::wait;

/// Ticks until a value that was stored is on disk, on a busy machine: it stores every tenth, and the rest is a second.
const UNTIL_KEPT: u32 = 10 + 60;

/// What the title shows: the count it began with, and where it is.
#[derive(Clone, Copy, Debug)]
struct Count {
    began: u32,
    now: u32,
}

impl Count {
    fn of(tab: &Tab) -> Option<Count> {
        let picture = tab.picture().filter(|picture| picture.width == 16)?;
        let grey = |at: usize| picture.rgba[4 * at];
        let number = |at: usize| u32::from_le_bytes(std::array::from_fn(|byte| grey(at + byte)));
        Some(Count { began: number(0), now: number(4) })
    }
}

fn titles() -> PathBuf {
    let titles = folder();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("e2e/guests/keeper.wat");
    std::fs::write(titles.join("keeper.wasm"), wat::parse_file(source).unwrap()).unwrap();
    titles
}

/// A seeded source of moments and victims.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// Every session that was ever started is known, and all but this one have an end.
fn check_records(server: &Server, known: &BTreeSet<String>, running: &str) {
    let listed = server.get("/api/v1/sessions");
    let sessions = listed["sessions"].as_array().unwrap();
    // The list holds the newest hundred.
    for id in known.iter().filter(|_| known.len() <= 100) {
        let record = sessions.iter().find(|session| session["id"] == id.as_str());
        let record = record.unwrap_or_else(|| panic!("session {id} is not known any more"));
        assert_eq!(record["ended_ms"].is_null(), id == running, "{record}");
        assert_eq!(record["reason"].is_null(), id == running, "{record}");
    }
}

#[test]
fn whatever_is_killed_no_record_and_nothing_stored_is_lost() {
    let kills = std::env::var("PLAYFIELD_KILLS").map_or(12, |kills| kills.parse().unwrap());
    let mut server = Server::with_titles(&titles());
    let browser = Browser::start(&server);
    let tab = browser.play("keeper");
    let mut session = tab.playing();
    let mut known = BTreeSet::from([session.clone()]);
    let mut dice = Dice(7);
    for kill in 0..kills {
        let start = wait("a picture", || Count::of(&tab));
        let moment = u64::from(start.now) + 1 + dice.roll(90);
        let before = wait("more play", || Count::of(&tab).filter(|count| u64::from(count.now) >= moment));
        if kill % 4 == 3 {
            server.kill();
            // Some of it happens while the page tries to come back.
            std::thread::sleep(Duration::from_millis(dice.roll(300)));
            server.start_again();
            // A reload before would share the fate of the page's own attempts, begun while nobody listened.
            tab.end();
            tab.reload();
            let after = wait("a session that knows what was stored", || {
                let new = tab.player()?.session? != session;
                Count::of(&tab).filter(|count| new && count.now > count.began)
            });
            assert!(after.began >= before.began, "kill {kill}: {before:?}, then {after:?}");
            assert!(after.began + UNTIL_KEPT >= before.now, "kill {kill}: {before:?}, then {after:?}");
            session = tab.playing();
            known.insert(session.clone());
        } else {
            let mut workers = server.workers();
            if dice.roll(2) == 0 && workers.len() > 1 {
                workers.truncate(1);
            }
            workers.iter().copied().for_each(crash);
            let after = wait("the session to go on", || {
                Count::of(&tab)
                    .filter(|count| count.now > before.now + 30 && tab.player().is_some_and(|it| it.state == "playing"))
            });
            assert_eq!(after.began, before.began, "kill {kill}: it is the same run");
            assert_eq!(tab.player().unwrap().session.as_ref(), Some(&session), "kill {kill}");
        }
        check_records(&server, &known, &session);
    }
}
