//! What a viewer and its session say on the reliable `control` data channel: one JSON object a message.
//!
//! What is small and must be on time (input, acknowledgements, clock) goes in binary on the `input` channel instead:
//! see [`crate::input`].

use serde::{Deserialize, Serialize};

use crate::api::{EndReason, Participant, Receipt, Role, SessionState, VideoMode};
use crate::codec::Codec;
use crate::desk::Cursor;
use crate::manifest::InputKind;
use crate::permission::Permissions;
use crate::setting::Setting;

/// Longest text a viewer may type in one message, in bytes.
pub const MAX_TEXT: usize = 1024;
/// Longest key, and longest value, of a setting, in bytes.
pub const MAX_CHOICE: usize = 256;

/// What carries lossless datagrams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Carrier {
    /// RTP on a track of their own, handed to an encoded transform.
    #[default]
    Track,
    /// The `lossless` data channel, for browsers without encoded transforms.
    Channel,
}

/// From the viewer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", deny_unknown_fields)]
pub enum FromViewer {
    /// Typed text, in order.
    Text {
        /// UTF-8, at most [`MAX_TEXT`] bytes.
        text: String,
    },
    /// Send the picture another way.
    Video {
        /// Which way.
        mode: VideoMode,
        /// What carries lossless datagrams to this viewer.
        #[serde(default)]
        carrier: Carrier,
    },
    /// So many people play at this viewer, each with a gamepad. Seats that are free are given to it, or given back.
    Seats {
        /// How many, the first one included.
        count: u8,
    },
    /// The title is to have another value of one of its settings. Only whoever may do so is heard.
    Choose {
        /// Which setting.
        key: String,
        /// One of its choices.
        value: String,
    },
    /// The page is hidden or shown again; hidden, nothing need be sent.
    Visible {
        /// Whether a person can see it.
        visible: bool,
    },
    /// The viewer's room for the picture has this size: a program's screen takes it, if the viewer is the host.
    Resize {
        /// In pixels.
        width: u16,
        /// In pixels.
        height: u16,
    },
    /// The viewer's microphone is on, and its packets come by the first track, or it is off. What is heard then is what
    /// [`ToViewer::Microphone`] says.
    Microphone {
        /// Whether it is.
        on: bool,
    },
    /// What the viewer pastes into a program, in pieces. Answered with [`ToViewer::Pasted`] once it can be pasted.
    Clipboard {
        /// UTF-8, at most [`MAX_PIECE`](crate::desk::MAX_PIECE) bytes as JSON; all pieces together at most
        /// [`MAX_CLIPBOARD`](crate::desk::MAX_CLIPBOARD).
        text: String,
        /// Another piece follows.
        #[serde(default)]
        more: bool,
    },
}

/// To the viewer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum ToViewer {
    /// First message: what is played and how.
    Hello {
        /// The seat the viewer plays from; none: it watches.
        slot: Option<u8>,
        /// Most seats it may have, where that is more than one; see [`FromViewer::Seats`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seats: Option<u8>,
        /// Pictures a second the guest makes.
        tick_hz: u16,
        /// How the picture is sent now.
        video: VideoMode,
        /// The ways it could be sent.
        videos: Vec<VideoMode>,
        /// The ways of playing the title understands.
        input: Vec<InputKind>,
        /// Whether keys press the pad's buttons too.
        keys_as_pad: bool,
        /// Whether this connection measures what its path carries, as video needs. Connect again with `h264` for one that
        /// does.
        estimates: bool,
        /// It is a program: its screen follows [`FromViewer::Resize`], it has a clipboard, and the pointer is locked only
        /// while it wants that.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        program: bool,
        /// It may hear the microphone of those who may, see [`FromViewer::Microphone`].
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        microphone: bool,
    },
    /// The picture has another size, or is sent another way, from now on.
    Video {
        /// Which way.
        mode: VideoMode,
        /// In pixels.
        width: u16,
        /// In pixels.
        height: u16,
        /// Width by height as it is to be shown; none: pixels are square.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        aspect: Option<f32>,
        /// What video is coded as, where it is not H.264.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        codec: Option<Codec>,
    },
    /// Pictures are made smaller, or fewer of them, than the title makes; or no longer.
    Quality {
        /// How, and why, in a sentence for a person; none: all of it is sent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limited: Option<String>,
    },
    /// What the title lets people choose, for those who may, in place of what was said of that before.
    Settings {
        /// All of them.
        settings: Vec<Setting>,
    },
    /// The title has something to say.
    Notice {
        /// In a sentence or two.
        text: String,
    },
    /// The picture cannot be sent to this viewer in any way it understands; it may later, if the picture changes.
    NoPicture {
        /// Why, in a sentence for a person.
        detail: String,
    },
    /// What the viewer is now, and what it may do: after `hello`, and whenever that changes. It holds in place of what `hello`
    /// said.
    You {
        /// What it is.
        role: Role,
        /// The seats it plays from, its own one first; none: it watches.
        slots: Vec<u8>,
        /// How many can play; who plays may have as many seats, see [`FromViewer::Seats`].
        players: u8,
        /// What it may do; the rest is not sent on to the title.
        may: Permissions,
    },
    /// The seats the viewer plays from now on, the first one first.
    Seats {
        /// From 0.
        seats: Vec<u8>,
    },
    /// Who is in the session now; a seat is there while somebody has it, or it is kept for somebody.
    People {
        /// Seats that are taken, from 0.
        seats: Vec<u8>,
        /// Those of them that are kept for somebody who is away.
        away: Vec<u8>,
        /// Viewers without a seat.
        watching: u16,
        /// All of them, in the order they came; of some only the host is told more.
        #[serde(default)]
        list: Vec<Participant>,
    },
    /// The pad of a player at this viewer shakes from now on, in place of what it did.
    Rumble {
        /// The player's place among the viewer's seats, from 0.
        place: u8,
        /// The slow, heavy motor, 0 to 255.
        strong: u8,
        /// The fast, light motor, 0 to 255.
        weak: u8,
        /// For how long, in milliseconds, at most 5000. Zero stops it.
        ms: u16,
    },
    /// The pointer looks like this from now on; for those who may move it.
    Cursor {
        /// How.
        #[serde(flatten)]
        cursor: Cursor,
    },
    /// The program wants the pointer locked, which gives it motion without a position, or not any more; for those who may move
    /// it. Before it is told, it does not.
    Lock {
        /// Whether it does.
        wanted: bool,
    },
    /// What was copied in the program, in pieces; for those who may have it.
    Clipboard {
        /// UTF-8.
        text: String,
        /// Another piece follows.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        more: bool,
    },
    /// How it stands with the microphone from now on; for those who may use it. Before it is told, nothing records.
    Microphone {
        /// The program records.
        records: bool,
        /// What it hears then is this viewer.
        yours: bool,
        /// The name of the one whose microphone it is, if it is another's. Only one is heard: the one that was turned on last, but
        /// the host's before all others.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        whose: Option<String>,
    },
    /// The clipboard that the viewer sent is the program's now: the keys that paste it may follow.
    Pasted,
    /// The program does not answer while people use it, or does again; for everybody who plays.
    Answers {
        /// Whether it does.
        answers: bool,
    },
    /// The session is in another state.
    State {
        /// Which.
        state: SessionState,
    },
    /// Where the time goes, twice a second.
    Stats {
        /// Over the last seconds.
        receipt: Box<Receipt>,
        /// What is sent, in bits a second.
        bitrate_bps: u64,
        /// Messages of this viewer so far with something that it may not send.
        #[serde(default, skip_serializing_if = "is_zero")]
        refused: u64,
    },
    /// The session has ended; nothing more follows.
    End {
        /// In a word.
        reason: EndReason,
        /// In a sentence for a person.
        detail: String,
        /// The last lines that a program wrote before it ended by a fault; for the host alone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        said: Option<String>,
    },
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}
