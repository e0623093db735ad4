//! The computer's ram. It presses the same buttons as everybody and knows no more than what is on the picture; how well
//! it plays is how soon it looks again, how often it sees a butt coming, and how often it saves itself.
//!
//! ```text
//!   each frame:  over the edge, or a butt comes -> reflex
//!                in the air -> land well, or slam
//!                winding up -> aim, let go
//!                else every few frames: flee a bad board | fetch a gift | line up | wind up
//! ```

const Chance = @import("chance.zig");
const Ram = @import("ram.zig");
const path = @import("path.zig");
const plane = @import("plane.zig");
const roof = @import("roof.zig");
const things = @import("things.zig");
const w4 = @import("w4.zig");
const world = @import("world.zig");
const V = plane.V;

pub const Level = enum(u8) { lamb, ram, king };

const Habits = struct {
    /// Frames between two looks.
    pace: u8,
    /// In a hundred: butts it hops over, falls it hops back from, chances to slam it takes.
    dodges: u8,
    saves: u8,
    slams: u8,
    /// In a hundred looks: it does something else.
    dreams: u8,
    /// Whether it thinks of where it ends up.
    careful: bool,
};

const habits = [_]Habits{
    .{ .pace = 20, .dodges = 12, .saves = 30, .slams = 12, .dreams = 34, .careful = false },
    .{ .pace = 12, .dodges = 38, .saves = 65, .slams = 35, .dreams = 12, .careful = true },
    .{ .pace = 5, .dodges = 85, .saves = 95, .slams = 60, .dreams = 1, .careful = true },
};

/// Its own, so that what it thinks does not change what happens.
var whim: Chance = .{ .state = 4242 };

pub const Mind = struct {
    level: Level = .ram,
    /// Frames until it looks again, and what it does until then.
    wait: u8 = 0,
    pad: u8 = 0,
    /// How long it means to wind up.
    goal: u8 = 20,
    /// Decided once for each danger: whether it answers.
    alert: bool = false,
    answers: bool = false,
    /// Where it means to come down.
    spot: V = .{},

    pub fn play(mind: *Mind, me: *const Ram, foe: *const Ram) u8 {
        whim.stir(plane.padOfWay(me.face));
        if (!me.alive()) return 0;
        if (mind.reflex(me, foe)) |pad| return pad;
        if (me.mode == .air or me.mode == .slam) return mind.glide(me, foe);
        if (me.mode == .wind) return mind.aim(me, foe);
        if (mind.wait == 0) {
            mind.wait = mind.habit().pace;
            mind.pad = mind.look(me, foe);
        }
        mind.wait -= 1;
        return mind.pad;
    }

    fn habit(mind: *const Mind) *const Habits {
        return &habits[@intFromEnum(mind.level)];
    }

    /// Danger at hand. A roll of the dice for each, not for each frame.
    fn reflex(mind: *Mind, me: *const Ram, foe: *const Ram) ?u8 {
        const lost = me.grace > 2;
        const coming = me.grounded() and me.mode != .stagger and comesAt(foe, me);
        if (!lost and !coming) {
            mind.alert = false;
            return null;
        }
        if (!mind.alert) {
            mind.alert = true;
            mind.answers = whim.percent(if (lost) mind.habit().saves else mind.habit().dodges);
        }
        if (!mind.answers) return null;
        mind.wait = 0;
        if (lost) return mind.hopTo(me, nearest(me.at));
        return mind.hopTo(me, aside(me, foe));
    }

    /// In the air: over a board when it comes down, on the other one's head if that can be.
    fn glide(mind: *Mind, me: *const Ram, foe: *const Ram) u8 {
        mind.wait = 0;
        const between = foe.at.sub(me.at);
        const over = roof.firmAt(me.at.x, me.at.y);
        if (me.mode == .air and over and foe.grounded() and between.length() < 20 and me.timer > 8) {
            if (whim.percent(mind.habit().slams / 5 + 1)) return tap(me, w4.z_button);
        }
        return mind.steer(me);
    }

    fn hopTo(mind: *Mind, me: *const Ram, spot: V) u8 {
        mind.spot = spot;
        return plane.padOfWay(plane.wayOf(spot.sub(me.at))) | tap(me, w4.z_button);
    }

    /// Towards the spot, so that it is reached just when the hop ends.
    fn steer(mind: *Mind, me: *const Ram) u8 {
        if (!roof.firmAt(mind.spot.x, mind.spot.y)) mind.spot = nearest(me.at);
        const g = world.feel.gravity;
        const left = (me.vz + @sqrt(@max(me.vz * me.vz + 2 * g * me.z, 0))) / g;
        const wanted = mind.spot.sub(me.at).by(1 / @max(left, 2));
        const change = wanted.sub(me.v);
        return if (change.length() < 0.12) 0 else plane.padOfWay(plane.wayOf(change));
    }

    /// Winding up: towards the other one, then let go.
    fn aim(mind: *Mind, me: *const Ram, foe: *const Ram) u8 {
        mind.wait = 0;
        const between = foe.at.sub(me.at);
        const facing = plane.padOfWay(plane.wayOf(between));
        if (!foe.alive()) return 0;
        const off = @abs(me.heading().cross(between));
        const ready = me.timer >= mind.goal and off < 9 and me.heading().dot(between) > 0;
        const near = between.length() < 20 and off < 8 and me.timer > @min(mind.goal, 6);
        if ((ready and between.length() < reach(me.charge) + 8) or near) return facing;
        if (me.timer > 75 or (foe.z > 4 and me.timer > 50)) return mind.hopTo(me, nearest(me.at));
        return facing | w4.x_button;
    }

    fn look(mind: *Mind, me: *const Ram, foe: *const Ram) u8 {
        const here = roof.index(me.at.x, me.at.y) orelse return homeward(me);
        if (whim.percent(mind.habit().dreams)) return wander(me);
        const tile = roof.tiles[here];
        const doubtful = tile.phase != .firm or (tile.hp == 1 and mind.habit().careful);
        if (doubtful or !foe.alive()) return mind.walkTo(me, path.refuge(me.at));
        if (keg(me)) |away| return away;
        if (mind.parry(me, foe)) |pad| return pad;
        if (gift(me, foe)) |i| return mind.walkTo(me, i);
        if (mind.mayButt(me, foe)) return mind.begin(me, foe);
        return mind.lineUp(me, foe);
    }

    /// The other one winds up at us: be quicker if it is near, or leave its line.
    fn parry(mind: *Mind, me: *const Ram, foe: *const Ram) ?u8 {
        const between = me.at.sub(foe.at);
        const distance = between.length();
        if (foe.mode != .wind or distance > 62 or foe.heading().dot(between) < 0) return null;
        if (@abs(foe.heading().cross(between)) > 16 or !whim.percent(mind.habit().dodges)) return null;
        if (distance > 24 or me.rest > 0) return plane.padOfWay(plane.wayOf(aside(me, foe).sub(me.at)));
        mind.goal = 1;
        return plane.padOfWay(plane.wayOf(between.by(-1))) | w4.x_button;
    }

    fn mayButt(mind: *const Mind, me: *const Ram, foe: *const Ram) bool {
        const between = foe.at.sub(me.at);
        const distance = between.length();
        if (me.rest > 0 or distance > 66 or foe.z > 12) return false;
        const along = plane.ways[plane.wayOf(between)];
        if (@abs(along.cross(between)) > 11) return false;
        if (!mind.habit().careful) return true;
        return clear(me.at, along, distance) and roof.firmAt(me.at.x, me.at.y);
    }

    fn begin(mind: *Mind, me: *const Ram, foe: *const Ram) u8 {
        const between = foe.at.sub(me.at);
        const near = between.length() < 28;
        mind.goal = @intCast(if (near) 3 + whim.below(14) else 14 + whim.below(26));
        return plane.padOfWay(plane.wayOf(between)) | w4.x_button;
    }

    /// Along the boards, hopping over gaps.
    fn walkTo(mind: *Mind, me: *const Ram, goal: usize) u8 {
        const here = roof.index(me.at.x, me.at.y) orelse return homeward(me);
        const next = path.towards(here, goal) orelse return inch(me, roof.middle(goal));
        const there = roof.middle(next.board);
        if (!next.hop) return plane.padOfWay(plane.wayOf(there.sub(me.at)));
        const off = there.sub(me.at);
        const straight = @min(@abs(off.x), @abs(off.y)) < 5;
        if (!straight) return inch(me, roof.middle(here));
        return mind.hopTo(me, there);
    }

    /// To a place from which a butt sends the other one over the nearest edge.
    fn lineUp(mind: *Mind, me: *const Ram, foe: *const Ram) u8 {
        if (!mind.habit().careful) return mind.walkTo(me, roof.index(foe.at.x, foe.at.y) orelse path.refuge(me.at));
        var best: ?usize = null;
        var least: f32 = 10_000;
        for (plane.ways) |way| {
            const stance = foe.at.sub(way.by(34));
            const i = roof.index(stance.x, stance.y) orelse continue;
            if (!roof.firmAt(stance.x, stance.y)) continue;
            const cost = stance.sub(me.at).length() + edge(foe.at, way) * 0.6;
            if (cost >= least) continue;
            least = cost;
            best = i;
        }
        const goal = best orelse path.refuge(me.at);
        const here = roof.index(me.at.x, me.at.y) orelse goal;
        if (here == goal) return plane.padOfWay(plane.wayOf(foe.at.sub(me.at)));
        return mind.walkTo(me, goal);
    }
};

/// How far a butt goes.
fn reach(charge: f32) f32 {
    return 16 + 42 * charge;
}

/// A button, pressed anew.
fn tap(me: *const Ram, button: u8) u8 {
    return button & ~me.pad;
}

fn homeward(me: *const Ram) u8 {
    const home = roof.middle(path.refuge(me.at));
    return plane.padOfWay(plane.wayOf(home.sub(me.at)));
}

/// Whether a butt is about to land.
fn comesAt(foe: *const Ram, me: *const Ram) bool {
    if (foe.mode != .butt) return false;
    const between = me.at.sub(foe.at);
    const closing = foe.v.dot(between.unit(foe.heading()));
    return closing > 1 and between.length() < 34 and @abs(foe.heading().cross(between)) < 14;
}

/// A place out of the line of a butt, to the side where there are boards, or just up.
fn aside(me: *const Ram, foe: *const Ram) V {
    const along = foe.heading();
    const side: V = .{ .x = -along.y * 22, .y = along.x * 22 };
    for ([_]V{ me.at.add(side), me.at.sub(side) }) |there| {
        if (roof.firmAt(there.x, there.y)) return there;
    }
    return nearest(me.at);
}

/// The middle of the nearest firm board.
fn nearest(from: V) V {
    var best = roof.centre;
    var least: f32 = 10_000;
    for (0..roof.tiles.len) |i| {
        const middle = roof.middle(i);
        const away = middle.sub(from).length();
        if (away >= least or !roof.firmAt(middle.x, middle.y)) continue;
        least = away;
        best = middle;
    }
    return best;
}

/// Whether there are boards all the way.
fn clear(from: V, along: V, distance: f32) bool {
    var gone: f32 = 8;
    while (gone < distance) : (gone += 8) {
        const at = from.add(along.by(gone));
        if (!roof.firmAt(at.x, at.y)) return false;
    }
    return true;
}

/// How far it is from there to the edge.
fn edge(from: V, along: V) f32 {
    var gone: f32 = 0;
    while (gone < 100) : (gone += 8) {
        const at = from.add(along.by(gone));
        if (!roof.firmAt(at.x, at.y)) return gone;
    }
    return gone;
}

/// The board of a gift that is nearer to it than to the other one.
fn gift(me: *const Ram, foe: *const Ram) ?usize {
    for (things.all) |thing| {
        if (thing.kind != .gift or thing.z > 60) continue;
        const mine = thing.at.sub(me.at).length();
        if (mine > 60 or mine > thing.at.sub(foe.at).length()) continue;
        return roof.index(thing.at.x, thing.at.y);
    }
    return null;
}

/// Away from a keg that is about to burst.
fn keg(me: *const Ram) ?u8 {
    for (things.all) |thing| {
        if (thing.kind != .keg or thing.left > 80 or thing.z > 0) continue;
        const from = me.at.sub(thing.at);
        if (from.length() > 40) continue;
        const way = plane.wayOf(from);
        const there = me.at.add(plane.ways[way].by(14));
        return if (roof.firmAt(there.x, there.y)) plane.padOfWay(way) else homeward(me);
    }
    return null;
}

/// Anywhere, but not off the roof.
fn wander(me: *const Ram) u8 {
    const way: plane.Way = @intCast(whim.below(8));
    const there = me.at.add(plane.ways[way].by(24));
    return if (roof.firmAt(there.x, there.y)) plane.padOfWay(way) else homeward(me);
}

/// A few pixels closer to a place.
fn inch(me: *const Ram, place: V) u8 {
    const between = place.sub(me.at);
    return if (between.length() < 4) 0 else plane.padOfWay(plane.wayOf(between));
}
