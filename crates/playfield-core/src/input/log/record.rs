//! From inputs to the fewest lines that say them.

use super::line::{Finger, Header, Line, Mouse};
use crate::input::{KeySet, MAX_PLAYERS, MOUSE_BUTTONS, Pad, PadButton, PlayerInput, Pointer, TickInput, Touches};

/// Writes a log as a run goes on. Reading it back gives the same inputs at every frame.
#[derive(Clone, Debug)]
pub struct Recorder {
    last: TickInput,
}

impl Recorder {
    /// Starts a log: appends its first line to `out`.
    pub fn new(seed: u64, start_unix_ms: u64, out: &mut String) -> Recorder {
        push_json(&Header::new(seed, start_unix_ms), out);
        let mut last = TickInput::default();
        last.players[0].connected = true;
        Recorder { last }
    }

    /// Appends a line for each player that changed with picture `frame`. Frames go up.
    pub fn record(&mut self, frame: u64, input: &TickInput, out: &mut String) {
        for seat in 0..MAX_PLAYERS {
            let (old, new) = (&mut self.last.players[seat], &input.players[seat]);
            if !differs(old, new) {
                continue;
            }
            let mut line = change(frame, seat, old, new);
            // A line connects its player unless it says otherwise.
            line.connected = (!new.connected).then_some(false);
            push_json(&line, out);
            old.clone_from(new);
        }
    }
}

/// Whether a frame needs a line: motion and text pass with their frame, so only new ones count.
fn differs(old: &PlayerInput, new: &PlayerInput) -> bool {
    let pointer = Pointer { dx: 0, dy: 0, wheel_x: 0, wheel_y: 0, ..old.pointer };
    !new.text.is_empty()
        || new.pointer != pointer
        || (old.connected, old.pad, old.keys, old.touches) != (new.connected, new.pad, new.keys, new.touches)
}

fn change(frame: u64, seat: usize, old: &PlayerInput, new: &PlayerInput) -> Line {
    let axis = |old: i16, new: i16| (old != new).then(|| rounded(f64::from(new.max(-32_767)) / 32_767.0));
    let trigger = |old: u8, new: u8| (old != new).then(|| rounded(f64::from(new) / 255.0));
    let (a, b) = (&old.pad, &new.pad);
    Line {
        frame,
        player: seat as u8,
        connected: None,
        pad: (a.buttons != b.buttons).then(|| button_names(b)),
        lx: axis(a.lx, b.lx),
        ly: axis(a.ly, b.ly),
        rx: axis(a.rx, b.rx),
        ry: axis(a.ry, b.ry),
        l2: trigger(a.l2, b.l2),
        r2: trigger(a.r2, b.r2),
        keys: (old.keys != new.keys).then(|| key_names(&new.keys)),
        mouse: mouse(&old.pointer, &new.pointer),
        touch: (old.touches != new.touches).then(|| fingers(&new.touches)),
        text: Some(&new.text).filter(|text| !text.is_empty()).cloned(),
    }
}

fn mouse(old: &Pointer, new: &Pointer) -> Option<Mouse> {
    let moved = |value: i16| Some(value).filter(|value| *value != 0);
    let mouse = Mouse {
        x: Some(new.x).filter(|x| *x != old.x),
        y: Some(new.y).filter(|y| *y != old.y),
        dx: moved(new.dx),
        dy: moved(new.dy),
        wheel: moved(new.wheel_y),
        wheel_x: moved(new.wheel_x),
        buttons: (old.buttons != new.buttons).then(|| {
            let held = MOUSE_BUTTONS.iter().filter(|button| new.buttons & button.1 != 0);
            held.map(|button| button.0.to_owned()).collect()
        }),
    };
    Some(mouse).filter(|mouse| *mouse != Mouse::default())
}

fn button_names(pad: &Pad) -> Vec<String> {
    let held = PadButton::ALL.into_iter().filter(|button| pad.buttons & button.bit() != 0);
    held.map(|button| button.name().to_owned()).collect()
}

/// Keys without a name cannot come from a browser and are left out.
fn key_names(keys: &KeySet) -> Vec<String> {
    keys.iter().filter_map(|key| key.code()).map(str::to_owned).collect()
}

fn fingers(touches: &Touches) -> Vec<Finger> {
    touches.as_slice().iter().map(|touch| Finger { id: touch.id, x: touch.x, y: touch.y }).collect()
}

/// Five decimals tell all 65,535 positions of a stick apart.
fn rounded(value: f64) -> f64 {
    (value * 100_000.0).round() / 100_000.0
}

fn push_json(line: &impl serde::Serialize, out: &mut String) {
    // Plain structs with string keys always serialise.
    if let Ok(json) = serde_json::to_string(line) {
        out.push_str(&json);
        out.push('\n');
    }
}
