//! Settings that a guest offers to whoever plays it.

use serde::{Deserialize, Serialize};

/// One thing that can be chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Setting {
    /// Names it to the guest.
    pub key: String,
    /// Names it to people.
    pub label: String,
    /// More about it, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub info: String,
    /// The group it belongs to, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// What can be chosen.
    pub choices: Vec<Choice>,
    /// What is chosen.
    pub value: String,
}

/// A value of a [`Setting`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Names it to the guest.
    pub value: String,
    /// Names it to people.
    pub label: String,
}

impl Setting {
    /// Whether a value can be chosen.
    pub fn offers(&self, value: &str) -> bool {
        self.choices.iter().any(|choice| choice.value == value)
    }
}
