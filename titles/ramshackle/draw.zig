//! Drawing in words of our own: four colours by role, text in the middle, dithered shades.

const w4 = @import("w4.zig");

/// Draw colours. Zero draws nothing.
pub const night = 1;
pub const board = 2;
pub const rust = 3;
pub const snow = 4;

/// What the second one needs to be for an outline.
pub fn ink(fill: u16, outline: u16) void {
    w4.colors.* = fill | outline << 4;
}

pub fn box(x: i32, y: i32, width: i32, height: i32, fill: u16) void {
    if (width <= 0 or height <= 0) return;
    ink(fill, 0);
    w4.rect(x, y, width, height);
}

pub fn framed(x: i32, y: i32, width: i32, height: i32, fill: u16, outline: u16) void {
    ink(fill, outline);
    w4.rect(x, y, width, height);
}

/// An oval around a middle.
pub fn blob(x: i32, y: i32, width: i32, height: i32, fill: u16, outline: u16) void {
    if (width < 1 or height < 1) return;
    ink(fill, outline);
    w4.oval(x - @divTrunc(width, 2), y - @divTrunc(height, 2), width, height);
}

pub fn text(words: []const u8, x: i32, y: i32, color: u16) void {
    ink(color, 0);
    w4.textUtf8(words.ptr, words.len, x, y);
}

/// With a dark rim, for text over a picture.
pub fn rimmed(words: []const u8, x: i32, y: i32, color: u16) void {
    const around = [_][2]i32{ .{ -1, 0 }, .{ 1, 0 }, .{ 0, -1 }, .{ 0, 1 }, .{ 1, 1 } };
    for (around) |d| text(words, x + d[0], y + d[1], night);
    text(words, x, y, color);
}

fn middle(words: []const u8) i32 {
    return 80 - @as(i32, @intCast(words.len)) * 4;
}

pub fn centred(words: []const u8, y: i32, color: u16) void {
    text(words, middle(words), y, color);
}

pub fn centredRimmed(words: []const u8, y: i32, color: u16) void {
    rimmed(words, middle(words), y, color);
}

/// A number.
pub fn number(value: u32, x: i32, y: i32, color: u16) void {
    var digits: [10]u8 = undefined;
    text(decimal(value, &digits), x, y, color);
}

pub fn decimal(value: u32, digits: *[10]u8) []const u8 {
    var rest = value;
    var i: usize = digits.len;
    while (true) {
        i -= 1;
        digits[i] = '0' + @as(u8, @intCast(rest % 10));
        rest /= 10;
        if (rest == 0) return digits[i..];
    }
}

pub fn dot(x: i32, y: i32, color: u2) void {
    if (x < 0 or y < 0 or x >= 160 or y >= 160) return;
    const at: u32 = @intCast(y * 160 + x);
    const shift: u3 = @intCast((at & 3) * 2);
    const byte = &w4.framebuffer[at >> 2];
    byte.* = (byte.* & ~(@as(u8, 3) << shift)) | @as(u8, color) << shift;
}

const bayer = [16]u8{ 0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5 };

/// A rectangle of which `level` sixteenths of the pixels have a draw colour.
pub fn shade(x: i32, y: i32, width: i32, height: i32, level: u8, color: u8) void {
    const value: u2 = @intCast(color - 1);
    var row = @max(y, 0);
    while (row < @min(y + height, 160)) : (row += 1) {
        var col = @max(x, 0);
        while (col < @min(x + width, 160)) : (col += 1) {
            const cell: usize = @intCast((row & 3) * 4 + (col & 3));
            if (bayer[cell] < level) dot(col, row, value);
        }
    }
}

/// A panel for text, with what is behind it shining through at the rim.
pub fn panel(x: i32, y: i32, width: i32, height: i32) void {
    framed(x + 1, y + 1, width, height, night, night);
    framed(x, y, width, height, night, snow);
    framed(x + 2, y + 2, width - 4, height - 4, night, board);
}
