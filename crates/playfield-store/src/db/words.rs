//! Between the words of `core` and what a column holds: the same spelling as on the wire.

use std::str::FromStr;

use rusqlite::Row;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{DbError, Hash};

/// A unit enum as its serde name.
pub(super) fn word<T: Serialize>(value: T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        other => unreachable!("a unit enum is a JSON string, not {other:?}"),
    }
}

pub(super) fn read_word<T: DeserializeOwned>(what: &'static str, word: String) -> Result<T, DbError> {
    let value = serde_json::Value::String(word.clone());
    serde_json::from_value(value).map_err(|_| DbError::Corrupt { what, value: word })
}

pub(super) fn read_id<T: FromStr>(what: &'static str, text: String) -> Result<T, DbError> {
    text.parse().map_err(|_| DbError::Corrupt { what, value: text })
}

pub(super) fn read_hash(row: &Row<'_>, column: &str) -> Result<Option<Hash>, DbError> {
    let bytes: Option<Vec<u8>> = row.get(column)?;
    let length = |bytes: Vec<u8>| DbError::Corrupt { what: "a SHA-256", value: format!("{} bytes", bytes.len()) };
    bytes.map(|bytes| Hash::try_from(bytes).map_err(length)).transpose()
}
