//! The input message of docs/reference/wire.md, both ways: the node reads it, our own clients write it.
//!
//! Reading checks the whole message first and allocates nothing, so what comes out of a [`Message`] needs no further
//! care.

use super::{MAX_PLAYERS, MAX_TOUCHES, Pad};
use crate::permission::{Permission, Permissions};

const KIND_INPUT: u8 = 1;
const KIND_CLOCK: u8 = 2;
const HEADER: usize = 26;
/// Bytes of a gamepad.
const PAD: usize = 29;
const UNKNOWN_ERROR: u32 = u32::MAX;

/// Most acknowledged pictures in one message.
pub const MAX_ACKS: usize = 16;
/// Most frame reports in one message.
pub const MAX_FRAMES: usize = 64;

/// A message that is not what the wire document says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// It ends too early.
    #[error("the message ends in the middle of its {0}")]
    Truncated(&'static str),
    /// Its first byte names no kind we know.
    #[error("{0} is not a message kind")]
    Kind(u8),
    /// A section comes twice.
    #[error("section {0} comes twice")]
    Repeated(u8),
    /// A section has a size its kind cannot have.
    #[error("section {kind} cannot be {len} bytes long")]
    SectionSize {
        /// The section's kind.
        kind: u8,
        /// Its length.
        len: usize,
    },
}

/// A viewer's estimate of how far the node's clock is ahead of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockEstimate {
    /// Node's time minus viewer's time, in microseconds.
    pub offset_us: i64,
    /// How far that may be off, in microseconds.
    pub error_us: u32,
}

/// A checked input message.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// Counts the viewer's messages.
    pub seq: u32,
    /// The viewer's time when it sent this, in microseconds.
    pub sent_us: u64,
    /// The viewer's idea of our clock, once it has one.
    pub clock: Option<ClockEstimate>,
    sections: &'a [u8],
    /// Kinds of sections that are left out, by their bit.
    without: u8,
}

/// A gamepad, with how often each button was pressed so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PadReport {
    /// Which of the viewer's pads, from 0.
    pub index: u8,
    /// Its state.
    pub pad: Pad,
    /// Presses of each button, modulo 256.
    pub presses: [u8; 16],
}

/// A mouse, with running totals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PointerReport {
    /// The pointer is locked: motion counts, position does not.
    pub locked: bool,
    /// 0 to 65535 across the picture.
    pub x: u16,
    /// 0 to 65535 down the picture.
    pub y: u16,
    /// Motion so far, in sixteenths of a pixel of the picture.
    pub total_dx: i32,
    /// Motion so far, in sixteenths of a pixel of the picture.
    pub total_dy: i32,
    /// Wheel so far, 120 a notch.
    pub total_wheel_x: i32,
    /// Wheel so far, 120 a notch.
    pub total_wheel_y: i32,
    /// Buttons held.
    pub buttons: u8,
    /// Presses of each button, modulo 256.
    pub presses: [u8; 5],
}

/// A finger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TouchReport {
    /// A new one for each touch.
    pub id: u8,
    /// Still on the glass.
    pub down: bool,
    /// 0 to 65535 across the picture.
    pub x: u16,
    /// 0 to 65535 down the picture.
    pub y: u16,
}

/// A key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyReport {
    /// USB HID usage.
    pub usage: u8,
    /// Held now.
    pub held: bool,
    /// Presses so far, modulo 128.
    pub presses: u8,
}

/// Which datagrams of a picture came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ack {
    /// The picture, as counted by the sender.
    pub picture: u32,
    /// Bit N: datagram N came.
    pub datagrams: u64,
}

/// When a picture arrived and was shown, by the viewer's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameReport {
    /// `id` is an RTP timestamp, else a tick.
    pub rtp: bool,
    /// Which picture.
    pub id: u32,
    /// Last of its packets came, in microseconds.
    pub arrival_us: u64,
    /// From arrival to decoded, in microseconds.
    pub decode_us: u32,
    /// From arrival to shown, in microseconds.
    pub present_us: u32,
}

/// One section of a [`Message`].
#[derive(Clone, Copy, Debug)]
pub enum Section<'a> {
    /// A gamepad.
    Pad(PadReport),
    /// All keys in use; see [`keys`].
    Keys(&'a [u8]),
    /// The mouse.
    Pointer(PointerReport),
    /// All fingers; see [`touches`].
    Touches(&'a [u8]),
    /// Acknowledgements; see [`acks`].
    Acks(&'a [u8]),
    /// Frame reports; see [`frames`].
    Frames(&'a [u8]),
    /// Gamepads of the further players at this viewer; see [`pads`].
    MorePads(&'a [u8]),
    /// From a newer viewer.
    Unknown,
}

impl<'a> Message<'a> {
    /// Checks a whole message.
    pub fn parse(bytes: &'a [u8]) -> Result<Message<'a>, WireError> {
        match bytes.first() {
            Some(&KIND_INPUT) => {}
            Some(&kind) => return Err(WireError::Kind(kind)),
            None => return Err(WireError::Truncated("header")),
        }
        if bytes.len() < HEADER {
            return Err(WireError::Truncated("header"));
        }
        let mut at = Reader(&bytes[2..]);
        let (seq, sent_us, offset_us, error_us) = (at.u32(), at.u64(), at.u64() as i64, at.u32());
        let clock = (error_us != UNKNOWN_ERROR).then_some(ClockEstimate { offset_us, error_us });
        check_sections(&bytes[HEADER..])?;
        Ok(Message { seq, sent_us, clock, sections: &bytes[HEADER..], without: 0 })
    }

    /// Leaves out what may not be sent. Whether there was anything.
    pub fn keep(&mut self, may: Permissions) -> bool {
        let kinds = |permission, kinds: u8| if may.has(permission) { 0 } else { kinds };
        self.without = kinds(Permission::Play, 1 << 1 | 1 << 7)
            | kinds(Permission::Keyboard, 1 << 2)
            | kinds(Permission::Pointer, 1 << 3 | 1 << 4);
        self.without != 0 && raw_sections(self.sections).any(|(kind, _)| is_in(self.without, kind))
    }

    /// The sections, in order.
    pub fn sections(&self) -> impl Iterator<Item = Section<'a>> + use<'a> {
        self.raw_sections().map(|(kind, body)| section(kind, body))
    }

    fn raw_sections(&self) -> impl Iterator<Item = (u8, &'a [u8])> + use<'a> {
        let without = self.without;
        raw_sections(self.sections).filter(move |(kind, _)| !is_in(without, *kind))
    }

    /// The bytes of the sections that are state (kinds 1 to 4, and 7): equal bytes, nothing was touched.
    pub fn state_bytes(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.raw_sections().filter(|(kind, _)| matches!(kind, 1..=4 | 7)).map(|(_, body)| body)
    }
}

fn is_in(kinds: u8, kind: u8) -> bool {
    kind < 8 && kinds & (1 << kind) != 0
}

fn raw_sections(mut rest: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let (head, tail) = rest.split_at_checked(3)?;
        let (body, tail) = tail.split_at_checked(usize::from(u16::from_le_bytes([head[1], head[2]])))?;
        rest = tail;
        Some((head[0], body))
    })
}

/// Each known kind at most once: what a message may cost to read is bounded by its largest section.
fn check_sections(mut rest: &[u8]) -> Result<(), WireError> {
    let mut seen = 0u8;
    while !rest.is_empty() {
        let (head, tail) = rest.split_at_checked(3).ok_or(WireError::Truncated("sections"))?;
        let len = usize::from(u16::from_le_bytes([head[1], head[2]]));
        let (body, tail) = tail.split_at_checked(len).ok_or(WireError::Truncated("sections"))?;
        if (1..=7).contains(&head[0]) {
            if seen & (1 << head[0]) != 0 {
                return Err(WireError::Repeated(head[0]));
            }
            seen |= 1 << head[0];
        }
        check_section(head[0], body)?;
        rest = tail;
    }
    Ok(())
}

fn check_section(kind: u8, body: &[u8]) -> Result<(), WireError> {
    let len = body.len();
    let fits = match kind {
        1 => len == PAD,
        2 => len.is_multiple_of(2) && len <= 512,
        3 => len == 27,
        4 => len.is_multiple_of(6) && len <= 6 * 2 * MAX_TOUCHES,
        5 => acks(body).count() <= MAX_ACKS && acks_end(body),
        6 => len.is_multiple_of(21) && len <= 21 * MAX_FRAMES,
        7 => len.is_multiple_of(PAD) && len <= PAD * (MAX_PLAYERS - 1),
        _ => true,
    };
    if fits { Ok(()) } else { Err(WireError::SectionSize { kind, len }) }
}

fn section(kind: u8, body: &[u8]) -> Section<'_> {
    match kind {
        1 => Section::Pad(pad(body)),
        2 => Section::Keys(body),
        3 => Section::Pointer(pointer(body)),
        4 => Section::Touches(body),
        5 => Section::Acks(body),
        6 => Section::Frames(body),
        7 => Section::MorePads(body),
        _ => Section::Unknown,
    }
}

fn pad(body: &[u8]) -> PadReport {
    let mut at = Reader(body);
    let index = at.u8();
    let pad =
        Pad { buttons: at.u16(), lx: at.axis(), ly: at.axis(), rx: at.axis(), ry: at.axis(), l2: at.u8(), r2: at.u8() };
    PadReport { index, pad, presses: std::array::from_fn(|_| at.u8()) }
}

fn pointer(body: &[u8]) -> PointerReport {
    let mut at = Reader(body);
    PointerReport {
        locked: at.u8() & 1 != 0,
        x: at.u16(),
        y: at.u16(),
        total_dx: at.u32() as i32,
        total_dy: at.u32() as i32,
        total_wheel_x: at.u32() as i32,
        total_wheel_y: at.u32() as i32,
        buttons: at.u8() & 31,
        presses: std::array::from_fn(|_| at.u8()),
    }
}

/// The gamepads of a [`Section::MorePads`]; each index is the player's place among the viewer's seats, from 1.
pub fn pads(body: &[u8]) -> impl Iterator<Item = PadReport> + '_ {
    body.chunks_exact(PAD).map(pad)
}

/// The keys of a [`Section::Keys`].
pub fn keys(body: &[u8]) -> impl Iterator<Item = KeyReport> + '_ {
    body.chunks_exact(2).map(|pair| KeyReport { usage: pair[0], held: pair[1] & 1 != 0, presses: pair[1] >> 1 })
}

/// The fingers of a [`Section::Touches`].
pub fn touches(body: &[u8]) -> impl Iterator<Item = TouchReport> + '_ {
    body.chunks_exact(6).map(|chunk| {
        let mut at = Reader(chunk);
        TouchReport { id: at.u8(), down: at.u8() & 1 != 0, x: at.u16(), y: at.u16() }
    })
}

/// The acknowledgements of a [`Section::Acks`].
pub fn acks(body: &[u8]) -> impl Iterator<Item = Ack> + '_ {
    let mut rest = body;
    std::iter::from_fn(move || {
        let (ack, tail) = next_ack(rest)?;
        rest = tail;
        Some(ack)
    })
}

fn next_ack(rest: &[u8]) -> Option<(Ack, &[u8])> {
    let (head, tail) = rest.split_at_checked(5)?;
    let count = usize::from(head[4]);
    let (bits, tail) = tail.split_at_checked(count)?;
    if !(1..=8).contains(&count) {
        return None;
    }
    let mut wide = [0; 8];
    wide[..count].copy_from_slice(bits);
    let picture = u32::from_le_bytes([head[0], head[1], head[2], head[3]]);
    Some((Ack { picture, datagrams: u64::from_le_bytes(wide) }, tail))
}

fn acks_end(mut body: &[u8]) -> bool {
    while let Some((_, tail)) = next_ack(body) {
        body = tail;
    }
    body.is_empty()
}

/// The reports of a [`Section::Frames`].
pub fn frames(body: &[u8]) -> impl Iterator<Item = FrameReport> + '_ {
    body.chunks_exact(21).map(|chunk| {
        let mut at = Reader(chunk);
        FrameReport { rtp: at.u8() == 1, id: at.u32(), arrival_us: at.u64(), decode_us: at.u32(), present_us: at.u32() }
    })
}

/// Takes numbers off the front of bytes whose length was checked before.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let mut out = [0; N];
        let (head, tail) = self.0.split_at(N.min(self.0.len()));
        out[..head.len()].copy_from_slice(head);
        self.0 = tail;
        out
    }

    fn u8(&mut self) -> u8 {
        self.take::<1>()[0]
    }

    fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.take())
    }

    fn axis(&mut self) -> i16 {
        i16::from_le_bytes(self.take()).max(-i16::MAX)
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.take())
    }

    fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.take())
    }
}

/// Writes input messages.
#[derive(Debug)]
pub struct Writer<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Writer<'a> {
    /// Begins a message in `out`, which is cleared.
    pub fn new(out: &'a mut Vec<u8>, seq: u32, sent_us: u64, clock: Option<ClockEstimate>) -> Writer<'a> {
        out.clear();
        out.extend_from_slice(&[KIND_INPUT, 0]);
        out.extend_from_slice(&seq.to_le_bytes());
        out.extend_from_slice(&sent_us.to_le_bytes());
        let unknown = ClockEstimate { offset_us: 0, error_us: UNKNOWN_ERROR };
        let clock = clock.unwrap_or(unknown);
        out.extend_from_slice(&clock.offset_us.to_le_bytes());
        out.extend_from_slice(&clock.error_us.to_le_bytes());
        Writer { out }
    }

    fn section(&mut self, kind: u8, write: impl FnOnce(&mut Vec<u8>)) {
        self.out.extend_from_slice(&[kind, 0, 0]);
        let start = self.out.len();
        write(self.out);
        let len = (self.out.len() - start) as u16;
        self.out[start - 2..start].copy_from_slice(&len.to_le_bytes());
    }

    /// Adds a gamepad.
    pub fn pad(&mut self, report: &PadReport) {
        self.section(1, |out| write_pad(out, report));
    }

    /// Adds the gamepads of further players.
    pub fn more_pads(&mut self, reports: &[PadReport]) {
        self.section(7, |out| reports.iter().take(MAX_PLAYERS - 1).for_each(|report| write_pad(out, report)));
    }

    /// Adds keys.
    pub fn keys(&mut self, reports: &[KeyReport]) {
        self.section(2, |out| {
            reports.iter().for_each(|key| out.extend_from_slice(&[key.usage, key.presses << 1 | u8::from(key.held)]));
        });
    }

    /// Adds the mouse.
    pub fn pointer(&mut self, report: &PointerReport) {
        self.section(3, |out| {
            out.push(u8::from(report.locked));
            out.extend_from_slice(&report.x.to_le_bytes());
            out.extend_from_slice(&report.y.to_le_bytes());
            for total in [report.total_dx, report.total_dy, report.total_wheel_x, report.total_wheel_y] {
                out.extend_from_slice(&total.to_le_bytes());
            }
            out.push(report.buttons);
            out.extend_from_slice(&report.presses);
        });
    }

    /// Adds fingers.
    pub fn touches(&mut self, reports: &[TouchReport]) {
        self.section(4, |out| {
            for touch in reports {
                out.extend_from_slice(&[touch.id, u8::from(touch.down)]);
                out.extend_from_slice(&touch.x.to_le_bytes());
                out.extend_from_slice(&touch.y.to_le_bytes());
            }
        });
    }

    /// Adds acknowledgements.
    pub fn acks(&mut self, acks: &[Ack]) {
        self.section(5, |out| {
            for ack in &acks[..acks.len().min(MAX_ACKS)] {
                let count = (8 - ack.datagrams.leading_zeros() / 8).clamp(1, 8) as u8;
                out.extend_from_slice(&ack.picture.to_le_bytes());
                out.push(count);
                out.extend_from_slice(&ack.datagrams.to_le_bytes()[..usize::from(count)]);
            }
        });
    }

    /// Adds frame reports.
    pub fn frames(&mut self, reports: &[FrameReport]) {
        self.section(6, |out| {
            for frame in &reports[..reports.len().min(MAX_FRAMES)] {
                out.push(u8::from(frame.rtp));
                out.extend_from_slice(&frame.id.to_le_bytes());
                out.extend_from_slice(&frame.arrival_us.to_le_bytes());
                out.extend_from_slice(&frame.decode_us.to_le_bytes());
                out.extend_from_slice(&frame.present_us.to_le_bytes());
            }
        });
    }
}

fn write_pad(out: &mut Vec<u8>, report: &PadReport) {
    out.push(report.index);
    out.extend_from_slice(&report.pad.buttons.to_le_bytes());
    for axis in [report.pad.lx, report.pad.ly, report.pad.rx, report.pad.ry] {
        out.extend_from_slice(&axis.to_le_bytes());
    }
    out.extend_from_slice(&[report.pad.l2, report.pad.r2]);
    out.extend_from_slice(&report.presses);
}

/// A clock message, node to viewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockReply {
    /// The input message it answers.
    pub seq: u32,
    /// Viewer's time when that was sent.
    pub viewer_sent_us: u64,
    /// Node's time when that came.
    pub node_received_us: u64,
    /// Node's time when this leaves.
    pub node_sent_us: u64,
}

impl ClockReply {
    /// As sent.
    pub fn to_bytes(&self) -> [u8; 30] {
        let mut out = [0; 30];
        out[0] = KIND_CLOCK;
        out[2..6].copy_from_slice(&self.seq.to_le_bytes());
        out[6..14].copy_from_slice(&self.viewer_sent_us.to_le_bytes());
        out[14..22].copy_from_slice(&self.node_received_us.to_le_bytes());
        out[22..30].copy_from_slice(&self.node_sent_us.to_le_bytes());
        out
    }

    /// As received.
    pub fn parse(bytes: &[u8]) -> Result<ClockReply, WireError> {
        match bytes.first() {
            Some(&KIND_CLOCK) if bytes.len() >= 30 => {}
            Some(&kind) if kind != KIND_CLOCK => return Err(WireError::Kind(kind)),
            _ => return Err(WireError::Truncated("clock")),
        }
        let mut at = Reader(&bytes[2..]);
        Ok(ClockReply { seq: at.u32(), viewer_sent_us: at.u64(), node_received_us: at.u64(), node_sent_us: at.u64() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn everything() -> Vec<u8> {
        let mut out = Vec::new();
        let clock = Some(ClockEstimate { offset_us: -5, error_us: 9 });
        let mut writer = Writer::new(&mut out, 7, 1_000, clock);
        let pad = Pad { buttons: 0x8001, lx: -32767, ly: 1, rx: 2, ry: 3, l2: 4, r2: 5 };
        writer.pad(&PadReport { index: 0, pad, presses: [3; 16] });
        writer.keys(&[KeyReport { usage: 4, held: true, presses: 100 }]);
        writer.pointer(&PointerReport { x: 9, total_dx: -70_000, buttons: 1, presses: [1; 5], ..Default::default() });
        writer.touches(&[TouchReport { id: 1, down: true, x: 5, y: 6 }]);
        writer.acks(&[Ack { picture: 3, datagrams: 0x1ff }, Ack { picture: 2, datagrams: u64::MAX }]);
        writer.frames(&[FrameReport { rtp: true, id: 8, arrival_us: 1, decode_us: 2, present_us: 3 }]);
        let second = PadReport { index: 1, presses: [8; 16], ..Default::default() };
        let third = PadReport { index: 2, pad: Pad { l2: 9, ..Pad::default() }, ..Default::default() };
        writer.more_pads(&[second, third]);
        out
    }

    #[test]
    fn what_may_not_be_sent_is_left_out() {
        let bytes = everything();
        let kinds = |message: &Message| -> Vec<u8> { message.raw_sections().map(|(kind, _)| kind).collect() };
        let check = |may: &[Permission], refused: bool, expect: &[u8]| {
            let mut message = Message::parse(&bytes).unwrap();
            assert_eq!(message.keep(may.iter().copied().collect()), refused);
            assert_eq!(kinds(&message), expect);
            let state = expect.iter().filter(|kind| matches!(kind, 1..=4 | 7)).count();
            assert_eq!((message.sections().count(), message.state_bytes().count()), (expect.len(), state));
        };
        use Permission::*;
        check(&[], true, &[5, 6]);
        check(&[Settings, Clipboard, Microphone], true, &[5, 6]);
        check(&[Play], true, &[1, 5, 6, 7]);
        check(&[Keyboard], true, &[2, 5, 6]);
        check(&[Pointer], true, &[3, 4, 5, 6]);
        check(&[Play, Keyboard, Pointer], false, &[1, 2, 3, 4, 5, 6, 7]);

        let mut only_acks = Vec::new();
        Writer::new(&mut only_acks, 1, 1, None).acks(&[Ack { picture: 3, datagrams: 1 }]);
        assert!(!Message::parse(&only_acks).unwrap().keep(Permissions::NONE), "who watches acknowledges");
    }

    #[test]
    fn a_message_reads_as_it_was_written() {
        let bytes = everything();
        let message = Message::parse(&bytes).unwrap();
        assert_eq!((message.seq, message.sent_us), (7, 1_000));
        assert_eq!(message.clock, Some(ClockEstimate { offset_us: -5, error_us: 9 }));
        let mut seen = 0;
        for section in message.sections() {
            seen += 1;
            match section {
                Section::Pad(report) => assert_eq!((report.pad.lx, report.presses[15]), (-32767, 3)),
                Section::Keys(body) => {
                    let expect = KeyReport { usage: 4, held: true, presses: 100 };
                    assert_eq!(keys(body).collect::<Vec<_>>(), [expect]);
                }
                Section::Pointer(report) => assert_eq!((report.total_dx, report.buttons), (-70_000, 1)),
                Section::Touches(body) => assert_eq!(touches(body).next().map(|touch| touch.y), Some(6)),
                Section::Acks(body) => {
                    let found: Vec<_> = acks(body).map(|ack| (ack.picture, ack.datagrams)).collect();
                    assert_eq!(found, [(3, 0x1ff), (2, u64::MAX)]);
                }
                Section::Frames(body) => assert_eq!(frames(body).next().map(|frame| frame.present_us), Some(3)),
                Section::MorePads(body) => {
                    let found: Vec<_> = pads(body).map(|pad| (pad.index, pad.presses[0], pad.pad.l2)).collect();
                    assert_eq!(found, [(1, 8, 0), (2, 0, 9)]);
                }
                Section::Unknown => panic!("nothing unknown was written"),
            }
        }
        assert_eq!(seen, 7);
    }

    #[test]
    fn every_truncation_and_every_flipped_byte_is_refused_or_read_without_harm() {
        let bytes = everything();
        for len in 0..bytes.len() {
            drain(&bytes[..len]);
        }
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut bent = bytes.clone();
                bent[at] ^= 1 << bit;
                drain(&bent);
            }
        }
    }

    fn drain(bytes: &[u8]) {
        let Ok(message) = Message::parse(bytes) else { return };
        for section in message.sections() {
            match section {
                Section::Keys(body) => drop(keys(body).count()),
                Section::Touches(body) => drop(touches(body).count()),
                Section::Acks(body) => drop(acks(body).count()),
                Section::Frames(body) => drop(frames(body).count()),
                Section::MorePads(body) => drop(pads(body).count()),
                _ => {}
            }
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert_eq!(Message::parse(&[]).unwrap_err(), WireError::Truncated("header"));
        assert_eq!(Message::parse(&[9]).unwrap_err(), WireError::Kind(9));
        let mut bytes = everything();
        bytes.truncate(HEADER);
        bytes.extend_from_slice(&[1, 2, 0, 0, 0]);
        assert_eq!(Message::parse(&bytes).unwrap_err(), WireError::SectionSize { kind: 1, len: 2 });
    }

    #[test]
    fn a_section_that_comes_twice_is_refused() {
        let mut bytes = everything();
        bytes.extend_from_slice(&[2, 0, 0]);
        assert_eq!(Message::parse(&bytes).unwrap_err(), WireError::Repeated(2));
    }

    #[test]
    fn an_unknown_section_is_skipped() {
        let mut bytes = everything();
        bytes.extend_from_slice(&[200, 1, 0, 42]);
        assert_eq!(Message::parse(&bytes).unwrap().sections().count(), 8);
    }

    #[test]
    fn a_clock_reply_reads_as_it_was_written() {
        let reply = ClockReply { seq: 1, viewer_sent_us: 2, node_received_us: 3, node_sent_us: 4 };
        assert_eq!(ClockReply::parse(&reply.to_bytes()), Ok(reply));
        assert!(ClockReply::parse(&reply.to_bytes()[..29]).is_err());
    }
}
