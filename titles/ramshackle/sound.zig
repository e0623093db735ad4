//! Sounds. The second pulse channel and the noise channel are theirs; the tune has the other two, and borrows these
//! when they are free.

const w4 = @import("w4.zig");

/// Nothing is heard but the tune: two rams at play behind the title.
pub var hushed = false;
/// Frames until a sound on the channel is over, which the tune must not cut off.
pub var busy: [4]u8 = @splat(0);

const pulse = 1;
const noise = 3;

const Note = struct {
    /// Frames until it is heard.
    wait: u8 = 0,
    /// In Hz, at its start and its end; 0: the same.
    from: u16 = 0,
    to: u16 = 0,
    /// Frames at its loudness, 0 to 100, and frames of dying away.
    hold: u8 = 0,
    fade: u8 = 0,
    loud: u8 = 0,
    channel: u8 = 0,
    duty: u8 = 2,
};

/// Notes that are still to come.
var coming: [12]Note = @splat(.{});

pub fn step() void {
    for (&busy) |*left| left.* -|= 1;
    for (&coming) |*note| {
        if (note.wait == 0) continue;
        note.wait -= 1;
        if (note.wait == 0) play(note.*);
    }
}

fn play(note: Note) void {
    if (hushed) return;
    const frequency = @as(u32, note.from) | @as(u32, note.to) << 16;
    const length = @as(u32, note.hold) | @as(u32, note.fade) << 8;
    busy[note.channel] = note.hold + note.fade;
    w4.tone(frequency, length, note.loud, @as(u32, note.channel) | @as(u32, note.duty) << 2);
}

fn later(note: Note) void {
    if (hushed) return;
    for (&coming) |*slot| {
        if (slot.wait != 0) continue;
        slot.* = note;
        return;
    }
}

fn hz(charge: f32, least: f32, more: f32) u16 {
    return @intFromFloat(least + more * charge);
}

pub fn paw(charge: f32) void {
    play(.{ .channel = noise, .from = hz(charge, 250, 350), .hold = 1, .fade = 4, .loud = 18 });
}

pub fn dash(charge: f32) void {
    play(.{ .channel = noise, .from = 300, .to = hz(charge, 600, 700), .hold = 3, .fade = 9, .loud = 34 });
}

pub fn hop() void {
    play(.{ .channel = pulse, .from = 220, .to = 520, .hold = 2, .fade = 7, .loud = 30, .duty = 1 });
}

pub fn land() void {
    play(.{ .channel = noise, .from = 260, .to = 120, .hold = 1, .fade = 6, .loud = 30 });
}

pub fn hang() void {
    play(.{ .channel = pulse, .from = 420, .to = 900, .hold = 4, .fade = 4, .loud = 28, .duty = 0 });
}

pub fn knock(charge: f32) void {
    const fade: u8 = @intFromFloat(10 + 12 * charge);
    play(.{ .channel = noise, .from = hz(charge, 900, -300), .to = 150, .hold = 3, .fade = fade, .loud = 60 });
    play(.{ .channel = pulse, .from = hz(charge, 330, -120), .to = 60, .hold = 2, .fade = 12, .loud = 55 });
}

pub fn bonk() void {
    play(.{ .channel = pulse, .from = 500, .to = 180, .hold = 2, .fade = 10, .loud = 45, .duty = 1 });
}

pub fn quake() void {
    play(.{ .channel = noise, .from = 500, .to = 70, .hold = 6, .fade = 22, .loud = 60 });
    play(.{ .channel = pulse, .from = 160, .to = 40, .hold = 4, .fade = 16, .loud = 50 });
}

pub fn crack() void {
    play(.{ .channel = noise, .from = 1400, .to = 700, .hold = 1, .fade = 5, .loud = 30 });
}

pub fn creak() void {
    if (busy[pulse] > 0) return;
    play(.{ .channel = pulse, .from = 130, .to = 190, .hold = 3, .fade = 8, .loud = 22, .duty = 0 });
}

pub fn whistle() void {
    play(.{ .channel = pulse, .from = 1100, .to = 420, .hold = 20, .fade = 20, .loud = 14 });
}

pub fn fuse() void {
    play(.{ .channel = noise, .from = 2400, .hold = 1, .fade = 4, .loud = 18 });
}

pub fn burst() void {
    play(.{ .channel = noise, .from = 700, .to = 60, .hold = 10, .fade = 40, .loud = 75 });
    play(.{ .channel = pulse, .from = 120, .to = 30, .hold = 8, .fade = 26, .loud = 55 });
}

pub fn gust() void {
    play(.{ .channel = noise, .from = 500, .to = 1300, .hold = 20, .fade = 40, .loud = 16 });
}

/// A ram goes over the edge: a falling, wavering "baa".
pub fn bleat(who: u1) void {
    const base: u16 = if (who == 0) 520 else 390;
    for (0..7) |i| {
        const n: u8 = @intCast(i);
        const down: u16 = @as(u16, n) * 18;
        const waver: u16 = if (n % 2 == 0) 0 else 45;
        later(.{
            .wait = 1 + n * 4,
            .channel = pulse,
            .from = base - down - waver,
            .hold = 3,
            .fade = 3,
            .loud = 42 - n * 4,
            .duty = 0,
        });
    }
}

/// Notes one after the other, a few frames apart.
fn run(notes: []const u16, apart: u8, loud: u8) void {
    for (notes, 0..) |from, i| {
        const n: u8 = @intCast(i);
        const wait = 1 + n * apart;
        later(.{ .wait = wait, .channel = pulse, .from = from, .hold = apart - 1, .fade = 6, .loud = loud, .duty = 1 });
    }
}

pub fn gift() void {
    run(&.{ 523, 659, 784, 1047 }, 4, 34);
}

pub fn alarm() void {
    run(&.{ 880, 622, 880, 622, 880, 622 }, 8, 36);
}

pub fn ready() void {
    run(&.{440}, 6, 40);
}

pub fn start() void {
    run(&.{ 659, 880 }, 5, 44);
}

pub fn point() void {
    run(&.{ 587, 740, 880, 1175 }, 6, 40);
}

pub fn victory() void {
    run(&.{ 587, 587, 740, 880, 740, 880, 1175, 1175 }, 7, 42);
}

pub fn choose() void {
    play(.{ .channel = pulse, .from = 660, .hold = 2, .fade = 5, .loud = 30, .duty = 1 });
}

pub fn confirm() void {
    run(&.{ 660, 990 }, 4, 36);
}
