//! What menus need to know of the gamepads: what was pressed just now, by anybody.

const w4 = @import("w4.zig");

pub var held: [2]u8 = .{ 0, 0 };
var before: [2]u8 = .{ 0, 0 };
/// Frames for which a player has held both buttons.
var both: [2]u8 = .{ 0, 0 };
const pause_frames = 40;

pub fn read() void {
    before = held;
    held = .{ w4.gamepads[0], w4.gamepads[1] };
    for (&both, held) |*frames, pad| {
        const all = w4.x_button | w4.z_button;
        frames.* = if (pad & all == all) frames.* +| 1 else 0;
    }
}

pub fn pressed(button: u8) bool {
    return pressedBy(0, button) or pressedBy(1, button);
}

pub fn pressedBy(who: usize, button: u8) bool {
    return held[who] & ~before[who] & button != 0;
}

/// Both buttons, held for a while: the console has no other button for a pause.
pub fn wantsPause() bool {
    return both[0] == pause_frames or both[1] == pause_frames;
}
