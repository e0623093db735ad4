//! The tunes, and the small sequencer that plays them: a jig for the roof, a slower one for everything else.
//!
//! A tune is text: a letter, an optional `#`, an octave; `-` holds the note before it, `.` is silence; `|` is for the
//! reader. One word is an eighth, six are a bar.

const sound = @import("sound.zig");
const w4 = @import("w4.zig");

const lead_channel = 0;
const echo_channel = 1;
const bass_channel = 2;
const drum_channel = 3;

const hold = 1;
const silence = 0;

const Tune = struct { lead: []const u8, bass: []const u8, pace: u8, drums: bool };

const jig: Tune = .{ .pace = 8, .drums = true, .lead = &notes(
    \\ D5 - E5 F5 - D5 | C5 - A4 G4 A4 - | F4 A4 D5 C5 - A4 | G4 - E4 D4 - .
    \\ D5 - E5 F5 - G5 | A5 - F5 E5 C5 - | D5 C5 A4 G4 E4 G4 | A4 - C5 D5 - .
    \\ A5 - A5 G5 F5 E5 | F5 - D5 D5 - . | G5 - G5 F5 E5 C5 | E5 - C5 C5 D5 E5
    \\ F5 - F5 E5 D5 C5 | D5 - A4 A4 B4 C5 | D5 E5 F5 G5 E5 C5 | D5 - - D5 - .
    \\ D4 F4 A4 D5 - A4 | C5 - G4 E4 G4 - | D4 F4 A4 B4 - A4 | G4 A4 G4 E4 C4 -
    \\ F4 A4 C5 F5 - E5 | D5 - C5 A4 G4 A4 | C5 D5 E5 G5 E5 C5 | D5 - A4 D4 - .
), .bass = &notes(
    \\ D3 - . A2 - . | C3 - . G2 - . | D3 - . A2 - . | C3 - . D3 - A2
    \\ D3 - . A2 - . | F2 - . C3 - . | G2 - . C3 - . | A2 - C3 D3 - .
    \\ F2 - . C3 - . | D3 - . A2 - . | C3 - . G2 - . | C3 - . G2 - B2
    \\ F2 - . C3 - . | D3 - . A2 - . | G2 - . C3 - . | D3 - A2 D2 - .
    \\ D3 - . D3 - A2 | C3 - . C3 - G2 | D3 - . G2 - . | C3 - . G2 - .
    \\ F2 - . F2 - C3 | D3 - . A2 - . | C3 - . C3 - G2 | D3 - A2 D2 - .
) };

const stroll: Tune = .{ .pace = 11, .drums = false, .lead = &notes(
    \\ G4 - B4 D5 - B4 | C5 - A4 F4 - A4 | G4 - B4 D5 - E5 | D5 - - - . .
    \\ E5 - D5 B4 - G4 | A4 - C5 F5 - E5 | D5 - B4 A4 - F4 | G4 - - - . .
    \\ D5 - D5 E5 F5 - | E5 - C5 A4 - . | C5 - C5 D5 E5 - | D5 - B4 G4 - .
    \\ F4 - A4 C5 - A4 | G4 - B4 D5 - G5 | F5 - D5 C5 A4 F4 | G4 - - - . .
), .bass = &notes(
    \\ G2 - . D3 - . | F2 - . C3 - . | G2 - . D3 - . | G2 - D3 B2 - .
    \\ E2 - . B2 - . | F2 - . C3 - . | D3 - . D3 - . | G2 - D3 G2 - .
    \\ G2 - . B2 - . | A2 - . E3 - . | F2 - . C3 - . | G2 - . D3 - .
    \\ F2 - . C3 - . | G2 - . B2 - . | F2 - . F2 - . | G2 - D3 G2 - .
) };

pub const Piece = enum { none, stroll, jig };

var piece: Piece = .none;
/// The word that comes next, and frames until then.
var at: usize = 0;
var left: u8 = 0;
pub var hasty = false;

pub fn set(wanted: Piece) void {
    if (wanted == piece) return;
    piece = wanted;
    at = 0;
    left = 0;
    hasty = false;
}

pub fn step() void {
    const tune = switch (piece) {
        .none => return,
        .stroll => &stroll,
        .jig => &jig,
    };
    if (left > 0) {
        left -= 1;
        return;
    }
    const pace = if (hasty) tune.pace - 2 else tune.pace;
    left = pace - 1;
    word(tune, at, pace);
    at = (at + 1) % tune.lead.len;
}

fn word(tune: *const Tune, now: usize, pace: u8) void {
    sing(tune.lead, now, pace, lead_channel, 20, 0);
    sing(tune.bass, now, pace, bass_channel, 34, 0);
    // Two words late, softly, on the right: an echo, while no sound needs the channel.
    if (sound.busy[echo_channel] == 0 and now >= 2) sing(tune.lead, now - 2, pace, echo_channel, 7, 2);
    if (tune.drums and sound.busy[drum_channel] == 0) drum(now % 6);
}

fn sing(words: []const u8, now: usize, pace: u8, channel: u32, loud: u32, side: u32) void {
    const note = words[now];
    if (note == silence or note == hold) return;
    var long: u32 = pace;
    var next = now + 1;
    while (next < words.len and words[next] == hold) : (next += 1) long += pace;
    const fade: u32 = @min(long / 2, 8);
    const by_note = 64;
    w4.tone(note, (long - fade) | fade << 8, loud | (loud + loud / 2) << 8, channel | 1 << 2 | side << 4 | by_note);
}

fn drum(eighth: usize) void {
    const hertz: u32 = switch (eighth) {
        0 => 140 | 60 << 16,
        3 => 500 | 300 << 16,
        2, 5 => 1800,
        else => return,
    };
    w4.tone(hertz, 1 | 4 << 8, if (eighth == 0) 26 else 11, drum_channel);
}

fn count(comptime text: []const u8) usize {
    @setEvalBranchQuota(100_000);
    var words: usize = 0;
    var inside = false;
    for (text) |letter| {
        const blank = letter == ' ' or letter == '|' or letter == '\n';
        if (!blank and !inside) words += 1;
        inside = !blank;
    }
    return words;
}

/// The words of a tune as notes of MIDI, `hold` or `silence`.
fn notes(comptime text: []const u8) [count(text)]u8 {
    @setEvalBranchQuota(100_000);
    var result: [count(text)]u8 = undefined;
    var n: usize = 0;
    var i: usize = 0;
    while (i < text.len) : (i += 1) switch (text[i]) {
        '-' => {
            result[n] = hold;
            n += 1;
        },
        '.' => {
            result[n] = silence;
            n += 1;
        },
        'A'...'G' => {
            // Semitones of A to G above C.
            const pitch = [_]u8{ 9, 11, 0, 2, 4, 5, 7 };
            const sharp = text[i + 1] == '#';
            const octave = text[if (sharp) i + 2 else i + 1] - '0';
            result[n] = 12 * (octave + 1) + pitch[text[i] - 'A'] + @intFromBool(sharp);
            n += 1;
            i += if (sharp) 2 else 1;
        },
        else => {},
    };
    return result;
}
