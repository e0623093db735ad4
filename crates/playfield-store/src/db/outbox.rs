//! What rules are to do, and did: written down together with how far the events were read, so that a process that is killed
//! between the two neither forgets an action nor takes it up twice.

use playfield_core::api::DeliveryState;
use playfield_core::id::{DeliveryId, DeviceId, RuleId};
use rusqlite::{OptionalExtension, Row, Rows, params};

use super::devices::up_to;
use super::words::{read_id, read_word, word};
use super::{Db, DbError};

/// Where it is kept up to which event the rules were asked.
const READ: &str = "rules read";
/// Of one destination so many are due at once: one that is slow must not hold up the others.
const AT_ONCE: u32 = 2;

/// What followed from events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fired {
    /// The rules were asked up to this event; none: no event was read.
    pub read: Option<u64>,
    /// Who fired last: one that was removed meanwhile is left out.
    pub firings: Vec<FiringRow>,
    /// What is to be done.
    pub deliveries: Vec<NewDelivery>,
}

/// When a rule fired last before a camera.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FiringRow {
    /// The rule.
    pub rule: RuleId,
    /// The camera.
    pub device: DeviceId,
    /// The event, by its number among all.
    pub number: u64,
    /// When.
    pub at_ms: u64,
}

/// An action to be written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDelivery {
    /// Its id.
    pub id: DeliveryId,
    /// The rule that fired.
    pub rule: RuleId,
    /// The camera; none: it is a test.
    pub device: Option<DeviceId>,
    /// What is to be done, as JSON.
    pub action: String,
    /// Where it goes: those of one destination wait for each other.
    pub destination: String,
    /// What is to be said.
    pub body: String,
    /// When the rule fired.
    pub created_ms: u64,
    /// When it is due, unless it is over already.
    pub due_ms: u64,
    /// What became of it already, with a sentence; none: it is to be done.
    pub ended: Option<(DeliveryState, String)>,
}

/// An action, as it is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRow {
    /// Its place among all, from 1.
    pub number: u64,
    /// Its id.
    pub id: DeliveryId,
    /// The rule that fired.
    pub rule: RuleId,
    /// The camera; none: it is a test.
    pub device: Option<DeviceId>,
    /// What is to be done, as JSON.
    pub action: String,
    /// What is to be said.
    pub body: String,
    /// What became of it.
    pub state: DeliveryState,
    /// How often it was tried.
    pub tries: u32,
    /// What went wrong last, or how it was done.
    pub detail: Option<String>,
    /// When the rule fired.
    pub created_ms: u64,
    /// When it is due; none: it is over.
    pub next_ms: Option<u64>,
    /// When it was done, or given up.
    pub ended_ms: Option<u64>,
}

impl Db {
    /// Up to which event the rules were asked; none: they never were.
    pub async fn rules_read(&self) -> Result<Option<u64>, DbError> {
        let kept = self.kept(READ).await?;
        let read = |bytes: Vec<u8>| {
            let wrong =
                |bytes: Vec<u8>| DbError::Corrupt { what: "the number of an event", value: format!("{bytes:?}") };
            <[u8; 8]>::try_from(bytes).map(u64::from_be_bytes).map_err(wrong)
        };
        kept.map(read).transpose()
    }

    /// Writes down what followed: all of it or nothing. Where more than `most` actions wait, the oldest are given up, with this
    /// sentence. Returns how many were.
    pub async fn fire(&self, fired: Fired, most: u32, too_many: String, now_ms: u64) -> Result<usize, DbError> {
        self.call(move |connection| {
            let Fired { read, firings, deliveries } = fired;
            let change = connection.transaction()?;
            if let Some(read) = read {
                change
                    .prepare_cached("INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)")?
                    .execute(params![READ, read.to_be_bytes()])?;
            }
            for FiringRow { rule, device, number, at_ms } in firings {
                change
                    .prepare_cached(
                        "INSERT OR REPLACE INTO firings (rule, device, number, at_ms)
                         SELECT id, ?2, ?3, ?4 FROM rules WHERE id = ?1",
                    )?
                    .execute(params![rule.as_str(), device.as_str(), number as i64, at_ms as i64])?;
            }
            for new in deliveries {
                insert(&change, new)?;
            }
            let given_up = change
                .prepare_cached(
                    "UPDATE deliveries SET state = 'givenUp', next_ms = NULL, ended_ms = ?1, detail = ?2
                     WHERE number IN (SELECT number FROM deliveries WHERE next_ms IS NOT NULL
                                      ORDER BY number DESC LIMIT -1 OFFSET ?3)",
                )?
                .execute(params![now_ms as i64, too_many, most])?;
            change.commit()?;
            Ok(given_up)
        })
        .await
    }

    /// When rules that are there fired last, by the number of the event.
    pub async fn firings(&self) -> Result<Vec<FiringRow>, DbError> {
        self.call(move |connection| {
            let mut find = connection.prepare_cached("SELECT * FROM firings ORDER BY number, rule")?;
            let mut rows = find.query([])?;
            let mut firings = Vec::new();
            while let Some(row) = rows.next()? {
                firings.push(FiringRow {
                    rule: read_id("a rule id", row.get("rule")?)?,
                    device: read_id("a device id", row.get("device")?)?,
                    number: row.get::<_, i64>("number")? as u64,
                    at_ms: row.get::<_, i64>("at_ms")? as u64,
                });
            }
            Ok(firings)
        })
        .await
    }

    /// What is due, the longest first: at most `most`, and of each destination two.
    pub async fn due(&self, now_ms: u64, most: u32) -> Result<Vec<DeliveryRow>, DbError> {
        self.call(move |connection| {
            let mut find = connection.prepare_cached(
                "SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY destination ORDER BY next_ms, number) AS place
                                FROM deliveries WHERE next_ms <= ?1)
                 WHERE place <= ?2 ORDER BY next_ms, number LIMIT ?3",
            )?;
            read_deliveries(find.query(params![now_ms as i64, AT_ONCE, most])?)
        })
        .await
    }

    /// When something is due next.
    pub async fn next_due(&self, after_ms: u64) -> Result<Option<u64>, DbError> {
        self.call(move |connection| {
            let mut find = connection.prepare_cached("SELECT min(next_ms) FROM deliveries WHERE next_ms > ?1")?;
            let next: Option<i64> = find.query_row([after_ms as i64], |row| row.get(0))?;
            Ok(next.map(|ms| ms as u64))
        })
        .await
    }

    /// It was tried, and this became of it. `next_ms`: it is tried again then. Of one that is over already nothing changes.
    pub async fn tried(
        &self,
        id: DeliveryId,
        state: DeliveryState,
        detail: String,
        next_ms: Option<u64>,
        now_ms: u64,
    ) -> Result<(), DbError> {
        self.call(move |connection| {
            let (next, ended) = (next_ms.map(|ms| ms as i64), next_ms.is_none().then_some(now_ms as i64));
            connection
                .prepare_cached(
                    "UPDATE deliveries SET state = ?2, detail = ?3, next_ms = ?4, ended_ms = ?5, tries = tries + 1
                     WHERE id = ?1 AND next_ms IS NOT NULL",
                )?
                .execute(params![id.as_str(), word(state), detail, next, ended])?;
            Ok(())
        })
        .await
    }

    /// Actions, the newest first: at most `most` of those before `before`, of one rule or of all.
    pub async fn deliveries(
        &self,
        rule: Option<RuleId>,
        before: Option<u64>,
        most: u32,
    ) -> Result<Vec<DeliveryRow>, DbError> {
        self.call(move |connection| {
            let before = before.map_or(i64::MAX, up_to);
            let sql = match rule {
                Some(_) => "SELECT * FROM deliveries WHERE rule = ?1 AND number < ?2 ORDER BY number DESC LIMIT ?3",
                None => "SELECT * FROM deliveries WHERE ?1 IS NULL AND number < ?2 ORDER BY number DESC LIMIT ?3",
            };
            let rule = rule.as_ref().map(RuleId::as_str);
            read_deliveries(connection.prepare_cached(sql)?.query(params![rule, before, most])?)
        })
        .await
    }

    /// An action.
    pub async fn delivery(&self, id: DeliveryId) -> Result<Option<DeliveryRow>, DbError> {
        self.call(move |connection| {
            let mut find = connection.prepare_cached("SELECT * FROM deliveries WHERE id = ?1")?;
            let mut rows = find.query([id.as_str()])?;
            rows.next()?.map(read_delivery).transpose()
        })
        .await
    }

    /// Forgets actions that are over: those that ended before this time, and all but the `newest`. Returns how many.
    pub async fn forget_deliveries(&self, before_ms: u64, newest: u32) -> Result<usize, DbError> {
        self.call(move |connection| {
            let kept: Option<i64> = connection
                .prepare_cached("SELECT number FROM deliveries ORDER BY number DESC LIMIT 1 OFFSET ?1")?
                .query_row([newest], |row| row.get(0))
                .optional()?;
            Ok(connection
                .prepare_cached("DELETE FROM deliveries WHERE next_ms IS NULL AND (ended_ms < ?1 OR number <= ?2)")?
                .execute(params![before_ms as i64, kept.unwrap_or(0)])?)
        })
        .await
    }
}

fn insert(connection: &rusqlite::Connection, new: NewDelivery) -> Result<(), DbError> {
    let NewDelivery { id, rule, device, action, destination, body, created_ms, due_ms, ended } = new;
    let waits = ended.is_none();
    let (state, detail) = ended.map_or((DeliveryState::Waiting, None), |(state, detail)| (state, Some(detail)));
    let at = created_ms as i64;
    connection
        .prepare_cached(
            "INSERT INTO deliveries (id, rule, device, action, destination, body, state, detail, created_ms, next_ms, ended_ms,
                                     tries)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )?
        .execute(params![
            id.as_str(),
            rule.as_str(),
            device.as_ref().map(DeviceId::as_str),
            action,
            destination,
            body,
            word(state),
            detail,
            at,
            waits.then_some(due_ms as i64),
            (!waits).then_some(at),
            u32::from(!waits),
        ])?;
    Ok(())
}

fn read_deliveries(mut rows: Rows<'_>) -> Result<Vec<DeliveryRow>, DbError> {
    let mut deliveries = Vec::new();
    while let Some(row) = rows.next()? {
        deliveries.push(read_delivery(row)?);
    }
    Ok(deliveries)
}

fn read_delivery(row: &Row<'_>) -> Result<DeliveryRow, DbError> {
    let ms = |column| Ok::<_, DbError>(row.get::<_, Option<i64>>(column)?.map(|ms| ms as u64));
    let device: Option<String> = row.get("device")?;
    Ok(DeliveryRow {
        number: row.get::<_, i64>("number")? as u64,
        id: read_id("a delivery id", row.get("id")?)?,
        rule: read_id("a rule id", row.get("rule")?)?,
        device: device.map(|id| read_id("a device id", id)).transpose()?,
        action: row.get("action")?,
        body: row.get("body")?,
        state: read_word("a state of a delivery", row.get("state")?)?,
        tries: row.get("tries")?,
        detail: row.get("detail")?,
        created_ms: row.get::<_, i64>("created_ms")? as u64,
        next_ms: ms("next_ms")?,
        ended_ms: ms("ended_ms")?,
    })
}
