//! Directions and lengths on the roof. Positions are in pixels from its top left corner.

pub const V = struct {
    x: f32 = 0,
    y: f32 = 0,

    pub fn sub(a: V, b: V) V {
        return .{ .x = a.x - b.x, .y = a.y - b.y };
    }
    pub fn add(a: V, b: V) V {
        return .{ .x = a.x + b.x, .y = a.y + b.y };
    }
    pub fn by(a: V, k: f32) V {
        return .{ .x = a.x * k, .y = a.y * k };
    }
    pub fn dot(a: V, b: V) f32 {
        return a.x * b.x + a.y * b.y;
    }
    pub fn cross(a: V, b: V) f32 {
        return a.x * b.y - a.y * b.x;
    }
    pub fn length(a: V) f32 {
        return @sqrt(a.dot(a));
    }
    /// Of length 1, or `other` if it has none.
    pub fn unit(a: V, other: V) V {
        const len = a.length();
        return if (len < 0.01) other else a.by(1 / len);
    }
};

/// One of eight directions, clockwise from the right.
pub const Way = u3;

const diagonal = 0.7071;
pub const ways = [8]V{
    .{ .x = 1, .y = 0 },
    .{ .x = diagonal, .y = diagonal },
    .{ .x = 0, .y = 1 },
    .{ .x = -diagonal, .y = diagonal },
    .{ .x = -1, .y = 0 },
    .{ .x = -diagonal, .y = -diagonal },
    .{ .x = 0, .y = -1 },
    .{ .x = diagonal, .y = -diagonal },
};

/// The nearest of the eight.
pub fn wayOf(v: V) Way {
    var best: Way = 0;
    for (ways, 0..) |way, i| {
        if (way.dot(v) > ways[best].dot(v)) best = @intCast(i);
    }
    return best;
}

const w4 = @import("w4.zig");

/// What the direction buttons of a gamepad say.
pub fn wayOfPad(pad: u8) ?Way {
    const right: f32 = if (pad & w4.right != 0) 1 else 0;
    const left: f32 = if (pad & w4.left != 0) 1 else 0;
    const down: f32 = if (pad & w4.down != 0) 1 else 0;
    const up: f32 = if (pad & w4.up != 0) 1 else 0;
    const v: V = .{ .x = right - left, .y = down - up };
    return if (v.x == 0 and v.y == 0) null else wayOf(v);
}

/// The buttons to press to go there.
pub fn padOfWay(way: Way) u8 {
    const v = ways[way];
    var pad: u8 = 0;
    if (v.x > 0.1) pad |= w4.right;
    if (v.x < -0.1) pad |= w4.left;
    if (v.y > 0.1) pad |= w4.down;
    if (v.y < -0.1) pad |= w4.up;
    return pad;
}

/// The pixel a position is in.
pub fn pixel(v: f32) i32 {
    return @intFromFloat(@floor(@min(@max(v, -1000), 1000)));
}
