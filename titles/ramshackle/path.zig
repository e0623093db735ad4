//! Ways over the roof, for the computer's rams: from board to board, and over gaps that a hop crosses.

const plane = @import("plane.zig");
const roof = @import("roof.zig");

pub const Next = struct { board: usize, hop: bool };

const far = 255;
const hop_cost = 3;

/// Steps from each board to the goal of the last `towards`.
var cost: [roof.tiles.len]u8 = undefined;

fn open(i: usize) bool {
    return roof.tiles[i].phase == .firm and roof.tiles[i].kind != .post;
}

/// The board `steps` away in one of the four directions, if the roof goes on so far.
fn beside(i: usize, direction: usize, steps: usize) ?usize {
    const col = i % roof.cols;
    const row = i / roof.cols;
    return switch (direction) {
        0 => if (col + steps < roof.cols) i + steps else null,
        1 => if (row + steps < roof.rows) i + steps * roof.cols else null,
        2 => if (col >= steps) i - steps else null,
        else => if (row >= steps) i - steps * roof.cols else null,
    };
}

/// The next board on the way between two, if there is a way.
pub fn towards(from: usize, goal: usize) ?Next {
    if (from == goal) return null;
    measure(goal);
    var best: ?Next = null;
    var least: u16 = far;
    for (0..4) |direction| {
        if (beside(from, direction, 1)) |i| consider(i, false, &best, &least);
        if (beside(from, direction, 2)) |i| consider(i, true, &best, &least);
    }
    return best;
}

fn consider(i: usize, hop: bool, best: *?Next, least: *u16) void {
    const whole = @as(u16, cost[i]) + if (hop) @as(u16, hop_cost) else 1;
    if (whole >= least.* or !open(i)) return;
    least.* = whole;
    best.* = .{ .board = i, .hop = hop };
}

/// Until nothing gets nearer. Roofs are small.
fn measure(goal: usize) void {
    cost = @splat(far);
    cost[goal] = 0;
    var changed = true;
    while (changed) {
        changed = false;
        for (0..cost.len) |i| {
            if (!open(i) and i != goal) continue;
            for (0..4) |direction| {
                if (beside(i, direction, 1)) |j| changed = relax(i, j, 1) or changed;
                if (beside(i, direction, 2)) |j| changed = relax(i, j, hop_cost) or changed;
            }
        }
    }
}

fn relax(i: usize, j: usize, step: u8) bool {
    const through = cost[j] +| step;
    if (through >= cost[i]) return false;
    cost[i] = through;
    return true;
}

/// How good a board is to stand on: sound, with sound neighbours, near the middle.
pub fn worth(i: usize) i32 {
    if (!open(i)) return -1000;
    var sum: i32 = @as(i32, roof.tiles[i].hp) * 3;
    for (0..4) |direction| {
        if (beside(i, direction, 1)) |j| sum += if (open(j)) 2 else -1;
    }
    const from = roof.middle(i).sub(roof.centre);
    return sum - @divTrunc(plane.pixel(from.length()), 16);
}

/// The best board near a place.
pub fn refuge(from: plane.V) usize {
    var best: usize = 0;
    var most: i32 = -10_000;
    for (0..roof.tiles.len) |i| {
        const away = plane.pixel(roof.middle(i).sub(from).length());
        const value = worth(i) * 4 - away;
        if (value <= most) continue;
        most = value;
        best = i;
    }
    return best;
}
