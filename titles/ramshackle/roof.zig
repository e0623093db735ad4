//! The roof: 9 x 8 boards over nothing. A board is firm, until it has been hurt too often or the end is near; then it
//! shakes for a moment and falls.
//!
//! ```text
//!   firm --hurt--> firm, cracked --hurt--> shaking --36 frames--> falling --24 frames--> gone
//!     ^--------------------------- 5 seconds, where roofs mend ----------------------------'
//! ```

const chance = @import("chance.zig");
const sparks = @import("sparks.zig");
const sound = @import("sound.zig");
const V = @import("plane.zig").V;

pub const cols = 9;
pub const rows = 8;
pub const tile_w = 16;
pub const tile_h = 14;
pub const width = cols * tile_w;
pub const height = rows * tile_h;
pub const centre: V = .{ .x = width / 2, .y = height / 2 };

/// How often a sound board can be hurt.
pub const sturdy = 3;
const shake_frames = 36;
pub const fall_frames = 24;
const mend_frames = 300;

pub const Kind = enum { empty, plank, post, east, west, north, south };
pub const Phase = enum { gone, firm, shaking, falling };

pub const Tile = struct {
    kind: Kind = .empty,
    phase: Phase = .gone,
    hp: u8 = 0,
    /// Frames left of the phase; of `gone`, frames since.
    timer: u16 = 0,

    pub fn holds(tile: Tile) bool {
        return tile.phase == .firm or tile.phase == .shaking;
    }
};

pub var tiles: [rows * cols]Tile = @splat(.{});

/// Where the tile of a place is in `tiles`.
pub fn index(x: f32, y: f32) ?usize {
    if (x < 0 or y < 0 or x >= width or y >= height) return null;
    const col: usize = @intFromFloat(x / tile_w);
    const row: usize = @intFromFloat(y / tile_h);
    return row * cols + col;
}

pub fn middle(i: usize) V {
    const col: f32 = @floatFromInt(i % cols);
    const row: f32 = @floatFromInt(i / cols);
    return .{ .x = col * tile_w + tile_w / 2, .y = row * tile_h + tile_h / 2 };
}

fn holdsAt(x: f32, y: f32) bool {
    const i = index(x, y) orelse return false;
    return tiles[i].holds();
}

/// Whether something that stands there stands: a hoof on a board is enough.
pub fn supports(x: f32, y: f32) bool {
    return holdsAt(x, y) or holdsAt(x - 3, y) or holdsAt(x + 3, y) or holdsAt(x, y - 3) or holdsAt(x, y + 2);
}

/// Whether a board will be there for a while.
pub fn firmAt(x: f32, y: f32) bool {
    const i = index(x, y) orelse return false;
    return tiles[i].phase == .firm and tiles[i].kind != .post;
}

/// How a moving board carries what stands on it, per frame.
pub fn drift(x: f32, y: f32) V {
    const i = index(x, y) orelse return .{};
    return switch (tiles[i].kind) {
        .east => .{ .x = 0.42 },
        .west => .{ .x = -0.42 },
        .north => .{ .y = -0.42 },
        .south => .{ .y = 0.42 },
        else => .{},
    };
}

pub fn hurt(i: usize, amount: u8) void {
    const tile = &tiles[i];
    if (tile.phase != .firm or tile.kind == .post) return;
    tile.hp -|= amount;
    sparks.chips(middle(i), 2 + amount);
    if (tile.hp == 0) loosen(i) else sound.crack();
}

/// Hurts the board under a place.
pub fn hurtAt(x: f32, y: f32, amount: u8) void {
    if (index(x, y)) |i| hurt(i, amount);
}

/// Hurts a board and, by `around`, its four neighbours.
pub fn hurtAround(x: f32, y: f32, amount: u8, around: u8) void {
    hurtAt(x, y, amount);
    hurtAt(x - tile_w, y, around);
    hurtAt(x + tile_w, y, around);
    hurtAt(x, y - tile_h, around);
    hurtAt(x, y + tile_h, around);
}

/// From now on this board shakes, then falls.
pub fn loosen(i: usize) void {
    tiles[i].phase = .shaking;
    tiles[i].timer = shake_frames;
    sound.creak();
}

/// The end is near: one of the outermost boards goes. Posts go with theirs.
pub fn crumble() void {
    var chosen: ?usize = null;
    var best: f32 = -1;
    for (tiles, 0..) |tile, i| {
        if (tile.phase != .firm) continue;
        const from = middle(i).sub(centre);
        const far = @max(@abs(from.x) / tile_w, @abs(from.y) / tile_h) + (chance.fate.spread() + 1) * 0.7;
        if (far > best) {
            best = far;
            chosen = i;
        }
    }
    if (chosen) |i| loosen(i);
}

pub fn step(mends: bool) void {
    for (&tiles, 0..) |*tile, i| switch (tile.phase) {
        .firm => {},
        .shaking => if (tick(tile)) {
            tile.phase = .falling;
            tile.timer = fall_frames;
            sparks.chips(middle(i), 4);
        },
        .falling => if (tick(tile)) {
            tile.phase = .gone;
        },
        .gone => if (mends and tile.kind != .empty) {
            tile.timer += 1;
            if (tile.timer >= mend_frames) mend(i);
        },
    };
}

fn tick(tile: *Tile) bool {
    tile.timer -|= 1;
    return tile.timer == 0;
}

fn mend(i: usize) void {
    tiles[i].phase = .firm;
    tiles[i].hp = sturdy;
    sparks.puff(middle(i), 4);
}
