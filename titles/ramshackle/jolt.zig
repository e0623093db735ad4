//! What a blow does to the picture: it shakes, and time stands still for a moment.

const chance = @import("chance.zig");

var strength: u8 = 0;
/// Frames for which nothing moves.
var still: u8 = 0;

pub fn hit(shake: u8, freeze: u8) void {
    strength = @max(strength, shake);
    still = @max(still, freeze);
}

/// Whether time stands still in this frame.
pub fn frozen() bool {
    if (still == 0) return false;
    still -= 1;
    return true;
}

pub fn calm() void {
    strength = 0;
    still = 0;
}

/// How far the picture is off in this frame.
pub fn offset() [2]i32 {
    if (strength == 0) return .{ 0, 0 };
    strength -= 1;
    const reach: u32 = @as(u32, strength) / 3 + 1;
    const x: i32 = @intCast(chance.dust.below(reach * 2 + 1));
    const y: i32 = @intCast(chance.dust.below(reach * 2 + 1));
    return .{ x - @as(i32, @intCast(reach)), y - @as(i32, @intCast(reach)) };
}
