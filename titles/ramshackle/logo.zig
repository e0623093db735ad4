//! The name of the game, in letters that stand as crooked as the roof does.

const draw = @import("draw.zig");

const letters = [_][6]u5{
    .{ 0b11110, 0b10001, 0b10001, 0b11110, 0b10010, 0b10001 }, // R
    .{ 0b01110, 0b10001, 0b10001, 0b11111, 0b10001, 0b10001 }, // A
    .{ 0b10001, 0b11011, 0b10101, 0b10101, 0b10001, 0b10001 }, // M
    .{ 0b01111, 0b10000, 0b01110, 0b00001, 0b10001, 0b01110 }, // S
    .{ 0b10001, 0b10001, 0b11111, 0b10001, 0b10001, 0b10001 }, // H
    .{ 0b01110, 0b10001, 0b10001, 0b11111, 0b10001, 0b10001 }, // A
    .{ 0b01111, 0b10000, 0b10000, 0b10000, 0b10000, 0b01111 }, // C
    .{ 0b10001, 0b10010, 0b11100, 0b11010, 0b10001, 0b10001 }, // K
    .{ 0b10000, 0b10000, 0b10000, 0b10000, 0b10000, 0b11111 }, // L
    .{ 0b11111, 0b10000, 0b11110, 0b10000, 0b10000, 0b11111 }, // E
};
const lean = [letters.len]i32{ 0, 2, -1, 1, -2, 1, 3, 0, -1, 2 };

const cell_w = 2;
const cell_h = 3;
const pitch = 14;
const left = 12;

/// `age` frames after the title appeared: letters drop in one by one, then sway.
pub fn show(y: i32, age: u32) void {
    for ([_]u8{ 0, 1, 2 }) |layer| {
        for (0..letters.len) |i| letter(i, y + drop(i, age), layer);
    }
}

fn drop(i: usize, age: u32) i32 {
    const start: u32 = @intCast(i * 4);
    if (age < start) return -80;
    const t: i32 = @intCast(@min(age - start, 1000));
    if (t < 14) return lean[i] - @divTrunc((14 - t) * (14 - t), 3);
    if (t < 22) return lean[i] - @divTrunc((t - 14) * (22 - t), 5);
    const sway: i32 = if ((age / 24 + i) % 5 == 0) 1 else 0;
    return lean[i] - sway;
}

fn letter(i: usize, y: i32, layer: u8) void {
    const x: i32 = left + @as(i32, @intCast(i)) * pitch;
    for (letters[i], 0..) |row, r| {
        for (0..5) |c| {
            if (row >> @intCast(4 - c) & 1 == 0) continue;
            cell(x + @as(i32, @intCast(c)) * cell_w, y + @as(i32, @intCast(r)) * cell_h, layer, r);
        }
    }
}

/// Dark around everything, then the depth of the letters, then their front.
fn cell(x: i32, y: i32, layer: u8, row: usize) void {
    switch (layer) {
        0 => draw.box(x - 2, y - 2, cell_w + 4, cell_h + 7, draw.night),
        1 => draw.box(x, y + 2, cell_w, cell_h, draw.rust),
        else => {
            draw.box(x, y, cell_w, cell_h, draw.snow);
            if (row == 5) draw.shade(x, y + 1, cell_w, cell_h - 1, 8, draw.rust);
        },
    }
}
