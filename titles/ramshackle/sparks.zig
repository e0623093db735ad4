//! Dust, splinters, wool and confetti: what flies about and touches nobody.

const chance = @import("chance.zig");
const V = @import("plane.zig").V;

/// How it looks: a shrinking dot, a falling pixel, a streak, a shred of paper.
pub const Look = enum { puff, chip, streak, paper };

pub const Spark = struct {
    at: V = .{},
    v: V = .{},
    z: f32 = 0,
    vz: f32 = 0,
    look: Look = .puff,
    /// Draw colour, 1 to 4.
    color: u8 = 4,
    life: u8 = 0,
};

pub var all: [96]Spark = @splat(.{});
var next: usize = 0;

pub fn clear() void {
    all = @splat(.{});
}

fn add(spark: Spark) void {
    all[next] = spark;
    next = (next + 1) % all.len;
}

fn around(speed: f32) V {
    return .{ .x = chance.dust.spread() * speed, .y = chance.dust.spread() * speed };
}

fn lasting(least: u8, more: u32) u8 {
    return least + @as(u8, @intCast(chance.dust.below(more)));
}

pub fn puff(at: V, count: u8) void {
    for (0..count) |_| {
        add(.{ .at = at.add(around(5)), .v = around(0.6), .vz = 0.3, .life = lasting(10, 10), .color = 4 });
    }
}

pub fn chips(at: V, count: u8) void {
    for (0..count) |_| {
        const up = 1.2 + chance.dust.spread() * 0.7;
        const life = lasting(16, 12);
        add(.{ .at = at.add(around(6)), .v = around(0.7), .vz = up, .life = life, .color = 2, .look = .chip });
    }
}

/// Tufts of wool.
pub fn wool(at: V, color: u8, count: u8) void {
    for (0..count) |_| {
        const up = 1.4 + chance.dust.spread() * 0.8;
        add(.{ .at = at, .z = 8, .v = around(1.6), .vz = up, .life = lasting(18, 14), .color = color });
    }
}

/// A burst of streaks, where horns meet.
pub fn flash(at: V, z: f32, count: u8) void {
    for (0..count) |_| {
        const v = around(1).unit(.{ .x = 1 }).by(1.5 + chance.dust.spread());
        add(.{ .at = at, .z = z, .v = v, .life = lasting(6, 8), .look = .streak });
    }
}

/// A ring of dust that runs outward.
pub fn ring(at: V, speed: f32) void {
    for (@import("plane.zig").ways) |way| {
        add(.{ .at = at, .v = way.by(speed), .life = 16, .color = 4 });
        const between = way.add(.{ .x = -way.y * 0.4, .y = way.x * 0.4 }).unit(way);
        add(.{ .at = at, .v = between.by(speed), .life = 14, .color = 4 });
    }
}

pub fn gust(wind: V) void {
    const at: V = .{ .x = @floatFromInt(chance.dust.below(160)), .y = @floatFromInt(chance.dust.below(130)) };
    add(.{ .at = at, .z = 6, .v = wind.by(40), .life = lasting(8, 10), .look = .streak });
}

pub fn paper(at: V) void {
    const color: u8 = @intCast(2 + chance.dust.below(3));
    add(.{ .at = at, .z = 0, .v = around(0.5), .vz = -0.6, .life = lasting(80, 60), .color = color, .look = .paper });
}

pub fn step() void {
    for (&all) |*s| {
        if (s.life == 0) continue;
        s.life -= 1;
        s.at = s.at.add(s.v);
        s.z += s.vz;
        switch (s.look) {
            .chip => s.vz -= 0.12,
            .puff => {
                s.v = s.v.by(0.92);
                s.vz *= 0.92;
            },
            .paper => s.v.x += chance.dust.spread() * 0.1,
            .streak => s.v = s.v.by(0.9),
        }
    }
}
