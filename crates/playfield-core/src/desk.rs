//! What goes between a program and its viewers besides pictures, sound and input: the pointer's look, the clipboard, the size
//! of the screen.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Longest text of a clipboard, in bytes of UTF-8.
pub const MAX_CLIPBOARD: usize = 1 << 20;
/// Longest piece of it in one message, in bytes of JSON: messages of the `control` channel have at most 16 KiB.
pub const MAX_PIECE: usize = 12 * 1024;
/// Longest image of a pointer, in bytes of base 64.
const MAX_IMAGE: usize = 12 * 1024;
/// Clipboards are taken from a viewer, and the size of its window, no more often than this on average.
const PERIOD: Duration = Duration::from_millis(100);
/// So many at once.
const BURST: u32 = 10;

/// What the pointer of a program looks like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// As CSS names it; `none`: it is not to be seen. Where there is an image, for a browser that cannot draw that.
    pub name: String,
    /// Its image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<CursorImage>,
}

/// A pointer's image, in pixels of the picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CursorImage {
    /// A PNG, in base 64.
    pub png: String,
    /// The place in it that points.
    pub x: u16,
    /// The place in it that points.
    pub y: u16,
}

impl Cursor {
    /// One that browsers know.
    pub fn named(name: &str) -> Cursor {
        // It goes into a style: a name of CSS and nothing else.
        let known =
            (1..=32).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        Cursor { name: if known { name } else { "default" }.to_owned(), image: None }
    }

    /// One that is not to be seen.
    pub fn hidden() -> Cursor {
        Cursor::named("none")
    }

    /// One of its own; the usual one if it is too large to send.
    pub fn image(png: &[u8], x: u16, y: u16) -> Cursor {
        use base64::Engine;
        let png = base64::engine::general_purpose::STANDARD.encode(png);
        let image = (png.len() <= MAX_IMAGE).then_some(CursorImage { png, x, y });
        Cursor { image, ..Cursor::named("default") }
    }
}

/// Cuts a text into pieces that each fit a message; an empty text is one empty piece.
pub fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest.take()?;
        let mut room = MAX_PIECE;
        // As JSON writes it, at most.
        let cost =
            |c: char| if c < ' ' || c == '\u{7f}' { 6 } else { c.len_utf8() + usize::from(matches!(c, '"' | '\\')) };
        let fits = |(_, c): &(usize, char)| match room.checked_sub(cost(*c)) {
            Some(left) => {
                room = left;
                true
            }
            None => false,
        };
        let end = text.char_indices().take_while(fits).map(|(at, c)| at + c.len_utf8()).last().unwrap_or(0);
        rest = (end < text.len()).then(|| &text[end..]);
        Some(&text[..end])
    })
}

/// A clipboard that comes in pieces.
#[derive(Debug, Default)]
pub struct Gather {
    text: String,
    /// It is too long: what still comes of it is left out.
    spoiled: bool,
}

/// What a piece made of a clipboard.
#[derive(Debug, PartialEq, Eq)]
pub enum Gathered {
    /// More is to come.
    More,
    /// This is all of it.
    Whole(String),
    /// It was longer than [`MAX_CLIPBOARD`].
    TooLong,
}

impl Gather {
    /// Takes the next piece; `more`: another follows.
    pub fn take(&mut self, piece: &str, more: bool) -> Gathered {
        self.spoiled |= self.text.len() + piece.len() > MAX_CLIPBOARD;
        if self.spoiled {
            self.text = String::new();
        } else {
            self.text.push_str(piece);
        }
        if more {
            return Gathered::More;
        }
        let Gather { text, spoiled } = std::mem::take(self);
        if spoiled { Gathered::TooLong } else { Gathered::Whole(text) }
    }
}

/// How often something may happen: so many at once, and then one each period.
#[derive(Debug, Default)]
pub struct Often {
    /// Until when those that happened are paid for.
    until: crate::time::Time,
}

impl Often {
    /// Whether it may happen now.
    pub fn allow(&mut self, now: crate::time::Time) -> bool {
        let until = self.until.max(now);
        let allowed = until.since(now) < PERIOD * BURST;
        if allowed {
            self.until = until + PERIOD;
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Time;

    #[test]
    fn a_clipboard_is_cut_between_characters_and_put_together_again() {
        let check = |text: &str, count: usize| {
            let cut: Vec<&str> = pieces(text).collect();
            assert_eq!(cut.len(), count);
            assert!(cut.iter().all(|piece| serde_json::to_string(piece).unwrap().len() <= MAX_PIECE + 2));
            let mut gather = Gather::default();
            let last = cut.iter().enumerate().map(|(n, piece)| gather.take(piece, n + 1 < count)).last();
            assert_eq!(last, Some(Gathered::Whole(text.to_owned())));
        };
        check("", 1);
        check("Ada", 1);
        check(&"é".repeat(MAX_PIECE / 2), 1);
        check(&"é".repeat(MAX_PIECE / 2 + 1), 2);
        check(&"\u{1}\"\\\n".repeat(4_096), 6);
    }

    #[test]
    fn a_clipboard_without_end_is_not_kept() {
        let mut gather = Gather::default();
        let piece = "x".repeat(MAX_CLIPBOARD);
        assert_eq!(gather.take(&piece, true), Gathered::More);
        assert_eq!(gather.take("y", true), Gathered::More);
        assert_eq!(gather.text.capacity(), 0, "what cannot be used takes no memory");
        assert_eq!(gather.take("z", false), Gathered::TooLong);
        assert_eq!(gather.take(&piece, false), Gathered::Whole(piece.clone()), "the next one begins anew");
    }

    #[test]
    fn only_names_of_css_name_a_pointer() {
        for (name, is) in [("text", "text"), ("nw-resize", "nw-resize"), ("url(x)", "default"), ("", "default")] {
            assert_eq!(Cursor::named(name).name, is);
        }
        assert!(Cursor::image(&[0; 9 * 1024], 1, 1).image.is_some());
        assert_eq!(Cursor::image(&[0; 10 * 1024], 1, 1), Cursor::named("default"), "it does not fit a message");
    }

    #[test]
    fn what_comes_too_often_is_left_out() {
        let (mut often, now) = (Often::default(), Time::from_micros(5_000_000));
        assert_eq!((0..50).filter(|_| often.allow(now)).count(), 10);
        assert_eq!((0..50).filter(|_| often.allow(now + PERIOD * 3)).count(), 3);
    }
}
