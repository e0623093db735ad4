//! A match: rounds to a number of points, each on another roof with another twist.
//!
//! ```text
//!   intro --130 frames--> play --a ram is over--> over --points--> intro ...
//!                                                  '--enough--> done
//! ```
//!
//! Whoever stands when the other goes over has the point, even if it falls a moment later. Both in the same frame:
//! nobody.

const arena = @import("arena.zig");
const chance = @import("chance.zig");
const jolt = @import("jolt.zig");
const music = @import("music.zig");
const sound = @import("sound.zig");
const sparks = @import("sparks.zig");
const world = @import("world.zig");
const mem = @import("std").mem;

pub const Phase = enum { intro, play, over, done };

pub const intro_frames = 130;
const over_frames = 150;
/// After the fall, time runs slowly for so many frames.
const slow_frames = 60;

pub var phase: Phase = .intro;
pub var timer: u16 = 0;
pub var points: [2]u8 = .{ 0, 0 };
pub var target: u8 = 5;
pub var round: u8 = 0;
pub var which: u8 = 0;
pub var twist: u8 = 0;
/// Who has the point of this round.
pub var winner: ?u1 = null;

var arena_bag: [arena.arenas.len]u8 = undefined;
var twist_bag: [arena.twists.len]u8 = undefined;

pub fn begin(to: u8) void {
    target = to;
    points = .{ 0, 0 };
    world.hits = .{ 0, 0 };
    round = 0;
    nextRound();
}

fn nextRound() void {
    choose();
    round += 1;
    phase = .intro;
    timer = 0;
    winner = null;
    world.begin(which, twist);
    music.set(.jig);
    music.hasty = false;
}

/// The first round is plain, so that one learns; then bags are drawn empty, so that all turn up.
fn choose() void {
    if (round == 0) {
        fill(&arena_bag);
        fill(&twist_bag);
        which = 0;
        twist = 0;
        return;
    }
    which = draw(&arena_bag, round, which);
    twist = draw(&twist_bag, round, twist);
}

fn fill(bag: []u8) void {
    for (bag, 0..) |*slot, i| slot.* = @intCast(i);
    chance.fate.shuffle(bag[1..]);
}

fn draw(bag: []u8, n: usize, last: u8) u8 {
    const i = n % bag.len;
    if (i == 0) {
        chance.fate.shuffle(bag);
        if (bag[0] == last) mem.swap(u8, &bag[0], &bag[bag.len - 1]);
    }
    return bag[i];
}

pub fn step(pads: [2]u8) void {
    timer +|= 1;
    switch (phase) {
        .intro => intro(),
        .play => play(pads),
        .over => over(pads),
        .done => {},
    }
}

fn intro() void {
    if (timer == intro_frames - 60) sound.ready();
    if (timer < intro_frames) return;
    sound.start();
    phase = .play;
    timer = 0;
}

fn play(pads: [2]u8) void {
    world.step(pads);
    if (world.time == world.doom) music.hasty = true;
    const alive = [2]bool{ world.rams[0].alive(), world.rams[1].alive() };
    if (alive[0] and alive[1]) return;
    winner = if (alive[0]) 0 else if (alive[1]) 1 else null;
    phase = .over;
    timer = 0;
    jolt.hit(10, 0);
}

fn over(pads: [2]u8) void {
    if (timer > slow_frames or timer % 3 == 0) world.step(pads);
    if (timer == slow_frames) award();
    if (timer < over_frames) return;
    if (@max(points[0], points[1]) >= target) phase = .done else nextRound();
}

fn award() void {
    const who = winner orelse return;
    points[who] += 1;
    sound.point();
    sparks.wool(world.rams[who].at, if (who == 0) 4 else 3, 10);
}
