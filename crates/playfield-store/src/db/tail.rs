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
mod tests;
