//! What was told last, which is on the disk and not yet in every place where it is looked for.
//!
//! ```text
//!   told --at once--> device_events, in the order in which it came
//!        --a round later, device by device--> event_places, device_counts, told, positions
//! ```
//!
//! An event of one of ten thousand devices would change a page of each of those tables, which is a hundred times the event. In a round
//! a page gets all that a device told since the round before. Until then what they lack is kept here, and read again from
//! `device_events` after a stop, however that came. Who reads of a device has it settled first.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use playfield_core::id::{DeviceId, NodeId};
use playfield_core::link::{Position, Taken};
use rusqlite::{Connection, OptionalExtension, params};

use super::words::read_id;
use super::{DbError, NewDeviceEvent, NodeTold};

/// Events of a round, for each device that tells something. Those of three rounds are read at the start of the server, at most.
const EACH: u64 = 24;
/// Events of a device that do not wait for a round: it tells more than others do.
const MANY: usize = 1_024;

/// What cameras told last. The thread of the connection works with it, and nobody else.
#[derive(Debug)]
pub struct Told {
    tail: Mutex<Option<Tail>>,
    each: u64,
}

impl Default for Told {
    fn default() -> Told {
        Told { tail: Mutex::default(), each: EACH }
    }
}

impl Told {
    /// Works with it in a transaction. After an error it is read anew.
    pub(super) fn change<T>(
        &self,
        connection: &mut Connection,
        work: impl FnOnce(&Connection, &mut Tail) -> Result<T, DbError>,
    ) -> Result<T, DbError> {
        let mut kept = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        let change = connection.transaction()?;
        let mut tail = match kept.take() {
            Some(tail) => tail,
            None => Tail::open(&change, self.each)?,
        };
        let done = work(&change, &mut tail)?;
        tail.go_round(&change)?;
        change.commit()?;
        *kept = Some(tail);
        Ok(done)
    }
}

#[derive(Debug)]
pub(super) struct Tail {
    /// Events of a round, for each device.
    each: u64,
    /// The number of the newest event.
    newest: u64,
    /// All up to this one are settled; the others may be.
    settled: u64,
    devices: Devices,
    positions: HashMap<NodeId, Known>,
    /// The round that goes on.
    due: Due,
}

/// Devices that are to be settled in a round, so that it is over as the next one is to begin.
#[derive(Debug, Default)]
struct Due {
    /// The last one comes first.
    left: Vec<DeviceId>,
    of: usize,
    /// The newest event as it began, and how many are told until it is over.
    newest: u64,
    round: u64,
}

/// Those that told something since the database was opened.
#[derive(Debug, Default)]
struct Devices(BTreeMap<DeviceId, Device>);

#[derive(Debug)]
struct Device {
    node: NodeId,
    /// The number of its last event, of its own.
    told: i64,
    waiting: Waiting,
}

/// How far a machine's journal is read.
#[derive(Debug)]
struct Known {
    position: Position,
    /// The newest event as the journal came first.
    since: u64,
}

/// What is not settled of a device.
#[derive(Debug, Default)]
struct Waiting {
    /// The numbers of its events, of its own and of all.
    events: Vec<(i64, i64)>,
    counts: Vec<Count>,
}

#[derive(Debug)]
struct Count {
    what: String,
    minute: i64,
    count: i64,
}

impl Tail {
    /// The tail as it was left.
    fn open(change: &Connection, each: u64) -> Result<Tail, DbError> {
        let mut tail = Tail::read(change, each)?;
        if tail.newest - tail.settled > 2 * tail.round() {
            // The server was stopped again and again before a round was over.
            tail.settle_all(change)?;
        }
        Ok(tail)
    }

    /// Reads what is not settled.
    fn read(connection: &Connection, each: u64) -> Result<Tail, DbError> {
        let settled = connection.query_row("SELECT number FROM settled", [], |row| row.get::<_, i64>(0))? as u64;
        let mut tail = Tail {
            each,
            newest: settled,
            settled,
            devices: Devices::default(),
            positions: HashMap::new(),
            due: Due::default(),
        };
        let mut find = connection.prepare(
            "SELECT number, device, seq, time_ms, journal_seq, counts_as
             FROM device_events WHERE number > ?1 ORDER BY number",
        )?;
        let mut rows = find.query([settled as i64])?;
        while let Some(row) = rows.next()? {
            let number = row.get::<_, i64>(0)?;
            tail.newest = number as u64;
            let id: DeviceId = read_id("a device id", row.get(1)?)?;
            let Some(device) = tail.devices.get(connection, &id)? else { continue };
            if let Some(seq) = row.get::<_, Option<i64>>(4)? {
                let Known { position, since } = known(&mut tail.positions, connection, &device.node)?;
                // What came before is of another journal.
                if number as u64 > *since {
                    position.stored = position.stored.max(seq as u64);
                }
            }
            let seq = row.get(2)?;
            if seq > device.told {
                device.told = seq;
                device.waiting.add((seq, number), row.get::<_, Option<String>>(5)?.as_deref(), row.get(3)?);
            }
        }
        Ok(tail)
    }

    /// Writes down what a device told. The number of the last one, of its own; none: there is no such device.
    pub fn insert(
        &mut self,
        change: &Connection,
        id: &DeviceId,
        events: &[NewDeviceEvent],
    ) -> Result<Option<u64>, DbError> {
        let told = self.devices.insert(change, id, None, events, &mut self.newest)?;
        self.settle_many(change, id)?;
        Ok(told)
    }

    /// Writes down what a machine told, if that is new, and how far its journal is read then.
    pub fn take(&mut self, change: &Connection, told: &NodeTold) -> Result<u64, DbError> {
        let NodeTold { node, journal, seq, device, events } = told;
        let Known { position, .. } = known(&mut self.positions, change, node)?;
        let lost = position.lost;
        // Of a journal that was given up meanwhile nothing is taken.
        if position.journal == *journal && position.take(*seq) == Taken::New {
            let from = Some((node, *seq));
            let kept =
                !events.is_empty() && self.devices.insert(change, device, from, events, &mut self.newest)?.is_some();
            // What no event tells is written down by itself.
            if !kept || position.lost != lost {
                write_position(change, node, position)?;
            }
        }
        let stored = position.stored;
        self.settle_many(change, device)?;
        Ok(stored)
    }

    /// How far a machine's journal was read, of one that comes with this journal now.
    pub fn open_journal(&mut self, change: &Connection, node: &NodeId, journal: &str) -> Result<Position, DbError> {
        let Known { position, since } = known(&mut self.positions, change, node)?;
        if position.journal != journal {
            *position = std::mem::take(position).open(journal);
            *since = self.newest;
            write_position(change, node, position)?;
            change
                .prepare_cached("UPDATE positions SET since = ?2 WHERE node = ?1")?
                .execute(params![node.as_str(), *since as i64])?;
        }
        Ok(position.clone())
    }

    /// Puts all that a device told where it is looked for.
    pub fn settle(&mut self, change: &Connection, id: &DeviceId) -> Result<(), DbError> {
        let Some(Device { node, told, waiting }) = self.devices.0.get_mut(id) else { return Ok(()) };
        let Waiting { events, counts } = std::mem::take(waiting);
        if events.is_empty() {
            return Ok(());
        }
        for (seq, number) in events {
            change
                .prepare_cached("INSERT INTO event_places (device, seq, number) VALUES (?1, ?2, ?3)")?
                .execute(params![id.as_str(), seq, number])?;
        }
        for Count { what, minute, count } in counts {
            change
                .prepare_cached(
                    "INSERT INTO device_counts (device, minute, what, count) VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (device, minute, what) DO UPDATE SET count = count + excluded.count",
                )?
                .execute(params![id.as_str(), minute, what, count])?;
        }
        change.prepare_cached("UPDATE told SET seq = ?2 WHERE device = ?1")?.execute(params![id.as_str(), *told])?;
        if let Some(Known { position, .. }) = self.positions.get(node) {
            write_position(change, node, position)?;
        }
        Ok(())
    }

    /// The same with a device that told so much that it does not wait for its turn.
    fn settle_many(&mut self, change: &Connection, id: &DeviceId) -> Result<(), DbError> {
        match self.devices.0.get(id) {
            Some(device) if device.waiting.events.len() >= MANY => self.settle(change, id),
            _ => Ok(()),
        }
    }

    /// Whether an event is where it is looked for, whatever its device is.
    pub fn is_settled(&self, number: i64) -> bool {
        number as u64 <= self.settled
    }

    /// Settles so many devices that the round is over in time.
    fn go_round(&mut self, change: &Connection) -> Result<(), DbError> {
        if self.due.left.is_empty() {
            if self.newest - self.settled < self.round() {
                return Ok(());
            }
            self.begin_round();
        }
        let Due { of, newest, round, .. } = self.due;
        let part = (self.newest - newest).min(round);
        self.settle_until(change, of - (of as u64 * part / round) as usize)
    }

    fn round(&self) -> u64 {
        self.each * self.devices.0.len().max(1) as u64
    }

    fn settle_all(&mut self, change: &Connection) -> Result<(), DbError> {
        self.begin_round();
        self.settle_until(change, 0)
    }

    fn begin_round(&mut self) {
        let waiting = self.devices.0.iter().rev().filter(|(_, device)| !device.waiting.events.is_empty());
        let left: Vec<DeviceId> = waiting.map(|(id, _)| id.clone()).collect();
        self.due = Due { of: left.len(), left, newest: self.newest, round: self.round() };
    }

    /// Settles devices until so many are left.
    fn settle_until(&mut self, change: &Connection, rest: usize) -> Result<(), DbError> {
        while self.due.left.len() > rest {
            let Some(id) = self.due.left.pop() else { break };
            self.settle(change, &id)?;
        }
        if self.due.left.is_empty() {
            self.settled = self.due.newest;
            change.prepare_cached("UPDATE settled SET number = ?1")?.execute([self.settled as i64])?;
        }
        Ok(())
    }
}

impl Devices {
    /// A device that is written down.
    fn get(&mut self, connection: &Connection, id: &DeviceId) -> Result<Option<&mut Device>, DbError> {
        if !self.0.contains_key(id) {
            let found = connection
                .prepare_cached("SELECT seq, node FROM told JOIN devices ON id = device WHERE device = ?1")?
                .query_row([id.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            let Some((told, node)) = found else { return Ok(None) };
            let device = Device { node: read_id("a node id", node)?, told, waiting: Waiting::default() };
            self.0.insert(id.clone(), device);
        }
        Ok(self.0.get_mut(id))
    }

    /// Writes down what a device told, `from` this place of its machine's journal. None: there is no such device, or it is another
    /// machine's.
    fn insert(
        &mut self,
        change: &Connection,
        id: &DeviceId,
        from: Option<(&NodeId, u64)>,
        events: &[NewDeviceEvent],
        newest: &mut u64,
    ) -> Result<Option<u64>, DbError> {
        let found = self.get(change, id)?;
        let Some(device) = found.filter(|device| from.is_none_or(|(node, _)| device.node == *node)) else {
            return Ok(None);
        };
        for event in events {
            let NewDeviceEvent { time_ms, received_ms, offset_ms, counts_as, event } = event;
            let (time_ms, received_ms) = (*time_ms as i64, *received_ms as i64);
            device.told += 1;
            let number = change
                .prepare_cached(
                    "INSERT INTO device_events
                         (device, seq, time_ms, received_ms, offset_ms, journal_seq, counts_as, event)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                )?
                .insert(params![
                    id.as_str(),
                    device.told,
                    time_ms,
                    received_ms,
                    offset_ms,
                    from.map(|(_, seq)| seq as i64),
                    counts_as,
                    event
                ])?;
            device.waiting.add((device.told, number), counts_as.as_deref(), time_ms);
            *newest = number as u64;
        }
        Ok(Some(device.told as u64))
    }
}

impl Waiting {
    fn add(&mut self, event: (i64, i64), counts_as: Option<&str>, time_ms: i64) {
        self.events.push(event);
        let (Some(what), minute) = (counts_as, time_ms / 60_000) else { return };
        match self.counts.iter_mut().rev().find(|known| known.minute == minute && known.what == what) {
            Some(known) => known.count += 1,
            None => self.counts.push(Count { what: what.to_owned(), minute, count: 1 }),
        }
    }
}

/// How far a machine's journal is read.
fn known<'a>(
    positions: &'a mut HashMap<NodeId, Known>,
    connection: &Connection,
    node: &NodeId,
) -> Result<&'a mut Known, DbError> {
    match positions.entry(node.clone()) {
        Entry::Occupied(known) => Ok(known.into_mut()),
        Entry::Vacant(empty) => {
            let mut find =
                connection.prepare_cached("SELECT journal, stored, lost, since FROM positions WHERE node = ?1")?;
            let mut rows = find.query([node.as_str()])?;
            let known = match rows.next()? {
                Some(row) => {
                    let number = |at| Ok::<_, DbError>(row.get::<_, i64>(at)? as u64);
                    let position = Position { journal: row.get(0)?, stored: number(1)?, lost: number(2)? };
                    Known { position, since: number(3)? }
                }
                None => Known { position: Position::default(), since: 0 },
            };
            Ok(empty.insert(known))
        }
    }
}

fn write_position(change: &Connection, node: &NodeId, position: &Position) -> Result<(), DbError> {
    let Position { journal, stored, lost } = position;
    change
        .prepare_cached("UPDATE positions SET journal = ?2, stored = ?3, lost = ?4 WHERE node = ?1")?
        .execute(params![node.as_str(), journal, *stored as i64, *lost as i64])?;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
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
            let mut expected: BTreeMap<DeviceId, Expected> =
                (0..8).map(|at| (device(at), Expected::default())).collect();
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
                        let opened = told.change(&mut connection, |change, tail| {
                            tail.open_journal(change, &node(machine), &journal)
                        });
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
                let opened = told.change(&mut connection, |change, tail| {
                    tail.open_journal(change, &node(machine), &position.journal)
                });
                assert_eq!(opened.unwrap(), *position, "{seed}");
            }
            for (id, expected) in &expected {
                told.change(&mut connection, |change, tail| tail.settle(change, id)).unwrap();
                assert_eq!(found(&connection, id), *expected, "{seed}");
            }
        }
    }
}
