//! What differs from round to round: the roof's plan, and a twist in the rules.

const roof = @import("roof.zig");
const w4 = @import("w4.zig");

pub const Arena = struct { name: []const u8, plan: *const [roof.rows * roof.cols]u8, palette: [4]u32 };

const dusk = [4]u32{ 0x1b1a36, 0x4e6a90, 0xf2603c, 0xfff1d0 };
const moss = [4]u32{ 0x12282a, 0x4b8466, 0xf4683f, 0xfdf6d8 };
const plum = [4]u32{ 0x231530, 0x77589c, 0xff7f3f, 0xfff0e2 };
const tide = [4]u32{ 0x0d2036, 0x2f7a8a, 0xff7450, 0xf4fbe8 };
const slate = [4]u32{ 0x191a22, 0x697480, 0xff5a48, 0xfffdf4 };

/// `#` a board, `c` a cracked one, `O` a post, `< > ^ v` moving boards; `.` nothing. Rams stand in the fourth row at
/// either side, so the second and the eighth board of that row must be there.
pub const arenas = [_]Arena{
    .{ .name = "THE OLD ROOF", .palette = dusk, .plan = ".#######." ++
        "#########" ++
        "#########" ++
        "#########" ++
        "#########" ++
        "#########" ++
        "#########" ++
        ".#######." },
    .{ .name = "THE WELL", .palette = tide, .plan = "#########" ++
        "#########" ++
        "##c...c##" ++
        "##.....##" ++
        "##.....##" ++
        "##c...c##" ++
        "#########" ++
        "#########" },
    .{ .name = "TWO BARNS", .palette = moss, .plan = "####.####" ++
        "####.####" ++
        "####c####" ++
        "####.####" ++
        "####.####" ++
        "####c####" ++
        "####.####" ++
        "####.####" },
    .{ .name = "GATEPOSTS", .palette = plum, .plan = ".#######." ++
        "#########" ++
        "##O###O##" ++
        "#########" ++
        "####O####" ++
        "##O###O##" ++
        "#########" ++
        ".#######." },
    .{ .name = "THE MILL", .palette = slate, .plan = ">>>>>>>>v" ++
        "^#######v" ++
        "^##...##v" ++
        "^##.O.##v" ++
        "^##...##v" ++
        "^#######v" ++
        "^#######v" ++
        "^<<<<<<<<" },
    .{ .name = "CROSSBEAMS", .palette = dusk, .plan = "...###..." ++
        "...###..." ++
        "c#######c" ++
        "#########" ++
        "#########" ++
        "c#######c" ++
        "...###..." ++
        "...###..." },
    .{ .name = "STEPPING TILES", .palette = tide, .plan = "##.###.##" ++
        "##.#c#.##" ++
        "..##.##.." ++
        "###cOc###" ++
        "###...###" ++
        "..##.##.." ++
        "##.#c#.##" ++
        "##.###.##" },
    .{ .name = "THE BELFRY", .palette = plum, .plan = "....#...." ++
        "..#####.." ++
        ".###O###." ++
        "#########" ++
        "#########" ++
        ".###O###." ++
        "..#####.." ++
        "....#...." },
    .{ .name = "HAYLIFT", .palette = moss, .plan = "##>>>>>##" ++
        "##>>>>>##" ++
        "##.....##" ++
        "####c####" ++
        "####c####" ++
        "##.....##" ++
        "##<<<<<##" ++
        "##<<<<<##" },
    .{ .name = "ROTTEN BOARDS", .palette = slate, .plan = "#c#c#c#c#" ++
        "c#c#c#c#c" ++
        "#c#ccc#c#" ++
        "##c#c#c##" ++
        "##c#c#c##" ++
        "#c#ccc#c#" ++
        "c#c#c#c#c" ++
        "#c#c#c#c#" },
};

/// How rams move, and what else goes on.
pub const Feel = struct {
    /// Gained in a frame by walking, and kept of it.
    grip: f32 = 0.22,
    keep: f32 = 0.82,
    /// Speed kept in a frame while reeling.
    reel: f32 = 0.93,
    gravity: f32 = 0.16,
    leap: f32 = 2.3,
    shove: f32 = 1,
    brittle: bool = false,
    mends: bool = false,
    kegs: bool = false,
    gale: bool = false,
};

pub const Twist = struct { name: []const u8, tells: []const u8, feel: Feel = .{} };

pub const twists = [_]Twist{
    .{ .name = "FAIR FIGHT", .tells = "HORNS AND HOOVES" },
    .{ .name = "FROST", .tells = "THE ROOF IS ICY", .feel = .{ .grip = 0.065, .keep = 0.962, .reel = 0.945 } },
    .{ .name = "POWDER KEGS", .tells = "BUTT THEM AWAY!", .feel = .{ .kegs = true } },
    .{ .name = "GALE", .tells = "MIND THE WIND", .feel = .{ .gale = true } },
    .{ .name = "MOONLEAP", .tells = "LONG, LONG HOPS", .feel = .{ .gravity = 0.075, .leap = 2.0 } },
    .{ .name = "CARPENTERS", .tells = "BOARDS GROW BACK", .feel = .{ .mends = true } },
    .{ .name = "BIG HORNS", .tells = "EVERY BUTT BITES", .feel = .{ .shove = 1.4 } },
    .{ .name = "BRITTLE", .tells = "STEPS LEAVE CRACKS", .feel = .{ .brittle = true } },
};

/// Puts a roof up.
pub fn raise(which: usize) void {
    const it = arenas[which];
    w4.palette.* = it.palette;
    for (&roof.tiles, it.plan) |*tile, letter| {
        tile.* = .{ .kind = kindOf(letter), .phase = .firm, .hp = if (letter == 'c') 1 else roof.sturdy };
        if (tile.kind == .empty) tile.phase = .gone;
    }
}

fn kindOf(letter: u8) roof.Kind {
    return switch (letter) {
        '.' => .empty,
        'O' => .post,
        '>' => .east,
        '<' => .west,
        '^' => .north,
        'v' => .south,
        else => .plank,
    };
}
