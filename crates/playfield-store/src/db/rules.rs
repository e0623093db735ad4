//! Rules on what cameras tell, as they are kept.

use playfield_core::id::RuleId;
use rusqlite::{Row, params};

use super::words::read_id;
use super::{Db, DbError};

/// A rule, as it is written and found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleRow {
    /// Its id.
    pub id: RuleId,
    /// What it says, as JSON.
    pub rule: String,
    /// How often it was changed, from 1.
    pub version: u32,
    /// When it was made.
    pub created_ms: u64,
    /// When it was changed last.
    pub changed_ms: u64,
}

impl Db {
    /// Writes down a new rule. False: there are `most` already, and nothing was written.
    pub async fn insert_rule(&self, rule: RuleRow, most: usize) -> Result<bool, DbError> {
        self.call(move |connection| {
            let RuleRow { id, rule, version, created_ms, changed_ms } = rule;
            let inserted = connection
                .prepare_cached(
                    "INSERT INTO rules (id, rule, version, created_ms, changed_ms)
                     SELECT ?1, ?2, ?3, ?4, ?5 WHERE (SELECT count(*) FROM rules) < ?6",
                )?
                .execute(params![id.as_str(), rule, version, created_ms as i64, changed_ms as i64, most as i64])?;
            Ok(inserted == 1)
        })
        .await
    }

    /// All rules, the oldest first.
    pub async fn rules(&self) -> Result<Vec<RuleRow>, DbError> {
        self.call(move |connection| {
            let mut find = connection.prepare_cached("SELECT * FROM rules ORDER BY created_ms, id")?;
            let mut rows = find.query([])?;
            let mut rules = Vec::new();
            while let Some(row) = rows.next()? {
                rules.push(read_rule(row)?);
            }
            Ok(rules)
        })
        .await
    }

    /// A rule.
    pub async fn rule(&self, id: RuleId) -> Result<Option<RuleRow>, DbError> {
        self.call(move |connection| {
            let mut find = connection.prepare_cached("SELECT * FROM rules WHERE id = ?1")?;
            let mut rows = find.query([id.as_str()])?;
            rows.next()?.map(read_rule).transpose()
        })
        .await
    }

    /// Changes a rule, if nobody did since `version`. False: somebody did, or there is no such rule.
    pub async fn set_rule(&self, id: RuleId, version: u32, rule: String, now_ms: u64) -> Result<bool, DbError> {
        self.call(move |connection| {
            let changed = connection
                .prepare_cached(
                    "UPDATE rules SET rule = ?3, version = version + 1, changed_ms = ?4 WHERE id = ?1 AND version = ?2",
                )?
                .execute(params![id.as_str(), version, rule, now_ms as i64])?;
            Ok(changed == 1)
        })
        .await
    }

    /// Removes a rule, and gives up what it was still to do. False: there is no such rule.
    pub async fn remove_rule(&self, id: RuleId, why: String, now_ms: u64) -> Result<bool, DbError> {
        self.call(move |connection| {
            let change = connection.transaction()?;
            let removed = change.prepare_cached("DELETE FROM rules WHERE id = ?1")?.execute([id.as_str()])?;
            change
                .prepare_cached(
                    "UPDATE deliveries SET state = 'givenUp', next_ms = NULL, ended_ms = ?2, detail = ?3
                     WHERE rule = ?1 AND next_ms IS NOT NULL",
                )?
                .execute(params![id.as_str(), now_ms as i64, why])?;
            change.commit()?;
            Ok(removed == 1)
        })
        .await
    }
}

fn read_rule(row: &Row<'_>) -> Result<RuleRow, DbError> {
    Ok(RuleRow {
        id: read_id("a rule id", row.get("id")?)?,
        rule: row.get("rule")?,
        version: row.get("version")?,
        created_ms: row.get::<_, i64>("created_ms")? as u64,
        changed_ms: row.get::<_, i64>("changed_ms")? as u64,
    })
}
