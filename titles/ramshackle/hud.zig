//! Words and marks over a round: points, what round this is, what to press, who has it.

const arena = @import("arena.zig");
const bout = @import("bout.zig");
const draw = @import("draw.zig");
const portrait = @import("portrait.zig");
const world = @import("world.zig");

/// Pips of points, from the player's side inward.
pub fn points() void {
    draw.box(0, 0, 160, 13, draw.night);
    draw.shade(0, 13, 160, 1, 8, draw.board);
    for (0..2) |who| {
        const color = portrait.fleece(@intCast(who));
        const mark = if (who == 0) "SNOW" else "RUST";
        draw.text(mark, if (who == 0) 3 else 125, 3, color);
        for (0..bout.target) |i| {
            const n: i32 = @intCast(i);
            const x = if (who == 0) 38 + n * 6 else 117 - n * 6;
            draw.framed(x, 3, 5, 7, if (i < bout.points[who]) color else draw.night, color);
        }
    }
}

pub fn show(alone: bool) void {
    points();
    switch (bout.phase) {
        .intro => intro(alone),
        .play => play(),
        .over => over(),
        .done => {},
    }
}

fn intro(alone: bool) void {
    const t: i32 = bout.timer;
    const out: i32 = bout.intro_frames - t;
    const slide = @max(0, 16 - t) * 10 + @min(0, out - 8) * 20;
    draw.box(0, 94, 160, 44, draw.night);
    draw.box(0, 93, 160, 1, draw.snow);
    draw.box(0, 138, 160, 1, draw.snow);
    var title: [8]u8 = "ROUND   ".*;
    var digits: [10]u8 = undefined;
    const number = draw.decimal(bout.round, &digits);
    @memcpy(title[6..][0..number.len], number);
    draw.text(title[0 .. 6 + number.len], 52 + slide, 97, draw.board);
    const roof_name = arena.arenas[bout.which].name;
    draw.text(roof_name, 80 - @as(i32, @intCast(roof_name.len)) * 4 - slide, 107, draw.snow);
    const twist = arena.twists[bout.twist];
    draw.text(twist.name, 80 - @as(i32, @intCast(twist.name.len)) * 4 + slide, 118, draw.rust);
    draw.text(twist.tells, 80 - @as(i32, @intCast(twist.tells.len)) * 4 - slide, 128, draw.snow);
    if (t > bout.intro_frames - 60) {
        draw.centredRimmed("READY", 70, draw.snow);
        names(alone);
    }
    tips();
}

/// Whose ram is whose.
fn names(alone: bool) void {
    const left: []const u8 = if (alone) "YOU" else "P1";
    const right: []const u8 = if (alone) "CPU" else "P2";
    draw.rimmed(left, 32 - @as(i32, @intCast(left.len)) * 4, 44, draw.snow);
    draw.rimmed(right, 128 - @as(i32, @intCast(right.len)) * 4, 44, draw.rust);
}

/// At the foot of the picture, in the first two rounds.
fn tips() void {
    if (bout.round > 2) return;
    draw.box(0, 150, 160, 10, draw.night);
    draw.centred(if (bout.round == 1) "HOLD \x80:BUTT \x81:HOP" else "\x81 IN THE AIR: SLAM", 151, draw.snow);
}

fn play() void {
    tips();
    if (bout.timer < 36) draw.centredRimmed("BUTT!", 70 - @divTrunc(@as(i32, bout.timer), 4), draw.snow);
    const ending = world.time > world.doom and world.time < world.doom + 110;
    if (ending and world.time % 20 < 13) draw.centredRimmed("THE ROOF IS GOING!", 18, draw.rust);
}

fn over() void {
    if (bout.timer < 40) return;
    const who = bout.winner orelse {
        draw.centredRimmed("BOTH OVER! NO POINT", 66, draw.snow);
        return;
    };
    const words = if (who == 0) "SNOW HAS IT!" else "RUST HAS IT!";
    draw.centredRimmed(words, 66, portrait.fleece(who));
    if (!world.rams[who].alive()) draw.centredRimmed("BY A WHISKER", 78, draw.snow);
}
