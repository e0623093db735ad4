//! A ram: what its buttons make it do, and how it moves. What two rams do to each other is in `clash`.
//!
//! ```text
//!   walk --X held--> wind --X let go--> butt --> walk        stagger: shoved; the roof slides by
//!    | Z                                                     down: stunned, or getting up
//!    v                                                       fall, out: over the edge
//!   air --Z--> slam --> down --> walk
//! ```

const Feel = @import("arena.zig").Feel;
const chance = @import("chance.zig");
const plane = @import("plane.zig");
const roof = @import("roof.zig");
const sound = @import("sound.zig");
const sparks = @import("sparks.zig");
const w4 = @import("w4.zig");
const V = plane.V;

const Ram = @This();

pub const Mode = enum { walk, wind, butt, stagger, air, slam, down, fall, out };
pub const Gift = enum { none, horn, feather, anvil };
/// What a frame did that others must feel.
pub const Event = enum { none, slammed, over };

/// A butt is full after so many frames of winding up, and goes off by itself after so many.
pub const full_wind = 40;
const longest_wind = 110;
/// Frames over the edge in which a hop still saves.
pub const grace_frames = 7;
/// Frames on one board until it may suffer.
const patience = 140;
/// A slam hangs in the air before it comes down.
const hang_frames = 7;

who: u1 = 0,
at: V = .{},
v: V = .{},
z: f32 = 0,
vz: f32 = 0,
face: plane.Way = 0,
mode: Mode = .walk,
/// Frames in the mode, or left of it.
timer: u8 = 0,
/// How hard the butt is, 0 to 1.
charge: f32 = 0,
/// Frames spent over the edge.
grace: u8 = 0,
/// Frames until it can wind up again.
rest: u8 = 0,
gift: Gift = .none,
gift_left: u16 = 0,
pad: u8 = 0,
before: u8 = 0,
/// The board it stands on, and for how long.
board: usize = 0,
stood: u16 = 0,
/// For the eye: how flat it is, and how far it has walked.
squash: f32 = 0,
trot: f32 = 0,

/// On its feet or in the air, not yet lost.
pub fn alive(r: *const Ram) bool {
    return r.mode != .fall and r.mode != .out;
}

pub fn grounded(r: *const Ram) bool {
    return r.alive() and r.z <= 0;
}

pub fn heading(r: *const Ram) V {
    return plane.ways[r.face];
}

pub fn step(r: *Ram, feel: *const Feel, pad: u8) Event {
    r.before = r.pad;
    r.pad = pad;
    r.rest -|= 1;
    r.squash *= 0.85;
    r.gift_left -|= 1;
    if (r.gift_left == 0) r.gift = .none;
    switch (r.mode) {
        .walk => r.walk(feel),
        .wind => r.wind(feel),
        .butt => r.butt(feel),
        .stagger => r.stagger(feel),
        .air => r.air(feel),
        .slam => r.slam(),
        .down => r.lie(),
        .fall => return r.fall(),
        .out => return .none,
    }
    r.at = r.at.add(r.v);
    r.keepInSight();
    return if (r.mode == .air or r.mode == .slam) r.fly(feel) else r.stand(feel);
}

fn pressed(r: *const Ram, button: u8) bool {
    return r.pad & ~r.before & button != 0;
}

/// Towards where the buttons say.
fn push(r: *Ram, grip: f32) void {
    const way = plane.wayOfPad(r.pad) orelse return;
    r.face = way;
    r.v = r.v.add(plane.ways[way].by(grip));
}

fn walk(r: *Ram, feel: *const Feel) void {
    r.push(if (r.gift == .anvil) feel.grip * 0.8 else feel.grip);
    r.v = r.v.by(feel.keep);
    r.trot += r.v.length();
    if (r.pressed(w4.z_button)) return r.hop(feel);
    if (r.pad & w4.x_button != 0 and r.rest == 0) {
        r.mode = .wind;
        r.timer = 0;
        r.charge = 0;
    }
}

fn wind(r: *Ram, feel: *const Feel) void {
    r.push(feel.grip * 0.3);
    r.v = r.v.by(feel.keep);
    if (r.pressed(w4.z_button)) return r.hop(feel);
    r.timer += 1;
    r.charge = @min(@as(f32, @floatFromInt(r.timer)) / full_wind, 1);
    if (r.timer % 8 == 0) {
        sparks.puff(r.at.sub(r.heading().by(5)), 1);
        sound.paw(r.charge);
    }
    if (r.pad & w4.x_button == 0 or r.timer > longest_wind) r.go();
}

/// The charge itself.
fn go(r: *Ram) void {
    r.mode = .butt;
    r.timer = 10 + @as(u8, @intFromFloat(10 * r.charge));
    r.v = r.heading().by(1.9 + 2.4 * r.charge);
    r.rest = 16;
    sparks.puff(r.at, 4);
    sound.dash(r.charge);
}

fn butt(r: *Ram, feel: *const Feel) void {
    if (plane.wayOfPad(r.pad)) |way| r.v = r.v.add(plane.ways[way].by(0.05));
    r.v = r.v.by(0.965);
    if (r.timer % 3 == 0) sparks.puff(r.at, 1);
    if (r.pressed(w4.z_button) and r.timer < 14) return r.hop(feel);
    r.timer -|= 1;
    if (r.timer == 0) r.mode = .walk;
}

fn stagger(r: *Ram, feel: *const Feel) void {
    if (plane.wayOfPad(r.pad)) |way| r.v = r.v.add(plane.ways[way].by(0.06));
    r.v = r.v.by(feel.reel);
    if (r.timer % 4 == 0) {
        r.face +%= 1;
        sparks.puff(r.at, 1);
    }
    if (r.pressed(w4.z_button) and r.grace > 0) return r.rescue(feel);
    r.timer -|= 1;
    if (r.timer == 0) r.mode = .walk;
}

fn lie(r: *Ram) void {
    r.v = r.v.by(0.8);
    r.timer -|= 1;
    if (r.timer == 0) r.mode = .walk;
}

fn hop(r: *Ram, feel: *const Feel) void {
    if (r.grace > 0) return r.rescue(feel);
    r.mode = .air;
    r.timer = 0;
    r.vz = if (r.gift == .feather) feel.leap * 1.2 else feel.leap;
    r.squash = -0.35;
    sparks.puff(r.at, 3);
    sound.hop();
}

/// The last hop, from over the edge back.
fn rescue(r: *Ram, feel: *const Feel) void {
    r.grace = 0;
    r.v = r.v.by(0.45);
    r.hop(feel);
    sound.bleat(r.who);
}

fn air(r: *Ram, feel: *const Feel) void {
    r.timer +|= 1;
    if (plane.wayOfPad(r.pad)) |way| {
        r.face = way;
        const along = plane.ways[way];
        if (r.v.dot(along) < 1.45) r.v = r.v.add(along.by(0.085));
    }
    r.v = r.v.by(0.985);
    const floats = r.gift == .feather and r.pad & w4.z_button != 0;
    r.vz -= feel.gravity;
    if (floats) r.vz = @max(r.vz, -0.45);
    if (r.timer > 5 and r.pressed(w4.z_button) and !(floats and r.timer > 40)) {
        r.mode = .slam;
        r.timer = hang_frames;
        sound.hang();
    }
}

fn slam(r: *Ram) void {
    r.v = r.v.by(0.7);
    if (r.timer > 0) {
        r.timer -= 1;
        r.vz = 0.3;
        r.face +%= 1;
    } else {
        r.vz = -4.5;
    }
}

fn fly(r: *Ram, _: *const Feel) Event {
    r.z += r.vz;
    if (r.z > 0) return .none;
    if (!roof.supports(r.at.x, r.at.y)) return r.tumble();
    r.z = 0;
    const slammed = r.mode == .slam;
    r.mode = if (slammed) .down else .walk;
    r.timer = 18;
    r.squash = if (slammed) 0.6 else 0.35;
    r.stood = 0;
    if (slammed) return .slammed;
    if (r.gift != .feather) roof.hurtAt(r.at.x, r.at.y, 1);
    sparks.puff(r.at, 5);
    sound.land();
    return .none;
}

/// On its feet: the board under it, or none.
fn stand(r: *Ram, feel: *const Feel) Event {
    r.z = 0;
    if (!roof.supports(r.at.x, r.at.y)) {
        r.grace += 1;
        if (r.grace > grace_frames) return r.tumble();
        return .none;
    }
    r.grace = 0;
    r.at = r.at.add(roof.drift(r.at.x, r.at.y));
    r.wear(feel);
    return .none;
}

/// Boards suffer from being stood on for long; brittle ones from being left.
fn wear(r: *Ram, feel: *const Feel) void {
    const board = roof.index(r.at.x, r.at.y) orelse return;
    if (board == r.board) {
        r.stood +|= 1;
        // By chance, or else two that both stand still would go over together, round after round.
        if (r.stood < patience or chance.fate.below(40) > 0) return;
        r.stood = 1;
        return roof.hurt(board, 1);
    }
    if (feel.brittle and r.stood > 0) roof.hurt(r.board, 1);
    r.board = board;
    r.stood = 0;
}

fn tumble(r: *Ram) Event {
    r.mode = .fall;
    r.timer = 50;
    r.vz = @min(r.vz, 0.5);
    r.grace = 0;
    sound.bleat(r.who);
    return .over;
}

fn fall(r: *Ram) Event {
    r.v = r.v.by(0.93);
    r.at = r.at.add(r.v);
    r.vz -= 0.14;
    r.z += r.vz;
    if (r.timer % 5 == 0) r.face +%= 1;
    r.timer -|= 1;
    if (r.timer == 0) r.mode = .out;
    return .none;
}

/// Another one's blow; `power` is the speed it leaves with.
pub fn shove(r: *Ram, along: V, power: f32, frames: u8) void {
    const heavy: f32 = if (r.gift == .anvil) 0.55 else 1;
    r.v = along.by(power * heavy);
    if (r.mode == .air or r.mode == .slam) {
        r.mode = .air;
        // Nothing brakes it up there.
        r.v = r.v.by(0.6);
        return;
    }
    r.mode = .stagger;
    r.timer = frames;
    r.squash = 0.3;
}

pub fn flatten(r: *Ram, frames: u8) void {
    r.mode = .down;
    r.timer = frames;
    r.squash = 0.75;
    r.v = .{};
}

fn keepInSight(r: *Ram) void {
    r.at.x = @min(@max(r.at.x, -14), roof.width + 14);
    r.at.y = @min(@max(r.at.y, -14), roof.height + 14);
}
