//! `playfield:camera@1` and `playfield:infer@1`: what an edge app needs. It is told of each picture of its camera, and says what it
//! makes of that in fields that its `app.toml` declares.
//!
//! ```ignore
//! #![no_std]
//! use playfield_sdk::camera::{Count, Json, count};
//! use playfield_sdk::{Title, title};
//!
//! struct Heads;
//!
//! impl Title for Heads {
//!     const NEW: Heads = Heads;
//!
//!     fn init(&mut self) {}
//!
//!     fn tick(&mut self) {
//!         let mut out = Json::new();
//!         out.number("people", count(Count::ZoneNow, 0, None).unwrap_or_default() as i64);
//!         let _ = out.emit();
//!     }
//! }
//!
//! title!(Heads);
//! ```

use core::fmt::Write;

use crate::ffi;

/// Number of the picture, as its source counts: a gap is pictures that passed by. 0 before the first.
pub fn frame() -> u64 {
    // SAFETY: no memory is passed.
    unsafe { ffi::camera_frame() as u64 }
}

/// When it was taken: Unix time in milliseconds.
pub fn time_ms() -> u64 {
    // SAFETY: no memory is passed.
    unsafe { ffi::camera_time_ms() as u64 }
}

/// Its width and height, in pixels.
pub fn size() -> (u16, u16) {
    // SAFETY: no memory is passed.
    let size = unsafe { ffi::camera_size() } as u32;
    (size as u16, (size >> 16) as u16)
}

/// Reads the app's settings, a JSON object, into `to`; gives the part that fits.
pub fn config(to: &mut [u8]) -> &[u8] {
    // SAFETY: the host writes at most `max` bytes, inside the slice.
    let len = unsafe { ffi::camera_config(to.as_mut_ptr(), to.len()) };
    &to[..to.len().min(len.max(0) as usize)]
}

/// The text of a setting in a flat JSON object: of a number its digits, of a text what is between its quotes, without undoing escapes.
/// Settings are flat: values that are lists or objects are not read.
pub fn setting<'a>(json: &'a [u8], key: &str) -> Option<&'a [u8]> {
    let mut rest = json;
    loop {
        let (name, after) = quoted(rest)?;
        let value = after.iter().position(|byte| !matches!(byte, b' ' | b':')).map(|at| &after[at..])?;
        let text = match value.first()? {
            b'"' => quoted(value)?,
            _ => value.split_at(value.iter().position(|byte| matches!(byte, b',' | b'}' | b' '))?),
        };
        if name == key.as_bytes() {
            return Some(text.0);
        }
        rest = text.1;
    }
}

/// The first text in quotes, and what comes after it.
fn quoted(json: &[u8]) -> Option<(&[u8], &[u8])> {
    let from = json.iter().position(|byte| *byte == b'"')? + 1;
    let mut at = from;
    while *json.get(at)? != b'"' {
        at += if json[at] == b'\\' { 2 } else { 1 };
    }
    Some((&json[from..at], &json[at + 1..]))
}

/// Takes the picture as RGBA words, `width` pixels wide, 1x1 to 640x480; false where the app may not see it. The host stops an app
/// whose slice is no whole picture.
pub fn pixels(to: &mut [u32], width: u16) -> bool {
    let height = to.len() / usize::from(width.max(1));
    // SAFETY: the host writes `width * height` words, all inside the slice.
    unsafe { ffi::camera_pixels(to.as_mut_ptr(), i32::from(width), height as i32) == 0 }
}

/// Why something that an app said does not leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is no JSON object.
    NoObject,
    /// A field is not declared.
    Undeclared,
    /// A value is of another kind than declared, or outside its range.
    Value,
    /// The bytes of this minute are used up.
    Budget,
    /// It is longer than 4,096 bytes.
    TooLong,
}

/// Says something: one JSON object.
pub fn emit(json: &[u8]) -> Result<(), Refused> {
    // SAFETY: the host reads `len` bytes from `ptr`, which is all of the slice.
    match unsafe { ffi::camera_emit(json.as_ptr(), json.len()) } {
        0 => Ok(()),
        -1 => Err(Refused::NoObject),
        -2 => Err(Refused::Undeclared),
        -3 => Err(Refused::Value),
        -4 => Err(Refused::Budget),
        _ => Err(Refused::TooLong),
    }
}

/// Something that was found. Places are fractions of the picture, y down. As the host writes it.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Object {
    /// The same number in each picture that shows it; 0: none yet.
    pub track: u64,
    /// Its class, by its place in the model's list of labels.
    pub class: u16,
    unused: u16,
    /// How sure the model is, 0 to 1.
    pub score: f32,
    /// Left edge.
    pub left: f32,
    /// Upper edge.
    pub top: f32,
    /// Right edge.
    pub right: f32,
    /// Lower edge.
    pub bottom: f32,
    /// Bit N: it is in the Nth zone.
    pub zones: u64,
}

const _: () = assert!(size_of::<Object>() == 40);

/// Objects of the picture, as many as `to` has room for.
pub fn objects(to: &mut [Object]) -> &[Object] {
    // SAFETY: the host writes at most `max` objects of 40 bytes, which is their size, and any bytes are such an object.
    let count = unsafe { ffi::infer_objects(to.as_mut_ptr().cast(), to.len()) };
    &to[..to.len().min(count.max(0) as usize)]
}

/// The class of this name.
pub fn class_of(name: &str) -> Option<u16> {
    let mut label = [0; 128];
    // SAFETY: no memory is passed.
    let classes = unsafe { ffi::infer_labels() };
    (0..classes).find(|class| label_of(*class as u16, &mut label) == Some(name.as_bytes())).map(|class| class as u16)
}

/// The name of a class, cut to what fits.
pub fn label_of(class: u16, to: &mut [u8]) -> Option<&[u8]> {
    // SAFETY: the host writes at most `max` bytes, inside the slice.
    let len = unsafe { ffi::infer_label(i32::from(class), to.as_mut_ptr(), to.len()) };
    usize::try_from(len).ok().map(|len| &to[..to.len().min(len)])
}

/// A zone or a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Place {
    Zone = 0,
    Line = 1,
}

/// The name of the Nth zone or line, cut to what fits.
pub fn place_name(place: Place, nth: usize, to: &mut [u8]) -> Option<&[u8]> {
    // SAFETY: the host writes at most `max` bytes, inside the slice.
    let len = unsafe { ffi::infer_place(place as i32, nth as i32, to.as_mut_ptr(), to.len()) };
    usize::try_from(len).ok().map(|len| &to[..to.len().min(len)])
}

/// What is counted of zones and lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// How many are in the zone.
    ZoneNow = 0,
    /// How many came into it.
    ZoneIn = 1,
    /// How many went out.
    ZoneOut = 2,
    /// How many crossed the line to the left hand of one who walks it.
    LineIn = 3,
    /// How many crossed it to the right hand.
    LineOut = 4,
}

/// A number of the Nth zone or line, of a class or of all; none: there is no such place.
pub fn count(what: Count, nth: usize, class: Option<u16>) -> Option<u64> {
    // SAFETY: no memory is passed.
    let count = unsafe { ffi::infer_count(what as i32, nth as i32, class.map_or(-1, i32::from)) };
    u64::try_from(count).ok()
}

/// What happened with this picture, a JSON array; the part that fits.
pub fn events(to: &mut [u8]) -> &[u8] {
    // SAFETY: the host writes at most `max` bytes, inside the slice.
    let len = unsafe { ffi::infer_events(to.as_mut_ptr(), to.len()) };
    &to[..to.len().min(len.max(0) as usize)]
}

/// All numbers, a JSON object; the part that fits.
pub fn counts(to: &mut [u8]) -> &[u8] {
    // SAFETY: the host writes at most `max` bytes, inside the slice.
    let len = unsafe { ffi::infer_counts(to.as_mut_ptr(), to.len()) };
    &to[..to.len().min(len.max(0) as usize)]
}

/// An object that is being written. What does not fit is left out, and the host then refuses the rest.
pub struct Json {
    text: [u8; 512],
    len: usize,
}

impl Default for Json {
    fn default() -> Json {
        Json::new()
    }
}

impl Json {
    /// An object without fields.
    pub fn new() -> Json {
        let mut json = Json { text: [0; 512], len: 0 };
        json.push("{");
        json
    }

    fn push(&mut self, text: &str) {
        for &byte in text.as_bytes().iter().take(self.text.len() - self.len) {
            self.text[self.len] = byte;
            self.len += 1;
        }
    }

    fn key(&mut self, key: &str) {
        self.push(if self.len > 1 { ",\"" } else { "\"" });
        self.push(key);
        self.push("\":");
    }

    /// A field with a whole number.
    pub fn number(&mut self, key: &str, value: i64) {
        self.key(key);
        // It never fails: what does not fit is left out.
        let _ = write!(self, "{value}");
    }

    /// A field that is yes or no.
    pub fn boolean(&mut self, key: &str, value: bool) {
        self.key(key);
        self.push(if value { "true" } else { "false" });
    }

    /// A field with a word: of letters, digits and what needs no escape in JSON.
    pub fn word(&mut self, key: &str, word: &str) {
        self.key(key);
        self.push("\"");
        self.push(word);
        self.push("\"");
    }

    /// The object as text.
    pub fn text(&mut self) -> &[u8] {
        self.push("}");
        &self.text[..self.len]
    }

    /// Ends the object and says it.
    pub fn emit(mut self) -> Result<(), Refused> {
        emit(self.text())
    }
}

impl Write for Json {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        self.push(text);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_found_by_their_key_alone() {
        let check = |json: &str, expect: Option<&str>| {
            assert_eq!(
                setting(json.as_bytes(), "zone").map(|text| core::str::from_utf8(text).unwrap()),
                expect,
                "{json}"
            );
        };
        check(r#"{"zone":"bay"}"#, Some("bay"));
        check(r#"{ "name" : "zone" , "zone" : 7 }"#, Some("7"));
        check(r#"{"a":"\\\"zone\":1","zone":true}"#, Some("true"));
        check(r#"{"a":"zone"}"#, None);
        for cut in ["", "{", "{\"zone", "{\"zone\"", "{\"zone\":", "{\"zone\":\"ba", "{\"zone\":1", "{\"a\\"] {
            check(cut, None);
        }
    }

    #[test]
    fn an_object_is_written_field_by_field() {
        let mut json = Json::new();
        json.number("in", -7);
        json.boolean("free", true);
        json.word("way", "out");
        assert_eq!(json.text(), br#"{"in":-7,"free":true,"way":"out"}"#);
        assert_eq!(Json::new().text(), b"{}");
        let mut long = Json::new();
        (0..100).for_each(|_| long.word("a", "longer than there is room for"));
        assert_eq!(long.text().len(), 512);
    }
}
