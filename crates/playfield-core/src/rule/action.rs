//! What a rule does.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::SteerAction;
use crate::id::SessionId;
use crate::input::{Pad, PadButton};

/// What is done when a rule fires.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "do", rename_all = "camelCase", deny_unknown_fields)]
pub enum Action {
    /// A signed POST to an address.
    Webhook {
        /// `https://` or `http://`, at most 2,048 characters.
        url: String,
    },
    /// A message to the MQTT broker of the settings.
    Mqtt {
        /// Its topic; none: `PREFIX/rules/RULE`, with the prefix of the settings and the rule's id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        topic: Option<String>,
        /// Whether the broker keeps it for those who come later.
        #[serde(default)]
        retain: bool,
    },
    /// A mail, by the server of the settings.
    Mail {
        /// To whom, 1 to 16 addresses.
        to: Vec<String>,
        /// Its subject; none: the rule's name and the camera's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        subject: Option<String>,
    },
    /// A player's pad is touched in a session that is played.
    Input(InputAction),
    /// A player's pad is moved by where something is, in sessions that are played. Of rules on what is `present` alone.
    Steer(SteerAction),
}

/// A pad that is touched for a while: one button, or one axis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InputAction {
    /// Of every session that plays this title,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// or of this session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub session: Option<SessionId>,
    /// The seat, from 0.
    #[serde(default)]
    pub player: u8,
    /// A button, by the words of input logs: `a`, `up`, `start`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub button: Option<String>,
    /// An axis: `lx`, `ly`, `rx` or `ry`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub axis: Option<String>,
    /// Where the axis is held: -1 (left, up) to 1 (right, down).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f32>,
    /// For how long, 16 to 10,000 ms.
    pub hold_ms: u32,
}

/// What an input action is aimed at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Every session of a title.
    Title(String),
    /// One session.
    Session(SessionId),
}

impl InputAction {
    /// What it is aimed at; none: at nothing, which [`super::Rule::check`] refuses.
    pub fn subject(&self) -> Option<Subject> {
        subject(self.title.as_ref(), self.session.as_ref())
    }

    /// The pad while it is held; none: no button or axis has that name, which [`super::Rule::check`] refuses.
    pub fn pad(&self) -> Option<Pad> {
        match (&self.button, &self.axis) {
            (Some(button), None) => Some(Pad { buttons: PadButton::from_name(button)?.bit(), ..Pad::default() }),
            (None, Some(name)) => axis(name, self.value.unwrap_or(0.0)),
            _ => None,
        }
    }
}

pub(super) fn subject(title: Option<&String>, session: Option<&SessionId>) -> Option<Subject> {
    session.cloned().map(Subject::Session).or_else(|| title.cloned().map(Subject::Title))
}

/// A pad whose axis of this name is held at -1 to 1.
pub(super) fn axis(name: &str, value: f32) -> Option<Pad> {
    let held = (value.clamp(-1.0, 1.0) * 32_767.0).round() as i16;
    let mut pad = Pad::default();
    *match name {
        "lx" => &mut pad.lx,
        "ly" => &mut pad.ly,
        "rx" => &mut pad.rx,
        "ry" => &mut pad.ry,
        _ => return None,
    } = held;
    Some(pad)
}
