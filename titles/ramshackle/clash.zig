//! What bodies do to each other: rams, posts, a slam's shock.

const Feel = @import("arena.zig").Feel;
const Ram = @import("ram.zig");
const jolt = @import("jolt.zig");
const plane = @import("plane.zig");
const roof = @import("roof.zig");
const sound = @import("sound.zig");
const sparks = @import("sparks.zig");
const V = plane.V;

/// Two bodies touch at this distance, a body and a post at that.
const touch = 12;
const post_touch = 12;
/// As high as this over another one, nothing touches.
const clear_height = 7;

/// Lets two rams meet. Whether a butt landed.
pub fn meet(a: *Ram, b: *Ram, feel: *const Feel) bool {
    if (!a.alive() or !b.alive() or @abs(a.z - b.z) > clear_height) return false;
    const between = b.at.sub(a.at);
    const reach: f32 = if (a.gift == .horn or b.gift == .horn) touch + 3 else touch;
    if (between.length() > reach) return false;
    const along = between.unit(a.heading());
    const a_hits = a.mode == .butt and a.v.dot(along) > 0.3;
    const b_hits = b.mode == .butt and b.v.dot(along) < -0.3;
    if (a_hits and b_hits) return headOn(a, b, along);
    if (a_hits) return strike(a, b, along, feel);
    if (b_hits) return strike(b, a, along.by(-1), feel);
    if (between.length() < touch) elbow(a, b, along, between.length());
    return false;
}

fn strike(a: *Ram, b: *Ram, along: V, feel: *const Feel) bool {
    const horn: f32 = if (a.gift == .horn) 1.35 else 1;
    const power = (1.9 + 2.6 * a.charge) * feel.shove * horn;
    const true_aim = a.heading().add(along).unit(along);
    b.shove(true_aim, power, 14 + @as(u8, @intFromFloat(14 * a.charge)));
    a.v = a.v.by(0.2);
    a.mode = .down;
    a.timer = 5;
    a.squash = 0.25;
    blow(a.at.add(along.by(6)), a.charge);
    sparks.wool(b.at, if (b.who == 0) 4 else 3, 4 + @as(u8, @intFromFloat(8 * a.charge)));
    return true;
}

/// Horns on horns: the harder butt wins by the difference, and the boards under them suffer.
fn headOn(a: *Ram, b: *Ram, along: V) bool {
    const lead = a.charge - b.charge;
    a.shove(along.by(-1), 2.0 - 1.6 * lead, 16);
    b.shove(along, 2.0 + 1.6 * lead, 16);
    const middle = a.at.add(b.at).by(0.5);
    roof.hurtAt(middle.x, middle.y, 1);
    blow(middle, 1);
    return true;
}

fn blow(at: V, charge: f32) void {
    const hard: u8 = @intFromFloat(8 * charge);
    jolt.hit(6 + hard, 3 + hard / 2);
    sparks.flash(at, 8, 6 + hard);
    sound.knock(charge);
}

/// No two in one place; who winds up stands a little firmer.
fn elbow(a: *Ram, b: *Ram, along: V, distance: f32) void {
    const apart = along.by((touch - distance) * 0.5);
    a.at = a.at.sub(apart);
    b.at = b.at.add(apart);
    const closing = a.v.dot(along) - b.v.dot(along);
    if (closing <= 0) return;
    a.v = a.v.sub(along.by(closing * 0.5));
    b.v = b.v.add(along.by(closing * 0.5));
}

/// A slam: the boards around crack, who stands near is shoved, who stands under it is flat.
pub fn quake(r: *Ram, other: *Ram) bool {
    const heavy: u8 = if (r.gift == .anvil) 2 else 1;
    roof.hurtAround(r.at.x, r.at.y, 1, heavy);
    jolt.hit(12, 4);
    sparks.ring(r.at, 2.2);
    sound.quake();
    const between = other.at.sub(r.at);
    const distance = between.length();
    if (!other.grounded() or distance > 32) return false;
    const along = between.unit(r.heading());
    if (distance < 11) {
        other.flatten(44);
        other.at = r.at.add(along.by(touch));
    } else {
        other.shove(along, (2.7 - distance * 0.03) * @as(f32, if (heavy == 2) 1.4 else 1), 16);
    }
    sparks.wool(other.at, if (other.who == 0) 4 else 3, 5);
    return true;
}

/// Posts stand in everybody's way, and throw back who runs into them.
pub fn posts(r: *Ram) void {
    if (!r.alive()) return;
    for (roof.tiles, 0..) |tile, i| {
        if (tile.kind != .post or !tile.holds()) continue;
        const from = r.at.sub(roof.middle(i));
        const distance = from.length();
        if (distance >= post_touch) continue;
        const along = from.unit(r.heading().by(-1));
        r.at = roof.middle(i).add(along.by(post_touch));
        const into = -r.v.dot(along);
        if (into > 0) thrown(r, along, into);
    }
}

fn thrown(r: *Ram, along: V, into: f32) void {
    if (r.mode == .walk or r.mode == .wind or into < 1.2) {
        r.v = r.v.add(along.by(into));
        return;
    }
    r.shove(r.v.add(along.by(2 * into)).unit(along), @max(into * 1.05, 2.2), 14);
    jolt.hit(6, 2);
    sparks.flash(r.at, 6, 5);
    sound.bonk();
}
