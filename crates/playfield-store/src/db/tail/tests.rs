//! Each event is found and counted once, whatever happens meanwhile.

#![allow(clippy::unwrap_used)]

use std::path::Path;

use super::super::{Db, DeviceRow, devices, schema};
use super::*;

const EACH: u64 = 2;
const ROUND: u64 = 8 * EACH;

/// What should be known of a device: events by its own numbers, and counts.
#[derive(Debug, Default, PartialEq)]
struct Expected {
    events: Vec<(i64, String)>,
    counts: BTreeMap<(i64, String), i64>,
}

fn node(number: u64) -> NodeId {
    NodeId::from_entropy([number as u8; 16])
}

/// Of machine `number / 2`.
fn device(number: u64) -> DeviceId {
    DeviceId::from_entropy([number as u8; 16])
}

fn device_row(number: u64) -> DeviceRow {
    DeviceRow {
        id: device(number),
        name: String::new(),
        node: node(number / 2),
        desired: String::new(),
        version: 1,
        created_ms: 0,
        revoked_ms: None,
        tags: Vec::new(),
    }
}

fn database() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    schema::migrate(&mut connection, Path::new("test")).unwrap();
    for machine in 0..4 {
        connection
            .execute(
                "INSERT INTO nodes (id, name, token, created_ms) VALUES (?1, '', CAST(?1 AS BLOB), 0)",
                [node(machine).as_str()],
            )
            .unwrap();
        connection
            .execute(
                "INSERT INTO positions (node, journal, stored, lost) VALUES (?1, '', 0, 0)",
                [node(machine).as_str()],
            )
            .unwrap();
        for number in [2 * machine, 2 * machine + 1] {
            assert!(devices::insert_device(&connection, &device_row(number)).unwrap());
        }
    }
    connection
}

fn event(number: u64) -> NewDeviceEvent {
    NewDeviceEvent {
        time_ms: number,
        received_ms: number,
        offset_ms: None,
        counts_as: Some("in".to_owned()),
        event: number.to_string(),
    }
}

#[tokio::test]
async fn where_nothing_can_be_written_what_is_there_is_read() {
    let folder = std::env::temp_dir().join(format!("playfield-tail-{}", std::process::id()));
    let db = Db::open(&folder.join("test.db")).await.unwrap();
    let (id, row) = (device(0), device_row(0));
    assert!(db.insert_device(row).await.unwrap());
    db.insert_device_events(id.clone(), vec![event(1)]).await.unwrap();
    assert_eq!(db.device_events(id.clone(), None, 9).await.unwrap().len(), 1);
    db.insert_device_events(id.clone(), vec![event(2)]).await.unwrap();
    let may_write = |may: bool| db.call(move |c| Ok(c.pragma_update(None, "query_only", !may)?));
    may_write(false).await.unwrap();
    assert!(db.insert_device_events(id.clone(), vec![event(3)]).await.is_err());
    assert_eq!(db.device_events(id.clone(), None, 9).await.unwrap().len(), 1);
    may_write(true).await.unwrap();
    assert_eq!(db.device_counts(id.clone(), 0).await.unwrap()[0].count, 2);
    assert_eq!(db.insert_device_events(id.clone(), vec![event(3)]).await.unwrap(), Some(3));
    assert_eq!(db.device_events_after(id, 0, 9).await.unwrap().len(), 3);
    drop(db);
    std::fs::remove_dir_all(folder).unwrap();
}

fn found(connection: &Connection, id: &DeviceId) -> Expected {
    let mut events = connection
        .prepare(
            "SELECT seq, event FROM event_places JOIN device_events USING (number, device, seq)
             WHERE event_places.device = ?1 ORDER BY event_places.seq",
        )
        .unwrap();
    let events = events.query_map([id.as_str()], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let mut counts = connection.prepare("SELECT minute, what, count FROM device_counts WHERE device = ?1").unwrap();
    let counts = counts.query_map([id.as_str()], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?))).unwrap();
    Expected { events: events.map(Result::unwrap).collect(), counts: counts.map(Result::unwrap).collect() }
}

/// Machines tell, come again with gaps and repeats and other journals, somebody reads, the server stops, and the disk is full.
#[test]
fn whatever_happens_each_event_is_found_and_counted_once() {
    for seed in 1..=20_u64 {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut random = move |below: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 33) % below
        };
        let mut connection = database();
        let new = || Told { tail: Mutex::default(), each: EACH };
        let mut told = new();
        let mut expected: BTreeMap<DeviceId, Expected> = (0..8).map(|at| (device(at), Expected::default())).collect();
        let mut positions = vec![Position::default(); 4];
        for step in 0..400_u64 {
            let machine = random(4);
            let id = device(2 * machine + random(2));
            let events: Vec<NewDeviceEvent> = (0..random(4))
                .map(|nth| NewDeviceEvent {
                    time_ms: random(3) * 60_000,
                    received_ms: step,
                    offset_ms: None,
                    counts_as: (random(3) > 0).then(|| format!("what {}", random(2))),
                    event: format!("{step}.{nth}"),
                })
                .collect();
            let mut expect = |id: &DeviceId| {
                let Some(device) = expected.get_mut(id) else { return };
                for event in &events {
                    let seq = device.events.len() as i64 + 1;
                    device.events.push((seq, event.event.clone()));
                    if let Some(what) = &event.counts_as {
                        *device.counts.entry(((event.time_ms / 60_000) as i64, what.clone())).or_default() += 1;
                    }
                }
            };
            let position = &mut positions[machine as usize];
            match random(20) {
                0 => told = new(),
                1 => {
                    let failed = told.change(&mut connection, |change, tail| {
                        tail.insert(change, &id, &events)?;
                        Err::<(), _>(DbError::Closed)
                    });
                    assert!(failed.is_err());
                }
                2 => {
                    let journal = format!("journal {}", random(2));
                    let opened = told
                        .change(&mut connection, |change, tail| tail.open_journal(change, &node(machine), &journal));
                    *position = std::mem::take(position).open(&journal);
                    assert_eq!(opened.unwrap(), *position, "{seed} {step}");
                }
                3 => {
                    told.change(&mut connection, |change, tail| tail.settle(change, &id)).unwrap();
                    assert_eq!(found(&connection, &id), expected[&id], "{seed} {step}");
                }
                4..7 => {
                    told.change(&mut connection, |change, tail| tail.insert(change, &id, &events)).unwrap();
                    expect(&id);
                }
                _ => {
                    // As it should be, once more, or with a gap; now and then of a camera that nobody knows, or of
                    // another machine's.
                    let seq = (position.stored + [1, 1, 1, 0, 3][random(5) as usize]).max(1);
                    let id = match random(20) {
                        0 => device(20),
                        1 => device((2 * machine + 2) % 8),
                        _ => id,
                    };
                    let one = NodeTold {
                        node: node(machine),
                        journal: position.journal.clone(),
                        seq,
                        device: id.clone(),
                        events: events.clone(),
                    };
                    let stored = told.change(&mut connection, |change, tail| tail.take(change, &one)).unwrap();
                    let own = (2 * machine..2 * machine + 2).any(|own| device(own) == id);
                    if position.take(seq) == Taken::New && own {
                        expect(&id);
                    }
                    assert_eq!(stored, position.stored, "{seed} {step}");
                }
            }
            let tail = told.tail.lock().unwrap();
            let behind = tail.as_ref().map_or(0, |tail| tail.newest - tail.settled);
            assert!(behind <= 3 * ROUND + 4, "{seed} {step}: {behind}");
        }
        told = new();
        for (machine, position) in (0..).zip(&positions) {
            let opened = told
                .change(&mut connection, |change, tail| tail.open_journal(change, &node(machine), &position.journal));
            assert_eq!(opened.unwrap(), *position, "{seed}");
        }
        for (id, expected) in &expected {
            told.change(&mut connection, |change, tail| tail.settle(change, id)).unwrap();
            assert_eq!(found(&connection, id), *expected, "{seed}");
        }
    }
}
