//! Rules and what came of them, as the API speaks of them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::id::{DeliveryId, DeviceId, RuleId};
use crate::rule::{Action, Rule};

/// `GET /api/v1/rules`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct KnownRules {
    /// The oldest first.
    pub rules: Vec<KnownRule>,
}

/// A rule that is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct KnownRule {
    /// Its id.
    #[schema(value_type = String)]
    pub id: RuleId,
    /// How often it was changed, from 1.
    pub version: u32,
    /// When it was made: Unix time in milliseconds.
    pub created_ms: u64,
    /// When it was changed last. What was taken down before does not concern it.
    pub changed_ms: u64,
    /// What its webhooks are signed with: `whsec_` and base64, as Standard Webhooks 1.0 writes it.
    pub secret: String,
    /// What it says.
    #[serde(flatten)]
    pub rule: Rule,
}

/// `PUT /api/v1/rules/{id}`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ChangeRule {
    /// The version that this was made from: if somebody else changed it meanwhile, nothing is changed. None: whatever it is.
    #[serde(default)]
    pub version: Option<u32>,
    /// What it is to say.
    pub rule: Rule,
}

/// What became of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum DeliveryState {
    /// It is to be done, or to be tried again.
    Waiting,
    /// It was done.
    Done,
    /// It was not done, and is not tried again.
    GivenUp,
}

/// `GET /api/v1/deliveries`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Deliveries {
    /// The newest first.
    pub deliveries: Vec<Delivery>,
}

/// An action of a rule that fired.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Delivery {
    /// Its id: whoever receives it twice knows it by that.
    #[schema(value_type = String)]
    pub id: DeliveryId,
    /// Its place among all, from 1.
    pub number: u64,
    /// The rule.
    #[schema(value_type = String)]
    pub rule: RuleId,
    /// The camera; none: it is a test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub device: Option<DeviceId>,
    /// What is done.
    pub action: Action,
    /// What became of it.
    pub state: DeliveryState,
    /// How often it was tried.
    pub tries: u32,
    /// What went wrong last, or how it was done, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// When the rule fired: Unix time in milliseconds.
    pub created_ms: u64,
    /// When it is tried next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_ms: Option<u64>,
    /// When it was done, or given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_ms: Option<u64>,
}
