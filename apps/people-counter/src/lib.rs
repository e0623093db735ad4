//! An edge app: who crosses a line each way, and who is in a zone just now, people apart from everything else.
#![no_std]

use playfield_sdk::camera::{Count, Json, Place, class_of, config, count, label_of, place_name, setting, time_ms};
use playfield_sdk::{Title, log, title};

/// How often it says how things are, in milliseconds.
const EVERY_MS: u64 = 1_000;
/// Classes that are told apart at a crossing.
const CLASSES: usize = 64;
/// Most that its fields hold.
const MOST: u64 = 1_000_000;
const MOST_NOW: u64 = 1_000;

/// What crossed the line so far.
#[derive(Clone, Copy)]
struct Crossed {
    came: u64,
    left: u64,
}

struct Counter {
    line: usize,
    zone: usize,
    /// The class that is people; none: every class is.
    person: Option<u16>,
    before: [Crossed; CLASSES],
    said_ms: u64,
    began: bool,
}

impl Title for Counter {
    const NEW: Counter = Counter {
        line: 0,
        zone: 0,
        person: None,
        before: [Crossed { came: 0, left: 0 }; CLASSES],
        said_ms: 0,
        began: false,
    };

    fn init(&mut self) {
        self.person = class_of("person");
    }

    fn tick(&mut self) {
        if !self.began {
            self.begin();
        }
        for class in 0..CLASSES as u16 {
            self.watch(class);
        }
        let now = time_ms();
        // A clock that is set back is a reason to say something, too.
        if now.abs_diff(self.said_ms) >= EVERY_MS {
            self.said_ms = now;
            self.say(None);
        }
    }
}

impl Counter {
    /// Names of places are known with the first picture. What was counted before it did not happen before our eyes.
    fn begin(&mut self) {
        self.began = true;
        let mut settings = [0; 1024];
        let settings = config(&mut settings);
        self.line = named(settings, "line", Place::Line);
        self.zone = named(settings, "zone", Place::Zone);
        for class in 0..CLASSES as u16 {
            self.before[usize::from(class)] = self.crossed(class);
        }
    }

    fn crossed(&self, class: u16) -> Crossed {
        let of = |what| count(what, self.line, Some(class)).unwrap_or_default();
        Crossed { came: of(Count::LineIn), left: of(Count::LineOut) }
    }

    /// Says it where something of this class crossed the line.
    fn watch(&mut self, class: u16) {
        let now = self.crossed(class);
        let before = core::mem::replace(&mut self.before[usize::from(class)], now);
        if now.came > before.came {
            self.say(Some((class, "in")));
        }
        if now.left > before.left {
            self.say(Some((class, "out")));
        }
    }

    fn say(&self, crossing: Option<(u16, &str)>) {
        let mut json = Json::new();
        let lines = [(Count::LineIn, "people_in", "others_in"), (Count::LineOut, "people_out", "others_out")];
        for (what, people, others) in lines {
            self.number(&mut json, what, self.line, (people, others), MOST);
        }
        self.number(&mut json, Count::ZoneNow, self.zone, ("people_now", "others_now"), MOST_NOW);
        if let Some((class, way)) = crossing {
            let mut label = [0; 128];
            if let Some(Ok(label)) = label_of(class, &mut label).map(core::str::from_utf8) {
                json.word("crossed", label);
            }
            json.word("way", way);
        }
        if json.emit().is_err() {
            log::info("what it counted was refused");
        }
    }

    fn number(&self, json: &mut Json, what: Count, place: usize, (people, others): (&str, &str), most: u64) {
        // A camera without such a place has nothing to tell of it.
        let Some(all) = count(what, place, None) else { return };
        let of_people = self.person.map_or(Some(all), |person| count(what, place, Some(person))).unwrap_or_default();
        json.number(people, of_people.min(most) as i64);
        json.number(others, all.saturating_sub(of_people).min(most) as i64);
    }
}

/// The place that a setting names; the first one, if it names none.
fn named(settings: &[u8], key: &str, place: Place) -> usize {
    let Some(wanted) = setting(settings, key) else { return 0 };
    let mut name = [0; 256];
    let mut nth = 0;
    while let Some(found) = place_name(place, nth, &mut name) {
        if found == wanted {
            return nth;
        }
        nth += 1;
    }
    log::info("its settings name a place that its camera has not");
    0
}

title!(Counter);
