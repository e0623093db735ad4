//! Chance: a small generator whose state the players' buttons stir, so that no two matches are alike and the same
//! buttons always make the same match.

const Chance = @This();

state: u32 = 0x9e37_79b9,

/// What happens on the roof.
pub var fate: Chance = .{};
/// What only the eye sees: sparks, dust.
pub var dust: Chance = .{ .state = 77 };

/// Mixes the buttons in.
pub fn stir(self: *Chance, buttons: u32) void {
    self.state = (self.state ^ (buttons *% 0x85eb_ca6b)) *% 0x9e37_79b1 +% 0x7f4a_7c15;
    if (self.state == 0) self.state = 1;
}

pub fn next(self: *Chance) u32 {
    var s = self.state;
    s ^= s << 13;
    s ^= s >> 17;
    s ^= s << 5;
    self.state = s;
    return s;
}

/// 0 to `n` - 1.
pub fn below(self: *Chance, n: u32) u32 {
    return (self.next() >> 8) % n;
}

pub fn percent(self: *Chance, chance: u32) bool {
    return self.below(100) < chance;
}

/// -1 to 1.
pub fn spread(self: *Chance) f32 {
    return @as(f32, @floatFromInt(self.below(2001))) / 1000 - 1;
}

/// Puts `items` into any order.
pub fn shuffle(self: *Chance, items: []u8) void {
    var i = items.len;
    while (i > 1) : (i -= 1) {
        const j = self.below(@intCast(i));
        const kept = items[i - 1];
        items[i - 1] = items[j];
        items[j] = kept;
    }
}
