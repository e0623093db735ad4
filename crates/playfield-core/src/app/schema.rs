//! What an app declared that it says, and the check of each thing it does say.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

use super::manifest::ManifestError;

/// Longest text that an app may hand over as one object, in bytes.
pub const MOST_OBJECT: usize = 4096;
/// Most fields, and words of a choice.
const MOST_FIELDS: usize = 32;
const MOST_WORDS: usize = 64;
/// Longest name of a field or word of a choice, in bytes.
const MOST_LETTERS: usize = 32;
/// Largest number, and most decimals of a step: their product is a whole number that a double holds.
const MOST_NUMBER: f64 = 1e9;
const MOST_DECIMALS: i32 = 6;

/// What a field may be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Field {
    /// A number, told as the nearest step from the least one.
    Number {
        /// The least.
        min: f64,
        /// The most.
        max: f64,
        /// What is finer does not leave.
        step: f64,
    },
    /// A whole number.
    Integer {
        /// The least.
        min: i64,
        /// The most.
        max: i64,
    },
    /// Yes or no.
    Boolean {},
    /// One of these words.
    Choice {
        /// The words.
        of: Vec<String>,
    },
    /// The name of one of the model's classes.
    Label {},
}

/// Why something that an app said does not leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not JSON, or not an object.
    #[error("it is no JSON object")]
    NoObject,
    /// A field that the manifest does not declare.
    #[error("a field is not declared in the app's manifest")]
    Undeclared,
    /// A value of another kind than declared, or outside its range.
    #[error("a value is not of the kind, or not in the range, that the app's manifest declares")]
    Value,
    /// The bytes of this minute are used up.
    #[error("the app's budget of bytes is used up for now")]
    Budget,
    /// More than [`MOST_OBJECT`] bytes.
    #[error("it is longer than {MOST_OBJECT} bytes")]
    TooLong,
}

impl Refusal {
    /// What `emit` returns for it.
    pub const fn code(self) -> i32 {
        match self {
            Refusal::NoObject => -1,
            Refusal::Undeclared => -2,
            Refusal::Value => -3,
            Refusal::Budget => -4,
            Refusal::TooLong => -5,
        }
    }
}

/// Steps from a least number on, as whole numbers of a decimal.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Steps {
    /// The least, and the step, times ten to the power of `decimals`.
    min: i64,
    step: i64,
    /// How many numbers there are.
    levels: u64,
    decimals: i32,
}

#[derive(Clone, Debug, PartialEq)]
enum Kind {
    Number(Steps, f64),
    Integer(i64, i64),
    Boolean,
    Choice(Vec<String>),
    Label,
}

/// What an app may say.
#[derive(Clone, Debug, PartialEq)]
pub struct Schema {
    fields: BTreeMap<String, Kind>,
}

impl Schema {
    /// From what a manifest declares.
    pub(super) fn new(fields: &BTreeMap<String, Field>) -> Result<Schema, ManifestError> {
        let wrong = |key: &str, problem: String| Err(ManifestError::new(format!("output.fields.{key}"), problem));
        if fields.is_empty() || fields.len() > MOST_FIELDS {
            return Err(ManifestError::new("output.fields", format!("must declare 1 to {MOST_FIELDS} fields")));
        }
        let mut kinds = BTreeMap::new();
        for (name, field) in fields {
            if !is_word(name) {
                return wrong(name, format!("must be named by 1 to {MOST_LETTERS} of a-z, 0-9, - and _"));
            }
            match Kind::of(field) {
                Ok(kind) => kinds.insert(name.clone(), kind),
                Err(problem) => return wrong(name, problem),
            };
        }
        Ok(Schema { fields: kinds })
    }

    /// Whether there is a field of this name.
    pub fn declares(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }

    /// What leaves of something that an app said: each declared field that is there, in the one form that its value has. `labels`
    /// are the model's classes.
    pub fn check(&self, json: &[u8], labels: &[String]) -> Result<Value, Refusal> {
        if json.len() > MOST_OBJECT {
            return Err(Refusal::TooLong);
        }
        let said: Map<String, Value> = serde_json::from_slice(json).map_err(|_| Refusal::NoObject)?;
        if said.keys().any(|key| !self.fields.contains_key(key)) {
            return Err(Refusal::Undeclared);
        }
        let mut leaves = Map::new();
        for (name, kind) in &self.fields {
            if let Some(value) = said.get(name) {
                leaves.insert(name.clone(), kind.check(value, labels).ok_or(Refusal::Value)?);
            }
        }
        Ok(Value::Object(leaves))
    }

    /// Most bits that one object can carry, for a model of so many classes. That a field is left out is one more value of it.
    pub fn bits(&self, labels: usize) -> f64 {
        self.fields.values().map(|kind| (kind.values(labels) + 1.0).log2()).sum()
    }
}

impl Kind {
    fn of(field: &Field) -> Result<Kind, String> {
        match field {
            Field::Number { min, max, step } => {
                let steps = Steps::new(*min, *max, *step).ok_or_else(|| {
                    format!("needs min < max within {MOST_NUMBER:e} of 0, and a step of at most {MOST_DECIMALS} decimals that they are told in")
                })?;
                Ok(Kind::Number(steps, *max))
            }
            Field::Integer { min, max } => {
                let fits = |number: &i64| number.unsigned_abs() <= MOST_NUMBER as u64;
                let holds = min < max && fits(min) && fits(max);
                holds.then_some(Kind::Integer(*min, *max)).ok_or(format!("needs min < max within {MOST_NUMBER:e} of 0"))
            }
            Field::Boolean {} => Ok(Kind::Boolean),
            Field::Choice { of } => {
                let mut words = of.clone();
                words.sort();
                words.dedup();
                let holds = (1..=MOST_WORDS).contains(&of.len()) && words.len() == of.len();
                let holds = holds && words.iter().all(|word| is_word(word));
                let problem =
                    format!("needs 1 to {MOST_WORDS} words, none twice, each 1 to {MOST_LETTERS} of a-z, 0-9, - and _");
                holds.then_some(Kind::Choice(words)).ok_or(problem)
            }
            Field::Label {} => Ok(Kind::Label),
        }
    }

    fn check(&self, value: &Value, labels: &[String]) -> Option<Value> {
        match self {
            Kind::Number(steps, max) => steps.nearest(value.as_f64()?, *max),
            Kind::Integer(min, max) => {
                let number =
                    value.as_i64().or_else(|| value.as_f64().filter(|it| it.fract() == 0.0).map(|it| it as i64))?;
                (min..=max).contains(&&number).then(|| number.into())
            }
            Kind::Boolean => value.as_bool().map(Value::Bool),
            Kind::Choice(words) => known(words, value),
            Kind::Label => known(labels, value),
        }
    }

    /// How many values there are.
    fn values(&self, labels: usize) -> f64 {
        match self {
            Kind::Number(steps, _) => steps.levels as f64,
            Kind::Integer(min, max) => (max - min) as f64 + 1.0,
            Kind::Boolean => 2.0,
            Kind::Choice(words) => words.len() as f64,
            Kind::Label => labels as f64,
        }
    }
}

impl Steps {
    fn new(min: f64, max: f64, step: f64) -> Option<Steps> {
        let fits = |number: f64| number.is_finite() && number.abs() <= MOST_NUMBER;
        if !(fits(min) && fits(max) && fits(step) && min < max && step > 0.0) {
            return None;
        }
        let whole = |number: f64| (number - number.round()).abs() < 1e-6;
        let decimals = (0..=MOST_DECIMALS).find(|&decimals| {
            let scale = 10f64.powi(decimals);
            whole(min * scale) && whole(step * scale) && (step * scale).round() >= 1.0
        })?;
        let scale = 10f64.powi(decimals);
        let levels = ((max - min) / step + 1e-6).floor() as u64 + 1;
        let steps = Steps { min: (min * scale).round() as i64, step: (step * scale).round() as i64, levels, decimals };
        (levels > 1).then_some(steps)
    }

    fn nearest(&self, number: f64, max: f64) -> Option<Value> {
        let scale = 10f64.powi(self.decimals);
        let (min, step) = (self.min as f64 / scale, self.step as f64 / scale);
        if !(min..=max).contains(&number) {
            return None;
        }
        let nth = (((number - min) / step).round() as u64).min(self.levels - 1);
        let whole = self.min + nth as i64 * self.step;
        if self.decimals == 0 {
            return Some(whole.into());
        }
        Number::from_f64(whole as f64 / scale).map(Value::Number)
    }
}

/// One of these words.
fn known(words: &[String], value: &Value) -> Option<Value> {
    let word = words.iter().find(|word| value.as_str() == Some(word))?;
    Some(Value::String(word.clone()))
}

fn is_word(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    (1..=MOST_LETTERS).contains(&text.len()) && text.bytes().all(letter)
}
