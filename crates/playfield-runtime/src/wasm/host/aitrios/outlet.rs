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
    /// Hands over a telemetry value, a message or a state. All that is in it is let through, or the first thing that is not is the
    /// answer; what went before that is out.
    pub fn say(&self, booth: &Booth, json: &[u8]) -> Result<(), Refusal> {
        let said = aitrios::opened(json, &self.schema).and_then(|objects| {
            objects.iter().try_for_each(|object| booth.emit(self.schema.check(object, &self.labels)?))
        });
        if let Err(refusal) = said {
            booth.refuse();
            booth.line(format!("what it said was not let out: {refusal}"));
        }
        said
    }
}
