//! The lines of a log as JSON, checked, and what they do to a player.

use serde::{Deserialize, Serialize};

use crate::input::{
    Key, KeySet, MAX_PLAYERS, MAX_TOUCHES, MOUSE_BUTTONS, Pad, PadButton, PlayerInput, Pointer, Touch, Touches,
};

/// The optional first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Header {
    playfield: u32,
    #[serde(default)]
    pub seed: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub start_unix_ms: u64,
}

fn is_zero(value: &u64) -> bool {
    *value == 0
}

impl Header {
    pub fn new(seed: u64, start_unix_ms: u64) -> Header {
        Header { playfield: 1, seed, start_unix_ms }
    }

    /// The header, if this line is one and not yet a change.
    pub fn read(text: &str) -> Result<Option<Header>, String> {
        /// What tells a header from a change.
        #[derive(Deserialize)]
        struct Probe {
            playfield: Option<serde::de::IgnoredAny>,
        }
        match serde_json::from_str(text) {
            Ok(Probe { playfield: Some(_) }) if text.trim_start().starts_with('{') => {}
            _ => return Ok(None),
        }
        let header: Header = json(text)?;
        match header.playfield {
            1 => Ok(Some(header)),
            other => Err(format!("version {other} of the format; this program reads version 1")),
        }
    }
}

/// One change of one player.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    pub frame: u64,
    #[serde(default, skip_serializing_if = "is_first")]
    pub player: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connected: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pad: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lx: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ly: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rx: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ry: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub l2: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r2: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mouse: Option<Mouse>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub touch: Option<Vec<Finger>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

fn is_first(player: &u8) -> bool {
    *player == 0
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Mouse {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x: Option<i16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y: Option<i16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dx: Option<i16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dy: Option<i16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wheel: Option<i16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wheel_x: Option<i16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buttons: Option<Vec<String>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Finger {
    pub id: u8,
    pub x: i16,
    pub y: i16,
}

impl Line {
    /// Reads a line and checks every value.
    pub fn read(text: &str) -> Result<Line, String> {
        let line: Line = json(text)?;
        line.check()?;
        Ok(line)
    }

    fn check(&self) -> Result<(), String> {
        if self.frame == 0 {
            return Err("frame 0; the first picture is 1".to_owned());
        }
        if self.seat() >= MAX_PLAYERS {
            return Err(format!("player {}; they are 0 to {}", self.player, MAX_PLAYERS - 1));
        }
        for name in self.pad.iter().flatten() {
            pad_button(name)?;
        }
        for code in self.keys.iter().flatten() {
            key(code)?;
        }
        for name in self.mouse.iter().flat_map(|mouse| mouse.buttons.iter().flatten()) {
            mouse_button(name)?;
        }
        for (name, value) in [("lx", self.lx), ("ly", self.ly), ("rx", self.rx), ("ry", self.ry)] {
            in_range(name, value, -1.0)?;
        }
        for (name, value) in [("l2", self.l2), ("r2", self.r2)] {
            in_range(name, value, 0.0)?;
        }
        match &self.touch {
            Some(fingers) if fingers.len() > MAX_TOUCHES => Err(format!("more than {MAX_TOUCHES} fingers")),
            _ => Ok(()),
        }
    }

    pub fn seat(&self) -> usize {
        self.player.into()
    }

    /// Makes the change. What is for one frame only counts if this is that frame.
    pub fn apply(&self, player: &mut PlayerInput, now: bool) {
        player.connected = self.connected.unwrap_or(true);
        self.apply_pad(&mut player.pad);
        if let Some(keys) = &self.keys {
            player.keys = keys.iter().filter_map(|code| Key::from_code(code)).collect::<KeySet>();
        }
        if let Some(mouse) = &self.mouse {
            mouse.apply(&mut player.pointer, now);
        }
        if let Some(fingers) = &self.touch {
            player.touches = Touches::default();
            fingers.iter().for_each(|finger| player.touches.push(Touch { id: finger.id, x: finger.x, y: finger.y }));
        }
        if let (true, Some(text)) = (now, &self.text) {
            player.text.clear();
            player.text.push_str(text);
        }
    }

    fn apply_pad(&self, pad: &mut Pad) {
        if let Some(names) = &self.pad {
            pad.buttons =
                names.iter().filter_map(|name| pad_button(name).ok()).fold(0, |all, button| all | button.bit());
        }
        let sticks = [(&mut pad.lx, self.lx), (&mut pad.ly, self.ly), (&mut pad.rx, self.rx), (&mut pad.ry, self.ry)];
        for (axis, value) in sticks {
            *axis = value.map_or(*axis, |value| (value * 32_767.0).round() as i16);
        }
        for (trigger, value) in [(&mut pad.l2, self.l2), (&mut pad.r2, self.r2)] {
            *trigger = value.map_or(*trigger, |value| (value * 255.0).round() as u8);
        }
    }
}

impl Mouse {
    fn apply(&self, pointer: &mut Pointer, now: bool) {
        let stays = [(&mut pointer.x, self.x), (&mut pointer.y, self.y)];
        let passes = [
            (&mut pointer.dx, self.dx),
            (&mut pointer.dy, self.dy),
            (&mut pointer.wheel_y, self.wheel),
            (&mut pointer.wheel_x, self.wheel_x),
        ];
        let passes = passes.into_iter().map(|(to, value)| (to, value.filter(|_| now)));
        for (to, value) in stays.into_iter().chain(passes) {
            *to = value.unwrap_or(*to);
        }
        if let Some(names) = &self.buttons {
            pointer.buttons = names.iter().filter_map(|name| mouse_button(name).ok()).fold(0, |all, bit| all | bit);
        }
    }
}

fn pad_button(name: &str) -> Result<PadButton, String> {
    PadButton::from_name(name).ok_or_else(|| {
        let names = PadButton::ALL.map(PadButton::name).join(" ");
        format!("there is no pad button `{}`; there are {names}", clip(name))
    })
}

fn key(code: &str) -> Result<Key, String> {
    let hint = "keys are named as KeyboardEvent.code does: KeyW, ArrowUp, Space, ShiftLeft";
    Key::from_code(code).ok_or_else(|| format!("there is no key `{}`; {hint}", clip(code)))
}

fn mouse_button(name: &str) -> Result<u8, String> {
    let found = MOUSE_BUTTONS.iter().find(|button| button.0 == name);
    found.map(|button| button.1).ok_or_else(|| {
        let names = MOUSE_BUTTONS.map(|button| button.0).join(" ");
        format!("there is no mouse button `{}`; there are {names}", clip(name))
    })
}

fn in_range(name: &str, value: Option<f64>, least: f64) -> Result<(), String> {
    match value {
        Some(value) if !(least..=1.0).contains(&value) => Err(format!("`{name}` is {value}; it is {least} to 1")),
        _ => Ok(()),
    }
}

/// JSON, with an error that names the column instead of line 1 of 1.
fn json<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
    // Arrays would be taken for the fields in their order.
    if !text.trim_start().starts_with('{') {
        return Err("expected a JSON object, as {\"frame\":1,\"pad\":[\"a\"]}".to_owned());
    }
    serde_json::from_str(text).map_err(|error| {
        let whole = error.to_string();
        let what = whole.rsplit_once(" at line ").map_or(whole.as_str(), |parts| parts.0);
        format!("{what} (column {})", error.column())
    })
}

fn clip(name: &str) -> String {
    name.chars().take(32).collect()
}
