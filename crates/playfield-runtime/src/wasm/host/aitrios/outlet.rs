//! The one way out of an AITRIOS app: its schema, then its budget.

use playfield_core::app::{Refusal, Schema, aitrios};

use super::booth::Booth;

/// What it may say.
#[derive(Debug)]
pub struct Outlet {
    pub schema: Schema,
    /// Names of the model's classes.
    pub labels: Vec<String>,
}

impl Outlet {
    /// Hands over a telemetry value, a message or a state: all of it goes out, or nothing.
    pub fn say(&self, booth: &Booth, json: &[u8]) -> Result<(), Refusal> {
        let checked = aitrios::opened(json, &self.schema).and_then(|objects| {
            objects.iter().map(|object| self.schema.check(object, &self.labels)).collect::<Result<Vec<_>, _>>()
        });
        let said = checked.and_then(|values| booth.emit(values));
        if let Err(refusal) = said
            && booth.refuse(refusal)
        {
            booth.line(format!("what it said was not let out: {refusal}; that is not said again"));
        }
        said
    }
}
