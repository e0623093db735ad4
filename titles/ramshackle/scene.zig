//! The picture of a round: night and clouds below, the roof, and everything on it, from the far edge to the near.

const Ram = @import("ram.zig");
const draw = @import("draw.zig");
const jolt = @import("jolt.zig");
const plane = @import("plane.zig");
const portrait = @import("portrait.zig");
const roof = @import("roof.zig");
const sparks = @import("sparks.zig");
const things = @import("things.zig");
const w4 = @import("w4.zig");
const world = @import("world.zig");

const pixel = plane.pixel;

/// Where the roof's corner is on the picture.
const left = 8;
const top = 26;
/// How thick a board is, seen from the front.
const thick = 6;

var shift: [2]i32 = .{ 0, 0 };

/// Frames since anything was drawn, for what drifts by itself.
var clock: u32 = 0;

/// `risen` is how far the roof has been put up: 0 to `risen_whole`.
pub const risen_whole = 70;

pub fn show(risen: u16) void {
    clock +%= 1;
    shift = jolt.offset();
    sky();
    for (0..roof.rows) |row| {
        for (&world.rams) |*r| {
            if (r.mode == .fall and rowOf(r) == row) fallen(r);
        }
        for (0..roof.cols) |col| board(row * roof.cols + col, risen);
    }
    for (&world.rams) |*r| {
        if (r.mode == .fall and rowOf(r) >= roof.rows) fallen(r);
    }
    shadows(risen);
    standing(risen);
    flying();
}

/// Night, clouds and what flies about, without a roof.
pub fn backdrop() void {
    clock +%= 1;
    shift = .{ 0, 0 };
    sky();
    flying();
}

fn rowOf(r: *const Ram) usize {
    if (r.at.y < 0) return 0;
    return @intFromFloat(r.at.y / roof.tile_h + 1);
}

fn onX(x: f32) i32 {
    return pixel(x) + left + shift[0];
}

fn onY(y: f32) i32 {
    return pixel(y) + top + shift[1];
}

/// Stars, and banks of cloud that drift at two speeds.
fn sky() void {
    for (0..26) |i| {
        const n: u32 = @intCast(i);
        const x: i32 = @intCast((n *% 2654435761 +% 37) % 160);
        const y: i32 = @intCast((n *% 40503 +% 61) % 157);
        if ((clock / 16 + n) % 9 != 0) draw.dot(x, y, if (n % 4 == 0) 3 else 1);
    }
    for (0..7) |i| {
        const n: i32 = @intCast(i);
        const speed: u32 = if (i % 2 == 0) 3 else 5;
        const x = @mod(n * 53 + @as(i32, @intCast(clock / speed % 240)), 240) - 50;
        cloud(x, 12 + n * 22, if (i % 2 == 0) 5 else 3);
    }
}

fn cloud(x: i32, y: i32, level: u8) void {
    draw.shade(x + 10, y, 26, 4, level, draw.board);
    draw.shade(x, y + 4, 50, 5, level, draw.board);
    draw.shade(x + 6, y + 9, 34, 3, level, draw.board);
}

/// How far above its place a board still is while the roof is put up.
fn above(i: usize, risen: u16) i32 {
    const start: u16 = @intCast((i * 7) % 13 * 3 + i / roof.cols);
    const late: i32 = @as(i32, start) + 22 - risen;
    return if (late <= 0) 0 else @divTrunc(late * late, 4);
}

fn board(i: usize, risen: u16) void {
    const tile = roof.tiles[i];
    if (tile.phase == .gone) return;
    const place = roof.middle(i);
    var x = onX(place.x) - roof.tile_w / 2;
    var y = onY(place.y) - roof.tile_h / 2 - above(i, risen);
    if (y < -20) return;
    if (tile.phase == .shaking) x += @as(i32, tile.timer % 4 / 2) * 2 - 1;
    if (tile.phase == .falling) {
        const gone: i32 = roof.fall_frames - @as(i32, tile.timer);
        y += @divTrunc(gone * gone, 10);
        const shrunk = @divTrunc(gone, 5);
        return plank(x + shrunk, y + shrunk, roof.tile_w - 2 * shrunk, roof.tile_h - 2 * shrunk);
    }
    plank(x, y, roof.tile_w, roof.tile_h);
    marks(tile, i, x, y);
}

/// A board: its front, its top, a bright edge and a seam.
fn plank(x: i32, y: i32, width: i32, height: i32) void {
    if (width < 2 or height < 2) return;
    draw.box(x, y + height, width, thick, draw.night);
    draw.shade(x, y + height, width - 1, thick - 2, 7, draw.board);
    draw.box(x, y, width - 1, height - 1, draw.board);
    draw.box(x, y + height - 1, width, 1, draw.night);
    draw.box(x + width - 1, y, 1, height, draw.night);
    draw.shade(x, y, width - 1, 1, 8, draw.snow);
    draw.shade(x + 2, y + @divTrunc(height, 2), width - 5, 1, 7, draw.night);
}

fn marks(tile: roof.Tile, i: usize, x: i32, y: i32) void {
    if (tile.kind == .post) return;
    if (tile.hp < roof.sturdy) cracks(x, y, tile.hp, i % 2 == 0);
    if (tile.phase == .shaking and tile.timer % 6 < 3) draw.shade(x, y, roof.tile_w - 1, roof.tile_h - 1, 6, draw.rust);
    switch (tile.kind) {
        .east, .west, .north, .south => arrow(tile.kind, x + 7, y + 6),
        else => {},
    }
}

fn cracks(x: i32, y: i32, hp: u8, mirrored: bool) void {
    draw.ink(draw.night, 0);
    const a: i32 = if (mirrored) 12 else 2;
    const b: i32 = if (mirrored) 3 else 11;
    w4.line(x + a, y + 1, x + 7, y + 6);
    w4.line(x + 7, y + 6, x + b, y + 8);
    if (hp > 1) return;
    w4.line(x + 7, y + 6, x + 5, y + 12);
    w4.line(x + b, y + 8, x + b + 1, y + 12);
    w4.line(x + b, y + 2, x + 7, y + 6);
    draw.shade(x + 1, y + 1, roof.tile_w - 3, roof.tile_h - 3, 4, draw.night);
}

fn arrow(kind: roof.Kind, x: i32, y: i32) void {
    const run: i32 = @intCast(clock / 6 % 4);
    const d: [2]i32 = switch (kind) {
        .east => .{ 1, 0 },
        .west => .{ -1, 0 },
        .north => .{ 0, -1 },
        else => .{ 0, 1 },
    };
    const cx = x + d[0] * (run - 1);
    const cy = y + d[1] * (run - 1);
    draw.ink(draw.snow, 0);
    w4.line(cx + d[0] * 3, cy + d[1] * 3, cx + d[1] * 3, cy + d[0] * 3);
    w4.line(cx + d[0] * 3, cy + d[1] * 3, cx - d[1] * 3, cy - d[0] * 3);
}

fn shadows(risen: u16) void {
    for (&world.rams) |*r| {
        if (!r.alive() or !roof.supports(r.at.x, r.at.y) or risen < risen_whole) continue;
        draw.blob(onX(r.at.x), onY(r.at.y), 13 - @min(@divTrunc(pixel(r.z), 5), 6), 5, draw.night, draw.night);
    }
    for (things.all) |thing| {
        if (thing.kind == .none) continue;
        const wide: i32 = 12 - @divTrunc(pixel(thing.z), 16);
        draw.blob(onX(thing.at.x), onY(thing.at.y), wide, 4, draw.night, draw.night);
        // Where something will land is plain to see.
        if (thing.z > 0 and clock % 8 < 5) draw.blob(onX(thing.at.x), onY(thing.at.y), 15, 11, 0, draw.rust);
    }
}

/// Rams, posts and things by rows, the far ones first.
fn standing(risen: u16) void {
    var row: f32 = -2 * roof.tile_h;
    while (row < roof.height + 2 * roof.tile_h) : (row += roof.tile_h / 2) {
        for (roof.tiles, 0..) |tile, i| {
            if (tile.kind == .post and tile.holds() and within(roof.middle(i).y, row)) post(i, risen);
        }
        for (things.all) |thing| {
            if (thing.kind != .none and within(thing.at.y, row)) drawThing(thing);
        }
        for (&world.rams) |*r| {
            if (r.alive() and within(r.at.y, row)) ram(r, risen);
        }
    }
}

fn within(y: f32, row: f32) bool {
    return y >= row and y < row + roof.tile_h / 2;
}

fn post(i: usize, risen: u16) void {
    const at = roof.middle(i);
    const x = onX(at.x);
    const y = onY(at.y) - above(i, risen);
    draw.blob(x, y + 2, 14, 8, draw.night, draw.night);
    draw.box(x - 5, y - 10, 11, 13, draw.night);
    draw.box(x - 4, y - 10, 9, 13, draw.board);
    draw.shade(x - 4, y - 10, 3, 13, 8, draw.snow);
    draw.box(x - 4, y - 6, 9, 3, draw.rust);
    draw.blob(x, y - 10, 13, 7, draw.snow, draw.night);
}

fn ram(r: *const Ram, risen: u16) void {
    const waiting: i32 = if (risen < risen_whole) (risen_whole - @as(i32, risen)) * 3 else 0;
    const x = onX(r.at.x);
    const y = onY(r.at.y) - pixel(r.z) - waiting;
    var pose = portrait.of(r, x, y);
    if (r.grace > 0) pose.x += @as(i32, r.grace % 3) - 1;
    portrait.show(pose);
    if (r.mode == .wind) meter(x, y - 22, r.charge);
    if (r.mode == .down and r.timer > 12) stars(x, y - 16);
    badge(r, x, y - 20);
}

fn meter(x: i32, y: i32, charge: f32) void {
    draw.box(x - 9, y - 1, 19, 5, draw.night);
    const full = charge >= 1 and clock % 6 < 3;
    draw.box(x - 8, y, pixel(charge * 17), 3, if (full) draw.rust else draw.snow);
}

fn stars(x: i32, y: i32) void {
    for (0..3) |i| {
        const way = plane.ways[(clock / 4 + i * 3) % 8];
        const sx = x + pixel(way.x * 8);
        const sy = y + pixel(way.y * 3);
        draw.dot(sx, sy, 3);
        draw.dot(sx + 1, sy, 3);
        draw.dot(sx, sy + 1, 2);
    }
}

/// What a ram has picked up, over its head; it blinks before it ends.
fn badge(r: *const Ram, x: i32, y: i32) void {
    if (r.gift == .none or r.mode == .wind) return;
    if (r.gift_left < 90 and clock % 10 < 5) return;
    icon(r.gift, x, y);
}

fn drawThing(thing: things.Thing) void {
    const x = onX(thing.at.x);
    const y = onY(thing.at.y) - pixel(thing.z);
    if (thing.kind == .keg) return keg(x, y, thing.left);
    if (thing.left < 120 and clock % 10 < 4) return;
    const bob: i32 = if (clock / 12 % 2 == 0) 0 else 1;
    draw.blob(x, y - 7 - bob, 15, 15, draw.night, draw.snow);
    icon(thing.gift, x, y - 7 - bob);
    if (thing.z > 0) {
        draw.ink(draw.snow, 0);
        w4.line(x - 6, y - 13, x - 2, y - 24);
        w4.line(x + 6, y - 13, x + 2, y - 24);
        draw.blob(x, y - 26, 19, 10, draw.rust, draw.night);
    }
}

fn keg(x: i32, y: i32, fuse: u16) void {
    const soon = fuse < 60 and clock % 6 < 3;
    const wood: u16 = if (soon) draw.snow else draw.rust;
    draw.blob(x, y - 5, 13, 13, wood, draw.night);
    draw.box(x - 5, y - 8, 11, 1, draw.night);
    draw.box(x - 5, y - 3, 11, 1, draw.night);
    draw.ink(draw.snow, 0);
    w4.line(x + 1, y - 12, x + 4, y - 15);
    if (clock % 4 < 2) draw.blob(x + 4, y - 16, 5, 5, draw.snow, draw.rust);
}

/// A horn, a feather or an anvil, 9 pixels wide.
pub fn icon(gift: Ram.Gift, x: i32, y: i32) void {
    draw.ink(draw.snow, 0);
    switch (gift) {
        .none => {},
        .horn => {
            draw.blob(x, y, 9, 9, draw.rust, draw.snow);
            draw.blob(x + 1, y + 1, 4, 4, draw.night, draw.snow);
            draw.box(x - 4, y + 1, 3, 4, draw.night);
        },
        .feather => {
            w4.line(x - 4, y + 4, x + 4, y - 4);
            w4.line(x - 3, y + 1, x + 3, y - 5);
            w4.line(x - 1, y + 3, x + 4, y - 2);
            w4.line(x - 2, y + 1, x + 3, y - 4);
        },
        .anvil => {
            draw.box(x - 5, y - 4, 10, 3, draw.snow);
            draw.box(x - 2, y - 1, 4, 3, draw.snow);
            draw.box(x - 4, y + 2, 8, 2, draw.snow);
        },
    }
}

fn fallen(r: *const Ram) void {
    portrait.show(portrait.of(r, onX(r.at.x), onY(r.at.y) - pixel(r.z)));
}

fn flying() void {
    for (sparks.all) |s| {
        if (s.life == 0) continue;
        const x = onX(s.at.x);
        const y = onY(s.at.y) - pixel(s.z);
        switch (s.look) {
            .puff => {
                const size: i32 = @divTrunc(@as(i32, s.life), 4) + 1;
                draw.box(x - @divTrunc(size, 2), y - @divTrunc(size, 2), size, size, s.color);
            },
            .chip => draw.box(x, y, 2, 2, s.color),
            .paper => draw.box(x, y, 2, @as(i32, s.life / 4 % 3) + 1, s.color),
            .streak => {
                draw.ink(s.color, 0);
                w4.line(x, y, x - pixel(s.v.x * 3), y - pixel(s.v.y * 3));
            },
        }
    }
}
