//! What viewers do: input messages, and logs of it.

use std::fmt::Write;

use playfield_core::input::log::{InputLog, Recorder};
use playfield_core::input::merge::Merge;
use playfield_core::input::wire::{self, ClockReply, Message, Section, Writer};
use playfield_core::input::{MAX_TOUCHES, PlayerInput};
use playfield_core::receipt::{Input, Ledger, STAGES, Stamps, Tally};
use playfield_core::time::Time;

use crate::packets;

/// Size of the picture that pointers are on.
const SIZE: (u16, u16) = (160, 144);
/// Frames of a log that are looked at one by one.
const FRAMES: u64 = 64;

/// The messages of a viewer's `input` channel, one after the other, until the guest sees them.
pub fn wire(data: &[u8]) {
    let (mut merge, mut second) = (Merge::default(), Merge::default());
    let (mut ledger, mut tally) = (Ledger::default(), Tally::default());
    let mut seen = PlayerInput::default();
    merge.set_connected(Time::ZERO, true);
    second.set_connected(Time::ZERO, true);
    for (nth, bytes) in (0..).zip(packets(data)) {
        if let Ok(reply) = ClockReply::parse(bytes) {
            assert_eq!(ClockReply::parse(&reply.to_bytes()), Ok(reply));
        }
        // A few come in one tick, and now and then the viewer is silent for long.
        let now = Time::from_millis(nth * 7 + nth / 8 * 300);
        let Ok(message) = Message::parse(bytes) else { continue };
        let again = written(&message);
        let reread = Message::parse(&again).expect("what was written is read");
        assert_eq!(told(&reread), told(&message));
        merge.handle(now, &message);
        ledger.sent(Stamps {
            tick: nth as u32,
            sent: now,
            input: (nth % 3 > 0).then_some(Input { sent_us: message.sent_us, came: now }),
            ..Stamps::default()
        });
        for section in message.sections() {
            match section {
                Section::MorePads(body) => {
                    for report in wire::pads(body) {
                        second.handle_pad(now, message.seq, &report);
                    }
                }
                Section::Frames(body) => {
                    for report in wire::frames(body) {
                        ledger.shown(&report, message.clock).inspect(|measured| tally.measured(measured));
                    }
                }
                _ => {}
            }
        }
        second.latch(now, SIZE.0, SIZE.1, &mut seen);
        merge.latch(now, SIZE.0, SIZE.1, &mut seen);
        assert!(seen.touches.as_slice().len() <= MAX_TOUCHES);
        let pointer = seen.pointer;
        assert!(pointer.buttons < 32 && (0..i32::from(SIZE.0)).contains(&pointer.x.into()));
        assert!((0..i32::from(SIZE.1)).contains(&pointer.y.into()));
        assert!(seen.pad.lx > i16::MIN && seen.pad.ly > i16::MIN);
    }
    assert!(ledger.receipt().stages.iter().all(|stage| stage.p50_ms <= stage.max_ms && stage.max_ms <= 60_000.0));
    let account = tally.account();
    let sum = |names: &[&str]| -> u64 {
        account.histograms.iter().filter(|stage| names.contains(&stage.name.as_str())).map(|stage| stage.sum_us).sum()
    };
    assert_eq!(sum(&STAGES), sum(&["total"]) + account.without_input.sum_us);
    // Whatever was held, and however often: a second of silence later nothing is.
    for tick in 0..8 {
        let now = Time::from_millis(1_000_000 + tick * 16);
        second.latch(now, SIZE.0, SIZE.1, &mut seen);
        assert!(tick < 7 || seen.pad.buttons == 0);
        merge.latch(now, SIZE.0, SIZE.1, &mut seen);
    }
    assert!(seen.pad.buttons == 0 && seen.pointer.buttons == 0 && seen.keys.iter().next().is_none());
    assert!(seen.touches.as_slice().is_empty());
}

/// The message as our own clients write it.
fn written(message: &Message) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out, message.seq, message.sent_us, message.clock);
    for section in message.sections() {
        match section {
            Section::Pad(report) => writer.pad(&report),
            Section::MorePads(body) => writer.more_pads(&wire::pads(body).collect::<Vec<_>>()),
            Section::Keys(body) => writer.keys(&wire::keys(body).collect::<Vec<_>>()),
            Section::Pointer(report) => writer.pointer(&report),
            Section::Touches(body) => writer.touches(&wire::touches(body).collect::<Vec<_>>()),
            Section::Acks(body) => writer.acks(&wire::acks(body).collect::<Vec<_>>()),
            Section::Frames(body) => writer.frames(&wire::frames(body).collect::<Vec<_>>()),
            Section::Unknown => {}
        }
    }
    out
}

/// All that a message tells, as text.
fn told(message: &Message) -> String {
    let mut text = format!("{} {} {:?}", message.seq, message.sent_us, message.clock);
    for section in message.sections() {
        let written = match section {
            Section::Pad(report) => write!(text, "{report:?}"),
            Section::MorePads(body) => write!(text, "{:?}", wire::pads(body).collect::<Vec<_>>()),
            Section::Keys(body) => write!(text, "{:?}", wire::keys(body).collect::<Vec<_>>()),
            Section::Pointer(report) => write!(text, "{report:?}"),
            Section::Touches(body) => write!(text, "{:?}", wire::touches(body).collect::<Vec<_>>()),
            Section::Acks(body) => write!(text, "{:?}", wire::acks(body).collect::<Vec<_>>()),
            Section::Frames(body) => write!(text, "{:?}", wire::frames(body).collect::<Vec<_>>()),
            Section::Unknown => Ok(()),
        };
        written.expect("a string takes all");
    }
    text
}

/// An input log: recorded anew, it says the same.
pub fn log(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(log) = InputLog::parse(text) else { return };
    let last = log.last_frame();
    let frames: Vec<u64> = (1..=last.min(FRAMES)).chain((last > FRAMES).then_some(last)).collect();
    let (mut again, mut cursor) = (String::new(), log.cursor());
    let mut recorder = Recorder::new(log.seed, log.start_unix_ms, &mut again);
    for &frame in &frames {
        recorder.record(frame, cursor.at(frame), &mut again);
    }
    let reread = InputLog::parse(&again).expect("what was recorded is read");
    assert_eq!((reread.seed, reread.start_unix_ms), (log.seed, log.start_unix_ms));
    // Walked through once more from its start, which going back does.
    let mut other = reread.cursor();
    for &frame in &frames {
        assert_eq!(other.at(frame), cursor.at(frame), "frame {frame} of\n{again}");
    }
    cursor.at(u64::MAX);
}
