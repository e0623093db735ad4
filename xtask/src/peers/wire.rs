//! What went over the loopback: packets become pictures, and a picture is found that a program has shown.
//!
//! A picture of RTP is what has one timestamp, encrypted or not. Of what goes by TCP it is what comes without a pause: these
//! servers send only what has changed, and all of it at once.

use std::collections::BTreeMap;

/// Nanoseconds of CLOCK_MONOTONIC.
pub type Moment = i64;

const MS: i64 = 1_000_000;
/// A pause that ends a picture that goes by TCP, where there are sixty a second.
const PAUSE: i64 = 5 * MS;
/// One that ends the picture of a flip, of which some is sent while the rest is still coded. What makes it exact comes later.
const LONG_PAUSE: i64 = 25 * MS;
/// How long after a flip its picture is looked for.
const PATIENCE: i64 = 150 * MS;
/// The fewest bytes of a flip's picture.
const LEAST: u64 = 2_000;
/// A picture in which something is new has at least so many bytes: one that repeats the last has less than half of it.
const NEW: u64 = 400;

/// A picture on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picture {
    /// When its first packet was sent, and its last.
    pub begin: Moment,
    pub end: Moment,
    /// Its payload, with what heads each packet.
    pub bytes: u64,
}

/// What was heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Since when.
    pub since: Moment,
    /// The pictures are a stream: there is one for each refresh, whether something has changed or not.
    pub stream: bool,
    /// In the order of their ends.
    pub pictures: Vec<Picture>,
    /// All bytes that were sent, what is no picture included.
    pub bytes: u64,
}

/// What the listener's lines say: `tests/peers/wire.c` says how they look. Pictures that go by RTP have that payload type.
pub fn pictures(lines: &str, video: Option<u8>) -> Heard {
    let mut heard = Heard::default();
    let mut stamped: BTreeMap<u64, Picture> = BTreeMap::new();
    for words in lines.lines().map(|line| line.split(' ').collect::<Vec<&str>>()) {
        let number = |at: usize| words.get(at).and_then(|word| word.parse::<u64>().ok());
        if words[0] == "ready" {
            heard.since = number(1).unwrap_or(0) as Moment;
        }
        let (Some(time), Some(bytes), Some(kind)) = (number(0), number(3), words.get(2)) else { continue };
        let end = time as Moment;
        heard.bytes += bytes;
        match (*kind, number(4), number(6)) {
            ("u", Some(payload), Some(stamp)) if video.is_some_and(|video| payload == video.into()) => {
                let picture = stamped.entry(stamp).or_insert(Picture { begin: end, end, bytes: 0 });
                *picture = Picture { end: end.max(picture.end), bytes: picture.bytes + bytes, ..*picture };
            }
            ("t", ..) if video.is_none() => heard.pictures.push(Picture { begin: end, end, bytes }),
            _ => {}
        }
    }
    if video.is_some() {
        heard.stream = true;
        heard.pictures = stamped.into_values().collect();
        heard.pictures.sort_by_key(|picture| picture.end);
    }
    heard.pictures = joined(heard.pictures, if video.is_some() { 0 } else { PAUSE });
    heard
}

/// What follows within that pause is one picture.
fn joined(pictures: Vec<Picture>, pause: i64) -> Vec<Picture> {
    let mut joined: Vec<Picture> = Vec::new();
    for picture in pictures {
        match joined.last_mut().filter(|last| picture.begin - last.end < pause) {
            Some(last) => *last = Picture { end: picture.end, bytes: last.bytes + picture.bytes, ..*last },
            None => joined.push(picture),
        }
    }
    joined
}

/// How many pictures had something new in them.
pub fn new_ones(pictures: &[Picture]) -> usize {
    pictures.iter().filter(|picture| picture.bytes >= NEW).count()
}

/// From each flip to the last packet of its picture, in milliseconds; and how many flips had none.
pub fn delays(heard: Heard, flips: &[Moment]) -> (Vec<f64>, usize) {
    let until = heard.pictures.last().map_or(0, |picture| picture.end);
    let heard = if heard.stream { heard } else { Heard { pictures: joined(heard.pictures, LONG_PAUSE), ..heard } };
    let seen = flips.iter().filter(|flip| **flip >= heard.since && **flip + PATIENCE <= until);
    let found: Vec<Option<Moment>> = seen.map(|flip| delay(&heard, *flip)).collect();
    let missed = found.iter().filter(|delay| delay.is_none()).count();
    (found.into_iter().flatten().map(|delay| delay as f64 / MS as f64).collect(), missed)
}

/// The first large picture after it. In a stream, one that was on its way before, or makes the last one finer, is small beside
/// that; what is sent only when something changes may be followed by a larger one that makes it exact.
fn delay(heard: &Heard, flip: Moment) -> Option<Moment> {
    let after = || heard.pictures.iter().filter(|picture| (flip..flip + PATIENCE).contains(&picture.end));
    let largest = after().map(|picture| picture.bytes).max().filter(|_| heard.stream).unwrap_or(0);
    let large = |picture: &&Picture| picture.bytes >= LEAST && picture.bytes * 2 >= largest;
    after().find(large).map(|picture| picture.end - flip)
}

/// What the program's own lines say of its kind, `flip` or `move`: its numbers and moments.
pub fn said(log: &str, kind: &str) -> Vec<(u64, Moment)> {
    let line = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let at = words.iter().position(|word| *word == kind)?;
        Some((words.get(at + 1)?.parse().ok()?, words.get(at + 2)?.parse().ok()?))
    };
    log.lines().filter_map(line).collect()
}

/// Pictures a second that a program said it has drawn since then.
pub fn drawn(said: &[(u64, Moment)], since: Moment) -> Option<f64> {
    let first = said.iter().find(|(_, time)| *time >= since)?;
    let last = said.last()?;
    let seconds = (last.1 - first.1) as f64 / 1e9;
    (seconds > 0.5).then(|| (last.0 - first.0) as f64 / seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64, bytes: u64) -> Picture {
        Picture { begin: ms * MS, end: ms * MS, bytes }
    }

    #[test]
    fn packets_of_a_timestamp_are_a_picture_and_other_payloads_are_none() {
        let lines =
            "ready 5\n10 9 u 1000 96 7 300\n11 9 u 5000 111 8 1\n12 9 u 200 96 7 300\n20 9 u 90 96 7 600\n21 9 d 40\n";
        let heard = pictures(lines, Some(96));
        assert_eq!((heard.since, heard.bytes), (5, 6330));
        let expect = [Picture { begin: 10, end: 12, bytes: 1200 }, Picture { begin: 20, end: 20, bytes: 90 }];
        assert_eq!(heard.pictures, expect);
        assert_eq!(new_ones(&heard.pictures), 1);
    }

    #[test]
    fn a_pause_ends_a_picture_of_tcp() {
        let lines = "ready 0\n1000000 9 t 10\n2000000 9 t 20\n8000000 9 t 30\nwhatever else\n9000000 9\n";
        let first = Picture { begin: MS, end: 2 * MS, bytes: 30 };
        assert_eq!(pictures(lines, None).pictures, [first, at(8, 30)]);
        let pictures = vec![at(10, 60_000), at(31, 60_000), at(40, 3_000), at(140, 90_000), at(400, 50)];
        assert_eq!(
            delays(Heard { pictures, ..Heard::default() }, &[0]),
            (vec![40.0], 0),
            "until nothing comes for long"
        );
    }

    #[test]
    fn a_flip_is_the_first_large_picture() {
        let check = |stream: bool, pictures: &[Picture], expect: Option<i64>| {
            let heard = Heard { stream, pictures: pictures.to_vec(), ..Heard::default() };
            assert_eq!(delay(&heard, 0).map(|delay| delay / MS), expect, "{pictures:?}");
        };
        check(true, &[at(2, 7_000), at(18, 28_000), at(34, 13_000)], Some(18));
        check(true, &[at(3, 90), at(9, 7_400)], Some(9));
        check(true, &[at(12, 30_000), at(200, 500_000)], Some(12));
        check(false, &[at(1, 60), at(12, 30_000), at(110, 500_000)], Some(12));
        check(true, &[at(12, 1_000)], None);
        check(false, &[], None);
    }

    #[test]
    fn flips_that_nobody_listened_to_are_not_missed() {
        let heard = Heard { since: 100 * MS, pictures: vec![at(310, 9_000), at(900, 50)], ..Heard::default() };
        let flips = [50, 300, 600, 800].map(|ms| ms * MS);
        assert_eq!(delays(heard, &flips), (vec![10.0], 1));
    }

    #[test]
    fn lines_of_the_program_are_found_among_others() {
        let log =
            "INFO guest: move 60 1000000000 session=x\nnothing\nmove 120 2000000000\nmove 240 4000000000\nmove x\n";
        let said = said(log, "move");
        assert_eq!(said.len(), 3);
        assert_eq!(drawn(&said, 1_500_000_000), Some(60.0));
        assert_eq!(drawn(&said, 9_000_000_000), None);
    }
}
