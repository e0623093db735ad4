//! A round's world: two rams on a roof, and the clock that ends every round.
//!
//! Each frame, in this order: rams, what they do to each other, boards, things, weather. The rules of a round's end are
//! in `bout`; here is only who still stands.

const Ram = @import("ram.zig");
const arena = @import("arena.zig");
const chance = @import("chance.zig");
const clash = @import("clash.zig");
const jolt = @import("jolt.zig");
const plane = @import("plane.zig");
const roof = @import("roof.zig");
const sound = @import("sound.zig");
const sparks = @import("sparks.zig");
const things = @import("things.zig");
const V = plane.V;

/// From then on boards fall by themselves, one every few frames, so that nobody can wait for ever.
pub const doom = 1200;
const doom_pace = 14;
const gift_pace = 330;
const keg_pace = 130;
const gale_turn = 260;
const gale_push = 0.05;

pub var rams: [2]Ram = .{ .{}, .{} };
pub var feel: arena.Feel = .{};
/// Frames since the round began.
pub var time: u16 = 0;
pub var wind: V = .{};
/// Butts that landed, of each ram, for the result.
pub var hits: [2]u16 = .{ 0, 0 };

pub fn begin(which: usize, twist: usize) void {
    arena.raise(which);
    feel = arena.twists[twist].feel;
    time = 0;
    wind = .{};
    const start = roof.middle(3 * roof.cols + 1);
    rams[0] = .{ .who = 0, .at = start, .face = 0 };
    rams[1] = .{ .who = 1, .at = .{ .x = roof.width - start.x, .y = start.y }, .face = 4 };
    things.clear();
    sparks.clear();
    jolt.calm();
}

/// One frame with these buttons.
pub fn step(pads: [2]u8) void {
    sparks.step();
    if (jolt.frozen()) return;
    time +|= 1;
    moveRams(pads);
    roof.step(feel.mends and time < doom);
    things.step(&rams, if (feel.keep > 0.9) 0.985 else 0.94);
    weather();
}

fn moveRams(pads: [2]u8) void {
    for (&rams, pads, 0..) |*r, pad, i| {
        if (r.step(&feel, pad) == .slammed and clash.quake(r, &rams[1 - i])) hits[i] +|= 1;
    }
    const butting = [2]bool{ rams[0].mode == .butt, rams[1].mode == .butt };
    if (clash.meet(&rams[0], &rams[1], &feel)) {
        for (&hits, butting) |*count, did| count.* +|= @intFromBool(did);
    }
    for (&rams) |*r| clash.posts(r);
}

fn weather() void {
    if (time >= doom and time % doom_pace == 0) roof.crumble();
    if (time == doom) sound.alarm();
    if (time % gift_pace == gift_pace - 90 and time < doom) things.dropGift();
    if (feel.kegs and time % keg_pace == 60) things.dropKeg();
    if (feel.gale) gale();
}

fn gale() void {
    if (time % gale_turn == 1) {
        wind = plane.ways[chance.fate.below(8)].by(gale_push);
        sound.gust();
    }
    if (time % gale_turn > gale_turn - 50) wind = .{};
    if (wind.length() == 0) return;
    if (time % 3 == 0) sparks.gust(wind);
    for (&rams) |*r| {
        if (r.alive()) r.v = r.v.add(wind);
    }
}
