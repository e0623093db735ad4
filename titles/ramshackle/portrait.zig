//! A ram, drawn from ovals, so that it can look in eight directions, be flat or long, and shrink as it falls.

const Ram = @import("ram.zig");
const draw = @import("draw.zig");
const plane = @import("plane.zig");

/// Where and how: `x`, `y` are the feet on the picture.
pub const Pose = struct {
    x: i32,
    y: i32,
    who: u1 = 0,
    face: plane.Way = 2,
    squash: f32 = 0,
    scale: f32 = 1,
    trot: f32 = 0,
    /// Pixels the head is put forward, and down.
    thrust: f32 = 0,
    nod: f32 = 0,
    horned: bool = false,
    dazed: bool = false,
};

pub fn fleece(who: u1) u16 {
    return if (who == 0) draw.snow else draw.rust;
}

fn face(who: u1) u16 {
    return if (who == 0) draw.board else draw.snow;
}

fn horn(who: u1) u16 {
    return if (who == 0) draw.rust else draw.snow;
}

pub fn of(r: *const Ram, x: i32, y: i32) Pose {
    var pose: Pose = .{ .x = x, .y = y, .who = r.who, .face = r.face, .squash = r.squash, .trot = r.trot };
    pose.horned = r.gift == .horn;
    switch (r.mode) {
        .wind => {
            const shiver: i32 = if (r.charge == 1) @as(i32, r.timer % 3) - 1 else 0;
            const back = r.heading().by(-3 * r.charge);
            pose.x += plane.pixel(back.x + 0.5) + shiver;
            pose.y += plane.pixel(back.y + 0.5);
            pose.nod = 1 + 2 * r.charge;
            pose.squash += 0.12 * r.charge;
        },
        .butt => {
            pose.thrust = 3;
            pose.nod = 1;
        },
        .stagger, .down => pose.dazed = true,
        .fall => {
            pose.scale = @max(0.3, @as(f32, @floatFromInt(r.timer)) / 50);
            pose.dazed = true;
        },
        else => {},
    }
    return pose;
}

pub fn show(pose: Pose) void {
    const look = plane.ways[pose.face];
    legs(pose);
    const behind = look.y < -0.1;
    if (behind) head(pose, look);
    body(pose, look);
    if (!behind) head(pose, look);
}

fn scaled(pose: Pose, v: f32) i32 {
    return plane.pixel(v * pose.scale + 0.5);
}

fn legs(pose: Pose) void {
    const phase = plane.pixel(pose.trot / 4);
    for ([_]f32{ -5, -2, 1, 4 }, 0..) |dx, i| {
        const lift: i32 = if (@mod(phase + @as(i32, @intCast(i)), 2) == 0 and pose.trot > 0) 1 else 0;
        const top = pose.y - scaled(pose, 3) - lift;
        draw.box(pose.x + scaled(pose, dx), top, @max(scaled(pose, 2), 1), scaled(pose, 4), draw.night);
    }
}

fn body(pose: Pose, look: plane.V) void {
    const side = @abs(look.x);
    const w = (13 + 2 * side) * (1 + pose.squash * 0.5);
    const h = 12 * (1 - pose.squash * 0.6);
    const y = pose.y - scaled(pose, 2 + h / 2);
    tail(pose, look, y);
    draw.blob(pose.x, y, scaled(pose, w), scaled(pose, h), fleece(pose.who), draw.night);
    if (pose.scale > 0.8) curls(pose, y, @max(scaled(pose, 1), 1));
}

fn tail(pose: Pose, look: plane.V, y: i32) void {
    const x = pose.x - scaled(pose, look.x * 7);
    draw.blob(x, y - scaled(pose, look.y * 3) - 1, scaled(pose, 5), scaled(pose, 5), fleece(pose.who), draw.night);
}

/// Some strokes in the wool.
fn curls(pose: Pose, y: i32, size: i32) void {
    const color: u16 = if (pose.who == 0) draw.board else draw.night;
    const strokes = [_][2]i32{ .{ -3, -2 }, .{ -2, -3 }, .{ 2, -2 }, .{ 3, -1 }, .{ -1, 2 }, .{ 0, 3 }, .{ -4, 1 } };
    for (strokes) |d| {
        draw.box(pose.x + d[0] * size, y + d[1] * size, size, size, color);
    }
}

fn head(pose: Pose, look: plane.V) void {
    const out = 6 + pose.thrust;
    const x = pose.x + scaled(pose, look.x * out);
    const y = pose.y - scaled(pose, 9 - look.y * (out * 0.55) - pose.nod + pose.squash * 4);
    const away = look.y < -0.1;
    if (!away) horns(pose, look, x, y);
    draw.blob(x, y + 1, scaled(pose, 8), scaled(pose, 8), face(pose.who), draw.night);
    draw.blob(x, y - scaled(pose, 2), scaled(pose, 7), scaled(pose, 4), fleece(pose.who), draw.night);
    if (away) horns(pose, look, x, y) else eyes(pose, look, x, y);
}

fn eyes(pose: Pose, look: plane.V, x: i32, y: i32) void {
    if (pose.scale < 0.6) return;
    const cx = x + plane.pixel(look.x * 1.5 + 0.5);
    const cy = y + 1;
    const size: i32 = @max(scaled(pose, 1), 1);
    const color: u16 = if (pose.who == 0) draw.snow else draw.night;
    for ([_]i32{ -2, 1 }) |dx| {
        draw.box(cx + dx * size, cy, size, if (pose.dazed) size else 2 * size, color);
    }
}

/// Curls at either side of the head.
fn horns(pose: Pose, look: plane.V, x: i32, y: i32) void {
    const size: f32 = if (pose.horned) 9 else 6;
    for ([_]f32{ -1, 1 }) |side| {
        const hx = x + scaled(pose, -look.y * side * 4.5 - look.x * 1.5);
        const hy = y + scaled(pose, look.x * side * 2.2 - 2);
        draw.blob(hx, hy, scaled(pose, size), scaled(pose, size), horn(pose.who), draw.night);
        if (pose.scale > 0.8) draw.dot(hx, hy, 0);
    }
}
