//! What falls from the sky: gifts to pick up, and kegs of powder.

const Ram = @import("ram.zig");
const chance = @import("chance.zig");
const jolt = @import("jolt.zig");
const roof = @import("roof.zig");
const sound = @import("sound.zig");
const sparks = @import("sparks.zig");
const V = @import("plane.zig").V;

pub const Kind = enum { none, gift, keg };

pub const Thing = struct {
    kind: Kind = .none,
    gift: Ram.Gift = .none,
    at: V = .{},
    v: V = .{},
    z: f32 = 0,
    /// Frames until a gift is gone or a keg bursts.
    left: u16 = 0,
};

pub const sky = 130;
const keg_fuse = 210;
const gift_frames = 540;
/// How long a gift lasts with who has it.
const gift_works = 480;
const blast = 34;

pub var all: [6]Thing = @splat(.{});

pub fn clear() void {
    all = @splat(.{});
}

pub fn dropGift() void {
    const gifts = [_]Ram.Gift{ .horn, .feather, .anvil };
    drop(.{ .kind = .gift, .gift = gifts[chance.fate.below(gifts.len)], .left = gift_frames });
}

pub fn dropKeg() void {
    drop(.{ .kind = .keg, .left = keg_fuse });
}

/// Onto a firm board, if a few tries find one.
fn drop(what: Thing) void {
    for (&all) |*thing| {
        if (thing.kind != .none) continue;
        for (0..12) |_| {
            const i = chance.fate.below(roof.tiles.len);
            const tile = roof.tiles[i];
            if (tile.phase != .firm or tile.kind == .post) continue;
            thing.* = what;
            thing.at = roof.middle(i);
            thing.z = sky;
            sound.whistle();
            return;
        }
        return;
    }
}

/// Whether a keg hurt somebody.
pub fn step(rams: *[2]Ram, friction: f32) void {
    for (&all) |*thing| {
        if (thing.kind == .none) continue;
        if (thing.z > 0) {
            thing.z = @max(thing.z - 2.4, 0);
            if (thing.z == 0) {
                sparks.puff(thing.at, 5);
                sound.land();
            }
            continue;
        }
        slide(thing, friction);
        thing.left -|= 1;
        if (thing.kind == .none) continue;
        if (thing.kind == .gift) offer(thing, rams) else smoulder(thing, rams);
    }
}

fn slide(thing: *Thing, friction: f32) void {
    thing.at = thing.at.add(thing.v).add(roof.drift(thing.at.x, thing.at.y));
    thing.v = thing.v.by(friction);
    for (roof.tiles, 0..) |tile, i| {
        if (tile.kind != .post or !tile.holds()) continue;
        const from = thing.at.sub(roof.middle(i));
        if (from.length() >= 11) continue;
        const along = from.unit(.{ .x = 1 });
        thing.at = roof.middle(i).add(along.by(11));
        thing.v = thing.v.add(along.by(-2 * @min(thing.v.dot(along), 0)));
    }
    if (!roof.supports(thing.at.x, thing.at.y)) {
        sparks.puff(thing.at, 3);
        thing.kind = .none;
    }
}

fn offer(thing: *Thing, rams: *[2]Ram) void {
    for (rams) |*r| {
        if (!r.alive() or r.z > 10 or thing.at.sub(r.at).length() > 13) continue;
        r.gift = thing.gift;
        r.gift_left = gift_works;
        sparks.ring(r.at, 1.2);
        sound.gift();
        thing.kind = .none;
        return;
    }
    if (thing.left == 0) {
        sparks.puff(thing.at, 3);
        thing.kind = .none;
    }
}

fn smoulder(thing: *Thing, rams: *[2]Ram) void {
    for (rams) |*r| {
        const between = thing.at.sub(r.at);
        if (!r.alive() or r.z > 8 or between.length() > 12) continue;
        const along = between.unit(r.heading());
        if (r.mode == .butt) {
            thing.v = r.heading().add(along).unit(along).by(2.2 + 2.4 * r.charge);
            r.v = r.v.by(0.3);
            r.mode = .down;
            r.timer = 6;
            jolt.hit(5, 2);
            sparks.flash(thing.at, 5, 5);
            sound.bonk();
        } else {
            thing.v = thing.v.add(along.by(0.3));
        }
    }
    if (thing.left % 30 == 0 and thing.left > 0) sound.fuse();
    if (thing.left == 0) burst(thing, rams);
}

fn burst(thing: *Thing, rams: *[2]Ram) void {
    thing.kind = .none;
    roof.hurtAround(thing.at.x, thing.at.y, 3, 2);
    sparks.ring(thing.at, 3);
    sparks.flash(thing.at, 4, 14);
    jolt.hit(18, 6);
    sound.burst();
    for (rams) |*r| {
        const between = r.at.sub(thing.at);
        const distance = between.length();
        if (!r.alive() or distance > blast) continue;
        r.shove(between.unit(r.heading()), 4.6 - distance * 0.06, 24);
    }
}
