//! What is kept from one evening to the next: wins, and how one likes to play.
//!
//! ```text
//!   "RAM1"  two players: wins of snow, of rust  alone: wins over lamb, ram, king, losses to them  level  points
//!    4      2 x u16                              6 x u16                                          u8     u8
//! ```

const w4 = @import("w4.zig");

const Kept = extern struct {
    mark: [4]u8 = "RAM1".*,
    together: [2]u16 = .{ 0, 0 },
    won: [3]u16 = .{ 0, 0, 0 },
    lost: [3]u16 = .{ 0, 0, 0 },
    level: u8 = 0,
    points: u8 = 5,
};

pub var kept: Kept = .{};

pub fn load() void {
    var read: Kept = .{};
    const bytes = w4.diskr(@ptrCast(&read), @sizeOf(Kept));
    if (bytes != @sizeOf(Kept) or !same(read.mark)) return;
    if (read.level > 2 or read.points < 3 or read.points > 7) return;
    kept = read;
}

pub fn save() void {
    _ = w4.diskw(@ptrCast(&kept), @sizeOf(Kept));
}

fn same(mark: [4]u8) bool {
    return @as(u32, @bitCast(mark)) == @as(u32, @bitCast(@as([4]u8, "RAM1".*)));
}
